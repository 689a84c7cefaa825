/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "control.h"

#include "ctl/varlink-internal.h"

/* Who reads slowly, or not, or asks much at once. */

static void client_does_not_read(void) {
        static const char call[] = "{\"method\":\"" I "Watch\",\"more\":true}";
        int fd = raw_connection();

        ck_assert_int_eq(send(fd, call, sizeof(call), MSG_NOSIGNAL), sizeof(call));
        (void) usleep(300000);  /* time in which an unpaced stream would send thousands */
        (void) close(fd);
}

START_TEST(a_stream_waits_for_its_reader) {
        with_client(client_does_not_read);
        ck_assert_uint_ge(pieces_sent, 1);
        ck_assert_uint_le(pieces_sent, 20);     /* what the kernel's buffers hold, and one */
}
END_TEST

static void send_times(int fd, const char *call, unsigned times) {
        size_t n = strlen(call) + 1;
        _cleanup_free_ char *p = malloc(times * n);

        for (unsigned i = 0; i < times; i++)
                memcpy(p + i * n, call, n);
        ck_assert_int_eq(send(fd, p, times * n, MSG_NOSIGNAL), (ssize_t) (times * n));
}

/* Replies up to the end of the connection. */
static unsigned count_replies(int fd) {
        char p[65536];
        unsigned n = 0;
        ssize_t k;

        while ((k = recv(fd, p, sizeof(p), 0)) > 0)
                for (ssize_t i = 0; i < k; i++)
                        n += p[i] == 0;
        ck_assert_int_eq(k, 0);
        return n;
}

static void client_asks_and_does_not_read(void) {
        int fd = raw_connection();

        send_times(fd, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
                        "\"parameters\":{\"interface\":\"org.voted.Peer\"}}", 1500);  /* more than may be queued */
        ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
        client_calls();         /* another connection, which is answered all the same */
        ck_assert_uint_eq(count_replies(fd), 1500);
        (void) close(fd);
}

START_TEST(replies_that_nobody_reads_leave_the_loop_to_others) {
        with_client(client_asks_and_does_not_read);
}
END_TEST

static void client_asks_much_at_once(void) {
        int fd = raw_connection();

        send_times(fd, "{\"method\":\"" PEER "GetPeers\"}", 200);
        ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
        client_calls();         /* three calls that take turns with those */
        ck_assert_uint_lt(slow_calls, 150);
        ck_assert_uint_eq(count_replies(fd), 200);
        (void) close(fd);
}

START_TEST(calls_of_one_connection_take_turns_with_those_of_another) {
        with_client(client_asks_much_at_once);
        ck_assert_uint_eq(slow_calls, 200);
}
END_TEST

START_TEST(a_stream_that_does_not_wait_for_its_reader_is_cut) {
        int fd = raw_connection();

        send_times(fd, "{\"method\":\"" PEER "Watch\",\"more\":true}", 1);
        for (unsigned i = 0; i < 200 && gone_calls == 0; i++)
                ck_assert_int_ge(sd_event_run(event, 10 * USEC_PER_MSEC), 0);
        ck_assert_uint_eq(gone_calls, 1);
        ck_assert_uint_eq(varlink_server_connections(server), 0);
        (void) close(fd);
}
END_TEST

START_TEST(an_end_behind_calls_that_wait_leaves_the_loop_at_rest) {
        int fd = raw_connection();

        send_times(fd, "{\"method\":\"" I "GetNetworks\"}", 2);
        ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
        for (unsigned i = 0; i < 20; i++)
                ck_assert_int_ge(sd_event_run(event, USEC_PER_MSEC), 0);
        ck_assert_ptr_nonnull(held);
        ck_assert_int_eq(sd_event_run(event, 0), 0);
        held = varlink_call_unref(held);
        (void) close(fd);
}
END_TEST

