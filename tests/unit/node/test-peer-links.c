/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../help.h"
#include "puppet.h"

#define SECOND USEC_PER_SEC
#define MINUTE (60 * SECOND)

static void town(Town *t, const TownSetup *setup) {
        town_new(t, setup);
        world_set_verbose(t->w, getenv("VERBOSE") != NULL);
}

static size_t n_links(const Town *t, unsigned i) {
        _cleanup_json_ Json *links = NULL;

        ck_assert_int_eq(peer_links(world_peer(t->w, t->peers[i]), &links), 0);
        return json_len(links);
}

static const char* tracker_state(const Town *t, unsigned i, unsigned tracker, Json **o) {
        const Json *trackers;
        const char *state;

        (void) json_free(*o);
        *o = NULL;
        ck_assert_int_eq(peer_status(world_peer(t->w, t->peers[i]), world_now(t->w), o), 0);
        ck_assert_int_eq(json_get_array(*o, "trackers", 1, 8, &trackers, NULL), 0);
        ck_assert_int_eq(json_get_text(json_at(trackers, tracker), "state", 1, 100, &state, NULL),
                        0);
        return state;
}

START_TEST(two_who_dial_each_other_keep_one_link) {
        Town t;

        town(&t, &(TownSetup) { .n_peers = 8 });
        ck_assert(town_meet(&t));
        world_run(t.w, 5 * MINUTE);
        for (unsigned i = 0; i < 8; i++)
                ck_assert_uint_eq(n_links(&t, i), 7);
        town_done(&t);
}
END_TEST

START_TEST(a_peer_of_another_network_is_told_so_and_not_dialled_again_soon) {
        _cleanup_(genesis_freep) Genesis *other =
                        fixture_genesis(&(FixtureSetup) { .name = "other" });
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_message_ Message m = {};
        unsigned stranger;
        uint64_t bytes;
        Town t;

        town(&t, &(TownSetup) { .n_peers = 2 });
        ck_assert(town_meet(&t));
        stranger = world_add_peer(t.w,
                        &(WorldPeer) { .genesis = other, .fixed = { t.peers[0] }, .n_fixed = 1 });
        world_start(t.w, stranger);
        world_run(t.w, 10 * SECOND);
        ck_assert_uint_eq(n_links(&t, 0), 1);
        ck_assert_uint_ge(world_count_log(t.w, stranger, NODE_MSG_NONE), 1);
        bytes = world_sent_bytes(t.w, stranger, t.peers[0]);
        world_run(t.w, MINUTE);
        ck_assert_uint_eq(world_sent_bytes(t.w, stranger, t.peers[0]), bytes);

        p = puppet_new(&t, 7000);
        p->genesis = other;
        puppet_dial(p, 0);
        ck_assert(puppet_got(p, MESSAGE_ERROR, &m));
        ck_assert_int_eq(m.error.verdict, V_NETWORK);
        ck_assert_ptr_nonnull(strstr(m.error.text, id_hex(&t.genesis->network, (char[ID_HEX]) {})));
        ck_assert_uint_eq(p->link, 0);
        ck_assert(!world_banned(t.w, t.peers[0], p->node));
        town_done(&t);
}
END_TEST

START_TEST(another_version_is_told_so) {
        static const char hello[] =
                        "{\"agent\":\"x\",\"height\":0,\"network\":"
                        "\"0000000000000000000000000000000000000000000000000000000000000000\","
                        "\"port\":1,\"tip\":"
                        "\"0000000000000000000000000000000000000000000000000000000000000000\","
                        "\"type\":\"hello\",\"version\":99}";
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_message_ Message m = {};
        Town t;

        town(&t, &(TownSetup) { .n_peers = 2 });
        p = puppet_new(&t, 7000);
        p->silent = true;
        puppet_dial(p, 0);
        world_send(t.w, p->node, p->link, hello, strlen(hello));
        world_run(t.w, SECOND);
        ck_assert(puppet_got(p, MESSAGE_ERROR, &m));
        ck_assert_int_eq(m.error.verdict, V_VERSION);
        ck_assert_uint_eq(p->link, 0);
        town_done(&t);
}
END_TEST

