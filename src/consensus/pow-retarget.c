/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/pow-retarget.h"

__extension__ typedef unsigned __int128 Wide;

void pow_past_init(PowPast *p, uint64_t created) {
        assert(p);

        /* The blocks are many and are filled in as they come. */
        p->created = created;
        p->n = p->n_empty = 0;
        p->whole = false;
}

bool pow_past_wants(const PowPast *p, const PowConfig *c) {
        assert(p);
        assert(c);

        if (p->whole)
                return false;
        if (p->n <= RETARGET_WINDOW)
                return true;
        /* Those before the window tell whether its oldest gap follows on a run of empty blocks. */
        return p->n_empty >= p->n - RETARGET_WINDOW && p->n - RETARGET_WINDOW < c->confirmations;
}

void pow_past_add(PowPast *p, uint64_t height, uint64_t time, uint64_t difficulty, uint32_t count) {
        assert(p);
        assert(p->n < ELEMENTSOF(p->blocks));

        p->blocks[p->n].time = time;
        p->blocks[p->n].difficulty = difficulty;
        p->blocks[p->n].empty = count == 0;
        p->n_empty = count == 0 ? p->n_empty + 1 : 0;
        p->n++;
        p->whole = height <= 1;
}

/* Whether block i ends a run of empty blocks that says that the network was idle. */
static bool ends_idle_run(const PowConfig *c, const PowPast *p, size_t i) {
        if (p->n - i < c->confirmations)
                return false;
        for (size_t k = i; k < i + c->confirmations; k++)
                if (!p->blocks[k].empty)
                        return false;
        return true;
}

static uint64_t gap(const PowConfig *c, const PowPast *p, size_t i) {
        uint64_t least = MAX(c->interval / 4, UINT64_C(1)), most = 4 * c->interval, before, g;

        if (i + 1 < p->n) {
                if (ends_idle_run(c, p, i + 1))
                        return c->interval;
                before = p->blocks[i + 1].time;
        } else
                before = p->created;

        g = p->blocks[i].time > before ? p->blocks[i].time - before : 0;
        return g < least ? least : g > most ? most : g;
}

uint64_t pow_next_difficulty(const PowConfig *c, const PowPast *p) {
        size_t n;
        uint64_t gaps = 0, last;
        Wide sum = 0, next;

        assert(c);
        assert(p);

        if (p->n == 0)
                return c->difficulty;

        n = MIN(p->n, (size_t) RETARGET_WINDOW);
        assert(p->whole || p->n > n);
        for (size_t i = 0; i < n; i++) {
                sum += p->blocks[i].difficulty;
                gaps += gap(c, p, i);
        }

        next = sum * c->interval / gaps;
        last = p->blocks[0].difficulty;
        if (next < last / 4)
                next = last / 4;
        if (next > (Wide) last * 4)
                next = (Wide) last * 4;
        if (next < 1)
                next = 1;
        if (next > (Wide) LINE_INT_MAX)
                next = (Wide) LINE_INT_MAX;
        return (uint64_t) next;
}
