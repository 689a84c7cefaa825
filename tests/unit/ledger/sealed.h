/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fixture.h"

/* Trustees, boards and sealed ballots for tests, on top of fixture.h. Secrets come from numbers, so
 * that a run is like the other. What cannot go wrong aborts when it does. */

#define SEALED_TRUSTEE 20       /* keys 20, 21, ... are the trustees */
#define SEALED_UNTIL   4000     /* of a board */

typedef struct SealedTrustee {
        SecretScalar *e;        /* of its sealing key */
        Polynomial *polynomial; /* what it deals */
        SecretScalar *x;        /* its share, once all have dealt */
} SealedTrustee;

typedef struct SealedBoard {
        const Genesis *genesis;
        Id id;                  /* of its entry, once made */
        unsigned threshold, n;
        SealedTrustee trustees[TRUSTEES_MAX];
        Id deals[TRUSTEES_MAX]; /* ids of the deals, once made */
        DealLine deal_lines[TRUSTEES_MAX];
} SealedBoard;

void sealed_board_init(SealedBoard *b, const Genesis *g, unsigned threshold, unsigned n);
void sealed_board_done(SealedBoard *b);

/* Entries, the caller's. */
Entry* sealed_trustee(SealedBoard *b, unsigned i);
Entry* sealed_roll_of_trustees(SealedBoard *b, unsigned signer);
/* elections: text with ' for ", such as "'secret'". */
Entry* sealed_board(SealedBoard *b, unsigned signer, const char *name, const char *elections, uint64_t until);
/* wrong: the trustee whose share is spoilt, or UINT_MAX. */
Entry* sealed_deal(SealedBoard *b, unsigned dealer, unsigned wrong);
void sealed_root(const SealedBoard *b, Id *ret);
Entry* sealed_confirm(SealedBoard *b, unsigned i);
Entry* sealed_object(SealedBoard *b, unsigned i, unsigned dealer);
/* Once all deals are made: the trustees' shares of the key, and the key. */
void sealed_open_deals(SealedBoard *b);
void sealed_key(const SealedBoard *b, Element *ret);
/* choices: such as "[[1]]". */
Entry* sealed_vote(SealedBoard *b, unsigned voter, const Entry *election, unsigned seq, const char *choices);
Json* sealed_ballot(SealedBoard *b, unsigned voter, const Entry *election, unsigned seq, const char *choices);
/* The members of a `share`, in opening one cipher for each option; in opening the chain's own sum of an election that has
 * closed; and the entry of that. */
Json* sealed_share_json_of(SealedBoard *b, const ElectionInfo *e, unsigned trustee, const Cipher *ciphers);
Json* sealed_share_json(SealedBoard *b, Chain *c, const ElectionInfo *e, unsigned trustee);
Entry* sealed_share(SealedBoard *b, Chain *c, const ElectionInfo *e, unsigned trustee);

/* An election with a question of three options, by that board. more: further members, or NULL. */
Entry* sealed_election(SealedBoard *b, unsigned signer, const char *name, const Id *rolls, size_t n_rolls,
                uint64_t opens, uint64_t closes, const char *more);

/* All of the first part in the chain, one block each at that time: roll of trustees, trustees, the
 * board, deals, confirmations. entries: what was connected, or NULL. */
void sealed_make_ready(SealedBoard *b, Chain *c, const char *name, const char *elections, uint64_t time);

/* The entry's line without its signature, malloc'ed; another signer's key put into such a line; an
 * entry of it, signed by signer, or the verdict of its form; and what becomes of it: that verdict, or
 * the chain's in a block of that time. */
char* sealed_unsigned(const Entry *e);
void sealed_set_signer(char *line, unsigned signer);
_must_check_ int sealed_resign(
                Entry **ret, const Genesis *g, unsigned signer, const char *kind, const char *line, Why *why);
_must_check_ int sealed_judge(Chain *c, unsigned signer, const char *kind, const char *line, uint64_t time, Why *why);
/* Changes a digit, or a character of base64url, to another; false: it is none. */
bool sealed_flip(char *c);
