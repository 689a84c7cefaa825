/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/cipher.h"
#include "crypto/deal.h"
#include "crypto/dlog.h"
#include "crypto/sign.h"
#include "voted/limits.h"
#include "voted/verdict.h"

#include "sealed-world.h"

/* A board that went through all of it. */
typedef struct Board {
        size_t n, threshold;
        SecretScalar *sealing[TRUSTEES_MAX], *share[TRUSTEES_MAX];
        Element commitments[TRUSTEES_MAX * TRUSTEES_MAX];
        uint8_t sealed[TRUSTEES_MAX][TRUSTEES_MAX][SEALED_SHARE_BYTES];         /* by dealer, by trustee */
        Element y, share_keys[TRUSTEES_MAX];
} Board;

static void board_done(Board *b) {
        for (size_t i = 0; i < b->n; i++) {
                b->sealing[i] = secret_scalar_free(b->sealing[i]);
                b->share[i] = secret_scalar_free(b->share[i]);
        }
}

static SealedShareContext context(size_t dealer, size_t trustee) {
        return (SealedShareContext) { .network.b = { 1 }, .board.b = { 2 }, .dealer.b = { 3, (uint8_t) dealer }, .trustee.b = { 3, (uint8_t) trustee } };
}

static void board_make(Board *b, size_t threshold, size_t n) {
        ck_assert_int_eq(crypto_init(NULL), 0);
        *b = (Board) { .n = n, .threshold = threshold };
        for (size_t i = 0; i < n; i++)
                ck_assert_int_eq(secret_scalar_generate(&b->sealing[i]), 0);
        for (size_t d = 0; d < n; d++) {
                _cleanup_(polynomial_freep) Polynomial *p = NULL;
                _cleanup_stream_ Stream stream = {};

                stream_begin_random(&stream, "test");
                ck_assert_int_eq(polynomial_new(&p, threshold, &stream), 0);
                ck_assert_uint_eq(polynomial_threshold(p), threshold);
                memcpy(b->commitments + d * threshold, polynomial_commitments(p), threshold * sizeof(Element));
                for (size_t i = 0; i < n; i++) {
                        SealedShareContext c = context(d, i);
                        Scalar share;

                        polynomial_share(p, i, &share);
                        share_seal(b->sealed[d][i], &c, secret_scalar_public(b->sealing[i]), &share, &stream);
                        ck_assert_int_eq(sealed_share_check(&c, b->sealed[d][i], NULL), 0);
                }
        }
        board_key(&b->y, b->commitments, n, threshold);
        board_share_keys(b->share_keys, b->commitments, n, threshold);
        for (size_t i = 0; i < n; i++) {
                Scalar shares[TRUSTEES_MAX];

                for (size_t d = 0; d < n; d++) {
                        SealedShareContext c = context(d, i);

                        ck_assert_int_eq(share_open(&shares[d], &c, b->sealing[i], b->sealed[d][i]), 0);
                        ck_assert(share_fits(&shares[d], b->commitments + d * threshold, threshold, i));
                }
                ck_assert_int_eq(board_share_secret(&b->share[i], shares, n), 0);
                ck_assert(element_equal(secret_scalar_public(b->share[i]), &b->share_keys[i]));
        }
}

/* mG by the parts of those trustees. */
static void open_by(const Board *b, const Cipher *c, const unsigned *trustees, size_t n, Element *ret) {
        Element parts[TRUSTEES_MAX];

        for (size_t i = 0; i < n; i++)
                element_mul(&parts[i], secret_scalar_value(b->share[trustees[i]]), &c->alpha);
        parts_combine(ret, parts, trustees, n);
        element_sub(ret, &c->beta, ret);
}

static void seal(const Board *b, Cipher *ret, uint64_t m) {
        Scalar r;

        scalar_random(&r);
        cipher_make(ret, &b->y, m, &r);
}

static const struct {
        size_t threshold, n;
} sizes[] = { { 1, 1 }, { 1, 3 }, { 2, 2 }, { 2, 3 }, { 3, 5 }, { 5, 5 }, { 10, 16 }, { 16, 16 } };

