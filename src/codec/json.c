/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>

#include "base/text.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"

static void (*give_up)(void);

static void* take(size_t n) {
        void *p = malloc(n);

        if (!p)
                give_up();
        return p;
}

void json_init(void (*out_of_memory)(void)) {
        give_up = out_of_memory;
        json_set_alloc_funcs(take, free);
}

static void wipe_and_free(void *p) {
        if (p)
                explicit_bzero(p, malloc_usable_size(p));
        free(p);
}

void json_wipe_freed(void) {
        json_malloc_t from;

        json_get_alloc_funcs(&from, NULL);
        json_set_alloc_funcs(from, wipe_and_free);
}

Json* json_free(Json *j) {
        json_decref(j);
        return NULL;
}

Json* json_share(Json *j) {
        return json_incref(j);
}

bool json_is_obj(const Json *j) {
        return json_is_object(j);
}

bool json_is_arr(const Json *j) {
        return json_is_array(j);
}

bool json_is_text(const Json *j) {
        return json_is_string(j);
}

bool json_is_int(const Json *j) {
        return json_is_integer(j);
}

bool json_is_bool(const Json *j) {
        return json_is_boolean(j);
}

const char* json_text(const Json *j) {
        return json_string_value(j);
}

int64_t json_int(const Json *j) {
        return json_integer_value(j);
}

bool json_has(const Json *o, const char *key) {
        return json_object_get(o, key) != NULL;
}

size_t json_len(const Json *a) {
        return json_array_size(a);
}

const Json* json_at(const Json *a, size_t i) {
        return json_array_get(a, i);
}

/* --- reading: judge one value, wherever it stands. where: "seq" or "rolls[3]" --- */

/* What came, in a few words: `"yes"`, `12`, `an array`. */
static const char* came(const Json *v, char *buf, size_t n) {
        char text[160];

        if (!v)
                return "nothing";
        switch (json_typeof(v)) {
        case JSON_OBJECT:
                return "an object";
        case JSON_ARRAY:
                return "an array";
        case JSON_STRING:
                (void) snprintf(buf, n, "\"%s\"", text_ellipsize(text, sizeof(text), json_string_value(v), 40));
                return buf;
        case JSON_INTEGER:
                (void) snprintf(buf, n, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
                return buf;
        case JSON_REAL:
                return "a number that is no integer";
        case JSON_TRUE:
                return "true";
        case JSON_FALSE:
                return "false";
        case JSON_NULL:
                return "null";
        }
        return "nothing";
}

static int mismatch(const char *where, const Json *v, Why *why, const char *expected) {
        char buf[168];

        if (!v)
                return why_set(why, V_FORM, "\"%s\" is missing: expected %s", where, expected);
        return why_set(why, V_FORM, "\"%s\" is %s: expected %s", where, came(v, buf, sizeof(buf)), expected);
}

static int judge_int(const Json *v, const char *where, int64_t min, int64_t max, int64_t *ret, Why *why) {
        char expected[96];

        if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max) {
                if (!why)
                        return V_FORM;
                (void) snprintf(expected, sizeof(expected), "an integer from %" PRIi64 " to %" PRIi64, min, max);
                return mismatch(where, v, why, expected);
        }
        if (ret)
                *ret = json_integer_value(v);
        return 0;
}

static int judge_text(const Json *v, const char *where, size_t min, size_t max, const char **ret, Why *why) {
        char expected[96];

        /* jansson keeps a \u0000 only if told to, so a string ends at its NUL */
        if (!json_is_string(v) || json_string_length(v) < min || json_string_length(v) > max) {
                if (!why)
                        return V_FORM;
                (void) snprintf(expected, sizeof(expected), "a string of %zu to %zu bytes", min, max);
                return mismatch(where, v, why, expected);
        }
        if (ret)
                *ret = json_string_value(v);
        return 0;
}

static int judge_bytes(const Json *v, const char *where, void *ret, size_t n, bool hex, Why *why, const char *expected) {
        uint8_t scratch[64];
        const char *text = json_string_value(v);
        size_t len = json_string_length(v);
        int r;

        if (!text)
                return mismatch(where, v, why, expected);
        r = hex ? hex_decode(scratch, n, text, len) : base64_decode(scratch, n, text, len);
        if (r != 0)
                return mismatch(where, v, why, expected);
        if (ret)
                memcpy(ret, scratch, n);
        return 0;
}

static int judge_id(const Json *v, const char *where, Id *ret, Why *why) {
        return judge_bytes(v, where, ret, 32, true, why, "an id, 64 lower-case hexadecimal digits");
}

static int judge_key(const Json *v, const char *where, Key *ret, Why *why) {
        return judge_bytes(v, where, ret, 32, true, why, "a public key, 64 lower-case hexadecimal digits");
}

static int judge_array(const Json *v, const char *where, size_t min, size_t max, const Json **ret, Why *why) {
        char expected[96];

        if (!json_is_array(v))
                return mismatch(where, v, why, "an array");
        if (json_array_size(v) < min || json_array_size(v) > max) {
                (void) snprintf(expected, sizeof(expected), "%zu to %zu", min, max);
                return why_set(why, V_FORM, "\"%s\" has %zu items: expected %s", where, json_array_size(v), expected);
        }
        if (ret)
                *ret = v;
        return 0;
}

