/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "codec/hex.h"
#include "node/peer-internal.h"

/* A link to another peer or to a client:
 *
 *      GREETING (up is false: hello is awaited) --hello--> UP --close, silence, fault--> gone */

PeerLink* peer_link_find(const Peer *p, LinkId id) {
        for (size_t i = 0; i < p->n_links; i++)
                if (p->links[i]->id == id)
                        return p->links[i];
        return NULL;
}

/* --- slots --- */

/* Bits of links that are gone stay in items and drafts until a slot is needed anew; then all are
 * wiped in one go. */
static void wipe_stale_slots(Peer *p) {
        Draft *d;
        Item *i;

        for (ItemState s = 0; s < _ITEM_STATE_MAX; s++)
                TAILQ_FOREACH(i, p->items.state + s, states) {
                        slot_set_subtract(&i->known, &p->slots_stale);
                        slot_set_subtract(&i->told, &p->slots_stale);
                        if (i->wanted_by < LINK_SLOTS &&
                                        slot_set_has(&p->slots_stale, i->wanted_by))
                                i->wanted_by = LINK_SLOTS;
                }
        TAILQ_FOREACH(d, &p->drafts, list)
                slot_set_subtract(&d->sources, &p->slots_stale);
        p->slots_stale = (SlotSet) {};
}

static unsigned take_slot(Peer *p) {
        for (int round = 0; round < 2; round++) {
                for (unsigned s = 0; s < LINK_SLOTS; s++)
                        if (!slot_set_has(&p->slots_used, s) && !slot_set_has(&p->slots_stale, s)) {
                                slot_set_add(&p->slots_used, s);
                                return s;
                        }
                wipe_stale_slots(p);
        }
        return LINK_SLOTS;
}

/* --- sending --- */

static void send_frame(Peer *p, PeerLink *l, NodeLane lane, char *data, size_t n, bool regardless) {
        if (!data) {
                p->failed = -ENOMEM;
                return;
        }
        l->sent_bytes += n;
        peer_effect(p,
                        &(NodeEffect) { .type = NODE_FX_SEND,
                                        .link = l->id,
                                        .lane = lane,
                                        .data = data,
                                        .n_data = n,
                                        .regardless = regardless });
}

void peer_link_send_frame(Peer *p, PeerLink *l, NodeLane lane, char *data, size_t n) {
        send_frame(p, l, lane, data, n, false);
}

void peer_link_send(Peer *p, PeerLink *l, NodeLane lane, const Message *m) {
        _cleanup_buf_ Buf b = {};
        size_t n = 0;
        char *data = message_frame(&b, m) < 0 ? NULL : buf_take(&b, &n);

        /* What hello says of the ledger is a hint; without hello nothing that follows is understood. */
        send_frame(p, l, lane, data, n, m->type == MESSAGE_HELLO);
}

void peer_link_send_error(Peer *p, PeerLink *l, int verdict, const char *text, const uint64_t *id) {
        _cleanup_buf_ Buf b = {};
        size_t n = 0;
        char *data = message_error(&b, verdict, text, id) < 0 ? NULL : buf_take(&b, &n);

        peer_link_send_frame(p, l, LANE_ENGINE, data, n);
}

/* --- coming and going --- */

/* A younger link may be one of two that were dialled at the same time. */
#define YOUNG_USEC      (5 * USEC_PER_SEC)

static void peer_link_drop(Peer *p, PeerLink *l) {
        if (l->contact)
                l->contact->n_let_down = l->n_let_down;
        for (size_t i = 0; i < p->n_links; i++)
                if (p->links[i] == l) {
                        memmove(p->links + i, p->links + i + 1,
                                        (p->n_links - i - 1) * sizeof(PeerLink *));
                        break;
                }
        p->n_links--;
        p->changed = true;
        slot_set_remove(&p->slots_used, l->slot);
        slot_set_add(&p->slots_stale, l->slot);
        serve_drop(l);
        free(l);
}

/* Whoever was asked over it is asked elsewhere; its contact may be dialled again. */
static int peer_link_gone(Peer *p, PeerLink *l) {
        LinkId id = l->id;

        if (l->up && !l->client)
                peer_log(p, LOG_INFO, NODE_MSG_LINK_DOWN, "Link with %s:%u is down.",
                                l->address.host, l->address.port);
        peer_link_drop(p, l);
        return requests_drop_link(p, id);
}

