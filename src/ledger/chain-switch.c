/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/chain-private.h"

/* Going back, and over to another branch. */

typedef struct Entries {
        const Genesis *genesis;
        State *state;
        Entry **items;
        size_t n, allocated;
} Entries;

static void entries_done(Entries *e) {
        for (size_t i = 0; i < e->n; i++)
                entry_unref(e->items[i]);
        free(e->items);
}

static int collect(void *userdata, Place place, int kind, const char *line, size_t n) {
        Entries *entries = ASSERT_PTR(userdata);
        _cleanup_(entry_unrefp) Entry *e = NULL;
        int r;

        (void) place;
        (void) kind;

        r = entry_parse(&e, entries->genesis, line, n, NULL);
        if (r != 0)
                return r > 0 ? -EUCLEAN : r;
        r = GROW(entries->items, entries->n, entries->allocated);
        if (r < 0)
                return r;

        e->verified = true;     /* or it had not been connected */
        content_set_checked(entries->state, e);
        entries->items[entries->n++] = TAKE_PTR(e);
        return 0;
}

static int disconnect(Chain *c, uint64_t height, Entries *entries) {
        const StoreOps *ops = c->store->ops;
        int r;

        r = ops->entry_each(c->store, PLACE(height + 1, 0), PLACE(c->tip.height + 1, 0),
                        STORE_KIND_ALL, collect, entries);
        if (r < 0)
                return r;
        if ((r = ops->begin(c->store)) < 0 ||
            (r = ops->delete_from(c->store, height + 1)) < 0)
                return r;

        state_undo(c->state, height + 1);
        recent_undo(&c->recent, height + 1);
        for (size_t i = 0; i < entries->n; i++) {
                Entry *e = entries->items[i];

                if (e->kind == ENTRY_VOTE && (r = state_vote_undone(c->state, e)) < 0)
                        return r;
                r = chain_pool_keep(c, e);
                if (r < 0)
                        return r;
        }
        return chain_read_tip(c);
}

static int hand_out(Entries *entries, Entry ***ret, size_t *ret_n) {
        Entry **p;

        if (entries->n == 0)
                return 0;
        p = reallocarray(*ret, *ret_n + entries->n, sizeof(Entry*));
        if (!p)
                return -ENOMEM;
        memcpy(p + *ret_n, entries->items, entries->n * sizeof(Entry*));
        *ret = p;
        *ret_n += entries->n;
        entries->n = 0;
        return 0;
}

int chain_disconnect(Chain *c, uint64_t height, Entry ***entries, size_t *n_entries) {
        _cleanup_(entries_done) Entries gone = { .genesis = c->genesis, .state = c->state };
        int r;

        assert(entries && n_entries);

        if (c->lean)
                return -EOPNOTSUPP;
        if (height >= c->tip.height)
                return 0;

        r = disconnect(c, height, &gone);
        return r < 0 ? r : hand_out(&gone, entries, n_entries);
}

int chain_switch(Chain *c, uint64_t fork_height, Block *const *branch, const uint8_t (*works)[16],
                size_t n, Entry ***disconnected, size_t *n_disconnected, size_t *ret_bad,
                Why *why) {
        _cleanup_(entries_done) Entries gone = { .genesis = c->genesis, .state = c->state };
        int r = 0, q;

        assert(branch || n == 0);
        assert(disconnected && n_disconnected);

        if (c->lean)
                return -EOPNOTSUPP;
        if (fork_height > c->tip.height)
                return -EINVAL;

        if (fork_height < c->tip.height)
                r = disconnect(c, fork_height, &gone);
        for (size_t i = 0; r == 0 && i < n; i++) {
                r = chain_connect(c, branch[i], works ? works[i] : NULL, why);
                if (r != 0 && ret_bad)
                        *ret_bad = i;
        }
        if (r == 0)
                r = hand_out(&gone, disconnected, n_disconnected);
        if (r == 0)
                return 0;

        q = chain_rollback(c);
        return q < 0 ? q : r;
}
