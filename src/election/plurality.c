/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/sums.h"

static int plurality_parse(const Question *q, const Json *choice, ChoiceOut *ret, Why *why) {
        if (json_len(choice) != 1)
                return why_set(why, V_BALLOT, "%zu options, expected one", json_len(choice));

        ret->n = 1;
        return choice_option(q, choice, 0, &ret->items[0], why);
}

static size_t plurality_bytes_max(const Question *q) {
        return 2 + decimal_len(q->n_options - 1);
}

static int plurality_add(const Question *q, Tally *t, Choice choice, uint64_t weight) {
        return cell_add(&t->cells[choice.items[0]], weight);
}

static void plurality_total(const Question *q, uint32_t *ret_min, uint32_t *ret_max) {
        (void) q;

        *ret_min = *ret_max = 1;
}

const Method method_plurality = {
        .name = "plurality",
        .sums = true,
        .cell_max = sums_cell_one,
        .total = plurality_total,
        .parse = plurality_parse,
        .bytes_max = plurality_bytes_max,
        .n_cells = sums_n_cells,
        .add = plurality_add,
        .finish = sums_finish,
};
