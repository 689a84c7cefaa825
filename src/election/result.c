/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/result.h"

#include "election/method.h"
#include "election/papers.h"

struct Count {
        Definition *definition;
        uint64_t ballots, weight;
        bool unopened;                          /* sealed, with too few ballots: nothing is known */
        Tally tallies[];
};

static const char *const outcomes[_OUTCOME_MAX] = {
        [OUTCOME_DECIDED]  = "decided",
        [OUTCOME_NONE]     = "none",
        [OUTCOME_TIE]      = "tie",
        [OUTCOME_UNOPENED] = "unopened",
};

const char* outcome_name(Outcome o) {
        assert(o < _OUTCOME_MAX);

        return outcomes[o];
}

int count_new(Count **ret, Definition *d) {
        _cleanup_(count_freep) Count *c = NULL;
        int r;

        assert(ret);
        assert(d);

        c = calloc(1, sizeof(Count) + d->n_questions * sizeof(Tally));
        if (!c)
                return -ENOMEM;
        c->definition = definition_ref(d);

        for (size_t i = 0; i < d->n_questions; i++) {
                const Question *q = &d->questions[i];
                Tally *t = &c->tallies[i];

                if (q->method->n_cells) {
                        t->cells = new0(uint64_t, q->method->n_cells(q));
                        if (!t->cells)
                                return -ENOMEM;
                }

                if (q->method->papers) {
                        r = papers_new(&t->papers);
                        if (r < 0)
                                return r;
                }
        }

        *ret = TAKE_PTR(c);
        return 0;
}

int count_add(Count *c, const Ballot *b, uint64_t weight) {
        int r;

        assert(c);
        assert(b);
        assert(ballot_n_choices(b) == c->definition->n_questions);

        if (weight == 0 || weight > WEIGHT_MAX)
                return -EINVAL;

        /* No tally exceeds this sum, times SCORE_MAX in score. */
        if (weight > WEIGHT_SUM_MAX - c->weight)
                return -EOVERFLOW;

        for (size_t i = 0; i < c->definition->n_questions; i++) {
                const Question *q = &c->definition->questions[i];
                Choice choice = ballot_choice(b, i);
                Tally *t = &c->tallies[i];

                if (choice.n == 0) {
                        t->blank_ballots++;
                        t->blank_weight += weight;
                        continue;
                }

                r = q->method->add(q, t, choice, weight);
                if (r < 0)
                        return r;
        }

        c->ballots++;
        c->weight += weight;
        return 0;
}

/* Of a sealed election only the sums are known. Where a ballot that is not blank adds its weight to
 * one option, what is missing is blank. */
static void blanks_set(const Count *c, const Question *q, const Tally *t, Json *o) {
        if (c->definition->secrecy == SECRECY_OPEN) {
                json_set_int(o, "blank_ballots", (int64_t) t->blank_ballots);
                json_set_int(o, "blank_weight", (int64_t) t->blank_weight);
        } else if (q->method == &method_plurality && !c->unopened)
                json_set_int(o, "blank_weight", (int64_t) t->blank_weight);
}

static int question_finish(const Count *c, size_t i, const Lot *lot, QuestionResult *r) {
        const Question *q = &c->definition->questions[i];
        const Tally *t = &c->tallies[i];
        Json *options = json_new_array(), *elected, *tied;
        uint16_t place[OPTIONS_MAX];
        int k;

        r->elected = new0(uint16_t, q->n_options);
        r->tied = new0(uint16_t, q->n_options);
        if (!r->elected || !r->tied) {
                (void) json_free(options);
                return -ENOMEM;
        }

        for (size_t option = 0; option < q->n_options; option++)
                json_add_text(options, q->options[option]);
        json_set_text(r->json, "text", q->text);
        json_set_text(r->json, "method", q->method->name);
        json_set(r->json, "options", options);
        json_set_int(r->json, "ballots", (int64_t) c->ballots);
        json_set_int(r->json, "weight", (int64_t) c->weight);
        blanks_set(c, q, t, r->json);

        if (lot) {
                Json *order = json_new_array();

                k = lot_places(lot, i, q->n_options, place);
                if (k < 0) {
                        (void) json_free(order);
                        return k;
                }

                for (size_t at = 0; at < q->n_options; at++)
                        for (size_t option = 0; option < q->n_options; option++)
                                if (place[option] == at)
                                        json_add_int(order, (int64_t) option);
                json_set(r->json, "lot_order", order);
        }

        if (c->unopened)
                r->outcome = OUTCOME_UNOPENED;
        else {
                k = q->method->finish(q, t, lot ? place : NULL, r);
                if (k < 0)
                        return k;
        }

        elected = json_new_array();
        for (size_t at = 0; at < r->n_elected; at++)
                json_add_int(elected, r->elected[at]);
        tied = json_new_array();
        for (size_t at = 0; at < r->n_tied; at++)
                json_add_int(tied, r->tied[at]);

        json_set_text(r->json, "outcome", outcome_name(r->outcome));
        json_set(r->json, "elected", elected);
        json_set(r->json, "tied", tied);
        json_set_int(r->json, "open_seats", (int64_t) r->open_seats);
        json_set_bool(r->json, "lot_used", r->lot_used);
        return 0;
}

