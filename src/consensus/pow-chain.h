/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/engine.h"
#include "consensus/pow-retarget.h"
#include "consensus/pow-tree.h"

/* The main chain and the side branches as one: headers held in the tree, older ones read from the chain. */
typedef struct PowChain {
        const PowConfig *config;
        const EngineSetup *setup;
        PowTree tree;
        Header tip;             /* height 0: there is no block; its id is the network's then */
        PowWork work;           /* up to and with it */
        uint64_t next_difficulty;
        bool busy;              /* one of the last `confirmations` blocks holds an entry */
} PowChain;

/* What a block stands on. */
typedef struct PowParent {
        Id id;
        uint64_t height, time;
        PowWork work;
        bool main;
} PowParent;

/* Finds the tip and reads the newest headers. 0, -ENOMEM, what the reader says. */
_must_check_ int pow_chain_load(PowChain *c);
void pow_chain_done(PowChain *c);

/* 0, -ENODATA (unknown), -errno. */
_must_check_ int pow_chain_parent(PowChain *c, const Id *id, PowParent *ret);
/* Height, time and difficulty of h on its parent: 0, V_BLOCK, -errno. */
_must_check_ int pow_chain_judge(PowChain *c, const PowParent *parent, const Header *h, Why *why);
/* What a block on that one has to have. */
_must_check_ int pow_chain_difficulty(PowChain *c, const Id *parent, uint64_t height, uint64_t *ret);

/* From n, a side header, down to the main chain: *ret_fork is the height where they part; ret, if not NULL, gets the ids,
 * lowest first (malloc'ed). */
_must_check_ int pow_chain_branch(const PowChain *c, const PowNode *n, uint64_t *ret_fork, Id **ret, size_t *ret_n);
/* Headers and seals of the main chain above fork into the tree, so that they outlive a switch. */
_must_check_ int pow_chain_keep(PowChain *c, uint64_t fork);
/* The main chain ends in n now. */
_must_check_ int pow_chain_switched(PowChain *c, PowNode *n, uint64_t *ret_fork);

void pow_work_read(PowWork *ret, const uint8_t p[static 16]);
void pow_work_format(PowWork w, char ret[static 40]);
