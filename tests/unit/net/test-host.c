/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <netdb.h>
#include <stdio.h>

#include "side.h"
#include "voted/limits.h"

START_TEST(two_hosts_speak_over_loopback) {
        NetLinkInfo info;
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, NULL, true);
        side_dial(&a, &b, secret_key_public(b.key));
        ck_assert_int_eq(net_host_dial(a.host, 77, "127.0.0.1", b.port, NULL), -EEXIST);
        run_until(a.ups == 1 && b.ups == 1);
        ck_assert(key_equal(&a.remote, secret_key_public(b.key)));
        ck_assert(key_equal(&b.remote, secret_key_public(a.key)));
        ck_assert(!a.inbound && b.inbound);
        ck_assert_uint_eq(a.dial, 77);
        ck_assert_uint_eq(b.dial, 0);

        side_say(&a, "one");
        side_say(&b, "two");
        run_until(side_heard(&a, "two") && side_heard(&b, "one") && a.sents == 1 && b.sents == 1);

        ck_assert_int_eq(net_host_link_info(a.host, a.link, &info), 0);
        ck_assert_uint_gt(info.sent_bytes, 100);
        ck_assert_uint_gt(info.received_bytes, 100);
        ck_assert_uint_eq(info.queued, 0);
        ck_assert_uint_eq(info.held, 0);
        ck_assert_uint_eq(info.address.port, b.port);
        ck_assert_uint_eq(side_stats(&a).sent_bytes, side_stats(&b).received_bytes);
        ck_assert_uint_eq(side_stats(&b).inbound, 1);
        ck_assert_uint_eq(side_stats(&b).half_open, 0);
        ck_assert_uint_eq(side_stats(&a).dialling, 0);

        net_host_close(a.host, a.link, 0, "enough");
        run_until(a.downs == 1 && b.downs == 1);
        ck_assert_str_eq(a.reason, "enough");
        ck_assert_str_eq(b.reason, "closed by the far side");
        ck_assert_int_eq(net_host_link_info(a.host, a.link, &info), -ENODATA);
        ck_assert_uint_eq(side_stats(&b).links, 0);
        side_done(&a);
        side_done(&b);
}
END_TEST

static bool has_localhost(void) {
        struct addrinfo *all = NULL;

        if (getaddrinfo("localhost", NULL, &(struct addrinfo) { .ai_family = AF_INET }, &all) != 0)
                return false;
        freeaddrinfo(all);
        return true;
}

START_TEST(a_name_is_resolved_beside_the_loop) {
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, NULL, true);
        ck_assert_int_eq(net_host_dial(a.host, 5, "localhost", b.port, NULL), 0);
        run_until(a.ups == 1 && b.ups == 1);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(a_name_that_is_none_fails_the_dial) {
        Side a;

        side_init(&a, NULL, false);
        ck_assert_int_eq(net_host_dial(a.host, 5, "no..such.name", 1, NULL), 0);
        run_until(a.failures == 1);
        ck_assert_int_lt(a.verdict, 0);
        ck_assert_uint_eq(a.dial, 5);
        ck_assert_ptr_nonnull(strstr(a.reason, "no..such.name"));
        side_done(&a);
}
END_TEST

START_TEST(many_names_are_asked_for_and_dropped) {
        Side a;

        side_init(&a, NULL, false);
        for (uint64_t i = 1; i <= 40; i++)
                ck_assert_int_eq(net_host_dial(a.host, i, "no..such.name", 1, NULL), 0);
        for (uint64_t i = 1; i <= 40; i += 2)
                net_host_dial_cancel(a.host, i);
        run_until(a.failures == 20);
        for (uint64_t i = 1; i <= 40; i++)
                ck_assert_int_eq(net_host_dial(a.host, i, "no..such.name", 1, NULL), 0);
        side_done(&a);          /* with threads under way */
}
END_TEST

