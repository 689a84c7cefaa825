/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/varlink-client.h"
#include "ctl/varlink-server.h"
#include "voted/limits.h"

/* A server on the loop of this thread, with the published interfaces; the client, which blocks, on another. */

#define I "org.voted.Tracker."
#define PEER "org.voted.Peer."

static sd_event *event;
static VarlinkServer *server;
static char path[108];
static volatile unsigned pieces_sent, gone_calls, slow_calls;
static bool no_memory;                  /* for the late answer */
static VarlinkCall *volatile held;

static int on_status(VarlinkCall *c, const Json *p, void *userdata) {
        Json *o = json_new_object();

        json_set_text(o, "role", "tracker");
        return varlink_reply(c, o, false);
}

static int reply_piece(VarlinkCall *c, size_t n) {
        _cleanup_free_ char *text = calloc(1, n + 1);
        Json *o = json_new_object();

        memset(text, 'x', n);
        json_set_text(o, "status", text);
        pieces_sent++;
        return varlink_reply(c, o, true);
}

/* An endless stream that waits for its reader. */
static int send_piece(VarlinkCall *c, void *userdata) {
        int r = reply_piece(c, 100000);

        return r < 0 ? r : varlink_call_on_drained(c, send_piece, NULL);
}

static void on_gone(VarlinkCall *c, void *userdata) {
        gone_calls++;
        (void) varlink_call_unref(c);
}

static int on_watch(VarlinkCall *c, const Json *p, void *userdata) {
        if (!varlink_call_wants_more(c))
                return varlink_error_text(c, I "Failed", "say more");
        varlink_call_on_gone(varlink_call_ref(c), on_gone, NULL);
        return send_piece(c, NULL);
}

/* Does not wait. */
static int on_flood(VarlinkCall *c, const Json *p, void *userdata) {
        varlink_call_on_gone(varlink_call_ref(c), on_gone, NULL);
        for (unsigned i = 0; i < 20000; i++)
                ck_assert_int_eq(reply_piece(c, 1000), 0);
        return 0;
}

static int on_networks(VarlinkCall *c, const Json *p, void *userdata) {
        held = varlink_call_ref(c);     /* answered later, by on_reload */
        return 0;
}

static int on_reload(VarlinkCall *c, const Json *p, void *userdata) {
        if (held) {
                Json *o = json_new_object();
                int r;

                if (no_memory)          /* a member that cannot be made, as without memory */
                        json_set(o, "text", NULL);
                r = varlink_reply(held, o, false);
                ck_assert_int_eq(r, no_memory ? -ENOMEM : 0);
                ck_assert(varlink_call_is_over(held));
                held = varlink_call_unref(held);
        }
        return varlink_reply(c, NULL, false);
}

/* Takes its time, and counts. */
static int on_slow(VarlinkCall *c, const Json *p, void *userdata) {
        slow_calls++;
        (void) usleep(10000);
        return varlink_reply(c, NULL, false);
}

static const VarlinkMethod methods[] = {
        { I "GetStatus",   on_status,   false },
        { I "Watch",       on_watch,    false },
        { I "GetNetworks", on_networks, false },
        { I "Reload",      on_reload,   true  },
        { PEER "GetPeers", on_slow,     false },
        { PEER "Watch",    on_flood,    false },
        {}
};

static void setup(void) {
        static const char *const texts[] = { interface_text_tracker, interface_text_peer, NULL };
        char folder[] = "/tmp/test-varlink-XXXXXX";

        ck_assert_ptr_nonnull(mkdtemp(folder));
        (void) snprintf(path, sizeof(path), "%s/socket", folder);
        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(varlink_server_new(&server, event, &(VarlinkSetup) {
                        .product = "test", .version = "1", .url = "none", .interface_texts = texts, .methods = methods,
                        .admin_group = "voted-no-such-group", .error_denied = I "NotPermitted", .error_failed = I "Failed",
                        .error_busy = I "Failed" }), 0);
        ck_assert_int_eq(varlink_server_listen(server, path), 0);
        pieces_sent = gone_calls = slow_calls = 0;
}

