/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "memory.h"

#include <inttypes.h>
#include <stdio.h>

#include "voted/verdict.h"

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

void memory_add(TCase *t, const Operation *operations, size_t n) {
        memory_watch();
        all = operations;
        tcase_add_loop_test(t, no_memory_is_nobodys_fault, 0, (int) n);
}
