/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/sums.h"

size_t sums_n_cells(const Question *q) {
        return q->n_options;
}

uint32_t sums_cell_one(const Question *q) {
        (void) q;

        return 1;
}

/* Whether option a stands before b: the higher sum, then the lot, then the number. */
static bool sums_before(const uint64_t *sums, const uint16_t *place, uint16_t a, uint16_t b) {
        if (sums[a] != sums[b])
                return sums[a] > sums[b];

        return place ? place[a] < place[b] : a < b;
}

int sums_finish(const Question *q, const Tally *t, const uint16_t *place, QuestionResult *r) {
        Json *sums = json_new_array(), *order_json = json_new_array();
        uint16_t order[OPTIONS_MAX];
        size_t n = q->n_options, above = 0, upto;

        for (size_t i = 0; i < n; i++) {
                size_t k = i;

                for (; k > 0 && sums_before(t->cells, place, (uint16_t) i, order[k - 1]); k--)
                        order[k] = order[k - 1];
                order[k] = (uint16_t) i;
        }

        for (size_t i = 0; i < n; i++) {
                json_add_int(sums, (int64_t) t->cells[i]);
                json_add_int(order_json, order[i]);
        }
        json_set_int(r->json, "seats", q->seats);
        json_set(r->json, "sums", sums);
        json_set(r->json, "order", order_json);

        if (q->seats >= n)
                above = upto = n;
        else {
                uint64_t line = t->cells[order[q->seats - 1]];

                while (t->cells[order[above]] > line)
                        above++;
                for (upto = above; upto < n && t->cells[order[upto]] == line; )
                        upto++;

                if (upto > q->seats && place) {
                        r->lot_used = true;
                        above = upto = q->seats;
                } else if (upto <= q->seats)
                        above = upto;
        }

        for (size_t i = 0; i < above; i++)
                r->elected[r->n_elected++] = order[i];
        for (size_t i = above; i < upto; i++)
                r->tied[r->n_tied++] = order[i];

        r->open_seats = upto > above ? q->seats - above : 0;
        r->outcome = r->n_tied > 0 ? OUTCOME_TIE : OUTCOME_DECIDED;
        return 0;
}
