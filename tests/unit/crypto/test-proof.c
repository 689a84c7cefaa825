/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/sign.h"
#include "voted/verdict.h"

#include "sealed-world.h"

static const uint64_t one_of_three[] = { 0, 1, 0 };

/* L, little-endian */
static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };

static void add_order(uint8_t *scalar) {
        unsigned carry = 0;

        for (unsigned i = 0; i < 32; i++) {
                carry += (unsigned) scalar[i] + order[i];
                scalar[i] = (uint8_t) carry;
                carry >>= 8;
        }
}

START_TEST(an_honest_ballot_is_proved) {
        static const struct {
                uint64_t m[WORLD_OPTIONS_MAX];
                size_t n;
                uint32_t max, from, to;
        } cases[] = {
                { { 0, 1, 0 }, 3, 1, 1, 1 },
                { { 0, 0, 0 }, 3, 1, 0, 1 },
                { { 1, 1, 0, 1, 1 }, 5, 1, 2, 4 },
                { { 4, 0, 3, 3 }, 4, 10, 0, 10 },
                { { 10, 0 }, 2, 10, 3, 10 },
                { { 1 }, 1, 1, 0, 10 },
                { { 0 }, 1, 0, 0, 0 },
        };

        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                World w;

                world_make(&w, cases[i].m, cases[i].n, cases[i].max, cases[i].from, cases[i].to);
                for (size_t k = 0; k < cases[i].n; k++)
                        ck_assert_msg(check_choice(&w.s, &w.options[k], w.proofs[k]) == 0, "case %u, option %zu", i, k);
                ck_assert_msg(check_choice(&w.s, &w.sum, w.sum_proof) == 0, "case %u, sum", i);
        }
}
END_TEST

START_TEST(a_value_that_is_not_allowed_is_not_proved) {
        _cleanup_stream_ Stream stream = {};
        static const uint32_t allowed[] = { 0, 1 };
        uint8_t proof[CHOICE_BYTES(2)];
        Cipher c;
        World w;

        world_make(&w, one_of_three, 3, 1, 1, 1);
        cipher_make(&c, &w.s.board_key, 2, &w.r[0]);
        w.ciphers[0] = c;
        stream_begin_random(&stream, "test");
        ck_assert_int_eq(choice_make(proof, &w.s, &(ChoiceClaim) { .allowed = allowed, .n_allowed = 2, .n = 1 }, 2, &w.r[0], &stream), -EINVAL);
        /* nor by saying that it is another */
        ck_assert_int_eq(choice_make(proof, &w.s, &(ChoiceClaim) { .allowed = allowed, .n_allowed = 2, .n = 1 }, 1, &w.r[0], &stream), 0);
        ck_assert_int_eq(check_choice(&w.s, &w.options[0], proof), V_PROOF);
}
END_TEST

START_TEST(a_claim_without_sense_is_refused) {
        static const uint32_t falling[] = { 1, 0 }, twice[] = { 1, 1 };
        ChoiceClaim c;
        World w;

        world_make(&w, one_of_three, 3, 1, 1, 1);
        for (unsigned i = 0; i < 8; i++) {
                c = w.options[0];
                switch (i) {
                case 0: c.n_allowed = 0; break;
                case 1: c.allowed = falling; break;
                case 2: c.allowed = twice; break;
                case 3: c.first = 3; break;
                case 4: c.first = SIZE_MAX; break;
                case 5: c.n = 0; break;
                case 6: c.n = 2; break;
                case 7: c.n_allowed = CHOICE_ALLOWED_MAX + 1; break;
                }
                ck_assert_msg(check_choice(&w.s, &c, w.proofs[0]) == V_PROOF, "case %u", i);
        }
}
END_TEST

