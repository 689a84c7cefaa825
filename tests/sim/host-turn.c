/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-private.h"

#include "../unit/memory-fail.h"
#include "consensus/pow.h"

/* What src/voted/shell.c is there: events in, effects carried out, log first, then the commit, then the rest. */

#define TURN_ROUNDS_MAX 64U             /* effects of answers to effects, within one turn */

static void carry_out(Host *h);

static void on_wake(World *w, uint64_t a, uint64_t b) {
        Host *h = host_living(w, a, b);

        if (!h || (uint32_t) h->wake_serial != (uint32_t) b)
                return;
        h->wake_usec = USEC_INFINITY;
        host_event(h, &(NodeEvent) { .type = NODE_EV_TICK });
}

static void do_wake(Host *h, uint64_t at_usec) {
        World *w = h->world;

        h->wake_serial++;
        if (at_usec == USEC_INFINITY)
                return;
        h->wake_usec = MAX(host_to_world_usec(h, at_usec), w->now_usec);
        world_at(w, h->wake_usec + world_below(w, 2 * USEC_PER_MSEC), "wake", on_wake, h->number,
                        LIFE(h, h->wake_serial));
}

static void on_verified(World *w, uint64_t a, uint64_t b) {
        Host *h = host_living(w, a, b);
        Checking c;
        size_t i;

        if (!h)
                return;
        for (i = 0; i < h->n_checkings; i++)
                if ((uint32_t) h->checkings[i].token == (uint32_t) b)
                        break;
        if (i == h->n_checkings)
                return;
        c = h->checkings[i];
        h->checkings[i] = h->checkings[--h->n_checkings];

        for (i = 0; i < c.n_checks; i++)
                memo_check(w->memo, c.checks + i);
        host_event(h, &(NodeEvent) { .type = NODE_EV_VERIFIED, .token = c.token, .checks = c.checks,
                        .n_checks = c.n_checks });
        for (i = 0; i < c.n_checks; i++)
                sig_check_done(c.checks + i);
        free(c.checks);
}

static void do_verify(Host *h, NodeEffect *fx) {
        World *w = h->world;

        h->checkings = reallocarray(h->checkings, h->n_checkings + 1, sizeof(Checking));
        if (!h->checkings)
                world_die("verify", -ENOMEM);
        h->checkings[h->n_checkings++] = (Checking) { .token = fx->token,
                        .checks = TAKE_PTR(fx->checks), .n_checks = fx->n_checks };
        h->verify_free_usec = MAX(h->verify_free_usec, w->now_usec) + 100 + fx->n_checks * 25;
        fx->n_checks = 0;
        world_at(w, h->verify_free_usec, "verified", on_verified, h->number, LIFE(h, fx->token));
}

static void found(Host *h, const Id *block, uint64_t difficulty) {
        uint64_t nonce;

        if (!pow_try(block, prng_u64(&h->world->prng), UINT64_C(1) << 40, difficulty, &nonce))
                world_die("no nonce in 2^40 tries", V_SEAL);
        host_event(h, &(NodeEvent) { .type = NODE_EV_FOUND, .id = *block, .nonce = nonce });
}

static void on_found(World *w, uint64_t a, uint64_t b) {
        Host *h = host_living(w, a, b);
        Id id;

        if (!h || !h->mining || (uint32_t) h->mine_serial != (uint32_t) b)
                return;
        h->mining = false;
        id = h->mine_id;
        found(h, &id, h->mine_difficulty);
}

static void do_mine(Host *h, const NodeEffect *fx) {
        World *w = h->world;

        h->mining = true;
        h->mine_id = fx->id;
        h->mine_difficulty = fx->difficulty;
        h->mine_serial++;
        world_at(w, w->now_usec + 1 + world_exponential(w, fx->difficulty * USEC_PER_SEC /
                        MAX(h->setup.tries_per_sec, 1U)), "found", on_found, h->number,
                        LIFE(h, h->mine_serial));
}

