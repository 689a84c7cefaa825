/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/varlink-client.h"
#include "ctl/wire.h"

#define REPLY_BYTES_MAX (64U << 20)     /* of a daemon that we chose to ask; results with a full working are large */

struct VarlinkClient {
        int fd_in, fd_out;
        Buf in;
        unsigned timeout_msec;
};

static const char* connect_remedy(int error) {
        switch (error) {
        case ENOENT:
                return "nothing has made this socket: start the service (systemctl start voted-peer), or name another one (--socket, --instance)";
        case ECONNREFUSED:
                return "nobody answers there: start the service (systemctl start voted-peer)";
        case EACCES:
                return "this user may not use it: see the mode of the socket and of its folder";
        case EAGAIN:
                return "too many connections wait already: try again";
        default:
                return "see voted(8)";
        }
}

int varlink_client_connect(VarlinkClient **ret, const char *path, Why *why) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int fd, r;

        if (strlen(path) >= sizeof(sa.sun_path)) {
                (void) why_set(why, V_FORM, "the path of the socket is longer than %zu bytes: %s", sizeof(sa.sun_path) - 1, path);
                return -ENAMETOOLONG;
        }
        memcpy(sa.sun_path, path, strlen(path));

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0) {
                r = -errno;
                (void) close(fd);
                (void) why_set(why, V_UNKNOWN, "cannot connect to %s: %s; %s", path, strerror(-r), connect_remedy(-r));
                return r;
        }

        r = varlink_client_connect_fds(ret, fd, fd);
        if (r < 0)
                (void) close(fd);
        return r;
}

int varlink_client_connect_fds(VarlinkClient **ret, int fd_in, int fd_out) {
        VarlinkClient *c;

        c = new0(VarlinkClient, 1);
        if (!c)
                return -ENOMEM;
        *c = (VarlinkClient) { .fd_in = fd_in, .fd_out = fd_out };
        *ret = c;
        return 0;
}

VarlinkClient* varlink_client_free(VarlinkClient *c) {
        if (!c)
                return NULL;
        (void) close(c->fd_in);
        if (c->fd_out != c->fd_in)
                (void) close(c->fd_out);
        buf_done(&c->in);
        free(c);
        return NULL;
}

void varlink_client_set_timeout(VarlinkClient *c, unsigned msec) {
        c->timeout_msec = msec;
}

int varlink_client_fd(const VarlinkClient *c) {
        return c->fd_in;
}

static int wait_for(const VarlinkClient *c, int fd, short events) {
        struct pollfd p = { .fd = fd, .events = events };

        for (;;) {
                int r = poll(&p, 1, c->timeout_msec > 0 ? (int) c->timeout_msec : -1);

                if (r > 0)
                        return 0;
                if (r == 0)
                        return -ETIMEDOUT;
                if (errno != EINTR)
                        return -errno;
        }
}

static int write_all(VarlinkClient *c, const char *p, size_t n) {
        while (n > 0) {
                ssize_t k = send(c->fd_out, p, n, MSG_NOSIGNAL);

                if (k < 0 && errno == ENOTSOCK)
                        k = write(c->fd_out, p, n);
                if (k < 0) {
                        if (errno == EINTR)
                                continue;
                        if (errno != EAGAIN)
                                return -errno;
                        int r = wait_for(c, c->fd_out, POLLOUT);
                        if (r < 0)
                                return r;
                        continue;
                }
                p += k;
                n -= (size_t) k;
        }
        return 0;
}

static int send_call(VarlinkClient *c, const char *method, Json *parameters, bool more) {
        _cleanup_json_ Json *m = json_new_object();
        _cleanup_buf_ Buf out = {};
        int r;

        json_set_text(m, "method", method);
        json_set(m, "parameters", parameters ? parameters : json_new_object());
        if (more)
                json_set_bool(m, "more", true);
        if (!m)
                return -ENOMEM;
        r = wire_put(&out, m);
        if (r < 0)
                return r;
        return write_all(c, out.p, out.n);
}

