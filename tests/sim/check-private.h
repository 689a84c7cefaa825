/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "blocks.h"
#include "check.h"

/* The parts of the checks among themselves. */

#define HEX(id) id_hex((id), (char[ID_HEX]) {})

/* What is known of a peer's chain. */
typedef struct View {
        unsigned life;
        Id *ids;                /* of its main chain, by height; [0] is the network */
        size_t n, allocated;
        Id durable;             /* tip of the last commit that succeeded */
        uint64_t durable_height;
        uint64_t final;         /* quorum: the highest that it called final */
        Id told;                /* the last block it told anybody to be on its chain */
        uint64_t storm_usec;    /* since when dials are counted */
        unsigned dials[WORLD_HOSTS_MAX];
} View;

struct Checks {
        Blocks blocks;
        View views[WORLD_HOSTS_MAX];
        Id *finals;             /* by height: what was final for some peer; zero: nothing */
        size_t n_finals, allocated_finals;
        /* The last moment at which some honest peers could not talk to each other, by whatever way;
         * and since when all have been able to. */
        uint64_t trouble_usec, linked_usec;
        bool linked;
        struct CheckQuorum *quorum;     /* NULL: another engine */
        uint64_t reorganisations, deepest, frames;
};

static inline Checks* checks_of(const Host *h) {
        return ((Run *) h->world->setup.userdata)->checks;
}

/* check-chain.c */
const KnownBlock* check_tip_of(const Checks *c, unsigned host);         /* NULL: it has no block */
void check_chain(Host *h);              /* what changed on its chain since the last time */
