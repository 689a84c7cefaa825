/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/id.h"
#include "ledger/store.h"
#include "voted/limits.h"

/* The ids of the last RECENT_IDS_MAX connected entries and where they stand: a ring, and a table of
 * places in it. All zero is an empty one; some 3 MiB when full. */
typedef struct RecentId {
        Id id;
        Place place;
} RecentId;

typedef struct Recent {
        RecentId *ring;         /* number i stands at i % RECENT_IDS_MAX */
        uint32_t *table;        /* ring place + 1; 0: free */
        uint64_t first, end;    /* numbers that are held */
} Recent;

void recent_done(Recent *r);
_must_check_ int recent_reserve(
                Recent *r); /* the memory, once: then adding cannot fail. 0 or -ENOMEM */
void recent_add(Recent *r, const Id *id,
                Place place); /* the oldest gives way; an id that is there is left as it is */
void recent_undo(Recent *r, uint64_t height); /* forgets what is of this height and above */
bool recent_find(const Recent *r, const Id *id, Place *ret);    /* ret may be NULL */
