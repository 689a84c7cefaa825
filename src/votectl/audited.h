/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/audit.h"
#include "votectl/votectl.h"

/* A ledger that we audited ourselves, in memory, on all cores: a file's, a distant peer's.
 * Questions are answered from it as a node would (but for receipts and lines of votes, which an
 * audit does not keep). */
typedef struct Audited {
        Ctl *c;
        struct Workers *workers;
        Store *store;
        Audit *audit;
        AuditFacts facts;
        uint64_t started_usec, took_usec;
} Audited;

/* network: NULL: any. An exit code. Freed with audited_done(), also after a failure. */
int audited_init(Audited *a, Ctl *c, const Id *network);
void audited_done(Audited *a);
/* Forgets all, for another beginning. An exit code. */
int audited_restart(Audited *a, const Id *network);
/* 0, a verdict with why (the ledger is wrong), -errno; facts are up to date. */
_must_check_ int audited_feed(Audited *a, const char *p, size_t n, Why *why);
_must_check_ int audited_finish(Audited *a, Why *why);
/* Of a ledger that somebody was asked for, with its seals: V_FORM if there are none. A file may lack them, and says so. */
_must_check_ int audited_finish_sealed(Audited *a, Why *why);
/* As ctl_try(), with the full name of the method. */
int audited_call(
        Audited *a, const char *method, const Json *params, Json **ret, char **ret_error, Why *why);

/* What GetStatus says of a ledger. NULL: no memory. */
Json* audited_status(const Audited *a);

/* A whole file ("-": standard input), with a progress bar. EXIT_WRONG, after a message that names
 * the line, if it is wrong. --network insists on one. An exit code. */
int audited_read_file(Audited *a, const char *path);
/* From the node's Export. Likewise. */
int audited_read_node(Audited *a);
/* Likewise, the node's final blocks beyond those that were read; at first from the genesis. A ledger
 * that does not go on from there is wrong: what is final is never undone. */
int audited_follow_node(Audited *a);

/* The ledger behind --peer or --ledger, audited; *ret NULL: there is a node instead. An exit code.
 */
int ctl_audited(Ctl *c, Audited **ret);
