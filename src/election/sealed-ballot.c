/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/sealed-ballot.h"

#include "codec/base64.h"
#include "election/sealed-internal.h"
#include "voted/limits.h"

/* Of one batch: some 80 ballots of five options, each once more where one of them does not hold. */
#define BATCH_EQUATIONS 2048U

static size_t definition_proofs_bytes(const Definition *d) {
        size_t n = 0;

        for (size_t i = 0; i < d->n_questions; i++) {
                const Question *q = &d->questions[i];
                AllowedValues values = sealed_option_values(q), total;

                n += q->n_options * values_proof_bytes(&values);
                if (sealed_total_values(q, d->blank, &total))
                        n += values_proof_bytes(&total);
        }

        return n;
}

SealedBallot* sealed_ballot_new(const Definition *d) {
        size_t n_proofs = definition_proofs_bytes(d);
        SealedBallot *b;

        b = malloc(sizeof(SealedBallot) + d->n_options * sizeof(Cipher) + n_proofs);
        if (!b)
                return NULL;

        b->n_ciphers = d->n_options;
        b->n_proofs = n_proofs;
        b->ciphers = (Cipher*) (b + 1);
        b->proofs = (uint8_t*) (b->ciphers + b->n_ciphers);
        return b;
}

SealedBallot* sealed_ballot_free(SealedBallot *b) {
        free(b);
        return NULL;
}

const Cipher* sealed_ballot_ciphers(const SealedBallot *b) {
        return b->ciphers;
}

/* --- the claims of a ballot --- */

static void claim_values(Claims *c, const AllowedValues *v) {
        allowed_values_list(v, c->allowed);
        c->claim.allowed = c->allowed;
        c->claim.n_allowed = allowed_values_n(v);
}

bool claims_next(Claims *c, size_t *ret_proof) {
        while (c->question < c->definition->n_questions) {
                const Question *q = &c->definition->questions[c->question];
                AllowedValues values;
                bool is_sum = c->option == q->n_options;

                if (c->option > q->n_options ||
                        (is_sum && !sealed_total_values(q, c->definition->blank, &values))) {
                        c->cipher += q->n_options;
                        c->question++;
                        c->option = 0;
                        continue;
                }

                if (!is_sum)
                        values = sealed_option_values(q);
                claim_values(c, &values);
                c->claim.question = (uint32_t) c->question;
                c->claim.option = is_sum ? CHOICE_OPTION_SUM : (uint32_t) c->option;
                c->claim.first = is_sum ? c->cipher : c->cipher + c->option;
                c->claim.n = is_sum ? q->n_options : 1;

                *ret_proof = c->proof;
                c->proof += CHOICE_BYTES(c->claim.n_allowed);
                c->option++;
                return true;
        }

        return false;
}

BallotStatement statement_of(const BallotStatement *s, const Cipher *ciphers, size_t n) {
        BallotStatement whole = *s;

        whole.ciphers = ciphers;
        whole.n_ciphers = n;
        return whole;
}

/* --- reading --- */

static int bytes_parse(const char *text, const char *what, void *ret, size_t n, Why *why) {
        if (!text)
                return why_set(why, V_BALLOT, "%s is no text, expected %zu bytes of base64url", what, n);

        if (strlen(text) != BASE64_LEN(n))
                return why_set(why, V_BALLOT, "%s has %zu characters, expected %zu", what,
                        strlen(text), BASE64_LEN(n));

        if (base64_decode(ret, n, text, strlen(text)) != 0)
                return why_set(why, V_BALLOT, "%s is not canonical base64url without padding", what);

        return 0;
}

static int element_parse(const char *text, const char *what, Element *ret, Why *why) {
        uint8_t b[32];
        int r;

        r = bytes_parse(text, what, b, sizeof(b), why);
        if (r != 0)
                return r;

        r = element_decode(ret, b);
        if (r > 0)
                return why_set(why, r, "%s is no element of the group, or its identity", what);
        return r;
}

static int option_parse(const Json *item, Cipher *ret, uint8_t *proof, size_t n_proof, Why *why) {
        int r;

        if (!json_is_arr(item) || json_len(item) != 3)
                return why_set(why, V_BALLOT, "expected [alpha,beta,proof]");

        r = element_parse(json_text(json_at(item, 0)), "alpha", &ret->alpha, why);
        if (r == 0)
                r = element_parse(json_text(json_at(item, 1)), "beta", &ret->beta, why);
        if (r == 0)
                r = bytes_parse(json_text(json_at(item, 2)), "the proof", proof, n_proof, why);
        return r;
}

