/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/peer-internal.h"

/* What this node has signed as an authority. The record is written
 * in the turn that signs, is durable before anything of that turn leaves, and what the engine is to
 * count of its own it is told after that (DESIGN 4, "before a signature leaves"). */

int authority_record(Peer *p, const EngineEffect *fx) {
        int r;

        if (!p->record) /* the engine signs nothing without one */
                return -EINVAL;
        r = p->record->ops->put(p->record, fx->view, fx->name, fx->data, fx->n_data);
        if (r < 0)
                return commit_trouble(p, r);
        p->recorded = MAX(p->recorded, fx->serial);
        p->dirty = true;
        return 0;
}

int authority_forget(Peer *p, uint64_t view) {
        int r;

        r = proposals_forget(p, view);
        if (r < 0 || !p->record)
                return r;
        r = p->record->ops->forget(p->record, view);
        if (r < 0)
                return commit_trouble(p, r);
        p->dirty = true;
        return 0;
}

int authority_committed(Peer *p) {
        uint64_t serial = p->recorded;

        if (serial == 0)
                return 0;
        p->recorded = 0;
        return engine_feed(p, &(EngineEvent){.type = ENGINE_EV_RECORDED, .serial = serial});
}

/* The engine begins anew, with the record that it did not have. */
int authority_on_made(Peer *p, Record *record) {
        int r;

        p->record = record;
        p->changed = true;
        r = engine_start(p);
        if (r < 0)
                return r;
        engine_greet_links(p);
        return 0;
}
