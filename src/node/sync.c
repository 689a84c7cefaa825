/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "node/peer-internal.h"

/* Catching up (DESIGN 6). One run at a time follows the chain of one link, the lead: it says where
 * its chain leaves ours, then ranges of blocks are fetched (ranges.c). Height and work are claims,
 * no more, so a run is given up for another lead's when nothing comes, or what comes does not make
 * our chain grow; who led nowhere is followed again only after a while that doubles each time, and
 * who gave us blocks that we connected is believed before others. */

#define RANGE_FIRST     16U
/* Without a block, while another would lead. */
#define PATIENCE_USEC   (3 * USEC_PER_SEC)
/* With blocks that nothing comes of; doubles with each time. */
#define FRUITLESS_USEC  (30 * USEC_PER_SEC)
/* Not followed again; doubles likewise. */
#define LET_DOWN_USEC   (10 * USEC_PER_SEC)
#define LET_DOWN_MAX    6U

/* --- who is ahead --- */

/* Decimal numbers without leading zeros. */
static int compare_work(const char *a, const char *b) {
        size_t n = strlen(a), m = strlen(b);

        return n != m ? (n < m ? -1 : 1) : strcmp(a, b);
}

static bool tip_known(Peer *p, const Id *tip) {
        uint64_t height;

        return id_equal(tip, &p->genesis->network) || draft_find(p, tip) ||
                p->store->ops->block_find(p->store, tip, &height) == 0;
}

/* More work where both say how much; else more blocks. */
static bool is_ahead(Peer *p, const PeerLink *l) {
        EngineStatus status = {};

        if (!l->up || l->client || p->now_usec < l->no_sync_usec || tip_known(p, &l->tip))
                return false;
        p->engine->type->status(p->engine, &status);
        if (l->work[0] && status.work[0])
                return compare_work(l->work, status.work) > 0;
        return l->height > chain_tip(p->chain)->height;
}

/* Only what was connected counts: a claim alone stops nobody's work. */
bool sync_behind(const Peer *p) {
        return p->sync.run != 0 && p->sync.target > chain_tip(p->chain)->height + 2 &&
                        p->sync.gain_usec != 0 && p->now_usec - p->sync.gain_usec < BEAT_USEC;
}

/* --- chain info --- */

/* Ids from the tip down, dense at first, then at doubling steps, the network's id last. */
static int locator(Peer *p, Id *ret, size_t *ret_n) {
        uint64_t height = chain_tip(p->chain)->height, step = 1;
        size_t n = 0;

        while (height > 0 && n < LOCATOR_IDS_MAX - 1) {
                StoredBlock b = {};
                int r;

                r = p->store->ops->block_get(p->store, height, &b);
                if (r < 0)
                        return r;
                ret[n++] = b.id;
                stored_block_done(&b);
                if (n > 8)
                        step *= 2;
                height -= MIN(step, height);
        }
        ret[n++] = p->genesis->network;
        *ret_n = n;
        return 0;
}

void sync_ask_info(Peer *p, PeerLink *l, bool with_locator) {
        Id ids[LOCATOR_IDS_MAX];
        size_t n = 0;
        Request *q;
        int r;

        if (!with_locator && request_pending(p, l->id, REQUEST_INFO))
                return;
        if (with_locator) {
                r = locator(p, ids, &n);
                if (r < 0) {
                        p->failed = r;
                        return;
                }
        }
        q = request_new(p, l, REQUEST_INFO, INFO_USEC);
        if (!q)
                return;
        if (with_locator)
                p->sync.request = q->id;
        peer_link_send(p, l, LANE_ENGINE,
                        &(Message) { .type = MESSAGE_GET_CHAIN_INFO,
                                        .has_id = true,
                                        .id = q->id,
                                        .ids = { .ids = ids, .n_ids = n } });
}

/* --- runs --- */

/* Answers that are still to come are dropped then as any late one. What is a draft already stays.
 */
void sync_end(Peer *p) {
        Request *q, *next;

        ranges_done(p);
        for (q = TAILQ_FIRST(&p->requests); q; q = next) {
                next = TAILQ_NEXT(q, list);
                if (q->type == REQUEST_RANGE)
                        q->deadline_usec = p->now_usec;
        }
        if (p->sync.run != 0)
                p->changed = true;
        p->sync.run = p->sync.request = 0;
}

