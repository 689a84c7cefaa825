/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "node/peer-internal.h"

void peer_effect(Peer *p, const NodeEffect *fx) {
        int r;

        r = node_effects_add(&p->out, fx);
        if (r < 0)
                p->failed = r;
}

void peer_log(Peer *p, int level, NodeMessage message, const char *format, ...) {
        _cleanup_buf_ Buf b = {};
        char text[512];
        size_t n;
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);

        buf_add_text(&b, text);
        char *data = buf_take(&b, &n);
        if (!data) {
                p->failed = -ENOMEM;
                return;
        }
        peer_effect(p,
                        &(NodeEffect) { .type = NODE_FX_LOG,
                                        .level = level,
                                        .message = message,
                                        .data = data,
                                        .n_data = n,
                                        .height = chain_tip(p->chain)->height });
}

void peer_arm(Peer *p, uint64_t at_usec) {
        p->wake_usec = MIN(p->wake_usec, at_usec);
}

uint64_t peer_token(Peer *p) {
        return ++p->tokens;
}

uint64_t peer_jitter(Peer *p, uint64_t usec) {
        return usec / 2 + prng_below(&p->prng, usec + 1);
}

void allowance_fill(Allowance *a, int64_t size, int64_t per_sec, uint64_t now_usec) {
        uint64_t usec = now_usec - a->since_usec;
        int64_t gain;

        if (a->since_usec == 0) {
                *a = (Allowance) { .left = size, .since_usec = now_usec };
                return;
        }
        gain = (int64_t) (MIN(usec, 3600 * USEC_PER_SEC) * (uint64_t) per_sec / USEC_PER_SEC);
        if (gain == 0)
                return;
        a->left = MIN(a->left + gain, size);
        a->since_usec = now_usec;
}

/* What the peer does by itself: every timer is a field somewhere, and this is the one place that
 * looks. */
