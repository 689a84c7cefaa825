/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>
#include <stdio.h>

#include "../help.h"
#include "base/macro.h"
#include "crypto/sign.h"
#include "ledger/entry.h"

/* What the test programs of this folder share. */

static inline _unused_ void check_verdict(
                const char *file, int line, int r, int expected, const Why *why) {
        if (r != expected)
                _ck_assert_failed(file, line, "verdict", "%s (%d: %s), expected %s",
                                verdict_name(r), r, why->text, verdict_name(expected));
        mark_point();
}
/* r is the verdict expected (0: none); why is a Why, shown where it is not. */
#define assert_verdict(r, expected, why) check_verdict(__FILE__, __LINE__, (r), (expected), &(why))

static inline _unused_ void free_entries(Entry **entries, size_t n) {
        for (size_t i = 0; i < n; i++)
                entry_unref(entries[i]);
        free(entries);
}

/* Runs them; a program's exit status. */
static inline _unused_ int run_suite(const char *name, void (*add)(TCase *t)) {
        TCase *t = tcase_create(name);
        Why why = {};

        if (crypto_init(&why) < 0) {
                (void) fprintf(stderr, "%s\n", why.text);
                return EXIT_FAILURE;
        }

        tcase_set_timeout(t, 120);
        add(t);
        return run_tcase(name, t);
}
