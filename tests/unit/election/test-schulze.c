/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

#include "election/schulze.h"

static const Lot lot = { .value = "4 8 15 16 23 42" };

START_TEST(an_earlier_tier_is_preferred_and_the_unlisted_share_the_last) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_simple("schulze", 5, ",\"default\":3");
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL, { 7, "[[2],[0,1]]" });

        /* 2 before 0 and 1, which are equal; 3 (the default) and 4 below all of them, and equal. */
        ck_assert_result(r, "pairwise",
                "[[0,0,0,7,7],[0,0,0,7,7],[7,7,0,7,7],[0,0,0,0,0],[0,0,0,0,0]]");
}
END_TEST

START_TEST(a_blank_ballot_prefers_nothing) {
        _cleanup_(definition_unrefp) Definition *d = definition_simple("schulze", 2, "");
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL, { 3, "[]" }, { 1, "[[1]]" });

        ck_assert_result(r, "pairwise", "[[0,0],[1,0]]");
        ck_assert_result(r, "blank_weight", "3");
        ck_assert_result(r, "elected", "[1]");
}
END_TEST

START_TEST(below_the_quorum_is_dropped) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_simple("schulze", 3, ",\"default\":2,\"quorum\":5");
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, NULL, {4, "[[0],[2],[1]]"}, {1, "[[1],[0],[2]]"});
        _cleanup_(result_freep) Result *less = RESULT_OF(d, NULL, { 4, "[[0],[2],[1]]" });

        /* 0 has 5 over the default, 1 has 1. */
        ck_assert_result(r, "dropped",
                "[{\"against\":4,\"for\":1,\"needed\":5,\"option\":1,\"reason\":\"quorum\"}]");
        ck_assert_result(r, "elected", "[0]");
        ck_assert_result(r, "order", "[0,2,1]");
        ck_assert_result(r, "quorum", "5");
        ck_assert_result(r, "default", "2");

        ck_assert_result(less, "dropped",
                "[{\"against\":0,\"for\":4,\"needed\":5,\"option\":0,\"reason\":\"quorum\"},"
                "{\"against\":4,\"for\":0,\"needed\":5,\"option\":1,\"reason\":\"quorum\"}]");
        ck_assert_result(less, "outcome", "none");
}
END_TEST

START_TEST(a_dropped_winner_loses_to_one_that_is_kept) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_simple("schulze", 3, ",\"default\":2,\"majority\":[[3,1],[1,1],[1,1]]");
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, NULL, {5, "[[0],[1],[2]]"}, {2, "[[1],[2],[0]]"});

        /* 0 beats 1 by 5 to 2, but has only 5 to 2 over the default, not three to one. */
        ck_assert_result(r, "dropped",
                "[{\"against\":2,\"for\":5,\"needed\":6,\"option\":0,\"reason\":\"majority\"}]");
        ck_assert_result(r, "winners", "[1]");
        ck_assert_result(r, "strength", "[[0,0,0],[0,0,7],[0,0,0]]");
        ck_assert_result(r, "order", "[1,2,0]");
}
END_TEST

START_TEST(a_majority_is_met_by_equality_beyond_one_to_one_only) {
        _cleanup_(definition_unrefp)
                Definition *d = definition_simple(
                                   "schulze", 2, ",\"default\":1,\"majority\":[[3,2],[1,1]]"),
                           *simple = definition_simple("schulze", 2, ",\"default\":1");
        _cleanup_(result_freep) Result *met = RESULT_OF(d, NULL, { 6, "[[0]]" }, { 4, "[[1]]" }),
                *missed = RESULT_OF(d, NULL, { 59, "[[0]]" }, { 40, "[[1]]" }),
                *equal = RESULT_OF(simple, NULL, { 6, "[[0]]" }, { 6, "[[1]]" }),
                *above = RESULT_OF(simple, NULL, { 7, "[[0]]" }, { 6, "[[1]]" }),
                *nobody = result_of(simple, NULL, 0, NULL);

        ck_assert_result(met, "elected", "[0]");
        ck_assert_result(missed, "outcome", "none");
        ck_assert_result(missed, "dropped",
                "[{\"against\":40,\"for\":59,\"needed\":60,\"option\":0,\"reason\":\"majority\"}]");
        ck_assert_result(equal, "outcome", "none");
        ck_assert_result(equal, "dropped",
                "[{\"against\":6,\"for\":6,\"needed\":7,\"option\":0,\"reason\":\"majority\"}]");
        ck_assert_result(above, "elected", "[0]");
        ck_assert_result(nobody, "outcome", "none");
        ck_assert_result(nobody, "elected", "[]");
}
END_TEST

