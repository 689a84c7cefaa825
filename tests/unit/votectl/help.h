/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>
#include <stdio.h>

#include "codec/line.h"
#include "election/definition.h"
#include "votectl/votectl.h"

static inline _unused_ Json* parse(const char *text) {
        Json *o = NULL;
        Why why = {};

        ck_assert_msg(json_parse_loose(&o, text, strlen(text), 1U << 20, &why) == 0, "%s: %s", text,
                why.text);
        return o;
}

/* The canonical text of j, which is freed. */
static inline _unused_ char* dump(Json *j) {
        Buf b = {};
        size_t n;

        ck_assert_int_eq(json_dump(j, &b), 0);
        (void) json_free(j);
        return buf_take(&b, &n);
}

/* An election with these questions (JSON). */
static inline _unused_ Definition* make_definition(const char *questions) {
        _cleanup_free_ char *text = NULL;
        _cleanup_json_ Json *o = NULL;
        Definition *d = NULL;
        Why why = {};

        ck_assert_int_gt(asprintf(&text,
                                 "{\"name\":\"e\",\"title\":\"E\",\"rolls\":[\"%064d\"],\"opens\":"
                                 "100,\"closes\":200,\"questions\":[%s]}",
                                 0, questions),
                0);
        o = parse(text);
        ck_assert_msg(definition_parse(&d, o, &why) == 0, "%s", why.text);
        return d;
}

static inline int run_suite(const char *name, void (*add)(TCase *t)) {
        Suite *s = suite_create(name);
        TCase *t = tcase_create(name);
        SRunner *runner;
        int failed;

        add(t);
        tcase_set_timeout(t, 60);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
