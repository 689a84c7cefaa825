/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "net/address.h"
#include "net/channel.h"
#include "net/lanes.h"

/* One link on the event loop: a socket, its channel, and what waits to be sent.
 *
 *   HANDSHAKE --proven--> UP --link_close()--> FLUSHING --all sent--> LINGERING --closed by the far side--> ENDED
 *       |                 |                       |  time is up                      |  time is up           ^
 *       +-----------------+--- error, timeout, end of file ------------------------------+-----------------------+
 *
 * Handlers are called from the loop only. on_ended is the last; whoever made the link frees it there or later. */
typedef struct Link Link;

typedef struct LinkBounds {
        size_t frame_max_first, frame_max;
        size_t lane_max[_NET_LANE_MAX];
        size_t queued_max, held_max;            /* over all links */
        uint64_t handshake_usec, linger_usec;
} LinkBounds;

typedef struct LinkHandlers {
        void (*on_up)(void *userdata, Link *l);
        void (*on_frame)(void *userdata, Link *l, const char *p, size_t n);
        void (*on_sent)(void *userdata, Link *l);
        void (*on_ended)(void *userdata, Link *l, int verdict, const char *reason);
        /* A frame for the far side that says why it is cut off, if there is one to be sent: appended to *ret. May be NULL. */
        void (*farewell)(void *userdata, int verdict, const char *reason, Buf *ret);
} LinkHandlers;

/* What the links of a host share: the loop, buffers that are used within one call only, bounds and sums. Not a secret of
 * link.c, since the host shows the sums and changes the bounds. */
typedef struct LinkGroup {
        sd_event *event;
        const ChannelIdentity *identity;
        LinkBounds bounds;
        const LinkHandlers *handlers;
        void *userdata;

        size_t queued, held;
        uint64_t sent_bytes, received_bytes;

        char *input;
        Buf stream, wire;
        Link *links;            /* all of them */
        Link *due;              /* those with something to do at the end of the turn */
        sd_event_source *defer;
} LinkGroup;

_must_check_ int link_group_init(LinkGroup *g, sd_event *event, const ChannelIdentity *identity, const LinkHandlers *handlers, void *userdata);
void link_group_done(LinkGroup *g);     /* after its links */

/* Takes fd over, also when it fails. id and tag are the caller's own. 0 or -errno. */
_must_check_ int link_new(Link **ret, LinkGroup *g, int fd, const NetAddress *address, bool inbound, const Key *expected, uint64_t id,
                uint64_t tag);
Link* link_free(Link *l);
DEFINE_CLEANUP(Link*, link_free)

typedef struct LinkFacts {
        uint64_t id, tag;               /* as given to link_new() */
        bool inbound, paused;
        bool was_up;                    /* on_up was called */
        uint64_t since_usec;            /* monotonic, of its making */
        uint64_t sent_bytes, received_bytes;    /* of the wire */
        size_t queued, held;
        NetAddress address;
} LinkFacts;
const LinkFacts* link_facts(const Link *l);
const Key* link_key(const Link *l);             /* zero in HANDSHAKE */
bool link_is_half_open(const Link *l);          /* HANDSHAKE */

/* Takes data over. Swallowed unless UP. 0 or -ENOMEM; a lane that overflows ends the link. */
_must_check_ int link_send(Link *l, NetLane lane, char *data, size_t n);
size_t link_queued(const Link *l, NetLane lane);
void link_close(Link *l, int verdict, const char *reason);
void link_cut_off(Link *l, int verdict, const char *reason);    /* the same, with a farewell */
void link_abort(Link *l, int verdict, const char *reason);      /* sends nothing more */
void link_set_paused(Link *l, bool paused);
