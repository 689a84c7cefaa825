/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <jansson.h>

#include "codec/json.h"
#include "codec/line.h"

#include "../help.h"

#define HEX64 "21eb602c3fb779e5e3bd792952e55966d5733d9678723d1d640c015f7f73a17d"

static Json* parse(const char *text) {
        Json *j = NULL;
        Why why = {};

        ck_assert_msg(json_parse_loose(&j, text, strlen(text), 65536, &why) == 0, "%s: %s", text, why.text);
        return j;
}

START_TEST(members_are_read_by_type) {
        _cleanup_json_ Json *j = parse("{\"n\":-7,\"yes\":true,\"t\":\"text\",\"name\":\"a-1\",\"id\":\"" HEX64 "\",\"key\":\"" HEX64 "\","
                "\"list\":[1,\"x\",\"" HEX64 "\",[2],{\"a\":1}],\"o\":{\"a\":1},\"title\":\"Wer?\","
                "\"signature\":\"-pKpuxSrPwaCXg5Iu6uINXT-Dk6-KE5UOtzVZ8ek8Txf0-LRRTICa5gy7hImi44oik5d8-sfpzfrLiApkk_RDA\"}");
        const Json *list, *o;
        const char *text;
        Signature sig;
        int64_t n;
        bool yes;
        Key key;
        Id id;

        ck_assert_int_eq(json_get_int(j, "n", -7, -7, &n, NULL), 0);
        ck_assert_int_eq(n, -7);
        ck_assert_int_eq(json_get_bool(j, "yes", &yes, NULL), 0);
        ck_assert(yes);
        ck_assert_int_eq(json_get_text(j, "t", 4, 4, &text, NULL), 0);
        ck_assert_str_eq(text, "text");
        ck_assert_int_eq(json_get_name(j, "name", &text, NULL), 0);
        ck_assert_str_eq(text, "a-1");
        ck_assert_int_eq(json_get_title(j, "title", 4, &text, NULL), 0);
        ck_assert_str_eq(text, "Wer?");
        ck_assert_int_eq(json_get_id(j, "id", &id, NULL), 0);
        ck_assert_uint_eq(id.b[31], 0x7d);
        ck_assert_int_eq(json_get_key(j, "key", &key, NULL), 0);
        ck_assert_uint_eq(key.b[0], 0x21);
        ck_assert_int_eq(json_get_signature(j, "signature", &sig, NULL), 0);
        ck_assert_uint_eq(sig.b[0], 0xfa);
        ck_assert_int_eq(json_get_object(j, "o", &o, NULL), 0);
        ck_assert(json_has(o, "a") && !json_has(o, "b"));
        ck_assert_int_eq(json_get_array(j, "list", 5, 5, &list, NULL), 0);

        ck_assert_uint_eq(json_len(list), 5);
        ck_assert_int_eq(json_at_int(list, 0, "list", 0, 1, &n, NULL), 0);
        ck_assert_int_eq(n, 1);
        ck_assert_int_eq(json_at_text(list, 1, "list", 1, 1, &text, NULL), 0);
        ck_assert_str_eq(text, "x");
        ck_assert_int_eq(json_at_id(list, 2, "list", &id, NULL), 0);
        ck_assert_int_eq(json_at_key(list, 2, "list", &key, NULL), 0);
        ck_assert_int_eq(json_at_array(list, 3, "list", 1, 1, &o, NULL), 0);
        ck_assert_int_eq(json_int(json_at(o, 0)), 2);
        ck_assert_int_eq(json_at_object(list, 4, "list", &o, NULL), 0);
        ck_assert_ptr_null(json_at(list, 5));

        /* a NULL only asks */
        ck_assert_int_eq(json_get_int(j, "n", -10, 0, NULL, NULL), 0);
        ck_assert_int_eq(json_get_bool(j, "yes", NULL, NULL), 0);
        ck_assert_int_eq(json_get_text(j, "t", 0, 10, NULL, NULL), 0);
        ck_assert_int_eq(json_get_name(j, "name", NULL, NULL), 0);
        ck_assert_int_eq(json_get_title(j, "title", 10, NULL, NULL), 0);
        ck_assert_int_eq(json_get_id(j, "id", NULL, NULL), 0);
        ck_assert_int_eq(json_get_signature(j, "signature", NULL, NULL), 0);
        ck_assert_int_eq(json_get_array(j, "list", 0, 9, NULL, NULL), 0);
        ck_assert_int_eq(json_get_object(j, "o", NULL, NULL), 0);

        ck_assert(json_is_obj(j) && json_is_arr(list) && json_is_text(json_at(list, 1)) && json_is_int(json_at(list, 0)));
        ck_assert(json_is_bool(json_at(list, 0)) == false);
        ck_assert_ptr_null(json_text(json_at(list, 0)));
        ck_assert_int_eq(json_int(json_at(list, 1)), 0);
}
END_TEST

