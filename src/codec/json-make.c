/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <jansson.h>

#include "base/text.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"

/* A builder looks at the end only: json_dump() reports what this thread has lost since the last one. A mark within the
 * document would need memory itself. */
static _Thread_local bool lost;

static Json* note(Json *j) {
        if (!j)
                lost = true;
        return j;
}

Json* json_new_object(void) {
        return note(json_object());
}

Json* json_new_array(void) {
        return note(json_array());
}

void json_set(Json *o, const char *key, Json *v) {
        if (!o) {
                json_decref(v);
                return;
        }
        if (!v || json_object_set_new_nocheck(o, key, v) < 0)
                lost = true;
}

void json_add(Json *a, Json *v) {
        if (!a) {
                json_decref(v);
                return;
        }
        if (!v || json_array_append_new(a, v) < 0)
                lost = true;
}

void json_set_int(Json *o, const char *key, int64_t v) {
        json_set(o, key, json_integer(v));
}

void json_set_bool(Json *o, const char *key, bool v) {
        json_set(o, key, json_boolean(v));
}

/* As jansson takes it: in the programs it does not fail (json_init()), so that nothing is missing in what is handed out without
 * a dump. */
static char* take(size_t n) {
        json_malloc_t from;

        json_get_alloc_funcs(&from, NULL);
        return from(n);
}

/* What is not UTF-8 (a path, what a system library says) is shown with "?" in its place. */
static Json* new_text(const char *v) {
        _cleanup_free_ char *copy = NULL;

        if (utf8_is_valid(v, strlen(v)))        /* otherwise a lost allocation would look like bad UTF-8 */
                return json_string_nocheck(v);
        copy = take(strlen(v) + 1);
        if (!copy)
                return NULL;
        memcpy(copy, v, strlen(v) + 1);
        text_clean(copy);
        return json_string_nocheck(copy);
}

void json_set_text(Json *o, const char *key, const char *v) {
        if (v)
                json_set(o, key, new_text(v));
}

void json_set_id(Json *o, const char *key, const Id *v) {
        json_set_hex32(o, key, v->b);
}

void json_set_key(Json *o, const char *key, const Key *v) {
        json_set_hex32(o, key, v->b);
}

void json_set_hex32(Json *o, const char *key, const uint8_t v[static 32]) {
        char hex[ID_HEX];

        hex_encode(hex, v, 32);
        json_set_text(o, key, hex);
}

static Json* new_base64(const void *p, size_t n) {
        char *text = take(BASE64_LEN(n) + 1);
        json_free_t drop;
        Json *j;

        if (text)
                base64_encode(text, p, n);
        j = text ? json_string(text) : NULL;
        json_get_alloc_funcs(NULL, &drop);
        drop(text);
        return j;
}

void json_set_base64(Json *o, const char *key, const void *p, size_t n) {
        json_set(o, key, new_base64(p, n));
}

void json_add_base64(Json *a, const void *p, size_t n) {
        json_add(a, new_base64(p, n));
}

void json_add_int(Json *a, int64_t v) {
        json_add(a, json_integer(v));
}

void json_add_text(Json *a, const char *v) {
        json_add(a, new_text(v));
}

void json_add_id(Json *a, const Id *v) {
        json_add_hex32(a, v->b);
}

void json_add_key(Json *a, const Key *v) {
        json_add_hex32(a, v->b);
}

void json_add_hex32(Json *a, const uint8_t v[static 32]) {
        char hex[ID_HEX];

        hex_encode(hex, v, 32);
        json_add_text(a, hex);
}

Json* json_copy_deep(const Json *j) {
        return note(json_deep_copy(j));
}

static int append(const char *p, size_t n, void *data) {
        buf_add(data, p, n);
        return buf_error(data) < 0 ? -1 : 0;
}

int json_dump(const Json *j, Buf *ret) {
        size_t before = ret->n;
        bool failed = lost;

        lost = false;
        if (!failed && j && json_dump_callback(j, append, ret, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) == 0)
                return buf_error(ret);

        ret->n = before;                /* no half a document */
        if (ret->p)
                ret->p[before] = 0;
        return -ENOMEM;
}