void peer_link_close(Peer *p, PeerLink *l, int verdict, const char *reason) {
        NodeEffect fx = { .type = NODE_FX_CLOSE, .link = l->id, .verdict = verdict };
        int r;

        fx.data = strdup(reason);
        if (fx.data) {
                fx.n_data = strlen(reason);
                peer_effect(p, &fx);
        } else
                p->failed = -ENOMEM;
        r = peer_link_gone(p, l);       /* in any case: callers go on until none is left */
        if (r < 0)
                p->failed = r;
}

static void send_hello(Peer *p, PeerLink *l) {
        const ChainTip *tip = chain_tip(p->chain);

        peer_link_send(p, l, LANE_ENGINE,
                        &(Message) { .type = MESSAGE_HELLO,
                                        .hello = { .version = PROTOCOL_VERSION,
                                                        .network = p->genesis->network,
                                                        .agent = p->agent,
                                                        .height = tip->height,
                                                        .tip = tip->id,
                                                        .port = p->config.port } });
}

static PeerLink* peer_link_new(Peer *p, const NodeEvent *ev) {
        PeerLink *l;

        if (p->n_links == p->allocated_links) {
                size_t n = p->allocated_links ? p->allocated_links * 2 : 16;
                PeerLink **links = reallocarray(p->links, n, sizeof(PeerLink *));

                if (!links)
                        return NULL;
                p->links = links;
                p->allocated_links = n;
        }
        l = new0(PeerLink, 1);
        if (!l)
                return NULL;
        *l = (PeerLink) { .id = ev->link,
                .inbound = ev->inbound,
                .key = ev->key,
                .address = ev->address,
                .since_usec = p->now_usec,
                .since_sec = p->now_sec,
                .heard_usec = p->now_usec,
                .slot = take_slot(p),
                .blocks_usec = BLOCKS_USEC };
        p->links[p->n_links++] = l;
        return l;
}

int peer_link_on_up(Peer *p, const NodeEvent *ev) {
        unsigned n_inbound = 0;
        Contact *c = NULL;
        PeerLink *l;

        if (tracker_on_up(p, ev))
                return 0;

        if (ev->dial != 0) {
                c = book_by_dial(p, ev->dial);
                if (c)
                        c->dial = 0;
        }
        for (size_t i = 0; i < p->n_links; i++)
                n_inbound += p->links[i]->inbound;

        l = peer_link_new(p, ev);
        if (!l)
                return -ENOMEM;

        if (key_equal(&ev->key, &p->self)) {
                if (c)
                        c->self = true;
                peer_link_close(p, l, 0, "this is ourselves");
                return 0;
        }
        if (penalty_banned(p, &ev->key, ev->address.host)) {
                peer_link_send_error(p, l, V_BANNED, "this identity is banned for a time", NULL);
                peer_link_close(p, l, 0, "banned");
                return 0;
        }
        if (l->slot == LINK_SLOTS || p->stopping ||
                        (ev->inbound && n_inbound >= p->config.links_inbound_max &&
                                        !book_is_needed(p, &ev->key))) {
                peer_link_send_error(p, l, V_BUSY, "no room for one more link, try another peer",
                                NULL);
                peer_link_close(p, l, 0, "no room for one more inbound link");
                return 0;
        }

        l->contact = c;
        if (c && key_is_zero(&c->key))
                c->key = ev->key;
        l->penalty = penalty_remembered(p, &ev->key);
        p->changed = true;
        send_hello(p, l);
        peer_arm(p, p->now_usec + HELLO_USEC);
        return 0;
}

int peer_link_on_down(Peer *p, LinkId id, const char *text) {
        PeerLink *l;
        int r;

        if (tracker_on_down(p, id, text))
                return 0;
        l = peer_link_find(p, id);
        if (!l)                         /* we closed it */
                return 0;
        /* Who closes at once would be dialled again at once, for ever. */
        if (l->contact && !l->inbound && (!l->up || p->now_usec - l->since_usec < YOUNG_USEC))
                book_failed(p, l->contact);
        r = peer_link_gone(p, l);
        if (r < 0)
                return r;
        book_dial(p);
        return 0;
}

/* Of two links between the same two peers, which dialled each other at about the same time, both
 * keep the one that the lower key dialled. Of two that the same side dialled the side that was
 * dialled keeps the newer. And nobody dials whom it is linked with: where the elder is not young
 * any more it is dead, the other side has started anew. */
