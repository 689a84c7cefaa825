/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"
#include "run.h"

/* --- phases --- */

START_TEST(an_election_goes_through_its_phases_with_the_time_of_blocks) {
        static const struct { uint64_t time; ElectionPhase phase; } steps[] = {
                { FIXTURE_OPENS - 1, ELECTION_ANNOUNCED },
                { FIXTURE_OPENS, ELECTION_OPEN },
                { FIXTURE_CLOSES, ELECTION_OPEN },      /* the grace: votes still enter */
                { FIXTURE_CLOSES + FIXTURE_GRACE - 1, ELECTION_OPEN },
                { FIXTURE_CLOSES + FIXTURE_GRACE, ELECTION_CLOSED },
                { FIXTURE_CLOSES + FIXTURE_GRACE + 5, ELECTION_CLOSED },
        };
        ElectionInfo info;
        Fixture f;
        Why why = {};
        Id closing;

        fixture_new(&f, NULL, NULL, 4);
        ck_assert(!chain_closing_due(f.chain, FIXTURE_CLOSES + FIXTURE_GRACE - 1));
        ck_assert(chain_closing_due(f.chain, FIXTURE_CLOSES + FIXTURE_GRACE));
        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                assert_verdict(fixture_connect(f.chain, steps[i].time, NULL, 0, &why), 0, why);
                ck_assert_int_eq(chain_election_by_id(f.chain, &f.election->id, &info), 0);
                ck_assert_msg(info.phase == steps[i].phase, "at %u: %s", (unsigned) steps[i].time,
                                election_phase_name(info.phase));
        }
        ck_assert(!chain_closing_due(f.chain, UINT32_MAX));
        ck_assert_uint_eq(info.closing_height, 2 + 5);
        {
                _cleanup_(chain_freep) Chain *again = NULL;
                ElectionInfo same;

                ck_assert_int_eq(chain_new(&again, f.genesis, f.store), 0);
                ck_assert_int_eq(chain_election_by_id(again, &f.election->id, &same), 0);
                ck_assert_uint_eq(same.closing_height, 2 + 5);
                ck_assert(id_equal(&same.closing_block, &info.closing_block));
        }
        closing = info.closing_block;

        /* Back, and forth with another block: the closing follows. */
        {
                Entry **gone = NULL;
                size_t n = 0;

                ck_assert_int_eq(chain_disconnect(f.chain, 6, &gone, &n), 0);
                free(gone);
        }
        ck_assert_int_eq(chain_election_by_id(f.chain, &f.election->id, &info), 0);
        ck_assert_int_eq(info.phase, ELECTION_OPEN);
        ck_assert_uint_eq(info.closing_height, 0);
        ck_assert(id_is_zero(&info.closing_block));
        assert_verdict(fixture_connect(f.chain, 9999, NULL, 0, &why), 0, why);
        ck_assert_int_eq(chain_election_by_id(f.chain, &f.election->id, &info), 0);
        ck_assert_int_eq(info.phase, ELECTION_CLOSED);
        ck_assert_uint_eq(info.closing_height, 7);
        ck_assert(!id_equal(&info.closing_block, &closing));
        ck_assert(id_equal(&info.closing_block, &chain_tip(f.chain)->id));
        fixture_done(&f);
}
END_TEST

START_TEST(without_notice_an_election_takes_effect_until_it_opens) {
        Fixture f;
        Entry *e;
        Why why = {};

        fixture_new(&f, NULL, NULL, 4);
        e = fixture_election(f.genesis, FIXTURE_ADMIN, "soon", &f.roll->id, 1, 3000, 4000, NULL);
        assert_verdict(FIXTURE_CONNECT(f.chain, 3000, &why, e), V_LATE, why);
        assert_verdict(FIXTURE_CONNECT(f.chain, 2999, &why, e), 0, why);
        entry_unref(e);
        fixture_done(&f);
}
END_TEST

