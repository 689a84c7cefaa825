/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

#include "election/stv.h"

static const Lot lot = { .value = "4 8 15 16 23 42" };

/* Stage i (from 0) of the only question. */
static const Json* stage_of(const Result *r, size_t i) {
        const Json *stages;

        ck_assert_int_eq(
                json_get_array(r->questions[0].json, "stages", 1, SIZE_MAX, &stages, NULL), 0);
        ck_assert_msg(
                i < json_len(stages), "%zu stages, expected more than %zu", json_len(stages), i);
        return json_at(stages, i);
}

static size_t n_stages(const Result *r) {
        const Json *stages;

        ck_assert_int_eq(
                json_get_array(r->questions[0].json, "stages", 1, SIZE_MAX, &stages, NULL), 0);
        return json_len(stages);
}

static Definition* seats_of(size_t n, unsigned seats) {
        char params[32];

        (void) snprintf(params, sizeof(params), ",\"seats\":%u", seats);
        return definition_simple("stv", n, params);
}

START_TEST(values_have_five_decimals) {
        char text[STV_VALUE_LEN];

        ck_assert_str_eq(stv_value_text(0, text), "0.00000");
        ck_assert_str_eq(stv_value_text(5, text), "0.00005");
        ck_assert_str_eq(stv_value_text(191300000, text), "1913.00000");
        ck_assert_str_eq(
                stv_value_text((UINT64_C(1) << 40) * STV_ONE, text), "1099511627776.00000");
}
END_TEST

START_TEST(a_surplus_moves_all_papers_at_a_truncated_value) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(3, 2);
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, NULL, {7, "[0,1]"}, {2, "[0]"}, {1, "[2]"}, {1, "[1]"});

        /* N = 11, quota 4, surplus 5 of 9: v' = 0.55555; 7 of them move, 2 have no next preference,
         * and 0.00005 is lost. */
        ck_assert_result(r, "papers", "11");
        ck_assert_result(r, "quota", "4.00000");
        ck_assert_result(r, "seats", "2");
        ck_assert_member(stage_of(r, 0), "action", "first");
        ck_assert_member(stage_of(r, 0), "votes", "[\"9.00000\",\"1.00000\",\"1.00000\"]");
        ck_assert_member(stage_of(r, 0), "elected", "[0]");
        ck_assert_member(stage_of(r, 0), "option", "(none)");
        ck_assert_member(stage_of(r, 1), "action", "surplus");
        ck_assert_member(stage_of(r, 1), "option", "0");
        ck_assert_member(stage_of(r, 1), "surplus", "5.00000");
        ck_assert_member(stage_of(r, 1), "votes", "[\"4.00000\",\"4.88885\",\"1.00000\"]");
        ck_assert_member(stage_of(r, 1), "non_transferable", "1.11110");
        ck_assert_member(stage_of(r, 1), "residual", "0.00005");
        ck_assert_member(stage_of(r, 1), "elected", "[1]");
        ck_assert_uint_eq(n_stages(r), 2);
        ck_assert_result(r, "elected", "[0,1]");
        ck_assert_result(r, "outcome", "decided");
}
END_TEST

START_TEST(the_quota_is_one_more_than_the_whole_part) {
        static const struct {
                uint64_t n;
                unsigned seats;
                const char *quota;
        } cases[] = {
                {9, 1, "5.00000"},
                {10, 1, "6.00000"},
                {11, 1, "6.00000"},
                {11, 2, "4.00000"},
                {12, 2, "5.00000"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(definition_unrefp) Definition *d = seats_of(4, cases[i].seats);
                _cleanup_(result_freep) Result *r =
                        RESULT_OF(d, NULL, {cases[i].n, "[3,2,1]"}, {5, "[]"});

                ck_assert_result(r, "quota", cases[i].quota);
        }
}
END_TEST

START_TEST(blank_ballots_are_no_papers) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(3, 1);
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL, {3, "[0]"}, {2, "[1]"}, {100, "[]"});

        ck_assert_result(r, "papers", "5");
        ck_assert_result(r, "quota", "3.00000");
        ck_assert_result(r, "blank_ballots", "1");
        ck_assert_result(r, "blank_weight", "100");
        ck_assert_result(r, "elected", "[0]");
}
END_TEST

