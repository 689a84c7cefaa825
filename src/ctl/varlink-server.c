/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl/varlink-internal.h"
#include "ctl/wire.h"

static uint64_t server_now(VarlinkServer *s) {
        uint64_t now = 0;

        (void) sd_event_now(s->event, CLOCK_MONOTONIC, &now);
        return now;
}

static void user_gain(User *u, uint64_t now) {
        double gained = (double) (now - u->seen_usec) / (double) USEC_PER_SEC * ALLOWANCE_PER_SEC;

        u->allowance = MIN(u->allowance + gained, (double) ALLOWANCE_BURST);
        u->seen_usec = now;
}

User* varlink_user(VarlinkServer *s, uid_t uid) {
        uint64_t now = server_now(s);
        User *u = NULL;

        for (size_t i = 0; i < USERS_MAX; i++) {
                User *k = &s->users[i];

                if (k->used && k->uid == uid) {
                        user_gain(k, now);
                        return k;
                }
                if (k->connections == 0 && (!u || !k->used || (u->used && k->seen_usec < u->seen_usec)))
                        u = k;
        }

        if (!u)         /* more users at once than places: they share the first */
                return &s->users[0];
        *u = (User) { .uid = uid, .used = true, .allowance = ALLOWANCE_BURST, .seen_usec = now };
        return u;
}

bool varlink_user_charge(VarlinkServer *s, User *u) {
        user_gain(u, server_now(s));
        if (u->allowance < 1)
                return false;
        u->allowance -= 1;
        return true;
}

/* uid 0, our own uid, or the group among the primary and the supplementary ones */
static bool conn_may_administer(int fd, const struct ucred *cred, const char *group) {
        gid_t groups[GROUPS_MAX];
        socklen_t n = sizeof(groups);
        struct group *g;

        if (cred->uid == 0 || cred->uid == geteuid())
                return true;

        g = group ? getgrnam(group) : NULL;
        if (!g)
                return false;
        if (cred->gid == g->gr_gid)
                return true;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n) < 0)
                return false;
        for (size_t i = 0; i < n / sizeof(gid_t); i++)
                if (groups[i] == g->gr_gid)
                        return true;
        return false;
}

/* Says why before it closes: a client that is turned away without a word looks like a daemon that is broken. */
static void turn_away(VarlinkServer *s, int fd, const char *text) {
        _cleanup_json_ Json *m = json_new_object();
        Json *parameters = json_new_object();
        _cleanup_buf_ Buf b = {};

        json_set_text(m, "error", s->setup.error_busy);
        json_set_text(parameters, "text", text);
        json_set(m, "parameters", parameters);
        if (wire_put(&b, m) == 0)
                (void) send(fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int on_listener(sd_event_source *source, int listen_fd, uint32_t revents, void *userdata) {
        VarlinkServer *s = ASSERT_PTR(userdata);
        struct ucred cred = { .uid = (uid_t) -1, .gid = (gid_t) -1 };
        socklen_t n = sizeof(cred);
        User *u;
        int fd, r;

        fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
                if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
                        (void) log_warning_errno(errno, "Control socket: accepting failed: %m");
                return 0;
        }
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0) {
                (void) close(fd);
                return 0;
        }

        u = varlink_user(s, cred.uid);
        if (s->n_conns >= CTL_CONNECTIONS_MAX || (cred.uid != 0 && u->connections >= CTL_CONNECTIONS_PER_UID_MAX)) {
                turn_away(s, fd, "too many connections to the control socket are open; close some, or wait");
                (void) close(fd);
                return 0;
        }
        if (cred.uid != 0 && cred.uid != geteuid() && !varlink_user_charge(s, u)) {
                turn_away(s, fd, "too many connections in a short time; wait some seconds");
                (void) close(fd);
                return 0;
        }

        r = varlink_conn_new(s, fd, u, cred.uid, conn_may_administer(fd, &cred, s->setup.admin_group));
        if (r < 0) {
                (void) log_warning_errno(r, "Control socket: cannot serve a connection: %m");
                (void) close(fd);
        }
        return 0;
}

int varlink_server_new(VarlinkServer **ret, sd_event *event, const VarlinkSetup *setup) {
        _cleanup_(varlink_server_freep) VarlinkServer *s = NULL;
        int r;

        s = new0(VarlinkServer, 1);
        if (!s)
                return -ENOMEM;
        s->event = sd_event_ref(event);
        s->setup = *setup;

        r = interface_new(&s->interfaces[s->n_interfaces], interface_text_service);
        if (r < 0)
                return r;
        s->n_interfaces++;
        for (size_t i = 0; setup->interface_texts[i] && s->n_interfaces < INTERFACES_MAX; i++) {
                r = interface_new(&s->interfaces[s->n_interfaces], setup->interface_texts[i]);
                if (r < 0)
                        return r;
                s->n_interfaces++;
        }

        *ret = TAKE_PTR(s);
        return 0;
}

VarlinkServer* varlink_server_free(VarlinkServer *s) {
        if (!s)
                return NULL;

        while (s->conns)
                varlink_conn_free(s->conns);
        for (size_t i = 0; i < s->n_listeners; i++) {
                int fd = sd_event_source_get_io_fd(s->listeners[i]);

                (void) sd_event_source_disable_unref(s->listeners[i]);
                (void) close(fd);
        }
        if (s->path)
                (void) unlink(s->path);
        free(s->path);
        for (size_t i = 0; i < s->n_interfaces; i++)
                (void) interface_free(s->interfaces[i]);
        (void) sd_event_unref(s->event);
        free(s);
        return NULL;
}

int varlink_server_adopt(VarlinkServer *s, int fd) {
        int r, flags;

        if (s->n_listeners >= ELEMENTSOF(s->listeners))
                return -E2BIG;
        flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        r = sd_event_add_io(s->event, &s->listeners[s->n_listeners], fd, EPOLLIN, on_listener, s);
        if (r < 0)
                return r;
        s->n_listeners++;
        return 0;
}

int varlink_server_listen(VarlinkServer *s, const char *path) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int fd, r;

        if (strlen(path) >= sizeof(sa.sun_path))
                return -ENAMETOOLONG;
        memcpy(sa.sun_path, path, strlen(path));

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (struct sockaddr *) &sa, sizeof(sa)) == 0 || errno == EAGAIN) {
                (void) close(fd);
                return -EADDRINUSE;
        }
        if (errno == ECONNREFUSED)
                (void) unlink(path);    /* left by one that died */

        /* a socket that was connected in vain is not bound: take a fresh one */
        (void) close(fd);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 || chmod(path, 0666) < 0 || listen(fd, 128) < 0) {
                r = -errno;
                (void) close(fd);
                return r;
        }

        r = varlink_server_adopt(s, fd);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        free(s->path);
        s->path = strdup(path);
        return s->path ? 0 : -ENOMEM;
}

size_t varlink_server_connections(const VarlinkServer *s) {
        return s->n_conns;
}
