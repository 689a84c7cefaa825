/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/workers.h"
#include "election/sealed-ballot.h"

/* The sum of sealed ballots, each times its voter's weight, without opening any (DESIGN 5). */
typedef struct SealedSum SealedSum;

/* Takes a reference of its own to d, a sealed election. 0 or -ENOMEM. */
_must_check_ int sealed_sum_new(SealedSum **ret, Definition *d);
/* Adds the last ballot of a voter, which is not kept. Memory does not grow with the number of
 * ballots: 128 bytes an option for each of the first SEALED_GROUPS_MAX different weights.
 * Returns 0, -EINVAL (weight 0 or above WEIGHT_MAX), -EOVERFLOW (weights above WEIGHT_SUM_MAX in
 * all), or -ENOMEM; s is as it was then. One thread at a time. */
_must_check_ int sealed_sum_add(SealedSum *s, const SealedBallot *b, uint64_t weight);
/* Adds what another sum of the same definition holds: threads may each sum a part. 0, -EOVERFLOW or
 * -ENOMEM, after which s is good for sealed_sum_free() only. */
_must_check_ int sealed_sum_merge(SealedSum *s, const SealedSum *other);
SealedSum* sealed_sum_free(SealedSum *s);       /* NULL is fine; returns NULL */
DEFINE_CLEANUP(SealedSum*, sealed_sum_free)

#define SEALED_GROUPS_MAX 64U

/* What is summed up in the end. Only this can be opened, and there is none of fewer than `least`
 * ballots that could: no function opens a ballot. Immutable; threads may share it. */
typedef struct SealedTotal SealedTotal;

typedef enum SealedFate {
        SEALED_OPENS,                           /* with the parts of `threshold` trustees */
        SEALED_EMPTY,                           /* no ballots: zeros, without parts */
        SEALED_TOO_FEW,                         /* fewer than `least`: never opened */
} SealedFate;

/* The total of what was added so far. 0 or -ENOMEM. */
_must_check_ int sealed_sum_total(const SealedSum *s, SealedTotal **ret);
SealedTotal* sealed_total_free(SealedTotal *t); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(SealedTotal*, sealed_total_free)

SealedFate sealed_total_fate(const SealedTotal *t);
uint64_t sealed_total_ballots(const SealedTotal *t);
uint64_t sealed_total_weight(const SealedTotal *t);
/* One of each option, question by question: n_options of the definition. Where alpha is the identity
 * a trustee has nothing to do, and its part is the identity. */
const Cipher* sealed_total_ciphers(const SealedTotal *t);
/* BLAKE2b-256 over ballots and weight (8 bytes each, big-endian) and alpha | beta of each option:
 * what a trustee commits before its share leaves. 0 or -ENOMEM. */
_must_check_ int sealed_total_hash(const SealedTotal *t, Id *ret);

/* Opens it. trustees: n_trustees = `threshold` of the board's, from 0, all different; parts: of each
 * trustee in that order its D of each option, all proved (share_check()). w may be NULL. ret_sums
 * has room for n_options.
 * Returns 0, -EINVAL (its fate is another, a trustee is none or stands twice, the rolls were not
 * checked), V_PROOF (the parts do not open
 * it) or -ENOMEM. */
_must_check_ int sealed_total_open(const SealedTotal *t, const unsigned *trustees,
        size_t n_trustees, const Element *parts, Workers *w, uint64_t *ret_sums);
