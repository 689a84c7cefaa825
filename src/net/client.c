/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "base/time.h"
#include "net/client.h"
#include "net/resolver.h"

#define READ_BYTES (64U << 10)

struct NetClient {
        ChannelIdentity identity;
        Channel *channel;
        char *input;
        int fd;
        NetEndpoint endpoint;
};

NetClient* net_client_free(NetClient *c) {
        if (!c)
                return NULL;

        (void) channel_free(c->channel);
        channel_identity_done(&c->identity);
        if (c->fd >= 0)
                (void) close(c->fd);
        free(c->input);
        free(c);
        return NULL;
}

const Key* net_client_remote(const NetClient *c) {
        return channel_remote(c->channel);
}

int net_client_fd(const NetClient *c) {
        return c->fd;
}

static int fail(const NetClient *c, int error, const char *what, Why *why) {
        char text[NET_ENDPOINT_TEXT];

        return why_set(why, error, "%s: %s: %s", net_endpoint_format_host(c->endpoint.host, c->endpoint.port, text), what,
                        strerror(-error));
}

/* Until the socket is ready for that. 0 or -ETIMEDOUT or -errno. */
static int wait_for(int fd, short events, uint64_t deadline_usec) {
        struct pollfd p = { .fd = fd, .events = events };
        uint64_t now;
        int r;

        do {
                now = now_usec();
                if (now >= deadline_usec)
                        return -ETIMEDOUT;
                r = poll(&p, 1, (int) MIN((deadline_usec - now) / USEC_PER_MSEC + 1, (uint64_t) INT32_MAX));
        } while (r == 0 || (r < 0 && errno == EINTR));
        return r < 0 ? -errno : 0;
}

static int connect_to(NetClient *c, const NetAddress *a, uint64_t deadline_usec) {
        struct sockaddr_storage sa;
        socklen_t n = net_address_to_sockaddr(a, &sa), n_int = sizeof(int);
        const int yes = 1;
        int error = 0, r;

        c->fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (c->fd < 0)
                return -errno;

        r = connect(c->fd, (const struct sockaddr *) &sa, n) < 0 ? -errno : 0;
        if (r == -EINPROGRESS) {
                r = wait_for(c->fd, POLLOUT, deadline_usec);
                if (r == 0 && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n_int) < 0)
                        error = errno;
                if (r == 0)
                        r = -error;
        }
        if (r < 0) {
                (void) close(c->fd);
                c->fd = -1;
                return r;
        }
        (void) setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
        return 0;
}

static int write_bytes(NetClient *c, const char *p, size_t n, uint64_t deadline_usec) {
        ssize_t k;
        int r;

        while (n > 0) {
                k = send(c->fd, p, n, MSG_NOSIGNAL);
                if (k < 0 && errno == EAGAIN) {
                        r = wait_for(c->fd, POLLOUT, deadline_usec);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                p += k;
                n -= (size_t) k;
        }
        return 0;
}

/* One portion from the socket into the channel, and out what the channel answers. 0, a verdict, -errno, with why. */
static int read_some(NetClient *c, uint64_t deadline_usec, Why *why) {
        _cleanup_buf_ Buf answer = {};
        ssize_t n;
        int r;

        n = recv(c->fd, c->input, READ_BYTES, 0);
        if (n < 0 && errno == EAGAIN) {
                r = wait_for(c->fd, POLLIN, deadline_usec);
                if (r < 0)
                        return fail(c, r, "no answer", why);
                n = recv(c->fd, c->input, READ_BYTES, 0);
        }
        if (n < 0)
                return errno == EINTR || errno == EAGAIN ? 0 : fail(c, -errno, "receiving failed", why);
        if (n == 0)
                return fail(c, -ECONNRESET, channel_is_up(c->channel) ? "closed by the far side" :
                                "closed by the far side during the handshake; is it a voted node of this version?", why);

        r = channel_feed(c->channel, c->input, (size_t) n, &answer, why);
        if (r == 0) {
                r = write_bytes(c, answer.p, answer.n, deadline_usec);
                if (r < 0)
                        return fail(c, r, "sending failed", why);
        }
        return r;
}

static int shake_hands(NetClient *c, uint64_t deadline_usec, Why *why) {
        _cleanup_buf_ Buf first = {};
        int r;

        r = channel_feed(c->channel, NULL, 0, &first, why);
        if (r != 0)
                return r;
        r = write_bytes(c, first.p, first.n, deadline_usec);
        if (r < 0)
                return fail(c, r, "sending failed", why);

        while (r == 0 && !channel_is_up(c->channel))
                r = read_some(c, deadline_usec, why);
        return r;
}

int net_client_connect(NetClient **ret, const NetEndpoint *endpoint, const SecretKey *identity, size_t frame_max,
                uint64_t timeout_usec, Why *why) {
        _cleanup_(net_client_freep) NetClient *c = NULL;
        NetAddress addresses[RESOLVER_ADDRESSES_MAX];
        uint64_t deadline = now_usec() + timeout_usec, now;
        size_t n;
        int r;

        assert(ret);

        c = new0(NetClient, 1);
        if (!c)
                return -ENOMEM;
        c->fd = -1;
        c->endpoint = *endpoint;
        channel_identity_make(&c->identity, identity);
        c->input = malloc(READ_BYTES);
        if (!c->input)
                return -ENOMEM;
        r = channel_new(&c->channel, true, &c->identity, &endpoint->key, frame_max, frame_max);
        if (r < 0)
                return r;

        r = resolve_now(endpoint->host, endpoint->port, addresses, &n, why);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {        /* each address that is left has the same share of the time */
                now = now_usec();
                r = now < deadline ? connect_to(c, addresses + i, now + (deadline - now) / (n - i)) : -ETIMEDOUT;
                if (r == 0)
                        break;
        }
        if (r < 0)
                return fail(c, r, "cannot connect", why);

        r = shake_hands(c, deadline, why);
        if (r != 0)
                return r;

        *ret = TAKE_PTR(c);
        return 0;
}

int net_client_send(NetClient *c, const void *p, size_t n, uint64_t timeout_usec, Why *why) {
        _cleanup_buf_ Buf wire = {};
        int r;

        r = channel_seal_frame(c->channel, p, n, &wire);
        if (r < 0)
                return r;
        r = write_bytes(c, wire.p, wire.n, now_usec() + timeout_usec);
        return r < 0 ? fail(c, r, "sending failed", why) : 0;
}

int net_client_receive(NetClient *c, const char **ret, size_t *ret_n, uint64_t timeout_usec, Why *why) {
        uint64_t deadline = now_usec() + timeout_usec;
        int r;

        while (!channel_next(c->channel, ret, ret_n)) {
                r = read_some(c, deadline, why);
                if (r != 0)
                        return r;
        }
        return 0;
}
