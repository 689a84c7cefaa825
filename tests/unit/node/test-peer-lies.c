/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../help.h"
#include "puppet.h"

#define SECOND USEC_PER_SEC
#define MINUTE (60 * SECOND)

START_TEST(a_line_that_is_none_is_a_fault_and_three_more_are_a_ban) {
        _cleanup_message_ Message m = {};
        _cleanup_(puppet_freep) Puppet *p = NULL;
        Town t;

        puppet_begin(&t, &p);
        ck_assert_int_eq(penalty_of(&t, p), 0);
        for (unsigned i = 0; i < 4; i++) {
                ck_assert(!world_banned(t.w, t.peers[0], p->node));
                puppet_message(p,
                                &(Message) { .type = MESSAGE_NEW_VOTE,
                                                .lines = "{\"no\":\"vote\"}",
                                                .n_lines_bytes = 13 });
                world_run(t.w, SECOND);
        }
        ck_assert(puppet_got(p, MESSAGE_ERROR, &m));
        ck_assert_int_eq(m.error.verdict, V_FORM);
        ck_assert(world_banned(t.w, t.peers[0], p->node));
        ck_assert_uint_eq(p->link, 0);
        puppet_dial(p, 0);
        ck_assert_uint_eq(p->link, 0);
        ck_assert(!world_banned(t.w, t.peers[1], p->node));
        assert_goes_on(&t, 0);

        /* Only for a time. */
        world_run(t.w, (BAN_SEC + 1) * SECOND);
        puppet_dial(p, 0);
        ck_assert_uint_ne(p->link, 0);
        town_done(&t);
}
END_TEST

START_TEST(a_signature_that_does_not_verify_is_a_fault) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_(entry_unrefp) Entry *vote = NULL;
        char *at;
        Town t;

        puppet_begin(&t, &p);
        vote = town_vote(&t, 0, 1, 1);
        at = strstr(vote->line, "\"seq\":1");
        ck_assert_ptr_nonnull(at);
        at[6] = '2';
        puppet_message(p,
                        &(Message) { .type = MESSAGE_NEW_VOTE,
                                        .lines = vote->line,
                                        .n_lines_bytes = vote->n_line });
        world_run(t.w, SECOND);
        ck_assert_int_eq(penalty_of(&t, p), 50);
        ck_assert_uint_eq(pool_count(peer_pool(world_peer(t.w, t.peers[0]))), 0);
        assert_goes_on(&t, 0);
        town_done(&t);
}
END_TEST

START_TEST(what_depends_on_state_or_clocks_is_no_fault) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        Entry *e;
        Town t;
        Id unknown = { .b = { 7 } };

        puppet_begin(&t, &p);
        /* an unknown election, an unknown voter, a vote twice, an old seq, an election in the past
         */
        e = fixture_vote(t.genesis, FIXTURE_VOTER, &unknown, 1, "[[0]]");
        puppet_message(p,
                        &(Message) { .type = MESSAGE_NEW_VOTE,
                                        .lines = e->line,
                                        .n_lines_bytes = e->n_line });
        (void) entry_unref(e);
        e = town_vote(&t, 5000, 1, 1);
        puppet_message(p,
                        &(Message) { .type = MESSAGE_NEW_VOTE,
                                        .lines = e->line,
                                        .n_lines_bytes = e->n_line });
        (void) entry_unref(e);
        e = town_vote(&t, 1, 5, 1);
        for (unsigned i = 0; i < 3; i++) {
                puppet_message(p,
                                &(Message) { .type = MESSAGE_NEW_VOTE,
                                                .lines = e->line,
                                                .n_lines_bytes = e->n_line });
                world_run(t.w, SECOND);
        }
        (void) entry_unref(e);
        ck_assert(town_wait_votes(&t, 1, 2 * MINUTE));
        e = town_vote(&t, 1, 4, 1);
        puppet_message(p,
                        &(Message) { .type = MESSAGE_NEW_VOTE,
                                        .lines = e->line,
                                        .n_lines_bytes = e->n_line });
        (void) entry_unref(e);
        e = fixture_election(t.genesis, FIXTURE_ADMIN, "past", &t.roll->id, 1, 2000, 2001, NULL);
        puppet_message(p,
                        &(Message) { .type = MESSAGE_NEW_VOTE,
                                        .lines = e->line,
                                        .n_lines_bytes = e->n_line });
        (void) entry_unref(e);
        world_run(t.w, SECOND);
        ck_assert_int_eq(penalty_of(&t, p), 0);
        assert_goes_on(&t, 2);
        town_done(&t);
}
END_TEST

