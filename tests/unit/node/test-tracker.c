/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>
#include <stdio.h>

#include "node/tracker.h"
#include "proto/message.h"
#include "voted/limits.h"

#define SECOND USEC_PER_SEC

/* A tracker, its clock, and what each link was sent. Frames go through the message table both ways. */
typedef struct World {
        Tracker *tracker;
        uint64_t now;
        NodeEffects effects;    /* of the last step */
        uint64_t request;
} World;

static const TrackerConfig defaults = { .ttl_sec = 30, .links_max = 2000, .networks_max = 4, .agent = "voted test" };

static void setup(World *w, const TrackerConfig *config) {
        *w = (World) { .now = 1000 * SECOND };
        ck_assert_int_eq(tracker_new(&w->tracker, config ? config : &defaults, 1), 0);
}

static void teardown(World *w) {
        node_effects_done(&w->effects);
        w->tracker = tracker_free(w->tracker);
}

static void step(World *w, NodeEvent *ev) {
        node_effects_done(&w->effects);
        ev->now_usec = w->now;
        ck_assert_int_eq(tracker_step(w->tracker, ev, &w->effects), 0);
}

static Key key_of(unsigned n) {
        Key k = {};

        k.b[0] = 1;
        memcpy(k.b + 1, &n, sizeof(n));
        return k;
}

static Id network_of(unsigned n) {
        Id id = {};

        id.b[0] = 2;
        memcpy(id.b + 1, &n, sizeof(n));
        return id;
}

static void up_as(World *w, LinkId link, unsigned key, const char *host) {
        NodeEvent ev = { .type = NODE_EV_LINK_UP, .link = link, .inbound = true, .key = key_of(key), .address = { .port = 40000 } };

        (void) snprintf(ev.address.host, sizeof(ev.address.host), "%s", host);
        step(w, &ev);
}

static void up(World *w, LinkId link) {
        up_as(w, link, (unsigned) link, "10.0.0.7");
}

static void down(World *w, LinkId link) {
        step(w, &(NodeEvent) { .type = NODE_EV_LINK_DOWN, .link = link });
}

static void sent(World *w, LinkId link) {
        step(w, &(NodeEvent) { .type = NODE_EV_SENT, .link = link });
}

static void tick(World *w, uint64_t usec) {
        w->now += usec;
        step(w, &(NodeEvent) { .type = NODE_EV_TICK });
}

static void frame_text(World *w, LinkId link, const char *text) {
        step(w, &(NodeEvent) { .type = NODE_EV_FRAME, .link = link, .data = text, .n_data = strlen(text) });
}

static void frame(World *w, LinkId link, Message *m) {
        _cleanup_buf_ Buf b = {};

        m->has_id = true;
        m->id = ++w->request;
        ck_assert_int_eq(message_frame(&b, m), 0);
        step(w, &(NodeEvent) { .type = NODE_EV_FRAME, .link = link, .data = b.p, .n_data = b.n });
}

static void ask(World *w, LinkId link, MessageType type, unsigned network) {
        Message m = { .type = type };

        if (type == MESSAGE_GET_PEERS)
                m.get_peers.network = network_of(network);
        else
                m.enrol.network = network_of(network);
        if (type == MESSAGE_REGISTER)
                m.enrol.port = 8000 + (uint64_t) link % 1000;
        frame(w, link, &m);
}

/* The i-th frame that the last step sent to link. False: there is none. */
static bool got(const World *w, LinkId link, size_t i, Message *ret) {
        for (size_t k = 0; k < w->effects.n; k++) {
                const NodeEffect *fx = w->effects.items + k;
                Why why = {};

                if (fx->type != NODE_FX_SEND || fx->link != link || i-- > 0)
                        continue;
                ck_assert_msg(message_parse(ret, MESSAGE_FROM_TRACKER, fx->data, fx->n_data, &why) == 0, "%s", why.text);
                return true;
        }
        return false;
}

static bool got_nothing(const World *w, LinkId link) {
        for (size_t k = 0; k < w->effects.n; k++)
                if (w->effects.items[k].type == NODE_FX_SEND && w->effects.items[k].link == link)
                        return false;
        return true;
}

static const NodeEffect* effect_of(const World *w, NodeEffectType type, LinkId link) {
        for (size_t k = 0; k < w->effects.n; k++)
                if (w->effects.items[k].type == type && (link == 0 || w->effects.items[k].link == link))
                        return w->effects.items + k;
        return NULL;
}

