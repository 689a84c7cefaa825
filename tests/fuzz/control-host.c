/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "control-host.h"
#include "fuzz.h"

/* What libraries call by these names. */
#define _public_ __attribute__((visibility("default")))

/* Far above what the kernel's own clock says, so that no timer of its fires by itself. */
#define BEGIN_USEC (UINT64_C(1) << 50)

static uint64_t host_usec = BEGIN_USEC, realtime_offset;

void host_set_time(uint64_t realtime_sec) {
        host_usec = BEGIN_USEC;
        realtime_offset = realtime_sec * 1000000 - BEGIN_USEC;
}

void host_pass(uint64_t usec) {
        host_usec += usec;
}

static int set(struct timespec *ret, uint64_t usec) {
        *ret = (struct timespec) { .tv_sec = (time_t) (usec / 1000000), .tv_nsec = (long) (usec % 1000000 * 1000) };
        return 0;
}

/* Also what libsystemd calls. The wall clock is left to the fuzzer, which takes the time of an input by it. */
_public_ int clock_gettime(clockid_t clock, struct timespec *ret) {
        if (clock == CLOCK_REALTIME || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID)
                return (int) syscall(SYS_clock_gettime, clock, ret);
        return set(ret, host_usec);
}

/* --- the daemon's own clock; it stands for the object of the library --- */

static int host_gettime(clockid_t clock, struct timespec *ret) {
        return set(ret, clock == CLOCK_REALTIME ? host_usec + realtime_offset : host_usec);
}
#define clock_gettime host_gettime
#include "base/time.c"
#undef clock_gettime

/* --- who connects --- */

#define CALLERS_MAX 1024U

static struct { uid_t uid; gid_t group; } callers[CALLERS_MAX];
static unsigned n_callers, n_accepted;
static gid_t accepted_group;

void host_caller(uid_t uid, gid_t group) {
        fuzz_check(n_callers < CALLERS_MAX);
        callers[n_callers].uid = uid;
        callers[n_callers++].group = group;
}

void host_forget_callers(void) {
        n_callers = n_accepted = 0;
}

_public_ int getsockopt(int fd, int level, int name, void *ret, socklen_t *n) {
        if (level == SOL_SOCKET && name == SO_PEERCRED) {
                struct ucred cred = { .pid = 1, .gid = 100 };

                fuzz_check(n_accepted < n_callers && *n >= sizeof(cred));
                cred.uid = callers[n_accepted].uid;
                accepted_group = callers[n_accepted++].group;
                memcpy(ret, &cred, sizeof(cred));
                *n = sizeof(cred);
                return 0;
        }
        if (level == SOL_SOCKET && name == SO_PEERGROUPS) {
                fuzz_check(*n >= sizeof(gid_t));
                memcpy(ret, &accepted_group, sizeof(gid_t));
                *n = sizeof(gid_t);
                return 0;
        }
        return (int) syscall(SYS_getsockopt, fd, level, name, ret, n);
}

_public_ struct group* getgrnam(const char *name) {
        static char text[] = "voted-admin";
        static struct group group = { .gr_name = text, .gr_gid = HOST_ADMIN_GROUP };

        return strcmp(name, text) == 0 ? &group : NULL;
}
