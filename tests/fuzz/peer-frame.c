/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/quorum-evidence.h"
#include "peer-frame.h"

/* Frames. Whoever is honest says nothing but what is right. */

/* The newest question of one of these types; it is answered. */
static uint64_t asked(HostLink *l, MessageType a, MessageType b) {
        for (unsigned i = l->n_asks; i > 0 && i + ELEMENTSOF(l->asks) > l->n_asks; i--) {
                HostAsk *q = l->asks + (i - 1) % ELEMENTSOF(l->asks);

                if (q->type != a && q->type != b)
                        continue;
                q->type = MESSAGE_NONE;
                return q->id;
        }
        return 0;
}

/* --- lists --- */

/* Whoever is honest speaks of what 1 and 2 have agreed on, and of nothing else. */
static unsigned item_of(Host *h, const HostLink *l, unsigned item) {
        uint8_t chain[MATERIAL_ITEMS];
        unsigned tip;

        item %= MATERIAL_ITEMS;
        if (!l->honest || (item >= MATERIAL_OWN && h->m->blocks[item].made && h->m->blocks[item].endorsed))
                return item;
        tip = material_chain(h->m, chain);
        item = MIN(item % (MATERIAL_BLOCKS + 1), tip);
        h->honest_tip = MAX(h->honest_tip, item);
        return chain[item];
}

static void entries_of(Host *h, const HostLink *l, Buf *ret_lines, Id *ids, size_t *n_ids) {
        for (size_t i = 0; i < change.n_with; i++) {
                const MaterialEntry *x = material_entry(h->m, change.with[i]);

                if (!x || (l->honest && !x->honest))
                        continue;
                if (ret_lines && ret_lines->n > 0)
                        buf_add_char(ret_lines, '\n');
                if (ret_lines)
                        buf_add(ret_lines, x->line, x->n);
                if (ids)
                        ids[(*n_ids)++] = x->id;
        }
}

#define IDS_MAX 1024U

static size_t many_ids(Id *ids, size_t n) {
        size_t wanted = change.is_set[PEER_SET_IDS] ? change.set[PEER_SET_IDS].arg[0] * 4U : n;

        if (n == 0)
                n = 1;                  /* the first is zero */
        for (size_t i = n; i < wanted; i++) {
                ids[i] = ids[i % n];
                ids[i].b[31] ^= (uint8_t) (change.set[PEER_SET_IDS].arg[1] * i);
        }
        return MAX(n, wanted);
}

static void votes(Host *h, HostLink *l, MessageType type) {
        _cleanup_buf_ Buf lines = {};
        static Id ids[IDS_MAX];
        size_t n = 0;
        Message m = { .type = type };

        memset(ids, 0, sizeof(ids[0]));
        if (type == MESSAGE_NEW_VOTE || type == MESSAGE_VOTES_RESPONSE) {
                entries_of(h, l, &lines, NULL, NULL);
                if (type == MESSAGE_VOTES_RESPONSE)
                        m.id = asked(l, MESSAGE_GET_VOTES, MESSAGE_GET_VOTES_POOL);
                if (!l->honest || (lines.n > 0 && type == MESSAGE_NEW_VOTE))
                        frame_say(h, l, &m, &lines);
                return;
        }
        entries_of(h, l, NULL, ids, &n);
        if (l->honest && (n == 0 || type == MESSAGE_NEW_VOTE_IDS))
                return;         /* it could not give them all */
        m.ids.ids = ids;
        m.ids.n_ids = l->honest ? n : many_ids(ids, n);
        frame_say(h, l, &m, NULL);
}

static void block(Host *h, HostLink *l, const PeerOp *op) {
        unsigned item = item_of(h, l, op->arg[1]);
        const MaterialBlock *b = material_block(h->m, item);
        _cleanup_buf_ Buf lines = {};
        static Id ids[IDS_MAX];
        size_t n = 0;
        Message m = { .type = MESSAGE_NEW_BLOCK };

        if (item == 0 && l->honest)
                return;
        material_header(h->m, item, &lines);
        buf_add_char(&lines, '\n');
        material_seal(h->m, item, l->honest ? SEAL_RIGHT : (MaterialSeal) (op->arg[2] % _SEAL_MAX), &lines);
        if (op->name == PEER_NEW_BLOCK_IDS && (b->n_entries > 0 || !l->honest)) {
                m.type = MESSAGE_NEW_BLOCK_IDS;
                memset(ids, 0, sizeof(ids[0]));
                if (change.n_with > 0 && !l->honest)
                        entries_of(h, l, NULL, ids, &n);
                for (unsigned i = 0; i < b->n_entries && (change.n_with == 0 || l->honest); i++)
                        ids[n++] = material_entry(h->m, b->entries[i])->id;
                m.ids.ids = ids;
                m.ids.n_ids = l->honest ? n : many_ids(ids, n);
        }
        frame_say(h, l, &m, &lines);
}

