/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/buf.h"

#include "../help.h"

START_TEST(what_is_added_stands_there_with_a_nul_behind) {
        _cleanup_buf_ Buf b = {};

        ck_assert_int_eq(buf_error(&b), 0);
        buf_add(&b, "ab\0c", 4);
        buf_add_text(&b, "def");
        buf_add_char(&b, 'g');
        buf_printf(&b, "-%d-%s", 42, "x");
        ck_assert_uint_eq(b.n, 13);
        ck_assert_mem_eq(b.p, "ab\0cdefg-42-x", 14);

        buf_drop_front(&b, 3);
        ck_assert_str_eq(b.p, "cdefg-42-x");
        buf_drop_front(&b, b.n);
        ck_assert_uint_eq(b.n, 0);
        ck_assert_str_eq(b.p, "");
        buf_drop_front(&b, 0);
}
END_TEST

START_TEST(it_grows_to_any_size) {
        _cleanup_buf_ Buf b = {};

        for (unsigned i = 0; i < 100000; i++)
                buf_printf(&b, "%05u", i);
        ck_assert_uint_eq(b.n, 500000);
        for (unsigned i = 0; i < 100000; i += 777) {
                char text[8];

                (void) snprintf(text, sizeof(text), "%05u", i);
                ck_assert_mem_eq(b.p + 5 * (size_t) i, text, 5);
        }
}
END_TEST

START_TEST(no_memory_is_remembered) {
        _cleanup_buf_ Buf b = {};

        buf_add_text(&b, "x");
        ck_assert_ptr_null(buf_reserve(&b, SIZE_MAX));          /* the sum overflows */
        ck_assert_int_eq(buf_error(&b), -ENOMEM);
        buf_add_text(&b, "y");
        buf_printf(&b, "z");
        ck_assert_str_eq(b.p, "x");
        ck_assert_ptr_null(buf_take(&b, NULL));

        /* empty again, and of use */
        ck_assert_int_eq(buf_error(&b), 0);
        buf_add_text(&b, "w");
        ck_assert_str_eq(b.p, "w");
        ck_assert_ptr_null(buf_reserve(&b, SIZE_MAX - 1));
        ck_assert_int_eq(buf_error(&b), -ENOMEM);
        buf_reset(&b);
        ck_assert_int_eq(buf_error(&b), 0);
        ck_assert_uint_eq(b.n, 0);
}
END_TEST

START_TEST(a_reservation_is_room) {
        _cleanup_buf_ Buf b = {};
        char *p;

        p = buf_reserve(&b, 1000);
        ck_assert_ptr_nonnull(p);
        memset(p, 'a', 1000);
        b.n += 1000;
        p = buf_reserve(&b, 1);
        ck_assert_ptr_eq(p, b.p + 1000);
        ck_assert_int_eq(b.p[999], 'a');
}
END_TEST

START_TEST(the_bytes_can_be_taken) {
        Buf b = {};
        size_t n;
        char *p;

        p = buf_take(&b, &n);           /* of an empty one: an empty text */
        ck_assert_str_eq(p, "");
        ck_assert_uint_eq(n, 0);
        free(p);

        buf_add_text(&b, "text");
        p = buf_take(&b, &n);
        ck_assert_str_eq(p, "text");
        ck_assert_uint_eq(n, 4);
        ck_assert_ptr_null(b.p);
        free(p);
        buf_done(&b);
}
END_TEST

TEST_MAIN("buf", what_is_added_stands_there_with_a_nul_behind, it_grows_to_any_size, no_memory_is_remembered, a_reservation_is_room,
        the_bytes_can_be_taken)
