/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <jansson.h>

#include "codec/json-read.h"
#include "voted/limits.h"
#include "voted/verdict.h"

typedef struct Reader {
        const char *at;
        Buf text;               /* of a string with escapes */
} Reader;

static void skip_white(Reader *r) {
        while (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r')
                r->at++;
}

static uint32_t digit(char c) {
        return (uint32_t) (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Four digits behind \u. */
static uint32_t take_unit(Reader *r) {
        uint32_t c = 0;

        for (unsigned i = 2; i < 6; i++)
                c = c << 4 | digit(r->at[i]);
        r->at += 6;
        return c;
}

static void take_codepoint(Reader *r) {
        uint32_t c = take_unit(r);

        if (c >= 0xd800 && c <= 0xdbff)
                c = 0x10000 + ((c - 0xd800) << 10) + (take_unit(r) - 0xdc00);

        if (c < 0x80)
                buf_add_char(&r->text, (char) c);
        else if (c < 0x800)
                buf_add(&r->text, (char[]) { (char) (0xc0 | c >> 6), (char) (0x80 | (c & 0x3f)) }, 2);
        else if (c < 0x10000)
                buf_add(&r->text, (char[]) { (char) (0xe0 | c >> 12), (char) (0x80 | (c >> 6 & 0x3f)), (char) (0x80 | (c & 0x3f)) }, 3);
        else
                buf_add(&r->text, (char[]) { (char) (0xf0 | c >> 18), (char) (0x80 | (c >> 12 & 0x3f)),
                                (char) (0x80 | (c >> 6 & 0x3f)), (char) (0x80 | (c & 0x3f)) }, 4);
}

static json_t* take_escaped(Reader *r) {
        buf_reset(&r->text);
        while (*r->at != '"') {
                const char *start = r->at;

                while (*r->at != '"' && *r->at != '\\')
                        r->at++;
                buf_add(&r->text, start, (size_t) (r->at - start));
                if (*r->at == '"')
                        break;
                if (r->at[1] == 'u') {
                        take_codepoint(r);
                        continue;
                }
                buf_add_char(&r->text, r->at[1] == 'n' ? '\n' : r->at[1] == 't' ? '\t' : r->at[1]);
                r->at += 2;
        }
        r->at++;
        return buf_error(&r->text) < 0 ? NULL : json_stringn_nocheck(r->text.p, r->text.n);
}

/* At the opening quote, and then behind the closing one. */
static json_t* take_string(Reader *r) {
        const char *start = ++r->at;

        while (*r->at != '"' && *r->at != '\\')
                r->at++;
        if (*r->at == '\\') {
                r->at = start;
                return take_escaped(r);
        }
        r->at++;
        return json_stringn_nocheck(start, (size_t) (r->at - 1 - start));
}

static json_t* take_number(Reader *r) {
        bool negative = *r->at == '-';
        json_int_t v = 0;

        for (r->at += negative; *r->at >= '0' && *r->at <= '9'; r->at++)
                v = v * 10 + (*r->at - '0');
        return json_integer(negative ? -v : v);
}

/* An object or array has its first brace alone taken. */
static json_t* take_value(Reader *r) {
        switch (*r->at) {

        case '{':
                r->at++;
                return json_object();

        case '[':
                r->at++;
                return json_array();

        case '"':
                return take_string(r);

        case 't':
                r->at += 4;
                return json_true();

        case 'f':
                r->at += 5;
                return json_false();
        }
        return take_number(r);
}

/* With the quotes and the colon. */
static void take_key(Reader *r, char ret[static LINE_KEY_MAX + 1]) {
        size_t n = 0;

        for (r->at++; *r->at != '"'; r->at++)
                if (n < LINE_KEY_MAX)
                        ret[n++] = *r->at;
        ret[n] = '\0';
        r->at++;
        skip_white(r);
        r->at++;
        skip_white(r);
}

/* What is between the braces of root, and the last of them. */
static int take_members(Reader *r, json_t *root) {
        json_t *levels[LINE_DEPTH_MAX] = { root };
        char key[LINE_KEY_MAX + 1];

        for (size_t depth = 1; depth > 0;) {
                json_t *into = levels[depth - 1], *v;
                bool member = json_is_object(into);
                const char *start;

                skip_white(r);
                start = r->at;
                if (*start == ',' || *start == '}' || *start == ']') {
                        depth -= *start != ',';
                        r->at++;
                        continue;
                }

                if (member) {
                        take_key(r, key);
                        if (json_object_get(into, key)) {
                                r->at = start + 1;
                                return V_FORM;
                        }
                }
                v = take_value(r);
                if (!v || (member ? json_object_set_new_nocheck(into, key, v) : json_array_append_new(into, v)) < 0)
                        return -ENOMEM;
                if (json_is_object(v) || json_is_array(v)) {
                        assert(depth < LINE_DEPTH_MAX);
                        levels[depth++] = v;
                }
        }
        return 0;
}

int json_read(Json **ret, const char *text, size_t *ret_at) {
        Reader reader = { .at = text };
        json_t *root;
        int r;

        skip_white(&reader);
        assert(*reader.at == '{');
        root = take_value(&reader);
        r = root ? take_members(&reader, root) : -ENOMEM;
        buf_done(&reader.text);
        if (r != 0) {
                *ret_at = (size_t) (reader.at - text);
                json_decref(root);
                return r;
        }

        *ret = root;
        return 0;
}
