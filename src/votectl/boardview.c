/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "codec/hex.h"
#include "ledger/board.h"
#include "ledger/receipt.h"
#include "voted/limits.h"
#include "votectl/boardview.h"

#define ENTRIES_MAX (3U * TRUSTEES_MAX)

static void seat_entry_done(SeatEntry *e) {
        (void) entry_unref(e->entry);
        *e = (SeatEntry) {};
}

void board_view_done(BoardView *b) {
        for (unsigned i = 0; i < TRUSTEES_MAX; i++) {
                seat_entry_done(&b->seats[i].trustee);
                seat_entry_done(&b->seats[i].deal);
                seat_entry_done(&b->seats[i].answer);
        }
        (void) entry_unref(b->entry);
        *b = (BoardView) {};
}

const Element* board_view_sealing(const BoardView *b, unsigned seat) {
        return &b->seats[seat].trustee.entry->trustee.line->sealing;
}

bool board_view_is_ready(const BoardView *b) {
        return b->n_deals == b->line->n_trustees && b->n_confirms == b->line->n_trustees;
}

/* --- reading --- */

static int read_entry(SeatEntry *ret, const Genesis *g, const Json *o, Why *why) {
        int64_t height, position;
        const char *line;
        int r;

        if ((r = json_get_text(o, "line", 1, ENTRY_BYTES_MAX, &line, why)) != 0 ||
                (r = json_get_int(o, "height", 1, LINE_INT_MAX, &height, why)) != 0 ||
                (r = json_get_int(o, "position", 0, BLOCK_COUNT_MAX, &position, why)) != 0)
                return r;
        ret->height = (uint64_t) height;
        ret->position = (uint32_t) position;
        return entry_parse(&ret->entry, g, line, strlen(line), why);
}

/* Takes e over where it belongs; what stands twice or belongs to another board is a lie. */
static int put_entry(BoardView *b, SeatEntry *e, Why *why) {
        const Entry *x = e->entry;
        SeatEntry *slot;
        unsigned seat;
        Id board = b->entry->id;

        if (!board_line_find_seat(b->line, &x->signer, &seat))
                return why_set(why, V_FORM, "an entry is signed by none of its trustees");
        switch (x->kind) {

        case ENTRY_TRUSTEE:
                slot = &b->seats[seat].trustee;
                b->n_sealings++;
                break;

        case ENTRY_DEAL:
                slot = &b->seats[seat].deal;
                board = x->deal.line->board;
                if (x->deal.line->n_commitments != b->line->threshold ||
                        x->deal.line->n_shares != b->line->n_trustees)
                        return why_set(why, V_FORM, "a deal does not fit its board");
                b->n_deals++;
                break;

        case ENTRY_CONFIRM:
                slot = &b->seats[seat].answer;
                board = x->confirm.board;
                b->n_confirms++;
                break;

        case ENTRY_OBJECT:
                slot = &b->seats[seat].answer;
                board = x->object.line->board;
                b->objector = (int) seat;
                break;

        default:
                return why_set(why, V_FORM, "a %s belongs to no board", entry_kind_name(x->kind));
        }
        if (!id_equal(&board, &b->entry->id))
                return why_set(why, V_FORM, "a %s is of another board", entry_kind_name(x->kind));
        if (slot->entry)
                return why_set(why, V_FORM, "trustee %u has two entries of kind %s", seat, entry_kind_name(x->kind));
        *slot = *e;
        *e = (SeatEntry) {};
        return 0;
}

/* The board's keys, once all deals are in; and that the trustees have confirmed these deals. */
static int compute_keys(BoardView *b, Why *why) {
        const unsigned n = b->line->n_trustees;
        const Entry *deals[TRUSTEES_MAX];

        if (b->n_deals < n)
                return b->n_confirms > 0 ? why_set(why, V_FORM, "deals are confirmed that are not there") : 0;
        for (unsigned i = 0; i < n; i++)
                deals[i] = b->seats[i].deal.entry;
        board_compute_keys(b->line, deals, &b->root, &b->y, b->x);
        for (unsigned i = 0; i < n; i++) {
                const Entry *answer = b->seats[i].answer.entry;

                if (answer && answer->kind == ENTRY_CONFIRM &&
                        !id_equal(&answer->confirm.deals, &b->root))
                        return why_set(why, V_FORM, "trustee %u has confirmed other deals", i);
        }
        return 0;
}