START_TEST(any_threshold_of_the_trustees_opens_and_one_less_does_not) {
        for (unsigned i = 0; i < ELEMENTSOF(sizes); i++) {
                _cleanup_(board_done) Board b = {};
                unsigned first[TRUSTEES_MAX], last[TRUSTEES_MAX], mixed[TRUSTEES_MAX];
                size_t n = sizes[i].n, k = sizes[i].threshold;
                Element got, expected;
                Scalar m;
                Cipher c;

                board_make(&b, k, n);
                seal(&b, &c, 12);
                scalar_from_u64(&m, 12);
                element_mul_base(&expected, &m);
                for (size_t j = 0; j < k; j++) {
                        first[j] = (unsigned) j;
                        last[j] = (unsigned) (n - 1 - j);
                        mixed[j] = (unsigned) (j % 2 ? n - 1 - j / 2 : j / 2);
                }
                open_by(&b, &c, first, k, &got);
                ck_assert_msg(element_equal(&got, &expected), "%zu of %zu, the first", k, n);
                open_by(&b, &c, last, k, &got);
                ck_assert_msg(element_equal(&got, &expected), "%zu of %zu, the last", k, n);
                open_by(&b, &c, mixed, k, &got);
                ck_assert_msg(element_equal(&got, &expected), "%zu of %zu, mixed", k, n);
                if (k > 1) {
                        open_by(&b, &c, first, k - 1, &got);
                        ck_assert_msg(!element_equal(&got, &expected), "%zu of %zu, one less", k, n);
                }
        }
}
END_TEST

START_TEST(a_board_has_one_to_sixteen_trustees) {
        _cleanup_(polynomial_freep) Polynomial *p = NULL;
        _cleanup_stream_ Stream stream = {};

        ck_assert_int_eq(crypto_init(NULL), 0);
        stream_begin_random(&stream, "test");
        ck_assert_int_eq(polynomial_new(&p, 0, &stream), -EINVAL);
        ck_assert_int_eq(polynomial_new(&p, TRUSTEES_MAX + 1, &stream), -EINVAL);
        ck_assert_int_eq(polynomial_new(&p, TRUSTEES_MAX, &stream), 0);
}
END_TEST

START_TEST(a_lying_dealers_share_is_detected_and_opened_to_all) {
        _cleanup_(board_done) Board b = {};
        _cleanup_stream_ Stream stream = {};
        SealedShareContext c = context(0, 2);
        uint8_t lie[SEALED_SHARE_BYTES], proof[EQUAL_BYTES];
        Scalar share, again, one;
        ObjectStatement o = { .network = c.network, .board = c.board, .dealer = c.dealer, .trustee = c.trustee };

        board_make(&b, 2, 3);
        stream_begin_random(&stream, "test");
        ck_assert_int_eq(share_open(&share, &c, b.sealing[2], b.sealed[0][2]), 0);
        scalar_from_u64(&one, 1);
        scalar_add(&share, &share, &one);
        share_seal(lie, &c, secret_scalar_public(b.sealing[2]), &share, &stream);
        ck_assert_int_eq(share_open(&share, &c, b.sealing[2], lie), 0);
        ck_assert(!share_fits(&share, b.commitments, 2, 2));

        /* the objection: K with its proof; anybody opens the share with it and sees the lie */
        o.sealing = *secret_scalar_public(b.sealing[2]);
        ck_assert_int_eq(sealed_share_decode(lie, &o.r), 0);
        ck_assert_int_eq(share_opening_key(&o.k, b.sealing[2], lie), 0);
        object_make(proof, &o, b.sealing[2], &stream);
        ck_assert_int_eq(object_check(&o, proof, NULL), 0);
        ck_assert_int_eq(share_open_with(&again, &c, &o.k, lie), 0);
        ck_assert(scalar_equal(&again, &share));
        ck_assert(!share_fits(&again, b.commitments, 2, 2));
}
END_TEST