int count_finish(const Count *c, const Lot *lot, Result **ret) {
        _cleanup_(result_freep) Result *result = NULL;
        const Definition *d;
        Json *questions;
        int r;

        assert(c);
        assert(ret);

        d = c->definition;
        result = new0(Result, 1);
        if (!result)
                return -ENOMEM;

        result->json = json_new_object();
        result->questions = new0(QuestionResult, d->n_questions);
        if (!result->json || !result->questions)
                return -ENOMEM;
        result->n_questions = d->n_questions;

        questions = json_new_array();
        json_set(result->json, "questions", questions);
        for (size_t i = 0; i < d->n_questions; i++) {
                QuestionResult *q = &result->questions[i];

                q->json = json_new_object();
                if (!q->json)
                        return -ENOMEM;
                json_add(questions, json_share(q->json));
                r = question_finish(c, i, lot, q);
                if (r < 0)
                        return r;

                result->needs_lot = result->needs_lot || q->outcome == OUTCOME_TIE;
        }

        json_set_int(result->json, "ballots", (int64_t) c->ballots);
        json_set_int(result->json, "weight", (int64_t) c->weight);
        json_set_bool(result->json, "needs_lot", result->needs_lot);
        if (d->lot) {
                Json *o = json_new_object();

                json_set_text(o, "source", d->lot);
                if (lot) {
                        json_set_text(o, "value", lot->value);
                        json_set_key(o, "signer", &lot->signer);
                }
                json_set(result->json, "lot", o);
        }

        if (d->secrecy == SECRECY_SEALED) {
                Json *o = json_new_object();

                json_set_int(o, "least", d->least);
                json_set_bool(o, "opened", !c->unopened);
                json_set(result->json, "sealed", o);
        }

        *ret = TAKE_PTR(result);
        return 0;
}

/* Takes the sums of question i for its tally. */
static int tally_take_sums(Count *c, size_t i, const uint64_t *sums) {
        const Question *q = &c->definition->questions[i];
        Tally *t = &c->tallies[i];
        uint64_t left = c->weight;

        assert(t->cells);               /* sealed: the method sums */

        for (size_t k = 0; k < q->n_options; k++) {
                if (sums[k] > c->weight * q->method->cell_max(q))
                        return -EINVAL;
                t->cells[k] = sums[k];

                if (q->method != &method_plurality)
                        continue;
                if (sums[k] > left)
                        return -EINVAL;
                left -= sums[k];
        }

        t->blank_weight = left;
        return 0;
}

int result_of_sums(Definition *d, uint64_t ballots, uint64_t weight, const uint64_t *sums,
        const Lot *lot, Result **ret) {
        _cleanup_(count_freep) Count *c = NULL;
        int r;

        assert(d);
        assert(d->secrecy == SECRECY_SEALED);

        if (weight > WEIGHT_SUM_MAX)
                return -EINVAL;

        r = count_new(&c, d);
        if (r < 0)
                return r;

        c->ballots = ballots;
        c->weight = weight;
        c->unopened = !sums;
        for (size_t i = 0; sums && i < d->n_questions; i++) {
                r = tally_take_sums(c, i, sums);
                if (r < 0)
                        return r;
                sums += d->questions[i].n_options;
        }

        return count_finish(c, lot, ret);
}

Count* count_free(Count *c) {
        if (!c)
                return NULL;

        for (size_t i = 0; i < c->definition->n_questions; i++) {
                free(c->tallies[i].cells);
                (void) papers_free(c->tallies[i].papers);
        }

        (void) definition_unref(c->definition);
        free(c);
        return NULL;
}

Result* result_free(Result *r) {
        if (!r)
                return NULL;

        for (size_t i = 0; i < r->n_questions; i++) {
                free(r->questions[i].elected);
                free(r->questions[i].tied);
                (void) json_free(r->questions[i].json);
        }

        free(r->questions);
        (void) json_free(r->json);
        free(r);
        return NULL;
}
