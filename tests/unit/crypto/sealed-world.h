/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/proof-batch.h"
#include "crypto/proof-internal.h"
#include "crypto/random.h"

#include "../help.h"

/* A ballot of one question, some options of which are chosen, with its proofs. */
#define WORLD_OPTIONS_MAX 6U
#define WORLD_ALLOWED_MAX 11U

typedef struct World {
        Scalar secret;                  /* nobody has it in earnest: Y = secret G */
        BallotStatement s;
        Cipher ciphers[WORLD_OPTIONS_MAX];
        Scalar r[WORLD_OPTIONS_MAX], r_sum;
        uint64_t m[WORLD_OPTIONS_MAX], m_sum;
        ChoiceClaim options[WORLD_OPTIONS_MAX], sum;
        uint8_t proofs[WORLD_OPTIONS_MAX][CHOICE_BYTES(WORLD_ALLOWED_MAX)];
        uint8_t sum_proof[CHOICE_BYTES(WORLD_ALLOWED_MAX)];
} World;

/* allowed 0 .. max for an option, from .. to for the sum. */
void world_make(World *w, const uint64_t *m, size_t n, uint32_t max, uint32_t from, uint32_t to);
/* Both ways of checking, which must agree: one by one, and in a batch of that proof alone. */
int check_choice(const BallotStatement *s, const ChoiceClaim *c, const uint8_t *proof);
/* The equations alone, with whatever challenges the proof has: what a verifier checks that forgets the rest. */
bool equations_hold(const BallotStatement *s, const ChoiceClaim *c, const uint8_t *proof);
