/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "election/ballot.h"
#include "election/definition.h"
#include "election/lot.h"

/* Counting: ballots stream in, each with its voter's weight, and the result comes out with the
 * figures of every step. All of it is exact integers. */

typedef enum Outcome {
        OUTCOME_DECIDED,
        OUTCOME_NONE,                           /* schulze: the default option won */
        OUTCOME_TIE,                            /* tied competes for open_seats; a lot would decide it */
        _OUTCOME_MAX,
} Outcome;

typedef struct QuestionResult {
        Outcome outcome;
        bool lot_used;                          /* a tie was broken by the lot */
        uint16_t *elected;                      /* options, the first elected first (room for n_options) */
        size_t n_elected;
        uint16_t *tied;                         /* (room for n_options) */
        size_t n_tied;
        size_t open_seats;                      /* seats left for the tied (and, in stv, for who continues) */
        Json *json;                             /* shared with the result's */
} QuestionResult;

typedef struct Result {
        Json *json;
        size_t n_questions;
        QuestionResult *questions;
        bool needs_lot;                         /* some question is OUTCOME_TIE */
} Result;

typedef struct Count Count;

_must_check_ int count_new(Count **ret, Definition *d);         /* takes a reference of its own; 0 or -ENOMEM */
/* Counts a ballot of that definition. The ballot is not kept. A million ballots take a matrix
 * (schulze), a row of sums, or as much as their distinct papers (stv).
 * Returns 0; -EINVAL (weight 0 or above WEIGHT_MAX) or -EOVERFLOW (weights above WEIGHT_SUM_MAX in
 * all), and b is not counted; -ENOMEM, and c is good for count_free() only. */
_must_check_ int count_add(Count *c, const Ballot *b, uint64_t weight);
/* The result of what was added so far; may be called again, with and without the lot (NULL: not
 * drawn, or none named). 0 or -ENOMEM. */
_must_check_ int count_finish(const Count *c, const Lot *lot, Result **ret);
Count* count_free(Count *c);                    /* NULL is fine; returns NULL */
DEFINE_CLEANUP(Count*, count_free)

Result* result_free(Result *r);                 /* NULL is fine; returns NULL */
DEFINE_CLEANUP(Result*, result_free)
const char* outcome_name(Outcome o);            /* "decided", "none", "tie" */

/* The JSON. Numbers of options and questions count from 0; sums and weights are integers; values of
 * stv are strings with five decimals. Keys may be added, none will change its meaning.
 *
 * {
 *   "ballots": 339, "weight": 339,             voters whose last vote counts, and their weights
 *   "needs_lot": false,                        a tie is left in some question
 *   "lot": {"source": text,                    only if the election names one
 *           "value": text, "signer": key},     only once drawn
 *   "questions": [{
 *     "text": ..., "method": "schulze", "options": [text, ...],
 *     "ballots", "weight", "blank_ballots", "blank_weight": integers; the first two include the blank
 *     "outcome": "decided" | "none" | "tie",
 *     "elected": [option, ...],                in "tie": those already elected
 *     "tied": [option, ...], "open_seats": n,  n seats are left for them
 *     "lot_used": false,
 *     "lot_order": [option, ...],              only once drawn: the preferred first
 *     ... and by method:
 *
 *     plurality, approval, score
 *       "seats": n, "max": n (score only),
 *       "sums": [per option], "order": [options, highest sum first]
 *
 *     schulze
 *       "default": option, "quorum": n, "majority": [[num, den] per option]     only if the question has them
 *       "pairwise": [[V(row, column)]],
 *       "dropped": [{"option", "reason": "quorum" | "majority", "for": V(A,D), "against": V(D,A),
 *                    "needed": n}],            needed: least V(A,D) that would have done
 *       "iterations": [{"schwartz": [options],      only where it differs from the one before
 *                       "weakest": [{"winner", "loser", "for", "against"}]}]   empty in the last one
 *       "strength": [[per pair]], "strength_against": [[...]]    strongest beat path from row to column:
 *                    its weakest defeat was "strength" to "strength_against"; both 0: there is no path
 *       "winners": [options of the Schwartz set at the end],     before any lot
 *       "order": [options, for display]
 *
 *     stv
 *       "seats": n, "papers": n (sum of weights that are not blank), "quota": "1913.00000",
 *       "stages": [{
 *         "action": "first" | "surplus" | "exclude",
 *         "option": whose papers move          (not in "first")
 *         "surplus": "781.00000"               (in "surplus") what is transferred
 *         "tie": {"options": [...], "by": "stage" | "lot", "stage": n}     if option was chosen from a tie;
 *                                              by an earlier stage, which counts from 1
 *         "votes": [value per option], "non_transferable": value, "residual": value    when the stage is over
 *         "elected": [options elected at its end]
 *       }],
 *       "stopped": {"action": "surplus" | "exclude", "options": [the tied]}     if a lot is needed to go on
 *   }]
 * } */
