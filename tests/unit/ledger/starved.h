/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../memory.h"
#include "ledger/audit.h"
#include "ledger/chain.h"

/* What the tests of ledgers without memory try alike. */

/* The result of the election of that name, as JSON of the caller's. */
static inline _unused_ int starved_count(Chain *c, const char *name, Json **ret) {
        Result *result = NULL;
        ElectionInfo info;
        int r;

        r = chain_election_by_name(c, name, &info);
        if (r == 0)
                r = chain_count(c, &info, &result);
        memory_assert(r == 0 || !result);
        if (r == 0)
                *ret = json_share(result->json);
        result_free(result);
        return r;
}

static inline _unused_ int starved_audit(const Buf *text, AuditFacts *ret) {
        Store *s = NULL;
        Audit *a = NULL;
        int r;

        r = store_memory_new(&s);
        if (r == 0)
                r = audit_new(&a, s, NULL, NULL);
        if (r == 0)
                r = audit_feed(a, text->p, text->n, NULL);
        if (r == 0)
                r = audit_finish(a, ret, NULL);
        audit_free(a);
        store_free(s);
        return r;
}
