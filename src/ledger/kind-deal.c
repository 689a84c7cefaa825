/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "ledger/board.h"

/* {"board":id,"commitments":[element,...],"kind":"deal","proofs":[...],"shares":[...],
 *  "signature":...,"signer":key} */

static int read_commitments(DealLine *d, const Json *o, Why *why) {
        const Json *commitments, *proofs;
        int r;

        if ((r = json_get_array(o, "commitments", 1, TRUSTEES_MAX, &commitments, why)) != 0 ||
            (r = json_get_array(o, "proofs", json_len(commitments), json_len(commitments), &proofs,
                             why)) != 0)
                return r;

        for (size_t i = 0; i < json_len(commitments); i++) {
                if ((r = sealed_at_element(commitments, i, "commitments", &d->commitments[i], why)) != 0 ||
                    (r = sealed_at_bytes(proofs, i, "proofs", d->proofs[i], sizeof(d->proofs[i]), why)) != 0)
                        return r;
                d->n_commitments++;
        }
        return 0;
}

static int read_shares(DealLine *d, const Json *o, Why *why) {
        const Json *a;
        int r;

        r = json_get_array(o, "shares", 1, TRUSTEES_MAX, &a, why);
        if (r != 0)
                return r;

        for (size_t i = 0; i < json_len(a); i++) {
                r = sealed_at_bytes(a, i, "shares", d->shares[i], sizeof(d->shares[i]), why);
                if (r == 0 && sealed_share_decode(d->shares[i], NULL) != 0)
                        r = why_set(why, V_PROOF, "\"shares[%zu]\" is no sealed share: an element and a scalar", i);
                if (r != 0)
                        return r;
                d->n_shares++;
        }
        return 0;
}

static int deal_parse(Entry *e, const Json *o, const Genesis *g, Why *why) {
        DealLine *d;
        int r;

        r = json_check_keys(o,
                        JSON_KEYS("board", "commitments", "kind", "proofs", "shares", "signature",
                                        "signer"),
                        why);
        if (r != 0)
                return r;
        r = sealed_check_engine(g, why);
        if (r != 0)
                return r;

        d = e->deal.line = new0(DealLine, 1);
        if (!d)
                return -ENOMEM;
        if ((r = json_get_id(o, "board", &d->board, why)) != 0 ||
            (r = read_commitments(d, o, why)) != 0)
                return r;
        return read_shares(d, o, why);
}

static void deal_done(Entry *e) {
        free(e->deal.line);
}

static int check_shape(const DealLine *d, const BoardLine *line, Why *why) {
        if (d->n_commitments != line->threshold)
                return why_set(why, V_DEFINITION,
                                "\"commitments\" has %u items, expected %u, the threshold of board %s",
                                d->n_commitments, line->threshold, line->name);
        if (d->n_shares != line->n_trustees)
                return why_set(why, V_DEFINITION,
                                "\"shares\" has %u items, expected one for each of the %u trustees of "
                                "board %s",
                                d->n_shares, line->n_trustees, line->name);
        return 0;
}

static int deal_check(State *s, Entry *e, uint64_t time, Why *why) {
        const DealLine *d = e->deal.line;
        unsigned seat;
        Board *b;
        int r;

        r = board_check_seat(s, &d->board, &e->signer, time, &b, &seat, why);
        if (r != 0)
                return r;

        if (b->seats[seat].deal)
                return why_set(why, V_DUPLICATE,
                                "this trustee has dealt already, in block %" PRIu64,
                                PLACE_HEIGHT(b->seats[seat].deal->place));
        return check_shape(d, board_line(b), why);
}

static int deal_post(State *s, Act *act) {
        unsigned seat;

        act->board = state_board(s, &act->entry->deal.line->board);
        if (!act->board || !board_find_seat(act->board, &act->entry->signer, &seat) ||
                        act->board->seats[seat].deal)
                return -EUCLEAN;
        return board_put_deal(act->board, seat, act);
}

static void deal_unpost(State *s, Act *act) {
        unsigned seat = 0;

        (void) s;

        (void) board_find_seat(act->board, &act->entry->signer, &seat);
        board_take_deal(act->board, seat);
}

/* --- that the dealer knows every coefficient, and what every share is sealed with --- */

typedef struct DealContent {
        CheckContent content;
        Entry *entry;
        DealStatement statement;        /* borrows from it */
        Key trustees[TRUSTEES_MAX];
} DealContent;

static int check_deal(const CheckContent *c, Why *why) {
        const DealContent *d = (const DealContent *) c;
        const DealLine *line = d->entry->deal.line;
        SealedShareContext context = {
                .network = d->statement.network,
                .board = d->statement.board,
                .dealer = d->statement.dealer,
        };

        for (unsigned k = 0; k < line->n_commitments; k++) {
                int r;

                r = coefficient_check(&d->statement, k, line->proofs[k], why);
                if (r != 0)
                        return why_prefix(why, r, "coefficient %u", k);
        }
        for (unsigned i = 0; i < line->n_shares; i++) {
                int r;

                context.trustee = d->trustees[i];
                r = sealed_share_check(&context, line->shares[i], why);
                if (r != 0)
                        return why_prefix(why, r, "share %u", i);
        }
        return 0;
}

static void content_free(CheckContent *c) {
        DealContent *d = (DealContent *) c;

        entry_unref(d->entry);
        free(d);
}

static const CheckContentType content_type = {
        .check = check_deal,
        .free = content_free,
};

static int deal_content(State *s, Entry *e, CheckContent **ret, Why *why) {
        const DealLine *line = e->deal.line;
        DealContent *d;
        unsigned seat;
        Board *b;
        int r;

        r = board_find(s, &line->board, &e->signer, &b, &seat, why);
        if (r == 0)
                r = check_shape(line, board_line(b), why);
        if (r != 0)
                return r;

        d = new0(DealContent, 1);
        if (!d)
                return -ENOMEM;
        *d = (DealContent) {
                .content = { .type = &content_type, .n_proofs = line->n_commitments + line->n_shares },
                .entry = entry_ref(e),
                .statement = {
                        .network = s->genesis->network,
                        .board = line->board,
                        .dealer = e->signer,
                        .commitments = line->commitments,
                        .n_commitments = line->n_commitments,
                },
        };
        memcpy(d->trustees, board_line(b)->trustees, sizeof(d->trustees));
        *ret = &d->content;
        return 0;
}

const EntryType entry_type_deal = {
        .name = "deal",
        .limit = offsetof(Limits, entry_bytes),
        .parse = deal_parse,
        .done = deal_done,
        .check = deal_check,
        .content = deal_content,
        .post = deal_post,
        .unpost = deal_unpost,
};
