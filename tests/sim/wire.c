/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire-private.h"

/* TCP as a node sees it: frames come whole and in order, or the link breaks. What is lost comes
 * later; what cannot get through waits, until somebody gives up. Three lanes as in net/lanes.h. */

#define WINDOW_BYTES    (256U << 10)    /* unread or not acknowledged, before a sender has to wait */
#define RETRY_USEC      (200 * USEC_PER_MSEC)
#define RETRY_USEC_MAX  (5 * USEC_PER_SEC)

static const size_t lane_max[_LANE_MAX] = {
        [LANE_ENGINE] = LANE_ENGINE_BYTES_MAX,
        [LANE_SYNC] = LANE_SYNC_BYTES_MAX,
        [LANE_GOSSIP] = LANE_GOSSIP_BYTES_MAX,
};

/* --- parcels --- */

static void parcels_push(Parcels *l, Parcel *p) {
        p->next = NULL;
        if (l->last)
                l->last->next = p;
        else
                l->first = p;
        l->last = p;
        l->bytes += p->n;
}

static Parcel* parcels_pop(Parcels *l) {
        Parcel *p = l->first;

        if (!p)
                return NULL;
        l->first = p->next;
        if (!l->first)
                l->last = NULL;
        l->bytes -= p->n;
        return p;
}

static void parcel_free(Parcel *p) {
        if (!p)
                return;
        free(p->data);
        free(p);
}

static void parcels_done(Parcels *l) {
        while (l->first)
                parcel_free(parcels_pop(l));
}

/* --- finding --- */

Wire* wire_of(const World *w, LinkId link, unsigned *ret_side) {
        uint64_t number = (link - 2) / 2;

        if (link < 2 || number >= w->n_wires)
                return NULL;
        *ret_side = (unsigned) ((link - 2) % 2);
        return w->wires[number];
}

/* The host at that end, if it still is the one that had the link. */
Host* wire_host(const World *w, const Wire *x, unsigned side) {
        Host *h = w->hosts[x->host[side]];

        return h->up && h->life == x->life[side] ? h : NULL;
}

Host* wire_far(const World *w, LinkId link) {
        unsigned side = 0;
        const Wire *x = wire_of(w, link, &side);

        return x ? w->hosts[x->host[1 - side]] : NULL;
}

bool wire_is_up(const World *w, LinkId link) {
        unsigned side = 0;
        const Wire *x = wire_of(w, link, &side);

        return x && !x->broken && x->up[side];
}

size_t wire_queued(const World *w, LinkId link) {
        unsigned side = 0;
        const Wire *x = wire_of(w, link, &side);
        size_t n = 0;

        for (NodeLane i = 0; x && i < _LANE_MAX; i++)
                n += x->pipe[side].lanes[i].bytes;
        return n;
}

LinkId wire_between(const World *w, unsigned from, unsigned to) {
        for (size_t i = w->n_wires; i > 0; i--) {
                const Wire *x = w->wires[i - 1];

                for (unsigned s = 0; x && !x->broken && s < 2; s++)
                        if (x->host[s] == from && x->host[1 - s] == to && x->up[s] && x->up[1 - s] && wire_host(w, x, s))
                                return LINK(x, s);
        }
        return 0;
}

void world_links(const World *w, bool ret[WORLD_HOSTS_MAX][WORLD_HOSTS_MAX]) {
        memset(ret, 0, sizeof(bool[WORLD_HOSTS_MAX][WORLD_HOSTS_MAX]));
        for (size_t i = 0; i < w->n_wires; i++) {
                const Wire *x = w->wires[i];

                if (x && !x->broken && x->up[0] && x->up[1] && wire_host(w, x, 0) && wire_host(w, x, 1))
                        ret[x->host[0]][x->host[1]] = ret[x->host[1]][x->host[0]] = true;
        }
}

void wire_free(World *w, Wire *x) {
        w->wires[x->number] = NULL;
        for (unsigned s = 0; s < 2; s++) {
                for (NodeLane i = 0; i < _LANE_MAX; i++)
                        parcels_done(&x->pipe[s].lanes[i]);
                parcel_free(x->pipe[s].sending);
                parcels_done(&x->pipe[s].flight);
        }
        free(x);
}

void wires_done(World *w) {
        for (size_t i = 0; i < w->n_wires; i++)
                if (w->wires[i])
                        wire_free(w, w->wires[i]);
        free(w->wires);
}

uint64_t wire_latency(World *w, unsigned from, unsigned to) {
        Prng p;

        /* the way's own part is the same all the time */
        prng_seed(&p, w->setup.seed * 1000003 + from * 1009 + to);
        return w->setup.latency_usec / 20 + prng_below(&p, w->setup.latency_usec) +
                        world_below(w, w->setup.jitter_usec);
}

