/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "net/address.h"

/* Names to addresses without holding up the loop: getaddrinfo() on a thread of its own for each question, at most
 * RESOLVER_THREADS_MAX at once, the rest in a queue. No pool of base/workers.h, since the system's resolver may hang for half a
 * minute, and a daemon that stops does not wait for it. */
typedef struct Resolver Resolver;
typedef struct Question Question;

#define RESOLVER_THREADS_MAX 8U
#define RESOLVER_ADDRESSES_MAX 8U

/* error 0: addresses are there, at least one; otherwise a negative errno and reason. The question is gone afterwards. */
typedef void (*ResolverHandler)(void *userdata, const NetAddress *addresses, size_t n, int error, const char *reason);

_must_check_ int resolver_new(Resolver **ret, sd_event *event);
Resolver* resolver_free(Resolver *r);           /* drops what is asked; does not wait for threads */
DEFINE_CLEANUP(Resolver*, resolver_free)

/* The handler is called from the loop, once, unless question_cancel() comes first. 0 or -errno. */
_must_check_ int resolver_ask(Resolver *r, const char *host, uint16_t port, ResolverHandler on_answer, void *userdata, Question **ret);
Question* question_cancel(Question *q);         /* NULL is fine; returns NULL */

/* Asks here and now: for programs that may wait. 0 with *ret_n > 0, or -errno with why. */
_must_check_ int resolve_now(const char *host, uint16_t port, NetAddress ret[static RESOLVER_ADDRESSES_MAX], size_t *ret_n, Why *why);
