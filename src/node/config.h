/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "node/event.h"

/* What a node is told by its configuration; handed in at its making and again with NODE_EV_RELOAD. */
typedef struct PeerEndpoint {
        NodeAddress address;
        Key key;                /* expected identity; zero: any */
} PeerEndpoint;

typedef struct PeerConfig {
        const PeerEndpoint *trackers;   /* Tracker=, in order */
        size_t n_trackers;
        const PeerEndpoint *fixed;      /* Connect= */
        size_t n_fixed;
        uint16_t port;                  /* what we listen on (the real one, known before the start) */
        const char *announce_host;      /* "" : the tracker uses the observed address */
        bool mine;                      /* [Mining] Enable= */
        unsigned links_inbound_max, links_outbound_max;
        const char *agent;              /* "voted 1.0" */
} PeerConfig;

typedef struct TrackerConfig {
        unsigned ttl_sec;
        unsigned links_max, networks_max;
        bool allow_host;                /* believe `host` in register */
        const char *agent;
} TrackerConfig;
