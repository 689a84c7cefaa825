/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../sim/disk.h"
#include "../sim/memo.h"
#include "fuzz.h"
#include "node/peer.h"
#include "peer-material.h"
#include "peer-program.h"
#include "proto/message.h"
#include "voted/limits.h"

/* The shell of the one peer that is stepped, with what must hold whatever happens (peer-check.c). */

#define HOST_LINKS      8U
#define HOST_HONEST(who) ((who) == 1 || (who) == 2 || (who) == 7)       /* keys that nobody lies with */
#define HOST_FRAMES     16U
#define HOST_VIEWS      4096U
#define HOST_READS      (MESSAGE_FROM_STRANGER | MESSAGE_FROM_PEER | MESSAGE_FROM_CLIENT | MESSAGE_OF_QUORUM)

typedef struct HostAsk {        /* a question of the peer's that nobody has answered */
        MessageType type;
        uint64_t id;
} HostAsk;

typedef struct HostLink {
        LinkId id;              /* 0: there is none */
        unsigned who;
        bool honest, tracker, closing;
        bool sent;              /* and it was not told yet */
        HostAsk asks[16];
        unsigned n_asks;
} HostLink;

typedef struct HostFrame {      /* on its way to the peer; or kept, to be sent again */
        LinkId link;
        char *data;
        size_t n;
} HostFrame;

typedef struct HostCheck {
        uint64_t token;
        SigCheck *checks;
        size_t n;
} HostCheck;

typedef struct Host {
        Material *m;
        Memo *memo;
        Disk *disk;
        Peer *peer;
        unsigned life;          /* counts its starts */
        const SecretKey *identity;
        bool stopped, verbose;
        uint64_t now_usec;
        int64_t clock_sec;      /* the wall clock against MATERIAL_START and now_usec */
        uint64_t wake_usec;
        NodeEffects pending;
        PeerConfig config;
        PeerEndpoint fixed, tracker;
        char *remembered;
        size_t n_remembered;
        unsigned crash_at;      /* as the program has it; 0: not */

        HostLink links[HOST_LINKS];
        LinkId n_links;
        unsigned honest_tip;    /* height up to which they know their chain */
        HostFrame queue[256], kept[HOST_FRAMES];
        unsigned n_queue, n_kept;

        unsigned hold;
        HostCheck held[64];
        unsigned n_held;
        uint64_t dials[8];      /* that were not answered */
        NodeAddress dial_to[8];
        unsigned n_dials;
        uint64_t requests[32], n_requests;      /* of local users, 0: answered */
        bool mining;
        Id mine;
        unsigned n_proposed;

        /* what was seen, and must stay */
        Id final[64];
        uint64_t final_height, n_final;
        struct { uint64_t view; bool has[_QUORUM_KIND_MAX]; Id block[_QUORUM_KIND_MAX]; } said[64];
        unsigned n_said;
        Id judged[64];          /* blocks of the ledger whose seals were looked at */
        Id looked_at;           /* the tip, when the ledger was */
        uint64_t looked_final;
} Host;

/* blocks: so many of the main chain are in its ledger */
void host_begin(Host *h, const PeerOp *mode);
void host_end(Host *h);
void host_crash(Host *h);               /* and starts again */
void host_step(Host *h, NodeEvent ev);
void host_run(Host *h, uint64_t usec);  /* with a tick whenever it wants one */
void host_frame(Host *h, const HostLink *l, const char *data, size_t n);
void host_up(Host *h, unsigned slot, unsigned who, bool dialled);
void host_down(Host *h, unsigned slot);
void host_verified(Host *h, unsigned i);
HostLink* host_link(Host *h, LinkId id);        /* NULL: it is gone */
void host_settle(Host *h, unsigned tip);         /* 0: all there is */

/* peer-honest.c: what an honest peer says of itself, and answers */
void honest_hello(Host *h, const HostLink *l);
void honest_answer(Host *h, const HostLink *l, const Message *m);
void honest_tell_all(Host *h, const HostLink *l);

/* peer-check.c */
void check_effect(Host *h, const NodeEffect *fx);
void check_sent(Host *h, const HostLink *l, const Message *m);
void check_state(Host *h);              /* after each turn */
bool check_is_settled(const Host *h);    /* it knows what the others have */

/* peer-frame.c: a line of the program that makes a frame, or says how the next one is made. False: it is none. */
bool frame_op(Host *h, const PeerOp *op);
void frame_forget(void);
