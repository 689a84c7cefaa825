/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/id.h"
#include "base/why.h"
#include "codec/json.h"

/* The genesis's engine object: {"confirmations":6,"difficulty":D,"interval":s,"miners":[key,...]?,"type":"pow"}. */
typedef struct PowConfig {
        uint64_t difficulty;    /* of block 1 */
        uint64_t interval;      /* seconds */
        unsigned confirmations;
        Key *miners;
        size_t n_miners;        /* 0: anybody may seal */
} PowConfig;

/* 0, V_FORM or V_KEY with why, -ENOMEM. judge: whether the miners' keys are to be judged too; once is enough. */
_must_check_ int pow_config_read(PowConfig *ret, const Json *o, bool judge, Why *why);
void pow_config_done(PowConfig *c);
bool pow_config_may_seal(const PowConfig *c, const Key *k);

/* The rows of the engine's table. */
int pow_config_check(const Json *config, Why *why);
uint32_t pow_config_grace_least(const Json *config);
