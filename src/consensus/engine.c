/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/engine.h"

#include "consensus/pow.h"
#include "consensus/quorum.h"
#include "voted/limits.h"

static const EngineType *const engine_types[] = {
        &pow_engine,
        &quorum_engine,
};

const EngineType* engine_type_find(const char *name) {
        assert(name);

        for (size_t i = 0; i < ELEMENTSOF(engine_types); i++)
                if (streq(engine_types[i]->name, name))
                        return engine_types[i];
        return NULL;
}

const EngineType* engine_type_at(size_t i) {
        return i < ELEMENTSOF(engine_types) ? engine_types[i] : NULL;
}

/* The reader knows heights and ids, but not where it ends: doubles, then halves. */
int engine_chain_height(const EngineChain *c, uint64_t *ret) {
        uint64_t lo = 0, hi = 1;        /* lo is there (0: the genesis), hi is not, once the doubling ends */
        Header h;
        int r;

        assert(c);
        assert(ret);

        while ((r = c->header_at(c->userdata, hi, &h)) == 0 && hi < HEIGHT_MAX) {
                lo = hi;
                hi = MIN(2 * hi, HEIGHT_MAX);
        }
        while ((r == 0 || r == -ENODATA) && hi - lo > 1) {
                uint64_t mid = lo + (hi - lo) / 2;

                r = c->header_at(c->userdata, mid, &h);
                if (r == 0)
                        lo = mid;
                else if (r == -ENODATA)
                        hi = mid;
        }
        *ret = lo;
        return r == -ENODATA ? 0 : r;
}

int engine_effects_add(EngineEffects *e, const EngineEffect *fx) {
        assert(e);
        assert(fx);

        if (e->n == e->allocated) {
                size_t m = e->allocated ? 2 * e->allocated : 4;
                EngineEffect *items;

                items = reallocarray(e->items, m, sizeof(EngineEffect));
                if (!items) {
                        free(fx->data);
                        return -ENOMEM;
                }
                e->items = items;
                e->allocated = m;
        }

        e->items[e->n++] = *fx;
        return 0;
}

void engine_effects_done(EngineEffects *e) {
        assert(e);

        for (size_t i = 0; i < e->n; i++)
                free(e->items[i].data);
        free(e->items);
        *e = (EngineEffects) {};
}
