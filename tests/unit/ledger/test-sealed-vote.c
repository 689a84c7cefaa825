/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "judge.h"
#include "poll.h"

/* Votes in a sealed election, and which of them are refused. */
#define OPENS POLL_OPENS

typedef struct Case {
        const char *name;
        uint64_t time;
        Entry* (*make)(Poll *p);
        int verdict;
        const char *why;
        bool future;
} Case;

static Entry* a_vote(Poll *p) {
        return poll_vote(p, 0, 1, "[[1]]");
}
static Entry* a_blank_vote(Poll *p) {
        return poll_vote(p, 0, 1, "[[]]");
}
static Entry* an_open_vote(Poll *p) {
        return fixture_vote(p->w.f.genesis, FIXTURE_VOTER, &p->election->id, 1, "[[1]]");
}
static Entry* a_sealed_vote_in_an_open_election(Poll *p) {
        return poll_vote_copied(p, 0, &p->w.f.election->id, 1, "[[1]]");
}
static Entry* a_copied_ballot(Poll *p) {
        return poll_vote_copied(p, 1, &p->election->id, 1, "[[1]]");
}
static Entry* a_ballot_with_another_seq(Poll *p) {
        return poll_vote_copied(p, 0, &p->election->id, 2, "[[1]]");
}
static Entry* a_ballot_in_another_election(Poll *p) {
        Entry *e = put(&p->w, 2000, sealed_election(&p->b, 0, "another", &p->w.f.roll->id, 1, OPENS, POLL_CLOSES,
                                            "'exposed':true"));

        return poll_vote_copied(p, 0, &e->id, 1, "[[1]]");
}
static Entry* a_ballot_in_another_network(Poll *p) {
        FixtureSetup setup = { .revotes = 3, .quorum = true, .name = "elsewhere" };
        Genesis *other = fixture_genesis(&setup);
        const Genesis *ours = p->b.genesis;
        Entry *e;

        p->b.genesis = other;
        e = poll_vote_copied(p, 0, &p->election->id, 1, "[[1]]");
        p->b.genesis = ours;
        genesis_free(other);
        return e;
}
static Entry* a_ballot_to_another_board(Poll *p) {
        SealedBoard other;
        Entry *e;

        sealed_board_init(&other, p->w.f.genesis, 1, 2);
        other.id = p->b.id;
        for (unsigned i = 0; i < 2; i++)
                entry_unref(sealed_deal(&other, i, UINT_MAX));
        e = sealed_vote(&other, FIXTURE_VOTER, p->election, 1, "[[1]]");
        sealed_board_done(&other);
        return e;
}
static Entry* a_vote_in_no_election(Poll *p) {
        return poll_vote_copied(p, 0, &(Id) { { 1 } }, 1, "[[1]]");
}
static Entry* vote_of_a_stranger(Poll *p) {
        return sealed_vote(&p->b, 77, p->election, 1, "[[1]]");
}
static Entry* vote_again_with_the_same_seq(Poll *p) {
        put(&p->w, OPENS, poll_vote(p, 0, 1, "[[1]]"));
        return poll_vote(p, 0, 1, "[[2]]");
}
static Entry* vote_replayed(Poll *p) {
        return entry_ref(put(&p->w, OPENS, poll_vote(p, 0, 1, "[[1]]")));
}
static Entry* vote_again(Poll *p) {
        put(&p->w, OPENS, poll_vote(p, 0, 1, "[[1]]"));
        return poll_vote(p, 0, 2, "[[2]]");
}
static Entry* vote_of_another_size(Poll *p) {
        return fixture_vote(p->w.f.genesis, FIXTURE_VOTER, &p->election->id, 1, "[]");
}

