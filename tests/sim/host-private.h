/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "world.h"

/* The parts of a host among themselves: host.c, host-turn.c. */

#define LIFE(h, x) ((uint64_t) (h)->life << 32 | (uint32_t) (x))

uint64_t host_usec(const Host *h);              /* by its monotonic clock */
uint64_t host_to_world_usec(const Host *h, uint64_t usec);
Host* host_living(World *w, uint64_t a, uint64_t b);    /* by number, if it still lives the life that b names; NULL */
