/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/peer-internal.h"

/* The way of a draft from its header to the chain: its bodies by their ids from who announced it,
 * or the block as a whole, or they came with it; every signature checked once, in batches, while
 * the next blocks are on their way. */

#define BLOCKS_ASK_MAX  16U             /* blocks in one get_blocks by id */
#define TRIES_MAX       12U
#define DRAFT_OLD_USEC  (600 * USEC_PER_SEC)
#define HEADER_OLD_USEC (60 * USEC_PER_SEC)
#define STEP_BYTES_MAX  (1U << 20)      /* connected in one step: then others have their turn */
#define STEP_BLOCKS_MAX 64U

/* --- header --- */

/* The seal's signatures are good: does the engine take the header? */
static int try_header(Peer *p, Draft *d) {
        SigCheck checks[ENGINE_SIGNATURES_MAX] = {};
        size_t n_checks = 0;
        Id id = d->id;
        Why why;
        int r;

        if (d->orphan) {
                r = engine_judge(p, &d->block->header, d->block->seal_line, d->block->n_seal_line,
                                checks, &n_checks, &why);
                sig_checks_done(checks, n_checks);
                if (r < 0)
                        return r;
                if (r == V_ORPHAN) {
                        const Draft *parent = draft_find(p, &d->block->header.parent);

                        return parent && parent->state == DRAFT_SEALING ? 0 : draft_drop(p, d);
                }
                if (r > 0 && r != V_DUPLICATE)
                        return draft_invalid(p, &id, r, &why);
                d->known = d->known || r == V_DUPLICATE;
        }

        d->state = d->wanted ? DRAFT_WANTED : DRAFT_HEADER;
        if (!d->known)
                return engine_feed(p,
                                &(EngineEvent) { .type = ENGINE_EV_HEADER,
                                                .header = &d->block->header,
                                                .seal = d->block->seal_line,
                                                .n_seal = d->block->n_seal_line,
                                                .from = d->from,
                                                .id = id });
        id = p->want_tip;
        return p->has_want ? draft_want(p, &id) : 0;
}

/* --- bodies --- */

/* Ties the draft to its entries, by id. Those that nobody has spoken of yet are asked for at once.
 */
static int tie_items(Peer *p, Draft *d) {
        size_t n = d->block->header.count;
        Id id = d->id;

        d->items = new0(Item *, n + 1);
        if (!d->items)
                return -ENOMEM;
        for (size_t k = 0; k < n; k++) {
                Item *i = gossip_want(p, d->ids + k);

                if (!i)
                        return -ENOMEM;
                if (i->tied == d->serial)
                        return draft_invalid(p, &id, V_BLOCK,
                                        &(Why) { "a block that holds an entry twice" });
                i->tied = d->serial;
                d->items[k] = i;
                i->n_blocks++;
                if (i->state != ITEM_WANTED || d->block->entries[k])
                        continue;
                for (size_t w = 0; w < ELEMENTSOF(i->known.w); w++)
                        i->known.w[w] |= d->sources.w[w];
                if (i->asked == 0) {
                        i->ask_usec = p->now_usec;
                        p->ask_usec = p->now_usec;
                }
        }
        return 0;
}

static int fill_entries(Peer *p, Draft *d) {
        Id id = d->id;
        Why why;
        int r;

        for (size_t k = 0; k < d->block->header.count; k++) {
                (void) entry_unref(d->block->entries[k]);
                d->block->entries[k] = entry_ref(d->items[k]->entry);
        }
        r = block_check_body(d->block, p->genesis, &why);
        if (r < 0)
                return r;
        if (r > 0)
                return draft_invalid(p, &id, r, &why);
        d->block->rooted = true;
        d->state = DRAFT_COMPLETE;
        p->drafts_dirty = true;
        return 0;
}