/* Every bit of every proof, of options and of the sum. */
START_TEST(a_proof_with_any_bit_flipped_is_refused) {
        World w;

        world_make(&w, one_of_three, 3, 1, 0, 1);
        for (unsigned sum = 0; sum < 2; sum++) {
                const ChoiceClaim *c = sum ? &w.sum : &w.options[1];
                uint8_t *proof = sum ? w.sum_proof : w.proofs[1];

                ck_assert_int_eq(check_choice(&w.s, c, proof), 0);
                for (size_t i = 0; i < 8 * CHOICE_BYTES(2); i++) {
                        proof[i / 8] ^= (uint8_t) (1U << i % 8);
                        ck_assert_msg(check_choice(&w.s, c, proof) == V_PROOF, "bit %zu", i);
                        proof[i / 8] ^= (uint8_t) (1U << i % 8);
                }
        }
}
END_TEST

/* A proof is for its statement: a ballot that another voter copies, that is replayed with another seq, moved to another
 * election, network, board, question or option is none. */
START_TEST(a_proof_for_another_statement_is_refused) {
        static const uint32_t others[] = { 0, 2 };
        uint8_t whole[64], digest[64];
        Cipher more[4];
        Transcript t;
        World w;

        world_make(&w, one_of_three, 3, 1, 1, 1);
        statement_choice(&t, &w.s, &w.options[1]);
        transcript_digest(&t, whole);
        for (unsigned i = 0; i < 17; i++) {
                BallotStatement s = w.s;
                ChoiceClaim c = w.options[1];
                Cipher ciphers[4];

                memcpy(ciphers, w.ciphers, 3 * sizeof(Cipher));
                ciphers[3] = w.ciphers[0];
                s.ciphers = ciphers;
                switch (i) {
                case 0: s.network.b[7] ^= 1; break;
                case 1: s.election.b[31] ^= 0x80; break;
                case 2: element_add(&s.board_key, &s.board_key, &s.board_key); break;
                case 3: s.signer.b[0] ^= 1; break;
                case 4: s.seq++; break;
                case 5: s.seq |= UINT64_C(1) << 40; break;
                case 6: c.question = 1; break;
                case 7: c.option = 0; break;
                case 8: c.option = CHOICE_OPTION_SUM; break;
                case 9: c.allowed = others; break;
                case 10: c.n_allowed = 1; break;
                case 11: c.first = 0; break;
                case 12: s.n_ciphers = 4; break;
                case 13: s.n_ciphers = 2; break;
                case 14: element_add(&ciphers[0].alpha, &ciphers[0].alpha, &s.board_key); break;   /* of another option */
                case 15: element_add(&ciphers[2].beta, &ciphers[2].beta, &s.board_key); break;
                case 16: memcpy(&ciphers[1], &ciphers[0], sizeof(Cipher)); break;
                }
                ck_assert_msg(check_choice(&s, &c, w.proofs[1]) == V_PROOF, "case %u", i);
                if (i != 11) {  /* which cipher it is follows from question and option */
                        statement_choice(&t, &s, &c);
                        transcript_digest(&t, digest);
                        ck_assert_msg(memcmp(digest, whole, 64) != 0, "case %u is not hashed", i);
                }
        }
        memcpy(more, w.ciphers, 3 * sizeof(Cipher));
        w.s.ciphers = more;
        ck_assert_int_eq(check_choice(&w.s, &w.options[1], w.proofs[1]), 0);

        /* What makes it so is the hash: without it the copy would hold. */
        w.s.signer.b[0] ^= 1;
        ck_assert(equations_hold(&w.s, &w.options[1], w.proofs[1]));
        ck_assert_int_eq(check_choice(&w.s, &w.options[1], w.proofs[1]), V_PROOF);
}
END_TEST

/* One value has one encoding, and libsodium ignores the top bit of a scalar. */
START_TEST(a_scalar_that_is_not_canonical_is_refused) {
        World w;

        world_make(&w, one_of_three, 3, 1, 1, 1);
        for (unsigned value = 0; value < 2; value++)
                for (unsigned at = CHOICE_C; at <= CHOICE_Z; at += 32) {
                        uint8_t copy[CHOICE_BYTES(2)];

                        memcpy(copy, w.proofs[1], sizeof(copy));
                        add_order(copy + CHOICE_BYTES(value) + at);
                        ck_assert_int_eq(check_choice(&w.s, &w.options[1], copy), V_PROOF);
                        memcpy(copy, w.proofs[1], sizeof(copy));
                        copy[CHOICE_BYTES(value) + at + 31] |= 0x80;
                        ck_assert_int_eq(check_choice(&w.s, &w.options[1], copy), V_PROOF);
                }
}
END_TEST

