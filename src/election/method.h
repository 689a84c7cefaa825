/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "election/ballot.h"
#include "election/result.h"
#include "voted/limits.h"

/* A method of counting is one row of method.c's table and one file. */

enum {                                          /* keys of a question that a method takes */
        TAKES_MIN      = 1 << 0,
        TAKES_MAX      = 1 << 1,
        TAKES_SEATS    = 1 << 2,
        TAKES_DEFAULT  = 1 << 3,
        TAKES_MAJORITY = 1 << 4,
        TAKES_QUORUM   = 1 << 5,
};

/* Options in a bit each. */
typedef struct OptionSet {
        uint64_t w[OPTIONS_MAX / 64];
} OptionSet;

static inline bool option_set_has(const OptionSet *s, size_t option) {
        return s->w[option / 64] >> (option % 64) & 1;
}
static inline void option_set_add(OptionSet *s, size_t option) {
        s->w[option / 64] |= UINT64_C(1) << (option % 64);
}

typedef struct Papers Papers;                   /* distinct stv papers, election/papers.h */

/* What is gathered of one question while ballots stream in. */
typedef struct Tally {
        uint64_t ballots, weight;               /* all, blank ones included */
        uint64_t blank_ballots, blank_weight;
        uint64_t *cells;                        /* n_cells() of the method */
        Papers *papers;                         /* stv only */
} Tally;

/* Where a parsed choice goes: items has room for OPTIONS_MAX. */
typedef struct ChoiceOut {
        uint16_t *items;
        size_t n;
} ChoiceOut;

struct Method {
        const char *name;
        unsigned takes;
        uint32_t max_top, max_default;          /* of "max"; 0: the number of options */
        /* The tally is a sum of cells, one per option, and nothing else, so that trustees can open
         * it (DESIGN 5): finish() reads only cells and the four totals. */
        bool sums;
        /* Of a method that sums, in one ballot: the highest number that an option may add, and the
         * least and most that those of all options add up to, if it is not blank (NULL: anything). */
        uint32_t (*cell_max)(const Question *q);
        void (*total)(const Question *q, uint32_t *ret_min, uint32_t *ret_max);
        bool papers;                            /* distinct orders are kept instead of cells */

        /* What depends on several keys. 0 or V_DEFINITION. NULL: none. */
        int (*check)(const Question *q, Why *why);
        /* A choice that is not blank: an array of at least one item. At most n_options items come
         * out. 0 or V_BALLOT with why. */
        int (*parse)(const Question *q, const Json *choice, ChoiceOut *ret, Why *why);
        /* Bytes of the largest choice in canonical form. */
        size_t (*bytes_max)(const Question *q);
        size_t (*n_cells)(const Question *q);   /* NULL: none */
        /* 0, -EOVERFLOW or -ENOMEM. */
        int (*add)(const Question *q, Tally *t, Choice choice, uint64_t weight);
        /* place: the order of the lot (lot.h) or NULL. Fills r and adds the working to its json. */
        int (*finish)(const Question *q, const Tally *t, const uint16_t *place, QuestionResult *r);
};

extern const Method method_plurality, method_approval, method_score, method_schulze, method_stv;

/* Item i of a choice as the number of an option. 0 or V_BALLOT with why. */
_must_check_ int choice_option(const Question *q, const Json *choice, size_t i, uint16_t *ret,
        Why *why);

/* Adds to a sum of weights: 0 or -EOVERFLOW. */
static inline _must_check_ int cell_add(uint64_t *cell, uint64_t n) {
        return __builtin_add_overflow(*cell, n, cell) ? -EOVERFLOW : 0;
}

/* How many digits n has. */
static inline size_t decimal_len(size_t n) {
        size_t len = 1;

        for (; n >= 10; n /= 10)
                len++;
        return len;
}

const Method* method_by_name(const char *name);         /* NULL: there is none */
const Method* method_at(size_t i);                      /* the table in order; NULL past its end */