#define expect(w, link, i, type_, m)                                                            \
        _cleanup_message_ Message m = {};                                                       \
        ck_assert_msg(got((w), (link), (i), &m), "nothing was sent to link %u", (unsigned) (link)); \
        ck_assert_msg(m.type == (type_), "%s", message_name(m.type))

static void join(World *w, LinkId link, unsigned network) {
        up(w, link);
        ask(w, link, MESSAGE_REGISTER, network);
        expect(w, link, 0, MESSAGE_REGISTERED, m);
}

static size_t list_size(World *w, LinkId link, unsigned network) {
        ask(w, link, MESSAGE_GET_PEERS, network);
        expect(w, link, 0, MESSAGE_PEER_LIST, m);
        return m.peers.n_peers;
}

START_TEST(who_registers_is_listed_with_the_observed_address) {
        World w;

        setup(&w, NULL);
        up_as(&w, 1, 1, "192.0.2.1");
        ask(&w, 1, MESSAGE_REGISTER, 1);
        expect(&w, 1, 0, MESSAGE_REGISTERED, lease);
        ck_assert_uint_eq(lease.lease.ttl, 30);
        ck_assert_uint_eq(lease.lease.version, 1);
        ck_assert_uint_eq(lease.id, w.request);

        up(&w, 2);
        ask(&w, 2, MESSAGE_GET_PEERS, 1);
        expect(&w, 2, 0, MESSAGE_PEER_LIST, list);
        ck_assert_uint_eq(list.peers.version, 1);
        ck_assert_uint_eq(list.peers.n_peers, 1);
        ck_assert_str_eq(list.peers.peers[0].host, "192.0.2.1");
        ck_assert_uint_eq(list.peers.peers[0].port, 8001);
        ck_assert(key_equal(&list.peers.peers[0].key, &(Key[]) { key_of(1) }[0]));
        teardown(&w);
}
END_TEST

START_TEST(a_host_is_believed_only_where_that_is_allowed) {
        for (int allowed = 0; allowed < 2; allowed++) {
                TrackerConfig config = defaults;
                Message m = { .type = MESSAGE_REGISTER };
                World w;

                config.allow_host = allowed;
                setup(&w, &config);
                up(&w, 1);
                m.enrol.network = network_of(1);
                m.enrol.port = 1;
                m.enrol.host = "h1.example";
                frame(&w, 1, &m);
                up(&w, 2);
                ask(&w, 2, MESSAGE_GET_PEERS, 1);
                expect(&w, 2, 0, MESSAGE_PEER_LIST, list);
                ck_assert_str_eq(list.peers.peers[0].host, allowed ? "h1.example" : "10.0.0.7");
                teardown(&w);
        }
}
END_TEST

START_TEST(a_network_nobody_registered_for_has_an_empty_list) {
        World w;

        setup(&w, NULL);
        up(&w, 1);
        ask(&w, 1, MESSAGE_GET_PEERS, 9);
        expect(&w, 1, 0, MESSAGE_PEER_LIST, list);
        ck_assert_uint_eq(list.peers.n_peers, 0);
        ck_assert_uint_eq(list.peers.version, 0);
        teardown(&w);
}
END_TEST

START_TEST(networks_do_not_see_each_other) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        join(&w, 2, 2);
        join(&w, 3, 2);
        ck_assert_uint_eq(list_size(&w, 1, 1), 0);      /* without oneself */
        ck_assert_uint_eq(list_size(&w, 1, 2), 2);
        tick(&w, 2 * SECOND);
        ck_assert(got_nothing(&w, 1));
        teardown(&w);
}
END_TEST

START_TEST(changes_of_a_second_are_one_update) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        tick(&w, 2 * SECOND);
        join(&w, 2, 1);
        w.now += SECOND / 2;
        join(&w, 3, 1);
        ck_assert(got_nothing(&w, 1));
        ck_assert_ptr_nonnull(effect_of(&w, NODE_FX_WAKE, 0));
        ck_assert_uint_le(effect_of(&w, NODE_FX_WAKE, 0)->at_usec, w.now + SECOND / 2);

        tick(&w, SECOND / 2);
        expect(&w, 1, 0, MESSAGE_PEER_LIST_UPDATE, m);
        ck_assert_uint_eq(m.peers.since, 1);
        ck_assert_uint_eq(m.peers.version, 3);
        ck_assert_uint_eq(m.peers.n_peers, 2);
        ck_assert_uint_eq(m.peers.n_left, 0);
        ck_assert(!got(&w, 1, 1, &(Message) {}));
        teardown(&w);
}
END_TEST

