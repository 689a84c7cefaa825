/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "votectl/audited.h"

/* --peer: a distant peer, spoken to by its own protocol as a client (hello with port 0). Nothing
 * that it says is taken on trust: its ledger is fetched whole and audited from the pinned genesis,
 * and questions are answered from that; only what the audit does not keep (lines of votes) is asked
 * for again, as receipts, which prove themselves. */
typedef struct Distant Distant;

/* Connects and syncs, with a progress bar. An exit code. */
int distant_new(Ctl *c, const char *endpoint, Distant **ret);
Distant* distant_free(Distant *d);
DEFINE_CLEANUP(Distant*, distant_free)
/* As ctl_try(), with the full name of the method; *ret_error has its interface. */
int distant_call(Ctl *c, Distant *d, const char *method, const Json *params, Json **ret,
        char **ret_error, Why *why);
Audited* distant_ledger(Distant *d);
