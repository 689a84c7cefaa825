/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>
#include <stdio.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/sign.h"

struct SecretKey {
        uint8_t secret[crypto_sign_SECRETKEYBYTES];     /* seed and public key, as libsodium has it */
        Key public;
};

void secret_wipe(void *p, size_t n) {
        sodium_memzero(p, n);
}

int secret_key_from_seed(SecretKey **ret, const uint8_t seed[static 32]) {
        SecretKey *k;

        k = sodium_malloc(sizeof(SecretKey));
        if (!k)
                return -ENOMEM;
        if (crypto_sign_seed_keypair(k->public.b, k->secret, seed) != 0) {
                sodium_free(k);
                return -EIO;
        }
        (void) sodium_mprotect_readonly(k);
        *ret = k;
        return 0;
}

int secret_key_generate(SecretKey **ret) {
        uint8_t seed[32];
        int r;

        randombytes_buf(seed, sizeof(seed));
        r = secret_key_from_seed(ret, seed);
        secret_wipe(seed, sizeof(seed));
        return r;
}

SecretKey* secret_key_free(SecretKey *k) {
        if (k)
                sodium_free(k); /* wipes */
        return NULL;
}

const Key* secret_key_public(const SecretKey *k) {
        return &k->public;
}

void secret_key_seed(const SecretKey *k, uint8_t ret[static 32]) {
        memcpy(ret, k->secret, 32);
}

int key_check(const Key *k, Why *why) {
        /* canonical, on the curve, of the main subgroup, not of small order (so not the identity) */
        if (crypto_core_ed25519_is_valid_point(k->b) != 1)
                return why_set(why, V_KEY, "the key is not an Ed25519 public key that this ledger admits (a canonical point of the prime-order subgroup)");
        return 0;
}

int sign_message(Buf *ret, const char *kind, const Id *network, const char *line, size_t n) {
        char hex[ID_HEX];
        size_t start, end;

        buf_add_text(ret, "voted ");
        buf_add_text(ret, kind);
        buf_add_text(ret, " 1\n");
        buf_add_text(ret, id_hex(network, hex));
        buf_add_char(ret, '\n');
        if (line_signature_span(line, n, &start, &end) != 0)
                start = end = n;        /* not signed yet */
        buf_add(ret, line, start);
        buf_add(ret, line + end, n - end);
        return buf_error(ret);
}

void sign_bytes(const SecretKey *k, const void *p, size_t n, Signature *ret) {
        /* cannot fail */
        (void) crypto_sign_detached(ret->b, NULL, p, n, k->secret);
}

bool sign_verify_bytes(const Key *k, const void *p, size_t n, const Signature *sig) {
        /* libsodium 1.0.18 refuses S >= L, R of small order, keys of small order or not canonical, and compares the encoding of
         * SB - kA with R, so that R is canonical and the cofactor stays out: exactly the rule of the ledger. */
        return crypto_sign_verify_detached(sig->b, p, n, k->b) == 0;
}

int sign_verify_line(const Key *k, const char *kind, const Id *network, const char *line, size_t n, const Signature *sig) {
        _cleanup_buf_ Buf message = {};
        int r;

        r = sign_message(&message, kind, network, line, n);
        if (r != 0)
                return r;
        return sign_verify_bytes(k, message.p, message.n, sig) ? 0 : V_SIGNATURE;
}

/* Where "signature" belongs among the keys at the top of a canonical line: before the first that is greater. Returns the
 * offset of that key's quote, or of the closing brace. */
static size_t insertion_point(const char *p, size_t n) {
        static const char key[] = "signature";
        unsigned depth = 0;
        bool expect_key = false;

        for (size_t i = 0; i < n; i++) {
                switch (p[i]) {
                case '{':
                case '[':
                        depth++;
                        expect_key = depth == 1;
                        break;
                case '}':
                case ']':
                        if (--depth == 0)
                                return i;
                        break;
                case ',':
                        expect_key = depth == 1;
                        break;
                case '"': {
                        size_t start = i + 1, len;

                        for (i++; i < n && p[i] != '"'; i++)
                                if (p[i] == '\\')
                                        i++;
                        len = MIN(i, n) - start;
                        if (depth == 1 && expect_key) {
                                int c = memcmp(p + start, key, MIN(len, sizeof(key) - 1));

                                if (c > 0 || (c == 0 && len > sizeof(key) - 1))
                                        return start - 1;
                                expect_key = false;
                        }
                        break;
                }
                }
        }
        return n;
}

int sign_insert(Buf *ret, const char *line, size_t n, const Signature *sig) {
        char text[BASE64_LEN(64) + 1];
        size_t at, start, end;

        if (n < 2 || line[0] != '{' || line[n - 1] != '}' || line_signature_span(line, n, &start, &end) == 0)
                return V_FORM;
        at = insertion_point(line, n);
        if (at >= n)
                return V_FORM;

        base64_encode(text, sig->b, sizeof(sig->b));
        buf_add(ret, line, at);
        if (line[at] == '}' && at > 1)
                buf_add_char(ret, ',');
        buf_add_text(ret, "\"signature\":\"");
        buf_add_text(ret, text);
        buf_add_char(ret, '"');
        if (line[at] != '}')
                buf_add_char(ret, ',');
        buf_add(ret, line + at, n - at);
        return buf_error(ret);
}

