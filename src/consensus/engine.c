/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/engine.h"

#include "consensus/pow.h"

static const EngineType *const engine_types[] = {
        &pow_engine,
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
