/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/id.h"
#include "base/why.h"
#include "ledger/genesis.h"

/* What a line of evidence shows, to anybody who has the genesis. */
typedef struct EvidenceFacts {
        Key key;                /* who is convicted, */
        int authority;          /* and its number */
        uint64_t view;
        char what[96];          /* it did, for people: "endorsed two blocks in view 6" */
} EvidenceFacts;

/* Judges the line and both signatures, offline. 0; V_FORM, V_SIZE, V_PROTOCOL (it convicts nobody), V_SIGNATURE with why;
 * -ENOMEM. */
_must_check_ int evidence_check(const EngineType *engine, const Json *config, const Id *network, const char *line, size_t n,
                EvidenceFacts *ret, Why *why);
