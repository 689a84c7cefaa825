/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sqlite3.h>

#include "base/why.h"

/* The database under store-sqlite.c: opened for us alone, in the mode that survives a power cut, with the schema brought
 * up to date, and with a mark in it that says whether it was closed in order. */
typedef struct Db {
        sqlite3 *handle;
        bool open;              /* a transaction, as its user sees it */
        int failed;             /* a write in it has failed with that errno: nothing but a rollback helps */
        bool suspect;           /* an error that the disk or a damage caused was seen: check at the next start */
} Db;

/* As store_sqlite_open() says. */
_must_check_ int db_open(Db *ret, const char *dir, Why *why);
void db_close(Db *d);

_must_check_ int db_prepare(Db *d, const char *sql, sqlite3_stmt **ret);
/* Our errno of a result code of SQLite's; remembers what makes the database suspect. */
_must_check_ int db_errno(Db *d, int rc);
/* Steps a statement that gives no rows, in a transaction that db_begin() has opened. */
_must_check_ int db_write(Db *d, sqlite3_stmt *st);

_must_check_ int db_begin(Db *d);
_must_check_ int db_commit(Db *d);
void db_rollback(Db *d);

/* The bytes of a column, borrowed until the next step; anything but a BLOB of n_min to n_max bytes is damage: -EUCLEAN. */
_must_check_ int db_column_bytes(Db *d, sqlite3_stmt *st, int column, size_t n_min, size_t n_max, const void **ret, size_t *ret_n);
/* An integer of 0 to max, likewise. */
_must_check_ int db_column_int(Db *d, sqlite3_stmt *st, int column, uint64_t max, uint64_t *ret);

/* _cleanup_(db_resetp): a statement that is left is reset, on every way out. */
static inline _unused_ void db_resetp(sqlite3_stmt **st) {
        if (*st) {
                (void) sqlite3_reset(*st);      /* repeats the error of the step, which was handled */
                (void) sqlite3_clear_bindings(*st);
        }
}

static inline _unused_ void db_finalizep(sqlite3_stmt **st) {
        (void) sqlite3_finalize(*st);
}
