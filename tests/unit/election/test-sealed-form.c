/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help-sealed.h"

#include "election/method.h"
#include "election/sealed-form.h"
#include "voted/limits.h"

static void refused(const char *question, const char *more, int verdict, const char *clause) {
        _cleanup_json_ Json *o = election_json(question, more);
        Definition *d = NULL;
        Why why = {};
        int r;

        r = definition_parse(&d, o, &why);
        ck_assert_msg(r == verdict, "%s: verdict is %d (%s)", more, r, why.text);
        ck_assert_msg(strstr(why.text, clause), "why is \"%s\", expected \"%s\"", why.text, clause);
        ck_assert_ptr_null(d);
}

START_TEST(a_sealed_election_names_its_board) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_of(SEALED_QUESTION("plurality", ""), SEALED_MORE);

        ck_assert_int_eq(d->secrecy, SECRECY_SEALED);
        ck_assert_uint_eq(d->board.b[31], 0xb0);
        ck_assert_uint_eq(d->least, 5);
        ck_assert(!d->exposed);
        refused(SEALED_QUESTION("plurality", ""), ",\"secrecy\":\"sealed\"", V_FORM, "\"board\"");
        refused(SEALED_QUESTION("plurality", ""), ",\"secrecy\":\"sealed\",\"board\":\"b\"", V_FORM,
                "\"board\"");
}
END_TEST

START_TEST(least_is_two_or_more) {
        _cleanup_(definition_unrefp) Definition
                *least = definition_of(SEALED_QUESTION("plurality", ""),
                        SEALED_MORE ",\"least\":2"),
                *most = definition_of(SEALED_QUESTION("plurality", ""),
                        SEALED_MORE ",\"least\":1000000");

        ck_assert_uint_eq(least->least, LEAST_MIN);
        ck_assert_uint_eq(most->least, LEAST_MAX);
        refused(SEALED_QUESTION("plurality", ""), SEALED_MORE ",\"least\":1", V_FORM,
                "\"least\" is 1");
        refused(SEALED_QUESTION("plurality", ""), SEALED_MORE ",\"least\":1000001", V_FORM,
                "\"least\"");
        refused(SEALED_QUESTION("plurality", ""), SEALED_MORE ",\"least\":\"5\"", V_FORM,
                "\"least\"");
        refused(SEALED_QUESTION("plurality", ""), SEALED_MORE ",\"exposed\":1", V_FORM,
                "\"exposed\"");
}
END_TEST

START_TEST(an_open_election_has_none_of_it) {
        refused(SEALED_QUESTION("plurality", ""), "," SEALED_BOARD, V_FORM, "board");
        refused(SEALED_QUESTION("plurality", ""), ",\"secrecy\":\"open\",\"least\":5", V_FORM,
                "least");
        refused(SEALED_QUESTION("plurality", ""), ",\"exposed\":false", V_FORM, "exposed");
}
END_TEST

START_TEST(only_sums_can_be_sealed) {
        refused(SEALED_QUESTION("plurality", "") "," SEALED_QUESTION("schulze", ""),
                SEALED_MORE, V_DEFINITION,
                "question 1: method \"schulze\" cannot be sealed");
        refused(SEALED_QUESTION("stv", ""), SEALED_MORE, V_DEFINITION,
                "question 0: method \"stv\" cannot be sealed");
        refused(SEALED_QUESTION("score", ",\"max\":11"), SEALED_MORE, V_DEFINITION,
                "question 0: \"max\" is 11, expected at most 10");
        for (size_t i = 0; method_at(i); i++)
                ck_assert(method_at(i)->sums == !!method_at(i)->cell_max);
}
END_TEST

START_TEST(json_of_a_sealed_definition_parses_to_the_same) {
        static const char *const more[] = {
                SEALED_MORE,
                SEALED_MORE ",\"least\":7",
                SEALED_MORE ",\"exposed\":true",
                SEALED_MORE ",\"blank\":false,\"exposed\":true,\"least\":2,\"lot\":\"L\"",
        };

        for (size_t i = 0; i < ELEMENTSOF(more); i++) {
                _cleanup_(definition_unrefp) Definition *d =
                        definition_of(SEALED_QUESTION("score", ",\"max\":7"), more[i]);
                _cleanup_json_ Json
                        *given = election_json(SEALED_QUESTION("score", ",\"max\":7"), more[i]),
                        *made = definition_to_json(d);
                _cleanup_buf_ Buf a = {}, b = {};

                ck_assert_int_eq(json_dump(given, &a), 0);
                ck_assert_int_eq(json_dump(made, &b), 0);
                ck_assert_str_eq(a.p, b.p);
        }
}
END_TEST

/* Voters of these weights, each key another. */
static RollSet* rolls_of(const uint32_t *weights, size_t n) {
        _cleanup_json_ Json *o = json_new_object();
        _cleanup_(roll_freep) Roll *roll = NULL;
        Json *voters = json_new_array();
        RollSet *s;

        for (size_t i = 0; i < n; i++) {
                Json *pair = json_new_array();
                Key k = { { (uint8_t) (i + 1) } };

                json_add_key(pair, &k);
                json_add_int(pair, weights[i]);
                json_add(voters, pair);
        }
        json_set_text(o, "name", "r");
        json_set_int(o, "part", 0);
        json_set(o, "voters", voters);
        ck_assert_int_eq(roll_parse(&roll, o, NULL), 0);
        ck_assert_int_eq(roll_set_new(&s), 0);
        ck_assert_int_eq(roll_set_add(s, roll, NULL), 0);
        return s;
}
#define ROLLS(...) \
        rolls_of((uint32_t[]) { __VA_ARGS__ }, sizeof((uint32_t[]) { __VA_ARGS__ }) / sizeof(uint32_t))

