/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"
#include "voted/verdict.h"

/* Why an input was refused, in one clause for the person who has to mend it: what was expected,
 * what came. Set together with a verdict; functions take a Why* that may be NULL. */
typedef struct Why {
        char text[320];
} Why;

/* Formats into why (if there is one; cut at its end, at a character's border, control characters
 * from the input replaced) and returns verdict, so that a check reads
 *      return why_set(why, V_FORM, "\"seq\" is %" PRIi64 ", expected 1 to 2147483648", seq); */
int why_set(Why *why, int verdict, const char *format, ...) _printf_(3, 4);
/* Puts "prefix: " in front of what is there, and returns verdict. */
int why_prefix(Why *why, int verdict, const char *format, ...) _printf_(3, 4);

#ifdef __clang_analyzer__
/* It looks into no function with "...", and would take it that 0 may come back. */
#define why_set(why, verdict, ...)    (why_set(why, verdict, __VA_ARGS__), (verdict))
#define why_prefix(why, verdict, ...) (why_prefix(why, verdict, __VA_ARGS__), (verdict))
#endif
