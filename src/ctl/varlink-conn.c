/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl/varlink-internal.h"
#include "ctl/wire.h"

#define LINGER_ACCURACY_USEC (100 * USEC_PER_MSEC)

static void call_gone(VarlinkCall *call) {
        call->conn = NULL;
        if (!call->over && call->on_gone)
                call->on_gone(call, call->gone_userdata);
}

void varlink_conn_free(Conn *c) {
        VarlinkServer *s = c->server;

        if (c->call) {
                call_gone(c->call);
                c->call = varlink_call_unref(c->call);
        }
        if (c->prev)
                c->prev->next = c->next;
        else
                s->conns = c->next;
        if (c->next)
                c->next->prev = c->prev;
        s->n_conns--;
        c->user->connections--;

        c->io = sd_event_source_disable_unref(c->io);
        c->due = sd_event_source_disable_unref(c->due);
        c->linger = sd_event_source_disable_unref(c->linger);
        (void) close(c->fd);
        buf_done(&c->in);
        buf_done(&c->out);
        free(c);
}

size_t varlink_conn_queued(const Conn *c) {
        return c->out.n - c->out_sent;
}

/* The next call waits while the replies to the ones before it do: who pipelines and reads slowly is paced. */
static bool conn_takes_call(const Conn *c) {
        return !c->call && !c->closing && c->in.n > 0 && !c->partial && varlink_conn_queued(c) <= OUT_BYTES_MAX;
}

static int on_conn_linger(sd_event_source *source, uint64_t usec, void *userdata) {
        Conn *c = ASSERT_PTR(userdata);

        log_debug("Control socket: uid %u: does not read its last replies, closing.", (unsigned) c->uid);
        varlink_conn_free(c);
        return 0;
}

