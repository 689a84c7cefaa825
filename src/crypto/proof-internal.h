/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/deal.h"
#include "crypto/proof.h"
#include "crypto/transcript.h"

/* What the files of the proofs share. A statement is put into a transcript at one place each,
 * whole. */
void statement_choice(Transcript *ret, const BallotStatement *s, const ChoiceClaim *c);
void statement_sealing(Transcript *ret, const SealingStatement *s);
void statement_coefficient(Transcript *ret, const DealStatement *s, uint32_t k);
void statement_share(Transcript *ret, const ShareStatement *s);
void statement_object(Transcript *ret, const ObjectStatement *s);
/* sealed: R and the scalar. */
void statement_sealed(Transcript *ret, const SealedShareContext *c, const uint8_t sealed[static 64]);

/* The nonces of a proof, from the next 32 bytes of the caller's stream, the statement and the
 * secret. */
void proof_nonces(Stream *ret, Stream *outer, const Transcript *statement, const Scalar *secret);
/* The challenge: commitments, each 32 bytes, are added to the statement. */
void proof_challenge(Scalar *ret, const Transcript *statement, const uint8_t *commitments, size_t n);

/* The parts of a choice proof for one allowed value. */
#define CHOICE_A 0
#define CHOICE_B 32
#define CHOICE_C 64
#define CHOICE_Z 96
bool choice_claim_makes_sense(const BallotStatement *s, const ChoiceClaim *c);
/* What costs next to nothing: scalars canonical, commitments plausible, partial challenges that sum
 * up to the challenge. 0 or V_PROOF with why. */
_must_check_ int choice_read(const BallotStatement *s, const ChoiceClaim *c, const uint8_t *proof, Why *why);
int choice_refused(const ChoiceClaim *c, Why *why, const char *what);

/* Likewise for a proof of n commitments and a response. */
_must_check_ int log_read(const Transcript *statement, const uint8_t *proof, size_t n, Scalar *ret_challenge, Scalar *ret_response);

/* commitment = z base - c x; base NULL: G. */
bool proof_equation_holds(const Element *base, const Element *x, const Scalar *challenge, const Scalar *response,
        const uint8_t commitment[static 32]);

/* A | z, that secret is the logarithm of x. The identity has none: nothing holds of it. */
void knowledge_make(uint8_t ret[static KNOWLEDGE_BYTES], const Transcript *t, const Scalar *secret, Stream *stream);
bool knowledge_holds(const Transcript *t, const Element *x, const uint8_t proof[static KNOWLEDGE_BYTES]);
