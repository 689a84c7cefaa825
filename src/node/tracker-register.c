/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/tracker-private.h"

#define COALESCE_USEC USEC_PER_SEC      /* changes within this are one update */
#define PUSH_BYTES (4U << 20)           /* updates that go out in one step; the rest follows after PUSH_USEC */
#define PUSH_USEC (50 * USEC_PER_MSEC)
#define IN_FLIGHT_USEC (5 * USEC_PER_SEC)       /* an update that is older does not hold back the next any more */

/* --- the list, told to who is registered --- */

static void list_has_changed(Tracker *t, const Id *network) {
        RegistryNetwork *n = registry_network(t->registry, network);

        if (n && registry_push(n)->due_usec == 0)
                registry_push(n)->due_usec = t->now_usec + COALESCE_USEC;
        tracker_changed(t);
}

static bool wants_update(const Tracker *t, const Registration *g) {
        return g->contact && g->told < registry_version(g->network) &&
                (g->sent_usec == 0 || g->sent_usec + IN_FLIGHT_USEC <= t->now_usec);
}

/* Sends g what it was not told yet. *frame, made for who was told of *since, is used again where it fits. Returns its bytes. */
static size_t tell_update(Tracker *t, Registration *g, Buf *frame, uint64_t *since) {
        const Contact *c = g->contact;
        _cleanup_message_ Message m = {};
        Buf copy = {};

        if (frame->n == 0 || *since != g->told) {
                buf_reset(frame);
                *since = g->told;
                if (registry_update(t->registry, g->network, g->told, &m) < 0 || message_frame(frame, &m) < 0) {
                        t->error = -ENOMEM;
                        return 0;
                }
        }

        buf_add(&copy, frame->p, frame->n);
        tracker_send_buf(t, c->link, LANE_GOSSIP, &copy);
        g->told = registry_version(g->network);
        g->sent_usec = t->now_usec;
        return frame->n;
}

static void push_network(Tracker *t, RegistryNetwork *n) {
        RegistryPush *p = registry_push(n);
        _cleanup_buf_ Buf frame = {};
        uint64_t since = 0;
        size_t bytes = 0;

        if (p->next == SIZE_MAX)
                p->next = 0;
        for (; p->next < registry_peers(n) && bytes < PUSH_BYTES && t->error == 0; p->next++) {
                Registration *g = registry_peer_at(n, p->next);

                if (wants_update(t, g))
                        bytes += tell_update(t, g, &frame, &since);
        }

        if (p->next < registry_peers(n))
                p->due_usec = t->now_usec + PUSH_USEC;
        else
                *p = (RegistryPush) { .next = SIZE_MAX };
}

/* Outside the rounds: its link has taken what was sent before, or seems to have. */
void tracker_catch_up(Tracker *t, Registration *g) {
        _cleanup_buf_ Buf frame = {};
        uint64_t since;

        if (registry_push(g->network)->due_usec == 0 && wants_update(t, g))
                (void) tell_update(t, g, &frame, &since);
}

/* --- registrations --- */

static void unlist(Tracker *t, Registration *g) {
        if (g->contact)
                DL_DELETE(t->alive, g);
        else
                DL_DELETE(t->closed, g);
}

static void remove_registration(Tracker *t, Registration *g) {
        Contact *c = g->contact;
        Id network = *registry_network_id(g->network);

        unlist(t, g);
        if (c)
                c->registration = NULL;
        registry_remove(t->registry, g);
        list_has_changed(t, &network);
}

static void hear_registration(Tracker *t, Registration *g) {
        unlist(t, g);
        g->heard_usec = t->now_usec;
        if (g->contact)
                DL_APPEND(t->alive, g);
        else
                DL_APPEND(t->closed, g);
}

/* The link is gone; whoever comes back within a ttl was never away. */
void tracker_close_registration(Tracker *t, Contact *c) {
        Registration *g = c->registration;

        if (!g)
                return;
        unlist(t, g);
        g->contact = NULL;
        c->registration = NULL;
        g->heard_usec = t->now_usec;
        DL_APPEND(t->closed, g);
}

static void attach(Tracker *t, Contact *c, Registration *g, bool is_new) {
        if (!is_new)
                unlist(t, g);
        if (g->contact)                 /* a second link of that identity: it counts from now on */
                ((Contact *) g->contact)->registration = NULL;
        g->contact = c;
        c->registration = g;
        g->heard_usec = t->now_usec;
        g->told = registry_version(g->network);
        g->sent_usec = 0;
        DL_APPEND(t->alive, g);
}

static void reply_lease(Tracker *t, const Contact *c, const Message *request, MessageType type) {
        Message m = { .type = type, .has_id = true, .id = request->id };

        m.lease.ttl = t->config.ttl_sec;
        m.lease.version = c->registration->told;
        /* in the lane of the updates, so that it never overtakes the one that it counts as told */
        tracker_send(t, c, LANE_GOSSIP, &m);
}

