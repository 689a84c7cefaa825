/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"

/* 32 bytes that name something. Two types, so that a hash is never taken for a key. */
typedef struct Id {
        uint8_t b[32];
} Id;                           /* BLAKE2b-256 of a line; written as 64 lower-case hex digits */

typedef struct Key {
        uint8_t b[32];
} Key;                          /* Ed25519 public key; likewise */

typedef struct Signature {
        uint8_t b[64];
} Signature;                    /* Ed25519; written as 86 characters of base64url */

#define ID_HEX 65               /* with the closing NUL */

static inline bool id_equal(const Id *a, const Id *b) {
        return memcmp(a->b, b->b, 32) == 0;
}
static inline int id_compare(const Id *a, const Id *b) {
        return memcmp(a->b, b->b, 32);
}
static inline bool id_is_zero(const Id *a) {
        static const Id zero = {};

        return id_equal(a, &zero);
}
static inline bool key_equal(const Key *a, const Key *b) {
        return memcmp(a->b, b->b, 32) == 0;
}
static inline int key_compare(const Key *a, const Key *b) {
        return memcmp(a->b, b->b, 32);
}
static inline bool key_is_zero(const Key *a) {
        static const Key zero = {};

        return key_equal(a, &zero);
}
