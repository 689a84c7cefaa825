/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world.h"

#include "voted/limits.h"

/* How approvals of admins add up. */

static bool in_effect(const World *w, const char *roll) {
        RollInfo info;

        for (size_t i = 0; chain_roll_at(w->f.chain, i, &info) == 0; i++)
                if (streq(info.name, roll))
                        return info.in_effect;
        ck_abort_msg("no roll %s", roll);
        return false;
}

START_TEST(with_two_of_three_the_second_signature_gives_effect) {
        FixtureSetup setup = { .admins = 3, .approvals = 2 };
        World w = {};
        Entry *roll;

        fixture_new(&w.f, &setup, NULL, 3);
        roll = put(&w, 2000, fixture_roll(w.f.genesis, 1, "more", 0, 20, 2));
        ck_assert(!in_effect(&w, "more"));
        ck_assert_uint_eq(chain_n_pending(w.f.chain), 1);
        put(&w, 2000, fixture_approve(w.f.genesis, 2, roll));
        ck_assert(in_effect(&w, "more"));
        ck_assert_uint_eq(chain_n_pending(w.f.chain), 0);
        ck_assert_uint_eq(chain_approvals_needed(w.f.chain), 2);
        world_done(&w);
}
END_TEST

START_TEST(a_removed_admin_counts_no_more_for_what_is_pending) {
        FixtureSetup setup = { .admins = 4, .approvals = 3 };
        Entry *roll, *removal;
        World w = {};
        RollInfo info;

        fixture_new(&w.f, &setup, NULL, 3);
        roll = put(&w, 2000, fixture_roll(w.f.genesis, 3, "more", 0, 20, 2));
        put(&w, 2000, fixture_approve(w.f.genesis, 0, roll));
        removal = put(&w, 2000, fixture_admins(w.f.genesis, 0, -1, 3, 0));
        put(&w, 2000, fixture_approve(w.f.genesis, 1, removal));
        ck_assert_uint_eq(chain_admins(w.f.chain, NULL), 4);
        put(&w, 2000, fixture_approve(w.f.genesis, 2, removal));
        ck_assert_uint_eq(chain_admins(w.f.chain, NULL), 3);

        ck_assert_int_eq(chain_roll_at(w.f.chain, 1, &info), 0);
        ck_assert_uint_eq(info.approvals, 1);
        put(&w, 2000, fixture_approve(w.f.genesis, 1, roll));
        ck_assert(!in_effect(&w, "more"));
        put(&w, 2000, fixture_approve(w.f.genesis, 2, roll));
        ck_assert(in_effect(&w, "more"));
        world_done(&w);
}
END_TEST

START_TEST(what_is_in_effect_stays_when_an_admin_goes) {
        FixtureSetup setup = { .admins = 3, .approvals = 2 };
        World w = {};
        Entry *roll, *removal;

        fixture_new(&w.f, &setup, NULL, 3);
        roll = put(&w, 2000, fixture_roll(w.f.genesis, 2, "more", 0, 20, 2));
        put(&w, 2000, fixture_approve(w.f.genesis, 1, roll));
        removal = put(&w, 2000, fixture_admins(w.f.genesis, 0, -1, 2, 0));
        put(&w, 2000, fixture_approve(w.f.genesis, 1, removal));
        ck_assert_uint_eq(chain_admins(w.f.chain, NULL), 2);
        ck_assert(in_effect(&w, "more"));
        world_done(&w);
}
END_TEST

START_TEST(an_admin_who_comes_back_counts_again) {
        FixtureSetup setup = { .admins = 3, .approvals = 2 };
        Entry *roll, *change, *approval_of_the_removed;
        World w = {};
        Why why = {};

        fixture_new(&w.f, &setup, NULL, 3);
        roll = put(&w, 2000, fixture_roll(w.f.genesis, 2, "more", 0, 20, 2));
        change = put(&w, 2000, fixture_admins(w.f.genesis, 0, -1, 2, 0));
        put(&w, 2000, fixture_approve(w.f.genesis, 1, change));
        approval_of_the_removed = keep(&w, fixture_approve(w.f.genesis, 2, change));
        assert_verdict(chain_check_entry(w.f.chain, approval_of_the_removed, 2000, &why), V_SIGNER,
                        why);

        change = put(&w, 2000, fixture_admins(w.f.genesis, 0, 2, -1, 0));
        put(&w, 2000, fixture_approve(w.f.genesis, 1, change));
        ck_assert_uint_eq(chain_admins(w.f.chain, NULL), 3);
        ck_assert(!in_effect(&w, "more"));
        put(&w, 2000, fixture_approve(w.f.genesis, 1, roll));
        ck_assert(in_effect(&w, "more"));
        world_done(&w);
}
END_TEST

START_TEST(one_admin_cannot_pile_up_pending_entries_without_end) {
        FixtureSetup setup = { .admins = 2, .approvals = 2 };
        Entry *entries[256];
        unsigned made = 0;
        Fixture f;
        Why why = {};

        fixture_new(&f, &setup, NULL, 1);
        while (made < PENDING_MAX) {
                for (size_t i = 0; i < ELEMENTSOF(entries); i++)
                        entries[i] = fixture_roll(f.genesis, 0, "flood", made++, 0, 1);
                assert_verdict(fixture_connect(f.chain, 2000, entries, ELEMENTSOF(entries), &why),
                                0, why);
                for (size_t i = 0; i < ELEMENTSOF(entries); i++)
                        entry_unref(entries[i]);
        }
        entries[0] = fixture_admins(f.genesis, 0, 9, -1, 0);
        entries[1] = fixture_admins(f.genesis, 1, 9, -1, 0);
        assert_verdict(chain_check_entry(f.chain, entries[0], 2000, &why), V_LIMIT, why);
        assert_verdict(chain_check_entry(f.chain, entries[1], 2000, &why), 0, why);
        entry_unref(entries[0]);
        entry_unref(entries[1]);
        fixture_done(&f);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, with_two_of_three_the_second_signature_gives_effect);
        tcase_add_test(t, a_removed_admin_counts_no_more_for_what_is_pending);
        tcase_add_test(t, what_is_in_effect_stays_when_an_admin_goes);
        tcase_add_test(t, an_admin_who_comes_back_counts_again);
        tcase_add_test(t, one_admin_cannot_pile_up_pending_entries_without_end);
}

int main(void) {
        return run_suite("approvals", add);
}