/* All values simulated: A and B from c and z of one's choice. The equations hold for any cipher whatever is in it; that
 * the challenges sum up is all that stands against it. */
START_TEST(partial_challenges_that_do_not_sum_up_are_refused) {
        uint8_t proof[CHOICE_BYTES(2)];
        World w;

        world_make(&w, one_of_three, 3, 1, 1, 1);
        cipher_make(&w.ciphers[1], &w.s.board_key, 1000, &w.r[1]);
        for (unsigned i = 0; i < 2; i++) {
                Element left, right, rest;
                Scalar part, z, value;
                uint8_t *p = proof + CHOICE_BYTES(i);

                scalar_random(&part);
                scalar_random(&z);
                element_mul_base(&left, &z);
                element_mul(&right, &part, &w.ciphers[1].alpha);
                element_sub(&left, &left, &right);
                memcpy(p + CHOICE_A, left.b, 32);
                scalar_from_u64(&value, i);
                element_mul_base(&right, &value);
                element_sub(&rest, &w.ciphers[1].beta, &right);
                element_mul(&left, &z, &w.s.board_key);
                element_mul(&right, &part, &rest);
                element_sub(&left, &left, &right);
                memcpy(p + CHOICE_B, left.b, 32);
                memcpy(p + CHOICE_C, part.b, 32);
                memcpy(p + CHOICE_Z, z.b, 32);
        }
        ck_assert(equations_hold(&w.s, &w.options[1], proof));
        ck_assert_int_eq(check_choice(&w.s, &w.options[1], proof), V_PROOF);
}
END_TEST

/* Bernhard, Pereira, Warinschi, "How Not to Prove Yourself": were the challenge a hash of the commitments alone, whoever
 * chooses the cipher after it proves that it holds 0 or 1 when it holds neither. */
START_TEST(a_challenge_that_leaves_the_cipher_out_is_forged) {
        Scalar a, b, d, whole, sum, part, inverse, one, u, t, r, zero_z;
        Element p, q, y;
        uint8_t proof[CHOICE_BYTES(2)] = {}, weak[128];
        World w;

        world_make(&w, one_of_three, 3, 1, 1, 1);
        y = w.s.board_key;

        /* value 0 answers with c = 0, so that anything holds there: A = zG, B = zY */
        scalar_random(&zero_z);
        element_mul_base(&p, &zero_z);
        element_mul(&q, &zero_z, &y);
        memcpy(proof + CHOICE_A, p.b, 32);
        memcpy(proof + CHOICE_B, q.b, 32);
        memcpy(proof + CHOICE_Z, zero_z.b, 32);
        /* value 1: A = aG, B = bY + dG */
        scalar_random(&a);
        scalar_random(&b);
        scalar_random(&d);
        element_mul_base(&p, &a);
        memcpy(proof + 128 + CHOICE_A, p.b, 32);
        element_mul(&p, &b, &y);
        element_mul_base(&q, &d);
        element_add(&p, &p, &q);
        memcpy(proof + 128 + CHOICE_B, p.b, 32);

        /* the weak challenge */
        memcpy(weak, proof + CHOICE_A, 64);
        memcpy(weak + 64, proof + 128 + CHOICE_A, 64);
        {
                Transcript t1;

                transcript_begin(&t1, "voted proof 1");
                transcript_add_text(&t1, "choice");
                proof_challenge(&whole, &t1, weak, 4);
        }

        /* now the cipher: r = (z - a)/c, beta = tY + uG with t = (z - b)/c and u = 1 - d/c */
        scalar_random(&part);           /* z */
        memcpy(proof + 128 + CHOICE_C, whole.b, 32);
        memcpy(proof + 128 + CHOICE_Z, part.b, 32);
        scalar_invert(&inverse, &whole);
        scalar_sub(&r, &part, &a);
        scalar_mul(&r, &r, &inverse);
        scalar_sub(&t, &part, &b);
        scalar_mul(&t, &t, &inverse);
        scalar_from_u64(&one, 1);
        scalar_mul(&u, &d, &inverse);
        scalar_sub(&u, &one, &u);
        element_mul_base(&w.ciphers[1].alpha, &r);
        element_mul(&p, &t, &y);
        element_mul_base(&q, &u);
        element_add(&w.ciphers[1].beta, &p, &q);

        /* The weak verifier is content: challenges sum up and equations hold. What is in the cipher is
         * beta - secret alpha = uG + (t - r)Y, neither 0 nor G. */
        memcpy(sum.b, proof + CHOICE_C, 32);
        scalar_add(&sum, &sum, &whole);
        ck_assert(scalar_equal(&sum, &whole));
        ck_assert(equations_hold(&w.s, &w.options[1], proof));
        element_mul(&p, &w.secret, &w.ciphers[1].alpha);
        element_sub(&p, &w.ciphers[1].beta, &p);
        element_mul_base(&q, &one);
        ck_assert(!element_is_identity(&p) && !element_equal(&p, &q));

        ck_assert_int_eq(check_choice(&w.s, &w.options[1], proof), V_PROOF);
}
END_TEST

