/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/store-sqlite-table.h"

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
        [ST_VOTE_EACH] = "SELECT voter, place, seq, count FROM vote WHERE election = ? ORDER BY voter, place",
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
