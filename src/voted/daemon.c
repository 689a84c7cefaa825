/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "codec/hex.h"
#include "crypto/random.h"
#include "voted/daemon.h"
#include "voted/journal-sink.h"
#include "voted/journal.h"
#include "voted/limits.h"
#include "voted/sockets.h"

#define AGENT PACKAGE_NAME " " PACKAGE_VERSION
#define STATUS_USEC (500 * USEC_PER_MSEC)

/* --- status: kept true, but not written a thousand times a second --- */

static void status_write(Daemon *d) {
        const char *text = d->peer    ? peer_status_line(d->peer) :
                           d->tracker ? tracker_status_line(d->tracker) :
                                        "waiting for a network (votectl network join FILE)";

        d->status_changed = false;
        (void) sd_notifyf(false, "STATUS=%s", text);
        control_notify_watchers(d);
        control_retry_queries(d);
}

static int on_status_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Daemon *d = ASSERT_PTR(userdata);

        if (d->status_changed)
                status_write(d);
        return 0;
}

void daemon_changed(Daemon *d) {
        int enabled = SD_EVENT_OFF;

        d->status_changed = true;
        if (sd_event_source_get_enabled(d->status_timer, &enabled) < 0 || enabled != SD_EVENT_OFF)
                return;         /* it is due soon already */
        (void) sd_event_source_set_time_relative(d->status_timer, STATUS_USEC);
        (void) sd_event_source_set_enabled(d->status_timer, SD_EVENT_ONESHOT);
}

void daemon_fail(Daemon *d, int error) {
        if (d->exit_error == 0)
                d->exit_error = error;
        (void) sd_event_exit(d->event, 1);
}

/* --- what the shell hands up --- */

static void on_reply(void *userdata, void *who, NodeEffect *fx) {
        control_on_reply(userdata, who, fx);
}

static void on_changed(void *userdata) {
        daemon_changed(userdata);
}

static void on_fatal(void *userdata, int error) {
        daemon_fail(userdata, error);
}

static int step_peer(void *machine, const NodeEvent *ev, NodeEffects *ret) {
        return peer_step(machine, ev, ret);
}

static int step_tracker(void *machine, const NodeEvent *ev, NodeEffects *ret) {
        return tracker_step(machine, ev, ret);
}

/* --- configuration as the machines see it --- */

static PeerConfig peer_config(const Daemon *d) {
        const Config *c = d->config;

        return (PeerConfig) {
                .trackers = c->trackers,
                .n_trackers = c->n_trackers,
                .fixed = c->fixed,
                .n_fixed = c->n_fixed,
                .port = d->port,
                .announce_host = c->announce_host,
                .mine = c->mine,
                .links_inbound_max = c->links_inbound_max,
                .links_outbound_max = c->links_outbound_max,
                .agent = AGENT,
        };
}

static TrackerConfig tracker_config(const Daemon *d) {
        const Config *c = d->config;

        return (TrackerConfig) {
                .ttl_sec = c->ttl_sec,
                .links_max = c->links_inbound_max,
                .networks_max = c->networks_max,
                .allow_host = c->allow_host,
                .agent = AGENT,
        };
}

static NetHostSettings net_settings(const Daemon *d) {
        NetHostSettings s = { .inbound_max = d->config->links_inbound_max };

        if (d->options.role == ROLE_PEER) {
                s.frame_max = d->genesis->limits.block_bytes + FRAME_EXTRA_BYTES;
                return s;
        }

        /* many links, each of which says little: what they may hold is less, and the peers of a site come from one address */
        s.frame_max = TRACKER_FRAME_BYTES_MAX;
        s.lane_max[NET_LANE_SYNC] = s.lane_max[NET_LANE_GOSSIP] = 1U << 20;
        s.queued_max = 128U << 20;
        s.held_max = 64U << 20;
        s.per_address_max = MIN(256U, d->config->links_inbound_max);
        s.per_net_max = MIN(2048U, d->config->links_inbound_max);
        return s;
}

static int update_miner(Daemon *d) {
        Miner *m = NULL;
        int r;

        if (!d->peer || !streq(d->genesis->engine->name, "pow"))
                return 0;
        if (d->config->mine) {
                r = miner_new(&m, d->event, d->config->mining_threads, shell_miner_found, d->shell);
                if (r < 0)
                        return r;
        }
        shell_set_miner(d->shell, m);
        return 0;
}

