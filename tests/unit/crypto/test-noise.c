/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <jansson.h>

#include "codec/hex.h"
#include "crypto/noise.h"
#include "crypto/sign.h"
#include "voted/verdict.h"

#include "../help.h"

typedef struct Pair {
        Noise *i, *r;
} Pair;

static void pair_done(Pair *p) {
        p->i = noise_free(p->i);
        p->r = noise_free(p->r);
}

static Pair pair_new(void) {
        NoiseKeys si, sr;
        Pair p = {};

        noise_keys_generate(&si);
        noise_keys_generate(&sr);
        ck_assert_int_eq(noise_new(&p.i, true, &si, NULL, "voted 1", 7), 0);
        ck_assert_int_eq(noise_new(&p.r, false, &sr, NULL, "voted 1", 7), 0);
        return p;
}

static void carry(Noise *from, Noise *to, const char *payload) {
        _cleanup_buf_ Buf message = {}, got = {};

        ck_assert(noise_is_my_turn(from));
        ck_assert(!noise_is_my_turn(to));
        ck_assert_int_eq(noise_write_handshake(from, payload, strlen(payload), &message), 0);
        ck_assert_int_eq(noise_read_handshake(to, message.p, message.n, &got), 0);
        ck_assert_uint_eq(got.n, strlen(payload));
        ck_assert_int_eq(memcmp(got.p, payload, got.n), 0);
}

static Pair pair_connected(void) {
        Pair p = pair_new();

        carry(p.i, p.r, "");
        carry(p.r, p.i, "I am the responder");
        carry(p.i, p.r, "I am the initiator");
        ck_assert(noise_handshake_done(p.i));
        ck_assert(noise_handshake_done(p.r));
        return p;
}

START_TEST(both_sides_end_with_the_same_hash_and_each_others_key) {
        _cleanup_(pair_done) Pair p = pair_new();

        ck_assert_ptr_null(noise_remote_static(p.i));
        ck_assert_ptr_null(noise_remote_static(p.r));
        pair_done(&p);
        p = pair_connected();
        ck_assert_mem_eq(noise_handshake_hash(p.i), noise_handshake_hash(p.r), 32);
        ck_assert_mem_eq(noise_remote_static(p.i), noise_local_static(p.r), 32);
        ck_assert_mem_eq(noise_remote_static(p.r), noise_local_static(p.i), 32);
        ck_assert(!noise_is_my_turn(p.i));
        ck_assert(!noise_is_my_turn(p.r));
}
END_TEST

START_TEST(messages_pass_both_ways_in_every_size) {
        static const size_t sizes[] = { 0, 1, 16, 1000, NOISE_MESSAGE_MAX - NOISE_TAG };
        _cleanup_(pair_done) Pair p = pair_connected();
        _cleanup_free_ uint8_t *plain = calloc(1, NOISE_MESSAGE_MAX);

        ck_assert_ptr_nonnull(plain);
        for (size_t k = 0; k < 2 * ELEMENTSOF(sizes); k++) {
                _cleanup_buf_ Buf sealed = {}, got = {};
                size_t n = sizes[k / 2];
                bool forth = k % 2 == 0;

                memset(plain, (int) k, n);
                ck_assert_int_eq(noise_encrypt(forth ? p.i : p.r, plain, n, &sealed), 0);
                ck_assert_uint_eq(sealed.n, n + NOISE_TAG);
                ck_assert_int_eq(noise_decrypt(forth ? p.r : p.i, sealed.p, sealed.n, &got), 0);
                ck_assert_uint_eq(got.n, n);
                ck_assert(n == 0 || memcmp(got.p, plain, n) == 0);
        }
}
END_TEST

START_TEST(an_altered_message_is_refused_and_gives_nothing) {
        _cleanup_(pair_done) Pair p = pair_connected();
        _cleanup_buf_ Buf sealed = {}, got = {};

        ck_assert_int_eq(noise_encrypt(p.i, "ballot", 6, &sealed), 0);
        for (size_t i = 0; i < sealed.n; i++) {
                sealed.p[i] ^= 0x40;
                ck_assert_int_eq(noise_decrypt(p.r, sealed.p, sealed.n, &got), V_PROTOCOL);
                ck_assert_uint_eq(got.n, 0);
                sealed.p[i] ^= 0x40;
        }
        for (size_t n = 0; n < sealed.n; n++)
                ck_assert_int_eq(noise_decrypt(p.r, sealed.p, n, &got), V_PROTOCOL);
        ck_assert_int_eq(noise_decrypt(p.r, sealed.p, NOISE_MESSAGE_MAX + 1, &got), V_PROTOCOL);

        ck_assert_int_eq(noise_decrypt(p.r, sealed.p, sealed.n, &got), 0);
        ck_assert_int_eq(noise_decrypt(p.r, sealed.p, sealed.n, &got), V_PROTOCOL);     /* a replay */
}
END_TEST

