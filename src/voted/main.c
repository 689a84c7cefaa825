/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "codec/json.h"
#include "voted/daemon.h"
#include "voted/journal-sink.h"

/* Exit statuses, as voted(8) has them. */
#define EXIT_USAGE 2
#define EXIT_CONFIG 78          /* EX_CONFIG: systemd shows it by name */

static void help(void) {
        (void) printf(
                "voted ROLE [OPTION...]\n\n"
                "A node of a voting network. ROLE is one of\n"
                "  tracker                  registry through which peers find each other\n"
                "  peer                     keeps a full copy of the ledger, checks it, relays it\n\n"
                "Options:\n"
                "  --host HOST              listen there, instead of [Listen] Host= (default 0.0.0.0)\n"
                "  --port PORT              likewise (default: tracker 8000, peer 0: the system picks)\n"
                "  --tracker-host HOST      peer: the one tracker to use, instead of [Peer] Tracker= (default localhost)\n"
                "  --tracker-port PORT      peer: its port (default 8000)\n"
                "  --instance NAME          peer: NAME.conf, state and socket of its own\n"
                "  --config FILE            read FILE alone, no drop-ins\n"
                "  --state-directory DIR    instead of " VOTED_STATE_DIR "/NAME\n"
                "  --control-socket PATH    instead of " VOTED_RUN_DIR "/NAME.socket\n"
                "  --check-config           read the configuration, say what is wrong, and end\n"
                "  -h, --help               this text\n"
                "      --version\n\n"
                "Usually started by systemd: systemctl start voted-tracker, systemctl start voted-peer. See voted(8), voted.conf(5), votectl(1).\n");
}

enum {
        ARG_HOST = 0x100,
        ARG_PORT,
        ARG_TRACKER_HOST,
        ARG_TRACKER_PORT,
        ARG_INSTANCE,
        ARG_CONFIG,
        ARG_STATE_DIRECTORY,
        ARG_CONTROL_SOCKET,
        ARG_CHECK_CONFIG,
        ARG_VERSION,
};

/* > 0: go on; 0: done (help, version); < 0: usage */
static int parse_arguments(int argc, char *argv[], Options *o) {
        static const struct option options[] = {
                { "host",            required_argument, NULL, ARG_HOST            },
                { "port",            required_argument, NULL, ARG_PORT            },
                { "tracker-host",    required_argument, NULL, ARG_TRACKER_HOST    },
                { "tracker-port",    required_argument, NULL, ARG_TRACKER_PORT    },
                { "instance",        required_argument, NULL, ARG_INSTANCE        },
                { "config",          required_argument, NULL, ARG_CONFIG          },
                { "state-directory", required_argument, NULL, ARG_STATE_DIRECTORY },
                { "control-socket",  required_argument, NULL, ARG_CONTROL_SOCKET  },
                { "check-config",    no_argument,       NULL, ARG_CHECK_CONFIG    },
                { "version",         no_argument,       NULL, ARG_VERSION         },
                { "help",            no_argument,       NULL, 'h'                 },
                {}
        };
        static const char *const roles[] = { [ROLE_TRACKER] = "tracker", [ROLE_PEER] = "peer" };
        size_t k;
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case ARG_HOST:            o->host = optarg;            break;
                case ARG_PORT:            o->port = optarg;            break;
                case ARG_TRACKER_HOST:    o->tracker_host = optarg;    break;
                case ARG_TRACKER_PORT:    o->tracker_port = optarg;    break;
                case ARG_INSTANCE:        o->instance = optarg;        break;
                case ARG_CONFIG:          o->config_file = optarg;     break;
                case ARG_STATE_DIRECTORY: o->state_directory = optarg; break;
                case ARG_CONTROL_SOCKET:  o->control_socket = optarg;  break;
                case ARG_CHECK_CONFIG:    o->check_config = true;      break;
                case ARG_VERSION:
                        (void) printf("%s %s\n", PACKAGE_NAME, PACKAGE_VERSION);
                        return 0;
                case 'h':
                        help();
                        return 0;
                default:
                        (void) fprintf(stderr, "See voted --help.\n");
                        return -EINVAL;
                }

        if (optind + 1 != argc) {
                (void) fprintf(stderr, "voted: expected one role, tracker or peer; see voted --help\n");
                return -EINVAL;
        }
        k = text_nearest(argv[optind], roles, ELEMENTSOF(roles));
        if (k == ELEMENTSOF(roles) || !streq(roles[k], argv[optind])) {
                (void) fprintf(stderr, "voted: \"%s\" is no role: expected tracker or peer\n", argv[optind]);
                return -EINVAL;
        }
        o->role = (Role) k;

        if (o->role == ROLE_TRACKER && (o->tracker_host || o->tracker_port || o->instance)) {
                (void) fprintf(stderr, "voted: --tracker-host, --tracker-port and --instance are for peers\n");
                return -EINVAL;
        }
        if (o->instance && (!name_is_valid(o->instance) || streq(o->instance, "tracker") || streq(o->instance, "peer"))) {
                (void) fprintf(stderr, "voted: \"%s\" cannot name an instance: expected [a-z0-9][a-z0-9-]*, and neither tracker nor peer\n", o->instance);
                return -EINVAL;
        }
        return 1;
}