START_TEST(who_joined_and_left_at_once_is_told_as_gone) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        join(&w, 2, 1);
        ask(&w, 2, MESSAGE_UNREGISTER, 1);
        expect(&w, 2, 0, MESSAGE_UNREGISTERED, gone);
        tick(&w, SECOND);
        expect(&w, 1, 0, MESSAGE_PEER_LIST_UPDATE, m);
        ck_assert_uint_eq(m.peers.n_peers, 0);
        ck_assert_uint_eq(m.peers.n_left, 1);
        ck_assert(got_nothing(&w, 2));
        teardown(&w);
}
END_TEST

START_TEST(only_one_update_is_under_way) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        join(&w, 2, 1);
        tick(&w, SECOND);
        ck_assert(!got_nothing(&w, 1));

        join(&w, 3, 1);
        tick(&w, SECOND);
        ck_assert(got_nothing(&w, 1));          /* it has not taken the first yet */
        join(&w, 4, 1);
        tick(&w, SECOND);
        ck_assert(got_nothing(&w, 1));
        sent(&w, 1);
        expect(&w, 1, 0, MESSAGE_PEER_LIST_UPDATE, m);
        ck_assert_uint_eq(m.peers.since, 2);    /* it skips ahead */
        ck_assert_uint_eq(m.peers.version, 4);
        ck_assert_uint_eq(m.peers.n_peers, 2);
        teardown(&w);
}
END_TEST

START_TEST(an_update_that_seems_lost_does_not_hold_back_the_next_for_ever) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        join(&w, 2, 1);
        tick(&w, SECOND);
        join(&w, 3, 1);
        tick(&w, 6 * SECOND);
        expect(&w, 1, 0, MESSAGE_PEER_LIST_UPDATE, m);
        ck_assert_uint_eq(m.peers.version, 3);
        teardown(&w);
}
END_TEST

START_TEST(a_heartbeat_tells_the_version_that_was_told) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        join(&w, 2, 1);
        ask(&w, 1, MESSAGE_HEARTBEAT, 1);
        expect(&w, 1, 0, MESSAGE_HEARTBEAT_REPLY, before);
        ck_assert_uint_eq(before.lease.version, 1);     /* the update is still to come: no reason to ask for the list */
        tick(&w, SECOND);
        ask(&w, 1, MESSAGE_HEARTBEAT, 1);
        expect(&w, 1, 0, MESSAGE_HEARTBEAT_REPLY, after);
        ck_assert_uint_eq(after.lease.version, 2);
        teardown(&w);
}
END_TEST

START_TEST(a_list_counts_as_told) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        join(&w, 2, 1);
        ck_assert_uint_eq(list_size(&w, 1, 1), 1);
        tick(&w, SECOND);
        ck_assert(got_nothing(&w, 1));
        teardown(&w);
}
END_TEST

START_TEST(missed_heartbeats_take_a_peer_off_the_list) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        join(&w, 2, 1);
        for (unsigned i = 0; i < 6; i++) {
                w.now += 5 * SECOND - 1;
                ask(&w, 1, MESSAGE_HEARTBEAT, 1);
        }
        ck_assert_uint_eq(list_size(&w, 1, 1), 1);
        sent(&w, 1);
        tick(&w, 10);
        tick(&w, SECOND);
        expect(&w, 1, 0, MESSAGE_PEER_LIST_UPDATE, m);
        ck_assert_uint_eq(m.peers.n_left, 1);
        ck_assert_uint_eq(list_size(&w, 1, 1), 0);

        ask(&w, 2, MESSAGE_HEARTBEAT, 1);               /* it comes back to life, and learns that it must register */
        expect(&w, 2, 0, MESSAGE_ERROR, error);
        ck_assert_int_eq(error.error.verdict, V_UNKNOWN);
        ck_assert_uint_eq(error.id, w.request);
        ask(&w, 2, MESSAGE_REGISTER, 1);
        expect(&w, 2, 0, MESSAGE_REGISTERED, again);
        teardown(&w);
}
END_TEST

START_TEST(a_closed_link_unregisters_after_a_ttl) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        join(&w, 2, 1);
        tick(&w, SECOND);
        sent(&w, 1);
        down(&w, 2);
        tick(&w, 20 * SECOND);
        ask(&w, 1, MESSAGE_HEARTBEAT, 1);
        tick(&w, 10 * SECOND - 1);
        ck_assert_uint_eq(list_size(&w, 1, 1), 1);
        sent(&w, 1);
        tick(&w, 1);
        tick(&w, SECOND);
        expect(&w, 1, 0, MESSAGE_PEER_LIST_UPDATE, m);
        ck_assert_uint_eq(m.peers.n_left, 1);
        teardown(&w);
}
END_TEST

