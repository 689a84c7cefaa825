/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

/* plurality, approval, score: the highest sums win. */

static const Lot lot = { .value = "4 8 15 16 23 42" };

START_TEST(plurality_adds_weights_and_elects_the_highest) {
        _cleanup_(definition_unrefp) Definition *d = definition_simple("plurality", 3, "");
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, NULL, {3, "[2]"}, {2, "[0]"}, {2, "[2]"}, {4, "[0]"}, {9, "[]"});

        ck_assert_member(r->json, "ballots", "5");
        ck_assert_member(r->json, "weight", "20");
        ck_assert_member(r->json, "needs_lot", "false");
        ck_assert_member(r->json, "lot", "(none)");
        ck_assert_result(r, "text", "Which?");
        ck_assert_result(r, "method", "plurality");
        ck_assert_result(r, "options", "[\"o0\",\"o1\",\"o2\"]");
        ck_assert_result(r, "ballots", "5");
        ck_assert_result(r, "weight", "20");
        ck_assert_result(r, "blank_ballots", "1");
        ck_assert_result(r, "blank_weight", "9");
        ck_assert_result(r, "sums", "[6,0,5]");
        ck_assert_result(r, "order", "[0,2,1]");
        ck_assert_result(r, "outcome", "decided");
        ck_assert_result(r, "elected", "[0]");
        ck_assert_result(r, "tied", "[]");
        ck_assert_result(r, "open_seats", "0");
        ck_assert_result(r, "lot_used", "false");
        ck_assert_result(r, "lot_order", "(none)");
        ck_assert_uint_eq(r->questions[0].n_elected, 1);
        ck_assert_uint_eq(r->questions[0].elected[0], 0);
}
END_TEST

START_TEST(approval_adds_each_named_option) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_simple("approval", 4, ",\"seats\":2");
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, NULL, {1, "[0,1,3]"}, {2, "[1]"}, {3, "[0,3]"});

        ck_assert_result(r, "sums", "[4,3,0,4]");
        ck_assert_result(r, "seats", "2");
        ck_assert_result(r, "elected", "[0,3]");
        ck_assert_result(r, "outcome", "decided");
}
END_TEST

START_TEST(score_adds_scores_times_weight) {
        _cleanup_(definition_unrefp) Definition *d = definition_simple("score", 3, ",\"max\":1000");
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, NULL, {2147483648, "[1000,999,0]"}, {1, "[0,1000,1]"});

        ck_assert_result(r, "max", "1000");
        ck_assert_result(r, "sums", "[2147483648000,2145336165352,1]");
        ck_assert_result(r, "elected", "[0]");
}
END_TEST

START_TEST(a_tie_across_the_line_is_named_with_the_seats_left) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_simple("approval", 5, ",\"seats\":3");
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, NULL, {5, "[4]"}, {3, "[0,1,3]"}, {1, "[2]"});

        ck_assert_result(r, "outcome", "tie");
        ck_assert_result(r, "elected", "[4]");
        ck_assert_result(r, "tied", "[0,1,3]");
        ck_assert_result(r, "open_seats", "2");
        ck_assert_member(r->json, "needs_lot", "true");
        ck_assert(r->needs_lot);
        ck_assert_uint_eq(r->questions[0].open_seats, 2);
}
END_TEST

START_TEST(a_tie_above_the_line_is_no_tie) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_simple("approval", 4, ",\"seats\":2");
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, NULL, {3, "[1,3]"}, {1, "[0]"}, {1, "[2]"});

        ck_assert_result(r, "outcome", "decided");
        ck_assert_result(r, "elected", "[1,3]");
        ck_assert_result(r, "tied", "[]");
}
END_TEST

START_TEST(as_many_seats_as_options_elect_all) {
        for (unsigned seats = 3; seats < 5; seats++) {
                _cleanup_(definition_unrefp) Definition *d = NULL;
                _cleanup_(result_freep) Result *r = NULL;
                char params[32];

                (void) snprintf(params, sizeof(params), ",\"seats\":%u", seats);
                d = definition_simple("score", 3, params);
                r = RESULT_OF(d, NULL, { 1, "[0,5,0]" });
                ck_assert_result(r, "outcome", "decided");
                ck_assert_result(r, "elected", "[1,0,2]");
        }
}
END_TEST

START_TEST(no_ballots_are_a_tie_of_all) {
        _cleanup_(definition_unrefp) Definition *d = definition_simple("plurality", 3, "");
        _cleanup_(result_freep) Result *r = result_of(d, NULL, 0, NULL);

        ck_assert_result(r, "sums", "[0,0,0]");
        ck_assert_result(r, "outcome", "tie");
        ck_assert_result(r, "tied", "[0,1,2]");
        ck_assert_result(r, "open_seats", "1");
}
END_TEST

START_TEST(the_lot_breaks_a_tie) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_simple("approval", 5, ",\"seats\":3");
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, &lot, {5, "[4]"}, {3, "[0,1,3]"}, {1, "[2]"});
        uint16_t place[5], expected[] = { 0, 1, 3 };

        ck_assert_int_eq(lot_places(&lot, 0, 5, place), 0);
        for (size_t i = 0; i < 3; i++)
                for (size_t k = i + 1; k < 3; k++)
                        if (place[expected[k]] < place[expected[i]]) {
                                uint16_t swap = expected[i];

                                expected[i] = expected[k];
                                expected[k] = swap;
                        }

        ck_assert_result(r, "outcome", "decided");
        ck_assert_result(r, "lot_used", "true");
        ck_assert_result(r, "tied", "[]");
        ck_assert_result(r, "open_seats", "0");
        ck_assert_uint_eq(r->questions[0].n_elected, 3);
        ck_assert_uint_eq(r->questions[0].elected[0], 4);
        ck_assert_uint_eq(r->questions[0].elected[1], expected[0]);
        ck_assert_uint_eq(r->questions[0].elected[2], expected[1]);
        ck_assert(!r->needs_lot);
}
END_TEST

START_TEST(the_lot_leaves_a_clear_result_alone) {
        _cleanup_(definition_unrefp) Definition *d = definition_simple("plurality", 3, "");
        _cleanup_(result_freep) Result *r = RESULT_OF(d, &lot, { 1, "[2]" });

        ck_assert_result(r, "elected", "[2]");
        ck_assert_result(r, "lot_used", "false");
}
END_TEST

RUN_TESTS("sums",
        plurality_adds_weights_and_elects_the_highest,
        approval_adds_each_named_option,
        score_adds_scores_times_weight,
        a_tie_across_the_line_is_named_with_the_seats_left,
        a_tie_above_the_line_is_no_tie,
        as_many_seats_as_options_elect_all,
        no_ballots_are_a_tie_of_all,
        the_lot_breaks_a_tie,
        the_lot_leaves_a_clear_result_alone)
