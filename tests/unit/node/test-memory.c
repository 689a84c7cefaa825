/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../ledger/dump.h"
#include "../ledger/fixture.h"
#include "../ledger/run.h"
#include "../memory.h"
#include "ledger/export.h"
#include "node/peer.h"
#include "node/tracker.h"
#include "proto/message.h"

/* A peer and a tracker without memory. Who has none ends, and starts again from what is on disk: then the same comes once more. */

#define N_VOTERS 5U

typedef struct Try {
        Fixture f;              /* another's ledger, whole */
        Store *store;           /* the peer's */
        SecretKey *identity;
        Peer *peer;
        Tracker *tracker;
        NodeEffects effects;
        uint64_t now_usec, requests;
        unsigned n_replies;
        Entry *entries[N_VOTERS];
        Buf text;
        Json *json;
} Try;

/* --- the shell --- */

static void give_up(Try *t) {
        for (size_t i = 0; i < t->effects.n; i++) {
                const NodeEffect *fx = t->effects.items + i;

                memory_assert(fx->type != NODE_FX_BAN);
                memory_assert(fx->type != NODE_FX_CLOSE || fx->verdict <= 0);
        }
        node_effects_done(&t->effects);
}

static int step(Try *t, NodeEvent *ev) {
        int r;

        ev->now_usec = t->now_usec += 1000;
        ev->now_sec = FIXTURE_OPENS + 10;
        r = t->peer ? peer_step(t->peer, ev, &t->effects) : tracker_step(t->tracker, ev, &t->effects);
        if (r < 0)
                give_up(t);
        return r;
}

static int commit(Try *t) {
        int r;

        r = chain_commit(peer_chain(t->peer));
        return r < 0 ? r : step(t, &(NodeEvent) { .type = NODE_EV_COMMITTED });
}

static int answer(Try *t, NodeEffect *fx) {
        sig_checks_run(fx->checks, fx->n_checks);
        return step(t, &(NodeEvent) { .type = NODE_EV_VERIFIED, .token = fx->token, .checks = fx->checks, .n_checks = fx->n_checks });
}

static bool has(const NodeEffects *turn, NodeEffectType type) {
        for (size_t i = 0; i < turn->n; i++)
                if (turn->items[i].type == type)
                        return true;
        return false;
}

/* What comes of it as well. */
static int feed(Try *t, NodeEvent *ev) {
        int r;

        r = step(t, ev);
        while (r == 0 && t->effects.n > 0) {
                NodeEffects turn = t->effects;

                t->effects = (NodeEffects) {};
                if (has(&turn, NODE_FX_COMMIT))
                        r = commit(t);
                for (size_t i = 0; r == 0 && i < turn.n; i++)
                        if (turn.items[i].type == NODE_FX_VERIFY)
                                r = answer(t, turn.items + i);
                        else if (turn.items[i].type == NODE_FX_REPLY) {
                                memory_assert(turn.items[i].verdict == 0);
                                memory_assert(turn.items[i].json);
                                t->n_replies++;
                        } else if (turn.items[i].type == NODE_FX_WAKE && turn.items[i].at_usec <= t->now_usec)
                                r = step(t, &(NodeEvent) { .type = NODE_EV_TICK });
                node_effects_done(&turn);
        }
        if (r < 0)
                node_effects_done(&t->effects);
        return r;
}

static int make_peer(Try *t) {
        PeerConfig config = { .agent = "test", .announce_host = "here.example", .links_inbound_max = 8, .links_outbound_max = 8 };
        PeerEndpoint fixed = { .address = { .host = "10.0.0.9", .port = 7 } };
        PeerSetup setup = {
                .genesis = t->f.genesis,
                .store = t->store,
                .identity = t->identity,
                .seed = 1,
                .config = &config,
        };

        config.fixed = config.trackers = &fixed;
        config.n_fixed = config.n_trackers = 1;
        return peer_new(&t->peer, &setup);
}

static int start(void *userdata) {
        Try *t = userdata;
        int r;

        r = make_peer(t);
        memory_assert(r == 0 || !t->peer);
        return r == 0 ? feed(t, &(NodeEvent) { .type = NODE_EV_START }) : r;
}

static void crash(void *userdata) {
        Try *t = userdata;

        node_effects_done(&t->effects);
        t->n_replies = 0;
        t->peer = peer_free(t->peer);
        store_memory_crash(t->store);
}

