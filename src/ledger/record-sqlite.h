/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/why.h"
#include "ledger/record.h"

/* The record in dir/authority.db: of one authority in one network. A forgotten signature is an equivocation, so nothing here
 * makes one in passing, and nothing mends one. */
typedef struct RecordOwner {
        Id network;
        Key authority;
} RecordOwner;

/* All of it is read and checked. why names the file. -ENOENT: none was made, or it is gone; -EUCLEAN: it is damaged, or parts of
 * it are gone; -EBADMSG: it is another authority's, or of another network; -EBUSY: another process holds it; -EPROTONOSUPPORT:
 * its schema is newer than ours. */
_must_check_ int record_sqlite_open(Record **ret, const char *dir, const RecordOwner *owner, Why *why);
/* One that holds nothing, or that line at view 0 (name NULL: none): whole or not at all. -EEXIST: there is one, or what is left
 * of one. */
_must_check_ int record_sqlite_make(Record **ret, const char *dir, const RecordOwner *owner, const char *name, const char *line, Why *why);
/* Moves one that is not open aside as authority.db.damaged-TIME; *ret_path is malloc'ed. -ENOENT: there is none. */
_must_check_ int record_sqlite_set_aside(const char *dir, uint64_t now_sec, char **ret_path);
_must_check_ int record_sqlite_was_set_aside(const char *dir);          /* whether that has ever been done there: 1, 0, -errno */
/* Whether its database has shown damage: the ledger's, then, is not to blame. */
bool record_sqlite_is_damaged(const Record *r);
const char* record_sqlite_schema(void);         /* the SQL text, for voted-ledger(5)'s test */
