/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"
#include "election/result.h"
#include "help.h"
#include "votectl/progress.h"
#include "votectl/render.h"

/* Counts the ballots and renders the result on a screen of that width. The text is the caller's. */
static char *show(const char *question, const char *const *ballots, unsigned columns, bool color,
        bool final) {
        _cleanup_(definition_unrefp) Definition *d = make_definition(question);
        _cleanup_json_ Json *reply = json_new_object();
        _cleanup_(count_freep) Count *count = NULL;
        _cleanup_(result_freep) Result *result = NULL;
        Json *summary = json_new_object();
        Ctl c = { .columns = columns, .rows = 24, .utf8 = true, .color = color };
        size_t n;

        ck_assert_int_eq(count_new(&count, d), 0);
        for (; *ballots; ballots++) {
                _cleanup_(ballot_freep) Ballot *b = NULL;
                _cleanup_json_ Json *o = parse(*ballots);
                Why why = {};

                ck_assert_msg(ballot_parse(&b, d, o, &why) == 0, "%s: %s", *ballots, why.text);
                ck_assert_int_eq(count_add(count, b, 1), 0);
        }
        ck_assert_int_eq(count_finish(count, NULL, &result), 0);
        json_set_text(summary, "name", "board");
        json_set_text(summary, "title", "The board");
        json_set_text(summary, "phase", final ? "closed" : "open");
        json_set_int(summary, "voters", 10);
        json_set_int(summary, "closes", 100);
        json_set(reply, "summary", summary);
        json_set_bool(reply, "interim", !final);
        json_set_bool(reply, "final", final);
        json_set(reply, "result", json_share(result->json));
        ck_assert_int_eq(render_results(&c, reply), EXIT_DONE);
        return buf_take(&c.out, &n);
}

#define BALLOTS(...) ((const char *const[]) { __VA_ARGS__, NULL })
#define B(x) "{\"choices\":[" x "]}"

static void says(const char *text, const char *part) {
        ck_assert_msg(strstr(text, part), "\"%s\" is not in\n%s", part, text);
}

static void widest_is(const char *text, size_t columns) {
        for (const char *p = text; *p; ) {
                const char *end = strchrnul(p, '\n');
                _cleanup_free_ char *line = strndup(p, (size_t) (end - p));

                ck_assert_msg(text_width(line) <= columns, "%zu columns, expected at most %zu:\n%s",
                        text_width(line), columns, line);
                p = *end ? end + 1 : end;
        }
}

#define PLURALITY                                                                                  \
        "{\"text\":\"Who?\",\"method\":\"plurality\",\"options\":[\"Alice\",\"Bob\",\"Carol\"]}"

START_TEST(bars_are_as_long_as_the_sums) {
        _cleanup_free_ char *text =
                show(PLURALITY, BALLOTS(B("[1]"), B("[1]"), B("[1]"), B("[1]"), B("[0]"), B("[]")),
                        80, false, true);

        says(text, "6 of 10 voters took part (60.0 %); final");
        says(text, "Elected: Bob");
        says(text, "1 Bob   ████████");
        says(text, " 4  80.0 %  elected");
        says(text, " 1  20.0 %");
        says(text, "6 ballots, 1 blank");
        ck_assert_msg(strstr(text, "Bob") < strstr(text, "0 Alice"), "the highest comes first");
        widest_is(text, 80);
}
END_TEST

START_TEST(a_tie_needs_a_lot_and_says_so) {
        _cleanup_free_ char *text = show(PLURALITY, BALLOTS(B("[1]"), B("[0]")), 80, false, true);

        says(text, "Tie for 1 seat, needs a lot: Alice, Bob");
        says(text, "tied");
        says(text, "names no source of a lot");
}
END_TEST

START_TEST(interim_figures_are_called_interim) {
        _cleanup_free_ char *text = show(PLURALITY, BALLOTS(B("[1]")), 80, false, false);

        says(text, "interim: the election is open until 1970-01-01 00:01:40 UTC");
        says(text, "So far: Bob");
}
END_TEST

START_TEST(without_colour_there_is_no_escape_sequence) {
        _cleanup_free_ char *plain = show(PLURALITY, BALLOTS(B("[1]")), 80, false, true),
                            *tinted = show(PLURALITY, BALLOTS(B("[1]")), 80, true, true);

        ck_assert_ptr_null(strchr(plain, '\033'));
        ck_assert_ptr_nonnull(strchr(tinted, '\033'));
}
END_TEST

