/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "crypto/hash.h"
#include "voted/limits.h"
#include "world-private.h"

/* Nodes: how they are made, start, stop and crash. */

static unsigned add(World *w, NodeKind kind) {
        unsigned number = (unsigned) w->n_nodes;
        WorldNode *x;
        Id seed;

        if (w->n_nodes == WORLD_NODES_MAX)
                world_die(w, "too many nodes", -E2BIG);
        x = new0(WorldNode, 1);
        if (!x)
                world_die(w, "memory", -ENOMEM);
        x->kind = kind;
        x->genesis = w->setup.genesis;
        (void) snprintf(x->host, sizeof(x->host), "n%u", number);
        hash_bytes(&seed, x->host, strlen(x->host));
        if (secret_key_from_seed(&x->identity, seed.b) < 0)
                world_die(w, "a key", -ENOMEM);
        w->nodes[w->n_nodes++] = x;
        return number;
}

unsigned world_add_tracker(World *w) {
        return add(w, NODE_TRACKER);
}

unsigned world_add_peer(World *w, const WorldPeer *setup) {
        unsigned number = add(w, NODE_PEER);
        WorldNode *x = w->nodes[number];

        x->setup = *setup;
        if (setup->genesis)
                x->genesis = setup->genesis;
        if (store_memory_new(&x->store) < 0)
                world_die(w, "a store", -ENOMEM);
        return number;
}

unsigned world_add_puppet(World *w, world_puppet_fn fn, void *userdata) {
        unsigned number = add(w, NODE_PUPPET);

        w->nodes[number]->puppet = fn;
        w->nodes[number]->userdata = userdata;
        return number;
}

typedef struct Endpoints {
        PeerEndpoint trackers[4], fixed[8];
} Endpoints;

static void endpoint(const World *w, unsigned node, PeerEndpoint *ret) {
        *ret = (PeerEndpoint) { .address = { .port = WORLD_PORT } };
        (void) snprintf(ret->address.host, sizeof(ret->address.host), "%s", w->nodes[node]->host);
}

static void configure(const World *w, const WorldNode *x, Endpoints *e, PeerConfig *ret) {
        for (unsigned i = 0; i < x->setup.n_trackers; i++)
                endpoint(w, x->setup.trackers[i], e->trackers + i);
        for (unsigned i = 0; i < x->setup.n_fixed; i++)
                endpoint(w, x->setup.fixed[i], e->fixed + i);
        *ret = (PeerConfig) {
                .trackers = e->trackers,
                .n_trackers = x->setup.n_trackers,
                .fixed = e->fixed,
                .n_fixed = x->setup.n_fixed,
                .port = WORLD_PORT,
                .announce_host = "",
                .mine = x->setup.hashes_per_sec > 0,
                .links_inbound_max =
                                x->setup.inbound_max ? x->setup.inbound_max : LINKS_INBOUND_MAX,
                .links_outbound_max = x->setup.outbound_max ? x->setup.outbound_max : 8,
                .agent = "voted world",
        };
}

void world_start(World *w, unsigned node) {
        WorldNode *x = w->nodes[node];
        uint64_t seed = prng_u64(&w->prng);
        PeerConfig config;
        Endpoints e = {};
        int r = 0;

        x->running = true;
        x->generation++;
        switch (x->kind) {

        case NODE_TRACKER:
                r = tracker_new(&x->tracker,
                                &(TrackerConfig) { .ttl_sec = TRACKER_TTL_SEC,
                                                .links_max = 1000,
                                                .networks_max = 16,
                                                .agent = "voted world" },
                                seed);
                break;

        case NODE_PEER:
                configure(w, x, &e, &config);
                r = peer_new(&x->peer,
                                &(PeerSetup) { .genesis = x->genesis,
                                                .store = x->store,
                                                .identity = x->identity,
                                                .seed = seed,
                                                .config = &config,
                                                .remembered = x->remembered,
                                                .n_remembered = x->n_remembered });
                break;

        case NODE_PUPPET:
                break;
        }
        if (r < 0)
                world_die(w, "a start", r);
        world_feed(w, node, &(NodeEvent) { .type = NODE_EV_START });
}

static void end(World *w, unsigned node) {
        WorldNode *x = w->nodes[node];

        wire_drop_node(w, node);
        x->running = false;
        x->peer = peer_free(x->peer);
        x->tracker = tracker_free(x->tracker);
        if (x->store)
                store_memory_crash(x->store);
}

void world_stop(World *w, unsigned node) {
        world_feed(w, node, &(NodeEvent) { .type = NODE_EV_STOP });
        end(w, node);
}

void world_crash(World *w, unsigned node) {
        end(w, node);
}

bool world_runs(const World *w, unsigned node) {
        return w->nodes[node]->running;
}

void world_reload(World *w, unsigned node, const WorldPeer *setup) {
        WorldNode *x = w->nodes[node];
        PeerConfig config;
        Endpoints e = {};

        x->setup = *setup;
        configure(w, x, &e, &config);
        world_feed(w, node, &(NodeEvent) { .type = NODE_EV_RELOAD, .config = &config });
}

void world_fail_commits(World *w, unsigned node, int error) {
        w->nodes[node]->commit_error = error;
}

Peer* world_peer(World *w, unsigned node) {
        return w->nodes[node]->peer;
}

Tracker* world_tracker(World *w, unsigned node) {
        return w->nodes[node]->tracker;
}

Store* world_store(World *w, unsigned node) {
        return w->nodes[node]->store;
}

const Key* world_key(const World *w, unsigned node) {
        return secret_key_public(w->nodes[node]->identity);
}

size_t world_n(const World *w) {
        return w->n_nodes;
}
