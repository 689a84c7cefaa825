/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/peer-internal.h"

/* Connecting blocks: on the tip, a heavier branch in place of the one that is there, and blocks of our own. What was connected
 * waits in p->fresh until it is on disk. */

static int fresh_add(Peer *p, Block *b) {
        Block **fresh;

        fresh = reallocarray(p->fresh, p->n_fresh + 1, sizeof(Block *));
        if (!fresh) {
                (void) block_free(b);
                return -ENOMEM;
        }
        p->fresh = fresh;
        p->fresh[p->n_fresh++] = b;
        return 0;
}

/* b is on the chain now; it is kept until that is on disk. */
static int connected(Peer *p, Block *b) {
        int r;

        r = fresh_add(p, b);
        if (r < 0)
                return r;
        p->version++;
        p->dirty = p->changed = true;
        pooled_connected(p, b);
        return 0;
}

static int draft_connected(Peer *p, Draft *d) {
        PeerLink *from = peer_link_find(p, d->from);
        Block *b;
        int r;

        p->sync.gain_usec = p->now_usec;
        if (from) {
                from->n_connected++;
                from->n_let_down = 0;
        }

        r = draft_detach(p, d, false);
        if (r < 0)
                return r;
        b = TAKE_PTR(d->block);
        draft_free(p, d);
        return connected(p, b);
}

/* Summed difficulty at a height of the main chain. */
int connect_work_at(Peer *p, uint64_t height, uint8_t ret[16]) {
        StoredBlock b = {};
        int r;

        memset(ret, 0, 16);
        if (height == 0)
                return 0;
        r = p->store->ops->block_get(p->store, height, &b);
        if (r < 0)
                return r;
        memcpy(ret, b.work, 16);
        stored_block_done(&b);
        return 0;
}

static int told_switched(Peer *p, const Id *id) {
        return engine_feed(p, &(EngineEvent) { .type = ENGINE_EV_SWITCHED, .id = *id });
}

static int connect_on_tip(Peer *p, const Id *ids, size_t n) {
        uint8_t work[16];
        Why why;
        int r;

        r = connect_work_at(p, chain_tip(p->chain)->height, work);
        if (r < 0)
                return commit_trouble(p, r);
        for (size_t k = 0; k < n; k++) {
                Draft *d = draft_find(p, ids + k);

                work_add(work, work, &d->block->header);
                r = chain_connect(p->chain, d->block, work, &why);
                if (r < 0 && r != -EAGAIN)
                        return commit_trouble(p, r);
                if (r != 0) {
                        if (k > 0) {
                                int q = told_switched(p, ids + k - 1);

                                if (q < 0)
                                        return q;
                        }
                        if (r > 0)
                                return draft_invalid(p, ids + k, r, &why);
                        p->drafts_await = true;
                        return 0;
                }
                r = draft_connected(p, d);
                if (r < 0)
                        return r;
        }
        return told_switched(p, ids + n - 1);
}

static int reorganise(Peer *p, uint64_t fork, const Id *ids, size_t n) {
        _cleanup_free_ uint8_t (*works)[16] = NULL;
        _cleanup_free_ Block **branch = NULL;
        _cleanup_free_ Entry **gone = NULL;
        uint64_t before = chain_tip(p->chain)->height;
        size_t n_gone = 0, bad = 0;
        Why why;
        int r;

        works = reallocarray(NULL, n, sizeof(*works));
        branch = newN(Block *, n);
        if (!works || !branch)
                return -ENOMEM;
        for (size_t k = 0; k < n; k++) {
                branch[k] = draft_find(p, ids + k)->block;
                if (k > 0)
                        work_add(works[k], works[k - 1], &branch[k]->header);
                else {
                        r = connect_work_at(p, fork, works[0]);
                        if (r < 0)
                                return commit_trouble(p, r);
                        work_add(works[0], works[0], &branch[0]->header);
                }
        }

        r = chain_switch(p->chain, fork, branch, (const uint8_t(*)[16]) works, n, &gone, &n_gone,
                        &bad, &why);
        if (r == -EAGAIN) {             /* on the block before that one the sum can be made */
                p->drafts_await = true;
                p->awaited = ids[bad];
                return bad > 0 ? reorganise(p, fork, ids, bad) : 0;
        }
        if (r < 0)
                return commit_trouble(p, r);
        if (r > 0)
                return draft_invalid(p, ids + bad, r, &why);

        peer_log(p, LOG_NOTICE, NODE_MSG_NONE,
                        "Reorganised: %" PRIu64 " blocks from height %" PRIu64
                        " on gave way to %zu.",
                        before - fork, fork + 1, n);
        for (size_t k = 0; k < n && r >= 0; k++)
                r = draft_connected(p, draft_find(p, ids + k));
        for (size_t k = 0; k < n_gone; k++) {
                if (r >= 0)
                        r = pooled_return(p, gone[k]);
                (void) entry_unref(gone[k]);
        }
        if (r < 0)
                return r;
        p->n_switches++;
        p->sweep = p->dirty = true;
        lately_clear(&p->refused);
        return told_switched(p, ids + n - 1);
}

