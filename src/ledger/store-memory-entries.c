/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/store-memory-entries.h"

typedef struct MemoryEntry {
        Place place;
        char *line;
        uint32_t n;
        int kind;
} MemoryEntry;

static const MemoryEntry* entry_at(const MemoryEntries *t, size_t i) {
        return rows_at(&t->entries, i);
}

void entries_init(MemoryEntries *t) {
        assert(t);

        *t = (MemoryEntries) { .entries.size = sizeof(MemoryEntry) };
}

void entries_done(MemoryEntries *t) {
        assert(t);

        for (size_t i = 0; i < t->entries.n; i++)
                free(entry_at(t, i)->line);
        rows_done(&t->entries);
        free(t->rare);
}

static int rare_reserve(MemoryEntries *t) {
        size_t n = t->n_rare_allocated ? 2 * t->n_rare_allocated : 16;
        uint32_t *p;

        if (t->n_rare < t->n_rare_allocated)
                return 0;
        p = reallocarray(t->rare, n, sizeof(uint32_t));
        if (!p)
                return -ENOMEM;
        t->rare = p;
        t->n_rare_allocated = n;
        return 0;
}

static void push(MemoryEntries *t, const MemoryEntry *e) {
        if (e->kind != STORE_KIND_VOTE)
                t->rare[t->n_rare++] = (uint32_t) t->entries.n;
        rows_push(&t->entries, e);
}

int entries_put(MemoryEntries *t, Place place, int kind, const char *line, size_t n) {
        MemoryEntry e = { .place = place, .n = (uint32_t) n, .kind = kind };
        int r;

        assert(t);
        assert(kind >= 0);

        if (t->entries.n > 0 && entry_at(t, t->entries.n - 1)->place >= place)
                return -EEXIST;
        if (n > UINT32_MAX || t->entries.n >= UINT32_MAX)
                return -EOVERFLOW;

        if ((r = rows_reserve(&t->entries)) < 0 || (r = rare_reserve(t)) < 0)
                return r;
        e.line = malloc(n + 1);
        if (!e.line)
                return -ENOMEM;
        memcpy(e.line, line, n);
        e.line[n] = '\0';
        push(t, &e);
        return 0;
}

static size_t entry_at_least(const MemoryEntries *t, Place place) {
        size_t lo = 0, hi = t->entries.n;

        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;

                if (entry_at(t, mid)->place < place)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

static size_t rare_at_least(const MemoryEntries *t, size_t entry) {
        size_t lo = 0, hi = t->n_rare;

        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;

                if (t->rare[mid] < entry)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

int entries_get(const MemoryEntries *t, Place place, int *ret_kind, Buf *ret) {
        const MemoryEntry *e;
        size_t i;

        assert(t);
        assert(ret);

        i = entry_at_least(t, place);
        if (i == t->entries.n)
                return -ENODATA;
        e = entry_at(t, i);
        if (e->place != place)
                return -ENODATA;
        if (ret_kind)
                *ret_kind = e->kind;
        buf_add(ret, e->line, e->n);
        return buf_error(ret);
}

int entries_each(const MemoryEntries *t, Place from, Place to, int kind, store_entry_fn fn, void *userdata) {
        bool all = kind == STORE_KIND_ALL || kind == STORE_KIND_VOTE;
        size_t i, n;
        int r;

        assert(t);
        assert(fn);

        i = entry_at_least(t, from);
        if (!all)
                i = rare_at_least(t, i);
        n = all ? t->entries.n : t->n_rare;
        for (; i < n; i++) {
                const MemoryEntry *e = entry_at(t, all ? i : t->rare[i]);

                if (e->place >= to)
                        break;
                if (kind >= 0 && e->kind != kind)
                        continue;
                r = fn(userdata, e->place, e->kind, e->line, e->n);
                if (r != 0)
                        return r;
        }
        return 0;
}

static int cut(MemoryEntries *t) {
        MemoryEntry e;
        int r;

        r = rows_cut(&t->entries, &e);
        if (r < 0)
                return r;
        if (e.kind != STORE_KIND_VOTE)
                t->n_rare--;
        if (r == 0)
                free(e.line);
        return 0;
}

int entries_delete_from(MemoryEntries *t, uint64_t height) {
        int r = 0;

        assert(t);

        while (r == 0 && t->entries.n > 0 && PLACE_HEIGHT(entry_at(t, t->entries.n - 1)->place) >= height)
                r = cut(t);
        return r;
}

void entries_commit(MemoryEntries *t) {
        MemoryEntry e;

        assert(t);

        while (rows_saved(&t->entries, &e))
                free(e.line);
        rows_settle(&t->entries);
}

void entries_rollback(MemoryEntries *t) {
        MemoryEntry e;
        int r = 0;

        assert(t);

        /* Above low nothing is saved, so cutting cannot fail. */
        while (r == 0 && t->entries.n > t->entries.low)
                r = cut(t);
        assert(r == 0);

        while (rows_saved(&t->entries, &e))
                push(t, &e);
        rows_settle(&t->entries);
}
