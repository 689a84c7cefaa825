/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sqlite3.h>

#include "base/why.h"

/* A database of SQLite's, as all of ours are: opened for us alone, in the mode that survives a power cut, with the schema brought
 * up to date. */
typedef struct DbKind {
        int64_t application_id;
        /* Append only: what is released is never changed, the next schema is one string more. */
        const char *const *migrations;
        size_t n_migrations;
        unsigned cache_kib, checkpoint_pages;
        int64_t log_bytes_kept;
        /* Small and precious: all of it is checked whenever it is opened. Otherwise a mark in it says whether it was closed in
         * order (store.clean in its table meta), and it is checked where it was not. */
        bool always_checked;
} DbKind;

typedef struct Db {
        const DbKind *kind;
        sqlite3 *handle;
        bool open;              /* a transaction, as its user sees it */
        int failed;             /* a write in it has failed with that errno: nothing but a rollback helps */
        bool suspect;           /* an error that the disk or a damage caused was seen: check at the next start */
} Db;

/* make: where there is none. -ENOENT: there is none; -EUCLEAN: it is damaged, or none of this kind; -EBUSY: another process
 * holds it; -EPROTONOSUPPORT: its schema is newer than ours. why names path. */
_must_check_ int db_open(Db *ret, const DbKind *kind, const char *path, bool make, Why *why);
void db_close(Db *d);
/* All that was committed is in the file itself, durably: nothing is left beside it when it is closed. */
_must_check_ int db_settle(Db *d);

/* Files (db-file.c): path, and what SQLite keeps beside it. */
_must_check_ int db_file_exists(const char *path);      /* 1, 0; 2: only what is kept beside it; -errno */
/* Moves a damaged one aside as path.damaged-TIME, never over an older one; *ret_path is malloc'ed. -ENOENT: there is nothing. */
_must_check_ int db_file_set_aside(const char *path, uint64_t now_sec, char **ret_path);
_must_check_ int db_file_was_set_aside(const char *dir, const char *name);     /* 1, 0, -errno */
_must_check_ int db_file_remove(const char *path);      /* fine if there is nothing */
/* Gives a closed one its name, durably. -EEXIST: there is one of that name. */
_must_check_ int db_file_rename(const char *from, const char *to);

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
