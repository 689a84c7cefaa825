/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>
#include <stdio.h>

#include "base/file.h"

/* Runs it as a suite of that name; a program's exit status. */
static inline int run_tcase(const char *name, TCase *t) {
        Suite *s = suite_create(name);
        SRunner *runner;
        int failed;

        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* What every test program of the lower layers needs: a main(), and the data that may lie beside the tree. */
static inline int run_tests(const char *name, const TTest *const *tests, size_t n) {
        TCase *t = tcase_create(name);

        tcase_set_timeout(t, 120);
        for (size_t i = 0; i < n; i++)
                tcase_add_test(t, tests[i]);
        return run_tcase(name, t);
}

#define TEST_MAIN(name, ...)                                                            \
        int main(void) {                                                                \
                const TTest *const tests[] = { __VA_ARGS__ };                           \
                                                                                        \
                return run_tests(name, tests, ELEMENTSOF(tests));                       \
        }

/* A file of $VOTED_TEST_DATA, or of shared/data beside the source tree. False, saying so: it is not there. */
static inline bool read_test_data(const char *name, Buf *ret) {
        const char *given = getenv("VOTED_TEST_DATA"), *top = getenv("abs_top_srcdir");
        _cleanup_free_ char *beside = NULL, *path = NULL;

        beside = path_join(top ? top : ".", "../shared/data");
        ck_assert_ptr_nonnull(beside);
        path = path_join(given ? given : beside, name);
        ck_assert_ptr_nonnull(path);
        if (read_file(path, 16U << 20, ret) == 0)
                return true;
        (void) printf("skipped: %s is not there; set VOTED_TEST_DATA to the folder that holds it.\n", path);
        return false;
}
