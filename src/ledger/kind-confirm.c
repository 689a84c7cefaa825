/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/hex.h"
#include "ledger/board.h"

/* What a trustee answers to the deals: `confirm` or `object`, one of the two, once. */

static int check_answer(State *s, const Id *board, const Id *deals, const Entry *e, uint64_t time,
                Board **ret, Why *why) {
        const Act *answer;
        unsigned seat;
        int r;

        r = board_check_seat(s, board, &e->signer, time, ret, &seat, why);
        if (r != 0)
                return r;

        answer = (*ret)->seats[seat].answer;
        if (answer)
                return why_set(why, V_DUPLICATE,
                                "this trustee has answered with \"%s\" already, in block %" PRIu64,
                                entry_kind_name(answer->entry->kind), PLACE_HEIGHT(answer->place));
        return board_check_deals(*ret, deals, why);
}

static int post_answer(State *s, Act *act, const Id *board) {
        unsigned seat;

        act->board = state_board(s, board);
        if (!act->board || !board_find_seat(act->board, &act->entry->signer, &seat) ||
                        act->board->seats[seat].answer)
                return -EUCLEAN;
        act->board->seats[seat].answer = act;
        return 0;
}

static void unpost_answer(Act *act) {
        unsigned seat = 0;

        (void) board_find_seat(act->board, &act->entry->signer, &seat);
        act->board->seats[seat].answer = NULL;
}

/* --- confirm: {"board":id,"deals":hash,"kind":"confirm","signature":...,"signer":key} --- */

static int confirm_parse(Entry *e, const Json *o, const Genesis *g, Why *why) {
        int r;

        if ((r = json_check_keys(o, JSON_KEYS("board", "deals", "kind", "signature", "signer"), why)) != 0 ||
            (r = sealed_check_engine(g, why)) != 0 ||
            (r = json_get_id(o, "board", &e->confirm.board, why)) != 0)
                return r;
        return json_get_id(o, "deals", &e->confirm.deals, why);
}

static int confirm_check(State *s, Entry *e, uint64_t time, Why *why) {
        Board *b;

        return check_answer(s, &e->confirm.board, &e->confirm.deals, e, time, &b, why);
}

static int confirm_post(State *s, Act *act) {
        Board *b;
        int r;

        r = post_answer(s, act, &act->entry->confirm.board);
        if (r < 0)
                return r;

        b = act->board;
        if (b->n_confirms + 1 == board_line(b)->n_trustees) {
                r = state_time_at(s, PLACE_HEIGHT(act->place), &b->ready_time);
                if (r < 0) {
                        unpost_answer(act);
                        return r;
                }
        }
        b->n_confirms++;
        return 0;
}

static void confirm_unpost(State *s, Act *act) {
        (void) s;

        act->board->n_confirms--;
        act->board->ready_time = 0;
        unpost_answer(act);
}

const EntryType entry_type_confirm = {
        .name = "confirm",
        .limit = offsetof(Limits, entry_bytes),
        .parse = confirm_parse,
        .check = confirm_check,
        .post = confirm_post,
        .unpost = confirm_unpost,
};

/* --- object: {"board":id,"dealer":key,"deals":hash,"key":element,"kind":"object","proof":...,
 *              "signature":...,"signer":key}
 *
 * It opens the share that the dealer sealed to the signer, for everybody to see that it is wrong. A
 * share that is right makes the objection invalid. --- */

static int object_parse(Entry *e, const Json *o, const Genesis *g, Why *why) {
        ObjectLine *x;
        int r;

        r = json_check_keys(o,
                        JSON_KEYS("board", "dealer", "deals", "key", "kind", "proof", "signature",
                                        "signer"),
                        why);
        if (r != 0)
                return r;
        r = sealed_check_engine(g, why);
        if (r != 0)
                return r;

        x = e->object.line = new0(ObjectLine, 1);
        if (!x)
                return -ENOMEM;
        if ((r = json_get_id(o, "board", &x->board, why)) != 0 ||
            (r = json_get_id(o, "deals", &x->deals, why)) != 0 ||
            (r = json_get_key(o, "dealer", &x->dealer, why)) != 0 ||
            (r = sealed_get_element(o, "key", &x->key, why)) != 0)
                return r;
        return sealed_get_bytes(o, "proof", x->proof, sizeof(x->proof), why);
}

static void object_done(Entry *e) {
        free(e->object.line);
}

