/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>

#include "crypto/hash.h"

void hash_bytes(Id *ret, const void *p, size_t n) {
        /* fails only for lengths that are constants here */
        (void) crypto_generichash_blake2b(ret->b, sizeof(ret->b), p, n, NULL, 0);
}

void hash_two(Id *ret, uint8_t prefix, const Id *a, const Id *b) {
        uint8_t text[1 + 2 * sizeof(Id)];

        text[0] = prefix;
        memcpy(text + 1, a->b, sizeof(Id));
        if (b)
                memcpy(text + 1 + sizeof(Id), b->b, sizeof(Id));
        hash_bytes(ret, text, b ? sizeof(text) : 1 + sizeof(Id));
}

uint64_t hash_work(const Id *block, uint64_t nonce) {
        uint8_t text[40];
        uint64_t work = 0;
        Id h;

        memcpy(text, block->b, 32);
        for (unsigned i = 0; i < 8; i++)
                text[32 + i] = (uint8_t) (nonce >> (8 * i));
        hash_bytes(&h, text, sizeof(text));
        for (unsigned i = 0; i < 8; i++)
                work = work << 8 | h.b[i];
        return work;
}
