/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/check.h"

/* Signatures that were checked in this run: a hundred nodes ask for the same ones. */
typedef struct Memo Memo;

_must_check_ int memo_new(Memo **ret, bool remember /* false: every check is made anew */);
Memo* memo_free(Memo *m);
DEFINE_CLEANUP(Memo*, memo_free)
void memo_check(Memo *m, SigCheck *c);          /* sets c->valid */
