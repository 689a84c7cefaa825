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
        OUTCOME_TIE,                            /* tied compete for open_seats, a lot decides */
        OUTCOME_UNOPENED,                       /* sealed: too few ballots to open */
        _OUTCOME_MAX,
} Outcome;

typedef struct QuestionResult {
        Outcome outcome;
        bool lot_used;                          /* a tie was broken by the lot */
        uint16_t *elected;                      /* options, the first elected first */
        size_t n_elected;
        uint16_t *tied;                         /* both arrays have room for n_options */
        size_t n_tied;
        size_t open_seats;                      /* left for the tied (in stv: and who continues) */
        Json *json;                             /* shared with the result's */
} QuestionResult;

typedef struct Result {
        Json *json;
        size_t n_questions;
        QuestionResult *questions;
        bool needs_lot;                         /* some question is OUTCOME_TIE */
} Result;

typedef struct Count Count;

/* Takes a reference of its own to d. 0 or -ENOMEM. */
_must_check_ int count_new(Count **ret, Definition *d);
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

/* The result of a sealed election: sums of each option, question by question, as they were opened
 * (sealed-sum.h); NULL: there are too few ballots to open. ballots and weight are those of the sum.
 * Returns 0, -EINVAL (sums that no ballots add up to) or -ENOMEM. */
_must_check_ int result_of_sums(Definition *d, uint64_t ballots, uint64_t weight,
        const uint64_t *sums, const Lot *lot, Result **ret);

Result* result_free(Result *r);                 /* NULL is fine; returns NULL */
DEFINE_CLEANUP(Result*, result_free)
const char* outcome_name(Outcome o);            /* "decided", "none", "tie", "unopened" */

/* The JSON. Numbers of options and questions count from 0; sums and weights are integers; values of
 * stv are strings with five decimals. Keys may be added, none will change its meaning.
 *
 * {
 *   "ballots": 339, "weight": 339,             voters whose last vote counts, and their weights
 *   "needs_lot": false,                        a tie is left in some question
 *   "lot": {"source": text,                    only if the election names one
 *           "value": text, "signer": key},     only once drawn
 *   "sealed": {"least": 5,                     only of sealed elections
 *              "opened": true},                false: fewer than least ballots
 *   "questions": [{
 *     "text": ..., "method": "schulze", "options": [text, ...],
 *     "ballots", "weight",                     integers, blank choices included
 *     "blank_ballots", "blank_weight",         sealed: the second, of plurality alone, once opened;
 *                                              nothing else of blank choices can be known
 *     "outcome": "decided" | "none" | "tie" | "unopened",
 *     "elected": [option, ...],                in "tie": those already elected
 *     "tied": [option, ...], "open_seats": n,  n seats are left for them
 *     "lot_used": false,
 *     "lot_order": [option, ...],              only once drawn: the preferred first
 *     ... and by method:
 *
 *     plurality, approval, score
 *       "seats": n, "max": n (score only),
 *       "sums": [per option], "order": [options, highest sum first]     not if unopened
 *
 *     schulze
 *       "default": option, "quorum": n,        only if the question has them
 *       "majority": [[num, den] per option]
 *       "pairwise": [[V(row, column)]],
 *       "dropped": [{"option", "reason": "quorum" | "majority", "for": V(A,D), "against": V(D,A),
 *                    "needed": n}],            the least V(A,D) that would have done
 *       "iterations": [{
 *         "schwartz": [options],               only where it differs from the one before
 *         "weakest": [{"winner", "loser", "for", "against"}]      empty in the last one
 *       }]
 *       "strength": [[per pair]],              strongest beat path from row to column: its weakest
 *       "strength_against": [[per pair]],      defeat was by this to that; both 0: there is no path
 *       "winners": [options],                  the Schwartz set at the end, before any lot
 *       "order": [options, for display]
 *
 *     stv
 *       "seats": n, "quota": "1913.00000",
 *       "papers": n,                           sum of weights that are not blank
 *       "stages": [{
 *         "action": "first" | "surplus" | "exclude",
 *         "option": n,                         whose papers move (not in "first")
 *         "surplus": "781.00000",              what is transferred (in "surplus")
 *         "tie": {"options": [...],            if option was chosen from a tie
 *                 "by": "stage" | "lot",
 *                 "stage": n},                 the earlier stage that decided, from 1
 *         "votes": [value per option],         when the stage is over, like the next two
 *         "non_transferable": value, "residual": value,
 *         "elected": [options elected at its end]
 *       }],
 *       "stopped": {"action": "surplus" | "exclude",      if a lot is needed to go on
 *                   "options": [the tied]}
 *   }]
 * } */
