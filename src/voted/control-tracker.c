/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "voted/daemon.h"

#define INTERFACE "org.voted.Tracker."

static int on_get_status(VarlinkCall *call, const Json *parameters, void *userdata) {
        Json *status = NULL;
        int r;

        r = control_status(userdata, &status);
        return r < 0 ? r : varlink_reply(call, status, false);
}

static int on_watch(VarlinkCall *call, const Json *parameters, void *userdata) {
        return control_watch(userdata, call);
}

static int on_reload(VarlinkCall *call, const Json *parameters, void *userdata) {
        return control_reload(userdata, call, INTERFACE "BadConfiguration");
}

static int on_get_networks(VarlinkCall *call, const Json *parameters, void *userdata) {
        Daemon *d = userdata;
        Json *networks = NULL, *o;
        bool one = json_has(parameters, "network");
        uint64_t now = 0;
        Id id;
        int r;

        if (one && json_get_id(parameters, "network", &id, NULL) != 0) {
                o = json_new_object();
                json_set_text(o, "parameter", "network");
                return varlink_error(call, "org.varlink.service.InvalidParameter", o);
        }
        (void) sd_event_now(d->event, CLOCK_MONOTONIC, &now);
        r = tracker_networks(d->tracker, now, one ? &id : NULL, &networks);
        if (r < 0)
                return r;
        o = json_new_object();
        json_set(o, "networks", networks);
        return varlink_reply(call, o, false);
}

const VarlinkMethod control_methods_tracker[] = {
        { INTERFACE "GetNetworks", on_get_networks, false },
        { INTERFACE "GetStatus",   on_get_status,   false },
        { INTERFACE "Reload",      on_reload,       true  },
        { INTERFACE "Watch",       on_watch,        false },
        {}
};
