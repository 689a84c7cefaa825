/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/sign.h"
#include "ledger/chain.h"

/* A ledger for tests: keys from numbers, lines made and signed, blocks connected without an
 * engine's word (but with a seal that `pow` accepts: difficulty 1, interval 1). What cannot go
 * wrong aborts when it does. Needs no libcheck, so that the simulator, bench and fuzz targets may
 * use it. */

#define FIXTURE_CREATED  1000   /* of the genesis, seconds */
#define FIXTURE_OPENS    5000   /* of the election that fixture_election() makes */
#define FIXTURE_CLOSES   6000
#define FIXTURE_GRACE    60     /* the network's least */
#define FIXTURE_ADMIN    0      /* keys 0, 1, ... are the admins */
#define FIXTURE_SEALER   50
#define FIXTURE_VOTER    100    /* keys 100, 101, ... are the voters */
#define FIXTURE_ROLL_VOTERS 3000U       /* in one part of a roll */

/* The key of that number: its seed is the number, little-endian. Below 4,096 the secret stays until
 * the process ends, above until some more were asked for. */
const SecretKey* fixture_secret(unsigned number);
const Key* fixture_key(unsigned number);

typedef struct FixtureSetup {   /* zeros are defaults */
        unsigned admins, approvals;     /* 1, 1 */
        uint32_t revotes, notice, block_bytes, vote_bytes, entry_bytes;
        const char *name;               /* "test" */
        uint64_t difficulty, interval;  /* 1, 1 */
        unsigned confirmations;         /* 6 */
        bool quorum;                    /* the engine, with the sealer as its one authority; the seals are not its own */
} FixtureSetup;
/* Of quorum: seals that convince, for receipts that prove finality. */
extern bool fixture_seals_are_real;
/* false: these show that their block was endorsed, and no more. */
extern bool fixture_seals_are_final;
Genesis* fixture_genesis(const FixtureSetup *setup);    /* NULL: all defaults */

/* --- lines; the entry is the caller's reference; its signature is marked as verified --- */

/* o, of which it takes hold, with kind, signer and signature. */
Entry* fixture_entry(const Genesis *g, unsigned signer, const char *kind, Json *o);
/* Appends the signed line of these members, text with ' for ", such as "'election':'...'". It is
 * canonical and may break any other rule. */
void fixture_line(
                const Genesis *g, unsigned signer, const char *kind, const char *members, Buf *ret);
Json* fixture_json(const char *text);                   /* text with ' for " */

/* Voters FIXTURE_VOTER + first ..., n of them, each of weight 1 + number % 3. */
Entry* fixture_roll(const Genesis *g, unsigned signer, const char *name, unsigned part,
                unsigned first, unsigned n);
/* An election with one question of three options by plurality. more: further members as
 * fixture_line() has them, or NULL. */
Entry* fixture_election(const Genesis *g, unsigned signer, const char *name, const Id *rolls,
                size_t n_rolls, uint64_t opens, uint64_t closes, const char *more);
Entry* fixture_approve(const Genesis *g, unsigned signer, const Entry *what);
Entry* fixture_withdraw(const Genesis *g, unsigned signer, const Entry *election);
Entry* fixture_draw(const Genesis *g, unsigned signer, const Entry *election, const char *value);
Entry* fixture_admins(const Genesis *g, unsigned signer, int add, int remove,
                unsigned seq); /* -1: none; 0: no seq */
/* choices: such as "[[1]]". */
Entry* fixture_vote(const Genesis *g, unsigned signer, const Id *election, unsigned seq,
                const char *choices);

/* --- blocks --- */

/* A block on the chain's tip; the entries are referenced. */
Block* fixture_block(const Chain *c, uint64_t time, Entry *const *entries, size_t n);
/* On any parent: height is the parent's + 1. */
Block* fixture_block_on(const Genesis *g, uint64_t height, const Id *parent, uint64_t time,
                Entry *const *entries, size_t n);
/* Makes and connects one; the verdict. */
_must_check_ int fixture_connect(
                Chain *c, uint64_t time, Entry *const *entries, size_t n, Why *why);
#define FIXTURE_CONNECT(c, time, why, ...)                                                      \
        fixture_connect((c), (time), (Entry *const[]) { __VA_ARGS__ },                          \
                        sizeof((Entry *const[]) { __VA_ARGS__ }) / sizeof(Entry*), (why))

/* --- all of it: a network, a roll of n_voters (in parts, one a block), then an election "board" of
 * it --- */

typedef struct Fixture {
        Genesis *genesis;
        Store *store;
        Chain *chain;
        Entry *roll, *election;         /* the roll's first part */
} Fixture;
/* store NULL: one in memory; the store becomes the fixture's. Further approvals stand in blocks of
 * their own. */
void fixture_new(Fixture *ret, const FixtureSetup *setup, Store *store, unsigned n_voters);
void fixture_done(Fixture *f);
