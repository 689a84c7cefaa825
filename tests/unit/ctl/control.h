/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../help.h"
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

static inline _unused_ int on_status(VarlinkCall *c, const Json *p, void *userdata) {
        Json *o = json_new_object();

        json_set_text(o, "role", "tracker");
        return varlink_reply(c, o, false);
}

static inline _unused_ int reply_piece(VarlinkCall *c, size_t n) {
        _cleanup_free_ char *text = calloc(1, n + 1);
        Json *o = json_new_object();

        memset(text, 'x', n);
        json_set_text(o, "status", text);
        pieces_sent++;
        return varlink_reply(c, o, true);
}

/* An endless stream that waits for its reader. */
static inline _unused_ int send_piece(VarlinkCall *c, void *userdata) {
        int r = reply_piece(c, 100000);

        return r < 0 ? r : varlink_call_on_drained(c, send_piece, NULL);
}

static inline _unused_ void on_gone(VarlinkCall *c, void *userdata) {
        gone_calls++;
        (void) varlink_call_unref(c);
}

static inline _unused_ int on_watch(VarlinkCall *c, const Json *p, void *userdata) {
        if (!varlink_call_wants_more(c))
                return varlink_error_text(c, I "Failed", "say more");
        varlink_call_on_gone(varlink_call_ref(c), on_gone, NULL);
        return send_piece(c, NULL);
}

/* Does not wait. */
static inline _unused_ int on_flood(VarlinkCall *c, const Json *p, void *userdata) {
        varlink_call_on_gone(varlink_call_ref(c), on_gone, NULL);
        for (unsigned i = 0; i < 20000; i++)
                ck_assert_int_eq(reply_piece(c, 1000), 0);
        return 0;
}

static inline _unused_ int on_networks(VarlinkCall *c, const Json *p, void *userdata) {
        held = varlink_call_ref(c);     /* answered later, by on_reload */
        return 0;
}

static inline _unused_ int on_reload(VarlinkCall *c, const Json *p, void *userdata) {
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
static inline _unused_ int on_slow(VarlinkCall *c, const Json *p, void *userdata) {
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

static inline _unused_ void setup(void) {
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

static inline _unused_ void teardown(void) {
        server = varlink_server_free(server);
        event = sd_event_unref(event);
        *strrchr(path, '/') = 0;
        ck_assert_int_eq(rmdir(path), 0);       /* the socket went with its server */
}

static volatile bool client_done;

static inline _unused_ uint64_t now_usec(void) {
        struct timespec ts;

        ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

static inline _unused_ void* client_main(void *data) {
        ((void (*)(void)) data)();
        client_done = true;
        return NULL;
}

/* Runs fn on a thread, and the loop until it is through (at most 20 s). */
static inline _unused_ void with_client(void (*fn)(void)) {
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

static inline _unused_ VarlinkClient* connected(void) {
        VarlinkClient *c = NULL;
        Why why;

        ck_assert_int_eq(varlink_client_connect(&c, path, &why), 0);
        varlink_client_set_timeout(c, 10000);
        return c;
}

static inline _unused_ void client_calls(void) {
        _cleanup_(varlink_client_freep) VarlinkClient *c = connected();

        for (unsigned i = 0; i < 3; i++) {
                _cleanup_json_ Json *o = NULL;
                const char *role;

                ck_assert_int_eq(varlink_call(c, I "GetStatus", NULL, &o, NULL, NULL), 0);
                ck_assert_int_eq(json_get_text(o, "role", 1, 10, &role, NULL), 0);
                ck_assert_str_eq(role, "tracker");
        }
}

static inline _unused_ int raw_connection(void) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        memcpy(sa.sun_path, path, sizeof(path));
        ck_assert_int_eq(connect(fd, (struct sockaddr *) &sa, sizeof(sa)), 0);
        return fd;
}