START_TEST(a_block_without_the_work_is_a_fault) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_(block_freep) Block *b = NULL;
        uint64_t height;
        char *nonce;
        Town t;

        puppet_begin(&t, &p);
        height = chain_tip(town_chain(&t, 0))->height;
        b = puppet_block(p, NULL, 0, world_now_sec(t.w));
        nonce = strstr(b->seal_line, "\"nonce\":\"");
        /* within the line: NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
        memcpy(nonce + 9, "0000000000000001", 16);
        puppet_announce(p, b);
        world_run(t.w, SECOND);
        ck_assert_int_eq(penalty_of(&t, p), 50);
        ck_assert_uint_eq(chain_tip(town_chain(&t, 0))->height, height);
        assert_goes_on(&t, 0);
        town_done(&t);
}
END_TEST

/* What is beside the tip goes after a minute, but its header. It comes again with a seal that is not looked at any more. */
START_TEST(a_known_block_keeps_the_seal_that_was_checked) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_(block_freep) Block *tip = NULL, *beside = NULL, *child = NULL;
        _cleanup_free_ char *seal = NULL;
        StoredBlock stored = {};
        Store *s;
        Town t;

        puppet_begin(&t, &p);
        world_run(t.w, 20 * SECOND);            /* so that a second more or less makes no other difficulty */
        s = world_store(t.w, t.peers[0]);
        tip = puppet_block(p, NULL, 0, world_now_sec(t.w));
        beside = puppet_block(p, NULL, 0, world_now_sec(t.w) - 1);
        puppet_announce(p, tip);
        puppet_announce(p, beside);
        world_run(t.w, 70 * SECOND);
        ck_assert(id_equal(&chain_tip(town_chain(&t, 0))->id, &tip->header.id));

        seal = strdup(beside->seal_line);
        char *signature = strstr(beside->seal_line, "\"signature\":\"");
        ck_assert_ptr_nonnull(signature);
        signature[13] = signature[13] == 'A' ? 'B' : 'A';
        puppet_announce(p, beside);
        world_run(t.w, SECOND);

        child = puppet_block_on(p, &beside->header.id, beside->header.height + 1, NULL, 0, world_now_sec(t.w));
        puppet_announce(p, child);
        world_run(t.w, SECOND);
        ck_assert(on_chain(&t, child));
        ck_assert_int_eq(s->ops->block_get(s, beside->header.height, &stored), 0);
        ck_assert_uint_eq(stored.n_seal, strlen(seal));
        ck_assert_mem_eq(stored.seal, seal, stored.n_seal);
        stored_block_done(&stored);
        ck_assert_int_eq(penalty_of(&t, p), 0);
        assert_goes_on(&t, 0);
        town_done(&t);
}
END_TEST

