/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"

/* Text as people read and type it: UTF-8, whatever the locale says. */

/* The first code point of p: its length in bytes (1 .. 4), or 0 if p does not begin with valid UTF-8
 * (overlong forms, surrogates and what is beyond U+10FFFF are not). */
size_t utf8_decode(const char *p, size_t n, uint32_t *ret);
bool utf8_is_valid(const char *p, size_t n);

/* What would lie on a screen, or cannot be seen there (DESIGN 3): U+0000-001F except \n and \t,
 * U+007F-009F, U+200B-200F, U+202A-202E, U+2066-2069, U+FEFF. */
bool codepoint_is_forbidden(uint32_t c);

/* Columns on a terminal; what cannot be shown counts as one. */
size_t text_width(const char *s);

/* In place: makes s fit to be shown, whoever sent it. Invalid bytes, forbidden code points, \n and \t
 * become "?". */
void text_clean(char *s);
/* s cut to that many columns, with "…" as the last of them if something is missing, into a buffer of
 * size bytes. Returns ret. */
const char* text_ellipsize(char *ret, size_t size, const char *s, size_t columns);

/* Edits that make b of a: a character added, dropped, changed, or two neighbours swapped. */
size_t text_distance(const char *a, const char *b);
/* "did you mean": the index of the one of n words that is nearest to s, or n if none is near enough
 * to be meant. */
size_t text_nearest(const char *s, const char *const *words, size_t n);

/* What people type to name a roll or an election: [a-z0-9][a-z0-9-]{0,63}. */
bool name_is_valid(const char *s);