bool wire_is_blocked(const World *w, unsigned from, unsigned to) {
        return w->blocked[from][to];
}

/* --- ending --- */

static void on_down(World *w, uint64_t link, uint64_t b) {
        unsigned side = 0;
        Wire *x = wire_of(w, link, &side);
        Host *h;

        if (!x)
                return;
        h = wire_host(w, x, side);
        if (x->up[side] && h) {
                x->up[side] = false;
                host_event(h, &(NodeEvent) { .type = NODE_EV_LINK_DOWN, .link = link,
                                .text = b == 0 ? "closed" : "connection lost" });
                x = wire_of(w, link, &side);
        }
        if (!x)
                return;
        x->up[side] = false;
        if (!x->up[1 - side] || !wire_host(w, x, 1 - side))
                wire_free(w, x);
}

/* Nothing travels any more; who is still up is told, after that long. */
void wire_break(World *w, Wire *x, uint64_t usec0, uint64_t usec1) {
        if (x->broken)
                return;
        x->broken = true;
        world_at(w, w->now_usec + usec0, "down", on_down, LINK(x, 0), 1);
        world_at(w, w->now_usec + usec1, "down", on_down, LINK(x, 1), 1);
}

/* --- travelling --- */

static void pump(World *w, Wire *x, unsigned side);
static void arm_arrival(World *w, Wire *x, unsigned side);

/* A side that has closed and whose queues are empty says so when all it sent is read. */
static void finish(World *w, Wire *x, unsigned side) {
        Pipe *p = &x->pipe[side];

        if (!p->closing || p->sending || p->flight.first || x->broken)
                return;
        for (NodeLane i = 0; i < _LANE_MAX; i++)
                if (p->lanes[i].first)
                        return;
        x->broken = true;
        world_at(w, w->now_usec, "down", on_down, LINK(x, side), 0);
        world_at(w, w->now_usec + wire_latency(w, x->host[side], x->host[1 - side]), "down", on_down,
                        LINK(x, 1 - side), 0);
}

static void on_linger(World *w, uint64_t link, uint64_t b) {
        unsigned side = 0;
        Wire *x = wire_of(w, link, &side);

        (void) b;
        if (x)
                wire_break(w, x, 0, 0);
}

static void deliver(World *w, Wire *x, unsigned side) {
        Parcel *parcel = parcels_pop(&x->pipe[side].flight);
        Host *to = wire_host(w, x, 1 - side);
        LinkId link = LINK(x, 1 - side);
        Pipe *p = &x->pipe[side];

        if (wire_is_blocked(w, x->host[1 - side], x->host[side]))
                p->unacknowledged += parcel->n;
        else {
                p->unread -= parcel->n + p->unacknowledged;
                p->unacknowledged = 0;
        }
        if (to && x->up[1 - side]) {
                world_note(w, "frame", x->host[side], x->host[1 - side], parcel->data, parcel->n);
                if (w->setup.hooks.on_frame)
                        w->setup.hooks.on_frame(w->hosts[x->host[side]], to, link, parcel->data, parcel->n);
                host_event(to, &(NodeEvent) { .type = NODE_EV_FRAME, .link = link,
                                .data = parcel->data, .n_data = parcel->n });
        }
        parcel_free(parcel);
}

static void on_arrival(World *w, uint64_t link, uint64_t b) {
        unsigned side = 0;
        Wire *x = wire_of(w, link, &side);
        Pipe *p;

        (void) b;
        if (!x || x->broken)
                return;
        p = &x->pipe[side];
        p->arriving = false;
        if (!p->flight.first || p->paused)
                return;

        if (wire_is_blocked(w, x->host[side], x->host[1 - side])) {
                uint64_t wait = p->tries < 5 ? RETRY_USEC << p->tries : RETRY_USEC_MAX;

                if (p->stalled_usec == 0)
                        p->stalled_usec = w->now_usec;
                if (w->now_usec - p->stalled_usec >= GIVE_UP_USEC) {
                        wire_break(w, x, 0, world_below(w, 20 * USEC_PER_SEC));
                        return;
                }
                p->tries++;
                p->flight.first->at_usec = w->now_usec + wait / 2 + world_below(w, wait);
                arm_arrival(w, x, side);
                return;
        }
        p->stalled_usec = 0;
        p->tries = 0;

        deliver(w, x, side);
        x = wire_of(w, link, &side);
        if (!x || x->broken)
                return;
        arm_arrival(w, x, side);
        pump(w, x, side);
        finish(w, x, side);
}

static void arm_arrival(World *w, Wire *x, unsigned side) {
        Pipe *p = &x->pipe[side];

        if (p->arriving || p->paused || !p->flight.first)
                return;
        p->arriving = true;
        world_at(w, p->flight.first->at_usec, "arrival", on_arrival, LINK(x, side), 0);
}

