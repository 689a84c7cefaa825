/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>

#include "../ledger/poll.h"
#include "node/peer-internal.h"

/* A peer of a sealed election that has closed: the sum is made beside everything else, and what needs it
 * waits. This is the shell: it answers checks when the test says so. */

#define VOTES    75U            /* more than two slices */
#define HELD_MAX 16U

typedef struct Shell {
        Poll poll;
        SecretKey *identity;
        Store *store;           /* the peer's: the poll's, or another */
        Peer *peer;
        uint64_t now_usec;
        struct { uint64_t token; SigCheck *checks; size_t n; } held[HELD_MAX];
        size_t n_held;
        unsigned n_slices;      /* that were handed out */
        unsigned n_replies;
        int verdict;
        char text[512];
} Shell;

static inline _unused_ bool is_slice(const SigCheck *c) {
        return !c->message && c->content && id_is_zero(&c->content->id);
}

static inline _unused_ void carry_out(Shell *s, NodeEffect *fx) {
        if (fx->type == NODE_FX_VERIFY) {
                ck_assert_uint_lt(s->n_held, HELD_MAX);
                for (size_t i = 0; i < fx->n_checks; i++)
                        if (is_slice(&fx->checks[i])) {
                                ck_assert_uint_eq(fx->n_checks, 1);     /* nobody waits for it */
                                ck_assert(fx->later);
                                s->n_slices++;
                        }
                s->held[s->n_held].token = fx->token;
                s->held[s->n_held].n = fx->n_checks;
                s->held[s->n_held++].checks = TAKE_PTR(fx->checks);
                fx->n_checks = 0;
        }
        if (fx->type == NODE_FX_REPLY) {
                s->n_replies++;
                s->verdict = fx->verdict;
                (void) snprintf(s->text, sizeof(s->text), "%.*s", (int) fx->n_data, fx->data ? fx->data : "");
        }
}

static inline _unused_ void step(Shell *s, NodeEvent *ev) {
        NodeEffects fx = {};
        unsigned before = s->n_slices;
        bool commit = false, again = false;

        ev->now_usec = s->now_usec += 1000;
        ev->now_sec = POLL_END + 10;
        ck_assert_int_eq(peer_step(s->peer, ev, &fx), 0);
        for (size_t i = 0; i < fx.n; i++) {
                commit = commit || fx.items[i].type == NODE_FX_COMMIT;
                if (fx.items[i].type == NODE_FX_WAKE)
                        again = fx.items[i].at_usec <= s->now_usec;
                carry_out(s, &fx.items[i]);
        }
        node_effects_done(&fx);
        ck_assert_uint_le(s->n_slices - before, 1);     /* reading one takes its time */
        if (commit) {
                ck_assert_int_eq(chain_commit(peer_chain(s->peer)), 0);
                step(s, &(NodeEvent) { .type = NODE_EV_COMMITTED });
        }
        if (again)
                step(s, &(NodeEvent) { .type = NODE_EV_TICK });
}

/* Answers the oldest checks that are, or are not, slices; false: none are out. */
static inline _unused_ bool answer(Shell *s, bool slices) {
        for (size_t i = 0; i < s->n_held; i++) {
                SigCheck *checks = s->held[i].checks;
                size_t n = s->held[i].n;
                uint64_t token = s->held[i].token;

                if (is_slice(&checks[0]) != slices)
                        continue;
                memmove(&s->held[i], &s->held[i + 1], (--s->n_held - i) * sizeof(s->held[0]));
                sig_checks_run(checks, n);
                step(s, &(NodeEvent) { .type = NODE_EV_VERIFIED, .token = token, .checks = checks, .n_checks = n });
                sig_checks_done(checks, n);
                free(checks);
                return true;
        }
        return false;
}

static inline _unused_ void assert_has_status(Shell *s) {
        _cleanup_json_ Json *status = NULL;

        ck_assert_int_eq(peer_status(s->peer, s->now_usec, &status), 0);
        ck_assert(json_has(status, "height"));
}

static inline _unused_ bool is_counting(Shell *s) {
        ElectionInfo info;

        ck_assert_int_eq(chain_election_by_name(peer_chain(s->peer), "secret", &info), 0);
        return info.phase == ELECTION_COUNTING;
}

