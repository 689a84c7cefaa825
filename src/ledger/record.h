/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/hash.h"

/* The record of an authority: what it has signed and on what grounds, and the blocks that it signed for (DESIGN 4, "before a
 * signature leaves"). It lies beside the ledger and not in it, so that whoever restores a ledger forgets no signature. A table of
 * functions with two makers: record-sqlite.h for the daemon, record-memory.h for the simulator.
 *
 * Changes go into a transaction that begins by itself and is durable with commit(); what was not committed is gone after a crash.
 * Functions return 0 or a negative errno of the database (-ENOSPC, -EIO, ..., -EUCLEAN: damaged). */
typedef struct Record Record;

typedef int (*record_line_fn)(void *userdata, uint64_t view, const char *name, const char *line, size_t n);
/* entries: the lines of its entries in their order, each with a newline behind it */
typedef int (*record_block_fn)(void *userdata, uint64_t view, const Id *id, const char *header, size_t n_header, const char *entries, size_t n_entries);

typedef struct RecordOps {
        /* in place of what is there under (view, name) */
        int (*put)(Record *r, uint64_t view, const char *name, const char *line, size_t n);
        /* a block that is there already, under whatever view, stays as it is and gets the higher of both views */
        int (*put_block)(Record *r, uint64_t view, const Id *id, const char *header, size_t n_header, const char *entries,
                        size_t n_entries);
        /* lines and blocks of the views 1 to view - 1 go; those of view 0 stay */
        int (*forget)(Record *r, uint64_t view);
        /* In ascending order of view. They stop at the first callback that returns other than 0, and return that. */
        int (*each)(Record *r, record_line_fn fn, void *userdata);
        int (*each_block)(Record *r, record_block_fn fn, void *userdata);
        int (*commit)(Record *r);
        int (*roll_back)(Record *r);
        Record* (*free)(Record *r);     /* what was not committed is dropped */
} RecordOps;

struct Record {
        const RecordOps *ops;
};

static inline Record* record_free(Record *r) {
        return r ? r->ops->free(r) : NULL;
}
DEFINE_CLEANUP(Record*, record_free)
