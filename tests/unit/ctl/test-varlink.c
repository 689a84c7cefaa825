/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "control.h"

/* Calls, replies, and what is wrong with either. */

static void expect_error(const char *method, Json *parameters, const char *name) {
        _cleanup_(varlink_client_freep) VarlinkClient *c = connected();
        _cleanup_free_ char *error = NULL;
        Why why;

        ck_assert_int_eq(varlink_call(c, method, parameters, NULL, &error, &why), V_DENIED);
        ck_assert_str_eq(error, name);
}

START_TEST(a_call_is_answered_and_the_connection_goes_on) {
        with_client(client_calls);
}
END_TEST

static void client_service(void) {
        _cleanup_(varlink_client_freep) VarlinkClient *c = connected();
        _cleanup_json_ Json *o = NULL, *d = NULL, *p = json_new_object();
        const char *text;

        ck_assert_int_eq(varlink_call(c, "org.varlink.service.GetInfo", NULL, &o, NULL, NULL), 0);
        ck_assert_int_eq(json_get_text(o, "product", 1, 10, &text, NULL), 0);
        json_set_text(p, "interface", "org.voted.Tracker");
        ck_assert_int_eq(varlink_call(c, "org.varlink.service.GetInterfaceDescription", TAKE_PTR(p), &d, NULL, NULL), 0);
        ck_assert_int_eq(json_get_text(d, "description", 1, 100000, &text, NULL), 0);
        ck_assert_str_eq(text, interface_text_tracker);
}

START_TEST(the_service_describes_itself_by_the_published_text) {
        with_client(client_service);
}
END_TEST

static void client_errors(void) {
        Json *p = json_new_object();

        json_set_int(p, "foo", 1);
        expect_error("org.example.Nothing.Do", NULL, "org.varlink.service.InterfaceNotFound");
        expect_error("nodots", NULL, "org.varlink.service.InterfaceNotFound");
        expect_error(I "Nothing", NULL, "org.varlink.service.MethodNotFound");
        expect_error(I "GetStatus", p, "org.varlink.service.InvalidParameter");
        expect_error(I "Watch", NULL, I "Failed");
}

START_TEST(wrong_calls_get_the_standard_errors) {
        with_client(client_errors);
}
END_TEST

static int four_pieces(void *userdata, const Json *parameters, bool continues) {
        unsigned *n = userdata;

        ck_assert(continues);
        return ++*n == 4 ? 17 : 0;
}

static void client_stream(void) {
        _cleanup_(varlink_client_freep) VarlinkClient *c = connected();
        unsigned n = 0;

        ck_assert_int_eq(varlink_observe(c, I "Watch", NULL, four_pieces, &n, NULL, NULL), 17);
        ck_assert_uint_eq(n, 4);
}

START_TEST(a_stream_ends_when_its_reader_goes) {
        with_client(client_stream);
        ck_assert_uint_eq(gone_calls, 1);
}
END_TEST

static void send_raw(const char *p, size_t n) {
        int fd = raw_connection();
        char answer[16];

        ck_assert_int_eq(send(fd, p, n, MSG_NOSIGNAL), (ssize_t) n);
        ck_assert_int_le(recv(fd, answer, sizeof(answer), 0), 0);       /* closed without an answer */
        (void) close(fd);
}

static void client_bad_frames(void) {
        static const char *const frames[] = { "[]", "{}", "nonsense", "{\"method\":1}", "{\"method\":\"a.b\",\"more\":1}", "{\"method\":\"a.b\",\"parameters\":[]}" };

        for (size_t i = 0; i < ELEMENTSOF(frames); i++)
                send_raw(frames[i], strlen(frames[i]) + 1);
}

START_TEST(a_bad_frame_closes_the_connection) {
        with_client(client_bad_frames);
}
END_TEST

static void client_deferred(void) {
        _cleanup_(varlink_client_freep) VarlinkClient *c = connected();
        static const char two[] = "{\"method\":\"" I "GetNetworks\"}\0{\"method\":\"" I "GetStatus\"}";
        int fd = raw_connection();
        char answer[4096];
        ssize_t n = 0, k;

        ck_assert_int_eq(send(fd, two, sizeof(two), MSG_NOSIGNAL), sizeof(two));
        /* the second is answered only after the first, which another call releases */
        (void) usleep(50000);
        ck_assert_int_eq(recv(fd, answer, sizeof(answer), MSG_DONTWAIT), -1);
        ck_assert_int_eq(varlink_call(c, I "Reload", NULL, NULL, NULL, NULL), 0);
        while (n < (ssize_t) sizeof(answer) && (k = recv(fd, answer + n, sizeof(answer) - (size_t) n, 0)) > 0) {
                n += k;
                if (memmem(answer, (size_t) n, "tracker", 7))
                        break;
        }
        ck_assert_ptr_nonnull(memmem(answer, (size_t) n, "tracker", 7));
        ck_assert_str_eq(answer, "{\"parameters\":{}}");
        (void) close(fd);
}

START_TEST(replies_leave_in_the_order_of_the_calls) {
        with_client(client_deferred);
}
END_TEST

