/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/db.h"

#include <inttypes.h>
#include <stdio.h>

/* --- errors --- */

static int system_errno(sqlite3 *h, int otherwise) {
        int e = sqlite3_system_errno(h);

        if (e == EDQUOT)
                return -ENOSPC;
        return e > 0 ? -e : otherwise;
}

int db_errno(Db *d, int rc) {
        int r;

        assert(d);

        switch (rc & 0xff) {

        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_CONSTRAINT:
                return -EEXIST;
        case SQLITE_TOOBIG:
                return -EFBIG;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return -EACCES;
        case SQLITE_CANTOPEN:
                return system_errno(d->handle, -EIO);
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                d->suspect = true;
                return -EUCLEAN;
        case SQLITE_ERROR:              /* our statements are right: the schema is not what it was */
                d->suspect = true;
                return -EUCLEAN;
        case SQLITE_IOERR:
                if (rc == SQLITE_IOERR_NOMEM)
                        return -ENOMEM;
                if (rc == SQLITE_IOERR_CORRUPTFS) {
                        d->suspect = true;
                        return -EUCLEAN;
                }
                r = system_errno(d->handle, -EIO);
                if (r != -ENOSPC)
                        d->suspect = true;
                return r;
        default:
                return -EIO;
        }
}

int db_prepare(Db *d, const char *sql, sqlite3_stmt **ret) {
        return db_errno(d, sqlite3_prepare_v3(d->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL));
}

