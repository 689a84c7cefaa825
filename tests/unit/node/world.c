/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <syslog.h>

#include "crypto/hash.h"
#include "voted/limits.h"
#include "world-private.h"

#define CLOCK_BASE_USEC (1000 * USEC_PER_SEC)   /* no node sees a monotonic clock at 0 */

_noreturn_ void world_die(const World *w, const char *what, int r) {
        (void) fprintf(stderr, "world: %s: %s (seed %" PRIu64 ", at %" PRIu64 " usec)\n", what,
                        strerror(r < 0 ? -r : r), w ? w->setup.seed : 0, w ? w->now_usec : 0);
        abort();
}

static void must(const World *w, const char *what, int r) {
        if (r < 0)
                world_die(w, what, r);
}

/* --- what will happen: a heap by time, then by number --- */

static bool before(const Happening *a, const Happening *b) {
        return a->at_usec != b->at_usec ? a->at_usec < b->at_usec : a->number < b->number;
}

static void happening_done(Happening *h) {
        free(h->data);
        for (size_t i = 0; h->checks && i < h->ev.n_checks; i++)
                sig_check_done(h->checks + i);
        free(h->checks);
}

void world_add(World *w, const Happening *h) {
        size_t i = w->n_heap;

        if (w->n_heap == w->allocated_heap) {
                w->allocated_heap = w->allocated_heap ? 2 * w->allocated_heap : 256;
                w->heap = reallocarray(w->heap, w->allocated_heap, sizeof(Happening));
                if (!w->heap)
                        world_die(w, "memory", -ENOMEM);
        }
        w->n_heap++;
        w->heap[i] = *h;
        w->heap[i].number = ++w->n_happenings;
        while (i > 0 && before(w->heap + i, w->heap + (i - 1) / 2)) {
                Happening t = w->heap[i];

                w->heap[i] = w->heap[(i - 1) / 2];
                w->heap[(i - 1) / 2] = t;
                i = (i - 1) / 2;
        }
}

static Happening take_first(World *w) {
        Happening first = w->heap[0];
        size_t i = 0;

        w->heap[0] = w->heap[--w->n_heap];
        for (;;) {
                size_t least = i;
                Happening t;

                for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < w->n_heap; k++)
                        if (before(w->heap + k, w->heap + least))
                                least = k;
                if (least == i)
                        return first;
                t = w->heap[i];
                w->heap[i] = w->heap[least];
                w->heap[least] = t;
                i = least;
        }
}

/* --- carrying out effects --- */

static void trace(World *w, const void *p, size_t n) {
        _cleanup_buf_ Buf b = {};

        buf_add(&b, w->trace.b, sizeof(w->trace.b));
        buf_add(&b, p, n);
        must(w, "memory", buf_error(&b));
        hash_bytes(&w->trace, b.p, b.n);
}

static void trace_effect(World *w, unsigned node, const NodeEffect *fx) {
        uint64_t facts[] = { w->now_usec, node, fx->type, fx->link, fx->lane, fx->dial, fx->token,
                fx->request, fx->at_usec, fx->n_data, fx->n_checks, (uint64_t) fx->verdict };
        Id data = {};

        if (fx->data)
                hash_bytes(&data, fx->data, fx->n_data);
        trace(w, facts, sizeof(facts));
        trace(w, &data, sizeof(data));
}

static Reply* find_reply(const World *w, uint64_t request) {
        for (size_t i = w->n_replies; i > 0; i--)
                if (w->replies[i - 1].request == request)
                        return w->replies + i - 1;
        return NULL;
}

static void take_reply(World *w, NodeEffect *fx) {
        Reply *r = find_reply(w, fx->request);

        if (!r)
                world_die(w, "a reply to a request that nobody made", 0);
        (void) json_free(r->json);
        free(r->text);
        r->json = TAKE_PTR(fx->json);
        r->text = TAKE_PTR(fx->data);
        r->last = (WorldReply) { .n = r->last.n + 1,
                .verdict = fx->verdict,
                .more = fx->more,
                .json = r->json,
                .text = r->text ? r->text : "" };
}

static void take_ban(World *w, WorldNode *x, const NodeEffect *fx) {
        if (x->n_bans < ELEMENTSOF(x->bans)) {
                x->bans[x->n_bans].key = fx->key;
                x->bans[x->n_bans++].until_usec = fx->at_usec - CLOCK_BASE_USEC;
        }
        (void) w;
}

static void take_log(World *w, unsigned node, const NodeEffect *fx) {
        w->nodes[node]->n_log[fx->message]++;
        if (w->verbose)
                (void) fprintf(stderr, "%10.3f n%u <%d> %.*s\n", (double) w->now_usec / 1e6, node,
                                fx->level, (int) fx->n_data, fx->data);
}