START_TEST(who_says_no_hello_is_closed_and_who_speaks_first_of_something_else_too) {
        _cleanup_(puppet_freep) Puppet *p = NULL, *q = NULL;
        Town t;

        town(&t, &(TownSetup) { .n_peers = 2 });
        p = puppet_new(&t, 7000);
        p->silent = true;
        puppet_dial(p, 0);
        world_run(t.w, 8 * SECOND);
        ck_assert_uint_ne(p->link, 0);
        world_run(t.w, 3 * SECOND);
        ck_assert_uint_eq(p->link, 0);

        q = puppet_new(&t, 7000);
        q->silent = true;
        puppet_dial(q, 0);
        puppet_message(q, &(Message) { .type = MESSAGE_GET_CHAIN_INFO, .has_id = true, .id = 1 });
        world_run(t.w, SECOND);
        ck_assert_uint_eq(q->link, 0);
        town_done(&t);
}
END_TEST

START_TEST(silence_of_half_a_minute_ends_a_link) {
        Town t;

        town(&t, &(TownSetup) { .n_peers = 2 });
        ck_assert(town_meet(&t));
        world_cut(t.w, t.peers[0], t.peers[1], true);
        world_cut(t.w, t.peers[1], t.peers[0], true);
        world_run(t.w, 25 * SECOND);
        ck_assert_uint_eq(n_links(&t, 0), 1);
        world_run(t.w, 20 * SECOND);
        ck_assert_uint_eq(n_links(&t, 0), 0);
        ck_assert_uint_eq(n_links(&t, 1), 0);
        world_cut(t.w, t.peers[0], t.peers[1], false);
        world_cut(t.w, t.peers[1], t.peers[0], false);
        world_run(t.w, 2 * MINUTE);
        ck_assert_uint_eq(n_links(&t, 0), 1);
        town_done(&t);
}
END_TEST

/* The others still have their links with it, and do not know that they are dead. */
START_TEST(who_lost_power_and_is_back_is_linked_again_at_once) {
        uint64_t bytes[3];
        Town t;

        town(&t, &(TownSetup) { .n_peers = 3 });
        for (unsigned who = 0; who < 3; who++) {
                ck_assert(town_meet(&t));
                world_run(t.w, MINUTE);
                world_partition(t.w, UINT64_C(1) << t.peers[who], true);
                world_crash(t.w, t.peers[who]);
                world_partition(t.w, UINT64_C(1) << t.peers[who], false);
                for (unsigned i = 0; i < 3; i++)
                        bytes[i] = world_sent_bytes(t.w, t.peers[who], t.peers[i]);
                world_start(t.w, t.peers[who]);
                world_run(t.w, 10 * SECOND);
                for (unsigned i = 0; i < 3; i++) {
                        ck_assert_uint_eq(n_links(&t, i), 2);
                        ck_assert_uint_le(world_sent_bytes(t.w, t.peers[who], t.peers[i]) -
                                                        bytes[i],
                                        5000);
                }
        }
        town_done(&t);
}
END_TEST

START_TEST(a_peer_that_dials_itself_notices) {
        unsigned self;
        uint64_t bytes;
        Town t;

        town(&t, &(TownSetup) { .n_peers = 2 });
        self = t.peers[0];
        world_reload(t.w, self,
                        &(WorldPeer) { .trackers = { t.tracker },
                                        .n_trackers = 1,
                                        .fixed = { self },
                                        .n_fixed = 1 });
        world_run(t.w, MINUTE);
        ck_assert_uint_eq(n_links(&t, 0), 1);
        bytes = world_sent_bytes(t.w, self, self);
        world_run(t.w, 5 * MINUTE);
        ck_assert_uint_eq(world_sent_bytes(t.w, self, self), bytes);
        town_done(&t);
}
END_TEST

START_TEST(peers_live_on_without_their_tracker_and_register_again_when_it_is_back) {
        _cleanup_json_ Json *o = NULL;
        Town t;

        town(&t, &(TownSetup) { .n_peers = 4, .late = true });
        world_run(t.w, 10 * SECOND);
        ck_assert_str_eq(tracker_state(&t, 0, 0, &o), "registered");
        ck_assert_uint_eq(n_links(&t, 0), 2);

        world_crash(t.w, t.tracker);
        world_run(t.w, MINUTE);
        ck_assert_str_eq(tracker_state(&t, 0, 0, &o), "waiting");
        ck_assert_uint_eq(world_count_log(t.w, t.peers[0], NODE_MSG_TRACKER_LOST), 1);
        ck_assert_uint_eq(n_links(&t, 0), 2);
        ck_assert(town_elect(&t, 600));

        /* Whoever comes now finds nobody, until the tracker is back. */
        world_start(t.w, t.peers[3]);
        world_run(t.w, MINUTE);
        ck_assert_uint_eq(n_links(&t, 3), 0);
        world_start(t.w, t.tracker);
        world_run(t.w, MINUTE);
        ck_assert_str_eq(tracker_state(&t, 0, 0, &o), "registered");
        ck_assert_uint_eq(world_count_log(t.w, t.peers[0], NODE_MSG_TRACKER_BACK), 1);
        ck_assert_uint_eq(n_links(&t, 3), 3);
        ck_assert(town_same_height(&t));
        town_done(&t);
}
END_TEST

