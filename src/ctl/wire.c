/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <jansson.h>

#include "ctl/wire.h"

/* jansson needs many times the memory of its input: so depth and values are counted first. */
static int scan(const char *p, size_t n, Why *why) {
        size_t depth = 0, values = 0;
        bool text = false;

        for (size_t i = 0; i < n; i++) {
                char c = p[i];

                if (text) {
                        if (c == '\\')
                                i++;
                        else if (c == '"')
                                text = false;
                        continue;
                }

                switch (c) {
                case '"':
                        text = true;
                        break;
                case '{':
                case '[':
                        values++;
                        if (++depth > WIRE_DEPTH_MAX)
                                return why_set(why, V_FORM, "the message is nested deeper than %d levels", WIRE_DEPTH_MAX);
                        break;
                case '}':
                case ']':
                        if (depth > 0)
                                depth--;
                        break;
                case ',':
                        values++;
                        break;
                }
                if (values > WIRE_VALUES_MAX)
                        return why_set(why, V_SIZE, "the message holds more than %d values", WIRE_VALUES_MAX);
        }

        return 0;
}

static void drop_nulls(json_t *o) {
        const char *key;
        json_t *v;
        void *next;

        json_object_foreach_safe(o, next, key, v)
                if (json_is_null(v))
                        (void) json_object_del(o, key);
}

int wire_take(Buf *in, size_t bytes_max, Json **ret, Why *why) {
        _cleanup_json_ Json *o = NULL;
        json_error_t error;
        json_t *parameters;
        const char *end;
        size_t n;
        int r;

        end = in->n > 0 ? memchr(in->p, 0, in->n) : NULL;
        if (!end) {
                if (in->n > bytes_max)
                        return why_set(why, V_SIZE, "the message is longer than %zu bytes", bytes_max);
                return -EAGAIN;
        }

        n = (size_t) (end - in->p);
        if (n > bytes_max)
                return why_set(why, V_SIZE, "the message is longer than %zu bytes", bytes_max);

        r = scan(in->p, n, why);
        if (r != 0)
                return r;

        o = json_loadb(in->p, n, JSON_REJECT_DUPLICATES, &error);
        if (!o) {
                if (json_error_code(&error) == json_error_out_of_memory)
                        return -ENOMEM;
                return why_set(why, V_FORM, "the message is not JSON: %s at byte %d", error.text, error.position);
        }
        if (!json_is_object(o))
                return why_set(why, V_FORM, "the message is not a JSON object");

        drop_nulls(o);
        parameters = json_object_get(o, "parameters");
        if (json_is_object(parameters))
                drop_nulls(parameters);

        buf_drop_front(in, n + 1);
        *ret = TAKE_PTR(o);
        return 0;
}

int wire_put(Buf *out, const Json *o) {
        int r;

        r = json_dump(o, out);
        if (r != 0)
                return r;

        buf_add_char(out, 0);
        return buf_error(out);
}
