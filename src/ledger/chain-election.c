/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/board.h"
#include "ledger/chain-private.h"

#include "codec/line.h"

/* Elections as the chain tells of them: phases, voters, counts. */

static const char *const phase_names[] = {
        [ELECTION_PENDING]   = "pending",
        [ELECTION_ANNOUNCED] = "announced",
        [ELECTION_OPEN]      = "open",
        [ELECTION_CLOSED]    = "closed",
        [ELECTION_COUNTING]  = "counting",
        [ELECTION_FINAL]     = "final",
        [ELECTION_WITHDRAWN] = "withdrawn",
        [ELECTION_VOID]      = "void",
};

const char* election_phase_name(ElectionPhase p) {
        return (size_t) p < ELEMENTSOF(phase_names) ? phase_names[p] : "unknown";
}

/* By the tip's time alone: no clock, and no history but the ledger's. Between `closes` and the end
 * of its grace an election is open, since it takes votes. */
static ElectionPhase phase_of(const Chain *c, const Election *e) {
        const Definition *d = e->act->entry->election.definition;

        if (e->withdrawn)
                return ELECTION_WITHDRAWN;
        if (e->act->effect == 0)
                return election_in_time(c->state, d, c->tip.time) ? ELECTION_PENDING
                                                                  : ELECTION_VOID;
        if (c->tip.time >= d->opens && election_lacks_board(e))
                return ELECTION_VOID;
        if (e->closing_height > 0) {
                if (!e->board)
                        return ELECTION_CLOSED;
                return election_is_counted(e) && !election_is_opened(e) ? ELECTION_COUNTING
                                                                        : ELECTION_FINAL;
        }
        return c->tip.time >= d->opens ? ELECTION_OPEN : ELECTION_ANNOUNCED;
}

static int election_info(const Chain *c, Election *e, ElectionInfo *ret) {
        int r;

        if (!e)
                return -ENODATA;
        r = election_count_ballots(c->state, e);
        if (r < 0)
                return r;

        *ret = (ElectionInfo) {
                .place = e->act->place,
                .id = e->act->entry->id,
                .definition = e->act->entry->election.definition,
                .phase = phase_of(c, e),
                .grace = e->grace,
                .closing_height = e->closing_height,
                .closing_block = e->closing_block,
                .approvals = act_approvals(c->state, e->act),
                .approvals_needed = c->genesis->approvals,
                .voters = roll_set_size(e->rolls),
                .weight = roll_set_weight(e->rolls),
                .ballots = e->ballots,
                .rolls = e->rolls,
                .threshold = e->board ? board_line(e->board)->threshold : 0,
                .shares = e->n_shares,
                .drawn = e->draw,
                .draw_value = e->draw ? e->draw->entry->draw.value : NULL,
                .draw_signer = e->draw ? e->draw->entry->signer : (Key) {},
        };
        return 0;
}

size_t chain_n_elections(const Chain *c) {
        assert(c);

        return c->state->n_elections;
}

int chain_election_at(const Chain *c, size_t i, ElectionInfo *ret) {
        assert(c);
        assert(ret);

        return election_info(c, i < c->state->n_elections ? c->state->elections[i] : NULL, ret);
}

int chain_election_by_name(const Chain *c, const char *name, ElectionInfo *ret) {
        assert(c);
        assert(ret);

        return election_info(c, state_election_by_name(c->state, name), ret);
}

int chain_election_by_id(const Chain *c, const Id *id, ElectionInfo *ret) {
        assert(c);
        assert(ret);

        return election_info(c, state_election(c->state, id), ret);
}

bool chain_closing_due(const Chain *c, uint64_t time) {
        assert(c);

        for (size_t i = 0; i < c->state->n_elections; i++) {
                const Election *e = c->state->elections[i];

                if (e->closing_height == 0 && election_closes(e) && time >= election_end(e))
                        return true;
        }
        return false;
}

int chain_voter(Chain *c, const ElectionInfo *e, const Key *k, uint32_t *ret_number,
                uint64_t *ret_weight, StoredVote *ret) {
        uint64_t weight;
        uint32_t number;

        assert(c);
        assert(e);
        assert(k);
        assert(ret);

        if (!e->rolls || !roll_set_find(e->rolls, k, &number, &weight))
                return V_SIGNER;
        if (ret_number)
                *ret_number = number;
        if (ret_weight)
                *ret_weight = weight;
        return c->store->ops->vote_last(c->store, e->place, number, ret);
}

/* --- counting --- */

typedef struct Counting {
        Chain *chain;
        const ElectionInfo *election;
        Count *count;
        Buf line;
} Counting;

static int count_vote(void *userdata, const StoredVote *v) {
        Counting *k = ASSERT_PTR(userdata);
        _cleanup_(ballot_freep) Ballot *ballot = NULL;
        _cleanup_json_ Json *o = NULL;
        const char *text;
        size_t n;
        int r;

        buf_reset(&k->line);
        r = state_read_ballot(k->chain->state, v->place, &k->line, &text, &n);
        if (r < 0)
                return r;

        r = line_parse(&o, text, n, n, NULL);
        if (r == 0)
                r = ballot_parse(&ballot, k->election->definition, o, NULL);
        if (r != 0)
                return r > 0 ? -EUCLEAN : r;

        return count_add(k->count, ballot, roll_set_voter_weight(k->election->rolls, v->voter));
}

int chain_count(Chain *c, const ElectionInfo *e, Result **ret) {
        _cleanup_(count_freep) Count *count = NULL;
        Counting counting;
        Lot lot;
        int r;

        assert(c);
        assert(e);
        assert(ret);

        lot = (Lot) {
                .network = c->genesis->network,
                .election = e->id,
                .value = e->draw_value,
                .signer = e->draw_signer,
        };
        if (e->definition->secrecy == SECRECY_SEALED)
                return chain_count_sealed(c, e, e->drawn ? &lot : NULL, ret);

        r = count_new(&count, (Definition *) e->definition);
        if (r < 0)
                return r;

        counting = (Counting) { .chain = c, .election = e, .count = count };
        r = c->store->ops->vote_each(c->store, e->place, 0, count_vote, &counting);
        buf_done(&counting.line);
        if (r < 0)
                return r;

        return count_finish(count, e->drawn ? &lot : NULL, ret);
}