START_TEST(no_more_candidates_than_seats_are_all_elected) {
        for (unsigned seats = 3; seats < 6; seats++) {
                _cleanup_(definition_unrefp) Definition *d = seats_of(3, seats);
                _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL, { 9, "[2]" }, { 1, "[1]" });

                ck_assert_uint_eq(n_stages(r), 1);
                ck_assert_result(r, "elected", "[2,1,0]");
                ck_assert_result(r, "outcome", "decided");
        }
}
END_TEST

START_TEST(nobody_is_elected_inside_a_stage) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(4, 2);
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL,
                { 9, "[0]" }, { 8, "[1]" }, { 7, "[2,1,0]" }, { 6, "[3,2]" });

        /* Quota 11. 3 goes out and lifts 2 from 7 to 13: all six papers, not just the four it
         * needed. */
        ck_assert_result(r, "quota", "11.00000");
        ck_assert_member(stage_of(r, 1), "option", "3");
        ck_assert_member(
                stage_of(r, 1), "votes", "[\"9.00000\",\"8.00000\",\"13.00000\",\"0.00000\"]");
        ck_assert_member(stage_of(r, 1), "elected", "[2]");
}
END_TEST

START_TEST(the_elected_receive_nothing_even_with_their_own_surplus_pending) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(4, 3);
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL,
                { 10, "[0,1,2]" }, { 8, "[1,3]" }, { 1, "[2]" }, { 1, "[3]" });

        ck_assert_result(r, "quota", "6.00000");
        ck_assert_member(stage_of(r, 0), "elected", "[0,1]");
        ck_assert_member(stage_of(r, 1), "option", "0");
        ck_assert_member(
                stage_of(r, 1), "votes", "[\"6.00000\",\"8.00000\",\"5.00000\",\"1.00000\"]");
        ck_assert_member(stage_of(r, 2), "option", "1");
        ck_assert_member(stage_of(r, 2), "surplus", "2.00000");
        ck_assert_member(
                stage_of(r, 2), "votes", "[\"6.00000\",\"6.00000\",\"5.00000\",\"3.00000\"]");
        ck_assert_member(stage_of(r, 3), "action", "exclude");
        ck_assert_member(stage_of(r, 3), "option", "3");
        ck_assert_member(stage_of(r, 3), "non_transferable", "3.00000");
        ck_assert_member(stage_of(r, 3), "elected", "[2]");
        ck_assert_uint_eq(n_stages(r), 4);
}
END_TEST

START_TEST(papers_of_the_excluded_keep_their_value) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(4, 2);
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL,
                { 8, "[0,3,1]" }, { 4, "[1]" }, { 4, "[2]" }, { 1, "[3,2]" });

        /* Quota 6. The surplus of 2 moves 8 papers at 0.25 to 3: 3.00000. Out goes 3: its eight at
         * 0.25 to 1, its own one at 1 to 2. */
        ck_assert_result(r, "quota", "6.00000");
        ck_assert_member(
                stage_of(r, 1), "votes", "[\"6.00000\",\"4.00000\",\"4.00000\",\"3.00000\"]");
        ck_assert_member(stage_of(r, 2), "option", "3");
        ck_assert_member(
                stage_of(r, 2), "votes", "[\"6.00000\",\"6.00000\",\"5.00000\",\"0.00000\"]");
        ck_assert_member(stage_of(r, 2), "elected", "[1]");
        ck_assert_result(r, "elected", "[0,1]");
}
END_TEST

START_TEST(one_option_is_excluded_a_stage) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(5, 1);
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL,
                { 10, "[0]" }, { 9, "[1]" }, { 3, "[2,1]" }, { 2, "[3,1]" }, { 1, "[4,1]" });

        /* Quota 13: 4, 3, 2 have 6 together, less than any other, and still go one by one. */
        ck_assert_uint_eq(n_stages(r), 4);
        ck_assert_member(stage_of(r, 1), "option", "4");
        ck_assert_member(stage_of(r, 2), "option", "3");
        ck_assert_member(stage_of(r, 3), "option", "2");
        ck_assert_result(r, "elected", "[1]");
}
END_TEST

