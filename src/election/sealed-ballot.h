/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/proof-batch.h"
#include "election/ballot.h"

/* A ballot that nobody can read and everybody can check (DESIGN 5):
 *      {"sealed":[{"options":[[alpha, beta, proof], ...],"sum":proof}, ...]}
 * one item per question, all strings base64url; "sum" where the method has one (sealed-form.h). */
typedef struct SealedBallot SealedBallot;

/* Parses it against d, a sealed election, which is not kept: the shape, the encodings, that each
 * alpha and beta is an element of the group. Says nothing of the proofs.
 * Returns 0, V_BALLOT or V_PROOF with why ("question 2: option 7: ..."), or -ENOMEM. Thread-safe. */
_must_check_ int sealed_ballot_parse(
        SealedBallot **ret, const Definition *d, const Json *o, Why *why);
SealedBallot* sealed_ballot_free(SealedBallot *b);      /* NULL is fine; returns NULL */
DEFINE_CLEANUP(SealedBallot*, sealed_ballot_free)

/* One of each option, question by question: d->n_options of them. */
const Cipher* sealed_ballot_ciphers(const SealedBallot *b);

/* Seals choices, a ballot of d. All randomness comes from the seed: the same arguments make the same
 * bytes. * No two ballots of a voter may come from one seed: draw a new one for each, and keep it as
 * secret as the choices. s: all but its ciphers.
 * Returns 0 or -ENOMEM. Time does not tell the choices. */
_must_check_ int sealed_ballot_make(Json **ret, const Definition *d, const BallotStatement *s,
        const Ballot *choices, const uint8_t seed[static 32]);

/* All proofs, for this voter, this seq, this election and no other. s: all but its ciphers.
 * Returns 0, V_PROOF with why, or -ENOMEM. Thread-safe. */
_must_check_ int sealed_ballot_check(
        const SealedBallot *b, const Definition *d, const BallotStatement *s, Why *why);

/* One of many. The ballot must be of that definition; verdict and why are what the check sets. */
typedef struct SealedCheck {
        const SealedBallot *ballot;
        const Definition *definition;
        BallotStatement statement;              /* all but its ciphers */
        int verdict;                            /* 0 or V_PROOF */
        Why why;
} SealedCheck;

/* The same of many ballots, faster: all of a batch at once, and one by one where a batch fails.
 * Memory is bounded by PROOF_BATCH_EQUATIONS_MAX, whatever n is. Returns 0, and the verdicts stand
 * in checks; or -ENOMEM. Thread-safe. */
_must_check_ int sealed_checks_run(SealedCheck *checks, size_t n);
