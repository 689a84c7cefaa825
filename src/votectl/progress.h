/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "votectl/votectl.h"

/* A bar on standard error for what takes over a second, where that is a terminal. */
typedef struct Progress {
        Ctl *c;
        const char *what;       /* "Checking" */
        const char *unit;       /* "votes"; "B": bytes, shown as MiB */
        uint64_t total;         /* 0: not known */
        uint64_t started_usec, drawn_usec;
        bool drawn;
} Progress;

void progress_start(Progress *p, Ctl *c, const char *what, const char *unit, uint64_t total);
void progress_set(Progress *p, uint64_t done);
/* A line of text in its place. */
void progress_text(Progress *p, const char *format, ...) _printf_(2, 3);
void progress_end(Progress *p);         /* takes it off the screen */

/* The bar alone, of that many columns: whole cells and an eighth's precision ("#" without UTF-8).
 */
void bar_draw(Buf *ret, uint64_t part, uint64_t whole, unsigned columns, bool utf8);
/* "1,234,567" */
#define FORMAT_NUMBER_MAX 32
const char* format_number(char buf[static FORMAT_NUMBER_MAX], uint64_t n);
/* "12.3 MiB" */
const char* format_bytes(char buf[static FORMAT_NUMBER_MAX], uint64_t n);