START_TEST(a_long_name_is_shortened_on_a_narrow_screen) {
        _cleanup_free_ char *text =
                show("{\"text\":\"Who?\",\"method\":\"plurality\",\"options\":["
                     "\"Wolfeschlegelsteinhausenbergerdorff the Elder\",\"Bob\"]}",
                        BALLOTS(B("[0]")), 72, false, true);
        _cleanup_free_ char *bars = strdup(strstr(text, "  0 Wolf") ?: "");

        says(bars, "…");
        widest_is(bars, 72);
}
END_TEST

START_TEST(a_score_has_its_mean) {
        _cleanup_free_ char *text = show(
                "{\"text\":\"Which?\",\"method\":\"score\",\"options\":[\"A\",\"B\"],\"max\":10}",
                BALLOTS(B("[7,3]"), B("[8,0]")), 80, false, true);

        says(text, "mean 7.50 of 10");
        says(text, "mean 1.50 of 10");
}
END_TEST

#define SCHULZE                                                                                    \
        "{\"text\":\"Lead?\",\"method\":\"schulze\",\"options\":[\"Alice\",\"Bob\",\"None\"],"     \
        "\"default\":2,\"quorum\":4}"

START_TEST(the_matrix_marks_who_beats_whom) {
        _cleanup_free_ char *text = show(SCHULZE,
                BALLOTS(B("[[0],[1]]"), B("[[0],[1]]"), B("[[0],[2]]"), B("[[1],[0]]")), 80, false,
                true);

        says(text, "Elected: Alice");
        says(text, "dropped: quorum not reached, 3 for");
        says(text, "  0 Alice");
        says(text, "3+");
        says(text, "None (default)");
}
END_TEST

START_TEST(a_cycle_is_shown_with_what_was_dropped) {
        _cleanup_free_ char *text =
                show("{\"text\":\"Lead?\",\"method\":\"schulze\",\"options\":[\"A\",\"B\",\"C\"]}",
                        BALLOTS(B("[[0],[1],[2]]"), B("[[0],[1],[2]]"), B("[[0],[1],[2]]"),
                                B("[[1],[2],[0]]"), B("[[1],[2],[0]]"), B("[[2],[0],[1]]"),
                                B("[[2],[0],[1]]")),
                        80, false, true);

        says(text, "A cycle of defeats was resolved");
        says(text, "dropped: C over A, 4 to 3");
        says(text, "Elected: A");
}
END_TEST

START_TEST(a_wide_matrix_is_broken_into_blocks_that_fit) {
        _cleanup_buf_ Buf question = {};
        _cleanup_free_ char *text = NULL;

        buf_add_text(&question, "{\"text\":\"Lead?\",\"method\":\"schulze\",\"options\":[");
        for (unsigned i = 0; i < 40; i++)
                buf_printf(&question, "%s\"Option %u\"", i ? "," : "", i);
        buf_add_text(&question, "]}");
        text = show(question.p, BALLOTS(B("[[0],[1]]")), 60, false, true);
        widest_is(strstr(text, "How many") + strcspn(strstr(text, "How many"), "\n"), 60);
        says(text, " 39 ");
}
END_TEST

#define STV                                                                                        \
        "{\"text\":\"Council?\",\"method\":\"stv\",\"options\":[\"Alice\",\"Bob\",\"Carol\"],"     \
        "\"seats\":2}"

START_TEST(the_rounds_tell_surpluses_and_exclusions) {
        _cleanup_free_ char *text = show(STV,
                BALLOTS(B("[0,1]"), B("[0,1]"), B("[0,1]"), B("[0,2]"), B("[1]"), B("[2]")), 80,
                false, true);

        says(text, "2 seats, 6 papers, quota 3");
        says(text, "1 first preferences; elected: Alice");
        says(text, "surplus of Alice, 1");
        says(text, "Votes at the end of each stage");
        says(text, "not transferable");
        says(text, "1.75");
        widest_is(text, 80);
}
END_TEST

START_TEST(a_count_that_stopped_says_what_the_lot_must_decide) {
        _cleanup_free_ char *text = show("{\"text\":\"Council?\",\"method\":\"stv\",\"options\":["
                                         "\"Alice\",\"Bob\",\"Carol\"],\"seats\":1}",
                BALLOTS(B("[0]"), B("[1]"), B("[2]")), 80, false, true);

        says(text, "stopped: a lot must say who is excluded, of Alice, Bob, Carol");
        says(text, "needs a lot");
}
END_TEST

