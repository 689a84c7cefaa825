/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"
#include "votectl/options.h"

static int run_nothing(Ctl *c) {
        return 0;
}

static const CtlOption own[] = {
        { "choice",  'c', "CHOICE", true,  "" },
        { "no-wait", 0,   NULL,     false, "" },
        {},
};
static const CtlOption global[] = {
        { "json", 'j', NULL,   false, "" },
        { "host", 'H', "HOST", false, "" },
        { "help", 'h', NULL,   false, "" },
        {},
};
static const CtlVerb some[] = {
        { "cast", "ELECTION", 1, 1, 0, run_nothing, own, "", "" },
        { "network create", "", 0, 0, 0, run_nothing, NULL, "", "" },
        { "network add", "FILE", 1, 1, 0, run_nothing, NULL, "", "" },
        { "receipt", "ELECTION", 1, 1, 0, run_nothing, NULL, "", "" },
        { "receipt list", "", 0, 0, 0, run_nothing, NULL, "", "" },
        { "proof", "", 0, 0, 0, run_nothing, own, "", "" },
        { "proof check", "FILE", 1, 1, 0, run_nothing, NULL, "", "" },
        { "help", "[VERB]", 0, 2, 0, run_nothing, NULL, "", "" },
        { "secret", "", 0, 0, CTL_VERB_HIDDEN, run_nothing, NULL, "", "" },
        {},
};
static const CtlVerb *const families[] = { some, NULL };

#define ARGS(...) ((const char *const[]) { "votectl", __VA_ARGS__, NULL })

static int parse_args(const char *const *args, Options *ret, const CtlVerb **ret_verb, Why *why) {
        int n = 0;

        while (args[n])
                n++;
        return options_parse(ret, ret_verb, families, global, n, (char**) args, why);
}

START_TEST(options_may_stand_anywhere) {
        const CtlVerb *v = NULL;
        Options o;
        Why why = {};

        ck_assert_msg(parse_args(ARGS("-H", "cast", "-j", "cast", "--choice=A", "board", "-c", "B",
                                         "--no-wait"),
                              &o, &v, &why) == 0,
                "%s", why.text);
        ck_assert_str_eq(v->name, "cast");
        ck_assert_uint_eq(o.n_args, 1);
        ck_assert_str_eq(o.args[0], "board");
        ck_assert_str_eq(option_value(&o, "host"), "cast");
        ck_assert_str_eq(option_value(&o, "choice"), "B");
        ck_assert_str_eq(option_value_at(&o, "choice", 0), "A");
        ck_assert_str_eq(option_value_at(&o, "choice", 1), "B");
        ck_assert_ptr_null(option_value_at(&o, "choice", 2));
        ck_assert_ptr_nonnull(option_value(&o, "json"));
        ck_assert_ptr_nonnull(option_value(&o, "no-wait"));
        ck_assert_ptr_null(option_value(&o, "help"));
}
END_TEST

/* The value of an option is no second word. */
START_TEST(a_verb_with_options_may_be_a_group_too) {
        static const char *const ways[][2] = { { "--choice", "x" }, { "-c", "x" }, { "-c", "check" } };
        const CtlVerb *v = NULL;
        Options o;
        Why why = {};

        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                ck_assert_msg(parse_args(ARGS("proof", ways[i][0], ways[i][1]), &o, &v, &why) == 0, "%s", why.text);
                ck_assert_str_eq(v->name, "proof");
                ck_assert_str_eq(option_value(&o, "choice"), ways[i][1]);
        }
        ck_assert_int_eq(parse_args(ARGS("proof", "--no-wait"), &o, &v, NULL), 0);
        ck_assert_int_eq(parse_args(ARGS("proof", "check", "x"), &o, &v, NULL), 0);
        ck_assert_str_eq(v->name, "proof check");
}
END_TEST

START_TEST(a_verb_may_have_two_words) {
        const CtlVerb *v = NULL;
        Options o;

        ck_assert_int_eq(parse_args(ARGS("network", "-j", "add", "x"), &o, &v, NULL), 0);
        ck_assert_str_eq(v->name, "network add");
        ck_assert_str_eq(o.args[0], "x");
        ck_assert_int_eq(parse_args(ARGS("receipt", "list"), &o, &v, NULL), 0);
        ck_assert_str_eq(v->name, "receipt list");
        ck_assert_int_eq(parse_args(ARGS("receipt", "board"), &o, &v, NULL), 0);
        ck_assert_str_eq(v->name, "receipt");
        ck_assert_str_eq(o.args[0], "board");
        ck_assert_int_eq(parse_args(ARGS("receipt", "--", "list"), &o, &v, NULL), 0);
        ck_assert_str_eq(v->name, "receipt");
        ck_assert_str_eq(o.args[0], "list");
}
END_TEST