static Json *bad;
static Why why;

#define REFUSED(call, ...)                                                              \
        do {                                                                            \
                static const char *const _words[] = { __VA_ARGS__ };                    \
                why = (Why) {};                                                         \
                ck_assert_msg((call) == V_FORM, "%s is fine", #call);                   \
                for (size_t _k = 0; _k < ELEMENTSOF(_words); _k++)                      \
                        ck_assert_msg(strstr(why.text, _words[_k]), "%s: \"%s\" lacks \"%s\"", #call, why.text, _words[_k]); \
        } while (0)

/* What was expected, what came, and where. */
START_TEST(a_refusal_says_what_was_expected_and_what_came) {
        int64_t n = 99;

        bad = parse("{\"n\":101,\"t\":\"\",\"long\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"two\":\"a\\nb\",\"yes\":true,\"l\":[1,2,\"x\"],"
                "\"o\":{},\"upper\":\"21EB602c3fb779e5e3bd792952e55966d5733d9678723d1d640c015f7f73a17d\",\"dash\":\"-a\",\"space\":\"a b\"}");
        REFUSED(json_get_int(bad, "none", 1, 100, &n, &why), "\"none\"", "missing");
        REFUSED(json_get_int(bad, "n", 1, 100, &n, &why), "\"n\"", "101", "1 to 100");
        REFUSED(json_get_int(bad, "long", 1, 100, &n, &why), "\"long\"", "\"aaaaaaaaaa", "…", "1 to 100");
        REFUSED(json_get_int(bad, "o", 1, 100, &n, &why), "an object");
        REFUSED(json_get_int(bad, "yes", 0, 1, &n, &why), "true");
        ck_assert_int_eq(n, 99);
        REFUSED(json_get_bool(bad, "n", NULL, &why), "\"n\"", "101", "true or false");
        REFUSED(json_get_text(bad, "t", 1, 10, NULL, &why), "\"t\"", "1");
        REFUSED(json_get_text(bad, "long", 1, 10, NULL, &why), "\"long\"", "10");
        REFUSED(json_get_text(bad, "l", 1, 10, NULL, &why), "an array");
        REFUSED(json_get_title(bad, "two", 10, NULL, &why), "\"two\"", "line");
        REFUSED(json_get_title(bad, "t", 10, NULL, &why), "\"t\"");
        REFUSED(json_get_name(bad, "dash", NULL, &why), "\"dash\"", "\"-a\"", "a-z");
        REFUSED(json_get_name(bad, "space", NULL, &why), "\"a b\"");
        REFUSED(json_get_name(bad, "long", NULL, &why), "64");
        REFUSED(json_get_id(bad, "upper", NULL, &why), "64 lower-case");
        REFUSED(json_get_key(bad, "t", NULL, &why), "key", "64 lower-case");
        REFUSED(json_get_signature(bad, "upper", NULL, &why), "signature", "base64url");
        REFUSED(json_get_array(bad, "l", 4, 9, NULL, &why), "3 items", "4");
        REFUSED(json_get_array(bad, "l", 0, 2, NULL, &why), "3 items", "2");
        REFUSED(json_get_array(bad, "o", 0, 2, NULL, &why), "an object", "an array");
        REFUSED(json_get_object(bad, "l", NULL, &why), "an array", "an object");
        REFUSED(json_at_int(json_object_get(bad, "l"), 2, "rolls", 0, 9, NULL, &why), "rolls[2]", "\"x\"", "0 to 9");
        REFUSED(json_at_int(json_object_get(bad, "l"), 3, "rolls", 0, 9, NULL, &why), "rolls[3]", "missing");
        REFUSED(json_at_text(json_object_get(bad, "l"), 0, "options", 0, 9, NULL, &why), "options[0]", "1");
        REFUSED(json_at_id(json_object_get(bad, "l"), 0, "rolls", NULL, &why), "rolls[0]", "64");
        REFUSED(json_at_array(json_object_get(bad, "l"), 0, "rolls", 0, 9, NULL, &why), "rolls[0]", "an array");
        REFUSED(json_at_object(json_object_get(bad, "l"), 0, "rolls", NULL, &why), "rolls[0]", "an object");
        REFUSED(json_get_int(json_object_get(bad, "l"), "n", 0, 9, NULL, &why), "missing");     /* no object at all */

        /* nobody has to listen */
        ck_assert_int_eq(json_get_int(bad, "n", 1, 100, &n, NULL), V_FORM);
        ck_assert_int_eq(json_at_int(json_object_get(bad, "l"), 2, "rolls", 0, 9, NULL, NULL), V_FORM);
        bad = json_free(bad);
}
END_TEST

START_TEST(an_unknown_key_is_named_with_the_one_that_was_meant) {
        bad = parse("{\"opens\":1,\"closse\":2}");
        ck_assert_int_eq(json_check_keys(bad, JSON_KEYS("opens", "closse"), &why), 0);
        REFUSED(json_check_keys(bad, JSON_KEYS("opens", "closes"), &why), "\"closse\"", "did you mean \"closes\"?");
        REFUSED(json_check_keys(bad, JSON_KEYS("closse"), &why), "\"opens\"");
        ck_assert_int_eq(json_check_keys(bad, JSON_KEYS("opens"), NULL), V_FORM);
        bad = json_free(bad);
}
END_TEST

static Json* build(void) {
        static const Id id = { { 0xab } };
        static const Key key = { { 0xcd } };
        Json *o = json_new_object(), *a = json_new_array(), *inner = json_new_object();

        json_set_text(o, "t", "é\n\"\\/\t");
        json_set_text(o, "absent", NULL);
        json_set_int(o, "n", -5);
        json_set_bool(o, "b", false);
        json_set_id(o, "id", &id);
        json_set_key(o, "key", &key);
        json_set_base64(o, "bytes", "\xff\xfe", 2);
        json_add_int(a, 1);
        json_add_text(a, "x");
        json_add_id(a, &id);
        json_add_key(a, &key);
        json_set_int(inner, "z", 1);
        json_add(a, inner);
        json_set(o, "a", a);
        return o;
}

#define ZEROS "00000000000000000000000000000000000000000000000000000000000000"
#define BUILT "{\"a\":[1,\"x\",\"ab" ZEROS "\",\"cd" ZEROS "\",{\"z\":1}],\"b\":false,\"bytes\":\"__4\",\"id\":\"ab" ZEROS "\",\"key\":\"cd" ZEROS "\",\"n\":-5,\"t\":\"é\\n\\\"\\\\/\\t\"}"

START_TEST(what_is_built_is_canonical) {
        _cleanup_json_ Json *o = build(), *copy = NULL, *back = NULL;
        _cleanup_buf_ Buf b = {};

        buf_add_text(&b, ">");
        ck_assert_int_eq(json_dump(o, &b), 0);
        ck_assert_str_eq(b.p, ">" BUILT);
        ck_assert_int_eq(line_parse(&back, b.p + 1, b.n - 1, b.n, NULL), 0);
        ck_assert(json_equal(back, o));

        copy = json_copy_deep(o);
        json_set_int(o, "n", 6);
        buf_reset(&b);
        ck_assert_int_eq(json_dump(copy, &b), 0);
        ck_assert_str_eq(b.p, BUILT);
}
END_TEST

START_TEST(text_that_is_not_utf_8_can_still_be_shown) {
        _cleanup_json_ Json *o = json_new_object();
        _cleanup_buf_ Buf b = {};

        json_set_text(o, "path", "/tmp/\xff\xc3");
        ck_assert_int_eq(json_dump(o, &b), 0);
        ck_assert_str_eq(b.p, "{\"path\":\"/tmp/??\"}");
}
END_TEST

static unsigned left;                   /* allocations until there is no more memory */
static bool for_good;

static void* failing_malloc(size_t n) {
        if (left == 0)
                return NULL;
        left--;
        if (left == 0 && !for_good) {
                left = UINT32_MAX;
                return NULL;
        }
        return malloc(n);
}

/* Wherever memory ends, once or for good: the whole document, or -ENOMEM; never one with a member less. */
START_TEST(a_lost_allocation_is_noticed_at_the_end) {
        json_set_alloc_funcs(failing_malloc, free);
        for (int round = 0; round < 2; round++)
                for (unsigned k = 0; k < 200; k++) {
                        _cleanup_json_ Json *o = NULL;
                        _cleanup_buf_ Buf b = {};
                        int r;

                        for_good = round == 1;
                        left = k + 1;
                        o = build();
                        r = json_dump(o, &b);
                        left = UINT32_MAX;

                        if (r == 0)
                                ck_assert_str_eq(b.p, BUILT);
                        else {
                                ck_assert_int_eq(r, -ENOMEM);
                                ck_assert_uint_eq(b.n, 0);
                                ck_assert_uint_lt(k, 150);
                        }
                        ck_assert(k > 0 || r == -ENOMEM || for_good);
                }
        json_set_alloc_funcs(malloc, free);
}
END_TEST

START_TEST(a_builder_without_memory_passes_it_over) {
        _cleanup_buf_ Buf b = {};

        json_set_int(NULL, "a", 1);
        json_set_text(NULL, "a", "x");
        json_set(NULL, "a", json_new_object());
        json_add_int(NULL, 1);
        json_add(NULL, json_new_array());
        ck_assert_int_eq(json_dump(NULL, &b), -ENOMEM);
        ck_assert_uint_eq(b.n, 0);
}
END_TEST

START_TEST(the_signature_of_a_line_is_found_at_its_top_only) {
        static const struct {
                const char *line, *rest;
        } cases[] = {
                { "{\"signature\":\"AA\"}", "{}" },
                { "{\"a\":1,\"signature\":\"AA\"}", "{\"a\":1}" },
                { "{\"signature\":\"AA\",\"z\":1}", "{\"z\":1}" },
                { "{\"a\":1,\"signature\":\"\",\"z\":1}", "{\"a\":1,\"z\":1}" },
                { "{\"a\":{\"signature\":\"BB\"},\"signature\":\"AA\",\"z\":[]}", "{\"a\":{\"signature\":\"BB\"},\"z\":[]}" },
                { "{\"a\":\",\\\"signature\\\":\\\"\",\"signature\":\"AA\"}", "{\"a\":\",\\\"signature\\\":\\\"\"}" },
                { "{\"a\":\"\\\\\",\"signature\":\"AA\"}", "{\"a\":\"\\\\\"}" },
                { "{\"a\":[\"}\",\"]\"],\"signature\":\"AA\"}", "{\"a\":[\"}\",\"]\"]}" },
                { "{}", NULL }, { "", NULL }, { "{\"a\":\"signature\"}", NULL }, { "{\"signatures\":\"x\"}", NULL }, { "{\"a\":{\"signature\":\"x\"}}", NULL },
                { "{\"a\":[{\"signature\":\"x\"}]}", NULL }, { "{\"signature\":1}", NULL }, { "{\"signature\":[\"x\"]}", NULL }, { "{\"signature\":\"AA", NULL }, { "{\"signature\":\"", NULL },
                { "{\"signature\":\"AA\"", NULL }, { "{\"a\":\"x", NULL }, { "}}}{\"signature\":\"AA\"}", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                size_t n = strlen(cases[i].line), start, end;
                _cleanup_free_ char *copy = malloc(n > 0 ? n : 1);
                _cleanup_buf_ Buf b = {};
                int r;

                ck_assert_ptr_nonnull(copy);
                memcpy(copy, cases[i].line, n);
                r = line_signature_span(copy, n, &start, &end);
                ck_assert_msg(r == (cases[i].rest ? 0 : V_FORM), "%s", cases[i].line);
                if (r != 0)
                        continue;
                buf_add(&b, copy, start);
                buf_add(&b, copy + end, n - end);
                ck_assert_str_eq(b.p, cases[i].rest);
        }
}
END_TEST

START_TEST(a_run_of_lines_is_split_at_its_newlines) {
        static const struct {
                const char *run, *lines;
        } cases[] = { { "", "" }, { "a", "a;" }, { "a\nb", "a;b;" }, { "a\n\nb", "a;;b;" }, { "\na", ";a;" }, { "a\n", "a;" }, { "\n", ";" } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *p = cases[i].run, *line;
                size_t n = strlen(p), n_line;
                _cleanup_buf_ Buf b = {};

                buf_add(&b, "", 0);
                while (line_next(&p, &n, &line, &n_line)) {
                        buf_add(&b, line, n_line);
                        buf_add_char(&b, ';');
                }
                ck_assert_str_eq(b.p, cases[i].lines);
        }
}
END_TEST

TEST_MAIN("json", members_are_read_by_type, a_refusal_says_what_was_expected_and_what_came, an_unknown_key_is_named_with_the_one_that_was_meant,
        what_is_built_is_canonical, text_that_is_not_utf_8_can_still_be_shown, a_lost_allocation_is_noticed_at_the_end,
        a_builder_without_memory_passes_it_over, the_signature_of_a_line_is_found_at_its_top_only, a_run_of_lines_is_split_at_its_newlines)
