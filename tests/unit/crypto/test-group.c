/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/hex.h"
#include "crypto/cipher.h"
#include "crypto/sign.h"
#include "voted/verdict.h"

#include "../help.h"

/* RFC 9496, A.1: 0G, 1G, ... 15G. */
static const char *const multiples[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
        "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
        "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
        "da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57",
        "e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e",
        "f64746d3c92b13050ed8d80236a7f0007c3b3f962f5ba793d19a601ebb1df403",
        "44f53520926ec81fbd5a387845beb7df85a96a24ece18738bdcfa6a7822a176d",
        "903293d8f2287ebe10e2374dc1a53e0bc887e592699f02d077d5263cdd55601c",
        "02622ace8f7303a31cafc63f8fc48fdc16e1c8c8d234b2f0d6685282a9076031",
        "20706fd788b2720a1ed2a5dad4952b01f413bcf0e7564de8cdc816689e2db95f",
        "bce83f8ba5dd2fa572864c24ba1810f9522bc6004afe95877ac73241cafdab42",
        "e4549ee16b9aa03099ca208c67adafcafa4c3f3e4e5303de6026e3ca8ff84460",
        "aa52e000df2e16f55fb1032fc33bc42742dad6bd5a8fc0be0167436c5948501f",
        "46376b80f409b29dc2b5f6f0c52591990896e5716f41477cd30085ab7f10301e",
        "e0c418f7c8d9c4cdd7395b93ea124f3ad99021bb681dfc3302a9d99a2e53e64e",
};

