/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>

#include "crypto/deal.h"
#include "crypto/proof-internal.h"
#include "voted/limits.h"
#include "voted/verdict.h"

struct Polynomial {
        size_t threshold;
        Scalar coefficients[TRUSTEES_MAX];
        Element commitments[TRUSTEES_MAX];
};

int polynomial_new(Polynomial **ret, size_t threshold, Stream *stream) {
        Polynomial *p;

        if (threshold == 0 || threshold > TRUSTEES_MAX)
                return -EINVAL;

        p = sodium_malloc(sizeof(Polynomial));
        if (!p)
                return -ENOMEM;

        p->threshold = threshold;
        for (size_t k = 0; k < threshold; k++) {
                stream_scalar(stream, &p->coefficients[k]);
                element_mul_base(&p->commitments[k], &p->coefficients[k]);
        }
        (void) sodium_mprotect_readonly(p);     /* a second fence; without it the rest holds */
        *ret = p;
        return 0;
}

Polynomial* polynomial_free(Polynomial *p) {
        if (p)
                sodium_free(p);         /* wipes */
        return NULL;
}

size_t polynomial_threshold(const Polynomial *p) {
        return p->threshold;
}

const Scalar* polynomial_coefficient(const Polynomial *p, size_t k) {
        assert(k < p->threshold);
        return &p->coefficients[k];
}

const Element* polynomial_commitments(const Polynomial *p) {
        return p->commitments;
}

void polynomial_share(const Polynomial *p, size_t trustee, Scalar *ret) {
        _cleanup_scalar_ Scalar sum = {};
        Scalar x;

        scalar_from_u64(&x, trustee + 1);
        for (size_t k = p->threshold; k-- > 0;) {
                scalar_mul(&sum, &sum, &x);
                scalar_add(&sum, &sum, &p->coefficients[k]);
        }
        *ret = sum;
}

/* What a share is added to. The caller wipes it. */
static void mask(Scalar *ret, const SealedShareContext *c, const Element *r, const Element *k) {
        Transcript t;

        transcript_begin(&t, "voted deal 1");
        transcript_add_id(&t, &c->network);
        transcript_add_id(&t, &c->board);
        transcript_add_key(&t, &c->dealer);
        transcript_add_key(&t, &c->trustee);
        transcript_add_element(&t, r);
        transcript_add_element(&t, k);
        transcript_scalar(&t, ret);
}

/* The mask is used once, and known to whoever knows k alone. */
void share_seal(uint8_t ret[static SEALED_SHARE_BYTES], const SealedShareContext *c, const Element *sealing,
        const Scalar *share, Stream *stream) {
        _cleanup_scalar_ Scalar k = {}, m = {};
        _cleanup_stream_ Stream fresh = {};
        uint8_t seed[32];
        Element r, shared;
        Transcript t;

        /* A mask that served for two shares tells their difference: whatever the caller's stream is, k differs where
         * anything does. */
        stream_bytes(stream, seed);
        stream_begin(&fresh, seed, "seal");
        stream_bind(&fresh, c->network.b, 32);
        stream_bind(&fresh, c->board.b, 32);
        stream_bind(&fresh, c->dealer.b, 32);
        stream_bind(&fresh, c->trustee.b, 32);
        stream_bind(&fresh, sealing->b, 32);
        stream_bind(&fresh, share->b, 32);
        stream_scalar(&fresh, &k);
        sodium_memzero(seed, sizeof(seed));

        element_mul_base(&r, &k);
        element_mul(&shared, &k, sealing);
        mask(&m, c, &r, &shared);
        scalar_add(&m, &m, share);
        memcpy(ret, r.b, 32);
        memcpy(ret + 32, m.b, 32);
        element_wipe(&shared);

        statement_sealed(&t, c, ret);
        knowledge_make(ret + 64, &t, &k, &fresh);
}

int sealed_share_check(const SealedShareContext *c, const uint8_t sealed[static SEALED_SHARE_BYTES], Why *why) {
        Transcript t;
        Element r;

        statement_sealed(&t, c, sealed);
        if (sealed_share_decode(sealed, &r) != 0 || !knowledge_holds(&t, &r, sealed + 64))
                return why_set(why, V_PROOF, "the proof that the dealer knows what it is sealed with does not hold");
        return 0;
}

