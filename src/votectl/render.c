/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "base/text.h"
#include "base/time.h"
#include "voted/limits.h"
#include "votectl/progress.h"
#include "votectl/render.h"

#define BAR_COLUMNS_MAX 40U
#define BAR_COLUMNS_MIN 5U
#define FIGURES_COLUMNS 42U             /* what stands beside name and bar, at most */

int64_t render_int(const Json *o, const char *key) {
        int64_t v;

        return json_get_int(o, key, -LINE_INT_MAX, LINE_INT_MAX, &v, NULL) == 0 ? v : 0;
}

static const char* get_text(const Json *o, const char *key) {
        const char *s;

        return json_get_text(o, key, 0, ENTRY_BYTES_MAX, &s, NULL) == 0 ? s : "";
}

const Json* render_array(const Json *o, const char *key) {
        const Json *a;

        return json_get_array(o, key, 0, SIZE_MAX, &a, NULL) == 0 ? a : NULL;
}

bool render_contains(const Json *options, int64_t option) {
        for (size_t i = 0; options && i < json_len(options); i++)
                if (json_is_int(json_at(options, i)) && json_int(json_at(options, i)) == option)
                        return true;
        return false;
}

void render_pad(Buf *b, size_t have, size_t want) {
        for (; have < want; have++)
                buf_add_char(b, ' ');
}

char* render_option(const Json *question, int64_t option, size_t columns) {
        const Json *options = render_array(question, "options");
        const char *text =
                options && option >= 0 ? json_text(json_at(options, (size_t) option)) : NULL;
        char *clean = strdup(text ?: "?"), *cut;

        if (!clean)
                return NULL;
        text_clean(clean);
        if (columns == 0)
                return clean;
        cut = new0(char, strlen(clean) + 8);
        if (cut)
                (void) text_ellipsize(cut, strlen(clean) + 8, clean, columns);
        free(clean);
        return cut;
}

size_t render_options_width(const Json *question, size_t max) {
        const Json *options = render_array(question, "options");
        size_t width = 1;

        for (size_t i = 0; options && i < json_len(options); i++) {
                const char *s = json_text(json_at(options, i));

                if (s)
                        width = MAX(width, text_width(s));
        }
        return MIN(width, max);
}

void render_option_list(Buf *b, const Json *question, const Json *options) {
        for (size_t i = 0; options && i < json_len(options); i++) {
                _cleanup_free_ char *name =
                        render_option(question, json_int(json_at(options, i)), 0);

                buf_printf(b, "%s%s", i > 0 ? ", " : "", name ?: "?");
        }
}

static void add_clean(Buf *b, const char *text) {
        _cleanup_free_ char *clean = strdup(text);

        if (!clean) {
                b->failed = true;
                return;
        }
        text_clean(clean);
        buf_add_text(b, clean);
}

void render_mark(Ctl *c, const Json *question, int64_t option, bool decided) {
        if (render_contains(render_array(question, "elected"), option))
                buf_printf(&c->out, "  %s%s%s", ctl_tint(c, TINT_GOOD),
                        decided ? "elected" : "ahead", ctl_tint(c, TINT_NONE));
        else if (render_contains(render_array(question, "tied"), option))
                buf_printf(&c->out, "  %stied%s", ctl_tint(c, TINT_WARN), ctl_tint(c, TINT_NONE));
}

/* --- plurality, approval, score --- */

