/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <netinet/tcp.h>
#include <unistd.h>
#include <utlist.h>

#include "base/time.h"
#include "net/link-private.h"

#define LINKS_PER_TURN 256              /* of those that are due */
#define TIMER_ACCURACY_USEC (50 * USEC_PER_MSEC)

void link_due(Link *l) {
        LinkGroup *g = l->group;

        if (l->is_due)
                return;
        l->is_due = true;
        DL_APPEND2(g->due, l, prev_due, next_due);
        (void) sd_event_source_set_enabled(g->defer, SD_EVENT_ONESHOT);
}

void link_count(Link *l) {
        size_t queued = l->lanes.bytes + l->out.n, held = l->channel ? channel_held(l->channel) : 0;

        l->group->queued += queued - l->facts.queued;
        l->group->held += held - l->facts.held;
        l->facts.queued = queued;
        l->facts.held = held;
}

/* What epoll is to tell us, by the state that we are in. */
static void link_update_interest(Link *l) {
        uint32_t want = 0;

        if (l->state == LINK_HANDSHAKE || l->state == LINK_LINGERING ||
            (l->state == LINK_UP && !l->facts.paused && !channel_pending(l->channel)))
                want |= EPOLLIN;
        if (l->blocked && l->state < LINK_LINGERING)
                want |= EPOLLOUT;
        if (want == l->interest || !l->io)
                return;

        if (sd_event_source_set_io_events(l->io, want) >= 0)
                l->interest = want;
}

void link_abort(Link *l, int verdict, const char *reason) {
        if (l->state == LINK_ENDED)
                return;

        l->state = LINK_ENDED;
        l->io = sd_event_source_disable_unref(l->io);
        l->timer = sd_event_source_disable_unref(l->timer);
        lanes_done(&l->lanes);
        buf_done(&l->out);
        if (!l->reason) {
                l->verdict = verdict;
                l->reason = strdup(reason);
        }
        link_count(l);
        link_due(l);
}

void link_close(Link *l, int verdict, const char *reason) {
        if (l->state > LINK_UP)
                return;
        if (l->state == LINK_HANDSHAKE || link_set_timer(l, l->group->bounds.linger_usec) < 0) {
                link_abort(l, verdict, reason);
                return;
        }

        l->state = LINK_FLUSHING;
        l->verdict = verdict;
        l->reason = strdup(reason);
        link_update_interest(l);
        link_due(l);
}

void link_cut_off(Link *l, int verdict, const char *reason) {
        _cleanup_buf_ Buf frame = {};
        char *data;
        size_t n;

        if (l->state == LINK_UP && l->group->handlers->farewell) {
                l->group->handlers->farewell(l->group->userdata, verdict, reason, &frame);
                data = frame.n > 0 ? buf_take(&frame, &n) : NULL;
                if (data)
                        (void) !lanes_add(&l->lanes, NET_LANE_ENGINE, data, n, SIZE_MAX);
        }
        link_close(l, verdict, reason);
}

/* Whoever has most of what there is too much of, to make room: what is waited for, or waits to be sent. */
Link* link_with_most(LinkGroup *g, size_t at) {
        size_t most = 0, n;
        Link *l, *ret = NULL;

        DL_FOREACH(g->links, l) {
                n = l->state == LINK_ENDED ? 0 : *(const size_t *) ((const char *) &l->facts + at);
                if (n > most) {
                        most = n;
                        ret = l;
                }
        }
        return ret;
}

int link_send(Link *l, NetLane lane, char *data, size_t n) {
        LinkGroup *g = l->group;
        int r;

        if (l->state != LINK_UP) {
                free(data);
                return 0;
        }

        r = lanes_add(&l->lanes, lane, data, n, g->bounds.lane_max[lane]);
        if (r == -ENOBUFS) {
                link_abort(l, 0, "does not read what it is sent: its queue is full");
                return 0;
        }
        if (r < 0)
                return r;

        link_count(l);
        if (l->lanes.lanes[NET_LANE_SYNC].bytes > g->bounds.lane_max[NET_LANE_SYNC] / 2)
                l->sync_over = true;
        l->unsent = true;
        link_due(l);
        if (g->queued > g->bounds.queued_max && lane == NET_LANE_GOSSIP) {
                lanes_drop_gossip(&l->lanes, 0);
                link_count(l);
        }
        if (g->queued > g->bounds.queued_max) {
                l = link_with_most(g, offsetof(LinkFacts, queued));
                if (l)
                        link_abort(l, 0, "reads too slowly while all queues are full");
        }
        return 0;
}

size_t link_queued(const Link *l, NetLane lane) {
        return l->lanes.lanes[lane].bytes;
}

