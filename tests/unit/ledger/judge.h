/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/chain.h"

/* What a chain says of one entry, and of everything like it. */

/* Judges e alone and in a block of that time, alike, and leaves the chain as it was: verdict (0: it is
 * good), says is part of the reason, future: a bad one could become valid yet. name is the case's. */
void judge(Chain *c, const char *name, Entry *e, uint64_t time, int verdict, const char *says, bool future);

/* Every character of every string of e's line, changed in turn, makes another verdict than the good
 * one. All in one go would take minutes: each step-th, starting at from. */
void every_character_is_bound(Chain *c, unsigned signer, const char *kind, const Entry *e, uint64_t time, size_t from,
                size_t step);