START_TEST(messages_out_of_order_are_refused) {
        _cleanup_(pair_done) Pair p = pair_connected();
        _cleanup_buf_ Buf first = {}, second = {}, got = {};

        ck_assert_int_eq(noise_encrypt(p.i, "1", 1, &first), 0);
        ck_assert_int_eq(noise_encrypt(p.i, "2", 1, &second), 0);
        ck_assert_int_eq(noise_decrypt(p.r, second.p, second.n, &got), V_PROTOCOL);
        ck_assert_int_eq(noise_decrypt(p.r, first.p, first.n, &got), 0);
        ck_assert_int_eq(noise_decrypt(p.r, second.p, second.n, &got), 0);
        ck_assert_str_eq(got.p, "12");
        /* what one says does not come back as the other's word */
        buf_reset(&first);
        ck_assert_int_eq(noise_encrypt(p.i, "3", 1, &first), 0);
        ck_assert_int_eq(noise_decrypt(p.i, first.p, first.n, &got), V_PROTOCOL);
}
END_TEST

/* Every byte of each message of the handshake, and each length below its own: no byte is one that nobody checks,
 * save that the first message has no key yet, which the second shows. */
START_TEST(an_altered_handshake_fails_at_the_latest_with_the_next_message) {
        for (unsigned step = 0; step < 3; step++)
                for (size_t at = 0;; at++) {
                        _cleanup_(pair_done) Pair p = pair_new();
                        _cleanup_buf_ Buf m = {}, got = {}, next = {};
                        Noise *from = p.i, *to = p.r;
                        int r;

                        for (unsigned k = 0; k < step; k++) {
                                carry(from, to, "x");
                                from = from == p.i ? p.r : p.i;
                                to = to == p.i ? p.r : p.i;
                        }
                        ck_assert_int_eq(noise_write_handshake(from, "payload", 7, &m), 0);
                        if (at == m.n)
                                break;
                        m.p[at] ^= 0x04;
                        r = noise_read_handshake(to, m.p, m.n, &got);
                        if (r == 0) {
                                ck_assert_msg(step == 0, "step %u takes a change of byte %zu", step, at);
                                ck_assert_int_eq(noise_write_handshake(to, "", 0, &next), 0);
                                r = noise_read_handshake(from, next.p, next.n, &got);
                        }
                        ck_assert_msg(r == V_PROTOCOL, "step %u, byte %zu: %d", step, at, r);
                }
}
END_TEST

START_TEST(a_handshake_message_cut_short_is_refused) {
        static const size_t least[] = { 32, 32 + 48 + 16, 48 + 16 };

        for (unsigned step = 0; step < 3; step++)
                for (size_t n = 0; n < least[step]; n++) {
                        _cleanup_(pair_done) Pair p = pair_new();
                        _cleanup_buf_ Buf m = {}, got = {};
                        Noise *from = p.i, *to = p.r;

                        for (unsigned k = 0; k < step; k++) {
                                carry(from, to, "x");
                                from = from == p.i ? p.r : p.i;
                                to = to == p.i ? p.r : p.i;
                        }
                        ck_assert_int_eq(noise_write_handshake(from, "", 0, &m), 0);
                        ck_assert_uint_eq(m.n, least[step]);
                        ck_assert_int_eq(noise_read_handshake(to, m.p, n, &got), V_PROTOCOL);
                        ck_assert_uint_eq(got.n, 0);
                        /* it is over: the whole message comes too late */
                        ck_assert_int_eq(noise_read_handshake(to, m.p, m.n, &got), V_PROTOCOL);
                        ck_assert(!noise_is_my_turn(to));
                }
}
END_TEST

START_TEST(another_prologue_or_a_turn_missed_is_refused) {
        _cleanup_(pair_done) Pair p = pair_new();
        _cleanup_buf_ Buf m = {}, got = {};
        NoiseKeys s;

        p.r = noise_free(p.r);
        noise_keys_generate(&s);
        ck_assert_int_eq(noise_new(&p.r, false, &s, NULL, "voted 2", 7), 0);
        carry(p.i, p.r, "");            /* shows only with the first tag */
        ck_assert_int_eq(noise_write_handshake(p.r, "", 0, &m), 0);
        ck_assert_int_eq(noise_read_handshake(p.r, m.p, m.n, &got), V_PROTOCOL);        /* its own */
        ck_assert_int_eq(noise_read_handshake(p.i, m.p, m.n, &got), V_PROTOCOL);
}
END_TEST

