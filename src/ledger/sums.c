/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/sums.h"

#include "codec/line.h"

#define PARTS_MAX       8U
/* Of a slice: some 5 ms for a thread, and little for whoever reads it. */
#define SLICE_BALLOTS_MAX 32U
#define SLICE_BYTES_MAX   (128U << 10)

typedef struct SumKey {
        Id election, block;     /* the closing one */
} SumKey;
#define SUM_KEY(e) ((SumKey) { .election = (e)->act->entry->id, .block = (e)->closing_block })

typedef struct Sum {
        SumKey key;
        uint64_t serial;        /* tells it from one that was dropped and begun again */
        SealedSum *parts[PARTS_MAX];
        unsigned out;           /* parts that a slice is being added to, a bit for each */
        uint32_t next;          /* voters before this one were read */
        bool read;              /* all were */
        SealedTotal *total;     /* NULL: not made yet */
        uint64_t *opened;       /* what it was opened to, option by option; NULL: not yet */
        UT_hash_handle hh;
} Sum;

struct Sums {
        Sum *table;             /* in the order of their beginning */
        size_t n_unmade;
        uint64_t serial;
        bool apart;
};

int sums_new(Sums **ret) {
        Sums *s;

        assert(ret);

        s = new0(Sums, 1);
        if (!s)
                return -ENOMEM;
        *ret = s;
        return 0;
}

static void forget_parts(Sum *sum) {
        for (size_t i = 0; i < PARTS_MAX; i++)
                sum->parts[i] = sealed_sum_free(sum->parts[i]);
}

static void drop(Sums *s, Sum *sum) {
        HASH_DEL(s->table, sum);
        s->n_unmade -= !sum->total;
        forget_parts(sum);
        sealed_total_free(sum->total);
        free(sum->opened);
        free(sum);
}

Sums* sums_free(Sums *s) {
        Sum *sum, *next;

        if (!s)
                return NULL;

        HASH_ITER(hh, s->table, sum, next)
                drop(s, sum);
        free(s);
        return NULL;
}

void sums_set_apart(Sums *s) {
        assert(s);

        s->apart = true;
}

static Sum* find(const Sums *s, const SumKey *key) {
        Sum *sum;

        HASH_FIND(hh, s->table, key, sizeof(*key), sum);
        return sum;
}

/* NULL: the chain is not, or no longer, where it closed with that block. */
static Election* election_of(const State *s, const Sum *sum) {
        Election *e = state_election(s, &sum->key.election);

        return e && e->closing_height > 0 && id_equal(&e->closing_block, &sum->key.block) ? e : NULL;
}

/* As many are kept as elections have closed. Only where the chain stays: on a branch that is judged and
 * given up, those of the chain are the strays. */
static void drop_strays(State *s) {
        Sum *sum, *next;

        HASH_ITER(hh, s->sums->table, sum, next)
                if (!election_of(s, sum))
                        drop(s->sums, sum);
}

static int get(State *s, const Election *e, Sum **ret) {
        Sum *sum = find(s->sums, &SUM_KEY(e));

        assert(e->board && e->closing_height > 0);

        if (!sum) {
                if (!s->sums->apart)    /* nobody begins them, so nobody else looks after them */
                        drop_strays(s);
                sum = new0(Sum, 1);
                if (!sum)
                        return -ENOMEM;
                sum->key = SUM_KEY(e);
                sum->serial = ++s->sums->serial;
                HASH_ADD(hh, s->sums->table, key, sizeof(SumKey), sum);
                if (!sum->hh.tbl) {
                        free(sum);
                        return -ENOMEM;
                }
                s->sums->n_unmade++;
        }
        *ret = sum;
        return 0;
}

