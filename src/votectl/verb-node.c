/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "votectl/progress.h"
#include "votectl/render.h"
#include "votectl/verbs.h"

#define BRIDGE_BYTES 65536U

static const char* get_text(const Json *o, const char *key) {
        const char *s;

        return json_get_text(o, key, 0, 65536, &s, NULL) == 0 ? s : NULL;
}

static bool get_bool(const Json *o, const char *key) {
        bool b;

        return json_get_bool(o, key, &b, NULL) == 0 && b;
}

static const char* number(char buf[static FORMAT_NUMBER_MAX], int64_t n) {
        return format_number(buf, (uint64_t) MAX(n, INT64_C(0)));
}

static void field_if(Ctl *c, const Json *o, const char *key, const char *label) {
        const char *s = get_text(o, key);

        if (s && *s)
                ctl_field(c, label, "%s", s);
}

/* What holds as long as how many of them do what they should. */
static void show_authorities(Ctl *c, const Json *o) {
        const int64_t n = render_int(o, "authorities"), faults = render_int(o, "faults");
        const char *note = get_text(o, "note");
        const Json *convicted = render_array(o, "convicted"), *boards = render_array(o, "boards");

        if (n == 1)
                ctl_field(c, "Authorities",
                        "1: a single trusted host; while it is down nothing is final, and whoever "
                        "runs it decides which votes are taken");
        else
                ctl_field(c, "Authorities",
                        "%" PRIi64 ", any %" PRIi64 " of them make a block final; %" PRIi64
                        " may fail or lie",
                        n, render_int(o, "quorum"), faults);
        if (json_has(o, "authority"))
                ctl_field(c, "This node", "authority number %" PRIi64 ", %s, in view %" PRIi64,
                        render_int(o, "authority"), get_bool(o, "signing") ? "signing" : "not signing",
                        render_int(o, "view"));
        else
                ctl_field(c, "This node", "observes: it follows, checks and relays");
        if (note && *note)
                ctl_field(c, "", "%s", note);
        for (size_t i = 0; boards && i < json_len(boards); i++)
                ctl_field(c, i == 0 ? "Boards" : "", "%s", json_text(json_at(boards, i)));
        for (size_t i = 0; convicted && i < json_len(convicted); i++)
                ctl_field(c, i == 0 ? "Evidence" : "",
                        "authority %" PRIi64 " (%.16s) has signed what excludes each other: votectl evidence",
                        render_int(json_at(convicted, i), "authority"),
                        get_text(json_at(convicted, i), "key") ?: "?");
}

static void show_peer(Ctl *c, const Json *o) {
        const Json *trackers = render_array(o, "trackers");
        const int64_t tip_time = render_int(o, "tip_time"),
                      confirmations = render_int(o, "confirmations");
        char a[FORMAT_NUMBER_MAX], b[FORMAT_NUMBER_MAX];

        if (get_text(o, "network")) {
                ctl_field(c, "Network", "%s  %s%s", get_text(o, "network_name") ?: "?",
                        get_text(o, "network"),
                        c->pinned ? "" : "  (not pinned here: what it says is not checked)");
                if (confirmations > 0)
                        ctl_field(c, "Engine", "%s, final when %" PRIi64 " blocks deep",
                                get_text(o, "engine") ?: "?", confirmations);
                else
                        ctl_field(c, "Engine", "%s", get_text(o, "engine") ?: "?");
                if (json_has(o, "authorities"))
                        show_authorities(c, o);
                ctl_field(c, "Height", "%s, final %s", number(a, render_int(o, "height")),
                        number(b, render_int(o, "final")));
                if (render_int(o, "height") > 0)
                        ctl_field(c, "Last block", "%s, %s ago",
                                format_time((char[FORMAT_TIME_MAX]) {}, (uint64_t) tip_time),
                                format_span((char[FORMAT_SPAN_MAX]) {},
                                        (uint64_t) MAX((int64_t) now_realtime_sec() - tip_time,
                                                INT64_C(0)) *
                                                USEC_PER_SEC));
                if (json_has(o, "syncing_to"))
                        ctl_field(c, "Syncing", "to height %s",
                                number(a, render_int(o, "syncing_to")));
        }
        if (json_has(o, "links"))
                ctl_field(c, "Links", "%" PRIi64, render_int(o, "links"));
        if (json_has(o, "pool_entries"))
                ctl_field(c, "Pool", "%s entries, %s", number(a, render_int(o, "pool_entries")),
                        format_bytes(b, (uint64_t) MAX(render_int(o, "pool_bytes"), INT64_C(0))));
        if (get_bool(o, "mining"))
                ctl_field(c, "Mining", "%s hashes/s, difficulty %s",
                        number(a, render_int(o, "mining_rate")),
                        number(b, render_int(o, "difficulty")));
        else if (json_has(o, "mining") && !json_has(o, "authorities"))
                ctl_field(c, "Mining", "not now");
        for (size_t i = 0; trackers && i < json_len(trackers); i++) {
                const Json *t = json_at(trackers, i);
                const char *text = get_text(t, "text");

                ctl_field(c, i == 0 ? "Trackers" : "", "%s: %s%s%s", get_text(t, "address") ?: "?",
                        get_text(t, "state") ?: "?", text && *text ? ", " : "", text ?: "");
        }
        if (get_bool(o, "late_votes_may_be_lost"))
                ctl_field(c, "Note",
                        "this network's grace is short: votes cast in the last seconds may be "
                        "lost");
}

