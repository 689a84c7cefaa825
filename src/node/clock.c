/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "node/peer-internal.h"

/* No rule of validity asks a clock, but a clock that is wrong makes its owner refuse votes too
 * early and seal blocks that others find odd. The times in the newest blocks of others show it: of
 * each sealer the last two are compared, so that one old block that was long on its way means
 * nothing. */

static int64_t off_of(const Peer *p, size_t i) {
        const int64_t *off = p->clocks[i].off_sec;

        if ((off[0] > 0) != (off[1] > 0))
                return 0;
        return llabs(off[0]) < llabs(off[1]) ? off[0] : off[1];
}

void clock_compare(Peer *p, const Header *h) {
        char span[FORMAT_SPAN_MAX];
        int64_t off = (int64_t) h->time - (int64_t) p->now_sec, worst = 0;
        size_t i, n_ahead = 0, n_behind = 0;
        bool was = p->clock_text[0] != '\0';

        if (key_equal(&h->sealer, &p->self) || !id_equal(&h->parent, &chain_tip(p->chain)->id))
                return;

        for (i = 0; i < p->n_clocks; i++)
                if (key_equal(&p->clocks[i].sealer, &h->sealer))
                        break;
        if (i == p->n_clocks) {
                if (p->n_clocks < ELEMENTSOF(p->clocks))
                        p->n_clocks++;
                else
                        i = p->next_clock++ % ELEMENTSOF(p->clocks);
                p->clocks[i].sealer = h->sealer;
                p->clocks[i].off_sec[0] = 0;
        }
        p->clocks[i].off_sec[1] = p->clocks[i].off_sec[0];
        p->clocks[i].off_sec[0] = off;

        for (i = 0; i < p->n_clocks; i++) {
                int64_t x = off_of(p, i);

                n_ahead += x > CLOCK_OFF_SEC;
                n_behind += x < -CLOCK_OFF_SEC;
                if (llabs(x) > llabs(worst))
                        worst = x;
        }
        p->clock_text[0] = '\0';
        if (n_ahead * 2 > p->n_clocks || n_behind * 2 > p->n_clocks)
                (void) snprintf(p->clock_text, sizeof(p->clock_text),
                                "this host's clock seems to be %s %s of those who make "
                                "blocks: check it (timedatectl), and whether it is theirs that is "
                                "wrong",
                                format_span(span, (uint64_t) llabs(worst) * USEC_PER_SEC),
                                worst > 0 ? "behind" : "ahead");
        if (was == (p->clock_text[0] != '\0'))
                return;
        p->changed = true;
        if (!was)
                peer_log(p, LOG_WARNING, NODE_MSG_CLOCK, "Clock: %s.", p->clock_text);
        else
                peer_log(p, LOG_NOTICE, NODE_MSG_CLOCK, "Clock: agrees with the others' again.");
}
