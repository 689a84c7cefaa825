/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "votectl/render.h"

/* "751.00000" is 751 to people; other decimals stay as they are published. */
static const char* value(const Json *j, char buf[static 32]) {
        const char *s = json_text(j);
        size_t n;

        if (!s)
                return "?";
        n = strlen(s);
        if (n > 6 && streq(s + n - 6, ".00000"))
                n -= 6;
        (void) snprintf(buf, 32, "%.*s", (int) MIN(n, (size_t) 31), s);
        text_clean(buf);
        return buf;
}

static const Json* member(const Json *o, const char *key, char buf[static 64]) {
        const Json *a = render_array(o, key);
        const char *s;

        if (a || json_get_text(o, key, 0, 63, &s, NULL) != 0)
                s = "?";
        (void) snprintf(buf, 64, "%s", s);
        return a;
}

static const char* member_value(const Json *o, const char *key, char buf[static 64]) {
        size_t n;

        (void) member(o, key, buf);
        n = strlen(buf);
        if (n > 6 && streq(buf + n - 6, ".00000"))
                buf[n - 6] = 0;
        text_clean(buf);
        return buf;
}

static void render_tie(Ctl *c, const Json *q, const Json *stage) {
        const Json *tie;
        char by[64];

        if (json_get_object(stage, "tie", &tie, NULL) != 0)
                return;
        buf_add_text(&c->out, " (tied: ");
        render_option_list(&c->out, q, render_array(tie, "options"));
        (void) member(tie, "by", by);
        if (streq(by, "stage"))
                buf_printf(&c->out, "; decided by stage %" PRIi64 ")", render_int(tie, "stage"));
        else
                buf_add_text(&c->out, "; decided by the lot)");
}

/* What happened, a line a stage. */
static void render_stages(Ctl *c, const Json *q, const Json *stages) {
        for (size_t i = 0; i < json_len(stages); i++) {
                const Json *stage = json_at(stages, i), *elected = render_array(stage, "elected");
                _cleanup_free_ char *name =
                        json_has(stage, "option") ? render_option(q, render_int(stage, "option"), 0)
                                                  : NULL;
                char action[64], surplus[64];

                (void) member(stage, "action", action);
                buf_printf(&c->out, "  %3zu ", i + 1);
                if (streq(action, "surplus"))
                        buf_printf(&c->out, "surplus of %s, %s", name ?: "?",
                                member_value(stage, "surplus", surplus));
                else if (streq(action, "exclude"))
                        buf_printf(&c->out, "%s%s is excluded%s", ctl_tint(c, TINT_BAD),
                                name ?: "?", ctl_tint(c, TINT_NONE));
                else
                        buf_add_text(&c->out, "first preferences");
                render_tie(c, q, stage);
                if (elected && json_len(elected) > 0) {
                        buf_printf(&c->out, "; %selected: ", ctl_tint(c, TINT_GOOD));
                        render_option_list(&c->out, q, elected);
                        buf_add_text(&c->out, ctl_tint(c, TINT_NONE));
                }
                buf_add_char(&c->out, '\n');
        }
}

typedef struct Row {
        const char *label;              /* NULL: an option */
        int64_t option;
} Row;

static const char* cell(const Json *stage, const Row *row, char buf[static 64]) {
        const Json *votes;

        if (row->label)
                return member_value(stage,
                        streq(row->label, "residual") ? "residual" : "non_transferable", buf);
        votes = render_array(stage, "votes");
        return value(votes ? json_at(votes, (size_t) row->option) : NULL, buf);
}

/* +: elected by the end of this stage; x: excluded in it or before (then its votes are gone). */
static char mark(const Json *stages, size_t until, const Row *row) {
        if (row->label)
                return ' ';
        for (size_t i = 0; i <= until; i++) {
                const Json *stage = json_at(stages, i);
                char action[64];

                (void) member(stage, "action", action);
                if (render_contains(render_array(stage, "elected"), row->option))
                        return '+';
                if (streq(action, "exclude") && render_int(stage, "option") == row->option)
                        return 'x';
        }
        return ' ';
}