/* The frame that was being sent has gone to the kernel. */
static void on_sent(World *w, uint64_t link, uint64_t b) {
        unsigned side = 0;
        Wire *x = wire_of(w, link, &side);
        uint64_t delay;
        bool idle = true;
        Host *h;
        Pipe *p;

        (void) b;
        if (!x || x->broken)
                return;
        p = &x->pipe[side];

        delay = wire_latency(w, x->host[side], x->host[1 - side]);
        if (world_chance(w, w->setup.loss_per_million))
                delay += RETRY_USEC << world_below(w, 4);        /* LATE_USEC_MAX at most */
        p->arrival_usec = MAX(p->arrival_usec, w->now_usec + delay);
        p->sending->at_usec = p->arrival_usec;
        parcels_push(&p->flight, TAKE_PTR(p->sending));
        arm_arrival(w, x, side);
        if (world_chance(w, w->setup.death_per_million)) {
                wire_break(w, x, world_below(w, USEC_PER_SEC), world_below(w, USEC_PER_SEC));
                return;
        }

        for (NodeLane i = 0; i < _LANE_MAX; i++)
                idle = idle && !p->lanes[i].first;
        h = wire_host(w, x, side);
        if (h && x->up[side] && !p->closing &&
                        (idle || (p->over_half &&
                                        p->lanes[LANE_SYNC].bytes < lane_max[LANE_SYNC] / 2))) {
                p->over_half = false;
                host_event(h, &(NodeEvent) { .type = NODE_EV_SENT, .link = link });
                x = wire_of(w, link, &side);
                if (!x || x->broken)
                        return;
        }
        pump(w, x, side);
        finish(w, x, side);
}

static void pump(World *w, Wire *x, unsigned side) {
        Pipe *p = &x->pipe[side];
        Parcel *next = NULL;
        size_t n;

        if (x->broken || p->sending || p->unread >= WINDOW_BYTES)
                return;
        for (NodeLane i = 0; i < _LANE_MAX && !next; i++)
                next = parcels_pop(&p->lanes[i]);
        if (!next)
                return;

        n = next->n;
        p->sending = next;
        p->unread += n;
        world_at(w, w->now_usec + (n + 20) * USEC_PER_SEC / w->setup.bytes_per_sec, "sent", on_sent,
                        LINK(x, side), 0);
}

void wire_send(Host *h, LinkId link, NodeLane lane, char *data, size_t n) {
        World *w = h->world;
        unsigned side = 0;
        Wire *x = wire_of(w, link, &side);
        Parcel *parcel;
        Pipe *p;

        if (!x || x->broken || !x->up[side] || x->pipe[side].closing) {
                free(data);
                return;
        }
        p = &x->pipe[side];
        parcel = new0(Parcel, 1);
        if (!parcel)
                world_die("parcel", -ENOMEM);
        *parcel = (Parcel) { .data = data, .n = n, .lane = lane };

        if (p->lanes[lane].first && p->lanes[lane].bytes + n > lane_max[lane]) {
                if (lane != LANE_GOSSIP) {
                        world_note(w, "overflow", x->host[side], lane, NULL, 0);
                        parcel_free(parcel);
                        wire_break(w, x, 0, wire_latency(w, x->host[side], x->host[1 - side]));
                        return;
                }
                while (p->lanes[lane].first && p->lanes[lane].bytes + n > lane_max[lane])
                        parcel_free(parcels_pop(&p->lanes[lane]));
        }
        parcels_push(&p->lanes[lane], parcel);
        if (p->lanes[LANE_SYNC].bytes > lane_max[LANE_SYNC] / 2)
                p->over_half = true;
        pump(w, x, side);
}

void wire_close(Host *h, LinkId link, const char *reason) {
        World *w = h->world;
        unsigned side = 0;
        Wire *x = wire_of(w, link, &side);

        if (!x || x->broken || x->pipe[side].closing)
                return;
        world_note(w, "close", x->host[side], x->host[1 - side], reason, strlen(reason));
        x->pipe[side].closing = true;
        x->pipe[1 - side].paused = true;        /* it reads no more */
        world_at(w, w->now_usec + LINGER_USEC_MAX, "linger", on_linger, link, 0);
        finish(w, x, side);
}

void wire_pause(Host *h, LinkId link, bool pause) {
        World *w = h->world;
        unsigned side = 0;
        Wire *x = wire_of(w, link, &side);
        Pipe *p;

        if (!x || x->pipe[side].closing)
                return;
        p = &x->pipe[1 - side];                 /* what comes in is the other side's */
        p->paused = pause;
        arm_arrival(w, x, 1 - side);
}
