/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

#include "election/method.h"
#include "voted/limits.h"

#define Q "{\"text\":\"Which?\",\"options\":[\"a\",\"b\",\"c\"],\"method\":\"plurality\"}"
#define QUESTION(method, params) \
        "{\"text\":\"Which?\",\"options\":[\"a\",\"b\",\"c\"],\"method\":\"" method "\"" params "}"

static void refused(const Json *o, int verdict, const char *clause) {
        Definition *d = NULL;
        Why why = {};
        int r;

        r = definition_parse(&d, o, &why);
        ck_assert_msg(
                r == verdict, "verdict is %d (%s), expected %d (%s)", r, why.text, verdict, clause);
        ck_assert_msg(strstr(why.text, clause), "why is \"%s\", expected \"%s\"", why.text, clause);
        ck_assert_ptr_null(d);
}

static void question_refused(const char *question, int verdict, const char *clause) {
        _cleanup_json_ Json *o = election_json(question, "");

        refused(o, verdict, clause);
}

static void more_refused(const char *more, int verdict, const char *clause) {
        _cleanup_json_ Json *o = election_json(Q, more);

        refused(o, verdict, clause);
}

/* The election with one member replaced by `value`. */
static void member_refused(const char *key, const char *value, int verdict, const char *clause) {
        static const char *const members[][2] = {
                {"name", "\"test\""},
                {"title", "\"A test\""},
                {"opens", "100"},
                {"closes", "200"},
                {"rolls", "[\"0000000000000000000000000000000000000000000000000000000000000007\"]"},
                {"questions", "[" Q "]"},
        };
        _cleanup_json_ Json *o = NULL;
        _cleanup_buf_ Buf text = {};

        buf_add_char(&text, '{');
        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                const char *v = streq(members[i][0], key) ? value : members[i][1];

                if (v)
                        buf_printf(&text, "%s\"%s\":%s", text.n > 1 ? "," : "", members[i][0], v);
        }
        buf_add_char(&text, '}');
        ck_assert_int_eq(buf_error(&text), 0);

        o = json_of(text.p);
        refused(o, verdict, clause);
}

START_TEST(what_is_absent_has_its_default) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_of(Q "," QUESTION("approval", "") "," QUESTION("score", "") "," QUESTION(
                                      "schulze", "") "," QUESTION("stv", ""),
                        "");

        ck_assert_str_eq(d->name, "test");
        ck_assert_str_eq(d->title, "A test");
        ck_assert_str_eq(d->about, "");
        ck_assert_ptr_null(d->lot);
        ck_assert_uint_eq(d->opens, 100);
        ck_assert_uint_eq(d->closes, 200);
        ck_assert_uint_eq(d->grace, 0);
        ck_assert_uint_eq(d->n_rolls, 1);
        ck_assert_uint_eq(d->rolls[0].b[31], 7);
        ck_assert_int_eq(d->secrecy, SECRECY_OPEN);
        ck_assert(d->revote);
        ck_assert(d->blank);
        ck_assert_uint_eq(d->n_questions, 5);
        ck_assert_uint_eq(d->n_options, 15);

        ck_assert_str_eq(d->questions[0].method->name, "plurality");
        ck_assert_uint_eq(d->questions[1].min, 1);
        ck_assert_uint_eq(d->questions[1].max, 3);
        ck_assert_uint_eq(d->questions[1].seats, 1);
        ck_assert_uint_eq(d->questions[2].max, 10);
        ck_assert_int_eq(d->questions[3].default_option, -1);
        ck_assert_uint_eq(d->questions[3].quorum, 0);
        ck_assert_ptr_null(d->questions[3].majority);
        ck_assert_uint_eq(d->questions[4].seats, 1);
}
END_TEST