static bool settle_duplicate(Peer *p, PeerLink *l, bool *ret_replaced) {
        *ret_replaced = false;
        for (size_t i = 0; i < p->n_links; i++) {
                PeerLink *other = p->links[i], *loser;

                if (other == l || !other->up || other->client || !key_equal(&other->key, &l->key))
                        continue;

                if (p->now_usec - other->since_usec > YOUNG_USEC)
                        loser = other;
                else if (other->inbound == l->inbound) {
                        if (!l->inbound)
                                return false;
                        loser = other;
                } else {
                        bool we_keep_ours = key_compare(&p->self, &l->key) < 0;

                        loser = l->inbound == we_keep_ours ? l : other;
                }
                *ret_replaced = loser == other;
                loser->up = false;      /* one of the two goes on: nothing to be said of it */
                peer_link_close(p, loser, 0, "a second link between the same peers");
                return loser == l;
        }
        return false;
}

/* True: l is gone. */
static bool refuse_hello(Peer *p, PeerLink *l, int verdict, const char *text, const char *reason) {
        peer_link_send_error(p, l, verdict, text, NULL);
        if (l->contact) {
                l->contact->foreign = true;
                book_failed(p, l->contact);
                peer_log(p, LOG_WARNING, NODE_MSG_NONE, "%s:%u: %s, closing.", l->address.host,
                                l->address.port, text);
        }
        peer_link_close(p, l, 0, reason);
        return true;
}

static int on_hello(Peer *p, PeerLink *l, const Message *m) {
        bool replaced = false;
        int r;

        if (!id_equal(&m->hello.network, &p->genesis->network)) {
                char text[256], ours[ID_HEX], theirs[ID_HEX];

                (void) snprintf(text, sizeof(text),
                                "this is a peer of network %s, hello was for network %s",
                                id_hex(&p->genesis->network, ours),
                                id_hex(&m->hello.network, theirs));
                (void) refuse_hello(p, l, V_NETWORK, text, "of another network");
                return 0;
        }

        l->client = m->hello.port == 0;
        if (!l->client) {
                if (settle_duplicate(p, l, &replaced))
                        return 0;
                if (l->inbound)
                        l->address.port = (uint16_t) m->hello.port;
        }
        l->up = true;
        l->height = m->hello.height;
        l->tip = m->hello.tip;
        (void) snprintf(l->agent, sizeof(l->agent), "%s", m->hello.agent);
        p->changed = true;
        if (l->client)
                return 0;

        r = book_met(p, l, l->contact);
        if (r < 0)
                return r;
        if (!replaced)
                peer_log(p, LOG_INFO, NODE_MSG_LINK_UP,
                                "Link with %s:%u is up (%s, height %" PRIu64 ").", l->address.host,
                                l->address.port, l->agent, l->height);
        gossip_link_up(p, l);
        sync_ask_info(p, l, false);
        sync_consider(p);
        return evidence_greet(p, l) ?: engine_greet(p, l);
}

static int on_error(Peer *p, PeerLink *l, const Message *m) {
        Request *q;

        if (!l->up) {
                if (m->error.verdict == V_NETWORK || m->error.verdict == V_VERSION) {
                        if (l->contact)
                                l->contact->foreign = true;
                        peer_log(p, LOG_WARNING, NODE_MSG_NONE, "%s:%u refused us: %s",
                                        l->address.host, l->address.port, m->error.text);
                }
                if (l->contact)
                        book_failed(p, l->contact);
                peer_link_close(p, l, 0, "refused");
                return 0;
        }
        q = m->has_id ? request_find(p, l->id, m->id) : NULL;
        return q ? request_failed(p, q, false) : 0;
}

