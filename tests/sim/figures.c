/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "figures.h"

#include "errand.h"

static bool is_authority(const Run *r, const Host *h) {
        return h->number >= r->first_peer && h->number < r->first_peer + r->n_authorities;
}

static bool has_begun(const Run *r) {
        for (size_t i = 0; i < r->n_votes; i++)
                if (r->votes[i].errand->accepted_usec > 0)
                        return true;
        return false;
}

void figures_on_send(Run *r, const Host *from, const NodeEffect *fx) {
        const Host *to = wire_far(r->world, fx->link);
        Figures *f = &r->figures;

        if (!r->options.figures || !to || !is_authority(r, from) || !is_authority(r, to))
                return;
        f->begun = f->begun || has_begun(r);
        if (!f->begun)
                return;
        f->messages++;
        f->bytes += fx->n_data;
}

void figures_on_final(Run *r, uint64_t height) {
        Figures *f = &r->figures;

        if (!f->begun) {
                f->height_before = height;
                return;
        }
        f->n_blocks = height - f->height_before;
        f->messages_then = f->messages;
        f->bytes_then = f->bytes;
}