int sums_begin(State *s) {
        assert(s);

        drop_strays(s);
        for (size_t i = 0; i < s->n_elections; i++) {
                Election *e = s->elections[i];
                Sum *sum;
                int r;

                if (!e->board || e->closing_height == 0)
                        continue;
                r = election_count_ballots(s, e);
                if (r == 0 && election_is_counted(e) && !election_is_opened(e))
                        r = get(s, e, &sum);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- slices --- */

typedef struct Gathered {
        size_t offset, n;
        uint64_t weight;
} Gathered;

typedef struct SumSlice {
        CheckContent content;
        SumKey key;
        uint64_t serial;
        Definition *definition;
        unsigned part;
        SealedSum *sum;         /* that part */
        Buf text;
        Gathered ballots[SLICE_BALLOTS_MAX];
        size_t n;
        /* The last one: */
        SealedSum *rest[PARTS_MAX];
        SealedTotal *total;
} SumSlice;

static int add_ballot(SumSlice *x, const Gathered *g) {
        _cleanup_(sealed_ballot_freep) SealedBallot *ballot = NULL;
        _cleanup_json_ Json *o = NULL;
        int r;

        r = line_parse(&o, x->text.p + g->offset, g->n, g->n, NULL);
        if (r == 0)
                r = sealed_ballot_parse(&ballot, x->definition, o, NULL);
        if (r != 0)
                return r > 0 ? -EUCLEAN : r;
        return sealed_sum_add(x->sum, ballot, g->weight);
}

static int add_up(SumSlice *x) {
        for (size_t i = 0; i < PARTS_MAX; i++) {
                int r = x->rest[i] ? sealed_sum_merge(x->sum, x->rest[i]) : 0;

                if (r < 0)
                        return r;
        }
        return sealed_sum_total(x->sum, &x->total);
}

static int slice_run(CheckContent *const *contents, size_t n) {
        for (size_t i = 0; i < n; i++) {
                SumSlice *x = (SumSlice *) contents[i];
                int r = 0;

                for (size_t k = 0; k < x->n && r == 0; k++)
                        r = add_ballot(x, &x->ballots[k]);
                if (r == 0 && x->n == 0)
                        r = add_up(x);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void slice_free(CheckContent *c) {
        SumSlice *x = (SumSlice *) c;

        sealed_sum_free(x->sum);
        for (size_t i = 0; i < PARTS_MAX; i++)
                sealed_sum_free(x->rest[i]);
        sealed_total_free(x->total);
        definition_unref(x->definition);
        buf_done(&x->text);
        free(x);
}

/* No id: what comes of it is more than a verdict, so that nobody has it already. */
static const CheckContentType slice_type = {
        .run = slice_run,
        .free = slice_free,
};

typedef struct Gathering {
        State *state;
        const Election *election;
        SumSlice *slice;
        uint32_t next;          /* voter */
} Gathering;

static int gather(void *userdata, const StoredVote *v) {
        Gathering *g = ASSERT_PTR(userdata);
        SumSlice *x = g->slice;
        size_t offset = x->text.n, n;
        const char *ballot;
        int r;

        if (x->n == SLICE_BALLOTS_MAX || x->text.n >= SLICE_BYTES_MAX)
                return 1;
        r = state_read_ballot(g->state, v->place, &x->text, &ballot, &n);
        if (r < 0)
                return r;
        x->ballots[x->n++] = (Gathered) {
                .offset = offset + (size_t) (ballot - (x->text.p + offset)),
                .n = n,
                .weight = roll_set_voter_weight(g->election->rolls, v->voter),
        };
        g->next = v->voter + 1;
        return 0;
}

static SumSlice* slice_alloc(const Election *e, const Sum *sum, unsigned part) {
        SumSlice *x;

        x = new0(SumSlice, 1);
        if (x)
                *x = (SumSlice) {
                        .content.type = &slice_type,
                        .key = sum->key,
                        .serial = sum->serial,
                        .definition = definition_ref(e->act->entry->election.definition),
                        .part = part,
                };
        return x;
}

/* The next of sum; *ret NULL: not before others have come back. */
static int slice_new(State *s, const Election *e, Sum *sum, CheckContent **ret) {
        Gathering g = { .state = s, .election = e, .next = sum->next };
        _cleanup_(check_content_freep) CheckContent *content = NULL;
        unsigned part = (unsigned) __builtin_ctz(~sum->out);
        bool read = sum->read;
        int r;

        if (part == PARTS_MAX || (read && sum->out != 0))
                return 0;

        g.slice = slice_alloc(e, sum, part);
        if (!g.slice)
                return -ENOMEM;
        content = &g.slice->content;
        if (!read) {
                r = s->store->ops->vote_each(s->store, e->act->place, sum->next, gather, &g);
                if (r < 0)
                        return r;
                read = r == 0;
        }
        if (!sum->parts[part]) {
                r = sealed_sum_new(&sum->parts[part], g.slice->definition);
                if (r < 0)
                        return r;
        }

        sum->read = read;
        sum->next = g.next;
        if (g.slice->n == 0 && sum->out != 0)
                return 0;
        for (size_t i = 1; g.slice->n == 0 && i < PARTS_MAX; i++)
                g.slice->rest[i] = TAKE_PTR(sum->parts[i]);
        g.slice->sum = TAKE_PTR(sum->parts[part]);
        sum->out |= 1U << part;
        *ret = TAKE_PTR(content);
        return 0;
}

int sums_next(State *s, CheckContent **ret) {
        assert(s);
        assert(ret);

        *ret = NULL;
        if (s->sums->n_unmade == 0)
                return 0;
        for (Sum *sum = s->sums->table, *next; sum && !*ret; sum = next) {
                const Election *e = election_of(s, sum);
                int r = 0;

                next = sum->hh.next;
                if (sum->total)
                        continue;
                if (e)
                        r = slice_new(s, e, sum, ret);
                else                    /* asked for on a branch that was given up */
                        drop(s->sums, sum);
                if (r < 0)
                        return r;
        }
        return 0;
}

bool sums_take(State *s, CheckContent *slice) {
        SumSlice *x = (SumSlice *) slice;
        Sum *sum;

        assert(s);
        assert(slice && slice->type == &slice_type);

        sum = find(s->sums, &x->key);
        if (!sum || sum->serial != x->serial)
                return false;

        sum->out &= ~(1U << x->part);
        sum->parts[x->part] = TAKE_PTR(x->sum);
        if (!x->total)
                return false;
        sum->total = TAKE_PTR(x->total);
        s->sums->n_unmade--;
        forget_parts(sum);
        return true;
}

/* --- here and now --- */

typedef struct Making {
        CheckContent *slices[PARTS_MAX];
        int error;
} Making;

static void run_slices(size_t begin, size_t end, void *data) {
        Making *m = ASSERT_PTR(data);
        int r;

        r = check_contents_run(m->slices + begin, end - begin);
        if (r < 0)
                __atomic_store_n(&m->error, r, __ATOMIC_RELAXED);
}

static int make_some(State *s, const Election *e, Sum *sum) {
        Making m = {};
        size_t n = 0;
        int r;

        do {
                r = slice_new(s, e, sum, &m.slices[n]);
        } while (r == 0 && m.slices[n] && ++n < PARTS_MAX);
        if (r == 0) {
                workers_for(s->workers, n, 1, run_slices, &m);
                r = m.error;
        }
        for (size_t i = 0; i < n; i++) {
                if (r == 0)
                        (void) sums_take(s, m.slices[i]);
                check_content_free(m.slices[i]);
        }
        return r;
}

int sums_total(State *s, const Election *e, const SealedTotal **ret) {
        Sum *sum;
        int r;

        assert(s);
        assert(e);
        assert(ret);

        r = get(s, e, &sum);
        if (r < 0)
                return r;
        while (!sum->total) {
                r = s->sums->apart ? -EAGAIN : make_some(s, e, sum);
                if (r == -EAGAIN)
                        return r;
                if (r < 0) {            /* ballots may be missing from it */
                        drop(s->sums, sum);
                        return r;
                }
        }
        *ret = sum->total;
        return 0;
}

const uint64_t* sums_opened(const State *s, const Election *e) {
        const Sum *sum = find(s->sums, &SUM_KEY(e));

        return sum ? sum->opened : NULL;
}

void sums_set_opened(State *s, const Election *e, uint64_t *opened) {
        Sum *sum = find(s->sums, &SUM_KEY(e));

        assert(sum && !sum->opened);

        sum->opened = opened;
}
