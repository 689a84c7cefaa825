/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/ballot.h"
#include "help.h"
#include "votectl/choice.h"

#define FOUR "\"options\":[\"Alice\",\"Bob, the builder\",\"Carol\",\"None\"]"

static const char *const questions[] = {
        "{\"text\":\"Q\",\"method\":\"plurality\"," FOUR "}",
        "{\"text\":\"Q\",\"method\":\"approval\"," FOUR ",\"min\":1,\"max\":4}",
        "{\"text\":\"Q\",\"method\":\"score\"," FOUR ",\"max\":10}",
        "{\"text\":\"Q\",\"method\":\"schulze\"," FOUR ",\"default\":3}",
        "{\"text\":\"Q\",\"method\":\"stv\"," FOUR ",\"seats\":2}",
        "{\"text\":\"Years\",\"method\":\"plurality\",\"options\":[\"1\",\"0\",\"2\",\"-\"]}",
        "{\"text\":\"Odd\",\"method\":\"stv\",\"options\":[\"A\",\"B\",\"A, B\",\"\\\"x\\\"\"]}",
        "{\"text\":\"Case\",\"method\":\"plurality\",\"options\":[\"ab\",\"AB\",\"Ab\",\"c\"]}",
};
enum { PLURALITY, APPROVAL, SCORE, SCHULZE, STV, YEARS, ODD, CASE };

static const struct {
        int question;
        const char *text, *choice;
} good[] = {
        { PLURALITY, "Carol",                   "[2]"         },
        { PLURALITY, "carol",                   "[2]"         },
        { PLURALITY, " 2 ",                     "[2]"         },
        { PLURALITY, "#2",                      "[2]"         },
        { PLURALITY, "\"Carol\"",               "[2]"         },
        { PLURALITY, "Bob, the builder",        "[1]"         },
        { PLURALITY, "",                        "[]"          },
        { PLURALITY, " ",                       "[]"          },
        { PLURALITY, "-",                       "[]"          },
        { APPROVAL,  "2,0",                     "[0,2]"       },
        { APPROVAL,  "Carol, Bob, the builder", "[1,2]"       },
        { APPROVAL,  "Alice",                   "[0]"         },
        { SCORE,     "7,3,0,10",                "[7,3,0,10]"  },
        { SCORE,     "Alice=7, Carol=3",        "[7,0,3,0]"   },
        { SCORE,     "2:9",                     "[0,0,9,0]"   },
        { SCORE,     "#1 = 4",                  "[0,4,0,0]"   },
        { SCHULZE,   "2",                       "[[2]]"       },
        { SCHULZE,   "2, 1=0",                  "[[2],[0,1]]" },
        { SCHULZE,   "Carol > Bob, the builder = Alice > None", "[[2],[0,1],[3]]" },
        { STV,       "2,0,1",                   "[2,0,1]"     },
        { STV,       "Carol > Alice",           "[2,0]"       },
        { YEARS,     "#1",                      "[1]"         },
        { YEARS,     "\"1\"",                   "[0]"         },
        { YEARS,     "2",                       "[2]"         },
        { YEARS,     "-",                       "[3]"         },
        { ODD,       "\"A, B\", B",             "[2,1]"       },
        { ODD,       "#0, #1",                  "[0,1]"       },
        { ODD,       "\"x\", B",                "[3,1]"       },
        { CASE,      "\"ab\"",                  "[0]"         },
        { CASE,      "\"AB\"",                  "[1]"         },
        { CASE,      "\"Ab\"",                  "[2]"         },
        { CASE,      "\"C\"",                   "[3]"         },
};

static const struct {
        int question;
        const char *text, *says;
} bad[] = {
        { PLURALITY, "Dave",             "no option"        },
        { PLURALITY, "4",                "no option"        },
        { PLURALITY, "99999999999999",   "no option"        },
        { PLURALITY, "#4",               "no option"        },
        { PLURALITY, "Caro",             "no option"        },
        { PLURALITY, "2,0",              "no option"        },
        { PLURALITY, "\"Carol",          "not closed"       },
        { APPROVAL,  "2,2",              "twice"            },
        { APPROVAL,  "2,,0",             "missing"          },
        { APPROVAL,  ",2",               "missing"          },
        { APPROVAL,  "2 0",              "no option"        },
        { SCORE,     "7,3",              "2 scores for 4"   },
        { SCORE,     "1,2,3,4,5",        "more scores"      },
        { SCORE,     "Alice=x",          "expected a score" },
        { SCORE,     "Alice=1,Alice=2",  "twice"            },
        { SCORE,     "Alice",            "expected \"=\""   },
        { SCORE,     "Alice=2000",       "expected a score" },
        { SCHULZE,   "2,0=2",            "twice"            },
        { SCHULZE,   "2,",               "missing"          },
        { SCHULZE,   "2==1",             "missing"          },
        { STV,       "2=0",              "no option"        },
        { STV,       "2,0,2",            "twice"            },
        { YEARS,     "1",                "is the number of" },
        { ODD,       "A, B",             "may mean"         },
        { CASE,      "AB",               "may mean"         },
        { CASE,      "\"aB\"",           "may mean"         },
};

