/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/board.h"

#include <inttypes.h>

#include "codec/hex.h"
#include "crypto/merkle.h"

static const char *const phase_names[_BOARD_PHASE_MAX] = {
        [BOARD_PENDING]    = "pending",
        [BOARD_DEALING]    = "dealing",
        [BOARD_CONFIRMING] = "confirming",
        [BOARD_READY]      = "ready",
        [BOARD_VOID]       = "void",
};

const char* board_phase_name(BoardPhase p) {
        return p < _BOARD_PHASE_MAX ? phase_names[p] : "unknown";
}

Board* board_free(Board *b) {
        free(b);
        return NULL;
}

Board* state_board(const State *s, const Id *id) {
        const Act *a = state_act(s, id);

        return a ? a->entry->kind == ENTRY_BOARD ? a->board : NULL : NULL;
}

Board* state_board_by_name(const State *s, const char *name) {
        Board *b;

        assert(s);
        assert(name);

        HASH_FIND_STR(s->boards, name, b);
        return b;
}

BoardPhase board_phase(const Board *b, uint64_t time) {
        assert(b);

        if (b->ready_time > 0)
                return BOARD_READY;
        if (b->objection || b->no_key || time >= board_line(b)->until)
                return BOARD_VOID;
        if (b->act->effect == 0)
                return BOARD_PENDING;
        return b->n_deals < board_line(b)->n_trustees ? BOARD_DEALING : BOARD_CONFIRMING;
}

/* --- rules of what trustees do --- */

int board_refuse_void(const Board *b, uint64_t time, Why *why) {
        const BoardLine *line = board_line(b);

        if (b->objection)
                return why_set(why, V_LATE,
                                "board %s is void: in block %" PRIu64 " a share of %s was shown to be "
                                "wrong",
                                line->name, PLACE_HEIGHT(b->objection->place),
                                key_hex(&b->objection->entry->object.line->dealer,
                                                (char[ID_HEX]) {}));
        if (b->no_key)
                return why_set(why, V_LATE, "board %s is void: its deals make no key", line->name);
        return why_set(why, V_LATE,
                        "board %s is void: it was not ready at %" PRIu64 ", the block's time is "
                        "%" PRIu64,
                        line->name, line->until, time);
}

int board_find(State *s, const Id *id, const Key *signer, Board **ret, unsigned *ret_seat, Why *why) {
        char hex[ID_HEX];
        Board *b;

        b = state_board(s, id);
        if (!b)
                return why_set(why, V_UNKNOWN, "\"board\" names %s, which is no board in the ledger",
                                id_hex(id, hex));
        if (!board_find_seat(b, signer, ret_seat))
                return why_set(why, V_SIGNER, "%s is no trustee of board %s", key_hex(signer, hex),
                                board_line(b)->name);
        *ret = b;
        return 0;
}

int board_check_seat(State *s, const Id *id, const Key *signer, uint64_t time, Board **ret,
                unsigned *ret_seat, Why *why) {
        Board *b;
        int r;

        r = board_find(s, id, signer, &b, ret_seat, why);
        if (r != 0)
                return r;

        *ret = b;
        switch (board_phase(b, time)) {

        case BOARD_PENDING:
                return why_set(why, V_EARLY, "board %s awaits approvals", board_line(b)->name);

        case BOARD_READY:
                return why_set(why, V_LATE, "board %s is ready already", board_line(b)->name);

        case BOARD_VOID:
                return board_refuse_void(b, time, why);

        case BOARD_DEALING:
        case BOARD_CONFIRMING:
        case _BOARD_PHASE_MAX:
                break;
        }
        return 0;
}

int board_check_deals(const Board *b, const Id *deals, Why *why) {
        const BoardLine *line = board_line(b);
        char expected[ID_HEX], hex[ID_HEX];

        if (b->n_deals < line->n_trustees)
                return why_set(why, V_EARLY, "of board %s %u of %u deals are in", line->name, b->n_deals,
                                line->n_trustees);
        if (!id_equal(deals, &b->root))
                return why_set(why, V_DEFINITION, "\"deals\" is %s, expected %s, the root of this board's deals",
                                id_hex(deals, hex), id_hex(&b->root, expected));
        return 0;
}

/* --- keys --- */

void board_compute_keys(const BoardLine *line, const Entry *const deals[], Id *ret_root, Element *ret_y,
                Element ret_x[]) {
        Element commitments[TRUSTEES_MAX * TRUSTEES_MAX];
        Id ids[TRUSTEES_MAX];

        for (unsigned i = 0; i < line->n_trustees; i++) {
                ids[i] = deals[i]->id;
                memcpy(commitments + i * line->threshold, deals[i]->deal.line->commitments,
                                line->threshold * sizeof(Element));
        }

        merkle_root(ret_root, ids, line->n_trustees);
        board_key(ret_y, commitments, line->n_trustees, line->threshold);
        board_share_keys(ret_x, commitments, line->n_trustees, line->threshold);
}

static int compute_keys(Board *b) {
        const BoardLine *line = board_line(b);
        const Entry *deals[TRUSTEES_MAX];

        for (unsigned i = 0; i < line->n_trustees; i++) {
                deals[i] = b->seats[i].deal->entry;
                if (deals[i]->deal.line->n_commitments != line->threshold)
                        return -EUCLEAN;
        }

        board_compute_keys(line, deals, &b->root, &b->y, b->x);
        b->no_key = element_is_identity(&b->y);
        return 0;
}

int board_put_deal(Board *b, unsigned seat, Act *deal) {
        int r;

        assert(!b->seats[seat].deal);

        b->seats[seat].deal = deal;
        if (++b->n_deals < board_line(b)->n_trustees)
                return 0;
        r = compute_keys(b);
        if (r < 0)
                board_take_deal(b, seat);
        return r;
}

void board_take_deal(Board *b, unsigned seat) {
        assert(b->seats[seat].deal);

        b->seats[seat].deal = NULL;
        b->n_deals--;
        b->no_key = false;
        b->root = (Id) {};
        b->y = (Element) {};
        memset(b->x, 0, sizeof(b->x));
}
