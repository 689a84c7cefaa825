/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "codec/line.h"
#include "voted/limits.h"

/* One scan for lines (strict: the canonical form and nothing else) and for what people write (loose: white space,
 * any order, any escape). Each is compiled on its own, so that the strict one pays for nothing that it does not use. */
typedef struct Scan {
        const char *p;
        size_t n;
        bool loose;
        Why *why;
} Scan;

typedef struct Level {                  /* an object or array that is not closed yet */
        const char *key;                /* the last one; NULL: none yet */
        size_t n_key;
        bool object;
} Level;

#define _hot_inline_ inline __attribute__((always_inline))
#define _cold_ __attribute__((cold, noinline))

typedef char Found[32];
static const char* found(const Scan *s, size_t at, Found ret) {
        uint32_t c;
        size_t k;

        if (at >= s->n)
                return memcpy(ret, "the end", sizeof("the end"));
        k = utf8_decode(s->p + at, s->n - at, &c);
        if (k == 0)
                (void) snprintf(ret, sizeof(Found), "the byte 0x%02x", (unsigned) (uint8_t) s->p[at]);
        else if (c < 0x20 || codepoint_is_forbidden(c))
                (void) snprintf(ret, sizeof(Found), "U+%04" PRIX32, c);
        else
                (void) snprintf(ret, sizeof(Found), "%s%.*s%s", c == '"' ? "'" : "\"", (int) k, s->p + at, c == '"' ? "'" : "\"");
        return ret;
}

/* Where in the text, as the reader counts: bytes of a line, line and column of a file. */
static _cold_ int refuse(const Scan *s, int verdict, size_t at, const char *format, ...) _printf_(4, 5);
static _cold_ int refuse(const Scan *s, int verdict, size_t at, const char *format, ...) {
        size_t line = 1, column = 1;
        char text[256];
        va_list ap;

        if (!s->why)
                return verdict;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        if (!s->loose)
                return why_set(s->why, verdict, "byte %zu: %s", at, text);

        for (size_t i = 0; i < at && i < s->n; i++)
                if (s->p[i] == '\n') {
                        line++;
                        column = 1;
                } else if (((uint8_t) s->p[i] & 0xc0) != 0x80)
                        column++;
        return why_set(s->why, verdict, "line %zu, column %zu: %s", line, column, text);
}

static _cold_ int refuse_expected(const Scan *s, size_t at, const char *expected) {
        return refuse(s, V_FORM, at, "found %s, expected %s", found(s, at, (Found) {}), expected);
}

/* --- strings --- */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define HAS_ZERO(x) (((x) - EACH(0x01)) & ~(x) & EACH(0x80))

/* Whether one of 8 bytes is a control character, a quote, a backslash, DEL or not ASCII. */
static _hot_inline_ bool has_special(const char *p) {
        uint64_t w;

        memcpy(&w, p, sizeof(w));
        return ((w & EACH(0x80)) | ((w - EACH(0x20)) & ~w & EACH(0x80)) |
                HAS_ZERO(w ^ EACH('"')) | HAS_ZERO(w ^ EACH('\\')) | HAS_ZERO(w ^ EACH(0x7f))) != 0;
}

static bool hex4(const char *p, size_t n, uint32_t *ret) {
        uint32_t v = 0;

        if (n < 4)
                return false;
        for (size_t i = 0; i < 4; i++) {
                char c = p[i];

                if (c >= '0' && c <= '9')
                        v = v << 4 | (uint32_t) (c - '0');
                else if (c >= 'a' && c <= 'f')
                        v = v << 4 | (uint32_t) (c - 'a' + 10);
                else if (c >= 'A' && c <= 'F')
                        v = v << 4 | (uint32_t) (c - 'A' + 10);
                else
                        return false;
        }
        *ret = v;
        return true;
}