static inline _unused_ bool has_sum(Shell *s) {
        Chain *c = peer_chain(s->peer);
        const SealedTotal *total;
        ElectionInfo info;
        int r;

        ck_assert_int_eq(chain_election_by_name(c, "secret", &info), 0);
        r = chain_sealed_total(c, &info, &total);
        ck_assert(r == 0 || r == -EAGAIN);
        return r == 0;
}

static inline _unused_ void start(Shell *s) {
        PeerConfig config = { .agent = "test", .links_inbound_max = 8, .links_outbound_max = 8 };
        PeerSetup setup = {
                .genesis = s->poll.w.f.genesis,
                .store = s->store,
                .identity = s->identity,
                .seed = 1,
                .config = &config,
        };

        ck_assert_int_eq(peer_new(&s->peer, &setup), 0);
        step(s, &(NodeEvent) { .type = NODE_EV_START });
}

static inline _unused_ void stop(Shell *s) {
        for (size_t i = 0; i < s->n_held; i++) {
                sig_checks_done(s->held[i].checks, s->held[i].n);
                free(s->held[i].checks);
        }
        s->n_held = 0;
        s->n_slices = 0;
        s->peer = peer_free(s->peer);
}

/* A peer with a ledger of its own: the poll's, or an empty one. */
static inline _unused_ void shell_new_with(Shell *s, bool empty, const char *more) {
        *s = (Shell) { .now_usec = 1000000 };
        fixture_seals_are_real = true;
        poll_new(&s->poll, VOTES, more);
        poll_run(&s->poll, VOTES);
        ck_assert_int_eq(chain_commit(s->poll.w.f.chain), 0);
        ck_assert_int_eq(secret_key_from_seed(&s->identity, (const uint8_t[32]) { 1 }), 0);
        s->store = s->poll.w.f.store;
        if (empty)
                ck_assert_int_eq(store_memory_new(&s->store), 0);
        start(s);
}

static inline _unused_ void shell_new(Shell *s, bool empty) {
        shell_new_with(s, empty, "'least':2");
}

static inline _unused_ void shell_done(Shell *s) {
        stop(s);
        secret_key_free(s->identity);
        if (s->store != s->poll.w.f.store)
                store_free(s->store);
        poll_done(&s->poll);
}

/* By trustee 1, or another's secret. */
static inline _unused_ Entry* share(Shell *s, bool wrong) {
        SecretScalar *x = s->poll.b.trustees[1].x;
        ElectionInfo info = poll_info(&s->poll);
        Entry *e;

        if (wrong)
                s->poll.b.trustees[1].x = s->poll.b.trustees[2].x;
        e = sealed_share(&s->poll.b, s->poll.w.f.chain, &info, 1);
        s->poll.b.trustees[1].x = x;
        return keep(&s->poll.w, e);
}

static inline _unused_ void submit(Shell *s, const Entry *e) {
        step(s, &(NodeEvent) { .type = NODE_EV_SUBMIT, .request = 1, .data = e->line, .n_data = e->n_line });
}

static inline _unused_ uint64_t height(Shell *s) {
        return chain_tip(peer_chain(s->peer))->height;
}

/* Until only slices are missing. */
static inline _unused_ void settle(Shell *s) {
        uint64_t before;

        do {
                before = height(s);
                while (answer(s, false))
                        ;
                for (unsigned i = 0; i < 3; i++)
                        step(s, &(NodeEvent) { .type = NODE_EV_TICK });
        } while (height(s) > before);
}

/* Blocks of the poll's ledger, with their seals, and with the genesis before the first. */
static inline _unused_ void import(Shell *s, uint64_t from, uint64_t to) {
        const Genesis *g = s->poll.w.f.genesis;
        _cleanup_buf_ Buf text = {};

        if (from == 1) {
                buf_add(&text, g->line, g->n_line);
                buf_add_char(&text, '\n');
        }
        for (uint64_t h = from; h <= to; h++)
                ck_assert_int_eq(chain_read_block_text(s->poll.w.f.chain, h, true, &text), 0);
        step(s, &(NodeEvent) { .type = NODE_EV_IMPORT, .request = from, .data = text.p, .n_data = text.n });
        settle(s);
}