START_TEST(a_false_objection_fails) {
        _cleanup_(board_done) Board b = {};
        _cleanup_stream_ Stream stream = {};
        SealedShareContext c = context(0, 2);
        ObjectStatement o = { .network = c.network, .board = c.board, .dealer = c.dealer, .trustee = c.trustee };
        uint8_t proof[EQUAL_BYTES];
        Scalar share;

        board_make(&b, 2, 3);
        stream_begin_random(&stream, "test");
        o.sealing = *secret_scalar_public(b.sealing[2]);
        ck_assert_int_eq(sealed_share_decode(b.sealed[0][2], &o.r), 0);

        /* with the true key the share fits */
        ck_assert_int_eq(share_opening_key(&o.k, b.sealing[2], b.sealed[0][2]), 0);
        object_make(proof, &o, b.sealing[2], &stream);
        ck_assert_int_eq(object_check(&o, proof, NULL), 0);
        ck_assert_int_eq(share_open_with(&share, &c, &o.k, b.sealed[0][2]), 0);
        ck_assert(share_fits(&share, b.commitments, 2, 2));

        /* with another it does not, but of that there is no proof */
        element_add(&o.k, &o.k, &o.r);
        ck_assert_int_eq(share_open_with(&share, &c, &o.k, b.sealed[0][2]), 0);
        ck_assert(!share_fits(&share, b.commitments, 2, 2));
        object_make(proof, &o, b.sealing[2], &stream);
        ck_assert_int_eq(object_check(&o, proof, NULL), V_PROOF);
        /* nor with another trustee's secret, or for another sealing key */
        object_make(proof, &o, b.sealing[1], &stream);
        ck_assert_int_eq(object_check(&o, proof, NULL), V_PROOF);
}
END_TEST

/* Sealed for one dealer, trustee, board, network; in canonical form. */
START_TEST(a_sealed_share_opens_in_its_place_only) {
        _cleanup_(board_done) Board b = {};
        SealedShareContext c;
        uint8_t copy[SEALED_SHARE_BYTES];
        Scalar share;

        board_make(&b, 2, 3);
        for (unsigned i = 0; i < 6; i++) {
                const SecretScalar *e = b.sealing[2];

                c = context(0, 2);
                memcpy(copy, b.sealed[0][2], sizeof(copy));
                switch (i) {
                case 0: c.network.b[31] ^= 1; break;
                case 1: c.board.b[31] ^= 1; break;
                case 2: c.dealer.b[31] ^= 1; break;
                case 3: c.trustee.b[31] ^= 1; break;
                case 4: e = b.sealing[1]; break;
                case 5: copy[32] ^= 1; break;
                }
                ck_assert_int_eq(share_open(&share, &c, e, copy), 0);
                ck_assert_msg(!share_fits(&share, b.commitments, 2, 2), "case %u", i);
        }

        c = context(0, 2);
        memcpy(copy, b.sealed[0][2], sizeof(copy));
        copy[63] |= 0x80;
        ck_assert_int_eq(share_open(&share, &c, b.sealing[2], copy), V_PROOF);
        ck_assert_int_eq(sealed_share_decode(copy, NULL), V_PROOF);
        memcpy(copy, b.sealed[0][2], sizeof(copy));
        copy[31] |= 0x80;
        ck_assert_int_eq(share_open(&share, &c, b.sealing[2], copy), V_PROOF);
        memset(copy, 0, 32);
        ck_assert_int_eq(share_open(&share, &c, b.sealing[2], copy), V_PROOF);
        ck_assert_int_eq(share_open_with(&share, &c, &b.y, copy), V_PROOF);
        ck_assert_int_eq(sealed_share_decode(copy, NULL), V_PROOF);
}
END_TEST

/* A dealer of another board, where the same trustee has the same sealing key, takes R from a share that an honest dealer has
 * sealed here, and seals nonsense with it. The trustee objects, as it must: its K opens the honest share to all. */
START_TEST(a_dealer_cannot_have_another_dealers_share_opened_by_an_objection) {
        _cleanup_(board_done) Board b = {};
        _cleanup_(secret_scalar_freep) SecretScalar *shift = NULL;
        SealedShareContext honest = context(0, 2), other = context(1, 2);
        uint8_t copied[SEALED_SHARE_BYTES];
        Scalar share, again;
        Element k, r;

        board_make(&b, 2, 3);
        other.board.b[0] ^= 0xff;
        memcpy(copied, b.sealed[0][2], sizeof(copied));
        copied[32] ^= 1;
        ck_assert_int_eq(sealed_share_decode(copied, NULL), 0);

        /* what the objection would show, and what it opens */
        ck_assert_int_eq(share_opening_key(&k, b.sealing[2], copied), 0);
        ck_assert_int_eq(share_open(&share, &honest, b.sealing[2], b.sealed[0][2]), 0);
        ck_assert_int_eq(share_open_with(&again, &honest, &k, b.sealed[0][2]), 0);
        ck_assert(scalar_equal(&share, &again));

        /* so it is never sealed: neither with the proof that came along, nor in the place of its own */
        ck_assert_int_eq(sealed_share_check(&other, copied, NULL), V_PROOF);
        ck_assert_int_eq(sealed_share_check(&other, b.sealed[0][2], NULL), V_PROOF);

        /* nor with R + dG, whose K is as good */
        ck_assert_int_eq(secret_scalar_generate(&shift), 0);
        ck_assert_int_eq(element_decode(&r, copied), 0);
        element_add(&r, &r, secret_scalar_public(shift));
        memcpy(copied, r.b, 32);
        ck_assert_int_eq(sealed_share_check(&other, copied, NULL), V_PROOF);
}
END_TEST

