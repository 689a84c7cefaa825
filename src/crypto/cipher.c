/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/cipher.h"

int cipher_decode(Cipher *ret, const uint8_t b[static CIPHER_BYTES]) {
        Cipher c;
        int r;

        r = element_decode(&c.alpha, b);
        if (r != 0)
                return r;
        r = element_decode(&c.beta, b + 32);
        if (r != 0)
                return r;

        *ret = c;
        return 0;
}

void cipher_make(Cipher *ret, const Element *y, uint64_t m, const Scalar *r) {
        _cleanup_scalar_ Scalar value = {};
        Element shared;

        element_mul_base(&ret->alpha, r);
        element_mul(&shared, r, y);
        scalar_from_u64(&value, m);
        element_add_secret(&ret->beta, &shared, &value);
        element_wipe(&shared);          /* beta less this is mG */
}

void cipher_zero(Cipher *ret) {
        *ret = (Cipher) {};
}

void cipher_add(Cipher *sum, const Cipher *c) {
        element_add(&sum->alpha, &sum->alpha, &c->alpha);
        element_add(&sum->beta, &sum->beta, &c->beta);
}

void cipher_add_weighted(Cipher *sum, const Cipher *c, uint64_t weight) {
        Cipher product;
        Scalar w;

        if (weight == 1) {
                cipher_add(sum, c);
                return;
        }
        scalar_from_u64(&w, weight);
        element_mul(&product.alpha, &w, &c->alpha);
        element_mul(&product.beta, &w, &c->beta);
        cipher_add(sum, &product);
}

bool cipher_equal(const Cipher *a, const Cipher *b) {
        return element_equal(&a->alpha, &b->alpha) && element_equal(&a->beta, &b->beta);
}
