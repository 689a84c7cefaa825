/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/chain.h"

/* A receipt (DESIGN 2): proves that an entry is in the ledger. As JSON, one object:
 * {"genesis":line,"entry":line,"height":h,"position":p,"path":[hash,...],"headers":[line,...],"seals":[line,...]}
 * headers[0] is the entry's block; what follows is the engine's way to show that it is final (pow: the headers up to the
 * tip, at most 16; quorum: up to the first with a finalize certificate). */
_must_check_ int receipt_make(Chain *c, Place place, Json **ret);
typedef struct ReceiptFacts {
        Id network, entry, block;
        Key signer;
        char kind[16];
        uint64_t height, time;
        uint32_t position, seq;         /* seq: of a vote */
        Id election;                    /* of a vote */
        bool final;                     /* proved by the receipt alone (never in pow) */
        unsigned depth;                 /* blocks on top that the receipt shows, its own included */
} ReceiptFacts;
/* Checks everything that can be checked without a ledger, from the network id that the caller pins: genesis, entry
 * signature, path, headers, seals. 0, a verdict with why, -ENOMEM. */
_must_check_ int receipt_verify(const Json *receipt, const Id *network, ReceiptFacts *ret, Why *why);
