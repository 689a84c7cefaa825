/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/store-memory-rows.h"
#include "ledger/store.h"

/* Votes in ledger order; of each election and voter the last one, and from it the ones before. Voters' numbers are
 * dense (the order of a roll): a table by number is the smallest index. */
typedef struct MemoryElection MemoryElection;

typedef struct MemoryVotes {
        Rows votes;
        MemoryElection *elections;
        size_t n_elections;
        uint32_t *by_place;     /* indices of elections, ascending by place */
} MemoryVotes;

void votes_init(MemoryVotes *t);
void votes_done(MemoryVotes *t);
/* As StoreOps says. */
_must_check_ int votes_put(MemoryVotes *t, Place election, uint32_t voter, Place place, uint32_t seq);
_must_check_ int votes_last(const MemoryVotes *t, Place election, uint32_t voter, StoredVote *ret);
_must_check_ int votes_each(
                const MemoryVotes *t, Place election, uint32_t from, store_vote_fn fn, void *userdata);
_must_check_ int votes_delete_from(MemoryVotes *t, uint64_t height);
void votes_commit(MemoryVotes *t);
void votes_rollback(MemoryVotes *t);
