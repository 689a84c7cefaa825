/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>

#include "crypto/declassify.h"
#include "crypto/group.h"
#include "voted/verdict.h"

/* libsodium says -1 both for what is no element and for a result that is the identity, which is then in ret. No element
 * that is none reaches this: it would be our own mistake. */
static void check_identity(const uint8_t b[static 32], int r) {
        bool fine;

        declassify(&r, sizeof(r));
        fine = r == 0 || sodium_is_zero(b, 32) == 1;
        assert(fine);
        (void) fine;
}

bool element_bytes_plausible(const uint8_t b[static 32]) {
        /* 1.0.18 ignores the top bit, which gives every element a second encoding. */
        return (b[31] & 0x80) == 0 && sodium_is_zero(b, 32) == 0;
}

int element_decode(Element *ret, const uint8_t b[static 32]) {
        if (!element_bytes_plausible(b) || crypto_core_ristretto255_is_valid_point(b) != 1)
                return V_PROOF;

        memcpy(ret->b, b, 32);
        return 0;
}

int scalar_decode(Scalar *ret, const uint8_t b[static 32]) {
        uint8_t wide[64] = {}, reduced[32];
        int r;

        /* 1.0.18 has no check of its own, and its scalars lose their top bit. */
        memcpy(wide, b, 32);
        crypto_core_ristretto255_scalar_reduce(reduced, wide);
        r = sodium_memcmp(reduced, b, 32);
        declassify(&r, sizeof(r));
        r = r == 0 ? 0 : V_PROOF;
        if (r == 0)
                memcpy(ret->b, b, 32);
        sodium_memzero(wide, sizeof(wide));     /* it may be a secret that comes from its file */
        sodium_memzero(reduced, sizeof(reduced));
        return r;
}

void element_mul_base(Element *ret, const Scalar *s) {
        Element p = {};

        check_identity(p.b, crypto_scalarmult_ristretto255_base(p.b, s->b));
        *ret = p;
}

void element_mul(Element *ret, const Scalar *s, const Element *p) {
        Element q = {};

        check_identity(q.b, crypto_scalarmult_ristretto255(q.b, s->b, p->b));
        *ret = q;
}

void element_add(Element *ret, const Element *a, const Element *b) {
        Element p = {};

        check_identity(p.b, crypto_core_ristretto255_add(p.b, a->b, b->b));
        *ret = p;
}

void element_sub(Element *ret, const Element *a, const Element *b) {
        Element p = {};

        check_identity(p.b, crypto_core_ristretto255_sub(p.b, a->b, b->b));
        *ret = p;
}

void element_neg(Element *ret, const Element *a) {
        static const Element identity = {};

        element_sub(ret, &identity, a);
}

void element_add_secret(Element *ret, const Element *p, const Scalar *m) {
        _cleanup_scalar_ Scalar blind = {}, rest = {};
        Element a, b;

        /* (m - blind)G + p + blind G: libsodium tests a product for the identity, and 0 is half of all votes. */
        scalar_random(&blind);
        scalar_sub(&rest, m, &blind);
        element_mul_base(&a, &rest);
        element_mul_base(&b, &blind);
        element_add(&a, &a, p);
        element_add(ret, &a, &b);
        element_wipe(&a);
        element_wipe(&b);
}

void element_wipe(Element *e) {
        sodium_memzero(e, sizeof(*e));
}

bool element_equal(const Element *a, const Element *b) {
        return sodium_memcmp(a->b, b->b, 32) == 0;
}

bool element_is_identity(const Element *a) {
        return sodium_is_zero(a->b, 32) == 1;
}

void scalar_add(Scalar *ret, const Scalar *a, const Scalar *b) {
        crypto_core_ristretto255_scalar_add(ret->b, a->b, b->b);
}

void scalar_sub(Scalar *ret, const Scalar *a, const Scalar *b) {
        crypto_core_ristretto255_scalar_sub(ret->b, a->b, b->b);
}

void scalar_mul(Scalar *ret, const Scalar *a, const Scalar *b) {
        crypto_core_ristretto255_scalar_mul(ret->b, a->b, b->b);
}

void scalar_neg(Scalar *ret, const Scalar *a) {
        crypto_core_ristretto255_scalar_negate(ret->b, a->b);
}

void scalar_invert(Scalar *ret, const Scalar *a) {
        int r;

        r = crypto_core_ristretto255_scalar_invert(ret->b, a->b);
        assert(r == 0);         /* of 0 there is none */
        (void) r;
}

void scalar_from_u64(Scalar *ret, uint64_t v) {
        *ret = (Scalar) {};
        for (unsigned i = 0; i < 8; i++)
                ret->b[i] = (uint8_t) (v >> (8 * i));
}

void scalar_reduce(Scalar *ret, const uint8_t b[static 64]) {
        crypto_core_ristretto255_scalar_reduce(ret->b, b);
}

void scalar_random(Scalar *ret) {
        crypto_core_ristretto255_scalar_random(ret->b);         /* below L and not 0 */
}

bool scalar_equal(const Scalar *a, const Scalar *b) {
        return sodium_memcmp(a->b, b->b, 32) == 0;
}

bool scalar_is_zero(const Scalar *a) {
        int r = sodium_is_zero(a->b, 32);

        declassify(&r, sizeof(r));      /* whoever asks may know: of secrets it is true of none */
        return r == 1;
}

void scalar_select(Scalar *ret, bool yes, const Scalar *a, const Scalar *b) {
        volatile uint8_t mask = (uint8_t) -(uint8_t) yes;       /* or the compiler may see the branch in it */
        uint8_t m = mask;

        for (unsigned i = 0; i < 32; i++)
                ret->b[i] = (uint8_t) (b->b[i] ^ (m & (a->b[i] ^ b->b[i])));
}

void scalar_wipe(Scalar *s) {
        sodium_memzero(s, sizeof(*s));
}

struct SecretScalar {
        Scalar value;
        Element public;
};

int secret_scalar_new(SecretScalar **ret, const Scalar *s) {
        SecretScalar *n;

        if (scalar_is_zero(s))
                return V_PROOF;

        n = sodium_malloc(sizeof(SecretScalar));
        if (!n)
                return -ENOMEM;

        n->value = *s;
        element_mul_base(&n->public, s);
        (void) sodium_mprotect_readonly(n);     /* a second fence; without it the rest holds */
        *ret = n;
        return 0;
}

int secret_scalar_generate(SecretScalar **ret) {
        _cleanup_scalar_ Scalar s = {};

        scalar_random(&s);
        return secret_scalar_new(ret, &s);
}

int secret_scalar_decode(SecretScalar **ret, const uint8_t b[static 32]) {
        _cleanup_scalar_ Scalar s = {};
        int r;

        r = scalar_decode(&s, b);
        if (r != 0)
                return r;
        return secret_scalar_new(ret, &s);
}

SecretScalar* secret_scalar_free(SecretScalar *s) {
        if (s)
                sodium_free(s);         /* wipes */
        return NULL;
}

const Scalar* secret_scalar_value(const SecretScalar *s) {
        return &s->value;
}

const Element* secret_scalar_public(const SecretScalar *s) {
        return &s->public;
}
