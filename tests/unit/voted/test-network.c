/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>
#include <stdio.h>

#include "base/time.h"
#include "node/tracker.h"
#include "proto/message.h"
#include "voted/network.h"

/* The tracker of the daemon on real sockets, and peers that are nothing but a network and what they were told. */
static sd_event *loop;

typedef struct TrackerNode {
        Tracker *tracker;
        Network *network;
        SecretKey *key;
        sd_event_source *timer;
        uint16_t port;
} TrackerNode;

static void tracker_feed(TrackerNode *t, const NodeEvent *ev) {
        NodeEffects effects = {};

        ck_assert_int_eq(tracker_step(t->tracker, ev, &effects), 0);
        for (size_t i = 0; i < effects.n; i++) {
                NodeEffect *fx = effects.items + i;

                if (!network_carry_out(t->network, fx) && fx->type == NODE_FX_WAKE) {
                        ck_assert_int_ge(sd_event_source_set_time(t->timer, fx->at_usec), 0);
                        ck_assert_int_ge(sd_event_source_set_enabled(t->timer, SD_EVENT_ONESHOT), 0);
                }
        }
        node_effects_done(&effects);
}

static void on_tracker_event(void *userdata, const NodeEvent *ev) {
        tracker_feed(userdata, ev);
}

static int on_tracker_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        tracker_feed(userdata, &(NodeEvent) { .type = NODE_EV_TICK, .now_usec = now_usec() });
        return 0;
}

static void tracker_start(TrackerNode *t) {
        static const TrackerConfig config = { .ttl_sec = 30 };
        NetHostSettings settings = { .frame_max_first = 5000 };
        Why why = {};

        *t = (TrackerNode) {};
        ck_assert_int_ge(sd_event_new(&loop), 0);       /* each test is a process of its own */
        ck_assert_int_eq(secret_key_generate(&t->key), 0);
        ck_assert_int_eq(tracker_new(&t->tracker, &config, 1), 0);
        ck_assert_int_eq(network_new(&t->network, loop, t->key, &settings, on_tracker_event, t), 0);
        ck_assert_int_ge(sd_event_add_time(loop, &t->timer, CLOCK_MONOTONIC, UINT64_MAX, 1, on_tracker_timer, t), 0);
        ck_assert_int_eq(net_host_listen(network_host(t->network), "127.0.0.1", 0, &t->port, &why), 0);
}

static void tracker_stop(TrackerNode *t) {
        t->network = network_free(t->network);
        t->tracker = tracker_free(t->tracker);
        t->key = secret_key_free(t->key);
        t->timer = sd_event_source_disable_unref(t->timer);
        loop = sd_event_unref(loop);
}

typedef struct PeerNode {
        Network *network;
        SecretKey *key;
        LinkId link;
        uint64_t version;
        unsigned downs, failures, errors, listed;
        int verdict;
} PeerNode;

static void on_peer_event(void *userdata, const NodeEvent *ev) {
        _cleanup_message_ Message m = {};
        PeerNode *p = userdata;
        Why why = {};

        ck_assert_uint_ne(ev->now_usec, 0);
        ck_assert_uint_ne(ev->now_sec, 0);
        if (ev->type == NODE_EV_LINK_UP)
                p->link = ev->link;
        if (ev->type == NODE_EV_LINK_DOWN)
                p->downs++;
        if (ev->type == NODE_EV_DIAL_FAILED) {
                ck_assert_uint_eq(ev->dial, 9);
                p->failures++;
        }
        if (ev->type != NODE_EV_FRAME)
                return;

        ck_assert_msg(message_parse(&m, MESSAGE_FROM_TRACKER, ev->data, ev->n_data, &why) == 0, "%s", why.text);
        if (m.type == MESSAGE_REGISTERED)
                p->version = m.lease.version;
        if (m.type == MESSAGE_PEER_LIST || m.type == MESSAGE_PEER_LIST_UPDATE) {
                p->version = m.peers.version;
                p->listed = (unsigned) m.peers.n_peers;
        }
        if (m.type == MESSAGE_ERROR) {
                p->errors++;
                p->verdict = m.error.verdict;
        }
}

static void peer_start(PeerNode *p) {
        *p = (PeerNode) {};
        ck_assert_int_eq(secret_key_generate(&p->key), 0);
        ck_assert_int_eq(network_new(&p->network, loop, p->key, NULL, on_peer_event, p), 0);
}

static void peer_stop(PeerNode *p) {
        p->network = network_free(p->network);
        p->key = secret_key_free(p->key);
}

static void peer_dial(PeerNode *p, uint16_t port, const Key *expected) {
        NodeEffect fx = { .type = NODE_FX_DIAL, .dial = 9, .address = { .host = "127.0.0.1", .port = port }, .key = *expected };

        ck_assert(network_carry_out(p->network, &fx));
}

