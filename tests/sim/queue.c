/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "queue.h"

#include <stdio.h>

void queue_done(Queue *q) {
        free(q->items);
        *q = (Queue) {};
}

static bool before(const Happening *a, const Happening *b) {
        return a->at_usec != b->at_usec ? a->at_usec < b->at_usec : a->serial < b->serial;
}

void queue_add(Queue *q, uint64_t at_usec, const char *name, HappenFn fn, uint64_t a, uint64_t b) {
        Happening h = {
                .at_usec = at_usec,
                .serial = q->serial++,
                .fn = fn,
                .name = name,
                .a = a,
                .b = b,
        };
        size_t i;

        if (q->n == q->allocated) {
                q->allocated = q->allocated ? q->allocated * 2 : 256;
                q->items = reallocarray(q->items, q->allocated, sizeof(Happening));
                if (!q->items) {
                        (void) fprintf(stderr, "sim: out of memory\n");
                        abort();
                }
        }

        for (i = q->n++; i > 0 && before(&h, q->items + (i - 1) / 2); i = (i - 1) / 2)
                q->items[i] = q->items[(i - 1) / 2];
        q->items[i] = h;
}

bool queue_take(Queue *q, Happening *ret) {
        Happening last;
        size_t i = 0;

        if (q->n == 0)
                return false;

        *ret = q->items[0];
        last = q->items[--q->n];
        for (;;) {
                size_t child = 2 * i + 1;

                if (child >= q->n)
                        break;
                if (child + 1 < q->n && before(q->items + child + 1, q->items + child))
                        child++;
                if (!before(q->items + child, &last))
                        break;
                q->items[i] = q->items[child];
                i = child;
        }
        q->items[i] = last;
        return true;
}

uint64_t queue_next_usec(const Queue *q) {
        return q->n > 0 ? q->items[0].at_usec : USEC_INFINITY;
}
