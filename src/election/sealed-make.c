/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/sign.h"
#include "election/method.h"
#include "election/sealed-internal.h"

/* What the choices add to each option. */
static int values_of(const Definition *d, const Ballot *choices, uint64_t *ret) {
        for (size_t i = 0; i < d->n_questions; i++) {
                const Question *q = &d->questions[i];
                Choice choice = ballot_choice(choices, i);
                Tally tally = { .cells = ret };
                int r;

                if (choice.n > 0) {
                        r = q->method->add(q, &tally, choice, 1);
                        if (r < 0)
                                return r;
                }
                ret += q->n_options;
        }

        return 0;
}

/* What is secret while a ballot is made. */
typedef struct Making {
        uint64_t values[OPTIONS_MAX];
        Scalar r;                               /* of one option */
        Scalar r_sum;                           /* of the question's options so far */
        Stream stream;
} Making;

static void making_free(Making **m) {
        if (*m)
                secret_wipe(*m, sizeof(Making));
        free(*m);
}

static void make_ciphers(
        Making *m, SealedBallot *b, const Definition *d, const BallotStatement *s, const uint8_t *seed) {
        size_t at = 0;

        for (size_t i = 0; i < d->n_questions; i++)
                for (size_t k = 0; k < d->questions[i].n_options; k++, at++) {
                        choice_stream(&m->stream, seed, s, (uint32_t) i, (uint32_t) k, m->values[at]);
                        stream_scalar(&m->stream, &m->r);
                        cipher_make(&b->ciphers[at], &s->board_key, m->values[at], &m->r);
                }
}

static int make_proofs(
        Making *m, SealedBallot *b, const Definition *d, const BallotStatement *s, const uint8_t *seed) {
        Claims claims = { .definition = d };
        size_t proof;
        int r;

        while (claims_next(&claims, &proof)) {
                const ChoiceClaim *c = &claims.claim;
                bool is_sum = c->option == CHOICE_OPTION_SUM;
                uint64_t value = 0;

                for (size_t i = 0; i < c->n; i++)
                        value += m->values[c->first + i];

                choice_stream(&m->stream, seed, s, c->question, c->option, value);
                if (!is_sum) {
                        if (c->option == 0)
                                m->r_sum = (Scalar) {};
                        stream_scalar(&m->stream, &m->r);       /* as for the cipher */
                        scalar_add(&m->r_sum, &m->r_sum, &m->r);
                }

                r = choice_make(b->proofs + proof, s, c, value, is_sum ? &m->r_sum : &m->r, &m->stream);
                if (r < 0)
                        return r;
        }

        return 0;
}

static Json* sealed_ballot_json(const SealedBallot *b, const Definition *d) {
        Json *o = json_new_object(), *items = json_new_array();
        const Cipher *cipher = b->ciphers;
        const uint8_t *proof = b->proofs;

        for (size_t i = 0; i < d->n_questions; i++) {
                Json *item = json_new_object(), *options = json_new_array();
                const Question *q = &d->questions[i];
                AllowedValues values = sealed_option_values(q), total;
                size_t n = values_proof_bytes(&values);

                for (size_t k = 0; k < q->n_options; k++, cipher++, proof += n) {
                        Json *option = json_new_array();

                        json_add_base64(option, cipher->alpha.b, 32);
                        json_add_base64(option, cipher->beta.b, 32);
                        json_add_base64(option, proof, n);
                        json_add(options, option);
                }
                json_set(item, "options", options);

                if (sealed_total_values(q, d->blank, &total)) {
                        n = values_proof_bytes(&total);
                        json_set_base64(item, "sum", proof, n);
                        proof += n;
                }
                json_add(items, item);
        }

        json_set(o, "sealed", items);
        return o;
}

int sealed_ballot_make(Json **ret, const Definition *d, const BallotStatement *s,
        const Ballot *choices, const uint8_t seed[static 32]) {
        _cleanup_(sealed_ballot_freep) SealedBallot *b = NULL;
        _cleanup_(making_free) Making *m = NULL;
        BallotStatement whole;
        Json *o;
        int r;

        assert(ret);
        assert(d);
        assert(d->secrecy == SECRECY_SEALED);
        assert(ballot_n_choices(choices) == d->n_questions);

        b = sealed_ballot_new(d);
        m = new0(Making, 1);
        if (!b || !m)
                return -ENOMEM;

        r = values_of(d, choices, m->values);
        if (r < 0)
                return r;

        whole = statement_of(s, b->ciphers, b->n_ciphers);
        make_ciphers(m, b, d, &whole, seed);
        r = make_proofs(m, b, d, &whole, seed);
        if (r < 0)
                return r;

        o = sealed_ballot_json(b, d);
        if (!o)
                return -ENOMEM;

        *ret = o;
        return 0;
}
