/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/store-memory-items.h"

/* Before the header: an insertion that finds no memory leaves the item out and says so. */
#define uthash_nonfatal_oom(item) ((item)->lost = true)
#include "base/hash.h"

/* A deleted item stays, marked, until the commit: putting it back needs no memory. */
struct MemoryItem {
        void *key;
        size_t n_key;
        void *value, *old;      /* old: as committed, where this transaction has changed it */
        size_t n, n_old;
        bool present, was_present, changed, lost;
        UT_hash_handle hh;
};

static MemoryItem* item_free(MemoryItem *i) {
        if (!i)
                return NULL;

        free(i->key);
        free(i->value);
        free(i->old);
        free(i);
        return NULL;
}
DEFINE_CLEANUP(MemoryItem*, item_free)

static void* copy(const void *p, size_t n) {
        void *q = malloc(n + 1);        /* not of 0: that may be NULL */

        return q ? memcpy(q, p, n) : NULL;
}

static MemoryItem* find(const MemoryItems *t, const void *key, size_t n_key) {
        MemoryItem *i = NULL;

        HASH_FIND(hh, t->items, key, n_key, i);
        return i;
}

/* Keeps what is committed, on the first change of a transaction; gives up the value otherwise. */
static void set_value(MemoryItems *t, MemoryItem *i, void *value, size_t n, bool present) {
        if (i->changed)
                free(i->value);
        else {
                i->old = i->value;
                i->n_old = i->n;
                i->was_present = i->present;
        }
        i->value = value;
        i->n = n;
        i->present = present;
        i->changed = t->changed = true;
}

int items_put(MemoryItems *t, const void *key, size_t n_key, const void *value, size_t n, bool replace) {
        _cleanup_(item_freep) MemoryItem *made = NULL;
        MemoryItem *i;
        void *v;

        assert(t);

        i = find(t, key, n_key);
        if (i && i->present && !replace)
                return 0;

        if (!i) {
                made = new0(MemoryItem, 1);
                if (!made)
                        return -ENOMEM;
                made->key = copy(key, n_key);
                made->n_key = n_key;
                if (!made->key)
                        return -ENOMEM;
        }

        v = copy(value, n);
        if (!v)
                return -ENOMEM;

        if (made) {
                HASH_ADD_KEYPTR(hh, t->items, made->key, made->n_key, made);
                if (made->lost) {
                        free(v);
                        return -ENOMEM;
                }
                i = TAKE_PTR(made);
        }
        set_value(t, i, v, n, true);
        return 0;
}

int items_get(const MemoryItems *t, const void *key, size_t n_key, const void **ret, size_t *ret_n) {
        const MemoryItem *i;

        assert(t);

        i = find(t, key, n_key);
        if (!i || !i->present)
                return -ENODATA;
        *ret = i->value;
        *ret_n = i->n;
        return 0;
}

void items_delete(MemoryItems *t, const void *key, size_t n_key) {
        MemoryItem *i;

        assert(t);

        i = find(t, key, n_key);
        if (i && i->present)
                set_value(t, i, NULL, 0, false);
}

int items_each(const MemoryItems *t, items_fn fn, void *userdata) {
        assert(t);
        assert(fn);

        for (const MemoryItem *i = t->items; i; i = i->hh.next) {
                int r;

                if (!i->present)
                        continue;
                r = fn(userdata, i->value, i->n);
                if (r != 0)
                        return r;
        }
        return 0;
}

static void settle(MemoryItems *t, bool keep) {
        MemoryItem *i, *next;

        assert(t);

        if (!t->changed)
                return;
        HASH_ITER(hh, t->items, i, next) {
                if (!i->changed)
                        continue;

                if (keep)
                        free(i->old);
                else {
                        free(i->value);
                        i->value = i->old;
                        i->n = i->n_old;
                        i->present = i->was_present;
                }
                i->old = NULL;
                i->changed = false;
                if (!i->present) {
                        HASH_DEL(t->items, i);
                        item_free(i);
                }
        }
        t->changed = false;
}

void items_commit(MemoryItems *t) {
        settle(t, true);
}

void items_rollback(MemoryItems *t) {
        settle(t, false);
}

void items_done(MemoryItems *t) {
        MemoryItem *i, *next;

        assert(t);

        HASH_ITER(hh, t->items, i, next) {
                HASH_DEL(t->items, i);
                item_free(i);
        }
}
