/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/queue.h>

#include "ledger/entry.h"

/* What a peer knows of entries that are in no block yet: which it wants, which wait for the check of their signature,
 * which are in the pool, and which links have which. One lookup by id answers all of it.
 *
 *      WANTED --line comes--> CHECKING --valid, and fit for the pool--> POOLED --connected, or has no future--> gone
 *        |                       |
 *        +--nobody has it--> gone +--valid, but only a block wants it--> HELD --its blocks are decided--> gone */

/* Links have small numbers while they live, so that "who has it" is a set of bits. */
#define LINK_SLOTS 256U
typedef struct SlotSet {
        uint64_t w[LINK_SLOTS / 64];
} SlotSet;

static inline void slot_set_add(SlotSet *s, unsigned slot) {
        s->w[slot / 64] |= UINT64_C(1) << (slot % 64);
}
static inline void slot_set_remove(SlotSet *s, unsigned slot) {
        s->w[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}
static inline bool slot_set_has(const SlotSet *s, unsigned slot) {
        return s->w[slot / 64] >> (slot % 64) & 1;
}
static inline void slot_set_subtract(SlotSet *s, const SlotSet *other) {
        for (size_t i = 0; i < ELEMENTSOF(s->w); i++)
                s->w[i] &= ~other->w[i];
}
static inline bool slot_set_empty(const SlotSet *s) {
        for (size_t i = 0; i < ELEMENTSOF(s->w); i++)
                if (s->w[i])
                        return false;
        return true;
}

typedef enum ItemState {
        ITEM_WANTED,
        ITEM_CHECKING,
        ITEM_POOLED,
        ITEM_HELD,
        _ITEM_STATE_MAX,
} ItemState;

/* A local user who waits for the verdict. */
typedef struct Waiter Waiter;
struct Waiter {
        Waiter *next;
        uint64_t request;
        uint32_t uid;
};

typedef struct Item Item;
struct Item {
        Id id;
        ItemState state;
        Entry *entry;           /* NULL while WANTED */
        SlotSet known;          /* links that have it, as they told us */
        SlotSet told;           /* links that we told since the last beat */
        uint64_t since_usec;    /* in this state */
        uint64_t ask_usec;      /* WANTED: when to ask next */
        uint64_t asked;         /* WANTED: the request under way, 0: none */
        uint64_t from;          /* CHECKING: the link that the line came by, 0: none */
        uint64_t version;       /* CHECKING: of the chain that it was judged by */
        unsigned n_blocks;      /* blocks in the making that need it */
        uint64_t tied;          /* serial of the last one that was tied to it */
        unsigned wanted_by;     /* WANTED: the slot whose allowance it counts against, or LINK_SLOTS */
        bool voter;             /* CHECKING: handed in by its voter, not relayed by a peer */
        bool push;              /* we are its first peer: whole lines go out */
        bool returned;          /* of a disconnected block: the store's pool has it too */
        bool out;               /* waits to be announced */
        bool invalid;           /* its signature does not verify, or it lists a bad key */
        bool bad_key;           /* the latter */
        uint64_t checking;      /* CHECKING: serial of these checks */
        unsigned n_pending;     /* CHECKING: answers that are still to come */
        bool needs_sum;         /* CHECKING: what it proves can be told when a sum is made */
        bool awaits_sum;        /* and it waits for nothing else */
        Waiter *waiters;
        TAILQ_ENTRY(Item) states, outs;
        Item *next;             /* in its bucket */
};
TAILQ_HEAD(ItemList, Item);

/* The buckets are keyed, so that nobody can choose ids that fall into one. */
typedef struct ItemTable {
        Item **buckets;
        size_t n_buckets, n;
        uint64_t key[2];
        struct ItemList state[_ITEM_STATE_MAX];
        size_t n_state[_ITEM_STATE_MAX];
} ItemTable;

_must_check_ int item_table_init(ItemTable *t, uint64_t key0, uint64_t key1);
void item_table_done(ItemTable *t);
Item* item_table_find(const ItemTable *t, const Id *id);
/* Makes it, WANTED; it is not there yet. NULL: no memory. */
Item* item_table_add(ItemTable *t, const Id *id);
void item_table_move(ItemTable *t, Item *i, ItemState to);
void item_table_remove(ItemTable *t, Item *i);   /* not while `out`, with waiters or needed by blocks */

/* Ids that were judged a while ago. Two generations: when the younger is full or old, the elder is forgotten. Half of a
 * keyed hash stands for the id. */
typedef struct Lately {
        uint64_t *set[2];
        size_t n, size;         /* of the younger; a power of two */
        uint64_t key[2], since_usec;
} Lately;

_must_check_ int lately_init(Lately *l, size_t size, uint64_t key0, uint64_t key1);
void lately_done(Lately *l);
bool lately_has(const Lately *l, const Id *id);
void lately_add(Lately *l, const Id *id, uint64_t now_usec);
void lately_age(Lately *l, uint64_t now_usec, uint64_t keep_usec);      /* what is there stays at least that long, unless full */
void lately_clear(Lately *l);
