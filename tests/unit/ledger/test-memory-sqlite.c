/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sqlite3.h>

#include "../memory.h"
#include "ledger/record-sqlite.h"
#include "run.h"
#include "store-help.h"

/* The databases without memory: neither ours nor SQLite's. */

/* SQLite wants to know how large each is. */
static void* take(int n) {
        size_t *p = malloc((size_t) n + 16);

        if (!p)
                return NULL;
        *p = (size_t) n;
        return (char *) p + 16;
}

static void give(void *p) {
        free((char *) p - 16);
}

static int size_of(void *p) {
        return p ? (int) *(size_t *) ((char *) p - 16) : 0;
}

static void* take_again(void *p, int n) {
        size_t *q = realloc((char *) p - 16, (size_t) n + 16);

        if (!q)
                return NULL;
        *q = (size_t) n;
        return (char *) q + 16;
}

static int round_up(int n) {
        return (n + 7) & ~7;
}

static int begin_memory(void *unused) {
        (void) unused;
        return SQLITE_OK;
}

static void end_memory(void *unused) {
        (void) unused;
}

static const sqlite3_mem_methods watched = { take, give, take_again, size_of, round_up, begin_memory, end_memory, NULL };

typedef struct Try {
        char folder[64];
        Store *store;
        Record *record;
} Try;

static void* begin_closed(void) {
        Try *t = new0(Try, 1);

        ck_assert_ptr_nonnull(t);
        (void) temporary_folder(t->folder);
        return t;
}

static void end(void *userdata) {
        Try *t = userdata;

        t->store = store_free(t->store);
        t->record = record_free(t->record);
        remove_folder(t->folder);
        free(t);
}

static int open_store(void *userdata) {
        Try *t = userdata;
        int r;

        r = store_sqlite_open(&t->store, t->folder, NULL);
        memory_assert(r == 0 || !t->store);
        return r;
}

static void* begin_store(void) {
        Try *t = begin_closed();

        ck_assert_int_eq(open_store(t), 0);
        for (uint64_t h = 1; h <= 2; h++) {
                ck_assert_int_eq(put_block(t->store, h, 1), 0);
                ck_assert_int_eq(t->store->ops->entry_put(t->store, PLACE(h, 0), 1, "entry", 5), 0);
        }
        ck_assert_int_eq(t->store->ops->vote_put(t->store, PLACE(1, 0), 0, PLACE(2, 0), 1), 0);
        ck_assert_int_eq(t->store->ops->commit(t->store), 0);
        return t;
}

static void roll_back(void *userdata) {
        Try *t = userdata;

        t->store->ops->rollback(t->store);
}

static int write_block(void *userdata) {
        Try *t = userdata;
        const StoreOps *ops = t->store->ops;
        int r;

        if ((r = ops->begin(t->store)) < 0 ||
            (r = put_block(t->store, 3, 7)) < 0 ||
            (r = ops->entry_put(t->store, PLACE(3, 0), STORE_KIND_VOTE, "a vote", 6)) < 0 ||
            (r = ops->vote_put(t->store, PLACE(1, 0), 0, PLACE(3, 0), 2)) < 0 ||
            (r = ops->pool_put(t->store, &(Id) { { 5 } }, "waits", 5)) < 0 ||
            (r = ops->meta_put(t->store, "a", "value", 5)) < 0)
                return r;
        return ops->commit(t->store);
}

static int take_back(void *userdata) {
        Try *t = userdata;
        const StoreOps *ops = t->store->ops;
        int r;

        r = ops->delete_from(t->store, 2);
        return r < 0 ? r : ops->commit(t->store);
}

static int read_all(void *userdata) {
        Try *t = userdata;
        const StoreOps *ops = t->store->ops;
        _cleanup_(stored_block_done) StoredBlock b = {};
        _cleanup_buf_ Buf line = {};
        StoredVote v;
        uint64_t n;
        int r;

        if ((r = ops->tip(t->store, &n)) < 0 ||
            (r = ops->block_get(t->store, 2, &b)) < 0 ||
            (r = ops->block_find(t->store, &b.id, &n)) < 0 ||
            (r = ops->entry_get(t->store, PLACE(1, 0), NULL, &line)) < 0)
                return r;
        return ops->vote_last(t->store, PLACE(1, 0), 0, &v);
}

static int add_entry(void *userdata, Place place, int kind, const char *line, size_t n) {
        buf_printf(userdata, "%" PRIu64 " %d %.*s\n", place, kind, (int) n, line);
        return 0;
}

