/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control-client.h"
#include "ctl/wire.h"
#include "fuzz.h"
#include "voted/limits.h"

static const Shapes *interfaces;
static size_t n_interfaces;

void client_interfaces(const Shapes *list, size_t n) {
        interfaces = list;
        n_interfaces = n;
}

void client_open(Client *c, const char *path, uid_t uid, bool admin) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };

        *c = (Client) { .uid = uid, .admin = admin, .reads = true };
        c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        fuzz_check(c->fd >= 0 && strlen(path) < sizeof(sa.sun_path));
        memcpy(sa.sun_path, path, strlen(path));
        fuzz_check(connect(c->fd, (struct sockaddr *) &sa, sizeof(sa)) == 0);
}

void client_close(Client *c) {
        if (c->fd >= 0)
                (void) close(c->fd);
        buf_done(&c->out);
        buf_done(&c->in);
        buf_done(&c->frame);
        free(c->asked);
        *c = (Client) { .fd = -1 };
}

bool client_is_open(const Client *c) {
        return c->fd >= 0 && !c->ended;
}

/* --- what was asked --- */

static bool flag(const Json *o, const char *key, bool *ret) {
        return !json_has(o, key) || json_get_bool(o, key, ret, NULL) == 0;
}

/* Streams end when something comes to pass, or not at all. */
static bool may_wait(const Asked *a) {
        return a->more && (streq(a->method, "org.voted.Peer.WaitEntry") || streq(a->method, "org.voted.Peer.Watch") ||
                        streq(a->method, "org.voted.Tracker.Watch"));
}

static void ask(Client *c, const Json *o) {
        const Json *parameters = NULL;
        const char *method = NULL;
        bool upgrade = false;
        Asked a = {};

        a.bad = !o || json_get_text(o, "method", 1, 256, &method, NULL) != 0 || !flag(o, "more", &a.more) ||
                !flag(o, "oneway", &a.oneway) || !flag(o, "upgrade", &upgrade) || upgrade || (a.more && a.oneway) ||
                (json_has(o, "parameters") && json_get_object(o, "parameters", &parameters, NULL) != 0);
        if (!a.bad)
                (void) snprintf(a.method, sizeof(a.method), "%s", method);
        a.waits = may_wait(&a);
        a.imports = streq(a.method, "org.voted.Peer.Import");
        if (a.imports && parameters)
                (void) !json_get_bool(parameters, "last", &a.ends, NULL);

        if ((c->n_asked & (c->n_asked - 1)) == 0) {
                c->asked = reallocarray(c->asked, c->n_asked > 0 ? 2 * c->n_asked : 1, sizeof(Asked));
                fuzz_check(c->asked);
        }
        c->asked[c->n_asked++] = a;
}

/* The kernel has taken these bytes. */
static void sent(Client *c, const char *p, size_t n) {
        buf_add(&c->frame, p, n);
        c->bytes += n;
        while (memchr(c->frame.p, 0, c->frame.n)) {
                _cleanup_json_ Json *o = NULL;
                size_t before = c->frame.n;

                if (wire_take(&c->frame, CTL_MESSAGE_BYTES_MAX, &o, NULL) != 0) {
                        buf_reset(&c->frame);   /* all behind it is not read */
                        ask(c, NULL);
                        return;
                }
                fuzz_check(c->frame.n < before);
                ask(c, o);
        }
        if (c->frame.n > CTL_MESSAGE_BYTES_MAX)
                ask(c, NULL);
}

size_t client_awaits(const Client *c) {
        size_t n = 0;

        for (size_t i = c->first; i < c->n_asked && !c->asked[i].bad && !c->asked[i].waits; i++)
                n += !c->asked[i].oneway;
        return n;
}

/* What is to be answered next. */
static const Asked* next_asked(const Client *c) {
        size_t i = c->first;

        while (i < c->n_asked && !c->asked[i].bad && c->asked[i].oneway)
                i++;
        return i < c->n_asked ? &c->asked[i] : NULL;
}

bool client_imports(const Client *c) {
        for (size_t i = c->first; i < c->n_asked; i++)
                if (c->asked[i].imports)
                        return true;
        return false;
}

bool client_watches(const Client *c) {
        const Asked *a = next_asked(c);

        return a && a->waits && streq(strrchr(a->method, '.'), ".Watch");
}

bool client_was_bad(const Client *c) {
        const Asked *a = next_asked(c);

        return a && a->bad;
}

