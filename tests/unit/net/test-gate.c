/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>
#include <stdio.h>

#include "net/gate.h"
#include "voted/limits.h"

static NetAddress address(const char *ip) {
        NetAddress a;

        ck_assert_int_eq(net_address_from_text(&a, ip, 1), 0);
        return a;
}

static Gate* gate(void) {
        Gate *g;

        ck_assert_int_eq(gate_new(&g), 0);
        return g;
}

START_TEST(links_of_an_address_are_limited_and_free_again) {
        _cleanup_(gate_freep) Gate *g = gate();
        NetAddress a = address("192.0.2.1"), b = address("192.0.2.2");

        ck_assert_int_eq(gate_enter(g, &a, 2, 10), 0);
        ck_assert_int_eq(gate_enter(g, &a, 2, 10), 0);
        ck_assert_int_eq(gate_enter(g, &a, 2, 10), -EUSERS);
        ck_assert_int_eq(gate_enter(g, &b, 2, 10), 0);
        gate_leave(g, &a);
        ck_assert_int_eq(gate_enter(g, &a, 2, 10), 0);
}
END_TEST

START_TEST(links_of_a_neighbourhood_are_limited) {
        _cleanup_(gate_freep) Gate *g = gate();
        NetAddress elsewhere = address("192.0.3.1"), a;
        char ip[32];

        for (unsigned i = 1; i <= 5; i++) {
                (void) snprintf(ip, sizeof(ip), "192.0.2.%u", i);
                a = address(ip);
                ck_assert_int_eq(gate_enter(g, &a, 2, 4), i <= 4 ? 0 : -EUSERS);
        }
        ck_assert_int_eq(gate_enter(g, &elsewhere, 2, 4), 0);
        a = address("192.0.2.1");
        gate_leave(g, &a);
        a = address("192.0.2.9");
        ck_assert_int_eq(gate_enter(g, &a, 2, 4), 0);
}
END_TEST

START_TEST(a_ban_ends_and_the_longer_one_stands) {
        _cleanup_(gate_freep) Gate *g = gate();
        NetAddress a = address("2001:db8::1"), neighbour = address("2001:db8::2"), other = address("2001:db8:0:1::1");
        Key k = { { 1, 2, 3 } };

        ck_assert_int_eq(gate_ban_key(g, &k, 100), 0);
        ck_assert_int_eq(gate_ban_key(g, &k, 50), 0);
        ck_assert_int_eq(gate_ban_address(g, &a, 100), 0);
        ck_assert_uint_eq(gate_bans(g, 10), 2);
        ck_assert(gate_is_banned_key(g, &k, 99));
        ck_assert(gate_is_banned_address(g, &neighbour, 99));   /* the same /64 */
        ck_assert(!gate_is_banned_address(g, &other, 99));
        ck_assert(!gate_is_banned_key(g, &k, 100));
        ck_assert(!gate_is_banned_address(g, &a, 100));
        ck_assert_uint_eq(gate_bans(g, 100), 0);
}
END_TEST

START_TEST(bans_are_bounded) {
        _cleanup_(gate_freep) Gate *g = gate();
        Key first = { { 0xff } };

        ck_assert_int_eq(gate_ban_key(g, &first, 10), 0);
        for (uint32_t i = 0; i < BANS_MAX + 100; i++) {
                Key k = { { 1 } };

                memcpy(k.b + 1, &i, sizeof(i));
                ck_assert_int_eq(gate_ban_key(g, &k, 1000 + i), 0);
        }
        ck_assert_uint_eq(gate_bans(g, 1), BANS_MAX);
        ck_assert(!gate_is_banned_key(g, &first, 1));   /* ends first, so it gave way */
}
END_TEST

int main(void) {
        Suite *s = suite_create("gate");
        TCase *c = tcase_create("gate");
        SRunner *r;
        int failed;

        suite_add_tcase(s, c);
        tcase_add_test(c, links_of_an_address_are_limited_and_free_again);
        tcase_add_test(c, links_of_a_neighbourhood_are_limited);
        tcase_add_test(c, a_ban_ends_and_the_longer_one_stands);
        tcase_add_test(c, bans_are_bounded);

        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
