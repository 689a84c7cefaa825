/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disk.h"

#include "ledger/record-memory.h"

struct Disk {
        Store store;            /* first: what the node sees */
        Store *memory;
        Record *record;
        uint64_t full;          /* DISK_FULL_* */
};

#define DISK(s)   ((Disk *) (s))
#define MEMORY(s) (DISK(s)->memory)
#define OPS(s)    (MEMORY(s)->ops)

/* Passes a call on; a write is refused while the disk is full. */
#define READ(name, params, ...)                                         \
        static int disk_##name params {                                 \
                return OPS(s)->name(MEMORY(s), __VA_ARGS__);            \
        }
#define WRITE(name, params, ...)                                        \
        static int disk_##name params {                                 \
                if (DISK(s)->full & DISK_FULL_WRITES)                   \
                        return -ENOSPC;                                 \
                return OPS(s)->name(MEMORY(s), __VA_ARGS__);            \
        }

static int disk_begin(Store *s) {
        return OPS(s)->begin(MEMORY(s));
}

static int disk_commit(Store *s) {
        if ((DISK(s)->full & DISK_FULL_LEDGER) && OPS(s)->in_transaction(MEMORY(s)))
                return -ENOSPC;
        return OPS(s)->commit(MEMORY(s));
}

static void disk_rollback(Store *s) {
        OPS(s)->rollback(MEMORY(s));
}

static bool disk_in_transaction(const Store *s) {
        const Store *memory = ((const Disk *) s)->memory;

        return memory->ops->in_transaction(memory);
}

static Store* disk_store_free(Store *s) {       /* the disk is the host's, not the node's */
        (void) s;
        return NULL;
}

WRITE(block_put, (Store *s, const StoredBlock *b), b)
READ(block_get, (Store *s, uint64_t height, StoredBlock *ret), height, ret)
READ(block_find, (Store *s, const Id *id, uint64_t *ret), id, ret)
WRITE(block_set_seal, (Store *s, uint64_t height, const char *seal, size_t n), height, seal, n)
READ(tip, (Store *s, uint64_t *ret), ret)
WRITE(entry_put, (Store *s, Place place, int kind, const char *line, size_t n), place, kind, line, n)
READ(entry_get, (Store *s, Place place, int *ret_kind, Buf *ret), place, ret_kind, ret)
READ(entry_each, (Store *s, Place from, Place to, int kind, store_entry_fn fn, void *userdata),
                from, to, kind, fn, userdata)
WRITE(vote_put, (Store *s, Place election, uint32_t voter, Place place, uint32_t seq), election, voter,
                place, seq)
READ(vote_last, (Store *s, Place election, uint32_t voter, StoredVote *ret), election, voter, ret)
READ(vote_each, (Store *s, Place election, uint32_t from, store_vote_fn fn, void *userdata), election, from, fn,
                userdata)
WRITE(delete_from, (Store *s, uint64_t height), height)
WRITE(pool_put, (Store *s, const Id *id, const char *line, size_t n), id, line, n)
WRITE(pool_delete, (Store *s, const Id *id), id)
READ(pool_each, (Store *s, store_pool_fn fn, void *userdata), fn, userdata)
WRITE(meta_put, (Store *s, const char *key, const void *p, size_t n), key, p, n)
READ(meta_get, (Store *s, const char *key, Buf *ret), key, ret)

static const StoreOps disk_ops = {
        .begin = disk_begin,
        .commit = disk_commit,
        .rollback = disk_rollback,
        .in_transaction = disk_in_transaction,
        .free = disk_store_free,
        .block_put = disk_block_put,
        .block_get = disk_block_get,
        .block_find = disk_block_find,
        .block_set_seal = disk_block_set_seal,
        .tip = disk_tip,
        .entry_put = disk_entry_put,
        .entry_get = disk_entry_get,
        .entry_each = disk_entry_each,
        .vote_put = disk_vote_put,
        .vote_last = disk_vote_last,
        .vote_each = disk_vote_each,
        .delete_from = disk_delete_from,
        .pool_put = disk_pool_put,
        .pool_delete = disk_pool_delete,
        .pool_each = disk_pool_each,
        .meta_put = disk_meta_put,
        .meta_get = disk_meta_get,
};

int disk_new(Disk **ret) {
        _cleanup_(disk_freep) Disk *d = NULL;
        int r;

        d = new0(Disk, 1);
        if (!d)
                return -ENOMEM;
        d->store.ops = &disk_ops;
        r = store_memory_new(&d->memory);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return 0;
}

Disk* disk_free(Disk *d) {
        if (!d)
                return NULL;

        store_free(d->memory);
        if (d->record)
                (void) d->record->ops->free(d->record);
        free(d);
        return NULL;
}

Store* disk_store(Disk *d) {
        return &d->store;
}

int disk_make_record(Disk *d) {
        return d->record ? 0 : record_memory_new(&d->record);
}

Record* disk_record(Disk *d) {
        return d->record;
}

int disk_commit_record(Disk *d) {
        if (!d->record)
                return 0;
        return d->full & DISK_FULL_RECORD ? -ENOSPC : d->record->ops->commit(d->record);
}

void disk_set_full(Disk *d, uint64_t what) {
        d->full = what;
}

bool disk_is_full(const Disk *d) {
        return d->full != 0;
}

void disk_crash(Disk *d) {
        store_memory_crash(d->memory);
        if (d->record)
                record_memory_crash(d->record);
}
