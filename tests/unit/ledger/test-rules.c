/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world.h"

/* Every rule of validity, and what breaks it. The world: three admins of whom `approvals` must
 * sign, a roll of six voters, the election "board"; and what a case's maker adds to the chain
 * itself. */
#define OPENS  FIXTURE_OPENS
#define CLOSES FIXTURE_CLOSES
#define END    (FIXTURE_CLOSES + FIXTURE_GRACE)
#define VOTER  FIXTURE_VOTER
#define STRANGER 77

typedef struct Case {
        const char *name;
        unsigned approvals;             /* 0: 1 */
        uint64_t time;                  /* of the block in which the entry would stand */
        Entry* (*make)(World *w);
        int verdict;
        const char *why;
        bool future;                    /* it could become valid yet */
} Case;

/* --- votes --- */

static Entry* vote(World *w, unsigned voter, unsigned seq, const char *choices) {
        return fixture_vote(w->f.genesis, voter, &w->f.election->id, seq, choices);
}
static Entry* a_vote(World *w) {
        return vote(w, VOTER, 1, "[[1]]");
}
static Entry* a_blank_vote(World *w) {
        return vote(w, VOTER, 1, "[[]]");
}
static Entry* vote_of_a_stranger(World *w) {
        return vote(w, STRANGER, 1, "[[1]]");
}
static Entry* vote_of_an_admin(World *w) {
        return vote(w, 0, 1, "[[1]]");
}
static Entry* vote_for_no_option(World *w) {
        return vote(w, VOTER, 1, "[[3]]");
}
static Entry* vote_on_too_many_questions(World *w) {
        return vote(w, VOTER, 1, "[[1],[1]]");
}
static Entry* vote_in_no_election(World *w) {
        Id id = { .b = { 1 } };

        return fixture_vote(w->f.genesis, VOTER, &id, 1, "[[1]]");
}
static Entry* vote_in_a_roll(World *w) {
        return fixture_vote(w->f.genesis, VOTER, &w->f.roll->id, 1, "[[1]]");
}
static Entry* vote_again_with_the_same_seq(World *w) {
        put(w, OPENS, vote(w, VOTER, 3, "[[1]]"));
        return vote(w, VOTER, 3, "[[2]]");
}
static Entry* vote_again_with_a_lower_seq(World *w) {
        put(w, OPENS, vote(w, VOTER, 3, "[[1]]"));
        return vote(w, VOTER, 2, "[[2]]");
}
static Entry* vote_replayed(World *w) {
        Entry *e = put(w, OPENS, vote(w, VOTER, 1, "[[1]]"));

        put(w, OPENS, vote(w, VOTER, 2, "[[2]]"));
        return entry_ref(e);
}
static Entry* vote_again(World *w) {
        put(w, OPENS, vote(w, VOTER, 3, "[[1]]"));
        return vote(w, VOTER, 4, "[[2]]");
}
static Entry* vote_after_two_revotes(World *w) {
        for (unsigned i = 1; i <= 3; i++)
                put(w, OPENS, vote(w, VOTER, i, "[[1]]"));
        return vote(w, VOTER, 4, "[[2]]");
}
static Entry* second_revote(World *w) {
        for (unsigned i = 1; i <= 2; i++)
                put(w, OPENS, vote(w, VOTER, i, "[[1]]"));
        return vote(w, VOTER, 3, "[[2]]");
}
static Entry* election_with(World *w, const char *name, const char *more) {
        return put(w, 2000, fixture_election(w->f.genesis, 0, name, &w->f.roll->id, 1, OPENS,
                                            CLOSES, more));
}
static Entry* only_vote(World *w) {
        Entry *e = election_with(w, "once", "'revote':false");

        return fixture_vote(w->f.genesis, VOTER, &e->id, 1, "[[1]]");
}
static Entry* vote_with_seq_2_where_there_is_one(World *w) {
        Entry *e = election_with(w, "once", "'revote':false");

        return fixture_vote(w->f.genesis, VOTER, &e->id, 2, "[[1]]");
}
static Entry* blank_where_none_is_allowed(World *w) {
        Entry *e = election_with(w, "filled", "'blank':false");

        return fixture_vote(w->f.genesis, VOTER, &e->id, 1, "[[]]");
}
static Entry* vote_within_a_longer_grace(World *w) {
        Entry *e = election_with(w, "patient", "'grace':500");

        return fixture_vote(w->f.genesis, VOTER, &e->id, 1, "[[1]]");
}
static Entry* vote_in_a_withdrawn_election(World *w) {
        put(w, 2000, fixture_withdraw(w->f.genesis, 0, w->f.election));
        return a_vote(w);
}
static Entry* vote_in_a_pending_election(World *w) {
        Entry *e = election_with(w, "pending", NULL);

        return fixture_vote(w->f.genesis, VOTER, &e->id, 1, "[[1]]");
}

