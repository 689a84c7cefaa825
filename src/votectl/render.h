/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "votectl/votectl.h"

/* Results for people: appends to c->out, as wide as the terminal. The JSON is the reply of
 * GetResults; it may come from anybody, so what is missing or odd reads as nothing and never does
 * harm. */
int render_results(Ctl *c, const Json *reply);

/* --- for the methods' files --- */
/* Text of an option, cleaned, at most columns wide (0: whole), in *ret (malloc'ed); "?" if there is
 * none. */
char* render_option(const Json *question, int64_t option, size_t columns);
size_t render_options_width(const Json *question, size_t max);
/* "Alice, Bob", appended. */
void render_option_list(Buf *b, const Json *question, const Json *options);
bool render_contains(const Json *options, int64_t option);
int64_t render_int(const Json *o, const char *key);             /* 0 if it is not there */
const Json* render_array(const Json *o, const char *key);       /* NULL if it is not there */
void render_pad(Buf *b, size_t have, size_t want);

/* "  elected", or while it is not decided "  ahead"; "  tied". */
void render_mark(Ctl *c, const Json *question, int64_t option, bool decided);

void render_schulze(Ctl *c, const Json *question, bool decided);
void render_stv(Ctl *c, const Json *question);
/* By whom the sums of a sealed election were opened, or why not; nothing of an open one. */
void render_sealed(Ctl *c, const Json *result);