static int greet(Try *t) {
        Header tip = {};
        Message m = { .type = MESSAGE_HELLO };
        _cleanup_buf_ Buf frame = {};
        int r;

        tip.id = chain_tip(t->f.chain)->id;
        m.hello.version = PROTOCOL_VERSION;
        m.hello.network = t->f.genesis->network;
        m.hello.agent = "another";
        m.hello.height = chain_tip(t->f.chain)->height;
        m.hello.tip = tip.id;
        m.hello.port = 5;
        r = message_frame(&frame, &m);
        if (r == 0)
                r = feed(t, &(NodeEvent) { .type = NODE_EV_LINK_UP, .link = 1, .inbound = true, .key = *fixture_key(90),
                                .address = { .host = "10.0.0.1", .port = 5 } });
        if (r == 0)
                r = feed(t, &(NodeEvent) { .type = NODE_EV_FRAME, .link = 1, .data = frame.p, .n_data = frame.n });
        return r;
}

static void recover(void *userdata) {
        Try *t = userdata;

        crash(t);
        ck_assert_int_eq(start(t), 0);
}

static void recover_linked(void *userdata) {
        recover(userdata);
        ck_assert_int_eq(greet(userdata), 0);
}

/* --- peers --- */

/* The ledger has a roll, an election, and a block with all votes but one. */
static Try* make_ledger(void) {
        Try *t = new0(Try, 1);
        FixtureSetup setup = {};
        Why why = {};

        ck_assert_ptr_nonnull(t);
        t->now_usec = USEC_PER_SEC;
        fixture_new(&t->f, &setup, NULL, N_VOTERS);
        for (unsigned i = 0; i < N_VOTERS; i++)
                t->entries[i] = fixture_vote(t->f.genesis, FIXTURE_VOTER + i, &t->f.election->id, 1, "[[1]]");
        assert_verdict(fixture_connect(t->f.chain, FIXTURE_OPENS, t->entries, N_VOTERS - 1, &why), 0, why);
        ck_assert_int_eq(chain_commit(t->f.chain), 0);
        ck_assert_int_eq(secret_key_from_seed(&t->identity, (const uint8_t[32]) { 7 }), 0);
        return t;
}

static void* begin_whole(void) {
        Try *t = make_ledger();

        t->store = t->f.store;
        return t;
}

static void* begin_started(void) {
        Try *t = begin_whole();

        ck_assert_int_eq(start(t), 0);
        return t;
}

static void* begin_linked(void) {
        Try *t = begin_started();

        ck_assert_int_eq(greet(t), 0);
        return t;
}

static void* begin_empty(void) {
        Try *t = make_ledger();
        uint64_t next;

        ck_assert_int_eq(store_memory_new(&t->store), 0);
        ck_assert_int_eq(start(t), 0);
        ck_assert_int_eq(export_genesis(t->f.chain, &t->text), 0);
        ck_assert_int_eq(export_blocks(t->f.chain, 1, chain_tip(t->f.chain)->height, true, SIZE_MAX, &t->text, &next), 0);
        return t;
}

static void end(void *userdata) {
        Try *t = userdata;

        node_effects_done(&t->effects);
        peer_free(t->peer);
        tracker_free(t->tracker);
        for (unsigned i = 0; i < N_VOTERS; i++)
                entry_unref(t->entries[i]);
        if (t->store != t->f.store)
                store_free(t->store);
        secret_key_free(t->identity);
        buf_done(&t->text);
        json_free(t->json);
        if (t->f.genesis)
                fixture_done(&t->f);
        free(t);
}

static void show(void *userdata, Buf *ret) {
        Try *t = userdata;

        dump_chain(peer_chain(t->peer), ret);
        buf_printf(ret, "%zu in the pool, %u replies\n", pool_count(peer_pool(t->peer)), t->n_replies);
        if (t->json)
                ck_assert_int_eq(json_dump(t->json, ret), 0);
}

static int submit(void *userdata) {
        Try *t = userdata;
        const Entry *e = t->entries[N_VOTERS - 1];

        return feed(t, &(NodeEvent) { .type = NODE_EV_SUBMIT, .request = 1, .data = e->line, .n_data = e->n_line });
}

/* One that is in the ledger already. */
static int submit_again(void *userdata) {
        Try *t = userdata;
        const Entry *e = t->entries[0];

        return feed(t, &(NodeEvent) { .type = NODE_EV_SUBMIT, .request = 1, .data = e->line, .n_data = e->n_line });
}

static int watch(void *userdata) {
        Try *t = userdata;

        return feed(t, &(NodeEvent) { .type = NODE_EV_WATCH, .request = 1, .id = t->entries[0]->id });
}

