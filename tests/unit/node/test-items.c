/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../help.h"
#include "node/items.h"

static Id id_of(unsigned n) {
        Id id = {};

        memcpy(id.b + 8, &n, sizeof(n));
        return id;
}

START_TEST(what_was_added_is_found_until_it_is_removed) {
        ItemTable t;

        ck_assert_int_eq(item_table_init(&t, 1, 2), 0);
        for (unsigned i = 0; i < 10000; i++) {
                Id id = id_of(i);

                ck_assert_ptr_null(item_table_find(&t, &id));
                ck_assert_ptr_nonnull(item_table_add(&t, &id));
        }
        ck_assert_uint_eq(t.n, 10000);
        ck_assert_uint_eq(t.n_state[ITEM_WANTED], 10000);
        for (unsigned i = 0; i < 10000; i += 2) {
                Id id = id_of(i);

                item_table_remove(&t, item_table_find(&t, &id));
        }
        for (unsigned i = 0; i < 10000; i++) {
                Id id = id_of(i);
                Item *found = item_table_find(&t, &id);

                ck_assert_int_eq(found != NULL, i % 2);
                ck_assert(!found || id_equal(&found->id, &id));
        }
        ck_assert_uint_eq(t.n, 5000);
        item_table_done(&t);
}
END_TEST

START_TEST(items_of_a_state_stand_in_the_order_of_their_coming) {
        unsigned expect = 0;
        ItemTable t;
        Item *i;

        ck_assert_int_eq(item_table_init(&t, 1, 2), 0);
        for (unsigned k = 0; k < 3000; k++) {
                Id id = id_of(k);

                i = item_table_add(&t, &id);
                if (k % 3 == 0)
                        item_table_move(&t, i, ITEM_POOLED);
        }
        ck_assert_uint_eq(t.n_state[ITEM_POOLED], 1000);
        ck_assert_uint_eq(t.n_state[ITEM_WANTED], 2000);
        TAILQ_FOREACH(i, t.state + ITEM_POOLED, states) {
                Id id = id_of(expect);

                ck_assert(id_equal(&i->id, &id));
                expect += 3;
        }
        item_table_done(&t);
}
END_TEST

START_TEST(whom_links_leave_behind_is_taken_out_of_a_set) {
        SlotSet a = {}, b = {};

        for (unsigned s = 0; s < LINK_SLOTS; s += 5)
                slot_set_add(&a, s);
        for (unsigned s = 0; s < LINK_SLOTS; s += 10)
                slot_set_add(&b, s);
        slot_set_subtract(&a, &b);
        for (unsigned s = 0; s < LINK_SLOTS; s++)
                ck_assert_int_eq(slot_set_has(&a, s), s % 10 == 5);
        slot_set_subtract(&b, &b);
        ck_assert(slot_set_empty(&b) && !slot_set_empty(&a));
        slot_set_remove(&a, 5);
        ck_assert(!slot_set_has(&a, 5));
}
END_TEST

START_TEST(what_was_judged_lately_is_known_for_a_while_and_takes_bounded_room) {
        unsigned known = 0;
        Lately l;
        Id id;

        ck_assert_int_eq(lately_init(&l, 1024, 3, 4), 0);
        id = id_of(7);
        ck_assert(!lately_has(&l, &id));
        lately_add(&l, &id, 100);
        lately_add(&l, &id, 100);
        ck_assert(lately_has(&l, &id));
        lately_age(&l, 1000, 2000);             /* not old enough */
        lately_age(&l, 2000, 2000);
        ck_assert(lately_has(&l, &id));         /* of the elder generation now */
        lately_age(&l, 4000, 2000);
        ck_assert(!lately_has(&l, &id));

        for (unsigned i = 0; i < 100000; i++) {
                id = id_of(i);
                lately_add(&l, &id, 5000);
                ck_assert(lately_has(&l, &id));
        }
        for (unsigned i = 0; i < 100000; i++) {
                id = id_of(i);
                known += lately_has(&l, &id);
        }
        ck_assert_uint_ge(known, 512);
        ck_assert_uint_le(known, 1024);
        lately_clear(&l);
        ck_assert(!lately_has(&l, &id));
        lately_done(&l);
}
END_TEST

TEST_MAIN("items", what_was_added_is_found_until_it_is_removed,
                items_of_a_state_stand_in_the_order_of_their_coming,
                whom_links_leave_behind_is_taken_out_of_a_set,
                what_was_judged_lately_is_known_for_a_while_and_takes_bounded_room)
