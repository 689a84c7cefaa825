/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/store-memory-votes.h"

typedef struct MemoryVote {
        Place place;
        uint32_t election;      /* index in elections */
        uint32_t voter, seq, count;
        uint32_t before;        /* the voter's vote before this one: index + 1; 0: none */
} MemoryVote;

struct MemoryElection {
        Place place;
        uint32_t *last;         /* by voter: index + 1 of the last vote; 0: none */
        size_t n_last;
};

void votes_init(MemoryVotes *t) {
        assert(t);

        *t = (MemoryVotes) { .votes.size = sizeof(MemoryVote) };
}

void votes_done(MemoryVotes *t) {
        assert(t);

        for (size_t i = 0; i < t->n_elections; i++)
                free(t->elections[i].last);
        free(t->elections);
        free(t->by_place);
        rows_done(&t->votes);
}

static const MemoryVote* vote_at(const MemoryVotes *t, size_t i) {
        return rows_at(&t->votes, i);
}

/* Where the election stands, or would stand, in by_place. */
static bool election_find(const MemoryVotes *t, Place place, size_t *ret_at) {
        size_t lo = 0, hi = t->n_elections;

        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;

                if (t->elections[t->by_place[mid]].place < place)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        *ret_at = lo;
        return lo < t->n_elections && t->elections[t->by_place[lo]].place == place;
}

static int election_get(MemoryVotes *t, Place place, uint32_t *ret) {
        MemoryElection *e;
        uint32_t *b;
        size_t at;

        if (!election_find(t, place, &at)) {
                e = reallocarray(t->elections, t->n_elections + 1, sizeof(MemoryElection));
                if (!e)
                        return -ENOMEM;
                t->elections = e;
                b = reallocarray(t->by_place, t->n_elections + 1, sizeof(uint32_t));
                if (!b)
                        return -ENOMEM;
                t->by_place = b;

                memmove(b + at + 1, b + at, (t->n_elections - at) * sizeof(uint32_t));
                b[at] = (uint32_t) t->n_elections;
                e[t->n_elections++] = (MemoryElection) { .place = place };
        }

        *ret = t->by_place[at];
        return 0;
}

int votes_put(MemoryVotes *t, Place election, uint32_t voter, Place place, uint32_t seq) {
        MemoryElection *e;
        MemoryVote v;
        uint32_t i;
        int r;

        assert(t);

        if (t->votes.n > 0 && vote_at(t, t->votes.n - 1)->place >= place)
                return -EEXIST;
        if (t->votes.n >= UINT32_MAX)
                return -EOVERFLOW;

        r = election_get(t, election, &i);
        if (r < 0)
                return r;
        e = &t->elections[i];
        if (voter >= e->n_last) {
                size_t n = MAX((size_t) voter + 1, e->n_last + e->n_last / 2);
                uint32_t *last;

                last = reallocarray(e->last, n, sizeof(uint32_t));
                if (!last)
                        return -ENOMEM;
                memset(last + e->n_last, 0, (n - e->n_last) * sizeof(uint32_t));
                e->last = last;
                e->n_last = n;
        }

        r = rows_reserve(&t->votes);
        if (r < 0)
                return r;
        v = (MemoryVote) { .place = place, .election = i, .voter = voter, .seq = seq, .count = 1, .before = e->last[voter] };
        if (v.before)
                v.count += vote_at(t, v.before - 1)->count;
        rows_push(&t->votes, &v);
        e->last[voter] = (uint32_t) t->votes.n;
        return 0;
}

static void give_out(const MemoryVote *v, StoredVote *ret) {
        *ret = (StoredVote) { .voter = v->voter, .seq = v->seq, .count = v->count, .place = v->place };
}

int votes_last(const MemoryVotes *t, Place election, uint32_t voter, StoredVote *ret) {
        const MemoryElection *e;
        size_t at;

        assert(t);
        assert(ret);

        if (!election_find(t, election, &at))
                return -ENODATA;
        e = &t->elections[t->by_place[at]];
        if (voter >= e->n_last || !e->last[voter])
                return -ENODATA;
        give_out(vote_at(t, e->last[voter] - 1), ret);
        return 0;
}

int votes_each(
                const MemoryVotes *t, Place election, uint32_t from, store_vote_fn fn, void *userdata) {
        const MemoryElection *e;
        StoredVote v;
        size_t at;
        int r;

        assert(t);
        assert(fn);

        if (!election_find(t, election, &at))
                return 0;
        e = &t->elections[t->by_place[at]];
        for (size_t i = from; i < e->n_last; i++) {
                if (!e->last[i])
                        continue;
                give_out(vote_at(t, e->last[i] - 1), &v);
                r = fn(userdata, &v);
                if (r != 0)
                        return r;
        }
        return 0;
}

static int cut(MemoryVotes *t) {
        MemoryVote v;
        int r;

        r = rows_cut(&t->votes, &v);
        if (r < 0)
                return r;
        t->elections[v.election].last[v.voter] = v.before;
        return 0;
}

int votes_delete_from(MemoryVotes *t, uint64_t height) {
        int r = 0;

        assert(t);

        while (r == 0 && t->votes.n > 0 && PLACE_HEIGHT(vote_at(t, t->votes.n - 1)->place) >= height)
                r = cut(t);
        return r;
}

void votes_commit(MemoryVotes *t) {
        assert(t);

        t->votes.n_saved = 0;           /* they own nothing */
        rows_settle(&t->votes);
}

void votes_rollback(MemoryVotes *t) {
        MemoryVote v;
        int r = 0;

        assert(t);

        while (r == 0 && t->votes.n > t->votes.low)
                r = cut(t);
        assert(r == 0);

        while (rows_saved(&t->votes, &v)) {
                rows_push(&t->votes, &v);
                t->elections[v.election].last[v.voter] = (uint32_t) t->votes.n;
        }
        rows_settle(&t->votes);
}