START_TEST(what_is_given_is_kept) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(
                QUESTION("approval", ",\"min\":2,\"max\":2,\"seats\":2") "," QUESTION(
                        "score", ",\"max\":1000") "," QUESTION("schulze",
                        ",\"default\":2,\"quorum\":1099511627776,\"majority\":[[3,1],[2,1],[1,1]]"),
                ",\"about\":\"Two\\nlines\",\"lot\":\"The draw of 1 "
                "May\",\"grace\":86400,\"revote\":false,"
                "\"blank\":false,\"secrecy\":\"open\"");

        ck_assert_str_eq(d->about, "Two\nlines");
        ck_assert_str_eq(d->lot, "The draw of 1 May");
        ck_assert_uint_eq(d->grace, 86400);
        ck_assert(!d->revote);
        ck_assert(!d->blank);
        ck_assert_uint_eq(d->questions[0].min, 2);
        ck_assert_uint_eq(d->questions[0].max, 2);
        ck_assert_uint_eq(d->questions[0].seats, 2);
        ck_assert_uint_eq(d->questions[1].max, 1000);
        ck_assert_int_eq(d->questions[2].default_option, 2);
        ck_assert_uint_eq(d->questions[2].quorum, WEIGHT_SUM_MAX);
        ck_assert_uint_eq(d->questions[2].majority[0].num, 3);
        ck_assert_uint_eq(d->questions[2].majority[2].den, 1);
}
END_TEST

START_TEST(the_entry_itself_is_parsed) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(Q,
                ",\"kind\":\"election\",\"signer\":\"x\",\"signature\":\"y\"");

        ck_assert_str_eq(d->name, "test");
}
END_TEST

START_TEST(json_of_a_definition_parses_to_the_same) {
        const char *questions = QUESTION("approval", ",\"min\":2,\"max\":2,\"seats\":2") ","
                QUESTION("score", ",\"max\":7") "," QUESTION("stv", ",\"seats\":9") "," Q ","
                QUESTION("schulze", ",\"default\":2,\"quorum\":5,\"majority\":[[3,2],[2,1],[1,1]]");
        const char *more =
                ",\"about\":\"x\",\"lot\":\"L\",\"grace\":5,\"revote\":false,\"blank\":false";
        _cleanup_(definition_unrefp) Definition *d = definition_of(questions, more);
        _cleanup_json_ Json *given = election_json(questions, more), *made = definition_to_json(d);
        _cleanup_buf_ Buf a = {}, b = {};

        ck_assert_int_eq(json_dump(given, &a), 0);
        ck_assert_int_eq(json_dump(made, &b), 0);
        ck_assert_str_eq(a.p, b.p);
}
END_TEST

START_TEST(json_of_a_definition_leaves_defaults_out) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_of(QUESTION("approval", ",\"min\":1,\"max\":3,\"seats\":1") "," QUESTION(
                                      "score", ",\"max\":10"),
                        ",\"about\":\"\",\"secrecy\":\"open\",\"revote\":true,\"blank\":true");
        _cleanup_json_ Json *given = election_json(
                                    QUESTION("approval", "") "," QUESTION("score", ""), ""),
                            *made = definition_to_json(d);
        _cleanup_buf_ Buf a = {}, b = {};

        ck_assert_int_eq(json_dump(given, &a), 0);
        ck_assert_int_eq(json_dump(made, &b), 0);
        ck_assert_str_eq(a.p, b.p);
}
END_TEST

START_TEST(a_definition_is_freed_with_its_last_reference) {
        Definition *d = definition_of(Q, "");

        ck_assert_ptr_eq(definition_ref(d), d);
        ck_assert_ptr_null(definition_unref(d));
        ck_assert_str_eq(d->name, "test");
        ck_assert_ptr_null(definition_unref(d));
        ck_assert_ptr_null(definition_unref(NULL));
}
END_TEST

START_TEST(secrecy_is_open_or_sealed) {
        more_refused(",\"secrecy\":\"secret\"", V_DEFINITION, "\"secrecy\" is \"secret\"");
        ck_assert_str_eq(secrecy_name(SECRECY_OPEN), "open");
        ck_assert_str_eq(secrecy_name(SECRECY_SEALED), "sealed");
}
END_TEST

START_TEST(a_key_that_nobody_takes_is_refused) {
        more_refused(",\"board\":\"b\"", V_FORM, "board");
        question_refused(QUESTION("plurality", ",\"colour\":1"), V_FORM, "colour");
}
END_TEST

