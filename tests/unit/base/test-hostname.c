/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/hostname.h"

#include "../help.h"

START_TEST(names_and_addresses_are_hosts) {
        static const char *const good[] = { "localhost", "h1", "vote.example.org", "vote.example.org.", "a-b_c.example", "127.0.0.1", "::1", "fe80::1%eth0", "X" };
        char longest[254];

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                ck_assert_msg(hostname_is_valid(good[i]), "%s", good[i]);
        memset(longest, 'a', 253);
        longest[253] = 0;
        ck_assert(hostname_is_valid(longest));
}
END_TEST

START_TEST(what_could_act_in_a_list_or_log_is_no_host) {
        static const char *const bad[] = { "", "-h", ".h", "%h", "a b", "a\n", "a\033", "a/b", "a;b", "h\xc3\xa9", "[::1]", "a,b", "a\"b", "$(x)", "a@b" };
        char too_long[255];

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                ck_assert_msg(!hostname_is_valid(bad[i]), "%s", bad[i]);
        memset(too_long, 'a', 254);
        too_long[254] = 0;
        ck_assert(!hostname_is_valid(too_long));
}
END_TEST

START_TEST(loopback_is_known_by_its_numbers_alone) {
        static const char *const yes[] = { "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1" };
        static const char *const no[] = { "", "localhost", "128.0.0.1", "::2", "::ffff:126.0.0.1" };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++)
                ck_assert_msg(hostname_is_loopback(yes[i]), "%s", yes[i]);
        for (size_t i = 0; i < ELEMENTSOF(no); i++)
                ck_assert_msg(!hostname_is_loopback(no[i]), "%s", no[i]);
}
END_TEST

TEST_MAIN("hostname", names_and_addresses_are_hosts, what_could_act_in_a_list_or_log_is_no_host,
          loopback_is_known_by_its_numbers_alone)
