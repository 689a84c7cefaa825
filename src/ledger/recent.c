/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/recent.h"

#define TABLE (2U * RECENT_IDS_MAX)
_Static_assert((TABLE & (TABLE - 1)) == 0, "a mask takes the place of a division");

void recent_done(Recent *r) {
        assert(r);

        free(r->ring);
        free(r->table);
        *r = (Recent) {};
}

int recent_reserve(Recent *r) {
        assert(r);

        if (!r->ring)
                r->ring = newN(RecentId, RECENT_IDS_MAX);
        if (!r->table)
                r->table = new0(uint32_t, TABLE);
        return r->ring && r->table ? 0 : -ENOMEM;
}

/* Ids are hashes of lines that others choose, who could aim at one slot of the table at some cost;
 * the ring bounds what a search then takes. */
static uint32_t slot_of(const Id *id) {
        uint32_t h;

        memcpy(&h, id->b, sizeof(h));
        return h & (TABLE - 1);
}

/* The slot that holds id, or the free one where it would go. */
static uint32_t find_slot(const Recent *r, const Id *id) {
        uint32_t i = slot_of(id);

        while (r->table[i] && !id_equal(&r->ring[r->table[i] - 1].id, id))
                i = (i + 1) & (TABLE - 1);
        return i;
}

/* Closes the gap, so that no search ends too early (Knuth, The Art of Computer Programming 3, 6.4,
 * algorithm R). */
static void forget(Recent *r, const Id *id) {
        uint32_t i = find_slot(r, id);

        for (uint32_t j = (i + 1) & (TABLE - 1); r->table[j]; j = (j + 1) & (TABLE - 1)) {
                uint32_t home = slot_of(&r->ring[r->table[j] - 1].id);

                if (((j - home) & (TABLE - 1)) >= ((j - i) & (TABLE - 1))) {
                        r->table[i] = r->table[j];
                        i = j;
                }
        }
        r->table[i] = 0;
}

void recent_add(Recent *r, const Id *id, Place place) {
        uint32_t slot, at;

        assert(r && r->ring && r->table);
        assert(id);

        if (recent_find(r, id, NULL))
                return;
        if (r->end - r->first == RECENT_IDS_MAX)
                forget(r, &r->ring[r->first++ % RECENT_IDS_MAX].id);

        at = (uint32_t) (r->end++ % RECENT_IDS_MAX);
        r->ring[at] = (RecentId) { .id = *id, .place = place };
        slot = find_slot(r, id);
        r->table[slot] = at + 1;
}

void recent_undo(Recent *r, uint64_t height) {
        assert(r);

        while (r->end > r->first &&
                        PLACE_HEIGHT(r->ring[(r->end - 1) % RECENT_IDS_MAX].place) >= height) {
                forget(r, &r->ring[(r->end - 1) % RECENT_IDS_MAX].id);
                r->end--;
        }
}

bool recent_find(const Recent *r, const Id *id, Place *ret) {
        uint32_t slot;

        assert(r);
        assert(id);

        if (!r->table)
                return false;
        slot = find_slot(r, id);
        if (!r->table[slot])
                return false;
        if (ret)
                *ret = r->ring[r->table[slot] - 1].place;
        return true;
}
