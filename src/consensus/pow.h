/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/engine.h"

/* Proof of work (DESIGN 4, `pow`). */
extern const EngineType pow_engine;

/* Work that difficulty asks for: hash_work() of block and nonce is at most this. difficulty is not 0. */
static inline uint64_t pow_target(uint64_t difficulty) {
        return UINT64_MAX / difficulty;
}

/* For the miner's threads: tries nonces from nonce_from on (past 2^64 - 1 they go on from 0). True: *ret_nonce seals the
 * block; false: none of that many does. Thread-safe. */
_must_check_ bool pow_try(const Id *block, uint64_t nonce_from, uint64_t tries, uint64_t difficulty, uint64_t *ret_nonce);