START_TEST(who_comes_back_within_the_grace_was_never_away) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        join(&w, 2, 1);
        tick(&w, SECOND);
        sent(&w, 1);
        down(&w, 2);
        tick(&w, 10 * SECOND);
        up_as(&w, 7, 2, "10.0.0.7");
        {
                Message m = { .type = MESSAGE_REGISTER };

                m.enrol.network = network_of(1);
                m.enrol.port = 8002;
                frame(&w, 7, &m);
        }
        expect(&w, 7, 0, MESSAGE_REGISTERED, lease);
        ck_assert_uint_eq(lease.lease.version, 2);
        tick(&w, SECOND);
        ck_assert(got_nothing(&w, 1));
        teardown(&w);
}
END_TEST

START_TEST(a_new_address_of_a_peer_is_an_update) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        join(&w, 2, 1);
        tick(&w, SECOND);
        sent(&w, 1);
        up_as(&w, 9, 2, "198.51.100.9");
        ask(&w, 9, MESSAGE_REGISTER, 1);
        tick(&w, SECOND);
        expect(&w, 1, 0, MESSAGE_PEER_LIST_UPDATE, m);
        ck_assert_uint_eq(m.peers.n_peers, 1);
        ck_assert_uint_eq(m.peers.n_left, 0);
        ck_assert_str_eq(m.peers.peers[0].host, "198.51.100.9");
        /* the older link of that identity is not registered any more */
        ask(&w, 2, MESSAGE_HEARTBEAT, 1);
        expect(&w, 2, 0, MESSAGE_ERROR, error);
        down(&w, 2);
        tick(&w, SECOND);
        ck_assert_uint_eq(list_size(&w, 1, 1), 1);
        teardown(&w);
}
END_TEST

START_TEST(only_ones_own_registration_can_be_taken_back) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        up(&w, 2);
        ask(&w, 2, MESSAGE_UNREGISTER, 1);
        expect(&w, 2, 0, MESSAGE_ERROR, error);
        ck_assert_int_eq(error.error.verdict, V_UNKNOWN);
        ck_assert_uint_eq(list_size(&w, 2, 1), 1);
        ask(&w, 1, MESSAGE_UNREGISTER, 1);
        expect(&w, 1, 0, MESSAGE_UNREGISTERED, m);
        ck_assert_uint_eq(list_size(&w, 2, 1), 0);
        teardown(&w);
}
END_TEST

START_TEST(a_link_registers_for_one_network) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        ask(&w, 1, MESSAGE_REGISTER, 2);
        expect(&w, 1, 0, MESSAGE_ERROR, error);
        ck_assert_int_eq(error.error.verdict, V_DUPLICATE);
        ask(&w, 1, MESSAGE_UNREGISTER, 1);
        ask(&w, 1, MESSAGE_REGISTER, 2);
        expect(&w, 1, 0, MESSAGE_REGISTERED, m);
        teardown(&w);
}
END_TEST

START_TEST(networks_are_limited_and_free_again) {
        World w;

        setup(&w, NULL);
        for (unsigned i = 1; i <= defaults.networks_max; i++)
                join(&w, i, i);
        up(&w, 99);
        ask(&w, 99, MESSAGE_REGISTER, 99);
        expect(&w, 99, 0, MESSAGE_ERROR, error);
        ck_assert_int_eq(error.error.verdict, V_FULL);
        ask(&w, 1, MESSAGE_UNREGISTER, 1);
        ask(&w, 99, MESSAGE_REGISTER, 99);
        expect(&w, 99, 0, MESSAGE_REGISTERED, m);
        teardown(&w);
}
END_TEST

START_TEST(links_are_limited) {
        TrackerConfig config = defaults;
        World w;

        config.links_max = 2;
        setup(&w, &config);
        join(&w, 1, 1);
        join(&w, 2, 1);
        up(&w, 3);
        expect(&w, 3, 0, MESSAGE_ERROR, error);
        ck_assert_int_eq(error.error.verdict, V_FULL);
        ck_assert_ptr_nonnull(effect_of(&w, NODE_FX_CLOSE, 3));
        ck_assert_int_eq(effect_of(&w, NODE_FX_CLOSE, 3)->verdict, 0);
        down(&w, 3);

        /* registrations whose links are gone make room for those who are there */
        down(&w, 1);
        join(&w, 4, 1);
        ck_assert_uint_eq(list_size(&w, 4, 1), 1);
        teardown(&w);
}
END_TEST

