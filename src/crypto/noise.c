/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>

#include "crypto/noise.h"
#include "voted/verdict.h"

/* Comments name the functions of the specification, section 5. */

#define HASH_BYTES 32U
#define KEY_BYTES 32U
#define MESSAGES 3U                     /* of the handshake */

typedef struct Cipher {                 /* CipherState */
        uint8_t key[KEY_BYTES];
        uint64_t nonce;
        bool has_key;
} Cipher;

struct Noise {
        bool initiator;
        bool e_given;                   /* a vector test's */
        bool failed;                    /* a handshake that went wrong is over */
        unsigned step;                  /* messages written and read */
        NoiseKeys s, e;
        uint8_t rs[KEY_BYTES], re[KEY_BYTES];
        bool has_rs;

        /* SymmetricState */
        uint8_t chaining[HASH_BYTES], hash[HASH_BYTES];
        Cipher cipher;

        Cipher send, receive;           /* after the handshake */
};

void noise_keys_generate(NoiseKeys *ret) {
        uint8_t secret[KEY_BYTES];

        randombytes_buf(secret, sizeof(secret));
        noise_keys_from_secret(ret, secret);
        sodium_memzero(secret, sizeof(secret));
}

void noise_keys_from_secret(NoiseKeys *ret, const uint8_t secret[static 32]) {
        memcpy(ret->secret, secret, KEY_BYTES);
        (void) crypto_scalarmult_curve25519_base(ret->public, ret->secret);     /* never fails */
}

/* --- hash and key derivation --- */

static void hmac(uint8_t ret[static HASH_BYTES], const uint8_t key[static HASH_BYTES], const void *a, size_t n_a, const void *b, size_t n_b) {
        crypto_auth_hmacsha256_state state;

        (void) crypto_auth_hmacsha256_init(&state, key, HASH_BYTES);
        (void) crypto_auth_hmacsha256_update(&state, a, n_a);
        (void) crypto_auth_hmacsha256_update(&state, b, n_b);
        (void) crypto_auth_hmacsha256_final(&state, ret);
        sodium_memzero(&state, sizeof(state));
}

/* HKDF(chaining, material, 2) */
static void hkdf(const uint8_t chaining[static HASH_BYTES], const void *material, size_t n, uint8_t ret1[static HASH_BYTES],
        uint8_t ret2[static HASH_BYTES]) {
        static const uint8_t one = 1, two = 2;
        uint8_t temporary[HASH_BYTES];

        hmac(temporary, chaining, material, n, NULL, 0);
        hmac(ret1, temporary, &one, 1, NULL, 0);
        hmac(ret2, temporary, ret1, HASH_BYTES, &two, 1);
        sodium_memzero(temporary, sizeof(temporary));
}

static void mix_hash(Noise *n, const void *p, size_t n_p) {
        crypto_hash_sha256_state state;

        (void) crypto_hash_sha256_init(&state);
        (void) crypto_hash_sha256_update(&state, n->hash, sizeof(n->hash));
        (void) crypto_hash_sha256_update(&state, p, n_p);
        (void) crypto_hash_sha256_final(&state, n->hash);
}

/* MixKey(DH(pair, point)). False: the point is of small order, so that the result would be zero whatever the secret. */
static bool mix_dh(Noise *n, const NoiseKeys *pair, const uint8_t point[static KEY_BYTES]) {
        uint8_t shared[KEY_BYTES], chaining[HASH_BYTES];
        bool good;

        good = crypto_scalarmult_curve25519(shared, pair->secret, point) == 0;
        if (good) {
                hkdf(n->chaining, shared, sizeof(shared), chaining, n->cipher.key);
                memcpy(n->chaining, chaining, sizeof(chaining));
                n->cipher.nonce = 0;
                n->cipher.has_key = true;
        }
        sodium_memzero(shared, sizeof(shared));
        sodium_memzero(chaining, sizeof(chaining));
        return good;
}

static bool point_is_good(const NoiseKeys *pair, const uint8_t point[static KEY_BYTES]) {
        uint8_t shared[KEY_BYTES];
        bool good;

        good = crypto_scalarmult_curve25519(shared, pair->secret, point) == 0;
        sodium_memzero(shared, sizeof(shared));
        return good;
}

/* --- ciphers --- */

static void make_nonce(uint8_t ret[static crypto_aead_chacha20poly1305_ietf_NPUBBYTES], uint64_t nonce) {
        memset(ret, 0, 4);
        for (unsigned i = 0; i < 8; i++)
                ret[4 + i] = (uint8_t) (nonce >> (8 * i));
}

