/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "election/definition.h"
#include "votectl/boardview.h"
#include "votectl/signer.h"

/* An election as the ledger has it. Where the network is pinned, the node's word is not taken for
 * it: the entry comes with its receipt, and what is shown and signed is read from that entry's own
 * bytes. */
typedef struct Election {
        Json *reply;            /* of GetElection */
        const Json *summary;    /* borrowed from it */
        Definition *definition;
        Id id;
        const char *phase;      /* borrowed */
        uint64_t grace;         /* in force, seconds */
        bool proven;
} Election;
void election_done(Election *e);

/* By name or id. An exit code. */
int election_get(Ctl *c, const char *name, Election *ret);

/* The ledger knows the time of its last block only; "announced" and "open" by this host's clock:
 * "open", and "closing" from closes on until a block ends it. */
const char* election_phase_now(const char *phase, uint64_t opens, uint64_t closes);

/* What GetVoters says of one key. */
typedef struct VoterState {
        Key key;
        bool entitled;
        uint64_t weight, seq, votes, pool_seq;
} VoterState;
/* Of the keys at hand, in their order; *ret is malloc'ed. An exit code. */
int election_voters(Ctl *c, const Election *e, const Signers *s, VoterState **ret);

/* Title, times, questions and options: what voters see, and what is signed. board: that of
 * d, board_view_of_definition(). */
void election_show(Ctl *c, const Definition *d, uint64_t grace, const BoardView *board);
/* What "exposed" means. */
#define ELECTION_EXPOSED_TEXT                                                                      \
        "few voters share some weight, so that the sum may show what single voters chose"