/* --- starting the machine --- */

static int open_shell(Daemon *d, Why *why) {
        NetHostSettings settings = net_settings(d);
        int r;

        r = shell_new(&d->shell, &(ShellSetup) {
                        .event = d->event,
                        .step = d->options.role == ROLE_PEER ? step_peer : step_tracker,
                        .identity = d->identity,
                        .store = d->store,
                        .settings = &settings,
                        .workers = d->workers,
                        .on_reply = on_reply,
                        .on_changed = on_changed,
                        .on_fatal = on_fatal,
                        .userdata = d,
        });
        if (r < 0)
                return r;
        return sockets_listen(d, why);
}

static int open_store(Daemon *d, Why *why) {
        int r;

        r = store_sqlite_open(&d->store, d->state_dir, why);
        if (r != -EUCLEAN)
                return r;

        r = store_sqlite_set_aside(d->state_dir, now_realtime_sec(), &d->set_aside);
        if (r < 0) {
                (void) why_set(why, V_UNKNOWN, "the ledger in %s is damaged, and setting it aside failed: %s", d->state_dir, strerror(-r));
                return r;
        }
        (void) log_full(LOG_ERR, 0, (LogField[]) { { "MESSAGE_ID", VOTED_MESSAGE_STORE_DAMAGED } }, 1,
                        "The ledger is damaged: set aside as %s; fetching it anew from other peers (or: votectl import FILE).", d->set_aside);
        return store_sqlite_open(&d->store, d->state_dir, why);
}

static int start_peer(Daemon *d, Why *why) {
        _cleanup_buf_ Buf remembered = {};
        PeerConfig config;
        PeerSetup setup;
        int r;

        r = open_store(d, why);
        if (r < 0)
                return r;
        r = authority_open_record(d, why);
        if (r < 0)
                return r;
        r = open_shell(d, why);
        if (r < 0)
                return r;

        r = d->store->ops->meta_get(d->store, "peers", &remembered);
        if (r < 0 && r != -ENODATA)
                return r;
        config = peer_config(d);
        setup = (PeerSetup) {
                .genesis = d->genesis,
                .store = d->store,
                .record = d->record,
                .identity = d->identity,
                .seed = random_u64(),
                .config = &config,
                .remembered = remembered.p,
                .n_remembered = remembered.n,
        };
        r = peer_new(&d->peer, &setup);
        if (r == -EUCLEAN && d->record) {       /* is it the record? then the node does without */
                setup.record = NULL;
                r = peer_new(&d->peer, &setup);
                if (r == 0)
                        r = authority_drop_record(d, "authority.db has lines that cannot be");
        }
        if (r < 0) {
                (void) why_set(why, V_UNKNOWN, "cannot read the ledger in %s: %s", d->state_dir,
                                r == -EBADMSG ? "it is of another network than the genesis beside it" : strerror(-r));
                return r;
        }
        chain_set_workers(peer_chain(d->peer), d->workers);
        shell_set_machine(d->shell, d->peer, peer_chain(d->peer));
        shell_set_record(d->shell, d->record);
        r = update_miner(d);
        if (r < 0)
                return r;

        shell_event(d->shell, &(NodeEvent) { .type = NODE_EV_START });
        return 0;
}

static int start_tracker(Daemon *d, Why *why) {
        TrackerConfig config = tracker_config(d);
        int r;

        r = tracker_new(&d->tracker, &config, random_u64());
        if (r < 0)
                return r;
        r = open_shell(d, why);
        if (r < 0)
                return r;
        shell_set_machine(d->shell, d->tracker, NULL);
        shell_event(d->shell, &(NodeEvent) { .type = NODE_EV_START });
        return 0;
}

static int check_network(const Daemon *d, const Genesis *g, Why *why) {
        char named[ID_HEX], is[ID_HEX];

        if (!d->config->has_network || id_equal(&d->config->network, &g->network))
                return 0;
        return why_set(why, V_NETWORK, "[Peer] Network= names the network %s, and this is %s", id_hex(&d->config->network, named), id_hex(&g->network, is));
}

