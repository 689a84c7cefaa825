/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <jansson.h>

#include "base/text.h"
#include "codec/line.h"
#include "voted/limits.h"

/* A scan of one canonical line: a recursive descent without recursion deeper than LINE_DEPTH_MAX, without memory. */
typedef struct Scan {
        const char *start, *p, *end;
        size_t values, values_max;
        unsigned depth;
        Why *why;
} Scan;

static int wrong(Scan *s, const char *what) {
        return why_set(s->why, V_FORM, "byte %zu: %s", (size_t) (s->p - s->start), what);
}

/* After the opening quote. Most strings are ASCII without an escape: that path is tight. */
static int scan_string(Scan *s) {
        const char *p = s->p, *end = s->end;

        while (p < end) {
                unsigned char c = (unsigned char) *p;

                if (c == '"') {
                        s->p = p + 1;
                        return 0;
                }
                if (c == '\\') {
                        char e = p + 1 < end ? p[1] : 0;

                        s->p = p;
                        if (e != '"' && e != '\\' && e != 'n' && e != 't')
                                return wrong(s, "an escape other than \\\" \\\\ \\n \\t, which canonical form does not have here");
                        p += 2;
                } else if (c < 0x20 || c == 0x7f) {
                        s->p = p;
                        return wrong(s, "a control character in a string");
                } else if (c < 0x80)
                        p++;
                else {
                        uint32_t code;
                        size_t n = utf8_decode(p, (size_t) (end - p), &code);

                        s->p = p;
                        if (n == 0)
                                return wrong(s, "the string is not UTF-8");
                        if (codepoint_is_forbidden(code))
                                return wrong(s, "an invisible or control character in a string");
                        p += n;
                }
        }
        s->p = p;
        return wrong(s, "the string has no end");
}

static int scan_int(Scan *s) {
        const char *start = s->p;
        uint64_t v = 0;
        size_t digits;

        if (*s->p == '-')
                s->p++;
        start = s->p;
        while (s->p < s->end && *s->p >= '0' && *s->p <= '9' && s->p - start <= 16)
                v = v * 10 + (uint64_t) (*s->p++ - '0');
        digits = (size_t) (s->p - start);
        if (digits == 0)
                return wrong(s, "expected a value: an object, array, string, integer, true or false");
        if (digits > 1 && *start == '0')
                return wrong(s, "an integer with a leading zero");
        if (v > (uint64_t) LINE_INT_MAX || digits > 16)
                return wrong(s, "an integer beyond 2^53 - 1");
        if (v == 0 && start[-1] == '-')
                return wrong(s, "-0 is not canonical");
        if (s->p < s->end && (*s->p == '.' || *s->p == 'e' || *s->p == 'E'))
                return wrong(s, "a number that is no integer");
        return 0;
}

static int scan_value(Scan *s);

static int scan_key(Scan *s, const char **ret, size_t *ret_n) {
        const char *start;

        if (s->p >= s->end || *s->p != '"')
                return wrong(s, "expected a key in double quotes");
        start = ++s->p;
        while (s->p < s->end && ((*s->p >= 'a' && *s->p <= 'z') || (*s->p >= '0' && *s->p <= '9') || *s->p == '_'))
                s->p++;
        *ret = start;
        *ret_n = (size_t) (s->p - start);
        if (*ret_n == 0 || *ret_n > LINE_KEY_MAX)
                return wrong(s, "a key has 1 to 64 of the characters a-z 0-9 _");
        if (s->p >= s->end || *s->p != '"')
                return wrong(s, "a key has other characters than a-z 0-9 _");
        s->p++;
        return 0;
}

/* Order of UTF-16 code units, which is that of bytes here. */
static bool key_follows(const char *before, size_t n_before, const char *key, size_t n) {
        int c = memcmp(before, key, MIN(n_before, n));

        return c < 0 || (c == 0 && n_before < n);
}

static int scan_object(Scan *s) {
        const char *before = NULL;
        size_t n_before = 0;

        s->p++;
        if (s->p < s->end && *s->p == '}') {
                s->p++;
                return 0;
        }
        for (;;) {
                const char *key = NULL;
                size_t n = 0;
                int r;

                r = scan_key(s, &key, &n);
                if (r != 0)
                        return r;
                if (before && !key_follows(before, n_before, key, n))
                        return wrong(s, "keys are not in ascending order, or one stands twice");
                before = key;
                n_before = n;
                if (s->p >= s->end || *s->p != ':')
                        return wrong(s, "expected \":\" right behind the key");
                s->p++;
                r = scan_value(s);
                if (r != 0)
                        return r;
                if (s->p < s->end && *s->p == ',')
                        s->p++;
                else if (s->p < s->end && *s->p == '}') {
                        s->p++;
                        return 0;
                } else
                        return wrong(s, "expected \",\" or \"}\" (and no white space)");
        }
}

static int scan_array(Scan *s) {
        s->p++;
        if (s->p < s->end && *s->p == ']') {
                s->p++;
                return 0;
        }
        for (;;) {
                int r = scan_value(s);

                if (r != 0)
                        return r;
                if (s->p < s->end && *s->p == ',')
                        s->p++;
                else if (s->p < s->end && *s->p == ']') {
                        s->p++;
                        return 0;
                } else
                        return wrong(s, "expected \",\" or \"]\" (and no white space)");
        }
}

static int scan_word(Scan *s, const char *word, size_t n) {
        if ((size_t) (s->end - s->p) < n || memcmp(s->p, word, n) != 0)
                return wrong(s, "expected a value: an object, array, string, integer, true or false");
        s->p += n;
        return 0;
}

static int scan_nested(Scan *s, int (*fn)(Scan *s)) {
        int r;

        if (++s->depth > LINE_DEPTH_MAX)
                return wrong(s, "nested deeper than 8 levels");
        r = fn(s);
        s->depth--;
        return r;
}

