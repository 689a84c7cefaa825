/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>

#include "ledger/chain.h"

/* All that the blocks of a chain have made, in memory and in the store, as text: two chains of the
 * same blocks dump alike, however they got there. */
void dump_chain(Chain *c, Buf *ret);
/* The sums of sealed elections that c has made, as if it had just started. 0 or -ENOMEM. */
_must_check_ int dump_forget_sums(Chain *c);

static inline _unused_ char* dump_of(Chain *c) {
        Buf b = {};

        dump_chain(c, &b);
        ck_assert_int_eq(buf_error(&b), 0);
        return buf_take(&b, NULL);
}

static inline _unused_ void assert_same(const char *a, const char *b, const char *what) {
        size_t i = 0;

        while (a[i] && a[i] == b[i])
                i++;
        if (a[i] != b[i]) {
                size_t from = i;

                while (from > 0 && a[from - 1] != '\n')
                        from--;
                ck_abort_msg("%s: the dumps differ:\n%.300s\nand\n%.300s", what, a + from,
                                b + from);
        }
}
