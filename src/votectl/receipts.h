/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/receipt.h"
#include "votectl/votectl.h"

/* Receipts that votectl keeps: $XDG_DATA_HOME/votectl/receipts/NAME.json; and NAME.vote, a vote
 * that was signed and handed in, until its receipt is there. */

/* Where the receipt of that voter's vote in that election is kept: NAME.json, or another name where
 * that one is of somebody else or of another network. *ret: malloc'ed. An exit code. */
int receipts_path(Ctl *c, const char *name, const Id *election, const Key *voter, char **ret);
int receipts_vote_path(Ctl *c, const char *name, const Id *election, const Key *voter, char **ret);
/* Keeps it; replaces an earlier one of the same voter and election. An exit code. */
int receipts_keep(Ctl *c, const char *path, const Json *receipt);

/* Asks for the receipt of the entry at that place, checks it from the pinned network and that it is
 * of the entry of that id and shows it to be as final as the engine can. EXIT_WRONG, after a
 * message, if not. *ret_moved: the ledger has another entry at that place now (a reorganisation):
 * wait again. */
int receipts_fetch(Ctl *c, uint64_t height, uint64_t position, const Id *id, Json **ret,
        ReceiptFacts *ret_facts, bool *ret_moved);
/* How many blocks must follow for the network to call a block final; 0: the engine says so by
 * itself. */
unsigned receipts_depth(const Genesis *g);
/* Whether the receipt shows its entry to be as final as the engine can. A receipt of proof of work
 * has a bound on its headers: more than that is not asked of it. */
bool receipts_shows_final(const Genesis *g, const ReceiptFacts *f);
