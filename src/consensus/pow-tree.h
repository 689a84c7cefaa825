/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/header.h"

__extension__ typedef unsigned __int128 PowWork;        /* summed difficulty */

/* The headers that an engine holds: those of side branches, and the newest of the main chain. A side header's parent is
 * here too, or on the main chain below what is held of it. */
typedef struct PowNode PowNode;
struct PowNode {
        Header header;
        char *seal;             /* of the main chain's: NULL until it may be needed */
        size_t n_seal;
        PowWork work;           /* up to and with this block */
        uint64_t seen;          /* order of arrival */
        bool main;
        bool doomed;            /* within pow_tree_drop() only */
        uint32_t children;      /* in the tree */
        size_t at;              /* in nodes */
        PowNode *next;          /* in its bucket */
};

#define POW_TREE_BUCKETS 4096U

typedef struct PowTree {
        PowNode **nodes;
        size_t n, allocated;
        size_t n_side;
        uint64_t seen;
        PowNode *buckets[POW_TREE_BUCKETS];
} PowTree;

void pow_tree_done(PowTree *t);
PowNode* pow_tree_find(const PowTree *t, const Id *id);
/* seal is copied; NULL: none. The header is not in the tree yet. 0, -ENOMEM. */
_must_check_ int pow_tree_add(PowTree *t, const Header *h, const char *seal, size_t n_seal, PowWork work, bool main, PowNode **ret);
void pow_tree_set_main(PowTree *t, PowNode *n, bool main);
void pow_tree_remove(PowTree *t, PowNode *n);
/* Removes n, a side header, and what descends from it; on_drop sees each before it goes. */
void pow_tree_drop(PowTree *t, PowNode *n, void (*on_drop)(void *userdata, const Header *h), void *userdata);
/* The side header with most work, of equals the first seen. NULL: none. */
PowNode* pow_tree_heaviest(const PowTree *t);
/* The end of a side branch with least work, of equals the last seen. NULL: none. */
PowNode* pow_tree_lightest_end(const PowTree *t);
