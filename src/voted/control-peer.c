/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/export.h"
#include "voted/daemon.h"
#include "voted/limits.h"

#define INTERFACE "org.voted.Peer."
#define EXPORT_PIECE_BYTES (512U << 10)

static int no_network(VarlinkCall *call) {
        return varlink_error_text(call, INTERFACE "NoNetwork",
                        "this peer has no network yet: as root, votectl network join FILE, with the genesis that its founder sent");
}

/* --- reading: answered from the chain --- */

#define QUERY(method)                                                                           \
        static int on_##method(VarlinkCall *call, const Json *parameters, void *userdata) {     \
                Daemon *d = userdata;                                                           \
                                                                                                \
                return d->peer ? control_query(d, call, INTERFACE #method, parameters)          \
                               : no_network(call);                                              \
        }
QUERY(GetAdmins)
QUERY(GetBlock)
QUERY(GetBoard)
QUERY(GetBoards)
QUERY(GetElection)
QUERY(GetElections)
QUERY(GetEntry)
QUERY(GetGenesis)
QUERY(GetLog)
QUERY(GetPending)
QUERY(GetReceipt)
QUERY(GetResults)
QUERY(GetRolls)
QUERY(GetVoters)

/* --- the node --- */

static int on_get_status(VarlinkCall *call, const Json *parameters, void *userdata) {
        Json *status = NULL;
        int r;

        r = control_status(userdata, &status);
        return r < 0 ? r : varlink_reply(call, status, false);
}

static int on_watch(VarlinkCall *call, const Json *parameters, void *userdata) {
        return control_watch(userdata, call);
}

/* The machine knows links by number; what a link has carried is the network's to say. */
static void add_bytes(Daemon *d, Json *links) {
        for (size_t i = 0; i < json_len(links); i++) {
                Json *o = (Json *) json_at(links, i);
                NetLinkInfo info;
                int64_t link = 0;

                if (json_get_int(o, "link", 0, INT64_MAX, &link, NULL) != 0 ||
                    net_host_link_info(shell_net(d->shell), (uint64_t) link, &info) < 0)
                        continue;
                json_set_int(o, "sent_bytes", (int64_t) info.sent_bytes);
                json_set_int(o, "received_bytes", (int64_t) info.received_bytes);
        }
}

static int on_get_peers(VarlinkCall *call, const Json *parameters, void *userdata) {
        Daemon *d = userdata;
        Json *links = NULL, *o;
        int r;

        if (!d->peer)
                return no_network(call);
        r = peer_links(d->peer, &links);
        if (r < 0)
                return r;
        add_bytes(d, links);
        o = json_new_object();
        json_set(o, "peers", links);
        return varlink_reply(call, o, false);
}

static int on_reload(VarlinkCall *call, const Json *parameters, void *userdata) {
        return control_reload(userdata, call, INTERFACE "BadConfiguration");
}

static int on_join_network(VarlinkCall *call, const Json *parameters, void *userdata) {
        Daemon *d = userdata;
        const char *line = NULL;
        Json *o;
        Why why;
        int r;

        if (d->genesis) {
                o = json_new_object();
                json_set_id(o, "network", &d->genesis->network);
                return varlink_error(call, INTERFACE "NetworkExists", o);
        }
        r = json_get_text(parameters, "line", 1, CTL_MESSAGE_BYTES_MAX, &line, &why);
        if (r == 0)
                r = daemon_join(d, line, strlen(line), &why);
        if (r > 0) {
                o = json_new_object();
                json_set_text(o, "verdict", verdict_name(r));
                json_set_text(o, "text", why.text);
                return varlink_error(call, INTERFACE "Refused", o);
        }
        if (r < 0)
                return varlink_error_text(call, INTERFACE "Failed", "%s", why.text);
        o = json_new_object();
        json_set_id(o, "network", &d->genesis->network);
        return varlink_reply(call, o, false);
}

/* --- requests that the machine answers, now or later --- */

static void request_gone(VarlinkCall *call, void *userdata) {
        Daemon *d = userdata;

        if (d->import_ends == call)
                d->import_ends = NULL;
        shell_cancel_who(d->shell, call);
        (void) varlink_call_unref(call);
}

static int request(Daemon *d, VarlinkCall *call, NodeEvent *ev) {
        int r;

        varlink_call_on_gone(varlink_call_ref(call), request_gone, d);
        r = shell_request(d->shell, ev, call, NULL);
        if (r < 0) {
                varlink_call_on_gone(call, NULL, NULL);
                (void) varlink_call_unref(call);
        }
        return r;
}

