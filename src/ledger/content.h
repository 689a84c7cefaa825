/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/workers.h"
#include "ledger/state.h"

/* What entries prove beside their signatures (EntryType.content), and when that is known already. */

/* Whether e has nothing to prove, or what it proves was checked against the state as it is. */
bool content_is_checked(State *s, const Entry *e);
/* It was: against the state as it is. */
void content_set_checked(State *s, Entry *e);
/* Makes the check of e, which the rules allow (state_check()). *ret NULL: nothing is left to check. 0,
 * verdict, -errno. Once it was answered well: e->content_checked = true. */
_must_check_ int content_make(State *s, Entry *e, CheckContent **ret, Why *why);
/* Makes and runs it, here and now. 0, verdict, -errno. */
_must_check_ int content_check(State *s, Entry *e, Why *why);

/* Checks that are collected while the entries of a block are applied, and run together. */
typedef struct ContentItem {
        CheckContent *content;
        Entry *entry;
        size_t position;
} ContentItem;

typedef struct ContentList {
        ContentItem *items;
        size_t n, allocated;
} ContentList;
void content_list_done(ContentList *l);
/* Takes c over. 0 or -ENOMEM. */
_must_check_ int content_list_add(ContentList *l, CheckContent *c, Entry *e, size_t position);
/* On all of workers' threads (NULL: here). 0, or the verdict on the first entry that is wrong, with why
 * and its position; -errno. */
_must_check_ int content_list_run(ContentList *l, Workers *workers, size_t *ret_position, Why *why);
