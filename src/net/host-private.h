/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/hash.h"
#include "net/dial.h"
#include "net/gate.h"
#include "net/host.h"
#include "net/link.h"
#include "net/listener.h"

/* Between host.c, where links come from and end, and host-link.c, what is done with them meanwhile. */

#define NET_HOST_LISTENERS_MAX 16U

typedef struct Slot Slot;
struct Slot {           /* a link and what we know of it */
        uint64_t id;
        Link *link;
        Slot *prev, *next;      /* while half open and inbound: oldest first */
        bool half_open;         /* in that list */
        bool reported;          /* on_up was called */
        UT_hash_handle hh;
};

typedef struct Call {           /* a dial, until it is a link that is up */
        uint64_t token;
        NetHost *host;
        Dial *dial;             /* resolving and connecting */
        uint64_t link;          /* or shaking hands */
        Key expected;
        UT_hash_handle hh;
} Call;

struct NetHost {
        sd_event *event;
        ChannelIdentity identity;
        NetHostSettings settings;
        NetHandlers handlers;
        void *userdata;

        LinkGroup group;
        Gate *gate;
        Resolver *resolver;
        Listener *listeners[NET_HOST_LISTENERS_MAX];
        unsigned n_listeners;
        sd_event_source *half_open_timer;

        Slot *slots, *half_open;
        Call *calls;
        uint64_t last_id, refused;
        unsigned n_inbound, n_half_open;
};

Slot* net_host_slot(const NetHost *h, uint64_t link);   /* NULL: none of that number */
