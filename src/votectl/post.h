/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "votectl/signer.h"

/* Handing in signed lines, and waiting until they are final. */
typedef struct Posting {
        const char *line;       /* borrowed */
        size_t n_line;
        Id id;
        char state[12];         /* of an EntryState: "unknown", "pool", "block", "final" */
        int64_t height, position, confirmations, needed;
} Posting;

/* Hands p->line in; sets id and state. An exit code. */
int post_submit(Ctl *c, Posting *p);
/* Waits until all n are final, handing the same bytes in again whenever one is missing, over lost
 * connections too. until: seconds since 1970 after which what is in no block will never be in one
 * (0: none). EXIT_NOT_FINAL, after a message that says how far it came: until has passed, or ^C. */
int post_wait(Ctl *c, Posting *p, size_t n, uint64_t until);
/* {"id","state","height"?,"position"?} */
Json* post_json(const Posting *p);

/* The admin's key among those at hand. An exit code. */
int post_admin(Ctl *c, Signers *s, Signer **ret, int64_t *ret_approvals);
/* How many admins have yet to sign, of those entries the most; 0: they are in effect; -1: the node does not tell. */
int64_t post_missing(Ctl *c, const Id *ids, size_t n);
/* Says what that number means for name, of which `approvals` admins must sign in all. */
void post_tell_missing(Ctl *c, int64_t missing, int64_t approvals, const char *name);
/* Signs, hands in and waits (unless --no-wait) for one entry that administers; says what became of
 * it: "in effect", or how many approvals are missing. Takes entry over. what: "Election
 * board-2027". An exit code. */
int post_admin_entry(Ctl *c, Signers *s, Signer *signer, const char *kind, Json *entry,
        const char *what, int64_t approvals);
