/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>
#include <stdio.h>

#include "base/macro.h"
#include "base/why.h"
#include "crypto/sign.h"

/* What the test programs of this folder share. */

static inline _unused_ void check_verdict(const char *file, int line, int r, int expected, const Why *why) {
        if (r != expected)
                _ck_assert_failed(file, line, "verdict", "%s (%d: %s), expected %s", verdict_name(r), r, why->text, verdict_name(expected));
        mark_point();
}
/* r is the verdict expected (0: none); why is a Why, shown where it is not. */
#define assert_verdict(r, expected, why) check_verdict(__FILE__, __LINE__, (r), (expected), &(why))

/* Runs them; a program's exit status. */
static inline _unused_ int run_suite(const char *name, void (*add)(TCase *t)) {
        Suite *s = suite_create(name);
        TCase *t = tcase_create(name);
        SRunner *runner;
        Why why = {};
        int failed;

        if (crypto_init(&why) < 0) {
                (void) fprintf(stderr, "%s\n", why.text);
                return EXIT_FAILURE;
        }

        tcase_set_timeout(t, 120);
        add(t);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