/* An escape of a loose text that is not one of the canonical ones; *i is at the backslash. */
static _cold_ int scan_loose_escape(const Scan *s, size_t *i) {
        size_t at = *i, left = s->n - at;
        const char *p = s->p + at;
        uint32_t c, low;

        switch (left > 1 ? p[1] : 0) {

        case '/':
                *i = at + 2;
                return 0;

        case 'b':
        case 'f':
        case 'r':
                return refuse(s, V_FORM, at, "the character \\%c is not allowed in texts", p[1]);

        case 'u':
                if (!hex4(p + 2, left - 2, &c))
                        return refuse(s, V_FORM, at, "\\u without four hex digits");
                *i = at + 6;
                if (c >= 0xd800 && c <= 0xdbff && left >= 12 && p[6] == '\\' && p[7] == 'u' && hex4(p + 8, left - 8, &low) &&
                        low >= 0xdc00 && low <= 0xdfff) {
                        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                        *i = at + 12;
                }
                if (c >= 0xd800 && c <= 0xdfff)
                        return refuse(s, V_FORM, at, "half a surrogate pair");
                if (codepoint_is_forbidden(c))
                        return refuse(s, V_FORM, at, "the character U+%04" PRIX32 " is not allowed in texts", c);
                return 0;
        }
        return refuse(s, V_FORM, at, "a backslash that begins no escape of JSON");
}

/* *i is behind the opening quote, and then behind the closing one. */
static _hot_inline_ int scan_string(const Scan *s, size_t *i, const bool loose) {
        const char *p = s->p;
        size_t n = s->n, at = *i, k;
        uint32_t c;
        int r;

        for (;;) {
                while (n - at >= 8 && !has_special(p + at))
                        at += 8;
                if (at >= n)
                        return refuse(s, V_FORM, at, "the text that begins at byte %zu is not closed", *i - 1);

                if (p[at] == '"') {
                        *i = at + 1;
                        return 0;
                }
                if (p[at] == '\\') {
                        char e = n - at > 1 ? p[at + 1] : 0;

                        if (e == '"' || e == '\\' || e == 'n' || e == 't') {
                                at += 2;
                                continue;
                        }
                        if (!loose)
                                return refuse(s, V_FORM, at, "an escape that the canonical form does not have, expected \\\" \\\\ \\n or \\t");
                        r = scan_loose_escape(s, &at);
                        if (r != 0)
                                return r;
                        continue;
                }
                if ((uint8_t) p[at] >= 0x20 && (uint8_t) p[at] < 0x7f) {
                        at++;
                        continue;
                }

                k = utf8_decode(p + at, n - at, &c);
                if (k == 0)
                        return refuse(s, V_FORM, at, "the byte 0x%02x is not UTF-8", (unsigned) (uint8_t) p[at]);
                if (c < 0x20)
                        return refuse(s, V_FORM, at, "the control character U+%04" PRIX32 " within a text", c);
                if (codepoint_is_forbidden(c))
                        return refuse(s, V_FORM, at, "the character U+%04" PRIX32 " is not allowed in texts", c);
                at += k;
        }
}

/* --- numbers, keys --- */

static _hot_inline_ int scan_number(const Scan *s, size_t *i) {
        const char *p = s->p;
        size_t n = s->n, start = *i, at = start;
        int64_t v = 0;
        bool negative;

        negative = p[at] == '-';
        at += negative;
        if (at >= n || p[at] < '0' || p[at] > '9')
                return refuse_expected(s, at, "a digit");
        if (p[at] == '0' && negative)
                return refuse(s, V_FORM, start, "-0 is not a number here, expected 0");
        if (p[at] == '0' && n - at > 1 && p[at + 1] >= '0' && p[at + 1] <= '9')
                return refuse(s, V_FORM, start, "a number that begins with 0");

        for (; at < n && p[at] >= '0' && p[at] <= '9'; at++) {
                v = v * 10 + (p[at] - '0');
                if (v > LINE_INT_MAX)
                        return refuse(s, V_FORM, start, "a number beyond %" PRIi64 " (2^53 - 1)", negative ? -LINE_INT_MAX : LINE_INT_MAX);
        }
        if (at < n && (p[at] == '.' || p[at] == 'e' || p[at] == 'E'))
                return refuse(s, V_FORM, at, "numbers are whole: no fraction, no exponent");

        *i = at;
        return 0;
}