START_TEST(a_majority_rounds_up) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_simple("schulze", 2, ",\"default\":1,\"majority\":[[1000,999],[1,1]]");
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL, {1001, "[[0]]"}, {1000, "[[1]]"});

        /* 1000 * 1000 / 999 = 1001.001 */
        ck_assert_result(r, "dropped",
                "[{\"against\":1000,\"for\":1001,\"needed\":1002,\"option\":0,\"reason\":"
                "\"majority\"}]");
}
END_TEST

START_TEST(without_a_default_nothing_is_dropped) {
        _cleanup_(definition_unrefp) Definition *d = definition_simple("schulze", 2, "");
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL, { 1, "[[1],[0]]" });

        ck_assert_result(r, "dropped", "[]");
        ck_assert_result(r, "default", "(none)");
        ck_assert_result(r, "elected", "[1]");
}
END_TEST

START_TEST(the_default_that_wins_elects_nobody) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_simple("schulze", 3, ",\"default\":0");
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL, {3, "[[0]]"}, {1, "[[1],[2],[0]]"});

        ck_assert_result(r, "outcome", "none");
        ck_assert_result(r, "elected", "[]");
        ck_assert_result(r, "winners", "[0]");
        ck_assert_int_eq(r->questions[0].outcome, OUTCOME_NONE);
        ck_assert_uint_eq(r->questions[0].n_elected, 0);
}
END_TEST

START_TEST(a_cycle_loses_its_weakest_defeat) {
        _cleanup_(definition_unrefp) Definition *d = definition_simple("schulze", 3, "");
        _cleanup_(result_freep) Result *r = RESULT_OF(
                d, NULL, {4, "[[0],[1],[2]]"}, {3, "[[1],[2],[0]]"}, {2, "[[2],[0],[1]]"});

        /* 0 over 1 by 6:3, 1 over 2 by 7:2, 2 over 0 by 5:4, which goes. */
        ck_assert_result(r, "iterations",
                "[{\"schwartz\":[0,1,2],\"weakest\":[{\"against\":4,\"for\":5,\"loser\":0,"
                "\"winner\":2}]},"
                "{\"schwartz\":[0],\"weakest\":[]}]");
        ck_assert_result(r, "strength", "[[0,6,6],[5,0,7],[5,5,0]]");
        ck_assert_result(r, "strength_against", "[[0,3,3],[4,0,2],[4,4,0]]");
        ck_assert_result(r, "elected", "[0]");
        ck_assert_result(r, "order", "[0,1,2]");
}
END_TEST

static void schwartz_of(const uint64_t *pairwise, size_t n, OptionSet *ret) {
        OptionSet all = {};

        for (size_t i = 0; i < n; i++)
                option_set_add(&all, i);
        ck_assert_int_eq(schulze_schwartz(pairwise, n, &all, ret, NULL), 0);
}

static void unbeaten_of(const uint64_t *pairwise, size_t n, OptionSet *ret) {
        Strength paths[8 * 8];
        OptionSet all = {};

        for (size_t i = 0; i < n; i++)
                option_set_add(&all, i);
        schulze_beat_paths(pairwise, n, &all, paths);
        schulze_unbeaten(paths, n, &all, ret);
}

START_TEST(with_equal_votes_for_the_defeat_with_more_against_is_the_weaker) {
        /* A cycle 0 > 1 > 2 > 0, all with 10 for; 1 > 2 has most against and goes: 2 wins. */
        static const uint64_t v[] = {
                0, 10, 4,
                3,  0, 10,
                10, 5, 0,
        };
        OptionSet a, b;

        schwartz_of(v, 3, &a);
        unbeaten_of(v, 3, &b);
        ck_assert_uint_eq(a.w[0], 1 << 2);
        ck_assert_uint_eq(b.w[0], 1 << 2);
}
END_TEST