static int import(void *userdata) {
        Try *t = userdata;

        return feed(t, &(NodeEvent) { .type = NODE_EV_IMPORT, .request = 1, .data = t->text.p, .n_data = t->text.n });
}

static int link_up(void *userdata) {
        return greet(userdata);
}

static int hear(Try *t, const Message *m) {
        _cleanup_buf_ Buf frame = {};
        int r;

        r = message_frame(&frame, m);
        return r == 0 ? feed(t, &(NodeEvent) { .type = NODE_EV_FRAME, .link = 1, .data = frame.p, .n_data = frame.n }) : r;
}

static int vote_comes(void *userdata) {
        Try *t = userdata;
        const Entry *e = t->entries[N_VOTERS - 1];

        return hear(t, &(Message) { .type = MESSAGE_NEW_VOTE, .lines = e->line, .n_lines_bytes = e->n_line });
}

static int id_comes(void *userdata) {
        Try *t = userdata;
        Message m = { .type = MESSAGE_NEW_VOTE_IDS };

        m.ids.ids = &t->entries[N_VOTERS - 1]->id;
        m.ids.n_ids = 1;
        return hear(t, &m);
}

static void* begin_block(void) {
        Try *t = begin_linked();
        Block *b = fixture_block(t->f.chain, FIXTURE_OPENS + 1, t->entries + N_VOTERS - 1, 1);

        buf_printf(&t->text, "%s\n%s", b->header_line, b->seal_line);
        block_free(b);
        return t;
}

static int block_comes(void *userdata) {
        Try *t = userdata;
        Message m = { .type = MESSAGE_NEW_BLOCK_IDS, .lines = t->text.p, .n_lines_bytes = t->text.n };
        int r;

        m.ids.ids = &t->entries[N_VOTERS - 1]->id;
        m.ids.n_ids = 1;
        r = vote_comes(t);
        return r == 0 ? hear(t, &m) : r;
}

static int blocks_are_asked_for(void *userdata) {
        Message m = { .type = MESSAGE_GET_BLOCKS, .has_id = true, .id = 4 };

        m.range.from = 1;
        m.range.max = 10;
        return hear(userdata, &m);
}

static int info_is_asked_for(void *userdata) {
        return hear(userdata, &(Message) { .type = MESSAGE_GET_CHAIN_INFO, .has_id = true, .id = 4 });
}

static int receipt_is_asked_for(void *userdata) {
        Try *t = userdata;
        Message m = { .type = MESSAGE_GET_RECEIPT_VOTE, .has_id = true, .id = 4 };

        m.vote.election = t->f.election->id;
        m.vote.voter = t->entries[0]->signer;
        return hear(t, &m);
}

static int elections_are_asked_for(void *userdata) {
        Message m = { .type = MESSAGE_GET_ELECTIONS, .has_id = true, .id = 4 };

        m.get_elections.max = 10;
        return hear(userdata, &m);
}

static int pool_is_asked_for(void *userdata) {
        return hear(userdata, &(Message) { .type = MESSAGE_GET_VOTES_POOL, .has_id = true, .id = 4 });
}

static int time_passes(void *userdata) {
        Try *t = userdata;
        int r = 0;

        for (unsigned i = 0; i < 5 && r == 0; i++) {
                t->now_usec += 20 * USEC_PER_SEC;
                r = feed(t, &(NodeEvent) { .type = NODE_EV_TICK });
        }
        return r;
}

static int stop(void *userdata) {
        return step(userdata, &(NodeEvent) { .type = NODE_EV_STOP });
}

static int status(void *userdata) {
        Try *t = userdata;
        int r;

        r = peer_status(t->peer, t->now_usec, &t->json);
        memory_assert(r == 0 || !t->json);
        return r;
}

static int links(void *userdata) {
        Try *t = userdata;
        int r;

        r = peer_links(t->peer, &t->json);
        memory_assert(r == 0 || !t->json);
        return r;
}

static void show_json(void *userdata, Buf *ret) {
        Try *t = userdata;

        if (t->json)
                ck_assert_int_eq(json_dump(t->json, ret), 0);
}

static void reset(void *userdata) {
        Try *t = userdata;

        t->json = json_free(t->json);
}

/* --- trackers --- */

static int make_tracker(Try *t) {
        static const TrackerConfig config = { .ttl_sec = 30, .links_max = 20, .networks_max = 4, .agent = "voted test" };

        return tracker_new(&t->tracker, &config, 1);
}

