/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/items.h"

#define BUCKETS_MIN 1024U

static uint64_t mix(const uint64_t key[2], const Id *id) {
        unsigned __int128 m;
        uint64_t w[4];

        memcpy(w, id->b, sizeof(w));
        m = (unsigned __int128) (w[0] ^ key[0]) * (w[1] ^ key[1]);
        w[0] = (uint64_t) m ^ (uint64_t) (m >> 64);
        m = (unsigned __int128) (w[2] ^ w[0] ^ key[1]) * (w[3] ^ key[0]);
        return (uint64_t) m ^ (uint64_t) (m >> 64);
}

int item_table_init(ItemTable *t, uint64_t key0, uint64_t key1) {
        *t = (ItemTable) { .n_buckets = BUCKETS_MIN, .key = { key0, key1 } };
        for (ItemState s = 0; s < _ITEM_STATE_MAX; s++)
                TAILQ_INIT(t->state + s);

        t->buckets = new0(Item *, t->n_buckets);
        return t->buckets ? 0 : -ENOMEM;
}

static void item_free(Item *i) {
        while (i->waiters) {
                Waiter *w = i->waiters;

                i->waiters = w->next;
                free(w);
        }
        (void) entry_unref(i->entry);
        free(i);
}

void item_table_done(ItemTable *t) {
        if (!t->buckets)
                return;

        for (ItemState s = 0; s < _ITEM_STATE_MAX; s++) {
                Item *i;

                while ((i = TAILQ_FIRST(t->state + s))) {
                        TAILQ_REMOVE(t->state + s, i, states);
                        item_free(i);
                }
        }
        free(t->buckets);
        *t = (ItemTable) {};
}

Item* item_table_find(const ItemTable *t, const Id *id) {
        for (Item *i = t->buckets[mix(t->key, id) & (t->n_buckets - 1)]; i; i = i->next)
                if (id_equal(&i->id, id))
                        return i;
        return NULL;
}

/* More buckets are a matter of speed: without memory for them it goes on with those it has. */
static void grow(ItemTable *t) {
        size_t n = t->n_buckets * 2;
        Item **buckets;

        buckets = new0(Item *, n);
        if (!buckets)
                return;

        for (ItemState s = 0; s < _ITEM_STATE_MAX; s++) {
                Item *i;

                TAILQ_FOREACH(i, t->state + s, states) {
                        Item **head = buckets + (mix(t->key, &i->id) & (n - 1));

                        i->next = *head;
                        *head = i;
                }
        }
        free(t->buckets);
        t->buckets = buckets;
        t->n_buckets = n;
}

Item* item_table_add(ItemTable *t, const Id *id) {
        Item *i, **head;

        if (t->n >= t->n_buckets)
                grow(t);

        i = new0(Item, 1);
        if (!i)
                return NULL;

        i->id = *id;
        i->wanted_by = LINK_SLOTS;
        head = t->buckets + (mix(t->key, id) & (t->n_buckets - 1));
        i->next = *head;
        *head = i;
        TAILQ_INSERT_TAIL(t->state + ITEM_WANTED, i, states);
        t->n_state[ITEM_WANTED]++;
        t->n++;
        return i;
}

void item_table_move(ItemTable *t, Item *i, ItemState to) {
        TAILQ_REMOVE(t->state + i->state, i, states);
        t->n_state[i->state]--;
        i->state = to;
        TAILQ_INSERT_TAIL(t->state + to, i, states);
        t->n_state[to]++;
}

void item_table_remove(ItemTable *t, Item *i) {
        Item **at = t->buckets + (mix(t->key, &i->id) & (t->n_buckets - 1));

        assert(!i->out && !i->waiters && i->n_blocks == 0);
        while (*at != i)
                at = &(*at)->next;
        *at = i->next;
        TAILQ_REMOVE(t->state + i->state, i, states);
        t->n_state[i->state]--;
        t->n--;
        item_free(i);
}

int lately_init(Lately *l, size_t size, uint64_t key0, uint64_t key1) {
        *l = (Lately) { .size = size, .key = { key0, key1 } };
        l->set[0] = new0(uint64_t, size);
        l->set[1] = new0(uint64_t, size);
        return l->set[0] && l->set[1] ? 0 : -ENOMEM;
}

void lately_done(Lately *l) {
        free(l->set[0]);
        free(l->set[1]);
        *l = (Lately) {};
}

/* 0 is an empty place. */
static uint64_t fingerprint(const Lately *l, const Id *id) {
        uint64_t h = mix(l->key, id);

        return h ? h : 1;
}

static uint64_t* lately_place(const Lately *l, const uint64_t *set, uint64_t h) {
        size_t i = (h >> 20) & (l->size - 1);

        while (set[i] != 0 && set[i] != h)
                i = (i + 1) & (l->size - 1);
        return (uint64_t *) set + i;
}

bool lately_has(const Lately *l, const Id *id) {
        uint64_t h = fingerprint(l, id);

        return *lately_place(l, l->set[0], h) == h || *lately_place(l, l->set[1], h) == h;
}

static void turn(Lately *l, uint64_t now_usec) {
        uint64_t *elder = l->set[1];

        l->set[1] = l->set[0];
        l->set[0] = elder;
        memset(elder, 0, l->size * sizeof(uint64_t));
        l->n = 0;
        l->since_usec = now_usec;
}

void lately_age(Lately *l, uint64_t now_usec, uint64_t keep_usec) {
        if (now_usec - l->since_usec >= keep_usec)
                turn(l, now_usec);
}

void lately_add(Lately *l, const Id *id, uint64_t now_usec) {
        uint64_t *at, h = fingerprint(l, id);

        if (l->n >= l->size / 2)
                turn(l, now_usec);

        at = lately_place(l, l->set[0], h);
        if (*at == 0) {
                *at = h;
                l->n++;
        }
}

void lately_clear(Lately *l) {
        memset(l->set[0], 0, l->size * sizeof(uint64_t));
        memset(l->set[1], 0, l->size * sizeof(uint64_t));
        l->n = 0;
}