static int find_dealer(const Board *b, const ObjectLine *x, unsigned *ret_seat, Why *why) {
        if (board_find_seat(b, &x->dealer, ret_seat))
                return 0;
        return why_set(why, V_DEFINITION, "\"dealer\" is %s, who is no trustee of board %s",
                        key_hex(&x->dealer, (char[ID_HEX]) {}), board_line(b)->name);
}

static int object_entry_check(State *s, Entry *e, uint64_t time, Why *why) {
        const ObjectLine *x = e->object.line;
        unsigned dealer;
        Board *b;
        int r;

        r = check_answer(s, &x->board, &x->deals, e, time, &b, why);
        return r != 0 ? r : find_dealer(b, x, &dealer, why);
}

static int object_post(State *s, Act *act) {
        const Id *board = &act->entry->object.line->board;
        const Board *b = state_board(s, board);
        int r;

        if (!b || b->objection)         /* before act is the seat's answer: nobody takes it back */
                return -EUCLEAN;
        r = post_answer(s, act, board);
        if (r < 0)
                return r;
        act->board->objection = act;
        return 0;
}

static void object_unpost(State *s, Act *act) {
        (void) s;

        act->board->objection = NULL;
        unpost_answer(act);
}

typedef struct ObjectContent {
        CheckContent content;
        ObjectStatement statement;
        uint8_t proof[EQUAL_BYTES], share[SEALED_SHARE_BYTES];
        Element commitments[TRUSTEES_MAX];
        unsigned threshold, seat;
} ObjectContent;

static int check_objection(const CheckContent *c, Why *why) {
        const ObjectContent *x = (const ObjectContent *) c;
        const ObjectStatement *t = &x->statement;
        SealedShareContext context = {
                .network = t->network,
                .board = t->board,
                .dealer = t->dealer,
                .trustee = t->trustee,
        };
        Scalar share;
        int r;

        if ((r = object_check(t, x->proof, why)) != 0 ||
            (r = share_open_with(&share, &context, &t->k, x->share)) != 0)
                return r;
        if (share_fits(&share, x->commitments, x->threshold, x->seat))
                return why_set(why, V_PROOF, "the share of %s fits its commitments: there is nothing to object to",
                                key_hex(&t->dealer, (char[ID_HEX]) {}));
        return 0;
}

static const CheckContentType object_content_type = {
        .check = check_objection,
};

static int object_content(State *s, Entry *e, CheckContent **ret, Why *why) {
        const ObjectLine *line = e->object.line;
        const DealLine *deal;
        unsigned seat, dealer;
        ObjectContent *x;
        Board *b;
        int r;

        r = board_find(s, &line->board, &e->signer, &b, &seat, why);
        if (r == 0)
                r = board_check_deals(b, &line->deals, why);
        if (r == 0)
                r = find_dealer(b, line, &dealer, why);
        if (r != 0)
                return r;
        deal = b->seats[dealer].deal->entry->deal.line;

        x = new0(ObjectContent, 1);
        if (!x)
                return -ENOMEM;
        *x = (ObjectContent) {
                .content = { .type = &object_content_type, .n_proofs = 1 },
                .statement = {
                        .network = s->genesis->network,
                        .board = line->board,
                        .dealer = line->dealer,
                        .trustee = e->signer,
                        .sealing = b->seats[seat].trustee->entry->trustee.line->sealing,
                        .k = line->key,
                },
                .threshold = deal->n_commitments,
                .seat = seat,
        };
        memcpy(x->proof, line->proof, sizeof(x->proof));
        memcpy(x->share, deal->shares[seat], sizeof(x->share));
        memcpy(x->commitments, deal->commitments, sizeof(x->commitments));
        r = sealed_share_decode(x->share, &x->statement.r);
        if (r != 0) {
                free(x);
                return why_set(why, r, "the deal holds no share to object to");
        }
        *ret = &x->content;
        return 0;
}

/* The sealing key that the board took: the same line may mean another one on another branch. */
static void object_context(State *s, const Entry *e, Id *ret) {
        const Board *b = state_board(s, &e->object.line->board);
        unsigned seat;

        if (b && board_find_seat(b, &e->signer, &seat))
                memcpy(ret->b, b->seats[seat].trustee->entry->trustee.line->sealing.b, sizeof(ret->b));
}

const EntryType entry_type_object = {
        .name = "object",
        .limit = offsetof(Limits, entry_bytes),
        .parse = object_parse,
        .done = object_done,
        .check = object_entry_check,
        .content = object_content,
        .context = object_context,
        .post = object_post,
        .unpost = object_unpost,
};
