/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>

#include "base/prng.h"
#include "base/text.h"
#include "codec/line.h"
#include "voted/limits.h"

#include "../help.h"

/* line_check() on a copy that ends where the line ends, so that a step too far is seen by the sanitizers. */
static int check(const char *p, size_t n, Why *why) {
        _cleanup_free_ char *copy = malloc(n > 0 ? n : 1);

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, p, n);
        return line_check(copy, n, 1U << 20, MESSAGE_VALUES_MAX, why);
}

START_TEST(what_is_canonical_passes) {
        static const char *const good[] = {
                "{}",
                "{\"a\":1}",
                "{\"a\":0,\"b\":-1,\"c\":9007199254740991,\"d\":-9007199254740991}",
                "{\"a\":true,\"b\":false,\"c\":\"\",\"d\":[],\"e\":{}}",
                "{\"0\":1,\"9\":1,\"_\":1,\"a\":1,\"a0\":1,\"a_\":1,\"aa\":1,\"ab\":1,\"b\":1}",
                "{\"a\":[[[[[[[]]]]]]]}",                                        /* 8 deep */
                "{\"a\":\"\\\"\\\\\\n\\t/'<&>\"}",
                "{\"a\":\"é € 漢字 𝄞 \xf4\x8f\xbf\xbf A\xcc\x8a\"}",          /* RFC 8785, 3.1: no normalisation */
                "{\"a\":\"\xc2\xa0\xe2\x80\x8a\xe2\x80\x90\xe2\x80\xa9\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa\"}",   /* beside the forbidden ranges */
                "{\"a\":\"{[,:]}\"}",
                "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}",
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                Why why = {};

                ck_assert_msg(check(good[i], strlen(good[i]), &why) == 0, "%s: %s", good[i], why.text);
        }
}
END_TEST

