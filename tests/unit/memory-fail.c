/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <execinfo.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/macro.h"
#include "memory-fail.h"

static bool armed, goes_on;
static uint64_t countdown, n_failed;
static int64_t held;
static void *trace[24];
static int n_trace;

void* __real_malloc(size_t n);
void* __real_calloc(size_t n, size_t size);
void* __real_realloc(void *p, size_t n);
void __real_free(void *p);
void* __real_sodium_malloc(size_t n);
void __real_sodium_free(void *p);
void* __wrap_malloc(size_t n);
void* __wrap_calloc(size_t n, size_t size);
void* __wrap_realloc(void *p, size_t n);
void* __wrap_reallocarray(void *p, size_t n, size_t size);
void __wrap_free(void *p);
char* __wrap_strdup(const char *s);
char* __wrap_strndup(const char *s, size_t n);
int __wrap_asprintf(char **ret, const char *format, ...) _printf_(2, 3);
int __wrap___asprintf_chk(char **ret, int flag, const char *format, ...) _printf_(3, 4);
int __wrap_vasprintf(char **ret, const char *format, va_list ap) _printf_(2, 0);
int __wrap___vasprintf_chk(char **ret, int flag, const char *format, va_list ap) _printf_(3, 0);
void* __wrap_sodium_malloc(size_t n);
void __wrap_sodium_free(void *p);

static bool fails(void) {
        if (!armed)
                return false;
        if (countdown > 1) {
                countdown--;
                return false;
        }
        if (n_failed > 0 && !goes_on)
                return false;
        if (n_failed++ == 0)
                n_trace = backtrace(trace, ELEMENTSOF(trace));
        errno = ENOMEM;
        return true;
}

static void* counted(void *p) {
        held += p != NULL;
        return p;
}

void* __wrap_malloc(size_t n) {
        return fails() ? NULL : counted(__real_malloc(n));
}

void* __wrap_calloc(size_t n, size_t size) {
        return fails() ? NULL : counted(__real_calloc(n, size));
}

void* __wrap_realloc(void *p, size_t n) {
        void *q;

        if (fails())
                return NULL;
        q = __real_realloc(p, n);
        if (!p)
                held += q != NULL;
        return q;
}

void* __wrap_reallocarray(void *p, size_t n, size_t size) {
        size_t bytes;

        if (__builtin_mul_overflow(n, size, &bytes)) {
                errno = ENOMEM;
                return NULL;
        }
        return __wrap_realloc(p, bytes);
}

void __wrap_free(void *p) {
        held -= p != NULL;
        __real_free(p);
}

char* __wrap_strndup(const char *s, size_t n) {
        size_t len = strnlen(s, n);
        char *p = __wrap_malloc(len + 1);

        if (p) {
                memcpy(p, s, len);
                p[len] = 0;
        }
        return p;
}

char* __wrap_strdup(const char *s) {
        return __wrap_strndup(s, SIZE_MAX);
}

int __wrap_vasprintf(char **ret, const char *format, va_list ap) {
        va_list again;
        int n;

        va_copy(again, ap);
        n = vsnprintf(NULL, 0, format, again);
        va_end(again);
        *ret = n < 0 ? NULL : __wrap_malloc((size_t) n + 1);
        return *ret ? vsnprintf(*ret, (size_t) n + 1, format, ap) : -1;
}

int __wrap_asprintf(char **ret, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = __wrap_vasprintf(ret, format, ap);
        va_end(ap);
        return r;
}

int __wrap___asprintf_chk(char **ret, _unused_ int flag, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = __wrap_vasprintf(ret, format, ap);
        va_end(ap);
        return r;
}

int __wrap___vasprintf_chk(char **ret, _unused_ int flag, const char *format, va_list ap) {
        return __wrap_vasprintf(ret, format, ap);
}

void* __wrap_sodium_malloc(size_t n) {
        return fails() ? NULL : counted(__real_sodium_malloc(n));
}

void __wrap_sodium_free(void *p) {
        held -= p != NULL;
        __real_sodium_free(p);
}

/* It does not fail in the programs either: json_init(). */
static void* take_for_json(size_t n) {
        return counted(__real_malloc(n));
}

void memory_watch(void) {
        json_set_alloc_funcs(take_for_json, __wrap_free);
}

void memory_fail(uint64_t n, bool on) {
        assert(n > 0);
        armed = true;
        goes_on = on;
        countdown = n;
        n_failed = 0;
        n_trace = 0;
}

bool memory_ease(void) {
        bool failed = armed && n_failed > 0;

        armed = false;
        return failed;
}

int64_t memory_held(void) {
        return held;
}

void memory_where(void) {
        if (n_trace > 0)
                backtrace_symbols_fd(trace, n_trace, STDERR_FILENO);
}
