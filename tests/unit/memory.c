/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <execinfo.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/macro.h"
#include "memory.h"
#include "voted/verdict.h"

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

void memory_fail(uint64_t n, bool on) {
        assert(n > 0);
        armed = true;
        goes_on = on;
        countdown = n;
        n_failed = 0;
        n_trace = 0;
}

bool memory_ease(void) {
        armed = false;
        return n_failed > 0;
}

int64_t memory_held(void) {
        return held;
}

void memory_where(void) {
        if (n_trace > 0)
                backtrace_symbols_fd(trace, n_trace, STDERR_FILENO);
}

#define REFUSE(...)                                                                             \
        ({                                                                                      \
                memory_where();                                                                 \
                ck_abort_msg(__VA_ARGS__);                                                      \
        })

static char* look(const Operation *o, void *userdata) {
        _cleanup_buf_ Buf b = {};

        if (o->show)
                o->show(userdata, &b);
        return buf_take(&b, NULL);
}

static void differ(const char *what, const char *a, const char *b) {
        size_t i = 0, from;

        while (a[i] && a[i] == b[i])
                i++;
        for (from = i; from > 0 && a[from - 1] != '\n' && i - from < 100; from--)
                ;
        REFUSE("%s: it makes\n%.300s\ninstead of\n%.300s", what, b + from, a + from);
}

/* What it makes when nothing fails; it is done twice, since the first time may fill what stays, such as keys of a fixture. */
static char* run_well(const Operation *o) {
        char *seen = NULL;

        for (unsigned i = 0; i < 2; i++) {
                int64_t before = memory_held();
                void *userdata = o->begin();
                int r = o->run(userdata);

                if (r != o->expected)
                        ck_abort_msg("%s: %d (%s), expected %d", o->name, r, r > 0 ? verdict_name(r) : strerror(-r), o->expected);
                free(seen);
                seen = look(o, userdata);
                o->end(userdata);
                if (i > 0)
                        ck_assert_msg(memory_held() == before, "%s: %" PRIi64 " allocations are left", o->name, memory_held() - before);
        }
        return seen;
}

/* One run in which an allocation fails; whether one did. */
static bool run_starved(const Operation *o, void *userdata, const char *seen, uint64_t n, bool on) {
        char what[160], *again;
        bool failed;
        int r;

        (void) snprintf(what, sizeof(what), "%s: allocation %" PRIu64 "%s fails", o->name, n, on ? " and all behind it" : "");
        memory_fail(n, on);
        r = o->run(userdata);
        failed = memory_ease();

        if (r > 0 && r != o->expected)
                REFUSE("%s: verdict %s", what, verdict_name(r));
        if (r != o->expected && (r != -ENOMEM || !failed))
                REFUSE("%s: %d (%s)", what, r, strerror(-r));
        if (r != o->expected) {
                if (o->recover)
                        o->recover(userdata);
                r = o->run(userdata);
                if (r != o->expected)
                        REFUSE("%s: with memory again %d (%s)", what, r, r > 0 ? verdict_name(r) : strerror(-r));
        }
        again = look(o, userdata);
        if (!streq(again, seen))
                differ(what, seen, again);
        free(again);
        return failed;
}

/* Returns how many allocations there are. */
static uint64_t run_all(const Operation *o, const char *seen, bool on, uint64_t step) {
        void *userdata = NULL;
        bool failed = true;
        uint64_t n;

        if (o->reset)
                userdata = o->begin();
        for (n = 1; failed; n += step) {
                int64_t before = memory_held(), left;

                if (!o->reset)
                        userdata = o->begin();
                failed = run_starved(o, userdata, seen, n, on);
                if (o->reset)
                        o->reset(userdata);
                else
                        o->end(userdata);
                left = memory_held() - before;
                if (left != 0)
                        REFUSE("%s: allocation %" PRIu64 "%s fails: %" PRIi64 " others are left", o->name, n,
                                        on ? " and all behind it" : "", left);
        }
        if (o->reset)
                o->end(userdata);
        return n - step - 1;
}

static const Operation *all, *current;

unsigned memory_which(void) {
        return current->which;
}

START_TEST(no_memory_is_nobodys_fault) {
        const Operation *o = &all[_i];
        uint64_t n, step = o->step > 1 && !getenv("MEMORY_ALL") ? o->step : 1;
        char *seen;

        current = o;
        seen = run_well(o);
        n = run_all(o, seen, false, step);
        (void) run_all(o, seen, true, step);
        free(seen);
        if (getenv("MEMORY_VERBOSE"))
                (void) fprintf(stderr, "%s: %s%" PRIu64 " allocations\n", o->name, step > 1 ? "at most " : "", n);
}
END_TEST

/* It does not fail in the programs either: json_init(). */
static void* take_for_json(size_t n) {
        return counted(__real_malloc(n));
}

void memory_add(TCase *t, const Operation *operations, size_t n) {
        json_set_alloc_funcs(take_for_json, __wrap_free);
        all = operations;
        tcase_add_loop_test(t, no_memory_is_nobodys_fault, 0, (int) n);
}
