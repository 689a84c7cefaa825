/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>
#include <stdio.h>

#include "codec/line.h"
#include "election/result.h"

/* What the tests of this folder share: elections and ballots from JSON, results looked into by
 * path. */

static inline _unused_ Json* json_of(const char *text) {
        Json *j;
        Why why = {};

        ck_assert_msg(json_parse_loose(&j, text, strlen(text), 1 << 20, &why) == 0, "%s: %s", text,
                why.text);
        return j;
}

/* An election with these questions (the items of the array) and whatever members `more` adds
 * (",\"blank\":false"). */
static inline _unused_ Json* election_json(const char *questions, const char *more) {
        _cleanup_buf_ Buf text = {};

        buf_printf(&text, "{\"name\":\"test\",\"title\":\"A test\",\"opens\":100,\"closes\":200,"
                "\"rolls\":[\"%064d\"],\"questions\":[%s]%s}", 7, questions, more);
        ck_assert_int_eq(buf_error(&text), 0);
        return json_of(text.p);
}

static inline _unused_ Definition* definition_of(const char *questions, const char *more) {
        _cleanup_json_ Json *o = election_json(questions, more);
        Definition *d;
        Why why = {};

        ck_assert_msg(definition_parse(&d, o, &why) == 0, "%s: %s", questions, why.text);
        return d;
}

/* One question of that method with n options "o0", "o1", ...; params such as ",\"seats\":2", more as
 * of election_json(). */
static inline _unused_ Definition *definition_with(
        const char *method, size_t n, const char *params, const char *more) {
        _cleanup_buf_ Buf text = {};

        buf_printf(&text, "{\"text\":\"Which?\",\"method\":\"%s\"%s,\"options\":[", method, params);
        for (size_t i = 0; i < n; i++)
                buf_printf(&text, "%s\"o%zu\"", i > 0 ? "," : "", i);
        buf_add_text(&text, "]}");
        ck_assert_int_eq(buf_error(&text), 0);
        return definition_of(text.p, more);
}

static inline _unused_ Definition *definition_simple(
        const char *method, size_t n, const char *params) {
        return definition_with(method, n, params, "");
}

/* choices: the items of the array, such as "[2],[0,1]". */
static inline _unused_ int ballot_of(
        Ballot **ret, const Definition *d, const char *choices, Why *why) {
        _cleanup_json_ Json *o = NULL;
        _cleanup_buf_ Buf text = {};

        buf_printf(&text, "{\"choices\":[%s]}", choices);
        ck_assert_int_eq(buf_error(&text), 0);
        o = json_of(text.p);
        return ballot_parse(ret, d, o, why);
}

static inline _unused_ void count_choices(
        Count *c, const Definition *d, uint64_t weight, const char *choices) {
        _cleanup_(ballot_freep) Ballot *b = NULL;
        Why why = {};

        ck_assert_msg(ballot_of(&b, d, choices, &why) == 0, "%s: %s", choices, why.text);
        ck_assert_int_eq(count_add(c, b, weight), 0);
}

typedef struct Cast {
        uint64_t weight;
        const char *choices;
} Cast;

static inline _unused_ Result *result_of(
        Definition *d, const Cast *casts, size_t n, const Lot *lot) {
        _cleanup_(count_freep) Count *c = NULL;
        Result *r;

        ck_assert_int_eq(count_new(&c, d), 0);
        for (size_t i = 0; i < n; i++)
                count_choices(c, d, casts[i].weight, casts[i].choices);
        ck_assert_int_eq(count_finish(c, lot, &r), 0);
        return r;
}
#define RESULT_OF(d, lot, ...)                                          \
        result_of((d), (const Cast[]) { __VA_ARGS__ },                  \
                sizeof((const Cast[]) { __VA_ARGS__ }) / sizeof(Cast), (lot))

/* The canonical text of a member that is an object, array, number, text or boolean, "(none)"
 * without it. */
static inline _unused_ void member_text(const Json *o, const char *key, char *ret, size_t size) {
        _cleanup_buf_ Buf text = {};
        const Json *j;
        const char *s;
        int64_t n;
        bool b;

        if (json_get_array(o, key, 0, SIZE_MAX, &j, NULL) == 0 ||
                json_get_object(o, key, &j, NULL) == 0)
                ck_assert_int_eq(json_dump(j, &text), 0);
        else if (json_get_int(o, key, INT64_MIN, INT64_MAX, &n, NULL) == 0)
                buf_printf(&text, "%lld", (long long) n);
        else if (json_get_bool(o, key, &b, NULL) == 0)
                buf_add_text(&text, b ? "true" : "false");
        else if (json_get_text(o, key, 0, SIZE_MAX, &s, NULL) == 0)
                buf_printf(&text, "%s", s);
        else
                buf_add_text(&text, "(none)");

        ck_assert_int_eq(buf_error(&text), 0);
        ck_assert_uint_lt(text.n, size);
        memcpy(ret, text.p, text.n + 1);
}

#define ck_assert_member(o, key, expected)                                                         \
        do {                                                                                       \
                char _text[8192];                                                                  \
                member_text((o), (key), _text, sizeof(_text));                                     \
                ck_assert_msg(streq(_text, (expected)), "%s is %s, expected %s", (key), _text,     \
                        (expected));                                                               \
        } while (0)

/* The same of the only question of a result. */
#define ck_assert_result(r, key, expected) ck_assert_member((r)->questions[0].json, key, expected)

/* Formats to the end of an array of char. */
#define APPEND(text, ...)                                                                          \
        ((void) snprintf((text) + strlen(text), sizeof(text) - strlen(text), __VA_ARGS__))

/* Runs what t has, and the tests of a NULL-terminated list; what main() returns. */
static inline _unused_ int run_case(const char *name, TCase *t, const TTest *const *tests) {
        Suite *s = suite_create(name);
        SRunner *sr = srunner_create(s);
        int failed;

        for (; *tests; tests++)
                tcase_add_test(t, *tests);
        suite_add_tcase(s, t);
        srunner_run_all(sr, CK_NORMAL);
        failed = srunner_ntests_failed(sr);
        srunner_free(sr);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static inline _unused_ int run_tests(const char *name, const TTest *const *tests) {
        TCase *t = tcase_create(name);

        tcase_set_timeout(t, 120);
        return run_case(name, t, tests);
}

#define RUN_TESTS(name, ...)                                            \
        int main(void) {                                                \
                return run_tests(name, (const TTest*[]) { __VA_ARGS__, NULL }); \
        }

/* A small generator, so that random cases are the same everywhere (xorshift64*). */
static inline _unused_ uint64_t random_next(uint64_t *state) {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        return *state * UINT64_C(0x2545f4914f6cdd1d);
}
static inline _unused_ size_t random_below(uint64_t *state, size_t n) {
        return (size_t) (random_next(state) >> 33) % n;
}
