/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "net/listener.h"
#include "net/resolver.h"

#define ACCEPT_PER_TURN 16
#define BACK_OFF_USEC USEC_PER_SEC
#define TIMER_ACCURACY_USEC (100 * USEC_PER_MSEC)

struct Listener {
        sd_event_source *io, *timer;
        int fd;
        uint16_t port;
        bool paused, out_of_files;
        ListenerHandler on_connection;
        void *userdata;
};

static int open_at(const NetAddress *a) {
        _cleanup_close_ int fd = -1;
        struct sockaddr_storage sa;
        socklen_t n = net_address_to_sockaddr(a, &sa);
        const int yes = 1, no = 0;

        fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0)
                return -errno;
        /* "::" is every address, IPv4 too, whatever the system's setting */
        if (a->family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) < 0)
                return -errno;
        if (bind(fd, (const struct sockaddr *) &sa, n) < 0 || listen(fd, SOMAXCONN) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int listener_open(const char *host, uint16_t port, Why *why) {
        NetAddress addresses[RESOLVER_ADDRESSES_MAX];
        char text[NET_ENDPOINT_TEXT];
        size_t n;
        int r;

        r = resolve_now(host, port, addresses, &n, why);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                r = open_at(addresses + i);
                if (r >= 0)
                        return r;
        }
        return why_set(why, r, "cannot listen on %s: %s%s", net_endpoint_format_host(host, port, text), strerror(-r),
                        r == -EADDRINUSE ? "; another program listens there" :
                        r == -EADDRNOTAVAIL ? "; no interface has this address" :
                        r == -EACCES ? "; ports below 1024 need CAP_NET_BIND_SERVICE" : "");
}

static void update_io(Listener *l) {
        (void) sd_event_source_set_enabled(l->io, l->paused || l->out_of_files ? SD_EVENT_OFF : SD_EVENT_ON);
}

static int on_back_off_end(sd_event_source *source, uint64_t usec, void *userdata) {
        Listener *l = ASSERT_PTR(userdata);

        l->out_of_files = false;
        update_io(l);
        return 0;
}

static void back_off(Listener *l, int error) {
        if (sd_event_source_set_time_relative(l->timer, BACK_OFF_USEC) < 0 ||
            sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT) < 0)
                return;

        log_warning_errno(error, "Cannot accept connections, trying again every second (raise LimitNOFILE=): %m");
        l->out_of_files = true;
        update_io(l);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Listener *l = ASSERT_PTR(userdata);
        struct sockaddr_storage sa;
        NetAddress a;

        for (unsigned i = 0; i < ACCEPT_PER_TURN && !l->paused; i++) {
                socklen_t n = sizeof(sa);
                int k;

                k = accept4(fd, (struct sockaddr *) &sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (k < 0) {
                        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                                back_off(l, errno);
                        return 0;       /* nobody there any more, or gone before we came: the loop calls again */
                }
                if (net_address_from_sockaddr(&a, (const struct sockaddr *) &sa, n) < 0) {
                        (void) close(k);
                        continue;
                }
                l->on_connection(l->userdata, k, &a);
        }
        return 0;
}

static int check_socket(int fd, uint16_t *ret_port) {
        struct sockaddr_storage sa = {};
        socklen_t n = sizeof(sa), n_int = sizeof(int);
        int type = 0, listens = 0;
        NetAddress a;

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n_int) < 0)
                return errno == ENOTSOCK ? -EINVAL : -errno;
        n_int = sizeof(int);
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n_int) < 0)
                return -errno;
        if (getsockname(fd, (struct sockaddr *) &sa, &n) < 0)
                return -errno;
        if (type != SOCK_STREAM || !listens || net_address_from_sockaddr(&a, (const struct sockaddr *) &sa, n) < 0)
                return -EINVAL;

        *ret_port = a.port;
        return 0;
}

int listener_new(Listener **ret, sd_event *event, int fd, ListenerHandler on_connection, void *userdata) {
        _cleanup_(listener_freep) Listener *l = NULL;
        int r;

        assert(ret);
        assert(on_connection);

        l = new0(Listener, 1);
        if (!l)
                return -ENOMEM;
        l->fd = -1;
        l->on_connection = on_connection;
        l->userdata = userdata;

        r = check_socket(fd, &l->port);
        if (r < 0)
                return r;
        /* one that was handed in may block: a client that hangs up between poll and accept would stop us */
        if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
                return -errno;
        r = sd_event_add_io(event, &l->io, fd, EPOLLIN, on_io, l);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(event, &l->timer, CLOCK_MONOTONIC, BACK_OFF_USEC, TIMER_ACCURACY_USEC, on_back_off_end, l);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        l->fd = fd;
        *ret = TAKE_PTR(l);
        return 0;
}

Listener* listener_free(Listener *l) {
        if (!l)
                return NULL;

        l->io = sd_event_source_disable_unref(l->io);
        l->timer = sd_event_source_disable_unref(l->timer);
        if (l->fd >= 0)
                (void) close(l->fd);
        free(l);
        return NULL;
}

uint16_t listener_port(const Listener *l) {
        return l->port;
}

void listener_set_paused(Listener *l, bool paused) {
        l->paused = paused;
        update_io(l);
}

bool listener_is_out_of_files(const Listener *l) {
        return l->out_of_files;
}
