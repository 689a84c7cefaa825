/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"

/* A growable run of bytes. All zero is an empty one. A failed allocation is remembered: later
 * appends do nothing and buf_error() says -ENOMEM, so that a writer checks once at its end. */
typedef struct Buf {
        char *p;                /* NUL behind the last byte, if p is not NULL */
        size_t n, allocated;
        bool failed;
} Buf;

void buf_done(Buf *b);          /* frees the contents; b is empty again */
void buf_reset(Buf *b);         /* empty, keeps the memory */
void buf_add(Buf *b, const void *p, size_t n);
void buf_add_text(Buf *b, const char *s);
void buf_add_char(Buf *b, char c);
void buf_printf(Buf *b, const char *format, ...) _printf_(2, 3);
/* Room for n more bytes at the end; NULL when there is no memory. Follow with b->n += used. */
void* buf_reserve(Buf *b, size_t n);
void buf_drop_front(Buf *b, size_t n);  /* removes the first n bytes */
_must_check_ int buf_error(const Buf *b);       /* 0 or -ENOMEM */
/* The bytes, with a NUL behind them, owned by the caller (free()); b is empty again. NULL: no memory. */
char* buf_take(Buf *b, size_t *ret_n);

#define _cleanup_buf_ _cleanup_(buf_done)
