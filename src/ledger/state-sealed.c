/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/board.h"
#include "ledger/sums.h"

/* What becomes of sealed ballots: their sum, once nobody can vote any more, and what the trustees
 * open it to. */

bool election_is_counted(const Election *e) {
        return e->ballots_known && e->ballots >= e->act->entry->election.definition->least;
}

bool election_is_opened(const Election *e) {
        return election_is_counted(e) && e->n_shares >= board_line(e->board)->threshold;
}

int election_total(State *s, Election *e, const SealedTotal **ret) {
        assert(e->board);

        return e->closing_height == 0 ? -EBUSY : sums_total(s, e, ret);
}

int election_opened(State *s, Election *e, const uint64_t **ret) {
        const Definition *d = e->act->entry->election.definition;
        unsigned trustees[TRUSTEES_MAX], threshold = board_line(e->board)->threshold;
        _cleanup_free_ Element *parts = NULL;
        _cleanup_free_ uint64_t *opened = NULL;
        const SealedTotal *total;
        int r;

        if (!election_is_opened(e))
                return -EBUSY;
        *ret = sums_opened(s, e);
        if (*ret)
                return 0;
        r = election_total(s, e, &total);
        if (r < 0)
                return r;

        parts = new0(Element, threshold * d->n_options);        /* all zero: the identity */
        opened = newN(uint64_t, d->n_options);
        if (!parts || !opened)
                return -ENOMEM;
        for (unsigned i = 0; i < threshold; i++) {
                const ShareLine *line = e->shares[i]->entry->share.line;

                if (!board_find_seat(e->board, &e->shares[i]->entry->signer, &trustees[i]) ||
                                line->n_items != d->n_options)
                        return -EUCLEAN;
                for (size_t k = 0; k < line->n_items; k++)
                        if (!line->items[k].absent)
                                parts[i * d->n_options + k] = line->items[k].d;
        }

        r = sealed_total_open(total, trustees, threshold, parts, s->workers, opened);
        if (r != 0)
                return r > 0 ? -EUCLEAN : r;
        *ret = opened;
        sums_set_opened(s, e, TAKE_PTR(opened));
        return 0;
}
