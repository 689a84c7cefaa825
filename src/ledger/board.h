/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/sealed.h"
#include "ledger/state.h"

/* A board of trustees as the chain's entries make it (DESIGN 5):
 *
 *      PENDING --approvals--> DEALING --all deals--> CONFIRMING --all confirm--> READY
 *         |                      |                       |
 *         +--`until` passes------+-----------------------+--`until` passes, or somebody objects
 *                                |                       |  rightly--> VOID
 *                                +--the deals sum to the identity--> VOID
 *
 * Only `until` depends on time, and of it nothing is stored: a board that is not ready in a block
 * with that time is void. What is ready stays so. */

typedef struct Seat {           /* of one trustee */
        Act *trustee;           /* its sealing key: the last one before the board */
        Act *deal;              /* NULL: not yet */
        Act *answer;            /* `confirm` or `object`; likewise */
} Seat;

struct Board {
        Act *act;
        Seat seats[TRUSTEES_MAX];
        unsigned n_deals, n_confirms;
        /* Once all deals are in: */
        Id root;                        /* Merkle root of their ids, in the order of trustees */
        Element y, x[TRUSTEES_MAX];     /* the public key, and those of the trustees' shares */
        bool no_key;                    /* y is the identity */
        Act *objection;                 /* that holds */
        uint64_t ready_time;            /* of the block with the last confirmation; 0: not ready */
        UT_hash_handle hh;              /* by name */
};

static inline const BoardLine* board_line(const Board *b) {
        return b->act->entry->board.line;
}

static inline bool board_find_seat(const Board *b, const Key *k, unsigned *ret) {
        return board_line_find_seat(board_line(b), k, ret);
}

Board* state_board(const State *s, const Id *id);               /* NULL: no board of that id */
Board* state_board_by_name(const State *s, const char *name);
BoardPhase board_phase(const Board *b, uint64_t time);
/* The board that the line names, and the signer's seat. 0, V_UNKNOWN, V_SIGNER. */
_must_check_ int board_find(State *s, const Id *id, const Key *signer, Board **ret, unsigned *ret_seat, Why *why);
/* For what trustees do in a block with that time: the signer's seat, and that the board takes deals
 * and answers. 0, verdict. */
_must_check_ int board_check_seat(State *s, const Id *id, const Key *signer, uint64_t time, Board **ret,
                unsigned *ret_seat, Why *why);
/* V_LATE: it is void, and why. */
int board_refuse_void(const Board *b, uint64_t time, Why *why);
/* V_EARLY with how many deals are missing, V_DEFINITION (deals is not their root), 0. */
_must_check_ int board_check_deals(const Board *b, const Id *deals, Why *why);

/* A deal has come, or goes: keys are computed when the last one is in. 0 or -errno. */
_must_check_ int board_put_deal(Board *b, unsigned seat, Act *deal);
void board_take_deal(Board *b, unsigned seat);

/* Of all deals of a board, in the order of its trustees, each with `threshold` commitments: the root
 * of their ids, Y (the identity: they make no key), and X_j of each trustee. */
void board_compute_keys(const BoardLine *line, const Entry *const deals[], Id *ret_root, Element *ret_y,
                Element ret_x[]);

Board* board_free(Board *b);
DEFINE_CLEANUP(Board*, board_free)
