/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/prng.h"
#include "consensus/quorum-private.h"
#include "quorum-world.h"

/* Engines that speak to one another over links that delay, lose and reorder, on hosts that crash: what is not on record when one
 * does is gone. One seed decides everything. */

#define NET_MAX 13
#define NET_DELTA (100 * USEC_PER_MSEC)

typedef struct NetRecord {
        uint64_t view;
        const char *name;
        char *line;
        size_t n;
} NetRecord;

typedef struct NetTurn {        /* waits for its commit */
        EngineEffects effects;
        uint64_t serial;
} NetTurn;

typedef struct NetNode {
        struct Net *net;
        QuorumSigner signer;
        unsigned number, life;
        bool up, liar, record, told_due;
        Engine *e;
        int skew_sec;
        Header *headers;        /* by height, from 1 */
        char **seals;
        uint64_t height, final;
        NetRecord *records;
        size_t n_records;
        NetTurn *turns;
        size_t n_turns;
        uint64_t lied_view;
} NetNode;

typedef struct Net {
        QuorumWorld w;
        Prng prng;
        unsigned n;
        NetNode nodes[NET_MAX];
        uint64_t now_usec;
        struct NetEvent *events;        /* a heap */
        size_t n_events, allocated_events;
        uint64_t order;

        bool due;
        uint32_t loss, crash, corrupt;  /* per million: messages, commits, messages */
        uint64_t delay_usec;            /* at most */
        unsigned side[NET_MAX];         /* of the partition */
        bool corrupted;                 /* one was */
        bool amnesia;                   /* a planted mistake: what was to be recorded is lost at a crash, but was sent */
        bool forget_certificates;       /* another: certificates are not recorded, and blocks that are not final are lost */

        Header *blocks;                 /* two by two, of liars */
        size_t n_blocks;
        Id final[4096];                 /* by height: what somebody called final */
        uint64_t n_final, n_messages, n_bytes, n_evidence, n_crashes, n_switches;
        bool convicted[NET_MAX];
        char broken[256];               /* the invariant that does not hold; "" */
} Net;

void net_init(Net *net, unsigned n, unsigned liars, uint64_t seed);
void net_done(Net *net);
/* Until the time is over, or something is broken. */
void net_run(Net *net, uint64_t usec);
void net_crash(Net *net, NetNode *n);
void net_start(Net *net, NetNode *n);
void net_heal(Net *net);                /* no loss, no crash, no partition; all are up */
uint64_t net_least_final(const Net *net);       /* of the honest */
void net_step(NetNode *n, EngineEvent *ev);
