/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dlfcn.h>

#include "crypto/sign.h"

#include "../help.h"

/* Stands before libsodium's own: a library that judges otherwise than the ledger. Each of them makes the one mistake
 * that it is told to, and is right in everything else. */
static const char *point_taken;         /* 32 bytes */
static int first_byte_taken = -1;       /* of R */
static bool refuses_all;

int crypto_core_ed25519_is_valid_point(const unsigned char *p);
int crypto_core_ed25519_is_valid_point(const unsigned char *p) {
        int (*real)(const unsigned char *) = dlsym(RTLD_NEXT, "crypto_core_ed25519_is_valid_point");

        ck_assert_ptr_nonnull(real);
        if (point_taken && memcmp(p, point_taken, 32) == 0)
                return 1;
        return real(p);
}

int crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m, unsigned long long n, const unsigned char *key);
int crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m, unsigned long long n, const unsigned char *key) {
        int (*real)(const unsigned char *, const unsigned char *, unsigned long long, const unsigned char *) =
                dlsym(RTLD_NEXT, "crypto_sign_verify_detached");

        ck_assert_ptr_nonnull(real);
        if (refuses_all)
                return -1;
        return sig[0] == first_byte_taken ? 0 : real(sig, m, n, key);
}

static void must_be_caught(const char *name) {
        Why why = {};

        ck_assert_msg(crypto_init(&why) == -ENOTSUP, "%s passes the self-test", name);
        ck_assert_ptr_nonnull(strstr(why.text, "libsodium"));
}

START_TEST(a_library_without_the_fix_of_cve_2025_69277_is_caught) {
        point_taken = "\x95\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99";
        must_be_caught("one that takes a point of order 2L");
}
END_TEST

START_TEST(a_library_that_multiplies_by_the_cofactor_is_caught) {
        first_byte_taken = 0x14;
        must_be_caught("a cofactored one");
}
END_TEST

START_TEST(a_library_that_takes_an_r_of_small_order_is_caught) {
        first_byte_taken = 0x01;
        must_be_caught("one that takes the identity as R");
}
END_TEST

START_TEST(a_library_that_takes_an_r_that_is_not_canonical_is_caught) {
        first_byte_taken = 0xee;
        must_be_caught("one that takes R = p + 1");
}
END_TEST

START_TEST(a_library_that_takes_anything_or_nothing_is_caught) {
        first_byte_taken = 0xfa;
        must_be_caught("one that takes S + L");
        first_byte_taken = -1;
        refuses_all = true;
        must_be_caught("one that takes nothing");
}
END_TEST

START_TEST(this_library_passes) {
        Why why = {};

        ck_assert_msg(crypto_init(&why) == 0, "%s", why.text);
        ck_assert_int_eq(crypto_init(&why), 0);         /* once more does no harm */
        ck_assert_int_eq(strncmp(crypto_library_version(), "libsodium 1.", 12), 0);
}
END_TEST

TEST_MAIN("self-test", a_library_without_the_fix_of_cve_2025_69277_is_caught, a_library_that_multiplies_by_the_cofactor_is_caught,
        a_library_that_takes_an_r_of_small_order_is_caught, a_library_that_takes_an_r_that_is_not_canonical_is_caught,
        a_library_that_takes_anything_or_nothing_is_caught, this_library_passes)