START_TEST(peers_are_remembered_across_a_restart) {
        _cleanup_json_ Json *o = NULL;
        Town t;

        town(&t, &(TownSetup) { .n_peers = 3 });
        ck_assert(town_meet(&t));
        world_crash(t.w, t.tracker);
        world_stop(t.w, t.peers[2]);
        world_run(t.w, MINUTE);
        world_start(t.w, t.peers[2]);
        world_run(t.w, MINUTE);
        ck_assert_uint_eq(n_links(&t, 2), 2);

        /* After a crash too: they are written down now and then. */
        world_run(t.w, 2 * MINUTE);
        world_crash(t.w, t.peers[1]);
        world_run(t.w, MINUTE);
        world_start(t.w, t.peers[1]);
        world_run(t.w, MINUTE);
        ck_assert_uint_eq(n_links(&t, 1), 2);
        ck_assert_str_eq(tracker_state(&t, 1, 0, &o), "waiting");
        town_done(&t);
}
END_TEST

START_TEST(with_two_trackers_one_may_be_a_peer_by_mistake) {
        _cleanup_json_ Json *o = NULL;
        const Json *trackers;
        const char *text;
        Town t;

        town(&t, &(TownSetup) { .n_peers = 2 });
        world_reload(t.w, t.peers[0],
                        &(WorldPeer) { .trackers = { t.peers[1], t.tracker }, .n_trackers = 2 });
        world_run(t.w, 10 * SECOND);
        ck_assert_str_eq(tracker_state(&t, 0, 0, &o), "refused");
        ck_assert_int_eq(json_get_array(o, "trackers", 1, 8, &trackers, NULL), 0);
        ck_assert_int_eq(json_get_text(json_at(trackers, 0), "text", 1, 500, &text, NULL), 0);
        ck_assert_msg(strstr(text, "not a tracker"), "%s", text);
        ck_assert_str_eq(tracker_state(&t, 0, 1, &o), "registered");
        ck_assert_uint_eq(n_links(&t, 0), 1);
        town_done(&t);
}
END_TEST

START_TEST(inbound_links_are_limited_and_outbound_slots_are_not_theirs) {
        Puppet *crowd[20];
        unsigned accepted = 0;
        Town t;

        town(&t, &(TownSetup) { .n_peers = 3, .late = true });
        world_reload(t.w, t.peers[0],
                        &(WorldPeer) { .trackers = { t.tracker },
                                        .n_trackers = 1,
                                        .inbound_max = 10,
                                        .outbound_max = 4 });
        for (unsigned i = 0; i < 20; i++) {
                crowd[i] = puppet_new(&t, (uint16_t) (7000 + i));
                puppet_dial(crowd[i], 0);
        }
        for (unsigned i = 0; i < 20; i++)
                accepted += crowd[i]->link != 0;
        ck_assert_uint_le(accepted, 10);
        ck_assert_uint_ge(accepted, 9);

        /* It still goes where it wants to. */
        world_start(t.w, t.peers[2]);
        world_run(t.w, MINUTE);
        ck_assert_uint_ge(n_links(&t, 2), 2);
        for (unsigned i = 0; i < 20; i++)
                crowd[i] = puppet_free(crowd[i]);
        town_done(&t);
}
END_TEST

