/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/hex.h"
#include "consensus/pow-seal.h"
#include "consensus/pow.h"
#include "crypto/hash.h"
#include "run.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef struct World {
        SecretKey *key, *other;
        Id network;
        Header h;
        Buf seal;
} World;

static int sign(void *userdata, const char *kind, const char *line, size_t n, Buf *ret) {
        World *w = userdata;

        return sign_line(ret, w->key, kind, &w->network, line, n);
}

static void world_init(World *w) {
        EngineSetup setup = { .sign_userdata = w, .sign = sign };
        uint64_t nonce = 0;

        *w = (World) { .network = { .b = { 9 } } };
        ck_assert_int_eq(secret_key_from_seed(&w->key, (uint8_t[32]) { 1 }), 0);
        ck_assert_int_eq(secret_key_from_seed(&w->other, (uint8_t[32]) { 2 }), 0);
        w->h = (Header) { .network = w->network, .parent = w->network, .sealer = *secret_key_public(w->key), .height = 1, .time = 5,
                          .field = HEADER_DIFFICULTY, .value = 100 };
        ck_assert_int_eq(header_set_id(&w->h), 0);
        ck_assert(pow_try(&w->h.id, 0, 100000, 100, &nonce));
        ck_assert_int_eq(pow_seal_make(&setup, &w->h.id, nonce, &w->seal), 0);
}

static void world_done(World *w) {
        secret_key_free(w->key);
        secret_key_free(w->other);
        buf_done(&w->seal);
}

/* 0 and whether its one signature is valid, or a verdict. */
static int judge(World *w, const PowConfig *c, const char *seal, size_t n, bool *ret_valid, Why *why) {
        SigCheck check = {};
        size_t n_checks;
        int r;

        r = pow_seal_judge(c, &w->network, &w->h, seal, n, &check, 1, &n_checks, why);
        ck_assert_uint_eq(n_checks, r == 0);
        if (r == 0) {
                sig_check_run(&check);
                *ret_valid = check.valid;
                sig_check_done(&check);
        }
        return r;
}

START_TEST(good_seal_is_accepted) {
        _cleanup_(world_done) World w;
        bool valid = false;
        Why why = {};

        world_init(&w);
        assert_verdict(judge(&w, &(PowConfig) {}, w.seal.p, w.seal.n, &valid, &why), 0, why);
        ck_assert(valid);
        ck_assert_uint_le(w.seal.n, POW_SEAL_BYTES_MAX);
}
END_TEST

START_TEST(miners_alone_may_seal) {
        _cleanup_(world_done) World w;
        PowConfig c = {};
        Key miners[2] = {};
        bool valid = false;
        Why why = {};

        world_init(&w);
        c.miners = miners;
        c.n_miners = 2;
        miners[0] = *secret_key_public(w.other);
        assert_verdict(judge(&w, &c, w.seal.p, w.seal.n, &valid, &why), V_SEAL, why);
        miners[1] = *secret_key_public(w.key);
        assert_verdict(judge(&w, &c, w.seal.p, w.seal.n, &valid, &why), 0, why);
}
END_TEST

START_TEST(signature_is_the_sealers) {
        _cleanup_(world_done) World w;
        _cleanup_buf_ Buf line = {}, seal = {};
        size_t start, end;
        bool valid = true;
        Why why = {};

        world_init(&w);
        start = (size_t) (strstr(w.seal.p, ",\"signature\"") - w.seal.p);
        end = w.seal.n - 1;
        buf_add(&line, w.seal.p, start);
        buf_add(&line, w.seal.p + end, 1);
        ck_assert_int_eq(sign_line(&seal, w.other, "seal", &w.network, line.p, line.n), 0);
        assert_verdict(judge(&w, &(PowConfig) {}, seal.p, seal.n, &valid, &why), 0, why);
        ck_assert(!valid);

        /* Nor is it one for another kind of line. */
        buf_reset(&seal);
        ck_assert_int_eq(sign_line(&seal, w.key, "block", &w.network, line.p, line.n), 0);
        valid = true;
        assert_verdict(judge(&w, &(PowConfig) {}, seal.p, seal.n, &valid, &why), 0, why);
        ck_assert(!valid);
}
END_TEST

START_TEST(nonce_without_work_is_refused) {
        _cleanup_(world_done) World w;
        EngineSetup setup = { .sign_userdata = &w, .sign = sign };
        _cleanup_buf_ Buf seal = {};
        uint64_t nonce = 0;
        bool valid;
        Why why = {};

        world_init(&w);
        while (hash_work(&w.h.id, nonce) <= pow_target(w.h.value))
                nonce++;
        ck_assert_int_eq(pow_seal_make(&setup, &w.h.id, nonce, &seal), 0);
        assert_verdict(judge(&w, &(PowConfig) {}, seal.p, seal.n, &valid, &why), V_SEAL, why);
}
END_TEST

