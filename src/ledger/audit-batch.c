/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/audit-batch.h"

_Static_assert(BATCH_PROVEN <= BATCH_CHECKS, "lines has room for either");

struct Batch {
        Batches *batches;
        size_t n;               /* signatures, or contents */
        SigCheck checks[BATCH_CHECKS];
        CheckContent *contents[BATCH_PROVEN];
        uint64_t lines[BATCH_CHECKS];
        bool proves;            /* which of the two */
        int error;
};

static void batch_run(void *data) {
        Batch *b = ASSERT_PTR(data);

        if (b->proves)
                b->error = check_contents_run(b->contents, b->n);
        else
                sig_checks_run(b->checks, b->n);
}

static void batch_free(Batch *b) {
        if (!b)
                return;

        for (size_t i = 0; i < b->n; i++)
                if (b->proves)
                        check_content_free(b->contents[i]);
                else
                        sig_check_done(&b->checks[i]);
        free(b);
}

/* In a line where both are wrong the signature is what is told of. */
static void note_bad(Batches *all, uint64_t line, int verdict, const Why *why) {
        if (all->bad_line > 0 && (line > all->bad_line || (line == all->bad_line && verdict != V_SIGNATURE)))
                return;
        all->bad_line = line;
        all->bad_verdict = verdict;
        all->bad_why = *why;
}

static void batch_collect(void *data) {
        static const Why unsigned_line = { "the signature does not verify" };
        Batch *b = ASSERT_PTR(data);
        Batches *all = b->batches;

        if (b->error < 0)
                all->error = b->error;
        for (size_t i = 0; i < b->n && b->error == 0; i++)
                if (b->proves && b->contents[i]->verdict == 0)
                        all->proofs += b->contents[i]->n_proofs;
                else if (b->proves)
                        note_bad(all, b->lines[i], b->contents[i]->verdict, &b->contents[i]->why);
                else if (b->checks[i].valid)
                        all->checked++;
                else
                        note_bad(all, b->lines[i], V_SIGNATURE, &unsigned_line);
        all->under_way--;
        batch_free(b);
}

static int submit(Batches *b, Batch **filled) {
        Batch *batch = TAKE_PTR(*filled);
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

static int make_room(Batches *b, Batch **filling, bool proves) {
        if (*filling)
                return 0;

        *filling = new0(Batch, 1);
        if (!*filling)
                return -ENOMEM;
        (*filling)->batches = b;
        (*filling)->proves = proves;
        return 0;
}

int batches_add(Batches *b, SigCheck *check, uint64_t line) {
        Batch *batch;
        int r;

        assert(b);
        assert(check);

        r = make_room(b, &b->filling, false);
        if (r < 0) {
                sig_check_done(check);
                return r;
        }

        batch = b->filling;
        batch->checks[batch->n] = *check;
        batch->lines[batch->n++] = line;
        *check = (SigCheck) {};
        return batch->n == BATCH_CHECKS ? submit(b, &b->filling) : 0;
}

int batches_add_content(Batches *b, CheckContent *content, uint64_t line) {
        Batch *batch;
        int r;

        assert(b);
        assert(content);

        r = make_room(b, &b->proving, true);
        if (r < 0) {
                check_content_free(content);
                return r;
        }

        batch = b->proving;
        batch->contents[batch->n] = content;
        batch->lines[batch->n++] = line;
        return batch->n == BATCH_PROVEN ? submit(b, &b->proving) : 0;
}

int batches_finish(Batches *b) {
        int r, q;

        assert(b);

        r = submit(b, &b->filling);
        q = submit(b, &b->proving);
        if (b->workers)
                workers_drain(b->workers);
        return r < 0 ? r : q < 0 ? q : b->error;
}

void batches_done(Batches *b) {
        assert(b);

        if (b->workers)
                workers_drain(b->workers);
        batch_free(TAKE_PTR(b->filling));
        batch_free(TAKE_PTR(b->proving));
}