static void blocks(Host *h, HostLink *l, const PeerOp *op) {
        _cleanup_buf_ Buf lines = {};
        Message m = { .type = MESSAGE_BLOCKS_RESPONSE, .id = asked(l, MESSAGE_GET_BLOCKS, MESSAGE_GET_BLOCKS_IDS) };

        if (l->honest)
                return;                 /* it has answered already */
        for (unsigned i = 0; i <= op->arg[3] % MATERIAL_ITEMS && op->arg[1] != 255; i++)
                material_whole(h->m, (op->arg[1] + i) % MATERIAL_ITEMS, (MaterialSeal) (op->arg[2] % _SEAL_MAX), &lines);
        frame_say(h, l, &m, &lines);
}

static void ask(Host *h, HostLink *l, const PeerOp *op) {
        static uint64_t n;
        static Id ids[IDS_MAX];
        size_t n_ids = 0;
        Message m = { .id = 1 + n++ % 1000 };

        switch (op->name) {

        case PEER_GET_BLOCKS:
        case PEER_GET_CERTIFICATES:
                m.type = op->name == PEER_GET_BLOCKS ? MESSAGE_GET_BLOCKS : MESSAGE_GET_CERTIFICATES;
                if (m.type == MESSAGE_GET_CERTIFICATES && l->who == 7)
                        return;
                m.range.from = op->arg[1];
                m.range.max = MAX(op->arg[2], 1U);
                break;

        case PEER_GET_BLOCKS_IDS:
        case PEER_GET_CHAIN_INFO:
                m.type = op->name == PEER_GET_BLOCKS_IDS ? MESSAGE_GET_BLOCKS_IDS : MESSAGE_GET_CHAIN_INFO;
                memset(ids, 0, sizeof(ids[0]));
                for (unsigned i = 0; i <= op->arg[2] % MATERIAL_ITEMS; i++)
                        ids[n_ids++] = material_block(h->m, op->arg[1] + i)->header.id;
                m.ids.ids = ids;
                m.ids.n_ids = l->honest ? n_ids : many_ids(ids, n_ids);
                break;

        default:
                if (op->arg[1] % 3 == 0) {
                        m.type = MESSAGE_GET_RECEIPT_PLACE;
                        m.place.height = op->arg[2];
                        m.place.position = op->arg[3];
                } else if (op->arg[1] % 3 == 1) {
                        m.type = MESSAGE_GET_RECEIPT_NAME;
                        m.name.name = "board";
                } else {
                        const MaterialEntry *x = material_entry(h->m, op->arg[2]);

                        m.type = MESSAGE_GET_RECEIPT_VOTE;
                        m.vote.election = h->m->entries[2].id;
                        m.vote.voter = x && x->entry ? x->entry->signer : (Key) {};
                }
        }
        frame_say(h, l, &m, NULL);
}

static void info(Host *h, HostLink *l, const PeerOp *op) {
        const Header *tip = &material_block(h->m, op->arg[1])->header;
        Message m = { .type = MESSAGE_CHAIN_INFO_RESPONSE, .id = asked(l, MESSAGE_GET_CHAIN_INFO, MESSAGE_GET_CHAIN_INFO),
                .chain = { .height = frame_value(PEER_SET_HEIGHT, tip->height), .tip = tip->id, .fork = op->arg[2] == 255 ? UINT64_MAX : op->arg[2] } };

        m.chain.final = frame_value(PEER_SET_VALUE, 0);
        if (h->m->pow || op->arg[3] > 0)
                m.chain.work = op->arg[3] == 0 ? "10" : op->arg[3] == 1 ? "340282366920938463463374607431768211455" : "x";
        if (!l->honest)
                frame_say(h, l, &m, NULL);
}

