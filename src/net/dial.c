/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "base/time.h"
#include "net/dial.h"

#define TIMER_ACCURACY_USEC (50 * USEC_PER_MSEC)

/*   new -> (question) -> attempt -> attempt -> ... -> on_done
 *            |             |  fails: the next address      |
 *            +-------------+---- no address left, timeout -+ */
struct Dial {
        sd_event *event;
        sd_event_source *io, *timer, *start;
        Question *question;
        char host[256];
        uint16_t port;
        NetAddress addresses[RESOLVER_ADDRESSES_MAX];
        size_t n, next;
        int fd;
        uint64_t deadline_usec;
        DialHandler on_done;
        void *userdata;
        int error;              /* of the last attempt */
        Why why;
};

static void drop_attempt(Dial *d) {
        d->io = sd_event_source_disable_unref(d->io);
        if (d->fd >= 0)
                (void) close(d->fd);
        d->fd = -1;
}

Dial* dial_free(Dial *d) {
        if (!d)
                return NULL;

        drop_attempt(d);
        d->timer = sd_event_source_disable_unref(d->timer);
        d->start = sd_event_source_disable_unref(d->start);
        d->question = question_cancel(d->question);
        free(d);
        return NULL;
}

static void finish(Dial *d, int fd, const NetAddress *address) {
        d->io = sd_event_source_disable_unref(d->io);
        d->timer = sd_event_source_disable_unref(d->timer);
        d->on_done(d->userdata, d, fd, address, d->why.text);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata);

static void note_failure(Dial *d, int error) {
        char text[NET_ADDRESS_TEXT];

        d->error = why_set(&d->why, error, "%s: %s", net_address_format(d->addresses + d->next - 1, text), strerror(-error));
        drop_attempt(d);
}

/* One attempt at the address that is next: under way, or -errno. */
static int attempt(Dial *d) {
        struct sockaddr_storage sa;
        const NetAddress *a = d->addresses + d->next++;
        uint64_t now = now_usec(), left;
        socklen_t n = net_address_to_sockaddr(a, &sa);
        int r;

        left = d->deadline_usec > now ? d->deadline_usec - now : 0;
        d->fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (d->fd < 0)
                return -errno;
        if (connect(d->fd, (const struct sockaddr *) &sa, n) < 0 && errno != EINPROGRESS)
                return -errno;

        r = sd_event_add_io(d->event, &d->io, d->fd, EPOLLOUT, on_io, d);
        if (r < 0)
                return r;
        /* each address that is left has the same share of the time */
        r = sd_event_source_set_time_relative(d->timer, left / (d->n - d->next + 1));
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(d->timer, SD_EVENT_ONESHOT);
}

static void try_addresses(Dial *d) {
        int r;

        while (d->next < d->n) {
                r = attempt(d);
                if (r >= 0)
                        return;
                note_failure(d, r);
        }
        finish(d, d->error, NULL);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Dial *d = ASSERT_PTR(userdata);
        socklen_t n = sizeof(int);
        int error = 0;

        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
                error = errno;
        if (error != 0) {
                note_failure(d, -error);
                try_addresses(d);
                return 0;
        }

        finish(d, TAKE_FD(d->fd), d->addresses + d->next - 1);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Dial *d = ASSERT_PTR(userdata);

        if (d->fd < 0) {
                d->question = question_cancel(d->question);
                d->error = why_set(&d->why, -ETIMEDOUT, "host \"%s\" is not resolved in time", d->host);
        } else
                note_failure(d, -ETIMEDOUT);
        try_addresses(d);
        return 0;
}

static void on_answer(void *userdata, const NetAddress *addresses, size_t n, int error, const char *reason) {
        Dial *d = ASSERT_PTR(userdata);

        d->question = NULL;
        if (error < 0)
                d->error = why_set(&d->why, error, "%s", reason);
        else {
                memcpy(d->addresses, addresses, n * sizeof(*addresses));
                d->n = n;
        }
        try_addresses(d);
}

static int on_start(sd_event_source *source, void *userdata) {
        Dial *d = ASSERT_PTR(userdata);

        d->start = sd_event_source_disable_unref(d->start);
        try_addresses(d);
        return 0;
}

int dial_new(Dial **ret, sd_event *event, Resolver *resolver, const char *host, uint16_t port, uint64_t timeout_usec,
                DialHandler on_done, void *userdata) {
        _cleanup_(dial_freep) Dial *d = NULL;
        int r;

        assert(ret);
        assert(on_done);

        if (strlen(host) >= sizeof(d->host))
                return -EINVAL;

        d = new0(Dial, 1);
        if (!d)
                return -ENOMEM;
        d->fd = -1;
        d->event = event;
        memcpy(d->host, host, strlen(host) + 1);
        d->port = port;
        d->deadline_usec = now_usec() + timeout_usec;
        d->on_done = on_done;
        d->userdata = userdata;

        r = sd_event_add_time_relative(event, &d->timer, CLOCK_MONOTONIC, timeout_usec, TIMER_ACCURACY_USEC, on_timer, d);
        if (r < 0)
                return r;

        if (net_address_from_text(d->addresses, host, port) == 0) {
                d->n = 1;
                r = sd_event_add_defer(event, &d->start, on_start, d);
        } else
                r = resolver_ask(resolver, host, port, on_answer, d, &d->question);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(d);
        return 0;
}
