/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../help.h"
#include "codec/hex.h"
#include "ledger/export.h"
#include "town.h"
#include "voted/limits.h"

#define SECOND USEC_PER_SEC
#define MINUTE (60 * SECOND)

static void town(Town *t, const TownSetup *setup) {
        town_new(t, setup);
        world_set_verbose(t->w, getenv("VERBOSE") != NULL);
}

static const char* state_of(const Town *t, uint64_t request, unsigned *ret_n) {
        const Json *entry;
        const char *state;
        WorldReply reply;

        world_reply(t->w, request, &reply);
        if (ret_n)
                *ret_n = reply.n;
        if (reply.n == 0)
                return "";
        ck_assert_msg(reply.verdict == 0, "%s", reply.text);
        ck_assert_int_eq(json_get_object(reply.json, "entry", &entry, NULL), 0);
        ck_assert_int_eq(json_get_text(entry, "state", 1, 20, &state, NULL), 0);
        return state;
}

START_TEST(a_submission_is_answered_with_its_state_or_the_reason) {
        Entry *vote, *bad;
        uint64_t request;
        WorldReply reply;
        Town t;

        town(&t, &(TownSetup) { .difficulty = 4000 });
        ck_assert(town_elect(&t, 600));

        vote = town_vote(&t, 0, 2, 1);
        request = world_submit(t.w, t.peers[3], vote->line, vote->n_line);
        ck_assert_str_eq(state_of(&t, request, NULL), "");      /* its signature is being checked */
        world_run(t.w, 20 * USEC_PER_MSEC);
        ck_assert_str_eq(state_of(&t, request, NULL), "pool");
        request = world_submit(t.w, t.peers[3], vote->line, vote->n_line);
        ck_assert_str_eq(state_of(&t, request, NULL), "pool");
        ck_assert(town_wait_votes(&t, 1, MINUTE));
        request = world_submit(t.w, t.peers[3], vote->line, vote->n_line);
        ck_assert_str_ne(state_of(&t, request, NULL), "pool");
        world_run(t.w, MINUTE);
        request = world_submit(t.w, t.peers[2], vote->line, vote->n_line);
        ck_assert_str_eq(state_of(&t, request, NULL), "final");

        ck_assert_int_eq(town_cast(&t, 0, 0, 2, 2), V_SEQ);
        ck_assert_int_eq(town_cast(&t, 0, 0, 1, 2), V_SEQ);
        ck_assert_int_eq(town_cast(&t, 0, 5000, 1, 2), V_SIGNER);
        ck_assert_int_eq(town_cast(&t, 0, 1, 1, 9), V_BALLOT);
        ck_assert_int_eq(town_cast(&t, 0, 0, 3, 2), 0);         /* a revote */
        ck_assert_int_eq(town_cast(&t, 0, 0, 3, 1),
                        V_SEQ); /* its rival waits in the pool, or is in the ledger */

        bad = town_vote(&t, 2, 1, 1);
        bad->line[bad->n_line - 1] = ' ';
        ck_assert_int_eq(town_post(&t, 0, bad), V_FORM);
        (void) entry_unref(bad);
        bad = town_vote(&t, 2, 1, 1);
        strstr(bad->line, "\"seq\":1")[6] = '7';
        ck_assert_int_eq(town_post(&t, 0, bad), V_SIGNATURE);
        request = world_submit(t.w, t.peers[0], bad->line, bad->n_line);
        world_run(t.w, SECOND);
        world_reply(t.w, request, &reply);
        ck_assert_int_eq(reply.verdict, V_SIGNATURE);
        ck_assert_uint_gt(strlen(reply.text), 10);
        (void) entry_unref(bad);
        (void) entry_unref(vote);
        town_done(&t);
}
END_TEST

