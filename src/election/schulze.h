/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "election/method.h"

/* The two formulations of Schulze's method (voted-election(5), SCHULZE, 4 to 8) over one matrix,
 * pairwise[a * n + b] = V(a,b), among the options in kept. M. Schulze, "A new monotonic,
 * clone-independent, reversal symmetric, and Condorcet-consistent single-winner election method",
 * Social Choice and Welfare 36 (2011). */

/* Rules 4 to 7: drops the weakest defeats inside the Schwartz set until none is left. Each round is
 * appended to iterations (result.h), which may be NULL. 0 or -ENOMEM. */
_must_check_ int schulze_schwartz(const uint64_t *pairwise, size_t n, const OptionSet *kept,
        OptionSet *ret_winners, Json *iterations);

/* How strong a defeat or a chain of them is: by votes for, then by fewer votes against. Both 0:
 * there is none. */
typedef struct Strength {
        uint64_t won, lost;
} Strength;

int strength_compare(Strength a, Strength b);   /* > 0: a is the stronger */

/* Rule 8: ret[a * n + b] is the strength of the strongest beat path from a to b. */
void schulze_beat_paths(const uint64_t *pairwise, size_t n, const OptionSet *kept, Strength *ret);
void schulze_unbeaten(const Strength *paths, size_t n, const OptionSet *kept,
        OptionSet *ret_winners);