START_TEST(a_key_of_another_method_is_refused) {
        question_refused(QUESTION("plurality", ",\"seats\":1"), V_DEFINITION,
                "question 0: method \"plurality\" takes no \"seats\"");
        question_refused(QUESTION("plurality", ",\"max\":1"), V_DEFINITION,
                "\"plurality\" takes no \"max\"");
        question_refused(QUESTION("approval", ",\"default\":1"), V_DEFINITION,
                "\"approval\" takes no \"default\"");
        question_refused(
                QUESTION("score", ",\"min\":1"), V_DEFINITION, "\"score\" takes no \"min\"");
        question_refused(QUESTION("schulze", ",\"seats\":1"), V_DEFINITION,
                "\"schulze\" takes no \"seats\"");
        question_refused(
                QUESTION("stv", ",\"quorum\":1"), V_DEFINITION, "\"stv\" takes no \"quorum\"");
        question_refused(
                QUESTION("stv", ",\"majority\":[]"), V_DEFINITION, "\"stv\" takes no \"majority\"");
        question_refused(QUESTION("borda", ""), V_DEFINITION,
                "method \"borda\" is unknown, expected plurality");
}
END_TEST

START_TEST(names_and_titles_are_checked) {
        member_refused("name", "\"Board\"", V_FORM, "name");
        member_refused("name", NULL, V_FORM, "name");
        member_refused("title", "\"\"", V_FORM, "title");
        member_refused("title", "\"two\\nlines\"", V_FORM, "title");
        question_refused(
                "{\"text\":\"a\\tb\",\"options\":[\"a\"],\"method\":\"stv\"}", V_FORM, "text");
        question_refused("{\"text\":\"a\",\"options\":[\"a\\nb\"],\"method\":\"stv\"}", V_FORM,
                "option 0 holds a line break");
        question_refused(
                "{\"text\":\"a\",\"options\":[\"\"],\"method\":\"stv\"}", V_FORM, "question 0: ");
        more_refused(",\"lot\":\"a\\nb\"", V_FORM, "lot");
}
END_TEST

START_TEST(an_election_opens_before_it_closes) {
        member_refused("opens", "200", V_DEFINITION, "closes (200) before it opens (200)");
        member_refused("opens", "201", V_DEFINITION, "closes (200) before it opens (201)");
        member_refused("opens", "0", V_FORM, "opens");
        member_refused("closes", "-5", V_FORM, "closes");
        member_refused("closes", "9007199254740991", V_FORM, "closes");
}
END_TEST

START_TEST(grace_is_within_the_limits_of_the_network) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(Q, ",\"grace\":59"),
                                                *none = definition_of(Q, "");
        Why why = {};

        more_refused(",\"grace\":0", V_FORM, "grace");
        more_refused(",\"grace\":86401", V_FORM, "grace");
        ck_assert_int_eq(definition_check(d, VOTE_BYTES_DEFAULT, 60, &why), V_DEFINITION);
        ck_assert_str_eq(why.text, "\"grace\" is 59 seconds, this network expects at least 60");
        ck_assert_int_eq(definition_check(d, VOTE_BYTES_DEFAULT, 59, &why), 0);
        ck_assert_int_eq(definition_check(none, VOTE_BYTES_DEFAULT, 60, &why), 0);
}
END_TEST

START_TEST(rolls_are_named_once_each) {
        member_refused("rolls", "[]", V_FORM, "rolls");
        member_refused("rolls", "[\"members\"]", V_FORM, "rolls");
        member_refused("rolls",
                "[\"0000000000000000000000000000000000000000000000000000000000000007\","
                "\"0000000000000000000000000000000000000000000000000000000000000007\"]",
                V_DEFINITION, "rolls 0 and 1 are the same");
}
END_TEST

START_TEST(option_texts_of_a_question_differ) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(Q "," Q, "");

        ck_assert_uint_eq(d->n_options, 6);
        question_refused(Q ",{\"text\":\"x\",\"options\":[\"a\",\"b\",\"a\"],\"method\":\"stv\"}",
                V_DEFINITION, "question 1: options 0 and 2 are both \"a\"");
        question_refused("{\"text\":\"x\",\"options\":[],\"method\":\"stv\"}", V_FORM, "options");
}
END_TEST