/* Whose run it was led nowhere. */
void sync_let_down(Peer *p, PeerLink *l) {
        uint64_t usec = LET_DOWN_USEC << MIN(l->n_let_down, LET_DOWN_MAX);

        l->no_sync_usec = MAX(l->no_sync_usec, p->now_usec + usec);
        l->n_let_down++;
}

/* It led where it ends: whether it goes on, and whether others have more, is asked anew. */
void sync_finish(Peer *p) {
        sync_end(p);
        for (size_t i = 0; i < p->n_links; i++)
                if (p->links[i]->up && !p->links[i]->client)
                        sync_ask_info(p, p->links[i], false);
}

/* Whose blocks we connected comes first, then the most work, then the most blocks. */
static bool leads_rather(const PeerLink *a, const PeerLink *b) {
        int c;

        if (!b || (a->n_connected > 0) != (b->n_connected > 0))
                return !b || a->n_connected > 0;
        c = compare_work(a->work, b->work);
        return c > 0 || (c == 0 && a->height > b->height);
}

/* Whether the run under way is given up for one that other would lead. */
static bool give_up_for(const Peer *p, const PeerLink *lead, const PeerLink *other) {
        const Sync *s = &p->sync;
        uint64_t since_usec = MAX(s->gain_usec, s->since_usec);
        uint64_t fruitless = p->now_usec - MAX(since_usec, s->excuse_usec);

        if (!lead || p->now_usec - s->progress_usec >= PATIENCE_USEC)
                return true;
        if (other->n_connected > 0 && lead->n_connected == 0 && s->gain_usec == 0)
                return fruitless >= PATIENCE_USEC;
        return fruitless >= FRUITLESS_USEC << MIN(lead->n_let_down, LET_DOWN_MAX);
}

void sync_consider(Peer *p) {
        PeerLink *best = NULL, *lead = p->sync.run != 0 ? peer_link_find(p, p->sync.lead) : NULL;

        if (p->broken || p->stopping)
                return;
        for (size_t i = 0; i < p->n_links; i++)
                if (p->links[i] != lead && is_ahead(p, p->links[i]) &&
                                leads_rather(p->links[i], best))
                        best = p->links[i];
        if (!best)
                return;
        if (p->sync.run != 0) {
                if (!give_up_for(p, lead, best))
                        return;
                if (lead)
                        sync_let_down(p, lead);
                sync_end(p);
        }

        p->sync.run = ++p->sync.n_runs;
        p->sync.lead = best->id;
        p->sync.max = RANGE_FIRST;
        p->sync.since_usec = p->sync.progress_usec = p->now_usec;
        p->sync.gain_usec = 0;
        p->changed = true;
        sync_ask_info(p, best, true);
        peer_arm(p, p->now_usec + PATIENCE_USEC);
}

/* What it said of its chain is older than the header that it sent now, so it is asked anew. */
void sync_on_orphan(Peer *p, PeerLink *l) {
        sync_ask_info(p, l, false);
        sync_consider(p);
}

void sync_timers(Peer *p) {
        if (p->sync.run == 0)
                return;
        sync_consider(p);
        ranges_hedge(p);
        peer_arm(p, p->now_usec + USEC_PER_SEC);
}

int sync_on_info(Peer *p, PeerLink *l, const Request *q, const Message *m) {
        Sync *s = &p->sync;
        StoredBlock b = {};
        int r;

        l->rtt_usec = p->now_usec - q->since_usec;
        l->height = m->chain.height;
        l->tip = m->chain.tip;
        l->final = m->chain.final;
        (void) snprintf(l->work, sizeof(l->work), "%s", m->chain.work ? m->chain.work : "");
        if (l->final > p->final_height && !p->broken) {
                r = engine_feed(p,
                                &(EngineEvent) { .type = ENGINE_EV_BEHIND,
                                                .from = l->id,
                                                .key = l->key });
                if (r < 0)
                        return r;
        }
        if (q->id != s->request) {
                sync_consider(p);
                return 0;
        }

        s->request = 0;
        s->fork = m->chain.fork;
        s->target = m->chain.height;
        s->progress_usec = p->now_usec;
        if (s->fork > chain_tip(p->chain)->height || s->target <= s->fork) {
                sync_let_down(p, l);
                sync_end(p);
                return 0;
        }
        s->next = s->fork + 1;
        s->parsed = s->fork;
        if (s->fork == 0)
                s->last = p->genesis->network;
        else {
                r = p->store->ops->block_get(p->store, s->fork, &b);
                if (r < 0)
                        return r;
                s->last = b.id;
                stored_block_done(&b);
        }
        return sync_fill(p);
}
