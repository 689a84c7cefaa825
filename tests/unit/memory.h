/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>

#include "base/buf.h"
#include "memory-fail.h"

/* What is done when there is no memory.
 *
 * An operation is run again and again, each time from the same beginning: its first allocation fails, its second, and so on until
 * it has no more of them; and once more so that those behind the failing one fail as well. Then:
 *
 * - it says -ENOMEM, or succeeds all the same (it has found another way), never a verdict: nobody's input is to blame;
 * - done again with memory it says, and makes, what it does when nothing ever failed: nothing was left half done or lost;
 * - what it allocated is freed. */

typedef struct Operation {
        const char *name;
        /* The beginning; *ret is what the others are given. Nothing fails here. */
        void* (*begin)(void);
        /* What is tried. The test sees to it that outputs are as they were unless it succeeds. Not NULL: 0, verdict, -errno. */
        int (*run)(void *userdata);
        /* All that can be seen of what it made, as text. NULL: nothing. */
        void (*show)(void *userdata, Buf *ret);
        void (*end)(void *userdata);
        int expected;           /* what run() says with memory */
        /* After a failure run() is not done again on what it worked on: this puts it into the state in which it may be, as the
         * caller of the real one does. */
        void (*recover)(void *userdata);
        /* What run() works on is not changed by it: instead of end() and begin() this takes away what it made. */
        void (*reset)(void *userdata);
        unsigned which;         /* for begin() and run(): see memory_which() */
        unsigned step;          /* only every so many allocations fail, unless $MEMORY_ALL is set; 0: every */
} Operation;

unsigned memory_which(void);    /* of the operation that is tried now */

/* Adds one test for each. */
void memory_add(TCase *t, const Operation *operations, size_t n);

/* For use within run(): libcheck's own would need memory. */
#define memory_assert(what)                                     \
        do {                                                    \
                if (!(what)) {                                  \
                        (void) memory_ease();                   \
                        memory_where();                         \
                        ck_abort_msg("not so: %s", #what);      \
                }                                               \
        } while (0)