/* --- rights and approvals --- */

static Entry* roll_of_a_stranger(World *w) {
        return fixture_roll(w->f.genesis, STRANGER, "theirs", 0, 0, 2);
}
static Entry* election_of_a_stranger(World *w) {
        return fixture_election(
                        w->f.genesis, STRANGER, "x", &w->f.roll->id, 1, OPENS, CLOSES, NULL);
}
static Entry* withdrawal_of_a_stranger(World *w) {
        return fixture_withdraw(w->f.genesis, STRANGER, w->f.election);
}
static Entry* draw_of_a_stranger(World *w) {
        return fixture_draw(w->f.genesis, STRANGER, w->f.election, "6");
}
static Entry* admins_of_a_stranger(World *w) {
        return fixture_admins(w->f.genesis, STRANGER, STRANGER, -1, 0);
}
static Entry* approval_of_a_stranger(World *w) {
        return fixture_approve(w->f.genesis, STRANGER, election_with(w, "p", NULL));
}
static Entry* approval(World *w) {
        return fixture_approve(w->f.genesis, 1, election_with(w, "p", NULL));
}
static Entry* approval_of_nothing(World *w) {
        Entry nothing = {};

        return fixture_approve(w->f.genesis, 1, &nothing);
}
static Entry* approval_of_a_vote(World *w) {
        return fixture_approve(w->f.genesis, 1, put(w, OPENS, a_vote(w)));
}
static Entry* approval_of_an_approval(World *w) {
        Entry *a = put(w, 2000, approval(w));

        return fixture_approve(w->f.genesis, 1, a);
}
static Entry* approval_by_the_poster(World *w) {
        return fixture_approve(w->f.genesis, 0, election_with(w, "p", NULL));
}
static Entry* approval_twice(World *w) {
        Entry *e = election_with(w, "p", NULL);

        put(w, 2000, fixture_approve(w->f.genesis, 1, e));
        return fixture_approve(w->f.genesis, 1, e);
}
static Entry* approval_of_what_is_in_effect(World *w) {
        return fixture_approve(w->f.genesis, 2, w->f.election);
}
static Entry* approval_replayed(World *w) {
        return entry_ref(put(w, 2000, approval(w)));
}
static Entry* approval_of_a_withdrawn_election(World *w) {
        Entry *e = election_with(w, "p", NULL), *withdrawal;

        withdrawal = put(w, 2000, fixture_withdraw(w->f.genesis, 1, e));
        put(w, 2000, fixture_approve(w->f.genesis, 2, withdrawal));
        return fixture_approve(w->f.genesis, 1, e);
}
static Entry* approval_of_a_second_withdrawal(World *w) {
        Entry *first = put(w, 2000, fixture_withdraw(w->f.genesis, 0, w->f.election));
        Entry *second = put(w, 2000, fixture_withdraw(w->f.genesis, 1, w->f.election));

        put(w, 2000, fixture_approve(w->f.genesis, 2, first));
        return fixture_approve(w->f.genesis, 2, second);
}

/* --- rolls and elections --- */