START_TEST(who_fell_out_of_the_ring_gets_the_list_anew) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        join(&w, 2, 1);
        tick(&w, SECOND);                       /* link 1 has an update under way */
        for (unsigned i = 0; i < 100; i++) {    /* more changes than are remembered */
                join(&w, 100 + i, 1);
                ask(&w, 100 + i, MESSAGE_UNREGISTER, 1);
        }
        tick(&w, SECOND);
        ck_assert(got_nothing(&w, 1));
        sent(&w, 1);
        expect(&w, 1, 0, MESSAGE_PEER_LIST_UPDATE, m);
        ck_assert_uint_eq(m.peers.since, 0);
        ck_assert_uint_eq(m.peers.version, 202);
        ck_assert_uint_eq(m.peers.n_peers, 2);
        ck_assert_uint_eq(m.peers.n_left, 0);
        teardown(&w);
}
END_TEST

START_TEST(a_thousand_joins_to_a_large_network_are_told_in_portions) {
        enum { N = 1500 };
        uint64_t bytes = 0;
        unsigned told = 0, most = 0, steps = 0;
        bool done = false;
        World w;

        setup(&w, NULL);
        for (unsigned i = 1; i <= N; i++)
                join(&w, i, 1);
        tick(&w, SECOND);
        for (; !done && steps < 100; steps++) {
                unsigned step_bytes = 0;

                for (size_t k = 0; k < w.effects.n; k++)
                        if (w.effects.items[k].type == NODE_FX_SEND) {
                                told++;
                                step_bytes += (unsigned) w.effects.items[k].n_data;
                        }
                bytes += step_bytes;
                most = MAX(most, step_bytes);
                done = effect_of(&w, NODE_FX_WAKE, 0)->at_usec > w.now + SECOND;
                if (!done)
                        tick(&w, effect_of(&w, NODE_FX_WAKE, 0)->at_usec - w.now);
        }
        ck_assert(done);
        ck_assert_uint_eq(told, N - 1);         /* the last to join was told its version when it registered */
        ck_assert_uint_le(most, (4U << 20) + (256U << 10));
        ck_assert_uint_le(bytes / told, 150000);
        teardown(&w);
}
END_TEST

START_TEST(one_join_reaches_a_large_network_within_two_seconds) {
        enum { N = 1500 };
        unsigned told = 0;
        World w;

        setup(&w, NULL);
        for (unsigned i = 1; i <= N; i++)
                join(&w, i, 1);
        for (unsigned i = 0; i < 100; i++)
                tick(&w, SECOND / 10);
        for (unsigned i = 1; i <= N; i++)
                sent(&w, i);

        join(&w, N + 1, 1);
        for (unsigned i = 0; i < 20; i++) {
                tick(&w, SECOND / 10);
                for (size_t k = 0; k < w.effects.n; k++)
                        told += w.effects.items[k].type == NODE_FX_SEND;
        }
        ck_assert_uint_eq(told, N);
        teardown(&w);
}
END_TEST

START_TEST(a_large_network_is_handed_out_by_random_samples) {
        enum { N = 1500 };
        unsigned counts[N + 1] = {};
        World w;

        setup(&w, NULL);
        for (unsigned i = 1; i <= N; i++)
                join(&w, i, 1);
        up(&w, N + 1);
        for (unsigned k = 0; k < 30; k++) {
                ask(&w, N + 1, MESSAGE_GET_PEERS, 1);
                expect(&w, N + 1, 0, MESSAGE_PEER_LIST, m);
                ck_assert_uint_eq(m.peers.n_peers, TRACKER_LIST_MAX);
                for (size_t i = 0; i < m.peers.n_peers; i++) {
                        unsigned n;

                        memcpy(&n, m.peers.peers[i].key.b + 1, sizeof(n));
                        ck_assert_uint_le(n, N);
                        counts[n]++;
                }
                w.now += 20 * SECOND;
                for (unsigned i = 1; i <= N; i++)
                        ask(&w, i, MESSAGE_HEARTBEAT, 1);
        }
        for (unsigned i = 1; i <= N; i++)       /* expected 20 of 30 each; 8 sigma */
                ck_assert_msg(counts[i] >= 1 && counts[i] <= 30, "%u: %u", i, counts[i]);
        ck_assert_uint_ne(counts[1], 30);
        teardown(&w);
}
END_TEST

