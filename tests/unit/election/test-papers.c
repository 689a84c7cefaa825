/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

#include "election/papers.h"

static Choice choice_of(const uint16_t *items, size_t n) {
        return (Choice) { .items = items, .n = n };
}

START_TEST(equal_orders_are_one_paper) {
        static const uint16_t a[] = { 1, 2, 3 }, b[] = { 1, 2 }, c[] = { 1, 2, 3 };
        _cleanup_(papers_freep) Papers *p = NULL;
        uint64_t weight;

        ck_assert_int_eq(papers_new(&p), 0);
        ck_assert_uint_eq(papers_size(p), 0);
        ck_assert_int_eq(papers_add(p, choice_of(a, 3), 5), 0);
        ck_assert_int_eq(papers_add(p, choice_of(b, 2), 1), 0);
        ck_assert_int_eq(papers_add(p, choice_of(c, 3), 7), 0);
        ck_assert_uint_eq(papers_size(p), 2);

        ck_assert_uint_eq(papers_at(p, 0, &weight).n, 3);
        ck_assert_uint_eq(weight, 12);
        ck_assert_mem_eq(papers_at(p, 0, NULL).items, a, sizeof(a));
        ck_assert_uint_eq(papers_at(p, 1, &weight).n, 2);
        ck_assert_uint_eq(weight, 1);
}
END_TEST

START_TEST(many_distinct_papers_are_kept_apart) {
        _cleanup_(papers_freep) Papers *p = NULL;
        uint64_t weight;

        ck_assert_int_eq(papers_new(&p), 0);
        for (unsigned round = 0; round < 2; round++)
                for (uint32_t i = 0; i < 40000; i++) {
                        uint16_t order[] = {
                                (uint16_t) (i % 251), (uint16_t) (i / 251), (uint16_t) round};

                        /* Two papers a number: one that both rounds add to, one of each. */
                        ck_assert_int_eq(papers_add(p, choice_of(order, 2), i + 1), 0);
                        ck_assert_int_eq(papers_add(p, choice_of(order, 3), 1), 0);
                }

        ck_assert_uint_eq(papers_size(p), 3 * 40000);
        for (uint32_t i = 0; i < 40000; i++) {
                Choice order = papers_at(p, 2 * i, &weight);

                ck_assert_uint_eq(order.n, 2);
                ck_assert_uint_eq(order.items[0] + 251U * order.items[1], i);
                ck_assert_uint_eq(weight, 2 * (i + 1));
        }
}
END_TEST

RUN_TESTS("papers", equal_orders_are_one_paper, many_distinct_papers_are_kept_apart)
