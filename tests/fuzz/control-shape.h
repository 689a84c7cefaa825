/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/json.h"

/* What the published text of an interface says of replies and errors; the daemon itself reads no more of it than what a
 * method takes. */

#define SHAPE_FIELDS_MAX 48

typedef struct ShapeField {
        char name[32], type[32];        /* "string", "int", "bool", "object", or a type of the interface */
        bool optional, array;
} ShapeField;

typedef struct Shape {                  /* of a type, an error, or one side of a method */
        char name[64];
        ShapeField fields[SHAPE_FIELDS_MAX];
        size_t n_fields;
} Shape;

typedef struct Shapes {
        char interface[64];
        Shape *types, *errors, *takes, *gives;  /* takes[i] and gives[i]: of method i */
        size_t n_types, n_errors, n_methods;
} Shapes;

void shapes_read(Shapes *ret, const char *text);
const Shape* shapes_method(const Shapes *s, const char *method);        /* what it gives; NULL: there is none */
const Shape* shapes_error(const Shapes *s, const char *error);
/* Each member of o is a field of the shape and of its type, and no field that must be there is missing. */
bool shape_fits(const Shapes *s, const Shape *shape, const Json *o);