static Entry* roll_by_a_taken_name(World *w) {
        return fixture_roll(w->f.genesis, 0, "members", 0, 20, 2);
}
static Entry* another_part_of_a_roll(World *w) {
        return fixture_roll(w->f.genesis, 0, "members", 1, 20, 2);
}
static Entry* roll_replayed(World *w) {
        return entry_ref(w->f.roll);
}
static Entry* roll_by_the_name_of_a_pending_one(World *w) {
        put(w, 2000, fixture_roll(w->f.genesis, 0, "more", 0, 20, 2));
        return fixture_roll(w->f.genesis, 1, "more", 0, 20, 3);
}
static Entry* roll_with_a_key_that_is_none(World *w) {
        _cleanup_buf_ Buf line = {};
        Entry *e = NULL;

        fixture_line(w->f.genesis, 0, "roll", "'name':'bad','part':0,'voters':[["
                        "'0000000000000000000000000000000000000000000000000000000000000002',1]]",
                        &line);
        ck_assert_int_eq(entry_parse(&e, w->f.genesis, line.p, line.n, NULL), 0);
        return e;
}
static Entry* election_of(World *w, const char *name, uint64_t opens, const Id *rolls, size_t n) {
        return fixture_election(w->f.genesis, 0, name, rolls, n, opens, CLOSES, NULL);
}
static Entry* an_election(World *w) {
        return election_of(w, "next", OPENS, &w->f.roll->id, 1);
}
static Entry* election_by_a_taken_name(World *w) {
        return election_of(w, "board", OPENS, &w->f.roll->id, 1);
}
static Entry* election_by_a_withdrawn_ones_name(World *w) {
        put(w, 2000, fixture_withdraw(w->f.genesis, 0, w->f.election));
        return election_of(w, "board", OPENS + 1, &w->f.roll->id, 1);
}
static Entry* election_on_no_roll(World *w) {
        Id id = { .b = { 9 } };

        return election_of(w, "next", OPENS, &id, 1);
}
static Entry* election_on_an_election(World *w) {
        return election_of(w, "next", OPENS, &w->f.election->id, 1);
}
static Entry* election_on_a_pending_roll(World *w) {
        Entry *roll = put(w, 2000, fixture_roll(w->f.genesis, 0, "more", 0, 20, 2));

        return election_of(w, "next", OPENS, &roll->id, 1);
}
static Entry* election_with_a_key_on_two_rolls(World *w) {
        Entry *roll = put(w, 2000, fixture_roll(w->f.genesis, 0, "more", 0, 5, 2));
        Id ids[2] = { w->f.roll->id, roll->id };

        return election_of(w, "next", OPENS, ids, 2);
}

/* --- withdrawing, drawing --- */

static Entry* withdrawal(World *w) {
        return fixture_withdraw(w->f.genesis, 0, w->f.election);
}
static Entry* withdrawal_of_no_election(World *w) {
        return fixture_withdraw(w->f.genesis, 0, w->f.roll);
}
static Entry* withdrawal_replayed(World *w) {
        return entry_ref(put(w, 2000, withdrawal(w)));
}
static Entry* withdrawal_by_another_admin(World *w) {
        put(w, 2000, withdrawal(w));
        return fixture_withdraw(w->f.genesis, 1, w->f.election);
}
static Entry* withdrawal_of_a_pending_election(World *w) {
        return fixture_withdraw(w->f.genesis, 1, election_with(w, "p", NULL));
}
static Entry* draw(World *w) {
        return fixture_draw(w->f.genesis, 0, w->f.election, "6");
}
static Entry* draw_twice(World *w) {
        put(w, END, draw(w));
        return fixture_draw(w->f.genesis, 1, w->f.election, "7");
}
static Entry* draw_of_no_election(World *w) {
        return fixture_draw(w->f.genesis, 0, w->f.roll, "6");
}
static Entry* draw_where_no_lot_is_named(World *w) {
        return fixture_draw(w->f.genesis, 0, election_with(w, "lotless", NULL), "6");
}
static Entry* draw_of_a_withdrawn_election(World *w) {
        put(w, 2000, withdrawal(w));
        return draw(w);
}
static Entry* draw_of_a_void_election(World *w) {
        return fixture_draw(w->f.genesis, 0, election_with(w, "p", "'lot':'dice'"), "6");
}

/* --- admins --- */