static int on_message(Peer *p, PeerLink *l, const Message *m) {
        switch (m->type) {

        case MESSAGE_HELLO:
                return on_hello(p, l, m);

        case MESSAGE_ERROR:
                return on_error(p, l, m);

        case MESSAGE_NEW_VOTE:
                return gossip_on_lines(p, l, m);

        case MESSAGE_NEW_VOTE_IDS:
                return gossip_on_ids(p, l, m);

        case MESSAGE_NEW_BLOCK:
        case MESSAGE_NEW_BLOCK_IDS:
                return draft_on_announced(p, l, m);

        case MESSAGE_VOTES_RESPONSE:
        case MESSAGE_BLOCKS_RESPONSE:
        case MESSAGE_CHAIN_INFO_RESPONSE:
        case MESSAGE_CERTIFICATES:
                return request_answered(p, l, m);

        case MESSAGE_PROPOSE:
        case MESSAGE_ENDORSE:
        case MESSAGE_FINALIZE:
        case MESSAGE_SKIP:
        case MESSAGE_CERTIFICATE:
        case MESSAGE_EVIDENCE:
                return message_on_line(p, l, m);

        default:
                if (message_is_request(m->type))
                        return serve_request(p, l, m);
                (void) peer_link_fault(p, l, V_PROTOCOL,
                                &(Why) { "a message that nobody asked for" }, NULL);
                return 0;
        }
}

int peer_link_on_frame(Peer *p, const NodeEvent *ev) {
        _cleanup_message_ Message m = {};
        unsigned senders;
        PeerLink *l;
        bool was;
        Why why;
        int r;

        r = tracker_on_frame(p, ev, &was);
        if (r < 0 || was)
                return r;
        l = peer_link_find(p, ev->link);
        if (!l)                         /* we closed it */
                return 0;

        l->heard_usec = p->now_usec;
        l->received_bytes += ev->n_data;
        if (penalty_spend_message(p, l))
                return 0;

        senders = !l->up            ? MESSAGE_FROM_STRANGER
                        : l->client ? MESSAGE_FROM_CLIENT
                                    : MESSAGE_FROM_PEER;
        if (p->engine->type->message_read)
                senders |= MESSAGE_OF_QUORUM;
        r = message_parse(&m, senders, ev->data, ev->n_data, &why);
        if (r < 0)
                return r;
        if (r == V_VERSION) {
                (void) refuse_hello(p, l, r, why.text, "of another version");
                return 0;
        }
        if (r > 0) {
                if (peer_link_fault(p, l, r, &why, m.has_id ? &m.id : NULL))
                        return 0;
                if (!l->up)             /* who cannot say hello says nothing else */
                        peer_link_close(p, l, r, why.text);
                return 0;
        }
        return on_message(p, l, &m);
}

/* --- time --- */

void peer_link_update_reading(Peer *p, PeerLink *l) {
        bool pause = l->n_checks >= CHECKS_PER_LINK_MAX ||
                        (l->paused && l->n_checks > CHECKS_PER_LINK_MAX / 2) ||
                        p->now_usec < l->resume_usec;

        if (p->now_usec < l->resume_usec)
                peer_arm(p, l->resume_usec);
        if (pause == l->paused)
                return;
        l->paused = pause;
        l->heard_usec = p->now_usec;    /* silence that we caused is none */
        peer_effect(p,
                        &(NodeEffect) { .type = pause ? NODE_FX_PAUSE : NODE_FX_RESUME,
                                        .link = l->id });
}

static uint64_t silent_usec(const PeerLink *l) {
        if (!l->up)
                return l->since_usec + HELLO_USEC;
        if (l->paused)
                return USEC_INFINITY;
        return l->heard_usec + (l->client ? CLIENT_SILENCE_SEC : LINK_SILENCE_SEC) * USEC_PER_SEC;
}

int peer_links_timers(Peer *p) {
        for (size_t i = p->n_links; i > 0; i--) {
                PeerLink *l = p->links[i - 1];
                uint64_t at = silent_usec(l);

                if (l->paused)
                        peer_link_update_reading(p, l);
                if (p->now_usec >= at) {
                        if (!l->up && l->contact)
                                book_failed(p, l->contact);
                        peer_link_close(p, l, 0,
                                        l->up ? "silent for too long" : "no hello within 10 s");
                } else if (at < p->beat_usec)
                        peer_arm(p, at);
                if (p->failed < 0)
                        return p->failed;
        }
        return 0;
}

/* Every ten seconds, all links at once, so that an idle peer wakes as seldom as can be. */
int peer_links_beat(Peer *p) {
        for (size_t i = 0; i < p->n_links; i++)
                if (p->links[i]->up && !p->links[i]->client)
                        sync_ask_info(p, p->links[i], false);
        sync_consider(p);
        return 0;
}

void peer_links_done(Peer *p) {
        while (p->n_links > 0)
                peer_link_drop(p, p->links[p->n_links - 1]);
        free(p->links);
        requests_done(p);
}