/* *i is behind the opening quote, and then behind the colon. */
static _hot_inline_ int scan_key(const Scan *s, size_t *i, Level *level, const bool loose) {
        const char *p = s->p, *key = p + *i;
        size_t n = s->n, at = *i, n_key;

        while (at < n && ((p[at] >= 'a' && p[at] <= 'z') || (p[at] >= '0' && p[at] <= '9') || p[at] == '_'))
                at++;
        n_key = at - *i;
        if (at >= n || p[at] != '"')
                return refuse_expected(s, at, "a key of a-z, 0-9 and _, and its closing quote");
        if (n_key == 0)
                return refuse(s, V_FORM, at, "an empty key");
        if (n_key > LINE_KEY_MAX)
                return refuse(s, V_FORM, *i, "a key of %zu bytes, expected at most %d", n_key, LINE_KEY_MAX);

        if (!loose && level->key) {
                int c = memcmp(level->key, key, MIN(level->n_key, n_key));

                if (c == 0 && level->n_key == n_key)
                        return refuse(s, V_FORM, *i, "the key \"%.*s\" stands twice", (int) n_key, key);
                if (c > 0 || (c == 0 && level->n_key > n_key))
                        return refuse(s, V_FORM, *i, "the key \"%.*s\" comes after \"%.*s\", expected keys in order",
                                (int) n_key, key, (int) level->n_key, level->key);
        }
        level->key = key;
        level->n_key = n_key;

        *i = at + 1;
        return 0;
}

static _hot_inline_ size_t skip_white(const Scan *s, size_t at, const bool loose) {
        if (loose)
                while (at < s->n && (s->p[at] == ' ' || s->p[at] == '\n' || s->p[at] == '\t' || s->p[at] == '\r'))
                        at++;
        return at;
}

static _hot_inline_ int scan_word(const Scan *s, size_t *i, const char *word, size_t n_word) {
        if (s->n - *i < n_word || memcmp(s->p + *i, word, n_word) != 0)
                return refuse(s, V_FORM, *i, "a word that is neither true nor false");
        *i += n_word;
        return 0;
}

static _hot_inline_ int scan(const Scan *s, size_t values_max, const bool loose) {
        Level levels[LINE_DEPTH_MAX];
        const char *p = s->p;
        size_t n = s->n, at, values = 0;
        unsigned depth = 0;
        int r;

        at = skip_white(s, 0, loose);
        if (at >= n || p[at] != '{')
                return refuse_expected(s, at, "\"{\"");

value:
        at = skip_white(s, at, loose);
        if (at >= n)
                return refuse_expected(s, at, "a value");
        if (++values > values_max)
                return refuse(s, V_SIZE, at, "more than %zu values", values_max);

        switch (p[at]) {

        case '{':
        case '[':
                if (depth == LINE_DEPTH_MAX)
                        return refuse(s, V_FORM, at, "nested more than %d deep", LINE_DEPTH_MAX);
                levels[depth++] = (Level) { .object = p[at] == '{' };
                at = skip_white(s, at + 1, loose);
                if (at < n && p[at] == (levels[depth - 1].object ? '}' : ']')) {
                        at++;
                        depth--;
                        break;
                }
                if (levels[depth - 1].object)
                        goto key;
                goto value;

        case '"':
                at++;
                r = scan_string(s, &at, loose);
                if (r != 0)
                        return r;
                break;

        case '-':
        case '0' ... '9':
                r = scan_number(s, &at);
                if (r != 0)
                        return r;
                break;

        case 't':
                r = scan_word(s, &at, "true", 4);
                if (r != 0)
                        return r;
                break;

        case 'f':
                r = scan_word(s, &at, "false", 5);
                if (r != 0)
                        return r;
                break;

        case 'n':
                return refuse(s, V_FORM, at, "null is not used here: leave the member out");

        default:
                return refuse_expected(s, at, "a value");
        }

behind:                                 /* a value */
        at = skip_white(s, at, loose);
        if (depth == 0)
                return at == n ? 0 : refuse_expected(s, at, "the end");
        if (at >= n)
                return refuse_expected(s, at, levels[depth - 1].object ? "\",\" or \"}\"" : "\",\" or \"]\"");
        if (p[at] == ',') {
                at = skip_white(s, at + 1, loose);
                if (!levels[depth - 1].object)
                        goto value;
                goto key;
        }
        if (p[at] == (levels[depth - 1].object ? '}' : ']')) {
                at++;
                depth--;
                goto behind;
        }
        return refuse_expected(s, at, levels[depth - 1].object ? "\",\" or \"}\"" : "\",\" or \"]\"");

key:
        if (at >= n || p[at] != '"')
                return refuse_expected(s, at, "a key in quotes");
        at++;
        r = scan_key(s, &at, &levels[depth - 1], loose);
        if (r != 0)
                return r;
        at = skip_white(s, at, loose);
        if (at >= n || p[at] != ':')
                return refuse_expected(s, at, "\":\"");
        at++;
        goto value;
}