static void do_reply(Host *h, NodeEffect *fx) {
        for (size_t i = 0; i < h->n_calls; i++) {
                Call c = h->calls[i];

                if (c.request != fx->request)
                        continue;
                if (!fx->more)
                        h->calls[i] = h->calls[--h->n_calls];
                c.fn(h, c.userdata, fx);
                return;
        }
}

static void do_ban(Host *h, const NodeEffect *fx) {
        HostBan b = { .key = fx->key, .until_usec = host_to_world_usec(h, fx->at_usec) };

        (void) snprintf(b.host, sizeof(b.host), "%.63s", fx->address.host);
        h->bans = reallocarray(h->bans, h->n_bans + 1, sizeof(HostBan));
        if (!h->bans)
                world_die("ban", -ENOMEM);
        h->bans[h->n_bans++] = b;
        wires_ban(h);
}

static void carry_out_one(Host *h, NodeEffect *fx) {
        const WorldHooks *hooks = &h->world->setup.hooks;

        switch (fx->type) {

        case NODE_FX_COMMIT:
        case NODE_FX_LOG:
                return;         /* done before */

        case NODE_FX_SEND:
                if (h->setup.on_send && h->setup.on_send(h, fx))
                        return;
                if (hooks->on_send)
                        hooks->on_send(h, fx);
                wire_send(h, fx->link, fx->lane, TAKE_PTR(fx->data), fx->n_data);
                return;

        case NODE_FX_CLOSE:
                if (hooks->on_close)
                        hooks->on_close(h, fx);
                wire_close(h, fx->link, fx->data ? fx->data : "");
                return;

        case NODE_FX_BAN:
                if (hooks->on_ban)
                        hooks->on_ban(h, fx);
                do_ban(h, fx);
                return;

        case NODE_FX_DIAL:
                if (hooks->on_dial)
                        hooks->on_dial(h, fx);
                wire_dial(h, fx->dial, &fx->address, &fx->key);
                return;

        case NODE_FX_VERIFY:
                do_verify(h, fx);
                return;

        case NODE_FX_PAUSE:
        case NODE_FX_RESUME:
                wire_pause(h, fx->link, fx->type == NODE_FX_PAUSE);
                return;

        case NODE_FX_MINE:
                do_mine(h, fx);
                return;

        case NODE_FX_MINE_STOP:
                h->mining = false;
                return;

        case NODE_FX_REPLY:
                do_reply(h, fx);
                return;

        case NODE_FX_CHANGED:
                return;

        case NODE_FX_REMEMBER:
                (void) disk_store(h->disk)->ops->meta_put(disk_store(h->disk), "peers", fx->data,
                                fx->n_data);
                return;

        case NODE_FX_WAKE:
                do_wake(h, fx->at_usec);
                return;
        }
}

/* As the shell has it: what others would build on does not leave. */
static bool needs_commit(const NodeEffect *fx) {
        return (fx->type == NODE_FX_SEND && !fx->regardless) || fx->type == NODE_FX_REPLY || fx->type == NODE_FX_REMEMBER ||
                        fx->type == NODE_FX_MINE;
}

static bool blames_honest(const Host *h, const NodeEffect *fx) {
        const Host *far = NULL;

        if (fx->type == NODE_FX_BAN)
                far = world_host_of_key(h->world, &fx->key);
        else if (fx->type == NODE_FX_CLOSE && fx->verdict > 0)
                far = wire_far(h->world, fx->link);
        return far && far->honest;
}

static void step(Host *h, NodeEvent *ev) {
        size_t n = h->pending.n;
        bool starved;
        int r;

        ev->now_usec = host_usec(h);
        ev->now_sec = host_wall_sec(h);
        world_starve(h->world);
        r = h->peer ? peer_step(h->peer, ev, &h->pending) : tracker_step(h->tracker, ev, &h->pending);
        starved = world_eat(h->world);
        if (starved && r == -ENOMEM) {
                for (; n < h->pending.n; n++)
                        if (blames_honest(h, h->pending.items + n))
                                world_fail(h->world, "our own failure is blamed on nobody", "host %u has no memory, and blames another",
                                                h->number);
                host_starved(h);
                return;
        }
        if (r < 0) {
                if (r == -ENOMEM)
                        memory_where();
                h->fatal = true;
                world_fail(h->world, "a node goes on", "host %u ends: %s", h->number, strerror(-r));
        }
}

