/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"
#include "votectl/electionfile.h"

#define NOW UINT64_C(1800000000)
#define ID "00000000000000000000000000000000000000000000000000000000000000aa"

static int look_up(void *userdata, const char *name, Json *ids, Why *why) {
        if (!streq(name, "members"))
                return why_set(why, V_UNKNOWN, "no roll \"%s\"", name);
        json_add_text(ids, ID);
        return 0;
}

static int look_up_board(void *userdata, const char *name, Id *ret, Why *why) {
        if (!streq(name, "trustees"))
                return why_set(why, V_UNKNOWN, "no board \"%s\"", name);
        *ret = (Id) { { 7 } };
        return 0;
}

static int read_election(const char *text, Json **ret, Why *why) {
        static const ElectionLookup lookup = { .roll = look_up, .board = look_up_board };

        return election_file_parse(ret, text, strlen(text), NOW, &lookup, why);
}

#define HEAD "{ \"name\": \"board\", \"title\": \"T\", \"rolls\": [\"members\"], "
#define QUESTIONS                                                                                  \
        " \"questions\": [{ \"text\": \"Q\", \"method\": \"schulze\", \"options\": [\"A\", "       \
        "\"None\"], \"default\": \"None\" }] }"

START_TEST(rolls_times_and_the_default_may_be_written_for_people) {
        _cleanup_json_ Json *o = NULL;
        _cleanup_(definition_unrefp) Definition *d = NULL;
        Why why = {};

        ck_assert_msg(read_election(HEAD "\"opens\": \"+10min\", \"closes\": \"2027-04-01 09:00 "
                                         "UTC\", \"grace\": \"2min\"," QUESTIONS,
                              &o, &why) == 0,
                "%s", why.text);
        ck_assert_msg(definition_parse(&d, o, &why) == 0, "%s", why.text);
        ck_assert_uint_eq(d->opens, NOW + 600);
        ck_assert_uint_eq(d->closes, 1806570000);
        ck_assert_uint_eq(d->grace, 120);
        ck_assert_uint_eq(d->n_rolls, 1);
        ck_assert_int_eq(d->questions[0].default_option, 1);
}
END_TEST

START_TEST(the_forms_of_the_ledger_are_fine_too) {
        _cleanup_json_ Json *o = NULL;
        _cleanup_(definition_unrefp) Definition *d = NULL;
        Why why = {};

        ck_assert_msg(read_election("{\"name\":\"b\",\"title\":\"T\",\"rolls\":[\"" ID
                                    "\"],\"opens\":5,\"closes\":9,\"questions\":[{\"text\":\"Q\","
                                    "\"method\":\"plurality\",\"options\":[\"A\",\"B\"]}]}",
                              &o, &why) == 0,
                "%s", why.text);
        ck_assert_msg(definition_parse(&d, o, &why) == 0, "%s", why.text);
        ck_assert_uint_eq(d->opens, 5);
}
END_TEST

static const struct {
        const char *text, *says;
} bad[] = {
        { "[]",                                                                        "expected \"{\""              },
        { "{\"name\":",                                                                "line"                        },
        { HEAD "\"closes\": \"+1h\"," QUESTIONS,                                       "\"opens\" is missing"        },
        { HEAD "\"opens\": \"soon\", \"closes\": \"+1h\"," QUESTIONS,                  "\"opens\""                   },
        { HEAD "\"opens\": \"+1h\", \"closes\": \"2027-04-01 09:00 Mars/Base\"," QUESTIONS, "\"closes\""             },
        { HEAD "\"opens\": \"+1h\", \"closes\": \"+2h\", \"grace\": \"long\"," QUESTIONS, "\"grace\""                },
        { "{\"name\":\"b\",\"title\":\"T\",\"rolls\":[\"strangers\"],\"opens\":5,\"closes\":9," QUESTIONS, "no roll \"strangers\"" },
        { "{\"name\":\"b\",\"title\":\"T\",\"rolls\":[7],\"opens\":5,\"closes\":9," QUESTIONS, "rolls"               },
        { HEAD "\"opens\": 5, \"closes\": 9, \"questions\": [{ \"text\": \"Q\", \"method\": \"schulze\", \"options\": [\"A\"], \"default\": \"B\" }] }", "none of its options" },
        { HEAD "\"opens\": 5, \"closes\": 9, \"secrecy\": \"sealed\", \"board\": \"strangers\"," QUESTIONS, "no board \"strangers\"" },
        { HEAD "\"opens\": 5, \"closes\": 9 }",                                        "questions"                   },
};

START_TEST(what_cannot_be_read_is_refused_with_the_reason) {
        Json *o = NULL;
        Why why = {};
        int r = read_election(bad[_i].text, &o, &why);

        ck_assert_msg(r > 0, "%s: %d", bad[_i].text, r);
        ck_assert_ptr_null(o);
        ck_assert_msg(strstr(why.text, bad[_i].says), "%s: \"%s\" does not say %s", bad[_i].text,
                why.text, bad[_i].says);
}
END_TEST

/* With its roll's name put in, each template is an election as it stands. */
START_TEST(every_template_is_an_election) {
        static const char *const methods[] = { "plurality", "approval", "score", "schulze", "stv" };
        _cleanup_json_ Json *o = NULL, *parsed = NULL;
        _cleanup_(definition_unrefp) Definition *d = NULL;
        const bool sealed = _i >= 5;
        const char *text = election_template(methods[_i % 5], sealed);
        Json *rolls = json_new_array();
        _cleanup_buf_ Buf b = {};
        Why why = {};

        ck_assert_ptr_nonnull(text);
        o = parse(text);
        if (sealed)
                json_set_text(o, "board", "trustees");
        json_add_text(rolls, "members");
        json_set(o, "rolls", rolls);
        ck_assert_int_eq(json_dump(o, &b), 0);
        ck_assert_msg(read_election(b.p, &parsed, &why) == 0, "%s", why.text);
        json_set_int(parsed, "closes", NOW + 86400);
        ck_assert_msg(definition_parse(&d, parsed, &why) == 0, "%s: %s", methods[_i % 5], why.text);
        ck_assert_int_eq(d->secrecy == SECRECY_SEALED, sealed);
        if (sealed) {
                ck_assert(id_equal(&d->board, &(Id) { { 7 } }));
                ck_assert_uint_eq(d->least, 5);
        }
}
END_TEST

START_TEST(what_sums_do_not_count_has_no_sealed_template) {
        ck_assert_ptr_null(election_template("schulze", true));
        ck_assert_ptr_null(election_template("stv", true));
}
END_TEST

START_TEST(there_is_no_template_of_an_unknown_method) {
        ck_assert_ptr_null(election_template("dictatorship", false));
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, rolls_times_and_the_default_may_be_written_for_people);
        tcase_add_test(t, the_forms_of_the_ledger_are_fine_too);
        tcase_add_loop_test(t, what_cannot_be_read_is_refused_with_the_reason, 0, ELEMENTSOF(bad));
        tcase_add_loop_test(t, every_template_is_an_election, 0, 8);
        tcase_add_test(t, what_sums_do_not_count_has_no_sealed_template);
        tcase_add_test(t, there_is_no_template_of_an_unknown_method);
}

int main(void) {
        return run_suite("electionfile", add);
}