static void hello(Host *h, HostLink *l, const PeerOp *op) {
        const Header *tip = &material_block(h->m, op->arg[1])->header;
        Message m = { .type = MESSAGE_HELLO,
                .hello = { .version = frame_value(PEER_SET_VALUE, PROTOCOL_VERSION), .network = h->m->genesis->network, .agent = "liar",
                                .height = frame_value(PEER_SET_HEIGHT, tip->height), .tip = tip->id, .port = op->arg[2] * 256U } };

        if (change.is_set[PEER_SET_NETWORK])
                m.hello.network.b[0] ^= 1;
        if (!l->honest)
                frame_say(h, l, &m, NULL);
}

/* --- the engine's --- */

static unsigned signer_of(const HostLink *l, unsigned signer) {
        return l->honest ? l->who : signer % 4;
}

static void statement(Host *h, HostLink *l, const PeerOp *op) {
        static const MessageType types[] = { MESSAGE_ENDORSE, MESSAGE_FINALIZE, MESSAGE_SKIP };
        QuorumKind kind = op->name == PEER_ENDORSE ? QUORUM_ENDORSE : op->name == PEER_FINALIZE ? QUORUM_FINALIZE : QUORUM_SKIP;
        unsigned item = item_of(h, l, op->arg[1]);
        const MaterialBlock *b = material_block(h->m, item);
        uint64_t view = frame_value(PEER_SET_VALUE, op->arg[3] > 0 ? op->arg[3] : MAX(b->header.value, UINT64_C(1)));
        QuorumStatement s;
        _cleanup_buf_ Buf line = {};

        if (l->honest) {
                view = kind == QUORUM_SKIP ? op->arg[3] : b->header.value;
                if (l->who == 7 || (kind == QUORUM_SKIP ? !material_skipped(view) || !material_says_skip(h->m, view)
                                                         : kind == QUORUM_FINALIZE ? !b->final : !b->endorsed))
                        return;
        }
        s = material_says(h->m, signer_of(l, op->arg[2]), kind, view, &b->header.id);
        fuzz_check(quorum_statement_format(&s, &h->m->q.c, &line) == 0);
        frame_say(h, l, &(Message) { .type = types[kind - QUORUM_ENDORSE] }, &line);
}

static void propose(Host *h, HostLink *l, const PeerOp *op) {
        unsigned item = item_of(h, l, op->arg[1]);
        const MaterialBlock *b = material_block(h->m, item);
        unsigned leader = quorum_leader(&h->m->q.c, b->header.value);
        _cleanup_buf_ Buf line = {};

        if (h->m->pow || item == 0 || (l->honest && l->who != leader))
                return;
        material_proposal(h->m, item, l->honest || op->arg[2] == 0 ? leader : op->arg[2], l->honest ? 0 : op->arg[3], &line);
        frame_say(h, l, &(Message) { .type = MESSAGE_PROPOSE }, &line);
}

static void certificate(Host *h, HostLink *l, const PeerOp *op) {
        unsigned item = item_of(h, l, op->arg[1]);
        const MaterialBlock *b = material_block(h->m, item);
        QuorumKind of = (QuorumKind) (QUORUM_ENDORSE + op->arg[2] % 3);
        uint64_t view = frame_value(PEER_SET_VALUE, op->arg[3] > 0 ? op->arg[3] : MAX(b->header.value, UINT64_C(1)));
        _cleanup_buf_ Buf line = {};

        if (l->honest) {
                if (l->who == 7 || item == 0)
                        return;
                of = b->final ? QUORUM_FINALIZE : QUORUM_ENDORSE;
                view = b->header.value;
        }
        material_certificate(h->m, of, view, &b->header.id, l->honest ? SEAL_RIGHT : (MaterialSeal) (op->arg[4] % _SEAL_MAX), &line);
        frame_say(h, l, &(Message) { .type = MESSAGE_CERTIFICATE }, &line);
}

static void certificates(Host *h, HostLink *l, const PeerOp *op) {
        Message m = { .type = MESSAGE_CERTIFICATES, .id = asked(l, MESSAGE_GET_CERTIFICATES, MESSAGE_GET_CERTIFICATES) };
        _cleanup_buf_ Buf lines = {};

        if (l->honest)
                return;
        for (uint64_t v = op->arg[1]; v < (uint64_t) op->arg[1] + op->arg[2] % 32; v++)
                for (unsigned i = 1; i <= MATERIAL_BLOCKS; i++) {
                        const MaterialBlock *b = material_block(h->m, i);
                        bool skip = i == MATERIAL_BLOCKS && material_skipped(v);

                        if (b->header.value != v && !skip)
                                continue;
                        buf_add_text(&lines, lines.n > 0 ? "\n" : "");
                        material_certificate(h->m, skip ? QUORUM_SKIP : b->final ? QUORUM_FINALIZE : QUORUM_ENDORSE, v, &b->header.id,
                                        (MaterialSeal) (op->arg[3] % _SEAL_MAX), &lines);
                }
        frame_say(h, l, &m, &lines);
}

