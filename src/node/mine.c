/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/peer-internal.h"

/* When a block is due (DESIGN 3, a to d), and what goes into it. Nothing due: nothing is worked on,
 * and no timer runs. */

#define REBUILD_USEC    USEC_PER_SEC            /* at most so often for the pool's sake */
#define RENEW_USEC      (10 * USEC_PER_SEC)     /* the header's time */
#define SETTLE_USEC (2 * USEC_PER_SEC) /* after the start: what the others have comes first */

static void candidate_done(Candidate *c) {
        for (size_t k = 0; k < c->n_entries; k++)
                (void) entry_unref(c->entries[k]);
        free(c->entries);
        *c = (Candidate) {};
}

void mine_stop(Peer *p) {
        if (!p->working)
                return;
        p->working = false;
        p->changed = true;
        peer_effect(p, &(NodeEffect) { .type = NODE_FX_MINE_STOP });
}

void mine_done(Peer *p) {
        for (size_t i = 0; i < ELEMENTSOF(p->candidates); i++)
                candidate_done(p->candidates + i);
}

/* The last but one too: its nonce may have been found while the newest was being built. */
const Candidate* mine_candidate(const Peer *p, const Id *id) {
        for (size_t i = 0; i < ELEMENTSOF(p->candidates); i++)
                if (id_equal(&p->candidates[i].header.id, id))
                        return p->candidates + i;
        return NULL;
}

int mine_on_effect(Peer *p, const Header *h) {
        p->candidates[0].header = *h;
        if (!p->working)
                p->changed = true;
        p->working = true;
        peer_effect(p,
                        &(NodeEffect) { .type = NODE_FX_MINE,
                                        .id = h->id,
                                        .difficulty = h->value,
                                        .height = h->height });
        return 0;
}

static int idle(Peer *p) {
        int r;

        if (p->due_told) {
                p->due_told = false;
                return engine_feed(p, &(EngineEvent) { .type = ENGINE_EV_IDLE });
        }
        if (!p->working)
                return 0;
        r = engine_feed(p, &(EngineEvent) { .type = ENGINE_EV_IDLE });
        mine_stop(p);
        return r;
}

static int hand_over(Peer *p, const Candidate *c) {
        _cleanup_free_ Id *ids = newN(Id, c->n_entries + 1);

        if (!ids)
                return -ENOMEM;
        for (size_t k = 0; k < c->n_entries; k++)
                ids[k] = c->entries[k]->id;
        return engine_feed(p,
                        &(EngineEvent) { .type = ENGINE_EV_CANDIDATE,
                                        .header = &c->header,
                                        .ids = ids,
                                        .n_ids = c->n_entries });
}

/* What is valid in a block made now. */
static int pick(Peer *p, Candidate *ret) {
        _cleanup_free_ Entry **pool = NULL;
        size_t n;
        int r;

        r = pool_list(p->pool, &pool, &n);
        if (r < 0)
                return r;
        return chain_select(p->chain, pool, n, MAX(p->now_sec, chain_tip(p->chain)->time), &ret->header,
                        &ret->entries, &ret->n_entries);
}

static int build(Peer *p, bool due_anyway) {
        Candidate c = {};
        int r;

        r = pick(p, &c);
        if (r < 0)
                return r;
        p->built_usec = p->now_usec;
        p->built_version = p->version;
        p->pool_changed = false;
        if (c.n_entries == 0 && !due_anyway) {
                candidate_done(&c);
                p->pool_due = false; /* looked at again when the pool or the chain changes, and at
                                        every beat */
                return idle(p);
        }
        candidate_done(p->candidates + 1);
        p->candidates[1] = p->candidates[0];
        p->candidates[0] = c;
        return hand_over(p, &c);
}

/* The time of the next deadline that asks for a block, by the wall clock, and where the last one
 * was. */
int mine_look_at_elections(Peer *p) {
        uint64_t time = chain_tip(p->chain)->time;

        if (p->closing_version == p->version)
                return 0;
        p->closing_version = p->version;
        p->closing_sec = UINT64_MAX;
        p->last_closing = 0;
        for (size_t i = 0; i < chain_n_elections(p->chain); i++) {
                ElectionInfo info;
                uint64_t at;
                int r;

                r = chain_election_at(p->chain, i, &info);
                if (r < 0)
                        return r;
                at = info.definition->closes + info.grace;
                if (at > time && (info.phase == ELECTION_ANNOUNCED || info.phase == ELECTION_OPEN))
                        p->closing_sec = MIN(p->closing_sec, at);
                p->last_closing = MAX(p->last_closing, info.closing_height);
        }
        return 0;
}

static bool may_work(Peer *p) {
        if (p->broken || p->committing || p->stopping || sync_behind(p))
                return false;
        if (!p->config.mine && p->engine->type->field == HEADER_DIFFICULTY)
                return false;
        if (p->now_usec < p->started_usec + SETTLE_USEC) {
                peer_arm(p, p->started_usec + SETTLE_USEC);
                return false;
        }
        return true;
}

static int pool_has_work(Peer *p, bool *ret) {
        Candidate c = {};
        int r;

        r = pick(p, &c);
        if (r < 0)
                return r;
        *ret = c.n_entries > 0;
        if (!*ret)
                p->pool_due = false;
        candidate_done(&c);
        return 0;
}

/* An engine that says itself when it would propose (quorum): it gets a candidate then, at once; else
 * it is told that work is due, for its timers. */
static int update_leader(Peer *p, bool due_anyway) {
        bool due = due_anyway;
        int r;

        /* What it does not take is not built again before there is something else. */
        if (p->engine->type->wants_candidate(p->engine) &&
                        (!p->untaken || p->built_version != p->version || p->pool_changed)) {
                r = build(p, due_anyway);
                if (r < 0)
                        return r;
                p->untaken = p->engine->type->wants_candidate(p->engine);
                if (!p->untaken)
                        return 0;
        }
        if (p->due_told && p->due_version == p->version)
                return 0;
        if (!due) {
                r = pool_has_work(p, &due);
                if (r < 0)
                        return r;
        }
        if (!due)
                return idle(p);
        p->due_told = true;
        p->due_version = p->version;
        return engine_feed(p, &(EngineEvent) { .type = ENGINE_EV_DUE });
}

int mine_update(Peer *p) {
        bool due_anyway;
        int r;

        if (p->trouble)
                return 0;
        if (!may_work(p))
                return idle(p);

        r = mine_look_at_elections(p);
        if (r < 0)
                return r;
        due_anyway = p->engine->type->due(p->engine) ||
                (p->now_sec >= p->closing_sec && chain_closing_due(p->chain, p->now_sec));
        if (!due_anyway && p->closing_sec != UINT64_MAX && p->closing_sec > p->now_sec)
                peer_arm(p, p->now_usec + (p->closing_sec - p->now_sec) * USEC_PER_SEC);
        if (!due_anyway && (pool_count(p->pool) == 0 || !p->pool_due))
                return idle(p);
        if (p->engine->type->wants_candidate)
                return update_leader(p, due_anyway);

        if (p->working && p->built_version == p->version) {
                uint64_t at = p->built_usec + (p->pool_changed ? REBUILD_USEC : RENEW_USEC);

                if (p->now_usec < at) {
                        peer_arm(p, at);
                        return 0;
                }
        }
        r = build(p, due_anyway);
        if (r < 0)
                return r;
        if (p->working)
                peer_arm(p, p->built_usec + RENEW_USEC);
        return 0;
}
