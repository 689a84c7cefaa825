/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "node/tracker-private.h"

int tracker_status(Tracker *t, Json **ret) {
        _cleanup_json_ Json *o = json_new_object();

        if (!o)
                return -ENOMEM;

        json_set_text(o, "agent", t->config.agent);
        json_set_int(o, "links", HASH_COUNT(t->contacts));
        json_set_int(o, "networks", (int64_t) registry_networks(t->registry));
        json_set_int(o, "peers", (int64_t) registry_count(t->registry));
        *ret = TAKE_PTR(o);
        return 0;
}

static int64_t seconds_since(uint64_t then_usec, uint64_t now_usec) {
        return now_usec > then_usec ? (int64_t) ((now_usec - then_usec) / USEC_PER_SEC) : 0;
}

static Json* describe_peer(const Registration *g, uint64_t now_usec) {
        bool bracket = strchr(g->host, ':');
        char address[HOST_BYTES_MAX + 16];
        Json *o = json_new_object();

        (void) snprintf(address, sizeof(address), "%s%s%s:%u", bracket ? "[" : "", g->host, bracket ? "]" : "", g->port);
        json_set_text(o, "address", address);
        json_set_key(o, "key", &g->key);
        json_set_int(o, "since_sec", seconds_since(g->since_usec, now_usec));
        json_set_int(o, "heard_sec", seconds_since(g->heard_usec, now_usec));
        return o;
}

static Json* describe_network(RegistryNetwork *n, uint64_t now_usec) {
        Json *o = json_new_object(), *peers = json_new_array();

        for (size_t i = 0; i < registry_peers(n); i++)
                json_add(peers, describe_peer(registry_peer_at(n, i), now_usec));
        json_set_id(o, "network", registry_network_id(n));
        json_set_int(o, "version", (int64_t) registry_version(n));
        json_set(o, "peers", peers);
        return o;
}

int tracker_networks(Tracker *t, uint64_t now_usec, const Id *network, Json **ret) {
        RegistryNetwork *n = network ? registry_network(t->registry, network) : registry_network_next(t->registry, NULL);
        Json *a = json_new_array();

        if (!a)
                return -ENOMEM;

        for (; n; n = network ? NULL : registry_network_next(t->registry, n))
                json_add(a, describe_network(n, now_usec));
        *ret = a;
        return 0;
}

const char* tracker_status_line(Tracker *t) {
        size_t peers = registry_count(t->registry), networks = registry_networks(t->registry);
        unsigned links = HASH_COUNT(t->contacts);

        (void) snprintf(t->status, sizeof(t->status), "%zu %s of %zu %s, %u %s", peers, peers == 1 ? "peer" : "peers", networks,
                        networks == 1 ? "network" : "networks", links, links == 1 ? "link" : "links");
        return t->status;
}
