/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "election/ballot.h"
#include "election/result.h"

/* A method of counting is one row of method.c's table and one file. */

enum {                                          /* keys of a question that a method takes */
        TAKES_MIN      = 1 << 0,
        TAKES_MAX      = 1 << 1,
        TAKES_SEATS    = 1 << 2,
        TAKES_DEFAULT  = 1 << 3,
        TAKES_MAJORITY = 1 << 4,
        TAKES_QUORUM   = 1 << 5,
};

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
        /* The tally is a sum of cells, one per option, and nothing else, so that trustees can open
         * it (DESIGN 5): finish() reads only cells and the four totals. */
        bool sums;
        bool papers;

        /* Ranges that depend on several keys. 0 or V_DEFINITION. NULL: none. */
        int (*check)(const Question *q, Why *why);
        /* A choice that is not blank. 0 or V_BALLOT. */
        int (*parse)(const Question *q, const Json *choice, ChoiceOut *ret, Why *why);
        /* Bytes of the largest choice in canonical form. */
        size_t (*bytes_max)(const Question *q);
        size_t (*n_cells)(const Question *q);
        /* 0, -EOVERFLOW or -ENOMEM. */
        int (*add)(const Question *q, Tally *t, Choice choice, uint64_t weight);
        /* place: the order of the lot (lot.h) or NULL. Fills r and adds the working to its json. */
        int (*finish)(const Question *q, const Tally *t, const uint16_t *place, QuestionResult *r);
};

const Method* method_by_name(const char *name);         /* NULL: there is none */
const Method* method_at(size_t i);                      /* the table in order; NULL past its end */
