/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/workers.h"
#include "crypto/group.h"

/* What m is in mG (baby-step giant-step). A table is made once for all sums of an election and only
 * read then: threads share it. */
typedef struct DlogTable DlogTable;

#define DLOG_MAX (UINT64_C(1) << 32)

/* For m in 0 .. max, when about n_sums will be looked for: the table grows with both (at most 2^20
 * steps, 16 MiB), so that the whole takes least. w may be NULL. 0, -EINVAL (max above DLOG_MAX) or
 * -ENOMEM. */
_must_check_ int dlog_table_new(DlogTable **ret, uint64_t max, size_t n_sums, Workers *w);
DlogTable* dlog_table_free(DlogTable *t);
DEFINE_CLEANUP(DlogTable*, dlog_table_free)
/* 0, or V_PROOF: there is no such m up to max. */
_must_check_ int dlog_find(const DlogTable *t, const Element *mg, uint64_t *ret);
