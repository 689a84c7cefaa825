/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/id.h"

/* The lot of an election (voted-election(5), THE LOT): what its `draw` entry brought. */
typedef struct Lot {
        Id network, election;
        const char *value;                      /* borrowed */
        Key signer;                             /* who posted it */
} Lot;

/* ret_place[i] is the place (from 0, the preferred) of option i of the question in the order of
 * ascending H("voted lot 1\n" network "\n" election "\n" value "\n" question "\n" option). It has
 * room for n_options, at most OPTIONS_MAX. Returns 0 or -ENOMEM. */
_must_check_ int lot_places(const Lot *lot, size_t question, size_t n_options, uint16_t *ret_place);
