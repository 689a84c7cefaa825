/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "voted/journal.h"
#include "voted/sockets.h"

#define GIVEN_MAX 16

/* They come in any order and only their names say what they are. */
static struct Given {
        int fd;
        bool control;
} given[GIVEN_MAX];
static size_t n_given;

int sockets_collect(Daemon *d, Why *why) {
        char **names = NULL;
        int n, r = 0;

        n = sd_listen_fds_with_names(true, &names);
        if (n < 0)
                return n;
        for (int i = 0; i < n; i++) {
                int fd = SD_LISTEN_FDS_START + i;
                bool control = streq(names[i], "varlink"), peer = streq(names[i], "peer");

                if (n_given >= GIVEN_MAX || (!control && !peer))
                        r = why_set(why, V_FORM, "systemd handed in a socket named \"%s\": expected \"varlink\" or \"peer\" (FileDescriptorName= in the .socket unit)", names[i]);
                else
                        given[n_given++] = (struct Given) { fd, control };
                d->sockets_given |= peer;
        }
        for (int i = 0; names && i < n; i++)
                free(names[i]);
        free(names);
        return r;
}

static void describe_listen(Daemon *d, const char *host) {
        (void) snprintf(d->listen, sizeof(d->listen), strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, d->port);
}

static int listen_given(Daemon *d, Why *why) {
        struct sockaddr_storage sa;
        socklen_t n_sa = sizeof(sa);
        char text[NET_ADDRESS_TEXT];
        NetAddress a;
        int r;

        for (size_t i = 0; i < n_given; i++) {
                if (given[i].control)
                        continue;
                if (getsockname(given[i].fd, (struct sockaddr *) &sa, &n_sa) < 0)
                        return -errno;
                r = net_host_adopt(shell_net(d->shell), given[i].fd, &d->port, why);
                if (r < 0)
                        return r;
                r = net_address_from_sockaddr(&a, (struct sockaddr *) &sa, n_sa);
                if (r < 0)
                        return r;
                describe_listen(d, net_address_format_ip(&a, text));
        }
        if (d->port != d->config->listen_port || !streq(d->config->listen_host, "0.0.0.0"))
                (void) log_full(LOG_WARNING, 0, (LogField[]) { { "MESSAGE_ID", VOTED_MESSAGE_SOCKET_GIVEN } }, 1,
                                "[Listen] Host= and Port= have no effect: systemd made the socket (%s). To change it: systemctl edit voted-%s.socket", d->listen, d->name);
        return 0;
}

int sockets_listen(Daemon *d, Why *why) {
        int r;

        if (d->sockets_given)
                r = listen_given(d, why);
        else {
                r = net_host_listen(shell_net(d->shell), d->config->listen_host, (uint16_t) d->config->listen_port, &d->port, why);
                if (r >= 0)
                        describe_listen(d, d->config->listen_host);
        }
        if (r >= 0)
                log_info("Listening on %s.", d->listen);
        return r;
}

int sockets_control(Daemon *d, Why *why) {
        _cleanup_free_ char *path = NULL;
        bool any = false;
        int r;

        for (size_t i = 0; i < n_given; i++)
                if (given[i].control) {
                        r = varlink_server_adopt(d->control, given[i].fd);
                        if (r < 0)
                                return r;
                        any = true;
                }
        if (any)
                return 0;

        if (d->options.control_socket)
                path = strdup(d->options.control_socket);
        else {
                /* without systemd nobody has made the folder; who may not make it says --control-socket */
                (void) !mkdir_p(VOTED_RUN_DIR, 0755);
                if (asprintf(&path, "%s/%s.socket", VOTED_RUN_DIR, d->name) < 0)
                        path = NULL;
        }
        if (!path)
                return -ENOMEM;
        r = varlink_server_listen(d->control, path);
        if (r == -EADDRINUSE)
                (void) why_set(why, V_BUSY, "another node answers at %s: stop it, or give this one another --control-socket", path);
        else if (r < 0)
                (void) why_set(why, V_UNKNOWN, "cannot make the control socket %s: %s; --control-socket names another place", path, strerror(-r));
        return r;
}