START_TEST(a_port_where_nobody_listens_fails_the_dial) {
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, NULL, true);
        b.host = net_host_free(b.host);
        side_dial(&a, &b, NULL);
        run_until(a.failures == 1);
        ck_assert_int_eq(a.verdict, -ECONNREFUSED);
        ck_assert_ptr_nonnull(strstr(a.reason, "127.0.0.1"));
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(another_identity_than_expected_fails_the_dial) {
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, NULL, true);
        side_dial(&a, &b, secret_key_public(a.key));
        run_until(a.failures == 1 && side_stats(&b).links == 0);
        ck_assert_int_eq(a.verdict, V_DENIED);
        ck_assert_ptr_nonnull(strstr(a.reason, "expected"));
        ck_assert_uint_eq(b.ups, 0);
        ck_assert_uint_eq(b.downs, 0);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(a_dial_that_is_cancelled_is_heard_of_no_more) {
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, NULL, true);
        side_dial(&a, &b, NULL);
        net_host_dial_cancel(a.host, 77);
        side_dial(&a, &b, NULL);
        run_until(side_stats(&a).links == 1 && side_stats(&a).dialling == 1);   /* shakes hands */
        net_host_dial_cancel(a.host, 77);
        run_until(side_stats(&a).links == 0 && side_stats(&b).links == 0);
        ck_assert_uint_eq(a.ups + a.failures, 0);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(what_is_no_handshake_is_closed_at_once) {
        static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        Side b;
        int fd;

        side_init(&b, NULL, true);
        fd = side_raw(&b);
        ck_assert_int_eq(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
        run_until(raw_is_closed(fd));
        ck_assert_uint_eq(b.ups + b.downs, 0);
        ck_assert_uint_eq(side_stats(&b).links, 0);
        (void) close(fd);
        side_done(&b);
}
END_TEST

START_TEST(a_handshake_that_takes_too_long_is_cut_off) {
        NetHostSettings settings = { .handshake_usec = 100 * USEC_PER_MSEC };
        uint64_t begun = now_usec();
        Side b;
        int fd;

        side_init(&b, &settings, true);
        fd = side_raw(&b);
        run_until(side_stats(&b).half_open == 1);
        ck_assert_int_eq(send(fd, "\0\x20", 2, 0), 2);          /* so far it is right */
        run_until(raw_is_closed(fd));
        ck_assert_uint_ge(now_usec() - begun, 100 * USEC_PER_MSEC);
        ck_assert_uint_lt(now_usec() - begun, 5 * USEC_PER_SEC);
        ck_assert_uint_eq(side_stats(&b).half_open, 0);
        (void) close(fd);
        side_done(&b);
}
END_TEST

START_TEST(the_dialling_side_does_not_wait_for_ever_either) {
        NetHostSettings settings = { .handshake_usec = 100 * USEC_PER_MSEC };
        struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof(sa);
        Side a;
        int fd;

        side_init(&a, &settings, false);
        fd = socket(AF_INET, SOCK_STREAM, 0);           /* the kernel accepts, nobody answers */
        ck_assert_int_eq(bind(fd, (const struct sockaddr *) &sa, sizeof(sa)), 0);
        ck_assert_int_eq(listen(fd, 5), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *) &sa, &n), 0);
        ck_assert_int_eq(net_host_dial(a.host, 1, "127.0.0.1", ntohs(sa.sin_port), NULL), 0);
        run_until(a.failures == 1);
        ck_assert_str_eq(a.reason, "the handshake took too long");
        (void) close(fd);
        side_done(&a);
}
END_TEST

