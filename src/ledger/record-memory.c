/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/record-memory.h"

/* An item is as it was committed and as it is now: dropping a transaction, or making it last, is to copy one over the other. */
typedef struct Version {
        bool there;
        uint64_t view;          /* of a block; that of a line is a part of its key */
        char *p;                /* a line, or header and entries of a block */
        size_t n, n_header;
} Version;

typedef struct Item {
        uint64_t view;          /* of a line */
        char *name;             /* likewise; NULL: a block */
        Id id;
        Version committed, now;
} Item;

typedef struct Items {
        Item *p;
        size_t n, allocated;
} Items;

typedef struct RecordMemory {
        Record record;
        Items lines, blocks;    /* by view and name, by id */
} RecordMemory;

static RecordMemory* MEMORY(Record *r) {
        return (RecordMemory *) ASSERT_PTR(r);
}

static int compare(const Item *a, const Item *b) {
        if (!a->name)
                return id_compare(&a->id, &b->id);
        assert(b->name);                /* a table holds one sort or the other */
        return a->view != b->view ? (a->view < b->view ? -1 : 1) : strcmp(a->name, b->name);
}

static bool find(const Items *t, const Item *key, size_t *ret) {
        size_t low = 0, high = t->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int r = compare(&t->p[middle], key);

                if (r == 0) {
                        *ret = middle;
                        return true;
                }
                if (r < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        *ret = low;
        return false;
}

/* The item of that key, made if there is none; *key gives its name away. */
static int get(Items *t, Item *key, Item **ret) {
        size_t i;

        if (!find(t, key, &i)) {
                if (t->n == t->allocated) {
                        size_t m = t->allocated ? 2 * t->allocated : 16;
                        Item *p = reallocarray(t->p, m, sizeof(Item));

                        if (!p)
                                return -ENOMEM;
                        t->p = p;
                        t->allocated = m;
                }
                memmove(t->p + i + 1, t->p + i, (t->n - i) * sizeof(Item));
                t->p[i] = *key;
                key->name = NULL;
                t->n++;
        }
        *ret = &t->p[i];
        return 0;
}

static void set(Item *i, Version v) {
        if (i->now.p != i->committed.p)
                free(i->now.p);
        i->now = v;
}

static char* join(const char *a, size_t n_a, const char *b, size_t n_b) {
        char *p = malloc(n_a + n_b + 1);

        if (!p)
                return NULL;
        if (n_a > 0)
                memcpy(p, a, n_a);
        if (n_b > 0)
                memcpy(p + n_a, b, n_b);
        p[n_a + n_b] = '\0';
        return p;
}

static int memory_put(Record *r, uint64_t view, const char *name, const char *line, size_t n) {
        _cleanup_free_ char *copy = join(line, n, NULL, 0);
        Item key = { .view = view, .name = strdup(name) }, *i;
        int q;

        q = copy && key.name ? get(&MEMORY(r)->lines, &key, &i) : -ENOMEM;
        free(key.name);
        if (q < 0)
                return q;
        set(i, (Version) { .there = true, .p = TAKE_PTR(copy), .n = n });
        return 0;
}

static int memory_put_block(Record *r, uint64_t view, const Id *id, const char *header, size_t n_header, const char *entries,
                size_t n_entries) {
        Items *t = &MEMORY(r)->blocks;
        Item key = { .id = *id }, *i;
        size_t at;
        char *p;
        int q;

        if (find(t, &key, &at) && t->p[at].now.there) {
                t->p[at].now.view = MAX(t->p[at].now.view, view);
                return 0;
        }
        p = join(header, n_header, entries, n_entries);
        q = p ? get(t, &key, &i) : -ENOMEM;
        if (q < 0) {
                free(p);
                return q;
        }
        set(i, (Version) { .there = true, .view = view, .p = p, .n = n_header + n_entries, .n_header = n_header });
        return 0;
}

static int memory_forget(Record *r, uint64_t view) {
        Items *both[] = { &MEMORY(r)->lines, &MEMORY(r)->blocks };

        for (size_t k = 0; k < ELEMENTSOF(both); k++)
                for (size_t i = 0; i < both[k]->n; i++) {
                        Item *x = &both[k]->p[i];
                        uint64_t is = x->name ? x->view : x->now.view;

                        if (is >= 1 && is < view)
                                set(x, (Version) {});
                }
        return 0;
}

static int memory_each(Record *r, record_line_fn fn, void *userdata) {
        const Items *t = &MEMORY(r)->lines;

        for (size_t i = 0; i < t->n; i++) {
                const Item *x = &t->p[i];
                int q;

                if (!x->now.there)
                        continue;
                q = fn(userdata, x->view, x->name, x->now.p, x->now.n);
                if (q != 0)
                        return q;
        }
        return 0;
}

static int compare_views(const void *a, const void *b) {
        const Item *x = *(Item *const *) a, *y = *(Item *const *) b;

        if (x->now.view != y->now.view)
                return x->now.view < y->now.view ? -1 : 1;
        return id_compare(&x->id, &y->id);
}

static int memory_each_block(Record *r, record_block_fn fn, void *userdata) {
        const Items *t = &MEMORY(r)->blocks;
        _cleanup_free_ const Item **sorted = NULL;
        size_t n = 0;

        sorted = newN(const Item *, t->n + 1);
        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < t->n; i++)
                if (t->p[i].now.there)
                        sorted[n++] = &t->p[i];
        qsort(sorted, n, sizeof(*sorted), compare_views);
        for (size_t i = 0; i < n; i++) {
                const Item *x = sorted[i];
                int q;

                q = fn(userdata, x->now.view, &x->id, x->now.p, x->now.n_header, x->now.p + x->now.n_header,
                                x->now.n - x->now.n_header);
                if (q != 0)
                        return q;
        }
        return 0;
}