static void show_status(Ctl *c, const Json *o) {
        const char *role = get_text(o, "role") ?: "node", *problem = get_text(o, "problem"),
                   *alarm = get_text(o, "alarm");
        const Tint t = alarm ? TINT_BAD : problem ? TINT_WARN : TINT_GOOD;
        _cleanup_free_ char *status = strdup(get_text(o, "status") ?: "");

        if (status)
                text_clean(status);
        buf_printf(&c->out, "%s%s%s %s: %s\n", ctl_tint(c, t), c->utf8 ? "●" : "*",
                ctl_tint(c, TINT_NONE),
                streq(role, "tracker") || streq(role, "ledger") ? role : "peer", status ?: "");
        if (alarm)
                ctl_field(c, "ALARM", "%s", alarm);
        if (problem)
                ctl_field(c, "Problem", "%s", problem);
        field_if(c, o, "version", "Version");
        field_if(c, o, "key", "Key");
        field_if(c, o, "listen", "Listening");
        if (streq(role, "tracker")) {
                ctl_field(c, "Networks", "%" PRIi64, render_int(o, "networks"));
                ctl_field(c, "Peers", "%" PRIi64 " registered, over %" PRIi64 " links",
                        render_int(o, "peers"), render_int(o, "links"));
                ctl_field(c, "Lease", "%" PRIi64 " s", render_int(o, "ttl_sec"));
        } else
                show_peer(c, o);
}

/* Whether we pin the network that the status names. */
static int look_up_pin(Ctl *c, const Json *o) {
        Id id;

        if (json_get_id(o, "network", &id, NULL) != 0)
                return EXIT_DONE;
        return ctl_pin_has(c, &id, &c->pinned);
}

static int verb_status(Ctl *c) {
        _cleanup_json_ Json *reply = NULL;
        int r;

        r = ctl_call(c, "GetStatus", NULL, &reply);
        if (r == 0)
                r = look_up_pin(c, reply);
        if (r != 0)
                return r;
        if (c->json)
                return ctl_json(c, TAKE_PTR(reply));
        show_status(c, reply);
        return EXIT_DONE;
}

static int show_registered(Ctl *c) {
        _cleanup_json_ Json *reply = NULL;
        const Json *networks;
        Table *t;
        int r;

        r = ctl_call(c, "GetNetworks", NULL, &reply);
        if (r != 0)
                return r;
        if (c->json)
                return ctl_json(c, TAKE_PTR(reply));
        networks = render_array(reply, "networks");
        t = table_new(TABLE_COLUMNS("NETWORK", "KEY", "ADDRESS", "SINCE", "HEARD"));
        table_shrink(t, 0, 8);
        table_shrink(t, 1, 8);
        for (size_t i = 0; networks && i < json_len(networks); i++) {
                const Json *n = json_at(networks, i), *peers = render_array(n, "peers");

                for (size_t k = 0; peers && k < json_len(peers); k++) {
                        const Json *p = json_at(peers, k);

                        table_addf(t, NULL, "%.16s", get_text(n, "network") ?: "?");
                        table_addf(t, NULL, "%.16s", get_text(p, "key") ?: "?");
                        table_add(t, NULL, get_text(p, "address") ?: "?");
                        table_add(t, NULL,
                                format_span((char[FORMAT_SPAN_MAX]) {},
                                        (uint64_t) MAX(render_int(p, "since_sec"), INT64_C(0)) *
                                                USEC_PER_SEC));
                        table_add(t, NULL,
                                format_span((char[FORMAT_SPAN_MAX]) {},
                                        (uint64_t) MAX(render_int(p, "heard_sec"), INT64_C(0)) *
                                                USEC_PER_SEC));
                }
        }
        return ctl_table(c, t);
}