START_TEST(what_is_not_canonical_is_refused_with_the_place) {
        static const struct {
                const char *line, *why;
        } bad[] = {
                { "", "byte 0" }, { "[]", "byte 0" }, { "1", "byte 0" }, { "\"a\"", "byte 0" }, { "true", "byte 0" }, { " {}", "byte 0" },
                { "{", "byte 1" }, { "{}x", "byte 2" }, { "{} ", "byte 2" }, { "{}\n", "byte 2" }, { "{}{}", "byte 2" }, { "{]", "byte 1" },
                { "{ }", "byte 1" }, { "{\"a\" :1}", "byte 4" }, { "{\"a\": 1}", "byte 5" }, { "{\"a\":1 }", "byte 6" },
                { "{\"a\":1, \"b\":1}", "byte 7" }, { "{\"a\":[1 ]}", "byte 7" }, { "{\"a\":[ 1]}", "byte 6" },
                { "{\"a\":1,}", "byte 7" }, { "{\"a\":[1,]}", "byte 8" }, { "{\"a\":[,1]}", "byte 6" }, { "{,\"a\":1}", "byte 1" },
                { "{\"a\":1\"b\":1}", "byte 6" }, { "{\"a\":[1}", "byte 7" }, { "{\"a\":{\"b\":1]", "byte 11" }, { "{\"a\"}", "byte 4" }, { "{\"a\":}", "byte 5" },
                { "{a:1}", "byte 1" }, { "{'a':1}", "byte 1" }, { "{1:1}", "byte 1" },
                { "{\"\":1}", "empty key" }, { "{\"A\":1}", "byte 2" }, { "{\"a-b\":1}", "byte 3" }, { "{\"\xc3\xa9\":1}", "byte 2" }, { "{\"a\\u0062\":1}", "byte 3" },
                { "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}", "key of 65 bytes" },
                { "{\"b\":1,\"a\":1}", "comes after" }, { "{\"ab\":1,\"a\":1}", "comes after" }, { "{\"a\":1,\"_\":1}", "comes after" },
                { "{\"a\":1,\"a\":1}", "stands twice" }, { "{\"x\":{\"a\":1,\"b\":2,\"a\":1}}", "comes after" },
                { "{\"a\":null}", "null" }, { "{\"a\":True}", "byte 5" }, { "{\"a\":tru}", "byte 5" }, { "{\"a\":truf}", "byte 5" }, { "{\"a\":falsy}", "byte 5" }, { "{\"a\":NaN}", "byte 5" },
                { "{\"a\":t", "byte 5" }, { "{\"a\":truex}", "byte 9" },
                { "{\"a\":-}", "digit" }, { "{\"a\":+1}", "byte 5" }, { "{\"a\":-0}", "-0" }, { "{\"a\":01}", "begins with 0" }, { "{\"a\":-01}", "-0" }, { "{\"a\":.5}", "byte 5" },
                { "{\"a\":0x10}", "byte 6" }, { "{\"a\":1.0}", "whole" }, { "{\"a\":1e2}", "whole" }, { "{\"a\":1E2}", "whole" },
                { "{\"a\":5e-324}", "whole" }, { "{\"a\":9007199254740992}", "2^53" }, { "{\"a\":-9007199254740992}", "2^53" }, { "{\"a\":295147905179352830000}", "2^53" },
                { "{\"a\":18446744073709551617}", "2^53" },
                { "{\"a\":\"", "not closed" }, { "{\"a\":\"x", "not closed" }, { "{\"a\":\"\\", "byte 6" }, { "{\"a\":\"\\\"", "not closed" },
                { "{\"a\":\"\\/\"}", "escape" }, { "{\"a\":\"\\b\"}", "escape" }, { "{\"a\":\"\\f\"}", "escape" }, { "{\"a\":\"\\r\"}", "escape" },
                { "{\"a\":\"\\u000f\"}", "escape" }, { "{\"a\":\"\\u0041\"}", "escape" }, { "{\"a\":\"\\u20ac\"}", "escape" }, { "{\"a\":\"\\ud83d\\ude00\"}", "escape" },
                { "{\"a\":\"\\u0000\"}", "escape" }, { "{\"a\":\"\\x\"}", "escape" },
                { "{\"a\":\"\x01\"}", "U+0001" }, { "{\"a\":\"\n\"}", "U+000A" }, { "{\"a\":\"\t\"}", "U+0009" }, { "{\"a\":\"12345678\x1f\"}", "byte 14" }, { "{\"a\":\"\x7f\"}", "U+007F" },
                { "{\"a\":\"\xc2\x80\"}", "U+0080" }, { "{\"a\":\"\xc2\x9f\"}", "U+009F" },
                { "{\"a\":\"\xe2\x80\x8b\"}", "U+200B" }, { "{\"a\":\"\xe2\x80\x8f\"}", "U+200F" }, { "{\"a\":\"\xe2\x80\xaa\"}", "U+202A" }, { "{\"a\":\"\xe2\x80\xae\"}", "U+202E" },
                { "{\"a\":\"\xe2\x81\xa6\"}", "U+2066" }, { "{\"a\":\"\xe2\x81\xa9\"}", "U+2069" }, { "{\"a\":\"\xef\xbb\xbf\"}", "U+FEFF" },
                { "\xef\xbb\xbf{}", "byte 0" },
                { "{\"a\":\"\x80\"}", "0x80" }, { "{\"a\":\"\xc0\x80\"}", "0xc0" }, { "{\"a\":\"\xc1\xbf\"}", "0xc1" }, { "{\"a\":\"\xe0\x9f\xbf\"}", "0xe0" }, { "{\"a\":\"\xed\xa0\x80\"}", "0xed" },
                { "{\"a\":\"\xf0\x8f\xbf\xbf\"}", "0xf0" }, { "{\"a\":\"\xf4\x90\x80\x80\"}", "0xf4" }, { "{\"a\":\"\xff\"}", "0xff" }, { "{\"a\":\"\xe2\x82\"}", "0xe2" }, { "{\"a\":\"\xe2\x82", "0xe2" },
                { "{\"a\":[[[[[[[[]]]]]]]]}", "8 deep" }, { "{\"a\":[[[[[[[{}]]]]]]]}", "8 deep" },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                Why why = {};

                ck_assert_msg(check(bad[i].line, strlen(bad[i].line), &why) == V_FORM, "%s passes", bad[i].line);
                ck_assert_msg(strstr(why.text, bad[i].why), "%s: %s, expected to read of %s", bad[i].line, why.text, bad[i].why);
                ck_assert_int_eq(check(bad[i].line, strlen(bad[i].line), NULL), V_FORM);
        }
        ck_assert_int_eq(check("{\"a\":\"\0\"}", 9, NULL), V_FORM);
        ck_assert_int_eq(check("{}\0", 3, NULL), V_FORM);
}
END_TEST

