/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/peer-internal.h"

/* Signatures, and what entries prove beside them, are checked by whoever has the cores. They are handed out in batches: at once while
 * few are out, so that a single vote waits for nobody, and in larger ones under load, since they
 * gather while others are being checked. */

#define BATCH_MAX       256U
#define BATCHES_MAX     16U

int verify_add(Peer *p, CheckFor what, SigCheck *c) {
        if (p->n_checks == p->allocated_checks) {
                size_t n = p->allocated_checks ? p->allocated_checks * 2 : 64;
                SigCheck *checks;
                CheckFor *check_for;

                checks = reallocarray(p->checks, n, sizeof(SigCheck));
                if (!checks)
                        goto no_memory;
                p->checks = checks;
                check_for = reallocarray(p->check_for, n, sizeof(CheckFor));
                if (!check_for)
                        goto no_memory;
                p->check_for = check_for;
                p->allocated_checks = n;
        }
        p->checks[p->n_checks] = *c;
        p->check_for[p->n_checks++] = what;
        *c = (SigCheck) {};
        p->n_checking++;
        return 0;

no_memory:
        sig_check_done(c);
        return -ENOMEM;
}

/* What is in checks is taken over. */
static int hand_out(Peer *p, const CheckFor *what, SigCheck *checks, size_t n, bool later) {
        NodeEffect fx = { .type = NODE_FX_VERIFY, .later = later };
        Batch *b;

        b = new0(Batch, 1);
        if (!b)
                return -ENOMEM;
        b->what = newN(CheckFor, n);
        fx.checks = newN(SigCheck, n);
        if (!b->what || !fx.checks) {
                free(b->what);
                free(b);
                free(fx.checks);
                return -ENOMEM;
        }
        memcpy(b->what, what, n * sizeof(CheckFor));
        memcpy(fx.checks, checks, n * sizeof(SigCheck));
        b->later = later;
        b->token = fx.token = peer_token(p);
        b->n = fx.n_checks = n;
        TAILQ_INSERT_TAIL(&p->batches, b, list);
        p->n_batches += !later;
        peer_effect(p, &fx);
        return 0;
}

int verify_later(Peer *p, CheckFor what, SigCheck *c) {
        int r;

        r = hand_out(p, &what, c, 1, true);
        if (r < 0) {
                sig_check_done(c);
                return r;
        }
        *c = (SigCheck) {};
        p->n_checking++;
        return 0;
}

void verify_flush(Peer *p) {
        while (p->first_check < p->n_checks && p->n_batches < BATCHES_MAX) {
                size_t n = MIN(p->n_checks - p->first_check, (size_t) BATCH_MAX);
                int r = hand_out(p, p->check_for + p->first_check, p->checks + p->first_check, n, false);

                if (r < 0) {
                        p->failed = r;
                        return;
                }
                p->first_check += n;
        }

        /* What was handed out makes room at the front. */
        if (p->first_check == p->n_checks)
                p->first_check = p->n_checks = 0;
        else if (p->first_check > p->allocated_checks / 2) {
                size_t n = p->n_checks - p->first_check;

                memmove(p->checks, p->checks + p->first_check, n * sizeof(SigCheck));
                memmove(p->check_for, p->check_for + p->first_check, n * sizeof(CheckFor));
                p->first_check = 0;
                p->n_checks = n;
        }
}

static void batch_free(Peer *p, Batch *b) {
        TAILQ_REMOVE(&p->batches, b, list);
        p->n_batches -= !b->later;
        free(b->what);
        free(b);
}

int verify_on_answer(Peer *p, const NodeEvent *ev) {
        int r = 0;
        Batch *b;

        TAILQ_FOREACH(b, &p->batches, list)
                if (b->token == ev->token)
                        break;
        if (!b || b->n != ev->n_checks)
                return -EINVAL;

        for (size_t i = 0; i < b->n && r >= 0; i++) {
                p->n_checking--;
                if (ev->checks[i].error < 0) {
                        r = ev->checks[i].error;
                        break;
                }
                switch (b->what[i].type) {

                case CHECK_ENTRY:
                case CHECK_KEY:
                        r = admit_on_checked(p, b->what + i, ev->checks + i);
                        break;

                case CHECK_MESSAGE:
                        r = message_on_checked(p, b->what + i, ev->checks[i].valid);
                        break;

                case CHECK_SEAL:
                        r = draft_on_sealed(p, b->what + i, ev->checks[i].valid);
                        break;

                case CHECK_SUM:
                        r = sums_on_slice(p, ev->checks + i);
                        break;
                }
        }
        batch_free(p, b);
        return r;
}

void verify_done(Peer *p) {
        while (!TAILQ_EMPTY(&p->batches))
                batch_free(p, TAILQ_FIRST(&p->batches));
        for (size_t i = p->first_check; i < p->n_checks; i++)
                sig_check_done(p->checks + i);
        free(p->checks);
        free(p->check_for);
}
