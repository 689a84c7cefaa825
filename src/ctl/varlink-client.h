/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/why.h"
#include "codec/json.h"

/* A blocking Varlink client for votectl: one call at a time. */
typedef struct VarlinkClient VarlinkClient;

/* 0; -ENOENT, -ECONNREFUSED, -EACCES, ... with why, which says what to do. */
_must_check_ int varlink_client_connect(VarlinkClient **ret, const char *path, Why *why);
/* Over a pair of descriptors (a bridge's pipes), taken over on success. */
_must_check_ int varlink_client_connect_fds(VarlinkClient **ret, int fd_in, int fd_out);
VarlinkClient* varlink_client_free(VarlinkClient *c);
DEFINE_CLEANUP(VarlinkClient*, varlink_client_free)
/* Longest wait for one reply; 0 (the default): no limit. -ETIMEDOUT after it. */
void varlink_client_set_timeout(VarlinkClient *c, unsigned msec);

/* Takes parameters over (NULL: {}). 0: *ret_parameters (may be NULL) holds the reply's. V_DENIED: an error reply: *ret_error
 * (malloc'ed; may be NULL) holds its name, *ret_parameters its parameters, why a sentence (its "text", or the verdict). < 0: the
 * connection failed (why says how). */
_must_check_ int varlink_call(VarlinkClient *c, const char *method, Json *parameters, Json **ret_parameters, char **ret_error, Why *why);

/* With `more`: fn is called for each reply; its result other than 0 ends the call (and the connection, which can only be
 * freed then) and is returned. */
_must_check_ int varlink_observe(VarlinkClient *c, const char *method, Json *parameters,
                int (*fn)(void *userdata, const Json *parameters, bool continues), void *userdata, char **ret_error, Why *why);

/* For select loops around a call under way. */
int varlink_client_fd(const VarlinkClient *c);
