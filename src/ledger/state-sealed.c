/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/line.h"
#include "ledger/board.h"

/* What becomes of sealed ballots: their sum, once nobody can vote any more, and what the trustees
 * open it to. */

void election_forget_sum(Election *e) {
        e->total = sealed_total_free(e->total);
        free(e->opened);
        e->opened = NULL;
}

bool election_is_counted(const Election *e) {
        return e->ballots_known && e->ballots >= e->act->entry->election.definition->least;
}

bool election_is_opened(const Election *e) {
        return election_is_counted(e) && e->n_shares >= board_line(e->board)->threshold;
}

/* --- the sum --- */

/* Ballots are read here and summed up on threads, a handful of sums beside each other, so that no
 * number of ballots takes more memory than this. */
#define PARTS_MAX        8U
#define GATHER_BYTES_MAX (1U << 20)
#define GATHER_MAX       1024U

typedef struct Gathered {
        size_t offset, n;
        uint64_t weight;
} Gathered;

typedef struct Summing {
        State *state;
        Election *election;
        SealedSum *parts[PARTS_MAX];
        int errors[PARTS_MAX];
        Buf text;
        Gathered *ballots;
        size_t n;
} Summing;

static void summing_done(Summing *s) {
        for (size_t i = 0; i < PARTS_MAX; i++)
                sealed_sum_free(s->parts[i]);
        buf_done(&s->text);
        free(s->ballots);
}

static int add_ballot(const Summing *s, SealedSum *sum, const Gathered *g) {
        _cleanup_(sealed_ballot_freep) SealedBallot *ballot = NULL;
        _cleanup_json_ Json *o = NULL;
        int r;

        r = line_parse(&o, s->text.p + g->offset, g->n, g->n, NULL);
        if (r == 0)
                r = sealed_ballot_parse(&ballot, s->election->act->entry->election.definition, o, NULL);
        if (r != 0)
                return r > 0 ? -EUCLEAN : r;
        return sealed_sum_add(sum, ballot, g->weight);
}

static void sum_parts(size_t begin, size_t end, void *data) {
        Summing *s = ASSERT_PTR(data);

        for (size_t part = begin; part < end; part++)
                for (size_t i = part; i < s->n && s->errors[part] == 0; i += PARTS_MAX)
                        s->errors[part] = add_ballot(s, s->parts[part], &s->ballots[i]);
}

static int sum_gathered(Summing *s) {
        workers_for(s->state->workers, MIN(s->n, (size_t) PARTS_MAX), 1, sum_parts, s);
        s->n = 0;
        buf_reset(&s->text);
        for (size_t i = 0; i < PARTS_MAX; i++)
                if (s->errors[i] < 0)
                        return s->errors[i];
        return 0;
}

static int gather(void *userdata, const StoredVote *v) {
        Summing *s = ASSERT_PTR(userdata);
        size_t offset = s->text.n, n;
        const char *ballot;
        int r;

        r = state_read_ballot(s->state, v->place, &s->text, &ballot, &n);
        if (r < 0)
                return r;
        s->ballots[s->n++] = (Gathered) {
                .offset = offset + (size_t) (ballot - (s->text.p + offset)),
                .n = n,
                .weight = roll_set_voter_weight(s->election->rolls, v->voter),
        };
        return s->n == GATHER_MAX || s->text.n >= GATHER_BYTES_MAX ? sum_gathered(s) : 0;
}

int election_total(State *s, Election *e, const SealedTotal **ret) {
        _cleanup_(summing_done) Summing summing = { .state = s, .election = e };
        Definition *d = e->act->entry->election.definition;
        int r;

        assert(e->board);

        if (e->closing_height == 0)
                return -EBUSY;
        if (e->total) {
                *ret = e->total;
                return 0;
        }

        summing.ballots = newN(Gathered, GATHER_MAX);
        if (!summing.ballots)
                return -ENOMEM;
        for (size_t i = 0; i < PARTS_MAX; i++) {
                r = sealed_sum_new(&summing.parts[i], d);
                if (r < 0)
                        return r;
        }

        if ((r = s->store->ops->vote_each(s->store, e->act->place, 0, gather, &summing)) < 0 ||
            (r = sum_gathered(&summing)) < 0)
                return r;
        for (size_t i = 1; i < PARTS_MAX; i++) {
                r = sealed_sum_merge(summing.parts[0], summing.parts[i]);
                if (r < 0)
                        return r;
        }

        r = sealed_sum_total(summing.parts[0], &e->total);
        if (r < 0)
                return r;
        *ret = e->total;
        return 0;
}

/* --- opening it --- */

int election_opened(State *s, Election *e, const uint64_t **ret) {
        const Definition *d = e->act->entry->election.definition;
        unsigned trustees[TRUSTEES_MAX], threshold = board_line(e->board)->threshold;
        _cleanup_free_ Element *parts = NULL;
        _cleanup_free_ uint64_t *opened = NULL;
        const SealedTotal *total;
        int r;

        if (!election_is_opened(e))
                return -EBUSY;
        if (e->opened) {
                *ret = e->opened;
                return 0;
        }
        r = election_total(s, e, &total);
        if (r < 0)
                return r;

        parts = new0(Element, threshold * d->n_options);        /* all zero: the identity */
        opened = newN(uint64_t, d->n_options);
        if (!parts || !opened)
                return -ENOMEM;
        for (unsigned i = 0; i < threshold; i++) {
                const ShareLine *line = e->shares[i]->entry->share.line;

                if (!board_find_seat(e->board, &e->shares[i]->entry->signer, &trustees[i]) ||
                                line->n_items != d->n_options)
                        return -EUCLEAN;
                for (size_t k = 0; k < line->n_items; k++)
                        if (!line->items[k].absent)
                                parts[i * d->n_options + k] = line->items[k].d;
        }

        r = sealed_total_open(total, trustees, threshold, parts, s->workers, opened);
        if (r != 0)
                return r > 0 ? -EUCLEAN : r;
        *ret = e->opened = TAKE_PTR(opened);
        return 0;
}
