/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"
#include "ctl/query.h"

/* What query.c and query-election.c share. */

#define INTERFACE "org.voted.Peer."

int query_fail(QueryError *ret, const char *name, const char *key, const char *format, ...) _printf_(4, 5);
#define not_found(e, ...)       query_fail((e), INTERFACE "NotFound", "what", __VA_ARGS__)
#define invalid_parameter(e, p) query_fail((e), "org.varlink.service.InvalidParameter", "parameter", "%s", (p))

Json* query_election_summary(const ElectionInfo *i);
/* By its name, else by its id. 0, V_DENIED, < 0. */
int query_find_election(const QuerySource *q, const Json *p, ElectionInfo *ret, QueryError *e);

int query_get_board(const QuerySource *q, const Json *p, Json **ret, QueryError *e);
int query_get_boards(const QuerySource *q, const Json *p, Json **ret, QueryError *e);
int query_get_results(const QuerySource *q, const Json *p, Json **ret, QueryError *e);
