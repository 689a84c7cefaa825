/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/db.h"
#include "ledger/store.h"

/* What the files of the SQLite store share. */
#define STORE_SQLITE_FILE "ledger.db"
extern const DbKind store_sqlite_kind;

typedef enum Statement {
        ST_BLOCK_PUT,
        ST_BLOCK_GET,
        ST_BLOCK_FIND,
        ST_BLOCK_SET_SEAL,
        ST_BLOCK_DELETE,
        ST_TIP,
        ST_ENTRY_PUT,
        ST_ENTRY_GET,
        ST_ENTRY_EACH,
        ST_ENTRY_EACH_RARE,
        ST_ENTRY_DELETE,
        ST_ENTRY_LAST,
        ST_VOTE_PUT,
        ST_VOTE_LAST,
        ST_VOTE_EACH,
        ST_VOTE_DELETE,
        ST_POOL_PUT,
        ST_POOL_DELETE,
        ST_POOL_EACH,
        ST_META_PUT,
        ST_META_GET,
        _ST_MAX,
} Statement;

typedef struct Sqlite {
        Store store;
        Db db;
        sqlite3_stmt *statements[_ST_MAX];

        /* The place of the last entry, if it is known, and of the last vote put in this process. */
        bool last_entry_known;
        Place last_entry, last_vote;

        /* What vote_last() said last: a vote is looked up before it is put, and its count follows from that. */
        bool voter_known;
        Place voter_election;
        StoredVote voter;       /* place 0: has not voted */
} Sqlite;

#define _cleanup_reset_ _cleanup_(db_resetp)

static inline Sqlite* SQLITE(const Store *s) {
        return (Sqlite *) ASSERT_PTR(s);
}

/* What was remembered of rows that may be gone. */
void sqlite_forget(Sqlite *s);

/* --- statements. Results of binding are those of wrong indices and of memory; the step fails then. --- */

static inline sqlite3_stmt* statement(Sqlite *s, Statement i) {
        return s->statements[i];
}
_must_check_ int statements_prepare(Sqlite *s);
void statements_finalize(Sqlite *s);
/* For what calls back: within the callback the same one may be asked for again. */
_must_check_ int statement_take(Sqlite *s, Statement i, sqlite3_stmt **ret);
void statement_give(Sqlite *s, Statement i, sqlite3_stmt *st);

void bind_int(sqlite3_stmt *st, int i, uint64_t v);             /* what is too large becomes INT64_MAX */
void bind_bytes(sqlite3_stmt *st, int i, const void *p, size_t n);
/* One row: 0, or -ENODATA. */
_must_check_ int step_row(Sqlite *s, sqlite3_stmt *st);
/* DELETE with the one parameter `from`. */
_must_check_ int delete_rows(Sqlite *s, Statement i, uint64_t from);

/* --- entries and votes, as StoreOps says --- */

_must_check_ int sqlite_entry_put(Store *store, Place place, int kind, const char *line, size_t n);
_must_check_ int sqlite_entry_get(Store *store, Place place, int *ret_kind, Buf *ret);
_must_check_ int sqlite_entry_each(Store *store, Place from, Place to, int kind, store_entry_fn fn, void *userdata);
_must_check_ int sqlite_vote_put(Store *store, Place election, uint32_t voter, Place place, uint32_t seq);
_must_check_ int sqlite_vote_last(Store *store, Place election, uint32_t voter, StoredVote *ret);
_must_check_ int sqlite_vote_each(Store *store, Place election, uint32_t from, store_vote_fn fn, void *userdata);
_must_check_ int sqlite_delete_entries(Sqlite *s, uint64_t height);
