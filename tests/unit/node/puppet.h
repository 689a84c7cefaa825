/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>
#include <inttypes.h>

#include "town.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "consensus/pow.h"
#include "crypto/merkle.h"
#include "proto/message.h"
#include "voted/limits.h"

#define PUPPET_READS (MESSAGE_FROM_STRANGER | MESSAGE_FROM_PEER | MESSAGE_FROM_CLIENT | MESSAGE_OF_QUORUM)

/* A node that a test plays in a town: it dials a peer, says hello, and then whatever the test
 * likes. */
typedef struct Puppet {
        Town *town;
        unsigned node;
        LinkId link;            /* the last that came up; 0: it is down */
        unsigned n_downs, n_fails;
        uint16_t port;          /* in its hello; 0: a client */
        bool silent;            /* says no hello */
        const Genesis *genesis; /* whose network hello is for */
        const char *work;       /* that it claims */
        uint64_t n_requests, height;
        Id tip;
        /* the frames that came, newest last */
        struct { MessageType type; char *frame; size_t n; } frames[4096];
        size_t n_frames;
} Puppet;

static inline void puppet_message(Puppet *p, Message *m) {
        _cleanup_buf_ Buf b = {};

        ck_assert_int_eq(message_frame(&b, m), 0);
        world_send(p->town->w, p->node, p->link, b.p, b.n);
}

static inline void puppet_hello(Puppet *p) {
        puppet_message(p,
                        &(Message) { .type = MESSAGE_HELLO,
                                        .hello = { .version = PROTOCOL_VERSION,
                                                        .network = p->genesis->network,
                                                        .agent = "puppet",
                                                        .height = p->height,
                                                        .tip = p->tip,
                                                        .port = p->port } });
}

static inline void puppet_on_event(World *w, unsigned node, const NodeEvent *ev, void *userdata) {
        Puppet *p = userdata;
        Message m = {};

        (void) w;
        (void) node;
        switch (ev->type) {

        case NODE_EV_LINK_UP:
                p->link = ev->link;
                if (!p->silent)
                        puppet_hello(p);
                break;

        case NODE_EV_LINK_DOWN:
                p->n_downs++;
                if (ev->link == p->link)
                        p->link = 0;
                break;

        case NODE_EV_DIAL_FAILED:
                p->n_fails++;
                break;

        case NODE_EV_FRAME:
                ck_assert_uint_lt(p->n_frames, ELEMENTSOF(p->frames));
                ck_assert_int_eq(message_parse(&m,
                                                 PUPPET_READS,
                                                 ev->data, ev->n_data, NULL),
                                0);
                p->frames[p->n_frames].type = m.type;
                p->frames[p->n_frames].frame = malloc(ev->n_data + 1);
                memcpy(p->frames[p->n_frames].frame, ev->data, ev->n_data);
                p->frames[p->n_frames++].n = ev->n_data;
                /* keepalives are answered, or the link would end */
                if (m.type == MESSAGE_GET_CHAIN_INFO)
                        puppet_message(p,
                                        &(Message) { .type = MESSAGE_CHAIN_INFO_RESPONSE,
                                                        .has_id = true,
                                                        .id = m.id,
                                                        .chain = { .height = p->height,
                                                                        .tip = p->tip,
                                                                        .work = p->work,
                                                                        .fork = m.ids.n_ids
                                                                                        ? 0
                                                                                        : UINT64_MAX } });
                message_done(&m);
                break;

        default:
                break;
        }
}

static inline Puppet* puppet_new(Town *t, uint16_t port) {
        Puppet *p = new0(Puppet, 1);

        ck_assert_ptr_nonnull(p);
        *p = (Puppet) { .town = t,
                .port = port,
                .genesis = t->genesis,
                .tip = t->genesis->network };
        p->node = world_add_puppet(t->w, puppet_on_event, p);
        world_start(t->w, p->node);
        return p;
}

static inline Puppet* puppet_free(Puppet *p) {
        for (size_t i = 0; p && i < p->n_frames; i++)
                free(p->frames[i].frame);
        free(p);
        return NULL;
}
DEFINE_CLEANUP(Puppet*, puppet_free)

static inline void puppet_dial(Puppet *p, unsigned peer) {
        world_dial(p->town->w, p->node, p->town->peers[peer], 1);
        world_run(p->town->w, USEC_PER_SEC);
}

/* The newest frame of that type, parsed; the caller's to be done. False: there is none. */
static inline bool puppet_got(const Puppet *p, MessageType type, Message *ret) {
        for (size_t i = p->n_frames; i > 0; i--)
                if (p->frames[i - 1].type == type) {
                        ck_assert_int_eq(message_parse(ret,
                                                         PUPPET_READS,
                                                         p->frames[i - 1].frame, p->frames[i - 1].n,
                                                         NULL),
                                        0);
                        return true;
                }
        return false;
}

static inline size_t puppet_count(const Puppet *p, MessageType type) {
        size_t n = 0;

        for (size_t i = 0; i < p->n_frames; i++)
                n += p->frames[i].type == type;
        return n;
}

/* A request, answered within two seconds; *ret is the answer, whatever its type. */
static inline void puppet_ask(Puppet *p, Message *m, Message *ret) {
        size_t before = p->n_frames;

        m->has_id = true;
        m->id = ++p->n_requests;
        puppet_message(p, m);
        world_run(p->town->w, 2 * USEC_PER_SEC);
        for (size_t i = before; i < p->n_frames; i++) {
                ck_assert_int_eq(message_parse(ret,
                                                 PUPPET_READS,
                                                 p->frames[i].frame, p->frames[i].n, NULL),
                                0);
                if (ret->has_id && ret->id == m->id && !message_is_request(ret->type))
                        return;
                message_done(ret);
        }
        ck_abort_msg("%s was not answered", message_name(m->type));
}

