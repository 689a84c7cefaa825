/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "world-private.h"

#define DIAL_USEC       (10 * USEC_PER_SEC)     /* until a dial into nothing gives up */

static WorldLink* find(World *w, unsigned node, LinkId id, int *ret_end) {
        for (size_t i = 0; i < w->n_links; i++)
                for (int e = 0; e < 2; e++)
                        if (w->links[i]->end[e].id == id && w->links[i]->end[e].node == node) {
                                *ret_end = e;
                                return w->links[i]->end[e].gone ? NULL : w->links[i];
                        }
        return NULL;
}

static void waiting_drop(WorldEnd *end) {
        for (size_t i = 0; i < end->n_waiting; i++)
                free(end->waiting[i].data);
        free(end->waiting);
        end->waiting = NULL;
        end->n_waiting = end->allocated_waiting = 0;
}

static void link_free(WorldLink *l) {
        waiting_drop(l->end);
        waiting_drop(l->end + 1);
        free(l);
}

static void forget_if_gone(World *w, WorldLink *l) {
        if (!l->end[0].gone || !l->end[1].gone)
                return;
        for (size_t i = 0; i < w->n_links; i++)
                if (w->links[i] == l) {
                        memmove(w->links + i, w->links + i + 1,
                                        (w->n_links - i - 1) * sizeof(WorldLink *));
                        w->n_links--;
                        link_free(l);
                        return;
                }
}

static uint64_t delay(World *w) {
        return w->setup.delay_usec +
                        (w->setup.jitter_usec ? prng_below(&w->prng, w->setup.jitter_usec) : 0);
}

static void deliver(World *w, WorldEnd *from, WorldEnd *to, char *data, size_t n, bool swap) {
        uint64_t at = w->now_usec + delay(w);
        Happening h = { .type = HAPPENING_EVENT,
                .node = to->node,
                .generation = w->nodes[to->node]->generation,
                .from = from->node,
                .data = data,
                .ev = { .type = NODE_EV_FRAME, .link = to->id, .n_data = n } };

        if (swap)
                at += prng_below(&w->prng, 4 * (w->setup.delay_usec + w->setup.jitter_usec) + 1);
        else {
                at = MAX(at, to->last_usec);
                to->last_usec = at;
        }
        h.at_usec = at;
        world_add(w, &h);
}

void wire_send(World *w, unsigned node, LinkId link, char *data, size_t n) {
        WorldEnd *from, *to;
        WorldLink *l;
        bool fate;
        int e;

        l = find(w, node, link, &e);
        if (!l) {
                free(data);
                return;
        }
        from = l->end + e;
        to = l->end + !e;
        w->sent[from->node][to->node] += n;
        world_add(w,
                        &(Happening) { .type = HAPPENING_EVENT,
                                        .at_usec = w->now_usec + w->setup.delay_usec,
                                        .node = node,
                                        .generation = w->nodes[node]->generation,
                                        .ev = { .type = NODE_EV_SENT, .link = link } });

        /* The first frame is hello: a transport that swaps or repeats it is none. */
        fate = from->greeted;
        from->greeted = true;
        if (to->gone || w->cut[from->node][to->node] ||
                        (fate && prng_chance(&w->prng, w->setup.loss))) {
                free(data);
                return;
        }
        if (fate && prng_chance(&w->prng, w->setup.repeat)) {
                char *copy = malloc(n + 1);

                if (!copy)
                        world_die(w, "memory", -ENOMEM);
                memcpy(copy, data, n);
                deliver(w, from, to, copy, n, true);
        }
        deliver(w, from, to, data, n, fate && prng_chance(&w->prng, w->setup.swap));
}

bool wire_takes(World *w, Happening *h) {
        WorldLink *l;
        WorldEnd *end;
        int e;

        l = find(w, h->node, h->ev.link, &e);
        if (!l)
                return false;
        end = l->end + e;
        if (!end->paused) {
                if (w->tap)
                        w->tap(w->tap_userdata, h->from, h->node, h->data, h->ev.n_data);
                return true;
        }
        if (end->n_waiting == end->allocated_waiting) {
                size_t n = end->allocated_waiting ? 2 * end->allocated_waiting : 16;

                end->waiting = reallocarray(end->waiting, n, sizeof(Happening));
                if (!end->waiting)
                        world_die(w, "memory", -ENOMEM);
                end->allocated_waiting = n;
        }
        end->waiting[end->n_waiting++] = *h;
        h->data = NULL;
        return false;
}

