/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "town.h"
#include "../help.h"
#include "ledger/export.h"
#include "proto/message.h"

#define SECOND USEC_PER_SEC
#define MINUTE (60 * SECOND)

static void town(Town *t, const TownSetup *setup) {
        town_new(t, setup);
        world_set_verbose(t->w, getenv("VERBOSE") != NULL);
}

/* All ledgers are the same to the byte, seals aside. */
static void assert_same_ledgers(const Town *t) {
        _cleanup_buf_ Buf first = {};

        for (unsigned i = 0; i < t->setup.n_peers; i++) {
                Chain *c = town_chain(t, i);
                _cleanup_buf_ Buf b = {};
                uint64_t next;

                if (!c)
                        continue;
                ck_assert_int_eq(export_blocks(c, 1, chain_tip(c)->height, false, SIZE_MAX, &b,
                                                 &next),
                                0);
                if (!first.p) {
                        first = b;
                        b = (Buf) {};
                        continue;
                }
                ck_assert_uint_eq(b.n, first.n);
                ck_assert(memcmp(b.p, first.p, b.n) == 0);
        }
}

static const char* problem_of(const Town *t, unsigned i, Json **status) {
        const char *text = NULL;

        (void) json_free(*status);
        *status = NULL;
        ck_assert_int_eq(peer_status(world_peer(t->w, t->peers[i]), 0, status), 0);
        return json_get_text(*status, "problem", 1, 1000, &text, NULL) == 0 ? text : "";
}

START_TEST(four_peers_and_a_tracker_elect_end_to_end) {
        Town t;

        town(&t, NULL);
        ck_assert(town_meet(&t));
        ck_assert(town_elect(&t, 120));
        for (unsigned v = 0; v < 20; v++)
                ck_assert_int_eq(town_cast(&t, v % 4, v, 1, v % 3), 0);
        ck_assert(town_wait_votes(&t, 20, 2 * MINUTE));
        world_run(t.w, 5 * MINUTE);
        ck_assert(town_same_tip(&t));
        assert_same_ledgers(&t);
        for (unsigned i = 0; i < 4; i++) {
                ElectionInfo info;

                ck_assert_int_eq(chain_election_by_id(town_chain(&t, i), &t.election->id, &info),
                                0);
                ck_assert_uint_eq(info.ballots, 20);
                ck_assert_int_ge(info.phase, ELECTION_CLOSED);
                ck_assert_uint_eq(pool_count(peer_pool(world_peer(t.w, t.peers[i]))), 0);
        }
        town_done(&t);
}
END_TEST

START_TEST(who_comes_late_catches_up) {
        Town t;

        town(&t,
                        &(TownSetup) { .n_peers = 5,
                                        .late = true,
                                        .n_voters = 300,
                                        .block_bytes = 66 << 10,
                                        .entry_bytes = 60 << 10 });
        ck_assert(town_elect(&t, 600));
        for (unsigned v = 0; v < 300; v++)
                ck_assert_int_eq(town_cast(&t, v % 4, v, 1, v % 3), 0);
        ck_assert(town_wait_votes(&t, 300, 2 * MINUTE));
        world_run(t.w, MINUTE);
        ck_assert_uint_ge(chain_tip(town_chain(&t, 0))->height, 4);

        world_start(t.w, t.peers[4]);
        ck_assert(town_wait_votes(&t, 300, MINUTE));
        ck_assert(town_wait_same_tip(&t, MINUTE));
        assert_same_ledgers(&t);
        town_done(&t);
}
END_TEST

