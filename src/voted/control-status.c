/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>
#include <stdio.h>

#include "voted/daemon.h"

/* What both roles' control methods have in common: the status, its watchers, the reload. */

static void set_common(Daemon *d, Json *o) {
        json_set_text(o, "role", d->options.role == ROLE_PEER ? "peer" : "tracker");
        json_set_text(o, "instance", d->name);
        json_set_text(o, "version", PACKAGE_VERSION);
        json_set_key(o, "key", secret_key_public(d->identity));
        json_set_text(o, "listen", d->listen);
}

static void set_missing_int(Json *o, const char *key) {
        if (!json_has(o, key))
                json_set_int(o, key, 0);
}

/* A peer that waits for a network answers with the same shape. */
static void set_waiting(Json *o) {
        json_set_text(o, "problem", "waiting for a network: as root, votectl network join FILE");
        json_set_text(o, "status", "waiting for a network");
        json_set_bool(o, "mining", false);
        json_set_bool(o, "late_votes_may_be_lost", false);
        json_set(o, "trackers", json_new_array());
}

/* Before what the node says, which may only follow from it. */
static void add_problem(Json *o, const char *problem) {
        _cleanup_free_ char *both = NULL;
        const char *other;

        if (json_get_text(o, "problem", 1, SIZE_MAX, &other, NULL) == 0 && asprintf(&both, "%s. Besides: %s", problem, other) < 0)
                both = NULL;
        json_set_text(o, "problem", both ? both : problem);
}

static void set_peer(Daemon *d, Json *o) {
        json_set_id(o, "network", &d->genesis->network);
        json_set_text(o, "network_name", d->genesis->name);
        json_set_int(o, "tip_time", (int64_t) chain_tip(peer_chain(d->peer))->time);
        json_set_text(o, "status", peer_status_line(d->peer));
        json_set_bool(o, "mining", shell_is_mining(d->shell));
        if (shell_miner(d->shell) && miner_rate(shell_miner(d->shell)) > 0)
                json_set_int(o, "mining_rate", (int64_t) miner_rate(shell_miner(d->shell)));
        json_set_bool(o, "late_votes_may_be_lost", d->genesis->late_votes_may_be_lost);
        if (d->record_problem)
                add_problem(o, d->record_problem);
        if (d->set_aside && !json_has(o, "problem")) {
                char text[512];

                (void) snprintf(text, sizeof(text), "a damaged ledger was set aside as %s at this start; it is fetched anew from other peers, or votectl import FILE", d->set_aside);
                json_set_text(o, "problem", text);
        }
}

int control_status(Daemon *d, Json **ret) {
        _cleanup_json_ Json *o = NULL;
        uint64_t now = 0;
        int r;

        (void) sd_event_now(d->event, CLOCK_MONOTONIC, &now);
        if (d->peer)
                r = peer_status(d->peer, now, &o);
        else if (d->tracker)
                r = tracker_status(d->tracker, &o);
        else {
                o = json_new_object();
                r = o ? 0 : -ENOMEM;
        }
        if (r < 0)
                return r;

        set_common(d, o);
        if (d->options.role == ROLE_PEER) {
                static const char *const ints[] = { "height", "final", "tip_time", "confirmations", "links", "pool_entries", "pool_bytes" };

                if (d->peer)
                        set_peer(d, o);
                else
                        set_waiting(o);
                for (size_t i = 0; i < ELEMENTSOF(ints); i++)
                        set_missing_int(o, ints[i]);
        } else {
                json_set_text(o, "status", tracker_status_line(d->tracker));
                json_set_int(o, "ttl_sec", d->config->ttl_sec);
        }

        *ret = TAKE_PTR(o);
        return 0;
}

static int send_status(Daemon *d, VarlinkCall *call, bool more) {
        Json *status = NULL, *o;
        int r;

        r = control_status(d, &status);
        if (r < 0)
                return r;
        o = json_new_object();
        json_set(o, "status", status);
        return varlink_reply(call, o, more);
}

static void watcher_gone(VarlinkCall *call, void *userdata) {
        Daemon *d = userdata;

        for (size_t i = 0; i < d->n_watchers; i++)
                if (d->watchers[i] == call) {
                        d->watchers[i] = d->watchers[--d->n_watchers];
                        (void) varlink_call_unref(call);
                        return;
                }
}

int control_watch(Daemon *d, VarlinkCall *call) {
        VarlinkCall **grown;

        if (!varlink_call_wants_more(call))
                return send_status(d, call, false);

        grown = reallocarray(d->watchers, d->n_watchers + 1, sizeof(VarlinkCall *));
        if (!grown)
                return -ENOMEM;
        d->watchers = grown;
        d->watchers[d->n_watchers++] = varlink_call_ref(call);
        varlink_call_on_gone(call, watcher_gone, d);
        return send_status(d, call, true);
}

void control_notify_watchers(Daemon *d) {
        for (size_t i = 0; i < d->n_watchers; i++)
                (void) send_status(d, d->watchers[i], true);
}

int control_reload(Daemon *d, VarlinkCall *call, const char *error_bad_configuration) {
        const char *restart[8];
        Json *o, *names;
        size_t n = 0;
        Why why;
        int r;

        r = daemon_reload(d, restart, ELEMENTSOF(restart), &n, &why);
        if (r != 0)
                return varlink_error_text(call, error_bad_configuration, "%s; the old configuration stays in force", why.text);

        names = json_new_array();
        for (size_t i = 0; i < n; i++)
                json_add_text(names, restart[i]);
        o = json_new_object();
        json_set(o, "restart_needed", names);
        return varlink_reply(call, o, false);
}
