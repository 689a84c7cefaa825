/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"

/* Frames that wait to be sent on a link, in three lanes (DESIGN 6). The first lane that has a frame sends; a frame that has
 * begun is sent to its end. Pure: a link asks it for the next bytes of the stream. */
typedef enum NetLane {          /* the order of NodeLane */
        NET_LANE_ENGINE,        /* overflow closes the link */
        NET_LANE_SYNC,          /* overflow closes the link */
        NET_LANE_GOSSIP,        /* overflow drops the oldest frame */
        _NET_LANE_MAX,
} NetLane;

typedef struct Frame Frame;

typedef struct Lane {
        Frame *first, *last;
        size_t bytes;           /* queued, with what a frame costs beside its bytes */
} Lane;

typedef struct Lanes {          /* all zero is an empty one */
        Lane lanes[_NET_LANE_MAX];
        Frame *sending;         /* has begun; in no lane any more */
        size_t sent;            /* of sending, its length in front included */
        size_t bytes;           /* in all */
} Lanes;

#define FRAME_COST 64U          /* memory of a queued frame beside its bytes */

void lanes_done(Lanes *l);
/* Queues a frame; takes data over, also when it fails. max: the lane's bound in bytes; a frame that is alone in its lane
 * always has room. Returns 0, -ENOBUFS (overflow in a lane that drops nothing), -ENOMEM. */
_must_check_ int lanes_add(Lanes *l, NetLane lane, char *data, size_t n, size_t max);
/* Drops the oldest frames of the gossip lane until it holds at most max bytes. */
void lanes_drop_gossip(Lanes *l, size_t max);
/* Appends up to n bytes of the stream: frames, each behind its 4 bytes of length. 0 or -ENOMEM. */
_must_check_ int lanes_take(Lanes *l, Buf *ret, size_t n);
static inline bool lanes_are_empty(const Lanes *l) {
        return l->bytes == 0;
}