/* *proof goes on behind what was read. */
static int question_of_ballot_parse(const Definition *d, const Question *q, const Json *o,
        Cipher *ciphers, uint8_t **proof, Why *why) {
        AllowedValues values = sealed_option_values(q), total;
        bool has_total = sealed_total_values(q, d->blank, &total);
        size_t n = values_proof_bytes(&values);
        const char *sum = NULL;
        const Json *options;
        int r;

        if (!json_is_obj(o))
                return why_set(why, V_BALLOT, "expected an object {\"options\":[...]}");

        r = json_check_keys(o, has_total ? JSON_KEYS("options", "sum") : JSON_KEYS("options"), why);
        if (r == 0)
                r = json_get_array(o, "options", 0, OPTIONS_MAX, &options, why);
        if (r == 0 && has_total)
                r = json_get_text(o, "sum", 0, VOTE_BYTES_MAX, &sum, why);
        if (r != 0)
                return r < 0 ? r : V_BALLOT;

        if (json_len(options) != q->n_options)
                return why_set(why, V_BALLOT,
                        "%zu items in \"options\", expected one for each of the %zu options",
                        json_len(options), q->n_options);

        for (size_t i = 0; i < q->n_options; i++) {
                r = option_parse(json_at(options, i), &ciphers[i], *proof, n, why);
                if (r > 0)
                        return why_prefix(why, r, "option %zu", i);
                if (r < 0)
                        return r;
                *proof += n;
        }

        if (!has_total)
                return 0;

        r = bytes_parse(sum, "\"sum\"", *proof, values_proof_bytes(&total), why);
        *proof += values_proof_bytes(&total);
        return r;
}

int sealed_ballot_parse(SealedBallot **ret, const Definition *d, const Json *o, Why *why) {
        _cleanup_(sealed_ballot_freep) SealedBallot *b = NULL;
        const Json *items;
        Cipher *ciphers;
        uint8_t *proof;
        int r;

        assert(ret);
        assert(d);

        if (d->secrecy != SECRECY_SEALED)
                return why_set(why, V_BALLOT, "this election is not sealed: its ballots are "
                        "{\"choices\":[...]}");

        if (!json_is_obj(o))
                return why_set(why, V_BALLOT, "a ballot is an object {\"sealed\":[...]}");

        r = json_check_keys(o, JSON_KEYS("sealed"), why);
        if (r == 0)
                r = json_get_array(o, "sealed", 0, QUESTIONS_MAX, &items, why);
        if (r != 0)
                return r < 0 ? r : V_BALLOT;

        if (json_len(items) != d->n_questions)
                return why_set(why, V_BALLOT,
                        "%zu items, expected one for each of the %zu questions", json_len(items),
                        d->n_questions);

        b = sealed_ballot_new(d);
        if (!b)
                return -ENOMEM;

        ciphers = b->ciphers;
        proof = b->proofs;
        for (size_t i = 0; i < d->n_questions; i++) {
                const Question *q = &d->questions[i];

                r = question_of_ballot_parse(d, q, json_at(items, i), ciphers, &proof, why);
                if (r > 0)
                        return why_prefix(why, r, "question %zu", i);
                if (r < 0)
                        return r;
                ciphers += q->n_options;
        }

        assert(proof == b->proofs + b->n_proofs);
        *ret = TAKE_PTR(b);
        return 0;
}

/* --- checking --- */

int sealed_ballot_check(
        const SealedBallot *b, const Definition *d, const BallotStatement *s, Why *why) {
        BallotStatement whole = statement_of(s, b->ciphers, b->n_ciphers);
        Claims claims = { .definition = d };
        size_t proof;
        int r;

        assert(b->n_ciphers == d->n_options);

        while (claims_next(&claims, &proof)) {
                r = choice_check(&whole, &claims.claim, b->proofs + proof, why);
                if (r != 0)
                        return r;
        }

        return 0;
}

/* Half of the proofs of a ballot that is refused stay in the batch: it then fails, or they hold. */
static int batch_add(ProofBatch *batch, SealedCheck *c) {
        const SealedBallot *b = c->ballot;
        BallotStatement whole = statement_of(&c->statement, b->ciphers, b->n_ciphers);
        Claims claims = { .definition = c->definition };
        size_t proof;
        int r;

        assert(b->n_ciphers == c->definition->n_options);

        while (claims_next(&claims, &proof)) {
                r = proof_batch_add_choice(batch, &whole, &claims.claim, b->proofs + proof, &c->why);
                if (r != 0)
                        return r;
        }

        return 0;
}

/* Judges those of the batch, which the first refusal has not judged yet. */
static int batch_judge(ProofBatch *batch, SealedCheck *checks, size_t n) {
        int r;

        r = proof_batch_check(batch);
        if (r <= 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                SealedCheck *c = &checks[i];

                if (c->verdict != 0)
                        continue;

                r = sealed_ballot_check(c->ballot, c->definition, &c->statement, &c->why);
                if (r < 0)
                        return r;
                c->verdict = r;
        }

        return 0;
}

int sealed_checks_run(SealedCheck *checks, size_t n) {
        _cleanup_(proof_batch_freep) ProofBatch *batch = NULL;
        size_t first = 0;
        int r;

        assert(checks || n == 0);

        if (n == 0)
                return 0;

        r = proof_batch_new(&batch);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                SealedCheck *c = &checks[i];
                /* Two equations for each value of 128 bytes. */
                size_t equations = c->ballot->n_proofs / CHOICE_BYTES(1) * 2;

                if (proof_batch_equations(batch) + equations > BATCH_EQUATIONS) {
                        r = batch_judge(batch, checks + first, i - first);
                        if (r < 0)
                                return r;
                        first = i;
                }

                c->why = (Why) {};
                r = batch_add(batch, c);
                if (r < 0)
                        return r;
                c->verdict = r;
        }

        return batch_judge(batch, checks + first, n - first);
}
