/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/why.h"
#include "crypto/stream.h"

/* How trustees come by a common key that nobody has (Pedersen's distributed key generation with
 * Feldman's commitments, DESIGN 5). Trustee i (from 0) has the point i + 1. */

/* A dealer's secret polynomial of threshold coefficients, in guarded memory. */
typedef struct Polynomial Polynomial;
_must_check_ int polynomial_new(Polynomial **ret, size_t threshold, Stream *stream);    /* 0, -EINVAL (threshold), -ENOMEM */
Polynomial* polynomial_free(Polynomial *p);
DEFINE_CLEANUP(Polynomial*, polynomial_free)
size_t polynomial_threshold(const Polynomial *p);
const Scalar* polynomial_coefficient(const Polynomial *p, size_t k);    /* a_k, for coefficient_make(); in the guarded memory */
const Element* polynomial_commitments(const Polynomial *p);             /* A_k = a_k G */
void polynomial_share(const Polynomial *p, size_t trustee, Scalar *ret);        /* secret: the caller wipes it */

/* Share s sealed to the holder of E: R | t | proof, R = kG, t = s + reduce(SHA-512("voted deal 1",
 * network, board, dealer, trustee, R, kE)) mod L, and a proof that the dealer knows k. Without it
 * a dealer takes its R from another dealer's sealed share, in whichever board: the trustee objects,
 * and its K = eR opens that one, too. */
#define SEALED_SHARE_BYTES 128
typedef struct SealedShareContext {
        Id network, board;
        Key dealer, trustee;
} SealedShareContext;
void share_seal(uint8_t ret[static SEALED_SHARE_BYTES], const SealedShareContext *c, const Element *sealing, const Scalar *share, Stream *stream);
/* That the dealer knows k. 0, or V_PROOF with why. */
_must_check_ int sealed_share_check(const SealedShareContext *c, const uint8_t sealed[static SEALED_SHARE_BYTES], Why *why);
/* Form alone: R and the scalar decode. 0 or V_PROOF. ret_r may be NULL. */
_must_check_ int sealed_share_decode(const uint8_t sealed[static SEALED_SHARE_BYTES], Element *ret_r);
/* With the trustee's secret; the caller wipes ret. 0 or V_PROOF (form). What comes out may be
 * anything: share_fits(). */
_must_check_ int share_open(Scalar *ret, const SealedShareContext *c, const SecretScalar *e, const uint8_t sealed[static SEALED_SHARE_BYTES]);
/* With K = eR of an objection. */
_must_check_ int share_open_with(Scalar *ret, const SealedShareContext *c, const Element *k, const uint8_t sealed[static SEALED_SHARE_BYTES]);
/* K = eR, for an objection. 0 or V_PROOF (form). */
_must_check_ int share_opening_key(Element *ret, const SecretScalar *e, const uint8_t sealed[static SEALED_SHARE_BYTES]);
/* sG = sum over k of (trustee + 1)^k A_k */
bool share_fits(const Scalar *share, const Element *commitments, size_t threshold, size_t trustee);

/* commitments: threshold of each dealer, dealer after dealer. */
/* Y; the identity voids the board */
void board_key(Element *ret, const Element *commitments, size_t n_dealers, size_t threshold);
void board_share_keys(Element *ret, const Element *commitments, size_t n_dealers, size_t threshold);    /* X_j, n_dealers of them */
/* x_j, the sum of the shares that the dealers gave. 0, V_PROOF (it is 0) or -ENOMEM. */
_must_check_ int board_share_secret(SecretScalar **ret, const Scalar *shares, size_t n_dealers);

/* The factor at 0 of trustees[i] among those n, all different, each below TRUSTEES_MAX. */
void lagrange_at_zero(Scalar *ret, const unsigned *trustees, size_t n, size_t i);
/* x alpha from threshold parts x_j alpha. A part may be the identity. */
void parts_combine(Element *ret, const Element *parts, const unsigned *trustees, size_t n);
