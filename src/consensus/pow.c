/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/pow.h"

#include "consensus/pow-config.h"
#include "crypto/hash.h"

bool pow_try(const Id *block, uint64_t nonce_from, uint64_t tries, uint64_t difficulty, uint64_t *ret_nonce) {
        uint64_t target;

        assert(block);
        assert(difficulty > 0);
        assert(ret_nonce);

        target = pow_target(difficulty);
        for (uint64_t i = 0; i < tries; i++)
                if (hash_work(block, nonce_from + i) <= target) {
                        *ret_nonce = nonce_from + i;
                        return true;
                }
        return false;
}

const EngineType pow_engine = {
        .name = "pow",
        .field = HEADER_DIFFICULTY,
        .config_check = pow_config_check,
        .grace_least = pow_config_grace_least,
};