int board_view_parse(BoardView *ret, const Genesis *g, const Json *reply, Why *why) {
        _cleanup_(board_view_done) BoardView b = { .objector = -1 };
        const Json *entries, *summary;
        const char *phase;
        int r;

        if ((r = read_entry(&b.place, g, reply, why)) != 0)
                return r;
        b.entry = TAKE_PTR(b.place.entry);
        if (b.entry->kind != ENTRY_BOARD)
                return why_set(why, V_FORM, "the entry is of kind \"%s\"", entry_kind_name(b.entry->kind));
        b.line = b.entry->board.line;
        if ((r = json_get_object(reply, "summary", &summary, why)) != 0 ||
                (r = json_get_text(summary, "phase", 1, sizeof b.phase - 1, &phase, why)) != 0 ||
                (r = json_get_array(reply, "entries", 0, ENTRIES_MAX, &entries, why)) != 0)
                return r;
        (void) snprintf(b.phase, sizeof b.phase, "%s", phase);
        for (size_t i = 0; i < json_len(entries); i++) {
                _cleanup_(seat_entry_done) SeatEntry e = {};

                if ((r = read_entry(&e, g, json_at(entries, i), why)) != 0 ||
                        (r = put_entry(&b, &e, why)) != 0)
                        return r;
        }
        r = compute_keys(&b, why);
        if (r != 0)
                return r;
        *ret = b;
        b = (BoardView) {};
        return 0;
}

/* --- for people --- */

static const char* missing_text(const BoardView *b, unsigned i) {
        if (!b->seats[i].deal.entry)
                return "has not dealt yet";
        if (b->n_deals == b->line->n_trustees && !b->seats[i].answer.entry)
                return "has not confirmed yet";
        return NULL;
}

void board_view_show_missing(Ctl *c, const BoardView *b) {
        char hex[ID_HEX];

        if (streq(b->phase, "ready"))
                return;
        ctl_field(c, "Its state", "%s%s%s; %u of %u trustees have dealt, %u have confirmed",
                ctl_tint(c, TINT_WARN), b->phase, ctl_tint(c, TINT_NONE), b->n_deals,
                b->line->n_trustees, b->n_confirms);
        if (b->objector >= 0)
                ctl_field(c, "Objection", "trustee %d shows that the share which %.16s... dealt is wrong",
                        b->objector,
                        key_hex(&b->seats[b->objector].answer.entry->object.line->dealer, hex));
        for (unsigned i = 0; i < b->line->n_trustees; i++)
                if (missing_text(b, i))
                        ctl_field(c, "", "trustee %u (%.16s...) %s", i,
                                key_hex(&b->line->trustees[i], hex), missing_text(b, i));
}

/* --- from a node --- */

/* That the entry is in the ledger for good, from the pinned network alone. */
static int prove(Ctl *c, const Entry *e, const SeatEntry *at) {
        _cleanup_json_ Json *params = json_new_object(), *reply = NULL;
        const Json *receipt;
        ReceiptFacts facts;
        Why why = {};
        int r;

        json_set_int(params, "height", (int64_t) at->height);
        json_set_int(params, "position", at->position);
        r = ctl_call(c, "GetReceipt", TAKE_PTR(params), &reply);
        if (r != 0)
                return r;
        r = json_get_object(reply, "receipt", &receipt, &why);
        if (r == 0)
                r = receipt_verify(receipt, &c->genesis->network, &facts, &why);
        if (r == -ENOMEM)
                return ctl_oom(c);
        if (r != 0)
                return ctl_caught(c, why.text);
        if (!id_equal(&facts.entry, &e->id))
                return ctl_caught(c, "the receipt is of another entry");
        if (!facts.final)               /* a block was made a moment ago: nobody lies */
                return ctl_fail(c, EXIT_NOT_FINAL, "Ask again in a while.",
                        "an entry of the board, in block %" PRIu64 ", is not shown to be final yet", at->height);
        return EXIT_DONE;
}