START_TEST(a_choice_may_be_written_like_this) {
        _cleanup_(definition_unrefp) Definition *d = make_definition(questions[good[_i].question]);
        _cleanup_free_ char *text = NULL;
        Json *choice = NULL;
        Why why = {};
        int r = choice_parse(&choice, &d->questions[0], good[_i].text, &why);

        ck_assert_msg(r == 0, "\"%s\": %s", good[_i].text, why.text);
        text = dump(choice);
        ck_assert_msg(streq(text, good[_i].choice), "\"%s\": %s, expected %s", good[_i].text, text,
                good[_i].choice);
}
END_TEST

START_TEST(what_is_read_is_a_ballot_that_the_election_allows) {
        _cleanup_(definition_unrefp) Definition *d = make_definition(questions[good[_i].question]);
        _cleanup_json_ Json *ballot = json_new_object();
        Json *choices = json_new_array(), *choice = NULL;
        Why why = {};

        ck_assert_int_eq(choice_parse(&choice, &d->questions[0], good[_i].text, NULL), 0);
        json_add(choices, choice);
        json_set(ballot, "choices", choices);
        ck_assert_msg(ballot_check(d, ballot, &why) == 0, "\"%s\": %s", good[_i].text, why.text);
}
END_TEST

START_TEST(what_is_no_choice_is_refused_with_the_reason) {
        _cleanup_(definition_unrefp) Definition *d = make_definition(questions[bad[_i].question]);
        Json *choice = NULL;
        Why why = {};

        ck_assert_msg(choice_parse(&choice, &d->questions[0], bad[_i].text, &why) == V_BALLOT,
                "\"%s\" was taken", bad[_i].text);
        ck_assert_ptr_null(choice);
        ck_assert_msg(strstr(why.text, bad[_i].says), "\"%s\": \"%s\" does not say \"%s\"",
                bad[_i].text, why.text, bad[_i].says);
}
END_TEST

static const struct {
        int question;
        const char *ballot, *words;
} described[] = {
        { PLURALITY, "{\"choices\":[[2]]}",         "Carol"                              },
        { PLURALITY, "{\"choices\":[[]]}",          "(blank)"                            },
        { APPROVAL,  "{\"choices\":[[0,2]]}",       "Alice, Carol"                       },
        { SCORE,     "{\"choices\":[[7,0,3,10]]}",  "Alice: 7, Bob, the builder: 0, Carol: 3, None: 10" },
        { SCHULZE,   "{\"choices\":[[[2],[0,3]]]}", "Carol, then Alice = None"           },
        { STV,       "{\"choices\":[[2,0]]}",       "Carol, then Alice"                  },
};

START_TEST(a_choice_is_read_back_in_words) {
        _cleanup_(definition_unrefp) Definition *d =
                make_definition(questions[described[_i].question]);
        _cleanup_json_ Json *ballot = parse(described[_i].ballot);
        _cleanup_(ballot_freep) Ballot *b = NULL;
        _cleanup_buf_ Buf words = {};

        ck_assert_int_eq(ballot_parse(&b, d, ballot, NULL), 0);
        choice_describe(&words, &d->questions[0], ballot_choice(b, 0));
        ck_assert_str_eq(words.p, described[_i].words);
}
END_TEST

START_TEST(the_hint_says_what_the_question_takes) {
        _cleanup_(definition_unrefp) Definition *d = make_definition(
                "{\"text\":\"Q\",\"method\":\"approval\"," FOUR ",\"min\":2,\"max\":3}");
        _cleanup_buf_ Buf hint = {};

        choice_hint(&hint, &d->questions[0], true);
        ck_assert_ptr_nonnull(strstr(hint.p, "(2 to 3)"));
        ck_assert_ptr_nonnull(strstr(hint.p, "blank"));
}
END_TEST

static void add(TCase *t) {
        tcase_add_loop_test(t, a_choice_may_be_written_like_this, 0, ELEMENTSOF(good));
        tcase_add_loop_test(
                t, what_is_read_is_a_ballot_that_the_election_allows, 0, ELEMENTSOF(good));
        tcase_add_loop_test(t, what_is_no_choice_is_refused_with_the_reason, 0, ELEMENTSOF(bad));
        tcase_add_loop_test(t, a_choice_is_read_back_in_words, 0, ELEMENTSOF(described));
        tcase_add_test(t, the_hint_says_what_the_question_takes);
}

int main(void) {
        return run_suite("choice", add);
}