static void check_rolls(
        const char *question, const char *more, const RollSet *rolls, const char *clause) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(question, more);
        Why why = {};
        int r;

        r = sealed_rolls_check(d, rolls, &why);
        ck_assert_msg(r == (clause ? V_DEFINITION : 0), "%s: verdict is %d (%s)", more, r, why.text);
        if (clause)
                ck_assert_msg(strstr(why.text, clause), "why is \"%s\", expected \"%s\"", why.text,
                        clause);
}

START_TEST(each_weight_is_held_by_enough_voters_or_exposed) {
        _cleanup_(roll_set_unrefp) RollSet *two = ROLLS(1, 7, 1, 7, 1), *powers = ROLLS(1, 2, 4, 8);
        const char *q = SEALED_QUESTION("plurality", "");

        check_rolls(q, SEALED_MORE ",\"least\":2", two, NULL);
        check_rolls(q, SEALED_MORE ",\"least\":3", two,
                "weight 7 is held by 2 voters, expected at least 3");
        check_rolls(q, SEALED_MORE ",\"least\":3,\"exposed\":true", two, NULL);
        check_rolls(q, SEALED_MORE ",\"least\":4", two, "weight 1 is held by 3 voters");
        check_rolls(q, SEALED_MORE ",\"least\":2", powers, "weight 1 is held by 1 voters");
        check_rolls(q, SEALED_MORE ",\"least\":2,\"exposed\":true", powers, NULL);
        check_rolls(q, "", powers, NULL);               /* an open one gives all away */
}
END_TEST

START_TEST(no_sum_is_larger_than_what_can_be_opened) {
        uint32_t half = UINT32_C(1) << 31;
        _cleanup_(roll_set_unrefp) RollSet
                *full = ROLLS(half, half),
                *over = ROLLS(half, half, 1, 1),
                *tenth = ROLLS(UINT32_C(429496729)),
                *above = ROLLS(UINT32_C(429496730));
        const char *exposed = SEALED_MORE ",\"exposed\":true";

        check_rolls(SEALED_QUESTION("approval", ""), exposed, full, NULL);
        check_rolls(SEALED_QUESTION("approval", ""), exposed, over,
                "question 0: the weights of all voters add up to 4294967298");
        check_rolls(SEALED_QUESTION("score", ""), exposed, tenth, NULL);
        check_rolls(SEALED_QUESTION("plurality", "") "," SEALED_QUESTION("score", ""),
                exposed, above,
                "question 1: the weights of all voters add up to 429496730, times 10");
        check_rolls(SEALED_QUESTION("score", ",\"max\":9"), exposed, above, NULL);
}
END_TEST

/* The question of a definition, what is proved of its options and of their sum. */
static void allowed(const char *question, bool blank, const char *option, const char *total) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(question, SEALED_MORE);
        AllowedValues v = sealed_option_values(&d->questions[0]);
        uint32_t list[ALLOWED_VALUES_MAX];
        char text[256];

        for (int k = 0; k < 2; k++) {
                text[0] = 0;
                if (k == 1 && !sealed_total_values(&d->questions[0], blank, &v))
                        APPEND(text, "any");
                else {
                        allowed_values_list(&v, list);
                        for (size_t i = 0; i < allowed_values_n(&v); i++)
                                APPEND(text, "%s%u", i > 0 ? " " : "", list[i]);
                }
                ck_assert_str_eq(text, k == 0 ? option : total);
        }
}

START_TEST(what_is_proved_follows_from_the_method) {
        allowed(SEALED_QUESTION("plurality", ""), true, "0 1", "0 1");
        allowed(SEALED_QUESTION("plurality", ""), false, "0 1", "1");
        allowed(SEALED_QUESTION("approval", ""), true, "0 1", "0 1 2 3");
        allowed(SEALED_QUESTION("approval", ""), false, "0 1", "1 2 3");
        allowed(SEALED_QUESTION("approval", ",\"min\":2"), true, "0 1", "0 2 3");
        allowed(SEALED_QUESTION("approval", ",\"min\":2,\"max\":2"), false, "0 1", "2");
        allowed(SEALED_QUESTION("score", ",\"max\":3"), true, "0 1 2 3", "any");
        allowed(SEALED_QUESTION("score", ""), false, "0 1 2 3 4 5 6 7 8 9 10", "any");
}
END_TEST

START_TEST(a_readable_ballot_does_not_pass_for_a_sealed_one) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_of(SEALED_QUESTION("plurality", ""), SEALED_MORE);
        _cleanup_json_ Json *o = json_of("{\"choices\":[[1]]}");
        _cleanup_(ballot_freep) Ballot *b = NULL;
        Why why = {};

        ck_assert_int_eq(ballot_check(d, o, &why), V_BALLOT);
        ck_assert_ptr_nonnull(strstr(why.text, "this election is sealed"));
        ck_assert_int_eq(ballot_parse(&b, d, o, &why), 0);      /* what is going to be sealed */
}
END_TEST

RUN_TESTS("sealed-form",
        a_sealed_election_names_its_board,
        least_is_two_or_more,
        an_open_election_has_none_of_it,
        only_sums_can_be_sealed,
        json_of_a_sealed_definition_parses_to_the_same,
        each_weight_is_held_by_enough_voters_or_exposed,
        no_sum_is_larger_than_what_can_be_opened,
        what_is_proved_follows_from_the_method,
        a_readable_ballot_does_not_pass_for_a_sealed_one)
