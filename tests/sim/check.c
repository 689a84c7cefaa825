/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include <inttypes.h>
#include <malloc.h>

#include "blocks.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/hash.h"
#include "errand.h"
#include "recount.h"
#include "voted/limits.h"

#define HEX(id) id_hex((id), (char[ID_HEX]) {})

/* What is known of a peer's chain. */
typedef struct View {
        unsigned life;
        Id *ids;                /* of its main chain, by height; [0] is the network */
        size_t n, allocated;
        Id durable;             /* tip of the last commit that succeeded */
        uint64_t durable_height;
        uint64_t final;         /* quorum: the highest that it called final */
        Id told;                /* the last block it told anybody to be on its chain */
        uint64_t storm_usec;    /* since when dials are counted */
        unsigned dials[WORLD_HOSTS_MAX];
} View;

struct Checks {
        Blocks blocks;
        View views[WORLD_HOSTS_MAX];
        Id *finals;             /* by height: what was final for some peer; zero: nothing */
        size_t n_finals, allocated_finals;
        /* The last moment at which some honest peers could not talk to each other, by whatever way;
         * and since when all have been able to. */
        uint64_t trouble_usec, linked_usec;
        bool linked;
        uint64_t reorganisations, deepest, frames;
};

static Checks* checks_of(const Host *h) {
        return ((Run *) h->world->setup.userdata)->checks;
}

/* --- who can talk to whom --- */

/* Whether all peers are up and linked, by way of peers. */
static bool all_linked(const Run *r) {
        const World *w = r->world;
        bool reached[WORLD_HOSTS_MAX] = {};
        unsigned queue[WORLD_HOSTS_MAX], n = 0, first = r->first_peer;

        for (unsigned i = first; i < first + r->n_peers; i++)
                if (!w->hosts[i]->up || disk_is_full(w->hosts[i]->disk))
                        return false;
        queue[n++] = first;
        reached[first] = true;
        for (unsigned at = 0; at < n; at++)
                for (unsigned i = first; i < first + r->n_peers; i++)
                        if (!reached[i] && !w->blocked[queue[at]][i] && !w->blocked[i][queue[at]] &&
                                        world_linked(w, queue[at], i)) {
                                reached[i] = true;
                                queue[n++] = i;
                        }
        return n == r->n_peers;
}

static void look_at_links(const Run *r) {
        Checks *c = r->checks;
        bool linked = all_linked(r);

        if (linked && !c->linked)
                c->linked_usec = r->world->now_usec;
        if (!linked)
                c->trouble_usec = r->world->now_usec;
        c->linked = linked;
}

/* Of all nodes together; none of them holds more than a part of it. */
#define MEMORY_MAX (512U << 20)

static void on_look(World *w, uint64_t a, uint64_t b) {
        (void) a;
        (void) b;
        if (mallinfo2().uordblks > MEMORY_MAX)
                world_fail(w, "memory is bounded", "%zu bytes are in use", mallinfo2().uordblks);
        look_at_links(w->setup.userdata);
        world_at(w, w->now_usec + USEC_PER_SEC, "links", on_look, 0, 0);
}

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

static const KnownBlock* tip_of(const Checks *c, unsigned host) {
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
        const KnownBlock *tip = tip_of(r->checks, h->number);

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
        const KnownBlock *tip = tip_of(c, h->number), *lost = blocks_at(from, fork + 1), *won = blocks_at(tip, fork + 1);
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

static void check_final(const Host *h, View *v) {
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
                c->finals[height] = mine->id;
        }
        if (r->n_authorities > 0)
                v->final = final;
}