static void carry_out(World *w, unsigned node, NodeEffect *fx) {
        WorldNode *x = w->nodes[node];

        switch (fx->type) {

        case NODE_FX_COMMIT:
        case NODE_FX_CHANGED:
                return;

        case NODE_FX_SEND:
                wire_send(w, node, fx->link, TAKE_PTR(fx->data), fx->n_data);
                return;

        case NODE_FX_CLOSE:
                wire_close(w, node, fx->link, fx->data);
                return;

        case NODE_FX_BAN:
                take_ban(w, x, fx);
                return;

        case NODE_FX_DIAL:
                wire_dial(w, node, &fx->address, &fx->key, fx->dial);
                return;

        case NODE_FX_VERIFY:
                labour_verify(w, node, fx->token, TAKE_PTR(fx->checks), fx->n_checks);
                return;

        case NODE_FX_PAUSE:
        case NODE_FX_RESUME:
                wire_pause(w, node, fx->link, fx->type == NODE_FX_PAUSE);
                return;

        case NODE_FX_MINE:
                labour_mine(w, node, &fx->id, fx->difficulty);
                return;

        case NODE_FX_MINE_STOP:
                labour_mine_stop(w, node);
                return;

        case NODE_FX_REPLY:
                take_reply(w, fx);
                return;

        case NODE_FX_LOG:
                take_log(w, node, fx);
                return;

        case NODE_FX_REMEMBER:
                free(x->remembered);
                x->remembered = TAKE_PTR(fx->data);
                x->n_remembered = fx->n_data;
                return;

        case NODE_FX_WAKE:
                x->wake++;
                if (fx->at_usec == USEC_INFINITY)
                        return;
                world_add(w,
                                &(Happening) { .type = HAPPENING_TICK,
                                                .node = node,
                                                .generation = x->generation,
                                                .mining = x->wake,
                                                .at_usec = fx->at_usec < w->now_usec + CLOCK_BASE_USEC
                                                                ? w->now_usec
                                                                : fx->at_usec - CLOCK_BASE_USEC });
                return;
        }
}

static int commit(WorldNode *x) {
        return x->commit_error != 0 ? x->commit_error : chain_commit(peer_chain(x->peer));
}

/* The order of DESIGN 7: the commit, then what is sent, then the rest. */
void world_feed(World *w, unsigned node, NodeEvent *ev) {
        WorldNode *x = w->nodes[node];
        NodeEffects effects = {};
        NodeEvent answer = {};
        bool wants_commit = false;
        int r = 0;

        ev->now_usec = w->now_usec + CLOCK_BASE_USEC;
        ev->now_sec = world_now_sec(w) + (uint64_t) x->setup.clock_off_sec;
        if (x->kind == NODE_PUPPET) {
                x->puppet(w, node, ev, x->userdata);
                return;
        }
        must(w, "a step",
                        x->kind == NODE_PEER ? peer_step(x->peer, ev, &effects)
                                             : tracker_step(x->tracker, ev, &effects));

        for (size_t i = 0; i < effects.n; i++) {
                trace_effect(w, node, effects.items + i);
                wants_commit = wants_commit || effects.items[i].type == NODE_FX_COMMIT;
        }
        if (wants_commit)
                r = commit(x);
        for (int sends = 1; sends >= 0; sends--)
                for (size_t i = 0; i < effects.n; i++) {
                        NodeEffect *fx = effects.items + i;

                        if ((fx->type == NODE_FX_SEND) == sends &&
                                        (r == 0 || fx->type == NODE_FX_LOG))
                                carry_out(w, node, fx);
                }
        node_effects_done(&effects);
        if (!wants_commit)
                return;
        answer = (NodeEvent) { .type = r < 0 ? NODE_EV_COMMIT_FAILED : NODE_EV_COMMITTED,
                .error = r };
        world_feed(w, node, &answer);
}

/* --- time --- */