static Entry* admin_added(World *w) {
        return fixture_admins(w->f.genesis, 0, STRANGER, -1, 0);
}
static Entry* admin_added_twice(World *w) {
        return fixture_admins(w->f.genesis, 0, 2, -1, 0);
}
static Entry* admin_removed(World *w) {
        return fixture_admins(w->f.genesis, 0, -1, 2, 0);
}
static Entry* nobody_removed(World *w) {
        return fixture_admins(w->f.genesis, 0, -1, STRANGER, 0);
}
static Entry* too_few_left(World *w) {
        return fixture_admins(w->f.genesis, 0, -1, 1, 0);
}
static Entry* last_one_removed(World *w) {
        put(w, 2000, fixture_admins(w->f.genesis, 0, -1, 1, 0));
        put(w, 2000, fixture_admins(w->f.genesis, 0, -1, 2, 0));
        return fixture_admins(w->f.genesis, 0, -1, 0, 0);
}
static Entry* change_replayed(World *w) {
        Entry *e = put(w, 2000, admin_added(w));

        put(w, 2000, fixture_admins(w->f.genesis, 0, -1, STRANGER, 0));
        return entry_ref(e);
}
static Entry* change_again_with_a_seq(World *w) {
        put(w, 2000, admin_added(w));
        put(w, 2000, fixture_admins(w->f.genesis, 0, -1, STRANGER, 0));
        return fixture_admins(w->f.genesis, 0, STRANGER, -1, 2);
}
static Entry* roll_of_a_removed_admin(World *w) {
        put(w, 2000, admin_removed(w));
        return fixture_roll(w->f.genesis, 2, "theirs", 0, 30, 1);
}
static Entry* roll_of_an_added_admin(World *w) {
        put(w, 2000, admin_added(w));
        return fixture_roll(w->f.genesis, STRANGER, "theirs", 0, 30, 1);
}

