/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/sign.h"
#include "voted/verdict.h"

#include "sealed-world.h"

static const uint64_t one_of_three[] = { 0, 1, 0 };

static void add_world(ProofBatch *b, const World *w) {
        for (size_t i = 0; i < w->s.n_ciphers; i++)
                ck_assert_int_eq(proof_batch_add_choice(b, &w->s, &w->options[i], w->proofs[i], NULL), 0);
        ck_assert_int_eq(proof_batch_add_choice(b, &w->s, &w->sum, w->sum_proof, NULL), 0);
}

START_TEST(an_empty_batch_holds) {
        _cleanup_(proof_batch_freep) ProofBatch *b = NULL;

        ck_assert_int_eq(proof_batch_new(&b), 0);
        ck_assert_int_eq(proof_batch_check(b), 0);
        ck_assert_uint_eq(proof_batch_equations(b), 0);
}
END_TEST

/* Ballots of different boards, and interleaved; a batch is empty after its check. */
START_TEST(many_good_proofs_hold_and_one_bad_among_them_does_not) {
        _cleanup_(proof_batch_freep) ProofBatch *b = NULL;
        World w[6], bad;

        ck_assert_int_eq(proof_batch_new(&b), 0);
        for (unsigned i = 0; i < ELEMENTSOF(w); i++)
                world_make(&w[i], one_of_three, 3, 1, 0, 1);
        for (unsigned round = 0; round < 2; round++) {
                for (unsigned i = 0; i < ELEMENTSOF(w); i++)
                        add_world(b, &w[i]);
                ck_assert_int_eq(proof_batch_add_choice(b, &w[0].s, &w[0].sum, w[0].sum_proof, NULL), 0);
                ck_assert_int_eq(proof_batch_add_choice(b, &w[1].s, &w[1].options[2], w[1].proofs[2], NULL), 0);
                ck_assert_uint_eq(proof_batch_equations(b), ELEMENTSOF(w) * 16 + 8);
                ck_assert_int_eq(proof_batch_check(b), 0);
                ck_assert_uint_eq(proof_batch_equations(b), 0);
        }

        /* two responses exchanged: challenges are as they were, the equations do not hold */
        bad = w[3];
        bad.s.ciphers = bad.ciphers;
        memcpy(bad.proofs[0] + CHOICE_Z, w[3].proofs[0] + 128 + CHOICE_Z, 32);
        memcpy(bad.proofs[0] + 128 + CHOICE_Z, w[3].proofs[0] + CHOICE_Z, 32);
        add_world(b, &w[0]);
        add_world(b, &bad);
        add_world(b, &w[1]);
        ck_assert_int_eq(proof_batch_check(b), V_PROOF);
        add_world(b, &w[0]);
        ck_assert_int_eq(proof_batch_check(b), 0);
}
END_TEST

START_TEST(what_is_refused_at_once_leaves_the_batch_as_it_was) {
        _cleanup_(proof_batch_freep) ProofBatch *b = NULL;
        Why why = {};
        World w;

        world_make(&w, one_of_three, 3, 1, 0, 1);
        ck_assert_int_eq(proof_batch_new(&b), 0);
        add_world(b, &w);
        w.s.seq++;
        ck_assert_int_eq(proof_batch_add_choice(b, &w.s, &w.sum, w.sum_proof, &why), V_PROOF);
        ck_assert(why.text[0]);
        ck_assert_uint_eq(proof_batch_equations(b), 16);
        ck_assert_int_eq(proof_batch_check(b), 0);
}
END_TEST

/* A proof of knowledge of X's logarithm that fails by error: A is moved before it is hashed. */
static void make_wrong(uint8_t ret[static KNOWLEDGE_BYTES], SealingStatement *s, const Element *error, bool minus) {
        Scalar secret, nonce, c, z;
        Transcript t;
        Element a;

        scalar_random(&secret);
        scalar_random(&nonce);
        element_mul_base(&s->sealing, &secret);
        element_mul_base(&a, &nonce);
        if (minus)
                element_sub(&a, &a, error);
        else
                element_add(&a, &a, error);
        statement_sealing(&t, s);
        proof_challenge(&c, &t, a.b, 1);
        scalar_mul(&z, &c, &secret);
        scalar_add(&z, &z, &nonce);
        memcpy(ret, a.b, 32);
        memcpy(ret + 32, z.b, 32);
}

/* zG - cX - A */
static void residue(Element *ret, const SealingStatement *s, const uint8_t *proof) {
        Element p, a;
        Scalar c, z;
        Transcript t;

        statement_sealing(&t, s);
        ck_assert_int_eq(log_read(&t, proof, 1, &c, &z), 0);
        element_mul_base(ret, &z);
        element_mul(&p, &c, &s->sealing);
        element_sub(ret, ret, &p);
        ck_assert_int_eq(element_decode(&a, proof), 0);
        element_sub(ret, ret, &a);
}

