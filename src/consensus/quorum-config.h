/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/id.h"
#include "base/why.h"
#include "codec/json.h"
#include "voted/limits.h"

/* The genesis's engine object: {"authorities":[key,...],"delta_ms":1000,"type":"quorum"}. */
typedef struct QuorumConfig {
        Key authorities[AUTHORITIES_MAX];       /* by their numbers */
        unsigned n;
        unsigned f;             /* so many may lie or be dead: floor((n - 1) / 3) */
        unsigned q;             /* so many make a certificate: n - f */
        uint64_t delta_usec;    /* within which a message arrives, as a rule */
} QuorumConfig;

/* 0, V_FORM or V_KEY with why, -ENOMEM. judge: whether the keys are to be judged too; once is enough. */
_must_check_ int quorum_config_read(QuorumConfig *ret, const Json *o, bool judge, Why *why);
int quorum_config_number(const QuorumConfig *c, const Key *k);  /* of an authority; -1: it is none */

/* The leader of a view: authority view mod n. */
static inline unsigned quorum_leader(const QuorumConfig *c, uint64_t view) {
        return (unsigned) (view % c->n);
}

/* The rows of the engine's table. */
int quorum_config_check(const Json *config, Why *why);
uint32_t quorum_config_grace_least(const Json *config);
