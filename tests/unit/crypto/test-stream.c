/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/stream.h"

#include "../help.h"

static void first(uint8_t ret[static 32], uint8_t seed, const char *label, const char *a, const char *b, uint64_t number) {
        _cleanup_stream_ Stream s = {};

        stream_begin(&s, (uint8_t[32]) { seed }, label);
        stream_bind(&s, a, strlen(a));
        stream_bind(&s, b, strlen(b));
        stream_bind_u64(&s, number);
        stream_bytes(&s, ret);
}

START_TEST(the_same_seed_and_purpose_give_the_same) {
        uint8_t one[32], two[32];

        first(one, 1, "label", "ab", "c", 5);
        first(two, 1, "label", "ab", "c", 5);
        ck_assert_mem_eq(one, two, 32);
}
END_TEST

START_TEST(whatever_differs_in_purpose_makes_another_stream) {
        uint8_t got[7][32];

        first(got[0], 1, "label", "ab", "c", 5);
        first(got[1], 2, "label", "ab", "c", 5);
        first(got[2], 1, "labe", "lab", "c", 5);
        first(got[3], 1, "label", "a", "bc", 5);
        first(got[4], 1, "label", "abc", "", 5);
        first(got[5], 1, "label", "ab", "c", 6);
        first(got[6], 1, "label", "ab", "c", UINT64_C(5) << 32);
        for (unsigned i = 0; i < 7; i++)
                for (unsigned k = 0; k < i; k++)
                        ck_assert_msg(memcmp(got[i], got[k], 32) != 0, "%u and %u", i, k);
}
END_TEST

START_TEST(draws_follow_each_other_and_differ) {
        _cleanup_stream_ Stream s = {}, again = {};
        Scalar scalars[20], t;

        stream_begin(&s, (uint8_t[32]) { 9 }, "x");
        stream_begin(&again, (uint8_t[32]) { 9 }, "x");
        for (unsigned i = 0; i < 20; i++) {
                stream_scalar(&s, &scalars[i]);
                stream_scalar(&again, &t);
                ck_assert(scalar_equal(&t, &scalars[i]));
                for (unsigned k = 0; k < i; k++)
                        ck_assert(!scalar_equal(&scalars[i], &scalars[k]));
        }
}
END_TEST

START_TEST(random_streams_differ) {
        _cleanup_stream_ Stream a = {}, b = {};
        Scalar s, t;

        stream_begin_random(&a, "x");
        stream_begin_random(&b, "x");
        stream_scalar(&a, &s);
        stream_scalar(&b, &t);
        ck_assert(!scalar_equal(&s, &t));
}
END_TEST

START_TEST(nothing_is_left_when_it_is_done) {
        static const Stream empty;
        Stream s;
        Scalar t;

        stream_begin(&s, (uint8_t[32]) { 9 }, "x");
        stream_scalar(&s, &t);
        stream_done(&s);
        ck_assert_mem_eq(&s, &empty, sizeof(s));
}
END_TEST

TEST_MAIN("stream", the_same_seed_and_purpose_give_the_same, whatever_differs_in_purpose_makes_another_stream,
        draws_follow_each_other_and_differ, random_streams_differ, nothing_is_left_when_it_is_done)
