/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/store-sqlite-table.h"

#include "base/file.h"

#define APPLICATION_ID 1987015781       /* "vote" */

/* Pages of 4 KiB: voters vote in any order, so a block touches about as many pages of `vote` as it has votes, and each is
 * written whole. The cache holds that table up to some million votes; the log is copied back once it has 32 MiB. */
#define CACHE_KIB 49152
#define CHECKPOINT_PAGES 8192
#define LOG_BYTES_KEPT 67108864

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

/* entry_rare leaves out votes
 * (STORE_KIND_VOTE), of which there are many: the state of a ledger is read from what remains. */
#define MIGRATION_1 \
        "CREATE TABLE block (\n" \
        "        height INTEGER PRIMARY KEY,\n" \
        "        id BLOB NOT NULL UNIQUE,\n" \
        "        time INTEGER NOT NULL,\n" \
        "        count INTEGER NOT NULL,\n" \
        "        work BLOB NOT NULL,\n" \
        "        header BLOB NOT NULL,\n" \
        "        seal BLOB NOT NULL\n" \
        ") STRICT;\n" \
        "CREATE TABLE entry (\n" \
        "        place INTEGER PRIMARY KEY,\n" \
        "        kind INTEGER NOT NULL,\n" \
        "        line BLOB NOT NULL\n" \
        ") STRICT;\n" \
        "CREATE INDEX entry_rare ON entry (place) WHERE kind <> " TEXT(STORE_KIND_VOTE) ";\n" \
        "CREATE TABLE vote (\n" \
        "        election INTEGER NOT NULL,\n" \
        "        voter INTEGER NOT NULL,\n" \
        "        place INTEGER NOT NULL,\n" \
        "        seq INTEGER NOT NULL,\n" \
        "        count INTEGER NOT NULL,\n" \
        "        PRIMARY KEY (election, voter, place)\n" \
        ") STRICT, WITHOUT ROWID;\n" \
        "CREATE TABLE pool (\n" \
        "        number INTEGER PRIMARY KEY,\n" \
        "        id BLOB NOT NULL UNIQUE,\n" \
        "        line BLOB NOT NULL\n" \
        ") STRICT;\n" \
        "CREATE TABLE meta (\n" \
        "        key TEXT PRIMARY KEY,\n" \
        "        value BLOB NOT NULL\n" \
        ") STRICT, WITHOUT ROWID;\n"

static const char *const migrations[] = { MIGRATION_1 };

const DbKind store_sqlite_kind = {
        .application_id = APPLICATION_ID,
        .migrations = migrations,
        .n_migrations = ELEMENTSOF(migrations),
        .cache_kib = CACHE_KIB,
        .checkpoint_pages = CHECKPOINT_PAGES,
        .log_bytes_kept = LOG_BYTES_KEPT,
};

const char* store_sqlite_schema(void) {
        return MIGRATION_1;
}

_Static_assert(STORE_KIND_VOTE == 6 && STORE_KIND_ALL == -1 && STORE_KIND_RARE == -2, "as the statements have it");

static const char *const sql[_ST_MAX] = {
        [ST_BLOCK_PUT] = "INSERT INTO block (height, id, time, count, work, header, seal) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [ST_BLOCK_GET] = "SELECT id, time, count, work, header, seal FROM block WHERE height = ?",
        [ST_BLOCK_FIND] = "SELECT height FROM block WHERE id = ?",
        [ST_BLOCK_SET_SEAL] = "UPDATE block SET seal = ?2 WHERE height = ?1",
        [ST_BLOCK_DELETE] = "DELETE FROM block WHERE height >= ?",
        [ST_TIP] = "SELECT coalesce(max(height), 0) FROM block",
        [ST_ENTRY_PUT] = "INSERT INTO entry (place, kind, line) VALUES (?, ?, ?)",
        [ST_ENTRY_GET] = "SELECT kind, line FROM entry WHERE place = ?",
        [ST_ENTRY_EACH] = "SELECT place, kind, line FROM entry WHERE place >= ?1 AND place < ?2 AND (?3 = -1 OR kind = ?3) ORDER BY place",
        [ST_ENTRY_EACH_RARE] = ("SELECT place, kind, line FROM entry INDEXED BY entry_rare "
                                "WHERE kind <> 6 AND place >= ?1 AND place < ?2 AND (?3 = -2 OR kind = ?3) ORDER BY place"),
        [ST_ENTRY_DELETE] = "DELETE FROM entry WHERE place >= ?",
        [ST_ENTRY_LAST] = "SELECT coalesce(max(place), 0) FROM entry",
        [ST_VOTE_PUT] = "INSERT INTO vote (election, voter, place, seq, count) VALUES (?, ?, ?, ?, ?)",
        [ST_VOTE_LAST] = "SELECT place, seq, count FROM vote WHERE election = ? AND voter = ? ORDER BY place DESC LIMIT 1",
        [ST_VOTE_EACH] = "SELECT voter, place, seq, count FROM vote WHERE election = ? AND voter >= ? ORDER BY voter, place",
        [ST_VOTE_DELETE] = "DELETE FROM vote WHERE place >= ?",
        [ST_POOL_PUT] = "INSERT INTO pool (id, line) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
        [ST_POOL_DELETE] = "DELETE FROM pool WHERE id = ?",
        [ST_POOL_EACH] = "SELECT line FROM pool ORDER BY number",
        [ST_META_PUT] = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [ST_META_GET] = "SELECT value FROM meta WHERE key = ?",
};

int statements_prepare(Sqlite *s) {
        assert(s);

        for (size_t i = 0; i < _ST_MAX; i++) {
                int r;

                r = db_prepare(&s->db, sql[i], &s->statements[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

void statements_finalize(Sqlite *s) {
        assert(s);

        for (size_t i = 0; i < _ST_MAX; i++)
                (void) sqlite3_finalize(TAKE_PTR(s->statements[i]));
}

int statement_take(Sqlite *s, Statement i, sqlite3_stmt **ret) {
        if (!sqlite3_stmt_busy(s->statements[i])) {
                *ret = s->statements[i];
                return 0;
        }
        return db_prepare(&s->db, sql[i], ret);
}

void statement_give(Sqlite *s, Statement i, sqlite3_stmt *st) {
        if (st == s->statements[i])
                db_resetp(&st);
        else
                db_finalizep(&st);
}

void bind_int(sqlite3_stmt *st, int i, uint64_t v) {
        (void) sqlite3_bind_int64(st, i, (sqlite3_int64) MIN(v, (uint64_t) INT64_MAX));
}

void bind_bytes(sqlite3_stmt *st, int i, const void *p, size_t n) {
        (void) sqlite3_bind_blob64(st, i, n > 0 ? p : "", n, SQLITE_STATIC);
}

int step_row(Sqlite *s, sqlite3_stmt *st) {
        int rc = sqlite3_step(st);

        if (rc == SQLITE_DONE)
                return -ENODATA;
        return rc == SQLITE_ROW ? 0 : db_errno(&s->db, rc);
}

int delete_rows(Sqlite *s, Statement i, uint64_t from) {
        _cleanup_reset_ sqlite3_stmt *st = statement(s, i);

        bind_int(st, 1, from);
        return db_write(&s->db, st);
}

int store_sqlite_set_aside(const char *dir, uint64_t now_sec, char **ret_path) {
        _cleanup_free_ char *path = NULL;

        assert(dir);

        path = path_join(dir, STORE_SQLITE_FILE);
        return path ? db_file_set_aside(path, now_sec, ret_path) : -ENOMEM;
}
