/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "crypto/proof-internal.h"

int log_read(const Transcript *statement, const uint8_t *proof, size_t n, Scalar *ret_challenge, Scalar *ret_response) {
        for (size_t i = 0; i < n; i++)
                if (!element_bytes_plausible(proof + 32 * i))
                        return V_PROOF;
        if (scalar_decode(ret_response, proof + 32 * n) != 0)
                return V_PROOF;

        proof_challenge(ret_challenge, statement, proof, n);
        return 0;
}

/* What is computed is canonical, and so is what equals it. */
bool proof_equation_holds(const Element *base, const Element *x, const Scalar *challenge, const Scalar *response,
        const uint8_t commitment[static 32]) {
        Element left, right;

        if (base)
                element_mul(&left, response, base);
        else
                element_mul_base(&left, response);
        element_mul(&right, challenge, x);
        element_sub(&left, &left, &right);
        return memcmp(left.b, commitment, 32) == 0;
}

/* A commitment to G, and one to base, unless that is NULL; then the response. */
static void log_make(uint8_t *ret, const Transcript *t, const Element *base, const Scalar *secret, Stream *stream) {
        _cleanup_scalar_ Scalar nonce = {}, response = {};
        _cleanup_stream_ Stream nonces = {};
        const size_t n = base ? 2 : 1;
        Element e;

        proof_nonces(&nonces, stream, t, secret);
        stream_scalar(&nonces, &nonce);
        element_mul_base(&e, &nonce);
        memcpy(ret, e.b, 32);
        if (base) {
                element_mul(&e, &nonce, base);
                memcpy(ret + 32, e.b, 32);
        }
        proof_challenge(&response, t, ret, n);
        scalar_mul(&response, &response, secret);
        scalar_add(&response, &response, &nonce);
        memcpy(ret + 32 * n, response.b, 32);
}

void knowledge_make(uint8_t ret[static KNOWLEDGE_BYTES], const Transcript *t, const Scalar *secret, Stream *stream) {
        log_make(ret, t, NULL, secret, stream);
}

bool knowledge_holds(const Transcript *t, const Element *x, const uint8_t proof[static KNOWLEDGE_BYTES]) {
        Scalar challenge, response;

        return !element_is_identity(x) && log_read(t, proof, 1, &challenge, &response) == 0 &&
                proof_equation_holds(NULL, x, &challenge, &response, proof);
}

static bool equal_holds(const Transcript *t, const Element *x, const Element *base, const Element *q, const uint8_t proof[static EQUAL_BYTES]) {
        Scalar challenge, response;

        return !element_is_identity(x) && !element_is_identity(base) && !element_is_identity(q) &&
                log_read(t, proof, 2, &challenge, &response) == 0 &&
                proof_equation_holds(NULL, x, &challenge, &response, proof) &&
                proof_equation_holds(base, q, &challenge, &response, proof + 32);
}

void sealing_make(uint8_t ret[static KNOWLEDGE_BYTES], const SealingStatement *s, const SecretScalar *e, Stream *stream) {
        Transcript t;

        statement_sealing(&t, s);
        knowledge_make(ret, &t, secret_scalar_value(e), stream);
}

int sealing_check(const SealingStatement *s, const uint8_t proof[static KNOWLEDGE_BYTES], Why *why) {
        Transcript t;

        statement_sealing(&t, s);
        if (!knowledge_holds(&t, &s->sealing, proof))
                return why_set(why, V_PROOF, "the proof that the sealing key's secret is known does not hold");
        return 0;
}

void coefficient_make(uint8_t ret[static KNOWLEDGE_BYTES], const DealStatement *s, uint32_t k, const Scalar *a, Stream *stream) {
        Transcript t;

        statement_coefficient(&t, s, k);
        knowledge_make(ret, &t, a, stream);
}

int coefficient_check(const DealStatement *s, uint32_t k, const uint8_t proof[static KNOWLEDGE_BYTES], Why *why) {
        Transcript t;

        if (k >= s->n_commitments)
                return why_set(why, V_PROOF, "there is no commitment %" PRIu32, k);
        statement_coefficient(&t, s, k);
        if (!knowledge_holds(&t, &s->commitments[k], proof))
                return why_set(why, V_PROOF, "the proof that coefficient %" PRIu32 " is known does not hold", k);
        return 0;
}

void share_make(uint8_t ret[static EQUAL_BYTES], const ShareStatement *s, const SecretScalar *x, Stream *stream) {
        Transcript t;

        statement_share(&t, s);
        log_make(ret, &t, &s->alpha, secret_scalar_value(x), stream);
}

int share_check(const ShareStatement *s, const uint8_t proof[static EQUAL_BYTES], Why *why) {
        Transcript t;

        statement_share(&t, s);
        if (!equal_holds(&t, &s->share_key, &s->alpha, &s->part, proof))
                return why_set(why, V_PROOF, "question %" PRIu32 ", option %" PRIu32 ": the share's proof does not hold", s->question, s->option);
        return 0;
}

void object_make(uint8_t ret[static EQUAL_BYTES], const ObjectStatement *s, const SecretScalar *e, Stream *stream) {
        Transcript t;

        statement_object(&t, s);
        log_make(ret, &t, &s->r, secret_scalar_value(e), stream);
}

int object_check(const ObjectStatement *s, const uint8_t proof[static EQUAL_BYTES], Why *why) {
        Transcript t;

        statement_object(&t, s);
        if (!equal_holds(&t, &s->sealing, &s->r, &s->k, proof))
                return why_set(why, V_PROOF, "the proof of the objection's key does not hold");
        return 0;
}
