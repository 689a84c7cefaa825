/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "codec/json.h"
#include "crypto/check.h"
#include "election/definition.h"
#include "election/roll.h"
#include "ledger/genesis.h"

/* A signed line that changes the state of the ledger. entry_types[] (entry.c) has a row a kind; the rows of
 * sealed elections come as new files. */
typedef enum EntryKind {
        ENTRY_ROLL,
        ENTRY_ELECTION,
        ENTRY_APPROVE,
        ENTRY_WITHDRAW,
        ENTRY_ADMINS,
        ENTRY_DRAW,
        ENTRY_VOTE,
        _ENTRY_KIND_MAX,
} EntryKind;

typedef struct Entry {
        unsigned refs;          /* not atomic: entries belong to the main thread */
        EntryKind kind;
        Id id;
        Key signer;
        Signature signature;
        char *line;
        size_t n_line;
        bool verified;          /* its signature was checked in this process */
        union {
                struct { Id election; uint32_t seq; } vote;     /* the ballot is read from the line where it is needed */
                struct { char *name; uint32_t part; Roll *roll; } roll;
                struct { Definition *definition; } election;
                struct { Id entry; } approve;
                struct { Id election; } withdraw;
                struct { Key *add, *remove; size_t n_add, n_remove; } admins;
                struct { Id election; char *value; } draw;
        };
} Entry;

/* Parses form and limits alone (size by kind from the genesis's limits); needs no state. 0, verdict, -ENOMEM. */
_must_check_ int entry_parse(Entry **ret, const Genesis *g, const char *line, size_t n, Why *why);
Entry* entry_ref(Entry *e);
Entry* entry_unref(Entry *e);
DEFINE_CLEANUP(Entry*, entry_unref)
const char* entry_kind_name(EntryKind k);
/* What remains to be checked of its signature; ret is owned by the caller (sig_check_done()). 0, -ENOMEM. */
_must_check_ int entry_sig_check(const Entry *e, const Genesis *g, SigCheck *ret);