/* Makes `from` of each item its other version too; items without any go. */
static void settle(Items *t, bool commit) {
        size_t n = 0;

        for (size_t i = 0; i < t->n; i++) {
                Item *x = &t->p[i];
                Version *kept = commit ? &x->now : &x->committed, *gone = commit ? &x->committed : &x->now;

                if (gone->p != kept->p)
                        free(gone->p);
                *gone = *kept;
                if (kept->there)
                        t->p[n++] = *x;
                else
                        free(x->name);
        }
        t->n = n;
}

static int memory_commit(Record *r) {
        settle(&MEMORY(r)->lines, true);
        settle(&MEMORY(r)->blocks, true);
        return 0;
}

static int memory_roll_back(Record *r) {
        settle(&MEMORY(r)->lines, false);
        settle(&MEMORY(r)->blocks, false);
        return 0;
}

void record_memory_crash(Record *r) {
        (void) memory_roll_back(r);
}

static void items_done(Items *t) {
        for (size_t i = 0; i < t->n; i++) {
                free(t->p[i].now.p);
                free(t->p[i].name);
        }
        free(t->p);
}

static Record* memory_free(Record *r) {
        RecordMemory *m = MEMORY(r);

        (void) memory_roll_back(r);
        items_done(&m->lines);
        items_done(&m->blocks);
        free(m);
        return NULL;
}

static const RecordOps memory_ops = {
        .put = memory_put,
        .put_block = memory_put_block,
        .forget = memory_forget,
        .each = memory_each,
        .each_block = memory_each_block,
        .commit = memory_commit,
        .roll_back = memory_roll_back,
        .free = memory_free,
};

int record_memory_new(Record **ret) {
        RecordMemory *m;

        assert(ret);

        m = new0(RecordMemory, 1);
        if (!m)
                return -ENOMEM;
        m->record.ops = &memory_ops;
        *ret = &m->record;
        return 0;
}
