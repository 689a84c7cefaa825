/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/deal.h"
#include "crypto/sign.h"
#include "voted/verdict.h"

#include "sealed-world.h"

typedef struct Logs {
        SecretScalar *secret;
        SealingStatement sealing;
        DealStatement deal;
        Element commitments[3];
        ShareStatement share;
        ObjectStatement object;
        uint8_t sealing_proof[KNOWLEDGE_BYTES], coefficient_proof[KNOWLEDGE_BYTES], share_proof[EQUAL_BYTES], object_proof[EQUAL_BYTES];
} Logs;

static void logs_done(Logs *l) {
        l->secret = secret_scalar_free(l->secret);
}

static void random_element(Element *ret) {
        Scalar s;

        scalar_random(&s);
        element_mul_base(ret, &s);
}

static void logs_make(Logs *l) {
        _cleanup_stream_ Stream stream = {};
        const Scalar *x;

        *l = (Logs) {};
        ck_assert_int_eq(crypto_init(NULL), 0);
        ck_assert_int_eq(secret_scalar_generate(&l->secret), 0);
        x = secret_scalar_value(l->secret);
        stream_begin_random(&stream, "test");

        random_bytes(&l->sealing.network, 32);
        random_bytes(&l->sealing.signer, 32);
        l->sealing.sealing = *secret_scalar_public(l->secret);
        sealing_make(l->sealing_proof, &l->sealing, l->secret, &stream);

        for (unsigned i = 0; i < 3; i++)
                random_element(&l->commitments[i]);
        l->commitments[1] = *secret_scalar_public(l->secret);
        random_bytes(&l->deal.network, 32);
        random_bytes(&l->deal.board, 32);
        random_bytes(&l->deal.dealer, 32);
        l->deal.commitments = l->commitments;
        l->deal.n_commitments = 3;
        coefficient_make(l->coefficient_proof, &l->deal, 1, x, &stream);

        random_bytes(&l->share, 96);            /* network, election, block */
        l->share.trustee = 2;
        l->share.share_key = *secret_scalar_public(l->secret);
        l->share.question = 1;
        l->share.option = 4;
        random_element(&l->share.alpha);
        element_mul(&l->share.part, x, &l->share.alpha);
        share_make(l->share_proof, &l->share, l->secret, &stream);

        random_bytes(&l->object, 128);          /* network, board, dealer, trustee */
        l->object.sealing = *secret_scalar_public(l->secret);
        random_element(&l->object.r);
        element_mul(&l->object.k, x, &l->object.r);
        object_make(l->object_proof, &l->object, l->secret, &stream);
}

/* One by one and in a batch; they must agree. */
static int check(const Logs *l, unsigned kind) {
        _cleanup_(proof_batch_freep) ProofBatch *b = NULL;
        Why why = {};
        int r = 0, q = 0;

        ck_assert_int_eq(proof_batch_new(&b), 0);
        switch (kind) {
        case 0:
                r = sealing_check(&l->sealing, l->sealing_proof, &why);
                q = proof_batch_add_sealing(b, &l->sealing, l->sealing_proof, NULL);
                break;
        case 1:
                r = coefficient_check(&l->deal, 1, l->coefficient_proof, &why);
                q = proof_batch_add_coefficient(b, &l->deal, 1, l->coefficient_proof, NULL);
                break;
        case 2:
                r = share_check(&l->share, l->share_proof, &why);
                q = proof_batch_add_share(b, &l->share, l->share_proof, NULL);
                break;
        case 3:
                r = object_check(&l->object, l->object_proof, &why);
                q = r;
                break;
        }
        if (q == 0 && kind != 3)
                q = proof_batch_check(b);
        ck_assert_int_ge(r, 0);
        ck_assert(r == 0 || why.text[0]);
        ck_assert_int_eq(r, q);
        return r;
}

static uint8_t* proof_of(Logs *l, unsigned kind, size_t *ret_n) {
        *ret_n = kind < 2 ? KNOWLEDGE_BYTES : EQUAL_BYTES;
        return kind == 0 ? l->sealing_proof : kind == 1 ? l->coefficient_proof : kind == 2 ? l->share_proof : l->object_proof;
}

START_TEST(honest_proofs_hold) {
        _cleanup_(logs_done) Logs l;

        logs_make(&l);
        for (unsigned kind = 0; kind < 4; kind++)
                ck_assert_msg(check(&l, kind) == 0, "kind %u", kind);
}
END_TEST

