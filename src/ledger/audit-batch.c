/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/audit-batch.h"

struct Batch {
        Batches *batches;
        size_t n;
        SigCheck checks[BATCH_CHECKS];
        uint64_t lines[BATCH_CHECKS];
};

static void batch_run(void *data) {
        Batch *b = ASSERT_PTR(data);

        for (size_t i = 0; i < b->n; i++)
                sig_check_run(&b->checks[i]);
}

static void batch_free(Batch *b) {
        for (size_t i = 0; i < b->n; i++)
                sig_check_done(&b->checks[i]);
        free(b);
}

static void batch_collect(void *data) {
        Batch *b = ASSERT_PTR(data);
        Batches *all = b->batches;

        for (size_t i = 0; i < b->n; i++)
                if (b->checks[i].valid)
                        all->checked++;
                else if (all->bad_line == 0 || b->lines[i] < all->bad_line)
                        all->bad_line = b->lines[i];
        all->under_way--;
        batch_free(b);
}

static int submit(Batches *b) {
        Batch *batch = TAKE_PTR(b->filling);
        int r;

        if (!batch)
                return 0;

        b->under_way++;
        if (!b->workers) {
                batch_run(batch);
                batch_collect(batch);
                return 0;
        }

        if (b->under_way > BATCHES_MAX)         /* the threads go on with what is left */
                workers_wait(b->workers, BATCHES_MAX / 2);
        r = workers_submit(b->workers, batch_run, batch_collect, batch);
        if (r < 0) {
                b->under_way--;
                batch_free(batch);
        }
        return r;
}

int batches_add(Batches *b, SigCheck *check, uint64_t line) {
        Batch *batch;

        assert(b);
        assert(check);

        if (!b->filling) {
                b->filling = new0(Batch, 1);
                if (!b->filling) {
                        sig_check_done(check);
                        return -ENOMEM;
                }
                b->filling->batches = b;
        }

        batch = b->filling;
        batch->checks[batch->n] = *check;
        batch->lines[batch->n++] = line;
        *check = (SigCheck) {};
        return batch->n == BATCH_CHECKS ? submit(b) : 0;
}

int batches_finish(Batches *b) {
        int r;

        assert(b);

        r = submit(b);
        if (b->workers)
                workers_drain(b->workers);
        return r;
}

void batches_done(Batches *b) {
        assert(b);

        if (b->workers)
                workers_drain(b->workers);
        if (b->filling)
                batch_free(TAKE_PTR(b->filling));
}
