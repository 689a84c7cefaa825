/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/event.h"

static void effect_done(NodeEffect *fx) {
        free(fx->data);
        (void) json_free(fx->json);
        for (size_t i = 0; fx->checks && i < fx->n_checks; i++)
                sig_check_done(fx->checks + i);
        free(fx->checks);
}

void node_effects_done(NodeEffects *e) {
        for (size_t i = 0; i < e->n; i++)
                effect_done(e->items + i);
        free(e->items);
        *e = (NodeEffects) {};
}

int node_effects_add(NodeEffects *e, const NodeEffect *fx) {
        if (e->n == e->allocated) {
                size_t n = e->allocated == 0 ? 16 : e->allocated * 2;
                NodeEffect *items;

                items = reallocarray(e->items, n, sizeof(NodeEffect));
                if (!items) {
                        NodeEffect lost = *fx;

                        effect_done(&lost);
                        return -ENOMEM;
                }
                e->items = items;
                e->allocated = n;
        }

        e->items[e->n++] = *fx;
        return 0;
}