void wire_pause(World *w, unsigned node, LinkId link, bool pause) {
        WorldLink *l;
        WorldEnd *end;
        int e;

        l = find(w, node, link, &e);
        if (!l)
                return;
        end = l->end + e;
        end->paused = pause;
        if (pause)
                return;
        for (size_t i = 0; i < end->n_waiting; i++) {
                end->waiting[i].at_usec = w->now_usec;
                world_add(w, end->waiting + i);
        }
        free(end->waiting);
        end->waiting = NULL;
        end->n_waiting = end->allocated_waiting = 0;
}

/* The other side learns of it behind what was sent, unless the line is cut: then it finds silence.
 */
static void tell_other(World *w, WorldLink *l, int e) {
        WorldEnd *other = l->end + !e;

        if (other->gone || w->cut[l->end[e].node][other->node])
                return;
        other->last_usec = MAX(other->last_usec, w->now_usec + delay(w)) + 1;
        world_add(w,
                        &(Happening) { .type = HAPPENING_CLOSE,
                                        .at_usec = other->last_usec,
                                        .node = other->node,
                                        .generation = w->nodes[other->node]->generation,
                                        .ev = { .type = NODE_EV_LINK_DOWN,
                                                        .link = other->id,
                                                        .text = "closed by the other side" } });
}

void wire_close(World *w, unsigned node, LinkId link, const char *reason) {
        WorldLink *l;
        int e;

        (void) reason;
        l = find(w, node, link, &e);
        if (!l)
                return;
        tell_other(w, l, e);
        l->end[e].gone = true;
        waiting_drop(l->end + e);
        world_add(w, &(Happening) { .type = HAPPENING_EVENT, .at_usec = w->now_usec, .node = node,
                        .generation = w->nodes[node]->generation,
                        .ev = { .type = NODE_EV_LINK_DOWN, .link = link, .text = "closed" } });
        forget_if_gone(w, l);
}

void wire_on_close(World *w, const Happening *h) {
        NodeEvent ev = h->ev;
        WorldLink *l;
        int e;

        l = find(w, h->node, h->ev.link, &e);
        if (!l)
                return;
        l->end[e].gone = true;
        forget_if_gone(w, l);
        world_feed(w, h->node, &ev);
}

void wire_drop_node(World *w, unsigned node) {
        for (size_t i = w->n_links; i > 0; i--) {
                WorldLink *l = w->links[i - 1];

                for (int e = 0; e < 2; e++)
                        if (l->end[e].node == node && !l->end[e].gone) {
                                tell_other(w, l, e);
                                l->end[e].gone = true;
                        }
                forget_if_gone(w, l);
        }
}

/* --- dialling --- */

void wire_dial(World *w, unsigned node, const NodeAddress *address, const Key *expected,
                uint64_t dial) {
        Happening h = { .type = HAPPENING_DIAL,
                .at_usec = w->now_usec + 2 * delay(w),
                .node = node,
                .from = UINT32_MAX,
                .generation = w->nodes[node]->generation,
                .ev = { .dial = dial, .key = *expected } };

        for (unsigned i = 0; i < w->n_nodes; i++)
                if (streq(w->nodes[i]->host, address->host) && address->port == WORLD_PORT)
                        h.from = i;
        world_add(w, &h);
}

static void dial_failed(World *w, const Happening *h, uint64_t usec, const char *text) {
        world_add(w,
                        &(Happening) { .type = HAPPENING_EVENT,
                                        .at_usec = w->now_usec + usec,
                                        .node = h->node,
                                        .generation = h->generation,
                                        .ev = { .type = NODE_EV_DIAL_FAILED,
                                                        .dial = h->ev.dial,
                                                        .text = text } });
}

static bool is_banned(const World *w, const WorldNode *by, const Key *whom) {
        for (size_t i = 0; i < by->n_bans; i++)
                if (key_equal(&by->bans[i].key, whom) && by->bans[i].until_usec > w->now_usec)
                        return true;
        return false;
}

