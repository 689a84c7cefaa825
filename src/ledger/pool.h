/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/entry.h"

/* Valid entries that are in no block yet (DESIGN 6). One vote per voter and election: a higher seq replaces, at equal seq
 * the first stays. What trustees say of a board or an election is said once: of several of a kind by one key the first stays. Bounded by POOL_BYTES_MAX. Knows nothing of the chain: the caller has checked the entry. */
typedef struct Pool Pool;

_must_check_ int pool_new(Pool **ret);
/* How many votes of one voter in one election may replace one another while they wait (the genesis's `revotes`; this many
 * are relayed at most). Before it is called: REVOTES_DEFAULT. */
void pool_set_revotes(Pool *p, uint32_t revotes);
Pool* pool_free(Pool *p);
DEFINE_CLEANUP(Pool*, pool_free)
/* Takes a reference. 0; V_DUPLICATE (that id is there, or another one that a trustee may post once); V_SEQ (a rival vote of the same or a higher seq is there); V_LIMIT
 * (it replaced too many already); V_FULL;
 * -ENOMEM. *ret_replaced (may be NULL): the vote that gave way, a reference for the caller, or NULL. */
_must_check_ int pool_add(Pool *p, Entry *e, uint64_t now_usec, Entry **ret_replaced, Why *why);
Entry* pool_find(const Pool *p, const Id *id);          /* borrowed; NULL */
/* The vote of that voter in that election that waits here. Borrowed; NULL. */
Entry* pool_find_vote(const Pool *p, const Id *election, const Key *voter);
void pool_remove(Pool *p, const Id *id);
size_t pool_count(const Pool *p);
size_t pool_bytes(const Pool *p);
/* All entries in the order of their arrival; borrowed pointers, *ret is malloc'ed. */
_must_check_ int pool_list(const Pool *p, Entry ***ret, size_t *ret_n);
/* Calls fn for each; those for which it returns true are removed. */
void pool_sweep(Pool *p, bool (*fn)(void *userdata, const Entry *e, uint64_t added_usec), void *userdata);
