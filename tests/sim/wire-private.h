/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "voted/limits.h"
#include "world.h"

/* The parts of wires among themselves: wire.c, wire-dial.c. */

#define GIVE_UP_USEC    (40 * USEC_PER_SEC)

#define LINK(wire, side) ((LinkId) ((wire)->number * 2 + (side) + 2))

Wire* wire_of(const World *w, LinkId link, unsigned *ret_side);         /* NULL: gone */
Host* wire_host(const World *w, const Wire *x, unsigned side);          /* NULL: it has died since */
void wire_free(World *w, Wire *x);
uint64_t wire_latency(World *w, unsigned from, unsigned to);
bool wire_is_blocked(const World *w, unsigned from, unsigned to);
/* Nothing travels any more; who is still up is told, after that long. */
void wire_break(World *w, Wire *x, uint64_t usec0, uint64_t usec1);