/* The points of small order on Curve25519 (RFC 7748, 6.1, "all-zero value"), and their forms beyond p. */
START_TEST(a_point_of_small_order_is_refused_when_it_comes) {
        static const char *const points[] = {
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0100000000000000000000000000000000000000000000000000000000000000",
                "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        };

        for (size_t i = 0; i < ELEMENTSOF(points); i++) {
                _cleanup_(pair_done) Pair p = pair_new();
                _cleanup_buf_ Buf got = {};
                uint8_t message[32];

                ck_assert_int_eq(hex_decode(message, 32, points[i], 64), 0);
                ck_assert_msg(noise_read_handshake(p.r, message, 32, &got) == V_PROTOCOL, "point %zu", i);
        }
}
END_TEST

static void decode(const char *hex, void *ret, size_t n) {
        ck_assert_int_eq(hex_decode(ret, n, hex, strlen(hex)), 0);
}

static const char* member(const json_t *o, const char *key) {
        const char *s = json_string_value(json_object_get(o, key));

        ck_assert_msg(s, "the vector has no \"%s\"", key);
        return s;
}

static Noise* from_vector(const json_t *v, bool initiator) {
        const char *prologue = member(v, initiator ? "init_prologue" : "resp_prologue");
        uint8_t secret[32], text[256];
        NoiseKeys s, e;
        Noise *n;

        decode(member(v, initiator ? "init_static" : "resp_static"), secret, 32);
        noise_keys_from_secret(&s, secret);
        decode(member(v, initiator ? "init_ephemeral" : "resp_ephemeral"), secret, 32);
        noise_keys_from_secret(&e, secret);
        decode(prologue, text, strlen(prologue) / 2);
        ck_assert_int_eq(noise_new(&n, initiator, &s, &e, text, strlen(prologue) / 2), 0);
        return n;
}

START_TEST(the_public_vector_gives_its_bytes) {
        _cleanup_buf_ Buf file = {};
        json_t *root, *v, *m;
        size_t i;

        if (!read_test_data("noise-xx-25519-chachapoly-sha256.json", &file))
                return;
        root = json_loadb(file.p, file.n, 0, NULL);
        v = json_array_get(json_object_get(root, "vectors"), 0);
        ck_assert_ptr_nonnull(v);

        {
                _cleanup_(pair_done) Pair p = { from_vector(v, true), from_vector(v, false) };

                json_array_foreach(json_object_get(v, "messages"), i, m) {
                        Noise *from = i % 2 == 0 ? p.i : p.r, *to = i % 2 == 0 ? p.r : p.i;
                        const char *payload = member(m, "payload"), *ciphertext = member(m, "ciphertext");
                        _cleanup_buf_ Buf got = {}, back = {};
                        uint8_t plain[1024];
                        char hex[4096];

                        decode(payload, plain, strlen(payload) / 2);
                        ck_assert_int_eq(noise_handshake_done(from) ? noise_encrypt(from, plain, strlen(payload) / 2, &got) :
                                noise_write_handshake(from, plain, strlen(payload) / 2, &got), 0);
                        ck_assert_uint_lt(got.n, sizeof(hex) / 2);
                        hex_encode(hex, got.p, got.n);
                        ck_assert_msg(streq(hex, ciphertext), "message %zu: %s, expected %s", i, hex, ciphertext);

                        ck_assert_int_eq(noise_handshake_done(to) ? noise_decrypt(to, got.p, got.n, &back) :
                                noise_read_handshake(to, got.p, got.n, &back), 0);
                        ck_assert_uint_eq(back.n, strlen(payload) / 2);
                        ck_assert_mem_eq(back.p, plain, back.n);

                        if (i == 2) {
                                hex_encode(hex, noise_handshake_hash(p.r), 32);
                                ck_assert_str_eq(hex, member(v, "handshake_hash"));
                        }
                }
                ck_assert_uint_gt(i, 3);
        }
        json_decref(root);
}
END_TEST

TEST_MAIN("noise", both_sides_end_with_the_same_hash_and_each_others_key, messages_pass_both_ways_in_every_size,
        an_altered_message_is_refused_and_gives_nothing, messages_out_of_order_are_refused,
        an_altered_handshake_fails_at_the_latest_with_the_next_message, a_handshake_message_cut_short_is_refused,
        another_prologue_or_a_turn_missed_is_refused, a_point_of_small_order_is_refused_when_it_comes,
        the_public_vector_gives_its_bytes)
