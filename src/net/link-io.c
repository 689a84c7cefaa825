/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/link-private.h"

#define WRITES_PER_TURN 4               /* of at most CHANNEL_PLAIN_MAX bytes */
#define FRAMES_PER_TURN 1024

/* --- in --- */

/* Hands out what is whole, within this turn's share. */
void link_deliver(Link *l) {
        unsigned left = FRAMES_PER_TURN;
        const char *p;
        size_t n;

        while (left-- > 0 && l->state == LINK_UP && !l->facts.paused && channel_next(l->channel, &p, &n))
                l->group->handlers->on_frame(l->group->userdata, l, p, n);
        if (l->state == LINK_UP && !l->facts.paused && channel_pending(l->channel))
                link_due(l);
}

static void relieve_input(LinkGroup *g) {
        Link *l = link_with_most(g, offsetof(LinkFacts, held));

        if (!l)
                return;
        link_cut_off(l, V_FULL, "no room for the frame that it is sending; too many links send large ones at once");
        channel_drop_input(l->channel);
        link_count(l);
}

static void take_input(Link *l, const char *p, size_t n) {
        LinkGroup *g = l->group;
        Why why = {};
        int r;

        r = channel_feed(l->channel, p, n, &l->out, &why);
        if (r < 0) {
                link_abort(l, 0, "out of memory");
                return;
        }

        if (l->state == LINK_HANDSHAKE && channel_is_up(l->channel)) {
                l->state = LINK_UP;
                l->facts.was_up = true;
                l->timer = sd_event_source_disable_unref(l->timer);
                g->handlers->on_up(g->userdata, l);
        }
        if (r > 0) {
                link_cut_off(l, r, why.text);
                return;
        }

        link_deliver(l);
        if (l->state != LINK_ENDED)
                link_count(l);
        if (g->held > g->bounds.held_max)
                relieve_input(g);
        if (l->state != LINK_ENDED && l->out.n > 0)
                link_due(l);
}

void link_read(Link *l) {
        LinkGroup *g = l->group;
        ssize_t n;

        n = recv(l->fd, g->input, LINK_READ_BYTES, MSG_DONTWAIT);
        if (n < 0) {
                if (errno != EAGAIN && errno != EINTR)
                        link_abort(l, 0, strerror(errno));
                return;
        }
        if (n == 0) {
                link_abort(l, 0, l->state == LINK_HANDSHAKE ? "closed by the far side during the handshake" : "closed by the far side");
                return;
        }

        if (l->state == LINK_LINGERING)
                return;                 /* what still comes is of no use */
        l->facts.received_bytes += (uint64_t) n;
        g->received_bytes += (uint64_t) n;
        take_input(l, g->input, (size_t) n);
}

/* --- out --- */

/* Gives p to the kernel. Returns how much it took, or -errno. */
static ssize_t write_some(Link *l, const char *p, size_t n) {
        ssize_t k;

        k = send(l->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k < 0) {
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
                k = 0;
        }

        l->blocked = (size_t) k < n;
        l->facts.sent_bytes += (uint64_t) k;
        l->group->sent_bytes += (uint64_t) k;
        return k;
}

/* Sends what waits from before, or else the next piece of the stream. 1: more can be sent, 0: not now, or -errno. */
static int flush_once(Link *l) {
        LinkGroup *g = l->group;
        ssize_t k;
        int r;

        if (l->out.n > 0) {
                k = write_some(l, l->out.p, l->out.n);
                if (k < 0)
                        return (int) k;
                buf_drop_front(&l->out, (size_t) k);
                if (l->out.n == 0)
                        buf_done(&l->out);
                return !l->blocked;
        }

        if (lanes_are_empty(&l->lanes) || !channel_is_up(l->channel))
                return 0;

        buf_reset(&g->stream);
        buf_reset(&g->wire);
        r = lanes_take(&l->lanes, &g->stream, CHANNEL_PLAIN_MAX);
        if (r == 0)
                r = channel_seal(l->channel, g->stream.p, g->stream.n, &g->wire);
        if (r < 0)
                return r;

        k = write_some(l, g->wire.p, g->wire.n);
        if (k < 0)
                return (int) k;
        buf_add(&l->out, g->wire.p + k, g->wire.n - (size_t) k);
        r = buf_error(&l->out);
        return r < 0 ? r : !l->blocked;
}

static void tell_sent(Link *l) {
        size_t half = l->group->bounds.lane_max[NET_LANE_SYNC] / 2;
        bool tell = false;

        if (l->sync_over && l->lanes.lanes[NET_LANE_SYNC].bytes <= half) {
                l->sync_over = false;
                tell = true;
        }
        if (l->unsent && l->lanes.bytes == 0 && l->out.n == 0) {
                l->unsent = false;
                tell = true;
        }
        if (tell && l->state == LINK_UP)
                l->group->handlers->on_sent(l->group->userdata, l);
}

void link_flush(Link *l) {
        int r = 1;

        if (l->state >= LINK_LINGERING)
                return;

        for (unsigned i = 0; i < WRITES_PER_TURN && r > 0; i++)
                r = flush_once(l);
        if (r < 0) {
                link_abort(l, 0, strerror(-r));
                return;
        }

        link_count(l);
        if (r > 0)
                link_due(l);            /* its share of this turn is used up */
        if (l->state == LINK_FLUSHING && l->lanes.bytes == 0 && l->out.n == 0) {
                (void) shutdown(l->fd, SHUT_WR);
                l->state = LINK_LINGERING;
        }
        tell_sent(l);
}