/* A block of the difficulty that peer 0 itself works on, sealed with work that is real; entries may be anything. */
static inline Block* puppet_block_on(Puppet *p, const Id *parent, uint64_t height, Entry *const *entries, size_t n, uint64_t time) {
        const Genesis *g = p->town->genesis;
        _cleanup_buf_ Buf line = {}, seal = {}, text = {};
        int64_t difficulty;
        uint64_t nonce;
        Block *b;
        Id *ids = newN(Id, n + 1);
        Header h = { .network = g->network,
                .parent = *parent,
                .height = height,
                .time = time,
                .sealer = *fixture_key(FIXTURE_SEALER),
                .count = (uint32_t) n,
                .field = HEADER_DIFFICULTY };

        for (size_t i = 0; i < n; i++)
                ids[i] = entries[i]->id;
        merkle_root(&h.root, ids, n);
        free(ids);

        _cleanup_json_ Json *o = NULL;
        ck_assert_int_eq(peer_status(world_peer(p->town->w, p->town->peers[0]), 0, &o), 0);
        ck_assert_int_eq(json_get_int(o, "difficulty", 1, LINE_INT_MAX, &difficulty, NULL), 0);
        h.value = (uint64_t) difficulty;
        ck_assert_int_eq(header_set_id(&h), 0);
        ck_assert_int_eq(header_format(&h, &line), 0);
        ck_assert(pow_try(&h.id, 0, 1000000, h.value, &nonce));
        buf_printf(&text, "{\"block\":\"%s\",\"kind\":\"seal\",\"nonce\":\"%016" PRIx64 "\"}",
                        id_hex(&h.id, (char[ID_HEX]) {}), nonce);
        ck_assert_int_eq(sign_line(&seal, fixture_secret(FIXTURE_SEALER), "seal", &g->network,
                                         text.p, text.n),
                        0);
        ck_assert_int_eq(block_new(&b, &h, line.p, line.n, seal.p, seal.n), 0);
        for (size_t i = 0; i < n; i++)
                b->entries[i] = entry_ref(entries[i]);
        return b;
}

/* On the tip of peer 0. */
static inline Block* puppet_block(Puppet *p, Entry *const *entries, size_t n, uint64_t time) {
        const ChainTip *tip = chain_tip(town_chain(p->town, 0));

        return puppet_block_on(p, &tip->id, tip->height + 1, entries, n, time);
}

static inline void puppet_announce(Puppet *p, const Block *b) {
        _cleanup_buf_ Buf lines = {};
        Id *ids = newN(Id, b->n_entries + 1);
        Message m = { .type = b->n_entries ? MESSAGE_NEW_BLOCK_IDS : MESSAGE_NEW_BLOCK };

        for (size_t i = 0; i < b->n_entries; i++)
                ids[i] = b->entries[i]->id;
        buf_add(&lines, b->header_line, b->n_header_line);
        buf_add_char(&lines, '\n');
        buf_add(&lines, b->seal_line, b->n_seal_line);
        m.lines = lines.p;
        m.n_lines_bytes = lines.n;
        if (b->n_entries) {
                m.ids.ids = ids;
                m.ids.n_ids = b->n_entries;
        }
        puppet_message(p, &m);
        free(ids);
}

/* Three peers, one of which mines; the liar is linked with peer 0. */
static inline void puppet_begin(Town *t, Puppet **ret) {
        town_new(t, &(TownSetup) { .n_peers = 3, .n_miners = 1 });
        world_set_verbose(t->w, getenv("VERBOSE") != NULL);
        ck_assert(town_meet(t));
        ck_assert(town_elect(t, 900));
        world_run(t->w, 20 * USEC_PER_SEC);
        ck_assert(town_same_tip(t));
        *ret = puppet_new(t, 7000);
        puppet_dial(*ret, 0);
        ck_assert_uint_ne((*ret)->link, 0);
}

static inline int64_t penalty_of(const Town *t, const Puppet *p) {
        _cleanup_json_ Json *links = NULL;
        int64_t points = -1;
        Key key;

        ck_assert_int_eq(peer_links(world_peer(t->w, t->peers[0]), &links), 0);
        for (size_t i = 0; i < json_len(links); i++)
                if (json_get_key(json_at(links, i), "key", &key, NULL) == 0 &&
                                key_equal(&key, world_key(t->w, p->node)))
                        ck_assert_int_eq(json_get_int(json_at(links, i), "penalty", 0, 1000,
                                                         &points, NULL),
                                        0);
        return points;
}

static inline bool on_chain(const Town *t, const Block *b) {
        Store *s = world_store(t->w, t->peers[0]);
        uint64_t height;

        return s->ops->block_find(s, &b->header.id, &height) == 0;
}

/* The town goes on voting, whatever the liar did. */
static inline void assert_goes_on(Town *t, unsigned voter) {
        uint64_t n = town_votes(t, 0);

        ck_assert_int_eq(town_cast(t, 1, voter, 1, 0), 0);
        ck_assert(town_wait_votes(t, n + 1, 120 * USEC_PER_SEC));
        ck_assert(town_wait_same_tip(t, 60 * USEC_PER_SEC));
}