int line_check(const char *p, size_t n, size_t bytes_max, size_t values_max, Why *why) {
        const Scan s = { p, n, false, why };

        if (n > bytes_max)
                return why_set(why, V_SIZE, "a line of %zu bytes, expected at most %zu", n, bytes_max);
        return scan(&s, values_max, false);
}

int line_parse(Json **ret, const char *p, size_t n, size_t bytes_max, Why *why) {
        Json *j;
        int r;

        r = line_check(p, n, bytes_max, MESSAGE_VALUES_MAX, why);
        if (r != 0)
                return r;

        /* What is left to fail is memory. */
        j = json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL);
        if (!j)
                return -ENOMEM;

        *ret = j;
        return 0;
}

int json_parse_loose(Json **ret, const char *p, size_t n, size_t bytes_max, Why *why) {
        const Scan s = { p, n, true, why };
        json_error_t error = {};
        Json *j;
        int r;

        if (n > bytes_max)
                return why_set(why, V_SIZE, "%zu bytes, expected at most %zu", n, bytes_max);
        r = scan(&s, MESSAGE_VALUES_MAX, true);
        if (r != 0)
                return r;

        j = json_loadb(p, n, JSON_REJECT_DUPLICATES, &error);
        if (!j) {
                if (json_error_code(&error) != json_error_duplicate_key)
                        return -ENOMEM;
                return why_set(why, V_FORM, "line %d, column %d: a key that its object has already", error.line, error.column);
        }

        *ret = j;
        return 0;
}

/* The byte behind the string whose opening quote is at i, or 0 if it is not closed. */
static size_t skip_string(const char *p, size_t n, size_t i) {
        for (size_t at = i + 1; at < n;) {
                const char *quote = memchr(p + at, '"', n - at);
                size_t end, backslashes = 0;

                if (!quote)
                        return 0;
                end = (size_t) (quote - p);
                while (end - backslashes > i + 1 && p[end - backslashes - 1] == '\\')
                        backslashes++;
                at = end + 1;
                if (backslashes % 2 == 0)
                        return at;
        }
        return 0;
}

int line_signature_span(const char *p, size_t n, size_t *ret_start, size_t *ret_end) {
        static const char key[] = "\"signature\":\"";
        const size_t n_key = sizeof(key) - 1;
        unsigned depth = 0;

        for (size_t i = 0; i < n;) {
                size_t end;

                if (p[i] == '{' || p[i] == '[')
                        depth++;
                else if ((p[i] == '}' || p[i] == ']') && depth-- <= 1)
                        return V_FORM;
                if (p[i] != '"') {
                        i++;
                        continue;
                }

                if (depth != 1 || i == 0 || p[i - 1] == ':' || n - i < n_key || memcmp(p + i, key, n_key) != 0) {
                        i = skip_string(p, n, i);
                        if (i == 0)
                                return V_FORM;
                        continue;
                }

                end = skip_string(p, n, i + n_key - 1);
                if (end == 0 || end >= n)
                        return V_FORM;
                /* of two commas one stays; a last member takes the one before it */
                *ret_start = p[end] != ',' && p[i - 1] == ',' ? i - 1 : i;
                *ret_end = p[end] == ',' ? end + 1 : end;
                return 0;
        }
        return V_FORM;
}

bool line_next(const char **p, size_t *n, const char **ret_line, size_t *ret_n) {
        const char *newline;

        if (*n == 0)
                return false;

        newline = memchr(*p, '\n', *n);
        *ret_line = *p;
        *ret_n = newline ? (size_t) (newline - *p) : *n;

        *p += *ret_n + (newline != NULL);
        *n -= *ret_n + (newline != NULL);
        return true;
}