START_TEST(every_bit_of_a_sealed_share_is_proved) {
        _cleanup_(board_done) Board b = {};
        SealedShareContext c = context(0, 1);
        uint8_t before[64], after[64];
        Why why = {};

        board_make(&b, 2, 2);
        for (size_t i = 0; i < 8 * SEALED_SHARE_BYTES; i++) {
                b.sealed[0][1][i / 8] ^= (uint8_t) (1U << i % 8);
                ck_assert_msg(sealed_share_check(&c, b.sealed[0][1], &why) == V_PROOF, "bit %zu", i);
                b.sealed[0][1][i / 8] ^= (uint8_t) (1U << i % 8);
        }
        ck_assert(why.text[0]);
        for (unsigned i = 0; i < 4; i++) {
                uint8_t *field = i == 0 ? c.network.b : i == 1 ? c.board.b : i == 2 ? c.dealer.b : c.trustee.b;
                Transcript t;

                statement_sealed(&t, &c, b.sealed[0][1]);
                transcript_digest(&t, before);
                field[17] ^= 1;
                statement_sealed(&t, &c, b.sealed[0][1]);
                transcript_digest(&t, after);
                ck_assert_mem_ne(before, after, 64);
                ck_assert_int_eq(sealed_share_check(&c, b.sealed[0][1], NULL), V_PROOF);
                field[17] ^= 1;
        }
        ck_assert_int_eq(sealed_share_check(&c, b.sealed[0][1], NULL), 0);
}
END_TEST

/* One seed for two deals: the masks differ, or their difference would be that of the shares. */
START_TEST(a_stream_used_twice_seals_with_other_masks) {
        uint8_t sealed[2][SEALED_SHARE_BYTES];
        SealedShareContext c = context(0, 1);
        Element e;
        Scalar s;

        scalar_random(&s);
        element_mul_base(&e, &s);
        for (unsigned i = 0; i < 2; i++) {
                _cleanup_stream_ Stream stream = {};

                stream_begin(&stream, (uint8_t[32]) { 1 }, "test");
                scalar_from_u64(&s, 1000 + i);
                share_seal(sealed[i], &c, &e, &s, &stream);
        }
        ck_assert_mem_ne(sealed[0], sealed[1], 32);
        ck_assert_mem_ne(sealed[0] + 32, sealed[1] + 32, 32);
}
END_TEST

static bool is_small(const DlogTable *t, const Element *e) {
        uint64_t m;

        return dlog_find(t, e, &m) == 0;
}

/* Two trustees of a board of 3 of 5, with all that two hold: their sealing secrets, their shares, what every dealer dealt
 * to them, the polynomials that they dealt themselves are in those; the ledger: commitments, sealed shares, ciphers, the
 * parts that the two make. The obvious ways to the sum. */
