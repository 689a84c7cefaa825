/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "voted/daemon.h"

#define INTERFACE "org.voted.Peer."

/* What the operator of an authority says to its node, and what the node has against authorities. */

/* The members of the status that tell how things are now. */
static int reply_state(Daemon *d, VarlinkCall *call, const char *set_aside) {
        _cleanup_json_ Json *status = NULL;
        const char *note = NULL;
        bool signing = false;
        int64_t number = 0;
        Json *o;
        int r;

        r = control_status(d, &status);
        if (r < 0)
                return r;
        (void) !json_get_int(status, "authority", 0, INT64_MAX, &number, NULL);
        (void) !json_get_bool(status, "signing", &signing, NULL);
        if (json_has(status, "note"))
                (void) !json_get_text(status, "note", 0, SIZE_MAX, &note, NULL);
        o = json_new_object();
        json_set_int(o, "authority", number);
        json_set_text(o, "note", note);
        json_set_bool(o, "signing", signing);
        json_set_text(o, "set_aside", set_aside);
        return varlink_reply(call, o, false);
}

/* 1: it was answered, for there is no authority here. */
static int refuse_others(Daemon *d, VarlinkCall *call) {
        _cleanup_json_ Json *status = NULL;
        int r;

        if (!d->peer)
                r = varlink_error_text(call, INTERFACE "NoNetwork",
                                "this peer has no network yet: as root, votectl network join FILE, with the genesis that its founder sent");
        else if ((r = control_status(d, &status)) < 0)
                return r;
        else if (!json_has(status, "authorities"))
                r = varlink_error_text(call, INTERFACE "NotAuthority", "the network \"%s\" has the engine \"%s\", which knows no authorities",
                                d->genesis->name, d->genesis->engine->name);
        else if (!json_has(status, "authority"))
                r = varlink_error_text(call, INTERFACE "NotAuthority",
                                "the genesis of the network \"%s\" does not name this node's key (votectl authority key) as an authority: it "
                                "follows, checks and relays, and has nothing to sign", d->genesis->name);
        else
                return 0;
        return r < 0 ? r : 1;
}

int control_init_authority(VarlinkCall *call, const Json *parameters, void *userdata) {
        Daemon *d = userdata;
        Why why = {};
        int r;

        r = refuse_others(d, call);
        if (r != 0)
                return MIN(r, 0);
        r = authority_init(d, &why);
        if (r > 0)
                return varlink_error_text(call, INTERFACE "RecordExists", "%s", why.text);
        if (r < 0)
                return varlink_error_text(call, INTERFACE "Failed", "no record was made: %s", *why.text ? why.text : strerror(-r));
        return reply_state(d, call, NULL);
}

int control_resume_authority(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_free_ char *set_aside = NULL;
        Daemon *d = userdata;
        Why why = {};
        int r;

        r = refuse_others(d, call);
        if (r != 0)
                return MIN(r, 0);
        r = authority_resume(d, &set_aside, &why);
        if (r < 0)
                return varlink_error_text(call, INTERFACE "Failed", "it does not resume: %s", *why.text ? why.text : strerror(-r));
        return reply_state(d, call, set_aside);
}

int control_get_evidence(VarlinkCall *call, const Json *parameters, void *userdata) {
        Daemon *d = userdata;
        Json *evidence = NULL, *o;
        int r;

        if (!d->peer)
                return varlink_error_text(call, INTERFACE "NoNetwork",
                                "this peer has no network yet: as root, votectl network join FILE, with the genesis that its founder sent");
        r = peer_evidence(d->peer, &evidence);
        if (r < 0)
                return r == -ENOMEM ? r : varlink_error_text(call, INTERFACE "Failed", "reading the ledger failed: %s", strerror(-r));
        o = json_new_object();
        json_set(o, "evidence", evidence);
        return varlink_reply(call, o, false);
}