START_TEST(all_the_weakest_go_at_once) {
        /* A cycle of three equal defeats: all go, all three are tied. */
        static const uint64_t v[] = {
                0, 5, 4,
                4, 0, 5,
                5, 4, 0,
        };
        OptionSet a, b;

        schwartz_of(v, 3, &a);
        unbeaten_of(v, 3, &b);
        ck_assert_uint_eq(a.w[0], 7);
        ck_assert_uint_eq(b.w[0], 7);
}
END_TEST

START_TEST(only_defeats_inside_the_set_are_dropped) {
        /* 0, 1, 2 in a cycle (of 9, 8, 7), each over 3 by 2:1, which is weaker but outside. */
        static const uint64_t v[] = {
                0, 9, 0, 2,
                0, 0, 8, 2,
                7, 0, 0, 2,
                1, 1, 1, 0,
        };
        _cleanup_json_ Json *iterations = json_new_array();
        _cleanup_buf_ Buf text = {};
        OptionSet all = { { 15 } }, a;

        ck_assert_int_eq(schulze_schwartz(v, 4, &all, &a, iterations), 0);
        ck_assert_uint_eq(a.w[0], 1);
        ck_assert_int_eq(json_dump(iterations, &text), 0);
        ck_assert_str_eq(text.p, "[{\"schwartz\":[0,1,2],\"weakest\":[{\"against\":0,\"for\":7,"
                                 "\"loser\":0,\"winner\":2}]},"
                                 "{\"schwartz\":[0],\"weakest\":[]}]");
}
END_TEST

START_TEST(the_schwartz_set_has_two_undefeated_options) {
        /* 0 and 1 are equal; both are over 2. */
        static const uint64_t v[] = {
                0, 5, 9,
                5, 0, 9,
                1, 1, 0,
        };
        OptionSet a;

        schwartz_of(v, 3, &a);
        ck_assert_uint_eq(a.w[0], 3);
}
END_TEST

START_TEST(the_order_for_display_counts_who_stands_before) {
        _cleanup_(definition_unrefp) Definition *d = definition_simple("schulze", 3, "");
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, NULL, { 1, "[[0],[1],[2]]" }, { 1, "[[2],[0],[1]]" });

        /* 0 is before 1, and 2 is tied with both: nobody stands before 0 and 2. */
        ck_assert_result(r, "winners", "[0,2]");
        ck_assert_result(r, "order", "[0,2,1]");
}
END_TEST

START_TEST(a_tie_is_reported_or_broken_by_the_lot) {
        _cleanup_(definition_unrefp) Definition *d = definition_simple("schulze", 3, "");
        const Cast casts[] = {{1, "[[0],[1],[2]]"}, {1, "[[1],[2],[0]]"}, {1, "[[2],[0],[1]]"}};
        _cleanup_(result_freep) Result *tie = result_of(d, casts, 3, NULL),
                                       *drawn = result_of(d, casts, 3, &lot);
        uint16_t place[3];

        ck_assert_result(tie, "outcome", "tie");
        ck_assert_result(tie, "tied", "[0,1,2]");
        ck_assert_result(tie, "winners", "[0,1,2]");
        ck_assert_result(tie, "open_seats", "1");
        ck_assert_result(tie, "elected", "[]");
        ck_assert(tie->needs_lot);

        ck_assert_int_eq(lot_places(&lot, 0, 3, place), 0);
        ck_assert_result(drawn, "outcome", "decided");
        ck_assert_result(drawn, "winners", "[0,1,2]");
        ck_assert_result(drawn, "tied", "[]");
        ck_assert_result(drawn, "lot_used", "true");
        ck_assert_uint_eq(drawn->questions[0].n_elected, 1);
        for (size_t i = 0; i < 3; i++)
                ck_assert_uint_le(place[drawn->questions[0].elected[0]], place[i]);
}
END_TEST

START_TEST(each_of_the_tied_may_be_drawn) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_simple("schulze", 3, ",\"default\":0");
        bool seen[2] = {};

        for (unsigned i = 0; i < 50; i++) {
                char value[8];
                Lot any = { .value = value };
                _cleanup_(result_freep) Result *r = NULL;

                (void) snprintf(value, sizeof(value), "%u", i);
                r = RESULT_OF(d, &any, { 1, "[[1],[2],[0]]" }, { 1, "[[2],[1],[0]]" });
                ck_assert_result(r, "winners", "[1,2]");
                ck_assert_int_eq(r->questions[0].outcome, OUTCOME_DECIDED);
                seen[r->questions[0].elected[0] - 1] = true;
        }
        ck_assert(seen[0] && seen[1]);
}
END_TEST