static void end_up(World *w, const WorldLink *l, int e, uint64_t dial) {
        const WorldEnd *end = l->end + e;
        const WorldNode *other = w->nodes[l->end[!e].node];
        Happening h = { .type = HAPPENING_EVENT,
                .at_usec = w->now_usec,
                .node = end->node,
                .generation = w->nodes[end->node]->generation,
                .ev = { .type = NODE_EV_LINK_UP,
                                .link = end->id,
                                .inbound = e == 1,
                                .dial = dial,
                                .key = *secret_key_public(other->identity) } };

        (void) snprintf(h.ev.address.host, sizeof(h.ev.address.host), "%s", other->host);
        h.ev.address.port = e == 1 ? 40000 : WORLD_PORT;
        world_add(w, &h);
}

void wire_on_dial(World *w, const Happening *h) {
        const WorldNode *from = w->nodes[h->node], *to;
        WorldLink *l;

        if (h->from == UINT32_MAX || !w->nodes[h->from]->running) {
                dial_failed(w, h, 0, "connection refused");
                return;
        }
        to = w->nodes[h->from];
        if (w->cut[h->node][h->from] || w->cut[h->from][h->node]) {
                dial_failed(w, h, DIAL_USEC, "timed out");
                return;
        }
        if (!key_is_zero(&h->ev.key) && !key_equal(&h->ev.key, secret_key_public(to->identity))) {
                dial_failed(w, h, 0, "another key than was expected");
                return;
        }
        if (is_banned(w, to, secret_key_public(from->identity))) {
                dial_failed(w, h, 0, "connection reset");
                return;
        }

        l = new0(WorldLink, 1);
        if (!l)
                world_die(w, "memory", -ENOMEM);
        l->end[0] = (WorldEnd) { .id = ++w->n_links_made, .node = h->node };
        l->end[1] = (WorldEnd) { .id = ++w->n_links_made, .node = h->from };
        if (w->n_links == w->allocated_links) {
                w->allocated_links = w->allocated_links ? 2 * w->allocated_links : 16;
                w->links = reallocarray(w->links, w->allocated_links, sizeof(WorldLink *));
                if (!w->links)
                        world_die(w, "memory", -ENOMEM);
        }
        w->links[w->n_links++] = l;
        end_up(w, l, 1, 0);
        end_up(w, l, 0, h->ev.dial);
}

void wire_done(World *w) {
        for (size_t i = 0; i < w->n_links; i++)
                link_free(w->links[i]);
        free(w->links);
}

/* --- for tests --- */

void world_send(World *w, unsigned node, LinkId link, const char *data, size_t n) {
        char *copy = malloc(n + 1);

        if (!copy)
                world_die(w, "memory", -ENOMEM);
        memcpy(copy, data, n);
        wire_send(w, node, link, copy, n);
}

void world_dial(World *w, unsigned node, unsigned to, uint64_t dial) {
        NodeAddress address = { .port = WORLD_PORT };

        (void) snprintf(address.host, sizeof(address.host), "%s", w->nodes[to]->host);
        wire_dial(w, node, &address, &(Key) {}, dial);
}

void world_close(World *w, unsigned node, LinkId link) {
        wire_close(w, node, link, "closed by the test");
}

void world_cut(World *w, unsigned a, unsigned b, bool cut) {
        w->cut[a][b] = cut;
}

void world_partition(World *w, uint64_t side, bool cut) {
        for (unsigned a = 0; a < w->n_nodes; a++)
                for (unsigned b = 0; b < w->n_nodes; b++)
                        if ((side >> (a % 64) & 1) != (side >> (b % 64) & 1))
                                w->cut[a][b] = cut;
}

uint64_t world_sent_bytes(const World *w, unsigned from, unsigned to) {
        return w->sent[from][to];
}

bool world_banned(const World *w, unsigned node, unsigned whom) {
        return is_banned(w, w->nodes[node], secret_key_public(w->nodes[whom]->identity));
}

bool world_is_paused(World *w, unsigned node, unsigned from) {
        for (size_t i = 0; i < w->n_links; i++)
                for (int e = 0; e < 2; e++) {
                        const WorldEnd *end = w->links[i]->end + e, *other = w->links[i]->end + !e;

                        if (end->node == node && other->node == from && !end->gone && end->paused)
                                return true;
                }
        return false;
}