START_TEST(bytes_and_values_are_counted) {
        static const char line[] = "{\"a\":[1,\"x\",{},true]}";       /* 6 values: {}, [], and four */
        Why why = {};

        ck_assert_int_eq(line_check(line, sizeof(line) - 1, sizeof(line) - 1, 6, NULL), 0);
        ck_assert_int_eq(line_check(line, sizeof(line) - 1, sizeof(line) - 2, 6, &why), V_SIZE);
        ck_assert_ptr_nonnull(strstr(why.text, "21 bytes, expected at most 20"));
        ck_assert_int_eq(line_check(line, sizeof(line) - 1, sizeof(line) - 1, 5, &why), V_SIZE);
        ck_assert_ptr_nonnull(strstr(why.text, "more than 5 values"));
}
END_TEST

/* What would cost a parser 78 times its size is turned away before it is parsed. */
START_TEST(a_million_values_or_levels_never_reach_the_parser) {
        _cleanup_buf_ Buf wide = {}, deep = {};
        Json *j = NULL;

        buf_add_text(&wide, "{\"a\":[{}");
        for (unsigned i = 0; i < MESSAGE_VALUES_MAX; i++)
                buf_add_text(&wide, ",{}");
        buf_add_text(&wide, "]}");
        buf_add_text(&deep, "{\"a\":");
        for (unsigned i = 0; i < 1000000; i++)
                buf_add_char(&deep, '[');
        ck_assert_int_eq(line_parse(&j, wide.p, wide.n, 4U << 20, NULL), V_SIZE);
        ck_assert_int_eq(line_parse(&j, deep.p, deep.n, 4U << 20, NULL), V_FORM);
        ck_assert_int_eq(json_parse_loose(&j, wide.p, wide.n, 4U << 20, NULL), V_SIZE);
        ck_assert_int_eq(json_parse_loose(&j, deep.p, deep.n, 4U << 20, NULL), V_FORM);
        ck_assert_ptr_null(j);
}
END_TEST

/* --- against jansson, with a second statement of the subset over its tree --- */

static bool in_subset(const json_t *j, unsigned depth) {
        const char *key, *s = json_string_value(j);
        json_t *v;
        size_t i;

        switch (json_typeof(j)) {

        case JSON_OBJECT:
                json_object_foreach((json_t *) j, key, v) {
                        if (!*key || strlen(key) > LINE_KEY_MAX || !in_subset(v, depth + 1))
                                return false;
                        for (const char *c = key; *c; c++)
                                if (*c != '_' && !islower((unsigned char) *c) && !isdigit((unsigned char) *c))
                                        return false;
                }
                return depth < LINE_DEPTH_MAX;

        case JSON_ARRAY:
                json_array_foreach(j, i, v)
                        if (!in_subset(v, depth + 1))
                                return false;
                return depth < LINE_DEPTH_MAX;

        case JSON_STRING:
                for (size_t n = json_string_length(j), k; n > 0; s += k, n -= k) {
                        uint32_t c;

                        k = utf8_decode(s, n, &c);
                        if (k == 0 || codepoint_is_forbidden(c))
                                return false;
                }
                return true;

        case JSON_INTEGER:
                return json_integer_value(j) >= -LINE_INT_MAX && json_integer_value(j) <= LINE_INT_MAX;

        case JSON_TRUE:
        case JSON_FALSE:
                return true;

        case JSON_REAL:
        case JSON_NULL:
                return false;
        }
        return false;
}

static bool is_canonical_by_jansson(const char *p, size_t n) {
        json_t *j = json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL);
        bool yes = false;
        char *again;

        if (j && json_is_object(j) && in_subset(j, 0)) {
                again = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
                ck_assert_ptr_nonnull(again);
                yes = strlen(again) == n && memcmp(again, p, n) == 0;
                free(again);
        }
        json_decref(j);
        return yes;
}

