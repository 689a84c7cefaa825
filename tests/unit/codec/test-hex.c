/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/base64.h"
#include "codec/hex.h"
#include "voted/verdict.h"

#include "../help.h"

START_TEST(hex_is_written_and_read_back) {
        static const uint8_t bytes[] = { 0x00, 0x01, 0x9a, 0xff };
        uint8_t back[4];
        char text[9];

        hex_encode(text, bytes, 4);
        ck_assert_str_eq(text, "00019aff");
        ck_assert_int_eq(hex_decode(back, 4, text, 8), 0);
        ck_assert_mem_eq(back, bytes, 4);
        hex_encode(text, bytes, 0);
        ck_assert_str_eq(text, "");
        ck_assert_int_eq(hex_decode(back, 0, "", 0), 0);
}
END_TEST

START_TEST(hex_of_another_length_case_or_alphabet_is_refused) {
        static const char *const bad[] = { "", "0", "00019af", "00019aff0", "00019aff00", "00019aFF", "00019a g", "00019ag0", "0x019aff", "00019a\xff\xff", "00019a/:", "00019a`g" };
        uint8_t back[4];

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                ck_assert_msg(hex_decode(back, 4, bad[i], strlen(bad[i])) == V_FORM, "\"%s\"", bad[i]);
        ck_assert_int_eq(hex_decode(back, SIZE_MAX / 2 + 1, "", 0), V_FORM);
}
END_TEST

START_TEST(ids_and_keys_are_64_digits) {
        static const char text[] = "21eb602c3fb779e5e3bd792952e55966d5733d9678723d1d640c015f7f73a17d";
        char buf[ID_HEX];
        Id id, same;
        Key key;

        ck_assert_int_eq(id_from_hex(&id, text), 0);
        ck_assert_str_eq(id_hex(&id, buf), text);
        ck_assert_int_eq(key_from_hex(&key, text), 0);
        ck_assert_str_eq(key_hex(&key, buf), text);

        same = id;
        ck_assert_int_eq(id_from_hex(&id, text + 1), V_FORM);
        ck_assert_int_eq(id_from_hex(&id, ""), V_FORM);
        ck_assert_int_eq(id_from_hex(&id, "Z1eb602c3fb779e5e3bd792952e55966d5733d9678723d1d640c015f7f73a17d"), V_FORM);
        ck_assert(id_equal(&id, &same));        /* a refusal leaves it alone */
}
END_TEST

/* RFC 4648, 10, without the padding. */
START_TEST(base64_gives_the_published_texts) {
        static const char *const texts[] = { "", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy" };
        char text[16], back[8];

        for (size_t n = 0; n < ELEMENTSOF(texts); n++) {
                base64_encode(text, "foobar", n);
                ck_assert_str_eq(text, texts[n]);
                ck_assert_uint_eq(BASE64_LEN(n), strlen(text));
                ck_assert_int_eq(base64_decode(back, n, text, strlen(text)), 0);
                ck_assert(n == 0 || memcmp(back, "foobar", n) == 0);
        }
        base64_encode(text, "\xfb\xff\xfe", 3);
        ck_assert_str_eq(text, "-__-");
}
END_TEST

START_TEST(base64_has_one_encoding_of_each_value) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        unsigned good = 0;
        uint8_t back[2];

        /* of all texts of two digits, one for each byte; of three, one for each pair */
        for (unsigned i = 0; i < 64 * 64; i++) {
                char text[] = { digits[i / 64], digits[i % 64] };

                good += base64_decode(back, 1, text, 2) == 0;
        }
        ck_assert_uint_eq(good, 256);
        good = 0;
        for (unsigned i = 0; i < 64 * 64 * 64; i++) {
                char text[] = { digits[i / 4096], digits[i / 64 % 64], digits[i % 64] };

                good += base64_decode(back, 2, text, 3) == 0;
        }
        ck_assert_uint_eq(good, 65536);
}
END_TEST

START_TEST(base64_with_padding_blanks_or_of_the_other_alphabet_is_refused) {
        static const char *const bad[] = { "Zg==", "Z", "Zg=", "Z g", "Zm9", "Zm9v", "+_", "/w", "Z\n", "\xc3\xa9", "Zh" };
        uint8_t back[1];

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                ck_assert_msg(base64_decode(back, 1, bad[i], strlen(bad[i])) == V_FORM, "\"%s\"", bad[i]);
        ck_assert_int_eq(base64_decode(back, (SIZE_MAX >> 2) + 1, "", 0), V_FORM);     /* four times that is 0 */
}
END_TEST

TEST_MAIN("hex", hex_is_written_and_read_back, hex_of_another_length_case_or_alphabet_is_refused, ids_and_keys_are_64_digits,
        base64_gives_the_published_texts, base64_has_one_encoding_of_each_value,
        base64_with_padding_blanks_or_of_the_other_alphabet_is_refused)
