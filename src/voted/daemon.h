/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "base/workers.h"
#include "crypto/sign.h"
#include "ctl/varlink-server.h"
#include "net/host.h"
#include "node/peer.h"
#include "node/tracker.h"
#include "voted/config.h"
#include "voted/shell.h"

typedef struct WaitingQuery WaitingQuery;       /* control-query.c */

/* The running node: what main.c puts together and the control methods look at. */
typedef struct Options {        /* of the command line */
        Role role;
        const char *instance;   /* NULL: the role's name */
        const char *config_file, *state_directory, *control_socket;
        const char *host, *port, *tracker_host, *tracker_port;  /* override the configuration */
        bool check_config;
} Options;

typedef struct Daemon {
        Options options;
        const char *name;       /* "tracker", "peer", the instance */
        sd_event *event;
        Config *started;        /* with which the sockets were made, once a reload has brought another; else NULL */
        Config *config;
        char *state_dir;
        SecretKey *identity;
        uint16_t port;          /* the real one */
        bool sockets_given;     /* by systemd */
        char listen[300];       /* "0.0.0.0:8000", for people */
        Workers *workers;
        VarlinkServer *control;
        Shell *shell;           /* NULL: a peer that waits for a network */
        /* tracker */
        Tracker *tracker;
        /* peer */
        Genesis *genesis;
        Store *store;
        Record *record;         /* NULL: none was made, or it cannot be used */
        char *record_problem;   /* then, why; NULL: there is none */
        Peer *peer;
        char *set_aside;        /* path of a damaged ledger that was set aside at this start */
        VarlinkCall *import_ends;       /* whose last piece is being worked off; borrowed */
        WaitingQuery *queries;  /* that wait for a sum */
        size_t n_queries;
        /* watchers of the status */
        VarlinkCall **watchers;
        size_t n_watchers;
        sd_event_source *status_timer, *stop_timer;
        bool status_changed;
        int exit_error;         /* why the loop ends, if not on request */
} Daemon;

/* daemon.c */
_must_check_ int daemon_load_config(Daemon *d, Config **ret, Why *why); /* files, then the command line. 0, V_FORM, -errno */
_must_check_ int daemon_start(Daemon *d, Why *why);     /* everything up to and including the machine */
void daemon_done(Daemon *d);
/* Founds the peer on this genesis: keeps the file and starts the machine. 0; V_* with why; -EEXIST: it has one. */
_must_check_ int daemon_join(Daemon *d, const char *line, size_t n, Why *why);
/* Reads the configuration anew. 0; V_FORM, -errno with why: the old one stays. *ret_n names that need a restart. */
_must_check_ int daemon_reload(Daemon *d, const char **ret_restart, size_t n_max, size_t *ret_n, Why *why);
void daemon_changed(Daemon *d);                         /* status: to systemd and to watchers, at most twice a second */
void daemon_fail(Daemon *d, int error);                 /* ends the loop: an error nothing can go on from */

/* control-peer.c, control-tracker.c */
extern const VarlinkMethod control_methods_peer[], control_methods_tracker[];
_must_check_ int control_status(Daemon *d, Json **ret); /* GetStatus's reply */
int control_watch(Daemon *d, VarlinkCall *call);        /* shared by both roles */
int control_reload(Daemon *d, VarlinkCall *call, const char *error_bad_configuration);
void control_notify_watchers(Daemon *d);
/* A REPLY effect for a call under way. */
void control_on_reply(Daemon *d, VarlinkCall *call, NodeEffect *fx);

/* control-query.c: methods that read the chain. It answers, now or when the status has changed. */
int control_query(Daemon *d, VarlinkCall *call, const char *method, const Json *parameters);
void control_retry_queries(Daemon *d);
void control_drop_queries(Daemon *d);

/* control-authority.c */
int control_init_authority(VarlinkCall *call, const Json *parameters, void *userdata);
int control_get_evidence(VarlinkCall *call, const Json *parameters, void *userdata);
int control_resume_authority(VarlinkCall *call, const Json *parameters, void *userdata);

/* authority.c: the record of what this node has signed. It is opened if it is there, where the engine has authorities; one that is
 * damaged or another's leaves the node up, with record_problem. 0, -errno with why. */
_must_check_ int authority_open_record(Daemon *d, Why *why);
/* Closes one that is of no use; reason: a clause. 0, -ENOMEM. */
_must_check_ int authority_drop_record(Daemon *d, const char *reason);
bool authority_record_is_damaged(const Daemon *d);
/* `authority init`: makes it. 0; V_DUPLICATE with why: there is one, or has been; -errno. */
_must_check_ int authority_init(Daemon *d, Why *why);
/* `authority resume`: hands the operator's word to the node, with an empty record where there is none that can be used.
 * *ret_set_aside: path of one that could not (malloc'ed), or NULL. 0, -errno with why. */
_must_check_ int authority_resume(Daemon *d, char **ret_set_aside, Why *why);

/* identity.c: the node's key: from the credential voted.NAME.key, else from the state directory, where it is made at the first
 * start. 0; V_FORM, -errno with why. */
_must_check_ int identity_load(SecretKey **ret, const char *state_dir, const char *name, Why *why);