/* EncryptWithAd: to has room for n and the tag. */
static void cipher_encrypt(Cipher *c, const void *ad, size_t n_ad, const void *p, size_t n, uint8_t *to) {
        uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

        assert(c->nonce != UINT64_MAX);         /* reserved; not reached at a message a nanosecond for 500 years */
        make_nonce(nonce, c->nonce++);
        /* fails for sizes only that no message has */
        (void) crypto_aead_chacha20poly1305_ietf_encrypt(to, NULL, p, n, ad, n_ad, NULL, nonce, c->key);
}

/* DecryptWithAd: n includes the tag, to has room for the rest. */
static bool cipher_decrypt(Cipher *c, const void *ad, size_t n_ad, const void *p, size_t n, uint8_t *to) {
        uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

        if (n < NOISE_TAG || c->nonce == UINT64_MAX)
                return false;
        make_nonce(nonce, c->nonce);
        if (crypto_aead_chacha20poly1305_ietf_decrypt(to, NULL, NULL, p, n, ad, n_ad, nonce, c->key) != 0)
                return false;
        c->nonce++;
        return true;
}

/* EncryptAndHash; returns how many bytes it wrote. */
static size_t encrypt_and_hash(Noise *n, const void *p, size_t n_p, uint8_t *to) {
        size_t length = n_p;

        if (n->cipher.has_key) {
                cipher_encrypt(&n->cipher, n->hash, sizeof(n->hash), p, n_p, to);
                length += NOISE_TAG;
        } else if (n_p > 0)
                memcpy(to, p, n_p);
        mix_hash(n, to, length);
        return length;
}

/* DecryptAndHash: n_p includes the tag, if there is one. */
static bool decrypt_and_hash(Noise *n, const uint8_t *p, size_t n_p, uint8_t *to) {
        if (n->cipher.has_key) {
                if (!cipher_decrypt(&n->cipher, n->hash, sizeof(n->hash), p, n_p, to))
                        return false;
        } else if (n_p > 0)
                memcpy(to, p, n_p);
        mix_hash(n, p, n_p);
        return true;
}

/* --- the handshake --- */

int noise_new(Noise **ret, bool initiator, const NoiseKeys *s, const NoiseKeys *e, const void *prologue, size_t n_prologue) {
        static const char name[] = "Noise_XX_25519_ChaChaPoly_SHA256";
        Noise *n;

        n = new0(Noise, 1);
        if (!n)
                return -ENOMEM;
        n->initiator = initiator;
        n->s = *s;
        if (e) {
                n->e = *e;
                n->e_given = true;
        }

        /* A name of exactly the hash's size is not hashed. */
        static_assert(sizeof(name) - 1 == HASH_BYTES, "the name of the protocol has another size than the hash");
        memcpy(n->hash, name, HASH_BYTES);
        memcpy(n->chaining, name, HASH_BYTES);
        mix_hash(n, prologue, n_prologue);

        *ret = n;
        return 0;
}

Noise* noise_free(Noise *n) {
        if (n) {
                sodium_memzero(n, sizeof(*n));
                free(n);
        }
        return NULL;
}

bool noise_handshake_done(const Noise *n) {
        return n->step == MESSAGES;
}

bool noise_is_my_turn(const Noise *n) {
        return !n->failed && !noise_handshake_done(n) && (n->step % 2 == 0) == n->initiator;
}

const uint8_t* noise_remote_static(const Noise *n) {
        return n->has_rs ? n->rs : NULL;
}

const uint8_t* noise_local_static(const Noise *n) {
        return n->s.public;
}

const uint8_t* noise_handshake_hash(const Noise *n) {
        assert(noise_handshake_done(n));
        return n->hash;
}

/* Split, and what the handshake alone needed goes. */
static void split(Noise *n) {
        hkdf(n->chaining, NULL, 0, n->initiator ? n->send.key : n->receive.key, n->initiator ? n->receive.key : n->send.key);
        n->send.has_key = n->receive.has_key = true;
        sodium_memzero(n->e.secret, sizeof(n->e.secret));
        sodium_memzero(n->s.secret, sizeof(n->s.secret));
        sodium_memzero(n->chaining, sizeof(n->chaining));
        sodium_memzero(&n->cipher, sizeof(n->cipher));
}

static void step_done(Noise *n) {
        if (++n->step == MESSAGES)
                split(n);
}