/* A node may send anything. */
static const char *const odd[] = {
        "{\"summary\":{},\"interim\":false,\"final\":true,\"result\":{\"questions\":[{\"method\":\"schulze\",\"options\":[1,2],\"order\":[5,-1,\"x\"],\"pairwise\":[[1],7,[]],\"iterations\":[{},{\"weakest\":[{}]}],\"dropped\":[{}]}]}}",
        "{\"summary\":{},\"interim\":false,\"final\":true,\"result\":{\"questions\":[{\"method\":\"stv\",\"options\":[\"a\"],\"stages\":[{\"votes\":[1]},{\"action\":\"exclude\",\"option\":99},{}]}]}}",
        "{\"summary\":{},\"interim\":false,\"final\":true,\"result\":{\"questions\":[{\"method\":\"plurality\",\"options\":[],\"sums\":[-5],\"order\":[0,9,-3],\"weight\":-1,\"elected\":[-1]}]}}",
        "{\"summary\":{\"voters\":-3},\"interim\":true,\"final\":true,\"result\":{\"questions\":7,\"ballots\":-9007199254740991}}",
        "{\"summary\":{\"title\":\"\"},\"interim\":true,\"final\":false,\"result\":{\"lot\":{},\"needs_lot\":true,\"questions\":[{}]}}",
};

START_TEST(an_odd_result_harms_nobody) {
        _cleanup_json_ Json *o = parse(odd[_i]);
        Ctl c = { .columns = 10, .rows = 24 };

        ck_assert_int_eq(render_results(&c, o), EXIT_DONE);
        buf_done(&c.out);
}
END_TEST

START_TEST(a_bar_has_eighths) {
        _cleanup_buf_ Buf whole = {}, half = {}, least = {}, none = {}, plain = {};

        bar_draw(&whole, 5, 5, 3, true);
        ck_assert_str_eq(whole.p, "███");
        bar_draw(&half, 1, 2, 3, true);
        ck_assert_str_eq(half.p, "█▌");
        bar_draw(&least, 1, 1000000, 3, true);
        ck_assert_str_eq(least.p, "▏");
        bar_draw(&none, 0, 5, 3, true);
        ck_assert_uint_eq(none.n, 0);
        bar_draw(&plain, 1, 2, 4, false);
        ck_assert_str_eq(plain.p, "##");
}
END_TEST

START_TEST(numbers_are_grouped) {
        char b[FORMAT_NUMBER_MAX];

        ck_assert_str_eq(format_number(b, 0), "0");
        ck_assert_str_eq(format_number(b, 999), "999");
        ck_assert_str_eq(format_number(b, 1000), "1,000");
        ck_assert_str_eq(format_number(b, UINT64_MAX), "18,446,744,073,709,551,615");
        ck_assert_str_eq(format_bytes(b, 1023), "1023 B");
        ck_assert_str_eq(format_bytes(b, 1536), "1.5 KiB");
        ck_assert_str_eq(format_bytes(b, UINT64_C(5) << 30), "5.0 GiB");
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, bars_are_as_long_as_the_sums);
        tcase_add_test(t, a_tie_needs_a_lot_and_says_so);
        tcase_add_test(t, interim_figures_are_called_interim);
        tcase_add_test(t, without_colour_there_is_no_escape_sequence);
        tcase_add_test(t, a_long_name_is_shortened_on_a_narrow_screen);
        tcase_add_test(t, a_score_has_its_mean);
        tcase_add_test(t, the_matrix_marks_who_beats_whom);
        tcase_add_test(t, a_cycle_is_shown_with_what_was_dropped);
        tcase_add_test(t, a_wide_matrix_is_broken_into_blocks_that_fit);
        tcase_add_test(t, the_rounds_tell_surpluses_and_exclusions);
        tcase_add_test(t, a_count_that_stopped_says_what_the_lot_must_decide);
        tcase_add_loop_test(t, an_odd_result_harms_nobody, 0, ELEMENTSOF(odd));
        tcase_add_test(t, a_bar_has_eighths);
        tcase_add_test(t, numbers_are_grouped);
}

int main(void) {
        return run_suite("render", add);
}