static void add_link(Table *t, Ctl *c, const Json *p) {
        const int64_t penalty = render_int(p, "penalty");
        const int64_t up = (int64_t) now_realtime_sec() - render_int(p, "since_sec");
        char text[FORMAT_NUMBER_MAX];

        table_addf(t, NULL, "%.16s", get_text(p, "key") ?: "?");
        table_add(t, NULL, get_text(p, "address") ?: "?");
        table_add(t, NULL, get_text(p, "direction") ?: "?");
        table_add(t, NULL, get_text(p, "agent") ?: "?");
        table_addf(t, NULL, "%" PRIi64, render_int(p, "height"));
        table_add(t, NULL,
                format_span(
                        (char[FORMAT_SPAN_MAX]) {}, (uint64_t) MAX(up, INT64_C(0)) * USEC_PER_SEC));
        table_add(t, NULL,
                format_bytes(text, (uint64_t) MAX(render_int(p, "sent_bytes"), INT64_C(0))));
        table_add(t, NULL,
                format_bytes(text, (uint64_t) MAX(render_int(p, "received_bytes"), INT64_C(0))));
        if (json_has(p, "rtt_ms"))
                table_addf(t, NULL, "%" PRIi64 " ms", render_int(p, "rtt_ms"));
        else
                table_add(t, NULL, "-");
        table_addf(t, penalty > 0 ? ctl_cell(c, TINT_WARN) : NULL, "%" PRIi64, penalty);
}

static Table* links_table(Ctl *c, const Json *links) {
        Table *t = table_new(TABLE_COLUMNS("KEY", "ADDRESS", "DIR", "AGENT", "HEIGHT", "SINCE",
                "SENT", "RECEIVED", "RTT", "PENALTY"));

        for (size_t i = 4; i < 10; i++)
                table_align(t, i, TABLE_RIGHT);
        table_shrink(t, 0, 8);
        for (size_t i = 0; links && i < json_len(links); i++)
                add_link(t, c, json_at(links, i));
        return t;
}

static int verb_peers(Ctl *c) {
        _cleanup_json_ Json *reply = NULL, *status = NULL;
        int r;

        r = ctl_call(c, "GetStatus", NULL, &status);    /* tells which kind of node it is */
        if (r == 0 && ctl_is_tracker(c))
                return show_registered(c);
        if (r == 0)
                r = ctl_call(c, "GetPeers", NULL, &reply);
        if (r != 0)
                return r;
        if (c->json)
                return ctl_json(c, TAKE_PTR(reply));
        if (json_len(render_array(reply, "peers") ?: reply) == 0)
                ctl_note(c, "No links to other peers.");
        return ctl_table(c, links_table(c, render_array(reply, "peers")));
}

/* --- watch --- */

static int on_watch(void *userdata, const Json *params, bool continues) {
        Ctl *c = userdata;
        const Json *status;
        int r;

        if (json_get_object(params, "status", &status, NULL) != 0)
                return 0;
        if (c->json)
                r = ctl_json(c, json_copy_deep(status));
        else if (!c->out_terminal) {
                buf_printf(&c->out, "%s  %s\n",
                        format_time((char[FORMAT_TIME_MAX]) {}, now_realtime_sec()),
                        get_text(status, "status") ?: "");
                r = EXIT_DONE;
        } else {
                buf_add_text(&c->out, "\033[H\033[J");
                show_status(c, status);
                buf_printf(&c->out, "\n%s%s, ^C ends%s\n", ctl_tint(c, TINT_DIM),
                        format_time((char[FORMAT_TIME_MAX]) {}, now_realtime_sec()),
                        ctl_tint(c, TINT_NONE));
                r = EXIT_DONE;
        }
        return r != 0 ? r : ctl_flush(c);
}

