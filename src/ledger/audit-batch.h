/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/workers.h"
#include "crypto/check.h"

/* Signatures of an audit, checked in batches on workers while the lines go on. All zero with
 * workers set is ready. */
#define BATCH_CHECKS 32U        /* some 1.5 ms of work */
#define BATCHES_MAX  64U        /* under way at once; then the audit waits */

typedef struct Batch Batch;

typedef struct Batches {
        Workers *workers;       /* NULL: in place */
        Batch *filling;
        unsigned under_way;
        uint64_t checked;       /* signatures that are valid */
        uint64_t bad_line;      /* the least line whose signature is not; 0: none yet */
} Batches;

/* Takes check over. line is where it stands. 0 or -errno. */
_must_check_ int batches_add(Batches *b, SigCheck *check, uint64_t line);
/* All answers are in when it returns. 0 or -errno. */
_must_check_ int batches_finish(Batches *b);
void batches_done(Batches *b);
