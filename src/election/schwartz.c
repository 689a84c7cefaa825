/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/schulze.h"

/* Who defeats whom, directly or by a chain: a row of bits an option. */
typedef struct Relation {
        OptionSet row[OPTIONS_MAX];
} Relation;

static void relation_close(Relation *rel, size_t n) {
        for (size_t via = 0; via < n; via++)
                for (size_t a = 0; a < n; a++)
                        if (option_set_has(&rel->row[a], via))
                                for (size_t w = 0; w < ELEMENTSOF(rel->row[a].w); w++)
                                        rel->row[a].w[w] |= rel->row[via].w[w];
}

/* Rule 5: who is reached by nobody that they do not reach. */
static void schwartz_set(const Relation *closed, size_t n, const OptionSet *among, OptionSet *ret) {
        *ret = (OptionSet) {};
        for (size_t a = 0; a < n; a++) {
                bool in = option_set_has(among, a);

                for (size_t b = 0; b < n && in; b++)
                        in = option_set_has(&closed->row[a], b) ||
                                !option_set_has(&closed->row[b], a);
                if (in)
                        option_set_add(ret, a);
        }
}

static Json* option_set_to_json(const OptionSet *s, size_t n) {
        Json *a = json_new_array();

        for (size_t i = 0; i < n; i++)
                if (option_set_has(s, i))
                        json_add_int(a, (int64_t) i);

        return a;
}

/* Rule 6: drops the weakest of the defeats inside the set. False if there is none. */
static bool drop_weakest(Relation *defeats, const uint64_t *pairwise, size_t n,
        const OptionSet *set, Json *weakest) {
        Strength least = {};
        bool any = false;

        for (size_t a = 0; a < n; a++)
                for (size_t b = 0; b < n; b++) {
                        Strength s = { pairwise[a * n + b], pairwise[b * n + a] };

                        if (!option_set_has(set, a) || !option_set_has(set, b) ||
                                !option_set_has(&defeats->row[a], b))
                                continue;

                        if (!any || strength_compare(s, least) < 0)
                                least = s;
                        any = true;
                }

        for (size_t a = 0; a < n && any; a++)
                for (size_t b = 0; b < n; b++) {
                        Strength s = { pairwise[a * n + b], pairwise[b * n + a] };
                        Json *o;

                        if (!option_set_has(set, a) || !option_set_has(set, b) ||
                                !option_set_has(&defeats->row[a], b) ||
                                strength_compare(s, least) != 0)
                                continue;

                        defeats->row[a].w[b / 64] &= ~(UINT64_C(1) << (b % 64));
                        if (!weakest)
                                continue;

                        o = json_new_object();
                        json_set_int(o, "winner", (int64_t) a);
                        json_set_int(o, "loser", (int64_t) b);
                        json_set_int(o, "for", (int64_t) s.won);
                        json_set_int(o, "against", (int64_t) s.lost);
                        json_add(weakest, o);
                }

        return any;
}

void schulze_schwartz(const uint64_t *pairwise, size_t n, const OptionSet *kept,
        OptionSet *ret_winners, Json *iterations) {
        OptionSet set, shown = {};
        Relation defeats = {};
        bool any;

        assert(n <= OPTIONS_MAX);

        for (size_t a = 0; a < n; a++)
                for (size_t b = 0; b < n; b++)
                        if (option_set_has(kept, a) && option_set_has(kept, b) &&
                                pairwise[a * n + b] > pairwise[b * n + a])
                                option_set_add(&defeats.row[a], b);

        do {
                Json *o = iterations ? json_new_object() : NULL;
                Json *weakest = iterations ? json_new_array() : NULL;
                Relation closed = defeats;

                relation_close(&closed, n);
                schwartz_set(&closed, n, kept, &set);
                if (memcmp(&set, &shown, sizeof(set)) != 0) {
                        json_set(o, "schwartz", option_set_to_json(&set, n));
                        shown = set;
                }

                any = drop_weakest(&defeats, pairwise, n, &set, weakest);
                json_set(o, "weakest", weakest);
                json_add(iterations, o);
        } while (any);

        *ret_winners = set;
}

int strength_compare(Strength a, Strength b) {
        if (a.won != b.won)
                return a.won > b.won ? 1 : -1;

        return a.lost < b.lost ? 1 : a.lost > b.lost ? -1 : 0;
}

void schulze_beat_paths(const uint64_t *pairwise, size_t n, const OptionSet *kept, Strength *ret) {
        for (size_t a = 0; a < n; a++)
                for (size_t b = 0; b < n; b++) {
                        Strength *s = &ret[a * n + b];

                        *s = (Strength) { pairwise[a * n + b], pairwise[b * n + a] };
                        if (!option_set_has(kept, a) || !option_set_has(kept, b) ||
                                s->won <= s->lost)
                                *s = (Strength) {};
                }

        for (size_t via = 0; via < n; via++)
                for (size_t a = 0; a < n; a++) {
                        if (a == via || ret[a * n + via].won == 0)
                                continue;

                        for (size_t b = 0; b < n; b++) {
                                Strength s = ret[a * n + via], last = ret[via * n + b];

                                if (b == a || b == via || last.won == 0)
                                        continue;

                                if (strength_compare(last, s) < 0)
                                        s = last;
                                if (strength_compare(s, ret[a * n + b]) > 0)
                                        ret[a * n + b] = s;
                        }
                }
}

void schulze_unbeaten(
        const Strength *paths, size_t n, const OptionSet *kept, OptionSet *ret_winners) {
        *ret_winners = (OptionSet) {};
        for (size_t a = 0; a < n; a++) {
                bool in = option_set_has(kept, a);

                for (size_t b = 0; b < n && in; b++)
                        in = !option_set_has(kept, b) ||
                                strength_compare(paths[a * n + b], paths[b * n + a]) >= 0;
                if (in)
                        option_set_add(ret_winners, a);
        }
}
