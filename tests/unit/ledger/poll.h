/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealed.h"
#include "world.h"

/* A sealed election "secret" of one question with three options, by a board of three trustees of whom
 * two open it, among n voters of weights 1, 2, 3, 1, 2, 3 ... */
typedef struct Poll {
        World w;
        SealedBoard b;
        Entry *election;        /* kept by the world */
} Poll;

#define POLL_OPENS  FIXTURE_OPENS
#define POLL_CLOSES FIXTURE_CLOSES
#define POLL_END    (FIXTURE_CLOSES + FIXTURE_GRACE)

static inline _unused_ void poll_new(Poll *p, unsigned n_voters, const char *more) {
        FixtureSetup setup = { .admins = 1, .approvals = 1, .revotes = 3, .quorum = true };

        *p = (Poll) {};
        fixture_new(&p->w.f, &setup, NULL, n_voters);
        sealed_board_init(&p->b, p->w.f.genesis, 2, 3);
        sealed_make_ready(&p->b, p->w.f.chain, "trust", "'secret','another'", 2000);
        p->election = put(&p->w, 2000, sealed_election(&p->b, 0, "secret", &p->w.f.roll->id, 1, POLL_OPENS, POLL_CLOSES,
                                               more));
}

static inline _unused_ void poll_done(Poll *p) {
        sealed_board_done(&p->b);
        world_done(&p->w);
}

static inline _unused_ Entry* poll_vote(Poll *p, unsigned voter, unsigned seq, const char *choices) {
        return sealed_vote(&p->b, FIXTURE_VOTER + voter, p->election, seq, choices);
}

/* Voter 0's first ballot in the poll's election, handed in by somebody, somehow. */
static inline _unused_ Entry* poll_vote_copied(
                Poll *p, unsigned voter, const Id *election, unsigned seq, const char *choices) {
        Json *o = json_new_object();

        json_set(o, "ballot", sealed_ballot(&p->b, FIXTURE_VOTER, p->election, 1, choices));
        json_set_id(o, "election", election);
        json_set_int(o, "seq", seq);
        return fixture_entry(p->w.f.genesis, FIXTURE_VOTER + voter, "vote", o);
}

static inline _unused_ ElectionInfo poll_info(Poll *p) {
        ElectionInfo info;

        ck_assert_int_eq(chain_election_by_name(p->w.f.chain, "secret", &info), 0);
        return info;
}

/* An empty block of that time. */
static inline _unused_ void poll_pass(Poll *p, uint64_t time) {
        Why why = {};

        assert_verdict(fixture_connect(p->w.f.chain, time, NULL, 0, &why), 0, why);
}

/* n voters vote for option voter % 3, one block; then it closes. */
static inline _unused_ void poll_run(Poll *p, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                char choices[16];
                Entry *e;
                Why why = {};

                (void) snprintf(choices, sizeof(choices), "[[%u]]", i % 3);
                e = poll_vote(p, i, 1, choices);
                assert_verdict(FIXTURE_CONNECT(p->w.f.chain, POLL_OPENS, &why, e), 0, why);
                entry_unref(e);
        }
        poll_pass(p, POLL_END);
}

/* The result of the poll's election, which is final. */
static inline _unused_ void poll_result(Poll *p, Buf *ret) {
        _cleanup_(result_freep) Result *result = NULL;
        ElectionInfo info = poll_info(p);

        ck_assert_int_eq(info.phase, ELECTION_FINAL);
        ck_assert_int_eq(chain_count(p->w.f.chain, &info, &result), 0);
        ck_assert_int_eq(json_dump(result->json, ret), 0);
}