static void render_block(Ctl *c, const Json *q, const Json *stages, size_t from, size_t to,
        size_t name_columns, size_t cell_columns) {
        const Json *options = render_array(q, "options");
        const size_t n = options ? json_len(options) : 0;

        buf_add_text(&c->out, "      ");
        render_pad(&c->out, 0, name_columns);
        for (size_t k = from; k < to; k++)
                buf_printf(&c->out, " %s%*zu %s", ctl_tint(c, TINT_DIM), (int) cell_columns, k + 1,
                        ctl_tint(c, TINT_NONE));
        buf_add_char(&c->out, '\n');
        for (size_t i = 0; i < n + 2; i++) {
                const Row row = {.label = i == n       ? "not transferable"
                                          : i == n + 1 ? "residual"
                                                       : NULL,
                        .option = (int64_t) i};
                _cleanup_free_ char *name =
                        row.label ? strdup(row.label) : render_option(q, row.option, name_columns);

                if (row.label)
                        buf_add_text(&c->out, "      ");
                else
                        buf_printf(&c->out, "  %3zu ", i);
                buf_add_text(&c->out, name ?: "?");
                render_pad(&c->out, text_width(name ?: "?"), name_columns);
                for (size_t k = from; k < to; k++) {
                        const char m = mark(stages, k, &row);
                        const Tint t = m == '+' ? TINT_GOOD : m == 'x' ? TINT_BAD : TINT_NONE;
                        char text[64];
                        const char *v = cell(json_at(stages, k), &row, text);

                        if (m == 'x' && streq(v, "0"))
                                v = "";
                        buf_printf(&c->out, " %s%*s%c%s", t != TINT_NONE ? ctl_tint(c, t) : "",
                                (int) cell_columns, v, m,
                                t != TINT_NONE ? ctl_tint(c, TINT_NONE) : "");
                }
                buf_add_char(&c->out, '\n');
        }
}

static void render_votes(Ctl *c, const Json *q, const Json *stages) {
        const Json *options = render_array(q, "options");
        const size_t n = options ? json_len(options) : 0,
                     widest = render_options_width(q, MAX(c->columns / 3, 16U));
        const size_t name_columns = MAX(widest, sizeof "not transferable" - 1);
        size_t cell_columns = 3, fit;
        char text[64];

        for (size_t k = 0; k < json_len(stages); k++)
                for (size_t i = 0; i < n + 2; i++) {
                        const Row row = {.label = i == n       ? "not transferable"
                                                  : i == n + 1 ? "residual"
                                                               : NULL,
                                .option = (int64_t) i};

                        cell_columns =
                                MAX(cell_columns, strlen(cell(json_at(stages, k), &row, text)));
                }
        fit = c->columns > 6 + name_columns + cell_columns + 2
                      ? (c->columns - 6 - name_columns) / (cell_columns + 2)
                      : 1;
        buf_add_text(&c->out, "\n  Votes at the end of each stage (+: elected, x: excluded)\n");
        for (size_t from = 0; from < json_len(stages); from += fit) {
                if (from > 0)
                        buf_add_char(&c->out, '\n');
                render_block(c, q, stages, from, MIN(from + fit, json_len(stages)), name_columns,
                        cell_columns);
        }
}

void render_stv(Ctl *c, const Json *q) {
        const Json *stages = render_array(q, "stages"), *stopped;
        char text[64];

        buf_printf(&c->out, "  %" PRIi64 " seats, %" PRIi64 " papers, quota %s\n\n",
                render_int(q, "seats"), render_int(q, "papers"), member_value(q, "quota", text));
        if (!stages)
                return;
        render_stages(c, q, stages);
        if (json_get_object(q, "stopped", &stopped, NULL) == 0) {
                (void) member(stopped, "action", text);
                buf_printf(&c->out, "      %sstopped%s: a lot must say %s of ",
                        ctl_tint(c, TINT_WARN), ctl_tint(c, TINT_NONE),
                        streq(text, "surplus") ? "whose surplus goes first," : "who is excluded,");
                render_option_list(&c->out, q, render_array(stopped, "options"));
                buf_add_char(&c->out, '\n');
        }
        render_votes(c, q, stages);
}
