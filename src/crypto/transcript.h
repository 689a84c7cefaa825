/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/group.h"

/* Hashing a list of fields to a scalar (Fiat-Shamir, DESIGN 5): SHA-512 over each field as its
 * length in 4 bytes, big-endian, and its bytes; the digest, little-endian, mod L. Ids, keys,
 * elements and scalars are their 32 bytes, integers 8 bytes, big-endian. A list (allowed values,
 * ciphers) is one field for each of its items. */
typedef struct Transcript {
        uint64_t state[32];     /* of libsodium's SHA-512 */
} Transcript;

void transcript_begin(Transcript *t, const char *title);        /* the first field */
void transcript_add(Transcript *t, const void *p, size_t n);
void transcript_add_text(Transcript *t, const char *s);
void transcript_add_u64(Transcript *t, uint64_t v);
void transcript_add_id(Transcript *t, const Id *id);
void transcript_add_key(Transcript *t, const Key *key);
void transcript_add_element(Transcript *t, const Element *e);
/* Ends it, and wipes t. */
void transcript_scalar(Transcript *t, Scalar *ret);
void transcript_digest(Transcript *t, uint8_t ret[static 64]);
