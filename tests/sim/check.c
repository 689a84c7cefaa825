/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <malloc.h>

#include "check-private.h"
#include "check-quorum.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/hash.h"
#include "errand.h"
#include "figures.h"
#include "recount.h"
#include "voted/limits.h"

/* --- who can talk to whom --- */

/* Whether all honest peers are up and linked, by way of such. */
static bool all_linked(const Run *r) {
        const World *w = r->world;
        bool links[WORLD_HOSTS_MAX][WORLD_HOSTS_MAX], reached[WORLD_HOSTS_MAX] = {};
        unsigned queue[WORLD_HOSTS_MAX], n = 0, first = r->first_peer;

        for (unsigned i = first; i < first + r->n_peers; i++)
                if (w->hosts[i]->honest && (!w->hosts[i]->up || disk_is_full(w->hosts[i]->disk)))
                        return false;
        world_links(w, links);
        queue[n++] = r->witness;
        reached[r->witness] = true;
        for (unsigned at = 0; at < n; at++)
                for (unsigned i = first; i < first + r->n_peers; i++)
                        if (!reached[i] && w->hosts[i]->honest && !w->blocked[queue[at]][i] && !w->blocked[i][queue[at]] &&
                                        links[queue[at]][i]) {
                                reached[i] = true;
                                queue[n++] = i;
                        }
        return n == r->n_peers - r->n_liars;
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
        Run *r = w->setup.userdata;

        (void) a;
        (void) b;
        if (mallinfo2().uordblks > MEMORY_MAX)
                world_fail(w, "memory is bounded", "%zu bytes are in use", mallinfo2().uordblks);
        look_at_links(r);
        if (r->checks->quorum)
                check_quorum_each_second(r);
        world_at(w, w->now_usec + USEC_PER_SEC, "links", on_look, 0, 0);
}

static void after_turn(Host *h) {
        if (!h->peer || !h->honest || h->world->failed)
                return;
        check_chain(h);
        if (pool_bytes(peer_pool(h->peer)) > POOL_BYTES_MAX)
                world_fail(h->world, "the pool is bounded", "host %u has %zu bytes in its pool", h->number,
                                pool_bytes(peer_pool(h->peer)));
}

/* --- crashes --- */

static void on_log(Host *h, const NodeEffect *fx) {
        if (fx->message == NODE_MSG_EVIDENCE && h->honest)
                check_quorum_on_evidence(h, fx);
}

static void on_frame(Host *from, Host *to, LinkId link, const char *data, size_t n) {
        if (checks_of(to)->quorum)
                check_quorum_on_frame(from, to, link, data, n);
}

static void on_stopped(Host *h) {
        if (checks_of(h)->quorum && h->honest)
                check_quorum_on_stopped(h);
}

static void on_commit(Host *h) {
        View *v = &checks_of(h)->views[h->number];

        v->durable = chain_tip(peer_chain(h->peer))->id;
        v->durable_height = chain_tip(peer_chain(h->peer))->height;
        if (checks_of(h)->quorum && h->honest)
                check_quorum_on_commit(h);
}

static void on_started(Host *h) {
        View *v = &checks_of(h)->views[h->number];
        const ChainTip *tip;

        if (!h->peer || !h->honest)
                return;
        if (checks_of(h)->quorum)
                check_quorum_on_started(h);
        tip = chain_tip(peer_chain(h->peer));
        if (h->life > 1 && v->durable_height > 0 && !id_equal(&tip->id, &v->durable))
                world_fail(h->world, "a committed block is never lost by a crash", "host %u had committed height %" PRIu64
                                ", and starts at height %" PRIu64, h->number, v->durable_height, tip->height);
        v->life = h->life;
        v->n = 0;               /* what memory held above what was committed is nobody's loss */
        check_chain(h);
        if (h->life > 1 && !id_is_zero(&v->told) && !h->world->failed) {
                const KnownBlock *told = blocks_find(&checks_of(h)->blocks, &v->told), *now = check_tip_of(checks_of(h), h->number);

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
        figures_on_send(r, h, fx);
        n = end ? (size_t) (end - fx->data) : fx->n_data;
        if (!h->peer || !h->honest)
                return;
        if (r->checks->quorum)
                check_quorum_on_send(h, fx);
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

        if (h->honest && ((banned && banned->honest) || (there && there->honest)))
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
        if (to && h->honest && ++v->dials[to->number] > STORM_DIALS)
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
                .on_frame = on_frame,
                .on_started = on_started,
                .on_stopped = on_stopped,
        };
}

