/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "check-private.h"
#include "check-quorum.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "errand.h"
#include "figures.h"
#include "recount.h"

/* What happens to the chain of a peer: every block is valid, what is final stays, what is disconnected comes back. */

/* --- what excuses a disagreement --- */

/* Whether what was hidden from somebody since then excuses that they disagree. Who promises blocks
 * and does not deliver them can make it take longer. */
static bool hidden_since(const Run *r, uint64_t usec) {
        uint64_t slack = run_has(r, FAULT_BIT(LIARS)) ? 120 * USEC_PER_SEC : 10 * USEC_PER_SEC;

        return r->checks->trouble_usec > 0 && r->checks->trouble_usec + slack >= usec;
}

/* How long a block may take to everybody, at the worst. */
static uint64_t spread_usec(const Run *r) {
        const WorldSetup *s = &r->world->setup;

        return 2 * USEC_PER_SEC + 5 * (s->latency_usec + s->jitter_usec + s->turn_usec) +
                        (s->loss_per_million > 0 ? 8 * USEC_PER_SEC : 0);
}

/* Whether two branches grew side by side, each block of one found before its rival in the other could
 * have come to its miner: that is chance, not anybody's mistake. Both are of the same height. */
static bool side_by_side(const Run *r, const KnownBlock *a, const KnownBlock *b) {
        for (; a && b && a != b; a = a->parent, b = b->parent)
                if (a->found_usec + spread_usec(r) < b->found_usec || b->found_usec + spread_usec(r) < a->found_usec)
                        return false;
        return true;
}

static bool is_liars(const Run *r, const KnownBlock *b) {
        const Host *h = world_host_of_key(r->world, &b->sealer);

        return !h || !h->honest;
}

/* Whether the branch that ends in tip is a liar's from the fork up to height: nobody saw it grow, and
 * it won by chance. */
static bool kept_back(const Run *r, const KnownBlock *tip, uint64_t fork, uint64_t height) {
        for (const KnownBlock *b = blocks_at(tip, height); b && b->height > fork; b = b->parent)
                if (!is_liars(r, b))
                        return false;
        return true;
}

/* --- the chain of a peer --- */

const KnownBlock* check_tip_of(const Checks *c, unsigned host) {
        const View *v = &c->views[host];

        return v->n > 0 ? blocks_find(&c->blocks, v->ids + v->n - 1) : NULL;
}

static void id_at(const Host *h, uint64_t height, Id *ret) {
        StoredBlock b = {};
        int r;

        if (height == 0) {
                *ret = h->world->genesis->network;
                return;
        }
        r = disk_store(h->disk)->ops->block_get(disk_store(h->disk), height, &b);
        if (r < 0)
                world_die("block of the chain", r);
        *ret = b.id;
        stored_block_done(&b);
}

/* An entry of a block that is on the chain no longer is on its other branch or back in the pool,
 * unless it cannot be valid now or has a rival there. */
static void check_came_back(const Host *h, const KnownBlock *tip, const KnownBlock *from, const char *line, size_t n) {
        _cleanup_(entry_unrefp) Entry *e = NULL;
        Chain *chain = peer_chain(h->peer);
        const Pool *pool = peer_pool(h->peer);

        if (entry_parse(&e, h->world->genesis, line, n, NULL) != 0)
                world_die("entry that was connected", V_FORM);
        if (blocks_holder(tip, &e->id) || pool_find(pool, &e->id))
                return;
        if (e->kind == ENTRY_VOTE) {
                const Entry *rival = pool_find_vote(pool, &e->vote.election, &e->signer);

                if (rival && rival->vote.seq >= e->vote.seq)
                        return;
        }
        if (chain_check_entry(chain, e, MAX(chain_tip(chain)->time, host_wall_sec(h)), NULL) == 0)
                world_fail(h->world, "entries of disconnected blocks return to the pool", "host %u: entry %s of block %" PRIu64
                                " %s is gone", h->number, HEX(&e->id), from->height, HEX(&from->id));
}

static void check_returned(const Host *h, const KnownBlock *from, uint64_t fork) {
        Run *r = h->world->setup.userdata;
        const KnownBlock *tip = check_tip_of(r->checks, h->number);

        for (const KnownBlock *b = from; b && b->height > fork; b = b->parent) {
                const char *text = b->text, *line;
                size_t left = b->n_text, n;

                for (unsigned i = 0; line_next(&text, &left, &line, &n); i++)
                        if (i >= 2)             /* behind header and seal */
                                check_came_back(h, tip, b, line, n);
        }
}