/* One statement, or several, without rows that matter. */
static int run(Db *d, const char *sql) {
        while (*sql) {
                _cleanup_(db_finalizep) sqlite3_stmt *st = NULL;
                int r, rc;

                r = db_errno(d, sqlite3_prepare_v2(d->handle, sql, -1, &st, &sql));
                if (r < 0)
                        return r;
                if (!st)
                        return 0;       /* nothing but white space was left */
                do
                        rc = sqlite3_step(st);
                while (rc == SQLITE_ROW);
                r = db_errno(d, rc);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The one value that a statement gives, as text. */
static int ask(Db *d, const char *sql, char *ret, size_t size) {
        _cleanup_(db_finalizep) sqlite3_stmt *st = NULL;
        const unsigned char *text;
        int r, rc;

        r = db_prepare(d, sql, &st);
        if (r < 0)
                return r;
        rc = sqlite3_step(st);
        if (rc == SQLITE_DONE)
                return -ENODATA;
        if (rc != SQLITE_ROW)
                return db_errno(d, rc);
        text = sqlite3_column_text(st, 0);
        if (!text)                      /* NULL, or no memory to make a text of it */
                return (sqlite3_errcode(d->handle) & 0xff) == SQLITE_NOMEM ? -ENOMEM : -EUCLEAN;
        (void) snprintf(ret, size, "%s", (const char *) text);
        return 0;
}

static int ask_int(Db *d, const char *sql, int64_t *ret) {
        _cleanup_(db_finalizep) sqlite3_stmt *st = NULL;
        int r, rc;

        r = db_prepare(d, sql, &st);
        if (r < 0)
                return r;
        rc = sqlite3_step(st);
        if (rc == SQLITE_DONE)
                return -ENODATA;
        if (rc != SQLITE_ROW)
                return db_errno(d, rc);
        *ret = sqlite3_column_int64(st, 0);
        return 0;
}

/* --- transactions --- */

int db_begin(Db *d) {
        int r;

        assert(d);

        if (d->open)
                return d->failed;
        r = run(d, "BEGIN IMMEDIATE");
        if (r < 0)
                return r;
        d->open = true;
        return 0;
}

int db_commit(Db *d) {
        int r;

        assert(d);

        if (!d->open)
                return 0;
        if (d->failed < 0)
                return d->failed;

        r = run(d, "COMMIT");
        if (r < 0) {
                /* SQLite may have rolled back by itself; committing what comes later would commit half. */
                if (sqlite3_get_autocommit(d->handle))
                        d->failed = r;
                return r;
        }
        d->open = false;
        return 0;
}

void db_rollback(Db *d) {
        assert(d);

        if (!sqlite3_get_autocommit(d->handle))
                if (run(d, "ROLLBACK") < 0)
                        d->suspect = true;
        d->open = !sqlite3_get_autocommit(d->handle);
        d->failed = d->open ? -EIO : 0;
}

int db_write(Db *d, sqlite3_stmt *st) {
        int r;

        assert(d);
        assert(d->open);

        r = db_errno(d, sqlite3_step(st));
        if (r < 0 && r != -EEXIST)
                d->failed = r;
        return r;
}

int db_column_bytes(Db *d, sqlite3_stmt *st, int column, size_t n_min, size_t n_max, const void **ret, size_t *ret_n) {
        const void *p;
        int n;

        assert(d);

        if (sqlite3_column_type(st, column) != SQLITE_BLOB) {
                d->suspect = true;
                return -EUCLEAN;
        }
        p = sqlite3_column_blob(st, column);
        n = sqlite3_column_bytes(st, column);
        if (!p && n > 0)
                return -ENOMEM;
        if (n < 0 || (size_t) n < n_min || (size_t) n > n_max) {
                d->suspect = true;
                return -EUCLEAN;
        }
        *ret = p ? p : "";
        *ret_n = (size_t) n;
        return 0;
}

int db_column_int(Db *d, sqlite3_stmt *st, int column, uint64_t max, uint64_t *ret) {
        sqlite3_int64 v;

        assert(d);

        v = sqlite3_column_int64(st, column);
        if (sqlite3_column_type(st, column) != SQLITE_INTEGER || v < 0 || (uint64_t) v > max) {
                d->suspect = true;
                return -EUCLEAN;
        }
        *ret = (uint64_t) v;
        return 0;
}

/* --- opening and closing --- */

/* A setting is read back: SQLite passes over what it cannot do without an error. */
static int set(Db *d, const char *set_sql, const char *ask_sql, const char *expected, Why *why) {
        char got[64];
        int r;

        r = run(d, set_sql);
        if (r < 0)
                return r;
        r = ask(d, ask_sql, got, sizeof(got));
        if (r < 0)
                return r;
        if (!streq(got, expected)) {
                (void) why_set(why, 0, "%s: SQLite says \"%s\", expected \"%s\"; the file system of the state directory must support it",
                                set_sql, got, expected);
                return -ENOTSUP;
        }
        return 0;
}

static int set_number(Db *d, const char *name, int64_t value) {
        char sql[64];

        (void) snprintf(sql, sizeof(sql), "PRAGMA %s=%" PRIi64, name, value);
        return run(d, sql);
}

static int set_modes(Db *d, Why *why) {
        int r;

        (void) sqlite3_busy_timeout(d->handle, 0);
        (void) sqlite3_db_config(d->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        (void) sqlite3_db_config(d->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);

        /* Exclusive before the first access: no shared memory, and whoever comes second finds it busy. */
        if ((r = set(d, "PRAGMA locking_mode=EXCLUSIVE", "PRAGMA locking_mode", "exclusive", why)) < 0 ||
            (r = run(d, "PRAGMA page_size=4096")) < 0 ||
            (r = set(d, "PRAGMA journal_mode=WAL", "PRAGMA journal_mode", "wal", why)) < 0 ||
            (r = set(d, "PRAGMA synchronous=FULL", "PRAGMA synchronous", "2", why)) < 0 ||
            (r = run(d, "PRAGMA cell_size_check=ON")) < 0 ||
            (r = run(d, "PRAGMA temp_store=MEMORY")) < 0 ||
            (r = set_number(d, "cache_size", -(int64_t) d->kind->cache_kib)) < 0 ||
            (r = set_number(d, "wal_autocheckpoint", d->kind->checkpoint_pages)) < 0)
                return r;
        return set_number(d, "journal_size_limit", d->kind->log_bytes_kept);
}

static int check(Db *d, Why *why) {
        char got[200];
        int64_t clean = 0;
        int r;

        if (!d->kind->always_checked) {
                r = ask_int(d, "SELECT count(*) FROM meta WHERE key = 'store.clean'", &clean);
                if (r < 0 || clean > 0)
                        return r;
        }

        r = ask(d, d->kind->always_checked ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)", got, sizeof(got));
        if (r < 0)
                return r;
        if (!streq(got, "ok")) {
                (void) why_set(why, 0, "%s", got);
                d->suspect = true;
                return -EUCLEAN;
        }
        return 0;
}

/* Brings the schema up to date, in a transaction that is left open. */
static int migrate(Db *d, size_t version) {
        int r;

        r = db_begin(d);
        if (r < 0)
                return r;
        for (size_t i = version; i < d->kind->n_migrations; i++)
                if ((r = run(d, d->kind->migrations[i])) < 0)
                        return r;
        if ((r = set_number(d, "user_version", (int64_t) d->kind->n_migrations)) < 0)
                return r;
        return set_number(d, "application_id", d->kind->application_id);
}

static int look_at_schema(Db *d, bool make, Why *why) {
        int64_t version, application, tables;
        int r;

        if ((r = ask_int(d, "PRAGMA user_version", &version)) < 0 ||
            (r = ask_int(d, "PRAGMA application_id", &application)) < 0 ||
            (r = ask_int(d, "SELECT count(*) FROM sqlite_schema", &tables)) < 0)
                return r;

        if ((tables > 0 || !make) && application != d->kind->application_id) {
                (void) why_set(why, 0, tables > 0 ? "it is a database, but not one of voted's" : "it is empty");
                d->suspect = true;
                return -EUCLEAN;
        }
        if (version < 0 || version > (int64_t) d->kind->n_migrations) {
                (void) why_set(why, 0, "its schema is of version %" PRIi64 ", this program knows up to %zu: a newer voted is needed",
                                version, d->kind->n_migrations);
                return -EPROTONOSUPPORT;
        }
        if (version > 0 && (r = check(d, why)) < 0)
                return r;
        if (version < (int64_t) d->kind->n_migrations && (r = migrate(d, (size_t) version)) < 0)
                return r;
        if (d->kind->always_checked)
                return db_commit(d);

        r = db_begin(d);
        if (r < 0)
                return r;
        r = run(d, "DELETE FROM meta WHERE key = 'store.clean'");
        return r < 0 ? r : db_commit(d);
}

/* as_it_is: what may be damaged, or is not ours, is not touched: the log stays beside it. Without memory there is no handle. */
static void close_handle(Db *d, bool as_it_is) {
        if (as_it_is && d->handle)
                (void) sqlite3_db_config(d->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        (void) sqlite3_close_v2(d->handle);
        *d = (Db) {};
}

int db_open(Db *ret, const DbKind *kind, const char *path, bool make, Why *why) {
        Db d = { .kind = kind };
        int r;

        assert(ret);
        assert(kind);
        assert(path);

        if (why)
                why->text[0] = '\0';
        r = db_errno(&d, sqlite3_open_v2(path, &d.handle,
                                SQLITE_OPEN_READWRITE | (make ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL));
        if (r >= 0)
                r = set_modes(&d, why);
        if (r >= 0)
                r = look_at_schema(&d, make, why);
        if (r >= 0) {
                *ret = d;
                return 0;
        }

        if (r == -EBUSY)
                (void) why_set(why, 0, "another process has it open (a voted with the same state directory, or sqlite3): end that one first");
        else if (why && why->text[0] == '\0')
                (void) why_set(why, 0, "%s", r == -EUCLEAN ? sqlite3_errmsg(d.handle) : strerror(-r));
        (void) why_prefix(why, 0, "%s", path);
        close_handle(&d, true);
        return r;
}

int db_settle(Db *d) {
        assert(d);

        return run(d, "PRAGMA wal_checkpoint(TRUNCATE)");
}

void db_close(Db *d) {
        assert(d);

        if (!d->handle)
                return;
        db_rollback(d);

        /* On a full disk this fails, and the next start checks: it costs a moment, no more. */
        if (!d->suspect && !d->kind->always_checked && db_begin(d) >= 0) {
                if (run(d, "INSERT INTO meta (key, value) VALUES ('store.clean', x'01') ON CONFLICT DO NOTHING") < 0 || db_commit(d) < 0)
                        db_rollback(d);
        }
        close_handle(d, d->suspect);
}
