/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "control-shape.h"

typedef struct Program {        /* the rest of an input */
        const uint8_t *p;
        size_t n;
} Program;
uint8_t program_take(Program *g);       /* 0 at its end */

/* The bytes of a call, with their NUL, made of what comes next in the program: a byte for the method, one for flags, one for
 * each parameter. interfaces: Varlink's own, and that of the role. */
void call_make(Buf *ret, const Shapes interfaces[static 2], Program *g);