/* Randomness of several options that sums to 0 makes the sum's alpha the identity: the voter's own loss, the proof must
 * neither fail nor let another value pass. */
START_TEST(a_sum_whose_randomness_cancels_is_judged_like_any) {
        static const uint32_t allowed[] = { 0, 1 };
        _cleanup_stream_ Stream stream = {};
        ChoiceClaim c = { .option = CHOICE_OPTION_SUM, .allowed = allowed, .n_allowed = 2, .n = 2 };
        uint8_t proof[CHOICE_BYTES(2)];
        Scalar zero = {};
        World w;

        world_make(&w, one_of_three, 2, 1, 1, 1);
        scalar_neg(&w.r[1], &w.r[0]);
        cipher_make(&w.ciphers[1], &w.s.board_key, 1, &w.r[1]);
        stream_begin_random(&stream, "test");
        ck_assert_int_eq(choice_make(proof, &w.s, &c, 1, &zero, &stream), 0);
        ck_assert_int_eq(check_choice(&w.s, &c, proof), 0);
        ck_assert_int_eq(choice_make(proof, &w.s, &c, 0, &zero, &stream), 0);
        ck_assert_int_eq(check_choice(&w.s, &c, proof), V_PROOF);
}
END_TEST

/* The stream may be the same, the nonces are not: two answers to one nonce would give r. */
START_TEST(a_stream_used_twice_makes_other_nonces) {
        uint8_t proof[2][CHOICE_BYTES(2)];
        World w;

        world_make(&w, one_of_three, 3, 1, 1, 1);
        for (unsigned i = 0; i < 2; i++) {
                _cleanup_stream_ Stream stream = {};

                stream_begin(&stream, (uint8_t[32]) { 1 }, "test");
                w.s.seq = i;
                ck_assert_int_eq(choice_make(proof[i], &w.s, &w.options[1], 1, &w.r[1], &stream), 0);
        }
        for (unsigned i = 0; i < 2; i++) {
                ck_assert_mem_ne(proof[0] + CHOICE_BYTES(i) + CHOICE_A, proof[1] + CHOICE_BYTES(i) + CHOICE_A, 32);
                ck_assert_mem_ne(proof[0] + CHOICE_BYTES(i) + CHOICE_B, proof[1] + CHOICE_BYTES(i) + CHOICE_B, 32);
        }
}
END_TEST

TEST_MAIN("proof", an_honest_ballot_is_proved, a_value_that_is_not_allowed_is_not_proved, a_claim_without_sense_is_refused,
        a_proof_with_any_bit_flipped_is_refused, a_proof_for_another_statement_is_refused,
        a_scalar_that_is_not_canonical_is_refused, partial_challenges_that_do_not_sum_up_are_refused,
        a_challenge_that_leaves_the_cipher_out_is_forged, a_sum_whose_randomness_cancels_is_judged_like_any,
        a_stream_used_twice_makes_other_nonces)