static json_t* random_string(Prng *g) {
        static const char *const pieces[] = { "a", "Z", "0", " ", "/", "\"", "\\", "\n", "\t", "é", "€", "漢", "𝄞", "seven77", "eight888", "\xef\xbf\xbf", "\xc2\xa0", "{", "]", ":", "," };
        Buf b = {};
        json_t *j;

        for (uint64_t n = prng_below(g, 20); n > 0; n--)
                buf_add_text(&b, pieces[prng_below(g, ELEMENTSOF(pieces))]);
        j = json_stringn(b.p ? b.p : "", b.n);
        buf_done(&b);
        return j;
}

static json_t* random_value(Prng *g, unsigned depth) {
        json_t *j;

        switch (prng_below(g, depth < LINE_DEPTH_MAX ? 6 : 4)) {

        case 0:
                return json_boolean(prng_below(g, 2));

        case 1:
                return json_integer((json_int_t) (prng_below(g, 2 * LINE_INT_MAX + 1)) - LINE_INT_MAX);

        case 2:
                return json_integer((json_int_t) prng_below(g, 20) - 10);

        case 3:
                return random_string(g);

        case 4:
                j = json_array();
                for (uint64_t n = prng_below(g, 5); n > 0; n--)
                        (void) json_array_append_new(j, random_value(g, depth + 1));
                return j;

        default:
                j = json_object();
                for (uint64_t n = prng_below(g, 5); n > 0; n--) {
                        static const char letters[] = "ab_09z";
                        char key[5] = {};

                        for (uint64_t k = 0, m = 1 + prng_below(g, 4); k < m; k++)
                                key[k] = letters[prng_below(g, 6)];
                        (void) json_object_set_new(j, key, random_value(g, depth + 1));
                }
                return j;
        }
}

START_TEST(every_line_is_judged_as_by_jansson_whole_and_damaged) {
        static const char noise[] = "{}[]\",:\\ 0123456789-.eEtfnu/abAB_\n\x01\x7f\xc3\xa9\xe2\x80\x8b";
        unsigned good = 0, bad = 0;
        Prng g;

        prng_seed(&g, 8785);
        for (unsigned round = 0; round < 3000; round++) {
                json_t *j = json_object(), *back = NULL;
                char *text;
                size_t n;

                for (uint64_t k = prng_below(&g, 4); k > 0; k--) {
                        char key[] = { (char) ('a' + prng_below(&g, 26)), 0 };

                        (void) json_object_set_new(j, key, random_value(&g, 1));
                }
                text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
                ck_assert_ptr_nonnull(text);
                n = strlen(text);
                ck_assert_msg(check(text, n, NULL) == 0, "%s", text);
                ck_assert_int_eq(line_parse(&back, text, n, n, NULL), 0);
                ck_assert_msg(json_equal(back, j), "%s", text);
                json_decref(back);

                for (unsigned k = 0; k < 30; k++) {
                        _cleanup_free_ char *copy = malloc(n + 1);
                        size_t at = prng_below(&g, n), n_copy = n;
                        bool expected;

                        ck_assert_ptr_nonnull(copy);
                        memcpy(copy, text, n);
                        switch (prng_below(&g, 4)) {
                        case 0:         /* another byte */
                                copy[at] = noise[prng_below(&g, sizeof(noise) - 1)];
                                break;
                        case 1:         /* one more */
                                memmove(copy + at + 1, copy + at, n - at);
                                copy[at] = noise[prng_below(&g, sizeof(noise) - 1)];
                                n_copy++;
                                break;
                        case 2:         /* one less */
                                memmove(copy + at, copy + at + 1, n - at - 1);
                                n_copy--;
                                break;
                        default:        /* cut */
                                n_copy = at;
                        }
                        expected = is_canonical_by_jansson(copy, n_copy);
                        ck_assert_msg((check(copy, n_copy, NULL) == 0) == expected, "%.*s: expected %d", (int) n_copy, copy, expected);
                        good += expected;
                        bad += !expected;
                }
                free(text);
                json_decref(j);
        }
        ck_assert_uint_gt(good, 5000);  /* both kinds were met */
        ck_assert_uint_gt(bad, 20000);
}
END_TEST