int connect_switch(Peer *p, const Id *tip) {
        _cleanup_free_ Id *ids = NULL;
        bool waits = false;
        uint64_t fork;
        size_t n;
        int r;

        if (p->broken || p->trouble)
                return 0;
        p->has_switch = false;          /* what waited for a commit is not the engine's last word */
        r = p->engine->type->branch(p->engine, tip, &fork, &ids, &n);
        if (r < 0)
                return r == -ENODATA ? 0 : r;
        for (size_t k = 0; k < n; k++) {
                Draft *d = draft_find(p, ids + k);

                waits = waits || id_equal(ids + k, &p->awaited);
                if (d) {
                        r = proposal_take_seal(p, d);
                        if (r < 0)
                                return r;
                        if (d->proposal)        /* nothing without a seal is ever connected */
                                return 0;
                }
                if (!d || d->state != DRAFT_COMPLETE) {
                        Draft *last = draft_find(p, tip);

                        if (last)
                                last->offered = false;
                        return draft_want(p, tip);
                }
        }
        if (n == 0)
                return 0;
        if (fork == chain_tip(p->chain)->height)
                return connect_on_tip(p, ids, n);

        if (waits)      /* the engine asks again and again; wake_drafts() offers it */
                return 0;
        /* A branch that turns out to be invalid takes the transaction back to its last commit:
         * there must be nothing in it. */
        if (p->dirty) {
                p->switch_to = *tip;
                p->has_switch = true;
                return 0;
        }
        return reorganise(p, fork, ids, n);
}

int connect_own(Peer *p, const Header *h, const char *seal, size_t n_seal) {
        _cleanup_(block_freep) Block *b = NULL;
        _cleanup_buf_ Buf line = {};
        const ChainTip *tip = chain_tip(p->chain);
        const Candidate *c = mine_candidate(p, &h->id);
        uint8_t work[16];
        Why why;
        int r;

        if (p->broken || p->trouble || !c || !id_equal(&h->parent, &tip->id))
                return 0;
        r = header_format(h, &line);
        if (r < 0)
                return r;
        r = block_new(&b, h, line.p, line.n, seal, n_seal);
        if (r < 0)
                return r;
        for (size_t k = 0; k < c->n_entries; k++)
                b->entries[k] = entry_ref(c->entries[k]);
        b->rooted = true;               /* chain_select() made the header for them */

        r = connect_work_at(p, tip->height, work);
        if (r < 0)
                return commit_trouble(p, r);
        work_add(work, work, h);
        r = chain_connect(p->chain, b, work, &why);
        if (r < 0)
                return commit_trouble(p, r);
        if (r > 0) { /* our own rules made it and refuse it: say so, and look at the pool again */
                peer_log(p, LOG_ERR, NODE_MSG_NONE, "A block of our own is invalid: %s (%s).",
                                why.text, verdict_name(r));
                p->sweep = true;
                return engine_feed(p, &(EngineEvent) { .type = ENGINE_EV_INVALID, .id = h->id });
        }
        r = connected(p, TAKE_PTR(b));
        if (r < 0)
                return r;
        return told_switched(p, &h->id);
}
