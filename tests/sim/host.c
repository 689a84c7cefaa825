/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host-private.h"

#include "../unit/ledger/fixture.h"

/* A host: its clocks, its users, its life. */

#define BOOT_USEC (10 * USEC_PER_SEC)   /* what its monotonic clock shows at its start */

/* --- clocks --- */

uint64_t host_usec(const Host *h) {
        return h->world->now_usec - h->boot_usec + BOOT_USEC;
}

uint64_t host_to_world_usec(const Host *h, uint64_t usec) {
        return usec > BOOT_USEC ? usec - BOOT_USEC + h->boot_usec : h->boot_usec;
}

uint64_t host_wall_sec(const Host *h) {
        return (uint64_t) ((int64_t) world_wall_sec(h->world) + h->setup.clock_off_sec);
}

/* --- finding --- */

Host* world_host_of_key(const World *w, const Key *key) {
        for (unsigned i = 0; i < w->n_hosts; i++)
                if (key_equal(&w->hosts[i]->key, key))
                        return w->hosts[i];
        return NULL;
}

Host* world_host_at(const World *w, const char *address, uint16_t port) {
        for (unsigned i = 0; i < w->n_hosts; i++)
                if (streq(w->hosts[i]->address, address) && (port == 0 || w->hosts[i]->port == port))
                        return w->hosts[i];
        return NULL;
}

/* By number, if it still lives the life that b names. */
Host* host_living(World *w, uint64_t a, uint64_t b) {
        Host *h = w->hosts[a];

        return h->up && h->life == b >> 32 ? h : NULL;
}

bool host_bans(const Host *h, const Key *key, const char *address) {
        for (size_t i = 0; i < h->n_bans; i++) {
                const HostBan *b = h->bans + i;

                if (b->until_usec > h->world->now_usec && (key_equal(&b->key, key) ||
                                (b->host[0] && streq(b->host, address))))
                        return true;
        }
        return false;
}

/* --- local users --- */

static uint64_t call(Host *h, NodeEvent *ev, AnswerFn fn, void *userdata) {
        if (!h->up)
                return 0;
        if (h->n_calls == h->allocated_calls) {
                h->allocated_calls = h->allocated_calls ? 2 * h->allocated_calls : 16;
                h->calls = reallocarray(h->calls, h->allocated_calls, sizeof(Call));
                if (!h->calls)
                        world_die("call", -ENOMEM);
        }
        ev->request = ++h->requests;
        h->calls[h->n_calls++] = (Call) { .request = ev->request, .fn = fn, .userdata = userdata };
        host_event(h, ev);
        return ev->request;
}

uint64_t host_submit(Host *h, const char *line, size_t n, AnswerFn fn, void *userdata) {
        return call(h, &(NodeEvent) { .type = NODE_EV_SUBMIT, .data = line, .n_data = n, .uid = 1000 }, fn, userdata);
}

uint64_t host_watch(Host *h, const Id *id, AnswerFn fn, void *userdata) {
        return call(h, &(NodeEvent) { .type = NODE_EV_WATCH, .id = *id, .uid = 1000 }, fn, userdata);
}

void host_cancel(Host *h, uint64_t request) {
        for (size_t i = 0; i < h->n_calls; i++)
                if (h->calls[i].request == request) {
                        h->calls[i] = h->calls[--h->n_calls];
                        host_event(h, &(NodeEvent) { .type = NODE_EV_CANCEL, .request = request });
                        return;
                }
}

/* --- beginning and ending --- */

Host* world_add_host(World *w, const HostSetup *setup) {
        Host *h;
        int r;

        h = new0(Host, 1);
        if (!h || w->n_hosts == WORLD_HOSTS_MAX)
                world_die("host", -ENOMEM);
        h->world = w;
        h->number = w->n_hosts;
        h->setup = *setup;
        h->honest = setup->role != HOST_PUPPET;
        h->identity = fixture_secret(setup->key);
        h->key = *secret_key_public(h->identity);
        (void) snprintf(h->address, sizeof(h->address), "10.%u.0.1", h->number);
        h->port = (uint16_t) (7000 + h->number);
        if (setup->n_fixed > 0) {
                h->fixed = newN(PeerEndpoint, setup->n_fixed);
                if (!h->fixed)
                        world_die("host", -ENOMEM);
                memcpy(h->fixed, setup->fixed, setup->n_fixed * sizeof(PeerEndpoint));
        }
        if (setup->role == HOST_PEER) {
                r = disk_new(&h->disk);
                if (r >= 0 && setup->authority)
                        r = disk_make_record(h->disk);
                if (r < 0)
                        world_die("disk", r);
        }
        if (setup->role == HOST_TRACKER && w->n_trackers < ELEMENTSOF(w->trackers)) {
                PeerEndpoint *e = &w->trackers[w->n_trackers++];

                *e = (PeerEndpoint) { .address.port = h->port };
                (void) snprintf(e->address.host, sizeof(e->address.host), "%s", h->address);
        }
        w->hosts[w->n_hosts++] = h;
        return h;
}