static void peer_send(PeerNode *p, MessageType type) {
        Message m = { .type = type, .has_id = true, .id = 5 };
        NodeEffect fx = { .type = NODE_FX_SEND, .link = p->link, .lane = LANE_SYNC };
        Buf b = {};

        if (type == MESSAGE_REGISTER) {
                m.enrol.network.b[0] = 7;
                m.enrol.port = 8001;
        } else
                m.get_peers.network.b[0] = 7;
        ck_assert_int_eq(message_frame(&b, &m), 0);
        fx.data = buf_take(&b, &fx.n_data);
        ck_assert(network_carry_out(p->network, &fx));
        ck_assert_ptr_null(fx.data);
}

#define run_until(condition)                                                                    \
        do {                                                                                    \
                uint64_t _end = now_usec() + 10 * USEC_PER_SEC;                                 \
                                                                                                \
                while (!(condition)) {                                                          \
                        ck_assert_msg(now_usec() < _end, "timeout waiting for %s", #condition); \
                        ck_assert_int_ge(sd_event_run(loop, 10 * USEC_PER_MSEC), 0);            \
                }                                                                               \
        } while (0)

START_TEST(peers_find_each_other_through_a_tracker) {
        PeerNode a, b;
        TrackerNode t;

        tracker_start(&t);
        peer_start(&a);
        peer_start(&b);
        peer_dial(&a, t.port, secret_key_public(t.key));
        run_until(a.link != 0);
        peer_send(&a, MESSAGE_REGISTER);
        run_until(a.version == 1);

        peer_dial(&b, t.port, secret_key_public(t.key));
        run_until(b.link != 0);
        peer_send(&b, MESSAGE_REGISTER);
        run_until(b.version == 2);
        peer_send(&b, MESSAGE_GET_PEERS);
        run_until(b.listed == 1);
        run_until(a.version == 2 && a.listed == 1);     /* pushed, a second later */
        ck_assert_str_eq(tracker_status_line(t.tracker), "2 peers of 1 network, 2 links");

        b.network = network_free(b.network);
        run_until(streq(tracker_status_line(t.tracker), "2 peers of 1 network, 1 link"));
        peer_stop(&a);
        peer_stop(&b);
        tracker_stop(&t);
}
END_TEST

START_TEST(a_frame_that_is_too_large_is_told_in_the_language_of_nodes) {
        NodeEffect fx = { .type = NODE_FX_SEND, .data = calloc(1, 5001), .n_data = 5001 };
        PeerNode a;
        TrackerNode t;

        tracker_start(&t);
        peer_start(&a);
        peer_dial(&a, t.port, secret_key_public(t.key));
        run_until(a.link != 0);
        fx.link = a.link;
        ck_assert(network_carry_out(a.network, &fx));
        run_until(a.downs == 1);
        ck_assert_uint_eq(a.errors, 1);
        ck_assert_int_eq(a.verdict, V_SIZE);
        peer_stop(&a);
        tracker_stop(&t);
}
END_TEST

START_TEST(who_breaks_the_protocol_is_banned_for_a_time) {
        PeerNode a;
        TrackerNode t;

        tracker_start(&t);
        peer_start(&a);
        peer_dial(&a, t.port, secret_key_public(t.key));
        run_until(a.link != 0);
        for (unsigned i = 0; i < 5; i++) {
                NodeEffect fx = { .type = NODE_FX_SEND, .link = a.link, .data = strdup("no"), .n_data = 2 };

                ck_assert(network_carry_out(a.network, &fx));
        }
        run_until(a.downs == 1);
        ck_assert_uint_eq(a.errors, 5);
        ck_assert_int_eq(a.verdict, V_FORM);

        peer_dial(&a, t.port, secret_key_public(t.key));
        run_until(a.downs == 2);
        ck_assert_int_eq(a.verdict, V_BANNED);
        peer_stop(&a);
        tracker_stop(&t);
}
END_TEST

START_TEST(another_identity_than_expected_is_a_failed_dial) {
        PeerNode a;
        TrackerNode t;

        tracker_start(&t);
        peer_start(&a);
        peer_dial(&a, t.port, secret_key_public(a.key));
        run_until(a.failures == 1);
        ck_assert_uint_eq(a.link, 0);
        peer_stop(&a);
        tracker_stop(&t);
}
END_TEST

int main(void) {
        Suite *s = suite_create("network");
        TCase *c = tcase_create("network");
        SRunner *r;
        int failed;

        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;

        suite_add_tcase(s, c);
        tcase_set_timeout(c, 30);
        tcase_add_test(c, peers_find_each_other_through_a_tracker);
        tcase_add_test(c, a_frame_that_is_too_large_is_told_in_the_language_of_nodes);
        tcase_add_test(c, who_breaks_the_protocol_is_banned_for_a_time);
        tcase_add_test(c, another_identity_than_expected_is_a_failed_dial);

        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
