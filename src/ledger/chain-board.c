/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/board.h"
#include "ledger/chain-private.h"

/* Boards and what they open, as the chain tells of them. */

/* --- boards --- */

static SeatEntryInfo entry_info(const Act *a) {
        return a ? (SeatEntryInfo) { .entry = a->entry, .place = a->place } : (SeatEntryInfo) {};
}

static SeatInfo seat_info(const Board *b, unsigned i) {
        return (SeatInfo) {
                .trustee = entry_info(b->seats[i].trustee),
                .deal = entry_info(b->seats[i].deal),
                .answer = entry_info(b->seats[i].answer),
                .share_key = b->x[i],
        };
}

static int board_info(const Chain *c, const Board *b, BoardInfo *ret) {
        const BoardLine *line;
        bool dealt;

        if (!b)
                return -ENODATA;
        line = board_line(b);
        dealt = b->n_deals == line->n_trustees;

        *ret = (BoardInfo) {
                .place = b->act->place,
                .id = b->act->entry->id,
                .entry = b->act->entry,
                .line = line,
                .phase = board_phase(b, c->tip.time),
                .approvals = act_approvals(c->state, b->act),
                .approvals_needed = c->genesis->approvals,
                .in_effect = b->act->effect != 0,
                .n_deals = b->n_deals,
                .n_confirms = b->n_confirms,
                .deals = dealt ? &b->root : NULL,
                .key = dealt ? &b->y : NULL,
                .ready_time = b->ready_time,
                .liar = b->objection ? &b->objection->entry->object.line->dealer : NULL,
                .objector = b->objection ? &b->objection->entry->signer : NULL,
        };
        for (unsigned i = 0; i < line->n_trustees; i++)
                ret->seats[i] = seat_info(b, i);
        return 0;
}

const Element* seat_sealing(const SeatInfo *s) {
        return &s->trustee.entry->trustee.line->sealing;
}

bool board_is_awaited(const BoardInfo *b, unsigned seat) {
        const SeatInfo *s = &b->seats[seat];

        if (b->phase == BOARD_READY || !b->in_effect || b->liar || (b->key && element_is_identity(b->key)))
                return false;
        return b->deals ? !s->answer.entry : !s->deal.entry;
}

size_t chain_n_boards(const Chain *c) {
        assert(c);

        return HASH_CNT(hh, c->state->boards);
}

int chain_board_at(const Chain *c, size_t i, BoardInfo *ret) {
        const Board *b;

        assert(c);
        assert(ret);

        b = c->state->boards;           /* uthash keeps the order in which they were added */
        for (; b && i > 0; i--)
                b = b->hh.next;
        return board_info(c, b, ret);
}

int chain_board_by_name(const Chain *c, const char *name, BoardInfo *ret) {
        assert(c);
        assert(ret);

        return board_info(c, state_board_by_name(c->state, name), ret);
}

int chain_board_by_id(const Chain *c, const Id *id, BoardInfo *ret) {
        assert(c);
        assert(ret);

        return board_info(c, state_board(c->state, id), ret);
}

int chain_trustee_by_key(const Chain *c, const Key *k, TrusteeInfo *ret) {
        const Act *a;

        assert(c);
        assert(k);
        assert(ret);

        a = state_trustee(c->state, k);
        if (!a)
                return -ENODATA;
        *ret = (TrusteeInfo) {
                .place = a->place,
                .id = a->entry->id,
                .sealing = a->entry->trustee.line->sealing,
        };
        return 0;
}

/* --- what they open --- */

static Election* sealed_election(Chain *c, const ElectionInfo *e) {
        Election *el = state_election(c->state, &e->id);

        return el && el->board ? el : NULL;
}

int chain_sealed_total(Chain *c, const ElectionInfo *e, const SealedTotal **ret) {
        Election *el;

        assert(c);
        assert(e);
        assert(ret);

        el = sealed_election(c, e);
        return el ? election_total(c->state, el, ret) : -EINVAL;
}

int chain_share_at(Chain *c, const ElectionInfo *e, size_t i, ShareInfo *ret) {
        const Election *el;
        const Act *a;

        assert(c);
        assert(e);
        assert(ret);

        el = sealed_election(c, e);
        if (!el || i >= el->n_shares)
                return -ENODATA;
        a = el->shares[i];
        *ret = (ShareInfo) {
                .signer = a->entry->signer,
                .place = a->place,
                .counts = i < board_line(el->board)->threshold,
                .line = a->entry->share.line,
        };
        (void) board_find_seat(el->board, &ret->signer, &ret->trustee);
        return 0;
}