static void set_reason(Json *o, const NodeEffect *fx, const char *otherwise) {
        _cleanup_free_ char *text = fx->data ? strndup(fx->data, fx->n_data) : NULL;

        json_set_text(o, "text", text ? text : otherwise);
}

void control_on_reply(Daemon *d, VarlinkCall *call, NodeEffect *fx) {
        bool more = fx->more && varlink_call_wants_more(call);
        bool import_ends = d->import_ends == call;
        int r;

        if (import_ends)
                d->import_ends = NULL;
        if (import_ends && fx->verdict == 0) {
                r = shell_request(d->shell, &(NodeEvent) { .type = NODE_EV_IMPORT, .data = "" }, call, NULL);
                if (r < 0)
                        daemon_fail(d, r);
                return;
        }

        if (fx->verdict > 0) {
                Json *o = json_new_object();

                (void) varlink_call_charge(call);
                json_set_text(o, "verdict", verdict_name(fx->verdict));
                set_reason(o, fx, verdict_text(fx->verdict));
                r = varlink_error(call, INTERFACE "Refused", o);
                more = false;
        } else if (fx->verdict < 0) {
                Json *o = json_new_object();

                set_reason(o, fx, strerror(-fx->verdict));
                r = varlink_error(call, INTERFACE "Failed", o);
                more = false;
        } else
                r = varlink_reply(call, TAKE_PTR(fx->json), more);
        if (r < 0)
                daemon_fail(d, r);

        if (more)
                return;
        if (fx->more)   /* who asked without `more` gets the state as it is now, and that is all */
                shell_cancel_who(d->shell, call);
        varlink_call_on_gone(call, NULL, NULL);
        (void) varlink_call_unref(call);
}

static int on_submit(VarlinkCall *call, const Json *parameters, void *userdata) {
        Daemon *d = userdata;
        const char *line = NULL;

        if (!d->peer)
                return no_network(call);
        if (json_get_text(parameters, "line", 0, CTL_MESSAGE_BYTES_MAX, &line, NULL) != 0)
                return -EINVAL;
        return request(d, call, &(NodeEvent) { .type = NODE_EV_SUBMIT, .data = line, .n_data = strlen(line), .uid = varlink_call_uid(call) });
}

static int on_wait_entry(VarlinkCall *call, const Json *parameters, void *userdata) {
        Daemon *d = userdata;
        NodeEvent ev = { .type = NODE_EV_WATCH };

        if (!d->peer)
                return no_network(call);
        if (json_get_id(parameters, "id", &ev.id, NULL) != 0) {
                Json *o = json_new_object();

                json_set_text(o, "parameter", "id");
                return varlink_error(call, "org.varlink.service.InvalidParameter", o);
        }
        return request(d, call, &ev);
}

static int on_import(VarlinkCall *call, const Json *parameters, void *userdata) {
        Daemon *d = userdata;
        NodeEvent ev = { .type = NODE_EV_IMPORT };
        bool last = false;

        if (!d->peer)
                return no_network(call);
        if (json_get_text(parameters, "lines", 0, CTL_MESSAGE_BYTES_MAX, &ev.data, NULL) != 0 ||
            json_get_bool(parameters, "last", &last, NULL) != 0)
                return -EINVAL;
        ev.n_data = strlen(ev.data);
        /* The end is an event of its own: it follows when these are worked off. While another's are, this one is refused. */
        if (last && ev.n_data > 0 && !d->import_ends)
                d->import_ends = call;
        return request(d, call, &ev);
}

/* --- export: a stream that waits for its reader --- */

typedef struct Exporting {
        Daemon *daemon;
        uint64_t next, end;
        bool seals, genesis;
} Exporting;

