/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "votectl/render.h"

static int64_t cell(const Json *matrix, size_t row, size_t column) {
        const Json *a = matrix ? json_at(matrix, row) : NULL;

        return a && json_is_arr(a) ? json_int(json_at(a, column)) : 0;
}

static const Json* find_dropped(const Json *dropped, int64_t option) {
        for (size_t i = 0; dropped && i < json_len(dropped); i++)
                if (render_int(json_at(dropped, i), "option") == option)
                        return json_at(dropped, i);
        return NULL;
}

static void render_order(Ctl *c, const Json *q, bool decided) {
        const Json *order = render_array(q, "order"), *dropped = render_array(q, "dropped");

        buf_add_text(&c->out, "  Order\n");
        for (size_t i = 0; order && i < json_len(order); i++) {
                const int64_t option = json_int(json_at(order, i));
                _cleanup_free_ char *name = render_option(q, option, 0);
                const Json *d = find_dropped(dropped, option);

                buf_printf(&c->out, "  %3" PRIi64 " %s", option, name ?: "?");
                if (json_has(q, "default") && render_int(q, "default") == option)
                        buf_printf(&c->out, " %s(default)%s", ctl_tint(c, TINT_DIM),
                                ctl_tint(c, TINT_NONE));
                render_mark(c, q, option, decided);
                if (d) {
                        const char *reason;

                        if (json_get_text(d, "reason", 1, 32, &reason, NULL) != 0)
                                reason = "?";
                        buf_printf(&c->out,
                                "  %sdropped: %s not reached, %" PRIi64 " for, %" PRIi64
                                " against, %" PRIi64 " needed%s",
                                ctl_tint(c, TINT_BAD),
                                streq(reason, "quorum") ? "quorum" : "majority",
                                render_int(d, "for"), render_int(d, "against"),
                                render_int(d, "needed"), ctl_tint(c, TINT_NONE));
                }
                buf_add_char(&c->out, '\n');
        }
}

/* Columns from..to - 1 of the matrix. */
static void render_columns(Ctl *c, const Json *q, const Json *matrix, size_t n, size_t from,
        size_t to, size_t name_columns, size_t cell_columns) {
        buf_printf(&c->out, "      ");
        render_pad(&c->out, 0, name_columns + 1);
        for (size_t k = from; k < to; k++)
                buf_printf(&c->out, "%s%*zu %s", ctl_tint(c, TINT_DIM), (int) cell_columns, k,
                        ctl_tint(c, TINT_NONE));
        buf_add_char(&c->out, '\n');
        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *name = render_option(q, (int64_t) i, name_columns);

                buf_printf(&c->out, "  %3zu %s", i, name ?: "?");
                render_pad(&c->out, text_width(name ?: "?"), name_columns + 1);
                for (size_t k = from; k < to; k++) {
                        const int64_t v = cell(matrix, i, k);
                        const bool wins = v > cell(matrix, k, i);

                        if (i == k)
                                buf_printf(&c->out, "%*s ", (int) cell_columns, "-");
                        else
                                buf_printf(&c->out, "%s%*" PRIi64 "%s%s",
                                        wins ? ctl_tint(c, TINT_GOOD) : "", (int) cell_columns, v,
                                        wins ? "+" : " ", wins ? ctl_tint(c, TINT_NONE) : "");
                }
                buf_add_char(&c->out, '\n');
        }
}

static void render_matrix(Ctl *c, const Json *q) {
        const Json *matrix = render_array(q, "pairwise");
        const size_t n = matrix ? json_len(matrix) : 0,
                     name_columns = render_options_width(q, MAX(c->columns / 3, 12U));
        size_t cell_columns = 4, fit;
        char text[32];

        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < n; k++)
                        cell_columns = MAX(cell_columns, (size_t) snprintf(text, sizeof text,
                                                                 "%" PRIi64, cell(matrix, i, k)) +
                                                                 1);
        fit = c->columns > 7 + name_columns + cell_columns + 1
                      ? (c->columns - 7 - name_columns) / (cell_columns + 1)
                      : 1;
        buf_printf(&c->out, "\n  How many prefer the option of the row to that of the column (+: "
                            "more than the reverse)\n");
        for (size_t from = 0; from < n; from += fit) {
                if (from > 0)
                        buf_add_char(&c->out, '\n');
                render_columns(
                        c, q, matrix, n, from, MIN(from + fit, n), name_columns, cell_columns);
        }
}

/* Only where there was a cycle: how it was resolved. */
static void render_cycle(Ctl *c, const Json *q) {
        const Json *iterations = render_array(q, "iterations");

        if (!iterations || json_len(iterations) < 2)
                return;
        buf_add_text(&c->out, "\n  A cycle of defeats was resolved by dropping the weakest\n");
        for (size_t i = 0; i < json_len(iterations); i++) {
                const Json *it = json_at(iterations, i), *set = render_array(it, "schwartz"),
                           *weakest = render_array(it, "weakest");

                if (set) {
                        buf_printf(&c->out, "  %3zu Schwartz set: ", i + 1);
                        render_option_list(&c->out, q, set);
                        buf_add_char(&c->out, '\n');
                }
                for (size_t k = 0; weakest && k < json_len(weakest); k++) {
                        const Json *w = json_at(weakest, k);
                        _cleanup_free_ char *winner = render_option(q, render_int(w, "winner"), 0),
                                            *loser = render_option(q, render_int(w, "loser"), 0);

                        buf_printf(&c->out,
                                "      dropped: %s over %s, %" PRIi64 " to %" PRIi64 "\n",
                                winner ?: "?", loser ?: "?", render_int(w, "for"),
                                render_int(w, "against"));
                }
        }
}

void render_schulze(Ctl *c, const Json *q, bool decided) {
        render_order(c, q, decided);
        render_matrix(c, q);
        render_cycle(c, q);
}
