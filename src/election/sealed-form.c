/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/sealed-form.h"

#include <inttypes.h>

#include "codec/base64.h"
#include "crypto/proof.h"
#include "election/method.h"
#include "voted/limits.h"

#define ELEMENT_CHARS BASE64_LEN(32)
#define PROOF_CHARS(n_values) BASE64_LEN(CHOICE_BYTES(n_values))

int sealed_question_check(const Question *q, Why *why) {
        if (!q->method->sums)
                return why_set(why, V_DEFINITION,
                        "method \"%s\" cannot be sealed, expected plurality, approval or score",
                        q->method->name);

        if (q->method->cell_max(q) > SEALED_SCORE_MAX)
                return why_set(why, V_DEFINITION,
                        "\"max\" is %" PRIu32 ", expected at most %u in a sealed election",
                        q->method->cell_max(q), SEALED_SCORE_MAX);

        return 0;
}

static int compare_weights(const void *a, const void *b) {
        uint32_t x = *(const uint32_t*) a, y = *(const uint32_t*) b;

        return x < y ? -1 : x > y;
}

static int check_weights(const Definition *d, const RollSet *rolls, Why *why) {
        size_t n = roll_set_size(rolls), same;
        _cleanup_free_ uint32_t *weights = NULL;

        weights = newN(uint32_t, n);
        if (!weights)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++)
                weights[i] = (uint32_t) roll_set_voter_weight(rolls, (uint32_t) i);
        qsort(weights, n, sizeof(uint32_t), compare_weights);

        for (size_t i = 0; i < n; i += same) {
                for (same = 1; i + same < n && weights[i + same] == weights[i]; )
                        same++;

                if (same < d->least)
                        return why_set(why, V_DEFINITION,
                                "weight %" PRIu32 " is held by %zu voters, expected at least "
                                "%" PRIu32 " (\"least\"): the sum could give their votes away, "
                                "unless the election says \"exposed\":true",
                                weights[i], same, d->least);
        }

        return 0;
}

int sealed_rolls_check(const Definition *d, const RollSet *rolls, Why *why) {
        uint64_t weight;

        assert(d);
        assert(rolls);

        if (d->secrecy != SECRECY_SEALED)
                return 0;

        weight = roll_set_weight(rolls);
        for (size_t i = 0; i < d->n_questions; i++) {
                uint32_t max = d->questions[i].method->cell_max(&d->questions[i]);

                /* A weight is at most 2^40, max at most 10. */
                if (weight * max > SEALED_SUM_MAX)
                        return why_set(why, V_DEFINITION,
                                "question %zu: the weights of all voters add up to %" PRIu64
                                ", times %" PRIu32 " that is more than %" PRIu64
                                ", the largest sum that can be opened",
                                i, weight, max, SEALED_SUM_MAX);
        }

        return d->exposed ? 0 : check_weights(d, rolls, why);
}

AllowedValues sealed_option_values(const Question *q) {
        return (AllowedValues) { .min = 0, .max = q->method->cell_max(q) };
}

bool sealed_total_values(const Question *q, bool blank, AllowedValues *ret) {
        if (!q->method->total)
                return false;

        q->method->total(q, &ret->min, &ret->max);
        ret->zero = blank;
        return true;
}

size_t allowed_values_n(const AllowedValues *v) {
        return v->max - v->min + 1 + (v->zero ? 1 : 0);
}

void allowed_values_list(const AllowedValues *v, uint32_t *ret) {
        if (v->zero)
                *ret++ = 0;
        for (uint32_t i = v->min; i <= v->max; i++)
                *ret++ = i;
}

size_t sealed_form_bytes(const Definition *d) {
        size_t n = strlen("{\"sealed\":[]}") + d->n_questions - 1;

        for (size_t i = 0; i < d->n_questions; i++) {
                const Question *q = &d->questions[i];
                AllowedValues values = sealed_option_values(q), total;

                n += strlen("{\"options\":[]}") + q->n_options - 1;
                n += q->n_options * (strlen("[\"\",\"\",\"\"]") + 2 * ELEMENT_CHARS +
                        PROOF_CHARS(allowed_values_n(&values)));
                if (sealed_total_values(q, d->blank, &total))
                        n += strlen(",\"sum\":\"\"") + PROOF_CHARS(allowed_values_n(&total));
        }

        return n;
}