START_TEST(who_comes_late_to_a_long_ledger_is_not_let_down_by_loss) {
        Town t;

        town(&t,
                        &(TownSetup) { .n_peers = 5,
                                        .late = true,
                                        .n_voters = 60,
                                        .hashes_per_sec = 2000,
                                        .interval = 1,
                                        .seed = 5 });
        ck_assert(town_elect(&t, 3600));
        for (unsigned v = 0; v < 240; v++) {
                ck_assert_int_eq(town_cast(&t, v % 4, v % 60, 1 + v / 60, v % 3), 0);
                world_run(t.w, 4 * SECOND);
        }
        ck_assert_uint_ge(chain_tip(town_chain(&t, 0))->height, 300);

        world_set_faults(t.w, 50000, 50000, 100000);
        world_start(t.w, t.peers[4]);
        ck_assert(town_wait_same_tip(&t, 10 * MINUTE));
        world_set_faults(t.w, 0, 0, 0);
        assert_same_ledgers(&t);
        for (unsigned a = 0; a < 5; a++)
                for (unsigned b = 0; b < 5; b++)
                        ck_assert(!world_banned(t.w, t.peers[a], t.peers[b]));
        town_done(&t);
}
END_TEST

static void count_asked_again(void *userdata, unsigned from, unsigned to, const char *data,
                size_t n) {
        _cleanup_message_ Message m = {};

        (void) from;
        (void) to;
        if (message_parse(&m, MESSAGE_FROM_PEER, data, n, NULL) == 0)   /* not a tracker's */
                *(unsigned *) userdata += m.type == MESSAGE_GET_BLOCKS_IDS;
}

/* More signatures and keys than are checked at a time: what comes after them waits, but it is here. */
START_TEST(who_comes_late_asks_for_no_block_twice) {
        static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
        unsigned again = 0;
        Town t;

        town(&t, &(TownSetup) { .n_peers = 3, .late = true });
        ck_assert(town_elect(&t, 600));
        for (unsigned i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(entry_unrefp) Entry *e = fixture_roll(t.genesis, FIXTURE_ADMIN, names[i],
                                0, 0, 3000);

                ck_assert_int_eq(town_post(&t, 0, e), 0);
                if (i >= 5)                     /* the first six in one block, or two */
                        world_run(t.w, MINUTE);
        }
        ck_assert_uint_eq(chain_n_rolls(town_chain(&t, 1)), 1 + ELEMENTSOF(names));

        world_set_tap(t.w, count_asked_again, &again);
        world_start(t.w, t.peers[2]);
        ck_assert(town_wait_same_tip(&t, MINUTE));
        ck_assert_uint_eq(chain_n_rolls(town_chain(&t, 2)), 1 + ELEMENTSOF(names));
        ck_assert_uint_eq(again, 0);
        town_done(&t);
}
END_TEST

START_TEST(after_a_partition_the_heavier_chain_wins_and_no_vote_is_lost) {
        _cleanup_json_ Json *status = NULL;
        uint64_t side;
        Town t;

        town(&t, &(TownSetup) { .n_peers = 4, .n_miners = 4, .n_voters = 40 });
        ck_assert(town_elect(&t, 900));
        ck_assert(town_wait_same_tip(&t, MINUTE));

        /* Two and two, the tracker on the first side. */
        side = UINT64_C(1) << t.tracker | UINT64_C(1) << t.peers[0] | UINT64_C(1) << t.peers[1];
        world_partition(t.w, side, true);
        for (unsigned v = 0; v < 40; v++) {
                ck_assert_int_eq(town_cast(&t, v % 4, v, 1, v % 3), 0);
                world_run(t.w, 2 * SECOND);
        }
        world_run(t.w, MINUTE);
        ck_assert(!town_same_tip(&t));
        ck_assert_uint_eq(town_votes(&t, 0), 20);
        ck_assert_uint_eq(town_votes(&t, 3), 20);

        world_partition(t.w, side, false);
        ck_assert(town_wait_votes(&t, 40, 5 * MINUTE));
        ck_assert(town_wait_same_tip(&t, MINUTE));
        assert_same_ledgers(&t);

        /* Deeper than what was called final: people are told. */
        unsigned alarms = 0;
        for (unsigned i = 0; i < 4; i++) {
                const char *alarm;

                (void) problem_of(&t, i, &status);
                if (json_get_text(status, "alarm", 1, 1000, &alarm, NULL) == 0)
                        alarms++;
                ck_assert_int_eq(json_has(status, "alarm"),
                                world_count_log(t.w, t.peers[i], NODE_MSG_REORGANISED) > 0);
        }
        ck_assert_uint_eq(alarms, 2);
        town_done(&t);
}
END_TEST

