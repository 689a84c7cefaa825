/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/sealed-sum.h"

#include "crypto/deal.h"
#include "crypto/dlog.h"
#include "crypto/hash.h"
#include "election/method.h"
#include "voted/limits.h"

/* Ballots of one weight: added up first, multiplied once. */
typedef struct Group {
        uint64_t weight;
        Cipher *ciphers;
} Group;

struct SealedSum {
        Definition *definition;
        uint64_t ballots, weight;
        Group groups[SEALED_GROUPS_MAX];
        size_t n_groups;
        Cipher *rest;                           /* times weight, of those weights that have no group */
};

struct SealedTotal {
        Definition *definition;
        uint64_t ballots, weight;
        Cipher ciphers[];
};

int sealed_sum_new(SealedSum **ret, Definition *d) {
        _cleanup_(sealed_sum_freep) SealedSum *s = NULL;

        assert(ret);
        assert(d);
        assert(d->secrecy == SECRECY_SEALED);

        s = new0(SealedSum, 1);
        if (!s)
                return -ENOMEM;
        s->definition = definition_ref(d);

        /* All zero is the identity. */
        s->rest = new0(Cipher, d->n_options);
        if (!s->rest)
                return -ENOMEM;

        *ret = TAKE_PTR(s);
        return 0;
}

SealedSum* sealed_sum_free(SealedSum *s) {
        if (!s)
                return NULL;

        for (size_t i = 0; i < s->n_groups; i++)
                free(s->groups[i].ciphers);

        free(s->rest);
        (void) definition_unref(s->definition);
        free(s);
        return NULL;
}

/* Adds ciphers of that weight each. 0 or -ENOMEM. */
static int sum_add(SealedSum *s, const Cipher *ciphers, uint64_t weight) {
        size_t n = s->definition->n_options, i;

        for (i = 0; i < s->n_groups && s->groups[i].weight != weight; )
                i++;

        if (i == SEALED_GROUPS_MAX) {
                for (size_t k = 0; k < n; k++)
                        cipher_add_weighted(&s->rest[k], &ciphers[k], weight);
                return 0;
        }

        if (i == s->n_groups) {
                Cipher *fresh;

                fresh = newN(Cipher, n);
                if (!fresh)
                        return -ENOMEM;
                memcpy(fresh, ciphers, n * sizeof(Cipher));
                s->groups[s->n_groups++] = (Group) { .weight = weight, .ciphers = fresh };
                return 0;
        }

        for (size_t k = 0; k < n; k++)
                cipher_add(&s->groups[i].ciphers[k], &ciphers[k]);
        return 0;
}

int sealed_sum_add(SealedSum *s, const SealedBallot *b, uint64_t weight) {
        int r;

        assert(s);
        assert(b);

        if (weight == 0 || weight > WEIGHT_MAX)
                return -EINVAL;

        if (weight > WEIGHT_SUM_MAX - s->weight)
                return -EOVERFLOW;

        r = sum_add(s, sealed_ballot_ciphers(b), weight);
        if (r < 0)
                return r;

        s->ballots++;
        s->weight += weight;
        return 0;
}

int sealed_sum_merge(SealedSum *s, const SealedSum *other) {
        int r;

        assert(s);
        assert(other);
        assert(s->definition == other->definition);

        if (other->weight > WEIGHT_SUM_MAX - s->weight)
                return -EOVERFLOW;

        for (size_t i = 0; i < other->n_groups; i++) {
                r = sum_add(s, other->groups[i].ciphers, other->groups[i].weight);
                if (r < 0)
                        return r;
        }

        for (size_t k = 0; k < s->definition->n_options; k++)
                cipher_add(&s->rest[k], &other->rest[k]);

        s->ballots += other->ballots;
        s->weight += other->weight;
        return 0;
}

int sealed_sum_total(const SealedSum *s, SealedTotal **ret) {
        size_t n = s->definition->n_options;
        SealedTotal *t;

        assert(ret);

        t = malloc(sizeof(SealedTotal) + n * sizeof(Cipher));
        if (!t)
                return -ENOMEM;

        t->definition = definition_ref(s->definition);
        t->ballots = s->ballots;
        t->weight = s->weight;
        for (size_t k = 0; k < n; k++) {
                t->ciphers[k] = s->rest[k];
                for (size_t i = 0; i < s->n_groups; i++)
                        cipher_add_weighted(
                                &t->ciphers[k], &s->groups[i].ciphers[k], s->groups[i].weight);
        }

        *ret = t;
        return 0;
}