/* --- what came --- */

static const Shapes* interface_of(const char *name) {
        const char *dot = strrchr(name, '.');

        for (size_t i = 0; dot && i < n_interfaces; i++)
                if (strlen(interfaces[i].interface) == (size_t) (dot - name) &&
                    strncmp(interfaces[i].interface, name, (size_t) (dot - name)) == 0)
                        return &interfaces[i];
        return NULL;
}

/* Of the interface of the method, or of Varlink's own; and it is one that was published. */
static void check_error(const char *error, const Asked *a, const Json *parameters) {
        const Shapes *s = interface_of(error);

        fuzz_check(s && (s == interfaces || !a || s == interface_of(a->method)));
        fuzz_check(shape_fits(s, shapes_error(s, strrchr(error, '.') + 1), parameters));
}

static void check_result(const Asked *a, const Json *parameters) {
        const Shapes *s = interface_of(a->method);
        const char *name = strrchr(a->method, '.') + 1;
        const Json *status = NULL;

        fuzz_check(s && shape_fits(s, shapes_method(s, name), parameters));
        if (streq(name, "Watch") && json_get_object(parameters, "status", &status, NULL) == 0)
                fuzz_check(shape_fits(s, shapes_method(s, "GetStatus"), status));
}

static void answered(Client *c, const Json *o) {
        static const char *const keys[] = { "parameters", "error", "continues", NULL };
        const Json *parameters = NULL;
        const char *error = NULL;
        bool continues = false;
        const Asked *a;

        fuzz_check(json_check_keys(o, keys, NULL) == 0);
        fuzz_check(json_get_object(o, "parameters", &parameters, NULL) == 0 && flag(o, "continues", &continues));
        if (json_has(o, "error")) {
                fuzz_check(json_get_text(o, "error", 1, 256, &error, NULL) == 0 && !continues);
                c->refused = streq(error, "org.voted.Peer.Refused");
        } else
                c->refused = false;

        a = next_asked(c);
        if (error && c->n_answers == 0 && (streq(error, "org.voted.Peer.Busy") || (!a && streq(error, "org.voted.Tracker.Failed")))) {
                check_error(error, NULL, parameters);   /* turned away: no answer to anything, and the last word */
                c->n_asked = c->first = 0;
                ask(c, NULL);
                c->n_answers++;
                return;
        }
        fuzz_check(a && !a->bad);
        fuzz_check(!continues || a->more);
        if (error)
                check_error(error, a, parameters);
        else
                check_result(a, parameters);
        c->n_answers++;
        c->has_imported = c->has_imported || (a->imports && !error);
        c->import_is_whole = a->ends && !error;
        if (!continues)
                c->first = (size_t) (a - c->asked) + 1;
}

/* Everything that was asked has its answer, or it is known why not. */
static void check_end(Client *c, bool cut) {
        const Asked *a;

        c->ended = true;
        fuzz_check(c->in.n == 0 || c->has_rested);
        a = next_asked(c);
        if (a && a->bad)
                return;
        if (c->shut && (!a || a->more))         /* who closes its side stops a stream, and what is behind it */
                return;
        if (c->refused && !c->admin)            /* the allowance is used up */
                return;
        fuzz_check(cut && c->has_rested);
}

static void receive(Client *c, bool cut) {
        for (;;) {
                char *p = buf_reserve(&c->in, 65536);
                ssize_t n;

                fuzz_check(p);
                n = recv(c->fd, p, 65536, MSG_DONTWAIT);
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n <= 0) {
                        check_end(c, cut);
                        return;
                }
                c->bytes += (size_t) n;
                c->in.n += (size_t) n;
                while (memchr(c->in.p, 0, c->in.n)) {
                        _cleanup_json_ Json *o = NULL;

                        fuzz_check(wire_take(&c->in, SIZE_MAX, &o, NULL) == 0);
                        answered(c, o);
                }
        }
}

void client_turn(Client *c, bool cut) {
        if (!client_is_open(c))
                return;
        while (c->out.n > 0 && !c->shut) {
                ssize_t n = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n < 0) {
                        if (errno != EAGAIN)
                                buf_reset(&c->out);     /* the daemon has closed: the reader finds out why */
                        break;
                }
                sent(c, c->out.p, (size_t) n);
                buf_drop_front(&c->out, (size_t) n);
        }
        if (c->reads)
                receive(c, cut);
}
