/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/recent.h"
#include "run.h"

#include "crypto/hash.h"

static Id id_of(uint64_t n) {
        Id id;

        hash_bytes(&id, &n, sizeof(n));
        return id;
}

/* All that start alike: they want one slot of the table. */
static Id crowded(uint64_t n) {
        Id id = {};

        memcpy(id.b + 8, &n, sizeof(n));
        return id;
}

START_TEST(the_last_ids_are_found_and_older_ones_are_not) {
        Recent r = {};
        Place place;
        Id id;

        ck_assert_int_eq(recent_reserve(&r), 0);
        for (uint64_t i = 0; i < 3 * RECENT_IDS_MAX + 1000; i++) {
                id = id_of(i);
                recent_add(&r, &id, PLACE(i / 10 + 1, i % 10));
        }
        for (uint64_t i = 0; i < 3 * RECENT_IDS_MAX + 1000; i++) {
                id = id_of(i);
                ck_assert_int_eq(recent_find(&r, &id, &place), i >= 2 * RECENT_IDS_MAX + 1000);
                if (i >= 2 * RECENT_IDS_MAX + 1000)
                        ck_assert_uint_eq(place, PLACE(i / 10 + 1, i % 10));
        }
        recent_done(&r);
}
END_TEST

START_TEST(what_is_undone_is_not_found_and_may_come_again) {
        Recent r = {};
        Id id;

        ck_assert_int_eq(recent_reserve(&r), 0);
        for (unsigned round = 0; round < 3; round++) {
                for (uint64_t i = 50 * (round > 0); i < 200; i++) {
                        id = crowded(i);
                        recent_add(&r, &id, PLACE(i / 10 + 1, i % 10));
                        recent_add(&r, &id, PLACE(999, 0));
                }
                recent_undo(&r, 6);
                for (uint64_t i = 0; i < 200; i++) {
                        id = crowded(i);
                        ck_assert_int_eq(recent_find(&r, &id, NULL), i < 50);
                }
        }
        recent_undo(&r, 0);
        id = crowded(0);
        ck_assert(!recent_find(&r, &id, NULL));
        recent_done(&r);
}
END_TEST

START_TEST(an_empty_one_finds_nothing) {
        Recent r = {};
        Id id = {};

        ck_assert(!recent_find(&r, &id, NULL));
        recent_undo(&r, 0);
        recent_done(&r);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, the_last_ids_are_found_and_older_ones_are_not);
        tcase_add_test(t, what_is_undone_is_not_found_and_may_come_again);
        tcase_add_test(t, an_empty_one_finds_nothing);
}

int main(void) {
        return run_suite("recent", add);
}