static int load_genesis(Daemon *d, Why *why) {
        _cleanup_free_ char *path = NULL;
        _cleanup_buf_ Buf text = {};
        int r;

        path = path_join(d->state_dir, "genesis");
        if (!path)
                return -ENOMEM;
        r = read_file(path, GENESIS_BYTES_MAX, &text);
        if (r == -ENOENT)
                return 0;       /* a peer without a network */
        if (r < 0) {
                (void) why_set(why, V_UNKNOWN, "cannot read %s: %s", path, strerror(-r));
                return r;
        }
        if (text.n > 0 && text.p[text.n - 1] == '\n')
                text.n--;
        r = genesis_parse(&d->genesis, text.p, text.n, why);
        if (r > 0)
                return why_prefix(why, r, "%s", path);
        return r < 0 ? r : check_network(d, d->genesis, why);
}

int daemon_join(Daemon *d, const char *line, size_t n, Why *why) {
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_free_ char *path = NULL, *text = NULL;
        int r;

        if (d->genesis)
                return -EEXIST;
        if (n > 0 && line[n - 1] == '\n')
                n--;
        r = genesis_parse(&g, line, n, why);
        if (r == 0)
                r = check_network(d, g, why);
        if (r != 0)
                return r;

        path = path_join(d->state_dir, "genesis");
        if (!path || asprintf(&text, "%s\n", g->line) < 0)
                return -ENOMEM;
        r = write_file_atomic(path, text, strlen(text), 0644);
        if (r < 0) {
                (void) why_set(why, V_UNKNOWN, "cannot write %s: %s", path, strerror(-r));
                return r;
        }

        d->genesis = TAKE_PTR(g);
        r = start_peer(d, why);
        if (r != 0)
                daemon_fail(d, r < 0 ? r : -EINVAL);    /* the genesis is kept: the next start says what is wrong */
        daemon_changed(d);
        return r;
}

static int apply_options(Daemon *d, Config *c, Why *why) {
        const Options *o = &d->options;
        char tracker[300];
        int r = 0;

        if (o->host)
                r = config_set(c, "Listen", "Host", o->host, why);
        if (r == 0 && o->port)
                r = config_set(c, "Listen", "Port", o->port, why);
        if (r == 0 && (o->tracker_host || o->tracker_port)) {
                (void) snprintf(tracker, sizeof(tracker), o->tracker_host && strchr(o->tracker_host, ':') ? "[%s]:%s" : "%s:%s",
                                o->tracker_host ? o->tracker_host : "localhost", o->tracker_port ? o->tracker_port : "8000");
                r = config_set(c, "Peer", "Tracker", "", why);
                if (r == 0)
                        r = config_set(c, "Peer", "Tracker", tracker, why);
        }
        return r > 0 ? why_prefix(why, r, "command line") : r;
}

int daemon_load_config(Daemon *d, Config **ret, Why *why) {
        _cleanup_(config_freep) Config *c = NULL;
        int r;

        r = config_load(&c, d->options.role, &(ConfigPaths) { .file = d->options.config_file, .name = d->name }, why);
        if (r == 0)
                r = apply_options(d, c, why);
        if (r == 0)
                *ret = TAKE_PTR(c);
        return r;
}

int daemon_reload(Daemon *d, const char **ret_restart, size_t n_max, size_t *ret_n, Why *why) {
        Config *c = NULL;
        int r;

        r = daemon_load_config(d, &c, why);
        if (r != 0) {
                (void) log_full(LOG_ERR, 0, (LogField[]) { { "MESSAGE_ID", VOTED_MESSAGE_RELOAD_FAILED } }, 1,
                                "Configuration not reloaded, the old one stays: %s", why->text);
                return r;
        }

        /* A peer that waits for a network has no sockets yet. */
        *ret_n = d->peer || d->tracker ? config_needs_restart(d->started ?: d->config, c, ret_restart, n_max) : 0;
        if ((d->peer || d->tracker) && !d->started)
                d->started = TAKE_PTR(d->config);
        (void) config_free(d->config);
        d->config = c;
        log_set_level(c->log_level);
        if (d->peer) {
                PeerConfig config = peer_config(d);
                NetHostSettings settings = net_settings(d);

                net_host_set_limits(shell_net(d->shell), &settings);
                shell_event(d->shell, &(NodeEvent) { .type = NODE_EV_RELOAD, .config = &config });
                r = update_miner(d);
                if (r < 0)
                        return r;
        } else if (d->tracker) {
                TrackerConfig config = tracker_config(d);

                shell_event(d->shell, &(NodeEvent) { .type = NODE_EV_RELOAD, .config = &config });
        }
        log_info("Configuration reloaded.");
        daemon_changed(d);
        return 0;
}

