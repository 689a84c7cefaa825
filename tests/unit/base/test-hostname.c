/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>

#include "base/hostname.h"

START_TEST(names_and_addresses_are_hosts) {
        static const char *const good[] = {
                "localhost", "h1", "a.example.org", "xn--bcher-kva.example", "_service.example", "192.0.2.1", "::1", "2001:db8::1",
                "fe80::1%eth0",
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                ck_assert_msg(hostname_is_valid(good[i]), "%s", good[i]);
}
END_TEST

START_TEST(what_could_be_taken_for_something_else_is_no_host) {
        static const char *const bad[] = {
                "", " ", "a b", "-x", ".", ".example", "%eth0", "a/b", "a@b", "[::1]", "a\n", "a\"b", "b\xc3\xbc" "cher", "a\x7f", "$(x)", "a;b",
        };
        char text[256];

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                ck_assert_msg(!hostname_is_valid(bad[i]), "%s", bad[i]);
        memset(text, 'a', sizeof(text));
        text[253] = '\0';
        ck_assert(hostname_is_valid(text));
        text[253] = 'a';
        text[254] = '\0';
        ck_assert(!hostname_is_valid(text));
}
END_TEST

START_TEST(loopback_is_known_by_its_numbers_alone) {
        ck_assert(hostname_is_loopback("127.0.0.1"));
        ck_assert(hostname_is_loopback("127.9.9.9"));
        ck_assert(hostname_is_loopback("::1"));
        ck_assert(hostname_is_loopback("::ffff:127.0.0.1"));
        ck_assert(!hostname_is_loopback("::ffff:126.0.0.1"));
        ck_assert(!hostname_is_loopback("128.0.0.1"));
        ck_assert(!hostname_is_loopback("::2"));
        ck_assert(!hostname_is_loopback("localhost"));
        ck_assert(!hostname_is_loopback(""));
}
END_TEST

int main(void) {
        Suite *s = suite_create("hostname");
        TCase *c = tcase_create("hostname");
        SRunner *r;
        int failed;

        suite_add_tcase(s, c);
        tcase_add_test(c, names_and_addresses_are_hosts);
        tcase_add_test(c, what_could_be_taken_for_something_else_is_no_host);
        tcase_add_test(c, loopback_is_known_by_its_numbers_alone);

        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