static void went_back(Host *h, const KnownBlock *from, uint64_t fork) {
        Run *r = h->world->setup.userdata;
        Checks *c = r->checks;
        uint64_t depth = from->height - fork;
        const KnownBlock *tip = check_tip_of(c, h->number), *lost = blocks_at(from, fork + 1), *won = blocks_at(tip, fork + 1);
        uint64_t common = MIN(from->height, tip->height);

        c->reorganisations++;
        c->deepest = MAX(c->deepest, depth);
        world_note(h->world, "reorg", h->number, depth, NULL, 0);
        if (r->n_authorities > 0 && fork < c->views[h->number].final) {
                world_fail(h->world, "no final block is disconnected", "host %u disconnected %" PRIu64 " blocks down to height %" PRIu64
                                ", and had called height %" PRIu64 " final", h->number, depth, fork, c->views[h->number].final);
                return;
        }
        if (r->n_authorities == 0 && depth >= r->confirmations &&
                        !hidden_since(r, MIN(lost->found_usec, won ? won->found_usec : UINT64_MAX)) &&
                        !side_by_side(r, blocks_at(from, common), blocks_at(tip, common)) &&
                        !kept_back(r, tip, fork, common))
                world_fail(h->world, "no final block is disconnected", "host %u disconnected %" PRIu64 " blocks down to height %" PRIu64
                                ", and nobody was cut off since", h->number, depth, fork);
        check_returned(h, from, fork);
        if (tip->id.b[0] % 4 == 0)      /* it costs as much as all else together */
                recount_state(h);
}

static void extend(const Host *h, View *v, uint64_t height) {
        Run *r = h->world->setup.userdata;
        _cleanup_buf_ Buf text = {};
        Id id;
        int e;

        id_at(h, height, &id);
        if (v->n == v->allocated) {
                v->allocated = v->allocated ? 2 * v->allocated : 64;
                v->ids = reallocarray(v->ids, v->allocated, sizeof(Id));
                if (!v->ids)
                        world_die("view", -ENOMEM);
        }
        v->ids[v->n++] = id;
        if (height == 0 || blocks_find(&r->checks->blocks, &id))
                return;
        e = chain_read_block_text(peer_chain(h->peer), height, true, &text);
        if (e < 0)
                world_die("text of a block", e);
        (void) blocks_add(&r->checks->blocks, h, text.p, text.n);
}

/* Which heights count as final for everybody: those that are more than `confirmations` deep, or that
 * the engine calls final. */
static uint64_t final_height(const Host *h, const View *v) {
        const Run *r = h->world->setup.userdata;

        if (r->n_authorities > 0)
                return peer_final_height(h->peer);
        return v->n - 1 > r->confirmations ? v->n - 1 - r->confirmations : 0;
}

static void check_final(Host *h, View *v) {
        Run *r = h->world->setup.userdata;
        Checks *c = r->checks;
        uint64_t final = final_height(h, v);

        if (r->n_authorities > 0 && (final < v->final || final > v->n - 1)) {
                world_fail(h->world, "what is final stays final", "host %u calls height %" PRIu64 " final, at height %zu, and had called %"
                                PRIu64 " final", h->number, final, v->n - 1, v->final);
                return;
        }
        for (size_t height = v->final + 1; height <= final; height++) {
                const KnownBlock *mine, *other;

                while (c->n_finals <= height) {
                        if (c->n_finals == c->allocated_finals) {
                                c->allocated_finals = c->allocated_finals ? 2 * c->allocated_finals : 64;
                                c->finals = reallocarray(c->finals, c->allocated_finals, sizeof(Id));
                                if (!c->finals)
                                        world_die("finals", -ENOMEM);
                        }
                        c->finals[c->n_finals++] = (Id) {};
                        if (height == 3)        /* the power cuts end here */
                                r->round_commits[1] = h->world->n_commits;
                        figures_on_final(r, height);
                }
                if (id_equal(&c->finals[height], v->ids + height))
                        continue;
                mine = blocks_find(&c->blocks, v->ids + height);
                other = id_is_zero(&c->finals[height]) ? NULL : blocks_find(&c->blocks, &c->finals[height]);
                if (other && r->n_authorities > 0)
                        world_fail(h->world, "no two honest peers hold different final blocks", "height %zu: host %u has %s, another had %s",
                                        height, h->number, HEX(&mine->id), HEX(&other->id));
                else if (other && !hidden_since(r, MIN(mine->found_usec, other->found_usec)) && !side_by_side(r, mine, other) &&
                                !is_liars(r, mine) && !is_liars(r, other))
                        world_fail(h->world, "no two honest peers hold different final blocks",
                                        "height %zu: host %u has %s, another had %s, and nobody was cut off since", height,
                                        h->number, HEX(&mine->id), HEX(&other->id));
                if (c->quorum && !other)
                        check_quorum_on_final(h, mine);
                c->finals[height] = mine->id;
        }
        if (r->n_authorities > 0)
                v->final = final;
}

void check_chain(Host *h) {
        Run *r = h->world->setup.userdata;
        View *v = &r->checks->views[h->number];
        const ChainTip *tip = chain_tip(peer_chain(h->peer));
        const KnownBlock *from = check_tip_of(r->checks, h->number);
        uint64_t fork = MIN(tip->height, v->n > 0 ? v->n - 1 : 0);

        if (v->n > 0 && id_equal(v->ids + v->n - 1, &tip->id)) {
                if (r->n_authorities > 0)
                        check_final(h, v);
                return;
        }
        world_note(h->world, "tip", h->number, tip->height, &tip->id, 0);
        if (v->n == 0)
                extend(h, v, 0);
        for (;; fork--) {
                Id id;

                id_at(h, fork, &id);
                if (id_equal(&id, v->ids + fork))
                        break;
        }
        v->n = fork + 1;
        for (uint64_t height = fork + 1; height <= tip->height && !h->world->failed; height++)
                extend(h, v, height);
        if (h->world->failed)
                return;
        if (from && from->height > fork)
                went_back(h, from, fork);
        check_final(h, v);
}
