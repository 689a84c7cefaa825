/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "ctl/varlink-client.h"
#include "votectl/distant.h"

#define RECONNECTS_MAX 20
#define RECONNECT_MSEC 250
#define PEER_INTERFACE    "org.voted.Peer"
#define TRACKER_INTERFACE "org.voted.Tracker"
#define SERVICE_INTERFACE "org.varlink.service."

struct CtlLink {
        VarlinkClient *client;
        Distant *distant;       /* --peer */
        Audited file;           /* --ledger */
        bool has_file;
        pid_t ssh;
        bool tracker;
};

static CtlLink* link_free(CtlLink *l) {
        if (!l)
                return NULL;
        (void) varlink_client_free(l->client);
        (void) distant_free(l->distant);
        audited_done(&l->file);
        if (l->ssh > 0)
                while (waitpid(l->ssh, NULL, 0) < 0 && errno == EINTR)
                        ;
        free(l);
        return NULL;
}

void ctl_disconnect(Ctl *c) {
        c->link = link_free(c->link);
}

bool ctl_is_tracker(Ctl *c) {
        return c->link && c->link->tracker;
}

int ctl_socket_path(Ctl *c, char **ret) {
        const char *given = option_value(&c->options, "socket"),
                   *instance = option_value(&c->options, "instance");
        char *path = NULL;

        if (given && instance)
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "--socket and --instance name the same thing; give one");
        if (!given && !instance)
                given = getenv("VOTED_SOCKET");
        if (instance && !name_is_valid(instance))
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "--instance is \"%s\", expected a name of lower-case letters, digits and "
                        "dashes",
                        instance);
        if (given && *given)
                path = strdup(given);
        else if (asprintf(&path, VOTED_RUN_DIR "/%s.socket", instance ?: "peer") < 0)
                path = NULL;
        if (!path)
                return ctl_oom(c);
        *ret = path;
        return EXIT_DONE;
}

/* What to do when nobody answers at path. */
static int no_node(Ctl *c, const char *path, int error, const Why *why) {
        const char *instance = option_value(&c->options, "instance");
        _cleanup_free_ char *hint = NULL;

        if (error == -EACCES)
                return ctl_fail(c, EXIT_NO_NODE,
                        "The socket is open to every local user by default; see its unit.",
                        "not permitted to connect to %s", path);
        if (instance && streq(instance, "tracker"))
                hint = strdup("Is voted-tracker running? systemctl start voted-tracker");
        else if (instance && !streq(instance, "peer")) {
                if (asprintf(&hint, "Is that instance running? systemctl start voted-peer@%s",
                            instance) < 0)
                        hint = NULL;
        } else if (option_value(&c->options, "socket") || getenv("VOTED_SOCKET"))
                hint = strdup(
                        "Is that node running? The path came from --socket or $VOTED_SOCKET.");
        else if (access(VOTED_RUN_DIR "/tracker.socket", F_OK) == 0)
                hint = strdup("Is voted-peer running? systemctl start voted-peer    (a tracker is "
                              "here: votectl --instance tracker)");
        else
                hint = strdup("Is voted-peer running? systemctl start voted-peer    (elsewhere: "
                              "votectl -H HOST, or --peer HOST:PORT)");
        return ctl_fail(c, EXIT_NO_NODE, hint, "no node answers at %s: %s", path, strerror(-error));
}