/* --- what people write --- */

START_TEST(loose_text_may_have_white_space_any_order_and_escapes) {
        static const char text[] = " {\r\n\t\"b\" : [ 1 , 2 ] ,\n \"a\":\"\\u00e9\\/\\ud834\\udd1e\\u000a\"}\n";
        _cleanup_json_ Json *j = NULL;
        _cleanup_buf_ Buf b = {};
        Why why = {};

        ck_assert_msg(json_parse_loose(&j, text, sizeof(text) - 1, 1000, &why) == 0, "%s", why.text);
        ck_assert_int_eq(json_dump(j, &b), 0);
        ck_assert_str_eq(b.p, "{\"a\":\"é/𝄞\\n\",\"b\":[1,2]}");
        ck_assert_int_eq(line_check(b.p, b.n, b.n, 10, NULL), 0);
}
END_TEST

START_TEST(loose_text_is_refused_with_line_and_column) {
        static const struct {
                const char *text, *why;
        } bad[] = {
                { "{\n \"a\": nul\n}", "line 2, column 7" }, { "{\n \"é\": 1}", "line 2, column 3" }, { "{\"a\":\"é\", x}", "line 1, column 11" },
                { "{\"a\":1,\n\"a\":2}", "line 2" }, { "{\"a\":1.5}", "whole" }, { "{\"a\":1}}", "expected the end" }, { "{\"a\":1", "the end" },
                { "[1]", "line 1, column 1" }, { "", "line 1, column 1" }, { "\n\n  x", "line 3, column 3" },
                { "{\"a\":\"\\u0000\"}", "U+0000" }, { "{\"a\":\"\\u200b\"}", "U+200B" }, { "{\"a\":\"\\ud800\"}", "surrogate" }, { "{\"a\":\"\\ud800\\u0041\"}", "surrogate" },
                { "{\"a\":\"\\udc00\"}", "surrogate" }, { "{\"a\":\"\\u12\"}", "four hex digits" }, { "{\"a\":\"\\u12", "four hex digits" }, { "{\"a\":\"\\b\"}", "\\b" }, { "{\"a\":\"\\q\"}", "escape" },
                { "{\"a\":\"\\", "escape" }, { "{\"a\":\"\n\"}", "U+000A" }, { "{// no\n}", "line 1, column 2" },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                size_t n = strlen(bad[i].text);
                _cleanup_free_ char *copy = malloc(n > 0 ? n : 1);
                Json *j = NULL;
                Why why = {};

                ck_assert_ptr_nonnull(copy);
                memcpy(copy, bad[i].text, n);
                ck_assert_msg(json_parse_loose(&j, copy, n, 1000, &why) == V_FORM, "%s passes", bad[i].text);
                ck_assert_msg(strstr(why.text, bad[i].why) && strstr(why.text, "column"), "%s: %s", bad[i].text, why.text);
        }
}
END_TEST

START_TEST(what_the_canonical_scan_takes_the_loose_one_takes_too) {
        Prng g;

        prng_seed(&g, 42);
        for (unsigned round = 0; round < 2000; round++) {
                json_t *v = json_object(), *back = NULL;
                char *text;

                (void) json_object_set_new(v, "a", random_value(&g, 1));
                text = json_dumps(v, JSON_INDENT(3) | (round % 2 ? JSON_ENSURE_ASCII : 0));
                ck_assert_ptr_nonnull(text);
                ck_assert_msg(json_parse_loose(&back, text, strlen(text), 1U << 20, NULL) == 0, "%s", text);
                ck_assert(json_equal(v, back));
                json_decref(back);
                json_decref(v);
                free(text);
        }
}
END_TEST

TEST_MAIN("line", what_is_canonical_passes, what_is_not_canonical_is_refused_with_the_place, bytes_and_values_are_counted,
        a_million_values_or_levels_never_reach_the_parser, every_line_is_judged_as_by_jansson_whole_and_damaged,
        loose_text_may_have_white_space_any_order_and_escapes, loose_text_is_refused_with_line_and_column,
        what_the_canonical_scan_takes_the_loose_one_takes_too)