/* Node 0 is the tracker, the nodes from 1 on are the authorities, then the others. */
static Genesis* of_authorities(unsigned n) {
        _cleanup_(world_freep) World *keys = world_new(&(WorldSetup) {});
        _cleanup_json_ Json *engine = json_new_object();
        _cleanup_buf_ Buf line = {};
        Json *authorities = json_new_array();
        Genesis *g = NULL;
        Why why;

        (void) world_add_tracker(keys);
        for (unsigned i = 0; i < n; i++)
                json_add_key(authorities, world_key(keys, world_add_peer(keys, &(WorldPeer) {})));
        json_set_text(engine, "type", "quorum");
        json_set(engine, "authorities", authorities);
        json_set_int(engine, "delta_ms", 1000);
        ck_assert_int_eq(genesis_format(&line, "test", FIXTURE_CREATED, 1, fixture_key(FIXTURE_ADMIN), 1, engine,
                                         &(Limits) { .grace = 60 }, &why), 0);
        ck_assert_int_eq(genesis_parse(&g, line.p, line.n, &why), 0);
        return g;
}

START_TEST(authorities_are_linked_with_each_other_whatever_the_limits_are) {
        enum { n = 7, n_all = 12 };
        Town t = { .genesis = of_authorities(n), .setup.n_peers = n_all };

        t.w = world_new(&(WorldSetup) { .genesis = t.genesis, .start_sec = FIXTURE_CREATED + 1000 });
        world_start(t.w, t.tracker = world_add_tracker(t.w));
        for (unsigned i = 0; i < n_all; i++)
                t.peers[i] = world_add_peer(t.w, &(WorldPeer) { .trackers = { t.tracker }, .n_trackers = 1, .outbound_max = 2,
                                                                .inbound_max = 2 });
        for (unsigned i = n_all; i > 0; i--)    /* the others come first, and take what room there is */
                world_start(t.w, t.peers[i - 1]);
        world_run(t.w, 5 * MINUTE);
        for (unsigned i = 0, found; i < n; i++) {
                _cleanup_json_ Json *links = NULL;

                ck_assert_int_eq(peer_links(world_peer(t.w, t.peers[i]), &links), 0);
                for (size_t k = found = 0; k < json_len(links) * n; k++) {
                        Key key;

                        ck_assert_int_eq(json_get_key(json_at(links, k / n), "key", &key, NULL), 0);
                        found += key_equal(&key, world_key(t.w, t.peers[k % n]));
                }
                ck_assert_msg(found == n - 1, "authority %u is linked with %u of the others", i, found);
        }
        town_done(&t);
}
END_TEST