static bool power_goes(Host *h, CrashPoint point) {
        World *w = h->world;

        if (w->n_commits == w->setup.cut_commit && w->setup.cut_point == point)
                world_cut_power(w);
        else if (h->crash_at == point)
                host_crash(h, true);
        else
                return false;
        return true;
}

/* False: the power went. */
static bool commit(Host *h, int *ret_error) {
        const WorldHooks *hooks = &h->world->setup.hooks;
        unsigned life = h->life;
        int r;

        h->world->n_commits++;
        if (power_goes(h, CRASH_BEFORE_COMMIT))
                return false;
        r = disk_commit_record(h->disk);
        if (r >= 0) {
                if (power_goes(h, CRASH_BETWEEN_COMMITS))
                        return false;
                r = chain_commit(peer_chain(h->peer));
        }
        world_note(h->world, "commit", h->number, (uint64_t) -r, NULL, 0);
        if (r >= 0 && hooks->on_commit)
                hooks->on_commit(h);
        if (power_goes(h, CRASH_AFTER_COMMIT))
                return false;
        step(h, &(NodeEvent) { .type = r < 0 ? NODE_EV_COMMIT_FAILED : NODE_EV_COMMITTED, .error = MIN(r, 0) });
        *ret_error = MIN(r, 0);
        return h->up && h->life == life;
}

static void carry_out_turn(Host *h, NodeEffects *turn) {
        World *w = h->world;
        unsigned life = h->life;
        bool asked = false;
        int error = 0;

        for (size_t i = 0; i < turn->n; i++) {
                NodeEffect *fx = turn->items + i;

                asked |= fx->type == NODE_FX_COMMIT;
                if (fx->type != NODE_FX_LOG)
                        continue;
                world_note(w, "log", h->number, (uint64_t) fx->level, fx->data, fx->n_data);
                if (w->setup.hooks.on_log)
                        w->setup.hooks.on_log(h, fx);
        }
        if (asked && !commit(h, &error))
                return;

        for (size_t i = 0; i < turn->n && !h->fatal && h->up && h->life == life; i++)
                if (error == 0 || !needs_commit(turn->items + i))
                        carry_out_one(h, turn->items + i);
}

static void carry_out(Host *h) {
        unsigned life = h->life;

        h->carrying = true;
        for (unsigned i = 0; i < TURN_ROUNDS_MAX && h->up && h->life == life && h->pending.n > 0 && !h->fatal; i++) {
                NodeEffects turn = h->pending;

                h->pending = (NodeEffects) {};
                carry_out_turn(h, &turn);
                node_effects_done(&turn);
        }
        if (h->life != life || !h->up)
                return;
        h->carrying = false;
        if (h->pending.n > 0)
                world_fail(h->world, "a turn ends", "host %u asks for more and more at one moment", h->number);
        if (h->world->setup.hooks.after_turn)
                h->world->setup.hooks.after_turn(h);
}

static void on_turn(World *w, uint64_t a, uint64_t b) {
        Host *h = host_living(w, a, b);

        if (!h)
                return;
        h->turn_armed = false;
        carry_out(h);
}

void host_event(Host *h, NodeEvent *ev) {
        World *w = h->world;

        if (!h->up || h->fatal)
                return;
        if (h->setup.role == HOST_PUPPET) {
                ev->now_usec = w->now_usec;
                ev->now_sec = host_wall_sec(h);
                h->setup.on_event(h, ev);
                return;
        }

        if (ev->type == NODE_EV_FRAME && h->setup.on_frame && h->setup.on_frame(h, ev))
                return;
        step(h, ev);
        if (!h->up || h->carrying || h->turn_armed)
                return;
        if (w->setup.turn_usec == 0) {
                carry_out(h);
                return;
        }
        h->turn_armed = true;
        world_at(w, w->now_usec + world_below(w, w->setup.turn_usec), "turn", on_turn, h->number, LIFE(h, 0));
}