int sign_line(Buf *ret, const SecretKey *k, const char *kind, const Id *network, const char *line, size_t n) {
        _cleanup_buf_ Buf message = {};
        Signature sig;
        int r;

        r = sign_message(&message, kind, network, line, n);
        if (r != 0)
                return r;
        sign_bytes(k, message.p, message.n, &sig);
        return sign_insert(ret, line, n, &sig);
}

/* --- the self-test: is this libsodium's judgement the ledger's? --- */

const char* crypto_library_version(void) {
        static char text[64];

        (void) snprintf(text, sizeof(text), "libsodium %s", sodium_version_string());
        return text;
}

#define CASE_KEY "21eb602c3fb779e5e3bd792952e55966d5733d9678723d1d640c015f7f73a17d"

static bool admits(const char *hex) {
        Key k;

        return key_from_hex(&k, hex) == 0 && key_check(&k, NULL) == 0;
}

static bool keys_judged_rightly(void) {
        static const char *const bad[] = {
                "0000000000000000000000000000000000000000000000000000000000000000",     /* order 4 */
                "0100000000000000000000000000000000000000000000000000000000000000",     /* the identity */
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",     /* order 2 */
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",     /* order 8 */
                "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",     /* order 8 */
                "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",     /* p: not canonical */
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",     /* p + 1, likewise */
                "0200000000000000000000000000000000000000000000000000000000000000",     /* not on the curve */
                "da99e28ba529cdde35a25fba9059e78ecaee239f99755b9b1aa4f65df00803e2",     /* the base point, and one of order 8 */
                "5252cc0a7f208133b620acbd4537eba2a4123bf0a8c2e4f980c3b31bb69765ea",     /* the base point, and one of order 4 */
                /* the base point, and the one of order 2: valid for a library without the fix of CVE-2025-69277 */
                "9599999999999999999999999999999999999999999999999999999999999999",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (admits(bad[i]))
                        return false;
        return admits("5866666666666666666666666666666666666666666666666666666666666666") && admits(CASE_KEY);
}

typedef struct Case {
        const char *key, *signature;
        bool valid;
} Case;

/* Over "voted", by a key of the prime-order subgroup, so that no test of the key decides them; each satisfies the
 * equation that some libraries go by. */
static const Case cases[] = {
        { CASE_KEY, "fadd3660979b09e67f7deecbc15e5c94127909720c4004b38367dfaf529c6708"
                    "d6efbecb5c85f4be7bb44d5414f350a17b3ac816cd2278f5c7d72d41b49e3301", true },
        /* R with a part of order 8: holds only when multiplied by the cofactor */
        { CASE_KEY, "14a2f1816c8dd3993bd69fe80193cdbf2e86fab5355330769963c1eb93bd0060"
                    "11fc9da1d02e6546757fbf6ce64c8a85ce53c8ad8fedd393ac03e23ced524e07", false },
        /* R is the identity: holds as it stands, R is of small order */
        { CASE_KEY, "0100000000000000000000000000000000000000000000000000000000000000"
                    "25e1c292130dc612e389d4bca82bdf7a984d2c964c20755007234dece5c1270c", false },
        /* R is the identity written as p + 1, and as 1 with the sign of x set: not canonical */
        { CASE_KEY, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
                    "fe6ccea60634be51737d1ba369fd29f76c64ff4b0b67725c93d8d7c1b7ea5305", false },
        { CASE_KEY, "0100000000000000000000000000000000000000000000000000000000000080"
                    "fd3bcfaf0884d98d7a1a33f4bc8b80144203f09b652255e9da8f15ea65ffa90d", false },
};

static bool judges(const Case *c, const char *message) {
        Signature sig;
        Key key;

        return key_from_hex(&key, c->key) == 0 && hex_decode(sig.b, sizeof(sig.b), c->signature, 128) == 0 &&
                sign_verify_bytes(&key, message, strlen(message), &sig) == c->valid;
}

/* The cases; then the valid one over another message, and with S + L in place of S. */
static bool signatures_judged_rightly(void) {
        static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2,
                0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
        Signature tall;
        unsigned carry = 0;
        Key key;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (!judges(&cases[i], "voted"))
                        return false;

        if (key_from_hex(&key, CASE_KEY) != 0 || hex_decode(tall.b, sizeof(tall.b), cases[0].signature, 128) != 0 ||
                sign_verify_bytes(&key, "Voted", 5, &tall))
                return false;
        for (unsigned i = 0; i < 32; i++) {
                carry += (unsigned) tall.b[32 + i] + order[i];
                tall.b[32 + i] = (uint8_t) carry;
                carry >>= 8;
        }
        return !sign_verify_bytes(&key, "voted", 5, &tall);
}

int crypto_init(Why *why) {
        if (sodium_init() < 0) {
                (void) why_set(why, V_VERSION, "libsodium cannot be initialised");
                return -ENOTSUP;
        }
        if (!keys_judged_rightly() || !signatures_judged_rightly()) {
                (void) why_set(why, V_VERSION, "%s judges keys or signatures otherwise than the ledger does (such as one without the fix of CVE-2025-69277): install the distribution's update", crypto_library_version());
                return -ENOTSUP;
        }
        return 0;
}