START_TEST(a_proof_with_any_bit_flipped_is_refused) {
        _cleanup_(logs_done) Logs l;
        size_t n;

        logs_make(&l);
        for (unsigned kind = 0; kind < 4; kind++) {
                uint8_t *proof = proof_of(&l, kind, &n);

                for (size_t i = 0; i < 8 * n; i++) {
                        proof[i / 8] ^= (uint8_t) (1U << i % 8);
                        ck_assert_msg(check(&l, kind) == V_PROOF, "kind %u, bit %zu", kind, i);
                        proof[i / 8] ^= (uint8_t) (1U << i % 8);
                }
                ck_assert_int_eq(check(&l, kind), 0);
        }
}
END_TEST

/* What is hashed of a statement. */
static void digest_of(const Logs *l, unsigned kind, uint8_t ret[static 64]) {
        Transcript t;

        if (kind == 0)
                statement_sealing(&t, &l->sealing);
        else if (kind == 1)
                statement_coefficient(&t, &l->deal, 1);
        else if (kind == 2)
                statement_share(&t, &l->share);
        else
                statement_object(&t, &l->object);
        transcript_digest(&t, ret);
}

/* Every field of every statement in turn: refused, and not by the equations alone, since whoever leaves something out of
 * the hash chooses it afterwards. */
