/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "base/why.h"

/* vsnprintf() cuts anywhere: drop a character that lost its tail. */
static void drop_cut_character(char *s, size_t n) {
        size_t start = n;
        uint32_t c;

        while (start > 0 && n - start < 4) {
                start--;
                if (((uint8_t) s[start] & 0xc0) != 0x80)
                        break;
        }
        if (start < n && (uint8_t) s[start] >= 0x80 && utf8_decode(s + start, n - start, &c) == 0)
                s[start] = 0;
}

static void _printf_(2, 0) why_format(Why *why, const char *format, va_list ap) {
        int k = vsnprintf(why->text, sizeof(why->text), format, ap);

        if (k >= (int) sizeof(why->text))
                drop_cut_character(why->text, sizeof(why->text) - 1);
        text_clean(why->text);
}

int (why_set)(Why *why, int verdict, const char *format, ...) {
        va_list ap;

        if (!why)
                return verdict;

        va_start(ap, format);
        why_format(why, format, ap);
        va_end(ap);
        return verdict;
}

int (why_prefix)(Why *why, int verdict, const char *format, ...) {
        Why prefix, rest;
        va_list ap;

        if (!why)
                return verdict;

        rest = *why;
        va_start(ap, format);
        why_format(&prefix, format, ap);
        va_end(ap);
        return why_set(why, verdict, "%s: %s", prefix.text, rest.text);
}