START_TEST(who_waits_for_an_entry_hears_of_every_step_until_it_is_final) {
        uint64_t request, other;
        const Json *entry;
        Entry *vote;
        unsigned n;
        WorldReply reply;
        Town t;
        Id unknown = { .b = { 3 } };

        town(&t, &(TownSetup) { .confirmations = 3, .difficulty = 2000 });
        ck_assert(town_elect(&t, 600));
        vote = town_vote(&t, 0, 1, 1);
        request = world_watch(t.w, t.peers[1], &vote->id);
        ck_assert_str_eq(state_of(&t, request, &n), "unknown");
        ck_assert_uint_eq(n, 1);
        ck_assert_int_eq(town_post(&t, 1, vote), 0);
        other = world_watch(t.w, t.peers[1], &vote->id);
        ck_assert_str_eq(state_of(&t, other, &n), "pool");
        ck_assert(town_wait_votes(&t, 1, MINUTE));
        ck_assert_str_eq(state_of(&t, request, &n), "block");
        world_run(t.w, 2 * MINUTE);
        ck_assert_str_eq(state_of(&t, request, &n), "final");
        ck_assert_uint_ge(n, 4);
        world_reply(t.w, request, &reply);
        ck_assert(!reply.more);
        ck_assert_int_eq(json_get_object(reply.json, "entry", &entry, NULL), 0);
        ck_assert(json_has(entry, "height") && json_has(entry, "confirmations"));
        ck_assert_str_eq(state_of(&t, other, NULL), "final");

        request = world_watch(t.w, t.peers[0], &vote->id);
        ck_assert_str_eq(state_of(&t, request, NULL), "final");
        world_reply(t.w, request, &reply);
        ck_assert(!reply.more);
        request = world_watch(t.w, t.peers[0], &unknown);
        ck_assert_str_eq(state_of(&t, request, NULL), "unknown");
        (void) entry_unref(vote);
        town_done(&t);
}
END_TEST

START_TEST(voters_have_until_the_close_and_peers_until_the_grace_is_over) {
        ElectionInfo info;
        uint64_t height;
        Town t;

        town(&t, NULL);
        world_reload(t.w, t.peers[3],
                        &(WorldPeer) { .trackers = { t.tracker },
                                        .n_trackers = 1,
                                        .clock_off_sec = -20 });
        ck_assert(town_elect(&t, 60));
        ck_assert_int_eq(town_cast(&t, 0, 0, 1, 0), 0);
        world_run(t.w, (t.closes - world_now_sec(t.w)) * SECOND);
        ck_assert_int_eq(town_cast(&t, 0, 1, 1, 0), V_LATE);
        height = chain_tip(town_chain(&t, 0))->height;

        /* Peer 3 has a clock that is 20 s behind: to it the election is open, and the others take
         * it from there. */
        ck_assert_int_eq(town_cast(&t, 3, 1, 1, 0), 0);
        ck_assert(town_wait_votes(&t, 2, MINUTE));
        ck_assert_uint_gt(chain_tip(town_chain(&t, 0))->height, height);
        world_run(t.w, 2 * MINUTE);
        ck_assert_int_eq(town_cast(&t, 3, 2, 1, 0), V_LATE);
        for (unsigned i = 0; i < 4; i++) {
                ck_assert_int_eq(chain_election_by_id(town_chain(&t, i), &t.election->id, &info),
                                0);
                ck_assert_int_ge(info.phase, ELECTION_CLOSED);
                ck_assert_uint_eq(info.ballots, 2);
        }
        town_done(&t);
}
END_TEST

START_TEST(a_vote_before_the_opening_is_early_and_blames_nobody) {
        Town t;

        town(&t, NULL);
        ck_assert(town_elect(&t, 60));
        Entry *e = fixture_election(t.genesis, FIXTURE_ADMIN, "later", &t.roll->id, 1,
                        world_now_sec(t.w) + 1000, world_now_sec(t.w) + 2000, NULL);
        ck_assert_int_eq(town_post(&t, 0, e), 0);
        world_run(t.w, MINUTE);
        Entry *vote = fixture_vote(t.genesis, FIXTURE_VOTER, &e->id, 1, "[[0]]");
        ck_assert_int_eq(town_post(&t, 0, vote), V_EARLY);
        (void) entry_unref(e);
        (void) entry_unref(vote);
        town_done(&t);
}
END_TEST

START_TEST(refused_lines_use_up_their_users_allowance_alone) {
        unsigned busy = 0;
        Town t;

        town(&t, NULL);
        ck_assert(town_elect(&t, 600));
        for (unsigned i = 0; i < 1500; i++) {
                uint64_t request = world_submit(t.w, t.peers[0], "{}", 2);
                WorldReply reply;

                world_reply(t.w, request, &reply);
                ck_assert_int_ne(reply.verdict, 0);
                busy += reply.verdict == V_BUSY;
        }
        ck_assert_uint_ge(busy, 400);
        world_run(t.w, 2 * SECOND);
        ck_assert_int_eq(town_cast(&t, 0, 0, 1, 0), 0);
        town_done(&t);
}
END_TEST

