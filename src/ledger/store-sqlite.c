/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/store-sqlite-table.h"

#include "base/file.h"
#include "voted/limits.h"

/* --- transactions --- */

static int sqlite_begin(Store *store) {
        return db_begin(&SQLITE(store)->db);
}

static int sqlite_commit(Store *store) {
        return db_commit(&SQLITE(store)->db);
}

static void sqlite_rollback(Store *store) {
        Sqlite *s = SQLITE(store);

        db_rollback(&s->db);
        sqlite_forget(s);
}

static bool sqlite_in_transaction(const Store *store) {
        return SQLITE(store)->db.open;
}

static Store* sqlite_free(Store *store) {
        Sqlite *s = SQLITE(store);

        statements_finalize(s);
        db_close(&s->db);
        free(s);
        return NULL;
}

static int copy_bytes(Sqlite *s, sqlite3_stmt *st, int column, size_t n_max, char **ret, size_t *ret_n) {
        const void *p;
        char *c;
        size_t n;
        int r;

        r = db_column_bytes(&s->db, st, column, 0, n_max, &p, &n);
        if (r < 0)
                return r;
        c = malloc(n + 1);
        if (!c)
                return -ENOMEM;
        memcpy(c, p, n);
        c[n] = '\0';
        *ret = c;
        *ret_n = n;
        return 0;
}

/* --- blocks --- */

static int sqlite_tip(Store *store, uint64_t *ret_height) {
        Sqlite *s = SQLITE(store);
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_TIP);
        int r;

        r = step_row(s, st);
        if (r < 0)
                return r;
        return db_column_int(&s->db, st, 0, HEIGHT_MAX, ret_height);
}

static int sqlite_block_put(Store *store, const StoredBlock *b) {
        Sqlite *s = SQLITE(store);
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_BLOCK_PUT);
        uint64_t tip;
        int r;

        assert(b);

        r = db_begin(&s->db);
        if (r < 0)
                return r;
        r = sqlite_tip(store, &tip);
        if (r < 0)
                return r;
        if (b->height <= tip)
                return -EEXIST;
        if (b->height > tip + 1 || b->height > HEIGHT_MAX)
                return -EINVAL;

        bind_int(st, 1, b->height);
        bind_bytes(st, 2, b->id.b, sizeof(b->id.b));
        bind_int(st, 3, b->time);
        bind_int(st, 4, b->count);
        bind_bytes(st, 5, b->work, sizeof(b->work));
        bind_bytes(st, 6, b->header, b->n_header);
        bind_bytes(st, 7, b->seal, b->n_seal);
        return db_write(&s->db, st);
}

static int sqlite_block_get(Store *store, uint64_t height, StoredBlock *ret) {
        Sqlite *s = SQLITE(store);
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_BLOCK_GET);
        _cleanup_(stored_block_done) StoredBlock b = { .height = height };
        const void *id, *work;
        uint64_t count;
        size_t n;
        int r;

        bind_int(st, 1, height);
        if ((r = step_row(s, st)) < 0 ||
            (r = db_column_bytes(&s->db, st, 0, sizeof(b.id.b), sizeof(b.id.b), &id, &n)) < 0)
                return r;
        memcpy(b.id.b, id, sizeof(b.id.b));
        if ((r = db_column_int(&s->db, st, 1, INT64_MAX, &b.time)) < 0 ||
            (r = db_column_int(&s->db, st, 2, UINT32_MAX, &count)) < 0 ||
            (r = db_column_bytes(&s->db, st, 3, sizeof(b.work), sizeof(b.work), &work, &n)) < 0)
                return r;
        memcpy(b.work, work, sizeof(b.work));
        b.count = (uint32_t) count;
        if ((r = copy_bytes(s, st, 4, MESSAGE_LINE_BYTES_MAX, &b.header, &b.n_header)) < 0 ||
            (r = copy_bytes(s, st, 5, MESSAGE_LINE_BYTES_MAX, &b.seal, &b.n_seal)) < 0)
                return r;

        *ret = b;
        b = (StoredBlock) {};
        return 0;
}

static int sqlite_block_find(Store *store, const Id *id, uint64_t *ret_height) {
        Sqlite *s = SQLITE(store);
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_BLOCK_FIND);
        int r;

        bind_bytes(st, 1, id->b, sizeof(id->b));
        r = step_row(s, st);
        if (r < 0)
                return r;
        return db_column_int(&s->db, st, 0, HEIGHT_MAX, ret_height);
}

static int sqlite_block_set_seal(Store *store, uint64_t height, const char *seal, size_t n) {
        Sqlite *s = SQLITE(store);
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_BLOCK_SET_SEAL);
        int r;

        r = db_begin(&s->db);
        if (r < 0)
                return r;
        bind_int(st, 1, height);
        bind_bytes(st, 2, seal, n);
        r = db_write(&s->db, st);
        if (r < 0)
                return r;
        return sqlite3_changes(s->db.handle) == 1 ? 0 : -ENODATA;
}