START_TEST(seal_of_another_block_is_refused) {
        _cleanup_(world_done) World w;
        bool valid;
        Why why = {};

        world_init(&w);
        w.h.count++;
        ck_assert_int_eq(header_set_id(&w.h), 0);
        assert_verdict(judge(&w, &(PowConfig) {}, w.seal.p, w.seal.n, &valid, &why), V_SEAL, why);
}
END_TEST

START_TEST(header_of_another_network_is_refused) {
        _cleanup_(world_done) World w;
        bool valid;
        Why why = {};

        world_init(&w);
        w.network.b[5] ^= 1;
        assert_verdict(judge(&w, &(PowConfig) {}, w.seal.p, w.seal.n, &valid, &why), V_BLOCK, why);
}
END_TEST

#define SIGNATURE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const char *const bad_forms[] = {
        "",
        "[]",
        "{}",
        "{\"block\":\"" HEX64 "\",\"kind\":\"block\",\"nonce\":\"0000000000000000\",\"signature\":\"" SIGNATURE "\"}",
        "{\"block\":\"" HEX64 "\",\"kind\":\"seal\",\"nonce\":\"000000000000000\",\"signature\":\"" SIGNATURE "\"}",
        "{\"block\":\"" HEX64 "\",\"kind\":\"seal\",\"nonce\":\"000000000000000A\",\"signature\":\"" SIGNATURE "\"}",
        "{\"block\":\"" HEX64 "\",\"kind\":\"seal\",\"nonce\":0,\"signature\":\"" SIGNATURE "\"}",
        "{\"block\":\"" HEX64 "\",\"kind\":\"seal\",\"nonce\":\"0000000000000000\"}",
        "{\"block\":\"" HEX64 "\",\"kind\":\"seal\",\"more\":1,\"nonce\":\"0000000000000000\",\"signature\":\"" SIGNATURE "\"}",
        "{\"block\":\"00\",\"kind\":\"seal\",\"nonce\":\"0000000000000000\",\"signature\":\"" SIGNATURE "\"}",
};

START_TEST(other_forms_are_refused) {
        _cleanup_(world_done) World w;
        bool valid;
        Why why = {};

        world_init(&w);
        assert_verdict(judge(&w, &(PowConfig) {}, bad_forms[_i], strlen(bad_forms[_i]), &valid, &why), V_FORM, why);
        ck_assert_str_ne(why.text, "");
}
END_TEST

START_TEST(long_seal_is_refused) {
        _cleanup_(world_done) World w;
        char seal[POW_SEAL_BYTES_MAX + 1];
        bool valid;
        Why why = {};

        world_init(&w);
        memset(seal, ' ', sizeof(seal));
        assert_verdict(judge(&w, &(PowConfig) {}, seal, sizeof(seal), &valid, &why), V_SIZE, why);
}
END_TEST

START_TEST(tries_go_on_from_zero_past_the_last_nonce) {
        Id id = { .b = { 1, 2, 3 } };
        uint64_t nonce, first = 0, difficulty = 64;

        /* With the specification's own words: first 8 bytes, big-endian, of H(id | nonce little-endian). */
        ck_assert(pow_try(&id, UINT64_MAX - 4, 10000, difficulty, &nonce));
        for (uint64_t n = UINT64_MAX - 4;; n++) {
                uint8_t text[40];
                Id h;
                uint64_t v = 0;

                memcpy(text, id.b, 32);
                for (size_t i = 0; i < 8; i++)
                        text[32 + i] = (uint8_t) (n >> 8 * i);
                hash_bytes(&h, text, 40);
                for (size_t i = 0; i < 8; i++)
                        v = v << 8 | h.b[i];
                if (v <= UINT64_MAX / difficulty) {
                        first = n;
                        break;
                }
        }
        ck_assert_uint_eq(nonce, first);
        ck_assert(!pow_try(&id, nonce + 1, 0, difficulty, &nonce));
        ck_assert(pow_try(&id, 77, 1, 1, &nonce));
        ck_assert_uint_eq(nonce, 77);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, good_seal_is_accepted);
        tcase_add_test(t, miners_alone_may_seal);
        tcase_add_test(t, signature_is_the_sealers);
        tcase_add_test(t, nonce_without_work_is_refused);
        tcase_add_test(t, seal_of_another_block_is_refused);
        tcase_add_test(t, header_of_another_network_is_refused);
        tcase_add_loop_test(t, other_forms_are_refused, 0, ELEMENTSOF(bad_forms));
        tcase_add_test(t, long_seal_is_refused);
        tcase_add_test(t, tries_go_on_from_zero_past_the_last_nonce);
}

int main(void) {
        return run_suite("pow-seal", add);
}
