/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"

#define GROW_MIN 64

void buf_done(Buf *b) {
        free(b->p);
        *b = (Buf) {};
}

void buf_reset(Buf *b) {
        b->n = 0;
        b->failed = false;
        if (b->p)
                b->p[0] = 0;
}

void* buf_reserve(Buf *b, size_t n) {
        size_t needed, allocated;
        char *p;

        if (b->failed)
                return NULL;
        if (__builtin_add_overflow(b->n, n, &needed) || __builtin_add_overflow(needed, 1, &needed)) {
                b->failed = true;
                return NULL;
        }
        if (needed <= b->allocated)
                return b->p + b->n;

        /* Doubling keeps the sum of all copies linear. */
        allocated = MAX(needed, (size_t) GROW_MIN);
        if (allocated < SIZE_MAX / 2)
                allocated = MAX(allocated, b->allocated * 2);
        p = realloc(b->p, allocated);
        if (!p) {
                b->failed = true;
                return NULL;
        }
        b->p = p;
        b->allocated = allocated;
        b->p[b->n] = 0;
        return b->p + b->n;
}

void buf_add(Buf *b, const void *p, size_t n) {
        char *to = buf_reserve(b, n);

        if (!to)
                return;

        if (n > 0)
                memcpy(to, p, n);
        b->n += n;
        b->p[b->n] = 0;
}

void buf_add_text(Buf *b, const char *s) {
        buf_add(b, s, strlen(s));
}

void buf_add_char(Buf *b, char c) {
        buf_add(b, &c, 1);
}

void buf_printf(Buf *b, const char *format, ...) {
        va_list ap;
        char *to;
        int k;

        va_start(ap, format);
        k = vsnprintf(NULL, 0, format, ap);
        va_end(ap);
        if (k < 0) {
                b->failed = true;
                return;
        }

        to = buf_reserve(b, (size_t) k);
        if (!to)
                return;

        va_start(ap, format);
        (void) vsnprintf(to, (size_t) k + 1, format, ap);
        va_end(ap);
        b->n += (size_t) k;
}

void buf_drop_front(Buf *b, size_t n) {
        assert(n <= b->n);

        if (n == 0)
                return;
        memmove(b->p, b->p + n, b->n - n);
        b->n -= n;
        b->p[b->n] = 0;
}

int buf_error(const Buf *b) {
        return b->failed ? -ENOMEM : 0;
}

char* buf_take(Buf *b, size_t *ret_n) {
        char *p;

        if (!buf_reserve(b, 0)) {
                buf_done(b);
                return NULL;
        }

        p = b->p;
        p[b->n] = 0;
        if (ret_n)
                *ret_n = b->n;
        *b = (Buf) {};
        return p;
}
