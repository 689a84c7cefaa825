/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/macro.h"
#include "voted/verdict.h"

static const struct {
        const char *name;
        const char *text;
        bool fault;
} verdicts[_V_MAX] = {
        [V_OK] = { "ok", "fine", false },
#define X(n, name, fault, text) [V_##n] = { name, text, fault },
        VERDICTS(X)
#undef X
};

static bool verdict_is_known(int v) {
        return v >= 0 && v < _V_MAX;
}

const char* verdict_name(int v) {
        return verdict_is_known(v) ? verdicts[v].name : "unknown";
}

const char* verdict_text(int v) {
        return verdict_is_known(v) ? verdicts[v].text : "refused for a reason that this version does not know";
}

int verdict_from_name(const char *name) {
        if (!name)
                return 0;

        for (int v = V_OK + 1; v < _V_MAX; v++)
                if (streq(verdicts[v].name, name))
                        return v;
        return 0;
}

bool verdict_is_fault(int v) {
        return verdict_is_known(v) && verdicts[v].fault;
}
