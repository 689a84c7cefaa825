/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/method.h"

#include <inttypes.h>

static const Method *const methods[] = {
        &method_plurality,
        &method_approval,
        &method_score,
        &method_schulze,
        &method_stv,
};

const Method* method_by_name(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(methods); i++)
                if (streq(methods[i]->name, name))
                        return methods[i];

        return NULL;
}

const Method* method_at(size_t i) {
        return i < ELEMENTSOF(methods) ? methods[i] : NULL;
}

int choice_option(const Question *q, const Json *choice, size_t i, uint16_t *ret, Why *why) {
        const Json *item = json_at(choice, i);

        if (!json_is_int(item))
                return why_set(why, V_BALLOT, "item %zu is no number, expected an option, 0 to %zu",
                        i, q->n_options - 1);

        if (json_int(item) < 0 || json_int(item) >= (int64_t) q->n_options)
                return why_set(why, V_BALLOT, "option %" PRIi64 ", expected 0 to %zu",
                        json_int(item), q->n_options - 1);

        *ret = (uint16_t) json_int(item);
        return 0;
}
