/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>

#include "crypto/transcript.h"

static_assert(sizeof(crypto_hash_sha512_state) <= sizeof(((Transcript *) NULL)->state), "room for SHA-512");
static_assert(_Alignof(crypto_hash_sha512_state) <= _Alignof(Transcript), "and at its border");

/* None of the three can fail; they say so by 0. */
static crypto_hash_sha512_state* state(Transcript *t) {
        return (crypto_hash_sha512_state *) (void *) t->state;
}

static void done(int r) {
        assert(r == 0);
        (void) r;
}

void transcript_begin(Transcript *t, const char *title) {
        done(crypto_hash_sha512_init(state(t)));
        transcript_add_text(t, title);
}

void transcript_add(Transcript *t, const void *p, size_t n) {
        uint8_t length[4];

        assert(n <= UINT32_MAX);
        for (unsigned i = 0; i < 4; i++)
                length[i] = (uint8_t) (n >> (24 - 8 * i));
        done(crypto_hash_sha512_update(state(t), length, sizeof(length)));
        done(crypto_hash_sha512_update(state(t), p, n));
}

void transcript_add_text(Transcript *t, const char *s) {
        transcript_add(t, s, strlen(s));
}

void transcript_add_u64(Transcript *t, uint64_t v) {
        uint8_t b[8];

        for (unsigned i = 0; i < 8; i++)
                b[i] = (uint8_t) (v >> (56 - 8 * i));
        transcript_add(t, b, sizeof(b));
}

void transcript_add_id(Transcript *t, const Id *id) {
        transcript_add(t, id->b, sizeof(id->b));
}

void transcript_add_key(Transcript *t, const Key *key) {
        transcript_add(t, key->b, sizeof(key->b));
}

void transcript_add_element(Transcript *t, const Element *e) {
        transcript_add(t, e->b, sizeof(e->b));
}

void transcript_digest(Transcript *t, uint8_t ret[static 64]) {
        done(crypto_hash_sha512_final(state(t), ret));
        sodium_memzero(t, sizeof(*t));
}

void transcript_scalar(Transcript *t, Scalar *ret) {
        uint8_t digest[64];

        transcript_digest(t, digest);
        scalar_reduce(ret, digest);
        sodium_memzero(digest, sizeof(digest));         /* a nonce is made so, too */
}
