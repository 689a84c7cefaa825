/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "base/table.h"
#include "base/text.h"

#define GAP 2U                          /* blanks between two columns */
#define SHRINK_MIN 4U                   /* what a column keeps that was not named by table_shrink() */

typedef struct Cell {
        char *text;
        const char *colour;
        size_t width;
} Cell;

typedef struct Column {
        TableAlign align;
        bool shrinks;                   /* before the others */
        size_t width_min;
} Column;

struct Table {
        Column *columns;
        size_t n_columns;
        Cell *cells;                    /* the head first */
        size_t n_cells, n_allocated;
        bool failed;
};

Table* table_new(const char *const *columns) {
        _cleanup_(table_freep) Table *t = NULL;

        t = new0(Table, 1);
        if (!t)
                return NULL;
        while (columns[t->n_columns])
                t->n_columns++;
        assert(t->n_columns > 0);
        t->columns = new0(Column, t->n_columns);
        if (!t->columns)
                return NULL;

        for (size_t i = 0; i < t->n_columns; i++) {
                t->columns[i].width_min = SHRINK_MIN;
                table_add(t, NULL, columns[i]);
        }
        return TAKE_PTR(t);
}

Table* table_free(Table *t) {
        if (!t)
                return NULL;

        for (size_t i = 0; i < t->n_cells; i++)
                free(t->cells[i].text);
        free(t->cells);
        free(t->columns);
        free(t);
        return NULL;
}

void table_align(Table *t, size_t column, TableAlign align) {
        if (!t)
                return;
        assert(column < t->n_columns);
        t->columns[column].align = align;
}

void table_shrink(Table *t, size_t column, size_t columns_min) {
        if (!t)
                return;
        assert(column < t->n_columns);
        t->columns[column].shrinks = true;
        t->columns[column].width_min = MAX(columns_min, (size_t) 1);
}

static bool make_room(Table *t) {
        Cell *cells;
        size_t n;

        if (t->failed)
                return false;
        if (t->n_cells < t->n_allocated)
                return true;

        n = MAX(t->n_allocated * 2, (size_t) 32);
        cells = reallocarray(t->cells, n, sizeof(Cell));
        if (!cells) {
                t->failed = true;
                return false;
        }
        t->cells = cells;
        t->n_allocated = n;
        return true;
}

/* Takes text over. */
static void add_cell(Table *t, const char *colour, char *text) {
        if (!text)
                t->failed = true;
        if (!text || !make_room(t)) {
                free(text);
                return;
        }
        text_clean(text);
        t->cells[t->n_cells++] = (Cell) { .text = text, .colour = colour, .width = text_width(text) };
}

void table_add(Table *t, const char *colour, const char *text) {
        if (t)
                add_cell(t, colour, strdup(text));
}

void table_addf(Table *t, const char *colour, const char *format, ...) {
        char *text = NULL;
        va_list ap;
        int k;

        if (!t)
                return;
        va_start(ap, format);
        k = vasprintf(&text, format, ap);
        va_end(ap);
        add_cell(t, colour, k < 0 ? NULL : text);
}

size_t table_rows(const Table *t) {
        return t && t->n_cells > t->n_columns ? (t->n_cells - 1) / t->n_columns : 0;
}

/* Takes columns away until the table fits: from those that table_shrink() named, then from the widest. */
static void fit(const Table *t, size_t *widths, size_t width) {
        size_t sum = GAP * (t->n_columns - 1);

        for (size_t i = 0; i < t->n_columns; i++)
                sum += widths[i];

        for (int named = 1; named >= 0; named--)
                while (sum > width) {
                        size_t widest = t->n_columns, next = 0, take;

                        for (size_t i = 0; i < t->n_columns; i++) {
                                if (t->columns[i].shrinks != (named == 1) || widths[i] <= t->columns[i].width_min)
                                        continue;
                                if (widest == t->n_columns || widths[i] > widths[widest]) {
                                        next = widest == t->n_columns ? 0 : widths[widest];
                                        widest = i;
                                } else
                                        next = MAX(next, widths[i]);
                        }
                        if (widest == t->n_columns)
                                break;

                        /* down to the next widest at once, then they go down together */
                        take = widths[widest] - MAX(next, t->columns[widest].width_min);
                        take = CLAMP(take, (size_t) 1, sum - width);
                        widths[widest] -= take;
                        sum -= take;
                }
}

static int print_cell(const Table *t, const Cell *c, size_t i, size_t width, const char *colour, Buf *ret) {
        _cleanup_free_ char *cut = NULL;
        const char *text = c->text;
        bool last = i + 1 == t->n_columns, right = t->columns[i].align == TABLE_RIGHT;
        size_t used = c->width;

        if (used > width) {
                size_t size = strlen(text) + sizeof("…");

                cut = malloc(size);
                if (!cut)
                        return -ENOMEM;
                text = text_ellipsize(cut, size, text, width);
                used = text_width(text);
        }

        if (i > 0)
                buf_printf(ret, "%*s", (int) GAP, "");
        if (right)
                buf_printf(ret, "%*s", (int) (width - used), "");
        if (colour)
                buf_add_text(ret, colour);
        buf_add_text(ret, text);
        if (colour)
                buf_add_text(ret, "\033[0m");
        if (!right && !last)            /* no blanks at the end of a line */
                buf_printf(ret, "%*s", (int) (width - used), "");
        return 0;
}

int table_print(const Table *t, size_t width, const char *head_colour, Buf *ret) {
        _cleanup_free_ size_t *widths = NULL;

        if (!t || t->failed)
                return -ENOMEM;
        assert(t->n_cells % t->n_columns == 0);

        widths = new0(size_t, t->n_columns);
        if (!widths)
                return -ENOMEM;
        for (size_t k = 0; k < t->n_cells; k++)
                widths[k % t->n_columns] = MAX(widths[k % t->n_columns], t->cells[k].width);
        if (width > 0)
                fit(t, widths, width);

        for (size_t k = 0; k < t->n_cells; k++) {
                size_t i = k % t->n_columns;
                const char *colour = !head_colour ? NULL : k < t->n_columns ? head_colour : t->cells[k].colour;
                int r;

                r = print_cell(t, &t->cells[k], i, widths[i], colour, ret);
                if (r < 0)
                        return r;
                if (i + 1 == t->n_columns)
                        buf_add_char(ret, '\n');
        }
        return buf_error(ret);
}