START_TEST(a_withdrawn_election_stays_withdrawn_and_never_closes) {
        ElectionInfo info;
        Fixture f;
        Entry *w;
        Why why = {};

        fixture_new(&f, NULL, NULL, 4);
        w = fixture_withdraw(f.genesis, FIXTURE_ADMIN, f.election);
        assert_verdict(FIXTURE_CONNECT(f.chain, FIXTURE_OPENS - 1, &why, w), 0, why);
        assert_verdict(fixture_connect(f.chain, 99999, NULL, 0, &why), 0, why);
        ck_assert_int_eq(chain_election_by_name(f.chain, "board", &info), 0);
        ck_assert_int_eq(info.phase, ELECTION_WITHDRAWN);
        ck_assert_uint_eq(info.closing_height, 0);
        ck_assert(!chain_closing_due(f.chain, UINT32_MAX));
        entry_unref(w);
        fixture_done(&f);
}
END_TEST

START_TEST(an_election_that_is_not_approved_in_time_is_void) {
        FixtureSetup setup = { .admins = 3, .approvals = 2, .notice = 100 };
        ElectionInfo info;
        PendingInfo pending;
        Entry *e, *approval;
        Fixture f;
        Why why = {};

        fixture_new(&f, &setup, NULL, 4);
        e = fixture_election(f.genesis, FIXTURE_ADMIN, "late", &f.roll->id, 1, FIXTURE_OPENS,
                        FIXTURE_CLOSES, NULL);
        approval = fixture_approve(f.genesis, FIXTURE_ADMIN + 2, e);
        assert_verdict(FIXTURE_CONNECT(f.chain, 2000, &why, e), 0, why);
        ck_assert_int_eq(chain_election_by_name(f.chain, "late", &info), 0);
        ck_assert_int_eq(info.phase, ELECTION_PENDING);
        ck_assert_uint_eq(info.approvals, 1);
        ck_assert_uint_eq(info.approvals_needed, 2);
        ck_assert_uint_eq(chain_n_pending(f.chain), 1);
        ck_assert_int_eq(chain_pending_at(f.chain, 0, &pending), 0);
        ck_assert_str_eq(pending.name, "late");
        ck_assert_int_eq(pending.kind, ENTRY_ELECTION);
        ck_assert_int_eq(chain_pending_at(f.chain, 1, &pending), -ENODATA);

        /* 4900 is the last moment: notice is 100. */
        ck_assert_int_eq(chain_check_entry(f.chain, approval, FIXTURE_OPENS - 100, &why), 0);
        assert_verdict(fixture_connect(f.chain, FIXTURE_OPENS - 99, NULL, 0, &why), 0, why);
        ck_assert_int_eq(chain_election_by_name(f.chain, "late", &info), 0);
        ck_assert_int_eq(info.phase, ELECTION_VOID);
        ck_assert_uint_eq(chain_n_pending(f.chain), 0);
        assert_verdict(FIXTURE_CONNECT(f.chain, FIXTURE_OPENS - 99, &why, approval), V_LATE, why);
        ck_assert(!chain_entry_has_future(f.chain, approval));
        entry_unref(e);
        entry_unref(approval);
        fixture_done(&f);
}
END_TEST

/* --- counting --- */

