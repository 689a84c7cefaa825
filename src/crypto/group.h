/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/id.h"

/* ristretto255 (RFC 9496), a group of prime order L, written additively; G is its generator. What
 * stands in these types is always a valid, canonical encoding: it was decoded here or computed
 * here. The identity (32 zero bytes) and the scalar 0 are computed with like any other; from
 * outside the identity is never taken. Nothing here fails on what is in the types, and nothing
 * takes longer for one value than for another. */
typedef struct Element {
        uint8_t b[32];
} Element;

typedef struct Scalar {
        uint8_t b[32];
} Scalar;                       /* little-endian, below L */

/* From outside. 0, or V_PROOF: not canonical, no element, or the identity. */
_must_check_ int element_decode(Element *ret, const uint8_t b[static 32]);
/* What libsodium does not refuse when it computes with b: the identity, and a set top bit. For bytes
 * that are computed with, or compared with what was computed, without having been decoded. */
bool element_bytes_plausible(const uint8_t b[static 32]);
/* 0, or V_PROOF: L or greater. */
_must_check_ int scalar_decode(Scalar *ret, const uint8_t b[static 32]);

void element_mul_base(Element *ret, const Scalar *s);                   /* sG */
void element_mul(Element *ret, const Scalar *s, const Element *p);      /* sP */
void element_add(Element *ret, const Element *a, const Element *b);
void element_sub(Element *ret, const Element *a, const Element *b);
void element_neg(Element *ret, const Element *a);
/* p + mG for a small m that is secret: no scalar on the way is 0, at which libsodium branches. */
void element_add_secret(Element *ret, const Element *p, const Scalar *m);
bool element_equal(const Element *a, const Element *b);
bool element_is_identity(const Element *a);
void element_wipe(Element *e);

void scalar_add(Scalar *ret, const Scalar *a, const Scalar *b);
void scalar_sub(Scalar *ret, const Scalar *a, const Scalar *b);
void scalar_mul(Scalar *ret, const Scalar *a, const Scalar *b);
void scalar_neg(Scalar *ret, const Scalar *a);
void scalar_invert(Scalar *ret, const Scalar *a);       /* a is not 0: our own mistake if it is */
void scalar_from_u64(Scalar *ret, uint64_t v);
void scalar_reduce(Scalar *ret, const uint8_t b[static 64]);    /* little-endian, mod L */
void scalar_random(Scalar *ret);                        /* from the system's generator; never 0 */
bool scalar_equal(const Scalar *a, const Scalar *b);
bool scalar_is_zero(const Scalar *a);
/* ret = yes ? a : b, without a branch. */
void scalar_select(Scalar *ret, bool yes, const Scalar *a, const Scalar *b);

/* For secrets that live on the stack for the length of a function. */
void scalar_wipe(Scalar *s);
#define _cleanup_scalar_ _cleanup_(scalar_wipe)

/* A secret that lives longer, in guarded memory (mlock, canaries, read-only), wiped when it goes;
 * never 0. */
typedef struct SecretScalar SecretScalar;
_must_check_ int secret_scalar_new(SecretScalar **ret, const Scalar *s);        /* a copy. 0, V_PROOF (it is 0), -ENOMEM */
_must_check_ int secret_scalar_generate(SecretScalar **ret);                    /* 0, -ENOMEM */
/* 0, V_PROOF (L or more, or 0), -ENOMEM */
_must_check_ int secret_scalar_decode(SecretScalar **ret, const uint8_t b[static 32]);
SecretScalar* secret_scalar_free(SecretScalar *s);
DEFINE_CLEANUP(SecretScalar*, secret_scalar_free)
const Scalar* secret_scalar_value(const SecretScalar *s);       /* in the guarded memory: make no copy */
const Element* secret_scalar_public(const SecretScalar *s);     /* sG */
