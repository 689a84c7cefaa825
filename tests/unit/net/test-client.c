/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <sys/wait.h>

#include "net/client.h"
#include "side.h"

#define TIMEOUT (10 * USEC_PER_SEC)
#define SHORT (200 * USEC_PER_MSEC)

typedef struct Server {         /* in a process of its own, since the client blocks */
        pid_t pid;
        NetEndpoint endpoint;
} Server;

/* Answers each frame with itself; "close" by closing, "silence" not at all. */
static bool answer(Side *s, uint64_t link, const char *p, size_t n) {
        char *copy;

        if (n == 5 && memcmp(p, "close", 5) == 0)
                net_host_close(s->host, link, 0, "asked to");
        else if (n != 7 || memcmp(p, "silence", 7) != 0) {
                copy = malloc(n);
                memcpy(copy, p, n);
                return net_host_send(s->host, link, NET_LANE_SYNC, copy, n) == 0;
        }
        return true;
}

static void serve(int fd) {
        NetHostSettings settings = { .frame_max_first = 4U << 20 };
        NetEndpoint e = { .host = "127.0.0.1" };
        Side s;

        side_init(&s, &settings, true);
        s.echo = answer;
        e.port = s.port;
        e.key = *secret_key_public(s.key);
        if (write(fd, &e, sizeof(e)) == sizeof(e))
                (void) sd_event_loop(loop);
        _exit(0);
}

static void server_start(Server *s) {
        int fds[2];

        ck_assert_int_eq(pipe(fds), 0);
        s->pid = fork();
        ck_assert_int_ge(s->pid, 0);
        if (s->pid == 0)
                serve(fds[1]);
        ck_assert_int_eq(read(fds[0], &s->endpoint, sizeof(s->endpoint)), sizeof(s->endpoint));
        (void) close(fds[0]);
        (void) close(fds[1]);
}

