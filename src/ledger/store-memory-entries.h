/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/store-memory-rows.h"
#include "ledger/store.h"

/* Lines in ledger order. */
typedef struct MemoryEntries {
        Rows entries;
        uint32_t *rare;         /* indices of those that are no votes, ascending */
        size_t n_rare, n_rare_allocated;
} MemoryEntries;

void entries_init(MemoryEntries *t);
void entries_done(MemoryEntries *t);
/* As StoreOps says. */
_must_check_ int entries_put(MemoryEntries *t, Place place, int kind, const char *line, size_t n);
_must_check_ int entries_get(const MemoryEntries *t, Place place, int *ret_kind, Buf *ret);
_must_check_ int entries_each(const MemoryEntries *t, Place from, Place to, int kind, store_entry_fn fn, void *userdata);
_must_check_ int entries_delete_from(MemoryEntries *t, uint64_t height);
void entries_commit(MemoryEntries *t);
void entries_rollback(MemoryEntries *t);
