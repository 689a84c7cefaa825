/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/verb.h"

#include "../help.h"

static int count_args(int argc, char **argv, void *userdata) {
        const char **ret_first = userdata;

        if (ret_first)
                *ret_first = argc > 0 ? argv[0] : NULL;
        return 1000 + argc;
}

static const Verb verbs[] = {
        { "status", 0, 0, VERB_DEFAULT, count_args, NULL, "One look" },
        { "cast", 1, VERB_ANY, 0, count_args, "ELECTION [CHOICE...]", "Vote in ELECTION" },
        { "key generate", 0, 1, 0, count_args, "[NAME]", "Make a key" },
        { "key show", 0, 0, 0, count_args, NULL, "Show the keys" },
        { "receipt", 1, 1, 0, count_args, "ELECTION", "Fetch a receipt" },
        { "receipt verify", 1, 1, 0, count_args, "FILE", "Check one" },
        { "bridge", 0, 0, VERB_HIDDEN, count_args, NULL, "For ssh" },
        {}
};

static int dispatch(const char *line, const char **ret_first, Why *why) {
        char *argv[8], copy[128], *word = copy;
        int argc = 0;

        (void) snprintf(copy, sizeof(copy), "%s", line);
        while (*word) {
                argv[argc++] = word;
                word += strcspn(word, " ");
                if (*word)
                        *word++ = 0;
        }
        return verb_dispatch(verbs, argc, argv, (void *) ret_first, why);
}

START_TEST(a_verb_is_called_with_what_stands_behind_its_name) {
        static const struct {
                const char *line;
                int r;
                const char *first;
        } cases[] = {
                { "", 1000, NULL }, { "status", 1000, NULL }, { "cast board", 1001, "board" }, { "cast board a b", 1003, "board" }, { "key generate", 1000, NULL }, { "key generate x", 1001, "x" },
                { "receipt board", 1001, "board" }, { "receipt verify f", 1001, "f" }, { "bridge", 1000, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *first = NULL;
                Why why = {};

                ck_assert_msg(dispatch(cases[i].line, &first, &why) == cases[i].r, "\"%s\": %s", cases[i].line, why.text);
                ck_assert_msg(cases[i].first ? first != NULL : first == NULL, "\"%s\"", cases[i].line);
        }
}
END_TEST

START_TEST(a_wrong_call_says_what_would_be_right) {
        static const struct {
                const char *line;
                int r;
                const char *why;
        } cases[] = {
                { "cats board", V_UNKNOWN, "did you mean \"cast\"?" }, { "stat", V_UNKNOWN, "did you mean \"status\"?" }, { "xyzzy", V_UNKNOWN, "--help" },
                { "key", V_FORM, "generate, show" }, { "key shwo", V_UNKNOWN, "did you mean \"key show\"?" }, { "key zzzzzz", V_UNKNOWN, "generate, show" }, { "kye show", V_UNKNOWN, "did you mean \"key show\"?" },
                { "cast", V_FORM, "cast ELECTION [CHOICE...]" }, { "status now", V_FORM, "too many" }, { "receipt", V_FORM, "receipt ELECTION" }, { "receipt verify", V_FORM, "receipt verify FILE" },
                { "key generate a b", V_FORM, "key generate [NAME]" }, { "brdge", V_UNKNOWN, "--help" },       /* hidden ones are not offered */
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Why why = {};

                ck_assert_msg(dispatch(cases[i].line, NULL, &why) == cases[i].r, "\"%s\"", cases[i].line);
                ck_assert_msg(strstr(why.text, cases[i].why), "\"%s\": %s", cases[i].line, why.text);
        }
}
END_TEST

START_TEST(without_a_default_a_verb_is_needed) {
        static const Verb few[] = { { "a", 0, 0, 0, count_args, NULL, "x" }, {} };
        Why why = {};

        ck_assert_int_eq(verb_dispatch(few, 0, NULL, NULL, &why), V_FORM);
        ck_assert_ptr_nonnull(strstr(why.text, "no verb"));
}
END_TEST

START_TEST(the_help_is_made_from_the_table) {
        _cleanup_buf_ Buf b = {};

        verb_help(verbs, &b);
        ck_assert_str_eq(b.p,
                "  status                     One look\n"
                "  cast ELECTION [CHOICE...]  Vote in ELECTION\n"
                "  key generate [NAME]        Make a key\n"
                "  key show                   Show the keys\n"
                "  receipt ELECTION           Fetch a receipt\n"
                "  receipt verify FILE        Check one\n");
}
END_TEST

TEST_MAIN("verb", a_verb_is_called_with_what_stands_behind_its_name, a_wrong_call_says_what_would_be_right, without_a_default_a_verb_is_needed,
        the_help_is_made_from_the_table)
