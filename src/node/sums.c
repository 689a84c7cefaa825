/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/peer-internal.h"

/* The sums of sealed elections (DESIGN 5) are begun when the elections close, and made where signatures are
 * checked, a slice in the place of a check: so the first share seldom waits. What needs a sum before it is
 * made waits as for any other check: an entry stays CHECKING, and so does the block that has it. Where
 * a block was checked before its election had closed here, it waits to be connected, or judged. */

#define SLICES_MAX 4U           /* elsewhere at once: enough for some cores */

/* Blocks that were offered and could not be connected are offered again. */
static void wake_drafts(Peer *p) {
        Draft *d;

        p->judging_awaits = false;
        p->drafts_dirty = true;
        if (!p->drafts_await)
                return;
        p->drafts_await = false;
        p->awaited = (Id) {};
        TAILQ_FOREACH(d, &p->drafts, list)
                d->offered = false;
}

/* While nothing can be written the chain is as it was committed, and the next step reads again. */
static int reading_failed(Peer *p, int error) {
        return p->broken && error != -ENOMEM && error != -EUCLEAN ? 0 : commit_trouble(p, error);
}

/* One in a step: what it is made of is read here, and others want to be heard between two. */
static int hand_out(Peer *p) {
        SigCheck c = {};
        int r;

        if (p->n_slices == SLICES_MAX)
                return 0;
        r = chain_sums_next(p->chain, &c.content);
        if (r < 0)
                return reading_failed(p, r);
        if (!c.content)
                return 0;
        r = verify_later(p, (CheckFor) { .type = CHECK_SUM }, &c);
        if (r < 0)
                return r;
        if (++p->n_slices < SLICES_MAX)
                peer_arm(p, p->now_usec);
        return 0;
}

int sums_update(Peer *p) {
        int r;

        if (p->stopping || p->trouble)
                return 0;
        if (p->sums_version != p->version) {
                r = chain_sums_begin(p->chain);
                if (r < 0)
                        return reading_failed(p, r);
                p->sums_version = p->version;
                p->sums_wake = p->sums_wake || p->n_awaiting > 0 || p->drafts_await || p->judging_awaits;
        }
        if (p->sums_wake && !p->broken) {
                p->sums_wake = false;
                wake_drafts(p);
                r = admit_awaiting(p);
                if (r < 0)
                        return r;
        }
        return hand_out(p);
}

/* Not what waits in gossip alone. */
static bool blocks_wait(const Peer *p) {
        unsigned left = p->n_awaiting;
        const Item *i;

        for (i = TAILQ_FIRST(&p->items.state[ITEM_CHECKING]); i && left > 0; i = TAILQ_NEXT(i, states)) {
                if (i->awaits_sum && i->n_blocks > 0)
                        return true;
                left -= i->awaits_sum;
        }
        return p->drafts_await;
}

int sums_on_slice(Peer *p, const SigCheck *c) {
        p->n_slices--;
        if (blocks_wait(p))
                p->sync.excuse_usec = p->now_usec;
        if (chain_sums_take(p->chain, c->content))
                p->sums_wake = p->changed = true;
        return 0;
}

int sums_await(Peer *p, const Block *b, bool *ret) {
        *ret = false;
        for (size_t k = 0; k < b->n_entries && !*ret; k++) {
                _cleanup_(check_content_freep) CheckContent *content = NULL;
                Entry *e = b->entries[k];
                int r;

                if (e->kind != ENTRY_SHARE)
                        continue;
                r = chain_check_rules(p->chain, e, b->header.time, NULL);
                if (r == 0)
                        r = chain_entry_content(p->chain, e, &content, NULL);
                *ret = r == -EAGAIN;
                if (r < 0 && r != -EAGAIN)
                        return r;
        }
        return 0;
}
