/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "election/sums.h"

#define SCORE_DEFAULT 10

static int score_parse(const Question *q, const Json *choice, ChoiceOut *ret, Why *why) {
        if (json_len(choice) != q->n_options)
                return why_set(why, V_BALLOT,
                        "%zu scores, expected one for each of the %zu options", json_len(choice),
                        q->n_options);

        for (size_t i = 0; i < q->n_options; i++) {
                const Json *item = json_at(choice, i);

                if (!json_is_int(item))
                        return why_set(why, V_BALLOT,
                                "the score of option %zu is no number, expected 0 to %" PRIu32, i,
                                q->max);

                if (json_int(item) < 0 || json_int(item) > (int64_t) q->max)
                        return why_set(why, V_BALLOT,
                                "the score of option %zu is %" PRIi64 ", expected 0 to %" PRIu32, i,
                                json_int(item), q->max);

                ret->items[i] = (uint16_t) json_int(item);
        }

        ret->n = q->n_options;
        return 0;
}

static size_t score_bytes_max(const Question *q) {
        return 1 + q->n_options * (1 + decimal_len(q->max));
}

/* weight * score is below 2^31 * 2^10. */
static int score_add(const Question *q, Tally *t, Choice choice, uint64_t weight) {
        for (size_t i = 0; i < choice.n; i++) {
                int r;

                r = cell_add(&t->cells[i], weight * choice.items[i]);
                if (r < 0)
                        return r;
        }

        return 0;
}

static uint32_t score_cell_max(const Question *q) {
        return q->max;
}

static int score_finish(
        const Question *q, const Tally *t, const uint16_t *place, QuestionResult *r) {
        json_set_int(r->json, "max", q->max);
        return sums_finish(q, t, place, r);
}

const Method method_score = {
        .name = "score",
        .takes = TAKES_MAX | TAKES_SEATS,
        .max_top = SCORE_MAX,
        .max_default = SCORE_DEFAULT,
        .sums = true,
        .cell_max = score_cell_max,
        .parse = score_parse,
        .bytes_max = score_bytes_max,
        .n_cells = sums_n_cells,
        .add = score_add,
        .finish = score_finish,
};