SealedTotal* sealed_total_free(SealedTotal *t) {
        if (!t)
                return NULL;

        (void) definition_unref(t->definition);
        free(t);
        return NULL;
}

SealedFate sealed_total_fate(const SealedTotal *t) {
        if (t->ballots == 0)
                return SEALED_EMPTY;

        return t->ballots < t->definition->least ? SEALED_TOO_FEW : SEALED_OPENS;
}

uint64_t sealed_total_ballots(const SealedTotal *t) {
        return t->ballots;
}

uint64_t sealed_total_weight(const SealedTotal *t) {
        return t->weight;
}

const Cipher* sealed_total_ciphers(const SealedTotal *t) {
        return t->ciphers;
}

int sealed_total_hash(const SealedTotal *t, Id *ret) {
        size_t n = 16 + t->definition->n_options * CIPHER_BYTES;
        _cleanup_free_ uint8_t *b = NULL;

        static_assert(sizeof(Cipher) == CIPHER_BYTES, "alpha | beta");

        b = malloc(n);
        if (!b)
                return -ENOMEM;

        for (unsigned i = 0; i < 8; i++) {
                b[i] = (uint8_t) (t->ballots >> (56 - 8 * i));
                b[8 + i] = (uint8_t) (t->weight >> (56 - 8 * i));
        }
        memcpy(b + 16, t->ciphers, n - 16);
        hash_bytes(ret, b, n);
        return 0;
}

/* --- opening --- */

typedef struct Opening {
        const SealedTotal *total;
        const unsigned *trustees;
        size_t n_trustees;
        const Element *parts;
        const DlogTable *table;
        uint64_t *sums;
        bool failed;                            /* set by any thread */
} Opening;

static int open_option(const Opening *o, size_t option) {
        size_t n_options = o->total->definition->n_options;
        Element parts[TRUSTEES_MAX], key, value;

        for (size_t i = 0; i < o->n_trustees; i++)
                parts[i] = o->parts[i * n_options + option];

        parts_combine(&key, parts, o->trustees, o->n_trustees);
        element_sub(&value, &o->total->ciphers[option].beta, &key);
        return dlog_find(o->table, &value, &o->sums[option]);
}

static void open_options(size_t begin, size_t end, void *data) {
        Opening *o = data;

        for (size_t i = begin; i < end; i++)
                if (open_option(o, i) != 0)
                        __atomic_store_n(&o->failed, true, __ATOMIC_RELAXED);
}

int sealed_total_open(const SealedTotal *t, const unsigned *trustees, size_t n_trustees,
        const Element *parts, Workers *w, uint64_t *ret_sums) {
        _cleanup_(dlog_table_freep) DlogTable *table = NULL;
        const Definition *d;
        uint64_t most = 0;
        Opening o;
        int r;

        assert(t);
        assert(trustees);
        assert(parts);
        assert(ret_sums);

        d = t->definition;
        if (sealed_total_fate(t) != SEALED_OPENS || n_trustees == 0 || n_trustees > TRUSTEES_MAX)
                return -EINVAL;

        for (size_t i = 0; i < n_trustees; i++) {
                if (trustees[i] >= TRUSTEES_MAX)
                        return -EINVAL;
                for (size_t k = 0; k < i; k++)
                        if (trustees[k] == trustees[i])
                                return -EINVAL;
        }

        for (size_t i = 0; i < d->n_questions; i++)
                most = MAX(most, t->weight * d->questions[i].method->cell_max(&d->questions[i]));
        if (most > SEALED_SUM_MAX)
                return -EINVAL;

        r = dlog_table_new(&table, most, d->n_options, w);
        if (r < 0)
                return r;

        o = (Opening) {
                .total = t,
                .trustees = trustees,
                .n_trustees = n_trustees,
                .parts = parts,
                .table = table,
                .sums = ret_sums,
        };
        workers_for(w, d->n_options, 1, open_options, &o);
        return o.failed ? V_PROOF : 0;
}
