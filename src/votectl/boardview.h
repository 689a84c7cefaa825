/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/entry.h"
#include "votectl/audited.h"
#include "votectl/votectl.h"

/* A board of trustees as its own entries make it, read from their lines: the board, and of each
 * trustee its sealing key, its deal, and what it answered. A node is not believed: where the network
 * is pinned, every entry comes with a receipt that is checked from there (or all of the ledger was
 * checked), and the key that ballots are sealed to is computed here. */
typedef struct SeatEntry {
        Entry *entry;                   /* NULL: not there */
        uint64_t height;
        uint32_t position;
} SeatEntry;

typedef struct BoardView {
        Entry *entry;                   /* of kind "board" */
        const BoardLine *line;          /* borrowed from it */
        SeatEntry place;                /* of the board; entry NULL */
        char phase[16];                 /* as the node says: "dealing" */
        struct {
                SeatEntry trustee, deal, answer;
        } seats[TRUSTEES_MAX];
        unsigned n_sealings, n_deals, n_confirms;
        int objector;                   /* the seat that objects; < 0: none */
        /* Once all deals are in: */
        Id root;                        /* of their ids, in the order of trustees */
        Element y, x[TRUSTEES_MAX];     /* the board's key, and those of the trustees' shares */
        bool proven;
} BoardView;
void board_view_done(BoardView *b);

/* From GetBoard's reply. Checks that all of it belongs together. 0, a verdict with why, -ENOMEM. */
_must_check_ int board_view_parse(BoardView *ret, const Genesis *g, const Json *reply, Why *why);
/* All deals are in and every trustee has confirmed these and no others. */
bool board_view_is_ready(const BoardView *b);
/* The seat's sealing key, which it has. */
const Element* board_view_sealing(const BoardView *b, unsigned seat);

/* Whom it waits for, in lines of ctl_field(); nothing of one that is ready. */
void board_view_show_missing(Ctl *c, const BoardView *b);

/* By name or id, from the node; where the network is pinned, proved: EXIT_NOT_FINAL if some of it is not final yet. Of a
 * trustee who has made several sealing keys the node chooses which one is here: receipts do not show which is the newest.
 * The key that ballots are sealed to follows from the deals and confirmations alone. Who seals or opens a deal takes
 * board_view_of_ledger(). An exit code. */
int board_view_get(Ctl *c, const char *name, BoardView *ret);
/* Out of a ledger that was checked. An exit code. */
int board_view_of_ledger(Ctl *c, Audited *ledger, const Id *board, BoardView *ret);
/* The board that d names, ready or not; none of an open election. An exit code. */
int board_view_of_definition(Ctl *c, const Definition *d, BoardView *ret);
/* The same, of a sealed election, which it serves; ready. An exit code. */
int board_view_of_election(Ctl *c, const Definition *d, BoardView *ret);