static void look_at_chain(Host *h) {
        Run *r = h->world->setup.userdata;
        View *v = &r->checks->views[h->number];
        const ChainTip *tip = chain_tip(peer_chain(h->peer));
        const KnownBlock *from = tip_of(r->checks, h->number);
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

static void after_turn(Host *h) {
        if (!h->peer || h->world->failed)
                return;
        look_at_chain(h);
        if (pool_bytes(peer_pool(h->peer)) > POOL_BYTES_MAX)
                world_fail(h->world, "the pool is bounded", "host %u has %zu bytes in its pool", h->number,
                                pool_bytes(peer_pool(h->peer)));
}

/* --- crashes --- */

/* Nobody honest contradicts himself. */
static void on_log(Host *h, const NodeEffect *fx) {
        if (fx->message == NODE_MSG_EVIDENCE)
                world_fail(h->world, "no honest node stands in evidence", "host %u: %.*s", h->number, (int) fx->n_data, fx->data);
}

static void on_commit(Host *h) {
        View *v = &checks_of(h)->views[h->number];

        v->durable = chain_tip(peer_chain(h->peer))->id;
        v->durable_height = chain_tip(peer_chain(h->peer))->height;
}

static void on_started(Host *h) {
        View *v = &checks_of(h)->views[h->number];
        const ChainTip *tip;

        if (!h->peer)
                return;
        tip = chain_tip(peer_chain(h->peer));
        if (h->life > 1 && v->durable_height > 0 && !id_equal(&tip->id, &v->durable))
                world_fail(h->world, "a committed block is never lost by a crash", "host %u had committed height %" PRIu64
                                ", and starts at height %" PRIu64, h->number, v->durable_height, tip->height);
        v->life = h->life;
        v->n = 0;               /* what memory held above what was committed is nobody's loss */
        look_at_chain(h);
        if (h->life > 1 && !id_is_zero(&v->told) && !h->world->failed) {
                const KnownBlock *told = blocks_find(&checks_of(h)->blocks, &v->told), *now = tip_of(checks_of(h), h->number);

                if (!told || !now || now->work < told->work)
                        world_fail(h->world, "a block that was told of is never lost by a crash",
                                        "host %u had told of %s, and starts at height %" PRIu64 " with less work",
                                        h->number, HEX(&v->told), tip->height);
        }
        recount_state(h);
}

/* --- what nodes say of one another --- */

static const char* after(const char *p, size_t n, const char *what) {
        const char *at = memmem(p, n, what, strlen(what));

        return at ? at + strlen(what) : NULL;
}

static void on_send(Host *h, const NodeEffect *fx) {
        Run *r = h->world->setup.userdata;
        size_t n = 0;
        const char *end = memchr(fx->data, '\n', fx->n_data), *code;
        const Host *to = wire_far(h->world, fx->link);

        r->checks->frames++;
        n = end ? (size_t) (end - fx->data) : fx->n_data;
        if (!h->peer)
                return;
        if (n > 10 && memcmp(fx->data + n - 12, "\"new_block\"}", 12) == 0 && end) {
                const char *line = end + 1, *line_end = memchr(line, '\n', fx->n_data - n - 1);

                if (line_end)
                        hash_bytes(&r->checks->views[h->number].told, line, (size_t) (line_end - line));
        }
        if (n > 9 && memcmp(fx->data, "{\"code\":\"", 9) == 0 && to && to->honest) {
                char name[32] = "";
                const char *stop;

                code = after(fx->data, n, "\"code\":\"");
                stop = code ? memchr(code, '"', n - (size_t) (code - fx->data)) : NULL;
                if (stop && (size_t) (stop - code) < sizeof(name))
                        memcpy(name, code, (size_t) (stop - code));
                if (verdict_is_fault(verdict_from_name(name)))
                        world_fail(h->world, "no honest node is at fault for an honest node", "host %u tells host %u: %.*s", h->number,
                                        to->number, (int) MIN(n, (size_t) 400), fx->data);
        }
        if (wire_queued(h->world, fx->link) > LANE_ENGINE_BYTES_MAX + LANE_SYNC_BYTES_MAX + LANE_GOSSIP_BYTES_MAX)
                world_fail(h->world, "queues are bounded", "host %u has %zu bytes queued for host %u", h->number,
                                wire_queued(h->world, fx->link), to ? to->number : UINT32_MAX);
}

static void on_ban(Host *h, const NodeEffect *fx) {
        const Host *banned = world_host_of_key(h->world, &fx->key), *there = world_host_at(h->world, fx->address.host, 0);

        if ((banned && banned->honest) || (there && there->honest))
                world_fail(h->world, "no honest node is banned by an honest node", "host %u bans host %u (%s)", h->number,
                                banned ? banned->number : there->number, verdict_name(fx->verdict));
}

/* Whoever cannot come through, or is sent away, waits longer each time. */
#define STORM_USEC  (30 * USEC_PER_SEC)
#define STORM_DIALS 30U

static void on_dial(Host *h, const NodeEffect *fx) {
        View *v = &checks_of(h)->views[h->number];
        const Host *to = world_host_at(h->world, fx->address.host, fx->address.port);

        if (h->world->now_usec - v->storm_usec > STORM_USEC) {
                v->storm_usec = h->world->now_usec;
                memset(v->dials, 0, sizeof(v->dials));
        }
        if (to && ++v->dials[to->number] > STORM_DIALS)
                world_fail(h->world, "nobody dials in a storm", "host %u has dialled host %u %u times within %u s", h->number, to->number,
                                STORM_DIALS + 1, (unsigned) (STORM_USEC / USEC_PER_SEC));
}

void check_hooks(WorldHooks *ret) {
        *ret = (WorldHooks) {
                .after_turn = after_turn,
                .on_commit = on_commit,
                .on_send = on_send,
                .on_log = on_log,
                .on_ban = on_ban,
                .on_dial = on_dial,
                .on_started = on_started,
        };
}

void checks_begin(Run *r) {
        r->checks = new0(Checks, 1);
        if (!r->checks)
                world_die("checks", -ENOMEM);
        r->checks->blocks.run = r;
        world_at(r->world, 0, "links", on_look, 0, 0);
}

void checks_done(Run *r) {
        Checks *c = r->checks;

        for (unsigned i = 0; i < WORLD_HOSTS_MAX; i++)
                free(c->views[i].ids);
        free(c->finals);
        blocks_done(&c->blocks);
        free(c);
}

/* --- at the end, when all has been well for long enough --- */

const KnownBlock* checks_tip(const Run *r, unsigned host) {
        return tip_of(r->checks, host);
}

uint64_t checks_linked_usec(const Run *r) {
        return r->checks->linked ? r->checks->linked_usec : UINT64_MAX;
}

/* What is valid now has found its block long ago. */
static void check_pool_is_done(Host *h) {
        _cleanup_free_ Entry **entries = NULL;
        Chain *chain = peer_chain(h->peer);
        size_t n = 0;

        if (pool_list(peer_pool(h->peer), &entries, &n) < 0)
                world_die("pool", -ENOMEM);
        for (size_t i = 0; i < n; i++)
                if (chain_check_entry(chain, entries[i], MAX(host_wall_sec(h), chain_tip(chain)->time), NULL) == 0)
                        world_fail(h->world, "an idle network has nothing to do", "host %u has the valid entry %s in its pool at the end",
                                        h->number, HEX(&entries[i]->id));
}

void checks_final(Run *r) {
        World *w = r->world;
        Host *first = w->hosts[r->first_peer];
        const KnownBlock *tip = tip_of(r->checks, r->first_peer);

        look_at_links(r);
        if (!r->checks->linked) {
                world_fail(w, "all honest peers find one another", "they are not linked at the end, last trouble at %" PRIu64 " s",
                                r->checks->trouble_usec / USEC_PER_SEC);
                return;
        }
        for (unsigned i = 0; i < r->n_peers && !w->failed; i++) {
                Host *h = w->hosts[r->first_peer + i];
                const KnownBlock *other = tip_of(r->checks, h->number);

                if (other != tip && other && tip && other->work != tip->work)
                        world_fail(w, "all honest peers come to one ledger", "host %u ends at height %" PRIu64 " %s, host %u at height %"
                                        PRIu64 " %s", first->number, tip->height, HEX(&tip->id), h->number, other->height,
                                        HEX(&other->id));
                else if (h->mining)
                        world_fail(w, "an idle network does not work", "host %u looks for a nonce at the end", h->number);
                else
                        check_pool_is_done(h);
        }
        for (unsigned i = 0; i < r->n_peers && !w->failed; i++)
                recount_state(w->hosts[r->first_peer + i]);
        if (!w->failed)
                recount_results(r);
        if (!w->failed)
                recount_votes(r);
}

void checks_sum_up(const Run *r, RunResult *ret) {
        const KnownBlock *tip = tip_of(r->checks, r->first_peer);

        ret->reorganisations = r->checks->reorganisations;
        ret->deepest = r->checks->deepest;
        ret->frames = r->checks->frames;
        ret->height = tip ? tip->height : 0;
        ret->n_votes = r->n_votes;
        for (size_t i = 0; i < r->n_votes; i++)
                ret->in_ledger += blocks_holder(tip, &r->votes[i].errand->id) != NULL;
}
