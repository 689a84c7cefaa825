/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/prng.h"
#include "crypto/sign.h"
#include "world.h"

typedef enum HappeningType {
        HAPPENING_EVENT,        /* for a node */
        HAPPENING_TICK,
        HAPPENING_DIAL,         /* reaches the other side */
        HAPPENING_CLOSE,        /* the same */
} HappeningType;

typedef struct Happening {
        uint64_t at_usec, number;       /* number: first come, first served */
        HappeningType type;
        unsigned node, generation, from;        /* from: FRAME, DIAL */
        NodeEvent ev;
        char *data;             /* of ev, owned */
        SigCheck *checks;       /* of ev, owned */
        unsigned mining;        /* FOUND: of that search */
} Happening;

/* Two ends, the dialler's first; each has a number of its own, as in two processes. */
typedef struct WorldEnd {
        LinkId id;
        unsigned node;
        bool gone;              /* it was closed here, or its node died */
        bool paused;            /* nothing is read */
        bool greeted;           /* it has sent its first frame, which no fault touches */
        uint64_t last_usec;     /* when the last frame to it arrives */
        Happening *waiting;     /* frames to it that are not read yet */
        size_t n_waiting, allocated_waiting;
} WorldEnd;

typedef struct WorldLink {
        WorldEnd end[2];
} WorldLink;

typedef enum NodeKind {
        NODE_TRACKER,
        NODE_PEER,
        NODE_PUPPET,
} NodeKind;

typedef struct WorldNode {
        NodeKind kind;
        WorldPeer setup;
        SecretKey *identity;
        char host[16];
        const Genesis *genesis;
        Store *store;
        Peer *peer;
        Tracker *tracker;
        world_puppet_fn puppet;
        void *userdata;
        bool running;
        unsigned generation;    /* counts starts: what was meant for an earlier life is dropped */
        unsigned wake, mining;  /* likewise for timers and for the miner's searches */
        uint64_t n_ticks;
        int commit_error;
        char *remembered;
        size_t n_remembered;
        unsigned n_log[_NODE_MSG_MAX];
        struct { Key key; uint64_t until_usec; } bans[64];
        size_t n_bans;
} WorldNode;

typedef struct Reply {
        uint64_t request;
        WorldReply last;
        Json *json;
        char *text;
} Reply;

typedef struct Memo {           /* of a signature */
        Id id;
        bool valid, used;
} Memo;

struct World {
        WorldSetup setup;
        Prng prng;
        uint64_t now_usec, n_happenings, n_requests;
        LinkId n_links_made;
        Happening *heap;
        size_t n_heap, allocated_heap;
        WorldNode *nodes[WORLD_NODES_MAX];
        size_t n_nodes;
        WorldLink **links;
        size_t n_links, allocated_links;
        bool cut[WORLD_NODES_MAX][WORLD_NODES_MAX];
        uint64_t sent[WORLD_NODES_MAX][WORLD_NODES_MAX];
        Reply *replies;
        size_t n_replies, allocated_replies;
        Memo *memo;
        size_t n_memo, size_memo;
        Id trace;
        world_tap_fn tap;
        void *tap_userdata;
        bool verbose;
};

_noreturn_ void world_die(const World *w, const char *what, int r);
void world_add(World *w, const Happening *h);
/* Feeds the node and carries out what comes of it. */
void world_feed(World *w, unsigned node, NodeEvent *ev);
void world_trace_add(World *w, unsigned node, const NodeEffect *fx);

/* world-net.c */
void wire_send(World *w, unsigned node, LinkId link, char *data, size_t n);      /* takes data over */
void wire_dial(World *w, unsigned node, const NodeAddress *address, const Key *expected, uint64_t dial);
void wire_close(World *w, unsigned node, LinkId link, const char *reason);
void wire_pause(World *w, unsigned node, LinkId link, bool pause);
void wire_drop_node(World *w, unsigned node);    /* all its ends, without its help */
void wire_on_dial(World *w, const Happening *h);
void wire_on_close(World *w, const Happening *h);
bool wire_takes(World *w, Happening *h);         /* a frame; false: it waits, or its link is gone */
void wire_done(World *w);

/* world-work.c */
void labour_verify(World *w, unsigned node, uint64_t token, SigCheck *checks, size_t n);
void labour_mine(World *w, unsigned node, const Id *id, uint64_t difficulty);
void labour_mine_stop(World *w, unsigned node);
void labour_done(World *w);