static void render_sums(Ctl *c, const Json *q, bool decided) {
        const Json *sums = render_array(q, "sums"), *order = render_array(q, "order");
        const int64_t papers = render_int(q, "weight") - render_int(q, "blank_weight"),
                      max = render_int(q, "max");
        const bool score = streq(get_text(q, "method"), "score");
        const size_t name_columns = render_options_width(q, MAX(c->columns / 3, 12U));
        const size_t taken = 6 + name_columns + 2 + FIGURES_COLUMNS;
        const size_t bar_columns = c->columns > taken + BAR_COLUMNS_MIN
                                           ? MIN(c->columns - taken, (size_t) BAR_COLUMNS_MAX)
                                           : BAR_COLUMNS_MIN;
        int64_t whole = 1;

        for (size_t i = 0; sums && i < json_len(sums); i++)
                whole = MAX(whole, json_int(json_at(sums, i)));
        for (size_t i = 0; order && i < json_len(order); i++) {
                const int64_t option = json_int(json_at(order, i)),
                              sum = MAX(sums && option >= 0
                                                ? json_int(json_at(sums, (size_t) option))
                                                : 0,
                                      INT64_C(0));
                _cleanup_free_ char *name = render_option(q, option, name_columns);
                _cleanup_buf_ Buf bar = {};
                char number[FORMAT_NUMBER_MAX];

                buf_printf(&c->out, "  %3" PRIi64 " %s", option, name ?: "?");
                render_pad(&c->out, text_width(name ?: "?"), name_columns + 1);
                bar_draw(&bar, (uint64_t) sum, (uint64_t) whole, (unsigned) bar_columns, c->utf8);
                buf_printf(&c->out, "%s%s%s", ctl_tint(c, TINT_MARK), bar.p ?: "",
                        ctl_tint(c, TINT_NONE));
                render_pad(&c->out, bar.p ? text_width(bar.p) : 0, bar_columns);
                buf_printf(&c->out, " %9s", format_number(number, (uint64_t) sum));
                if (score && papers > 0) {      /* the mean, in hundredths, rounded down */
                        const uint64_t mean =
                                (uint64_t) ((__uint128_t) sum * 100 / (uint64_t) papers);

                        buf_printf(&c->out, "  mean %" PRIu64 ".%02" PRIu64 " of %" PRIi64,
                                mean / 100, mean % 100, max);
                } else if (papers > 0) {
                        const uint64_t share =
                                (uint64_t) ((__uint128_t) sum * 1000 / (uint64_t) papers);

                        buf_printf(&c->out, " %3" PRIu64 ".%" PRIu64 " %%", share / 10, share % 10);
                }
                render_mark(c, q, option, decided);
                buf_add_char(&c->out, '\n');
        }
}

/* --- all --- */

static void render_outcome(Ctl *c, const Json *q, bool decided) {
        const Json *elected = render_array(q, "elected"), *tied = render_array(q, "tied");
        const char *outcome = get_text(q, "outcome");
        const int64_t open_seats = render_int(q, "open_seats");

        buf_add_text(&c->out, "  ");
        if (elected && json_len(elected) > 0) {
                buf_printf(&c->out, "%s%s: ", ctl_tint(c, decided ? TINT_GOOD : TINT_WARN),
                        decided ? "Elected" : "So far");
                render_option_list(&c->out, q, elected);
                buf_add_text(&c->out, ctl_tint(c, TINT_NONE));
                if (json_has(q, "lot_used")) {
                        bool used;

                        if (json_get_bool(q, "lot_used", &used, NULL) == 0 && used)
                                buf_add_text(&c->out, " (a tie was broken by the lot)");
                }
                buf_add_text(&c->out, streq(outcome, "tie") ? "\n  " : "");
        }
        if (streq(outcome, "unopened"))
                buf_printf(&c->out, "%sNot opened%s", ctl_tint(c, TINT_WARN), ctl_tint(c, TINT_NONE));
        else if (streq(outcome, "none"))
                buf_printf(&c->out, "%sNone of the options: the default option won%s",
                        ctl_tint(c, TINT_WARN), ctl_tint(c, TINT_NONE));
        else if (streq(outcome, "tie")) {
                buf_printf(&c->out, "%sTie for %" PRIi64 " %s%s: ", ctl_tint(c, TINT_WARN),
                        open_seats, open_seats == 1 ? "seat" : "seats",
                        decided ? ", needs a lot" : " so far");
                render_option_list(&c->out, q, tied);
                buf_add_text(&c->out, ctl_tint(c, TINT_NONE));
        } else if (!elected || json_len(elected) == 0)
                buf_add_text(&c->out, "Nobody is elected");
        buf_add_char(&c->out, '\n');
}

static void render_question(Ctl *c, const Json *q, size_t number, bool decided) {
        const char *method = get_text(q, "method");
        char a[FORMAT_NUMBER_MAX], b[FORMAT_NUMBER_MAX];
        const int64_t ballots = render_int(q, "ballots"), weight = render_int(q, "weight"),
                      blank = render_int(q, "blank_ballots");

        buf_printf(&c->out, "\n%sQuestion %zu: ", ctl_tint(c, TINT_BOLD), number);
        add_clean(&c->out, get_text(q, "text"));
        buf_printf(&c->out, "%s\n  %s, %s ballots", ctl_tint(c, TINT_NONE), method,
                format_number(a, (uint64_t) MAX(ballots, INT64_C(0))));
        if (weight != ballots)
                buf_printf(&c->out, " of weight %s",
                        format_number(b, (uint64_t) MAX(weight, INT64_C(0))));
        if (blank > 0)
                buf_printf(&c->out, ", %s blank", format_number(a, (uint64_t) blank));
        buf_add_char(&c->out, '\n');
        render_outcome(c, q, decided);
        buf_add_char(&c->out, '\n');

        if (streq(method, "schulze"))
                render_schulze(c, q, decided);
        else if (streq(method, "stv"))
                render_stv(c, q);
        else if (json_has(q, "sums"))
                render_sums(c, q, decided);
}