static int prove_all(Ctl *c, BoardView *b) {
        int r;

        r = prove(c, b->entry, &b->place);
        for (unsigned i = 0; r == 0 && i < b->line->n_trustees; i++) {
                const SeatEntry *const all[] = {
                        &b->seats[i].trustee, &b->seats[i].deal, &b->seats[i].answer };

                for (size_t k = 0; r == 0 && k < ELEMENTSOF(all); k++)
                        if (all[k]->entry)
                                r = prove(c, all[k]->entry, all[k]);
        }
        if (r == 0)
                b->proven = true;
        return r;
}

int board_view_get(Ctl *c, const char *name, BoardView *ret) {
        _cleanup_json_ Json *params = json_new_object(), *reply = NULL;
        _cleanup_(board_view_done) BoardView b = {};
        Audited *audited;
        Why why = {};
        int r;

        r = ctl_network(c);
        if (r != 0)
                return r;
        json_set_text(params, "board", name);
        r = ctl_call(c, "GetBoard", TAKE_PTR(params), &reply);
        if (r != 0)
                return r;
        r = board_view_parse(&b, c->genesis, reply, &why);
        if (r == -ENOMEM)
                return ctl_oom(c);
        if (r == 0 && !streq(name, b.line->name) &&
                !streq(name, id_hex(&b.entry->id, (char[ID_HEX]) {})))
                r = why_set(&why, V_FORM, "it is about another board");
        if (r != 0)
                return ctl_caught(c, why.text);
        r = ctl_audited(c, &audited);
        if (r == 0 && c->pinned && audited) /* all of the ledger was checked */
                b.proven = true;
        else if (r == 0 && c->pinned)
                r = prove_all(c, &b);
        if (r != 0)
                return r;
        *ret = b;
        b = (BoardView) {};
        return EXIT_DONE;
}

static bool serves(const BoardView *b, const char *election) {
        for (size_t i = 0; i < b->line->n_elections; i++)
                if (streq(b->line->elections[i], election))
                        return true;
        return false;
}

int board_view_of_definition(Ctl *c, const Definition *d, BoardView *ret) {
        _cleanup_(board_view_done) BoardView b = {};
        char id[ID_HEX];
        int r;

        if (d->secrecy != SECRECY_SEALED)
                return EXIT_DONE;
        r = board_view_get(c, id_hex(&d->board, id), &b);
        if (r != 0)
                return r;
        if (!id_equal(&ASSERT_PTR(b.entry)->id, &d->board))     /* a name may look like an id */
                return ctl_caught(c, "it is about another board");
        *ret = b;
        b = (BoardView) {};
        return EXIT_DONE;
}

int board_view_of_election(Ctl *c, const Definition *d, BoardView *ret) {
        _cleanup_(board_view_done) BoardView b = {};
        int r;

        r = board_view_of_definition(c, d, &b);
        if (r != 0)
                return r;
        assert(b.line);                 /* d is of a sealed election */
        if (!serves(&b, d->name))
                return ctl_caught(c, "the board does not serve this election");
        if (!board_view_is_ready(&b) || element_is_identity(&b.y))
                return ctl_fail(c, EXIT_REFUSED,
                        "votectl board show BOARD tells which trustees are missing.",
                        "the board \"%s\" of election \"%s\" is not ready: %u of %u trustees have "
                        "dealt, %u have confirmed",
                        b.line->name, d->name, b.n_deals, b.line->n_trustees, b.n_confirms);
        *ret = b;
        b = (BoardView) {};
        return EXIT_DONE;
}

int board_view_of_ledger(Ctl *c, Audited *ledger, const Id *board, BoardView *ret) {
        _cleanup_json_ Json *params = json_new_object(), *reply = NULL;
        _cleanup_free_ char *error = NULL;
        Why why = {};
        int r;

        json_set_id(params, "board", board);
        r = audited_call(ledger, "org.voted.Peer.GetBoard", params, &reply, &error, &why);
        if (r != 0)
                return r;
        if (error)
                return ctl_fail(c, EXIT_NOT_FOUND, NULL, "%s", why.text);
        r = board_view_parse(ret, c->genesis, reply, &why);
        if (r != 0)
                return ctl_fail_why(c, r, EXIT_WRONG, NULL, &why);
        ret->proven = true;
        return EXIT_DONE;
}
