/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "base/workers.h"
#include "ledger/chain.h"
#include "ledger/record.h"
#include "net/host.h"
#include "node/event.h"
#include "voted/miner.h"

/* Carries out what a node's state machine wants (node/event.h), on sd-event: effects of one turn of the loop are gathered, the
 * commit comes first, then what it allows to leave. The same for both roles. */
typedef struct Shell Shell;

typedef struct ShellSetup {
        sd_event *event;
        int (*step)(void *machine, const NodeEvent *ev, NodeEffects *ret);
        Store *store;                   /* for what is remembered; NULL: nowhere */
        const SecretKey *identity;
        const NetHostSettings *settings;
        Workers *workers;
        /* An answer to a request of shell_request(): fx belongs to the shell. */
        void (*on_reply)(void *userdata, void *who, NodeEffect *fx);
        void (*on_changed)(void *userdata);
        void (*on_fatal)(void *userdata, int error);    /* the machine cannot go on */
        void *userdata;
} ShellSetup;

/* Makes the network host too, which the caller sets to listen, before it hands the machine in and starts it. 0, -errno. */
_must_check_ int shell_new(Shell **ret, const ShellSetup *setup);
Shell* shell_free(Shell *s);
DEFINE_CLEANUP(Shell*, shell_free)
void shell_set_machine(Shell *s, void *machine, Chain *chain /* NULL: nothing to commit */);
void shell_set_record(Shell *s, Record *record /* NULL: none */);  /* committed before the chain */
NetHost* shell_net(Shell *s);
bool shell_has_failed(const Shell *s);
void shell_set_miner(Shell *s, Miner *m);       /* taken over; NULL: mining ends */
Miner* shell_miner(Shell *s);
bool shell_is_mining(const Shell *s);           /* there is work and a miner */

/* Steps the machine with ev (its times are filled in). */
void shell_event(Shell *s, NodeEvent *ev);
/* A new request number for who; shell_event() with it; answered by on_reply until a REPLY without more. */
_must_check_ int shell_request(Shell *s, NodeEvent *ev, void *who, uint64_t *ret_request);
void shell_cancel_who(Shell *s, const void *who);       /* its request, if there is one */
void shell_miner_found(void *userdata, const Id *block, uint64_t nonce);        /* for miner_new(); userdata: the shell */
/* When it last got through a turn (monotonic), for the watchdog. */
uint64_t shell_progress_usec(const Shell *s);