static void teardown(void) {
        server = varlink_server_free(server);
        event = sd_event_unref(event);
        *strrchr(path, '/') = 0;
        ck_assert_int_eq(rmdir(path), 0);       /* the socket went with its server */
}

static volatile bool client_done;

static uint64_t now_usec(void) {
        struct timespec ts;

        ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

static void* client_main(void *data) {
        ((void (*)(void)) data)();
        client_done = true;
        return NULL;
}

/* Runs fn on a thread, and the loop until it is through (at most 20 s). */
static void with_client(void (*fn)(void)) {
        uint64_t until = now_usec() + 20 * USEC_PER_SEC;
        pthread_t t;

        client_done = false;
        ck_assert_int_eq(pthread_create(&t, NULL, client_main, (void *) fn), 0);
        while (!client_done && now_usec() < until)
                ck_assert_int_ge(sd_event_run(event, 10 * USEC_PER_MSEC), 0);
        ck_assert(client_done);
        ck_assert_int_eq(pthread_join(t, NULL), 0);
        for (unsigned i = 0; i < 100 && varlink_server_connections(server) > 0; i++)
                ck_assert_int_ge(sd_event_run(event, 10 * USEC_PER_MSEC), 0);
        ck_assert_uint_eq(varlink_server_connections(server), 0);
}

static VarlinkClient* connected(void) {
        VarlinkClient *c = NULL;
        Why why;

        ck_assert_int_eq(varlink_client_connect(&c, path, &why), 0);
        varlink_client_set_timeout(c, 10000);
        return c;
}

static void expect_error(const char *method, Json *parameters, const char *name) {
        _cleanup_(varlink_client_freep) VarlinkClient *c = connected();
        _cleanup_free_ char *error = NULL;
        Why why;

        ck_assert_int_eq(varlink_call(c, method, parameters, NULL, &error, &why), V_DENIED);
        ck_assert_str_eq(error, name);
}

static void client_calls(void) {
        _cleanup_(varlink_client_freep) VarlinkClient *c = connected();

        for (unsigned i = 0; i < 3; i++) {
                _cleanup_json_ Json *o = NULL;
                const char *role;

                ck_assert_int_eq(varlink_call(c, I "GetStatus", NULL, &o, NULL, NULL), 0);
                ck_assert_int_eq(json_get_text(o, "role", 1, 10, &role, NULL), 0);
                ck_assert_str_eq(role, "tracker");
        }
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

static int raw_connection(void) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        memcpy(sa.sun_path, path, sizeof(path));
        ck_assert_int_eq(connect(fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
        return fd;
}

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
        Suite *s = suite_create("varlink");
        TCase *t = tcase_create("varlink");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_set_timeout(t, 60);
        tcase_add_test(t, a_call_is_answered_and_the_connection_goes_on);
        tcase_add_test(t, the_service_describes_itself_by_the_published_text);
        tcase_add_test(t, wrong_calls_get_the_standard_errors);
        tcase_add_test(t, a_stream_ends_when_its_reader_goes);
        tcase_add_test(t, a_stream_waits_for_its_reader);
        tcase_add_test(t, replies_that_nobody_reads_leave_the_loop_to_others);
        tcase_add_test(t, calls_of_one_connection_take_turns_with_those_of_another);
        tcase_add_test(t, a_stream_that_does_not_wait_for_its_reader_is_cut);
        tcase_add_test(t, a_bad_frame_closes_the_connection);
        tcase_add_test(t, replies_leave_in_the_order_of_the_calls);
        tcase_add_test(t, a_late_answer_that_cannot_be_made_closes_the_connection);
        tcase_add_test(t, a_call_that_comes_in_pieces_is_answered);
        tcase_add_test(t, half_a_call_leaves_the_loop_at_rest);
        tcase_add_test(t, a_second_server_at_the_same_path_is_refused);
        tcase_add_test(t, no_daemon_gives_a_remedy);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
