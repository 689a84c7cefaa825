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

typedef struct Defeat {
        Strength strength;
        uint16_t winner, loser;
} Defeat;

static int defeat_compare(const void *x, const void *y) {
        const Defeat *a = x, *b = y;
        int r;

        r = strength_compare(a->strength, b->strength);
        if (r != 0)
                return r;

        return a->winner != b->winner ? a->winner - b->winner : a->loser - b->loser;
}

/* All defeats among the kept, the weakest first. Returns how many; ret has room for n * n. */
static size_t defeats_list(const uint64_t *pairwise, size_t n, const OptionSet *kept, Defeat *ret) {
        size_t n_defeats = 0;

        for (size_t a = 0; a < n; a++)
                for (size_t b = 0; b < n; b++) {
                        Strength s = { pairwise[a * n + b], pairwise[b * n + a] };

                        if (option_set_has(kept, a) && option_set_has(kept, b) && s.won > s.lost)
                                ret[n_defeats++] = (Defeat) { s, (uint16_t) a, (uint16_t) b };
                }

        qsort(ret, n_defeats, sizeof(Defeat), defeat_compare);
        return n_defeats;
}

/* Whether a chain leads from a to b. */
static bool relation_leads(const Relation *rel, size_t a, size_t b) {
        OptionSet seen = rel->row[a], done = {};

        while (!option_set_has(&seen, b)) {
                size_t w = 0;
                uint64_t next = 0;

                for (; w < ELEMENTSOF(seen.w) && next == 0; w++)
                        next = seen.w[w] & ~done.w[w];
                if (next == 0)
                        return false;

                a = (w - 1) * 64 + (size_t) __builtin_ctzll(next);
                option_set_add(&done, a);
                for (w = 0; w < ELEMENTSOF(seen.w); w++)
                        seen.w[w] |= rel->row[a].w[w];
        }

        return true;
}

static void defeat_to_json(const Defeat *d, Json *weakest) {
        Json *o;

        if (!weakest)
                return;

        o = json_new_object();
        json_set_int(o, "winner", d->winner);
        json_set_int(o, "loser", d->loser);
        json_set_int(o, "for", (int64_t) d->strength.won);
        json_set_int(o, "against", (int64_t) d->strength.lost);
        json_add(weakest, o);
}

/* Rule 6: drops the weakest of the defeats inside the set; defeats[*at] is the first that was not
 * looked at before. The set never gains a member (who is outside is still defeated by one inside,
 * and leads to nobody there), so a defeat that was outside stays so. False if there is none.
 * *ret_broken: winner and loser of one that was dropped are no longer joined by a chain. */
static bool drop_weakest(const Defeat *defeats, size_t n_defeats, size_t *at, const OptionSet *set,
        Relation *rel, Json *weakest, bool *ret_broken) {

        const Defeat *first = NULL;
        size_t from;

        while (*at < n_defeats && !first) {
                const Defeat *d = &defeats[*at];

                if (option_set_has(set, d->winner) && option_set_has(set, d->loser))
                        first = d;
                else
                        (*at)++;
        }
        if (!first)
                return false;

        for (from = *at; *at < n_defeats; (*at)++) {
                const Defeat *d = &defeats[*at];

                if (strength_compare(d->strength, first->strength) != 0)
                        break;

                if (!option_set_has(set, d->winner) || !option_set_has(set, d->loser))
                        continue;

                rel->row[d->winner].w[d->loser / 64] &= ~(UINT64_C(1) << (d->loser % 64));
                defeat_to_json(d, weakest);
        }

        *ret_broken = false;
        for (; from < *at && !*ret_broken; from++)
                *ret_broken = option_set_has(set, defeats[from].winner) &&
                        option_set_has(set, defeats[from].loser) &&
                        !relation_leads(rel, defeats[from].winner, defeats[from].loser);
        return true;
}

int schulze_schwartz(const uint64_t *pairwise, size_t n, const OptionSet *kept,
        OptionSet *ret_winners, Json *iterations) {

        _cleanup_free_ Defeat *defeats = NULL;
        OptionSet set = {}, shown = {};
        bool any, broken = true;
        size_t n_defeats, at = 0;
        Relation rel = {};

        assert(n <= OPTIONS_MAX);

        defeats = new0(Defeat, n * n);
        if (!defeats)
                return -ENOMEM;

        n_defeats = defeats_list(pairwise, n, kept, defeats);
        for (size_t i = 0; i < n_defeats; i++)
                option_set_add(&rel.row[defeats[i].winner], defeats[i].loser);

        do {
                Json *o = iterations ? json_new_object() : NULL;
                Json *weakest = iterations ? json_new_array() : NULL;

                /* As long as a chain joins what a dropped defeat joined, the set is the same. */
                if (broken) {
                        Relation closed = rel;

                        relation_close(&closed, n);
                        schwartz_set(&closed, n, kept, &set);
                }

                if (memcmp(&set, &shown, sizeof(set)) != 0) {
                        json_set(o, "schwartz", option_set_to_json(&set, n));
                        shown = set;
                }

                any = drop_weakest(defeats, n_defeats, &at, &set, &rel, weakest, &broken);
                json_set(o, "weakest", weakest);
                json_add(iterations, o);
        } while (any);

        *ret_winners = set;
        return 0;
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
