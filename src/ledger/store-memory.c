/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/store.h"

#include "ledger/store-memory-entries.h"
#include "ledger/store-memory-items.h"
#include "ledger/store-memory-rows.h"
#include "ledger/store-memory-votes.h"

typedef struct MemoryBlock {
        StoredBlock b;
        char *old_seal;         /* as committed, where this transaction has replaced it */
        size_t n_old_seal;
} MemoryBlock;

typedef struct Memory {
        Store store;
        bool open;
        Rows blocks;
        MemoryEntries entries;
        MemoryVotes votes;

        uint32_t *index;        /* open addressing by id: height, 0: free */
        size_t n_index;         /* a power of two */

        MemoryItems pool, meta;
        bool seals_changed;
} Memory;

static Memory* MEMORY(const Store *s) {
        return (Memory *) ASSERT_PTR(s);
}

/* --- the index of block ids --- */

static size_t index_slot(const Memory *m, const Id *id) {
        uint64_t h;

        memcpy(&h, id->b, sizeof(h));
        return h & (m->n_index - 1);
}

static const Id* index_id(const Memory *m, size_t slot) {
        return &((MemoryBlock *) rows_at(&m->blocks, m->index[slot] - 1))->b.id;
}

static void index_add(Memory *m, const Id *id, uint32_t height) {
        size_t i = index_slot(m, id);

        while (m->index[i])
                i = (i + 1) & (m->n_index - 1);
        m->index[i] = height;
}

static int index_reserve(Memory *m) {
        size_t n = m->n_index ? 2 * m->n_index : 64;
        uint32_t *p;

        if (2 * (m->blocks.n + 1) <= m->n_index)
                return 0;

        p = new0(uint32_t, n);
        if (!p)
                return -ENOMEM;
        free(m->index);
        m->index = p;
        m->n_index = n;
        for (size_t i = 0; i < m->blocks.n; i++)
                index_add(m, &((MemoryBlock *) rows_at(&m->blocks, i))->b.id, (uint32_t) (i + 1));
        return 0;
}

/* Knuth, The Art of Computer Programming 3, 6.4, algorithm R: closes the gap, so that no search ends too early. */
static void index_delete(Memory *m, const Id *id, uint32_t height) {
        size_t i = index_slot(m, id), mask = m->n_index - 1;

        while (m->index[i] != height)
                i = (i + 1) & mask;
        for (size_t j = (i + 1) & mask; m->index[j]; j = (j + 1) & mask)
                if (((j - index_slot(m, index_id(m, j))) & mask) >= ((j - i) & mask)) {
                        m->index[i] = m->index[j];
                        i = j;
                }
        m->index[i] = 0;
}

static int memory_begin(Store *s) {
        MEMORY(s)->open = true;
        return 0;
}

/* --- blocks --- */

static void block_done(MemoryBlock *b) {
        stored_block_done(&b->b);
        free(b->old_seal);
}

static int block_copy(StoredBlock *ret, const StoredBlock *b) {
        StoredBlock c = *b;

        c.header = malloc(b->n_header + 1);
        c.seal = malloc(b->n_seal + 1);
        if (!c.header || !c.seal) {
                stored_block_done(&c);
                return -ENOMEM;
        }
        memcpy(c.header, b->header, b->n_header);
        memcpy(c.seal, b->seal, b->n_seal);
        c.header[b->n_header] = c.seal[b->n_seal] = '\0';
        *ret = c;
        return 0;
}

static int memory_block_put(Store *s, const StoredBlock *b) {
        Memory *m = MEMORY(s);
        MemoryBlock c = {};
        int r;

        assert(b);
        (void) memory_begin(s);

        if (b->height <= m->blocks.n)
                return -EEXIST;
        if (b->height > m->blocks.n + 1 || b->height > UINT32_MAX)
                return -EINVAL;

        if ((r = rows_reserve(&m->blocks)) < 0 || (r = index_reserve(m)) < 0 || (r = block_copy(&c.b, b)) < 0)
                return r;
        rows_push(&m->blocks, &c);
        index_add(m, &b->id, (uint32_t) b->height);
        return 0;
}

static int memory_block_get(Store *s, uint64_t height, StoredBlock *ret) {
        Memory *m = MEMORY(s);

        if (height == 0 || height > m->blocks.n)
                return -ENODATA;
        return block_copy(ret, &((MemoryBlock *) rows_at(&m->blocks, height - 1))->b);
}