static const Case cases[] = {
        { "a vote", OPENS, a_vote, 0, "" },
        { "a blank vote", OPENS, a_blank_vote, 0, "" },
        { "an early vote", OPENS - 1, a_vote, V_EARLY, "opens at 5000", true },
        { "a late vote", POLL_END, a_vote, V_LATE, "closed at 6000", true },
        { "a vote in the last second", POLL_END - 1, a_vote, 0, "" },
        { "an open vote", OPENS, an_open_vote, V_BALLOT, "sealed" },
        { "a sealed vote in an open election", OPENS, a_sealed_vote_in_an_open_election, V_BALLOT, "" },
        { "a ballot of another size", OPENS, vote_of_another_size, V_BALLOT, "bytes, expected" },
        { "a copied ballot", OPENS, a_copied_ballot, V_PROOF, "", true },
        { "a ballot with another seq", OPENS, a_ballot_with_another_seq, V_PROOF, "", true },
        { "a ballot moved to another election", OPENS, a_ballot_in_another_election, V_PROOF, "", true },
        { "a ballot moved to another network", OPENS, a_ballot_in_another_network, V_PROOF, "", true },
        { "a ballot to another board's key", OPENS, a_ballot_to_another_board, V_PROOF, "", true },
        { "a vote in no election", OPENS, a_vote_in_no_election, V_UNKNOWN, "no election", true },
        { "a vote of a stranger", OPENS, vote_of_a_stranger, V_SIGNER, "not on the rolls" },
        { "a vote with the same seq", OPENS, vote_again_with_the_same_seq, V_SEQ, "expected more than 1" },
        { "a vote replayed", OPENS, vote_replayed, V_SEQ, "expected more than 1" },
        { "another vote", OPENS, vote_again, 0, "" },
};

START_TEST(every_rule_of_sealed_votes_holds) {
        const Case *c = &cases[_i];
        Entry *e;
        Poll p;

        poll_new(&p, 6, "'least':2");
        e = c->make(&p);
        judge(p.w.f.chain, c->name, e, c->time, c->verdict, c->why, c->future);
        entry_unref(e);
        poll_done(&p);
}
END_TEST

START_TEST(every_character_of_a_ballot_is_bound) {
        _cleanup_(entry_unrefp) Entry *e = NULL;
        Poll p;

        poll_new(&p, 6, "'least':2");
        e = a_vote(&p);
        every_character_is_bound(p.w.f.chain, FIXTURE_VOTER, "vote", e, OPENS, (size_t) _i, 16);
        poll_done(&p);
}
END_TEST

/* --- many in one block, and once --- */

START_TEST(a_bad_ballot_among_good_ones_is_the_one_that_is_named) {
        Entry *entries[40], *bad;
        Why why = {};
        Poll p;

        poll_new(&p, 42, "'least':2");
        for (unsigned i = 0; i < ELEMENTSOF(entries); i++)
                entries[i] = i == 33 ? poll_vote_copied(&p, 33, &p.election->id, 1, "[[1]]")
                                     : poll_vote(&p, i, 1, "[[2]]");
        assert_verdict(fixture_connect(p.w.f.chain, OPENS, entries, ELEMENTSOF(entries), &why), V_PROOF, why);
        ck_assert_ptr_nonnull(strstr(why.text, "entry 33"));
        ck_assert_uint_eq(poll_info(&p).ballots, 0);

        bad = entries[33];
        entries[33] = poll_vote(&p, 33, 1, "[[2]]");
        assert_verdict(fixture_connect(p.w.f.chain, OPENS, entries, ELEMENTSOF(entries), &why), 0, why);
        ck_assert_uint_eq(poll_info(&p).ballots, ELEMENTSOF(entries));
        entry_unref(bad);
        for (unsigned i = 0; i < ELEMENTSOF(entries); i++)
                entry_unref(entries[i]);
        poll_done(&p);
}
END_TEST

