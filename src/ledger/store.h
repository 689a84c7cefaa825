/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "base/id.h"
#include "base/why.h"

/* All state of a ledger goes through this table of functions (DESIGN 8). store-sqlite.c serves the daemon,
 * store-memory.c the simulator and `votectl verify`; one test suite runs over both. Everything returns 0 or a
 * negative errno (-ENODATA: no such row; -EUCLEAN: the database is damaged; -ENOSPC: disk full); a failed write
 * leaves the transaction to be rolled back. Writes outside a transaction begin one; nothing is durable, nor survives
 * store_memory_crash(), before commit. Reads see the open transaction. A ledger grows at its end: blocks are put in order of
 * height without a gap, entries and votes in ascending order of place (-EEXIST otherwise; -EINVAL for a gap). A callback may
 * read but not write. */
typedef struct Store Store;

/* A place in the ledger: height and position of an entry. As one number it orders entries and names elections. */
typedef uint64_t Place;
#define PLACE(height, position)   (((uint64_t) (height) << 24) | (uint32_t) (position))
#define PLACE_HEIGHT(p)           ((uint64_t) (p) >> 24)
#define PLACE_POSITION(p)         ((uint32_t) ((p) & 0xffffff))

typedef struct StoredBlock {    /* the texts are the reader's: stored_block_done() */
        uint64_t height, time;
        Id id;
        uint32_t count;
        uint8_t work[16];       /* summed difficulty up to here, big-endian; 0 where the engine has none */
        char *header, *seal;
        size_t n_header, n_seal;
} StoredBlock;
void stored_block_done(StoredBlock *b);

typedef struct StoredVote {
        uint32_t voter, seq;
        uint32_t count;         /* votes of this voter in this election so far (1: no revote) */
        Place place;            /* of the last one */
} StoredVote;

/* Kinds are EntryKind (entry.h); one of them is many, all others are few. */
#define STORE_KIND_VOTE 6       /* ENTRY_VOTE */
#define STORE_KIND_ALL  (-1)
#define STORE_KIND_RARE (-2)    /* all but votes */

typedef int (*store_entry_fn)(void *userdata, Place place, int kind, const char *line, size_t n);
typedef int (*store_vote_fn)(void *userdata, const StoredVote *v);
typedef int (*store_pool_fn)(void *userdata, const char *line, size_t n);

typedef struct StoreOps {
        int (*begin)(Store *s);         /* fine if one is open already */
        int (*commit)(Store *s);        /* durable when it returns 0; fine if none is open */
        void (*rollback)(Store *s);
        bool (*in_transaction)(const Store *s);
        Store* (*free)(Store *s);       /* rolls back what is open */

        int (*block_put)(Store *s, const StoredBlock *b);
        int (*block_get)(Store *s, uint64_t height, StoredBlock *ret);
        int (*block_find)(Store *s, const Id *id, uint64_t *ret_height);
        int (*block_set_seal)(Store *s, uint64_t height, const char *seal, size_t n);
        int (*tip)(Store *s, uint64_t *ret_height);     /* 0 if there is no block */

        int (*entry_put)(Store *s, Place place, int kind, const char *line, size_t n);
        int (*entry_get)(Store *s, Place place, int *ret_kind, Buf *ret);
        /* Entries from place `from` up to but not including `to`, of kind (or STORE_KIND_ALL, STORE_KIND_RARE), in ledger
         * order. A callback's result other than 0 ends it and is returned. STORE_KIND_RARE costs what it returns, whatever
         * the number of votes: with it a ledger of a million votes starts in a moment. */
        int (*entry_each)(Store *s, Place from, Place to, int kind, store_entry_fn fn, void *userdata);

        int (*vote_put)(Store *s, Place election, uint32_t voter, Place place, uint32_t seq);
        int (*vote_last)(Store *s, Place election, uint32_t voter, StoredVote *ret);    /* -ENODATA: has not voted */
        /* Each voter's last, in order of their numbers from number `from` on; it ends as entry_each does. */
        int (*vote_each)(Store *s, Place election, uint32_t from, store_vote_fn fn, void *userdata);

        /* Blocks, entries and votes of this height and above. */
        int (*delete_from)(Store *s, uint64_t height);

        int (*pool_put)(Store *s, const Id *id, const char *line, size_t n);
        int (*pool_delete)(Store *s, const Id *id);     /* fine if absent */
        int (*pool_each)(Store *s, store_pool_fn fn, void *userdata);

        int (*meta_put)(Store *s, const char *key, const void *p, size_t n);
        int (*meta_get)(Store *s, const char *key, Buf *ret);                           /* -ENODATA */
} StoreOps;

struct Store {
        const StoreOps *ops;
};

/* Opens or makes dir/ledger.db. -EUCLEAN: damaged (integrity check after an unclean end, or SQLite says so on the way).
 * -EBUSY: another process holds it. A schema newer than ours: -EPROTONOSUPPORT. */
_must_check_ int store_sqlite_open(Store **ret, const char *dir, Why *why);
/* Moves a damaged ledger.db (with its -wal, -shm) aside as ledger.db.damaged-TIME; *ret_path is malloc'ed. */
_must_check_ int store_sqlite_set_aside(const char *dir, uint64_t now_sec, char **ret_path);
const char* store_sqlite_schema(void);          /* the SQL text, for voted-ledger(5)'s test */

_must_check_ int store_memory_new(Store **ret);
void store_memory_crash(Store *s);              /* drops what was not committed, as a power cut does */

static inline Store* store_free(Store *s) {
        return s ? s->ops->free(s) : NULL;
}
DEFINE_CLEANUP(Store*, store_free)
