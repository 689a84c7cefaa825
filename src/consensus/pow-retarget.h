/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/pow-config.h"
#include "voted/limits.h"

/* What the difficulty of a block follows from: its ancestors, newest first. */
typedef struct PowPast {
        uint64_t created;       /* the genesis's time */
        struct {
                uint64_t time, difficulty;
                bool empty;     /* count is 0 */
        } blocks[RETARGET_WINDOW + 1 + CONFIRMATIONS_MAX];
        size_t n;
        size_t n_empty;         /* of the oldest ones, in a row */
        bool whole;             /* down to block 1 */
} PowPast;

void pow_past_init(PowPast *p, uint64_t created);
/* Whether one more ancestor is needed; then its header is added. */
bool pow_past_wants(const PowPast *p, const PowConfig *c);
void pow_past_add(PowPast *p, uint64_t height, uint64_t time, uint64_t difficulty, uint32_t count);

/* Difficulty of the block on them (DESIGN 4): over the last min(16, height) blocks, sum of difficulties * interval / sum of
 * gaps, rounded down, at most a factor 4 from the last and 1 .. 2^53 - 1. A gap is clipped to max(1, interval/4) ..
 * 4 * interval; after a parent that ends a run of `confirmations` empty blocks it counts as interval. */
uint64_t pow_next_difficulty(const PowConfig *c, const PowPast *p);
