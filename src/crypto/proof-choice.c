/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <sodium.h>

#include "crypto/declassify.h"
#include "crypto/proof-internal.h"

static const Scalar zero;

int choice_refused(const ChoiceClaim *c, Why *why, const char *what) {
        if (c->option == CHOICE_OPTION_SUM)
                return why_set(why, V_PROOF, "question %" PRIu32 ": the proof of its sum: %s", c->question, what);
        return why_set(why, V_PROOF, "question %" PRIu32 ", option %" PRIu32 ": its proof: %s", c->question, c->option, what);
}

bool choice_claim_makes_sense(const BallotStatement *s, const ChoiceClaim *c) {
        if (c->n_allowed == 0 || c->n_allowed > CHOICE_ALLOWED_MAX || c->n == 0 || c->n > s->n_ciphers ||
                c->first > s->n_ciphers - c->n || (c->option != CHOICE_OPTION_SUM && c->n != 1))
                return false;
        for (size_t i = 1; i < c->n_allowed; i++)
                if (c->allowed[i] <= c->allowed[i - 1])
                        return false;
        return true;
}

void choice_stream(Stream *ret, const uint8_t seed[static 32], const BallotStatement *s, uint32_t question,
        uint32_t option, uint64_t m) {
        stream_begin(ret, seed, "ballot");
        stream_bind(ret, s->network.b, 32);
        stream_bind(ret, s->election.b, 32);
        stream_bind(ret, s->board_key.b, 32);
        stream_bind(ret, s->signer.b, 32);
        stream_bind_u64(ret, s->seq);
        stream_bind_u64(ret, question);
        stream_bind_u64(ret, option);
        stream_bind_u64(ret, m);
}

/* In constant time. */
static bool same(uint64_t a, uint64_t b) {
        return sodium_memcmp(&a, &b, sizeof(a)) == 0;
}

/* For one allowed value, without the challenge. All of them are made alike, as if m were another value; where it is
 * not, c is 0 for now, which makes A = zG and B = zY: z is the nonce. */
static void commit_value(uint8_t *ret, const Element *y, uint64_t value, uint64_t m, const Scalar *r, bool hit, Stream *nonces) {
        _cleanup_scalar_ Scalar z = {}, part = {}, u = {}, v = {}, t = {};
        Element a, b;

        stream_scalar(nonces, &z);
        stream_scalar(nonces, &part);
        scalar_select(&part, hit, &zero, &part);

        /* alpha = rG and beta - value G = rY + (m - value)G, so that A = (z - c r)G and
         * B = (z - c r)Y - c (m - value)G: no product of a scalar that may be 0. */
        scalar_mul(&t, &part, r);
        scalar_sub(&u, &z, &t);
        element_mul_base(&a, &u);
        element_mul(&b, &u, y);
        scalar_from_u64(&v, value);
        scalar_from_u64(&t, m);
        scalar_sub(&t, &v, &t);
        scalar_mul(&t, &t, &part);
        element_add_secret(&b, &b, &t);

        memcpy(ret + CHOICE_A, a.b, 32);
        memcpy(ret + CHOICE_B, b.b, 32);
        memcpy(ret + CHOICE_C, part.b, 32);
        memcpy(ret + CHOICE_Z, z.b, 32);
}

/* The challenge of all values: their A and B in order. */
static void challenge(Scalar *ret, const Transcript *statement, const uint8_t *proof, size_t n) {
        Transcript t = *statement;

        for (size_t i = 0; i < n; i++) {
                transcript_add(&t, proof + CHOICE_BYTES(i) + CHOICE_A, 32);
                transcript_add(&t, proof + CHOICE_BYTES(i) + CHOICE_B, 32);
        }
        transcript_scalar(&t, ret);
}

