/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/host.h"
#include "node/event.h"

/* Joins a node and its network, for both roles: carries out what the node wants of the network, and hands it what happens there
 * as events. */
typedef struct Network Network;

/* ev has everything set, the clocks included. */
typedef void (*NetworkHandler)(void *userdata, const NodeEvent *ev);

_must_check_ int network_new(Network **ret, sd_event *event, const SecretKey *identity, const NetHostSettings *settings,
                NetworkHandler on_event, void *userdata);
Network* network_free(Network *n);
DEFINE_CLEANUP(Network*, network_free)
NetHost* network_host(Network *n);              /* to listen, and for what status shows */

/* Carries out SEND, CLOSE, DIAL, BAN, PAUSE and RESUME; takes the effect's data over. Returns true if it was one of these.
 * Running out of memory closes the link concerned, or fails the dial by its event. */
bool network_carry_out(Network *n, NodeEffect *fx);
