/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire-private.h"

/* How connections begin, and what ends them all at once: hosts that go down, bans, blocked ways. */

#define REFUSED_USEC    (10 * USEC_PER_MSEC)

/* --- beginning --- */

static void dial_failed(World *w, Wire *x, const char *text) {
        Host *h = wire_host(w, x, 0);
        uint64_t dial = x->dial;

        wire_free(w, x);
        if (h)
                host_event(h, &(NodeEvent) { .type = NODE_EV_DIAL_FAILED, .dial = dial, .text = text,
                                .error = -ECONNREFUSED });
}

static void address_of(const Host *h, uint16_t port, NodeAddress *ret) {
        *ret = (NodeAddress) { .port = port };
        (void) snprintf(ret->host, sizeof(ret->host), "%s", h->address);
}

static void on_handshake(World *w, uint64_t link, uint64_t b) {
        unsigned side = 0;
        Wire *x = wire_of(w, link, &side);
        Host *a, *z;
        NodeEvent ev = { .type = NODE_EV_LINK_UP };

        (void) b;
        if (!x)
                return;
        a = wire_host(w, x, 0);
        z = wire_host(w, x, 1);
        if (!a) {
                wire_free(w, x);
                return;
        }
        if (!z || wire_is_blocked(w, x->host[0], x->host[1]) || wire_is_blocked(w, x->host[1], x->host[0])) {
                dial_failed(w, x, "connection timed out");
                return;
        }
        if (!key_is_zero(&x->expected) && !key_equal(&x->expected, &z->key)) {
                dial_failed(w, x, "it proved another key than expected");
                return;
        }
        if (host_bans(z, &a->key, a->address) || host_bans(a, &z->key, z->address)) {
                dial_failed(w, x, "connection reset");
                return;
        }

        world_note(w, "up", x->host[0], x->host[1], NULL, 0);
        x->up[0] = x->up[1] = true;
        ev.link = LINK(x, 1);
        ev.inbound = true;
        ev.key = a->key;
        address_of(a, (uint16_t) (30000 + x->number % 30000), &ev.address);
        host_event(z, &ev);

        x = wire_of(w, link, &side);
        if (!x || !(a = wire_host(w, x, 0)))
                return;
        ev = (NodeEvent) { .type = NODE_EV_LINK_UP, .link = LINK(x, 0), .dial = x->dial, .key = z->key };
        address_of(z, z->port, &ev.address);
        host_event(a, &ev);
}

static void on_unreachable(World *w, uint64_t link, uint64_t b) {
        unsigned side = 0;
        Wire *x = wire_of(w, link, &side);

        if (x)
                dial_failed(w, x, b == 0 ? "connection refused" : "connection timed out");
}

static Wire* wire_new(World *w, Host *h, uint64_t token) {
        Wire *x = new0(Wire, 1);

        if (w->n_wires == w->allocated_wires) {
                w->allocated_wires = w->allocated_wires ? 2 * w->allocated_wires : 64;
                w->wires = reallocarray(w->wires, w->allocated_wires, sizeof(Wire *));
        }
        if (!x || !w->wires)
                world_die("wire", -ENOMEM);
        x->number = w->n_wires;
        x->host[0] = x->host[1] = h->number;
        x->life[0] = x->life[1] = h->life;
        x->dial = token;
        w->wires[w->n_wires++] = x;
        return x;
}

void wire_dial(Host *h, uint64_t token, const NodeAddress *address, const Key *expected) {
        World *w = h->world;
        Wire *x = wire_new(w, h, token);
        Host *z = world_host_at(w, address->host, address->port);

        world_note(w, "dial", h->number, z ? z->number : UINT64_MAX, NULL, 0);
        if (!z || !z->up) {
                world_at(w, w->now_usec + REFUSED_USEC + world_below(w, w->setup.latency_usec),
                                "refused", on_unreachable, LINK(x, 0), 0);
                return;
        }
        x->host[1] = z->number;
        x->life[1] = z->life;
        x->expected = *expected;
        if (wire_is_blocked(w, h->number, z->number) || wire_is_blocked(w, z->number, h->number)) {
                world_at(w, w->now_usec + DIAL_USEC_MAX, "timeout", on_unreachable, LINK(x, 0), 1);
                return;
        }
        /* connect, then three messages of the handshake */
        world_at(w, w->now_usec + 3 * wire_latency(w, h->number, z->number) +
                        2 * wire_latency(w, z->number, h->number), "handshake", on_handshake,
                        LINK(x, 0), 0);
}

/* --- hosts and ways --- */

void wires_host_down(Host *h, bool silent) {
        World *w = h->world;

        for (size_t i = 0; i < w->n_wires; i++) {
                Wire *x = w->wires[i];
                uint64_t notice[2] = {};

                if (!x)
                        continue;
                for (unsigned s = 0; s < 2; s++) {
                        if (x->host[s] != h->number || x->life[s] != h->life)
                                continue;
                        /* a reset, or silence until something is sent and nothing comes back */
                        notice[1 - s] = silent ? 10 * USEC_PER_SEC + world_below(w, GIVE_UP_USEC)
                                               : 1 + world_below(w, w->setup.latency_usec);
                        if (x->up[0] || x->up[1])
                                wire_break(w, x, notice[0], notice[1]);
                }
        }
}

void wires_ban(Host *h) {
        World *w = h->world;

        for (size_t i = 0; i < w->n_wires; i++) {
                Wire *x = w->wires[i];

                for (unsigned s = 0; x && s < 2; s++)
                        if (x->host[s] == h->number && x->life[s] == h->life && x->up[s] &&
                                        host_bans(h, &w->hosts[x->host[1 - s]]->key,
                                                        w->hosts[x->host[1 - s]]->address))
                                wire_close(h, LINK(x, s), "banned");
        }
}

void world_block(World *w, unsigned from, unsigned to, bool blocked) {
        w->blocked[from][to] = blocked;
}
