/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/id.h"
#include "codec/json.h"

typedef struct Voter {
        Key key;
        uint32_t weight;                        /* 1 .. WEIGHT_MAX */
} Voter;                                        /* 36 bytes, without padding */

/* One roll entry. Immutable. */
typedef struct Roll {
        char *name;
        uint32_t part;
        size_t n_voters;                        /* at least 1 */
        uint64_t weight;                        /* sum, at most WEIGHT_SUM_MAX */
        Voter *voters;                          /* in the order of the entry */
} Roll;

/* Parses a roll entry, or the same object without kind, signer and signature: {name, part, voters:
 * [[key, weight], ...]}. No key stands twice. Whether each key is an acceptable point is left to
 * roll_check_keys(), since that costs some 50 us a key: a caller with threads splits it, and a
 * caller that reads back what the ledger holds leaves it out.
 * Returns 0, V_FORM or V_DEFINITION with why (which names the key), or -ENOMEM. */
_must_check_ int roll_parse(Roll **ret, const Json *o, Why *why);
/* Voters first .. first + n - 1, as many of them as there are (n SIZE_MAX: to the end). Returns 0
 * or V_KEY with why, which names the voter. Thread-safe. */
_must_check_ int roll_check_keys(const Roll *r, size_t first, size_t n, Why *why);
Roll* roll_free(Roll *r);                       /* NULL is fine; returns NULL */
DEFINE_CLEANUP(Roll*, roll_free)

/* The voters of an election: its rolls joined, numbered from 0 by order of rolls, then position.
 * About 44 bytes a voter. A reference may be shared by elections with the same rolls. */
typedef struct RollSet RollSet;

_must_check_ int roll_set_new(RollSet **ret);   /* 0 or -ENOMEM */
/* Appends the voters of r (copied). After anything but 0 the set is as it was.
 * Returns 0, V_DEFINITION with why (a key that is there already, or the sum of weights above
 * WEIGHT_SUM_MAX), or -ENOMEM. */
_must_check_ int roll_set_add(RollSet *s, const Roll *r, Why *why);
RollSet* roll_set_ref(RollSet *s);              /* not atomic */
RollSet* roll_set_unref(RollSet *s);            /* NULL is fine; returns NULL */
DEFINE_CLEANUP(RollSet*, roll_set_unref)

size_t roll_set_size(const RollSet *s);         /* how many voters */
uint64_t roll_set_weight(const RollSet *s);     /* sum of weights */
/* O(1). False if key is not on the rolls; ret_number and ret_weight may be NULL. */
bool roll_set_find(const RollSet *s, const Key *key, uint32_t *ret_number, uint64_t *ret_weight);
const Key* roll_set_key(const RollSet *s, uint32_t number);    /* NULL past the end */
uint64_t roll_set_voter_weight(const RollSet *s, uint32_t number);  /* 0 past the end */