START_TEST(behind_two_dashes_nothing_is_an_option) {
        const CtlVerb *v = NULL;
        Options o;

        ck_assert_int_eq(parse_args(ARGS("cast", "--", "--json"), &o, &v, NULL), 0);
        ck_assert_str_eq(o.args[0], "--json");
        ck_assert_int_eq(parse_args(ARGS("network", "add", "-"), &o, &v, NULL), 0);
        ck_assert_str_eq(o.args[0], "-");
}
END_TEST

START_TEST(help_needs_no_arguments) {
        const CtlVerb *v = NULL;
        Options o;

        ck_assert_int_eq(parse_args(ARGS("cast", "--help"), &o, &v, NULL), 0);
        ck_assert_str_eq(v->name, "cast");
        ck_assert_int_eq(parse_args(ARGS("--help"), &o, &v, NULL), 0);
        ck_assert_ptr_null(v);
}
END_TEST

START_TEST(a_group_has_help_as_well) {
        const char *const *const lines[] = {
                ARGS("network", "--help"), ARGS("--help", "network"), ARGS("network", "-h"), ARGS("help", "network"),
        };

        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                const CtlVerb *v = NULL;
                Options o;

                ck_assert_int_eq(parse_args(lines[i], &o, &v, NULL), 0);
                ck_assert_str_eq(v->name, "help");
                ck_assert_uint_eq(o.n_args, 1);
                ck_assert_str_eq(o.args[0], "network");
        }
}
END_TEST

static const struct {
        const char *const args[6];
        const char *says;
} bad[] = {
        { { "votectl", "casst", "x" },                    "did you mean \"cast\""      },
        { { "votectl", "network", "creat" },              "did you mean \"network create\"" },
        { { "votectl", "netwrok" },                       "did you mean \"network\""   },
        { { "votectl", "network" },                       "second word"                },
        { { "votectl", "frobnicate" },                    "see votectl --help"         },
        { { "votectl", "secre" },                         "see votectl --help"         },
        { { "votectl", "cast" },                          "an argument is missing"     },
        { { "votectl", "cast", "a", "b" },                "unexpected argument \"b\""  },
        { { "votectl", "cast", "a", "--jsn" },            "did you mean --json"        },
        { { "votectl", "cast", "a", "--chioce", "x" },    "did you mean --choice"      },
        { { "votectl", "cast", "a", "--choice" },         "needs a value"              },
        { { "votectl", "cast", "a", "--no-wait=1" },      "takes no value"             },
        { { "votectl", "cast", "a", "-j", "-j" },         "given twice"                },
        { { "votectl", "cast", "a", "-x" },               "unknown option -x"          },
        { { "votectl", "cast", "a", "-jx" },              "takes no value"             },
        { { "votectl", "receipt", "list", "--no-wait" },  "unknown option"             },
};

START_TEST(a_wrong_command_line_says_what_may_have_been_meant) {
        const CtlVerb *v = NULL;
        Options o;
        Why why = {};

        ck_assert_int_eq(parse_args(bad[_i].args, &o, &v, &why), V_FORM);
        ck_assert_msg(strstr(why.text, bad[_i].says), "%s: \"%s\" does not say %s", bad[_i].args[1],
                why.text, bad[_i].says);
}
END_TEST

START_TEST(a_thousand_options_are_refused) {
        const char *args[2 * OPTIONS_GIVEN_MAX + 10] = { "votectl", "cast", "x" };
        const CtlVerb *v = NULL;
        Options o;
        Why why = {};

        for (size_t i = 3; i + 1 < ELEMENTSOF(args); i++)
                args[i] = i % 2 ? "-c" : "x";
        args[ELEMENTSOF(args) - 2] = NULL;
        ck_assert_int_eq(parse_args(args, &o, &v, &why), V_FORM);
        ck_assert_ptr_nonnull(strstr(why.text, "more than"));
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, options_may_stand_anywhere);
        tcase_add_test(t, a_verb_may_have_two_words);
        tcase_add_test(t, a_verb_with_options_may_be_a_group_too);
        tcase_add_test(t, behind_two_dashes_nothing_is_an_option);
        tcase_add_test(t, help_needs_no_arguments);
        tcase_add_test(t, a_group_has_help_as_well);
        tcase_add_loop_test(
                t, a_wrong_command_line_says_what_may_have_been_meant, 0, ELEMENTSOF(bad));
        tcase_add_test(t, a_thousand_options_are_refused);
}

int main(void) {
        return run_suite("options", add);
}
