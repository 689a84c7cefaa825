/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

#include "voted/limits.h"

static const char *const questions =
        "{\"text\":\"p\",\"method\":\"plurality\",\"options\":[\"a\",\"b\",\"c\",\"d\"]},"
        "{\"text\":\"a\",\"method\":\"approval\",\"options\":[\"a\",\"b\",\"c\",\"d\"],\"seats\":2}"
        ","
        "{\"text\":\"s\",\"method\":\"score\",\"options\":[\"a\",\"b\",\"c\",\"d\"],\"max\":9},"
        "{\"text\":\"c\",\"method\":\"schulze\",\"options\":[\"a\",\"b\",\"c\",\"d\"],\"default\":"
        "3,\"quorum\":2},"
        "{\"text\":\"t\",\"method\":\"stv\",\"options\":[\"a\",\"b\",\"c\",\"d\"],\"seats\":2}";

static const char *const ballots[] = {
        "[0],[0,1],[9,1,0,0],[[0],[1,2]],[0,1,2]",
        "[1],[2],[0,0,0,1],[[3]],[2,1]",
        "[],[],[],[],[]",
        "[2],[1,2,3],[5,5,5,5],[[2,3],[0]],[1,3]",
        "[1],[],[0,9,9,0],[],[3]",
};

/* The text of a result without the number of ballots, which weights do not change. */
static char* text_of(Result *r) {
        _cleanup_buf_ Buf text = {};

        json_set_int(r->json, "ballots", 0);
        for (size_t i = 0; i < r->n_questions; i++) {
                json_set_int(r->questions[i].json, "ballots", 0);
                json_set_int(r->questions[i].json, "blank_ballots", 0);
        }
        ck_assert_int_eq(json_dump(r->json, &text), 0);
        return buf_take(&text, NULL);
}

START_TEST(a_ballot_of_weight_w_equals_w_ballots) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(questions, "");
        uint64_t seed = 1;

        for (unsigned round = 0; round < 200; round++) {
                _cleanup_(count_freep) Count *heavy = NULL, *many = NULL;
                _cleanup_(result_freep) Result *a = NULL, *b = NULL;
                _cleanup_free_ char *x = NULL, *y = NULL;

                ck_assert_int_eq(count_new(&heavy, d), 0);
                ck_assert_int_eq(count_new(&many, d), 0);
                for (size_t i = 0; i < ELEMENTSOF(ballots); i++) {
                        uint64_t weight = 1 + random_below(&seed, 20);

                        count_choices(heavy, d, weight, ballots[i]);
                        for (uint64_t k = 0; k < weight; k++)
                                count_choices(many, d, 1, ballots[i]);
                }
                ck_assert_int_eq(count_finish(heavy, NULL, &a), 0);
                ck_assert_int_eq(count_finish(many, NULL, &b), 0);
                x = text_of(a);
                y = text_of(b);
                ck_assert_str_eq(x, y);
        }
}
END_TEST

START_TEST(the_order_of_ballots_changes_nothing) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(questions, "");
        _cleanup_(count_freep) Count *there = NULL, *back = NULL;
        _cleanup_(result_freep) Result *a = NULL, *b = NULL;
        _cleanup_free_ char *x = NULL, *y = NULL;

        ck_assert_int_eq(count_new(&there, d), 0);
        ck_assert_int_eq(count_new(&back, d), 0);
        for (size_t i = 0; i < ELEMENTSOF(ballots); i++) {
                count_choices(there, d, 3 + i, ballots[i]);
                count_choices(back, d, 3 + ELEMENTSOF(ballots) - 1 - i,
                        ballots[ELEMENTSOF(ballots) - 1 - i]);
        }
        ck_assert_int_eq(count_finish(there, NULL, &a), 0);
        ck_assert_int_eq(count_finish(back, NULL, &b), 0);
        x = text_of(a);
        y = text_of(b);
        ck_assert_str_eq(x, y);
}
END_TEST

START_TEST(each_question_is_counted_by_its_method) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(questions, "");
        _cleanup_(result_freep) Result *r =
                RESULT_OF(d, NULL, {3, ballots[0]}, {1, ballots[1]}, {2, ballots[2]});

        ck_assert_uint_eq(r->n_questions, 5);
        ck_assert_member(r->json, "ballots", "3");
        ck_assert_member(r->json, "weight", "6");
        ck_assert_member(r->questions[0].json, "elected", "[0]");
        ck_assert_member(r->questions[1].json, "elected", "[0,1]");
        ck_assert_member(r->questions[2].json, "sums", "[27,3,0,1]");
        ck_assert_member(r->questions[3].json, "elected", "[0]");
        ck_assert_member(r->questions[4].json, "elected", "[0,2]");
        for (size_t i = 0; i < 5; i++) {
                ck_assert_member(r->questions[i].json, "weight", "6");
                ck_assert_member(r->questions[i].json, "blank_weight", "2");
                ck_assert_member(r->questions[i].json, "blank_ballots", "1");
        }
}
END_TEST

