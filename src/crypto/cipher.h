/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/group.h"

/* ElGamal in the exponent: (alpha, beta) = (rG, rY + mG). Sums of ciphers hold sums of what is in
 * them. */
typedef struct Cipher {
        Element alpha, beta;
} Cipher;

#define CIPHER_BYTES 64         /* alpha | beta */

/* From outside. 0 or V_PROOF. */
_must_check_ int cipher_decode(Cipher *ret, const uint8_t b[static CIPHER_BYTES]);
/* Constant time in m and r. */
void cipher_make(Cipher *ret, const Element *y, uint64_t m, const Scalar *r);
void cipher_zero(Cipher *ret);                  /* identity, identity: the sum of nothing */
void cipher_add(Cipher *sum, const Cipher *c);
void cipher_add_weighted(Cipher *sum, const Cipher *c, uint64_t weight);        /* public weight */
bool cipher_equal(const Cipher *a, const Cipher *b);
