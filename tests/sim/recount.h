/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "run.h"

/* Does it all again, more simply, and compares. Ends the run where it differs. */

/* What h keeps of its chain is what the same blocks give when they are connected from the genesis. */
void recount_state(Host *h);
/* The results of all peers are the same, and what adding up the last votes gives. */
void recount_results(Run *r);
/* Who handed in the same bytes until they were final, with the network whole in time, is in the
 * ledger; who was told that it is final, too. */
void recount_votes(Run *r);