static int progress(Peer *p, Draft *d) {
        size_t n = d->block->header.count;
        Id id = d->id;
        int r;

        if (!d->ids)
                return 0;               /* the whole block is asked for */
        if (!d->items) {
                r = tie_items(p, d);
                if (r < 0 || !draft_find(p, &id))
                        return r;
        }
        while (d->n_asked < n && p->n_checking < CHECKS_MAX) {
                size_t k = d->n_asked++;

                if (!d->block->entries[k])
                        continue;
                r = admit_block_entry(p, d->items[k], d->block->entries[k], d->block->header.time);
                if (r < 0)
                        return r;
        }
        while (d->n_ready < n) {
                const Item *i = d->items[d->n_ready];

                if (i->invalid && i->state != ITEM_CHECKING)
                        return draft_invalid(p, &id, i->bad_key ? V_KEY : V_SIGNATURE,
                                        &(Why) { "a block with an entry whose signature does not "
                                                 "verify" });
                if (i->state != ITEM_POOLED && i->state != ITEM_HELD)
                        return 0;
                d->n_ready++;
        }
        return fill_entries(p, d);
}

/* Its ids are not known, or whoever could give its entries by id does not. */
static bool needs_whole(const Draft *d) {
        const Item *i;

        if (d->state != DRAFT_WANTED || d->request != 0)
                return false;
        if (!d->ids)
                return true;
        if (!d->items || d->n_ready >= d->block->header.count || d->block->entries[d->n_ready])
                return false;           /* it is here: its turn to be checked has not come yet */
        i = d->items[d->n_ready];
        return i->state == ITEM_WANTED && i->asked == 0 && i->ask_usec == USEC_INFINITY;
}

static bool can_be_asked(const Peer *p, const PeerLink *l) {
        return l->up && !l->client && p->now_usec >= l->no_sync_usec &&
                        !request_pending(p, l->id, REQUEST_BLOCKS) &&
                        !request_pending(p, l->id, REQUEST_RANGE);
}

/* Who announced it comes first, then whoever is as high. */
static PeerLink* whom_to_ask(const Peer *p, const Draft *d) {
        PeerLink *other = NULL;

        for (size_t k = 0; k < p->n_links; k++) {
                PeerLink *l = p->links[(k + d->tries) % p->n_links];

                if (!can_be_asked(p, l))
                        continue;
                if (slot_set_has(&d->sources, l->slot))
                        return l;
                if (!other && l->height >= d->block->header.height)
                        other = l;
        }
        return other;
}

static int fetch_whole(Peer *p) {
        Draft *d, *other;

        TAILQ_FOREACH(d, &p->drafts, list) {
                PeerLink *l;
                Request *q;

                if (!needs_whole(d))
                        continue;
                if (p->now_usec < d->ask_usec) {
                        peer_arm(p, d->ask_usec);
                        continue;
                }
                l = whom_to_ask(p, d);
                if (!l)
                        continue;
                q = request_new(p, l, REQUEST_BLOCKS, l->blocks_usec);
                if (!q)
                        return -ENOMEM;
                q->ids = newN(Id, BLOCKS_ASK_MAX);
                if (!q->ids)
                        return -ENOMEM;
                for (other = d; other && q->n_ids < BLOCKS_ASK_MAX; other = TAILQ_NEXT(other, list))
                        if (needs_whole(other) && p->now_usec >= other->ask_usec) {
                                other->request = q->id;
                                q->ids[q->n_ids++] = other->id;
                        }
                peer_link_send(p, l, LANE_ENGINE,
                                &(Message) { .type = MESSAGE_GET_BLOCKS_IDS,
                                                .has_id = true,
                                                .id = q->id,
                                                .ids = { .ids = q->ids, .n_ids = q->n_ids } });
        }
        return 0;
}

