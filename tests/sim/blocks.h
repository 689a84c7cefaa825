/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <uthash.h>

#include "run.h"

/* Every block that some honest node has connected, read and judged anew by rules that are written
 * down here a second time, from the text alone: what the ledger's own code takes for valid has to be
 * so by these as well. */

typedef struct KnownEntry {
        Id id;
        bool is_vote;
        int election, voter;    /* of a vote: number in the run, -1: none of ours */
        uint32_t seq;
        unsigned choice;
} KnownEntry;

typedef struct KnownBlock KnownBlock;
struct KnownBlock {
        Id id;
        KnownBlock *parent;     /* NULL: block 1 */
        uint64_t height, time, found_usec, difficulty, view;
        unsigned __int128 work;         /* summed */
        Key sealer;
        char *text;             /* as chain_read_block_text() gave it, with the first seal seen */
        size_t n_text;
        KnownEntry *entries;
        size_t n_entries;
        UT_hash_handle hh;
};

typedef struct Blocks {
        KnownBlock *blocks;
        Run *run;
} Blocks;

void blocks_done(Blocks *b);
KnownBlock* blocks_find(const Blocks *b, const Id *id);
/* The text of a block that host has on its chain; ends the run if it breaks a rule. NULL: it did. */
KnownBlock* blocks_add(Blocks *b, const Host *host, const char *text, size_t n);
/* The last vote of that voter in the chain that ends in tip: its block, and its entry in *ret. NULL. */
const KnownBlock* blocks_last_vote(const KnownBlock *tip, unsigned election, unsigned voter, const KnownEntry **ret);
/* The block of the chain that ends in tip that holds the entry of that id. NULL. */
const KnownBlock* blocks_holder(const KnownBlock *tip, const Id *entry);
const KnownBlock* blocks_at(const KnownBlock *tip, uint64_t height);
