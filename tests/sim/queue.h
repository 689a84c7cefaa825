/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"

/* What will happen in the simulated world, in order of time; of the same time, in the order in which
 * it was planned. Nothing here owns anything: whoever plans says by numbers what is meant, and looks
 * whether that still exists when the time has come. */
typedef struct World World;
typedef void (*HappenFn)(World *w, uint64_t a, uint64_t b);

typedef struct Happening {
        uint64_t at_usec, serial;
        HappenFn fn;
        const char *name;       /* for the trace */
        uint64_t a, b;
} Happening;

typedef struct Queue {          /* a heap; all zero is an empty one */
        Happening *items;
        size_t n, allocated;
        uint64_t serial;
} Queue;

void queue_done(Queue *q);
void queue_add(Queue *q, uint64_t at_usec, const char *name, HappenFn fn, uint64_t a, uint64_t b);
bool queue_take(Queue *q, Happening *ret);      /* false: nothing is planned */
uint64_t queue_next_usec(const Queue *q);       /* USEC_INFINITY: nothing is planned */