START_TEST(a_block_that_breaks_a_rule_is_refused_and_its_sender_blamed) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_(block_freep) Block *b = NULL;
        _cleanup_(entry_unrefp) Entry *good = NULL, *bad = NULL;
        Town t;

        puppet_begin(&t, &p);
        good = town_vote(&t, 0, 1, 1);
        bad = town_vote(&t, 5000, 1, 1);
        b = puppet_block(p, (Entry *[]) { good, bad }, 2, world_now_sec(t.w));
        puppet_announce(p, b);
        world_run(t.w, 500 * USEC_PER_MSEC);

        /* It asks for the bodies, gets them, and sees. */
        _cleanup_message_ Message ask = {};
        _cleanup_buf_ Buf lines = {};
        ck_assert(puppet_got(p, MESSAGE_GET_VOTES, &ask));
        ck_assert_uint_eq(ask.ids.n_ids, 2);
        buf_add(&lines, good->line, good->n_line);
        buf_add_char(&lines, '\n');
        buf_add(&lines, bad->line, bad->n_line);
        puppet_message(p,
                        &(Message) { .type = MESSAGE_VOTES_RESPONSE,
                                        .has_id = true,
                                        .id = ask.id,
                                        .lines = lines.p,
                                        .n_lines_bytes = lines.n });
        world_run(t.w, 500 * USEC_PER_MSEC);
        ck_assert_int_eq(penalty_of(&t, p), 50);
        ck_assert(!on_chain(&t, b));

        /* The good vote among them is not lost: it is voted in the usual way. */
        ck_assert(town_wait_votes(&t, 1, 2 * MINUTE));
        assert_goes_on(&t, 2);

        /* Again the same block: known for what it is, at once. */
        puppet_announce(p, b);
        world_run(t.w, SECOND);
        ck_assert(world_banned(t.w, t.peers[0], p->node));
        town_done(&t);
}
END_TEST

START_TEST(a_good_block_of_a_stranger_is_taken_and_passed_on) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_(block_freep) Block *b = NULL;
        _cleanup_(entry_unrefp) Entry *vote = NULL;
        Town t;

        puppet_begin(&t, &p);
        vote = town_vote(&t, 0, 1, 1);
        b = puppet_block(p, &vote, 1, world_now_sec(t.w));
        puppet_announce(p, b);
        world_run(t.w, 500 * USEC_PER_MSEC);
        _cleanup_message_ Message ask = {};
        ck_assert(puppet_got(p, MESSAGE_GET_VOTES, &ask));
        puppet_message(p,
                        &(Message) { .type = MESSAGE_VOTES_RESPONSE,
                                        .has_id = true,
                                        .id = ask.id,
                                        .lines = vote->line,
                                        .n_lines_bytes = vote->n_line });
        ck_assert(town_wait_votes(&t, 1, SECOND));
        for (unsigned i = 0; i < 3; i++)
                ck_assert(id_equal(&chain_tip(town_chain(&t, i))->id, &b->header.id));
        ck_assert_int_eq(penalty_of(&t, p), 0);
        town_done(&t);
}
END_TEST

START_TEST(ids_that_lead_nowhere_are_asked_of_others) {
        _cleanup_(puppet_freep) Puppet *p = NULL, *q = NULL;
        _cleanup_(entry_unrefp) Entry *vote = NULL;
        Town t;

        puppet_begin(&t, &p);
        q = puppet_new(&t, 7001);
        puppet_dial(q, 0);
        vote = town_vote(&t, 0, 1, 1);
        puppet_message(p,
                        &(Message) { .type = MESSAGE_NEW_VOTE_IDS,
                                        .ids = { .ids = &vote->id, .n_ids = 1 } });
        puppet_message(q,
                        &(Message) { .type = MESSAGE_NEW_VOTE_IDS,
                                        .ids = { .ids = &vote->id, .n_ids = 1 } });
        world_run(t.w, SECOND);
        ck_assert_uint_eq(puppet_count(p, MESSAGE_GET_VOTES) + puppet_count(q, MESSAGE_GET_VOTES),
                        1);

        /* Whoever was asked first says nothing; the other is asked then, and answers. */
        Puppet *second = puppet_count(p, MESSAGE_GET_VOTES) ? q : p;
        world_run(t.w, 6 * SECOND);
        _cleanup_message_ Message ask = {};
        ck_assert(puppet_got(second, MESSAGE_GET_VOTES, &ask));
        puppet_message(second,
                        &(Message) { .type = MESSAGE_VOTES_RESPONSE,
                                        .has_id = true,
                                        .id = ask.id,
                                        .lines = vote->line,
                                        .n_lines_bytes = vote->n_line });
        ck_assert(town_wait_votes(&t, 1, 2 * MINUTE));
        town_done(&t);
}
END_TEST

