/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "election/sealed-ballot.h"
#include "election/sealed-form.h"
#include "voted/limits.h"

/* What the files about sealed ballots share. */

struct SealedBallot {
        size_t n_ciphers;
        size_t n_proofs;        /* bytes */
        Cipher *ciphers;        /* behind this, in the same allocation */
        uint8_t *proofs;        /* question by question: of each option, then of the sum */
};

SealedBallot* sealed_ballot_new(const Definition *d);   /* NULL: no memory */
/* Of the proof that a cipher holds one of them. */
static inline size_t values_proof_bytes(const AllowedValues *v) {
        return CHOICE_BYTES(allowed_values_n(v));
}

/* s, speaking of these ciphers. */
BallotStatement statement_of(const BallotStatement *s, const Cipher *ciphers, size_t n);

/* The claims of a ballot, in the order of their proofs. Begin with the definition alone. */
typedef struct Claims {
        const Definition *definition;
        size_t question, option;                /* of the next; option n_options is the sum */
        size_t cipher, proof;                   /* where the question's ciphers, the next proof begin */
        ChoiceClaim claim;                      /* what claims_next() came to */
        uint32_t allowed[ALLOWED_VALUES_MAX];
} Claims;

/* False at the end. *ret_proof: where the proof of c->claim begins. */
bool claims_next(Claims *c, size_t *ret_proof);
