/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/workers.h"
#include "crypto/check.h"

/* Signatures of an audit, and what entries prove beside them, checked in batches on workers while the
 * lines go on. All zero with workers set is ready. */
#define BATCH_CHECKS 32U        /* some 1.5 ms of work */
#define BATCH_PROVEN 32U        /* contents: some 60 ms of sealed ballots */
#define BATCHES_MAX  64U        /* under way at once; then the audit waits */

typedef struct Batch Batch;

typedef struct Batches {
        Workers *workers;       /* NULL: in place */
        Batch *filling;         /* with signatures */
        Batch *proving;         /* with contents */
        unsigned under_way;
        uint64_t checked;       /* signatures that are valid */
        uint64_t proofs;        /* proofs that hold */
        uint64_t bad_line;      /* the least line with one that is not; 0: none yet */
        int bad_verdict;        /* and what is wrong with it */
        Why bad_why;
        int error;              /* we failed: not all is checked */
} Batches;

/* Takes check over. line is where it stands. 0 or -errno. */
_must_check_ int batches_add(Batches *b, SigCheck *check, uint64_t line);
/* Takes content over; likewise. */
_must_check_ int batches_add_content(Batches *b, CheckContent *content, uint64_t line);
/* All answers are in when it returns. 0 or -errno. */
_must_check_ int batches_finish(Batches *b);
void batches_done(Batches *b);
