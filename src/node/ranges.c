/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "node/peer-internal.h"

/* The ranges of a run (sync.c): asked of every link that may have them, one each at a time, and put
 * together in their order. A link that turns out to be on another branch is left out of the run; a
 * range that takes long is asked of a second link. */

#define RANGES_MAX      8U
#define RANGE_MAX       256U                    /* blocks asked for at once */
#define UNCHECKED_BYTES_MAX (6U << 20)          /* some CHECKS_MAX votes */
#define HEDGE_USEC      (3 * USEC_PER_SEC)

void range_free(Peer *p, Range *g) {
        TAILQ_REMOVE(&p->sync.ranges, g, list);
        free(g->text);
        free(g);
}

void ranges_done(Peer *p) {
        while (!TAILQ_EMPTY(&p->sync.ranges))
                range_free(p, TAILQ_FIRST(&p->sync.ranges));
}

static Range* range_insert(Peer *p, uint64_t from, uint64_t max, bool front) {
        Range *g;

        g = new0(Range, 1);
        if (!g)
                return NULL;
        g->from = from;
        g->max = max;
        if (front)
                TAILQ_INSERT_HEAD(&p->sync.ranges, g, list);
        else
                TAILQ_INSERT_TAIL(&p->sync.ranges, g, list);
        return g;
}

static Range* range_by_request(const Peer *p, uint64_t request) {
        Range *g;

        TAILQ_FOREACH(g, &p->sync.ranges, list)
                if (g->request == request || g->hedge == request)
                        return g;
        return NULL;
}

static bool may_have(const Peer *p, const PeerLink *l, uint64_t height) {
        return l->up && !l->client && l->height >= height && l->sync_off != p->sync.run &&
                        p->now_usec >= l->no_sync_usec;
}

/* *ret_any: somebody may have it, if only later. */
static PeerLink* whom_to_ask(const Peer *p, uint64_t height, bool *ret_any) {
        PeerLink *found = NULL;

        *ret_any = false;
        for (size_t i = 0; i < p->n_links; i++) {
                PeerLink *l = p->links[i];

                if (!may_have(p, l, height))
                        continue;
                *ret_any = true;
                if (request_pending(p, l->id, REQUEST_RANGE) ||
                                request_pending(p, l->id, REQUEST_BLOCKS))
                        continue;
                if (!found || l->id == p->sync.lead)
                        found = l;
        }
        return found;
}

/* As the request for it, or as the second one beside it. */
static int ask_range(Peer *p, Range *g, PeerLink *l, bool hedge) {
        Request *q;

        q = request_new(p, l, REQUEST_RANGE, l->blocks_usec);
        if (!q)
                return -ENOMEM;
        q->from = g->from;
        q->max = g->max;
        if (hedge)
                g->hedge = q->id;
        else {
                g->request = q->id;
                g->asked_usec = p->now_usec;
        }
        peer_arm(p, p->now_usec + HEDGE_USEC);
        peer_link_send(p, l, LANE_ENGINE,
                        &(Message) { .type = MESSAGE_GET_BLOCKS,
                                        .has_id = true,
                                        .id = q->id,
                                        .range = { .from = g->from, .max = g->max } });
        return 0;
}

void ranges_hedge(Peer *p) {
        Range *g;

        TAILQ_FOREACH(g, &p->sync.ranges, list) {
                PeerLink *l;
                bool any;

                if (g->text || g->request == 0 || g->hedge != 0 ||
                                p->now_usec < g->asked_usec + HEDGE_USEC)
                        continue;
                l = whom_to_ask(p, g->from, &any);
                if (l && ask_range(p, g, l, true) < 0) {
                        p->failed = -ENOMEM;
                        return;
                }
        }
}

/* The range is of no use: somebody else is asked for it, and who gave it no more in this run. */
static int range_bad(Peer *p, Range *g) {
        PeerLink *l = peer_link_find(p, g->link);

        free(g->text);
        g->text = NULL;
        g->n_text = 0;
        g->link = 0;
        if (l)
                l->sync_off = p->sync.run;
        return 0;
}

/* The first range in order, which is here: its blocks become drafts. */
static int parse_range(Peer *p, Range *g) {
        Sync *s = &p->sync;
        const char *text = g->text;
        size_t n = g->n_text;
        uint64_t n_blocks = 0;

        while (n > 0) {
                PeerLink *l = peer_link_find(p, g->link);
                Block *b = NULL;
                int r, verdict;
                Why why;
                Id id;

                r = block_read(&b, p->genesis, &text, &n, &why);
                if (r < 0)
                        return r;
                verdict = r;
                if (r == 0 &&
                                (!id_equal(&b->header.parent, &s->last) ||
                                                b->header.height != s->parsed + 1)) {
                        (void) block_free(b);
                        if (n_blocks > 0)
                                penalty_blame(p, g->link, V_PROTOCOL,
                                                &(Why) { "a range of blocks that do not follow one "
                                                         "another" });
                        else if (g->link == s->lead) { /* it went to another branch meanwhile */
                                sync_finish(p);
                                return 0;
                        }
                        return range_bad(p, g);
                }
                if (r == 0) {
                        id = b->header.id;
                        r = draft_add_block(p, b, l, false, &verdict, &why);
                        if (r < 0)
                                return r;
                }
                if (verdict > 0 && verdict != V_DUPLICATE) {
                        bool fault = verdict_is_fault(verdict);

                        if (fault)
                                penalty_blame(p, g->link, verdict, &why);
                        if (p->sync.run == 0)
                                return 0;
                        return range_bad(p, g);
                }
                if (s->parsed == s->fork)
                        s->first = id;
                s->last = id;
                s->parsed++;
                n_blocks++;
        }

        if (n_blocks == 0)              /* nothing in it: as good as no answer */
                return range_bad(p, g);
        s->max = CLAMP(BLOCKS_RESPONSE_BYTES / (g->n_text / n_blocks + 1), UINT64_C(1),
                        (uint64_t) RANGE_MAX);
        if (n_blocks < g->max &&
                        s->parsed < s->target) { /* the answer was full before the range was */
                Range *rest = range_insert(p, s->parsed + 1, g->max - n_blocks, true);

                if (!rest)
                        return -ENOMEM;
        }
        range_free(p, g);
        return 0;
}

