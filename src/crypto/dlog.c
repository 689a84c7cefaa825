/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/dlog.h"
#include "voted/verdict.h"

#define STEPS_BITS 20U
#define STEPS_MAX (UINT32_C(1) << STEPS_BITS)
#define CHUNK 1024U

/* A slot: the number of a step, 1 .. n_steps, in the low 21 bits; of its element as many bits as are left. 0: free. */
#define NUMBER_BITS (STEPS_BITS + 1)
#define NUMBER_MASK ((UINT64_C(1) << NUMBER_BITS) - 1)

struct DlogTable {
        uint64_t max;
        uint32_t n_steps;
        unsigned slot_bits;
        uint64_t *slots;
        Element giant;          /* n_steps G */
};

/* Bits that are as good as random (the lowest of an encoding is not). */
static uint64_t fingerprint(const Element *e) {
        uint64_t v = 0;

        for (unsigned i = 8; i < 16; i++)
                v = v << 8 | e->b[i];
        return v & ~NUMBER_MASK;
}

/* Steps begin + 1 .. end: each its own slot of a list, so that threads share the work. */
static void compute_steps(size_t begin, size_t end, void *data) {
        uint64_t *list = data;
        Element step, one;
        Scalar s;

        scalar_from_u64(&s, 1);
        element_mul_base(&one, &s);
        scalar_from_u64(&s, begin + 1);
        element_mul_base(&step, &s);
        for (size_t i = begin; i < end; i++) {
                list[i] = fingerprint(&step) | (i + 1);
                element_add(&step, &step, &one);
        }
}

static void insert(DlogTable *t, uint64_t entry) {
        uint64_t mask = (UINT64_C(1) << t->slot_bits) - 1, at = entry >> (64 - t->slot_bits);

        while (t->slots[at] != 0)
                at = (at + 1) & mask;
        t->slots[at] = entry;
}

/* Work is the steps of the table and, for each sum, max over them. */
static uint32_t choose_steps(uint64_t max, size_t n_sums) {
        uint64_t steps = 1;

        n_sums = CLAMP(n_sums, 1, 1U << 16);
        while (steps < STEPS_MAX && steps <= max && steps * steps < max * n_sums)
                steps *= 2;
        return (uint32_t) steps;
}

int dlog_table_new(DlogTable **ret, uint64_t max, size_t n_sums, Workers *w) {
        _cleanup_(dlog_table_freep) DlogTable *t = NULL;
        _cleanup_free_ uint64_t *list = NULL;
        Scalar s;

        if (max > DLOG_MAX)
                return -EINVAL;

        t = new0(DlogTable, 1);
        if (!t)
                return -ENOMEM;
        t->max = max;
        t->n_steps = choose_steps(max, n_sums);
        t->slot_bits = 1;
        while (UINT64_C(1) << t->slot_bits < 2 * (uint64_t) t->n_steps)
                t->slot_bits++;
        t->slots = new0(uint64_t, (size_t) 1 << t->slot_bits);
        list = newN(uint64_t, t->n_steps);
        if (!t->slots || !list)
                return -ENOMEM;

        scalar_from_u64(&s, t->n_steps);
        element_mul_base(&t->giant, &s);
        workers_for(w, t->n_steps, CHUNK, compute_steps, list);
        for (uint32_t i = 0; i < t->n_steps; i++)
                insert(t, list[i]);

        *ret = TAKE_PTR(t);
        return 0;
}

DlogTable* dlog_table_free(DlogTable *t) {
        if (!t)
                return NULL;
        free(t->slots);
        free(t);
        return NULL;
}

/* The number of the step that is e; 0: none is. */
static uint64_t look_up(const DlogTable *t, const Element *e) {
        uint64_t mask = (UINT64_C(1) << t->slot_bits) - 1, key = fingerprint(e);

        for (uint64_t at = key >> (64 - t->slot_bits); t->slots[at] != 0; at = (at + 1) & mask) {
                Element step;
                Scalar s;

                if ((t->slots[at] & ~NUMBER_MASK) != key)
                        continue;
                scalar_from_u64(&s, t->slots[at] & NUMBER_MASK);
                element_mul_base(&step, &s);
                if (element_equal(&step, e))
                        return t->slots[at] & NUMBER_MASK;
        }
        return 0;
}

int dlog_find(const DlogTable *t, const Element *mg, uint64_t *ret) {
        Element rest = *mg;

        for (uint64_t below = 0; below <= t->max; below += t->n_steps) {
                bool exact = element_is_identity(&rest);
                uint64_t step = exact ? 0 : look_up(t, &rest);

                if (exact || step > 0) {
                        if (below + step > t->max)
                                return V_PROOF;
                        *ret = below + step;
                        return 0;
                }
                element_sub(&rest, &rest, &t->giant);
        }
        return V_PROOF;
}