static int memory_block_find(Store *s, const Id *id, uint64_t *ret_height) {
        Memory *m = MEMORY(s);

        if (m->n_index == 0)
                return -ENODATA;
        for (size_t i = index_slot(m, id); m->index[i]; i = (i + 1) & (m->n_index - 1))
                if (id_equal(index_id(m, i), id)) {
                        *ret_height = m->index[i];
                        return 0;
                }
        return -ENODATA;
}

static int memory_block_set_seal(Store *s, uint64_t height, const char *seal, size_t n) {
        Memory *m = MEMORY(s);
        MemoryBlock *b;
        char *copy;

        (void) memory_begin(s);

        if (height == 0 || height > m->blocks.n)
                return -ENODATA;
        copy = malloc(n + 1);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, seal, n);
        copy[n] = '\0';

        b = rows_at(&m->blocks, height - 1);
        if (b->old_seal || height > m->blocks.low)
                free(b->b.seal);
        else {
                b->old_seal = b->b.seal;
                b->n_old_seal = b->b.n_seal;
                m->seals_changed = true;
        }
        b->b.seal = copy;
        b->b.n_seal = n;
        return 0;
}

static int memory_tip(Store *s, uint64_t *ret_height) {
        *ret_height = MEMORY(s)->blocks.n;
        return 0;
}

/* --- what changes them all --- */

static int cut_block(Memory *m) {
        const MemoryBlock *b = rows_at(&m->blocks, m->blocks.n - 1);
        MemoryBlock cut;
        int r;

        index_delete(m, &b->b.id, (uint32_t) m->blocks.n);
        r = rows_cut(&m->blocks, &cut);
        if (r < 0)
                index_add(m, &b->b.id, (uint32_t) m->blocks.n);
        if (r == 0)
                block_done(&cut);
        return MIN(r, 0);
}

static int memory_delete_from(Store *s, uint64_t height) {
        Memory *m = MEMORY(s);
        int r;

        (void) memory_begin(s);

        r = votes_delete_from(&m->votes, height);
        if (r == 0)
                r = entries_delete_from(&m->entries, height);
        while (r == 0 && m->blocks.n > 0 && m->blocks.n >= height)
                r = cut_block(m);
        return r;
}

static int memory_commit(Store *s) {
        Memory *m = MEMORY(s);
        MemoryBlock b;

        while (rows_saved(&m->blocks, &b))
                block_done(&b);
        for (size_t i = 0; m->seals_changed && i < m->blocks.n; i++) {
                MemoryBlock *p = rows_at(&m->blocks, i);

                free(p->old_seal);
                p->old_seal = NULL;
        }
        rows_settle(&m->blocks);
        entries_commit(&m->entries);
        votes_commit(&m->votes);
        items_commit(&m->pool);
        items_commit(&m->meta);
        m->seals_changed = m->open = false;
        return 0;
}

static void memory_rollback(Store *s) {
        Memory *m = MEMORY(s);
        MemoryBlock b;
        int r = 0;

        /* Above low nothing is saved, so cutting cannot fail. */
        while (r == 0 && m->blocks.n > m->blocks.low)
                r = cut_block(m);
        assert(r == 0);

        while (rows_saved(&m->blocks, &b)) {
                rows_push(&m->blocks, &b);
                index_add(m, &b.b.id, (uint32_t) m->blocks.n);
        }
        for (size_t i = 0; m->seals_changed && i < m->blocks.n; i++) {
                MemoryBlock *p = rows_at(&m->blocks, i);

                if (!p->old_seal)
                        continue;
                free(p->b.seal);
                p->b.seal = TAKE_PTR(p->old_seal);
                p->b.n_seal = p->n_old_seal;
        }
        rows_settle(&m->blocks);
        entries_rollback(&m->entries);
        votes_rollback(&m->votes);
        items_rollback(&m->pool);
        items_rollback(&m->meta);
        m->seals_changed = m->open = false;
}

static bool memory_in_transaction(const Store *s) {
        return MEMORY(s)->open;
}

void store_memory_crash(Store *s) {
        memory_rollback(s);
}

/* --- entries, votes, pool and meta --- */