START_TEST(a_list_is_as_long_as_asked_for) {
        Message m = { .type = MESSAGE_GET_PEERS };
        World w;

        setup(&w, NULL);
        for (unsigned i = 1; i <= 20; i++)
                join(&w, i, 1);
        m.get_peers.network = network_of(1);
        m.get_peers.max = 7;
        frame(&w, 1, &m);
        expect(&w, 1, 0, MESSAGE_PEER_LIST, list);
        ck_assert_uint_eq(list.peers.n_peers, 7);
        for (size_t i = 0; i < 7; i++)
                ck_assert(!key_equal(&list.peers.peers[i].key, &(Key[]) { key_of(1) }[0]));
        teardown(&w);
}
END_TEST

/* Sends the text until the tracker bans, at most max times. Returns how often it was sent. */
static unsigned send_until_banned(World *w, LinkId link, const char *text, unsigned max) {
        for (unsigned i = 1; i <= max; i++) {
                frame_text(w, link, text);
                if (effect_of(w, NODE_FX_BAN, 0))
                        return i;
        }
        return 0;
}

START_TEST(a_flood_is_refused_and_in_the_end_banned) {
        const NodeEffect *fx;
        unsigned taken = 0;
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        for (unsigned i = 0; i < 200; i++) {
                _cleanup_message_ Message m = {};

                ask(&w, 1, MESSAGE_HEARTBEAT, 1);
                ck_assert(got(&w, 1, 0, &m));
                if (m.type == MESSAGE_ERROR) {
                        ck_assert_int_eq(m.error.verdict, V_FLOOD);
                        break;
                }
                taken++;
        }
        ck_assert_uint_ge(taken, 60);
        ck_assert_uint_le(taken, 128);

        for (unsigned i = 0; i < 10 && !effect_of(&w, NODE_FX_BAN, 0); i++)
                ask(&w, 1, MESSAGE_HEARTBEAT, 1);
        fx = effect_of(&w, NODE_FX_BAN, 0);
        ck_assert_ptr_nonnull(fx);
        ck_assert(key_equal(&fx->key, &(Key[]) { key_of(1) }[0]));
        ck_assert_str_eq(fx->address.host, "10.0.0.7");
        ck_assert_uint_eq(fx->at_usec, w.now + BAN_SEC * SECOND);
        ck_assert_int_eq(effect_of(&w, NODE_FX_CLOSE, 1)->verdict, V_FLOOD);

        ask(&w, 1, MESSAGE_HEARTBEAT, 1);       /* was under way */
        ck_assert(got_nothing(&w, 1));
        down(&w, 1);
        teardown(&w);
}
END_TEST

START_TEST(the_loopback_address_is_never_banned) {
        World w;

        setup(&w, NULL);
        up_as(&w, 1, 1, "127.0.0.1");
        ck_assert_uint_eq(send_until_banned(&w, 1, "no", 10), 5);
        ck_assert_str_eq(effect_of(&w, NODE_FX_BAN, 0)->address.host, "");
        ck_assert(key_equal(&effect_of(&w, NODE_FX_BAN, 0)->key, &(Key[]) { key_of(1) }[0]));
        teardown(&w);
}
END_TEST

START_TEST(heartbeats_at_their_pace_are_no_flood) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        for (unsigned i = 0; i < 1000; i++) {
                w.now += SECOND;
                ask(&w, 1, MESSAGE_HEARTBEAT, 1);
                expect(&w, 1, 0, MESSAGE_HEARTBEAT_REPLY, m);
        }
        teardown(&w);
}
END_TEST

START_TEST(too_many_lists_are_refused_without_blame) {
        unsigned lists = 0, busy = 0;
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        for (unsigned i = 0; i < 60; i++) {
                _cleanup_message_ Message m = {};

                w.now += SECOND;
                ask(&w, 1, MESSAGE_GET_PEERS, 1);
                ck_assert(got(&w, 1, 0, &m));
                lists += m.type == MESSAGE_PEER_LIST;
                busy += m.type == MESSAGE_ERROR && m.error.verdict == V_BUSY;
        }
        ck_assert_uint_eq(lists + busy, 60);
        ck_assert_uint_ge(lists, 20);
        ck_assert_uint_ge(busy, 20);
        ck_assert_ptr_null(effect_of(&w, NODE_FX_BAN, 0));
        teardown(&w);
}
END_TEST