START_TEST(a_frame_over_the_limit_gets_a_farewell) {
        NetHostSettings settings = { .frame_max_first = 1000, .frame_max = 2000 };
        char bytes[2001] = {};
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, &settings, true);
        side_connect(&a, &b);
        ck_assert_int_eq(side_send(&a, NET_LANE_SYNC, bytes, 1000), 0);
        ck_assert_int_eq(side_send(&a, NET_LANE_SYNC, bytes, 2000), 0);
        run_until(b.frames == 2);
        ck_assert_int_eq(side_send(&a, NET_LANE_SYNC, bytes, 2001), 0);
        run_until(a.downs == 1 && b.downs == 1);
        ck_assert(side_heard(&a, "farewell size"));
        ck_assert_int_eq(b.verdict, V_SIZE);
        ck_assert_uint_eq(b.frames, 2);

        side_connect(&a, &b);
        ck_assert_int_eq(side_send(&a, NET_LANE_SYNC, bytes, 1001), 0);         /* the first one may not be that large */
        run_until(b.downs == 2);
        ck_assert_int_eq(b.verdict, V_SIZE);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(a_large_frame_crosses_another) {
        const size_t n = 8U << 20;
        NetHostSettings settings = { .frame_max_first = 16U << 20 };
        char *bytes = calloc(1, n);
        Side a, b;

        for (size_t i = 0; i < n; i++)
                bytes[i] = (char) (i * 31);
        side_init(&a, &settings, false);
        side_init(&b, &settings, true);
        side_connect(&a, &b);
        ck_assert_int_eq(side_send(&a, NET_LANE_SYNC, bytes, n), 0);
        ck_assert_int_eq(side_send(&b, NET_LANE_SYNC, bytes, n), 0);
        ck_assert_uint_ge(net_host_queued(a.host, a.link, NET_LANE_SYNC), n);
        run_until(a.frames == 1 && b.frames == 1);
        ck_assert_mem_eq(a.frame.p, bytes, n);
        ck_assert_mem_eq(b.frame.p, bytes, n);
        run_until(a.sents >= 1);
        ck_assert_uint_eq(side_stats(&a).queued, 0);
        ck_assert_uint_eq(side_stats(&a).held, 0);
        free(bytes);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(gossip_to_who_does_not_read_drops_the_oldest) {
        NetHostSettings settings = { .lane_max = { [NET_LANE_GOSSIP] = 1U << 20 } };
        char frame[10000] = {};
        uint32_t last = 0;
        Side a, b;

        side_init(&a, &settings, false);
        side_init(&b, NULL, true);
        side_connect(&a, &b);
        net_host_pause(b.host, b.link);
        for (uint32_t i = 1; i <= 3000; i++) {
                memcpy(frame, &i, sizeof(i));
                ck_assert_int_eq(side_send(&a, NET_LANE_GOSSIP, frame, sizeof(frame)), 0);
                ck_assert_uint_le(net_host_queued(a.host, a.link, NET_LANE_GOSSIP), 1U << 20);
                if (i % 50 == 0)
                        ck_assert_int_ge(sd_event_run(loop, 0), 0);
        }
        ck_assert_uint_eq(b.frames, 0);
        ck_assert_uint_eq(a.downs, 0);

        net_host_resume(b.host, b.link);
        run_until(b.frames > 0 && (memcpy(&last, b.frame.p, sizeof(last)), last == 3000));
        ck_assert_uint_eq(side_stats(&a).queued, 0);
        ck_assert_uint_ge(b.frames, 100);
        ck_assert_uint_lt(b.frames, 3000);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(an_engine_lane_that_overflows_ends_the_link) {
        NetHostSettings settings = { .lane_max = { [NET_LANE_ENGINE] = 1U << 20 } };
        char frame[10000] = {};
        Side a, b;

        side_init(&a, &settings, false);
        side_init(&b, NULL, true);
        side_connect(&a, &b);
        net_host_pause(b.host, b.link);
        for (unsigned i = 0; i < 100000 && a.downs == 0; i++) {
                ck_assert_int_eq(side_send(&a, NET_LANE_ENGINE, frame, sizeof(frame)), 0);
                if (i % 50 == 0)
                        ck_assert_int_ge(sd_event_run(loop, 0), 0);
        }
        ck_assert_uint_eq(a.downs, 1);
        ck_assert_int_eq(a.verdict, 0);         /* slow is no fault */
        ck_assert_ptr_nonnull(strstr(a.reason, "does not read"));
        ck_assert_uint_eq(side_stats(&a).queued, 0);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(when_all_queues_are_full_the_slowest_goes) {
        NetHostSettings settings = { .queued_max = 4U << 20 };
        char frame[100000] = {};
        Side a, b, c;
        uint64_t slow;

        side_init(&a, &settings, false);
        side_init(&b, NULL, true);
        side_init(&c, NULL, true);
        side_connect(&a, &b);
        slow = a.link;
        side_connect(&a, &c);
        net_host_pause(b.host, b.link);
        for (unsigned i = 0; i < 1000 && a.downs == 0; i++) {
                char *copy = calloc(1, sizeof(frame));

                ck_assert_int_eq(net_host_send(a.host, slow, NET_LANE_SYNC, copy, sizeof(frame)), 0);
                if (i % 20 == 0)
                        side_say(&a, "to the other");
                ck_assert_int_ge(sd_event_run(loop, 0), 0);
                ck_assert_uint_le(side_stats(&a).queued, (4U << 20) + 200000);
        }
        ck_assert_uint_eq(a.downs, 1);
        ck_assert_ptr_nonnull(strstr(a.reason, "too slowly"));
        run_until(side_heard(&c, "to the other"));
        ck_assert_uint_eq(c.downs, 0);
        side_done(&a);
        side_done(&b);
        side_done(&c);
}
END_TEST

START_TEST(frames_that_never_end_are_bounded_in_all) {
        NetHostSettings settings = { .frame_max_first = 8U << 20, .held_max = 3U << 20 };
        const size_t n = 2U << 20;
        Side a, b, c;

        side_init(&a, NULL, false);
        side_init(&c, NULL, false);
        side_init(&b, &settings, true);
        side_connect(&a, &b);
        side_connect(&c, &b);
        /* either would be fine alone, had it come whole before there were 3 MiB */
        for (unsigned i = 0; i < 2; i++) {
                Side *s = i == 0 ? &a : &c;
                char *bytes = calloc(1, 4 * n);

                ck_assert_int_eq(net_host_send(s->host, s->link, NET_LANE_SYNC, bytes, 4 * n), 0);
        }
        run_until(b.downs >= 1);
        ck_assert_int_eq(b.verdict, V_FULL);
        ck_assert_uint_le(side_stats(&b).held, 4U << 20);
        side_done(&a);
        side_done(&c);
        side_done(&b);
}
END_TEST

START_TEST(a_paused_link_gives_no_frames_and_loses_none) {
        char text[16];
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, NULL, true);
        side_connect(&a, &b);
        side_say(&a, "first");
        run_until(b.frames == 1);
        net_host_pause(b.host, b.link);
        for (unsigned i = 0; i < 100; i++) {
                (void) snprintf(text, sizeof(text), "%u", i);
                side_say(&a, text);
        }
        run_for(50 * USEC_PER_MSEC);
        ck_assert_uint_eq(b.frames, 1);
        net_host_resume(b.host, b.link);
        run_until(b.frames == 101);
        ck_assert(side_heard(&b, "99"));
        side_done(&a);
        side_done(&b);
}
END_TEST

static bool pause_at_each(Side *s, uint64_t link, const char *p, size_t n) {
        net_host_pause(s->host, link);
        return true;
}

START_TEST(a_pause_within_a_frame_holds_back_the_next) {
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, NULL, true);
        side_connect(&a, &b);
        b.echo = pause_at_each;
        side_say(&a, "1");
        side_say(&a, "2");
        side_say(&a, "3");
        for (unsigned i = 1; i <= 3; i++) {
                run_until(b.frames == i);
                run_for(20 * USEC_PER_MSEC);
                ck_assert_uint_eq(b.frames, i);
                net_host_resume(b.host, b.link);
        }
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(a_reset_of_a_paused_link_is_noticed_without_spinning) {
        unsigned turns = 0;
        Side a, b;
        uint64_t end;

        side_init(&a, NULL, false);
        side_init(&b, NULL, true);
        side_connect(&a, &b);
        net_host_pause(b.host, b.link);
        a.host = net_host_free(a.host);
        end = now_usec() + 200 * USEC_PER_MSEC;
        while (now_usec() < end) {
                ck_assert_int_ge(sd_event_run(loop, 20 * USEC_PER_MSEC), 0);
                turns++;
        }
        ck_assert_uint_lt(turns, 100);
        net_host_resume(b.host, b.link);
        run_until(b.downs == 1);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(the_frame_before_a_close_arrives_although_the_far_side_still_sends) {
        char *bytes = calloc(1, 4U << 20);
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, NULL, true);
        side_connect(&a, &b);
        ck_assert_int_eq(net_host_send(a.host, a.link, NET_LANE_GOSSIP, bytes, 4U << 20), 0);
        side_say(&b, "error: enough");
        net_host_close(b.host, b.link, V_FLOOD, "enough");
        side_say(&b, "swallowed");
        run_until(a.downs == 1 && b.downs == 1);
        ck_assert(side_heard(&a, "error: enough"));
        ck_assert_uint_eq(b.frames, 0);
        ck_assert_int_eq(b.verdict, V_FLOOD);
        ck_assert_str_eq(b.reason, "enough");
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(a_close_does_not_wait_for_who_reads_nothing) {
        NetHostSettings settings = { .linger_usec = 200 * USEC_PER_MSEC };
        char *bytes = calloc(1, 20U << 20);
        uint64_t begun;
        Side a, b;

        side_init(&a, NULL, false);
        side_init(&b, &settings, true);
        side_connect(&a, &b);
        net_host_pause(a.host, a.link);
        ck_assert_int_eq(net_host_send(b.host, b.link, NET_LANE_SYNC, bytes, 20U << 20), 0);
        run_for(20 * USEC_PER_MSEC);
        begun = now_usec();
        net_host_close(b.host, b.link, 0, "goodbye");
        run_until(b.downs == 1);
        ck_assert_uint_ge(now_usec() - begun, 150 * USEC_PER_MSEC);
        ck_assert_uint_lt(now_usec() - begun, 5 * USEC_PER_SEC);
        ck_assert_str_eq(b.reason, "goodbye");
        ck_assert_uint_eq(side_stats(&b).queued, 0);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(what_can_listen_is_adopted_and_nothing_else) {
        struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        Side a, b;
        Why why = {};
        int fd;

        side_init(&a, NULL, false);
        side_init(&b, NULL, false);
        fd = socket(AF_INET, SOCK_STREAM, 0);
        ck_assert_int_eq(net_host_adopt(b.host, fd, NULL, &why), -EINVAL);      /* it does not listen */
        fd = socket(AF_INET, SOCK_DGRAM, 0);
        ck_assert_int_eq(net_host_adopt(b.host, fd, NULL, &why), -EINVAL);

        fd = socket(AF_INET, SOCK_STREAM, 0);
        ck_assert_int_eq(bind(fd, (const struct sockaddr *) &sa, sizeof(sa)), 0);
        ck_assert_int_eq(listen(fd, 5), 0);
        ck_assert_int_eq(net_host_adopt(b.host, fd, &b.port, &why), 0);
        ck_assert_uint_ne(b.port, 0);
        side_connect(&a, &b);
        side_done(&a);
        side_done(&b);
}
END_TEST

START_TEST(a_port_in_use_is_named) {
        Side a, b;
        Why why = {};

        side_init(&a, NULL, true);
        side_init(&b, NULL, false);
        ck_assert_int_eq(net_host_listen(b.host, "127.0.0.1", a.port, NULL, &why), -EADDRINUSE);
        ck_assert_ptr_nonnull(strstr(why.text, "127.0.0.1"));
        ck_assert_int_eq(net_host_listen(b.host, "192.0.2.1", 0, NULL, &why), -EADDRNOTAVAIL);
        side_done(&a);
        side_done(&b);
}
END_TEST

int main(void) {
        Suite *s = suite_create("host");
        TCase *c = tcase_create("host");
        SRunner *r;
        int failed;

        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;

        suite_add_tcase(s, c);
        tcase_set_timeout(c, 30);
        tcase_add_test(c, two_hosts_speak_over_loopback);
        if (has_localhost())
                tcase_add_test(c, a_name_is_resolved_beside_the_loop);
        else
                printf("No localhost in /etc/hosts: a_name_is_resolved_beside_the_loop is left out.\n");
        tcase_add_test(c, a_name_that_is_none_fails_the_dial);
        tcase_add_test(c, many_names_are_asked_for_and_dropped);
        tcase_add_test(c, a_port_where_nobody_listens_fails_the_dial);
        tcase_add_test(c, another_identity_than_expected_fails_the_dial);
        tcase_add_test(c, a_dial_that_is_cancelled_is_heard_of_no_more);
        tcase_add_test(c, what_is_no_handshake_is_closed_at_once);
        tcase_add_test(c, a_handshake_that_takes_too_long_is_cut_off);
        tcase_add_test(c, the_dialling_side_does_not_wait_for_ever_either);
        tcase_add_test(c, a_frame_over_the_limit_gets_a_farewell);
        tcase_add_test(c, a_large_frame_crosses_another);
        tcase_add_test(c, gossip_to_who_does_not_read_drops_the_oldest);
        tcase_add_test(c, an_engine_lane_that_overflows_ends_the_link);
        tcase_add_test(c, when_all_queues_are_full_the_slowest_goes);
        tcase_add_test(c, frames_that_never_end_are_bounded_in_all);
        tcase_add_test(c, a_paused_link_gives_no_frames_and_loses_none);
        tcase_add_test(c, a_pause_within_a_frame_holds_back_the_next);
        tcase_add_test(c, a_reset_of_a_paused_link_is_noticed_without_spinning);
        tcase_add_test(c, the_frame_before_a_close_arrives_although_the_far_side_still_sends);
        tcase_add_test(c, a_close_does_not_wait_for_who_reads_nothing);
        tcase_add_test(c, what_can_listen_is_adopted_and_nothing_else);
        tcase_add_test(c, a_port_in_use_is_named);

        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