/* A connection of that user, as if it had come from the socket. *ret_fd: its client; NULL: who has left already. */
static Conn* connection_of(uid_t uid, int *ret_fd) {
        int fds[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        ck_assert_int_eq(varlink_conn_new(server, fds[0], varlink_user(server, uid), uid, false), 0);
        if (ret_fd)
                *ret_fd = fds[1];
        else
                (void) close(fds[1]);
        return server->conns;
}

START_TEST(who_is_to_go_and_does_not_read_goes_after_a_time) {
        uint64_t begun;
        Conn *c;
        int fd;

        c = connection_of(1000, &fd);
        send_times(fd, "{\"method\":\"" I "GetNetworks\",\"more\":true}", 1);
        while (!held)
                ck_assert_int_ge(sd_event_run(event, USEC_PER_SEC), 0);
        for (unsigned i = 0; i < 10; i++)
                ck_assert_int_eq(reply_piece(held, 100000), 0); /* more than the kernel takes */
        c->user->allowance = 0;
        begun = now_usec();
        ck_assert(!varlink_call_charge(held));
        ck_assert_int_eq(varlink_reply(held, NULL, false), 0);
        held = varlink_call_unref(held);

        while (varlink_server_connections(server) > 0 && now_usec() - begun < 4 * CTL_LINGER_USEC_MAX)
                ck_assert_int_ge(sd_event_run(event, 10 * USEC_PER_MSEC), 0);
        ck_assert_uint_eq(varlink_server_connections(server), 0);
        ck_assert_uint_ge(now_usec() - begun, CTL_LINGER_USEC_MAX / 2); /* it had its chance */
        (void) close(fd);
}
END_TEST

/* Takes off what comes until the connection is closed; how many replies that were. */
static unsigned read_to_the_end(int fd) {
        uint64_t until = now_usec() + 20 * USEC_PER_SEC;
        unsigned n = 0;

        while (now_usec() < until) {
                char p[65536];
                ssize_t k = recv(fd, p, sizeof(p), 0);

                if (k == 0)
                        return n;
                for (ssize_t i = 0; i < k; i++)
                        n += p[i] == 0;
                if (k < 0)
                        ck_assert_int_ge(sd_event_run(event, 10 * USEC_PER_MSEC), 0);
        }
        ck_abort_msg("the connection stays open");
}

START_TEST(a_frame_that_is_no_call_takes_no_reply_from_those_before_it) {
        static const char frames[] = "{\"method\":\"" I "GetNetworks\",\"more\":true}\0{}";
        int fd;

        (void) connection_of(1000, &fd);
        ck_assert_int_eq(send(fd, frames, sizeof(frames), MSG_NOSIGNAL), sizeof(frames));
        while (!held)
                ck_assert_int_ge(sd_event_run(event, USEC_PER_SEC), 0);
        for (unsigned i = 0; i < 10; i++)
                ck_assert_int_eq(reply_piece(held, 100000), 0); /* more than the kernel takes */
        ck_assert_int_eq(varlink_reply(held, NULL, false), 0);
        held = varlink_call_unref(held);
        ck_assert_uint_eq(read_to_the_end(fd), 11);
        (void) close(fd);
}
END_TEST

START_TEST(more_users_than_places_are_counted_right) {
        Conn *first, *last;

        first = connection_of(1000, NULL);
        for (uid_t i = 1; i < USERS_MAX; i++)
                (void) connection_of(1000 + i, NULL);
        last = connection_of(1000 + USERS_MAX, NULL);         /* shares a place */
        varlink_conn_free(first->prev);
        varlink_conn_free(last);        /* although there would be a place for it now */
        while (server->conns)
                varlink_conn_free(server->conns);
        for (size_t i = 0; i < USERS_MAX; i++)
                ck_assert_uint_eq(server->users[i].connections, 0);
}
END_TEST

int main(void) {
        TCase *t = tcase_create("varlink-load");

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_set_timeout(t, 60);
        tcase_add_test(t, a_stream_waits_for_its_reader);
        tcase_add_test(t, replies_that_nobody_reads_leave_the_loop_to_others);
        tcase_add_test(t, calls_of_one_connection_take_turns_with_those_of_another);
        tcase_add_test(t, a_stream_that_does_not_wait_for_its_reader_is_cut);
        tcase_add_test(t, an_end_behind_calls_that_wait_leaves_the_loop_at_rest);
        tcase_add_test(t, who_is_to_go_and_does_not_read_goes_after_a_time);
        tcase_add_test(t, a_frame_that_is_no_call_takes_no_reply_from_those_before_it);
        tcase_add_test(t, more_users_than_places_are_counted_right);
        return run_tcase("varlink-load", t);
}