static void server_stop(Server *s) {
        ck_assert_int_eq(kill(s->pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(s->pid, NULL, 0), s->pid);
}

static SecretKey* new_key(void) {
        SecretKey *k;

        ck_assert_int_eq(secret_key_generate(&k), 0);
        return k;
}

START_TEST(a_client_asks_and_is_answered) {
        _cleanup_(secret_key_freep) SecretKey *key = new_key();
        _cleanup_(net_client_freep) NetClient *c = NULL;
        const size_t n_large = 3U << 20;
        char *large = calloc(1, n_large);
        const char *p;
        Why why = {};
        Server s;
        size_t n;

        server_start(&s);
        ck_assert_msg(net_client_connect(&c, &s.endpoint, key, 4U << 20, TIMEOUT, &why) == 0, "%s", why.text);
        ck_assert(key_equal(net_client_remote(c), &s.endpoint.key));
        for (unsigned i = 0; i < 3; i++) {
                ck_assert_int_eq(net_client_send(c, "question", 8, TIMEOUT, &why), 0);
                ck_assert_int_eq(net_client_receive(c, &p, &n, TIMEOUT, &why), 0);
                ck_assert_uint_eq(n, 8);
                ck_assert_mem_eq(p, "question", 8);
        }
        large[n_large - 1] = 'x';
        ck_assert_int_eq(net_client_send(c, large, n_large, TIMEOUT, &why), 0);
        ck_assert_msg(net_client_receive(c, &p, &n, TIMEOUT, &why) == 0, "%s", why.text);
        ck_assert_uint_eq(n, n_large);
        ck_assert_mem_eq(p, large, n);
        free(large);
        server_stop(&s);
}
END_TEST

START_TEST(another_key_than_expected_is_refused) {
        _cleanup_(secret_key_freep) SecretKey *key = new_key();
        _cleanup_(net_client_freep) NetClient *c = NULL;
        Why why = {};
        Server s;

        server_start(&s);
        s.endpoint.key = *secret_key_public(key);
        ck_assert_int_eq(net_client_connect(&c, &s.endpoint, key, 1000, TIMEOUT, &why), V_DENIED);
        ck_assert_ptr_nonnull(strstr(why.text, "expected"));
        ck_assert_ptr_null(c);
        server_stop(&s);
}
END_TEST

START_TEST(what_goes_wrong_is_said) {
        _cleanup_(secret_key_freep) SecretKey *key = new_key();
        _cleanup_(net_client_freep) NetClient *c = NULL;
        const char *p;
        Why why = {};
        Server s;
        size_t n;

        server_start(&s);
        ck_assert_int_eq(net_client_connect(&c, &s.endpoint, key, 1000, TIMEOUT, &why), 0);
        ck_assert_int_eq(net_client_send(c, "silence", 7, TIMEOUT, &why), 0);
        ck_assert_int_eq(net_client_receive(c, &p, &n, SHORT, &why), -ETIMEDOUT);
        ck_assert_int_eq(net_client_send(c, "still there?", 12, TIMEOUT, &why), 0);
        ck_assert_int_eq(net_client_receive(c, &p, &n, TIMEOUT, &why), 0);
        ck_assert_int_eq(net_client_send(c, "close", 5, TIMEOUT, &why), 0);
        ck_assert_int_eq(net_client_receive(c, &p, &n, TIMEOUT, &why), -ECONNRESET);
        ck_assert_ptr_nonnull(strstr(why.text, "closed by the far side"));
        c = net_client_free(c);

        ck_assert_int_eq(net_client_connect(&c, &s.endpoint, key, 10, TIMEOUT, &why), 0);
        ck_assert_int_eq(net_client_send(c, "more than ten", 13, TIMEOUT, &why), 0);
        ck_assert_int_eq(net_client_receive(c, &p, &n, TIMEOUT, &why), V_SIZE);
        c = net_client_free(c);

        server_stop(&s);
        ck_assert_int_eq(net_client_connect(&c, &s.endpoint, key, 1000, TIMEOUT, &why), -ECONNREFUSED);
        ck_assert_ptr_nonnull(strstr(why.text, "127.0.0.1"));

        memcpy(s.endpoint.host, "no..such.name", 14);
        ck_assert_int_lt(net_client_connect(&c, &s.endpoint, key, 1000, TIMEOUT, &why), 0);
        ck_assert_ptr_nonnull(strstr(why.text, "no..such.name"));
}
END_TEST

/* A socket that accepts; what it sends, if anything, is no handshake. */
static int other_program(NetEndpoint *ret) {
        struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof(sa);
        int fd;

        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(bind(fd, (const struct sockaddr *) &sa, sizeof(sa)), 0);
        ck_assert_int_eq(listen(fd, 5), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *) &sa, &n), 0);
        *ret = (NetEndpoint) { .host = "127.0.0.1", .port = ntohs(sa.sin_port) };
        return fd;
}

START_TEST(a_program_that_is_no_node_is_not_waited_for_long) {
        _cleanup_(secret_key_freep) SecretKey *key = new_key();
        _cleanup_(net_client_freep) NetClient *c = NULL;
        uint64_t begun = now_usec();
        NetEndpoint e;
        Why why = {};
        pid_t pid;
        int fd;

        fd = other_program(&e);
        ck_assert_int_eq(net_client_connect(&c, &e, key, 1000, SHORT, &why), -ETIMEDOUT);
        ck_assert_uint_lt(now_usec() - begun, 5 * USEC_PER_SEC);

        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                for (unsigned i = 0; i < 2; i++) {      /* the first is the one above */
                        int k = accept(fd, NULL, NULL);

                        if (send(k, "HTTP/1.1 400 Bad Request\r\n", 26, MSG_NOSIGNAL) < 0)
                                continue;
                        while (recv(k, &(char) { 0 }, 1, 0) > 0)
                                ;
                }
                _exit(0);
        }
        ck_assert_int_eq(net_client_connect(&c, &e, key, 1000, TIMEOUT, &why), V_PROTOCOL);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        (void) close(fd);
}
END_TEST

int main(void) {
        Suite *s = suite_create("client");
        TCase *c = tcase_create("client");
        SRunner *r;
        int failed;

        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;

        suite_add_tcase(s, c);
        tcase_set_timeout(c, 30);
        tcase_add_test(c, a_client_asks_and_is_answered);
        tcase_add_test(c, another_key_than_expected_is_refused);
        tcase_add_test(c, what_goes_wrong_is_said);
        tcase_add_test(c, a_program_that_is_no_node_is_not_waited_for_long);

        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