START_TEST(what_a_thread_has_checked_is_not_checked_again) {
        CheckContent *content = NULL;
        Entry *e, *bad;
        Why why = {};
        Poll p;

        poll_new(&p, 6, "'least':2");
        e = keep(&p.w, a_vote(&p));
        ck_assert_int_eq(chain_check_rules(p.w.f.chain, e, OPENS, &why), 0);
        ck_assert(!chain_entry_is_checked(p.w.f.chain, e));
        ck_assert_int_eq(chain_entry_content(p.w.f.chain, e, &content, &why), 0);
        ck_assert_ptr_nonnull(content);
        ck_assert_int_eq(check_contents_run(&content, 1), 0);
        ck_assert_int_eq(content->verdict, 0);
        ck_assert_uint_eq(content->n_proofs, 4);        /* three options and their sum */
        content = check_content_free(content);
        e->content_checked = true;
        ck_assert(chain_entry_is_checked(p.w.f.chain, e));
        ck_assert_int_eq(chain_entry_content(p.w.f.chain, e, &content, &why), 0);
        ck_assert_ptr_null(content);

        /* That a mark is believed shows that nothing is computed; but only against the same key. */
        bad = keep(&p.w, a_copied_ballot(&p));
        ck_assert_int_eq(chain_entry_content(p.w.f.chain, bad, &content, &why), 0);
        content = check_content_free(content);
        bad->content_checked = true;
        ck_assert_int_eq(chain_check_entry(p.w.f.chain, bad, OPENS, &why), 0);
        bad->context.b[0] ^= 1;
        assert_verdict(chain_check_entry(p.w.f.chain, bad, OPENS, &why), V_PROOF, why);
        poll_done(&p);
}
END_TEST

/* --- the board --- */

START_TEST(without_a_board_in_time_the_election_is_void) {
        static const uint64_t ready[] = { OPENS - 1, OPENS };
        FixtureSetup setup = { .admins = 1, .revotes = 3, .quorum = true };
        Entry *e, *vote;
        Why why = {};
        Poll p = {};

        fixture_new(&p.w.f, &setup, NULL, 6);
        sealed_board_init(&p.b, p.w.f.genesis, 1, 2);
        put(&p.w, 2000, sealed_roll_of_trustees(&p.b, 0));
        for (unsigned i = 0; i < 2; i++)
                put(&p.w, 2000, sealed_trustee(&p.b, i));
        put(&p.w, 2000, sealed_board(&p.b, 0, "trust", "'secret'", 9000));
        for (unsigned i = 0; i < 2; i++)
                put(&p.w, 2000, sealed_deal(&p.b, i, UINT_MAX));
        put(&p.w, 2000, sealed_confirm(&p.b, 0));
        p.election = put(&p.w, 2000, sealed_election(&p.b, 0, "secret", &p.w.f.roll->id, 1, OPENS, POLL_CLOSES,
                                             "'exposed':true"));

        vote = keep(&p.w, poll_vote(&p, 0, 1, "[[1]]"));
        put(&p.w, ready[_i], sealed_confirm(&p.b, 1));
        poll_pass(&p, OPENS);
        e = keep(&p.w, fixture_withdraw(p.w.f.genesis, 0, p.election));
        assert_verdict(chain_check_entry(p.w.f.chain, e, OPENS, &why), V_LATE, why);
        if (_i == 0) {
                assert_verdict(chain_check_entry(p.w.f.chain, vote, OPENS, &why), 0, why);
                ck_assert_int_eq(poll_info(&p).phase, ELECTION_OPEN);
        } else {
                assert_verdict(chain_check_entry(p.w.f.chain, vote, OPENS, &why), V_LATE, why);
                ck_assert_ptr_nonnull(strstr(why.text, "was not ready when it opened"));
                ck_assert_int_eq(poll_info(&p).phase, ELECTION_VOID);
                poll_pass(&p, POLL_END);
                ck_assert_int_eq(poll_info(&p).phase, ELECTION_VOID);
                ck_assert_uint_eq(poll_info(&p).closing_height, 0);
        }
        poll_done(&p);
}
END_TEST

static void add(TCase *t) {
        tcase_add_loop_test(t, every_rule_of_sealed_votes_holds, 0, ELEMENTSOF(cases));
        tcase_add_loop_test(t, every_character_of_a_ballot_is_bound, 0, 16);
        tcase_add_test(t, a_bad_ballot_among_good_ones_is_the_one_that_is_named);
        tcase_add_test(t, what_a_thread_has_checked_is_not_checked_again);
        tcase_add_loop_test(t, without_a_board_in_time_the_election_is_void, 0, 2);
}

int main(void) {
        return run_suite("sealed-vote", add);
}
