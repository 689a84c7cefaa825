/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/why.h"
#include "node/config.h"

/* The configuration of a node (voted.conf(5)): NAME.conf and NAME.conf.d/ *.conf in /etc, /run and /usr/lib. */
typedef enum Role {
        ROLE_TRACKER,
        ROLE_PEER,
} Role;

#define ENDPOINTS_MAX 64

typedef struct Config {
        Role role;
        /* [Node] */
        int log_level;
        /* [Listen] */
        char *listen_host;
        unsigned listen_port;
        /* [Tracker] */
        unsigned ttl_sec;
        bool allow_host;
        /* [Peer] */
        bool has_network;
        Id network;
        char *announce_host;
        PeerEndpoint trackers[ENDPOINTS_MAX], fixed[ENDPOINTS_MAX];
        size_t n_trackers, n_fixed;
        bool trackers_named;
        /* [Mining] */
        bool mine;
        unsigned mining_threads;        /* 0: as many as there are cores */
        /* [Limits] */
        unsigned links_inbound_max, links_outbound_max, networks_max;
} Config;

typedef struct ConfigPaths {
        const char *file;               /* --config: this file alone, which must exist; NULL: by name */
        const char *name;               /* "tracker", "peer", or the instance */
        const char *etc, *run, *lib;    /* folders; NULL: those of the installation */
} ConfigPaths;

/* 0; V_FORM with why: file, line, key, what was expected, what came; -errno with why. */
_must_check_ int config_load(Config **ret, Role role, const ConfigPaths *paths, Why *why);
Config* config_free(Config *c);
DEFINE_CLEANUP(Config*, config_free)
/* One setting, as the command line overrides it: 0 or V_FORM with why. */
_must_check_ int config_set(Config *c, const char *section, const char *key, const char *value, Why *why);
/* The settings that differ and that only a restart applies: their names in ret (at most n). */
size_t config_needs_restart(const Config *before, const Config *after, const char **ret, size_t n);
/* For the test that holds example files and man page against the table: the i-th setting of a role. */
bool config_item_at(Role role, size_t i, const char **ret_section, const char **ret_key, const char **ret_default);
