/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <jansson.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/check.h"
#include "crypto/sign.h"

#include "../help.h"

/* Seed 00 01 .. 1f, network abab..ab; the signature was computed by another program too. */
#define KEY "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
#define UNSIGNED "{\"kind\":\"vote\",\"seq\":1,\"signer\":\"" KEY "\"}"
#define SIGNATURE "-pKpuxSrPwaCXg5Iu6uINXT-Dk6-KE5UOtzVZ8ek8Txf0-LRRTICa5gy7hImi44oik5d8-sfpzfrLiApkk_RDA"
#define SIGNED "{\"kind\":\"vote\",\"seq\":1,\"signature\":\"" SIGNATURE "\",\"signer\":\"" KEY "\"}"

static SecretKey* secret(void) {
        uint8_t seed[32];
        SecretKey *k;

        ck_assert_int_eq(crypto_init(NULL), 0);
        for (unsigned i = 0; i < 32; i++)
                seed[i] = (uint8_t) i;
        ck_assert_int_eq(secret_key_from_seed(&k, seed), 0);
        return k;
}

static const Id* network(void) {
        static Id id;

        memset(id.b, 0xab, sizeof(id.b));
        return &id;
}

START_TEST(a_line_is_signed_as_it_always_was) {
        _cleanup_(secret_key_freep) SecretKey *k = secret();
        _cleanup_buf_ Buf b = {}, m = {};
        uint8_t seed[32];

        ck_assert_str_eq(key_hex(secret_key_public(k), (char[ID_HEX]) {}), KEY);
        ck_assert_int_eq(sign_line(&b, k, "vote", network(), UNSIGNED, strlen(UNSIGNED)), 0);
        ck_assert_str_eq(b.p, SIGNED);
        ck_assert_int_eq(line_check(b.p, b.n, b.n, 10, NULL), 0);

        ck_assert_int_eq(sign_message(&m, "vote", network(), SIGNED, strlen(SIGNED)), 0);
        ck_assert_str_eq(m.p, "voted vote 1\nabababababababababababababababababababababababababababababababab\n" UNSIGNED);
        buf_reset(&m);
        ck_assert_int_eq(sign_message(&m, "vote", network(), UNSIGNED, strlen(UNSIGNED)), 0);
        ck_assert_ptr_nonnull(strstr(m.p, "\n" UNSIGNED));

        secret_key_seed(k, seed);
        ck_assert_uint_eq(seed[31], 31);
        secret_wipe(seed, sizeof(seed));
        ck_assert_uint_eq(seed[31], 0);
}
END_TEST

START_TEST(a_signature_holds_for_its_key_kind_network_and_bytes_only) {
        _cleanup_(secret_key_freep) SecretKey *k = secret(), *other = NULL;
        char line[] = SIGNED;
        size_t n = strlen(line), start, end;
        Id elsewhere = *network();
        Signature sig, wrong;

        ck_assert_int_eq(base64_decode(sig.b, 64, SIGNATURE, strlen(SIGNATURE)), 0);
        ck_assert_int_eq(sign_verify_line(secret_key_public(k), "vote", network(), line, n, &sig), 0);

        ck_assert_int_eq(secret_key_generate(&other), 0);
        ck_assert_int_eq(sign_verify_line(secret_key_public(other), "vote", network(), line, n, &sig), V_SIGNATURE);
        ck_assert_int_eq(sign_verify_line(secret_key_public(k), "roll", network(), line, n, &sig), V_SIGNATURE);
        elsewhere.b[31] ^= 1;
        ck_assert_int_eq(sign_verify_line(secret_key_public(k), "vote", &elsewhere, line, n, &sig), V_SIGNATURE);

        /* each byte of the line, save those of the member itself */
        ck_assert_int_eq(line_signature_span(line, n, &start, &end), 0);
        for (size_t i = 1; i < n; i++) {
                if (i >= start && i < end)
                        continue;
                line[i] ^= 1;
                ck_assert_msg(sign_verify_line(secret_key_public(k), "vote", network(), line, n, &sig) != 0, "byte %zu", i);
                line[i] ^= 1;
        }
        for (unsigned i = 0; i < 512; i++) {
                wrong = sig;
                wrong.b[i / 8] ^= (uint8_t) (1U << i % 8);
                ck_assert_msg(sign_verify_line(secret_key_public(k), "vote", network(), line, n, &wrong) == V_SIGNATURE, "bit %u", i);
        }
}
END_TEST

START_TEST(a_signature_goes_where_the_order_of_keys_puts_it) {
        static const struct {
                const char *before, *left, *right;
        } cases[] = {
                { "{}", "{\"signature\":\"", "\"}" },
                { "{\"a\":1}", "{\"a\":1,\"signature\":\"", "\"}" },
                { "{\"view\":1}", "{\"signature\":\"", "\",\"view\":1}" },
                { "{\"sign\":1,\"signatures\":[]}", "{\"sign\":1,\"signature\":\"", "\",\"signatures\":[]}" },
                { "{\"a\":{\"z\":[\"}\",\"\\\"view\\\":\"]},\"b\":\"view\"}", "{\"a\":{\"z\":[\"}\",\"\\\"view\\\":\"]},\"b\":\"view\",\"signature\":\"", "\"}" },
                { "{\"a\":{\"signature\":\"x\"}}", "{\"a\":{\"signature\":\"x\"},\"signature\":\"", "\"}" },
        };
        Signature sig = {};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_buf_ Buf b = {}, expected = {}, again = {};
                size_t start, end;

                buf_printf(&expected, "%s%.86s%s", cases[i].left,
                        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", cases[i].right);
                ck_assert_int_eq(sign_insert(&b, cases[i].before, strlen(cases[i].before), &sig), 0);
                ck_assert_str_eq(b.p, expected.p);
                ck_assert_int_eq(line_check(b.p, b.n, b.n, 100, NULL), 0);

                /* and out again */
                ck_assert_int_eq(line_signature_span(b.p, b.n, &start, &end), 0);
                buf_add(&again, b.p, start);
                buf_add(&again, b.p + end, b.n - end);
                ck_assert_str_eq(again.p, cases[i].before);

                buf_reset(&again);
                ck_assert_int_eq(sign_insert(&again, b.p, b.n, &sig), V_FORM);         /* signed already */
        }
}
END_TEST

