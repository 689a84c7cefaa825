/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/chain.h"
#include "ledger/pool.h"

/* The reading methods of org.voted.Peer, answered from a chain: by the daemon for its control socket, by votectl for a ledger
 * that it synced or read itself. */
typedef struct QuerySource {
        Chain *chain;
        Pool *pool;             /* NULL: none */
        uint64_t final_height;
        unsigned confirmations; /* that an entry needs to be final; 0: the engine says so at once */
} QuerySource;

typedef struct QueryError {     /* a Varlink error reply */
        const char *name;       /* "org.voted.Peer.NotFound" */
        Json *parameters;       /* owned */
} QueryError;

/* 0: *ret is the reply's parameters. V_DENIED: *ret_error is set. -ENOSYS: not a method that is answered here. Other < 0: we failed. */
_must_check_ int query_call(const QuerySource *q, const char *method, const Json *parameters, Json **ret, QueryError *ret_error);
/* The EntryState of an id: {"id","state","height"?,"position"?,"confirmations"?,"needed"?}. */
_must_check_ int query_entry_state(const QuerySource *q, const Id *id, Json **ret);
