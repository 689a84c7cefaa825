/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/json.h"

typedef struct Method Method;                   /* election/method.h */

typedef struct Ratio {
        uint16_t num, den;                      /* 1 <= den <= num <= MAJORITY_MAX */
} Ratio;

/* What the method does not take has its default. */
typedef struct Question {
        char *text;
        char **options;
        size_t n_options;                       /* 1 .. OPTIONS_MAX */
        const Method *method;
        uint32_t min, max;                      /* approval: options that one names (1, n_options);
                                                 * score: max is the highest score (10) */
        uint32_t seats;                         /* approval, score, stv (1) */
        int default_option;                     /* schulze: "none of the options"; -1: none */
        uint64_t quorum;                        /* schulze (0) */
        Ratio *majority;                        /* schulze: one per option; NULL: 1/1 for all */
} Question;

/* Parses one item of an election's "questions" into q, which is all zero. After anything but 0 q
 * holds what was read so far: question_done() frees it either way.
 * Returns 0, V_FORM or V_DEFINITION with why, or -ENOMEM. */
_must_check_ int question_parse(Question *q, const Json *o, Why *why);
void question_done(Question *q);
/* What has its default is left out. */
Json* question_to_json(const Question *q);
