/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"

/* xoshiro256** (Blackman and Vigna), seeded through splitmix64: the same seed gives the same numbers
 * everywhere. For jitter, samples and simulations; nothing secret may depend on it. */
typedef struct Prng {
        uint64_t s[4];
} Prng;

void prng_seed(Prng *p, uint64_t seed);
uint64_t prng_u64(Prng *p);
uint64_t prng_below(Prng *p, uint64_t bound);   /* 0 .. bound - 1, evenly; bound is not 0 */
bool prng_chance(Prng *p, uint32_t per_million);