bool world_step(World *w) {
        WorldNode *x;
        Happening h;

        if (w->n_heap == 0)
                return false;
        h = take_first(w);
        w->now_usec = MAX(w->now_usec, h.at_usec);
        x = w->nodes[h.node];
        if (x->running && x->generation == h.generation)
                switch (h.type) {

                case HAPPENING_EVENT:
                        if (h.ev.type == NODE_EV_FOUND && h.mining != x->mining)
                                break;
                        if (h.ev.type == NODE_EV_FRAME && !wire_takes(w, &h))
                                break;
                        h.ev.data = h.data;
                        h.ev.checks = h.checks;
                        world_feed(w, h.node, &h.ev);
                        break;

                case HAPPENING_TICK:
                        if (h.mining != x->wake)
                                break;
                        x->n_ticks++;
                        world_feed(w, h.node, &(NodeEvent) { .type = NODE_EV_TICK });
                        break;

                case HAPPENING_DIAL:
                        wire_on_dial(w, &h);
                        break;

                case HAPPENING_CLOSE:
                        wire_on_close(w, &h);
                        break;
                }
        happening_done(&h);
        return true;
}

bool world_run_until(World *w, uint64_t usec_max, world_until_fn fn, void *userdata) {
        uint64_t end = w->now_usec + usec_max;

        while (w->n_heap > 0 && w->heap[0].at_usec <= end) {
                (void) world_step(w);
                if (fn && fn(w, userdata))
                        return true;
        }
        w->now_usec = MAX(w->now_usec, end);
        return false;
}

void world_run(World *w, uint64_t usec) {
        (void) world_run_until(w, usec, NULL, NULL);
}

uint64_t world_now(const World *w) {
        return w->now_usec;
}

uint64_t world_now_sec(const World *w) {
        return w->setup.start_sec + w->now_usec / USEC_PER_SEC;
}

/* --- requests --- */

static uint64_t request(World *w, unsigned node, NodeEvent *ev) {
        if (w->n_replies == w->allocated_replies) {
                w->allocated_replies = w->allocated_replies ? 2 * w->allocated_replies : 64;
                w->replies = reallocarray(w->replies, w->allocated_replies, sizeof(Reply));
                if (!w->replies)
                        world_die(w, "memory", -ENOMEM);
        }
        ev->request = ++w->n_requests;
        w->replies[w->n_replies++] = (Reply) { .request = ev->request };
        world_feed(w, node, ev);
        return ev->request;
}

uint64_t world_submit(World *w, unsigned node, const char *line, size_t n) {
        return request(w, node,
                        &(NodeEvent) { .type = NODE_EV_SUBMIT,
                                        .data = line,
                                        .n_data = n,
                                        .uid = 1000 });
}

uint64_t world_watch(World *w, unsigned node, const Id *entry) {
        return request(w, node, &(NodeEvent) { .type = NODE_EV_WATCH, .id = *entry });
}

uint64_t world_import(World *w, unsigned node, const char *data, size_t n) {
        return request(w, node, &(NodeEvent) { .type = NODE_EV_IMPORT, .data = data, .n_data = n });
}

void world_reply(const World *w, uint64_t number, WorldReply *ret) {
        const Reply *r = find_reply(w, number);

        *ret = r ? r->last : (WorldReply) {};
}

/* --- looking --- */

Id world_trace(const World *w) {
        return w->trace;
}

unsigned world_count_log(const World *w, unsigned node, NodeMessage message) {
        return w->nodes[node]->n_log[message];
}

uint64_t world_wakes(const World *w, unsigned node) {
        return w->nodes[node]->n_ticks;
}

void world_set_verbose(World *w, bool verbose) {
        w->verbose = verbose;
}

void world_set_tap(World *w, world_tap_fn fn, void *userdata) {
        w->tap = fn;
        w->tap_userdata = userdata;
}

void world_set_faults(World *w, uint32_t loss, uint32_t repeat, uint32_t swap) {
        w->setup.loss = loss;
        w->setup.repeat = repeat;
        w->setup.swap = swap;
}

/* --- the whole --- */

World* world_new(const WorldSetup *setup) {
        World *w = new0(World, 1);
        Why why;

        if (!w)
                world_die(NULL, "memory", -ENOMEM);
        must(w, "crypto", crypto_init(&why));
        w->setup = *setup;
        prng_seed(&w->prng, setup->seed);
        return w;
}

World* world_free(World *w) {
        if (!w)
                return NULL;

        for (unsigned i = 0; i < w->n_nodes; i++) {
                WorldNode *x = w->nodes[i];

                (void) peer_free(x->peer);
                (void) tracker_free(x->tracker);
                (void) store_free(x->store);
                (void) secret_key_free(x->identity);
                free(x->remembered);
                free(x);
        }
        for (size_t i = 0; i < w->n_heap; i++)
                happening_done(w->heap + i);
        free(w->heap);
        for (size_t i = 0; i < w->n_replies; i++) {
                (void) json_free(w->replies[i].json);
                free(w->replies[i].text);
        }
        free(w->replies);
        wire_done(w);
        labour_done(w);
        free(w);
        return NULL;
}
