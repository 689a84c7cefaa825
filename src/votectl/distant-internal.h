/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/client.h"
#include "proto/message.h"
#include "votectl/distant.h"

/* What distant.c (the link and the ledger) and distant-call.c (questions about it) share. */
struct Distant {
        Ctl *c;
        NetClient *net;
        Audited ledger;
        bool started;
        uint64_t height;                /* that the peer claims */
        uint64_t request;               /* number of the last one */
        uint64_t refreshed_usec;
        Id submitted;                   /* the last one */
        char *agent;
};

/* Exit codes. */
int distant_send(Distant *d, const Message *m);
/* Sends a request and awaits its response, or the error in its place. */
int distant_ask(Distant *d, Message *m, MessageType type, Message *ret);
/* Up to the peer's tip. */
int distant_sync(Distant *d);
