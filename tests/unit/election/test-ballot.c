/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

static const char *const five =
        "{\"text\":\"x\",\"method\":\"%s\"%s,\"options\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}";

static Definition* of_method(const char *method, const char *params, const char *more) {
        char question[256];

        (void) snprintf(question, sizeof(question), five, method, params);
        return definition_of(question, more);
}

/* What a choice of one question parses to, as text: "2 0* 1" with * for the start of a tier. */
static void ck_assert_choice(
        const char *method, const char *params, const char *choice, const char *expected) {
        _cleanup_(definition_unrefp) Definition *d = of_method(method, params, "");
        _cleanup_(ballot_freep) Ballot *b = NULL;
        char text[64] = "";
        Why why = {};
        Choice c;

        ck_assert_msg(ballot_of(&b, d, choice, &why) == 0, "%s: %s", choice, why.text);
        ck_assert_uint_eq(ballot_n_choices(b), 1);
        c = ballot_choice(b, 0);
        for (size_t i = 0; i < c.n; i++)
                APPEND(text, "%s%u%s", i > 0 ? " " : "",
                        CHOICE_OPTION(c.items[i]), c.items[i] & TIER_START ? "*" : "");
        ck_assert_str_eq(text, expected);
}

static void ck_assert_refused(
        const char *method, const char *params, const char *choice, const char *expected) {
        _cleanup_(definition_unrefp) Definition *d = of_method(method, params, "");
        Ballot *b = NULL;
        Why why = {};
        int r;

        r = ballot_of(&b, d, choice, &why);
        ck_assert_msg(r == V_BALLOT, "%s: verdict %d, expected %d", choice, r, V_BALLOT);
        ck_assert_str_eq(why.text, expected);
        ck_assert_ptr_null(b);
}

START_TEST(a_plurality_choice_is_one_option) {
        ck_assert_choice("plurality", "", "[2]", "2");
        ck_assert_refused("plurality", "", "[1,2]", "question 0: 2 options, expected one");
        ck_assert_refused("plurality", "", "[5]", "question 0: option 5, expected 0 to 4");
        ck_assert_refused("plurality", "", "[-1]", "question 0: option -1, expected 0 to 4");
        ck_assert_refused("plurality", "", "[\"2\"]",
                "question 0: item 0 is no number, expected an option, 0 to 4");
        ck_assert_refused("plurality", "", "[[2]]",
                "question 0: item 0 is no number, expected an option, 0 to 4");
        ck_assert_refused("plurality", "", "2", "question 0: the choice is no array");
}
END_TEST

START_TEST(an_approval_choice_is_sorted_options) {
        ck_assert_choice("approval", "", "[0,2,4]", "0 2 4");
        ck_assert_choice("approval", ",\"min\":2,\"max\":3", "[3,4]", "3 4");
        ck_assert_refused("approval", "", "[2,1]",
                "question 0: option 1 after option 2, expected ascending numbers, each once");
        ck_assert_refused("approval", "", "[2,2]",
                "question 0: option 2 after option 2, expected ascending numbers, each once");
        ck_assert_refused("approval", "", "[2,7]", "question 0: option 7, expected 0 to 4");
        ck_assert_refused(
                "approval", ",\"min\":2", "[2]", "question 0: 1 options, expected 2 to 5");
        ck_assert_refused(
                "approval", ",\"max\":2", "[1,2,3]", "question 0: 3 options, expected 1 to 2");
}
END_TEST

START_TEST(a_score_choice_has_a_score_for_each_option) {
        ck_assert_choice("score", "", "[0,10,5,0,1]", "0 10 5 0 1");
        ck_assert_choice("score", ",\"max\":1000", "[1000,0,0,0,0]", "1000 0 0 0 0");
        ck_assert_refused("score", "", "[1,2,3,4]",
                "question 0: 4 scores, expected one for each of the 5 options");
        ck_assert_refused("score", "", "[1,2,3,4,11]",
                "question 0: the score of option 4 is 11, expected 0 to 10");
        ck_assert_refused("score", "", "[1,2,-1,4,1]",
                "question 0: the score of option 2 is -1, expected 0 to 10");
        ck_assert_refused("score", "", "[1,true,1,4,1]",
                "question 0: the score of option 1 is no number, expected 0 to 10");
}
END_TEST

START_TEST(a_schulze_choice_is_tiers) {
        ck_assert_choice("schulze", "", "[[2],[1,0]]", "2* 1* 0");
        ck_assert_choice("schulze", "", "[[4,3,2,1,0]]", "4* 3 2 1 0");
        ck_assert_refused("schulze", "", "[[2],[],[1]]", "question 0: tier 1 is empty");
        ck_assert_refused("schulze", "", "[[]]", "question 0: tier 0 is empty");
        ck_assert_refused(
                "schulze", "", "[[2],[1,2]]", "question 0: tier 1: option 2 is listed twice");
        ck_assert_refused("schulze", "", "[[0,0]]", "question 0: tier 0: option 0 is listed twice");
        ck_assert_refused(
                "schulze", "", "[[2],[5]]", "question 0: tier 1: option 5, expected 0 to 4");
        ck_assert_refused("schulze", "", "[2,1]",
                "question 0: tier 0 is no array, expected such as [[2],[0,1]]");
        ck_assert_refused("schulze", "", "[[0,1,2,3,4,0,1,2]]",
                "question 0: tier 0: option 0 is listed twice");
        ck_assert_refused("schulze", "", "[[0],[1],[2],[3],[4],[0]]",
                "question 0: 6 items, expected at most 5");
}
END_TEST