static void evidence(Host *h, HostLink *l, const PeerOp *op) {
        static const QuorumKind pairs[][2] = {
                { QUORUM_PROPOSE, QUORUM_PROPOSE }, { QUORUM_ENDORSE, QUORUM_ENDORSE }, { QUORUM_FINALIZE, QUORUM_FINALIZE },
                { QUORUM_SKIP, QUORUM_FINALIZE },
        };
        const QuorumKind *kinds = pairs[op->arg[3] % ELEMENTSOF(pairs)];
        unsigned signer = op->arg[1] == 0 ? MATERIAL_LIAR : op->arg[1] % 4;
        uint64_t view = frame_value(PEER_SET_VALUE, MAX(op->arg[2], 1U));
        const Id one = { .b = { 1 } }, two = { .b = { 2 } };
        QuorumStatement a = material_says(h->m, signer, kinds[0], view, &one), b = material_says(h->m, signer, kinds[1], view, &two);
        _cleanup_buf_ Buf line = {};

        if (l->honest)
                return;
        fuzz_check(quorum_evidence_format(&a, &b, &h->m->q.c, &line) == 0);
        frame_say(h, l, &(Message) { .type = MESSAGE_EVIDENCE }, &line);
}

/* --- the rest --- */

static void peers(Host *h, HostLink *l, const PeerOp *op) {
        MessagePeer list[32];
        Message m = { .type = op->arg[3] % 2 == 0 ? MESSAGE_PEER_LIST : MESSAGE_PEER_LIST_UPDATE, .id = 1,
                .peers = { .version = frame_value(PEER_SET_VALUE, op->arg[2]), .peers = list, .n_peers = op->arg[1] % 32 } };

        for (unsigned i = 0; i < m.peers.n_peers; i++)
                list[i] = (MessagePeer) { *secret_key_public(material_secret(h->m, i % 12)), i % 2 == 0 ? "10.0.1.1" : "10.0.9.1", (uint16_t) (7000 + i) };
        if (!l->honest)
                frame_say(h, l, &m, NULL);
}

static void plain(Host *h, HostLink *l, const PeerOp *op) {
        Message m = { .type = (MessageType) (1 + op->arg[1] % (_MESSAGE_MAX - 1)), .id = op->arg[2] };

        if (m.type == MESSAGE_HELLO || l->honest)
                return;
        if (m.type == MESSAGE_REGISTERED || m.type == MESSAGE_HEARTBEAT_REPLY) {
                m.lease.ttl = 1 + op->arg[3];
                m.lease.version = op->arg[4];
        }
        if (m.type == MESSAGE_RECEIPT)
                m.receipt.receipt = h->m->genesis->engine_config;
        if (m.type == MESSAGE_ERROR) {
                m.error.code = verdict_name(op->arg[3] % (_V_MAX - 1) + 1);
                m.error.text = "so";
        }
        frame_say(h, l, &m, NULL);
}

static void craft(Host *h, const PeerOp *op) {
        const MaterialBlock *parent = material_block(h->m, op->arg[1]);
        uint64_t now = (uint64_t) ((int64_t) MATERIAL_START + h->clock_sec + (int64_t) (h->now_usec / USEC_PER_SEC));
        unsigned item = MATERIAL_CRAFTED + op->arg[0] % (MATERIAL_ITEMS - MATERIAL_CRAFTED);
        uint64_t view = op->arg[2] > 0 ? op->arg[2] : parent->header.value + 1;
        Header x = {
                .network = h->m->genesis->network,
                .parent = parent->header.id,
                .height = parent->header.height + 1,
                .time = op->arg[3] == 0 ? now : now + op->arg[3] - 128,
                .field = h->m->pow ? HEADER_DIFFICULTY : HEADER_VIEW,
                .value = h->m->pow ? 1 : view,
        };
        MaterialBlock *b = h->m->blocks + item;

        x.value = frame_value(PEER_SET_VALUE, x.value);
        x.sealer = *secret_key_public(material_secret(h->m, change.is_set[PEER_SET_SEALER] ? change.set[PEER_SET_SEALER].arg[0] % 12 : (unsigned) (x.value % 4)));
        material_craft(h->m, item, &x, change.with, change.n_with);
        if (b->endorsed)
                return;
        b->sound = change.n_with == 0 && !frame_is_changed() && x.time >= parent->header.time && x.time <= now + 15;
        b->header.height = frame_value(PEER_SET_HEIGHT, b->header.height);
        b->header.time = frame_value(PEER_SET_TIME, b->header.time);
        b->header.count = (uint32_t) frame_value(PEER_SET_COUNT, b->header.count);
        b->header.root.b[0] ^= change.is_set[PEER_SET_ROOT];
        b->header.network.b[0] ^= change.is_set[PEER_SET_NETWORK];
        fuzz_check(header_set_id(&b->header) == 0);
}

