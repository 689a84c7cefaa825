/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/chain.h"

/* The full audit of an export, line by line, trusting nothing (DESIGN 10, verify). Fed with pieces of the file in order, so
 * that a file of any size costs bounded memory; state is kept in the store that is handed in (memory). Signatures are checked
 * in batches on the workers that are handed in (NULL: in place). */
typedef struct Audit Audit;
struct Workers;

typedef struct AuditFacts {
        Id network, tip;
        uint64_t lines, blocks, entries, votes, signatures, elections, height, final_height, tip_time;
        uint64_t entries_by_kind[_ENTRY_KIND_MAX];
        uint64_t opened;        /* sealed elections whose sums, summed up again, the shares open */
        uint64_t sealed_ballots, proofs;        /* proofs of ballots, trustees, deals, objections and shares, all of which hold */
        uint64_t bad_line;      /* 1-based number of the first line that is wrong; 0: none */
        bool seals;             /* false: an export without seals; then nothing proves that the blocks were agreed on */
} AuditFacts;

_must_check_ int audit_new(Audit **ret, Store *s, struct Workers *workers, const Id *network /* NULL: any */);
Audit* audit_free(Audit *a);
DEFINE_CLEANUP(Audit*, audit_free)
/* 0, a verdict (the file is wrong; why says which line and rule; feeding ends), -errno (we failed). */
_must_check_ int audit_feed(Audit *a, const char *p, size_t n, Why *why);
_must_check_ int audit_finish(Audit *a, AuditFacts *ret, Why *why);
void audit_facts(const Audit *a, AuditFacts *ret);      /* so far; after a verdict too */
Chain* audit_chain(Audit *a);                   /* to count elections from; NULL before the genesis was read */