/* Its blocks leave our chain below the tip, and do not stand on it yet. */
static bool is_beside(const Peer *p) {
        const Sync *s = &p->sync;
        uint64_t height;

        return s->fork < chain_tip(p->chain)->height &&
                        (s->parsed == s->fork ||
                                        p->store->ops->block_find(p->store, &s->first, &height) ==
                                                        -ENODATA);
}

/* Bodies whose signatures are still to be checked. */
static size_t unchecked_bytes(const Peer *p) {
        size_t n = 0;
        Draft *d;

        TAILQ_FOREACH(d, &p->drafts, list)
                if (d->state != DRAFT_COMPLETE && d->block->n_entries > 0)
                        n += d->bytes * (d->block->n_entries - d->n_ready) / d->block->n_entries;
        return n;
}

/* A branch beside the main chain must be at hand as a whole before it can win; else what is
 * connected makes room, and no more is parsed, which takes three times the memory of its text, than
 * keeps the threads busy that check signatures. */
static bool has_room(const Peer *p) {
        if (is_beside(p))
                return p->draft_bytes < BRANCH_BYTES_MAX && p->n_drafts < SIDE_HEADERS_MAX;
        return p->draft_bytes < DRAFT_BYTES_MAX && p->n_drafts < DRAFTS_SYNC_MAX;
}

static bool may_parse(const Peer *p) {
        return has_room(p) && (is_beside(p) || unchecked_bytes(p) < UNCHECKED_BYTES_MAX);
}

static bool range_is_next(const Peer *p, const Range *g) {
        return g->from == p->sync.parsed + 1;
}

int sync_fill(Peer *p) {
        Sync *s = &p->sync;
        size_t n_ranges = 0;
        bool any = true;
        Range *g;
        int r;

        if (s->run == 0 || s->request != 0)
                return 0;

        while ((g = TAILQ_FIRST(&s->ranges)) && g->text && may_parse(p)) {
                if (!range_is_next(p, g))       /* what it should follow went away */
                        r = range_bad(p, g);
                else
                        r = parse_range(p, g);
                if (r < 0)
                        return r;
                if (s->run == 0)
                        return 0;
        }

        TAILQ_FOREACH(g, &s->ranges, list) {
                PeerLink *l;

                n_ranges++;
                if (g->text || g->request != 0)
                        continue;
                l = whom_to_ask(p, g->from, &any);
                if (l) {
                        r = ask_range(p, g, l, false);
                        if (r < 0)
                                return r;
                }
                if (!any)
                        break;
        }
        while (any && n_ranges < RANGES_MAX && s->next <= s->target && has_room(p)) {
                PeerLink *l = whom_to_ask(p, s->next, &any);

                if (!l)
                        break;
                g = range_insert(p, s->next, MIN(s->max, s->target - s->next + 1), false);
                if (!g)
                        return -ENOMEM;
                r = ask_range(p, g, l, false);
                if (r < 0)
                        return r;
                s->next += g->max;
                n_ranges++;
        }

        if (!any) {                             /* nobody is left to ask */
                PeerLink *lead = peer_link_find(p, s->lead);

                if (lead && s->gain_usec == 0)
                        sync_let_down(p, lead);
                sync_end(p);
        } else if (TAILQ_EMPTY(&s->ranges) && s->next > s->target)
                sync_finish(p);
        else if (is_beside(p) && !has_room(p)) {
                (void) snprintf(p->problem, sizeof(p->problem),
                                "the others' chain left ours at height %" PRIu64 ", and what "
                                "follows is more than can be held at once: stop, move the ledger "
                                "aside, start: it is fetched anew",
                                s->fork);
                p->changed = true;
        }
        return 0;
}

int sync_on_range(Peer *p, PeerLink *l, const Request *q, const Message *m) {
        Range *g = range_by_request(p, q->id);

        if (!g)
                return 0;
        if (m->n_lines == 0)
                return sync_not_delivered(p, q, false);
        g->text = newN(char, m->n_lines_bytes);
        if (!g->text)
                return -ENOMEM;
        memcpy(g->text, m->lines, m->n_lines_bytes);
        g->n_text = m->n_lines_bytes;
        g->link = l->id;
        g->request = g->hedge = 0;      /* the other answer will be late */
        l->blocks_usec = BLOCKS_USEC;
        p->sync.progress_usec = p->now_usec;
        p->drafts_dirty = true;         /* sync_fill() comes with the step's end */
        return 0;
}

/* Late: it is given more time and asked again only after others had their turn. */
int sync_not_delivered(Peer *p, const Request *q, bool late) {
        PeerLink *l = peer_link_find(p, q->link);
        Range *g = range_by_request(p, q->id);

        if (!g)
                return 0;
        if (g->request == q->id)
                g->request = g->hedge;
        g->hedge = 0;
        if (l && late) {
                l->blocks_usec = MIN(l->blocks_usec * 2, 8 * BLOCKS_USEC);
                l->no_sync_usec = p->now_usec + BEAT_USEC;
                p->sync.max = MAX(p->sync.max / 4, UINT64_C(1));
        } else if (l)
                l->sync_off = p->sync.run;
        p->drafts_dirty = true;
        return 0;
}
