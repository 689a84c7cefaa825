/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sealed-world.h"

static const uint32_t numbers[WORLD_ALLOWED_MAX] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

void world_make(World *w, const uint64_t *m, size_t n, uint32_t max, uint32_t from, uint32_t to) {
        _cleanup_stream_ Stream sum_stream = {};
        Stream streams[WORLD_OPTIONS_MAX];
        uint8_t seed[32];

        *w = (World) {};
        scalar_random(&w->secret);
        random_bytes(&w->s.network, 32);
        random_bytes(&w->s.election, 32);
        random_bytes(&w->s.signer, 32);
        random_bytes(seed, 32);
        element_mul_base(&w->s.board_key, &w->secret);
        w->s.seq = 3;
        w->s.ciphers = w->ciphers;
        w->s.n_ciphers = n;
        for (size_t i = 0; i < n; i++) {
                w->m[i] = m[i];
                w->m_sum += m[i];
                choice_stream(&streams[i], seed, &w->s, 0, (uint32_t) i, m[i]);
                stream_scalar(&streams[i], &w->r[i]);
                scalar_add(&w->r_sum, &w->r_sum, &w->r[i]);
                cipher_make(&w->ciphers[i], &w->s.board_key, m[i], &w->r[i]);
                w->options[i] = (ChoiceClaim) { .option = (uint32_t) i, .allowed = numbers, .n_allowed = max + 1, .first = i, .n = 1 };
        }
        for (size_t i = 0; i < n; i++) {
                ck_assert_int_eq(choice_make(w->proofs[i], &w->s, &w->options[i], m[i], &w->r[i], &streams[i]), 0);
                stream_done(&streams[i]);
        }
        w->sum = (ChoiceClaim) { .option = CHOICE_OPTION_SUM, .allowed = numbers + from, .n_allowed = to - from + 1, .n = n };
        choice_stream(&sum_stream, seed, &w->s, 0, CHOICE_OPTION_SUM, w->m_sum);
        ck_assert_int_eq(choice_make(w->sum_proof, &w->s, &w->sum, w->m_sum, &w->r_sum, &sum_stream), 0);
}

int check_choice(const BallotStatement *s, const ChoiceClaim *c, const uint8_t *proof) {
        _cleanup_(proof_batch_freep) ProofBatch *b = NULL;
        Why why = {};
        int r, q;

        r = choice_check(s, c, proof, &why);
        ck_assert_int_ge(r, 0);
        ck_assert(r == 0 || why.text[0]);
        ck_assert_int_eq(proof_batch_new(&b), 0);
        q = proof_batch_add_choice(b, s, c, proof, NULL);
        if (q == 0)
                q = proof_batch_check(b);
        ck_assert_int_eq(r, q);
        return r;
}

bool equations_hold(const BallotStatement *s, const ChoiceClaim *c, const uint8_t *proof) {
        Cipher sum;

        cipher_zero(&sum);
        for (size_t i = 0; i < c->n; i++)
                cipher_add(&sum, &s->ciphers[c->first + i]);
        for (size_t i = 0; i < c->n_allowed; i++) {
                const uint8_t *p = proof + CHOICE_BYTES(i);
                Element left, right, base, rest;
                Scalar part, z, value;

                memcpy(part.b, p + CHOICE_C, 32);
                memcpy(z.b, p + CHOICE_Z, 32);
                element_mul_base(&left, &z);
                element_mul(&right, &part, &sum.alpha);
                element_sub(&left, &left, &right);
                if (memcmp(left.b, p + CHOICE_A, 32) != 0)
                        return false;
                scalar_from_u64(&value, c->allowed[i]);
                element_mul_base(&base, &value);
                element_sub(&rest, &sum.beta, &base);
                element_mul(&left, &z, &s->board_key);
                element_mul(&right, &part, &rest);
                element_sub(&left, &left, &right);
                if (memcmp(left.b, p + CHOICE_B, 32) != 0)
                        return false;
        }
        return true;
}
