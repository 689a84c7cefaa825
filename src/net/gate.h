/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/address.h"

/* Who may come in: how many links of an address and of its neighbourhood there are, and who is banned. Pure: time is handed
 * in. Bounded: as many counters as links, at most BANS_MAX bans (the one that ends first gives way). */
typedef struct Gate Gate;

_must_check_ int gate_new(Gate **ret);
Gate* gate_free(Gate *g);
DEFINE_CLEANUP(Gate*, gate_free)

/* Counts one link more. 0; -EUSERS: the address has per_address_max, or its net per_net_max; -ENOMEM. */
_must_check_ int gate_enter(Gate *g, const NetAddress *a, unsigned per_address_max, unsigned per_net_max);
void gate_leave(Gate *g, const NetAddress *a);

/* Until that time (a longer ban stands). 0 or -ENOMEM. */
_must_check_ int gate_ban_key(Gate *g, const Key *k, uint64_t until_usec);
_must_check_ int gate_ban_address(Gate *g, const NetAddress *a, uint64_t until_usec);
bool gate_is_banned_key(Gate *g, const Key *k, uint64_t now_usec);
bool gate_is_banned_address(Gate *g, const NetAddress *a, uint64_t now_usec);
unsigned gate_bans(Gate *g, uint64_t now_usec); /* bans that stand */
