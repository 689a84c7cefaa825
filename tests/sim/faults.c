/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run.h"

/* What goes wrong, and when it is mended: all of it by heal_usec. */

static uint64_t below(Run *r, uint64_t bound) {
        return bound > 0 ? prng_below(&r->prng, bound) : 0;
}

/* A time within which something may be wrong: begins after the first moments, ends by heal_usec. */
static void span(Run *r, uint64_t most_sec, uint64_t *ret_from, uint64_t *ret_to) {
        *ret_from = r->ill_usec + below(r, r->heal_usec - r->ill_usec);
        *ret_to = MIN(*ret_from + 1 + below(r, most_sec * USEC_PER_SEC), r->heal_usec);
}

static unsigned some_peer(Run *r) {
        return r->first_peer + (unsigned) below(r, r->n_peers);
}

/* --- ways --- */

/* a: a bit for each peer of the one side; b: blocked or open. */
static void on_split(World *w, uint64_t a, uint64_t b) {
        const Run *r = w->setup.userdata;

        for (unsigned i = 0; i < r->n_peers; i++)
                for (unsigned k = 0; k < r->n_peers; k++)
                        if ((a >> i & 1) != (a >> k & 1))
                                world_block(w, r->first_peer + i, r->first_peer + k, b != 0);
}

/* a: seeds what is cut: all between groups, or some ways anywhere, or all but those of one in the middle. */
static void on_shape(World *w, uint64_t a, uint64_t b) {
        const Run *r = w->setup.userdata;
        uint64_t shape, group[WORLD_HOSTS_MAX] = {};
        Prng p;

        prng_seed(&p, a);
        shape = prng_below(&p, 3);
        for (unsigned i = 0; i < r->n_peers; i++)
                group[i] = prng_below(&p, shape == 0 ? 4 : r->n_peers);
        for (unsigned i = 0; i < r->n_peers; i++)
                for (unsigned k = 0; k < i; k++) {
                        bool cut = shape == 0 ? group[i] != group[k] : shape == 1 ? prng_below(&p, 3) == 0 : i != group[0] && k != group[0];

                        if (cut) {
                                world_block(w, r->first_peer + i, r->first_peer + k, b != 0);
                                world_block(w, r->first_peer + k, r->first_peer + i, b != 0);
                        }
                }
}

static void plan_partitions(Run *r) {
        uint64_t at = r->ill_usec + below(r, 60 * USEC_PER_SEC);

        /* one after the other, so that mending one leaves no other half mended */
        for (unsigned n = 1 + (unsigned) below(r, 3); n > 0 && at < r->heal_usec; n--) {
                uint64_t sides = 1 + below(r, (UINT64_C(1) << MIN(r->n_peers, 63U)) - 2);
                uint64_t to = MIN(at + 1 + below(r, (5 + 20 * r->interval) * USEC_PER_SEC), r->heal_usec);

                bool shaped = r->options.quorum && below(r, 2) == 0;

                world_at(r->world, at, "split", shaped ? on_shape : on_split, sides, 1);
                world_at(r->world, to, "heal", shaped ? on_shape : on_split, sides, 0);
                at = to + 1 + below(r, 120 * USEC_PER_SEC);
        }
}

/* a: the host; b: bit 0 blocked or open, bit 1 what comes in or what goes out. */
static void on_deaf(World *w, uint64_t a, uint64_t b) {
        for (unsigned i = 0; i < w->n_hosts; i++)
                if (b & 2)
                        world_block(w, i, (unsigned) a, b & 1);
                else
                        world_block(w, (unsigned) a, i, b & 1);
}

static void plan_oneway(Run *r) {
        uint64_t at = r->ill_usec + below(r, 60 * USEC_PER_SEC);

        for (unsigned n = 1 + (unsigned) below(r, 3); n > 0 && at < r->heal_usec; n--) {
                uint64_t to = MIN(at + 1 + below(r, 90 * USEC_PER_SEC), r->heal_usec), way = 2 * below(r, 2);
                unsigned host = some_peer(r);

                world_at(r->world, at, "deaf", on_deaf, host, way | 1);
                world_at(r->world, to, "heal", on_deaf, host, way);
                at = to + 1 + below(r, 60 * USEC_PER_SEC);
        }
}

/* Two faults that block the same ways might leave one open too early, but none blocked for good. */
static void on_all_open(World *w, uint64_t a, uint64_t b) {
        (void) a;
        (void) b;
        memset(w->blocked, 0, sizeof(w->blocked));
}

/* --- hosts --- */

