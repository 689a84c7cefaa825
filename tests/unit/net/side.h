/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"
#include "net/host.h"
#include "voted/verdict.h"

/* A host on loopback for tests, and what happened to it. */
typedef struct Side {
        NetHost *host;
        SecretKey *key;
        uint16_t port;
        unsigned ups, downs, frames, sents, failures;
        uint64_t link;          /* the last that came up */
        uint64_t dial;
        Key remote;
        bool inbound;
        int verdict;            /* of the last link that went down, or dial that failed */
        char reason[320];
        Buf frame;              /* the last one */
        uint64_t bytes;         /* of all frames */
        bool (*echo)(struct Side *s, uint64_t link, const char *p, size_t n);
} Side;

static sd_event *loop;

static void side_on_up(void *userdata, uint64_t link, const Key *key, const NetAddress *address, bool inbound, uint64_t dial) {
        Side *s = userdata;

        s->ups++;
        s->link = link;
        s->remote = *key;
        s->inbound = inbound;
        s->dial = dial;
        ck_assert_int_eq(address->family, AF_INET);
}

static void side_on_frame(void *userdata, uint64_t link, const char *p, size_t n) {
        Side *s = userdata;

        s->frames++;
        s->bytes += n;
        buf_reset(&s->frame);
        buf_add(&s->frame, p, n);
        ck_assert_int_eq(buf_error(&s->frame), 0);
        if (s->echo)
                (void) s->echo(s, link, p, n);
}

static void side_on_down(void *userdata, uint64_t link, int verdict, const char *reason) {
        Side *s = userdata;

        s->downs++;
        s->verdict = verdict;
        (void) snprintf(s->reason, sizeof(s->reason), "%s", reason);
}

static void side_on_sent(void *userdata, uint64_t link) {
        ((Side *) userdata)->sents++;
}

static void side_on_dial_failed(void *userdata, uint64_t dial, int error, const char *reason) {
        Side *s = userdata;

        s->failures++;
        s->dial = dial;
        s->verdict = error;
        (void) snprintf(s->reason, sizeof(s->reason), "%s", reason);
}

static void side_farewell(void *userdata, int verdict, const char *reason, Buf *ret) {
        buf_printf(ret, "farewell %s", verdict_name(verdict));
}

static void side_init(Side *s, const NetHostSettings *settings, bool listens) {
        static const NetHandlers handlers = {
                .on_up = side_on_up,
                .on_frame = side_on_frame,
                .on_down = side_on_down,
                .on_sent = side_on_sent,
                .on_dial_failed = side_on_dial_failed,
                .farewell = side_farewell,
        };
        Why why = {};

        *s = (Side) {};
        if (!loop)
                ck_assert_int_ge(sd_event_new(&loop), 0);
        ck_assert_int_eq(secret_key_generate(&s->key), 0);
        ck_assert_int_eq(net_host_new(&s->host, loop, s->key, settings, &handlers, s), 0);
        if (listens)
                ck_assert_msg(net_host_listen(s->host, "127.0.0.1", 0, &s->port, &why) == 0, "%s", why.text);
}

static inline void side_done(Side *s) {
        s->host = net_host_free(s->host);
        s->key = secret_key_free(s->key);
        buf_done(&s->frame);
}

/* Turns the loop until the condition holds, for ten seconds at most. */
#define run_until(condition)                                                                    \
        do {                                                                                    \
                uint64_t _end = now_usec() + 10 * USEC_PER_SEC;                                 \
                                                                                                \
                while (!(condition)) {                                                          \
                        ck_assert_msg(now_usec() < _end, "timeout waiting for %s", #condition); \
                        ck_assert_int_ge(sd_event_run(loop, 10 * USEC_PER_MSEC), 0);            \
                }                                                                               \
        } while (0)

static inline void run_for(uint64_t usec) {
        uint64_t end = now_usec() + usec;

        while (now_usec() < end)
                ck_assert_int_ge(sd_event_run(loop, 5 * USEC_PER_MSEC), 0);
}

static inline void side_dial(Side *from, const Side *to, const Key *expected) {
        ck_assert_int_eq(net_host_dial(from->host, 77, "127.0.0.1", to->port, expected), 0);
}

static inline void side_connect(Side *from, Side *to) {
        unsigned a = from->ups, b = to->ups;

        side_dial(from, to, NULL);
        run_until(from->ups > a && to->ups > b);
}

static inline int side_send(Side *s, NetLane lane, const char *p, size_t n) {
        char *copy = malloc(n);

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, p, n);
        return net_host_send(s->host, s->link, lane, copy, n);
}

static inline void side_say(Side *s, const char *text) {
        ck_assert_int_eq(side_send(s, NET_LANE_SYNC, text, strlen(text)), 0);
}

static inline bool side_heard(const Side *s, const char *text) {
        return s->frame.p && streq(s->frame.p, text);
}

/* A plain TCP connection to it. */
static inline int side_raw(const Side *to) {
        struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(to->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd;

        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(connect(fd, (const struct sockaddr *) &sa, sizeof(sa)), 0);
        return fd;
}

/* Whether the far side has closed it. */
static inline bool raw_is_closed(int fd) {
        char byte;
        ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

        return n == 0 || (n < 0 && errno != EAGAIN);
}

static inline NetHostStats side_stats(const Side *s) {
        NetHostStats stats;

        net_host_stats(s->host, &stats);
        return stats;
}