static const char *const no_elements[] = {
        /* RFC 9496, A.2: not canonical */
        "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        /* negative */
        "0100000000000000000000000000000000000000000000000000000000000000",
        "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
        "c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
        "c940e5a4404157cfb1628b108db051a8d439e1a421394ec4ebccb9ec92a8ac78",
        "47cfc5497c53dc8e61c91d17fd626ffb1c49e2bca94eed052281b510b1117a24",
        "f1c6165d33367351b0da8f6e4511010c68174a03b6581212c71c0e1d026c3c72",
        "87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309",
        /* x^2 is no square */
        "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
        "4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
        "de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b",
        "bcab477be20861e01e4a0e295284146a510150d9817763caf1a6f4b422d67042",
        "2a292df7e32cababbd9de088d1d1abec9fc0440f637ed2fba145094dc14bea08",
        "f4a9e534fc0d216c44b218fa0c42d99635a0127ee2e53c712f70609649fdff22",
        "8268436f8c4126196cf64b3c7ddbda90746a378625f9813dd9b8457077256731",
        "2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b",
        /* xy is negative */
        "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
        "a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220",
        "d483fe813c6ba647ebbfd3ec41adca1c6130c2beeee9d9bf065c8d151c5f396e",
        "8a2e1d30050198c65a54483123960ccc38aef6848e1ec8f5f780e8523769ba32",
        "32888462f8b486c68ad7dd9610be5192bbeaf3b443951ac1a8118419d9fa097b",
        "227142501b9d4355ccba290404bde41575b037693cef1f438c47f8fbf35d1165",
        "5c37cc491da847cfeb9281d407efc41e15144c876e0170b499a96a22ed31e01e",
        "445425117cb8c90edcbc7c1cc0e74f747f2c1efa5630a967c64f287792a48a4b",
        /* s = -1, which makes y = 0 */
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        /* the identity, and 2^255 added to it and to G: libsodium 1.0.18 takes them all for elements */
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2df6",
        /* points of small order, as Ed25519 writes them */
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

#define ORDER "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"

static const struct {
        const char *hex;
        int expected;
} scalars[] = {
        { "0000000000000000000000000000000000000000000000000000000000000000", 0 },
        { "0100000000000000000000000000000000000000000000000000000000000000", 0 },
        { "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", 0 },      /* L - 1 */
        { ORDER, V_PROOF },
        { "eed3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", V_PROOF },
        { "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000020", V_PROOF },
        { "0000000000000000000000000000000000000000000000000000000000000011", V_PROOF },
        { "0100000000000000000000000000000000000000000000000000000000000080", V_PROOF },   /* 1, which libsodium makes of it */
        { "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0f", 0 },
        { "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", V_PROOF },
};

static Scalar small(uint64_t v) {
        Scalar s;

        scalar_from_u64(&s, v);
        return s;
}

static Element element(const char *hex) {
        Element e;

        ck_assert_int_eq(hex_decode(e.b, 32, hex, 64), 0);
        return e;
}

static bool is(const Element *e, const char *hex) {
        Element other = element(hex);

        return element_equal(e, &other);
}

START_TEST(small_multiples_are_those_of_rfc_9496) {
        Element sum = {}, one, product;

        element_mul_base(&one, &(Scalar) { .b = { 1 } });
        for (unsigned i = 0; i < ELEMENTSOF(multiples); i++) {
                Scalar s = small(i);

                element_mul_base(&product, &s);
                ck_assert_msg(is(&product, multiples[i]), "%uG by multiplying", i);
                element_mul(&product, &s, &one);
                ck_assert_msg(is(&product, multiples[i]), "%uG by multiplying G", i);
                ck_assert_msg(is(&sum, multiples[i]), "%uG by adding", i);
                if (i > 0) {
                        Element e = element(multiples[i]), got;

                        ck_assert_int_eq(element_decode(&got, e.b), 0);
                        ck_assert(element_equal(&e, &got));
                }
                element_add(&sum, &sum, &one);
        }
}
END_TEST

START_TEST(what_is_no_element_is_refused) {
        for (unsigned i = 0; i < ELEMENTSOF(no_elements); i++) {
                Element e = element(no_elements[i]), got = { .b = { 7 } };

                ck_assert_msg(element_decode(&got, e.b) == V_PROOF, "%s", no_elements[i]);
                ck_assert_uint_eq(got.b[0], 7);
        }
}
END_TEST

START_TEST(a_scalar_is_below_the_order) {
        for (unsigned i = 0; i < ELEMENTSOF(scalars); i++) {
                uint8_t b[32];
                Scalar s = { .b = { 7 } };
                int r;

                ck_assert_int_eq(hex_decode(b, 32, scalars[i].hex, 64), 0);
                r = scalar_decode(&s, b);
                ck_assert_msg(r == scalars[i].expected, "%s: %d", scalars[i].hex, r);
                if (r == 0)
                        ck_assert_mem_eq(s.b, b, 32);
                else
                        ck_assert_uint_eq(s.b[0], 7);
        }
}
END_TEST

/* What libsodium calls a failure, and honest sums meet. */
START_TEST(the_identity_and_zero_are_computed_with) {
        Scalar s, zero = {}, one = small(1), t;
        Element p, q, identity = {};

        scalar_random(&s);
        element_mul_base(&p, &s);
        ck_assert(!element_is_identity(&p));

        element_mul(&q, &zero, &p);
        ck_assert(element_is_identity(&q));
        element_mul_base(&q, &zero);
        ck_assert(element_is_identity(&q));
        element_mul(&q, &s, &identity);
        ck_assert(element_is_identity(&q));
        element_mul(&q, &zero, &identity);
        ck_assert(element_is_identity(&q));
        element_sub(&q, &p, &p);
        ck_assert(element_is_identity(&q));
        element_add(&q, &p, &identity);
        ck_assert(element_equal(&q, &p));
        element_add(&q, &identity, &identity);
        ck_assert(element_is_identity(&q));
        element_neg(&q, &p);
        element_add(&q, &q, &p);
        ck_assert(element_is_identity(&q));
        element_neg(&q, &identity);
        ck_assert(element_is_identity(&q));

        scalar_neg(&t, &zero);
        ck_assert(scalar_is_zero(&t));
        scalar_sub(&t, &s, &s);
        ck_assert(scalar_is_zero(&t));
        scalar_neg(&t, &s);
        scalar_add(&t, &t, &s);
        ck_assert(scalar_is_zero(&t));
        scalar_mul(&t, &s, &zero);
        ck_assert(scalar_is_zero(&t));
        scalar_invert(&t, &s);
        scalar_mul(&t, &t, &s);
        ck_assert(scalar_equal(&t, &one));
}
END_TEST

/* Outputs may be inputs. */
START_TEST(results_may_lie_where_the_operands_do) {
        Scalar a, b, c, d;
        Element p, q, r, s;

        for (unsigned i = 0; i < 50; i++) {
                scalar_random(&a);
                scalar_random(&b);
                element_mul_base(&p, &a);
                element_mul_base(&q, &b);
                element_add(&r, &p, &q);
                s = p;
                element_add(&s, &s, &q);
                ck_assert(element_equal(&r, &s));
                element_sub(&s, &s, &q);
                ck_assert(element_equal(&p, &s));
                element_mul(&s, &b, &s);
                element_mul(&r, &a, &q);
                ck_assert(element_equal(&r, &s));
                scalar_mul(&c, &a, &b);
                element_mul_base(&s, &c);
                ck_assert(element_equal(&r, &s));
                d = a;
                scalar_mul(&d, &d, &b);
                ck_assert(scalar_equal(&c, &d));
                scalar_select(&d, true, &a, &b);
                ck_assert(scalar_equal(&a, &d));
                scalar_select(&d, false, &a, &d);
                ck_assert(scalar_equal(&a, &d));
                scalar_select(&d, false, &a, &b);
                ck_assert(scalar_equal(&b, &d));
        }
}
END_TEST

START_TEST(adding_a_secret_is_adding) {
        static const uint64_t values[] = { 0, 1, 2, 10, UINT64_MAX };
        Element p, q, expected;
        Scalar s, m;

        scalar_random(&s);
        element_mul_base(&p, &s);
        for (unsigned i = 0; i < ELEMENTSOF(values); i++) {
                m = small(values[i]);
                element_mul_base(&expected, &m);
                element_add(&expected, &expected, &p);
                element_add_secret(&q, &p, &m);
                ck_assert(element_equal(&q, &expected));
                scalar_neg(&m, &m);
                element_add_secret(&q, &q, &m);
                ck_assert(element_equal(&q, &p));
        }
}
END_TEST

START_TEST(a_secret_is_neither_zero_nor_too_great) {
        _cleanup_(secret_scalar_freep) SecretScalar *s = NULL, *copy = NULL;
        Element public;
        uint8_t b[32];

        ck_assert_int_eq(crypto_init(NULL), 0);
        ck_assert_int_eq(secret_scalar_generate(&s), 0);
        element_mul_base(&public, secret_scalar_value(s));
        ck_assert(element_equal(&public, secret_scalar_public(s)));
        ck_assert_int_eq(secret_scalar_decode(&copy, secret_scalar_value(s)->b), 0);
        ck_assert(element_equal(secret_scalar_public(copy), &public));
        copy = secret_scalar_free(copy);
        ck_assert_int_eq(secret_scalar_decode(&copy, (uint8_t[32]) {}), V_PROOF);
        ck_assert_int_eq(hex_decode(b, 32, ORDER, 64), 0);
        ck_assert_int_eq(secret_scalar_decode(&copy, b), V_PROOF);
        ck_assert_ptr_null(copy);
}
END_TEST

START_TEST(sums_of_ciphers_hold_weighted_sums) {
        static const uint64_t weights[] = { 1, 2, UINT64_C(1) << 31, 0, 7 };
        Cipher sum, c, twice;
        Scalar secret, r;
        Element y, mg, expected;
        uint64_t total = 0;

        scalar_random(&secret);
        element_mul_base(&y, &secret);
        cipher_zero(&sum);
        for (unsigned i = 0; i < ELEMENTSOF(weights); i++) {
                uint8_t b[CIPHER_BYTES];

                scalar_random(&r);
                cipher_make(&c, &y, i % 3, &r);
                memcpy(b, c.alpha.b, 32);
                memcpy(b + 32, c.beta.b, 32);
                ck_assert_int_eq(cipher_decode(&twice, b), 0);
                ck_assert(cipher_equal(&twice, &c));
                memset(b + 32, 0, 32);
                ck_assert_int_eq(cipher_decode(&twice, b), V_PROOF);

                cipher_add_weighted(&sum, &c, weights[i]);
                total += i % 3 * weights[i];
        }
        element_mul(&mg, &secret, &sum.alpha);
        element_sub(&mg, &sum.beta, &mg);
        r = small(total);
        element_mul_base(&expected, &r);
        ck_assert(element_equal(&mg, &expected));
}
END_TEST

TEST_MAIN("group", small_multiples_are_those_of_rfc_9496, what_is_no_element_is_refused, a_scalar_is_below_the_order,
        the_identity_and_zero_are_computed_with, results_may_lie_where_the_operands_do, adding_a_secret_is_adding,
        a_secret_is_neither_zero_nor_too_great, sums_of_ciphers_hold_weighted_sums)
