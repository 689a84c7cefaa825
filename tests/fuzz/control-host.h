/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* The host as the daemon under test sees it: a clock that stands still until it is told to go on (for sd-event as well), and
 * users who connect, whom the kernel would not let one process be. */
void host_set_time(uint64_t realtime_sec);
void host_pass(uint64_t usec);
void host_caller(uid_t uid, gid_t group);       /* of the next connection that is accepted; in the order of the calls */
void host_forget_callers(void);

#define HOST_ADMIN_GROUP 990    /* "voted-admin" */
