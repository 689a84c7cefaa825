/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/link.h"

/* Between link.c, which makes and ends links, and link-io.c, which moves their bytes. */

typedef enum LinkState {
        LINK_HANDSHAKE,
        LINK_UP,
        LINK_FLUSHING,          /* sends what is queued, reads no more */
        LINK_LINGERING,         /* all is sent: reads until the far side closes, so that no reset destroys what it has not read */
        LINK_ENDED,
} LinkState;

struct Link {
        LinkGroup *group;
        Link *prev, *next;              /* in group->links */
        Link *prev_due, *next_due;
        LinkFacts facts;
        sd_event_source *io, *timer;
        Channel *channel;
        Lanes lanes;
        Buf out;                        /* bytes of the wire that the kernel did not take yet */
        int fd;
        uint32_t interest;              /* what epoll is asked for */
        uint8_t state;
        bool blocked, is_due, unsent, sync_over;
        int verdict;
        char *reason;
};

#define LINK_READ_BYTES (64U << 10)     /* in one turn */

void link_due(Link *l);                 /* it has something to do at the end of the turn */
void link_count(Link *l);               /* brings the group's sums up to date */
_must_check_ int link_set_timer(Link *l, uint64_t usec);
/* The one with most of what there is too much of, by the offset of a size in LinkFacts; NULL: nobody has any. */
Link* link_with_most(LinkGroup *g, size_t at);

void link_read(Link *l);                /* one portion from the socket */
void link_deliver(Link *l);             /* hands out what is whole, within this turn's share */
void link_flush(Link *l);               /* writes what the kernel takes, within this turn's share */
