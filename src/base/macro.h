/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define _cleanup_(f)      __attribute__((cleanup(f)))
#define _must_check_      __attribute__((warn_unused_result))
#define _printf_(a, b)    __attribute__((format(printf, a, b)))
#define _unused_          __attribute__((unused))
#define _pure_            __attribute__((pure))
#define _const_           __attribute__((const))
#define _noreturn_        __attribute__((noreturn))

/* Defines FUNCp() for _cleanup_(FUNCp): calls FUNC on a variable of type TYPE unless it is NULL. */
#define DEFINE_CLEANUP(type, func)                              \
        static inline _unused_ void func##p(type *p) {          \
                if (*p)                                         \
                        (void) func(*p);                        \
        }

static inline _unused_ void freep(void *p) {
        free(*(void **) p);
}
#define _cleanup_free_ _cleanup_(freep)

/* Moves a pointer out of its variable, which is NULL afterwards. */
#define TAKE_PTR(p)                     \
        ({                              \
                __typeof__(p) _t = (p); \
                (p) = NULL;             \
                _t;                     \
        })

#define TAKE_FD(fd)             \
        ({                      \
                int _t = (fd);  \
                (fd) = -1;      \
                _t;             \
        })

/* The pointer itself; a NULL is our own mistake. */
#define ASSERT_PTR(p)                   \
        ({                              \
                __typeof__(p) _t = (p); \
                assert(_t);             \
                _t;                     \
        })

#define new0(t, n)   ((t *) calloc((n), sizeof(t)))
#define newN(t, n)   ((t *) reallocarray(NULL, (n), sizeof(t)))

#define MIN(a, b) ({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a < _b ? _a : _b; })
#define MAX(a, b) ({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a > _b ? _a : _b; })
#define CLAMP(x, lo, hi)                                                        \
        ({                                                                      \
                __typeof__(x) _x = (x), _lo = (lo), _hi = (hi);                 \
                _x < _lo ? _lo : _x > _hi ? _hi : _x;                           \
        })
#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))

#define USEC_PER_SEC  UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define NSEC_PER_SEC  UINT64_C(1000000000)
#define USEC_INFINITY UINT64_MAX

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

static inline const char* strna(const char *s) {
        return s ? s : "n/a";
}
