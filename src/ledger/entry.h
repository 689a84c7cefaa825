/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "codec/json.h"
#include "crypto/check.h"
#include "election/definition.h"
#include "election/roll.h"
#include "ledger/sealed.h"

/* A signed line that changes the state of the ledger. entry_types[] (entry.c) has a row a kind. */
typedef enum EntryKind {
        ENTRY_ROLL,
        ENTRY_ELECTION,
        ENTRY_APPROVE,
        ENTRY_WITHDRAW,
        ENTRY_ADMINS,
        ENTRY_DRAW,
        ENTRY_VOTE,             /* these numbers are stored: append, never renumber */
        ENTRY_TRUSTEE,
        ENTRY_BOARD,
        ENTRY_DEAL,
        ENTRY_CONFIRM,
        ENTRY_OBJECT,
        ENTRY_SHARE,
        _ENTRY_KIND_MAX,
} EntryKind;

typedef struct Entry {
        unsigned refs;          /* not atomic: entries belong to the main thread */
        EntryKind kind;
        Id id;
        Key signer;
        Signature signature;
        char *line;             /* behind the entry, in one allocation with it */
        size_t n_line;
        bool verified;          /* its signature was checked in this process */
        bool content_checked;   /* so was what costs time and depends on nothing that changes: a vote's ballot against its
                                 * election, a roll's keys, the proofs of what belongs to sealed elections; set by
                                 * chain_check_entry() and entry_check_keys() */
        Id context;             /* what of the state its proofs were checked against (EntryType.context), zero: nothing */
        union {
                struct {
                        Id election;
                        uint32_t seq;
                        uint32_t n_ballot;      /* entry_ballot() reads the ballot */
                        uint32_t voter;         /* 1 + the signer's number on the election's rolls, which never changes;
                                                 * 0: not looked up yet (election_voter()) */
                } vote;
                struct { char *name; uint32_t part; Roll *roll; } roll;
                struct { Definition *definition; } election;
                struct { Id entry; } approve;
                struct { Id election; } withdraw;
                struct { Key *add, *remove; size_t n_add, n_remove; } admins;
                struct { Id election; char *value; } draw;
                struct { TrusteeLine *line; } trustee;
                struct { BoardLine *line; } board;
                struct { DealLine *line; } deal;
                struct { Id board, deals; } confirm;
                struct { ObjectLine *line; } object;
                struct { ShareLine *line; } share;
        };
} Entry;

/* Parses form and limits alone (size by kind from the genesis's limits); needs no state. _known: whose id was computed
 * already. 0, verdict, -ENOMEM. */
_must_check_ int entry_parse(Entry **ret, const Genesis *g, const char *line, size_t n, Why *why);
_must_check_ int entry_parse_known(Entry **ret, const Genesis *g, const Id *id, const char *line, size_t n, Why *why);
Entry* entry_ref(Entry *e);
Entry* entry_unref(Entry *e);
DEFINE_CLEANUP(Entry*, entry_unref)
const char* entry_kind_name(EntryKind k);
/* Whether entries of that kind take effect by approvals of admins. */
bool entry_kind_administers(EntryKind k);
/* The canonical text of a vote's ballot, vote.n_ballot bytes within its line. */
const char* entry_ballot_text(const Entry *e);
/* The ballot of a vote. The caller owns *ret. 0 or -ENOMEM. */
_must_check_ int entry_ballot(const Entry *e, Json **ret);
/* Checks the keys of a roll once (some 50 us each) and remembers that they are good; 0 for other kinds. May run on another
 * thread while nobody else has the entry. 0, V_KEY. */
_must_check_ int entry_check_keys(Entry *e, Why *why);
/* What remains to be checked of its signature; ret is owned by the caller (sig_check_done()). 0, -ENOMEM. */
_must_check_ int entry_sig_check(const Entry *e, const Genesis *g, SigCheck *ret);
