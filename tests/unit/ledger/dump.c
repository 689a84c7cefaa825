/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump.h"

#include <inttypes.h>

#include "codec/hex.h"
#include "ledger/board.h"
#include "ledger/chain-private.h"

#define HEX(id) id_hex((id), (char[ID_HEX]) {})
#define KEY(k)  key_hex((k), (char[ID_HEX]) {})

static int on_entry(void *userdata, Place place, int kind, const char *line, size_t n) {
        buf_printf(userdata, "line %" PRIu64 " %d %.*s\n", place, kind, (int) n, line);
        return 0;
}

static int on_vote(void *userdata, const StoredVote *v) {
        buf_printf(userdata,
                        " voter %" PRIu32 " seq %" PRIu32 " count %" PRIu32 " place %" PRIu64 "\n",
                        v->voter, v->seq, v->count, v->place);
        return 0;
}

static void dump_act(const State *s, const Act *a, Buf *b) {
        buf_printf(b, "act %" PRIu64 " %s %s effect %" PRIu64 " approvals %u by", a->place,
                        entry_kind_name(a->entry->kind), HEX(&a->entry->id), a->effect,
                        act_approvals(s, a));
        for (size_t i = 0; i < a->n_signers; i++)
                buf_printf(b, " %s", KEY(&a->signers[i]));
        buf_printf(b, " target %s found %d\n", a->target ? HEX(&a->target->entry->id) : "none",
                        state_act(s, &a->entry->id) == a);
}

static void dump_election(Chain *c, Election *e, Buf *b) {
        const Definition *d = e->act->entry->election.definition;
        ElectionInfo info = {};
        int r;

        r = chain_election_by_name(c, d->name, &info);
        buf_printf(b,
                        "election %s %d %s grace %" PRIu64 " closing %" PRIu64
                        " %s approvals %u of %u voters %" PRIu64 " weight %" PRIu64
                        " ballots %" PRIu64 " drawn %d %s withdrawn %" PRIu64 "\n",
                        d->name, r, election_phase_name(info.phase), info.grace,
                        info.closing_height, HEX(&info.closing_block), info.approvals,
                        info.approvals_needed, info.voters, info.weight, info.ballots, info.drawn,
                        strna(info.draw_value), e->withdrawn ? e->withdrawn->place : 0);

        /* What is kept of the voters beside the store agrees with it. */
        r = c->store->ops->vote_each(c->store, e->act->place, 0, on_vote, b);
        buf_printf(b, " votes %d\n", r);
        for (uint32_t i = 0; e->voters && i < roll_set_size(e->rolls); i++) {
                StoredVote v = {};

                (void) c->store->ops->vote_last(c->store, e->act->place, i, &v);
                if (v.seq != e->voters[i].seq || v.count != e->voters[i].count)
                        buf_printf(b,
                                        " voter %" PRIu32 " is kept with seq %" PRIu32
                                        " count %" PRIu32 "\n",
                                        i, e->voters[i].seq, e->voters[i].count);
        }
}

static void dump_bytes(const void *p, size_t n, Buf *b) {
        char hex[65];

        hex_encode(hex, p, n);
        buf_printf(b, " %s", hex);
}

static void dump_board(Chain *c, const Board *board, Buf *b) {
        const BoardLine *line = board_line(board);

        buf_printf(b, "board %s %s deals %u confirms %u ready %" PRIu64 " no key %d objection %" PRIu64, line->name,
                        board_phase_name(board_phase(board, c->tip.time)), board->n_deals, board->n_confirms,
                        board->ready_time, board->no_key, board->objection ? board->objection->place : 0);
        dump_bytes(&board->root, sizeof(board->root), b);
        dump_bytes(&board->y, sizeof(board->y), b);
        for (unsigned i = 0; i < line->n_trustees; i++) {
                const Seat *s = &board->seats[i];

                buf_printf(b, "\n seat %" PRIu64 " %" PRIu64 " %" PRIu64, s->trustee->place, s->deal ? s->deal->place : 0,
                                s->answer ? s->answer->place : 0);
                dump_bytes(&board->x[i], sizeof(board->x[i]), b);
        }
        buf_add_char(b, '\n');
}

/* What is only computed when it is asked for is asked for. */
static void dump_sealed(Chain *c, Election *e, Buf *b) {
        const SealedTotal *total;
        const uint64_t *opened;
        int r;

        buf_printf(b, " board %s shares", board_line(e->board)->name);
        for (unsigned i = 0; i < e->n_shares; i++)
                buf_printf(b, " %" PRIu64, e->shares[i]->place);
        r = election_total(c->state, e, &total);
        buf_printf(b, " total %d", r);
        if (r == 0) {
                Id hash;

                r = sealed_total_hash(total, &hash);
                buf_printf(b, " %s", HEX(&hash));
        }
        r = election_opened(c->state, e, &opened);
        buf_printf(b, " opened %d", r);
        for (size_t i = 0; r == 0 && i < e->act->entry->election.definition->n_options; i++)
                buf_printf(b, " %" PRIu64, opened[i]);
        buf_add_char(b, '\n');
}

void dump_chain(Chain *c, Buf *ret) {
        const State *s = c->state;

        buf_printf(ret, "tip %" PRIu64 " %" PRIu64 " %s\n", c->tip.height, c->tip.time,
                        HEX(&c->tip.id));
        for (uint64_t h = 1; h <= c->tip.height + 1; h++) {
                StoredBlock block = {};
                uint64_t found = 0;

                if (c->store->ops->block_get(c->store, h, &block) < 0)
                        continue;
                (void) c->store->ops->block_find(c->store, &block.id, &found);
                buf_printf(ret,
                                "block %" PRIu64 " found %" PRIu64 " time %" PRIu64
                                " count %" PRIu32 " work %u %s %s\n",
                                h, found, block.time, block.count, block.work[15], block.header,
                                block.seal);
                stored_block_done(&block);
        }
        (void) c->store->ops->entry_each(
                        c->store, 0, UINT64_MAX >> 1, STORE_KIND_ALL, on_entry, ret);

        for (size_t i = 0; i < s->n_acts; i++)
                dump_act(s, s->acts[i], ret);
        for (size_t i = 0; i < s->n_admins; i++)
                buf_printf(ret, "admin %s added %" PRIu64 " removed %" PRIu64 "\n",
                                KEY(&s->admins[i].key),
                                s->admins[i].added ? s->admins[i].added->place : 0,
                                s->admins[i].removed ? s->admins[i].removed->place : 0);
        for (size_t i = 0; i < s->n_in_force; i++)
                buf_printf(ret, "in force %s\n", KEY(&s->in_force[i]));
        for (size_t i = 0; i < s->n_elections; i++) {
                dump_election(c, s->elections[i], ret);
                if (s->elections[i]->board)
                        dump_sealed(c, s->elections[i], ret);
        }
        for (const Board *b = s->boards; b; b = b->hh.next)
                dump_board(c, b, ret);

        for (uint64_t i = c->recent.first; i < c->recent.end; i++) {
                const RecentId *r = &c->recent.ring[i % RECENT_IDS_MAX];
                Place place = 0;

                buf_printf(ret, "recent %" PRIu64 " %s found %d\n", r->place, HEX(&r->id),
                                recent_find(&c->recent, &r->id, &place) && place == r->place);
        }
}

int dump_forget_sums(Chain *c) {
        sums_free(c->sums);
        c->state->sums = NULL;
        if (sums_new(&c->sums) < 0)
                return -ENOMEM;
        c->state->sums = c->sums;
        return 0;
}