START_TEST(a_crash_loses_nothing_that_was_committed) {
        ChainTip before;
        Town t;

        town(&t, &(TownSetup) { .n_peers = 3 });
        ck_assert(town_elect(&t, 600));
        for (unsigned v = 0; v < 10; v++)
                ck_assert_int_eq(town_cast(&t, 2, v, 1, 0), 0);
        ck_assert(town_wait_votes(&t, 10, MINUTE));
        before = *chain_tip(town_chain(&t, 2));
        world_crash(t.w, t.peers[2]);
        for (unsigned v = 10; v < 20; v++)
                ck_assert_int_eq(town_cast(&t, 0, v, 1, 0), 0);
        ck_assert(town_wait_votes(&t, 20, MINUTE));
        world_start(t.w, t.peers[2]);
        ck_assert_uint_ge(chain_tip(town_chain(&t, 2))->height, before.height);
        ck_assert(town_wait_votes(&t, 20, MINUTE));
        ck_assert(town_wait_same_tip(&t, MINUTE));
        assert_same_ledgers(&t);
        town_done(&t);
}
END_TEST

START_TEST(a_full_disk_stops_connecting_until_there_is_room_again) {
        _cleanup_json_ Json *status = NULL;
        uint64_t height;
        Town t;

        town(&t, &(TownSetup) { .n_peers = 3, .n_miners = 3 });
        ck_assert(town_elect(&t, 900));
        ck_assert(town_wait_same_tip(&t, MINUTE));
        height = chain_tip(town_chain(&t, 0))->height;
        ck_assert_str_eq(problem_of(&t, 0, &status), "");

        world_fail_commits(t.w, t.peers[0], -ENOSPC);
        for (unsigned v = 0; v < 20; v++)
                ck_assert_int_eq(town_cast(&t, v % 3, v, 1, 0),
                                0); /* also at the broken one, which passes them on */
        world_run(t.w, MINUTE);
        ck_assert_uint_eq(chain_tip(town_chain(&t, 0))->height, height);
        ck_assert_uint_gt(chain_tip(town_chain(&t, 1))->height, height);
        ck_assert_uint_eq(town_votes(&t, 1), 20);
        ck_assert_ptr_nonnull(strstr(problem_of(&t, 0, &status), "No space left on device"));
        ck_assert_uint_eq(world_count_log(t.w, t.peers[0], NODE_MSG_COMMIT_FAILED), 1);
        ck_assert_ptr_nonnull(
                        strstr(peer_status_line(world_peer(t.w, t.peers[0])), "cannot be written"));

        world_fail_commits(t.w, t.peers[0], 0);
        ck_assert(town_wait_votes(&t, 20, MINUTE));
        ck_assert(town_wait_same_tip(&t, MINUTE));
        ck_assert_str_eq(problem_of(&t, 0, &status), "");
        ck_assert_uint_eq(world_count_log(t.w, t.peers[0], NODE_MSG_COMMIT_AGAIN), 1);
        assert_same_ledgers(&t);
        town_done(&t);
}
END_TEST

/* How often a vote's line crossed each link, in either direction. */
typedef struct Crossings {
        const Entry *vote;
        unsigned n[WORLD_NODES_MAX][WORLD_NODES_MAX];
} Crossings;

static void count_crossings(void *userdata, unsigned from, unsigned to, const char *data,
                size_t n) {
        Crossings *c = userdata;

        while (n >= c->vote->n_line) {
                const char *at = memmem(data, n, c->vote->line, c->vote->n_line);

                if (!at)
                        return;
                c->n[MIN(from, to)][MAX(from, to)]++;
                n -= (size_t) (at - data) + c->vote->n_line;
                data = at + c->vote->n_line;
        }
}

