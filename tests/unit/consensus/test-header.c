/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/hex.h"
#include "consensus/header.h"
#include "crypto/hash.h"
#include "run.h"
#include "voted/limits.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
/* RFC 8032, 7.1, test 1. */
#define KEY "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

#define LINE(count, difficulty, height, kind, sealer, time) \
        "{\"count\":" count ",\"difficulty\":" difficulty ",\"height\":" height ",\"kind\":\"" kind "\",\"network\":\"" A \
        "\",\"parent\":\"" B "\",\"root\":\"" C "\",\"sealer\":\"" sealer "\",\"time\":" time "}"

static const char good[] = LINE("3", "1000", "7", "block", KEY, "1700000000");
static const char good_view[] = "{\"count\":0,\"height\":1,\"kind\":\"block\",\"network\":\"" A "\",\"parent\":\"" B "\",\"root\":\"" C
                                "\",\"sealer\":\"" KEY "\",\"time\":0,\"view\":12}";

static int parse(Header *ret, HeaderField field, const char *line, Why *why) {
        return header_parse(ret, field, line, strlen(line), why);
}

START_TEST(header_is_read) {
        Header h;
        Why why = {};
        Id id;
        char hex[ID_HEX];

        assert_verdict(parse(&h, HEADER_DIFFICULTY, good, &why), 0, why);
        ck_assert_uint_eq(h.count, 3);
        ck_assert_uint_eq(h.value, 1000);
        ck_assert_uint_eq(h.height, 7);
        ck_assert_uint_eq(h.time, 1700000000);
        ck_assert_int_eq(h.field, HEADER_DIFFICULTY);
        ck_assert_str_eq(id_hex(&h.network, hex), A);
        ck_assert_str_eq(id_hex(&h.parent, hex), B);
        ck_assert_str_eq(id_hex(&h.root, hex), C);
        ck_assert_str_eq(key_hex(&h.sealer, hex), KEY);
        hash_bytes(&id, good, strlen(good));
        ck_assert(id_equal(&id, &h.id));
}
END_TEST

START_TEST(header_is_written_as_it_was_read) {
        const char *line = _i ? good_view : good;
        _cleanup_buf_ Buf b = {};
        Header h;
        Why why = {};
        Id id;

        assert_verdict(parse(&h, _i ? HEADER_VIEW : HEADER_DIFFICULTY, line, &why), 0, why);
        ck_assert_int_eq(header_format(&h, &b), 0);
        ck_assert_str_eq(b.p, line);

        id = h.id;
        h.id = (Id) {};
        ck_assert_int_eq(header_set_id(&h), 0);
        ck_assert(id_equal(&h.id, &id));
        h.count++;
        ck_assert_int_eq(header_set_id(&h), 0);
        ck_assert(!id_equal(&h.id, &id));
}
END_TEST

typedef struct Case {
        const char *name, *line;
        int expected;
} Case;

static const Case cases[] = {
        { "field of another engine",  good_view, V_FORM },
        { "not an object",            "[]", V_FORM },
        { "another kind",             LINE("3", "1000", "7", "seal", KEY, "1"), V_FORM },
        { "negative count",           LINE("-1", "1000", "7", "block", KEY, "1"), V_FORM },
        { "most entries",             LINE("83886", "1000", "7", "block", KEY, "1"), 0 },
        { "too many entries",         LINE("83887", "1000", "7", "block", KEY, "1"), V_FORM },
        { "difficulty 0",             LINE("3", "0", "7", "block", KEY, "1"), V_FORM },
        { "most difficulty",          LINE("3", "9007199254740991", "7", "block", KEY, "1"), 0 },
        { "too much difficulty",      LINE("3", "9007199254740992", "7", "block", KEY, "1"), V_FORM },
        { "height 0",                 LINE("3", "1000", "0", "block", KEY, "1"), V_FORM },
        { "greatest height",          LINE("3", "1000", "549755813887", "block", KEY, "1"), 0 },
        { "too great a height",       LINE("3", "1000", "549755813888", "block", KEY, "1"), V_FORM },
        { "negative time",            LINE("3", "1000", "7", "block", KEY, "-1"), V_FORM },
        { "a time that is text",      LINE("3", "1000", "7", "block", KEY, "\"1\""), V_FORM },
        { "sealer not on the curve",  LINE("3", "1000", "7", "block", A, "1"), V_KEY },
        { "sealer of small order",    LINE("3", "1000", "7", "block", "0100000000000000000000000000000000000000000000000000000000000000", "1"), V_KEY },
        { "sealer in upper case",     LINE("3", "1000", "7", "block", "D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A", "1"), V_FORM },
        { "white space",              LINE(" 3", "1000", "7", "block", KEY, "1"), V_FORM },
        { "a key more",               LINE("3", "1000,\"extra\":1", "7", "block", KEY, "1"), V_FORM },
        { "a key missing",            "{\"count\":3}", V_FORM },
        { "nothing",                  "", V_FORM },
};

START_TEST(form_is_judged) {
        const Case *k = &cases[_i];
        Header h;
        Why why = {};
        int r;

        r = parse(&h, HEADER_DIFFICULTY, k->line, &why);
        ck_assert_msg(r == k->expected, "%s: %s (%s), expected %s", k->name, verdict_name(r), why.text, verdict_name(k->expected));
        ck_assert_msg(r == 0 || why.text[0] != '\0', "%s: no reason", k->name);
}
END_TEST

START_TEST(header_that_was_judged_before_is_read_without_its_key) {
        const Case *k = &cases[_i];
        Header h;
        Why why = {};
        int r;

        r = header_read(&h, HEADER_DIFFICULTY, k->line, strlen(k->line), &why);
        ck_assert_msg(r == (k->expected == V_KEY ? 0 : k->expected), "%s: %s (%s)", k->name, verdict_name(r), why.text);
}
END_TEST

START_TEST(long_line_is_refused) {
        _cleanup_buf_ Buf b = {};
        Header h;
        Why why = {};

        buf_add_text(&b, "{\"count\":\"");
        while (b.n < HEADER_BYTES_MAX)
                buf_add_char(&b, 'x');
        buf_add_text(&b, "\"}");
        ck_assert_int_eq(buf_error(&b), 0);
        assert_verdict(header_parse(&h, HEADER_DIFFICULTY, b.p, b.n, &why), V_SIZE, why);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, header_is_read);
        tcase_add_loop_test(t, header_is_written_as_it_was_read, 0, 2);
        tcase_add_loop_test(t, form_is_judged, 0, ELEMENTSOF(cases));
        tcase_add_loop_test(t, header_that_was_judged_before_is_read_without_its_key, 0, ELEMENTSOF(cases));
        tcase_add_test(t, long_line_is_refused);
}

int main(void) {
        return run_suite("header", add);
}