/* M. Schulze's examples: ballots, the matrix, the strengths of the strongest paths, winners, order.
 */
typedef struct Example {
        size_t n;
        Cast casts[8];
        const char *pairwise, *strength, *winners, *order;
} Example;

static const Example examples[] = {
        {
                4,
                {{8, "[[0],[2],[3],[1]]"}, {2, "[[1],[0],[3],[2]]"}, {4, "[[2],[3],[1],[0]]"},
                        {4, "[[3],[1],[0],[2]]"}, {3, "[[3],[2],[1],[0]]"}},
                "[[0,8,14,10],[13,0,6,2],[7,15,0,12],[11,19,9,0]]",
                "[[0,14,14,12],[13,0,13,12],[13,15,0,12],[13,19,13,0]]",
                "[3]",
                "[3,0,2,1]",
        },
        {
                5,
                {{5, "[[0],[2],[1],[4],[3]]"}, {5, "[[0],[3],[4],[2],[1]]"},
                        {8, "[[1],[4],[3],[0],[2]]"}, {3, "[[2],[0],[1],[4],[3]]"},
                        {7, "[[2],[0],[4],[1],[3]]"}, {2, "[[2],[1],[0],[3],[4]]"},
                        {7, "[[3],[2],[4],[1],[0]]"}, {8, "[[4],[1],[0],[3],[2]]"}},
                "[[0,20,26,30,22],[25,0,16,33,18],[19,29,0,17,24],[15,12,28,0,14],[23,27,21,31,0]]",
                "[[0,28,28,30,24],[25,0,28,33,24],[25,29,0,29,24],[25,28,28,0,24],[25,28,28,31,0]]",
                "[4]",
                "[4,0,2,1,3]",
        },
        {
                4,
                {{3, "[[0],[1],[2],[3]]"}, {2, "[[3],[0],[1],[2]]"}, {2, "[[3],[1],[2],[0]]"},
                        {2, "[[2],[1],[3],[0]]"}},
                "[[0,5,5,3],[4,0,7,5],[4,2,0,5],[6,4,4,0]]",
                "[[0,5,5,5],[5,0,7,5],[5,5,0,5],[6,5,5,0]]",
                "[1,3]",
                "[1,3,0,2]",
        },
};

START_TEST(the_examples_of_the_paper_come_out) {
        for (size_t i = 0; i < ELEMENTSOF(examples); i++) {
                const Example *e = &examples[i];
                _cleanup_(definition_unrefp) Definition *d = definition_simple("schulze", e->n, "");
                _cleanup_(result_freep) Result *r = NULL;
                size_t n = 0;

                while (n < ELEMENTSOF(e->casts) && e->casts[n].choices)
                        n++;
                r = result_of(d, e->casts, n, NULL);
                ck_assert_result(r, "pairwise", e->pairwise);
                ck_assert_result(r, "strength", e->strength);
                ck_assert_result(r, "winners", e->winners);
                ck_assert_result(r, "order", e->order);
        }
}
END_TEST

/* Small numbers make many ties; no ballots are needed, any matrix is some election's. */
START_TEST(both_formulations_agree_on_random_cases) {
        uint64_t seed = 2007;
        size_t several = 0;

        for (unsigned round = 0; round < 100000; round++) {
                size_t n = 2 + random_below(&seed, 6), range = 2 + random_below(&seed, 12),
                       members = 0;
                uint64_t v[8 * 8] = {};
                OptionSet a, b;

                for (size_t i = 0; i < n; i++)
                        for (size_t k = 0; k < n; k++)
                                v[i * n + k] = i == k ? 0 : random_below(&seed, range);

                schwartz_of(v, n, &a);
                unbeaten_of(v, n, &b);
                ck_assert_msg(memcmp(&a, &b, sizeof(a)) == 0,
                        "round %u: %#lx by sets, %#lx by paths", round, (unsigned long) a.w[0],
                        (unsigned long) b.w[0]);
                ck_assert_uint_ne(a.w[0], 0);
                for (size_t i = 0; i < n; i++)
                        members += option_set_has(&a, i);
                several += members > 1;
        }
        ck_assert_uint_gt(several, 1000);
}
END_TEST