static void add_questions(Buf *text, size_t n_questions, size_t n_options) {
        for (size_t i = 0; i < n_questions; i++) {
                buf_printf(text, "%s{\"text\":\"x\",\"method\":\"stv\",\"options\":[",
                        i > 0 ? "," : "");
                for (size_t k = 0; k < n_options; k++)
                        buf_printf(text, "%s\"o%zu\"", k > 0 ? "," : "", k);
                buf_add_text(text, "]}");
        }
        ck_assert_int_eq(buf_error(text), 0);
}

START_TEST(there_are_at_most_64_questions) {
        _cleanup_buf_ Buf most = {}, more = {};
        _cleanup_(definition_unrefp) Definition *d = NULL;

        add_questions(&most, 64, 4);
        d = definition_of(most.p, "");
        ck_assert_uint_eq(d->n_options, 256);

        add_questions(&more, 65, 1);
        question_refused(more.p, V_FORM, "questions");
        question_refused("", V_FORM, "questions");
}
END_TEST

START_TEST(there_are_at_most_256_options_in_all) {
        _cleanup_buf_ Buf most = {}, more = {}, one = {};
        _cleanup_(definition_unrefp) Definition *d = NULL;

        add_questions(&most, 2, 128);
        d = definition_of(most.p, "");
        ck_assert_uint_eq(d->n_options, 256);

        add_questions(&more, 3, 86);
        question_refused(more.p, V_DEFINITION, "258 options in all, expected at most 256");
        add_questions(&one, 1, 257);
        question_refused(one.p, V_FORM, "options");
}
END_TEST

START_TEST(parameters_are_within_their_ranges) {
        question_refused(QUESTION("approval", ",\"min\":0"), V_FORM, "min");
        question_refused(QUESTION("approval", ",\"min\":4"), V_FORM, "min");
        question_refused(QUESTION("approval", ",\"max\":4"), V_FORM, "max");
        question_refused(QUESTION("approval", ",\"min\":3,\"max\":2"), V_DEFINITION,
                "\"min\" is 3, expected at most \"max\"");
        question_refused(QUESTION("approval", ",\"seats\":0"), V_FORM, "seats");
        question_refused(QUESTION("score", ",\"max\":0"), V_FORM, "max");
        question_refused(QUESTION("score", ",\"max\":1001"), V_FORM, "max");
        question_refused(QUESTION("stv", ",\"seats\":257"), V_FORM, "seats");
        question_refused(QUESTION("schulze", ",\"default\":3"), V_FORM, "default");
        question_refused(
                QUESTION("schulze", ",\"default\":0,\"quorum\":1099511627777"), V_FORM, "quorum");
}
END_TEST

START_TEST(a_majority_is_a_ratio_of_at_least_one_for_each_option) {
        question_refused(QUESTION("schulze", ",\"default\":2,\"majority\":[[1,1],[1,1]]"),
                V_DEFINITION, "\"majority\" has 2 items");
        question_refused(
                QUESTION("schulze", ",\"default\":2,\"majority\":[[1,1],[1,1],[1,1],[1,1]]"),
                V_DEFINITION, "\"majority\" has 4 items");
        question_refused(QUESTION("schulze", ",\"default\":2,\"majority\":[[1,2],[1,1],[1,1]]"),
                V_DEFINITION, "majority of option 0 is 1/2");
        question_refused(QUESTION("schulze", ",\"default\":2,\"majority\":[[1001,1],[1,1],[1,1]]"),
                V_FORM, "majority");
        question_refused(QUESTION("schulze", ",\"default\":2,\"majority\":[[1,0],[1,1],[1,1]]"),
                V_FORM, "majority");
        question_refused(QUESTION("schulze", ",\"default\":2,\"majority\":[[1],[1,1],[1,1]]"),
                V_FORM, "majority");
        question_refused(QUESTION("schulze", ",\"default\":2,\"majority\":[[1,1],[1,1],[2,1]]"),
                V_DEFINITION, "never dropped");
}
END_TEST

START_TEST(quorum_and_majority_need_a_default_option) {
        question_refused(
                QUESTION("schulze", ",\"quorum\":1"), V_DEFINITION, "\"quorum\" needs \"default\"");
        question_refused(QUESTION("schulze", ",\"majority\":[[1,1],[1,1],[1,1]]"), V_DEFINITION,
                "\"majority\" needs \"default\"");
}
END_TEST