static int scan_value(Scan *s) {
        if (++s->values > s->values_max)
                return why_set(s->why, V_SIZE, "more than %zu values", s->values_max);
        if (s->p >= s->end)
                return wrong(s, "the line ends where a value is expected");
        switch (*s->p) {
        case '{':
                return scan_nested(s, scan_object);
        case '[':
                return scan_nested(s, scan_array);
        case '"':
                s->p++;
                return scan_string(s);
        case 't':
                return scan_word(s, "true", 4);
        case 'f':
                return scan_word(s, "false", 5);
        default:
                return scan_int(s);
        }
}

int line_check(const char *p, size_t n, size_t bytes_max, size_t values_max, Why *why) {
        Scan s = { .start = p, .p = p, .end = p + n, .values_max = values_max, .why = why };
        int r;

        if (n > bytes_max)
                return why_set(why, V_SIZE, "the line has %zu bytes, at most %zu are allowed", n, bytes_max);
        if (n == 0 || *p != '{')
                return why_set(why, V_FORM, "a line is one JSON object");
        r = scan_value(&s);
        if (r != 0)
                return r;
        if (s.p != s.end)
                return wrong(&s, "something follows the object");
        return 0;
}

static int parsed(Json **ret, Json *o, const json_error_t *error, Why *why) {
        if (!o) {
                if (json_error_code(error) == json_error_out_of_memory)
                        return -ENOMEM;
                return why_set(why, V_FORM, "line %d, column %d: %s", error->line, error->column, error->text);
        }
        *ret = o;
        return 0;
}

int line_parse(Json **ret, const char *p, size_t n, size_t bytes_max, Why *why) {
        json_error_t error;
        int r;

        r = line_check(p, n, bytes_max, n / LINE_VALUES_PER_BYTE + 1, why);
        if (r != 0)
                return r;
        return parsed(ret, json_loadb(p, n, JSON_REJECT_DUPLICATES, &error), &error, why);
}

/* --- JSON that people write --- */

/* Bounds what jansson will allocate, before it does. */
static int loose_bounds(const char *p, size_t n, Why *why) {
        unsigned depth = 0;
        bool text = false;

        for (size_t i = 0; i < n; i++) {
                if (text) {
                        if (p[i] == '\\')
                                i++;
                        else if (p[i] == '"')
                                text = false;
                } else if (p[i] == '"')
                        text = true;
                else if (p[i] == '{' || p[i] == '[') {
                        if (++depth > LINE_DEPTH_MAX)
                                return why_set(why, V_FORM, "nested deeper than %d levels", LINE_DEPTH_MAX);
                } else if ((p[i] == '}' || p[i] == ']') && depth > 0)
                        depth--;
        }
        return 0;
}

int json_parse_loose(Json **ret, const char *p, size_t n, size_t bytes_max, Why *why) {
        _cleanup_json_ Json *o = NULL;
        _cleanup_buf_ Buf canonical = {};
        json_error_t error;
        int r;

        if (n > bytes_max)
                return why_set(why, V_SIZE, "the text has %zu bytes, at most %zu are allowed", n, bytes_max);
        r = loose_bounds(p, n, why);
        if (r != 0)
                return r;
        r = parsed(&o, json_loadb(p, n, JSON_REJECT_DUPLICATES, &error), &error, why);
        if (r != 0)
                return r;
        if (!json_is_obj(o))
                return why_set(why, V_FORM, "expected one JSON object, { ... }");

        /* the same subset as lines: what it makes must be one */
        r = json_dump(o, &canonical);
        if (r < 0)
                return r;
        r = line_check(canonical.p, canonical.n, SIZE_MAX, SIZE_MAX, why);
        if (r != 0)
                return why_prefix(why, r, "in canonical form (keys sorted, white space left out)");
        *ret = TAKE_PTR(o);
        return 0;
}

/* --- parts of a line --- */

int line_signature_span(const char *p, size_t n, size_t *ret_start, size_t *ret_end) {
        static const char member[] = "\"signature\":\"";
        unsigned depth = 0;

        for (size_t i = 0; i < n; i++)
                switch (p[i]) {
                case '{':
                case '[':
                        depth++;
                        break;
                case '}':
                case ']':
                        depth--;
                        break;
                case '"': {
                        size_t start = i;
                        const char *end;

                        if (depth == 1 && n - i > sizeof(member) && memcmp(p + i, member, sizeof(member) - 1) == 0 && i > 0 && (p[i - 1] == '{' || p[i - 1] == ',')) {
                                end = memchr(p + i + sizeof(member) - 1, '"', n - i - sizeof(member) + 1);
                                if (!end || (size_t) (end - p) + 1 >= n)
                                        return V_FORM;
                                *ret_end = (size_t) (end - p) + 1;
                                if (p[*ret_end] == ',') {
                                        *ret_start = start;
                                        (*ret_end)++;
                                } else  /* the last member: the comma in front goes */
                                        *ret_start = p[start - 1] == ',' ? start - 1 : start;
                                return 0;
                        }
                        for (i++; i < n && p[i] != '"'; i++)
                                if (p[i] == '\\')
                                        i++;
                        break;
                }
                }
        return V_FORM;
}

bool line_next(const char **p, size_t *n, const char **ret_line, size_t *ret_n) {
        const char *end;

        if (!*p || *n == 0)
                return false;
        end = memchr(*p, '\n', *n);
        *ret_line = *p;
        *ret_n = end ? (size_t) (end - *p) : *n;
        if (end) {
                *n -= *ret_n + 1;
                *p = end + 1;
        } else {
                *p += *n;
                *n = 0;
        }
        return true;
}