/* More options than a word of a set has bits, with few and with many equal strengths. */
START_TEST(both_formulations_agree_on_many_options) {
        enum { n = 100 };
        _cleanup_free_ uint64_t *v = new0(uint64_t, n * n);
        _cleanup_free_ Strength *paths = new0(Strength, n * n);
        uint64_t seed = 1997;
        OptionSet all = {}, a, b;

        for (size_t i = 0; i < n; i++)
                option_set_add(&all, i);

        for (unsigned round = 0; round < 60; round++) {
                size_t range = round % 2 == 0 ? 100000 : 30;

                for (size_t i = 0; i < n; i++)
                        for (size_t k = 0; k < n; k++)
                                v[i * n + k] = i == k ? 0 : random_below(&seed, range);

                schwartz_of(v, n, &a);
                schulze_beat_paths(v, n, &all, paths);
                schulze_unbeaten(paths, n, &all, &b);
                ck_assert_msg(memcmp(&a, &b, sizeof(a)) == 0, "round %u", round);
        }
}
END_TEST

START_TEST(an_order_for_display_lists_every_option_once) {
        uint64_t seed = 11;

        for (unsigned round = 0; round < 300; round++) {
                _cleanup_(definition_unrefp) Definition *d =
                        definition_simple("schulze", 6, ",\"default\":5,\"quorum\":4");
                _cleanup_(count_freep) Count *c = NULL;
                _cleanup_(result_freep) Result *r = NULL;
                const Json *order, *dropped;
                unsigned seen = 0;
                size_t n_kept;

                ck_assert_int_eq(count_new(&c, d), 0);
                for (size_t i = 0; i < 5; i++) {
                        char choice[64] = "[";
                        size_t from = random_below(&seed, 6), step = random_below(&seed, 2) ? 1 : 5;

                        for (size_t k = 0; k < 1 + from; k++)
                                APPEND(choice, "%s[%zu]",
                                        k > 0 ? "," : "", (from + k * step) % 6);
                        APPEND(choice, "]");
                        count_choices(c, d, 1 + random_below(&seed, 3), choice);
                }

                ck_assert_int_eq(count_finish(c, NULL, &r), 0);
                ck_assert_int_eq(
                        json_get_array(r->questions[0].json, "order", 6, 6, &order, NULL), 0);
                ck_assert_int_eq(
                        json_get_array(r->questions[0].json, "dropped", 0, 5, &dropped, NULL), 0);
                n_kept = 6 - json_len(dropped);
                for (size_t i = 0; i < 6; i++)
                        seen |= 1U << json_int(json_at(order, i));
                ck_assert_uint_eq(seen, 63);

                for (size_t i = 0; i < json_len(dropped); i++) {
                        int64_t option;

                        ck_assert_int_eq(
                                json_get_int(json_at(dropped, i), "option", 0, 5, &option, NULL),
                                0);
                        ck_assert_int_eq(json_int(json_at(order, n_kept + i)), option);
                }
        }
}
END_TEST

RUN_TESTS("schulze",
        an_earlier_tier_is_preferred_and_the_unlisted_share_the_last,
        a_blank_ballot_prefers_nothing,
        below_the_quorum_is_dropped,
        a_dropped_winner_loses_to_one_that_is_kept,
        a_majority_is_met_by_equality_beyond_one_to_one_only,
        a_majority_rounds_up,
        without_a_default_nothing_is_dropped,
        the_default_that_wins_elects_nobody,
        a_cycle_loses_its_weakest_defeat,
        with_equal_votes_for_the_defeat_with_more_against_is_the_weaker,
        all_the_weakest_go_at_once,
        only_defeats_inside_the_set_are_dropped,
        the_schwartz_set_has_two_undefeated_options,
        the_order_for_display_counts_who_stands_before,
        a_tie_is_reported_or_broken_by_the_lot,
        each_of_the_tied_may_be_drawn,
        the_examples_of_the_paper_come_out,
        both_formulations_agree_on_random_cases,
        both_formulations_agree_on_many_options,
        an_order_for_display_lists_every_option_once)