int drafts_not_delivered(Peer *p, const Request *q, bool late) {
        PeerLink *l = peer_link_find(p, q->link);

        if (l && late) {
                l->blocks_usec = MIN(l->blocks_usec * 2, 8 * BLOCKS_USEC);
                l->no_sync_usec = p->now_usec + USEC_PER_SEC;
        }
        for (size_t k = 0; k < q->n_ids; k++) {
                Draft *d = draft_find(p, q->ids + k);
                int r;

                if (!d || d->request != q->id)
                        continue;
                d->request = 0;
                d->ask_usec = p->now_usec + (slot_set_empty(&d->sources) ? USEC_PER_SEC : 0);
                p->drafts_dirty = true;
                if (l)
                        slot_set_remove(&d->sources, l->slot);
                if (++d->tries < TRIES_MAX)
                        continue;
                r = draft_drop(p, d); /* nobody gives it; the engine knows its header, should it
                                         come up again */
                if (r < 0)
                        return r;
        }
        return 0;
}

int drafts_on_blocks(Peer *p, PeerLink *l, const Request *q, const Message *m) {
        const char *text = m->lines;
        size_t n = m->n_lines_bytes, n_got = 0;
        LinkId from = l->id;

        while (n > 0 && n_got < q->n_ids) {
                Block *b = NULL;
                bool asked = false;
                int r, verdict;
                Why why;

                r = block_read(&b, p->genesis, &text, &n, &why);
                if (r < 0)
                        return r;
                for (size_t k = 0; r == 0 && k < q->n_ids; k++)
                        asked = asked || id_equal(q->ids + k, &b->header.id);
                verdict = r > 0 ? r
                                : asked
                                ? 0
                                : why_set(&why, V_PROTOCOL, "a block that was not asked for");
                if (verdict == 0) {
                        Draft *d = draft_find(p, &b->header.id);

                        n_got++;
                        if (d && d->request == q->id)
                                d->request = 0;
                        if (d || q->fetch) {    /* nobody waits for it else */
                                r = draft_add_block(p, TAKE_PTR(b), l, false, &verdict, &why);
                                if (r < 0)
                                        return r;
                        }
                }
                (void) block_free(b);
                if (verdict > 0 && verdict != V_DUPLICATE) {
                        penalty_blame(p, from, verdict, &why);
                        break;
                }
        }
        if (n_got > 0 && (l = peer_link_find(p, from)))
                l->blocks_usec = BLOCKS_USEC;
        p->drafts_dirty = true;
        if (n_got == 0)
                return drafts_not_delivered(p, q, false);
        for (size_t k = 0; k < q->n_ids; k++) {         /* the rest did not fit: ask again */
                Draft *d = draft_find(p, q->ids + k);

                if (d && d->request == q->id)
                        d->request = 0;
        }
        return 0;
}

/* --- to the chain --- */

static Draft* complete_child(const Peer *p, const Id *parent) {
        Draft *d;

        TAILQ_FOREACH(d, &p->drafts, list)
                if (d->state == DRAFT_COMPLETE && !d->offered && !d->proposal &&
                                id_equal(&d->block->header.parent, parent))
                        return d;
        return NULL;
}

