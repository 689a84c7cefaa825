/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>

#include "control-shape.h"
#include "fuzz.h"

static const char* skip(const char *p) {
        for (;;) {
                p += strspn(p, " \t\n");
                if (*p != '#')
                        return p;
                p += strcspn(p, "\n");
        }
}

static const char* word(const char *p, char *ret, size_t size) {
        size_t n = 0;

        p = skip(p);
        while (isalnum((unsigned char) p[n]) || p[n] == '_' || p[n] == '.')
                n++;
        fuzz_check(n > 0 && n < size);
        memcpy(ret, p, n);
        ret[n] = 0;
        return p + n;
}

static const char* fields(const char *p, Shape *s) {
        p = skip(p);
        fuzz_check(*p == '(');
        p = skip(p + 1);
        while (*p != ')') {
                ShapeField *f = &s->fields[s->n_fields++];

                fuzz_check(s->n_fields <= SHAPE_FIELDS_MAX);
                p = skip(word(p, f->name, sizeof(f->name)));
                fuzz_check(*p == ':');
                p = skip(p + 1);
                f->optional = *p == '?';
                p += f->optional;
                f->array = strncmp(p, "[]", 2) == 0;
                p = skip(word(p + (f->array ? 2 : 0), f->type, sizeof(f->type)));
                if (*p == ',')
                        p = skip(p + 1);
        }
        return p + 1;
}

static Shape* grow(Shape **list, size_t n) {
        *list = reallocarray(*list, n + 1, sizeof(Shape));
        fuzz_check(*list);
        (*list)[n] = (Shape) {};
        return &(*list)[n];
}

void shapes_read(Shapes *ret, const char *text) {
        Shapes s = {};

        for (const char *p = skip(text); *p; p = skip(p)) {
                char kind[16], name[64];

                p = word(p, kind, sizeof(kind));
                p = word(p, name, sizeof(name));
                if (streq(kind, "interface"))
                        (void) snprintf(s.interface, sizeof(s.interface), "%s", name);
                else if (streq(kind, "method")) {
                        Shape *in = grow(&s.takes, s.n_methods), *out = grow(&s.gives, s.n_methods);

                        s.n_methods++;
                        p = skip(fields(p, in));
                        fuzz_check(strncmp(p, "->", 2) == 0);
                        p = fields(p + 2, out);
                        memcpy(in->name, name, sizeof(name));
                        memcpy(out->name, name, sizeof(name));
                } else {
                        Shape *x = streq(kind, "type") ? grow(&s.types, s.n_types++) : grow(&s.errors, s.n_errors++);

                        p = fields(p, x);
                        memcpy(x->name, name, sizeof(name));
                }
        }
        *ret = s;
}

static const Shape* find(const Shape *list, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (streq(list[i].name, name))
                        return &list[i];
        return NULL;
}

const Shape* shapes_method(const Shapes *s, const char *method) {
        return find(s->gives, s->n_methods, method);
}

const Shape* shapes_error(const Shapes *s, const char *error) {
        return find(s->errors, s->n_errors, error);
}

static bool value_fits(const Shapes *s, const ShapeField *f, const json_t *v) {
        if (streq(f->type, "string"))
                return json_is_string(v);
        if (streq(f->type, "int"))
                return json_is_integer(v);
        if (streq(f->type, "bool"))
                return json_is_boolean(v);
        if (streq(f->type, "object"))
                return json_is_object(v);
        return shape_fits(s, find(s->types, s->n_types, f->type), v);
}

static bool field_fits(const Shapes *s, const ShapeField *f, const json_t *v) {
        size_t i;
        json_t *item;

        if (!f->array)
                return value_fits(s, f, v);
        if (!json_is_array(v))
                return false;
        json_array_foreach(v, i, item)
                if (!value_fits(s, f, item))
                        return false;
        return true;
}

bool shape_fits(const Shapes *s, const Shape *shape, const Json *o) {
        const char *key;
        json_t *v;
        size_t i;

        if (!shape || !json_is_object(o))
                return false;
        json_object_foreach((json_t *) o, key, v) {
                for (i = 0; i < shape->n_fields && !streq(shape->fields[i].name, key); i++)
                        ;
                if (i == shape->n_fields || !field_fits(s, &shape->fields[i], v)) {
                        (void) fprintf(stderr, "%s.%s: member \"%s\" is not as published\n", s->interface, shape->name, key);
                        return false;
                }
        }
        for (i = 0; i < shape->n_fields; i++)
                if (!shape->fields[i].optional && !json_object_get(o, shape->fields[i].name)) {
                        (void) fprintf(stderr, "%s.%s: member \"%s\" is missing\n", s->interface, shape->name, shape->fields[i].name);
                        return false;
                }
        return true;
}
