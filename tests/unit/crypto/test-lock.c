/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/lock.h"
#include "crypto/sign.h"
#include "voted/verdict.h"

#include "../help.h"

#define SECRET "32 bytes that nobody else knows."

START_TEST(the_right_passphrase_opens_the_box_and_no_other_does) {
        _cleanup_buf_ Buf box = {}, other = {};
        char got[32];

        ck_assert_int_eq(lock_seal(&box, SECRET, 32, "correct horse"), 0);
        ck_assert_int_eq(lock_open(got, 32, box.p, box.n, "correct horse"), 0);
        ck_assert_mem_eq(got, SECRET, 32);
        ck_assert_int_eq(lock_open(got, 32, box.p, box.n, "correct house"), V_DENIED);
        ck_assert_int_eq(lock_open(got, 32, box.p, box.n, ""), V_DENIED);

        /* the same once more is another box, and no secret stands in either */
        ck_assert_int_eq(lock_seal(&other, SECRET, 32, "correct horse"), 0);
        ck_assert_uint_eq(other.n, box.n);
        ck_assert_mem_ne(other.p, box.p, box.n);
        ck_assert_ptr_null(memmem(box.p, box.n, SECRET, 32));
}
END_TEST

START_TEST(a_box_behind_other_bytes_is_appended) {
        _cleanup_buf_ Buf box = {};
        char got[1];

        buf_add_text(&box, "head");
        ck_assert_int_eq(lock_seal(&box, "x", 1, ""), 0);
        ck_assert_mem_eq(box.p, "head", 4);
        ck_assert_int_eq(lock_open(got, 1, box.p + 4, box.n - 4, ""), 0);
        ck_assert_int_eq(got[0], 'x');
}
END_TEST

START_TEST(an_altered_box_is_refused) {
        _cleanup_buf_ Buf box = {};
        char got[32];

        ck_assert_int_eq(lock_seal(&box, SECRET, 32, "p"), 0);
        /* version; salt, nonce, ciphertext and tag, one byte of each */
        for (size_t k = 0; k < 5; k++) {
                static const size_t at[] = { 0, 9, 25, 49, 96 };
                static const int expected[] = { V_FORM, V_DENIED, V_DENIED, V_DENIED, V_DENIED };

                ck_assert_uint_lt(at[k], box.n);
                box.p[at[k]] ^= 1;
                ck_assert_msg(lock_open(got, 32, box.p, box.n, "p") == expected[k], "byte %zu", at[k]);
                box.p[at[k]] ^= 1;
        }
        ck_assert_int_eq(lock_open(got, 32, box.p, box.n, "p"), 0);
}
END_TEST

START_TEST(a_box_that_asks_too_much_or_has_another_size_is_no_box) {
        _cleanup_buf_ Buf box = {};
        char got[33];

        ck_assert_int_eq(lock_seal(&box, SECRET, 32, "p"), 0);
        for (size_t n = 0; n < box.n; n++)
                ck_assert_int_eq(lock_open(got, 32, box.p, n, "p"), V_FORM);
        ck_assert_int_eq(lock_open(got, 31, box.p, box.n, "p"), V_FORM);
        ck_assert_int_eq(lock_open(got, 33, box.p, box.n, "p"), V_FORM);

        box.p[1] = 1;                   /* 2^24 passes */
        ck_assert_int_eq(lock_open(got, 32, box.p, box.n, "p"), V_FORM);
        box.p[1] = 0;
        box.p[5] = 1;                   /* 16 GiB */
        ck_assert_int_eq(lock_open(got, 32, box.p, box.n, "p"), V_FORM);
        box.p[5] = 0;
        memset(box.p + 5, 0, 4);        /* no memory at all */
        ck_assert_int_eq(lock_open(got, 32, box.p, box.n, "p"), V_FORM);
}
END_TEST

TEST_MAIN("lock", the_right_passphrase_opens_the_box_and_no_other_does, a_box_behind_other_bytes_is_appended, an_altered_box_is_refused,
        a_box_that_asks_too_much_or_has_another_size_is_no_box)