START_TEST(a_flood_of_messages_is_a_ban) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        Town t;

        puppet_begin(&t, &p);
        for (unsigned i = 0; i < 20000 && !world_banned(t.w, t.peers[0], p->node); i++) {
                if (p->link != 0)
                        puppet_message(p,
                                        &(Message) { .type = MESSAGE_NEW_VOTE_IDS,
                                                        .ids = { .ids = &(Id) { .b = { 1 } },
                                                                        .n_ids = 1 } });
                if (i % 1000 == 0)
                        world_run(t.w, 100 * USEC_PER_MSEC);
        }
        world_run(t.w, SECOND);
        ck_assert(world_banned(t.w, t.peers[0], p->node));
        assert_goes_on(&t, 0);
        town_done(&t);
}
END_TEST

START_TEST(announced_ids_cost_a_bounded_amount_of_memory) {
        static Id ids[ANNOUNCE_IDS_MAX];
        _cleanup_(puppet_freep) Puppet *p = NULL;
        Town t;

        puppet_begin(&t, &p);
        for (unsigned k = 0; k < 40; k++) {
                for (unsigned i = 0; i < ANNOUNCE_IDS_MAX; i++) {
                        memcpy(ids[i].b, &i, sizeof(i));
                        memcpy(ids[i].b + 4, &k, sizeof(k));
                }
                puppet_message(p,
                                &(Message) { .type = MESSAGE_NEW_VOTE_IDS,
                                                .ids = { .ids = ids, .n_ids = ANNOUNCE_IDS_MAX } });
        }
        world_run(t.w, SECOND);
        ck_assert_uint_le(puppet_count(p, MESSAGE_GET_VOTES), 1);
        world_run(t.w, 2 * MINUTE);
        ck_assert_uint_le(puppet_count(p, MESSAGE_GET_VOTES), 12);
        assert_goes_on(&t, 0);
        town_done(&t);
}
END_TEST

START_TEST(useless_lines_are_slowed_down_not_punished) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_(entry_unrefp) Entry *vote = NULL;
        _cleanup_buf_ Buf lines = {};
        Town t;

        puppet_begin(&t, &p);
        vote = town_vote(&t, 0, 1, 1);
        for (unsigned i = 0; i < 5000; i++) {
                if (i > 0)
                        buf_add_char(&lines, '\n');
                buf_add(&lines, vote->line, vote->n_line);
        }
        for (unsigned i = 0; i < 10; i++)
                puppet_message(p,
                                &(Message) { .type = MESSAGE_NEW_VOTE,
                                                .lines = lines.p,
                                                .n_lines_bytes = lines.n });
        world_run(t.w, SECOND);
        ck_assert_int_eq(penalty_of(&t, p), 0);
        ck_assert(world_is_paused(t.w, t.peers[0], p->node));
        assert_goes_on(&t, 1);
        town_done(&t);
}
END_TEST

START_TEST(claimed_heights_are_hints) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        Town t;

        town_new(&t, &(TownSetup) { .n_peers = 3, .n_miners = 1 });
        ck_assert(town_elect(&t, 900));
        p = puppet_new(&t, 7000);
        p->height = 1000000;
        p->tip = (Id) { .b = { 9 } };
        puppet_dial(p, 0);
        world_run(t.w, 30 * SECOND);
        ck_assert_uint_ge(puppet_count(p, MESSAGE_GET_BLOCKS), 1);
        ck_assert_uint_le(puppet_count(p, MESSAGE_GET_BLOCKS), 3);
        ck_assert_int_eq(penalty_of(&t, p), 0);
        assert_goes_on(&t, 0);
        assert_goes_on(&t, 1);
        town_done(&t);
}
END_TEST