START_TEST(among_eight_that_are_all_linked_a_vote_crosses_each_link_at_most_once) {
        static Crossings c;
        uint64_t before[8][8];
        unsigned crossed = 0;
        Town t;

        town(&t, &(TownSetup) { .n_peers = 8 });
        ck_assert(town_meet(&t));
        ck_assert(town_elect(&t, 900));
        for (unsigned a = 0; a < 8; a++)
                for (unsigned b = 0; b < 8; b++)
                        before[a][b] = world_sent_bytes(t.w, t.peers[a], t.peers[b]);

        c = (Crossings) { .vote = town_vote(&t, 3, 1, 1) };
        world_set_tap(t.w, count_crossings, &c);
        ck_assert_int_eq(town_post(&t, 5, c.vote), 0);
        ck_assert(town_wait_votes(&t, 1, MINUTE));
        world_run(t.w, MINUTE);
        for (unsigned a = 0; a < 8; a++)
                for (unsigned b = a + 1; b < 8; b++) {
                        unsigned n = c.n[t.peers[a]][t.peers[b]];

                        ck_assert_uint_le(n, 1);
                        ck_assert_uint_eq(n, a == 5 || b == 5);
                        crossed += n;
                }
        ck_assert_uint_eq(crossed, 7);

        /* Beside the line: an id or two each way, a block's announcement, a minute of keepalives.
         */
        for (unsigned a = 0; a < 8; a++)
                for (unsigned b = 0; b < 8; b++)
                        ck_assert_uint_le(world_sent_bytes(t.w, t.peers[a], t.peers[b]) -
                                                        before[a][b],
                                        8000);
        (void) entry_unref((Entry *) c.vote);
        town_done(&t);
}
END_TEST

static Id trace_of(const TownSetup *setup) {
        Id trace;
        Town t;

        town(&t, setup);
        ck_assert(town_elect(&t, 300));
        world_set_faults(t.w, 20000, 20000, 20000);
        for (unsigned v = 0; v < 20; v++)
                ck_assert_int_eq(town_cast(&t, v % 4, v, 1, v % 3), 0);
        world_run(t.w, 7 * MINUTE);
        trace = world_trace(t.w);
        town_done(&t);
        return trace;
}

START_TEST(the_same_seed_gives_the_same_trace) {
        Id a = trace_of(&(TownSetup) { .seed = 7 }),
           b = trace_of(&(TownSetup) { .seed = 7, .check_each = true }),
           c = trace_of(&(TownSetup) { .seed = 8 });

        ck_assert(id_equal(&a, &b));
        ck_assert(!id_equal(&a, &c));
}
END_TEST

START_TEST(an_idle_network_wakes_for_keepalives_alone_and_grows_no_ledger) {
        uint64_t height, wakes[4];
        Town t;

        town(&t, NULL);
        ck_assert(town_elect(&t, 60));
        world_run(t.w, 10 * MINUTE);
        height = chain_tip(town_chain(&t, 0))->height;
        for (unsigned i = 0; i < 4; i++)
                wakes[i] = world_wakes(t.w, t.peers[i]);
        world_run(t.w, 10 * MINUTE);
        for (unsigned i = 0; i < 4; i++) {
                ck_assert_uint_eq(chain_tip(town_chain(&t, i))->height, height);
                /* one for the keepalives, one for the tracker's heartbeat, each ten seconds */
                ck_assert_uint_le(world_wakes(t.w, t.peers[i]) - wakes[i], 2 * 60 + 5);
        }
        town_done(&t);
}
END_TEST

TEST_MAIN("peer", four_peers_and_a_tracker_elect_end_to_end, who_comes_late_catches_up,
                who_comes_late_to_a_long_ledger_is_not_let_down_by_loss,
                who_comes_late_asks_for_no_block_twice,
                after_a_partition_the_heavier_chain_wins_and_no_vote_is_lost,
                a_crash_loses_nothing_that_was_committed,
                a_full_disk_stops_connecting_until_there_is_room_again,
                among_eight_that_are_all_linked_a_vote_crosses_each_link_at_most_once,
                the_same_seed_gives_the_same_trace,
                an_idle_network_wakes_for_keepalives_alone_and_grows_no_ledger)