int choice_make(uint8_t *ret, const BallotStatement *s, const ChoiceClaim *c, uint64_t m, const Scalar *r, Stream *stream) {
        _cleanup_scalar_ Scalar rest = {}, response = {};
        _cleanup_stream_ Stream nonces = {};
        bool any = false;
        Transcript t;

        if (!choice_claim_makes_sense(s, c))
                return -EINVAL;

        statement_choice(&t, s, c);
        proof_nonces(&nonces, stream, &t, r);
        for (size_t i = 0; i < c->n_allowed; i++) {
                bool hit = same(c->allowed[i], m);

                any |= hit;
                commit_value(ret + CHOICE_BYTES(i), &s->board_key, c->allowed[i], m, r, hit, &nonces);
        }

        challenge(&rest, &t, ret, c->n_allowed);
        for (size_t i = 0; i < c->n_allowed; i++) {
                Scalar part;

                memcpy(part.b, ret + CHOICE_BYTES(i) + CHOICE_C, 32);
                scalar_sub(&rest, &rest, &part);
        }

        /* what remains of the challenge is for the true value */
        scalar_mul(&response, &rest, r);
        for (size_t i = 0; i < c->n_allowed; i++) {
                _cleanup_scalar_ Scalar part = {}, z = {}, answer = {};
                uint8_t *p = ret + CHOICE_BYTES(i);
                bool hit = same(c->allowed[i], m);

                memcpy(part.b, p + CHOICE_C, 32);
                memcpy(z.b, p + CHOICE_Z, 32);
                scalar_add(&answer, &z, &response);
                scalar_select(&part, hit, &rest, &part);
                scalar_select(&z, hit, &answer, &z);
                memcpy(p + CHOICE_C, part.b, 32);
                memcpy(p + CHOICE_Z, z.b, 32);
        }

        declassify(&any, sizeof(any));
        if (!any) {
                sodium_memzero(ret, CHOICE_BYTES(c->n_allowed));
                return -EINVAL;
        }
        return 0;
}

int choice_read(const BallotStatement *s, const ChoiceClaim *c, const uint8_t *proof, Why *why) {
        Scalar sum = {}, whole, part;
        Transcript t;

        if (!choice_claim_makes_sense(s, c))
                return choice_refused(c, why, "the values it speaks of make no sense");

        for (size_t i = 0; i < c->n_allowed; i++) {
                const uint8_t *p = proof + CHOICE_BYTES(i);

                if (!element_bytes_plausible(p + CHOICE_A) || !element_bytes_plausible(p + CHOICE_B))
                        return choice_refused(c, why, "a commitment is no element, or the identity");
                if (scalar_decode(&part, p + CHOICE_Z) != 0 || scalar_decode(&part, p + CHOICE_C) != 0)
                        return choice_refused(c, why, "a scalar is not canonical");
                scalar_add(&sum, &sum, &part);
        }

        statement_choice(&t, s, c);
        challenge(&whole, &t, proof, c->n_allowed);
        if (!scalar_equal(&whole, &sum))
                return choice_refused(c, why, "it was made for another ballot, voter, election or question, or altered (the challenges do not sum up)");
        return 0;
}

int choice_check(const BallotStatement *s, const ChoiceClaim *c, const uint8_t *proof, Why *why) {
        Cipher sum;
        uint32_t at = 0;
        int r;

        r = choice_read(s, c, proof, why);
        if (r != 0)
                return r;

        sum = s->ciphers[c->first];
        for (size_t i = 1; i < c->n; i++)
                cipher_add(&sum, &s->ciphers[c->first + i]);

        for (size_t i = 0; i < c->n_allowed; i++) {
                const uint8_t *p = proof + CHOICE_BYTES(i);
                Scalar part, z, step;
                Element e;

                /* read, so they decode */
                memcpy(part.b, p + CHOICE_C, 32);
                memcpy(z.b, p + CHOICE_Z, 32);

                if (!proof_equation_holds(NULL, &sum.alpha, &part, &z, p + CHOICE_A))
                        return choice_refused(c, why, "it does not hold");

                if (c->allowed[i] != at) {      /* beta - value G */
                        scalar_from_u64(&step, c->allowed[i] - at);
                        element_mul_base(&e, &step);
                        element_sub(&sum.beta, &sum.beta, &e);
                        at = c->allowed[i];
                }
                if (!proof_equation_holds(&s->board_key, &sum.beta, &part, &z, p + CHOICE_B))
                        return choice_refused(c, why, "it does not hold");
        }
        return 0;
}