static int export_piece(VarlinkCall *call, void *userdata) {
        Exporting *x = userdata;
        _cleanup_buf_ Buf text = {};
        Chain *c = x->daemon->peer ? peer_chain(x->daemon->peer) : NULL;
        uint64_t sent_to;
        bool last;
        Json *o;
        int r = 0;

        if (!c)
                r = -ESHUTDOWN;
        x->end = c ? MIN(x->end, chain_tip(c)->height) : 0;     /* a reorganisation may have made it shorter */
        if (r == 0 && x->genesis)
                r = export_genesis(c, &text);
        x->genesis = false;
        if (r == 0 && x->next <= x->end)
                r = export_blocks(c, x->next, x->end, x->seals, EXPORT_PIECE_BYTES, &text, &x->next);
        buf_add_char(&text, 0);
        if (r == 0)
                r = buf_error(&text);
        if (r < 0) {
                free(x);
                varlink_call_on_gone(call, NULL, NULL);
                r = varlink_error_text(call, INTERFACE "Failed", "reading the ledger failed: %s", strerror(-r));
                (void) varlink_call_unref(call);
                return r;
        }

        sent_to = x->next > 0 ? x->next - 1 : 0;
        last = x->next > x->end || !varlink_call_wants_more(call);
        o = json_new_object();
        json_set_text(o, "lines", text.p);
        json_set_int(o, "height", (int64_t) sent_to);
        json_set_int(o, "total", (int64_t) x->end);
        r = varlink_reply(call, o, !last);
        if (r >= 0 && !last)
                return varlink_call_on_drained(call, export_piece, x);
        free(x);
        varlink_call_on_gone(call, NULL, NULL);
        (void) varlink_call_unref(call);
        return r;
}

static void export_gone(VarlinkCall *call, void *userdata) {
        free(userdata);
        (void) varlink_call_unref(call);
}

static int on_export(VarlinkCall *call, const Json *parameters, void *userdata) {
        Daemon *d = userdata;
        bool all = false, seals = true;
        int64_t from = 0;
        Exporting *x;

        if (!d->peer)
                return no_network(call);
        if (json_has(parameters, "from") && json_get_int(parameters, "from", 0, LINE_INT_MAX, &from, NULL) != 0) {
                Json *o = json_new_object();

                json_set_text(o, "parameter", "from");
                return varlink_error(call, "org.varlink.service.InvalidParameter", o);
        }
        if (json_has(parameters, "all"))
                (void) !json_get_bool(parameters, "all", &all, NULL);
        if (json_has(parameters, "seals"))
                (void) !json_get_bool(parameters, "seals", &seals, NULL);

        x = new0(Exporting, 1);
        if (!x)
                return -ENOMEM;
        *x = (Exporting) {
                .daemon = d,
                .genesis = from == 0,
                .next = MAX((uint64_t) from, UINT64_C(1)),
                .end = all ? chain_tip(peer_chain(d->peer))->height : peer_final_height(d->peer),
                .seals = seals,
        };
        varlink_call_on_gone(varlink_call_ref(call), export_gone, x);
        return export_piece(call, x);
}

const VarlinkMethod control_methods_peer[] = {
        { INTERFACE "Export",       on_export,       false },
        { INTERFACE "GetAdmins",    on_GetAdmins,    false },
        { INTERFACE "GetBlock",     on_GetBlock,     false },
        { INTERFACE "GetBoard",     on_GetBoard,     false },
        { INTERFACE "GetBoards",    on_GetBoards,    false },
        { INTERFACE "GetElection",  on_GetElection,  false },
        { INTERFACE "GetElections", on_GetElections, false },
        { INTERFACE "GetEntry",     on_GetEntry,     false },
        { INTERFACE "GetEvidence",  control_get_evidence, false },
        { INTERFACE "GetGenesis",   on_GetGenesis,   false },
        { INTERFACE "GetLog",       on_GetLog,       false },
        { INTERFACE "GetPeers",     on_get_peers,    false },
        { INTERFACE "GetPending",   on_GetPending,   false },
        { INTERFACE "GetReceipt",   on_GetReceipt,   false },
        { INTERFACE "GetResults",   on_GetResults,   false },
        { INTERFACE "GetRolls",     on_GetRolls,     false },
        { INTERFACE "GetStatus",    on_get_status,   false },
        { INTERFACE "GetVoters",    on_GetVoters,    false },
        { INTERFACE "Import",       on_import,       true  },
        { INTERFACE "InitAuthority", control_init_authority, true },
        { INTERFACE "JoinNetwork",  on_join_network, true  },
        { INTERFACE "Reload",       on_reload,       true  },
        { INTERFACE "ResumeAuthority", control_resume_authority, true },
        { INTERFACE "Submit",       on_submit,       false },
        { INTERFACE "WaitEntry",    on_wait_entry,   false },
        { INTERFACE "Watch",        on_watch,        false },
        {}
};