static int receive(VarlinkClient *c, Json **ret, Why *why) {
        for (;;) {
                ssize_t n;
                char *p;
                int r;

                r = wire_take(&c->in, REPLY_BYTES_MAX, ret, why);
                if (r > 0) {
                        (void) why_prefix(why, r, "the daemon's reply");
                        return -EBADMSG;
                }
                if (r != -EAGAIN)
                        return r;

                r = wait_for(c, c->fd_in, POLLIN);
                if (r < 0) {
                        (void) why_set(why, V_BUSY, "no reply from the daemon: %s", strerror(-r));
                        return r;
                }
                p = buf_reserve(&c->in, 65536);
                if (!p)
                        return -ENOMEM;
                n = read(c->fd_in, p, 65536);
                if (n < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0) {
                        (void) why_set(why, V_UNKNOWN, "the daemon closed the connection before it answered; see journalctl -u 'voted-*'");
                        return -ECONNRESET;
                }
                c->in.n += (size_t) n;
        }
}

/* The sentence of an error reply, for people. */
static void error_sentence(Why *why, const char *name, const Json *parameters) {
        static const char *const keys[] = { "text", "what", "parameter", "method", "interface", "network" };
        const char *text = NULL;

        for (size_t i = 0; i < ELEMENTSOF(keys) && !text; i++)
                if (json_has(parameters, keys[i]) && json_get_text(parameters, keys[i], 0, 4096, &text, NULL) == 0 && i > 0) {
                        (void) why_set(why, V_DENIED, "%s: %s", strrchr(name, '.') ? strrchr(name, '.') + 1 : name, text);
                        return;
                }
        (void) why_set(why, V_DENIED, "%s", text ? text : name);
}

/* 0 or V_DENIED; *ret: the parameters, an object at all times. */
static int read_reply(const Json *m, Json **ret, char **ret_error, bool *ret_continues, Why *why) {
        const Json *parameters = NULL;
        const char *name = NULL;
        Json *o;

        *ret_continues = false;
        if (json_has(m, "continues") && json_get_bool(m, "continues", ret_continues, why) != 0)
                return -EBADMSG;
        if (json_has(m, "parameters") && json_get_object(m, "parameters", &parameters, why) != 0)
                return -EBADMSG;
        o = parameters ? json_share((Json *) parameters) : json_new_object();
        if (!o)
                return -ENOMEM;
        *ret = o;

        if (!json_has(m, "error"))
                return 0;
        if (json_get_text(m, "error", 1, 256, &name, why) != 0)
                return -EBADMSG;
        error_sentence(why, name, o);
        if (ret_error) {
                *ret_error = strdup(name);
                if (!*ret_error)
                        return -ENOMEM;
        }
        return V_DENIED;
}

int varlink_call(VarlinkClient *c, const char *method, Json *parameters, Json **ret_parameters, char **ret_error, Why *why) {
        _cleanup_json_ Json *m = NULL, *o = NULL;
        bool continues;
        int r;

        r = send_call(c, method, parameters, false);
        if (r >= 0)
                r = receive(c, &m, why);
        if (r < 0) {
                if (r == -EPIPE || r == -ECONNRESET)
                        (void) why_set(why, V_UNKNOWN, "the daemon closed the connection before it answered; see journalctl -u 'voted-*'");
                return r;
        }
        r = read_reply(m, &o, ret_error, &continues, why);
        if (r >= 0 && ret_parameters)
                *ret_parameters = TAKE_PTR(o);
        return r;
}

int varlink_observe(VarlinkClient *c, const char *method, Json *parameters,
                int (*fn)(void *userdata, const Json *parameters, bool continues), void *userdata, char **ret_error, Why *why) {
        bool continues = true;
        int r;

        r = send_call(c, method, parameters, true);
        if (r < 0)
                return r;

        while (continues) {
                _cleanup_json_ Json *m = NULL, *o = NULL;

                r = receive(c, &m, why);
                if (r < 0)
                        return r;
                r = read_reply(m, &o, ret_error, &continues, why);
                if (r != 0)
                        return r;
                r = fn(userdata, o, continues);
                if (r != 0)
                        return r;
        }
        return 0;
}
