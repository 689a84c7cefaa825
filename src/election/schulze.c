/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/schulze.h"

static int schulze_check(const Question *q, Why *why) {
        if (q->default_option < 0) {
                if (q->quorum > 0)
                        return why_set(why, V_DEFINITION,
                                "\"quorum\" needs \"default\": the option that the "
                                "others have to beat");
                if (q->majority)
                        return why_set(why, V_DEFINITION,
                                "\"majority\" needs \"default\": the option that the "
                                "others have to beat");
        } else if (q->majority &&
                q->majority[q->default_option].num != q->majority[q->default_option].den)
                return why_set(why, V_DEFINITION,
                        "the default option %d has a majority of %u/%u, expected 1/1: "
                        "it is never dropped",
                        q->default_option, q->majority[q->default_option].num,
                        q->majority[q->default_option].den);

        return 0;
}

static int schulze_parse(const Question *q, const Json *choice, ChoiceOut *ret, Why *why) {
        OptionSet seen = {};
        size_t n = 0;
        int r;

        for (size_t i = 0; i < json_len(choice); i++) {
                const Json *tier = json_at(choice, i);

                if (!json_is_arr(tier))
                        return why_set(why, V_BALLOT,
                                "tier %zu is no array, expected such as [[2],[0,1]]", i);

                if (json_len(tier) == 0)
                        return why_set(why, V_BALLOT, "tier %zu is empty", i);

                for (size_t k = 0; k < json_len(tier); k++) {
                        uint16_t option;

                        r = choice_option(q, tier, k, &option, why);
                        if (r > 0)
                                return why_prefix(why, r, "tier %zu", i);
                        if (r < 0)
                                return r;

                        if (option_set_has(&seen, option))
                                return why_set(why, V_BALLOT, "tier %zu: option %u is listed twice",
                                        i, option);

                        option_set_add(&seen, option);
                        ret->items[n++] = (uint16_t) (option | (k == 0 ? TIER_START : 0));
                }
        }

        ret->n = n;
        return 0;
}

/* Every option in a tier of its own: [[0],[1],...]. */
static size_t schulze_bytes_max(const Question *q) {
        size_t n = 1;

        for (size_t i = 0; i < q->n_options; i++)
                n += 3 + decimal_len(i);

        return n;
}

static size_t schulze_n_cells(const Question *q) {
        return q->n_options * q->n_options;
}

/* Rule 1: each listed option beats those of later tiers and those not listed. No cell exceeds the
 * sum of all weights, which count_add() has checked. */
static int schulze_add(const Question *q, Tally *t, Choice choice, uint64_t weight) {
        uint16_t rank[OPTIONS_MAX], tier = 0;
        size_t n = q->n_options;

        memset(rank, 0xff, n * sizeof(rank[0]));
        for (size_t i = 0; i < choice.n; i++) {
                tier = (uint16_t) (tier + !!(choice.items[i] & TIER_START));
                rank[CHOICE_OPTION(choice.items[i])] = tier;
        }

        for (size_t i = 0; i < choice.n; i++) {
                uint16_t a = CHOICE_OPTION(choice.items[i]), of_a = rank[a];
                uint64_t *row = t->cells + a * n;

                for (size_t b = 0; b < n; b++)
                        row[b] += of_a < rank[b] ? weight : 0;
        }

        return 0;
}

/* Rules 2 and 3. *ret_needed is the least V(A,D) that would have kept A. */
static const char* schulze_drop_reason(
        const Question *q, const uint64_t *pairwise, size_t a, uint64_t *ret_needed) {
        size_t n = q->n_options, d = (size_t) q->default_option;
        uint64_t won = pairwise[a * n + d], lost = pairwise[d * n + a], ratio;
        Ratio m = q->majority ? q->majority[a] : (Ratio) { 1, 1 };

        if (won < q->quorum) {
                *ret_needed = q->quorum;
                return "quorum";
        }

        ratio = (lost * m.num + m.den - 1) / m.den;     /* below 2^40 * 2^10 */
        *ret_needed = MAX(ratio, lost + 1);
        return won < *ret_needed ? "majority" : NULL;
}

static void schulze_drop(
        const Question *q, const uint64_t *pairwise, OptionSet *ret_kept, Json *dropped) {
        size_t n = q->n_options, d;

        for (size_t a = 0; a < n; a++) {
                const char *reason;
                uint64_t needed;
                Json *o;

                d = (size_t) q->default_option;
                reason = NULL;
                if (q->default_option >= 0 && a != d)
                        reason = schulze_drop_reason(q, pairwise, a, &needed);
                if (!reason) {
                        option_set_add(ret_kept, a);
                        continue;
                }

                o = json_new_object();
                json_set_int(o, "option", (int64_t) a);
                json_set_text(o, "reason", reason);
                json_set_int(o, "for", (int64_t) pairwise[a * n + d]);
                json_set_int(o, "against", (int64_t) pairwise[d * n + a]);
                json_set_int(o, "needed", (int64_t) needed);
                json_add(dropped, o);
        }
}