int noise_write_handshake(Noise *n, const void *payload, size_t n_payload, Buf *ret) {
        const size_t overhead = 2 * KEY_BYTES + 2 * NOISE_TAG;
        uint8_t *start, *to;
        bool good = true;

        assert(noise_is_my_turn(n));
        assert(n_payload <= NOISE_MESSAGE_MAX - overhead);

        start = to = buf_reserve(ret, n_payload + overhead);
        if (!to)
                return -ENOMEM;

        if (n->step < 2) {              /* e */
                if (!n->e_given)
                        noise_keys_generate(&n->e);
                memcpy(to, n->e.public, KEY_BYTES);
                mix_hash(n, to, KEY_BYTES);
                to += KEY_BYTES;
        }
        if (n->step == 1)               /* ee */
                good = good && mix_dh(n, &n->e, n->re);
        if (n->step > 0) {              /* s, then es of the responder, se of the initiator: both with s here */
                to += encrypt_and_hash(n, n->s.public, KEY_BYTES, to);
                good = good && mix_dh(n, &n->s, n->re);
        }
        assert(good);                   /* re was tried when it came */

        to += encrypt_and_hash(n, payload, n_payload, to);
        ret->n += (size_t) (to - start);
        ret->p[ret->n] = 0;
        step_done(n);
        return 0;
}

/* The tokens in front of the payload; false: not a message of the handshake. */
static bool read_tokens(Noise *n, const uint8_t **p, size_t *left) {
        if (n->step < 2) {              /* e */
                if (*left < KEY_BYTES)
                        return false;
                memcpy(n->re, *p, KEY_BYTES);
                mix_hash(n, n->re, KEY_BYTES);
                *p += KEY_BYTES;
                *left -= KEY_BYTES;
                /* What this side will multiply only when it writes, judged where it can be refused: a point of small order
                 * is one with any secret. */
                if (n->step == 0 && !point_is_good(&n->s, n->re))
                        return false;
        }
        if (n->step == 1 && !mix_dh(n, &n->e, n->re))           /* ee */
                return false;
        if (n->step > 0) {              /* s, then es or se: with e on the side that reads */
                if (*left < KEY_BYTES + NOISE_TAG || !decrypt_and_hash(n, *p, KEY_BYTES + NOISE_TAG, n->rs))
                        return false;
                n->has_rs = true;
                *p += KEY_BYTES + NOISE_TAG;
                *left -= KEY_BYTES + NOISE_TAG;
                if (!mix_dh(n, &n->e, n->rs))
                        return false;
        }
        return true;
}

int noise_read_handshake(Noise *n, const void *p, size_t n_p, Buf *ret_payload) {
        const uint8_t *s = p;
        size_t left = n_p;
        uint8_t *to;

        if (n->failed || noise_handshake_done(n) || noise_is_my_turn(n) || n_p > NOISE_MESSAGE_MAX)
                return V_PROTOCOL;

        to = buf_reserve(ret_payload, n_p);     /* more than is needed, before anything changes */
        if (!to)
                return -ENOMEM;
        if (!read_tokens(n, &s, &left) || (n->cipher.has_key && left < NOISE_TAG) || !decrypt_and_hash(n, s, left, to)) {
                ret_payload->p[ret_payload->n] = 0;
                n->failed = true;
                n->has_rs = false;
                return V_PROTOCOL;
        }

        ret_payload->n += left - (n->cipher.has_key ? NOISE_TAG : 0);
        ret_payload->p[ret_payload->n] = 0;
        step_done(n);
        return 0;
}

/* --- transport --- */

int noise_encrypt(Noise *n, const void *p, size_t n_p, Buf *ret) {
        uint8_t *to;

        assert(noise_handshake_done(n));
        assert(n_p <= NOISE_MESSAGE_MAX - NOISE_TAG);

        to = buf_reserve(ret, n_p + NOISE_TAG);
        if (!to)
                return -ENOMEM;
        cipher_encrypt(&n->send, NULL, 0, p, n_p, to);
        ret->n += n_p + NOISE_TAG;
        ret->p[ret->n] = 0;
        return 0;
}

int noise_decrypt(Noise *n, const void *p, size_t n_p, Buf *ret) {
        uint8_t *to;

        assert(noise_handshake_done(n));

        if (n_p < NOISE_TAG || n_p > NOISE_MESSAGE_MAX)
                return V_PROTOCOL;
        to = buf_reserve(ret, n_p - NOISE_TAG);
        if (!to)
                return -ENOMEM;
        if (!cipher_decrypt(&n->receive, NULL, 0, p, n_p, to)) {
                ret->p[ret->n] = 0;
                return V_PROTOCOL;
        }
        ret->n += n_p - NOISE_TAG;
        ret->p[ret->n] = 0;
        return 0;
}