void checks_begin(Run *r) {
        r->checks = new0(Checks, 1);
        if (!r->checks)
                world_die("checks", -ENOMEM);
        r->checks->blocks.run = r;
        if (r->n_authorities > 0)
                check_quorum_begin(r);
        world_at(r->world, 0, "links", on_look, 0, 0);
}

void checks_done(Run *r) {
        Checks *c = r->checks;

        for (unsigned i = 0; i < WORLD_HOSTS_MAX; i++)
                free(c->views[i].ids);
        if (c->quorum)
                check_quorum_done(r);
        free(c->finals);
        blocks_done(&c->blocks);
        free(c);
}

/* --- at the end, when all has been well for long enough --- */

const KnownBlock* checks_tip(const Run *r, unsigned host) {
        return check_tip_of(r->checks, host);
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

/* Where nothing goes wrong messages alone bring a vote to its end: one that took as long as a timer waited for it. */
static void check_no_timer_helped(Run *r) {
        uint64_t delta_usec = 500 * r->interval * USEC_PER_MSEC;
        bool goes_well = r->options.faults == 0 && r->n_liars == 0 && r->options.cut_commit == 0 && r->options.starve == 0;

        for (size_t i = 0; i < r->n_votes && r->n_authorities > 0 && goes_well; i++) {
                const Errand *e = r->votes[i].errand;

                if (e->state == ERRAND_FINAL && e->done_usec - e->accepted_usec >= delta_usec) {
                        world_fail(r->world, "without faults no vote waits for a timer", "vote %zu was handed in at %" PRIu64
                                        " ms and final after %" PRIu64 " ms, delta is %" PRIu64 " ms", i, e->accepted_usec / USEC_PER_MSEC,
                                        (e->done_usec - e->accepted_usec) / USEC_PER_MSEC, delta_usec / USEC_PER_MSEC);
                        return;
                }
        }
}

void checks_final(Run *r) {
        World *w = r->world;
        Host *first = w->hosts[r->witness];
        const KnownBlock *tip = check_tip_of(r->checks, r->witness);

        look_at_links(r);
        if (!r->checks->linked) {
                world_fail(w, "all honest peers find one another", "they are not linked at the end, last trouble at %" PRIu64 " s",
                                r->checks->trouble_usec / USEC_PER_SEC);
                return;
        }
        for (unsigned i = 0; i < r->n_peers && !w->failed; i++) {
                Host *h = w->hosts[r->first_peer + i];
                const KnownBlock *other = check_tip_of(r->checks, h->number);

                if (!h->honest)
                        continue;
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
                if (w->hosts[r->first_peer + i]->honest)
                        recount_state(w->hosts[r->first_peer + i]);
        if (!w->failed)
                recount_results(r);
        if (!w->failed)
                recount_votes(r);
        if (!w->failed)
                check_no_timer_helped(r);
}

void checks_sum_up(const Run *r, RunResult *ret) {
        const KnownBlock *tip = check_tip_of(r->checks, r->witness);

        ret->reorganisations = r->checks->reorganisations;
        ret->deepest = r->checks->deepest;
        ret->frames = r->checks->frames;
        ret->height = tip ? tip->height : 0;
        ret->n_votes = r->n_votes;
        for (size_t i = 0; i < r->n_votes; i++)
                ret->in_ledger += blocks_holder(tip, &r->votes[i].errand->id) != NULL;
}
