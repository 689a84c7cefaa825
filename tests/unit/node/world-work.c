/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/pow.h"
#include "crypto/hash.h"
#include "world-private.h"

/* What takes cores: signatures and nonces. Both are real, the time they take is made up. */

#define VERIFY_USEC     30U             /* a signature, on the cores of a node together */
#define SEARCH_SEC 15U /* further than that no miner looks: the header is renewed before */

static void memo_grow(World *w) {
        Memo *old = w->memo;
        size_t n = w->size_memo;

        w->size_memo = n ? 2 * n : 4096;
        w->memo = new0(Memo, w->size_memo);
        if (!w->memo)
                world_die(w, "memory", -ENOMEM);
        for (size_t i = 0; i < n; i++)
                if (old[i].used) {
                        uint64_t h;

                        memcpy(&h, old[i].id.b, sizeof(h));
                        while (w->memo[h & (w->size_memo - 1)].used)
                                h++;
                        w->memo[h & (w->size_memo - 1)] = old[i];
                }
        free(old);
}

/* Each distinct (key, line, signature) is checked once in a world's life; with check_each every
 * time, for the same trace. */
static void check(World *w, SigCheck *c) {
        _cleanup_buf_ Buf b = {};
        uint64_t h;
        Memo *m;
        Id id;

        if (w->setup.check_each || c->content) {
                sig_check_run(c);
                return;
        }
        buf_add(&b, c->key.b, sizeof(c->key.b));
        buf_add(&b, c->signature.b, sizeof(c->signature.b));
        buf_add(&b, c->message, c->n_message);
        if (buf_error(&b) < 0)
                world_die(w, "memory", -ENOMEM);
        hash_bytes(&id, b.p, b.n);

        if (2 * (w->n_memo + 1) > w->size_memo)
                memo_grow(w);
        memcpy(&h, id.b, sizeof(h));
        for (m = w->memo + (h & (w->size_memo - 1)); m->used;
                        m = w->memo + (++h & (w->size_memo - 1)))
                if (id_equal(&m->id, &id)) {
                        c->valid = m->valid;
                        return;
                }
        sig_check_run(c);
        *m = (Memo) { .id = id, .valid = c->valid, .used = true };
        w->n_memo++;
}

void labour_verify(World *w, unsigned node, uint64_t token, SigCheck *checks, size_t n) {
        for (size_t i = 0; i < n; i++)
                check(w, checks + i);
        world_add(w,
                        &(Happening) { .type = HAPPENING_EVENT,
                                        .at_usec = w->now_usec + n * VERIFY_USEC,
                                        .node = node,
                                        .generation = w->nodes[node]->generation,
                                        .checks = checks,
                                        .ev = { .type = NODE_EV_VERIFIED,
                                                        .token = token,
                                                        .n_checks = n } });
}

/* Where a search begins is drawn; how many tries it takes from there is how long it takes. */
void labour_mine(World *w, unsigned node, const Id *id, uint64_t difficulty) {
        WorldNode *x = w->nodes[node];
        uint64_t rate = x->setup.hashes_per_sec, from = prng_u64(&w->prng), nonce;

        x->mining++;
        if (rate == 0 || !pow_try(id, from, rate * SEARCH_SEC, difficulty, &nonce))
                return;
        world_add(w,
                        &(Happening) { .type = HAPPENING_EVENT,
                                        .at_usec = w->now_usec +
                                                        (nonce - from + 1) * USEC_PER_SEC / rate,
                                        .node = node,
                                        .generation = x->generation,
                                        .mining = x->mining,
                                        .ev = { .type = NODE_EV_FOUND,
                                                        .id = *id,
                                                        .nonce = nonce } });
}

void labour_mine_stop(World *w, unsigned node) {
        w->nodes[node]->mining++;
}

void labour_done(World *w) {
        free(w->memo);
}