START_TEST(the_largest_surplus_goes_first_also_when_it_arose_later) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(6, 4);
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL, {20, "[0,2]"}, {9, "[1,3]"},
                {4, "[2,3]"}, {2, "[3]"}, {2, "[4]"}, {2, "[5]"});

        /* Quota 8. 0 has 12 over, 1 has 1. Then 2 has 16, 8 over, and goes before 1. */
        ck_assert_result(r, "quota", "8.00000");
        ck_assert_member(stage_of(r, 0), "elected", "[0,1]");
        ck_assert_member(stage_of(r, 1), "option", "0");
        ck_assert_member(stage_of(r, 1), "elected", "[2]");
        ck_assert_member(stage_of(r, 2), "option", "2");
        ck_assert_member(stage_of(r, 2), "surplus", "8.00000");
        ck_assert_member(stage_of(r, 3), "option", "1");
}
END_TEST

START_TEST(pending_surpluses_stay_when_the_seats_are_filled) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(3, 2);
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, NULL, {9, "[0,2]"}, {8, "[1,2]"}, {1, "[2]"});

        ck_assert_uint_eq(n_stages(r), 1);
        ck_assert_member(stage_of(r, 0), "votes", "[\"9.00000\",\"8.00000\",\"1.00000\"]");
        ck_assert_result(r, "elected", "[0,1]");
}
END_TEST

START_TEST(the_rest_are_elected_when_they_are_as_many_as_the_vacancies) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(4, 3);
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL,
                { 12, "[0]" }, { 6, "[1]" }, { 5, "[2]" }, { 4, "[3,2]" });

        /* Quota 7; 5 of 0 are not transferable; 3 goes out and lifts 2 past the quota: 2 and 1 are
         * elected in that stage, by votes, and the surplus of 2 stays. */
        ck_assert_result(r, "quota", "7.00000");
        ck_assert_uint_eq(n_stages(r), 3);
        ck_assert_member(stage_of(r, 2), "option", "3");
        ck_assert_member(
                stage_of(r, 2), "votes", "[\"7.00000\",\"6.00000\",\"9.00000\",\"0.00000\"]");
        ck_assert_member(stage_of(r, 2), "elected", "[2,1]");
        ck_assert_result(r, "elected", "[0,2,1]");
}
END_TEST

START_TEST(those_elected_in_one_stage_are_listed_by_votes_then_number) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(5, 4);
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL,
                { 10, "[3]" }, { 12, "[2]" }, { 10, "[1]" }, { 12, "[4]" }, { 1, "[0]" });

        ck_assert_member(stage_of(r, 0), "elected", "[2,4,1,3]");
}
END_TEST

START_TEST(a_tie_for_exclusion_looks_back_for_the_lowest) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(4, 1);
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, NULL, {5, "[0]"}, {3, "[1]"}, {2, "[2]"}, {1, "[3,2]"});

        ck_assert_member(stage_of(r, 1), "tie", "(none)");
        ck_assert_member(stage_of(r, 2), "option", "2");
        ck_assert_member(stage_of(r, 2), "tie", "{\"by\":\"stage\",\"options\":[1,2],\"stage\":1}");
}
END_TEST

START_TEST(a_tie_of_surpluses_looks_back_for_the_highest) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(5, 4);
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL, {8, "[0,1]"}, {6, "[0]"}, {4, "[1]"},
                {8, "[2,3]"}, {2, "[3]"}, {2, "[4]"});

        /* Quota 7; 0 has 7 over, which give 1 four: 1 and 2 have 8 each, and 2 had them first. */
        ck_assert_result(r, "quota", "7.00000");
        ck_assert_member(stage_of(r, 1), "votes",
                "[\"7.00000\",\"8.00000\",\"8.00000\",\"2.00000\",\"2.00000\"]");
        ck_assert_member(stage_of(r, 2), "option", "2");
        ck_assert_member(stage_of(r, 2), "tie", "{\"by\":\"stage\",\"options\":[1,2],\"stage\":1}");
}
END_TEST