/* --- the result --- */

static Json* total_to_json(const Definition *d, const SealedTotal *total) {
        const Cipher *sums = sealed_total_ciphers(total);
        Json *questions = json_new_array();

        for (size_t i = 0, k = 0; i < d->n_questions; i++) {
                Json *options = json_new_array();

                for (size_t o = 0; o < d->questions[i].n_options; o++, k++) {
                        Json *pair = json_new_array();

                        json_add_base64(pair, sums[k].alpha.b, sizeof(sums[k].alpha.b));
                        json_add_base64(pair, sums[k].beta.b, sizeof(sums[k].beta.b));
                        json_add(options, pair);
                }
                json_add(questions, options);
        }
        return questions;
}

Json* chain_shares_to_json(Chain *c, const ElectionInfo *e) {
        Json *shares = json_new_array();
        ShareInfo share;

        for (size_t i = 0; chain_share_at(c, e, i, &share) == 0; i++) {
                Json *o = json_new_object();

                json_set_int(o, "trustee", share.trustee);
                json_set_key(o, "key", &share.signer);
                json_set_int(o, "height", (int64_t) PLACE_HEIGHT(share.place));
                json_set_int(o, "position", (int64_t) PLACE_POSITION(share.place));
                json_set_bool(o, "counts", share.counts);
                json_add(shares, o);
        }
        return shares;
}

/* How it was come by: the sums that were opened, and by whom. */
static int add_working(Chain *c, const ElectionInfo *e, const SealedTotal *total, Result *result) {
        const Json *old;
        Json *sealed;
        Id hash;
        int r;

        r = sealed_total_hash(total, &hash);
        if (r < 0)
                return r;
        sealed = json_new_object();
        json_set_id(sealed, "hash", &hash);
        json_set(sealed, "ciphers", total_to_json(e->definition, total));
        json_set(sealed, "shares", chain_shares_to_json(c, e));

        if (json_get_object(result->json, "sealed", &old, NULL) == 0)
                json_set((Json *) old, "working", sealed);
        else
                json_free(sealed);
        return 0;
}

int chain_count_sealed(Chain *c, const ElectionInfo *e, const Lot *lot, Result **ret) {
        _cleanup_(result_freep) Result *result = NULL;
        _cleanup_free_ uint64_t *zeros = NULL;
        Election *el = sealed_election(c, e);
        const uint64_t *sums = NULL;
        const SealedTotal *total;
        int r;

        if (!el)
                return -EINVAL;
        r = election_count_ballots(c->state, el);
        if (r < 0)
                return r;
        if (election_is_counted(el) && !election_is_opened(el))
                return -EBUSY;          /* whatever the sum is */
        r = election_total(c->state, el, &total);
        if (r < 0)
                return r;

        switch (sealed_total_fate(total)) {

        case SEALED_OPENS:
                r = election_opened(c->state, el, &sums);
                if (r < 0)
                        return r;
                break;

        case SEALED_EMPTY:
                zeros = new0(uint64_t, e->definition->n_options);
                if (!zeros)
                        return -ENOMEM;
                sums = zeros;
                break;

        case SEALED_TOO_FEW:
                break;
        }

        r = result_of_sums((Definition *) e->definition, sealed_total_ballots(total),
                        sealed_total_weight(total), sums, lot, &result);
        if (r < 0)
                return r == -EINVAL ? -EUCLEAN : r;
        r = add_working(c, e, total, result);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(result);
        return 0;
}

int chain_open_all(Chain *c, uint64_t *ret_n) {
        assert(c);
        assert(ret_n);

        *ret_n = 0;
        for (size_t i = 0; i < chain_n_elections(c); i++) {
                _cleanup_(result_freep) Result *result = NULL;
                ElectionInfo info;
                int r;

                r = chain_election_at(c, i, &info);
                if (r < 0)
                        return r;
                if (info.definition->secrecy != SECRECY_SEALED || info.phase != ELECTION_FINAL ||
                                info.shares < info.threshold)
                        continue;
                r = chain_count(c, &info, &result);
                if (r < 0)
                        return r;
                ++*ret_n;
        }
        return 0;
}
