/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fixture.h"
#include "run.h"

/* A fixture's ledger, and entries that are let go with it. */
typedef struct World {
        Fixture f;
        Entry *kept[48];        /* freed at the end */
        size_t n_kept;
} World;

static inline _unused_ Entry* keep(World *w, Entry *e) {
        ck_assert_uint_lt(w->n_kept, ELEMENTSOF(w->kept));
        return w->kept[w->n_kept++] = e;
}

/* e is in the ledger, in a block of that time. */
static inline _unused_ Entry* put(World *w, uint64_t time, Entry *e) {
        Why why = {};

        assert_verdict(FIXTURE_CONNECT(w->f.chain, time, &why, keep(w, e)), 0, why);
        return e;
}

static inline _unused_ void world_done(World *w) {
        for (size_t i = 0; i < w->n_kept; i++)
                entry_unref(w->kept[i]);
        fixture_done(&w->f);
}
