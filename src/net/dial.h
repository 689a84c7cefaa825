/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/resolver.h"

/* Connects to a host by name or address: its addresses one after the other, within one timeout. */
typedef struct Dial Dial;

/* Called once, from the loop; the caller frees the dial. fd >= 0: connected, the handler's from now on. Otherwise a negative
 * errno, and reason. */
typedef void (*DialHandler)(void *userdata, Dial *d, int fd, const NetAddress *address, const char *reason);

_must_check_ int dial_new(Dial **ret, sd_event *event, Resolver *resolver, const char *host, uint16_t port, uint64_t timeout_usec,
                DialHandler on_done, void *userdata);
Dial* dial_free(Dial *d);
DEFINE_CLEANUP(Dial*, dial_free)