static bool is_shell_safe(const char *s) {
        return *s &&
               s[strspn(s,
                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-@+")] ==
                       0;
}

/* As systemctl -H does: the far side's votectl copies bytes between us and its socket. */
static int connect_ssh(Ctl *c, CtlLink *l, const char *host) {
        const char *argv[12], *place;
        int in[2], out[2], r;
        size_t n = 0;

        argv[n++] = "ssh";
        argv[n++] = "-xT";
        argv[n++] = "--";
        argv[n++] = host;
        argv[n++] = "votectl";
        for (const char *const *o = (const char *const[]) { "socket", "instance", NULL }; *o; o++) {
                place = option_value(&c->options, *o);
                if (!place)
                        continue;
                if (!is_shell_safe(place))
                        return ctl_fail(c, EXIT_USAGE, NULL,
                                "--%s \"%s\" cannot be handed to a shell on %s", *o, place, host);
                argv[n++] = streq(*o, "socket") ? "--socket" : "--instance";
                argv[n++] = place;
        }
        argv[n++] = "bridge";
        argv[n] = NULL;

        if (pipe(in) < 0)
                return ctl_fail(c, EXIT_FAILED, NULL, "cannot make a pipe: %s", strerror(errno));
        if (pipe(out) < 0) {
                (void) close(in[0]);
                (void) close(in[1]);
                return ctl_fail(c, EXIT_FAILED, NULL, "cannot make a pipe: %s", strerror(errno));
        }
        l->ssh = fork();
        if (l->ssh == 0) {
                (void) dup2(out[0], STDIN_FILENO);
                (void) dup2(in[1], STDOUT_FILENO);
                (void) close_range(3, ~0U, 0);
                (void) execvp("ssh", (char *const*) argv);
                fprintf(stderr, "ssh: %s (package openssh-client)\n", strerror(errno));
                _exit(127);
        }
        (void) close(out[0]);
        (void) close(in[1]);
        r = l->ssh < 0 ? -errno : varlink_client_connect_fds(&l->client, in[0], out[1]);
        if (r < 0) {
                (void) close(in[0]);
                (void) close(out[1]);
                return ctl_fail(c, EXIT_FAILED, NULL, "cannot start ssh: %s", strerror(-r));
        }
        return EXIT_DONE;
}

static int connect_socket(Ctl *c, CtlLink *l) {
        _cleanup_free_ char *path = NULL;
        Why why = {};
        int r;

        r = ctl_socket_path(c, &path);
        if (r != 0)
                return r;
        r = varlink_client_connect(&l->client, path, &why);
        if (r != 0)
                return no_node(c, path, r, &why);
        return EXIT_DONE;
}

static int connect_file(Ctl *c, CtlLink *l, const char *path) {
        int r;

        r = audited_init(&l->file, c, NULL);
        if (r == 0)
                r = audited_read_file(&l->file, path);
        l->has_file = r == 0;
        return r;
}

static int connect_node(Ctl *c) {
        const char *file = option_value(&c->options, "ledger"),
                   *host = option_value(&c->options, "host"),
                   *peer = option_value(&c->options, "peer");
        const char *instance = option_value(&c->options, "instance");
        CtlLink *l;
        int r;

        if (c->link)
                return EXIT_DONE;
        if (!!host + !!peer + !!file > 1)
                return ctl_fail(c, EXIT_USAGE, NULL, "-H, --peer and --ledger exclude one another");
        l = new0(CtlLink, 1);
        if (!l)
                return ctl_oom(c);
        l->tracker = instance && streq(instance, "tracker");
        if (file)
                r = connect_file(c, l, file);
        else if (peer)
                r = distant_new(c, peer, &l->distant);
        else if (host)
                r = connect_ssh(c, l, host);
        else
                r = connect_socket(c, l);
        if (r != 0) {
                (void) link_free(l);
                return r;
        }
        c->link = l;
        return EXIT_DONE;
}

int ctl_audited(Ctl *c, Audited **ret) {
        int r;

        r = connect_node(c);
        if (r != 0)
                return r;
        *ret = c->link->distant    ? distant_ledger(c->link->distant)
               : c->link->has_file ? &c->link->file
                                   : NULL;
        return EXIT_DONE;
}

static int fail_lost(Ctl *c, int error, const Why *why) {
        const char *host = option_value(&c->options, "host");
        _cleanup_free_ char *hint = NULL;

        ctl_disconnect(c);
        if (host && asprintf(&hint, "Does this work? ssh %s votectl status", host) < 0)
                hint = NULL;
        if (host)
                return ctl_fail(
                        c, EXIT_NO_NODE, hint, "the connection to %s through ssh ended", host);
        return ctl_fail(c, EXIT_NO_NODE, NULL, "the connection to the node failed: %s",
                *why->text ? why->text : strerror(-error));
}

/* The name without its interface. */
static void shorten(char *error) {
        const char *last = strrchr(error, '.');

        if (last && strncmp(error, SERVICE_INTERFACE, strlen(SERVICE_INTERFACE)) != 0)
                memmove(error, last + 1, strlen(last + 1) + 1);
}

static int call_once(
        Ctl *c, const char *method, const Json *params, Json **ret, char **ret_error, Why *why) {
        _cleanup_free_ char *full = NULL;
        int r;

        if (asprintf(&full, "%s.%s", c->link->tracker ? TRACKER_INTERFACE : PEER_INTERFACE,
                    method) < 0) {
                full = NULL;
                return ctl_oom(c);
        }
        if (c->link->distant)
                return distant_call(c, c->link->distant, full, params, ret, ret_error, why);
        if (c->link->has_file)
                return audited_call(&c->link->file, full, params, ret, ret_error, why);

        r = varlink_call(
                c->link->client, full, params ? json_copy_deep(params) : NULL, ret, ret_error, why);
        if (r < 0)
                return fail_lost(c, r, why);
        c->answered = true;
        return EXIT_DONE;
}

/* What only reads may be asked again, and so may a submission: the same bytes are the same entry.
 */
static bool may_repeat(const char *method) {
        return strncmp(method, "Get", 3) == 0 || streq(method, "Submit");
}

/* A node that is started again under us is back in a moment. Whether there is one at the far end of
 * ssh, only its first answer says. */
static int call(
        Ctl *c, const char *method, const Json *params, Json **ret, char **ret_error, Why *why) {
        const bool there = c->answered || !option_value(&c->options, "host"),
                   hush = c->hush,
                   repeat = c->link->client && there && may_repeat(method) && !hush;
        int r;

        c->hush = hush || repeat;
        r = call_once(c, method, params, ret, ret_error, why);
        for (unsigned i = 0; repeat && r == EXIT_NO_NODE && i < RECONNECTS_MAX; i++) {
                c->hush = i + 1 < RECONNECTS_MAX;       /* the last try says what is wrong */
                (void) poll(NULL, 0, RECONNECT_MSEC);
                r = connect_node(c);
                if (r == EXIT_DONE)
                        r = call_once(c, method, params, ret, ret_error, why);
        }
        c->hush = hush;
        return r;
}

int ctl_try(Ctl *c, const char *method, Json *params, Json **ret, char **ret_error, Why *why) {
        _cleanup_json_ Json *p = params;
        int r;

        *ret = NULL;
        *ret_error = NULL;
        r = connect_node(c);
        if (r != 0)
                return r;
        r = call(c, method, p, ret, ret_error, why);
        if (r == EXIT_DONE && *ret_error && !c->link->tracker && c->link->client &&
                (streq(*ret_error, SERVICE_INTERFACE "InterfaceNotFound") ||
                        streq(*ret_error, SERVICE_INTERFACE "MethodNotFound"))) {
                *ret = json_free(*ret);
                free(TAKE_PTR(*ret_error));
                c->link->tracker = true;        /* --socket may name either */
                r = call_once(c, method, p, ret, ret_error, why);
        }
        if (r == EXIT_DONE && *ret_error)
                shorten(*ret_error);
        return r;
}

int ctl_fail_reply(Ctl *c, const char *error, const Json *params, const Why *why) {
        static const struct {
                const char *error;
                Exit code;
                const char *hint;
        } known[] = {
                { "Refused",          EXIT_REFUSED,   NULL },
                { "NotFound",         EXIT_NOT_FOUND, NULL },
                { "NotPermitted",     EXIT_REFUSED,   "Run it as root, or as a member of the group voted-admin." },
                { "NoNetwork",        EXIT_REFUSED,   NULL },
                { "NotAuthority",     EXIT_REFUSED,   NULL },
                { "RecordExists",     EXIT_REFUSED,   "It goes on from its record by itself. Was the record lost, or put back from a backup: votectl authority resume" },
                { "BadConfiguration", EXIT_USAGE,     "Nothing was changed. Mend the file and reload again; voted --check-config checks it." },
                { "Busy",             EXIT_REFUSED,   "Try again in a moment." },
                { "Failed",           EXIT_FAILED,    "See votectl status and journalctl -u voted-peer." },
        };
        const char *verdict, *what, *text = *why->text ? why->text : "no reason was given";

        if (json_get_text(params, "what", 1, 4096, &what, NULL) == 0)
                text = what;
        if (streq(error, "NetworkExists") &&
                json_get_text(params, "network", 1, 64, &what, NULL) == 0)
                return ctl_fail(c, EXIT_REFUSED,
                        "One peer, one network: use an instance (voted-peer@NAME) for another. Was it the wrong file: see voted(8).",
                        "the node belongs to network %s already", what);
        if (streq(error, "Refused") && json_get_text(params, "verdict", 1, 64, &verdict, NULL) == 0)
                return ctl_fail(
                        c, EXIT_REFUSED, NULL, "the node refused it (%s): %s", verdict, text);
        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                if (streq(known[i].error, error))
                        return ctl_fail(c, known[i].code, known[i].hint, "%s", text);
        if (streq(error, SERVICE_INTERFACE "InterfaceNotFound") ||
            (streq(error, SERVICE_INTERFACE "MethodNotFound") && ctl_is_tracker(c)))
                return ctl_fail(c, EXIT_REFUSED, "Speak to a peer: of this host's without --instance and --socket.",
                        "the node is a tracker: it has no ledger, and knows nothing but which peers there are");
        if (strncmp(error, SERVICE_INTERFACE, strlen(SERVICE_INTERFACE)) == 0)
                return ctl_fail(c, EXIT_FAILED,
                        "Node and votectl may be of different versions, or the node is of another "
                        "kind (tracker, peer).",
                        "the node does not know this call: %s", error + strlen(SERVICE_INTERFACE));
        return ctl_fail(c, EXIT_FAILED, NULL, "the node answered %s: %s", error, text);
}

int ctl_call(Ctl *c, const char *method, Json *params, Json **ret) {
        _cleanup_json_ Json *reply = NULL;
        _cleanup_free_ char *error = NULL;
        Why why = {};
        int r;

        r = ctl_try(c, method, params, &reply, &error, &why);
        if (r != 0)
                return r;
        if (error)
                return ctl_fail_reply(c, error, reply, &why);
        if (ret)
                *ret = TAKE_PTR(reply);
        return EXIT_DONE;
}

int ctl_observe(Ctl *c, const char *method, Json *params,
        int (*fn)(void *userdata, const Json *params, bool continues), void *userdata) {
        _cleanup_json_ Json *p = params;
        _cleanup_free_ char *full = NULL, *error = NULL;
        Why why = {};
        int r;

        r = connect_node(c);
        if (r != 0)
                return r;
        if (!c->link->client)
                return ctl_fail(c, EXIT_USAGE, "Run it on that host, or with -H HOST.",
                        "this cannot be done with --peer or --ledger");
        if (asprintf(&full, "%s.%s", c->link->tracker ? TRACKER_INTERFACE : PEER_INTERFACE,
                    method) < 0) {
                full = NULL;
                return ctl_oom(c);
        }
        r = varlink_observe(c->link->client, full, TAKE_PTR(p), fn, userdata, &error, &why);
        if (r == V_DENIED && error) {
                shorten(error);
                return ctl_fail_reply(c, error, NULL, &why);
        }
        if (r < 0)
                return fail_lost(c, r, &why);
        if (r != 0)
                ctl_disconnect(c);
        return r;
}