static int start_peer(Host *h) {
        World *w = h->world;
        Store *store = disk_store(h->disk);
        _cleanup_buf_ Buf remembered = {};
        PeerConfig config = {
                .trackers = w->trackers,
                .n_trackers = w->n_trackers,
                .fixed = h->fixed,
                .n_fixed = h->setup.n_fixed,
                .port = h->port,
                .announce_host = "",
                .mine = h->setup.mine,
                .links_inbound_max = 128,
                .links_outbound_max = 8,
                .agent = "voted sim",
        };
        PeerSetup setup = {
                .genesis = w->genesis,
                .store = store,
                .record = disk_record(h->disk),
                .identity = h->identity,
                .seed = prng_u64(&w->prng),
                .config = &config,
        };
        int r;

        r = store->ops->meta_get(store, "peers", &remembered);
        if (r < 0 && r != -ENODATA)
                return r;
        setup.remembered = remembered.p;
        setup.n_remembered = remembered.n;
        return peer_new(&h->peer, &setup);
}

static int start_tracker(Host *h) {
        TrackerConfig config = {
                .ttl_sec = 30,
                .links_max = 1000,
                .networks_max = 16,
                .agent = "voted sim",
        };

        return tracker_new(&h->tracker, &config, prng_u64(&h->world->prng));
}

void host_start(Host *h) {
        World *w = h->world;
        bool starved;
        int r = 0;

        if (h->up)
                return;
        h->life++;
        h->up = true;
        h->carrying = h->turn_armed = h->mining = h->fatal = false;
        h->crash_at = CRASH_NEVER;
        h->boot_usec = h->verify_free_usec = w->now_usec;
        h->wake_usec = USEC_INFINITY;
        h->n_bans = 0;
        world_starve(w);
        if (h->setup.role == HOST_PEER)
                r = start_peer(h);
        else if (h->setup.role == HOST_TRACKER)
                r = start_tracker(h);
        starved = world_eat(w);
        world_note(w, "start", h->number, h->life, NULL, 0);
        if (starved && r == -ENOMEM) {
                host_starved(h);
                return;
        }
        if (r < 0) {
                h->fatal = true;
                world_fail(w, "a node starts again", "host %u does not start: %s", h->number, strerror(-r));
                return;
        }
        if (w->setup.hooks.on_started)
                w->setup.hooks.on_started(h);
        host_event(h, &(NodeEvent) { .type = NODE_EV_START });
}

void host_crash(Host *h, bool silent) {
        World *w = h->world;

        if (!h->up)
                return;
        world_note(w, "crash", h->number, silent, NULL, 0);
        h->up = false;
        h->peer = peer_free(h->peer);
        h->tracker = tracker_free(h->tracker);
        node_effects_done(&h->pending);
        for (size_t i = 0; i < h->n_checkings; i++) {
                for (size_t k = 0; k < h->checkings[i].n_checks; k++)
                        sig_check_done(h->checkings[i].checks + k);
                free(h->checkings[i].checks);
        }
        h->n_checkings = 0;
        if (h->disk)
                disk_crash(h->disk);
        wires_host_down(h, silent);
        if (w->setup.hooks.on_stopped)
                w->setup.hooks.on_stopped(h);
        h->n_calls = 0;
}

static void on_power(World *w, uint64_t a, uint64_t b) {
        (void) b;
        host_start(w->hosts[a]);
}

void world_cut_power(World *w) {
        for (unsigned i = 0; i < w->n_hosts; i++)
                if (w->hosts[i]->setup.role == HOST_PEER) {
                        host_crash(w->hosts[i], true);
                        world_at(w, w->now_usec + 3 * USEC_PER_SEC + world_below(w, 3 * USEC_PER_SEC), "power", on_power, i, 0);
                }
}

void host_starved(Host *h) {
        World *w = h->world;

        host_crash(h, false);
        world_at(w, w->now_usec + USEC_PER_SEC + prng_below(&w->hunger, 3 * USEC_PER_SEC), "again", on_power, h->number, 0);
}

void host_crash_at(Host *h, CrashPoint point) {
        h->crash_at = point;
}

static void on_ended(World *w, uint64_t a, uint64_t b) {
        Host *h = host_living(w, a, b);

        if (h)
                host_crash(h, false);
}

void host_stop(Host *h) {
        if (!h->up)
                return;
        host_event(h, &(NodeEvent) { .type = NODE_EV_STOP });
        world_at(h->world, h->world->now_usec + USEC_PER_SEC, "ended", on_ended, h->number, LIFE(h, 0));
}
