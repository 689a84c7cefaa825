/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"

/* A table of text with a head line, for terminals and pipes. */
typedef struct Table Table;

typedef enum TableAlign {
        TABLE_LEFT,
        TABLE_RIGHT,
} TableAlign;

/* Names of the columns, NULL-terminated; in capitals by custom. NULL: no memory (the calls below take it). */
Table* table_new(const char *const *columns);
#define TABLE_COLUMNS(...) ((const char *const[]) { __VA_ARGS__, NULL })
Table* table_free(Table *t);
DEFINE_CLEANUP(Table*, table_free)

void table_align(Table *t, size_t column, TableAlign align);    /* TABLE_LEFT without it */
/* Where the table does not fit, this column is shortened first, to no less than columns_min. */
void table_shrink(Table *t, size_t column, size_t columns_min);

/* Cells, row after row; what they hold is cleaned of what must not reach a terminal. colour is an escape sequence
 * such as "\033[32m", or NULL; table_print() closes it. */
void table_add(Table *t, const char *colour, const char *text);
void table_addf(Table *t, const char *colour, const char *format, ...) _printf_(3, 4);
size_t table_rows(const Table *t);

/* Appends the lines. width 0: as wide as it gets. head_colour: NULL for a plain table, whose cells are plain then too.
 * 0 or -ENOMEM (of any call before, too). */
_must_check_ int table_print(const Table *t, size_t width, const char *head_colour, Buf *ret);
