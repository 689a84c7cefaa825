/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <check.h>

#include "net/address.h"

#define KEY "0101010101010101010101010101010101010101010101010101010101010101"

START_TEST(endpoints_are_read_and_written_alike) {
        static const struct { const char *text, *host; uint16_t port; bool key; } cases[] = {
                { "localhost:8000", "localhost", 8000, false },
                { "h1.example:1", "h1.example", 1, false },
                { "192.0.2.7:65535", "192.0.2.7", 65535, false },
                { "[::1]:8000", "::1", 8000, false },
                { "[fe80::1%eth0]:8000", "fe80::1%eth0", 8000, false },
                { KEY "@h1:8000", "h1", 8000, true },
                { KEY "@[2001:db8::1]:8000", "2001:db8::1", 8000, true },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[NET_ENDPOINT_TEXT];
                NetEndpoint e;
                Why why = {};

                ck_assert_msg(net_endpoint_parse(&e, cases[i].text, 0, &why) == 0, "%s: %s", cases[i].text, why.text);
                ck_assert_str_eq(e.host, cases[i].host);
                ck_assert_uint_eq(e.port, cases[i].port);
                ck_assert_int_eq(!key_is_zero(&e.key), cases[i].key);
                ck_assert_str_eq(net_endpoint_format(&e, text), cases[i].text);
        }
}
END_TEST

START_TEST(a_bad_endpoint_is_refused_with_the_reason) {
        static const char *const cases[] = {
                "", ":8000", "host", "host:", "host:0", "host:65536", "host:80x", "host:-1", "host:+1", "host: 80", "::1:8000",
                "[::1", "[::1]8000", "[::1]", "[]:1", "a b:1", "-x:1", "abcd@host:1", KEY "0@host:1", "@host:1", KEY "@:1",
                "0101010101010101010101010101010101010101010101010101010101010G01@h:1", "host:99999999999999999999", "h/x:1",
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                NetEndpoint e;
                Why why = {};

                ck_assert_msg(net_endpoint_parse(&e, cases[i], 0, &why) == V_FORM, "%s", cases[i]);
                ck_assert_msg(why.text[0] != '\0', "%s", cases[i]);
        }
}
END_TEST

START_TEST(a_host_that_is_too_long_is_refused) {
        char text[400];
        NetEndpoint e;

        memset(text, 'a', sizeof(text));
        memcpy(text + 254, ":1", 3);
        ck_assert_int_eq(net_endpoint_parse(&e, text, 0, NULL), V_FORM);
        memset(text, 'a', sizeof(text));
        memcpy(text + 253, ":1", 3);
        ck_assert_int_eq(net_endpoint_parse(&e, text, 0, NULL), 0);
        text[399] = '\0';
        text[253] = 'a';
        text[254] = 'a';
        text[255] = 'a';
        ck_assert_int_eq(net_endpoint_parse(&e, text, 1, NULL), V_FORM);
}
END_TEST

START_TEST(a_default_port_is_taken_where_none_is_given) {
        NetEndpoint e;

        ck_assert_int_eq(net_endpoint_parse(&e, "host", 8000, NULL), 0);
        ck_assert_uint_eq(e.port, 8000);
        ck_assert_int_eq(net_endpoint_parse(&e, "[::1]", 8000, NULL), 0);
        ck_assert_uint_eq(e.port, 8000);
        ck_assert_int_eq(net_endpoint_parse(&e, "host:7", 8000, NULL), 0);
        ck_assert_uint_eq(e.port, 7);
}
END_TEST

START_TEST(addresses_are_read_and_written_alike) {
        static const struct { const char *ip, *text; } cases[] = {
                { "192.0.2.1", "192.0.2.1:80" },
                { "2001:db8::1", "[2001:db8::1]:80" },
                { "::1", "[::1]:80" },
                { "fe80::1%1", "[fe80::1%1]:80" },
                { "::ffff:192.0.2.1", "192.0.2.1:80" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct sockaddr_storage sa;
                char text[NET_ADDRESS_TEXT];
                NetAddress a, b;
                socklen_t n;

                ck_assert_int_eq(net_address_from_text(&a, cases[i].ip, 80), 0);
                ck_assert_str_eq(net_address_format(&a, text), cases[i].text);
                n = net_address_to_sockaddr(&a, &sa);
                ck_assert_int_eq(net_address_from_sockaddr(&b, (const struct sockaddr *) &sa, n), 0);
                ck_assert_mem_eq(&a, &b, sizeof(a));
        }
}
END_TEST

START_TEST(a_name_is_no_address) {
        NetAddress a;

        ck_assert_int_eq(net_address_from_text(&a, "localhost", 1), -EINVAL);
        ck_assert_int_eq(net_address_from_text(&a, "1.2.3", 1), -EINVAL);
        ck_assert_int_eq(net_address_from_text(&a, "", 1), -EINVAL);
        ck_assert_int_eq(net_address_from_text(&a, "fe80::1%", 1), -EINVAL);
        ck_assert_int_eq(net_address_from_sockaddr(&a, &(struct sockaddr) { .sa_family = AF_UNIX }, sizeof(struct sockaddr)),
                        -EAFNOSUPPORT);
}
END_TEST

static bool same(NetKey (*key)(const NetAddress *a), const char *x, const char *y) {
        NetAddress a, b;
        NetKey k, l;

        ck_assert_int_eq(net_address_from_text(&a, x, 1), 0);
        ck_assert_int_eq(net_address_from_text(&b, y, 2), 0);
        k = key(&a);
        l = key(&b);
        return memcmp(&k, &l, sizeof(k)) == 0;
}

START_TEST(an_address_is_a_64_and_its_neighbourhood_a_24_or_a_48) {
        ck_assert(same(net_address_host_key, "192.0.2.1", "192.0.2.1"));
        ck_assert(!same(net_address_host_key, "192.0.2.1", "192.0.2.2"));
        ck_assert(same(net_address_host_key, "2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        ck_assert(!same(net_address_host_key, "2001:db8:1:2::1", "2001:db8:1:3::1"));
        ck_assert(same(net_address_net_key, "192.0.2.1", "192.0.2.200"));
        ck_assert(!same(net_address_net_key, "192.0.2.1", "192.0.3.1"));
        ck_assert(same(net_address_net_key, "2001:db8:1:2::1", "2001:db8:1:3::1"));
        ck_assert(!same(net_address_net_key, "2001:db8:1:2::1", "2001:db8:2:2::1"));
        ck_assert(!same(net_address_net_key, "0.0.0.1", "::1"));
}
END_TEST

int main(void) {
        Suite *s = suite_create("address");
        TCase *c = tcase_create("address");
        SRunner *r;
        int failed;

        suite_add_tcase(s, c);
        tcase_add_test(c, endpoints_are_read_and_written_alike);
        tcase_add_test(c, a_bad_endpoint_is_refused_with_the_reason);
        tcase_add_test(c, a_host_that_is_too_long_is_refused);
        tcase_add_test(c, a_default_port_is_taken_where_none_is_given);
        tcase_add_test(c, addresses_are_read_and_written_alike);
        tcase_add_test(c, a_name_is_no_address);
        tcase_add_test(c, an_address_is_a_64_and_its_neighbourhood_a_24_or_a_48);

        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