START_TEST(the_last_vote_of_each_voter_counts_with_its_weight) {
        static const struct { unsigned voter, seq; const char *choices;
        } votes[] = {
                { 0, 1, "[[0]]" },
                { 1, 1, "[[0]]" },
                { 2, 1, "[[1]]" },
                { 3, 5, "[[2]]" },
                { 0, 2, "[[1]]" },
                { 4, 1, "[[]]" },
        };
        ElectionInfo info;
        StoredVote stored;
        uint64_t weight;
        uint32_t number;
        Result *result = NULL;
        const Json *questions, *sums;
        Fixture f;
        Why why = {};

        fixture_new(&f, NULL, NULL, 6);
        for (size_t i = 0; i < ELEMENTSOF(votes); i++) {
                Entry *e = fixture_vote(f.genesis, FIXTURE_VOTER + votes[i].voter, &f.election->id,
                                votes[i].seq, votes[i].choices);

                assert_verdict(FIXTURE_CONNECT(f.chain, FIXTURE_OPENS + i, &why, e), 0, why);
                entry_unref(e);
        }

        ck_assert_int_eq(chain_election_by_name(f.chain, "board", &info), 0);
        ck_assert_uint_eq(info.voters, 6);
        ck_assert_uint_eq(info.weight, 1 + 2 + 3 + 1 + 2 + 3);
        ck_assert_uint_eq(info.ballots, 5);
        ck_assert_int_eq(chain_count(f.chain, &info, &result), 0);
        ck_assert_int_eq(json_get_array(result->json, "questions", 1, 1, &questions, NULL), 0);
        ck_assert_int_eq(json_get_array(json_at(questions, 0), "sums", 3, 3, &sums, NULL), 0);
        ck_assert_int_eq(json_int(json_at(sums, 0)), 2);
        ck_assert_int_eq(json_int(json_at(sums, 1)), 1 + 3);
        ck_assert_int_eq(json_int(json_at(sums, 2)), 1);
        result_free(result);

        ck_assert_int_eq(chain_voter(f.chain, &info, fixture_key(FIXTURE_VOTER), &number, &weight,
                                         &stored),
                        0);
        ck_assert_uint_eq(number, 0);
        ck_assert_uint_eq(weight, 1);
        ck_assert_uint_eq(stored.seq, 2);
        ck_assert_uint_eq(stored.count, 2);
        ck_assert_uint_eq(PLACE_HEIGHT(stored.place), 7);
        ck_assert_int_eq(chain_voter(f.chain, &info, fixture_key(FIXTURE_VOTER + 5), NULL, NULL,
                                         &stored),
                        -ENODATA);
        ck_assert_int_eq(chain_voter(f.chain, &info, fixture_key(FIXTURE_ADMIN), NULL, NULL,
                                         &stored),
                        V_SIGNER);
        fixture_done(&f);
}
END_TEST

START_TEST(a_lot_that_was_drawn_breaks_the_tie) {
        ElectionInfo info;
        Result *result = NULL;
        Entry *votes[2], *draw;
        Fixture f;
        Why why = {};

        fixture_new(&f, NULL, NULL, 4);
        votes[0] = fixture_vote(f.genesis, FIXTURE_VOTER, &f.election->id, 1, "[[0]]");
        votes[1] = fixture_vote(f.genesis, FIXTURE_VOTER + 3, &f.election->id, 1, "[[1]]");
        assert_verdict(fixture_connect(f.chain, FIXTURE_OPENS, votes, 2, &why), 0, why);
        draw = fixture_draw(f.genesis, FIXTURE_ADMIN, f.election, "3 14 15 92 65 35");
        assert_verdict(fixture_connect(f.chain, FIXTURE_CLOSES + FIXTURE_GRACE, NULL, 0, &why), 0,
                        why);

        ck_assert_int_eq(chain_election_by_name(f.chain, "board", &info), 0);
        ck_assert_int_eq(chain_count(f.chain, &info, &result), 0);
        ck_assert(result->needs_lot);
        result = result_free(result);

        assert_verdict(FIXTURE_CONNECT(f.chain, FIXTURE_CLOSES + FIXTURE_GRACE, &why, draw), 0,
                        why);
        ck_assert_int_eq(chain_election_by_name(f.chain, "board", &info), 0);
        ck_assert(info.drawn);
        ck_assert_str_eq(info.draw_value, "3 14 15 92 65 35");
        ck_assert(key_equal(&info.draw_signer, fixture_key(FIXTURE_ADMIN)));
        ck_assert_int_eq(chain_count(f.chain, &info, &result), 0);
        ck_assert(!result->needs_lot);
        ck_assert(result->questions[0].lot_used);
        result_free(result);
        for (size_t i = 0; i < 2; i++)
                entry_unref(votes[i]);
        entry_unref(draw);
        fixture_done(&f);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, an_election_goes_through_its_phases_with_the_time_of_blocks);
        tcase_add_test(t, without_notice_an_election_takes_effect_until_it_opens);
        tcase_add_test(t, a_withdrawn_election_stays_withdrawn_and_never_closes);
        tcase_add_test(t, an_election_that_is_not_approved_in_time_is_void);
        tcase_add_test(t, the_last_vote_of_each_voter_counts_with_its_weight);
        tcase_add_test(t, a_lot_that_was_drawn_breaks_the_tie);
}

int main(void) {
        return run_suite("chain-election", add);
}