START_TEST(what_is_no_line_is_not_signed) {
        static const char *const bad[] = { "", "{", "}", "[]", "x", "{\"a\":1" };
        Signature sig = {};

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_buf_ Buf b = {};

                ck_assert_msg(sign_insert(&b, bad[i], strlen(bad[i]), &sig) == V_FORM, "\"%s\"", bad[i]);
        }
}
END_TEST

START_TEST(a_key_of_small_or_mixed_order_is_no_key) {
        static const char *const bad[] = {
                "0100000000000000000000000000000000000000000000000000000000000000", "0000000000000000000000000000000000000000000000000000000000000000",
                "9599999999999999999999999999999999999999999999999999999999999999", "da99e28ba529cdde35a25fba9059e78ecaee239f99755b9b1aa4f65df00803e2",
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "0200000000000000000000000000000000000000000000000000000000000000",
        };
        Why why = {};
        Key key;

        ck_assert_int_eq(crypto_init(&why), 0);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                ck_assert_int_eq(key_from_hex(&key, bad[i]), 0);
                ck_assert_msg(key_check(&key, &why) == V_KEY, "%s", bad[i]);
                ck_assert_str_ne(why.text, "");
        }
        ck_assert_int_eq(key_from_hex(&key, KEY), 0);
        ck_assert_int_eq(key_check(&key, &why), 0);
}
END_TEST

START_TEST(a_check_that_waits_is_judged_like_any) {
        _cleanup_(secret_key_freep) SecretKey *k = secret();
        _cleanup_buf_ Buf m = {};
        SigCheck c = { .key = *secret_key_public(k) };

        buf_add_text(&m, "message");
        sign_bytes(k, m.p, m.n, &c.signature);
        c.message = buf_take(&m, &c.n_message);
        ck_assert_ptr_nonnull(c.message);
        sig_check_run(&c);
        ck_assert(c.valid);
        c.message[0] ^= 1;
        sig_check_run(&c);
        ck_assert(!c.valid);
        sig_check_done(&c);
        ck_assert_ptr_null(c.message);
        sig_check_done(&c);
}
END_TEST

/* Which of the public edge cases (C2SP/CCTV) are accepted is a rule of the ledger. In all of these the key has a part
 * of small order, but for 305, an ordinary signature: with the test of the key that one alone remains. */
static const unsigned accepted[] = {
        7, 29, 50, 117, 139, 161, 182, 249, 305, 411, 425, 438, 465, 473, 481, 489, 497, 511, 525, 538, 565, 573, 581, 589, 597, 611, 625,
        638, 665, 673, 681, 689, 697, 711, 725, 738, 765, 773, 781, 789, 797, 832, 899,
};

START_TEST(the_public_edge_cases_are_judged_as_pinned) {
        _cleanup_buf_ Buf file = {};
        size_t i, next = 0;
        json_t *root, *v;

        ck_assert_int_eq(crypto_init(NULL), 0);
        if (!read_test_data("ed25519-edge-cases.json", &file))
                return;
        root = json_loadb(file.p, file.n, 0, NULL);
        ck_assert_uint_eq(json_array_size(root), 914);

        json_array_foreach(root, i, v) {
                const char *message = json_string_value(json_object_get(v, "msg")), *sig_text = json_string_value(json_object_get(v, "sig"));
                bool valid, expected = next < ELEMENTSOF(accepted) && accepted[next] == i;
                Signature sig;
                Key key;

                ck_assert(message && sig_text);
                ck_assert_uint_eq((size_t) json_integer_value(json_object_get(v, "number")), i);
                ck_assert_int_eq(key_from_hex(&key, json_string_value(json_object_get(v, "key"))), 0);
                ck_assert_int_eq(hex_decode(sig.b, 64, sig_text, strlen(sig_text)), 0);

                valid = sign_verify_bytes(&key, message, strlen(message), &sig);
                ck_assert_msg(valid == expected, "case %zu: %s", i, valid ? "accepted" : "refused");
                next += expected;
                if (valid)
                        ck_assert_msg((key_check(&key, NULL) == 0) == (i == 305), "case %zu: key", i);
        }
        ck_assert_uint_eq(next, ELEMENTSOF(accepted));
        json_decref(root);
}
END_TEST

TEST_MAIN("sign", a_line_is_signed_as_it_always_was, a_signature_holds_for_its_key_kind_network_and_bytes_only,
        a_signature_goes_where_the_order_of_keys_puts_it, what_is_no_line_is_not_signed, a_key_of_small_or_mixed_order_is_no_key,
        a_check_that_waits_is_judged_like_any, the_public_edge_cases_are_judged_as_pinned)