static void client_late_failure(void) {
        _cleanup_(varlink_client_freep) VarlinkClient *c = connected();
        static const char call[] = "{\"method\":\"" I "GetNetworks\"}";
        int fd = raw_connection();
        char answer[16];

        ck_assert_int_eq(send(fd, call, sizeof(call), MSG_NOSIGNAL), sizeof(call));
        for (unsigned i = 0; i < 1000 && !held; i++)
                (void) usleep(10000);
        ck_assert_int_eq(varlink_call(c, I "Reload", NULL, NULL, NULL, NULL), 0);
        ck_assert_int_eq(recv(fd, answer, sizeof(answer), 0), 0);
        (void) close(fd);
}

START_TEST(a_late_answer_that_cannot_be_made_closes_the_connection) {
        no_memory = true;
        with_client(client_late_failure);
        no_memory = false;
}
END_TEST

static void client_oneway(void) {
        _cleanup_(varlink_client_freep) VarlinkClient *c = connected();
        static const char two[] = "{\"method\":\"" I "GetNetworks\",\"oneway\":true}\0{\"method\":\"" I "GetStatus\"}";
        int fd = raw_connection();
        char answer[256];

        ck_assert_int_eq(send(fd, two, sizeof(two), MSG_NOSIGNAL), sizeof(two));
        for (unsigned i = 0; i < 1000 && !held; i++)
                (void) usleep(10000);
        ck_assert_int_eq(varlink_call(c, I "Reload", NULL, NULL, NULL, NULL), 0);
        ck_assert_int_gt(recv(fd, answer, sizeof(answer), 0), 0);
        ck_assert_ptr_nonnull(strstr(answer, "tracker"));
        (void) close(fd);
}

START_TEST(a_call_that_wants_no_reply_makes_room_when_it_ends) {
        with_client(client_oneway);
}
END_TEST

static void client_large_call(void) {
        static const char head[] = "{\"method\":\"" I "GetStatus\"";
        _cleanup_free_ char *call = malloc(400000);
        int fd = raw_connection();
        char answer[256];
        size_t sent = 0;

        memset(call, ' ', 400000);
        memcpy(call, head, strlen(head));
        call[399998] = '}';
        call[399999] = 0;
        while (sent < 400000) {
                ssize_t k = send(fd, call + sent, 400000 - sent, MSG_NOSIGNAL);

                ck_assert_int_gt(k, 0);
                sent += (size_t) k;
        }
        ck_assert_int_gt(recv(fd, answer, sizeof(answer), 0), 0);
        ck_assert_ptr_nonnull(strstr(answer, "tracker"));
        (void) close(fd);
}

START_TEST(a_call_that_comes_in_pieces_is_answered) {
        with_client(client_large_call);
}
END_TEST

START_TEST(half_a_call_leaves_the_loop_at_rest) {
        int fd = raw_connection();

        ck_assert_int_eq(send(fd, "{\"method\":", 10, MSG_NOSIGNAL), 10);
        for (unsigned i = 0; i < 20; i++)
                ck_assert_int_ge(sd_event_run(event, USEC_PER_MSEC), 0);
        ck_assert_uint_eq(varlink_server_connections(server), 1);
        ck_assert_int_eq(sd_event_run(event, 0), 0);
        (void) close(fd);
}
END_TEST

START_TEST(a_second_server_at_the_same_path_is_refused) {
        static const char *const texts[] = { interface_text_tracker, NULL };
        _cleanup_(varlink_server_freep) VarlinkServer *other = NULL;

        ck_assert_int_eq(varlink_server_new(&other, event, &(VarlinkSetup) { .interface_texts = texts, .methods = methods }), 0);
        ck_assert_int_eq(varlink_server_listen(other, path), -EADDRINUSE);
        for (unsigned i = 0; i < 100; i++)
                ck_assert_int_ge(sd_event_run(event, USEC_PER_MSEC), 0);
}
END_TEST

START_TEST(no_daemon_gives_a_remedy) {
        VarlinkClient *c = NULL;
        Why why;

        ck_assert_int_eq(varlink_client_connect(&c, "/nonexistent/socket", &why), -ENOENT);
        ck_assert_ptr_nonnull(strstr(why.text, "systemctl start"));
}
END_TEST

int main(void) {
        TCase *t = tcase_create("varlink");

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_set_timeout(t, 60);
        tcase_add_test(t, a_call_is_answered_and_the_connection_goes_on);
        tcase_add_test(t, the_service_describes_itself_by_the_published_text);
        tcase_add_test(t, wrong_calls_get_the_standard_errors);
        tcase_add_test(t, a_stream_ends_when_its_reader_goes);
        tcase_add_test(t, a_bad_frame_closes_the_connection);
        tcase_add_test(t, replies_leave_in_the_order_of_the_calls);
        tcase_add_test(t, a_call_that_wants_no_reply_makes_room_when_it_ends);
        tcase_add_test(t, a_late_answer_that_cannot_be_made_closes_the_connection);
        tcase_add_test(t, a_call_that_comes_in_pieces_is_answered);
        tcase_add_test(t, half_a_call_leaves_the_loop_at_rest);
        tcase_add_test(t, a_second_server_at_the_same_path_is_refused);
        tcase_add_test(t, no_daemon_gives_a_remedy);
        return run_tcase("varlink", t);
}
