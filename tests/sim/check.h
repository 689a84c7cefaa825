/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "run.h"

/* What must hold (DESIGN 14), looked at after every turn of every node, and at the end. */
void check_hooks(WorldHooks *ret);
void checks_begin(Run *r);
void checks_final(Run *r);
void checks_sum_up(const Run *r, RunResult *ret);
void checks_done(Run *r);

typedef struct KnownBlock KnownBlock;
const KnownBlock* checks_tip(const Run *r, unsigned host);
/* Since when all honest peers have been up and linked; UINT64_MAX: they are not. */
uint64_t checks_linked_usec(const Run *r);
