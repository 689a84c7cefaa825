/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <jansson.h>

#include "base/buf.h"
#include "ctl/interface.h"

const char interface_text_peer[] =
#include "ctl/org.voted.Peer.inc"
        ;
const char interface_text_tracker[] =
#include "ctl/org.voted.Tracker.inc"
        ;
const char interface_text_service[] =
        "# The Varlink service itself\n"
        "interface org.varlink.service\n\n"
        "method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)\n"
        "method GetInterfaceDescription(interface: string) -> (description: string)\n\n"
        "error InterfaceNotFound (interface: string)\n"
        "error MethodNotFound (method: string)\n"
        "error MethodNotImplemented (method: string)\n"
        "error InvalidParameter (parameter: string)\n"
        "error PermissionDenied ()\n"
        "error ExpectedMore ()\n";

#define FIELDS_MAX 12
#define METHODS_MAX 48

typedef enum FieldType { FIELD_TEXT, FIELD_INT, FIELD_BOOL, FIELD_OBJECT, FIELD_ARRAY } FieldType;

typedef struct Field {
        char *name;
        FieldType type;
        bool optional;
} Field;

typedef struct Method {
        char *name;
        Field fields[FIELDS_MAX];
        size_t n_fields;
} Method;

struct Interface {
        char *name;
        const char *text;
        Method methods[METHODS_MAX];
        size_t n_methods;
};

Interface* interface_free(Interface *i) {
        if (!i)
                return NULL;

        for (size_t k = 0; k < i->n_methods; k++) {
                for (size_t f = 0; f < i->methods[k].n_fields; f++)
                        free(i->methods[k].fields[f].name);
                free(i->methods[k].name);
        }
        free(i->name);
        free(i);
        return NULL;
}

/* White space and comments. */
static const char* skip(const char *p) {
        for (;;) {
                while (isspace((unsigned char) *p))
                        p++;
                if (*p != '#')
                        return p;
                while (*p && *p != '\n')
                        p++;
        }
}

static const char* word(const char *p, char **ret) {
        const char *end = p;

        while (isalnum((unsigned char) *end) || *end == '_' || *end == '.')
                end++;
        *ret = end > p ? strndup(p, (size_t) (end - p)) : NULL;
        return end;
}

static const char* read_type(const char *p, Field *f) {
        _cleanup_free_ char *name = NULL;

        f->optional = *p == '?';
        if (f->optional)
                p++;

        if (strncmp(p, "[]", 2) == 0) {
                f->type = FIELD_ARRAY;
                p = word(p + 2, &name);
        } else {
                p = word(p, &name);
                if (name)
                        f->type = streq(name, "string") ? FIELD_TEXT :
                                  streq(name, "int")    ? FIELD_INT :
                                  streq(name, "bool")   ? FIELD_BOOL :
                                                          FIELD_OBJECT;
        }
        return name ? skip(p) : NULL;
}

/* "(name: type, ...)", the parameters of a method */
static const char* read_fields(const char *p, Method *m) {
        if (*p != '(')
                return NULL;
        p = skip(p + 1);

        while (*p != ')') {
                Field *f;

                if (m->n_fields >= FIELDS_MAX)
                        return NULL;
                f = &m->fields[m->n_fields];
                p = word(p, &f->name);
                if (!f->name)
                        return NULL;
                m->n_fields++;

                p = skip(p);
                if (*p != ':')
                        return NULL;
                p = read_type(skip(p + 1), f);
                if (!p)
                        return NULL;
                if (*p == ',')
                        p = skip(p + 1);
                else if (*p != ')')
                        return NULL;
        }
        return p + 1;
}

static const char* skip_parentheses(const char *p) {
        unsigned depth = 0;

        for (; *p; p++) {
                if (*p == '(')
                        depth++;
                if (*p == ')' && --depth == 0)
                        return p + 1;
        }
        return NULL;
}

static const char* read_member(const char *p, Interface *i) {
        _cleanup_free_ char *kind = NULL, *name = NULL;
        Method *m;

        p = word(p, &kind);
        if (!kind)
                return NULL;
        p = word(skip(p), &name);
        if (!name)
                return NULL;
        p = skip(p);

        if (streq(kind, "interface")) {
                if (i->name)
                        return NULL;
                i->name = TAKE_PTR(name);
                return p;
        }
        if (!streq(kind, "method"))
                return skip_parentheses(p);

        if (i->n_methods >= METHODS_MAX)
                return NULL;
        m = &i->methods[i->n_methods++];
        m->name = TAKE_PTR(name);
        p = read_fields(p, m);
        if (!p)
                return NULL;
        p = skip(p);
        if (strncmp(p, "->", 2) != 0)
                return NULL;
        return skip_parentheses(skip(p + 2));
}

int interface_new(Interface **ret, const char *text) {
        _cleanup_(interface_freep) Interface *i = NULL;
        const char *p;

        i = new0(Interface, 1);
        if (!i)
                return -ENOMEM;
        i->text = text;

        for (p = skip(text); *p; p = skip(p)) {
                p = read_member(p, i);
                if (!p)
                        return -EINVAL;
        }
        if (!i->name)
                return -EINVAL;

        *ret = TAKE_PTR(i);
        return 0;
}

const char* interface_name(const Interface *i) {
        return i->name;
}

const char* interface_text(const Interface *i) {
        return i->text;
}

size_t interface_n_methods(const Interface *i) {
        return i->n_methods;
}

const char* interface_method_at(const Interface *i, size_t k) {
        return k < i->n_methods ? i->methods[k].name : NULL;
}

static const Method* find(const Interface *i, const char *method) {
        for (size_t k = 0; k < i->n_methods; k++)
                if (streq(i->methods[k].name, method))
                        return &i->methods[k];
        return NULL;
}

bool interface_has(const Interface *i, const char *method) {
        return find(i, method) != NULL;
}

static bool fits(const Field *f, const json_t *v) {
        switch (f->type) {
        case FIELD_TEXT:
                return json_is_string(v);
        case FIELD_INT:
                return json_is_integer(v);
        case FIELD_BOOL:
                return json_is_boolean(v);
        case FIELD_ARRAY:
                return json_is_array(v);
        case FIELD_OBJECT:
                return json_is_object(v);
        }
        return false;
}

int interface_check(const Interface *i, const char *method, const Json *parameters, const char **ret_parameter) {
        const Method *m = ASSERT_PTR(find(i, method));
        const char *key;
        json_t *v;

        json_object_foreach((json_t *) parameters, key, v) {
                size_t f;

                for (f = 0; f < m->n_fields && !streq(m->fields[f].name, key); f++)
                        ;
                if (f == m->n_fields || !fits(&m->fields[f], v)) {
                        *ret_parameter = key;
                        return V_FORM;
                }
        }

        for (size_t f = 0; f < m->n_fields; f++)
                if (!m->fields[f].optional && !json_object_get(parameters, m->fields[f].name)) {
                        *ret_parameter = m->fields[f].name;
                        return V_FORM;
                }

        return 0;
}