static int sqlite_delete_from(Store *store, uint64_t height) {
        Sqlite *s = SQLITE(store);
        int r;

        if ((r = db_begin(&s->db)) < 0 || (r = sqlite_delete_entries(s, height)) < 0)
                return r;
        return delete_rows(s, ST_BLOCK_DELETE, height);
}

/* --- pool and meta --- */

static int sqlite_pool_put(Store *store, const Id *id, const char *line, size_t n) {
        Sqlite *s = SQLITE(store);
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_POOL_PUT);
        int r;

        r = db_begin(&s->db);
        if (r < 0)
                return r;
        bind_bytes(st, 1, id->b, sizeof(id->b));
        bind_bytes(st, 2, line, n);
        return db_write(&s->db, st);
}

static int sqlite_pool_delete(Store *store, const Id *id) {
        Sqlite *s = SQLITE(store);
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_POOL_DELETE);
        int r;

        r = db_begin(&s->db);
        if (r < 0)
                return r;
        bind_bytes(st, 1, id->b, sizeof(id->b));
        return db_write(&s->db, st);
}

static int give_pool(Sqlite *s, sqlite3_stmt *st, store_pool_fn fn, void *userdata) {
        for (;;) {
                const void *p;
                size_t n;
                int r;

                r = step_row(s, st);
                if (r == -ENODATA)
                        return 0;
                if (r < 0 || (r = db_column_bytes(&s->db, st, 0, 0, BLOCK_BYTES_MAX, &p, &n)) < 0)
                        return r;
                r = fn(userdata, p, n);
                if (r != 0)
                        return r;
        }
}

static int sqlite_pool_each(Store *store, store_pool_fn fn, void *userdata) {
        Sqlite *s = SQLITE(store);
        sqlite3_stmt *st;
        int r;

        assert(fn);

        r = statement_take(s, ST_POOL_EACH, &st);
        if (r < 0)
                return r;
        r = give_pool(s, st, fn, userdata);
        statement_give(s, ST_POOL_EACH, st);
        return r;
}

static int sqlite_meta_put(Store *store, const char *key, const void *p, size_t n) {
        Sqlite *s = SQLITE(store);
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_META_PUT);
        int r;

        r = db_begin(&s->db);
        if (r < 0)
                return r;
        (void) sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
        bind_bytes(st, 2, p, n);
        return db_write(&s->db, st);
}

static int sqlite_meta_get(Store *store, const char *key, Buf *ret) {
        Sqlite *s = SQLITE(store);
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_META_GET);
        const void *p;
        size_t n;
        int r;

        (void) sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
        if ((r = step_row(s, st)) < 0 || (r = db_column_bytes(&s->db, st, 0, 0, POOL_BYTES_MAX, &p, &n)) < 0)
                return r;
        buf_add(ret, p, n);
        return buf_error(ret);
}

static const StoreOps sqlite_ops = {
        .begin = sqlite_begin,
        .commit = sqlite_commit,
        .rollback = sqlite_rollback,
        .in_transaction = sqlite_in_transaction,
        .free = sqlite_free,
        .block_put = sqlite_block_put,
        .block_get = sqlite_block_get,
        .block_find = sqlite_block_find,
        .block_set_seal = sqlite_block_set_seal,
        .tip = sqlite_tip,
        .entry_put = sqlite_entry_put,
        .entry_get = sqlite_entry_get,
        .entry_each = sqlite_entry_each,
        .vote_put = sqlite_vote_put,
        .vote_last = sqlite_vote_last,
        .vote_each = sqlite_vote_each,
        .delete_from = sqlite_delete_from,
        .pool_put = sqlite_pool_put,
        .pool_delete = sqlite_pool_delete,
        .pool_each = sqlite_pool_each,
        .meta_put = sqlite_meta_put,
        .meta_get = sqlite_meta_get,
};

int store_sqlite_open(Store **ret, const char *dir, Why *why) {
        _cleanup_(store_freep) Store *store = NULL;
        _cleanup_free_ char *path = NULL;
        Sqlite *s;
        int r;

        assert(ret);
        assert(dir);

        path = path_join(dir, STORE_SQLITE_FILE);
        if (!path)
                return -ENOMEM;

        s = new0(Sqlite, 1);
        if (!s)
                return -ENOMEM;
        s->store.ops = &sqlite_ops;
        store = &s->store;

        r = db_open(&s->db, &store_sqlite_kind, path, true, why);
        if (r < 0)
                return r;
        r = statements_prepare(s);
        if (r < 0) {
                (void) why_set(why, 0, "%s: %s", path, sqlite3_errmsg(s->db.handle));
                return r;
        }
        *ret = TAKE_PTR(store);
        return 0;
}