/* All lines of a peer, cut at every so many bytes to whole lines. */
static void import_in_pieces(Town *t, unsigned node, const Buf *text, size_t piece, int expect,
                uint64_t expect_height) {
        size_t at = 0;
        WorldReply reply = {};

        while (at < text->n) {
                size_t n = MIN(piece, text->n - at);
                uint64_t request;

                while (n > 0 && text->p[at + n - 1] != '\n')
                        n--;
                if (n == 0)
                        n = (size_t) ((char *) memchr(text->p + at, '\n', text->n - at) - text->p) -
                                        at + 1;
                request = world_import(t->w, node, text->p + at, n);
                world_run(t->w, 2 * SECOND);
                world_reply(t->w, request, &reply);
                ck_assert_uint_eq(reply.n, 1);
                if (reply.verdict != 0)
                        break;
                at += n;
        }
        if (reply.verdict == 0) {
                uint64_t request = world_import(t->w, node, "", 0);
                int64_t height;

                world_reply(t->w, request, &reply);
                ck_assert_int_eq(reply.verdict, expect);
                if (reply.verdict == 0) {
                        ck_assert_int_eq(json_get_int(reply.json, "height", 0, LINE_INT_MAX,
                                                         &height, NULL),
                                        0);
                        ck_assert_uint_eq((uint64_t) height, expect_height);
                }
        }
        ck_assert_msg(reply.verdict == expect, "%s: %s", verdict_name(reply.verdict), reply.text);
}

START_TEST(an_export_is_imported_in_pieces_of_any_size) {
        static const size_t pieces[] = { 1, 700, 5000, 1 << 20 };
        _cleanup_buf_ Buf text = {};
        uint64_t next, height;
        Town t;

        town(&t, NULL);
        ck_assert(town_elect(&t, 60));
        for (unsigned v = 0; v < 20; v++)
                ck_assert_int_eq(town_cast(&t, v % 4, v, 1, 0), 0);
        world_run(t.w, 5 * MINUTE);
        height = chain_tip(town_chain(&t, 0))->height;
        ck_assert_int_eq(export_genesis(town_chain(&t, 0), &text), 0);
        ck_assert_int_eq(export_blocks(town_chain(&t, 0), 1, height, true, SIZE_MAX, &text, &next),
                        0);

        for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
                unsigned alone = world_add_peer(t.w, &(WorldPeer) {});

                world_start(t.w, alone);
                import_in_pieces(&t, alone, &text, pieces[i], 0, height);
                ck_assert(id_equal(&chain_tip(peer_chain(world_peer(t.w, alone)))->id,
                                &chain_tip(town_chain(&t, 0))->id));
                import_in_pieces(&t, alone, &text, pieces[i], 0,
                                height); /* once more: it is there already */
        }
        town_done(&t);
}
END_TEST

START_TEST(an_import_that_is_wrong_says_where) {
        _cleanup_(genesis_freep) Genesis *other =
                        fixture_genesis(&(FixtureSetup) { .name = "other" });
        _cleanup_buf_ Buf text = {}, second = {};
        uint64_t next, height;
        unsigned alone;
        WorldReply reply;
        uint64_t request;
        char *at;
        Town t;

        town(&t, NULL);
        ck_assert(town_elect(&t, 60));
        world_run(t.w, MINUTE);
        height = chain_tip(town_chain(&t, 0))->height;
        ck_assert_int_eq(export_blocks(town_chain(&t, 0), 1, height, true, SIZE_MAX, &text, &next),
                        0);
        ck_assert_int_eq(
                        export_blocks(town_chain(&t, 0), 2, height, true, SIZE_MAX, &second, &next),
                        0);
        alone = world_add_peer(t.w, &(WorldPeer) {});
        world_start(t.w, alone);

        import_in_pieces(&t, alone, &second, 1 << 20, V_ORPHAN, 0);
        request = world_import(t.w, alone, other->line, other->n_line);
        world_reply(t.w, request, &reply);
        ck_assert_int_eq(reply.verdict, V_NETWORK);
        at = strstr(text.p, "\"kind\":\"roll\"");
        at[9] = 'R';
        import_in_pieces(&t, alone, &text, 1 << 20, V_FORM, 0);
        at[9] = 'r';
        text.n -= 40;           /* the end of a block is missing */
        text.p[text.n - 1] = '\n';
        import_in_pieces(&t, alone, &text, 1 << 20, V_FORM, 0);
        town_done(&t);
}
END_TEST