START_TEST(bad_messages_are_answered_and_in_the_end_banned) {
        static const struct { const char *text; int verdict; } cases[] = {
                { "GET / HTTP/1.1", V_FORM },
                { "{\"type\":\"register\",\"id\":1}", V_FORM },
                { "{\"id\":1,\"type\":\"register\"}", V_FORM },
                { "{\"type\":\"sing\"}", V_PROTOCOL },
                { "{\"type\":\"new_vote\"}\n{}", V_PROTOCOL },
                { "{\"id\":1,\"ttl\":30,\"type\":\"registered\",\"version\":1}", V_PROTOCOL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                World w;

                setup(&w, NULL);
                up(&w, 1);
                frame_text(&w, 1, cases[i].text);
                expect(&w, 1, 0, MESSAGE_ERROR, m);
                ck_assert_msg(m.error.verdict == cases[i].verdict, "%s: %s", cases[i].text, m.error.text);
                ck_assert_uint_eq(send_until_banned(&w, 1, cases[i].text, 10), 4);
                teardown(&w);
        }
}
END_TEST

START_TEST(faults_are_forgiven_in_time) {
        World w;

        setup(&w, NULL);
        up(&w, 1);
        for (unsigned i = 0; i < 50; i++) {
                frame_text(&w, 1, "no");
                ck_assert_ptr_null(effect_of(&w, NODE_FX_BAN, 0));
                for (unsigned k = 0; k < 20; k++) {
                        w.now += 31 * SECOND;
                        ask(&w, 1, MESSAGE_GET_PEERS, 1);
                }
        }
        teardown(&w);
}
END_TEST

START_TEST(an_error_is_not_answered) {
        World w;

        setup(&w, NULL);
        up(&w, 1);
        frame_text(&w, 1, "{\"code\":\"form\",\"text\":\"no\",\"type\":\"error\"}");
        ck_assert(got_nothing(&w, 1));
        teardown(&w);
}
END_TEST

START_TEST(a_silent_link_is_closed) {
        World w;

        setup(&w, NULL);
        up(&w, 1);
        tick(&w, 60 * SECOND - 1);
        ck_assert_ptr_null(effect_of(&w, NODE_FX_CLOSE, 1));
        tick(&w, 1);
        ck_assert_ptr_nonnull(effect_of(&w, NODE_FX_CLOSE, 1));
        ck_assert_int_eq(effect_of(&w, NODE_FX_CLOSE, 1)->verdict, 0);
        down(&w, 1);
        ck_assert_str_eq(tracker_status_line(w.tracker), "0 peers of 0 networks, 0 links");
        teardown(&w);
}
END_TEST

START_TEST(a_stop_closes_every_link) {
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        up(&w, 2);
        step(&w, &(NodeEvent) { .type = NODE_EV_STOP });
        ck_assert_ptr_nonnull(effect_of(&w, NODE_FX_CLOSE, 1));
        ck_assert_ptr_nonnull(effect_of(&w, NODE_FX_CLOSE, 2));
        teardown(&w);
}
END_TEST

START_TEST(a_reload_changes_ttl_and_limits) {
        TrackerConfig config = defaults;
        World w;

        setup(&w, NULL);
        join(&w, 1, 1);
        config.ttl_sec = 300;
        config.networks_max = 1;
        step(&w, &(NodeEvent) { .type = NODE_EV_RELOAD, .config = &config });
        tick(&w, 200 * SECOND);
        ask(&w, 1, MESSAGE_HEARTBEAT, 1);
        expect(&w, 1, 0, MESSAGE_HEARTBEAT_REPLY, m);
        ck_assert_uint_eq(m.lease.ttl, 300);
        up(&w, 2);
        ask(&w, 2, MESSAGE_REGISTER, 2);
        expect(&w, 2, 0, MESSAGE_ERROR, error);
        ck_assert_int_eq(error.error.verdict, V_FULL);
        teardown(&w);
}
END_TEST

START_TEST(status_tells_who_is_registered) {
        _cleanup_json_ Json *status = NULL, *networks = NULL;
        _cleanup_buf_ Buf text = {};
        int64_t peers;
        World w;

        setup(&w, NULL);
        up_as(&w, 1, 1, "2001:db8::1");
        ask(&w, 1, MESSAGE_REGISTER, 1);
        join(&w, 2, 2);
        ck_assert_str_eq(tracker_status_line(w.tracker), "2 peers of 2 networks, 2 links");
        ck_assert_int_eq(tracker_status(w.tracker, &status), 0);
        ck_assert_int_eq(json_get_int(status, "peers", 0, 10, &peers, NULL), 0);
        ck_assert_int_eq(peers, 2);

        ck_assert_int_eq(tracker_networks(w.tracker, w.now + 5 * SECOND, &(Id[]) { network_of(1) }[0], &networks), 0);
        ck_assert_int_eq(json_dump(networks, &text), 0);
        ck_assert_ptr_nonnull(strstr(text.p, "\"address\":\"[2001:db8::1]:8001\""));
        ck_assert_ptr_nonnull(strstr(text.p, "\"heard_sec\":5"));
        ck_assert_ptr_null(strstr(text.p, "10.0.0.7"));
        teardown(&w);
}
END_TEST

START_TEST(the_same_events_give_the_same_effects) {
        Buf traces[2] = {};

        for (unsigned k = 0; k < 2; k++) {
                World w;

                setup(&w, NULL);
                for (unsigned i = 1; i <= 1100; i++)
                        join(&w, i, 1);
                for (unsigned i = 0; i < 3; i++) {
                        ask(&w, 5, MESSAGE_GET_PEERS, 1);
                        for (size_t e = 0; e < w.effects.n; e++)
                                if (w.effects.items[e].data)
                                        buf_add(traces + k, w.effects.items[e].data, w.effects.items[e].n_data);
                }
                teardown(&w);
        }
        ck_assert_uint_gt(traces[0].n, 100000);
        ck_assert_uint_eq(traces[0].n, traces[1].n);
        ck_assert_mem_eq(traces[0].p, traces[1].p, traces[0].n);
        buf_done(traces);
        buf_done(traces + 1);
}
END_TEST

int main(void) {
        Suite *s = suite_create("tracker");
        TCase *c = tcase_create("tracker");
        SRunner *r;
        int failed;

        suite_add_tcase(s, c);
        tcase_set_timeout(c, 120);
        tcase_add_test(c, who_registers_is_listed_with_the_observed_address);
        tcase_add_test(c, a_host_is_believed_only_where_that_is_allowed);
        tcase_add_test(c, a_network_nobody_registered_for_has_an_empty_list);
        tcase_add_test(c, networks_do_not_see_each_other);
        tcase_add_test(c, changes_of_a_second_are_one_update);
        tcase_add_test(c, who_joined_and_left_at_once_is_told_as_gone);
        tcase_add_test(c, only_one_update_is_under_way);
        tcase_add_test(c, an_update_that_seems_lost_does_not_hold_back_the_next_for_ever);
        tcase_add_test(c, a_heartbeat_tells_the_version_that_was_told);
        tcase_add_test(c, a_list_counts_as_told);
        tcase_add_test(c, missed_heartbeats_take_a_peer_off_the_list);
        tcase_add_test(c, a_closed_link_unregisters_after_a_ttl);
        tcase_add_test(c, who_comes_back_within_the_grace_was_never_away);
        tcase_add_test(c, a_new_address_of_a_peer_is_an_update);
        tcase_add_test(c, only_ones_own_registration_can_be_taken_back);
        tcase_add_test(c, a_link_registers_for_one_network);
        tcase_add_test(c, networks_are_limited_and_free_again);
        tcase_add_test(c, links_are_limited);
        tcase_add_test(c, who_fell_out_of_the_ring_gets_the_list_anew);
        tcase_add_test(c, a_thousand_joins_to_a_large_network_are_told_in_portions);
        tcase_add_test(c, one_join_reaches_a_large_network_within_two_seconds);
        tcase_add_test(c, a_large_network_is_handed_out_by_random_samples);
        tcase_add_test(c, a_list_is_as_long_as_asked_for);
        tcase_add_test(c, a_flood_is_refused_and_in_the_end_banned);
        tcase_add_test(c, the_loopback_address_is_never_banned);
        tcase_add_test(c, heartbeats_at_their_pace_are_no_flood);
        tcase_add_test(c, too_many_lists_are_refused_without_blame);
        tcase_add_test(c, bad_messages_are_answered_and_in_the_end_banned);
        tcase_add_test(c, faults_are_forgiven_in_time);
        tcase_add_test(c, an_error_is_not_answered);
        tcase_add_test(c, a_silent_link_is_closed);
        tcase_add_test(c, a_stop_closes_every_link);
        tcase_add_test(c, a_reload_changes_ttl_and_limits);
        tcase_add_test(c, status_tells_who_is_registered);
        tcase_add_test(c, the_same_events_give_the_same_effects);

        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