static int enrol(Try *t, LinkId link) {
        Message m = { .type = MESSAGE_REGISTER, .has_id = true, .id = link };
        _cleanup_buf_ Buf frame = {};
        Key key = { { (uint8_t) link } };
        int r;

        m.enrol.network = (Id) { { 3 } };
        m.enrol.port = 9;
        r = step(t, &(NodeEvent) { .type = NODE_EV_LINK_UP, .link = link, .inbound = true, .key = key,
                        .address = { .host = "10.0.0.7", .port = 4 } });
        if (r == 0)
                r = message_frame(&frame, &m);
        if (r == 0)
                r = step(t, &(NodeEvent) { .type = NODE_EV_FRAME, .link = link, .data = frame.p, .n_data = frame.n });
        return r;
}

static int ask_for_peers(Try *t, LinkId link) {
        Message m = { .type = MESSAGE_GET_PEERS, .has_id = true, .id = 1 };
        _cleanup_buf_ Buf frame = {};
        int r;

        m.get_peers.network = (Id) { { 3 } };
        m.get_peers.max = 5;
        r = message_frame(&frame, &m);
        return r == 0 ? step(t, &(NodeEvent) { .type = NODE_EV_FRAME, .link = link, .data = frame.p, .n_data = frame.n }) : r;
}

static void* begin_tracker(void) {
        Try *t = new0(Try, 1);

        ck_assert_ptr_nonnull(t);
        t->now_usec = USEC_PER_SEC;
        return t;
}

/* From the first link to the last: peers come, are told of one another, and leave. */
static int track(void *userdata) {
        Try *t = userdata;
        int r = 0;

        if (!t->tracker)
                r = make_tracker(t);
        for (LinkId link = 1; r == 0 && link <= 12; link++)
                r = enrol(t, link);
        if (r == 0)
                r = ask_for_peers(t, 2);
        if (r == 0)
                r = step(t, &(NodeEvent) { .type = NODE_EV_LINK_DOWN, .link = 3 });
        for (unsigned i = 0; r == 0 && i < 3; i++) {
                t->now_usec += 15 * USEC_PER_SEC;
                r = step(t, &(NodeEvent) { .type = NODE_EV_TICK });
        }
        if (r == 0)
                r = tracker_networks(t->tracker, t->now_usec, NULL, &t->json);
        memory_assert(r == 0 || !t->json);
        return r;
}

static void begin_again(void *userdata) {
        Try *t = userdata;

        node_effects_done(&t->effects);
        t->tracker = tracker_free(t->tracker);
        t->now_usec = USEC_PER_SEC;
}

static const Operation operations[] = {
        { "a peer starts", begin_whole, start, show, end, .recover = crash, .step = 11 },
        { "a line is handed in", begin_started, submit, show, end, .recover = recover },
        { "a line is handed in again", begin_started, submit_again, show, end, .recover = recover },
        { "an entry is watched", begin_started, watch, show, end, .recover = recover },
        { "an export is imported", begin_empty, import, show, end, .recover = recover, .step = 29 },
        { "a link comes up", begin_started, link_up, show, end, .recover = recover, .step = 3 },
        { "a vote comes", begin_linked, vote_comes, show, end, .recover = recover_linked },
        { "an id comes", begin_linked, id_comes, show, end, .recover = recover_linked },
        { "a block comes", begin_block, block_comes, show, end, .recover = recover_linked, .step = 5 },
        { "blocks are asked for", begin_linked, blocks_are_asked_for, show, end, .recover = recover_linked, .step = 3 },
        { "chain info is asked for", begin_linked, info_is_asked_for, show, end, .recover = recover_linked, .step = 3 },
        { "a receipt is asked for", begin_linked, receipt_is_asked_for, show, end, .recover = recover_linked, .step = 5 },
        { "elections are asked for", begin_linked, elections_are_asked_for, show, end, .recover = recover_linked, .step = 3 },
        { "the pool is asked for", begin_linked, pool_is_asked_for, show, end, .recover = recover_linked },
        { "time passes", begin_linked, time_passes, show, end, .recover = recover_linked },
        { "a peer stops", begin_linked, stop, NULL, end, .recover = recover_linked },
        { "peer_status", begin_linked, status, show_json, end, .reset = reset },
        { "peer_links", begin_linked, links, show_json, end, .reset = reset },
        { "a tracker's life", begin_tracker, track, show_json, end, .recover = begin_again, .step = 23 },
};

static void add_tests(TCase *t) {
        memory_add(t, operations, ELEMENTSOF(operations));
}

int main(void) {
        return run_suite("nodes without memory", add_tests);
}
