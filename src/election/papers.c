/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/papers.h"

#include "base/id.h"
#include "crypto/hash.h"

typedef struct Paper {
        uint64_t weight;
        uint32_t start;         /* in preferences */
        uint32_t n;
} Paper;

struct Papers {
        Paper *papers;
        size_t n, allocated;
        uint16_t *preferences;
        size_t n_preferences, preferences_allocated;
        uint32_t *slots;        /* open addressing: number + 1, or 0; half of them free */
        size_t n_slots;
};

int papers_new(Papers **ret) {
        Papers *p;

        assert(ret);

        p = new0(Papers, 1);
        if (!p)
                return -ENOMEM;

        *ret = p;
        return 0;
}

Papers* papers_free(Papers *p) {
        if (!p)
                return NULL;

        free(p->slots);
        free(p->preferences);
        free(p->papers);
        free(p);
        return NULL;
}

/* The slot of the order, or the free one where it would stand. */
static size_t papers_slot(const Papers *p, Choice order) {
        uint64_t h;
        Id hash;
        size_t i;

        hash_bytes(&hash, order.items, order.n * sizeof(uint16_t));
        memcpy(&h, hash.b, sizeof(h));

        for (i = h & (p->n_slots - 1); p->slots[i] != 0; i = (i + 1) & (p->n_slots - 1)) {
                const Paper *paper = &p->papers[p->slots[i] - 1];

                if (paper->n == order.n && memcmp(p->preferences + paper->start, order.items,
                        order.n * sizeof(uint16_t)) == 0)
                        break;
        }

        return i;
}

/* Room for one paper more with n preferences. */
static int papers_grow(Papers *p, size_t n) {
        if (p->n == UINT32_MAX - 1 || n > UINT32_MAX - p->n_preferences)
                return -EOVERFLOW;

        if (p->n == p->allocated) {
                size_t allocated = MAX((size_t) 64, p->allocated + p->allocated / 2);
                Paper *papers;

                papers = reallocarray(p->papers, allocated, sizeof(Paper));
                if (!papers)
                        return -ENOMEM;
                p->papers = papers;
                p->allocated = allocated;
        }

        if (n > p->preferences_allocated - p->n_preferences) {
                size_t half = p->preferences_allocated / 2;
                size_t allocated = p->preferences_allocated + half + n + 512;
                uint16_t *preferences;

                preferences = reallocarray(p->preferences, allocated, sizeof(uint16_t));
                if (!preferences)
                        return -ENOMEM;
                p->preferences = preferences;
                p->preferences_allocated = allocated;
        }

        if (2 * (p->n + 1) > p->n_slots) {
                size_t n_slots = p->n_slots > 0 ? 2 * p->n_slots : 128;
                uint32_t *slots;

                slots = new0(uint32_t, n_slots);
                if (!slots)
                        return -ENOMEM;
                free(p->slots);
                p->slots = slots;
                p->n_slots = n_slots;
                for (size_t i = 0; i < p->n; i++)
                        p->slots[papers_slot(p, papers_at(p, i, NULL))] = (uint32_t) i + 1;
        }

        return 0;
}

int papers_add(Papers *p, Choice order, uint64_t weight) {
        size_t slot;
        int r;

        assert(p);
        assert(order.n > 0);

        r = papers_grow(p, order.n);
        if (r < 0)
                return r;

        slot = papers_slot(p, order);
        if (p->slots[slot] != 0) {
                p->papers[p->slots[slot] - 1].weight += weight;
                return 0;
        }

        memcpy(p->preferences + p->n_preferences, order.items, order.n * sizeof(uint16_t));
        p->papers[p->n] = (Paper) {
                .weight = weight,
                .start = (uint32_t) p->n_preferences,
                .n = (uint32_t) order.n,
        };
        p->n_preferences += order.n;
        p->slots[slot] = (uint32_t) ++p->n;
        return 0;
}

size_t papers_size(const Papers *p) {
        return p->n;
}

Choice papers_at(const Papers *p, size_t i, uint64_t *ret_weight) {
        assert(i < p->n);

        if (ret_weight)
                *ret_weight = p->papers[i].weight;
        return (Choice) { .items = p->preferences + p->papers[i].start, .n = p->papers[i].n };
}
