/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/proof.h"

/* Many proofs checked at once: every equation of every proof, each times a coefficient of 128 bits
 * from the system's generator that is drawn after all were read, must sum to the identity. A batch
 * that fails says nothing of who is to blame: the caller checks one by one. What is added is
 * copied. One thread at a time. */
typedef struct ProofBatch ProofBatch;

#define PROOF_BATCH_EQUATIONS_MAX 65536U

_must_check_ int proof_batch_new(ProofBatch **ret);     /* 0, -ENOMEM */
ProofBatch* proof_batch_free(ProofBatch *b);
DEFINE_CLEANUP(ProofBatch*, proof_batch_free)
void proof_batch_reset(ProofBatch *b);                  /* empty again */
size_t proof_batch_equations(const ProofBatch *b);

/* Each returns 0 (added); V_PROOF with why: refused at once (a scalar not canonical, challenges
 * that do not sum up; nothing was added); -ENOBUFS: full, check first; -ENOMEM. */
_must_check_ int proof_batch_add_choice(ProofBatch *b, const BallotStatement *s, const ChoiceClaim *c, const uint8_t *proof, Why *why);
_must_check_ int proof_batch_add_sealing(ProofBatch *b, const SealingStatement *s, const uint8_t proof[static KNOWLEDGE_BYTES], Why *why);
_must_check_ int proof_batch_add_coefficient(ProofBatch *b, const DealStatement *s, uint32_t k, const uint8_t proof[static KNOWLEDGE_BYTES], Why *why);
_must_check_ int proof_batch_add_share(ProofBatch *b, const ShareStatement *s, const uint8_t proof[static EQUAL_BYTES], Why *why);
/* Empties the batch. 0: all hold; V_PROOF: some do not. */
_must_check_ int proof_batch_check(ProofBatch *b);