START_TEST(liars_that_claim_the_most_work_keep_nobody_from_catching_up) {
        Puppet *liars[4];
        Town t;

        town_new(&t, &(TownSetup) { .n_peers = 4, .n_miners = 2, .late = true });
        world_set_verbose(t.w, getenv("VERBOSE") != NULL);
        ck_assert(town_elect(&t, 900));
        for (unsigned v = 0; v < 20; v++)
                ck_assert_int_eq(town_cast(&t, 0, v, 1, 0), 0);
        ck_assert(town_wait_votes(&t, 20, 2 * MINUTE));

        world_start(t.w, t.peers[3]);
        for (unsigned i = 0; i < 4; i++) {
                liars[i] = puppet_new(&t, (uint16_t) (7000 + i));
                liars[i]->height = 1000000 + i;
                liars[i]->work = "340282366920938463463374607431768211455";
                liars[i]->tip = (Id) { .b = { 9, (uint8_t) i } };
                world_dial(t.w, liars[i]->node, t.peers[3], 1);
        }
        ck_assert(town_wait_votes(&t, 20, 30 * SECOND));
        ck_assert(town_wait_same_tip(&t, 30 * SECOND));

        /* Whoever delivered is believed first from now on. */
        world_partition(t.w, UINT64_C(1) << t.peers[3], true);
        for (unsigned v = 0; v < 20; v++)
                ck_assert_int_eq(town_cast(&t, 0, v, 2, 0), 0);
        world_run(t.w, MINUTE);
        world_partition(t.w, UINT64_C(1) << t.peers[3], false);
        for (unsigned i = 0; i < 4; i++)
                if (liars[i]->link == 0)
                        world_dial(t.w, liars[i]->node, t.peers[3], 1);
        ck_assert(town_wait_same_tip(&t, 90 * SECOND));
        for (unsigned i = 0; i < 4; i++)
                liars[i] = puppet_free(liars[i]);
        town_done(&t);
}
END_TEST

START_TEST(a_range_of_other_blocks_than_was_asked_for_is_a_fault) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_message_ Message ask = {};
        Town t;

        town_new(&t, &(TownSetup) { .n_peers = 3, .n_miners = 1 });
        ck_assert(town_elect(&t, 900));
        p = puppet_new(&t, 7000);
        p->height = 1000000;
        p->tip = (Id) { .b = { 9 } };
        puppet_dial(p, 0);
        world_run(t.w, SECOND);
        ck_assert(puppet_got(p, MESSAGE_GET_BLOCKS, &ask));
        puppet_message(p,
                        &(Message) { .type = MESSAGE_BLOCKS_RESPONSE,
                                        .has_id = true,
                                        .id = ask.id,
                                        .lines = "{\"kind\":\"block\"}",
                                        .n_lines_bytes = 16 });
        world_run(t.w, SECOND);
        ck_assert_int_gt(penalty_of(&t, p), 0);
        assert_goes_on(&t, 0);
        town_done(&t);
}
END_TEST

TEST_MAIN("peer-lies", a_line_that_is_none_is_a_fault_and_three_more_are_a_ban,
                a_signature_that_does_not_verify_is_a_fault,
                what_depends_on_state_or_clocks_is_no_fault,
                a_block_without_the_work_is_a_fault,
                a_known_block_keeps_the_seal_that_was_checked,
                a_block_that_breaks_a_rule_is_refused_and_its_sender_blamed,
                a_good_block_of_a_stranger_is_taken_and_passed_on,
                ids_that_lead_nowhere_are_asked_of_others,
                a_flood_of_messages_is_a_ban,
                announced_ids_cost_a_bounded_amount_of_memory,
                useless_lines_are_slowed_down_not_punished,
                claimed_heights_are_hints,
                liars_that_claim_the_most_work_keep_nobody_from_catching_up,
                a_range_of_other_blocks_than_was_asked_for_is_a_fault)