static void matrix_to_json(
        Json *o, const char *key, const uint64_t *first, size_t n, size_t stride) {
        Json *rows = json_new_array();

        for (size_t a = 0; a < n; a++) {
                Json *row = json_new_array();

                for (size_t b = 0; b < n; b++)
                        json_add_int(row, (int64_t) first[(a * n + b) * stride]);
                json_add(rows, row);
        }

        json_set(o, key, rows);
}

/* Rule 8's order for display: "stronger path" is a strict partial order, so the number of options
 * before one grows along it. Dropped ones last. */
static Json* schulze_order(const Strength *paths, size_t n, const OptionSet *kept) {
        Json *order = json_new_array();

        for (size_t before = 0; before <= n; before++)
                for (size_t a = 0; a < n; a++) {
                        size_t k = option_set_has(kept, a) ? 0 : n;

                        for (size_t b = 0; b < n && k < n; b++)
                                k += option_set_has(kept, b) &&
                                        strength_compare(paths[b * n + a], paths[a * n + b]) > 0;
                        if (k == before)
                                json_add_int(order, (int64_t) a);
                }

        return order;
}

static void schulze_params_to_json(const Question *q, Json *o) {
        if (q->default_option >= 0)
                json_set_int(o, "default", q->default_option);
        if (q->quorum > 0)
                json_set_int(o, "quorum", (int64_t) q->quorum);
        if (q->majority) {
                Json *majority = json_new_array();

                for (size_t i = 0; i < q->n_options; i++) {
                        Json *pair = json_new_array();

                        json_add_int(pair, q->majority[i].num);
                        json_add_int(pair, q->majority[i].den);
                        json_add(majority, pair);
                }
                json_set(o, "majority", majority);
        }
}

/* Rule 7. */
static void schulze_outcome(
        const Question *q, const OptionSet *winners, const uint16_t *place, QuestionResult *r) {
        Json *json = json_new_array();
        uint16_t winner;

        for (size_t i = 0; i < q->n_options; i++)
                if (option_set_has(winners, i)) {
                        json_add_int(json, (int64_t) i);
                        r->tied[r->n_tied++] = (uint16_t) i;
                }
        json_set(r->json, "winners", json);

        if (r->n_tied > 1 && !place) {
                r->outcome = OUTCOME_TIE;
                r->open_seats = 1;
                return;
        }

        r->lot_used = r->n_tied > 1;
        winner = r->tied[0];
        for (size_t i = 1; i < r->n_tied; i++)
                if (place[r->tied[i]] < place[winner])
                        winner = r->tied[i];
        r->n_tied = 0;

        if (winner == q->default_option) {
                r->outcome = OUTCOME_NONE;
                return;
        }

        r->outcome = OUTCOME_DECIDED;
        r->elected[r->n_elected++] = winner;
}

static int schulze_finish(
        const Question *q, const Tally *t, const uint16_t *place, QuestionResult *r) {
        Json *dropped = json_new_array(), *iterations = json_new_array();
        _cleanup_free_ Strength *paths = NULL;
        OptionSet kept = {}, winners = {};
        size_t n = q->n_options;
        int k;

        schulze_params_to_json(q, r->json);
        matrix_to_json(r->json, "pairwise", t->cells, n, 1);

        schulze_drop(q, t->cells, &kept, dropped);
        json_set(r->json, "dropped", dropped);

        k = schulze_schwartz(t->cells, n, &kept, &winners, iterations);
        json_set(r->json, "iterations", iterations);
        if (k < 0)
                return k;

        paths = new0(Strength, n * n);
        if (!paths)
                return -ENOMEM;

        schulze_beat_paths(t->cells, n, &kept, paths);
        matrix_to_json(r->json, "strength", &paths->won, n, 2);
        matrix_to_json(r->json, "strength_against", &paths->lost, n, 2);
        json_set(r->json, "order", schulze_order(paths, n, &kept));

        schulze_outcome(q, &winners, place, r);
        return 0;
}

const Method method_schulze = {
        .name = "schulze",
        .takes = TAKES_DEFAULT | TAKES_MAJORITY | TAKES_QUORUM,
        .check = schulze_check,
        .parse = schulze_parse,
        .bytes_max = schulze_bytes_max,
        .n_cells = schulze_n_cells,
        .add = schulze_add,
        .finish = schulze_finish,
};
