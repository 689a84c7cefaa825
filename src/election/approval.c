/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "election/sums.h"

static int approval_check(const Question *q, Why *why) {
        if (q->min > q->max)
                return why_set(why, V_DEFINITION,
                        "\"min\" is %" PRIu32 ", expected at most \"max\", which is %" PRIu32,
                        q->min, q->max);

        return 0;
}

static int approval_parse(const Question *q, const Json *choice, ChoiceOut *ret, Why *why) {
        int r;

        if (json_len(choice) < q->min || json_len(choice) > q->max)
                return why_set(why, V_BALLOT, "%zu options, expected %" PRIu32 " to %" PRIu32,
                        json_len(choice), q->min, q->max);

        for (size_t i = 0; i < json_len(choice); i++) {
                r = choice_option(q, choice, i, &ret->items[i], why);
                if (r != 0)
                        return r;

                if (i > 0 && ret->items[i] <= ret->items[i - 1])
                        return why_set(why, V_BALLOT,
                                "option %u after option %u, expected ascending numbers, "
                                "each once",
                                ret->items[i], ret->items[i - 1]);
        }

        ret->n = json_len(choice);
        return 0;
}

/* The highest numbers are the longest. */
static size_t approval_bytes_max(const Question *q) {
        size_t n = 1 + q->max;

        for (size_t i = 0; i < q->max; i++)
                n += decimal_len(q->n_options - 1 - i);

        return n;
}

static int approval_add(const Question *q, Tally *t, Choice choice, uint64_t weight) {
        for (size_t i = 0; i < choice.n; i++) {
                int r;

                r = cell_add(&t->cells[choice.items[i]], weight);
                if (r < 0)
                        return r;
        }

        return 0;
}

static void approval_total(const Question *q, uint32_t *ret_min, uint32_t *ret_max) {
        *ret_min = q->min;
        *ret_max = q->max;
}

const Method method_approval = {
        .name = "approval",
        .takes = TAKES_MIN | TAKES_MAX | TAKES_SEATS,
        .sums = true,
        .cell_max = sums_cell_one,
        .total = approval_total,
        .check = approval_check,
        .parse = approval_parse,
        .bytes_max = approval_bytes_max,
        .n_cells = sums_n_cells,
        .add = approval_add,
        .finish = sums_finish,
};