static int judge_object(const Json *v, const char *where, const Json **ret, Why *why) {
        if (!json_is_object(v))
                return mismatch(where, v, why, "an object");
        if (ret)
                *ret = v;
        return 0;
}

/* --- members --- */

int json_get_int(const Json *o, const char *key, int64_t min, int64_t max, int64_t *ret, Why *why) {
        return judge_int(json_object_get(o, key), key, min, max, ret, why);
}

int json_get_bool(const Json *o, const char *key, bool *ret, Why *why) {
        const Json *v = json_object_get(o, key);

        if (!json_is_boolean(v))
                return mismatch(key, v, why, "true or false");
        if (ret)
                *ret = json_is_true(v);
        return 0;
}

int json_get_text(const Json *o, const char *key, size_t bytes_min, size_t bytes_max, const char **ret, Why *why) {
        return judge_text(json_object_get(o, key), key, bytes_min, bytes_max, ret, why);
}

int json_get_name(const Json *o, const char *key, const char **ret, Why *why) {
        const Json *v = json_object_get(o, key);

        if (!json_is_string(v) || !name_is_valid(json_string_value(v)))
                return mismatch(key, v, why, "a name: 1 to 64 of a-z, 0-9 and -, not beginning with -");
        if (ret)
                *ret = json_string_value(v);
        return 0;
}

int json_get_title(const Json *o, const char *key, size_t bytes_max, const char **ret, Why *why) {
        const Json *v = json_object_get(o, key);
        const char *text;
        int r;

        r = judge_text(v, key, 1, bytes_max, &text, why);
        if (r != 0)
                return r;
        if (strpbrk(text, "\n\t"))
                return mismatch(key, v, why, "one line without tabs");
        if (ret)
                *ret = text;
        return 0;
}

int json_get_id(const Json *o, const char *key, Id *ret, Why *why) {
        return judge_id(json_object_get(o, key), key, ret, why);
}

int json_get_key(const Json *o, const char *key, Key *ret, Why *why) {
        return judge_key(json_object_get(o, key), key, ret, why);
}

int json_get_signature(const Json *o, const char *key, Signature *ret, Why *why) {
        return judge_bytes(json_object_get(o, key), key, ret, 64, false, why, "a signature, 86 characters of base64url");
}

int json_get_array(const Json *o, const char *key, size_t min, size_t max, const Json **ret, Why *why) {
        return judge_array(json_object_get(o, key), key, min, max, ret, why);
}

int json_get_object(const Json *o, const char *key, const Json **ret, Why *why) {
        return judge_object(json_object_get(o, key), key, ret, why);
}

int json_check_keys(const Json *o, const char *const *allowed, Why *why) {
        const char *key;
        json_t *v;

        json_object_foreach((json_t *) o, key, v) {
                const char *const *a;

                for (a = allowed; *a && !streq(*a, key); a++)
                        ;
                if (!*a) {
                        size_t n = 0, k;

                        while (allowed[n])
                                n++;
                        k = text_nearest(key, allowed, n);
                        return k < n ? why_set(why, V_FORM, "\"%s\" is no key of this object; did you mean \"%s\"?", key, allowed[k])
                                     : why_set(why, V_FORM, "\"%s\" is no key of this object", key);
                }
        }
        return 0;
}

/* --- items --- */

/* The name of an item is made only where it is needed: on the way of every vote it is not. */
#define ITEM(judge, ...)                                                                        \
        ({                                                                                      \
                const Json *_v = json_array_get(a, i);                                          \
                char _where[80];                                                                \
                int _r = judge(_v, what, __VA_ARGS__, NULL);                                    \
                if (_r != 0 && why) {                                                           \
                        (void) snprintf(_where, sizeof(_where), "%s[%zu]", what, i);            \
                        _r = judge(_v, _where, __VA_ARGS__, why);                               \
                }                                                                               \
                _r;                                                                             \
        })

int json_at_int(const Json *a, size_t i, const char *what, int64_t min, int64_t max, int64_t *ret, Why *why) {
        return ITEM(judge_int, min, max, ret);
}

int json_at_text(const Json *a, size_t i, const char *what, size_t bytes_min, size_t bytes_max, const char **ret, Why *why) {
        return ITEM(judge_text, bytes_min, bytes_max, ret);
}

int json_at_id(const Json *a, size_t i, const char *what, Id *ret, Why *why) {
        return ITEM(judge_id, ret);
}

int json_at_key(const Json *a, size_t i, const char *what, Key *ret, Why *why) {
        return ITEM(judge_key, ret);
}

int json_at_array(const Json *a, size_t i, const char *what, size_t min, size_t max, const Json **ret, Why *why) {
        return ITEM(judge_array, min, max, ret);
}

int json_at_object(const Json *a, size_t i, const char *what, const Json **ret, Why *why) {
        return ITEM(judge_object, ret);
}
