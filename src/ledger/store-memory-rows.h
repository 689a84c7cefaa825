/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"

/* An array that only ever changes at its end, with one transaction, for which it needs no log: it remembers how much of its
 * beginning is as it was committed (low), and keeps what was cut off below that (saved, last first). Rolling back cuts
 * down to low and puts back what was saved. It never shrinks: putting back needs no memory and cannot fail. */
typedef struct Rows {
        char *p;
        size_t size;            /* of an item */
        size_t n, allocated, low;
        char *saved;
        size_t n_saved, saved_allocated;
} Rows;

static inline void* rows_at(const Rows *t, size_t i) {
        return t->p + i * t->size;
}

static inline int rows_grow(char **p, size_t *allocated, size_t n, size_t size) {
        size_t m = *allocated ? *allocated + *allocated / 2 : 16;
        void *q;

        if (n < *allocated)
                return 0;
        q = reallocarray(*p, m, size);
        if (!q)
                return -ENOMEM;
        *p = q;
        *allocated = m;
        return 0;
}

/* Makes sure that one more item fits: rows_push() cannot fail then. 0, -ENOMEM. */
static inline _must_check_ int rows_reserve(Rows *t) {
        return rows_grow(&t->p, &t->allocated, t->n, t->size);
}

static inline void rows_push(Rows *t, const void *item) {
        memcpy(rows_at(t, t->n++), item, t->size);
}

/* Takes the last item off. 1: it was a committed one, a rollback will ask for it (rows_saved()); 0: the caller disposes of
 * *ret; -ENOMEM: it stays. */
static inline _must_check_ int rows_cut(Rows *t, void *ret) {
        int r;

        assert(t->n > 0);

        if (t->n > t->low) {
                memcpy(ret, rows_at(t, --t->n), t->size);
                return 0;
        }

        r = rows_grow(&t->saved, &t->saved_allocated, t->n_saved, t->size);
        if (r < 0)
                return r;
        memcpy(ret, rows_at(t, --t->n), t->size);
        memcpy(t->saved + t->n_saved++ * t->size, ret, t->size);
        t->low = t->n;
        return 1;
}

/* The next item to be put back after a rollback's cuts (push), or to be disposed of after a commit. */
static inline bool rows_saved(Rows *t, void *ret) {
        if (t->n_saved == 0)
                return false;
        memcpy(ret, t->saved + --t->n_saved * t->size, t->size);
        return true;
}

static inline void rows_settle(Rows *t) {
        assert(t->n_saved == 0);
        t->low = t->n;
}

static inline void rows_done(Rows *t) {
        free(t->p);
        free(t->saved);
}
