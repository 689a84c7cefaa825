/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"
#include "base/width.h"

#include "../help.h"

START_TEST(every_code_point_is_decoded_and_nothing_else) {
        /* all sequences of up to three bytes, and of four that begin like four: exactly the code points of Unicode */
        unsigned good[5] = {};
        uint32_t c;

        for (unsigned a = 0; a < 256; a++) {
                char p[4] = { (char) a };

                good[1] += utf8_decode(p, 1, &c) == 1;
                for (unsigned b = 0; b < 256; b++) {
                        p[1] = (char) b;
                        good[2] += utf8_decode(p, 2, &c) == 2;
                        if (a < 0xe0 || (b & 0xc0) != 0x80)
                                continue;
                        for (unsigned d = 0x7f; d < 0xc1; d++) {
                                p[2] = (char) d;
                                good[3] += utf8_decode(p, 3, &c) == 3;
                                if (a < 0xf0)
                                        continue;
                                for (unsigned e = 0x7f; e < 0xc1; e++) {
                                        p[3] = (char) e;
                                        good[4] += utf8_decode(p, 4, &c) == 4;
                                }
                        }
                }
        }
        ck_assert_uint_eq(good[1], 0x80);
        ck_assert_uint_eq(good[2], 0x800 - 0x80);
        ck_assert_uint_eq(good[3], 0x10000 - 0x800 - 0x800);    /* without the surrogates */
        ck_assert_uint_eq(good[4], 0x110000 - 0x10000);

        ck_assert_uint_eq(utf8_decode("\xf0\x9d\x84\x9e", 4, &c), 4);
        ck_assert_uint_eq(c, 0x1d11e);
        for (size_t n = 0; n < 4; n++)
                ck_assert_uint_eq(utf8_decode("\xf0\x9d\x84\x9e", n, &c), 0);
        ck_assert(utf8_is_valid("", 0));
        ck_assert(utf8_is_valid("aé€𝄞", 10));
        ck_assert(!utf8_is_valid("aé€𝄞", 9));
}
END_TEST

START_TEST(the_forbidden_characters_are_those_of_the_design) {
        static const struct {
                uint32_t first, last;
        } ranges[] = { { 0, 8 }, { 0xb, 0x1f }, { 0x7f, 0x9f }, { 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x2066, 0x2069 }, { 0xfeff, 0xfeff } };

        for (uint32_t c = 0; c < 0x110000; c++) {
                bool expected = false;

                for (size_t i = 0; i < ELEMENTSOF(ranges); i++)
                        expected = expected || (c >= ranges[i].first && c <= ranges[i].last);
                ck_assert_msg(codepoint_is_forbidden(c) == expected, "U+%04X", (unsigned) c);
        }
}
END_TEST

START_TEST(width_counts_columns) {
        ck_assert_uint_eq(text_width(""), 0);
        ck_assert_uint_eq(text_width("abc"), 3);
        ck_assert_uint_eq(text_width("Größe"), 5);
        ck_assert_uint_eq(text_width("e\xcc\x81"), 1);          /* a combining accent */
        ck_assert_uint_eq(text_width("漢字"), 4);
        ck_assert_uint_eq(text_width("한글"), 4);
        ck_assert_uint_eq(text_width("😀"), 2);
        ck_assert_uint_eq(text_width("\xff\x1b"), 2);           /* shown as ?? */
        ck_assert_uint_eq(codepoint_width(0xad), 1);
        ck_assert_uint_eq(codepoint_width(0x10ffff), 1);
        ck_assert_uint_eq(codepoint_width(0x200d), 0);
}
END_TEST

START_TEST(cleaning_leaves_nothing_that_acts) {
        char text[] = "a\033[2J\n\t\x7f\xc2\x9b\xe2\x80\xaeé\xff\xc3漢";

        text_clean(text);
        ck_assert_str_eq(text, "a?[2J?????é??漢");
        ck_assert(utf8_is_valid(text, strlen(text)));
}
END_TEST