static void render_lot(Ctl *c, const Json *result, bool decided) {
        bool needs = false;
        const Json *lot;

        if (json_get_object(result, "lot", &lot, NULL) == 0) {
                buf_add_text(&c->out, "\nThe lot: ");
                add_clean(&c->out, get_text(lot, "source"));
                if (json_has(lot, "value")) {
                        buf_add_text(&c->out, "\n  drawn: ");
                        add_clean(&c->out, get_text(lot, "value"));
                        buf_add_text(&c->out, "\n  posted by ");
                        add_clean(&c->out, get_text(lot, "signer"));
                }
                buf_add_char(&c->out, '\n');
        }
        if (!decided || json_get_bool(result, "needs_lot", &needs, NULL) != 0 || !needs)
                return;
        if (json_get_object(result, "lot", &lot, NULL) == 0)
                buf_printf(&c->out,
                        "\n%sNeeds a lot.%s When its source has spoken, an administrator posts it: "
                        "votectl draw ELECTION VALUE\n",
                        ctl_tint(c, TINT_WARN), ctl_tint(c, TINT_NONE));
        else
                buf_printf(&c->out,
                        "\n%sA tie is left%s, and the election names no source of a lot to break "
                        "it.\n",
                        ctl_tint(c, TINT_WARN), ctl_tint(c, TINT_NONE));
}

int render_results(Ctl *c, const Json *reply) {
        const Json *summary, *result, *questions;
        bool interim = true, final = false;
        int64_t voters, ballots;
        char a[FORMAT_NUMBER_MAX], b[FORMAT_NUMBER_MAX];
        Why why = {};
        int r;

        r = json_get_object(reply, "summary", &summary, &why);
        if (r == 0)
                r = json_get_object(reply, "result", &result, &why);
        if (r == 0)
                r = json_get_bool(reply, "interim", &interim, &why);
        if (r == 0)
                r = json_get_bool(reply, "final", &final, &why);
        if (r != 0)
                return ctl_fail_why(
                        c, r, EXIT_WRONG, "Node and votectl may be of different versions.", &why);

        buf_printf(&c->out, "%s", ctl_tint(c, TINT_BOLD));
        add_clean(&c->out, get_text(summary, "name"));
        buf_printf(&c->out, "%s: ", ctl_tint(c, TINT_NONE));
        add_clean(&c->out, get_text(summary, "title"));
        voters = render_int(summary, "voters");
        ballots = render_int(result, "ballots");
        buf_printf(&c->out, "\n%s of %s voters took part",
                format_number(a, (uint64_t) MAX(ballots, INT64_C(0))),
                format_number(b, (uint64_t) MAX(voters, INT64_C(0))));
        if (voters > 0)
                buf_printf(&c->out, " (%" PRIi64 ".%" PRIi64 " %%)",
                        (int64_t) ((__int128_t) ballots * 1000 / voters / 10),
                        (int64_t) ((__int128_t) ballots * 1000 / voters % 10));
        if (final)
                buf_printf(
                        &c->out, "; %sfinal%s\n", ctl_tint(c, TINT_GOOD), ctl_tint(c, TINT_NONE));
        else if (streq(get_text(summary, "phase"), "open"))
                buf_printf(&c->out, "; %sinterim%s: the election is open until %s\n",
                        ctl_tint(c, TINT_WARN), ctl_tint(c, TINT_NONE),
                        format_time((char[FORMAT_TIME_MAX]) {},
                                (uint64_t) MAX(render_int(summary, "closes"), INT64_C(0))));
        else
                buf_printf(&c->out, "; %sinterim%s: its closing block is not final yet\n",
                        ctl_tint(c, TINT_WARN), ctl_tint(c, TINT_NONE));

        questions = render_array(result, "questions");
        for (size_t i = 0; questions && i < json_len(questions); i++)
                render_question(c, json_at(questions, i), i, !interim);
        render_sealed(c, result);
        render_lot(c, result, !interim);
        return buf_error(&c->out) < 0 ? ctl_oom(c) : EXIT_DONE;
}