START_TEST(the_latest_stage_that_differs_decides) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(5, 1);
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL, {10, "[0]"}, {4, "[1]"}, {5, "[2]"},
                {1, "[3,2]"}, {2, "[3,0]"}, {2, "[4,1]"});

        /* 1 has 4 6 6 and 2 has 5 5 6: in stage 2 it is 2 that has fewer, in stage 1 it was 1. */
        ck_assert_member(stage_of(r, 2), "votes",
                "[\"12.00000\",\"6.00000\",\"6.00000\",\"0.00000\",\"0.00000\"]");
        ck_assert_member(stage_of(r, 3), "option", "2");
        ck_assert_member(stage_of(r, 3), "tie", "{\"by\":\"stage\",\"options\":[1,2],\"stage\":2}");
}
END_TEST

START_TEST(those_that_remain_tied_go_on_back_among_themselves) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(6, 1);
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL, {12, "[0]"}, {4, "[1]"}, {5, "[2]"},
                {8, "[3]"}, {2, "[4,1]"}, {1, "[4,2]"}, {2, "[5,1]"}, {2, "[5,2]"});

        /* 1 has 4 6 8, 2 has 5 6 8, 3 has 8 8 8: stage 2 spares 3, stage 1 decides between the
         * others. */
        ck_assert_member(stage_of(r, 3), "option", "1");
        ck_assert_member(
                stage_of(r, 3), "tie", "{\"by\":\"stage\",\"options\":[1,2,3],\"stage\":1}");
}
END_TEST

START_TEST(a_tie_at_all_stages_needs_the_lot) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(4, 2);
        const Cast casts[] = { { 9, "[0]" }, { 2, "[1,3]" }, { 2, "[2,3]" }, { 3, "[3]" } };
        _cleanup_(result_freep) Result *stopped = result_of(d, casts, 4, NULL),
                                       *drawn = result_of(d, casts, 4, &lot);
        uint16_t place[4];
        const Json *last;
        int64_t out;

        ck_assert_result(stopped, "outcome", "tie");
        ck_assert_result(stopped, "elected", "[0]");
        ck_assert_result(stopped, "tied", "[1,2]");
        ck_assert_result(stopped, "open_seats", "1");
        ck_assert_result(stopped, "stopped", "{\"action\":\"exclude\",\"options\":[1,2]}");
        ck_assert_uint_eq(n_stages(stopped), 2);
        ck_assert(stopped->needs_lot);

        /* First in the order of the lot is preferred: excluded last. */
        ck_assert_int_eq(lot_places(&lot, 0, 4, place), 0);
        last = stage_of(drawn, 2);
        ck_assert_int_eq(json_get_int(last, "option", 0, 3, &out, NULL), 0);
        ck_assert_int_eq(out, place[1] > place[2] ? 1 : 2);
        ck_assert_member(last, "tie", "{\"by\":\"lot\",\"options\":[1,2]}");
        ck_assert_result(drawn, "outcome", "decided");
        ck_assert_result(drawn, "lot_used", "true");
        ck_assert_result(drawn, "stopped", "(none)");
        ck_assert(!drawn->needs_lot);
}
END_TEST

START_TEST(a_stopped_count_names_all_the_seats_left) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(5, 3);
        _cleanup_(result_freep) Result *r = RESULT_OF(
                d, NULL, { 9, "[0]" }, { 2, "[1]" }, { 2, "[2]" }, { 3, "[3]" }, { 3, "[4]" });

        ck_assert_result(r, "elected", "[0]");
        ck_assert_result(r, "tied", "[1,2]");
        ck_assert_result(r, "open_seats", "2");
}
END_TEST