START_TEST(two_trustees_of_a_board_of_three_do_not_get_the_sum) {
        _cleanup_(board_done) Board b = {};
        _cleanup_(dlog_table_freep) DlogTable *t = NULL;
        Element parts[2], got, x;
        unsigned pair[2];
        uint64_t m;
        Scalar s;
        Cipher c;

        board_make(&b, 3, 5);
        seal(&b, &c, 700);
        ck_assert_int_eq(dlog_table_new(&t, 1000, 1, NULL), 0);
        {
                static const unsigned three[] = { 0, 3, 4 };

                open_by(&b, &c, three, 3, &got);
                ck_assert_int_eq(dlog_find(t, &got, &m), 0);
                ck_assert_uint_eq(m, 700);
        }

        for (pair[0] = 0; pair[0] < 5; pair[0]++)
                for (pair[1] = 0; pair[1] < 5; pair[1]++) {
                        if (pair[0] == pair[1])
                                continue;
                        for (unsigned i = 0; i < 2; i++)
                                element_mul(&parts[i], secret_scalar_value(b.share[pair[i]]), &c.alpha);

                        /* as if two were enough; either alone; their sum and difference; beta bare */
                        open_by(&b, &c, pair, 2, &got);
                        ck_assert(!is_small(t, &got));
                        element_sub(&got, &c.beta, &parts[0]);
                        ck_assert(!is_small(t, &got));
                        element_add(&x, &parts[0], &parts[1]);
                        element_sub(&got, &c.beta, &x);
                        ck_assert(!is_small(t, &got));
                        element_sub(&x, &parts[0], &parts[1]);
                        element_sub(&got, &c.beta, &x);
                        ck_assert(!is_small(t, &got));
                        ck_assert(!is_small(t, &c.beta));

                        /* with a third part that is made up: of a public key share, of one's own, of nothing */
                        for (unsigned other = 0; other < 5; other++) {
                                unsigned three[] = { pair[0], pair[1], other };
                                Element with[3] = { parts[0], parts[1] };

                                if (other == pair[0] || other == pair[1])
                                        continue;
                                with[2] = b.share_keys[other];
                                parts_combine(&x, with, three, 3);
                                element_sub(&got, &c.beta, &x);
                                ck_assert(!is_small(t, &got));
                                element_mul(&with[2], secret_scalar_value(b.share[pair[0]]), &b.share_keys[other]);
                                parts_combine(&x, with, three, 3);
                                element_sub(&got, &c.beta, &x);
                                ck_assert(!is_small(t, &got));
                                with[2] = (Element) {};
                                parts_combine(&x, with, three, 3);
                                element_sub(&got, &c.beta, &x);
                                ck_assert(!is_small(t, &got));

                                /* what was sealed to that trustee opens with neither of the two secrets */
                                for (unsigned d = 0; d < 5; d++)
                                        for (unsigned i = 0; i < 2; i++) {
                                                SealedShareContext ctx = context(d, other);

                                                ck_assert_int_eq(share_open(&s, &ctx, b.sealing[pair[i]], b.sealed[d][other]), 0);
                                                ck_assert(!share_fits(&s, b.commitments + d * 3, 3, other));
                                        }
                        }
                }
}
END_TEST

/* The factors at 0 take any polynomial below that degree to its value there. */
START_TEST(lagrange_factors_are_those_of_the_points) {
        static const unsigned trustees[] = { 15, 0, 7, 3, 2 };
        Scalar sum = {}, factor, x, v, expected;

        /* f = 5 + 3x + x^4 */
        for (unsigned i = 0; i < ELEMENTSOF(trustees); i++) {
                uint64_t p = trustees[i] + 1;

                lagrange_at_zero(&factor, trustees, ELEMENTSOF(trustees), i);
                scalar_from_u64(&v, 5 + 3 * p + p * p * p * p);
                scalar_mul(&x, &factor, &v);
                scalar_add(&sum, &sum, &x);
        }
        scalar_from_u64(&expected, 5);
        ck_assert(scalar_equal(&sum, &expected));
        lagrange_at_zero(&factor, trustees, 1, 0);
        scalar_from_u64(&expected, 1);
        ck_assert(scalar_equal(&factor, &expected));
}
END_TEST

START_TEST(a_share_of_nothing_is_refused) {
        SecretScalar *s = NULL;
        Scalar shares[2];

        ck_assert_int_eq(crypto_init(NULL), 0);
        scalar_random(&shares[0]);
        scalar_neg(&shares[1], &shares[0]);
        ck_assert_int_eq(board_share_secret(&s, shares, 2), V_PROOF);
        ck_assert_ptr_null(s);
}
END_TEST

TEST_MAIN("deal", any_threshold_of_the_trustees_opens_and_one_less_does_not, a_board_has_one_to_sixteen_trustees,
        a_lying_dealers_share_is_detected_and_opened_to_all, a_false_objection_fails, a_sealed_share_opens_in_its_place_only,
        a_dealer_cannot_have_another_dealers_share_opened_by_an_objection, every_bit_of_a_sealed_share_is_proved,
        a_stream_used_twice_seals_with_other_masks, two_trustees_of_a_board_of_three_do_not_get_the_sum,
        lagrange_factors_are_those_of_the_points, a_share_of_nothing_is_refused)
