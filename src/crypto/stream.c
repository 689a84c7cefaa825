/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>

#include "crypto/stream.h"

static_assert(sizeof(crypto_auth_hmacsha512_state) <= sizeof(((Stream *) NULL)->state), "room for HMAC-SHA-512");
static_assert(_Alignof(crypto_auth_hmacsha512_state) <= _Alignof(Stream), "and at its border");

static crypto_auth_hmacsha512_state* state(Stream *s) {
        return (crypto_auth_hmacsha512_state *) (void *) s->state;
}

static void done(int r) {
        assert(r == 0);         /* none of HMAC's calls can fail */
        (void) r;
}

void stream_bind(Stream *s, const void *p, size_t n) {
        uint8_t length[4];

        assert(!s->begun);
        assert(n <= UINT32_MAX);
        for (unsigned i = 0; i < 4; i++)
                length[i] = (uint8_t) (n >> (24 - 8 * i));
        done(crypto_auth_hmacsha512_update(state(s), length, sizeof(length)));
        done(crypto_auth_hmacsha512_update(state(s), p, n));
}

void stream_bind_u64(Stream *s, uint64_t v) {
        uint8_t b[8];

        for (unsigned i = 0; i < 8; i++)
                b[i] = (uint8_t) (v >> (56 - 8 * i));
        stream_bind(s, b, sizeof(b));
}

void stream_begin(Stream *s, const uint8_t seed[static 32], const char *label) {
        static const char title[] = "voted stream 1";

        *s = (Stream) {};
        done(crypto_auth_hmacsha512_init(state(s), seed, 32));
        stream_bind(s, title, strlen(title));
        stream_bind(s, label, strlen(label));
}

void stream_begin_random(Stream *s, const char *label) {
        uint8_t seed[32];

        randombytes_buf(seed, sizeof(seed));
        stream_begin(s, seed, label);
        sodium_memzero(seed, sizeof(seed));
}

static void draw(Stream *s, uint8_t ret[static 64]) {
        crypto_auth_hmacsha512_state h;
        uint8_t number[8];

        if (!s->begun) {
                done(crypto_auth_hmacsha512_final(state(s), s->key));
                sodium_memzero(s->state, sizeof(s->state));
                s->begun = true;
        }

        for (unsigned i = 0; i < 8; i++)
                number[i] = (uint8_t) (s->draws >> (56 - 8 * i));
        s->draws++;
        done(crypto_auth_hmacsha512_init(&h, s->key, sizeof(s->key)));
        done(crypto_auth_hmacsha512_update(&h, number, sizeof(number)));
        done(crypto_auth_hmacsha512_final(&h, ret));
        sodium_memzero(&h, sizeof(h));
}

void stream_scalar(Stream *s, Scalar *ret) {
        uint8_t wide[64];

        do {
                draw(s, wide);
                scalar_reduce(ret, wide);
        } while (scalar_is_zero(ret));  /* never seen by anybody */
        sodium_memzero(wide, sizeof(wide));
}

void stream_bytes(Stream *s, uint8_t ret[static 32]) {
        uint8_t wide[64];

        draw(s, wide);
        memcpy(ret, wide, 32);
        sodium_memzero(wide, sizeof(wide));
}

void stream_done(Stream *s) {
        sodium_memzero(s, sizeof(*s));
}