/* The largest ballot, written out, has just the bytes that are foretold. */
START_TEST(the_largest_ballot_is_foretold) {
        static const struct {
                const char *method, *params, *choices;
                size_t n;
        } cases[] = {
                {"plurality", "", "[11]", 12},
                {"approval", "", "[0,1,2,3,4,5,6,7,8,9,10,11]", 12},
                {"approval", ",\"max\":3", "[9,10,11]", 12},
                {"score", ",\"max\":99", "[99,99,99]", 3},
                {"schulze", "", "[[10],[9],[8],[7],[6],[5],[4],[3],[2],[1],[0]]", 11},
                {"stv", "", "[10,9,8,7,6,5,4,3,2,1,0]", 11},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(definition_unrefp) Definition *d =
                        definition_simple(cases[i].method, cases[i].n, cases[i].params);
                size_t len = strlen("{\"choices\":[]}") + strlen(cases[i].choices);
                _cleanup_(ballot_freep) Ballot *b = NULL;
                Why why = {};

                ck_assert_msg(ballot_of(&b, d, cases[i].choices, &why) == 0, "%s", why.text);
                ck_assert_msg(definition_ballot_bytes_max(d) == len, "%s: %zu, expected %zu",
                        cases[i].method, definition_ballot_bytes_max(d), len);
        }
}
END_TEST

START_TEST(the_largest_vote_fits_the_limit_of_the_network) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(Q "," Q, "");
        char line[1024], hex[65] = {}, signature[87] = {};
        Why why = {};
        int n;

        memset(hex, 'f', 64);
        memset(signature, 'A', 86);
        n = snprintf(line, sizeof(line),
                "{\"ballot\":{\"choices\":[[2],[2]]},\"election\":\"%s\",\"kind\":\"vote\","
                "\"seq\":2147483648,\"signature\":\"%s\",\"signer\":\"%s\"}",
                hex, signature, hex);
        ck_assert_uint_eq(definition_vote_bytes_max(d), (size_t) n);
        ck_assert_int_eq(definition_check(d, (size_t) n, 0, &why), 0);
        ck_assert_int_eq(definition_check(d, (size_t) n - 1, 0, &why), V_DEFINITION);
        ck_assert_ptr_nonnull(strstr(why.text, "ask fewer questions or options"));
}
END_TEST

START_TEST(what_is_no_object_is_refused) {
        _cleanup_json_ Json
                *a = json_new_array(),
                *o = json_of(
                        "{\"questions\":[[]],\"name\":\"x\",\"title\":\"x\","
                        "\"opens\":1,\"closes\":2,\"rolls\":["
                        "\"0000000000000000000000000000000000000000000000000000000000000007\"]}");

        refused(a, V_FORM, "an election is an object");
        refused(o, V_FORM, "questions");
        member_refused("questions", "7", V_FORM, "questions");
}
END_TEST

START_TEST(every_method_is_found_by_its_name) {
        size_t i = 0;

        for (; method_at(i); i++)
                ck_assert_ptr_eq(method_by_name(method_at(i)->name), method_at(i));
        ck_assert_uint_eq(i, 5);
        ck_assert_ptr_null(method_by_name(""));
}
END_TEST

RUN_TESTS("definition",
        what_is_absent_has_its_default,
        what_is_given_is_kept,
        the_entry_itself_is_parsed,
        json_of_a_definition_parses_to_the_same,
        json_of_a_definition_leaves_defaults_out,
        a_definition_is_freed_with_its_last_reference,
        secrecy_is_open_or_sealed,
        a_key_that_nobody_takes_is_refused,
        a_key_of_another_method_is_refused,
        names_and_titles_are_checked,
        an_election_opens_before_it_closes,
        grace_is_within_the_limits_of_the_network,
        rolls_are_named_once_each,
        option_texts_of_a_question_differ,
        there_are_at_most_64_questions,
        there_are_at_most_256_options_in_all,
        parameters_are_within_their_ranges,
        a_majority_is_a_ratio_of_at_least_one_for_each_option,
        quorum_and_majority_need_a_default_option,
        the_largest_ballot_is_foretold,
        the_largest_vote_fits_the_limit_of_the_network,
        what_is_no_object_is_refused,
        every_method_is_found_by_its_name)
