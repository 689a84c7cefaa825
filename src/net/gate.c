/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/hash.h"
#include "net/gate.h"
#include "voted/limits.h"

typedef struct Count {
        NetKey key;
        unsigned links;
        UT_hash_handle hh;
} Count;

typedef struct Ban {
        Key key;                /* an identity, or a NetKey and zeros: no key has 20 zeros at its end */
        uint64_t until_usec;
        UT_hash_handle hh;
} Ban;

struct Gate {
        Count *counts;
        Ban *bans;
};

int gate_new(Gate **ret) {
        *ret = new0(Gate, 1);
        return *ret ? 0 : -ENOMEM;
}

Gate* gate_free(Gate *g) {
        Count *c, *c_next;
        Ban *b, *b_next;

        if (!g)
                return NULL;

        HASH_ITER(hh, g->counts, c, c_next) {
                HASH_DEL(g->counts, c);
                free(c);
        }
        HASH_ITER(hh, g->bans, b, b_next) {
                HASH_DEL(g->bans, b);
                free(b);
        }
        free(g);
        return NULL;
}

static Count* count_find(const Gate *g, const NetKey *k) {
        Count *c;

        HASH_FIND(hh, g->counts, k, sizeof(*k), c);
        return c;
}

static int count_up(Gate *g, const NetKey *k) {
        Count *c = count_find(g, k);

        if (!c) {
                c = new0(Count, 1);
                if (!c)
                        return -ENOMEM;
                c->key = *k;
                HASH_ADD(hh, g->counts, key, sizeof(c->key), c);
                if (!c->hh.tbl) {
                        free(c);
                        return -ENOMEM;
                }
        }
        c->links++;
        return 0;
}

static void count_down(Gate *g, const NetKey *k) {
        Count *c = count_find(g, k);

        assert(g->counts && c && c->links > 0);
        if (--c->links > 0)
                return;
        HASH_DEL(g->counts, c);
        free(c);
}

int gate_enter(Gate *g, const NetAddress *a, unsigned per_address_max, unsigned per_net_max) {
        NetKey host = net_address_host_key(a), net = net_address_net_key(a);
        const Count *of_host = count_find(g, &host), *of_net = count_find(g, &net);
        int r;

        if ((of_host && of_host->links >= per_address_max) || (of_net && of_net->links >= per_net_max))
                return -EUSERS;

        r = count_up(g, &host);
        if (r < 0)
                return r;
        r = count_up(g, &net);
        if (r < 0)
                count_down(g, &host);
        return r;
}

void gate_leave(Gate *g, const NetAddress *a) {
        NetKey host = net_address_host_key(a), net = net_address_net_key(a);

        count_down(g, &host);
        count_down(g, &net);
}

static void drop_bans(Gate *g, uint64_t now_usec) {
        Ban *b, *next;

        HASH_ITER(hh, g->bans, b, next)
                if (b->until_usec <= now_usec) {
                        HASH_DEL(g->bans, b);
                        free(b);
                }
}

static void drop_first_to_end(Gate *g) {
        Ban *b, *next, *first = NULL;

        HASH_ITER(hh, g->bans, b, next)
                if (!first || b->until_usec < first->until_usec)
                        first = b;
        if (first) {
                HASH_DEL(g->bans, first);
                free(first);
        }
}

int gate_ban_key(Gate *g, const Key *k, uint64_t until_usec) {
        Ban *b;

        HASH_FIND(hh, g->bans, k, sizeof(*k), b);
        if (!b) {
                b = new0(Ban, 1);
                if (!b)
                        return -ENOMEM;
                if (HASH_COUNT(g->bans) >= BANS_MAX)
                        drop_first_to_end(g);
                b->key = *k;
                HASH_ADD(hh, g->bans, key, sizeof(b->key), b);
                if (!b->hh.tbl) {
                        free(b);
                        return -ENOMEM;
                }
        }
        b->until_usec = MAX(b->until_usec, until_usec);
        return 0;
}

static Key address_key(const NetAddress *a) {
        NetKey net = net_address_host_key(a);
        Key k = {};

        memcpy(k.b, &net, sizeof(net));
        return k;
}

int gate_ban_address(Gate *g, const NetAddress *a, uint64_t until_usec) {
        Key k = address_key(a);

        return gate_ban_key(g, &k, until_usec);
}

bool gate_is_banned_key(Gate *g, const Key *k, uint64_t now_usec) {
        Ban *b;

        HASH_FIND(hh, g->bans, k, sizeof(*k), b);
        if (!b)
                return false;
        if (b->until_usec > now_usec)
                return true;

        HASH_DEL(g->bans, b);
        free(b);
        return false;
}

bool gate_is_banned_address(Gate *g, const NetAddress *a, uint64_t now_usec) {
        Key k = address_key(a);

        return gate_is_banned_key(g, &k, now_usec);
}

unsigned gate_bans(Gate *g, uint64_t now_usec) {
        drop_bans(g, now_usec);
        return HASH_COUNT(g->bans);
}