/* --- the loop --- */

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Link *l = ASSERT_PTR(userdata);

        if (revents & EPOLLOUT)
                link_flush(l);
        if (l->state != LINK_ENDED && (revents & EPOLLIN))
                link_read(l);
        else if (l->state != LINK_ENDED && (revents & (EPOLLERR | EPOLLHUP)))
                link_abort(l, 0, "reset by the far side");
        if (l->state != LINK_ENDED)
                link_update_interest(l);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Link *l = ASSERT_PTR(userdata);

        link_abort(l, 0, "the handshake took too long");        /* a close keeps the reason that it has */
        return 0;
}

int link_set_timer(Link *l, uint64_t usec) {
        l->timer = sd_event_source_disable_unref(l->timer);
        return sd_event_add_time_relative(l->group->event, &l->timer, CLOCK_MONOTONIC, usec, TIMER_ACCURACY_USEC, on_timer, l);
}

static void process_due(Link *l) {
        LinkGroup *g = l->group;

        if (l->state == LINK_UP)
                link_deliver(l);
        if (l->state > LINK_UP)
                channel_drop_input(l->channel);
        if (l->state != LINK_ENDED && !l->blocked)
                link_flush(l);
        if (l->state != LINK_ENDED) {
                link_count(l);
                link_update_interest(l);
                return;
        }
        if (l->is_due)
                DL_DELETE2(g->due, l, prev_due, next_due);
        l->is_due = false;
        g->handlers->on_ended(g->userdata, l, l->verdict, strna(l->reason));    /* frees it */
}

static int on_defer(sd_event_source *source, void *userdata) {
        LinkGroup *g = ASSERT_PTR(userdata);
        Link *l;

        for (unsigned i = 0; i < LINKS_PER_TURN && g->due; i++) {
                l = g->due;
                DL_DELETE2(g->due, l, prev_due, next_due);
                l->is_due = false;
                process_due(l);
        }
        if (g->due)
                (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

/* --- making and freeing --- */

int link_group_init(LinkGroup *g, sd_event *event, const ChannelIdentity *identity, const LinkHandlers *handlers, void *userdata) {
        int r;

        *g = (LinkGroup) {
                .event = event,
                .identity = identity,
                .handlers = handlers,
                .userdata = userdata,
                .input = malloc(LINK_READ_BYTES),
        };
        if (!g->input)
                return -ENOMEM;

        r = sd_event_add_defer(event, &g->defer, on_defer, g);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(g->defer, SD_EVENT_OFF);
}

void link_group_done(LinkGroup *g) {
        assert(!g->links);

        g->defer = sd_event_source_disable_unref(g->defer);
        buf_done(&g->stream);
        buf_done(&g->wire);
        free(g->input);
        g->input = NULL;
}

int link_new(Link **ret, LinkGroup *g, int fd, const NetAddress *address, bool inbound, const Key *expected, uint64_t id,
                uint64_t tag) {
        _cleanup_(link_freep) Link *l = NULL;
        const int yes = 1;
        int r;

        assert(ret);

        l = new0(Link, 1);
        if (!l) {
                (void) close(fd);
                return -ENOMEM;
        }
        l->group = g;
        l->fd = fd;
        l->facts = (LinkFacts) { .id = id, .tag = tag, .inbound = inbound, .address = *address, .since_usec = now_usec() };
        DL_APPEND(g->links, l);

        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));     /* we join small frames ourselves */
        r = channel_new(&l->channel, !inbound, g->identity, expected,
                        inbound ? g->bounds.frame_max_first : g->bounds.frame_max, g->bounds.frame_max);
        if (r < 0)
                return r;
        l->interest = EPOLLIN;
        r = sd_event_add_io(g->event, &l->io, fd, l->interest, on_io, l);
        if (r < 0)
                return r;
        r = link_set_timer(l, g->bounds.handshake_usec);
        if (r < 0)
                return r;
        if (!inbound) {
                r = channel_feed(l->channel, NULL, 0, &l->out, NULL);
                if (r < 0)
                        return r;
                link_due(l);
        }

        *ret = TAKE_PTR(l);
        return 0;
}

Link* link_free(Link *l) {
        if (!l)
                return NULL;

        l->io = sd_event_source_disable_unref(l->io);
        l->timer = sd_event_source_disable_unref(l->timer);
        lanes_done(&l->lanes);
        buf_done(&l->out);
        l->channel = channel_free(l->channel);
        link_count(l);
        if (l->is_due)
                DL_DELETE2(l->group->due, l, prev_due, next_due);
        DL_DELETE(l->group->links, l);
        (void) close(l->fd);
        free(l->reason);
        free(l);
        return NULL;
}

const LinkFacts* link_facts(const Link *l) {
        return &l->facts;
}

const Key* link_key(const Link *l) {
        return channel_remote(l->channel);
}

bool link_is_half_open(const Link *l) {
        return l->state == LINK_HANDSHAKE;
}

void link_set_paused(Link *l, bool paused) {
        if (l->state > LINK_UP || l->facts.paused == paused)
                return;

        l->facts.paused = paused;
        if (paused)
                link_update_interest(l);
        else
                link_due(l);            /* what has come already first; then the socket is asked again */
}