START_TEST(an_stv_choice_is_an_order) {
        ck_assert_choice("stv", "", "[2,0,1]", "2 0 1");
        ck_assert_choice("stv", "", "[4,3,2,1,0]", "4 3 2 1 0");
        ck_assert_refused("stv", "", "[2,0,2]", "question 0: option 2 is listed twice");
        ck_assert_refused("stv", "", "[2,5]", "question 0: option 5, expected 0 to 4");
        ck_assert_refused("stv", "", "[0,1,2,3,4,0]", "question 0: 6 items, expected at most 5");
}
END_TEST

START_TEST(a_blank_choice_is_taken_where_the_election_allows_it) {
        static const char *const methods[] = { "plurality", "approval", "score", "schulze", "stv" };

        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                _cleanup_(definition_unrefp) Definition *d = of_method(methods[i], "", ""),
                        *strict = of_method(methods[i], "", ",\"blank\":false");
                _cleanup_(ballot_freep) Ballot *b = NULL;
                Ballot *none = NULL;
                Why why = {};

                ck_assert_int_eq(ballot_of(&b, d, "[]", &why), 0);
                ck_assert_uint_eq(ballot_choice(b, 0).n, 0);
                ck_assert(ballot_is_blank(b));
                ck_assert_int_eq(ballot_of(&none, strict, "[]", &why), V_BALLOT);
                ck_assert_str_eq(why.text,
                        "question 0: the choice is blank, which this election does not allow");
        }
}
END_TEST

START_TEST(each_question_has_its_choice) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(
                "{\"text\":\"x\",\"method\":\"stv\",\"options\":[\"a\",\"b\",\"c\"]},"
                "{\"text\":\"y\",\"method\":\"plurality\",\"options\":[\"a\",\"b\"]},"
                "{\"text\":\"z\",\"method\":\"score\",\"options\":[\"a\",\"b\"]}", "");
        _cleanup_(ballot_freep) Ballot *b = NULL;
        Ballot *none = NULL;
        Why why = {};

        ck_assert_int_eq(ballot_of(&b, d, "[2,0],[],[3,4]", &why), 0);
        ck_assert_uint_eq(ballot_n_choices(b), 3);
        ck_assert_uint_eq(ballot_choice(b, 0).n, 2);
        ck_assert_uint_eq(ballot_choice(b, 0).items[0], 2);
        ck_assert_uint_eq(ballot_choice(b, 1).n, 0);
        ck_assert_uint_eq(ballot_choice(b, 2).n, 2);
        ck_assert_uint_eq(ballot_choice(b, 2).items[1], 4);
        ck_assert(!ballot_is_blank(b));

        ck_assert_int_eq(ballot_of(&none, d, "[2,0],[1]", &why), V_BALLOT);
        ck_assert_str_eq(why.text, "2 choices, expected one for each of the 3 questions");
        ck_assert_int_eq(ballot_of(&none, d, "[2,0],[1],[1,1],[1]", &why), V_BALLOT);
        ck_assert_int_eq(ballot_of(&none, d, "[2,0],[1],[1,11]", &why), V_BALLOT);
        ck_assert_str_eq(why.text, "question 2: the score of option 1 is 11, expected 0 to 10");
}
END_TEST

START_TEST(a_ballot_is_an_object_of_choices) {
        static const char *const bad[] = {
                "{}",
                "{\"choices\":7}",
                "{\"choices\":[[2]],\"sealed\":[]}",
                "{\"sealed\":[]}",
                "{\"choices\":{}}",
        };
        _cleanup_(definition_unrefp) Definition *d = of_method("plurality", "", "");
        _cleanup_json_ Json *array = json_new_array(), *good = json_of("{\"choices\":[[2]]}");
        Ballot *b = NULL;
        Why why = {};

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_json_ Json *o = json_of(bad[i]);

                ck_assert_msg(ballot_parse(&b, d, o, &why) == V_BALLOT, "%s", bad[i]);
                ck_assert_msg(ballot_check(d, o, NULL) == V_BALLOT, "%s", bad[i]);
                ck_assert_uint_gt(strlen(why.text), 0);
        }
        ck_assert_int_eq(ballot_parse(&b, d, array, &why), V_BALLOT);
        ck_assert_int_eq(ballot_parse(&b, d, NULL, &why), V_BALLOT);
        ck_assert_int_eq(ballot_check(d, good, &why), 0);
}
END_TEST

RUN_TESTS("ballot",
        a_plurality_choice_is_one_option,
        an_approval_choice_is_sorted_options,
        a_score_choice_has_a_score_for_each_option,
        a_schulze_choice_is_tiers,
        an_stv_choice_is_an_order,
        a_blank_choice_is_taken_where_the_election_allows_it,
        each_question_has_its_choice,
        a_ballot_is_an_object_of_choices)