int tracker_on_register(Tracker *t, Contact *c, const Message *m, Why *why) {
        const char *host = m->enrol.host && t->config.allow_host ? m->enrol.host : c->host;
        RegistryNetwork *n = registry_network(t->registry, &m->enrol.network);
        uint64_t version = n ? registry_version(n) : 0;
        Registration *g = NULL;
        bool is_new;
        int r;

        if (c->registration && !id_equal(registry_network_id(c->registration->network), &m->enrol.network))
                return why_set(why, V_DUPLICATE, "this link is registered for another network; unregister first, or use a link for each");

        /* those whose links are gone make room first */
        if (t->closed && registry_count(t->registry) >= t->config.links_max && !(n && registry_find(n, &c->key)))
                remove_registration(t, t->closed);

        n = registry_network(t->registry, &m->enrol.network);
        is_new = !n || !registry_find(n, &c->key);
        r = registry_add(t->registry, &m->enrol.network, &c->key, host, (uint16_t) m->enrol.port, t->now_usec, &g, why);
        if (r != 0)
                return r;

        attach(t, c, g, is_new);
        if (registry_version(g->network) != version)
                list_has_changed(t, &m->enrol.network);
        if (is_new && registry_peers(g->network) == 1)
                tracker_log(t, c, LOG_INFO, NODE_MSG_NONE, "first of its network to register");
        reply_lease(t, c, m, MESSAGE_REGISTERED);
        return 0;
}

/* The registration that c has for that network, or a verdict. */
static int own_registration(const Contact *c, const Id *network, Registration **ret, Why *why) {
        if (!c->registration || !id_equal(registry_network_id(c->registration->network), network))
                return why_set(why, V_UNKNOWN, "this link is not registered for that network; send \"register\"");

        *ret = c->registration;
        return 0;
}

int tracker_on_heartbeat(Tracker *t, Contact *c, const Message *m, Why *why) {
        Registration *g = NULL;
        int r;

        r = own_registration(c, &m->enrol.network, &g, why);
        if (r != 0)
                return r;

        hear_registration(t, g);
        tracker_catch_up(t, g);
        reply_lease(t, c, m, MESSAGE_HEARTBEAT_REPLY);
        return 0;
}

int tracker_on_get_peers(Tracker *t, Contact *c, const Message *m) {
        RegistryNetwork *n = registry_network(t->registry, &m->get_peers.network);
        size_t max = m->get_peers.max > 0 ? m->get_peers.max : TRACKER_LIST_MAX;
        _cleanup_message_ Message reply = {};
        int r;

        r = registry_list(t->registry, n, max, &c->key, &reply);
        if (r < 0)
                return r;

        reply.has_id = true;
        reply.id = m->id;
        tracker_send(t, c, LANE_GOSSIP, &reply);
        if (c->registration && c->registration->network == n) {
                c->registration->told = registry_version(n);
                c->registration->sent_usec = t->now_usec;
        }
        return 0;
}

int tracker_on_unregister(Tracker *t, Contact *c, const Message *m, Why *why) {
        Message reply = { .type = MESSAGE_UNREGISTERED, .has_id = true, .id = m->id };
        Registration *g = NULL;
        int r;

        r = own_registration(c, &m->enrol.network, &g, why);
        if (r != 0)
                return r;

        remove_registration(t, g);
        tracker_send(t, c, LANE_GOSSIP, &reply);
        return 0;
}

/* --- time --- */

static uint64_t deadline(const Tracker *t, const Registration *g) {
        return g->heard_usec + t->config.ttl_sec * USEC_PER_SEC;
}

void tracker_expire(Tracker *t) {
        while (t->closed && deadline(t, t->closed) <= t->now_usec)
                remove_registration(t, t->closed);
        while (t->alive && deadline(t, t->alive) <= t->now_usec) {
                tracker_log(t, t->alive->contact, LOG_DEBUG, NODE_MSG_NONE, "no heartbeat for a ttl, taking it off the list");
                remove_registration(t, t->alive);
        }
}

void tracker_push(Tracker *t) {
        for (RegistryNetwork *n = registry_network_next(t->registry, NULL); n; n = registry_network_next(t->registry, n)) {
                uint64_t due = registry_push(n)->due_usec;

                if (due != 0 && due <= t->now_usec)
                        push_network(t, n);
        }
}

uint64_t tracker_next_due(Tracker *t) {
        uint64_t next = USEC_INFINITY;

        for (RegistryNetwork *n = registry_network_next(t->registry, NULL); n; n = registry_network_next(t->registry, n))
                if (registry_push(n)->due_usec != 0)
                        next = MIN(next, registry_push(n)->due_usec);
        if (t->alive)
                next = MIN(next, deadline(t, t->alive));
        if (t->closed)
                next = MIN(next, deadline(t, t->closed));
        return next;
}