START_TEST(two_bad_proofs_that_cancel_are_refused) {
        _cleanup_(proof_batch_freep) ProofBatch *b = NULL;

        ck_assert_int_eq(proof_batch_new(&b), 0);
        for (unsigned i = 0; i < 1500; i++) {
                SealingStatement s[2] = {};
                uint8_t proof[2][KNOWLEDGE_BYTES];
                Element error, left, right;
                Scalar e;

                scalar_random(&e);
                element_mul_base(&error, &e);
                make_wrong(proof[0], &s[0], &error, false);
                make_wrong(proof[1], &s[1], &error, true);
                if (i == 0) {
                        ck_assert_int_eq(sealing_check(&s[0], proof[0], NULL), V_PROOF);
                        ck_assert_int_eq(sealing_check(&s[1], proof[1], NULL), V_PROOF);
                        residue(&left, &s[0], proof[0]);
                        residue(&right, &s[1], proof[1]);
                        ck_assert(!element_is_identity(&left));
                        element_add(&left, &left, &right);
                        ck_assert(element_is_identity(&left));  /* with coefficients 1 they pass */
                }
                ck_assert_int_eq(proof_batch_add_sealing(b, &s[0], proof[0], NULL), 0);
                ck_assert_int_eq(proof_batch_add_sealing(b, &s[1], proof[1], NULL), 0);
                ck_assert_int_eq(proof_batch_check(b), V_PROOF);
        }
}
END_TEST

/* Within one proof, too: each equation has a coefficient of its own. */
START_TEST(two_bad_equations_of_a_proof_that_cancel_are_refused) {
        _cleanup_(proof_batch_freep) ProofBatch *b = NULL;
        ShareStatement s = { .trustee = 1 };
        Scalar x, nonce, c, z, e;
        uint8_t proof[EQUAL_BYTES];
        Element error, p;
        Transcript t;

        scalar_random(&x);
        scalar_random(&nonce);
        scalar_random(&e);
        element_mul_base(&error, &e);
        element_mul_base(&s.share_key, &x);
        scalar_random(&z);
        element_mul_base(&s.alpha, &z);
        element_mul(&s.part, &x, &s.alpha);
        statement_share(&t, &s);
        element_mul_base(&p, &nonce);
        element_add(&p, &p, &error);
        memcpy(proof, p.b, 32);
        element_mul(&p, &nonce, &s.alpha);
        element_sub(&p, &p, &error);
        memcpy(proof + 32, p.b, 32);
        proof_challenge(&c, &t, proof, 2);
        scalar_mul(&z, &c, &x);
        scalar_add(&z, &z, &nonce);
        memcpy(proof + 64, z.b, 32);

        ck_assert_int_eq(share_check(&s, proof, NULL), V_PROOF);
        ck_assert_int_eq(proof_batch_new(&b), 0);
        ck_assert_int_eq(proof_batch_add_share(b, &s, proof, NULL), 0);
        ck_assert_int_eq(proof_batch_check(b), V_PROOF);
}
END_TEST

/* Canonical to look at (RFC 9496, A.2). */
START_TEST(a_commitment_that_is_no_element_is_refused) {
        static const uint8_t nothing[32] = { 0x26, 0x94, 0x8d, 0x35, 0xca, 0x62, 0xe6, 0x43, 0xe2, 0x6a, 0x83, 0x17, 0x73, 0x32, 0xe6, 0xb6,
                0xaf, 0xeb, 0x9d, 0x08, 0xe4, 0x26, 0x8b, 0x65, 0x0f, 0x1f, 0x5b, 0xbd, 0x8d, 0x81, 0xd3, 0x71 };
        _cleanup_(proof_batch_freep) ProofBatch *b = NULL;
        SealingStatement s = {};
        uint8_t proof[KNOWLEDGE_BYTES] = {};
        Scalar e;

        scalar_random(&e);
        element_mul_base(&s.sealing, &e);
        memcpy(proof, nothing, 32);
        proof[32] = 9;
        ck_assert_int_eq(sealing_check(&s, proof, NULL), V_PROOF);
        ck_assert_int_eq(proof_batch_new(&b), 0);
        ck_assert_int_eq(proof_batch_add_sealing(b, &s, proof, NULL), 0);
        ck_assert_int_eq(proof_batch_check(b), V_PROOF);
}
END_TEST

START_TEST(a_full_batch_says_so) {
        _cleanup_(proof_batch_freep) ProofBatch *b = NULL;
        _cleanup_(secret_scalar_freep) SecretScalar *e = NULL;
        _cleanup_stream_ Stream stream = {};
        SealingStatement s = {};
        uint8_t proof[KNOWLEDGE_BYTES];
        size_t n = 0;
        int r;

        ck_assert_int_eq(crypto_init(NULL), 0);
        ck_assert_int_eq(secret_scalar_generate(&e), 0);
        stream_begin_random(&stream, "test");
        s.sealing = *secret_scalar_public(e);
        sealing_make(proof, &s, e, &stream);
        ck_assert_int_eq(proof_batch_new(&b), 0);
        while ((r = proof_batch_add_sealing(b, &s, proof, NULL)) == 0)
                n++;
        ck_assert_int_eq(r, -ENOBUFS);
        ck_assert_uint_eq(n, PROOF_BATCH_EQUATIONS_MAX);
        proof_batch_reset(b);
        ck_assert_int_eq(proof_batch_add_sealing(b, &s, proof, NULL), 0);
        ck_assert_int_eq(proof_batch_check(b), 0);
}
END_TEST

TEST_MAIN("proof-batch", an_empty_batch_holds, many_good_proofs_hold_and_one_bad_among_them_does_not,
        what_is_refused_at_once_leaves_the_batch_as_it_was, two_bad_proofs_that_cancel_are_refused,
        two_bad_equations_of_a_proof_that_cancel_are_refused, a_commitment_that_is_no_element_is_refused, a_full_batch_says_so)