START_TEST(a_result_may_be_taken_again_and_again) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(questions, "");
        _cleanup_(count_freep) Count *c = NULL;
        _cleanup_(result_freep) Result *first = NULL, *second = NULL, *third = NULL;
        _cleanup_buf_ Buf a = {}, b = {};

        ck_assert_int_eq(count_new(&c, d), 0);
        count_choices(c, d, 2, ballots[0]);
        ck_assert_int_eq(count_finish(c, NULL, &first), 0);
        ck_assert_int_eq(count_finish(c, NULL, &second), 0);
        ck_assert_int_eq(json_dump(first->json, &a), 0);
        ck_assert_int_eq(json_dump(second->json, &b), 0);
        ck_assert_str_eq(a.p, b.p);

        count_choices(c, d, 5, ballots[1]);
        ck_assert_int_eq(count_finish(c, NULL, &third), 0);
        ck_assert_member(third->json, "weight", "7");
        ck_assert_member(third->questions[0].json, "sums", "[2,5,0,0]");
}
END_TEST

START_TEST(a_weight_outside_the_rules_is_not_counted) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(questions, "");
        _cleanup_(ballot_freep) Ballot *b = NULL;
        _cleanup_(count_freep) Count *c = NULL;
        _cleanup_(result_freep) Result *r = NULL;

        ck_assert_int_eq(count_new(&c, d), 0);
        ck_assert_int_eq(ballot_of(&b, d, ballots[0], NULL), 0);
        ck_assert_int_eq(count_add(c, b, 0), -EINVAL);
        ck_assert_int_eq(count_add(c, b, WEIGHT_MAX + 1), -EINVAL);
        for (unsigned i = 0; i < 512; i++)
                ck_assert_int_eq(count_add(c, b, WEIGHT_MAX), 0);
        ck_assert_int_eq(count_add(c, b, 1), -EOVERFLOW);

        ck_assert_int_eq(count_finish(c, NULL, &r), 0);
        ck_assert_member(r->json, "ballots", "512");
        ck_assert_member(r->json, "weight", "1099511627776");
        ck_assert_member(r->questions[2].json, "sums", "[9895604649984,1099511627776,0,0]");
}
END_TEST

START_TEST(the_lot_is_named_with_source_value_and_signer) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_of(questions, ",\"lot\":\"The draw of 1 May\"");
        Lot lot = { .value = "4 8 15" };
        _cleanup_(result_freep) Result *before = RESULT_OF(d, NULL, {1, ballots[0]}), *after = NULL;
        uint16_t place[4], order[4];
        char text[32];

        memset(&lot.signer, 0xab, sizeof(lot.signer));
        after = RESULT_OF(d, &lot, { 1, ballots[0] });
        ck_assert_member(before->json, "lot", "{\"source\":\"The draw of 1 May\"}");
        ck_assert_member(after->json, "lot",
                "{\"signer\":\"abababababababababababababababababababababababababababababababab\","
                "\"source\":\"The draw of 1 May\",\"value\":\"4 8 15\"}");

        for (size_t q = 0; q < 5; q++) {
                ck_assert_int_eq(lot_places(&lot, q, 4, place), 0);
                for (size_t i = 0; i < 4; i++)
                        order[place[i]] = (uint16_t) i;
                (void) snprintf(text, sizeof(text), "[%u,%u,%u,%u]", order[0], order[1], order[2],
                        order[3]);
                ck_assert_member(after->questions[q].json, "lot_order", text);
                ck_assert_member(before->questions[q].json, "lot_order", "(none)");
        }
}
END_TEST

START_TEST(one_tie_makes_the_election_need_a_lot) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(
                "{\"text\":\"p\",\"method\":\"plurality\",\"options\":[\"a\",\"b\"]},"
                "{\"text\":\"q\",\"method\":\"plurality\",\"options\":[\"a\",\"b\"]}", "");
        _cleanup_(result_freep) Result *r = RESULT_OF(d, NULL, { 1, "[0],[0]" }, { 1, "[0],[1]" });

        ck_assert_int_eq(r->questions[0].outcome, OUTCOME_DECIDED);
        ck_assert_int_eq(r->questions[1].outcome, OUTCOME_TIE);
        ck_assert(r->needs_lot);
        ck_assert_member(r->json, "needs_lot", "true");
        ck_assert_str_eq(outcome_name(OUTCOME_TIE), "tie");
}
END_TEST

RUN_TESTS("result",
        a_ballot_of_weight_w_equals_w_ballots,
        the_order_of_ballots_changes_nothing,
        each_question_is_counted_by_its_method,
        a_result_may_be_taken_again_and_again,
        a_weight_outside_the_rules_is_not_counted,
        the_lot_is_named_with_source_value_and_signer,
        one_tie_makes_the_election_need_a_lot)