/* Interest in the socket follows from what there is to do: nothing new is read while a call is under way. */
int varlink_conn_arm(Conn *c) {
        uint32_t events = 0;
        bool work;
        int r;

        if (!c->io)
                return 0;
        if (!c->call && !c->eof && !c->closing && c->in.n <= CTL_MESSAGE_BYTES_MAX)
                events |= EPOLLIN;
        if (varlink_conn_queued(c) > 0)
                events |= EPOLLOUT;
        if (c->call && !c->eof && !c->hup)
                events |= EPOLLRDHUP;
        r = sd_event_source_set_io_events(c->io, events);
        if (r < 0)
                return r;

        if (c->closing && !c->linger && varlink_conn_queued(c) > 0) {
                r = sd_event_add_time_relative(c->server->event, &c->linger, CLOCK_MONOTONIC, CTL_LINGER_USEC_MAX, LINGER_ACCURACY_USEC,
                                on_conn_linger, c);
                if (r < 0)
                        return r;
        }

        /* A call that is over makes room for the next one that is in the buffer already. What waits for the reader is no
         * work: EPOLLOUT tells, and a turn that cannot do anything would be followed by the next for ever. */
        work = (c->call && (c->call->over || (c->call->on_drained && varlink_conn_queued(c) == 0))) ||
               conn_takes_call(c) || ((c->closing || (c->eof && !c->call)) && varlink_conn_queued(c) == 0);
        return sd_event_source_set_enabled(c->due, work ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

void varlink_conn_drop(Conn *c) {
        buf_done(&c->out);
        c->out_sent = 0;
        c->closing = c->dropped = true;
}

static int conn_flush(Conn *c) {
        while (varlink_conn_queued(c) > 0) {
                ssize_t n = send(c->fd, c->out.p + c->out_sent, varlink_conn_queued(c), MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n < 0) {
                        if (errno == EAGAIN || errno == EINTR)
                                return 0;
                        return -errno;
                }
                c->out_sent += (size_t) n;
        }
        buf_done(&c->out);
        c->out_sent = 0;
        return 0;
}

static int conn_fill(Conn *c) {
        ssize_t n;
        char *p;

        p = buf_reserve(&c->in, 65536);
        if (!p)
                return -ENOMEM;
        n = recv(c->fd, p, 65536, MSG_DONTWAIT);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
                c->eof = true;
        c->in.n += (size_t) n;
        c->partial = false;
        return 0;
}

/* One call at most, so that a chatty client does not hold up the loop. < 0 or > 0: close at once. */
static int conn_process(Conn *c) {
        int r;

        if (c->call && c->call->over)
                c->call = varlink_call_unref(c->call);
        if (c->call && c->call->on_drained && varlink_conn_queued(c) == 0) {
                int (*fn)(VarlinkCall *, void *) = TAKE_PTR(c->call->on_drained);

                r = fn(c->call, c->call->drained_userdata);
                if (r < 0)
                        return r;
        }

        if (conn_takes_call(c)) {
                _cleanup_json_ Json *m = NULL;
                Why why;

                r = wire_take(&c->in, CTL_MESSAGE_BYTES_MAX, &m, &why);
                if (r == 0)
                        r = varlink_conn_dispatch(c, m);
                else if (r == -EAGAIN) {
                        c->partial = true;      /* until more comes: looking again would keep the loop from reading it */
                        r = c->eof ? 1 : 0;
                }
                else if (r > 0)
                        log_debug("Control socket: uid %u: %s, closing.", (unsigned) c->uid, why.text);
                if (r < 0)
                        return r;
                if (r > 0) {            /* once what was asked before it has its replies */
                        c->closing = true;
                        buf_reset(&c->in);
                }
                if (c->in.n == 0)
                        buf_done(&c->in);
        }

        if ((c->closing || (c->eof && !c->call)) && varlink_conn_queued(c) == 0)
                return 1;
        return 0;
}

static void conn_turn(Conn *c) {
        int r;

        r = conn_process(c);
        if (r == 0)
                r = conn_flush(c);
        if (r == 0 && c->closing && varlink_conn_queued(c) == 0 && (!c->call || c->call->over))
                r = 1;
        if (r == 0)
                r = varlink_conn_arm(c);
        if (r < 0 && r != -EPIPE && r != -ECONNRESET)
                (void) log_warning_errno(r, "Control socket: uid %u: failed, closing: %m", (unsigned) c->uid);
        if (r != 0)
                varlink_conn_free(c);
}

static int on_conn_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Conn *c = ASSERT_PTR(userdata);
        int r = 0;

        if (revents & EPOLLIN)
                r = conn_fill(c);
        else if (revents & (EPOLLHUP | EPOLLERR))
                r = -ECONNRESET;
        else if ((revents & EPOLLRDHUP) && c->call && !c->call->over && c->call->more)
                r = -ECONNRESET;        /* who closed its writing side stops a stream */
        else if (revents & EPOLLRDHUP)
                c->hup = true;          /* with calls before it, maybe: it is read when its turn comes */
        if (r < 0)
                varlink_conn_free(c);
        else
                conn_turn(c);
        return 0;
}

static int on_conn_due(sd_event_source *source, uint64_t usec, void *userdata) {
        conn_turn(ASSERT_PTR(userdata));
        return 0;
}

int varlink_conn_new(VarlinkServer *s, int fd, User *user, uid_t uid, bool admin) {
        Conn *c;
        int r;

        c = new0(Conn, 1);
        if (!c)
                return -ENOMEM;
        *c = (Conn) { .server = s, .fd = fd, .user = user, .uid = uid, .admin = admin, .next = s->conns };

        r = sd_event_add_io(s->event, &c->io, fd, EPOLLIN, on_conn_io, c);
        /* A timer that is always due: it queues up behind the other sources for every turn, whereas a deferred source keeps
         * the place at the front that it once had. */
        if (r >= 0)
                r = sd_event_add_time(s->event, &c->due, CLOCK_MONOTONIC, 0, 1, on_conn_due, c);
        if (r >= 0)
                r = sd_event_source_set_enabled(c->due, SD_EVENT_OFF);
        if (r < 0) {
                c->io = sd_event_source_disable_unref(c->io);
                c->due = sd_event_source_disable_unref(c->due);
                free(c);
                return r;
        }

        if (s->conns)
                s->conns->prev = c;
        s->conns = c;
        s->n_conns++;
        user->connections++;
        return 0;
}
