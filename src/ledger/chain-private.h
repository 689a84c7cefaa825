/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/chain.h"
#include "ledger/content.h"
#include "ledger/recent.h"
#include "ledger/state.h"
#include "ledger/sums.h"

/* What chain.c, chain-switch.c and chain-read.c share. */

typedef struct PoolRow {        /* an entry in the store's pool */
        Id id;
        UT_hash_handle hh;
} PoolRow;

struct Chain {
        const Genesis *genesis;
        Store *store;
        State *state;
        Sums *sums;
        ChainTip tip;
        Recent recent;
        PoolRow *pool;
        size_t bad_entry; /* that chain_connect() refused; SIZE_MAX: it was the block's fault */
        bool has_genesis;       /* the store has it */
        bool lean;              /* of a vote's line only the ballot is stored (chain_set_lean()) */
        struct Workers *workers;
        chain_content_fn content_sink;
        void *content_sink_userdata;
};

_must_check_ int chain_load(Chain *c);          /* from the store, replacing what memory holds */
/* What h has to be on the tip, but for its entries. 0, V_BLOCK. */
_must_check_ int chain_check_header(const Chain *c, const Header *h, Why *why);
_must_check_ int chain_read_tip(Chain *c);
_must_check_ int chain_count_sealed(Chain *c, const ElectionInfo *e, const Lot *lot, Result **ret);
_must_check_ int chain_pool_keep(Chain *c, const Entry *e);
