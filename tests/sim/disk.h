/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/record.h"
#include "ledger/store.h"

/* A host's disk: a store in memory that can be full. It outlives the node's crashes. */
typedef struct Disk Disk;

_must_check_ int disk_new(Disk **ret);
Disk* disk_free(Disk *d);
DEFINE_CLEANUP(Disk*, disk_free)
Store* disk_store(Disk *d);
/* An authority's record, made when it is first asked for; it is committed before the store is. */
_must_check_ int disk_make_record(Disk *d);
Record* disk_record(Disk *d);                   /* NULL: none was made */
_must_check_ int disk_commit_record(Disk *d);
/* While it is full, no commit succeeds: of the ledger, of the record, of both; with writes, nor does any write to the ledger. */
#define DISK_FULL_LEDGER UINT64_C(1)
#define DISK_FULL_WRITES UINT64_C(2)
#define DISK_FULL_RECORD UINT64_C(4)
void disk_set_full(Disk *d, uint64_t what);
bool disk_is_full(const Disk *d);
void disk_crash(Disk *d);                       /* what was not committed is gone */