static void replay(Host *h, const HostLink *l, unsigned i) {
        const HostFrame *f = h->kept + i % HOST_FRAMES;
        _cleanup_buf_ Buf copy = {};

        if (l->honest || !f->data)
                return;
        buf_add(&copy, f->data, f->n);
        frame_hand_over(h, l, &copy);
}

static void frame(Host *h, HostLink *l, const PeerOp *op) {
        _cleanup_buf_ Buf raw = {};

        switch (op->name) {

        case PEER_RAW:
                buf_add(&raw, op->arg + 1, PEER_ARGS - 1);
                if (!l->honest)
                        frame_hand_over(h, l, &raw);
                return;

        case PEER_REPLAY:
                replay(h, l, op->arg[1]);
                return;

        case PEER_PLAIN:
                plain(h, l, op);
                return;

        case PEER_HELLO:
                hello(h, l, op);
                return;

        case PEER_NEW_VOTE:
                votes(h, l, MESSAGE_NEW_VOTE);
                return;

        case PEER_NEW_VOTE_IDS:
                votes(h, l, MESSAGE_NEW_VOTE_IDS);
                return;

        case PEER_GET_VOTES:
                votes(h, l, MESSAGE_GET_VOTES);
                return;

        case PEER_VOTES_RESPONSE:
                votes(h, l, MESSAGE_VOTES_RESPONSE);
                return;

        case PEER_NEW_BLOCK:
        case PEER_NEW_BLOCK_IDS:
                block(h, l, op);
                return;

        case PEER_GET_BLOCKS:
        case PEER_GET_BLOCKS_IDS:
        case PEER_GET_CHAIN_INFO:
        case PEER_GET_RECEIPT:
        case PEER_GET_CERTIFICATES:
                if (op->name != PEER_GET_CERTIFICATES || !h->m->pow || !l->honest)
                        ask(h, l, op);
                return;

        case PEER_BLOCKS_RESPONSE:
                blocks(h, l, op);
                return;

        case PEER_CHAIN_INFO_RESPONSE:
                info(h, l, op);
                return;

        case PEER_PEER_LIST:
                peers(h, l, op);
                return;

        default:
                if (l->honest && h->m->pow)
                        return;
                if (op->name == PEER_PROPOSE)
                        propose(h, l, op);
                else if (op->name == PEER_CERTIFICATE)
                        certificate(h, l, op);
                else if (op->name == PEER_CERTIFICATES)
                        certificates(h, l, op);
                else if (op->name == PEER_EVIDENCE)
                        evidence(h, l, op);
                else
                        statement(h, l, op);
        }
}

bool frame_op(Host *h, const PeerOp *op) {
        HostLink *l = h->links + op->arg[0] % HOST_LINKS;

        if (op->name >= PEER_SET_HEIGHT && op->name <= PEER_SET_TYPE) {
                change.set[op->name] = *op;
                change.is_set[op->name] = true;
                return true;
        }
        if (op->name == PEER_WITH) {
                for (size_t i = 0; i < PEER_ARGS && change.n_with < ELEMENTSOF(change.with); i++)
                        if (op->arg[i] > 0)
                                change.with[change.n_with++] = op->arg[i];
                return true;
        }
        if (op->name == PEER_CRAFT)
                craft(h, op);
        else if (op->name < PEER_RAW)
                return false;
        else if (l->id != 0)
                frame(h, l, op);
        frame_forget();
        return true;
}
