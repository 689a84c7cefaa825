/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "election/ballot.h"
#include "votectl/votectl.h"

/* Where a ballot comes from: --choice, --ballot FILE, or questions on the terminal. *ret:
 * {"choices":[...]}, which the election allows. An exit code. */
int ballot_ask(Ctl *c, const Definition *d, Json **ret);
/* What is in it, a line a question, for the person who is about to sign. */
int ballot_show(Ctl *c, const Definition *d, const Json *ballot);
