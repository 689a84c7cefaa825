/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/check.h"
#include "ledger/state.h"

/* The sums of sealed elections. An election and the block that it closed with say all that goes into a
 * sum, so it is kept by these two, whatever becomes of the chain meanwhile; where the election closes
 * anew, that is another sum.
 *
 * A sum is made in slices: a few ballots that any thread adds to one of a handful of parts, while the
 * next are read for another. The last slice adds up the parts:
 *
 *      sums_next() --check_contents_run(), on any thread--> sums_take() ... --> the total
 *
 * Either whoever needs a sum makes it (and waits), or, where sums are made apart, is told to come back. */
typedef struct Sums Sums;

_must_check_ int sums_new(Sums **ret);
Sums* sums_free(Sums *s);       /* NULL is fine; returns NULL */
DEFINE_CLEANUP(Sums*, sums_free)
void sums_set_apart(Sums *s);

/* The chain stays where it is, as far as anybody knows: what it does not need is forgotten by both.
 * Begins those that trustees may open any time. 0 or -errno. */
_must_check_ int sums_begin(State *s);
/* A slice of any that was begun; *ret NULL: there is none, or first some have to come back. 0 or -errno. */
_must_check_ int sums_next(State *s, CheckContent **ret);
/* One that was run, which stays the caller's. True: it was the last, its sum is made. */
bool sums_take(State *s, CheckContent *slice);

/* Of one that has closed: the total, borrowed until the chain changes. 0, -EAGAIN (it is made apart, from
 * now on if it was not before), other -errno. */
_must_check_ int sums_total(State *s, const Election *e, const SealedTotal **ret);
/* What that was opened to, option by option; NULL: nobody has said so yet. opened is taken over. */
const uint64_t* sums_opened(const State *s, const Election *e);
void sums_set_opened(State *s, const Election *e, uint64_t *opened);