static int run_timers(Peer *p) {
        int r;

        p->wake_usec = USEC_INFINITY;

        if (p->now_usec >= p->beat_usec) {
                p->beat_usec = p->now_usec + BEAT_USEC;
                r = peer_links_beat(p);
                if (r < 0)
                        return r;
                gossip_beat(p);
                status_beat(p);
                lately_age(&p->refused, p->now_usec, 2 * BEAT_USEC);
                if (p->pool_changed || pool_count(p->pool) > 0)
                        p->pool_due = true;
        }
        peer_arm(p, p->beat_usec);

        r = peer_links_timers(p);
        if (r < 0)
                return r;
        r = requests_expire(p);
        if (r < 0)
                return r;
        sync_timers(p);
        trackers_timers(p);
        book_dial(p);
        if (p->book_changed) {
                if (p->now_usec >= p->remember_usec)
                        book_write(p);
                else
                        peer_arm(p, p->remember_usec);
        }

        if (p->n_outs > 0) {
                if (p->now_usec >= p->flush_usec)
                        gossip_flush(p);
                else
                        peer_arm(p, p->flush_usec);
        }
        r = gossip_ask(p);
        if (r < 0)
                return r;
        r = drafts_timers(p);
        if (r < 0)
                return r;
        if (p->engine_wake_usec <= p->now_usec && !p->broken) {
                p->engine_wake_usec = USEC_INFINITY;
                r = engine_feed(p, &(EngineEvent) { .type = ENGINE_EV_TICK });
                if (r < 0)
                        return r;
        }
        if (!p->broken)                 /* or it would be due again and again until there is room */
                peer_arm(p, p->engine_wake_usec);
        else {
                r = commit_retry(p);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int on_start(Peer *p) {
        int r;

        p->started_usec = p->now_usec;
        p->beat_usec = p->now_usec + peer_jitter(p, BEAT_USEC / 2);
        p->remember_usec = p->now_usec + 60 * USEC_PER_SEC;
        peer_arm(p, p->now_usec);
        r = commit_phases(p, false);
        if (r < 0)
                return r;
        r = pooled_reload(p);
        if (r < 0)
                return r;
        return run_timers(p);
}

static int on_stop(Peer *p) {
        p->stopping = true;
        trackers_stop(p);
        book_write(p);
        mine_stop(p);
        while (p->n_links > 0)
                peer_link_close(p, p->links[p->n_links - 1], 0, "stopping");
        return 0;
}

static int on_reload(Peer *p, const PeerConfig *config) {
        int r;

        p->config.mine = config->mine;
        p->config.links_inbound_max = config->links_inbound_max;
        p->config.links_outbound_max = config->links_outbound_max;
        r = book_configure(p, config);
        if (r < 0)
                return r;
        r = trackers_configure(p, config);
        if (r < 0)
                return r;
        if (!streq(p->announce_host, config->announce_host ? config->announce_host : "")) {
                char *host = strdup(config->announce_host ? config->announce_host : "");

                if (!host)
                        return -ENOMEM;
                free(p->announce_host);
                p->announce_host = host;
                trackers_enrol(p);
        }
        p->pool_due = p->changed = true;
        return run_timers(p);
}

static int dispatch(Peer *p, const NodeEvent *ev) {
        PeerLink *l;
        Contact *c;

        switch (ev->type) {

        case NODE_EV_START:
                return on_start(p);

        case NODE_EV_TICK:
                p->woken_usec = USEC_INFINITY;
                return p->now_usec >= p->wake_usec ? run_timers(p) : 0;

        case NODE_EV_LINK_UP:
                return peer_link_on_up(p, ev);

        case NODE_EV_LINK_DOWN:
                return peer_link_on_down(p, ev->link, ev->text);

        case NODE_EV_DIAL_FAILED:
                if (tracker_on_dial_failed(p, ev->dial, ev->text))
                        return 0;
                c = book_by_dial(p, ev->dial);
                if (c) {
                        book_failed(p, c);
                        book_dial(p);
                }
                return 0;

        case NODE_EV_FRAME:
                return peer_link_on_frame(p, ev);

        case NODE_EV_SENT:
                l = peer_link_find(p, ev->link);
                return l ? serve_next(p, l) : 0;

        case NODE_EV_VERIFIED:
                return verify_on_answer(p, ev);

        case NODE_EV_SUBMIT:
                return submit_line(p, ev);

        case NODE_EV_WATCH:
                return submit_watch(p, ev);

        case NODE_EV_CANCEL:
                submit_cancel(p, ev->request);
                return 0;

        case NODE_EV_IMPORT:
                return import_piece(p, ev);

        case NODE_EV_FOUND:
                return p->broken ? 0
                                 : engine_feed(p,
                                                   &(EngineEvent) { .type = ENGINE_EV_FOUND,
                                                                   .id = ev->id,
                                                                   .nonce = ev->nonce });

        case NODE_EV_COMMITTED:
                return commit_on_committed(p);

        case NODE_EV_COMMIT_FAILED:
                return commit_on_failed(p, ev->error);

        case NODE_EV_RELOAD:
                return on_reload(p, ev->config);

        case NODE_EV_RECORD:
                return authority_on_made(p, ev->record);

        case NODE_EV_RESUME:
                if (p->alarm_until_resume)      /* it asked for this */
                        p->alarm[0] = 0;
                p->resume = p->broken;          /* kept until the record can be written again */
                return p->broken ? 0 : engine_feed(p, &(EngineEvent) { .type = ENGINE_EV_RESUME });

        case NODE_EV_STOP:
                return on_stop(p);
        }
        return -EINVAL;
}

/* What follows from whatever happened in this step. While a commit is out nothing more is done: its
 * answer comes next. */
static int settle(Peer *p) {
        int r;

        r = sums_update(p);
        if (r < 0)
                return r;
        if (!p->committing && !p->stopping) {
                if (!p->paced) {
                        r = drafts_advance(p);
                        if (r < 0)
                                return r;
                }
                p->paced = false;
                r = import_update(p);
                if (r < 0)
                        return r;
                r = mine_update(p);
                if (r < 0)
                        return r;
        }
        r = boards_update(p);
        if (r < 0)
                return r;
        verify_flush(p);
        return commit_finish(p);
}

static void hand_out(Peer *p, NodeEffects *ret, bool hold) {
        for (size_t i = 0; i < p->out.n; i++) {
                NodeEffect *fx = p->out.items + i;
                bool now = !hold || fx->type == NODE_FX_COMMIT || fx->type == NODE_FX_LOG;
                int r;

                r = node_effects_add(now ? ret : &p->held, fx);
                if (r < 0)
                        p->failed = r;
                *fx = (NodeEffect) {};
        }
        p->out.n = 0;
}

int peer_step(Peer *p, const NodeEvent *ev, NodeEffects *ret) {
        int r;

        assert(ret);

        p->now_usec = ev->now_usec;
        p->now_sec = ev->now_sec;

        /* What was kept back for the commit's answer leaves first, whatever the answer: none of it
         * depended on it. */
        if (p->held.n > 0) {
                NodeEffects held = p->held;

                p->held = (NodeEffects) {};
                for (size_t i = 0; i < held.n; i++)
                        peer_effect(p, held.items + i);
                free(held.items);
        }

        r = dispatch(p, ev);
        if (r >= 0)
                r = settle(p);
        if (r < 0)
                return r;

        if (p->changed)
                peer_effect(p, &(NodeEffect) { .type = NODE_FX_CHANGED });
        p->changed = false;
        if (p->wake_usec != p->woken_usec && !p->stopping) {
                p->woken_usec = p->wake_usec;
                peer_effect(p, &(NodeEffect) { .type = NODE_FX_WAKE, .at_usec = p->wake_usec });
        }
        hand_out(p, ret, p->committing);
        return MIN(p->failed, 0);
}

Chain* peer_chain(Peer *p) {
        return p->chain;
}

Pool* peer_pool(Peer *p) {
        return p->pool;
}

uint64_t peer_final_height(const Peer *p) {
        return p->final_height;
}

int peer_new(Peer **ret, const PeerSetup *setup) {
        _cleanup_(peer_freep) Peer *p = NULL;
        uint64_t key[4];
        int r;

        assert(ret);
        assert(setup->genesis && setup->store && setup->identity && setup->config);

        p = new0(Peer, 1);
        if (!p)
                return -ENOMEM;

        p->genesis = setup->genesis;
        p->store = setup->store;
        p->record = setup->record;
        p->identity = setup->identity;
        p->self = *secret_key_public(setup->identity);
        p->wake_usec = p->woken_usec = p->beat_usec = p->engine_wake_usec = USEC_INFINITY;
        p->version = 1;
        prng_seed(&p->prng, setup->seed);
        TAILQ_INIT(&p->requests);
        TAILQ_INIT(&p->outs);
        TAILQ_INIT(&p->batches);
        TAILQ_INIT(&p->drafts);
        TAILQ_INIT(&p->pendings);
        TAILQ_INIT(&p->sync.ranges);

        p->config = *setup->config;
        p->config.trackers = p->config.fixed = NULL;
        p->announce_host = strdup(setup->config->announce_host ? setup->config->announce_host : "");
        p->agent = strdup(setup->config->agent);
        p->penalties = new0(PenaltyRecord, PENALTY_RECORDS);
        if (!p->announce_host || !p->agent || !p->penalties)
                return -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(key); i++)
                key[i] = prng_u64(&p->prng);
        r = item_table_init(&p->items, key[0], key[1]);
        if (r < 0)
                return r;
        r = lately_init(&p->refused, 16384, key[2], key[3]);
        if (r < 0)
                return r;
        r = pool_new(&p->pool);
        if (r < 0)
                return r;
        pool_set_revotes(p->pool, p->genesis->limits.revotes);
        r = chain_new(&p->chain, p->genesis, p->store);
        if (r < 0)
                return r;
        chain_set_sums_apart(p->chain);
        r = engine_start(p);
        if (r < 0)
                return r;
        r = book_configure(p, setup->config);
        if (r < 0)
                return r;
        r = trackers_configure(p, setup->config);
        if (r < 0)
                return r;
        if (setup->remembered) {
                r = book_recall(p, setup->remembered, setup->n_remembered);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(p);
        return 0;
}

Peer* peer_free(Peer *p) {
        if (!p)
                return NULL;

        node_effects_done(&p->out);
        node_effects_done(&p->held);
        ranges_done(p);
        import_done(p);
        submit_done(p);
        mine_done(p);
        commit_done(p);
        verify_done(p);
        messages_done(p);
        drafts_done(p);
        peer_links_done(p);
        trackers_done(p);
        book_done(p);
        free(p->penalties);
        if (p->engine)
                (void) p->engine->type->free(p->engine);
        (void) pool_free(p->pool);
        item_table_done(&p->items);
        lately_done(&p->refused);
        (void) chain_free(p->chain);
        free(p->announce_host);
        free(p->agent);
        free(p);
        return NULL;
}