static int memory_entry_put(Store *s, Place place, int kind, const char *line, size_t n) {
        (void) memory_begin(s);
        return entries_put(&MEMORY(s)->entries, place, kind, line, n);
}

static int memory_entry_get(Store *s, Place place, int *ret_kind, Buf *ret) {
        return entries_get(&MEMORY(s)->entries, place, ret_kind, ret);
}

static int memory_entry_each(Store *s, Place from, Place to, int kind, store_entry_fn fn, void *userdata) {
        return entries_each(&MEMORY(s)->entries, from, to, kind, fn, userdata);
}

static int memory_vote_put(Store *s, Place election, uint32_t voter, Place place, uint32_t seq) {
        (void) memory_begin(s);
        return votes_put(&MEMORY(s)->votes, election, voter, place, seq);
}

static int memory_vote_last(Store *s, Place election, uint32_t voter, StoredVote *ret) {
        return votes_last(&MEMORY(s)->votes, election, voter, ret);
}

static int memory_vote_each(Store *s, Place election, uint32_t from, store_vote_fn fn, void *userdata) {
        return votes_each(&MEMORY(s)->votes, election, from, fn, userdata);
}

static int memory_pool_put(Store *s, const Id *id, const char *line, size_t n) {
        (void) memory_begin(s);
        return items_put(&MEMORY(s)->pool, id->b, sizeof(id->b), line, n, false);
}

static int memory_pool_delete(Store *s, const Id *id) {
        (void) memory_begin(s);
        items_delete(&MEMORY(s)->pool, id->b, sizeof(id->b));
        return 0;
}

typedef struct PoolEach {
        store_pool_fn fn;
        void *userdata;
} PoolEach;

static int on_pool_item(void *userdata, const void *value, size_t n) {
        const PoolEach *p = userdata;

        return p->fn(p->userdata, value, n);
}

static int memory_pool_each(Store *s, store_pool_fn fn, void *userdata) {
        PoolEach p = { fn, userdata };

        return items_each(&MEMORY(s)->pool, on_pool_item, &p);
}

static int memory_meta_put(Store *s, const char *key, const void *p, size_t n) {
        (void) memory_begin(s);
        return items_put(&MEMORY(s)->meta, key, strlen(key), p, n, true);
}

static int memory_meta_get(Store *s, const char *key, Buf *ret) {
        const void *p;
        size_t n;
        int r;

        r = items_get(&MEMORY(s)->meta, key, strlen(key), &p, &n);
        if (r < 0)
                return r;
        buf_add(ret, p, n);
        return buf_error(ret);
}

static Store* memory_free(Store *s) {
        Memory *m = MEMORY(s);

        memory_rollback(s);
        for (size_t i = 0; i < m->blocks.n; i++)
                block_done(rows_at(&m->blocks, i));
        rows_done(&m->blocks);
        entries_done(&m->entries);
        votes_done(&m->votes);
        items_done(&m->pool);
        items_done(&m->meta);
        free(m->index);
        free(m);
        return NULL;
}

static const StoreOps memory_ops = {
        .begin = memory_begin,
        .commit = memory_commit,
        .rollback = memory_rollback,
        .in_transaction = memory_in_transaction,
        .free = memory_free,
        .block_put = memory_block_put,
        .block_get = memory_block_get,
        .block_find = memory_block_find,
        .block_set_seal = memory_block_set_seal,
        .tip = memory_tip,
        .entry_put = memory_entry_put,
        .entry_get = memory_entry_get,
        .entry_each = memory_entry_each,
        .vote_put = memory_vote_put,
        .vote_last = memory_vote_last,
        .vote_each = memory_vote_each,
        .delete_from = memory_delete_from,
        .pool_put = memory_pool_put,
        .pool_delete = memory_pool_delete,
        .pool_each = memory_pool_each,
        .meta_put = memory_meta_put,
        .meta_get = memory_meta_get,
};

int store_memory_new(Store **ret) {
        Memory *m;

        assert(ret);

        m = new0(Memory, 1);
        if (!m)
                return -ENOMEM;
        m->store.ops = &memory_ops;
        m->blocks.size = sizeof(MemoryBlock);
        entries_init(&m->entries);
        votes_init(&m->votes);
        *ret = &m->store;
        return 0;
}