static const Case cases[] = {
        { "a vote as the election opens", 0, OPENS, a_vote, 0, "" },
        { "a blank vote", 0, OPENS, a_blank_vote, 0, "" },
        { "a vote before it opens", 0, OPENS - 1, a_vote, V_EARLY, "opens at 5000", true },
        { "a vote after closes, within the grace", 0, END - 1, a_vote, 0, "" },
        { "a vote at the end of the grace", 0, END, a_vote, V_LATE, "votes entered until 6060",
                        true /* in an earlier block than that */ },
        { "a vote within a longer grace", 0, CLOSES + 499, vote_within_a_longer_grace, 0, "" },
        { "a vote after a longer grace", 0, CLOSES + 500, vote_within_a_longer_grace, V_LATE,
                        "until 6500", true },
        { "a vote of a stranger", 0, OPENS, vote_of_a_stranger, V_SIGNER, "not on the rolls" },
        { "a vote of an admin who is no voter", 0, OPENS, vote_of_an_admin, V_SIGNER, "rolls" },
        { "a vote for an option that is none", 0, OPENS, vote_for_no_option, V_BALLOT, "option" },
        { "a vote on more questions than there are", 0, OPENS, vote_on_too_many_questions, V_BALLOT,
                        "" },
        { "a vote in an election that is none", 0, OPENS, vote_in_no_election, V_UNKNOWN,
                        "no election in the ledger", true },
        { "a vote in a roll", 0, OPENS, vote_in_a_roll, V_UNKNOWN, "no election", true },
        { "a second vote with the same seq", 0, OPENS, vote_again_with_the_same_seq, V_SEQ,
                        "expected more than 3" },
        { "a second vote with a lower seq", 0, OPENS, vote_again_with_a_lower_seq, V_SEQ,
                        "\"seq\" is 2" },
        { "a vote that is replayed", 0, OPENS, vote_replayed, V_SEQ, "more than 2" },
        { "a second vote", 0, OPENS, vote_again, 0, "" },
        { "as many revotes as the network allows", 0, OPENS, second_revote, 0, "" },
        { "one revote too many", 0, OPENS, vote_after_two_revotes, V_LIMIT, "allows 2 revotes" },
        { "the vote where one is allowed", 0, OPENS, only_vote, 0, "" },
        { "seq 2 where one vote is allowed", 0, OPENS, vote_with_seq_2_where_there_is_one, V_SEQ,
                        "expected 1" },
        { "a blank vote where none is allowed", 0, OPENS, blank_where_none_is_allowed, V_BALLOT,
                        "" },
        { "a vote in a withdrawn election", 0, OPENS, vote_in_a_withdrawn_election, V_LATE,
                        "withdrawn" },
        { "a vote in an election that awaits approvals", 2, OPENS - 10, vote_in_a_pending_election,
                        V_EARLY, "awaits approvals", true },
        { "a vote in a void election", 2, OPENS, vote_in_a_pending_election, V_LATE, "void",
                        true /* as of the tip it may be approved yet */ },

        { "a roll of a stranger", 0, 2000, roll_of_a_stranger, V_SIGNER, "not an admin", true },
        { "an election of a stranger", 0, 2000, election_of_a_stranger, V_SIGNER, "not an admin",
                        true },
        { "a withdrawal of a stranger", 0, 2000, withdrawal_of_a_stranger, V_SIGNER, "", true },
        { "a draw of a stranger", 0, END, draw_of_a_stranger, V_SIGNER, "", true },
        { "a change of admins by a stranger", 0, 2000, admins_of_a_stranger, V_SIGNER, "", true },
        { "an approval of a stranger", 2, 2000, approval_of_a_stranger, V_SIGNER, "", true },
        { "an approval", 2, 2000, approval, 0, "" },
        { "an approval of nothing", 2, 2000, approval_of_nothing, V_UNKNOWN, "not in the ledger",
                        true },
        { "an approval of a vote", 0, OPENS, approval_of_a_vote, V_UNKNOWN, "", true },
        { "an approval of an approval", 3, 2000, approval_of_an_approval, V_DEFINITION,
                        "needs no approvals" },
        { "an approval by who posted it", 2, 2000, approval_by_the_poster, V_DUPLICATE,
                        "has signed" },
        { "an approval by the same admin again", 3, 2000, approval_twice, V_DUPLICATE, "" },
        { "an approval of what is in effect", 2, 2000, approval_of_what_is_in_effect, V_DUPLICATE,
                        "in effect already" },
        { "an approval that is replayed", 3, 2000, approval_replayed, V_DUPLICATE,
                        "in the ledger already" },
        { "an approval in time", 2, OPENS - 10, approval, 0, "" },
        { "an approval too close to the opening", 2, OPENS - 9, approval, V_LATE,
                        "must be approved 10 s before", true },
        { "an approval of a withdrawn election", 2, 2000, approval_of_a_withdrawn_election, V_LATE,
                        "withdrawn" },
        { "an approval of a second withdrawal", 2, 2000, approval_of_a_second_withdrawal,
                        V_DUPLICATE, "withdrawn already" },

        { "a roll by a name that is taken", 0, 2000, roll_by_a_taken_name, V_DUPLICATE,
                        "taken for ever" },
        { "another part of a roll", 0, 2000, another_part_of_a_roll, 0, "" },
        { "a roll that is replayed", 0, 2000, roll_replayed, V_DUPLICATE, "" },
        { "a roll by the name of a pending one", 2, 2000, roll_by_the_name_of_a_pending_one,
                        V_DUPLICATE, "taken for ever" },
        { "a roll with a key that is none", 0, 2000, roll_with_a_key_that_is_none, V_KEY,
                        "voter 0" },

        { "an election in time", 0, OPENS - 10, an_election, 0, "" },
        { "an election without the network's notice", 0, OPENS - 9, an_election, V_LATE,
                        "must be approved 10 s before", true },
        { "an election that is open already", 0, OPENS, an_election, V_LATE, "opens at 5000",
                        true },
        { "an election by a name that is taken", 0, 2000, election_by_a_taken_name, V_DUPLICATE,
                        "taken for ever" },
        { "an election by a withdrawn one's name", 0, 2000, election_by_a_withdrawn_ones_name,
                        V_DUPLICATE, "taken for ever" },
        { "an election on a roll that is none", 0, 2000, election_on_no_roll, V_UNKNOWN,
                        "not in the ledger", true },
        { "an election on an election", 0, 2000, election_on_an_election, V_DEFINITION,
                        "expected a roll" },
        { "an election on a pending roll", 2, 2000, election_on_a_pending_roll, V_EARLY,
                        "awaits approvals", true },
        { "an election with a key on two rolls", 0, 2000, election_with_a_key_on_two_rolls,
                        V_DEFINITION, "roll more, part 0" },

        { "a withdrawal before the opening", 0, OPENS - 1, withdrawal, 0, "" },
        { "a withdrawal of an open election", 0, OPENS, withdrawal, V_LATE, "only before it opens",
                        true },
        { "a withdrawal of a roll", 0, 2000, withdrawal_of_no_election, V_UNKNOWN, "", true },
        { "a withdrawal that is replayed", 0, 2000, withdrawal_replayed, V_DUPLICATE, "" },
        { "a second withdrawal", 0, 2000, withdrawal_by_another_admin, V_DUPLICATE,
                        "withdrawn already" },
        { "a withdrawal of a pending election", 2, 2000, withdrawal_of_a_pending_election, 0, "" },
        { "a withdrawal of a void election", 2, OPENS - 9, withdrawal_of_a_pending_election, V_LATE,
                        "void", true },

        { "a draw after the closing", 0, END, draw, 0, "" },
        { "a draw while votes may come", 0, END - 1, draw, V_EARLY, "until 6060", true },
        { "a second draw", 0, END, draw_twice, V_DUPLICATE, "drawn already" },
        { "a draw for a roll", 0, END, draw_of_no_election, V_UNKNOWN, "", true },
        { "a draw where no lot is named", 0, END, draw_where_no_lot_is_named, V_DEFINITION,
                        "names no lot" },
        { "a draw for a withdrawn election", 0, END, draw_of_a_withdrawn_election, V_LATE,
                        "withdrawn" },
        { "a draw for a pending election", 2, 2000, draw_of_a_void_election, V_EARLY,
                        "awaits approvals", true },
        { "a draw for a void election", 2, END, draw_of_a_void_election, V_LATE, "void", true },

        { "an admin who is added", 0, 2000, admin_added, 0, "" },
        { "an admin who is one already", 0, 2000, admin_added_twice, V_DUPLICATE, "already" },
        { "an admin who is removed", 0, 2000, admin_removed, 0, "" },
        { "a removal of who is none", 0, 2000, nobody_removed, V_UNKNOWN, "no admin", true },
        { "fewer admins than must approve", 3, 2000, too_few_left, V_LIMIT,
                        "2 admins would be left", true },
        { "no admin left", 0, 2000, last_one_removed, V_LIMIT, "0 admins would be left", true },
        { "a change of admins that is replayed", 0, 2000, change_replayed, V_DUPLICATE, "" },
        { "the same change with a seq", 0, 2000, change_again_with_a_seq, 0, "" },
        { "a roll of a removed admin", 0, 2000, roll_of_a_removed_admin, V_SIGNER, "not an admin",
                        true },
        { "a roll of an added admin", 0, 2000, roll_of_an_added_admin, 0, "" },
};