START_TEST(a_clock_that_is_an_hour_off_is_noticed) {
        _cleanup_json_ Json *o = NULL;
        const char *text;
        Town t;

        town(&t, &(TownSetup) { .n_miners = 2 });
        world_reload(t.w, t.peers[3],
                        &(WorldPeer) { .trackers = { t.tracker },
                                        .n_trackers = 1,
                                        .clock_off_sec = -3600 });
        ck_assert(town_elect(&t, 600));
        for (unsigned v = 0; v < 10; v++) {
                ck_assert_int_eq(town_cast(&t, 0, v, 1, 0), 0);
                world_run(t.w, 10 * SECOND);
        }
        ck_assert_int_eq(peer_status(world_peer(t.w, t.peers[3]), 0, &o), 0);
        ck_assert_int_eq(json_get_text(o, "problem", 1, 500, &text, NULL), 0);
        ck_assert_msg(strstr(text, "59 min") || strstr(text, "1 h"), "%s", text);
        ck_assert_ptr_nonnull(strstr(text, "behind"));
        ck_assert_uint_eq(world_count_log(t.w, t.peers[3], NODE_MSG_CLOCK), 1);
        for (unsigned i = 0; i < 3; i++)
                ck_assert_uint_eq(world_count_log(t.w, t.peers[i], NODE_MSG_CLOCK), 0);
        town_done(&t);
}
END_TEST

START_TEST(a_roll_with_a_key_that_is_none_is_refused_for_it) {
        /* the neutral element, as a voter beside a good one */
        static const char bad[] = "0100000000000000000000000000000000000000000000000000000000000000";
        _cleanup_(entry_unrefp) Entry *roll = NULL;
        char text[512], good[ID_HEX];
        Town t;

        town(&t, NULL);
        ck_assert(town_meet(&t));
        (void) snprintf(text, sizeof(text), "{'name':'odd','part':0,'voters':[['%s',1],['%s',1]]}",
                        key_hex(fixture_key(FIXTURE_VOTER), good), bad);
        roll = fixture_entry(t.genesis, FIXTURE_ADMIN, "roll", fixture_json(text));
        ck_assert_int_eq(town_post(&t, 0, roll), V_KEY);
        world_run(t.w, MINUTE);
        for (unsigned i = 0; i < 4; i++)
                ck_assert_uint_eq(chain_n_rolls(town_chain(&t, i)), 0);
        town_done(&t);
}
END_TEST

START_TEST(revotes_count_the_last_and_are_bounded_while_they_wait) {
        ElectionInfo info;
        StoredVote vote;
        unsigned refused = 0;
        Town t;

        town(&t, &(TownSetup) { .revotes = 5 });
        ck_assert(town_elect(&t, 600));
        for (unsigned seq = 1; seq <= 20; seq++)
                refused += town_cast(&t, 0, 0, seq, seq % 3) == V_LIMIT;
        ck_assert_uint_ge(refused, 1);
        world_run(t.w, MINUTE);
        ck_assert(town_same_height(&t));
        for (unsigned i = 0; i < 4; i++) {
                ck_assert_int_eq(chain_election_by_id(town_chain(&t, i), &t.election->id, &info),
                                0);
                ck_assert_int_eq(chain_voter(town_chain(&t, i), &info, fixture_key(FIXTURE_VOTER),
                                                 NULL, NULL, &vote),
                                0);
                ck_assert_uint_ge(vote.seq, 2);
                ck_assert_uint_eq(pool_count(peer_pool(world_peer(t.w, t.peers[i]))), 0);
        }
        town_done(&t);
}
END_TEST

TEST_MAIN("peer-users", a_submission_is_answered_with_its_state_or_the_reason,
                who_waits_for_an_entry_hears_of_every_step_until_it_is_final,
                voters_have_until_the_close_and_peers_until_the_grace_is_over,
                a_vote_before_the_opening_is_early_and_blames_nobody,
                refused_lines_use_up_their_users_allowance_alone,
                an_export_is_imported_in_pieces_of_any_size, an_import_that_is_wrong_says_where,
                a_clock_that_is_an_hour_off_is_noticed,
                a_roll_with_a_key_that_is_none_is_refused_for_it,
                revotes_count_the_last_and_are_bounded_while_they_wait)
