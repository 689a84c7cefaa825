/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "node/config.h"
#include "node/event.h"

/* The tracker as a deterministic state machine: a registry of active peers, network by network (DESIGN 6). It never touches
 * a ledger. Memory: at most 16 KiB a registered link, the link's own buffers included. */
typedef struct Tracker Tracker;

_must_check_ int tracker_new(Tracker **ret, const TrackerConfig *config, uint64_t seed);
Tracker* tracker_free(Tracker *t);
DEFINE_CLEANUP(Tracker*, tracker_free)
_must_check_ int tracker_step(Tracker *t, const NodeEvent *ev, NodeEffects *ret);

/* For `votectl status`: {"agent","key"?,"links","networks","peers"}. */
_must_check_ int tracker_status(Tracker *t, Json **ret);
/* [{"network","version","peers":[{"address","key","since_sec","heard_sec"}]}] ; network NULL: all */
_must_check_ int tracker_networks(Tracker *t, uint64_t now_usec, const Id *network, Json **ret);
const char* tracker_status_line(Tracker *t);    /* "12 peers of 2 networks, 14 links" */
