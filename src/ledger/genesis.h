/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/json.h"
#include "consensus/engine.h"

/* The first line of a ledger (DESIGN 3, Genesis). Its id is the network id. */
typedef struct Limits {
        uint32_t block_bytes, entry_bytes, vote_bytes, revotes, notice, grace;
} Limits;

typedef struct Genesis {
        Id network;
        char *line;
        size_t n_line;
        char *name;
        uint64_t created;
        unsigned approvals;
        Key *admins;
        size_t n_admins;
        const EngineType *engine;
        Json *engine_config;
        Limits limits;          /* defaults filled in */
        bool late_votes_may_be_lost;    /* grace below the default of its engine */
} Genesis;

/* From the exact line. 0, a verdict with why, -ENOMEM. */
_must_check_ int genesis_parse(Genesis **ret, const char *line, size_t n, Why *why);
Genesis* genesis_free(Genesis *g);
DEFINE_CLEANUP(Genesis*, genesis_free)
/* Makes the line; limits with a 0 are left to their defaults (grace: UINT32_MAX is default, since 0 is a wish). */
_must_check_ int genesis_format(Buf *ret, const char *name, uint64_t created, unsigned approvals, const Key *admins, size_t n_admins,
                const Json *engine_config, const Limits *limits, Why *why);