START_TEST(long_text_ends_with_an_ellipsis) {
        static const struct {
                const char *text;
                size_t columns;
                const char *expected;
        } cases[] = {
                { "abcdef", 6, "abcdef" }, { "abcdef", 7, "abcdef" }, { "abcdef", 5, "abcd…" }, { "abcdef", 1, "…" }, { "abcdef", 0, "" }, { "", 0, "" }, { "", 5, "" },
                { "漢字漢字", 8, "漢字漢字" }, { "漢字漢字", 7, "漢字漢…" }, { "漢字漢字", 6, "漢字…" }, { "Größe", 4, "Grö…" }, { "漢", 1, "…" },
        };
        char buf[64], small[8];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                ck_assert_str_eq(text_ellipsize(buf, sizeof(buf), cases[i].text, cases[i].columns), cases[i].expected);
        ck_assert_str_eq(text_ellipsize(small, sizeof(small), "abcdefghij", 10), "abcd…");
        ck_assert_str_eq(text_ellipsize(small, sizeof(small), "abcdefg", 10), "abcdefg");
        ck_assert_str_eq(text_ellipsize(small, sizeof(small), "漢字漢字", 10), "漢…");
        ck_assert_str_eq(text_ellipsize(small, 3, "漢字", 10), "");
        ck_assert_str_eq(text_ellipsize(small, 1, "a", 10), "");
}
END_TEST

START_TEST(distance_counts_edits) {
        static const struct {
                const char *a, *b;
                size_t d;
        } cases[] = {
                { "", "", 0 }, { "a", "", 1 }, { "cast", "cast", 0 }, { "cats", "cast", 1 }, { "kitten", "sitting", 3 }, { "ca", "abc", 3 }, { "status", "statsu", 1 }, { "roll", "role", 1 },
        };
        char longest[200] = {};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ck_assert_uint_eq(text_distance(cases[i].a, cases[i].b), cases[i].d);
                ck_assert_uint_eq(text_distance(cases[i].b, cases[i].a), cases[i].d);
        }
        memset(longest, 'x', sizeof(longest) - 1);
        ck_assert_uint_eq(text_distance(longest, longest), 0);
        ck_assert_uint_ge(text_distance(longest, "x"), 100);
        longest[64] = 0;
        ck_assert_uint_eq(text_distance(longest, ""), 64);
}
END_TEST

START_TEST(the_word_that_was_meant_is_found) {
        static const char *const words[] = { "status", "peers", "cast", "receipt", "results", "election" };

        ck_assert_uint_eq(text_nearest("statsu", words, 6), 0);
        ck_assert_uint_eq(text_nearest("cats", words, 6), 2);
        ck_assert_uint_eq(text_nearest("elec", words, 6), 5);
        ck_assert_uint_eq(text_nearest("reciept", words, 6), 3);
        ck_assert_uint_eq(text_nearest("xyzzy", words, 6), 6);
        ck_assert_uint_eq(text_nearest("", words, 6), 6);
        ck_assert_uint_eq(text_nearest("x", words, 6), 6);
        ck_assert_uint_eq(text_nearest("status", words, 0), 0);
}
END_TEST

START_TEST(names_are_what_people_can_type) {
        static const char *const good[] = { "a", "0", "dpl-2027", "a-", "a--b", "0123456789012345678901234567890123456789012345678901234567890123" };
        static const char *const bad[] = { "", "-", "-a", "A", "a b", "a_b", "a.b", "é", "a\n", "01234567890123456789012345678901234567890123456789012345678901234" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                ck_assert_msg(name_is_valid(good[i]), "%s", good[i]);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                ck_assert_msg(!name_is_valid(bad[i]), "%s", bad[i]);
}
END_TEST

TEST_MAIN("text", every_code_point_is_decoded_and_nothing_else, the_forbidden_characters_are_those_of_the_design, width_counts_columns,
        cleaning_leaves_nothing_that_acts, long_text_ends_with_an_ellipsis, distance_counts_edits, the_word_that_was_meant_is_found,
        names_are_what_people_can_type)