static int verb_watch(Ctl *c) {
        _cleanup_json_ Json *reply = NULL;
        int r;

        r = ctl_call(c, "GetStatus", NULL, &reply);
        if (r == 0)
                r = look_up_pin(c, reply);
        return r != 0 ? r : ctl_observe(c, "Watch", NULL, on_watch, c);
}

/* --- operators --- */

static int verb_reload(Ctl *c) {
        _cleanup_json_ Json *reply = NULL;
        const Json *needed;
        int r;

        r = ctl_call(c, "Reload", NULL, &reply);
        if (r != 0)
                return r;
        if (c->json)
                return ctl_json(c, TAKE_PTR(reply));
        needed = render_array(reply, "restart_needed");
        for (size_t i = 0; needed && i < json_len(needed); i++)
                ctl_warn(c, "%s takes effect with a restart only",
                        json_text(json_at(needed, i)) ?: "?");
        ctl_note(c, "Configuration read again.");
        return EXIT_DONE;
}

/* Copies what is there from one descriptor to another. 1: something, 0: the end, < 0. */
static int copy_some(int from, int to) {
        char buf[BRIDGE_BYTES];
        ssize_t n = read(from, buf, sizeof buf);
        int r;

        if (n < 0)
                return errno == EINTR ? 1 : -errno;
        if (n == 0)
                return 0;
        r = write_all(to, buf, (size_t) n);
        return r < 0 ? r : 1;
}

static int verb_bridge(Ctl *c) {
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -1;
        struct pollfd p[2];
        int r;

        r = ctl_socket_path(c, &path);
        if (r != 0)
                return r;
        if (strlen(path) >= sizeof a.sun_path)
                return ctl_fail(c, EXIT_USAGE, NULL, "path of the socket is too long: %s", path);
        memcpy(a.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr*) &a, sizeof a) < 0)
                return ctl_fail(c, EXIT_NO_NODE,
                        "Is voted-peer running? systemctl start voted-peer",
                        "no node answers at %s: %s", path, strerror(errno));
        p[0] = (struct pollfd) { .fd = STDIN_FILENO, .events = POLLIN };
        p[1] = (struct pollfd) { .fd = fd, .events = POLLIN };
        for (;;) {
                if (poll(p, 2, -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return ctl_fail(c, EXIT_FAILED, NULL, "poll: %s", strerror(errno));
                }
                if (p[0].revents) {
                        r = copy_some(STDIN_FILENO, fd);
                        if (r <= 0) /* the far side is done; what the node still says has no reader
                                     */
                                return EXIT_DONE;
                }
                if (p[1].revents) {
                        r = copy_some(fd, STDOUT_FILENO);
                        if (r <= 0)
                                return EXIT_DONE;
                }
        }
}

const CtlVerb verbs_node[] = {
        { "status", "", 0, 0, 0, verb_status, NULL, "Show the state of the node",
          "One look at the node: its network, height, links, trackers, and what an operator must mend.\n\n"
          "Example:\n  votectl status\n  votectl --instance tracker status\n" },
        { "peers", "", 0, 0, CTL_VERB_PAGE, verb_peers, NULL, "Show the links to other peers",
          "Of a tracker: the peers that are registered with it, by network.\n\n"
          "Example:\n  votectl peers\n" },
        { "watch", "", 0, 0, 0, verb_watch, NULL, "Follow the state of the node",
          "Shows the status again at each change, until ^C. With --json: one object a line.\n\n"
          "Example:\n  votectl --json watch | jq .height\n" },
        { "reload", "", 0, 0, 0, verb_reload, NULL, "Have the node read its configuration again",
          "Waits until it has, fails on a bad configuration (then nothing was changed), and lists what takes effect with a\n"
          "restart only. For root, the daemon's user and members of the group voted-admin.\n\n"
          "Example:\n  votectl reload\n" },
        { "bridge", "", 0, 0, CTL_VERB_HIDDEN|CTL_VERB_NO_NET, verb_bridge, NULL, "Copy bytes between standard input/output and the node",
          "What votectl -H starts on the far side. Keys and signing stay where votectl -H runs.\n\n"
          "Example:\n  ssh HOST votectl bridge\n" },
        {},
};