/* --- all of it --- */

static int on_workers(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Daemon *d = ASSERT_PTR(userdata);

        (void) workers_collect(d->workers, 64);
        return 0;
}

static int open_control(Daemon *d, Why *why) {
        static const char *const texts_peer[] = { interface_text_peer, NULL }, *const texts_tracker[] = { interface_text_tracker, NULL };
        bool peer = d->options.role == ROLE_PEER;
        int r;

        r = varlink_server_new(&d->control, d->event, &(VarlinkSetup) {
                        .product = PACKAGE_NAME,
                        .version = PACKAGE_VERSION,
                        .url = "man:voted(8)",
                        .interface_texts = peer ? texts_peer : texts_tracker,
                        .methods = peer ? control_methods_peer : control_methods_tracker,
                        .userdata = d,
                        .admin_group = "voted-admin",
                        .error_denied = peer ? "org.voted.Peer.NotPermitted" : "org.voted.Tracker.NotPermitted",
                        .error_failed = peer ? "org.voted.Peer.Failed" : "org.voted.Tracker.Failed",
                        .error_busy = peer ? "org.voted.Peer.Busy" : "org.voted.Tracker.Failed",
        });
        return r < 0 ? r : sockets_control(d, why);
}

int daemon_start(Daemon *d, Why *why) {
        sd_event_source *source = NULL;
        int r;

        r = workers_new(&d->workers, 0);
        if (r < 0)
                return r;
        r = sd_event_add_io(d->event, &source, workers_fd(d->workers), EPOLLIN, on_workers, d);
        if (r < 0)
                return r;
        (void) sd_event_source_set_floating(source, true);
        (void) sd_event_source_unref(source);
        r = sd_event_add_time(d->event, &d->status_timer, CLOCK_MONOTONIC, 0, STATUS_USEC / 4, on_status_timer, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->status_timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        r = identity_load(&d->identity, d->state_dir, d->name, why);
        if (r != 0)
                return r;
        r = sockets_collect(d, why);
        if (r != 0)
                return r;

        if (d->options.role == ROLE_TRACKER)
                r = start_tracker(d, why);
        else {
                r = load_genesis(d, why);
                if (r == 0 && d->genesis)
                        r = start_peer(d, why);
        }
        if (r != 0)
                return r;
        r = open_control(d, why);
        if (r == 0)
                status_write(d);
        return r;
}

void daemon_done(Daemon *d) {
        bool record_damaged = authority_record_is_damaged(d);           /* the next start says so */
        bool damaged = d->exit_error == -EUCLEAN && !record_damaged;

        for (size_t i = 0; i < d->n_watchers; i++)
                varlink_call_on_gone(d->watchers[i], NULL, NULL);
        d->control = varlink_server_free(d->control);
        for (size_t i = 0; i < d->n_watchers; i++)
                (void) varlink_call_unref(d->watchers[i]);
        free(d->watchers);
        control_drop_queries(d);

        if (d->peer && !damaged && !record_damaged && !shell_has_failed(d->shell) &&
            (!d->record || d->record->ops->commit(d->record) >= 0))
                (void) !chain_commit(peer_chain(d->peer));
        d->shell = shell_free(d->shell);
        d->peer = peer_free(d->peer);
        d->tracker = tracker_free(d->tracker);
        d->record = record_free(d->record);
        d->store = store_free(d->store);
        if (damaged) {
                _cleanup_free_ char *path = NULL;

                if (store_sqlite_set_aside(d->state_dir, now_realtime_sec(), &path) == 0)
                        (void) log_full(LOG_ERR, 0, (LogField[]) { { "MESSAGE_ID", VOTED_MESSAGE_STORE_DAMAGED } }, 1,
                                        "The ledger is damaged: set aside as %s; the next start fetches it anew.", path);
        }
        d->genesis = genesis_free(d->genesis);
        d->identity = secret_key_free(d->identity);
        d->workers = workers_free(d->workers);
        d->config = config_free(d->config);
        d->started = config_free(d->started);
        d->status_timer = sd_event_source_disable_unref(d->status_timer);
        free(d->state_dir);
        free(d->set_aside);
        free(d->record_problem);
        (void) sd_event_unref(d->event);
}