START_TEST(a_client_is_served_and_told_nothing_unasked) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        _cleanup_(entry_unrefp) Entry *vote = NULL, *late = NULL;
        Town t;

        town(&t, NULL);
        ck_assert(town_elect(&t, 600));
        p = puppet_new(&t, 0);
        puppet_dial(p, 0);
        ck_assert_uint_ne(p->link, 0);

        /* It hands in a vote, which reaches everybody. */
        vote = town_vote(&t, 1, 1, 1);
        puppet_message(p,
                        &(Message) { .type = MESSAGE_NEW_VOTE,
                                        .lines = vote->line,
                                        .n_lines_bytes = vote->n_line });
        ck_assert(town_wait_votes(&t, 1, MINUTE));
        for (unsigned v = 2; v < 8; v++)
                ck_assert_int_eq(town_cast(&t, 1, v, 1, 0), 0);
        world_run(t.w, MINUTE);
        ck_assert_uint_eq(puppet_count(p, MESSAGE_NEW_VOTE) +
                                        puppet_count(p, MESSAGE_NEW_VOTE_IDS) +
                                        puppet_count(p, MESSAGE_NEW_BLOCK) +
                                        puppet_count(p, MESSAGE_NEW_BLOCK_IDS),
                        0);

        /* A line that is refused is answered: a person waits. */
        late = town_vote(&t, 1, 1, 2);
        puppet_message(p,
                        &(Message) { .type = MESSAGE_NEW_VOTE,
                                        .lines = late->line,
                                        .n_lines_bytes = late->n_line });
        world_run(t.w, SECOND);
        {
                _cleanup_message_ Message m = {};

                ck_assert(puppet_got(p, MESSAGE_ERROR, &m));
                ck_assert_int_eq(m.error.verdict, V_SEQ);
        }
        {
                _cleanup_message_ Message m = {};

                puppet_ask(p,
                                &(Message) { .type = MESSAGE_GET_ELECTIONS,
                                                .get_elections = { .max = 10 } },
                                &m);
                ck_assert_int_eq(m.type, MESSAGE_ELECTIONS);
                ck_assert_uint_eq(m.elections.n_items, 1);
                ck_assert_str_eq(m.elections.items[0].name, "board");
                ck_assert_str_eq(m.elections.items[0].state, "open");
        }
        {
                _cleanup_message_ Message m = {};

                puppet_ask(p,
                                &(Message) { .type = MESSAGE_GET_RECEIPT_VOTE,
                                                .vote = { .election = t.election->id,
                                                                .voter = *fixture_key(
                                                                                FIXTURE_VOTER +
                                                                                1) } },
                                &m);
                ck_assert_int_eq(m.type, MESSAGE_RECEIPT);
                ck_assert_ptr_nonnull(m.receipt.receipt);
        }
        {
                _cleanup_message_ Message m = {};

                puppet_ask(p,
                                &(Message) { .type = MESSAGE_GET_RECEIPT_VOTE,
                                                .vote = { .election = t.election->id,
                                                                .voter = *fixture_key(
                                                                                FIXTURE_VOTER +
                                                                                19) } },
                                &m);
                ck_assert_int_eq(m.type, MESSAGE_ERROR);
                ck_assert_int_eq(m.error.verdict, V_UNKNOWN);
        }
        {
                _cleanup_message_ Message m = {};
                const char *text;
                size_t n;
                Block *b;

                puppet_ask(p,
                                &(Message) { .type = MESSAGE_GET_BLOCKS,
                                                .range = { .from = 1, .max = 3 } },
                                &m);
                ck_assert_int_eq(m.type, MESSAGE_BLOCKS_RESPONSE);
                text = m.lines;
                n = m.n_lines_bytes;
                for (unsigned h = 1; h <= 3; h++) {
                        ck_assert_int_eq(block_read(&b, t.genesis, &text, &n, NULL), 0);
                        ck_assert_uint_eq(b->header.height, h);
                        b = block_free(b);
                }
                ck_assert_uint_eq(n, 0);
        }
        {
                _cleanup_message_ Message m = {};

                puppet_ask(p,
                                &(Message) { .type = MESSAGE_GET_CHAIN_INFO,
                                                .ids = { .ids = &t.genesis->network, .n_ids = 1 } },
                                &m);
                ck_assert_int_eq(m.type, MESSAGE_CHAIN_INFO_RESPONSE);
                ck_assert_uint_eq(m.chain.fork, 0);
                ck_assert_uint_eq(m.chain.height, chain_tip(town_chain(&t, 0))->height);
        }

        /* No peer lists it: who comes later is not led there. */
        ck_assert_uint_eq(p->n_downs, 0);
        town_done(&t);
}
END_TEST

START_TEST(answers_wait_for_who_does_not_read) {
        _cleanup_(puppet_freep) Puppet *p = NULL;
        Town t;

        town(&t, NULL);
        ck_assert(town_elect(&t, 600));
        p = puppet_new(&t, 0);
        puppet_dial(p, 0);
        for (unsigned i = 0; i < 50; i++)
                puppet_message(p,
                                &(Message) { .type = MESSAGE_GET_BLOCKS,
                                                .has_id = true,
                                                .id = 100 + i,
                                                .range = { .from = 1, .max = 100 } });
        world_run(t.w, 5 * SECOND);
        /* Some are answered one after the other, the rest is refused at once; none is forgotten. */
        ck_assert_uint_eq(puppet_count(p, MESSAGE_BLOCKS_RESPONSE) + puppet_count(p, MESSAGE_ERROR),
                        50);
        ck_assert_uint_ge(puppet_count(p, MESSAGE_ERROR), 1);
        ck_assert_uint_ge(puppet_count(p, MESSAGE_BLOCKS_RESPONSE), 5);
        ck_assert_uint_ne(p->link, 0);
        town_done(&t);
}
END_TEST

TEST_MAIN("peer-links", two_who_dial_each_other_keep_one_link,
                a_peer_of_another_network_is_told_so_and_not_dialled_again_soon,
                another_version_is_told_so,
                who_says_no_hello_is_closed_and_who_speaks_first_of_something_else_too,
                silence_of_half_a_minute_ends_a_link,
                who_lost_power_and_is_back_is_linked_again_at_once,
                a_peer_that_dials_itself_notices,
                peers_live_on_without_their_tracker_and_register_again_when_it_is_back,
                peers_are_remembered_across_a_restart,
                with_two_trackers_one_may_be_a_peer_by_mistake,
                inbound_links_are_limited_and_outbound_slots_are_not_theirs,
                authorities_are_linked_with_each_other_whatever_the_limits_are,
                a_client_is_served_and_told_nothing_unasked, answers_wait_for_who_does_not_read)
