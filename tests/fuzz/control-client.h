/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "control-shape.h"

/* A client of the control socket that knows what it has asked, and holds each answer against the published interface. */

typedef struct Asked {
        bool bad;               /* a frame for which a connection is closed */
        bool more, oneway, waits;
        bool imports, ends;     /* a piece of an import, the last one */
        char method[96];        /* "" with bad */
} Asked;

typedef struct Client {
        int fd;
        uid_t uid;
        bool admin;
        bool reads;             /* takes off what comes */
        bool has_rested;        /* there was a time when it did not */
        bool shut;              /* has closed its writing side */
        bool ended;             /* the daemon has closed */
        bool has_imported;      /* a piece of an import was taken */
        bool import_is_whole;   /* its last answer says so */
        bool refused;           /* the last answer was a Refused, for which its user is charged */
        Buf out, in, frame;     /* frame: of what the kernel has taken, since the last NUL */
        Asked *asked;
        size_t n_asked, first;  /* from first on: not answered yet */
        size_t n_answers;
        uint64_t bytes;         /* sent and received */
} Client;

/* interfaces: of the server, that of Varlink itself first. */
void client_interfaces(const Shapes *interfaces, size_t n);
void client_open(Client *c, const char *path, uid_t uid, bool admin);
void client_close(Client *c);
/* Sends and takes off what the kernel allows, without waiting. cut: the daemon may have cut off who does not read. */
void client_turn(Client *c, bool cut);
bool client_is_open(const Client *c);
/* How many of its calls are to be answered still, but for those that may wait for as long as they like. */
size_t client_awaits(const Client *c);
bool client_imports(const Client *c);   /* a call of that kind is not answered */
bool client_watches(const Client *c);   /* the status, from now on */
bool client_was_bad(const Client *c);   /* the next thing that it is owed is the end of the connection */