START_TEST(a_proof_for_another_statement_is_refused) {
        _cleanup_(logs_done) Logs l;
        Element other, identity = {};
        uint8_t before[64], after[64];

        logs_make(&l);
        random_element(&other);

#define REFUSED(kind, field, value)                                                     \
        do {                                                                            \
                __typeof__(l.field) was = l.field;                                      \
                digest_of(&l, kind, before);                                            \
                l.field = (value);                                                      \
                digest_of(&l, kind, after);                                             \
                ck_assert_msg(memcmp(before, after, 64) != 0, "%s is not hashed", #field);      \
                ck_assert_msg(check(&l, kind) == V_PROOF, "%s", #field);                \
                l.field = was;                                                          \
                ck_assert_int_eq(check(&l, kind), 0);                                   \
        } while (false)
#define FLIPPED(kind, field) REFUSED(kind, field.b[13], (uint8_t) (l.field.b[13] ^ 4))

        FLIPPED(0, sealing.network);
        FLIPPED(0, sealing.signer);
        REFUSED(0, sealing.sealing, other);
        REFUSED(0, sealing.sealing, identity);
        FLIPPED(1, deal.network);
        FLIPPED(1, deal.board);
        FLIPPED(1, deal.dealer);
        REFUSED(1, commitments[0], other);
        REFUSED(1, commitments[1], other);
        REFUSED(1, commitments[1], identity);
        REFUSED(1, commitments[2], other);
        REFUSED(1, deal.n_commitments, 2);
        REFUSED(1, deal.n_commitments, 1);
        FLIPPED(2, share.network);
        FLIPPED(2, share.election);
        FLIPPED(2, share.block);
        REFUSED(2, share.trustee, 3);
        REFUSED(2, share.share_key, other);
        REFUSED(2, share.share_key, identity);
        REFUSED(2, share.question, 0);
        REFUSED(2, share.option, 5);
        REFUSED(2, share.alpha, other);
        REFUSED(2, share.alpha, identity);
        REFUSED(2, share.part, other);
        REFUSED(2, share.part, identity);
        FLIPPED(3, object.network);
        FLIPPED(3, object.board);
        FLIPPED(3, object.dealer);
        FLIPPED(3, object.trustee);
        REFUSED(3, object.sealing, other);
        REFUSED(3, object.sealing, identity);
        REFUSED(3, object.r, other);
        REFUSED(3, object.r, identity);
        REFUSED(3, object.k, other);
        REFUSED(3, object.k, identity);

        /* a coefficient's proof is for its number */
        ck_assert_int_eq(coefficient_check(&l.deal, 0, l.coefficient_proof, NULL), V_PROOF);
        l.commitments[0] = l.commitments[1];
        {
                _cleanup_stream_ Stream stream = {};

                stream_begin_random(&stream, "test");
                coefficient_make(l.coefficient_proof, &l.deal, 1, secret_scalar_value(l.secret), &stream);
        }
        ck_assert_int_eq(check(&l, 1), 0);
        ck_assert_int_eq(coefficient_check(&l.deal, 0, l.coefficient_proof, NULL), V_PROOF);
}
END_TEST

/* The last dealer sees what the others committed to, and would choose the key of the board. */
START_TEST(a_rogue_commitment_has_no_proof) {
        _cleanup_(polynomial_freep) Polynomial *honest = NULL;
        _cleanup_(secret_scalar_freep) SecretScalar *mine = NULL;
        _cleanup_stream_ Stream stream = {};
        uint8_t proof[KNOWLEDGE_BYTES], stolen[KNOWLEDGE_BYTES];
        Element all[4], y;
        DealStatement s = { .dealer.b = { 2 }, .n_commitments = 2, .commitments = all + 2 };
        DealStatement other = { .dealer.b = { 1 }, .n_commitments = 2, .commitments = all };

        ck_assert_int_eq(crypto_init(NULL), 0);
        stream_begin_random(&stream, "test");
        ck_assert_int_eq(polynomial_new(&honest, 2, &stream), 0);
        ck_assert_int_eq(secret_scalar_generate(&mine), 0);
        memcpy(all, polynomial_commitments(honest), 2 * sizeof(Element));
        coefficient_make(stolen, &other, 0, polynomial_coefficient(honest, 0), &stream);
        ck_assert_int_eq(coefficient_check(&other, 0, stolen, NULL), 0);

        element_sub(&all[2], secret_scalar_public(mine), &all[0]);
        all[3] = all[1];
        board_key(&y, all, 2, 2);
        ck_assert(element_equal(&y, secret_scalar_public(mine)));       /* without the rule the board is mine */

        coefficient_make(proof, &s, 0, secret_scalar_value(mine), &stream);
        ck_assert_int_eq(coefficient_check(&s, 0, proof, NULL), V_PROOF);
        ck_assert_int_eq(coefficient_check(&s, 0, stolen, NULL), V_PROOF);
        /* nor are an honest dealer's commitments taken over along with their proofs */
        all[2] = all[0];
        ck_assert_int_eq(coefficient_check(&s, 0, stolen, NULL), V_PROOF);
}
END_TEST

/* log_G X = log_P Q with another x for either: known logarithms, not equal ones. */
START_TEST(a_wrong_share_has_no_proof) {
        _cleanup_(logs_done) Logs l;
        _cleanup_stream_ Stream stream = {};
        Scalar other;

        logs_make(&l);
        scalar_random(&other);
        stream_begin_random(&stream, "test");
        element_mul(&l.share.part, &other, &l.share.alpha);
        share_make(l.share_proof, &l.share, l.secret, &stream);
        ck_assert_int_eq(check(&l, 2), V_PROOF);
        element_mul(&l.object.k, &other, &l.object.r);
        object_make(l.object_proof, &l.object, l.secret, &stream);
        ck_assert_int_eq(check(&l, 3), V_PROOF);
}
END_TEST

/* A commitment that is hashed as it stands and equals A but for its top bit: libsodium 1.0.18 computes with it. */
START_TEST(a_commitment_has_one_encoding) {
        _cleanup_(logs_done) Logs l;
        Scalar nonce, c, z;
        Transcript t;
        Element a;

        logs_make(&l);
        scalar_random(&nonce);
        element_mul_base(&a, &nonce);
        a.b[31] |= 0x80;
        memcpy(l.sealing_proof, a.b, 32);
        statement_sealing(&t, &l.sealing);
        proof_challenge(&c, &t, a.b, 1);
        scalar_mul(&z, &c, secret_scalar_value(l.secret));
        scalar_add(&z, &z, &nonce);
        memcpy(l.sealing_proof + 32, z.b, 32);
        ck_assert_int_eq(check(&l, 0), V_PROOF);

        /* the same without that bit holds */
        a.b[31] &= 0x7f;
        memcpy(l.sealing_proof, a.b, 32);
        proof_challenge(&c, &t, a.b, 1);
        scalar_mul(&z, &c, secret_scalar_value(l.secret));
        scalar_add(&z, &z, &nonce);
        memcpy(l.sealing_proof + 32, z.b, 32);
        ck_assert_int_eq(check(&l, 0), 0);
}
END_TEST

TEST_MAIN("proof-log", honest_proofs_hold, a_proof_with_any_bit_flipped_is_refused, a_proof_for_another_statement_is_refused,
        a_rogue_commitment_has_no_proof, a_wrong_share_has_no_proof, a_commitment_has_one_encoding)
