/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>
#include <stdlib.h>

#include "../help.h"
#include "ctl/wire.h"
#include "voted/limits.h"

static int take(const char *p, size_t n, Json **ret, Why *why) {
        Buf b = {};
        int r;

        buf_add(&b, p, n);
        r = wire_take(&b, CTL_MESSAGE_BYTES_MAX, ret, why);
        buf_done(&b);
        return r;
}

START_TEST(a_message_ends_with_a_nul_and_the_next_one_stays) {
        static const char text[] = "{\"method\":\"a.b\"}\0{\"method\":\"c.d\"}";
        _cleanup_json_ Json *o = NULL;
        _cleanup_buf_ Buf b = {};
        const char *method;

        buf_add(&b, text, sizeof(text));
        ck_assert_int_eq(wire_take(&b, CTL_MESSAGE_BYTES_MAX, &o, NULL), 0);
        ck_assert_int_eq(json_get_text(o, "method", 1, 64, &method, NULL), 0);
        ck_assert_str_eq(method, "a.b");
        ck_assert_uint_eq(b.n, strlen("{\"method\":\"c.d\"}") + 1);
}
END_TEST

START_TEST(half_a_message_is_waited_for) {
        Json *o = NULL;

        ck_assert_int_eq(take("{\"method\":", 10, &o, NULL), -EAGAIN);
        ck_assert_int_eq(take("", 0, &o, NULL), -EAGAIN);
}
END_TEST

static const struct {
        const char *text;
        int expected;
} bad[] = {
        { "{\"a\":1,\"a\":2}",  V_FORM },
        { "[1,2]",              V_FORM },
        { "{\"a\":1",           V_FORM },
        { "{\"a\":1} x",        V_FORM },
        { "",                   V_FORM },
        { "{\"a\":\"\xff\"}",   V_FORM },
};

START_TEST(what_is_no_json_object_is_refused) {
        Json *o = NULL;
        Why why;

        ck_assert_msg(take(bad[_i].text, strlen(bad[_i].text) + 1, &o, &why) == bad[_i].expected, "%s", bad[_i].text);
        ck_assert_ptr_null(o);
        ck_assert(why.text[0] != 0);
}
END_TEST

START_TEST(a_million_nested_arrays_cost_one_scan) {
        _cleanup_free_ char *text = malloc(1000000);
        Json *o = NULL;

        ck_assert_ptr_nonnull(text);
        memset(text, '[', 1000000);
        text[999999] = 0;
        ck_assert_int_eq(take(text, 1000000, &o, NULL), V_FORM);
}
END_TEST

START_TEST(a_flood_of_values_costs_one_scan) {
        _cleanup_buf_ Buf b = {};
        Json *o = NULL;

        buf_add_text(&b, "{\"a\":[0");
        for (unsigned i = 0; i < 200000; i++)
                buf_add_text(&b, ",0");
        buf_add(&b, "]}", 3);
        ck_assert_int_eq(wire_take(&b, CTL_MESSAGE_BYTES_MAX, &o, NULL), V_SIZE);
}
END_TEST

START_TEST(a_message_without_end_is_refused_at_the_limit) {
        _cleanup_buf_ Buf b = {};
        Json *o = NULL;

        for (unsigned i = 0; i <= CTL_MESSAGE_BYTES_MAX; i++)
                buf_add_char(&b, 'x');
        ck_assert_int_eq(wire_take(&b, CTL_MESSAGE_BYTES_MAX, &o, NULL), V_SIZE);
}
END_TEST

START_TEST(a_member_that_is_null_counts_as_absent) {
        static const char text[] = "{\"method\":\"a.b\",\"more\":null,\"parameters\":{\"x\":null,\"y\":1}}";
        _cleanup_json_ Json *o = NULL;
        const Json *parameters;

        ck_assert_int_eq(take(text, sizeof(text), &o, NULL), 0);
        ck_assert(!json_has(o, "more"));
        ck_assert_int_eq(json_get_object(o, "parameters", &parameters, NULL), 0);
        ck_assert(!json_has(parameters, "x"));
        ck_assert(json_has(parameters, "y"));
}
END_TEST

int main(void) {
        TCase *t = tcase_create("wire");

        tcase_add_test(t, a_message_ends_with_a_nul_and_the_next_one_stays);
        tcase_add_test(t, half_a_message_is_waited_for);
        tcase_add_loop_test(t, what_is_no_json_object_is_refused, 0, ELEMENTSOF(bad));
        tcase_add_test(t, a_million_nested_arrays_cost_one_scan);
        tcase_add_test(t, a_flood_of_values_costs_one_scan);
        tcase_add_test(t, a_message_without_end_is_refused_at_the_limit);
        tcase_add_test(t, a_member_that_is_null_counts_as_absent);
        return run_tcase("wire", t);
}
