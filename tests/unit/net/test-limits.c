/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <malloc.h>
#include <sys/resource.h>

#include "side.h"
#include "voted/limits.h"

/* As many descriptors as the system lets us have: both ends of every connection are ours. */
static void raise_files(void) {
        struct rlimit limit;

        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = limit.rlim_max;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static unsigned open_raw(int *fds, unsigned n) {
        unsigned open = 0;

        for (unsigned i = 0; i < n; i++)
                open += !raw_is_closed(fds[i]);
        return open;
}

START_TEST(a_thousand_connections_from_one_address_are_refused_beyond_the_limit) {
        enum { N = 1000 };
        NetHostSettings settings = { .per_address_max = 16, .handshake_usec = 10 * USEC_PER_SEC };
        int fds[N];
        Side b;

        raise_files();
        side_init(&b, &settings, true);
        for (unsigned i = 0; i < N; i++) {
                fds[i] = side_raw(&b);
                ck_assert_int_ge(sd_event_run(loop, 0), 0);
                ck_assert_uint_le(side_stats(&b).inbound, 16);
        }
        run_until(side_stats(&b).refused == N - 16);
        run_until(open_raw(fds, N) == 16);
        ck_assert_uint_eq(side_stats(&b).links, 16);

        for (unsigned i = 0; i < N; i++)
                (void) close(fds[i]);
        run_until(side_stats(&b).links == 0);
        ck_assert_uint_eq(side_stats(&b).inbound, 0);
        ck_assert_uint_eq(side_stats(&b).half_open, 0);
        side_done(&b);
}
END_TEST

START_TEST(inbound_links_are_limited_in_all) {
        NetHostSettings settings = { .inbound_max = 2 };
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, &settings, true);
        side_connect(&a, &b);
        side_connect(&a, &b);
        side_dial(&a, &b, NULL);
        run_until(a.failures == 1);
        ck_assert_uint_eq(side_stats(&b).refused, 1);
        net_host_close(a.host, a.link, 0, "room for another");
        run_until(a.downs == 1 && b.downs == 1);
        side_connect(&a, &b);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(outbound_links_take_no_inbound_place) {
        NetHostSettings settings = { .inbound_max = 1, .per_address_max = 1 };
        Side a, b;

        side_init(&a, &settings, true);
        side_init(&b, &settings, true);
        side_connect(&a, &b);
        side_connect(&b, &a);
        ck_assert_uint_eq(side_stats(&a).links, 2);
        ck_assert_uint_eq(side_stats(&a).inbound, 1);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(idle_handshakes_give_way_to_those_who_come) {
        NetHostSettings settings = { .half_open_max = 4, .per_address_max = 100, .handshake_usec = 30 * USEC_PER_SEC };
        int fds[8];
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, &settings, true);
        for (unsigned i = 0; i < 8; i++) {
                fds[i] = side_raw(&b);
                run_for(2 * USEC_PER_MSEC);
                ck_assert_uint_le(side_stats(&b).half_open, 4);
        }
        side_connect(&a, &b);           /* behind eight who never say a word */
        for (unsigned i = 0; i < 8; i++)
                (void) close(fds[i]);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(many_who_come_at_once_all_get_through) {
        enum { N = 300 };
        NetHostSettings settings = { .half_open_max = 8, .per_address_max = N, .per_net_max = N, .inbound_max = N };
        Side a, b;

        raise_files();
        side_init(&a, NULL, false);
        side_init(&b, &settings, true);
        for (uint64_t i = 1; i <= N; i++)
                ck_assert_int_eq(net_host_dial(a.host, i, "127.0.0.1", b.port, NULL), 0);
        run_until(a.ups == N && b.ups == N);
        ck_assert_uint_eq(a.failures, 0);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(a_banned_identity_is_told_and_refused_until_the_ban_ends) {
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, NULL, true);
        side_connect(&a, &b);
        net_host_ban(b.host, secret_key_public(a.key), NULL, 300 * USEC_PER_MSEC);
        run_until(a.downs == 1 && b.downs == 1);
        ck_assert(side_heard(&a, "farewell banned"));
        ck_assert_int_eq(b.verdict, V_BANNED);

        side_dial(&a, &b, NULL);
        run_until(a.downs == 2);        /* it comes up over there, and is cut off with the reason */
        ck_assert_uint_eq(a.frames, 2);
        ck_assert_uint_eq(b.ups, 1);
        run_until(side_stats(&b).links == 0 && side_stats(&b).bans == 0);
        side_connect(&a, &b);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(a_banned_address_is_refused_before_the_handshake) {
        NetAddress address;
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, NULL, true);
        ck_assert_int_eq(net_address_from_text(&address, "127.0.0.1", 0), 0);
        net_host_ban(b.host, NULL, &address, 300 * USEC_PER_MSEC);
        side_dial(&a, &b, NULL);
        run_until(a.failures == 1);
        ck_assert_uint_eq(side_stats(&b).refused, 1);
        run_until(side_stats(&b).bans == 0);
        side_connect(&a, &b);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(without_a_file_descriptor_left_accepting_waits_and_goes_on) {
        struct rlimit limit, before;
        unsigned turns = 0;
        uint64_t end;
        int fds[4];
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, NULL, true);
        for (unsigned i = 0; i < 4; i++)
                fds[i] = side_raw(&b);
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
        limit = before;
        limit.rlim_cur = (rlim_t) fds[3] + 1;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);

        end = now_usec() + 300 * USEC_PER_MSEC;
        while (now_usec() < end) {
                ck_assert_int_ge(sd_event_run(loop, 20 * USEC_PER_MSEC), 0);
                turns++;
        }
        ck_assert(side_stats(&b).out_of_files);
        ck_assert_uint_eq(side_stats(&b).links, 0);
        ck_assert_uint_lt(turns, 60);

        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
        run_until(side_stats(&b).half_open == 4);
        ck_assert(!side_stats(&b).out_of_files);
        for (unsigned i = 0; i < 4; i++)
                (void) close(fds[i]);
        side_done(&a);
        side_done(&b);
}
END_TEST

static bool echo_it(Side *s, uint64_t link, const char *p, size_t n) {
        char *copy = malloc(n);

        memcpy(copy, p, n);
        return net_host_send(s->host, link, NET_LANE_GOSSIP, copy, n) == 0;
}

/* DESIGN 15: a tracker holds 10,000 registered links at 16 KiB each, all of a link's memory included. Here each link counts
 * twice, since both of its ends are in this process; the system's malloc is the judge (not under a sanitizer). */
START_TEST(an_idle_link_takes_little_memory) {
        enum { N = 500 };
        NetHostSettings settings = { .per_address_max = N, .per_net_max = N, .inbound_max = N };
        uint64_t links[N];
        size_t before, after;
        Side a, b;

        raise_files();
        side_init(&a, NULL, false);
        side_init(&b, &settings, true);
        b.echo = echo_it;
        side_connect(&a, &b);           /* what is made once is made now */
        before = mallinfo2().uordblks + mallinfo2().hblkhd;
        for (unsigned i = 0; i < N - 1; i++) {
                side_connect(&a, &b);
                links[i] = a.link;
        }
        for (unsigned i = 0; i < N - 1; i++) {  /* each has been busy once: 30 kB in, 30 kB out */
                char *bytes = calloc(1, 30000);

                ck_assert_int_eq(net_host_send(a.host, links[i], NET_LANE_SYNC, bytes, 30000), 0);
        }
        run_until(a.frames == N - 1 && side_stats(&a).queued == 0 && side_stats(&b).queued == 0);
        after = mallinfo2().uordblks + mallinfo2().hblkhd;
        ck_assert_uint_eq(side_stats(&a).held + side_stats(&b).held, 0);
        (void) printf("an idle link takes %zu bytes at each end\n", (after - before) / (N - 1) / 2);
#if !defined(__SANITIZE_ADDRESS__)
        ck_assert_uint_le((after - before) / (N - 1) / 2, 4096);
#endif
        side_done(&a);
        side_done(&b);
}
END_TEST

int main(void) {
        Suite *s = suite_create("limits");
        TCase *c = tcase_create("limits");
        SRunner *r;
        int failed;

        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;

        suite_add_tcase(s, c);
        tcase_set_timeout(c, 60);
        tcase_add_test(c, a_thousand_connections_from_one_address_are_refused_beyond_the_limit);
        tcase_add_test(c, inbound_links_are_limited_in_all);
        tcase_add_test(c, outbound_links_take_no_inbound_place);
        tcase_add_test(c, idle_handshakes_give_way_to_those_who_come);
        tcase_add_test(c, many_who_come_at_once_all_get_through);
        tcase_add_test(c, a_banned_identity_is_told_and_refused_until_the_ban_ends);
        tcase_add_test(c, a_banned_address_is_refused_before_the_handshake);
        tcase_add_test(c, without_a_file_descriptor_left_accepting_waits_and_goes_on);
        tcase_add_test(c, an_idle_link_takes_little_memory);

        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
