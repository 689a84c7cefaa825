/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "crypto/dlog.h"
#include "crypto/random.h"
#include "voted/verdict.h"

#include "../help.h"

static void multiple(Element *ret, uint64_t m) {
        Scalar s;

        scalar_from_u64(&s, m);
        element_mul_base(ret, &s);
}

static void found(const DlogTable *t, uint64_t m) {
        uint64_t got = UINT64_MAX;
        Element e;

        multiple(&e, m);
        ck_assert_msg(dlog_find(t, &e, &got) == 0, "%" PRIu64, m);
        ck_assert_uint_eq(got, m);
}

static void not_found(const DlogTable *t, const Element *e) {
        uint64_t got = 77;

        ck_assert_int_eq(dlog_find(t, e, &got), V_PROOF);
        ck_assert_uint_eq(got, 77);
}

START_TEST(every_small_sum_is_found_and_none_above) {
        static const uint64_t tops[] = { 0, 1, 2, 3, 4, 15, 16, 17, 100, 1023, 1025 };

        for (unsigned i = 0; i < ELEMENTSOF(tops); i++)
                for (unsigned sums = 1; sums <= 64; sums *= 8) {
                        _cleanup_(dlog_table_freep) DlogTable *t = NULL;
                        Element e;

                        ck_assert_int_eq(dlog_table_new(&t, tops[i], sums, NULL), 0);
                        for (uint64_t m = 0; m <= tops[i]; m++)
                                found(t, m);
                        for (uint64_t m = tops[i] + 1; m < tops[i] + 40; m++) {
                                multiple(&e, m);
                                not_found(t, &e);
                        }
                        multiple(&e, 1);
                        element_neg(&e, &e);
                        not_found(t, &e);
                }
}
END_TEST

START_TEST(sums_up_to_two_to_the_32_are_found) {
        static const uint64_t at[] = { 0, 1, 65535, 65536, 65537, 262143, 262144, 262145, UINT32_MAX, DLOG_MAX - 1, DLOG_MAX };
        _cleanup_(dlog_table_freep) DlogTable *t = NULL;
        _cleanup_(workers_freep) Workers *w = NULL;
        Element e;

        ck_assert_int_eq(dlog_table_new(&t, DLOG_MAX + 1, 1, NULL), -EINVAL);
        ck_assert_int_eq(workers_new(&w, 2), 0);
        ck_assert_int_eq(dlog_table_new(&t, DLOG_MAX, 16, w), 0);
        for (unsigned i = 0; i < ELEMENTSOF(at); i++)
                found(t, at[i]);
        for (unsigned i = 0; i < 8; i++)
                found(t, random_u64() >> 32);
        multiple(&e, DLOG_MAX + 1);
        not_found(t, &e);
}
END_TEST

TEST_MAIN("dlog", every_small_sum_is_found_and_none_above, sums_up_to_two_to_the_32_are_found)
