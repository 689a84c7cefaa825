/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the parts of the server share: varlink-server.c (sockets, users), varlink-conn.c (bytes of a connection),
 * varlink-call.c (calls and replies). */

#include "ctl/varlink-server.h"
#include "voted/limits.h"

#define INTERFACES_MAX 4
#define GROUPS_MAX 256
#define OUT_BYTES_MAX (8U << 20)        /* of replies that wait for one reader */
#define USERS_MAX 256
#define ALLOWANCE_BURST 1000            /* refused submissions and connections of one user */
#define ALLOWANCE_PER_SEC 100

typedef struct Conn Conn;

/* What one user has used up; the least recently seen one gives way to a new one. */
typedef struct User {
        uid_t uid;
        bool used;
        unsigned connections;
        double allowance;       /* pacing of strangers, never a rule of the ledger */
        uint64_t seen_usec;
} User;

struct VarlinkServer {
        sd_event *event;
        VarlinkSetup setup;
        Interface *interfaces[INTERFACES_MAX];
        size_t n_interfaces;
        sd_event_source *listeners[2];
        size_t n_listeners;
        char *path;             /* to remove at the end */
        Conn *conns;            /* list */
        size_t n_conns;
        User users[USERS_MAX];
};

struct Conn {
        VarlinkServer *server;
        Conn *prev, *next;
        int fd;
        sd_event_source *io;
        sd_event_source *due;   /* enabled: it has a turn to take */
        sd_event_source *linger;        /* it is to close, and its reader has until then; NULL: not yet */
        Buf in, out;
        size_t out_sent;
        VarlinkCall *call;      /* under way; one reference is ours */
        User *user;             /* keeps its place while it has connections; of another uid where there are more than places */
        uid_t uid;
        bool admin, eof, closing;
        bool hup;               /* the client has closed its writing side, and was heard to; epoll would say so for ever */
        bool partial;           /* what has come is no whole message yet */
        bool dropped;           /* its reader does not read: nothing is queued any more */
};

struct VarlinkCall {
        unsigned refs;
        Conn *conn;             /* NULL: gone */
        uid_t uid;
        bool more, oneway, over;
        int (*on_drained)(VarlinkCall *c, void *userdata);
        void *drained_userdata;
        void (*on_gone)(VarlinkCall *c, void *userdata);
        void *gone_userdata;
};

/* varlink-server.c */
User* varlink_user(VarlinkServer *s, uid_t uid);
bool varlink_user_charge(VarlinkServer *s, User *u);
/* varlink-conn.c */
int varlink_conn_new(VarlinkServer *s, int fd, User *user, uid_t uid, bool admin);
void varlink_conn_free(Conn *c);
int varlink_conn_arm(Conn *c);
void varlink_conn_drop(Conn *c);        /* closes it without what is queued, on its next turn */
size_t varlink_conn_queued(const Conn *c);
/* varlink-call.c: takes one message as a call. 0; > 0: a frame that no Varlink client sends, close; < 0: we failed */
int varlink_conn_dispatch(Conn *c, const Json *message);
