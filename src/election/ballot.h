/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "election/definition.h"

/* The choice of one question, in 16-bit items (none: blank):
 *   plurality     the option
 *   approval      the options, ascending
 *   score         a score per option
 *   schulze       the listed options, tier by tier; the first of each tier has TIER_START set
 *   stv           the options in order of preference */
typedef struct Choice {
        const uint16_t *items;                  /* borrowed from the ballot */
        size_t n;
} Choice;

#define TIER_START UINT16_C(0x8000)
#define CHOICE_OPTION(item) ((uint16_t) ((item) & ~TIER_START))

/* A ballot that the election allows, in one allocation of a few bytes a choice. */
typedef struct Ballot Ballot;

/* Parses {"choices":[...]} against d, which is not kept. Returns 0, V_BALLOT with why ("question 2:
 * option 7, expected 0 to 4"), or -ENOMEM. Of a sealed election these are the choices before they
 * are sealed, which no ledger sees. Thread-safe. */
_must_check_ int ballot_parse(Ballot **ret, const Definition *d, const Json *o, Why *why);
/* The check alone, without keeping anything: what admits a vote. In a sealed election nothing passes
 * that can be read (sealed-ballot.h). */
_must_check_ int ballot_check(const Definition *d, const Json *o, Why *why);
Ballot* ballot_free(Ballot *b);                 /* NULL is fine; returns NULL */
DEFINE_CLEANUP(Ballot*, ballot_free)

size_t ballot_n_choices(const Ballot *b);
Choice ballot_choice(const Ballot *b, size_t question);
bool ballot_is_blank(const Ballot *b);          /* in every question */