/* As it is after it was closed and opened. */
static void show(void *userdata, Buf *ret) {
        Try *t = userdata;
        StoredVote v = {};
        uint64_t tip;
        int r;

        t->store = store_free(t->store);
        ck_assert_int_eq(open_store(t), 0);
        ck_assert_int_eq(t->store->ops->tip(t->store, &tip), 0);
        r = t->store->ops->vote_last(t->store, PLACE(1, 0), 0, &v);
        buf_printf(ret, "tip %" PRIu64 ", vote %d of seq %" PRIu32 "\n", tip, r, v.seq);
        ck_assert_int_eq(t->store->ops->entry_each(t->store, 0, UINT64_MAX >> 1, STORE_KIND_ALL, add_entry, ret), 0);
}

/* --- the record --- */

static const RecordOwner owner = { .network = { { 1 } }, .authority = { { 2 } } };

static int make_record(void *userdata) {
        Try *t = userdata;
        int r;

        r = record_sqlite_make(&t->record, t->folder, &owner, "lost", "a line", NULL);
        memory_assert(r == 0 || !t->record);
        return r;
}

/* It may have been made, whole, and not been opened: none is made over it. */
static void unmake_record(void *userdata) {
        Try *t = userdata;

        if (record_sqlite_open(&t->record, t->folder, &owner, NULL) < 0)
                return;
        t->record = record_free(t->record);
        remove_folder(t->folder);
        (void) temporary_folder(t->folder);
}

static int open_record(void *userdata) {
        Try *t = userdata;
        int r;

        r = record_sqlite_open(&t->record, t->folder, &owner, NULL);
        memory_assert(r == 0 || !t->record);
        return r;
}

static void* begin_record(void) {
        Try *t = begin_closed();

        ck_assert_int_eq(make_record(t), 0);
        ck_assert_int_eq(t->record->ops->put(t->record, 1, "endorse", "first", 5), 0);
        ck_assert_int_eq(t->record->ops->commit(t->record), 0);
        return t;
}

static void* begin_closed_record(void) {
        Try *t = begin_record();

        t->record = record_free(t->record);
        return t;
}

static int write_record(void *userdata) {
        Try *t = userdata;
        const RecordOps *ops = t->record->ops;
        int r;

        if ((r = ops->put(t->record, 2, "endorse", "second", 6)) < 0 ||
            (r = ops->put_block(t->record, 2, &(Id) { { 4 } }, "header", 6, "entry\n", 6)) < 0 ||
            (r = ops->forget(t->record, 2)) < 0)
                return r;
        return ops->commit(t->record);
}

static void roll_back_record(void *userdata) {
        Try *t = userdata;

        ck_assert_int_eq(t->record->ops->roll_back(t->record), 0);
}

static int add_line(void *userdata, uint64_t view, const char *name, const char *line, size_t n) {
        buf_printf(userdata, "%" PRIu64 " %s %.*s\n", view, name, (int) n, line);
        return 0;
}

static int add_block(void *userdata, uint64_t view, const Id *id, const char *header, size_t n_header, const char *entries, size_t n) {
        buf_printf(userdata, "%" PRIu64 " %u %.*s %.*s\n", view, id->b[0], (int) n_header, header, (int) n, entries);
        return 0;
}

static void show_record(void *userdata, Buf *ret) {
        Try *t = userdata;

        t->record = record_free(t->record);
        ck_assert_int_eq(open_record(t), 0);
        ck_assert(!record_sqlite_is_damaged(t->record));
        ck_assert_int_eq(t->record->ops->each(t->record, add_line, ret), 0);
        ck_assert_int_eq(t->record->ops->each_block(t->record, add_block, ret), 0);
}

static const Operation operations[] = {
        { "store_sqlite_open, a new one", begin_closed, open_store, show, end, .step = 131 },
        { "store_sqlite, a block", begin_store, write_block, show, end, .recover = roll_back },
        { "store_sqlite, back", begin_store, take_back, show, end, .recover = roll_back },
        { "store_sqlite, reading", begin_store, read_all, show, end },
        { "record_sqlite_make", begin_closed, make_record, show_record, end, .recover = unmake_record, .step = 89 },
        { "record_sqlite_open", begin_closed_record, open_record, show_record, end, .step = 31 },
        { "record_sqlite, a line and a block", begin_record, write_record, show_record, end, .recover = roll_back_record },
};

static void add_tests(TCase *t) {
        memory_add(t, operations, ELEMENTSOF(operations));
}

int main(void) {
        if (sqlite3_config(SQLITE_CONFIG_MALLOC, &watched) != SQLITE_OK || sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK)
                return EXIT_FAILURE;
        return run_suite("databases without memory", add_tests);
}
