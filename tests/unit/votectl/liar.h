/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/varlink-server.h"
#include "ledger/genesis.h"
#include "votectl/votectl.h"

/* A node that lies, in a process of its own, and somebody who asks it. What it answers is its program's
 * to say: answer(call, method, params), and a table of methods. */

#define I "org.voted.Peer."

#define LIAR_METHOD(name)                                                               \
        static int on_##name(VarlinkCall *call, const Json *params, void *userdata) {   \
                return answer(call, I #name, params);                                   \
        }

/* A home of its own for what the client keeps, and a place for the node's socket. */
void liar_begin(void);
/* The node answers from now on, out of what the memory of this process holds at this moment. */
void liar_start(const VarlinkMethod *methods);
void liar_end(void);

/* Somebody whom nobody sees, and who has pinned that network (NULL: none). */
void liar_ctl(Ctl *c, const Genesis *pinned);
void liar_ctl_done(Ctl *c);
/* Runs a verb of these; its exit code, and what it says on standard error. */
int liar_run(Ctl *c, const CtlVerb *verbs, const char *verb, const char *argument, Buf *ret_said);
