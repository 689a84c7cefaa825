/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/peer-internal.h"

/* What becomes of the pool's entries, and of those that wait for a block, when the chain changes:
 * they connect, come back from blocks that were disconnected, lose their future, or nobody needs
 * them. */

int pooled_forget(Peer *p, Item *i) {
        int r;

        if (!i->returned)
                return 0;
        i->returned = false;
        if (p->broken)          /* the row stays until the next start */
                return 0;
        r = chain_pool_forget(p->chain, &i->id);
        if (r < 0)
                return commit_trouble(p, r);
        p->dirty = true;
        return 0;
}

/* It is in the pool no longer; blocks that need it keep it. */
void pooled_leave(Peer *p, Item *i) {
        gossip_unqueue(p, i);
        p->pool_changed = true;
        if (i->n_blocks > 0)
                item_table_move(&p->items, i, ITEM_HELD);
        else
                item_table_remove(&p->items, i);
}

int pooled_release(Peer *p, Item *i) {
        Why why = {};
        int r;

        if (i->n_blocks > 0)
                return 0;
        switch (i->state) {

        case ITEM_WANTED:
                if (slot_set_empty(&i->known)) {        /* only a block had spoken of it */
                        gossip_unwant(p, i);
                        item_table_remove(&p->items, i);
                }
                return 0;

        case ITEM_CHECKING:
        case ITEM_POOLED:
                return 0;

        case ITEM_HELD:
                r = i->invalid ? V_SIGNATURE : admit_judge(p, i->entry, false, &why);
                if (r == 0 && !chain_entry_is_checked(p->chain, i->entry))
                        return admit_check_again(p, i);
                if (r == 0)
                        r = admit_enter(p, i, &why);
                return r > 0 ? admit_refuse(p, i, r, &why) : r;

        case _ITEM_STATE_MAX:
                break;
        }
        return 0;
}

void pooled_connected(Peer *p, const Block *b) {
        for (size_t k = 0; k < b->n_entries; k++) {
                const Entry *e = b->entries[k], *rival;
                Item *i = item_table_find(&p->items, &e->id);
                bool pooled = i && i->state == ITEM_POOLED;

                if (i) {
                        if (pooled)
                                pool_remove(p->pool, &e->id);
                        if (i->state == ITEM_WANTED) {
                                gossip_unwant(p, i);
                                i->entry = entry_ref(b->entries[k]);
                        }
                        i->returned = false;            /* chain_connect() took the row */
                        if (i->state != ITEM_CHECKING)
                                pooled_leave(p, i);
                }
                if (e->kind != ENTRY_VOTE) {
                        p->sweep = true;
                        lately_clear(&p->refused);
                        continue;
                }
                if (pooled)             /* the pool had no other of this voter */
                        continue;
                rival = pool_find_vote(p->pool, &e->vote.election, &e->signer);
                if (rival && rival->vote.seq <= e->vote.seq) {
                        i = item_table_find(&p->items, &rival->id);
                        pool_remove(p->pool, &rival->id);
                        if (i && pooled_forget(p, i) >= 0)
                                pooled_leave(p, i);
                }
        }
        p->pool_changed = p->pool_due = true;
}

/* e is verified and was in a block that is on the main chain no longer. */
int pooled_return(Peer *p, Entry *e) {
        Item *i = item_table_find(&p->items, &e->id);
        Why why;
        int r;

        if (i && i->state == ITEM_POOLED)
                return 0;
        if (!chain_entry_has_future(p->chain, e)) {
                r = p->broken ? 0 : chain_pool_forget(p->chain, &e->id);
                return r < 0 ? commit_trouble(p, r) : 0;
        }
        if (!i) {
                i = item_table_add(&p->items, &e->id);
                if (!i)
                        return -ENOMEM;
        }
        if (i->state == ITEM_CHECKING)          /* for another block that has it */
                admit_is_verified(p, i, e);
        if (!i->entry) {
                gossip_unwant(p, i);
                i->entry = entry_ref(e);
        }
        i->returned = true;
        r = admit_enter(p, i, &why);
        return r > 0 ? admit_refuse(p, i, r, &why) : r;
}

static int on_reload(void *userdata, const char *line, size_t n) {
        _cleanup_(entry_unrefp) Entry *e = NULL;
        Peer *p = userdata;
        Item *i;
        Why why;
        int r;

        r = entry_parse(&e, p->genesis, line, n, &why);
        if (r < 0)
                return r;
        if (r > 0)                              /* we wrote it: the database lies */
                return -EUCLEAN;
        e->verified = true;
        if (!chain_entry_has_future(p->chain, e) || item_table_find(&p->items, &e->id))
                return 0;
        i = item_table_add(&p->items, &e->id);
        if (!i)
                return -ENOMEM;
        i->entry = entry_ref(e);
        i->returned = true;
        r = admit_enter(p, i, &why);
        if (r > 0) { /* a rival of a higher seq is there; its row goes with the next sweep */
                item_table_remove(&p->items, i);
                r = 0;
        }
        return r;
}

int pooled_reload(Peer *p) {
        return p->store->ops->pool_each(p->store, on_reload, p);
}

typedef struct Sweep {
        Peer *peer;
        int r;
} Sweep;

static bool on_sweep(void *userdata, const Entry *e, uint64_t added_usec) {
        Sweep *s = userdata;
        Peer *p = s->peer;
        Item *i;

        if (s->r < 0 || chain_entry_has_future(p->chain, (Entry *) e))
                return false;
        i = item_table_find(&p->items, &e->id);
        if (i) {
                s->r = pooled_forget(p, i);
                if (s->r < 0)
                        return false;
                pooled_leave(p, i);
        }
        return true;
}

int pooled_sweep(Peer *p) {
        Sweep s = { .peer = p };

        p->sweep = false;
        pool_sweep(p->pool, on_sweep, &s);
        return s.r;
}
