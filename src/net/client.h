/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/address.h"
#include "net/channel.h"

/* A link for a program that waits: votectl. One thread, blocking, every call with its own deadline. */
typedef struct NetClient NetClient;

/* Resolves, connects, shakes hands; identity: whom we are to the far side (a fresh key will do). endpoint->key, unless zero,
 * is what it must prove. 0; V_DENIED, V_PROTOCOL, V_KEY, V_SIGNATURE; -errno (-ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH: not
 * resolved ...), always with why. */
_must_check_ int net_client_connect(NetClient **ret, const NetEndpoint *endpoint, const SecretKey *identity, size_t frame_max,
                uint64_t timeout_usec, Why *why);
NetClient* net_client_free(NetClient *c);
DEFINE_CLEANUP(NetClient*, net_client_free)
const Key* net_client_remote(const NetClient *c);
int net_client_fd(const NetClient *c);
/* 0, -ETIMEDOUT, -errno with why. */
_must_check_ int net_client_send(NetClient *c, const void *p, size_t n, uint64_t timeout_usec, Why *why);
/* The next frame, borrowed until the next call. 0, -ETIMEDOUT, -ECONNRESET (closed by the far side), V_* with why. */
_must_check_ int net_client_receive(NetClient *c, const char **ret, size_t *ret_n, uint64_t timeout_usec, Why *why);
