/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/hex.h"
#include "crypto/transcript.h"

#include "../help.h"

static void digest_of(uint8_t ret[static 64], const char *const *fields, size_t n) {
        Transcript t;

        transcript_begin(&t, fields[0]);
        for (size_t i = 1; i < n; i++)
                transcript_add_text(&t, fields[i]);
        transcript_digest(&t, ret);
}

/* Any two lists of fields that differ are hashed apart: what stands in front is the length. */
START_TEST(fields_are_kept_apart) {
        static const struct {
                const char *fields[4];
                size_t n;
        } lists[] = {
                { { "ab", "c" }, 2 }, { { "a", "bc" }, 2 }, { { "abc" }, 1 }, { { "abc", "" }, 2 }, { { "", "abc" }, 2 },
                { { "ab", "", "c" }, 3 }, { { "ab", "c", "", "" }, 4 },
        };
        uint8_t digests[ELEMENTSOF(lists)][64];

        for (unsigned i = 0; i < ELEMENTSOF(lists); i++) {
                digest_of(digests[i], lists[i].fields, lists[i].n);
                for (unsigned k = 0; k < i; k++)
                        ck_assert_msg(memcmp(digests[i], digests[k], 64) != 0, "%u and %u", i, k);
        }
}
END_TEST

/* printf '\0\0\0\3abc\0\0\0\10\0\0\0\0\0\0\1\2' | sha512sum */
START_TEST(it_is_sha_512_over_length_and_bytes) {
        uint8_t digest[64];
        char hex[129];
        Transcript t;

        transcript_begin(&t, "abc");
        transcript_add_u64(&t, 258);
        transcript_digest(&t, digest);
        hex_encode(hex, digest, 64);
        ck_assert_str_eq(hex, "3518f42ee5c2be1141547b9edde06cbf084cbc5244e5e60d7a4a3b252645916b8d0b4767eda6fa0c4b46e3391de868545c7e811a82235cd502d026ee296c63b8");
}
END_TEST

START_TEST(nothing_is_left_at_its_end) {
        static const Transcript empty;
        Transcript t;
        Scalar s;

        transcript_begin(&t, "abc");
        transcript_scalar(&t, &s);
        ck_assert_mem_eq(&t, &empty, sizeof(t));
}
END_TEST

TEST_MAIN("transcript", fields_are_kept_apart, it_is_sha_512_over_length_and_bytes, nothing_is_left_at_its_end)
