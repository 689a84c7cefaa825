/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/hex.h"
#include "node/peer-internal.h"

/* What people have to know of boards of trustees: what becomes of them, and by whose fault. A block
 * says all of it but that a board's time is over, which is seen by the clock: that nobody's block
 * says it is just what is wrong then. */

#define TELL_SEC (7 * 86400U)   /* so long a board that came to nothing is shown in the status */

static BoardPhase phase_now(const Peer *p, const BoardInfo *b) {
        return b->phase != BOARD_READY && p->now_sec >= b->line->until ? BOARD_VOID : b->phase;
}

/* The trustees that are missing, by the first digits of their keys. */
static void list_awaited(const BoardInfo *b, Buf *ret) {
        const char *before = "";

        for (unsigned i = 0; i < b->line->n_trustees; i++)
                if (board_is_awaited(b, i)) {
                        char hex[ID_HEX];

                        buf_printf(ret, "%strustee %u (%.16s…)", before, i, key_hex(&b->line->trustees[i], hex));
                        before = ", ";
                }
}

/* Why a board is void, as a sentence without its end. */
static int say_void(const BoardInfo *b, Buf *ret) {
        char liar[ID_HEX], objector[ID_HEX];

        if (b->liar)
                buf_printf(ret, "Board \"%s\" is void: trustee %.16s… dealt a wrong share to %.16s…, as the ledger shows",
                                b->line->name, key_hex(b->liar, liar), key_hex(b->objector, objector));
        else if (b->n_deals == b->line->n_trustees && b->phase == BOARD_VOID && b->n_confirms == 0 &&
                        element_is_identity(b->key))
                buf_printf(ret, "Board \"%s\" is void: its deals make no key", b->line->name);
        else if (b->approvals < b->approvals_needed)
                buf_printf(ret, "Board \"%s\" is void: it was not approved in time", b->line->name);
        else {
                buf_printf(ret, "Board \"%s\" is void: it was not ready in time, ", b->line->name);
                list_awaited(b, ret);
                buf_printf(ret, b->deals ? " did not confirm" : " did not deal");
        }
        return buf_error(ret);
}

static int say_phase(Peer *p, const BoardInfo *b, BoardPhase phase) {
        _cleanup_buf_ Buf text = {};
        int r;

        if (phase != BOARD_VOID) {
                peer_log(p, LOG_INFO, NODE_MSG_BOARD, "Board \"%s\" is %s.", b->line->name, board_phase_name(phase));
                return 0;
        }
        r = say_void(b, &text);
        if (r < 0)
                return r;
        peer_log(p, LOG_WARNING, NODE_MSG_BOARD, "%s.", text.p);
        return 0;
}

static int note_phase(Peer *p, size_t i, const BoardInfo *b, bool say) {
        BoardPhase phase = phase_now(p, b);

        if (i == p->n_boards) {
                int8_t *boards = reallocarray(p->boards, i + 1, 1);

                if (!boards)
                        return -ENOMEM;
                p->boards = boards;
                p->boards[p->n_boards++] = -1;
        }
        if (phase != BOARD_VOID && phase != BOARD_READY)
                p->boards_sec = MIN(p->boards_sec, b->line->until);
        if (p->boards[i] == (int8_t) phase)
                return 0;

        p->boards[i] = (int8_t) phase;
        p->changed = true;
        return say ? say_phase(p, b, phase) : 0;
}

int boards_update(Peer *p) {
        BoardInfo b;

        if (!p->boards_known || p->boards_version != p->version || p->now_sec >= p->boards_sec) {
                bool say = p->boards_known;

                p->boards_known = true;
                p->boards_version = p->version;
                p->boards_sec = UINT64_MAX;
                for (size_t i = 0; chain_board_at(p->chain, i, &b) == 0; i++) {
                        int r;

                        r = note_phase(p, i, &b, say);
                        if (r < 0)
                                return r;
                }
        }

        if (p->boards_sec != UINT64_MAX)
                peer_arm(p, p->now_usec + MIN(p->boards_sec - p->now_sec, UINT64_C(3600)) * USEC_PER_SEC);
        return 0;
}

int boards_status(Peer *p, Json **ret) {
        _cleanup_json_ Json *a = json_new_array();
        BoardInfo b;

        if (!a)
                return -ENOMEM;

        for (size_t i = 0; chain_board_at(p->chain, i, &b) == 0; i++) {
                _cleanup_buf_ Buf text = {};
                int r;

                if (phase_now(p, &b) != BOARD_VOID || p->now_sec > b.line->until + TELL_SEC)
                        continue;
                r = say_void(&b, &text);
                if (r < 0)
                        return r;
                json_add_text(a, text.p);
        }
        *ret = TAKE_PTR(a);
        return 0;
}
