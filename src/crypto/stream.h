/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/group.h"

/* Randomness that is a function of a 32-byte seed and of what it is for, so that another program
 * redoes it: key = HMAC-SHA-512(seed, fields), fields framed as in transcript.h, the first two
 * "voted stream 1" and the label; draw i (from 0) is HMAC-SHA-512(key, i as 8 bytes, big-endian). A
 * scalar is a draw, little-endian, mod L (0 is drawn again); 32 bytes are the first half of a draw.
 *
 * One seed for two purposes is safe only if what differs was bound: a nonce that answers two
 * challenges gives its secret away. */
typedef struct Stream {
        uint64_t state[64];     /* of libsodium's HMAC-SHA-512, while fields are bound; then unused */
        uint8_t key[64];
        uint64_t draws;
        bool begun;             /* drawing: nothing more is bound */
} Stream;

void stream_begin(Stream *s, const uint8_t seed[static 32], const char *label);
void stream_bind(Stream *s, const void *p, size_t n);
void stream_bind_u64(Stream *s, uint64_t v);
void stream_scalar(Stream *s, Scalar *ret);             /* never 0 */
void stream_bytes(Stream *s, uint8_t ret[static 32]);
void stream_done(Stream *s);                            /* wipes */
#define _cleanup_stream_ _cleanup_(stream_done)
/* label with a fresh seed of the system's generator: for what nobody has to redo. */
void stream_begin_random(Stream *s, const char *label);