/* systemd's StateDirectory=, unless the command line says otherwise. */
static int state_directory(Daemon *d, Why *why) {
        const char *given = getenv("STATE_DIRECTORY");
        int r;

        if (d->options.state_directory)
                d->state_dir = strdup(d->options.state_directory);
        else if (given && given[0] == '/')
                d->state_dir = strndup(given, strcspn(given, ":"));
        else
                d->state_dir = path_join(VOTED_STATE_DIR, d->name);
        if (!d->state_dir)
                return -ENOMEM;

        r = mkdir_p(d->state_dir, 0700);
        if (r == 0 && access(d->state_dir, R_OK | W_OK | X_OK) < 0)
                r = -errno;
        if (r < 0)
                (void) why_set(why, V_DENIED, "cannot use the state directory %s: %s; it must belong to this user (uid %u): chown it, or name another with --state-directory",
                                d->state_dir, strerror(-r), (unsigned) geteuid());
        return r;
}

/* One node a state directory: a second one would sign with the same key. */
static int lock_state_directory(const Daemon *d, Why *why) {
        _cleanup_free_ char *path = path_join(d->state_dir, "lock");
        int fd, r;

        if (!path)
                return -ENOMEM;
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0) {
                r = -errno;
                (void) why_set(why, V_DENIED, "cannot write to the state directory %s: %s", d->state_dir, strerror(-r));
                return r;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                r = -errno;
                (void) close(fd);
                (void) why_set(why, V_BUSY, "another voted uses the state directory %s: stop it, or name another with --state-directory", d->state_dir);
                return r;
        }
        return 0;       /* held until the process ends */
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        Daemon *d = ASSERT_PTR(userdata);

        log_info("Stopping.");
        (void) sd_notify(false, "STOPPING=1\nSTATUS=Stopping");
        if (d->shell)
                shell_event(d->shell, &(NodeEvent) { .type = NODE_EV_STOP });
        return sd_event_source_set_enabled(d->stop_timer, SD_EVENT_ONESHOT);
}

/* What the machine says at its end (it unregisters) has had its turn. */
static int on_stop_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Daemon *d = ASSERT_PTR(userdata);

        return sd_event_exit(d->event, 0);
}

static int on_hup(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        const char *restart[8];
        size_t n = 0;
        Why why;

        if (daemon_reload(userdata, restart, ELEMENTSOF(restart), &n, &why) == 0)
                for (size_t i = 0; i < n; i++)
                        log_notice("%s= takes effect at the next start.", restart[i]);
        return 0;
}

static int install_signals(Daemon *d) {
        sigset_t mask;
        int r;

        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGTERM);
        (void) sigaddset(&mask, SIGINT);
        (void) sigaddset(&mask, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return -errno;
        r = sd_event_add_signal(d->event, NULL, SIGTERM, on_stop, d);
        if (r >= 0)
                r = sd_event_add_signal(d->event, NULL, SIGINT, on_stop, d);
        if (r >= 0)
                r = sd_event_add_signal(d->event, NULL, SIGHUP, on_hup, d);
        if (r >= 0)
                r = sd_event_add_time_relative(d->event, &d->stop_timer, CLOCK_MONOTONIC, 100 * USEC_PER_MSEC, 0, on_stop_timer, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->stop_timer, SD_EVENT_OFF);
        return r;
}

static int fail(const Why *why, int error, const char *what) {
        if (why->text[0])
                log_error("%s: %s", what, why->text);
        else
                (void) log_error_errno(error, "%s: %m", what);
        return error > 0 ? EXIT_CONFIG : EXIT_FAILURE;
}

static int run(Daemon *d) {
        Why why = {};
        int r;

        r = crypto_init(&why);
        if (r < 0)
                return fail(&why, r, "This libsodium cannot be used");
        r = daemon_load_config(d, &d->config, &why);
        if (r != 0)
                return fail(&why, EXIT_CONFIG, "Configuration");
        log_set_level(d->config->log_level);
        if (d->options.check_config) {
                (void) printf("The configuration of %s is good.\n", d->name);
                return EXIT_SUCCESS;
        }

        r = state_directory(d, &why);
        if (r == 0)
                r = lock_state_directory(d, &why);
        if (r < 0)
                return fail(&why, r, "State directory");
        r = sd_event_new(&d->event);
        if (r >= 0)
                r = install_signals(d);
        if (r >= 0)
                r = daemon_start(d, &why);
        if (r != 0)
                return fail(&why, r, "Cannot start");

        /* pings the watchdog from the loop itself: a loop that is stuck is one that systemd ends */
        (void) sd_event_set_watchdog(d->event, true);
        (void) sd_notify(false, "READY=1");
        if (d->options.role == ROLE_PEER && !d->genesis)
                log_notice("Waiting for a network: as root, votectl network join FILE.");

        r = sd_event_loop(d->event);
        if (d->exit_error != 0) {
                (void) log_error_errno(d->exit_error, "Ending after an error: %m");
                return EXIT_FAILURE;
        }
        return r < 0 ? EXIT_FAILURE : r;
}

/* As when a step says -ENOMEM: what was committed is on disk, and systemd starts it again. */
static void out_of_memory(void) {
        (void) log_oom();
        _exit(EXIT_FAILURE);
}

int main(int argc, char *argv[]) {
        Daemon d = {};
        int r;

        if (hold_standard_streams() < 0)
                return EXIT_FAILURE;
        r = parse_arguments(argc, argv, &d.options);
        if (r <= 0)
                return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        d.name = d.options.instance ? d.options.instance : d.options.role == ROLE_PEER ? "peer" : "tracker";

        (void) umask(0077);
        journal_open("voted");
        json_init(out_of_memory);
        r = run(&d);
        daemon_done(&d);
        return r;
}
