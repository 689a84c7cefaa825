/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../help.h"
#include "puppet.h"

/* What liars do with the entries of their blocks. */

#define SECOND USEC_PER_SEC
#define MINUTE (60 * SECOND)

START_TEST(bodies_that_never_come_stop_nobody) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_(block_freep) Block *b = NULL;
        _cleanup_(entry_unrefp) Entry *vote = NULL;
        Town t;

        puppet_begin(&t, &p);
        vote = town_vote(&t, 0, 1, 1);
        b = puppet_block(p, &vote, 1, world_now_sec(t.w));
        puppet_announce(p, b);
        world_run(t.w, SECOND);
        ck_assert_uint_eq(puppet_count(p, MESSAGE_GET_VOTES), 1);
        assert_goes_on(&t, 1);
        assert_goes_on(&t, 2);
        world_run(t.w, 2 * MINUTE);
        ck_assert_int_eq(penalty_of(&t, p), 0);         /* a timer is nobody's fault */
        ck_assert_uint_le(puppet_count(p, MESSAGE_GET_VOTES) +
                                        puppet_count(p, MESSAGE_GET_BLOCKS_IDS),
                        20);
        town_done(&t);
}
END_TEST

START_TEST(a_block_that_holds_an_entry_twice_is_refused) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_(block_freep) Block *b = NULL;
        _cleanup_(entry_unrefp) Entry *vote = NULL;
        Town t;

        puppet_begin(&t, &p);
        vote = town_vote(&t, 0, 1, 1);
        b = puppet_block(p, (Entry *[]) { vote, vote }, 2, world_now_sec(t.w));
        puppet_announce(p, b);
        world_run(t.w, SECOND);
        ck_assert(!on_chain(&t, b));
        ck_assert_int_eq(penalty_of(&t, p), 50);
        assert_goes_on(&t, 0);
        town_done(&t);
}
END_TEST

static void answer_bodies(Puppet *p, Entry *const *entries, size_t n) {
        _cleanup_message_ Message ask = {};
        _cleanup_buf_ Buf lines = {};

        ck_assert(puppet_got(p, MESSAGE_GET_VOTES, &ask));
        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        buf_add_char(&lines, '\n');
                buf_add(&lines, entries[i]->line, entries[i]->n_line);
        }
        puppet_message(p,
                        &(Message) { .type = MESSAGE_VOTES_RESPONSE,
                                        .has_id = true,
                                        .id = ask.id,
                                        .lines = lines.p,
                                        .n_lines_bytes = lines.n });
}

/* A vote in an election that nobody has heard of, in a block whose other vote never comes. */
START_TEST(what_only_a_block_needs_is_not_voted_again) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_(block_freep) Block *b = NULL;
        _cleanup_(entry_unrefp) Entry *unfit = NULL, *withheld = NULL;
        Id unknown = { .b = { 7 } };
        Town t;

        puppet_begin(&t, &p);
        unfit = fixture_vote(t.genesis, FIXTURE_VOTER, &unknown, 1, "[[0]]");
        withheld = town_vote(&t, 0, 1, 1);
        b = puppet_block(p, (Entry *[]) { unfit, withheld }, 2, world_now_sec(t.w));
        puppet_announce(p, b);
        world_run(t.w, 500 * USEC_PER_MSEC);
        answer_bodies(p, &unfit, 1);
        world_run(t.w, 500 * USEC_PER_MSEC);
        for (unsigned i = 0; i < 2; i++) {
                puppet_message(p,
                                &(Message) { .type = MESSAGE_NEW_VOTE,
                                                .lines = unfit->line,
                                                .n_lines_bytes = unfit->n_line });
                world_run(t.w, 500 * USEC_PER_MSEC);
        }
        ck_assert_uint_eq(pool_count(peer_pool(world_peer(t.w, t.peers[0]))), 0);
        assert_goes_on(&t, 2);
        town_done(&t);
}
END_TEST

/* The same while signatures are being checked, of so many that somebody votes in between. */
START_TEST(what_only_a_block_needs_is_refused_to_its_voter) {
        enum { N_UNFIT = 1000, N_TRIES = 40 };
        static Entry *unfit[N_UNFIT];
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_(block_freep) Block *b = NULL;
        uint64_t requests[N_TRIES];
        Id unknown = { .b = { 7 } };
        Town t;

        puppet_begin(&t, &p);
        for (unsigned i = 0; i < N_UNFIT; i++)
                unfit[i] = fixture_vote(t.genesis, FIXTURE_VOTER + i, &unknown, 1, "[[0]]");
        b = puppet_block(p, unfit, N_UNFIT, world_now_sec(t.w));
        puppet_announce(p, b);
        world_run(t.w, 500 * USEC_PER_MSEC);
        answer_bodies(p, unfit, N_UNFIT - 1);
        for (unsigned i = 0; i < N_TRIES; i++) {
                requests[i] = world_submit(t.w, t.peers[0], unfit[0]->line, unfit[0]->n_line);
                world_run(t.w, 5 * USEC_PER_MSEC);
        }
        world_run(t.w, SECOND);
        for (unsigned i = 0; i < N_TRIES; i++) {
                WorldReply reply;

                world_reply(t.w, requests[i], &reply);
                ck_assert_int_eq(reply.verdict, V_UNKNOWN);
        }
        ck_assert_uint_eq(pool_count(peer_pool(world_peer(t.w, t.peers[0]))), 0);
        for (unsigned i = 0; i < N_UNFIT; i++)
                (void) entry_unref(unfit[i]);
        town_done(&t);
}
END_TEST

/* An invalid block with two votes of one voter: when it goes, one takes the place of the other in the pool. */
START_TEST(two_votes_of_one_voter_leave_a_block_together) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_(block_freep) Block *b = NULL;
        _cleanup_(entry_unrefp) Entry *first = NULL, *second = NULL, *unfit = NULL;
        Id unknown = { .b = { 7 } };
        Town t;

        puppet_begin(&t, &p);
        first = town_vote(&t, 0, 1, 1);
        second = town_vote(&t, 0, 2, 1);
        unfit = fixture_vote(t.genesis, FIXTURE_VOTER + 1, &unknown, 1, "[[0]]");
        ck_assert_int_eq(town_post(&t, 0, first), 0);

        b = puppet_block(p, (Entry *[]) { second, first, unfit }, 3, world_now_sec(t.w));
        puppet_announce(p, b);
        world_run(t.w, 100 * USEC_PER_MSEC);
        ck_assert_uint_eq(pool_count(peer_pool(world_peer(t.w, t.peers[0]))), 1);
        answer_bodies(p, (Entry *[]) { second, unfit }, 2);
        world_run(t.w, 100 * USEC_PER_MSEC);
        ck_assert_int_eq(penalty_of(&t, p), 50);
        ck_assert_uint_eq(pool_count(peer_pool(world_peer(t.w, t.peers[0]))), 1);
        ck_assert_ptr_nonnull(pool_find(peer_pool(world_peer(t.w, t.peers[0])), &second->id));
        assert_goes_on(&t, 2);
        town_done(&t);
}
END_TEST

TEST_MAIN("peer-bodies", bodies_that_never_come_stop_nobody,
                a_block_that_holds_an_entry_twice_is_refused,
                what_only_a_block_needs_is_not_voted_again,
                what_only_a_block_needs_is_refused_to_its_voter,
                two_votes_of_one_voter_leave_a_block_together)