START_TEST(the_lot_prefers_the_first_for_a_surplus) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(5, 3);
        const Cast casts[] = {{9, "[0,2]"}, {9, "[1,3]"}, {2, "[2]"}, {2, "[3]"}, {1, "[4]"}};
        _cleanup_(result_freep) Result *stopped = result_of(d, casts, 5, NULL),
                                       *drawn = result_of(d, casts, 5, &lot);
        uint16_t place[5];
        int64_t from;

        ck_assert_result(stopped, "outcome", "tie");
        ck_assert_result(stopped, "stopped", "{\"action\":\"surplus\",\"options\":[0,1]}");
        ck_assert_result(stopped, "elected", "[0,1]");
        ck_assert_result(stopped, "open_seats", "1");

        ck_assert_int_eq(lot_places(&lot, 0, 5, place), 0);
        ck_assert_int_eq(json_get_int(stage_of(drawn, 1), "option", 0, 4, &from, NULL), 0);
        ck_assert_int_eq(from, place[0] < place[1] ? 0 : 1);
}
END_TEST

START_TEST(one_seat_is_instant_runoff) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(3, 1);
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, NULL, {4, "[0,1,2]"}, {3, "[1,2,0]"}, {2, "[2,1,0]"});

        ck_assert_member(stage_of(r, 1), "option", "2");
        ck_assert_member(stage_of(r, 1), "votes", "[\"4.00000\",\"5.00000\",\"0.00000\"]");
        ck_assert_result(r, "elected", "[1]");
}
END_TEST

START_TEST(no_papers_at_all_need_a_lot) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(3, 1);
        _cleanup_(result_freep) Result *stopped = result_of(d, NULL, 0, NULL),
                                       *drawn = result_of(d, NULL, 0, &lot);

        ck_assert_result(stopped, "quota", "1.00000");
        ck_assert_result(stopped, "tied", "[0,1,2]");
        ck_assert_result(drawn, "outcome", "decided");
        ck_assert_uint_eq(drawn->questions[0].n_elected, 1);
}
END_TEST

START_TEST(the_largest_weights_do_not_overflow) {
        _cleanup_(definition_unrefp) Definition *d = seats_of(4, 2);
        _cleanup_(count_freep) Count *c = NULL;
        _cleanup_(result_freep) Result *r = NULL;

        ck_assert_int_eq(count_new(&c, d), 0);
        for (unsigned i = 0; i < 510; i++)
                count_choices(c, d, UINT64_C(1) << 31, "[0,1]");
        count_choices(c, d, UINT64_C(1) << 31, "[2]");
        count_choices(c, d, UINT64_C(1) << 31, "[3]");
        ck_assert_int_eq(count_finish(c, NULL, &r), 0);

        /* 2^40 papers, quota 366503875926; v' = floor(10^5 * 728712784874 / 1095216660480) = 66535.
         */
        ck_assert_result(r, "quota", "366503875926.00000");
        ck_assert_member(stage_of(r, 1), "votes",
                "[\"366503875926.00000\",\"728702405050.36800\",\"2147483648.00000\",\"2147483648."
                "00000\"]");
        ck_assert_member(stage_of(r, 1), "residual", "10379503.63200");
        ck_assert_result(r, "elected", "[0,1]");
}
END_TEST

RUN_TESTS("stv",
        values_have_five_decimals,
        a_surplus_moves_all_papers_at_a_truncated_value,
        the_quota_is_one_more_than_the_whole_part,
        blank_ballots_are_no_papers,
        no_more_candidates_than_seats_are_all_elected,
        nobody_is_elected_inside_a_stage,
        the_elected_receive_nothing_even_with_their_own_surplus_pending,
        papers_of_the_excluded_keep_their_value,
        one_option_is_excluded_a_stage,
        the_largest_surplus_goes_first_also_when_it_arose_later,
        pending_surpluses_stay_when_the_seats_are_filled,
        the_rest_are_elected_when_they_are_as_many_as_the_vacancies,
        those_elected_in_one_stage_are_listed_by_votes_then_number,
        a_tie_for_exclusion_looks_back_for_the_lowest,
        a_tie_of_surpluses_looks_back_for_the_highest,
        the_latest_stage_that_differs_decides,
        those_that_remain_tied_go_on_back_among_themselves,
        a_tie_at_all_stages_needs_the_lot,
        a_stopped_count_names_all_the_seats_left,
        the_lot_prefers_the_first_for_a_surplus,
        one_seat_is_instant_runoff,
        no_papers_at_all_need_a_lot,
        the_largest_weights_do_not_overflow)