START_TEST(every_rule_of_validity_holds) {
        const Case *c = &cases[_i];
        FixtureSetup setup = {
                .admins = 3, .approvals = c->approvals, .revotes = 2, .notice = 10,
        };
        World w = {};
        Entry *e;
        Why why = {}, again = {};
        int r, q;

        fixture_new(&w.f, &setup, NULL, 6);
        e = c->make(&w);
        r = chain_check_entry(w.f.chain, e, c->time, &why);
        ck_assert_msg(r == c->verdict, "%s: %s (%s), expected %s", c->name, verdict_name(r),
                        why.text, verdict_name(c->verdict));
        ck_assert_msg(strstr(why.text, c->why), "%s: \"%s\" does not say \"%s\"", c->name,
                        why.text, c->why);
        ck_assert_msg(chain_entry_has_future(w.f.chain, e) == (r == 0 || c->future), "%s: future",
                        c->name);

        /* A block is judged alike, and names the entry. */
        q = FIXTURE_CONNECT(w.f.chain, c->time, &again, e);
        ck_assert_msg(q == r, "%s: in a block %s (%s)", c->name, verdict_name(q), again.text);
        if (r != 0)
                ck_assert_msg(strstr(again.text, ", entry 0: ") && strstr(again.text, why.text),
                                "%s: in a block \"%s\"", c->name, again.text);

        entry_unref(e);
        world_done(&w);
}
END_TEST

static void add(TCase *t) {
        tcase_add_loop_test(t, every_rule_of_validity_holds, 0, ELEMENTSOF(cases));
}

int main(void) {
        return run_suite("rules", add);
}