static int connect_ready(Peer *p) {
        size_t bytes = 0, n = 0;
        int r;

        while (!p->trouble && !p->broken && !p->has_switch) {
                Draft *d = complete_child(p, &chain_tip(p->chain)->id);

                if (!d)
                        return 0;
                if (bytes > STEP_BYTES_MAX || n == STEP_BLOCKS_MAX) {
                        p->drafts_dirty = true;
                        peer_arm(p, p->now_usec);
                        return 0;
                }
                for (size_t k = 0; k < d->block->n_entries; k++)
                        bytes += d->block->entries[k]->n_line;
                n++;
                d->offered = true;
                r = engine_feed(p, &(EngineEvent) { .type = ENGINE_EV_BODIES, .id = d->id });
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Whether d and all that it stands on, down to the main chain, is here. */
static bool is_whole(const Peer *p, const Draft *d) {
        const Draft *parent;
        uint64_t height;

        while ((parent = draft_find(p, &d->block->header.parent))) {
                if (parent->state != DRAFT_COMPLETE)
                        return false;
                d = parent;
        }
        return id_equal(&d->block->header.parent, &p->genesis->network) ||
                        p->store->ops->block_find(p->store, &d->block->header.parent, &height) == 0;
}

/* The end of the longest branch that is here as a whole and was not offered yet. */
static Draft* whole_branch(Peer *p) {
        Draft *d, *parent, *best = NULL;

        TAILQ_FOREACH(d, &p->drafts, list)
                d->is_end = d->state == DRAFT_COMPLETE && !d->proposal;
        TAILQ_FOREACH(d, &p->drafts, list)
                if (d->state == DRAFT_COMPLETE && !d->proposal && (parent = draft_find(p, &d->block->header.parent)))
                        parent->is_end = false;
        TAILQ_FOREACH(d, &p->drafts, list)
                if (d->is_end && !d->offered &&
                                (!best || d->block->header.height > best->block->header.height) &&
                                is_whole(p, d))
                        best = d;
        return best;
}

/* A branch beside the main chain is offered when all of it is here, any branch: the heaviest may
 * stay without its bodies for good, and what is lighter than that, but heavier than ours, must not
 * wait for it. The engine leaves what is lighter than ours. */
static int offer_branches(Peer *p) {
        while (p->n_drafts > 0 && !p->trouble && !p->broken && !p->has_switch) {
                Draft *d = whole_branch(p);
                int r;

                if (!d)
                        return 0;
                d->offered = true;
                r = engine_feed(p, &(EngineEvent) { .type = ENGINE_EV_BODIES, .id = d->id });
                if (r < 0)
                        return r;
        }
        return 0;
}

int drafts_advance(Peer *p) {
        int r;

        if (p->has_switch && !p->dirty) {
                Id to = p->switch_to;

                p->has_switch = false;
                r = connect_switch(p, &to);
                if (r < 0)
                        return r;
        }
        if (!p->drafts_dirty || p->broken)
                return 0;

        while (p->drafts_dirty && !p->trouble) {
                Draft *d;

                p->drafts_dirty = false;
                for (d = TAILQ_FIRST(&p->drafts); d; ) {
                        Id id = d->id;
                        DraftState before = d->state;

                        if (d->state == DRAFT_SEALING && d->n_seals == 0)
                                r = try_header(p, d);
                        else if (d->state == DRAFT_WANTED)
                                r = progress(p, d);
                        else
                                r = 0;
                        if (r < 0)
                                return r;
                        d = draft_find(p, &id);
                        if (!d) { /* it went, and may have taken others along */
                                p->drafts_dirty = true;
                                break;
                        }
                        if (d->state == DRAFT_WANTED && before != DRAFT_WANTED)
                                p->drafts_dirty = true;
                        d = TAILQ_NEXT(d, list);
                }
                if (p->drafts_dirty)
                        continue;
                r = proposals_advance(p);
                if (r < 0)
                        return r;
                r = connect_ready(p);
                if (r < 0)
                        return r;
                if (p->drafts_dirty)                    /* enough for one step */
                        break;
                r = offer_branches(p);
                if (r < 0)
                        return r;
        }
        r = fetch_whole(p);
        if (r < 0)
                return r;
        if (p->ask_usec <= p->now_usec) {
                r = gossip_ask(p);
                if (r < 0)
                        return r;
        }
        return sync_fill(p);
}

/* What is on no branch that wins goes after a while; its header stays with the engine. */
int drafts_timers(Peer *p) {
        Draft *d;
        int r;

        if (p->n_drafts == 0)
                return 0;
        for (d = TAILQ_FIRST(&p->drafts); d; ) {
                uint64_t age = p->now_usec - d->since_usec;

                if (age < HEADER_OLD_USEC || (d->state != DRAFT_HEADER && age < DRAFT_OLD_USEC) ||
                                (d->proposal && d->state == DRAFT_COMPLETE)) {
                        d = TAILQ_NEXT(d, list);
                        continue;
                }
                r = draft_drop(p, d);
                if (r < 0)
                        return r;
                d = TAILQ_FIRST(&p->drafts);
        }
        p->drafts_dirty = true;         /* whoever was busy may be asked now */
        return 0;
}