static void on_crash(World *w, uint64_t a, uint64_t b) {
        Host *h = w->hosts[a];

        switch (b) {
        case 0:
                host_crash(h, false);           /* kill -9: the kernel says goodbye */
                return;
        case 1:
                host_crash(h, true);            /* the power goes */
                return;
        case 2:
                host_crash_at(h, CRASH_BEFORE_COMMIT);
                return;
        case 3:
                host_crash_at(h, CRASH_BETWEEN_COMMITS);
                return;
        default:
                host_crash_at(h, CRASH_AFTER_COMMIT);
                return;
        }
}

static void on_stop(World *w, uint64_t a, uint64_t b) {
        (void) b;
        host_stop(w->hosts[a]);
}

static void on_start(World *w, uint64_t a, uint64_t b) {
        (void) b;
        w->hosts[a]->crash_at = CRASH_NEVER;    /* it found nothing to commit */
        host_start(w->hosts[a]);
}

static uint64_t point(Run *r) {
        uint64_t p = below(r, r->options.quorum ? 5 : 4);

        return p == 3 && !r->options.quorum ? 4 : p;    /* without a record there is nothing between */
}

static void on_cut(World *w, uint64_t a, uint64_t b) {
        (void) a;
        (void) b;
        world_cut_power(w);
}

static void plan_crashes(Run *r) {
        unsigned n = 1 + (unsigned) below(r, 2 + r->n_peers);

        for (unsigned i = 0; i < n; i++) {
                unsigned host = some_peer(r);
                uint64_t from, to;

                span(r, below(r, 3) == 0 ? 100 : 10, &from, &to);
                if (below(r, 6) == 0)
                        world_at(r->world, from, "stopping", on_stop, host, 0);
                else
                        world_at(r->world, from, "crashing", on_crash, host, point(r));
                world_at(r->world, to, "starting", on_start, host, 0);
        }
        if (r->options.quorum && below(r, 3) == 0)
                for (unsigned i = 1 + (unsigned) below(r, 2); i > 0; i--)
                        world_at(r->world, r->ill_usec + below(r, r->heal_usec - r->ill_usec - 6 * USEC_PER_SEC), "cut", on_cut, 0, 0);
        for (unsigned i = 0; i < r->n_peers; i++)       /* when one that was stopping has ended */
                world_at(r->world, r->heal_usec + 2 * USEC_PER_SEC, "starting", on_start, r->first_peer + i, 0);
}

static void plan_trackers(Run *r) {
        for (unsigned i = 0; i < r->n_trackers; i++) {
                uint64_t from, to;

                span(r, 200, &from, &to);
                if (below(r, 3) == 0)           /* from the first moment on */
                        from = 0;
                world_at(r->world, from, "crashing", on_crash, i, below(r, 2));
                world_at(r->world, to, "starting", on_start, i, 0);
                world_at(r->world, r->heal_usec, "starting", on_start, i, 0);
        }
}

/* b: what is full. */
static void on_disk(World *w, uint64_t a, uint64_t b) {
        disk_set_full(w->hosts[a]->disk, b);
}

static void plan_disks(Run *r) {
        unsigned n = 1 + (unsigned) below(r, 3);

        for (unsigned i = 0; i < n; i++) {
                unsigned host = some_peer(r);
                uint64_t from, to, what = DISK_FULL_LEDGER | DISK_FULL_RECORD | (below(r, 2) * DISK_FULL_WRITES);

                span(r, 60, &from, &to);
                if (r->options.quorum && below(r, 2) == 0)
                        what = below(r, 2) == 0 ? DISK_FULL_RECORD : DISK_FULL_LEDGER;
                world_at(r->world, from, "full", on_disk, host, what);
                world_at(r->world, to, "room", on_disk, host, 0);
        }
        for (unsigned i = 0; i < r->n_peers; i++)
                world_at(r->world, r->heal_usec, "room", on_disk, r->first_peer + i, 0);
}

/* By now the network is as good as any: what is lost, is lost no more. */
static void on_good_ways(World *w, uint64_t a, uint64_t b) {
        (void) a;
        (void) b;
        w->setup.death_per_million = 0;
        w->setup.starve = 0;
}

static void on_hunger(World *w, uint64_t a, uint64_t b) {
        (void) b;
        w->setup.starve = a;
}

void faults_plan(Run *r) {
        if (run_has(r, FAULT_BIT(PARTITION)))
                plan_partitions(r);
        if (run_has(r, FAULT_BIT(ONEWAY)))
                plan_oneway(r);
        if (run_has(r, FAULT_BIT(CRASH)))
                plan_crashes(r);
        if (run_has(r, FAULT_BIT(TRACKER)))
                plan_trackers(r);
        if (run_has(r, FAULT_BIT(DISK)))
                plan_disks(r);
        if (r->options.starve > 0)
                world_at(r->world, r->ill_usec, "hunger", on_hunger, r->options.starve, 0);
        world_at(r->world, r->heal_usec, "well", on_good_ways, 0, 0);
        world_at(r->world, r->heal_usec + 1, "open", on_all_open, 0, 0);
}
