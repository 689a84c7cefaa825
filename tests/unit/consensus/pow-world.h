/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/engine.h"
#include "crypto/sign.h"

/* Blocks that anybody may have sealed, and a node that does with the engine's effects what a peer does. */

#define WORLD_CREATED UINT64_C(1700000000)
#define GENESIS (-1)

typedef struct WorldBlock {
        Header header;
        char *seal;
        size_t n_seal;
        int parent;             /* index in blocks */
        bool invalid;           /* its entries break a rule */
        bool withheld;          /* its entries are nowhere to be had */
} WorldBlock;

typedef struct World {
        Json *config;
        Id network;
        SecretKey *key;
        WorldBlock *blocks;
        int n, allocated;
} World;

void world_init(World *w, uint64_t difficulty, uint64_t interval, unsigned confirmations);
void world_done(World *w);
/* A block on that one, so many seconds after it. Returns its index. */
int world_add(World *w, int parent, uint64_t gap, uint32_t count);
/* n blocks in a row on interval; returns the last one's index. */
int world_extend(World *w, int parent, int n, uint32_t count);
/* Of the header as it is: id, nonce and signature. */
void world_seal(World *w, WorldBlock *b, const SecretKey *key, bool enough_work);

typedef struct WorldNode {
        World *w;
        Engine *e;
        int *main;              /* by height, from 1; index in blocks */
        int height, allocated;
        uint64_t closing;       /* height of a block that closed an election */
        bool plain;             /* a reader that knows no more than it must */
        char log[4096];         /* effects, in words: "want 3, switch 3" */
        Header mine;            /* of the last MINE */
} WorldNode;

void node_init(WorldNode *n, World *w, bool with_key, bool plain);
void node_done(WorldNode *n);
void node_restart(WorldNode *n, bool with_key);
/* What its engine is made with. */
EngineSetup node_setup(WorldNode *n);
/* check_seal() and its signatures. */
int node_judge(WorldNode *n, const WorldBlock *b, Why *why);
/* Header and seal come, having been judged as `expected`; what follows is carried out. */
void node_hear(WorldNode *n, int block, int expected);
void node_bodies(WorldNode *n, int block);
void node_step(WorldNode *n, const EngineEvent *ev);
int node_tip(const WorldNode *n);
/* What the log says since the last call. */
const char* node_log(WorldNode *n);
