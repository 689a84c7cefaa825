/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/peer-internal.h"

/* Entries that were announced, or that a block names, and are not here. Whoever announced one is
 * asked for it; if nothing comes in time, another who did. When nobody is left the id is forgotten:
 * it is announced again if it lives. */

#define ASK_IDS_MAX     2048U   /* ids in one get_votes: so that several links share the work */

Item* gossip_want(Peer *p, const Id *id) {
        Item *i = item_table_find(&p->items, id);

        if (!i) {
                i = item_table_add(&p->items, id);
                if (!i)
                        return NULL;
                i->since_usec = p->now_usec;
                i->ask_usec = USEC_INFINITY;
        }
        return i;
}

void gossip_unwant(Peer *p, Item *i) {
        if (i->wanted_by < LINK_SLOTS)
                for (size_t k = 0; k < p->n_links; k++)
                        if (p->links[k]->slot == i->wanted_by && p->links[k]->n_wants > 0)
                                p->links[k]->n_wants--;
        i->wanted_by = LINK_SLOTS;
        i->asked = 0;
        i->ask_usec = USEC_INFINITY;
}

/* Nobody was left to be asked for it; now there is somebody. */
void gossip_ask_again(Peer *p, Item *i) {
        if (i->state != ITEM_WANTED || i->asked != 0 || i->ask_usec != USEC_INFINITY)
                return;
        i->ask_usec = p->ask_usec = p->now_usec;
        peer_arm(p, p->now_usec);
}

static PeerLink* whom_to_ask(Peer *p, const Item *i, const bool *busy, bool *ret_waits) {
        size_t first = p->n_links > 0 ? i->id.b[0] % p->n_links : 0;

        *ret_waits = false;
        for (size_t k = 0; k < p->n_links; k++) {
                size_t at = (first + k) % p->n_links;
                PeerLink *l = p->links[at];

                if (!l->up || l->client || !slot_set_has(&i->known, l->slot))
                        continue;
                if (!busy[at])
                        return l;
                *ret_waits = true;
        }
        return NULL;
}

/* One get_votes a link at a time; what finds all who could answer busy waits for the next answer.
 */
int gossip_ask(Peer *p) {
        _cleanup_free_ bool *busy = NULL;
        _cleanup_free_ Request **asks = NULL;
        uint64_t next = USEC_INFINITY;
        Item *i, *following;

        if (p->now_usec < p->ask_usec) {
                peer_arm(p, p->ask_usec);
                return 0;
        }
        p->ask_usec = USEC_INFINITY;
        if (p->n_links == 0 && p->items.n_state[ITEM_WANTED] == 0)
                return 0;
        busy = new0(bool, p->n_links + 1);
        asks = new0(Request *, p->n_links + 1);
        if (!busy || !asks)
                return -ENOMEM;
        for (size_t k = 0; k < p->n_links; k++)
                busy[k] = request_pending(p, p->links[k]->id, REQUEST_VOTES);

        for (i = TAILQ_FIRST(p->items.state + ITEM_WANTED); i; i = following) {
                PeerLink *l;
                size_t at = 0;
                bool waits;

                following = TAILQ_NEXT(i, states);
                if (i->asked != 0)
                        continue;
                if (i->ask_usec > p->now_usec) {
                        next = MIN(next, i->ask_usec);
                        continue;
                }
                l = whom_to_ask(p, i, busy, &waits);
                if (!l) {
                        if (!waits && i->n_blocks == 0) {
                                gossip_unwant(p, i);
                                item_table_remove(&p->items, i);
                        } else if (!waits)
                                i->ask_usec = USEC_INFINITY; /* its block is asked for as a whole */
                        continue;
                }
                while (p->links[at] != l)
                        at++;
                if (!asks[at]) {
                        asks[at] = request_new(p, l, REQUEST_VOTES, VOTES_USEC);
                        if (!asks[at])
                                return -ENOMEM;
                        asks[at]->ids = newN(Id, ASK_IDS_MAX);
                        if (!asks[at]->ids)
                                return -ENOMEM;
                }
                asks[at]->ids[asks[at]->n_ids++] = i->id;
                i->asked = asks[at]->id;
                if (asks[at]->n_ids == ASK_IDS_MAX)
                        busy[at] = true;
        }

        for (size_t k = 0; k < p->n_links; k++)
                if (asks[k])
                        peer_link_send(p, p->links[k], LANE_ENGINE,
                                        &(Message) { .type = MESSAGE_GET_VOTES,
                                                        .has_id = true,
                                                        .id = asks[k]->id,
                                                        .ids = { .ids = asks[k]->ids,
                                                                        .n_ids = asks[k]->n_ids } });
        p->ask_usec = next;
        peer_arm(p, next);
        return 0;
}

/* more: the answer was full, the rest is to be had from the same link. */
void gossip_not_delivered(Peer *p, const Request *q, bool more) {
        const PeerLink *l = peer_link_find(p, q->link);

        for (size_t k = 0; k < q->n_ids; k++) {
                Item *i = item_table_find(&p->items, q->ids + k);

                if (!i || i->state != ITEM_WANTED || i->asked != q->id)
                        continue;
                i->asked = 0;
                i->ask_usec = p->now_usec;
                if (l && !more)
                        slot_set_remove(&i->known, l->slot);
                if (i->n_blocks > 0)
                        p->drafts_dirty = true;
        }
        p->ask_usec = p->now_usec;
        peer_arm(p, p->now_usec);
}

int gossip_on_response(Peer *p, PeerLink *l, const Request *q, const Message *m) {
        bool gone;
        int r;

        r = admit_lines(p, l, m, &gone);
        if (r < 0)
                return r;
        gossip_not_delivered(p, q, m->n_lines_bytes > BLOCKS_RESPONSE_BYTES / 2);
        return gossip_ask(p);
}
