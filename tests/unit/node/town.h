/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../ledger/fixture.h"
#include "world.h"

/* A world with an election in it: a tracker, peers that find each other through it, an admin, a roll, voters. */

#define TOWN_PEERS_MAX  32U

typedef struct TownSetup {      /* zeros are defaults */
        uint64_t seed;
        unsigned n_peers;       /* 4 */
        unsigned n_miners;      /* the first so many mine; 2 */
        unsigned n_voters;      /* 20 */
        unsigned confirmations; /* 2 */
        unsigned outbound_max;  /* 8 */
        uint64_t hashes_per_sec;        /* of a miner; 100 */
        uint64_t interval, difficulty;  /* 2 s, as much as the miners do in that time */
        uint64_t delay_usec, jitter_usec;       /* 20 ms, 20 ms */
        uint32_t revotes, block_bytes, entry_bytes;
        bool check_each;
        bool late;              /* the last peer is made but not started */
} TownSetup;

typedef struct Town {
        TownSetup setup;
        Genesis *genesis;
        World *w;
        unsigned tracker, peers[TOWN_PEERS_MAX];
        Entry *roll, *election;
        uint64_t opens, closes; /* wall clock */
} Town;

void town_new(Town *t, const TownSetup *setup);         /* all are started, nothing has happened yet */
void town_done(Town *t);
Chain* town_chain(const Town *t, unsigned i);

/* Until every pair of running peers is linked; false after a minute. */
bool town_meet(Town *t);
/* Hands e in at peer i, which must take it: waits for its verdict, and says it. */
int town_post(Town *t, unsigned i, const Entry *e);
/* Roll and election are posted and in a block at every running peer; the election is open, for open_sec. */
bool town_elect(Town *t, uint64_t open_sec);
/* A vote of voter 0, 1, ...; the caller's reference. */
Entry* town_vote(const Town *t, unsigned voter, unsigned seq, unsigned choice);
int town_cast(Town *t, unsigned i, unsigned voter, unsigned seq, unsigned choice);

/* Waits, at most usec. */
bool town_wait_height(Town *t, uint64_t height, uint64_t usec);         /* of every running peer */
bool town_wait_same_tip(Town *t, uint64_t usec);
bool town_wait_votes(Town *t, uint64_t n, uint64_t usec);       /* so many voters have a vote in everybody's ledger */
bool town_same_tip(const Town *t);
bool town_same_height(const Town *t);   /* all that can be said of an idle town: two blocks found at once are a draw that stays */
uint64_t town_votes(const Town *t, unsigned i); /* in the ledger of peer i */