int sealed_share_decode(const uint8_t sealed[static SEALED_SHARE_BYTES], Element *ret_r) {
        Element r;
        Scalar s;

        if (element_decode(&r, sealed) != 0 || scalar_decode(&s, sealed + 32) != 0)
                return V_PROOF;
        if (ret_r)
                *ret_r = r;
        return 0;
}

int share_open_with(Scalar *ret, const SealedShareContext *c, const Element *k, const uint8_t sealed[static SEALED_SHARE_BYTES]) {
        _cleanup_scalar_ Scalar m = {};
        Element r;
        Scalar s;
        int q;

        q = sealed_share_decode(sealed, &r);
        if (q != 0)
                return q;

        memcpy(s.b, sealed + 32, 32);
        mask(&m, c, &r, k);
        scalar_sub(ret, &s, &m);
        return 0;
}

int share_opening_key(Element *ret, const SecretScalar *e, const uint8_t sealed[static SEALED_SHARE_BYTES]) {
        Element r;
        int q;

        q = sealed_share_decode(sealed, &r);
        if (q != 0)
                return q;
        element_mul(ret, secret_scalar_value(e), &r);
        return 0;
}

int share_open(Scalar *ret, const SealedShareContext *c, const SecretScalar *e, const uint8_t sealed[static SEALED_SHARE_BYTES]) {
        Element k;
        int r;

        r = share_opening_key(&k, e, sealed);
        if (r == 0)
                r = share_open_with(ret, c, &k, sealed);
        element_wipe(&k);
        return r;
}

/* The commitments' polynomial at the trustee's point. */
static void commitments_at(Element *ret, const Element *commitments, size_t threshold, size_t trustee) {
        Element sum = {};
        Scalar x;

        scalar_from_u64(&x, trustee + 1);
        for (size_t k = threshold; k-- > 0;) {
                element_mul(&sum, &x, &sum);
                element_add(&sum, &sum, &commitments[k]);
        }
        *ret = sum;
}

bool share_fits(const Scalar *share, const Element *commitments, size_t threshold, size_t trustee) {
        Element expected, is;

        commitments_at(&expected, commitments, threshold, trustee);
        element_mul_base(&is, share);
        return element_equal(&is, &expected);
}

void board_key(Element *ret, const Element *commitments, size_t n_dealers, size_t threshold) {
        Element sum = {};

        for (size_t i = 0; i < n_dealers; i++)
                element_add(&sum, &sum, &commitments[i * threshold]);
        *ret = sum;
}

void board_share_keys(Element *ret, const Element *commitments, size_t n_dealers, size_t threshold) {
        Element sums[TRUSTEES_MAX] = {};

        assert(threshold <= TRUSTEES_MAX);
        for (size_t i = 0; i < n_dealers; i++)
                for (size_t k = 0; k < threshold; k++)
                        element_add(&sums[k], &sums[k], &commitments[i * threshold + k]);
        for (size_t i = 0; i < n_dealers; i++)
                commitments_at(&ret[i], sums, threshold, i);
}

int board_share_secret(SecretScalar **ret, const Scalar *shares, size_t n_dealers) {
        _cleanup_scalar_ Scalar sum = {};

        for (size_t i = 0; i < n_dealers; i++)
                scalar_add(&sum, &sum, &shares[i]);
        return secret_scalar_new(ret, &sum);
}

void lagrange_at_zero(Scalar *ret, const unsigned *trustees, size_t n, size_t i) {
        Scalar above, below, x, y, difference;

        scalar_from_u64(&above, 1);
        scalar_from_u64(&below, 1);
        scalar_from_u64(&x, (uint64_t) trustees[i] + 1);
        for (size_t k = 0; k < n; k++) {
                if (k == i)
                        continue;
                assert(trustees[k] != trustees[i]);
                scalar_from_u64(&y, (uint64_t) trustees[k] + 1);
                scalar_sub(&difference, &y, &x);
                scalar_mul(&above, &above, &y);
                scalar_mul(&below, &below, &difference);
        }
        scalar_invert(&below, &below);
        scalar_mul(ret, &above, &below);
}

void parts_combine(Element *ret, const Element *parts, const unsigned *trustees, size_t n) {
        Element sum = {};

        for (size_t i = 0; i < n; i++) {
                Element product;
                Scalar factor;

                lagrange_at_zero(&factor, trustees, n, i);
                element_mul(&product, &factor, &parts[i]);
                element_add(&sum, &sum, &product);
        }
        *ret = sum;
}
