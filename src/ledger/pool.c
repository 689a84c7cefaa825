/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/pool.h"

#include <inttypes.h>

#include "base/hash.h"
#include "voted/limits.h"

/* What an entry takes beside its line: Entry, PoolItem, their places in tables. */
#define ITEM_BYTES 512U

typedef struct VoterKey {
        Id election;                    /* or board; zero for a sealing key */
        Key voter;
        uint64_t kind;
} VoterKey;

/* What e is the only one of that waits; false: there may be others. Who may post such an entry need
 * not be trusted by all, and each of a thousand different deals would be valid next. */
static bool only_one(const Entry *e, VoterKey *ret) {
        *ret = (VoterKey) { .voter = e->signer, .kind = (uint64_t) e->kind };

        switch (e->kind) {

        case ENTRY_VOTE:
                ret->election = e->vote.election;
                return true;

        case ENTRY_TRUSTEE:
                return true;

        case ENTRY_DEAL:
                ret->election = e->deal.line->board;
                return true;

        case ENTRY_CONFIRM:
                ret->election = e->confirm.board;
                return true;

        case ENTRY_OBJECT:
                ret->election = e->object.line->board;
                return true;

        case ENTRY_SHARE:
                ret->election = e->share.line->election;
                return true;

        case ENTRY_ROLL:
        case ENTRY_ELECTION:
        case ENTRY_APPROVE:
        case ENTRY_WITHDRAW:
        case ENTRY_ADMINS:
        case ENTRY_DRAW:
        case ENTRY_BOARD:
        case _ENTRY_KIND_MAX:
                break;
        }
        return false;
}

typedef struct PoolItem PoolItem;
struct PoolItem {
        Entry *entry;
        uint64_t added_usec;
        PoolItem *before, *after;       /* in order of arrival */
        UT_hash_handle hh;              /* by the entry's id */
        UT_hash_handle hh_voter;        /* what there is one of: by election and voter, and so on */
        VoterKey voter;
        uint32_t replaced;              /* votes of this voter that gave way while waiting */
};

struct Pool {
        PoolItem *by_id, *by_voter;
        PoolItem *first, *last;
        size_t n, bytes;
        uint32_t revotes;
};

int pool_new(Pool **ret) {
        Pool *p;

        assert(ret);

        p = new0(Pool, 1);
        if (!p)
                return -ENOMEM;
        p->revotes = REVOTES_DEFAULT;
        *ret = p;
        return 0;
}

void pool_set_revotes(Pool *p, uint32_t revotes) {
        assert(p);

        p->revotes = revotes;
}

static size_t item_bytes(const PoolItem *i) {
        return i->entry->n_line + ITEM_BYTES;
}

static void item_free(PoolItem *i) {
        entry_unref(i->entry);
        free(i);
}

/* Takes it off everything; it is the caller's then. */
static void detach(Pool *p, PoolItem *i) {
        HASH_DELETE(hh, p->by_id, i);
        if (only_one(i->entry, &(VoterKey) {}))
                HASH_DELETE(hh_voter, p->by_voter, i);

        if (i->before)
                i->before->after = i->after;
        else
                p->first = i->after;
        if (i->after)
                i->after->before = i->before;
        else
                p->last = i->before;

        p->bytes -= item_bytes(i);
        p->n--;
}

static int attach(Pool *p, PoolItem *i) {
        HASH_ADD_KEYPTR(hh, p->by_id, &i->entry->id, sizeof(Id), i);
        if (!i->hh.tbl)
                return -ENOMEM;
        if (only_one(i->entry, &i->voter)) {
                HASH_ADD(hh_voter, p->by_voter, voter, sizeof(VoterKey), i);
                if (!i->hh_voter.tbl) {
                        HASH_DELETE(hh, p->by_id, i);
                        return -ENOMEM;
                }
        }

        i->before = p->last;
        i->after = NULL;
        if (p->last)
                p->last->after = i;
        else
                p->first = i;
        p->last = i;
        p->bytes += item_bytes(i);
        p->n++;
        return 0;
}

Pool* pool_free(Pool *p) {
        if (!p)
                return NULL;

        for (PoolItem *i = p->first, *after; i; i = after) {
                after = i->after;
                detach(p, i);
                item_free(i);
        }
        free(p);
        return NULL;
}

static PoolItem* find_id(const Pool *p, const Id *id) {
        PoolItem *i;

        HASH_FIND(hh, p->by_id, id, sizeof(Id), i);
        return i;
}

static PoolItem* find_only(const Pool *p, const VoterKey *key) {
        PoolItem *i;

        HASH_FIND(hh_voter, p->by_voter, key, sizeof(*key), i);
        return i;
}

static int check_rival(const Pool *p, const Entry *e, const PoolItem *rival, Why *why) {
        if (e->kind != ENTRY_VOTE)
                return why_set(why, V_DUPLICATE, "another %s of the same signer waits already",
                                entry_kind_name(e->kind));
        if (e->vote.seq <= rival->entry->vote.seq)
                return why_set(why, V_SEQ,
                                "a vote of the same voter with \"seq\" %" PRIu32
                                " waits already, this one has %" PRIu32,
                                rival->entry->vote.seq, e->vote.seq);
        if (rival->replaced >= p->revotes)
                return why_set(why, V_LIMIT,
                                "this voter replaced a waiting vote %" PRIu32
                                " times: wait until it is in a block",
                                rival->replaced);
        return 0;
}

int pool_add(Pool *p, Entry *e, uint64_t now_usec, Entry **ret_replaced, Why *why) {
        PoolItem *i, *rival = NULL;
        VoterKey key;
        size_t bytes;
        int r;

        assert(p);
        assert(e);

        if (ret_replaced)
                *ret_replaced = NULL;
        if (find_id(p, &e->id))
                return why_set(why, V_DUPLICATE, "this entry waits already");
        if (only_one(e, &key)) {
                rival = find_only(p, &key);
                r = rival ? check_rival(p, e, rival, why) : 0;
                if (r != 0)
                        return r;
        }

        bytes = p->bytes - (rival ? item_bytes(rival) : 0);
        if (bytes + e->n_line + ITEM_BYTES > POOL_BYTES_MAX)
                return why_set(why, V_FULL,
                                "%zu entries wait for a block and no more fit: try again when some "
                                "are in one",
                                p->n);

        i = new0(PoolItem, 1);
        if (!i)
                return -ENOMEM;
        i->entry = e;
        i->added_usec = now_usec;
        if (rival) {
                i->replaced = rival->replaced + 1;
                detach(p, rival);
        }
        r = attach(p, i);
        if (r < 0) {
                /* The rival's places in the tables are free: it goes back. */
                free(i);
                if (rival && attach(p, rival) < 0)
                        item_free(rival);
                return r;
        }
        entry_ref(e);

        if (rival) {
                if (ret_replaced)
                        *ret_replaced = TAKE_PTR(rival->entry);
                item_free(rival);
        }
        return 0;
}

Entry* pool_find(const Pool *p, const Id *id) {
        PoolItem *i;

        assert(p);
        assert(id);

        i = find_id(p, id);
        return i ? i->entry : NULL;
}

Entry* pool_find_vote(const Pool *p, const Id *election, const Key *voter) {
        const VoterKey key = { .election = *election, .voter = *voter, .kind = ENTRY_VOTE };
        PoolItem *i;

        assert(p);
        assert(election);
        assert(voter);

        i = find_only(p, &key);
        return i ? i->entry : NULL;
}

void pool_remove(Pool *p, const Id *id) {
        PoolItem *i;

        assert(p);
        assert(id);

        i = find_id(p, id);
        if (!i)
                return;
        detach(p, i);
        item_free(i);
}

size_t pool_count(const Pool *p) {
        return p->n;
}

size_t pool_bytes(const Pool *p) {
        return p->bytes;
}

int pool_list(const Pool *p, Entry ***ret, size_t *ret_n) {
        Entry **list;
        size_t n = 0;

        assert(p);
        assert(ret && ret_n);

        list = newN(Entry*, MAX(p->n, (size_t) 1));
        if (!list)
                return -ENOMEM;
        for (const PoolItem *i = p->first; i; i = i->after)
                list[n++] = i->entry;

        *ret = list;
        *ret_n = n;
        return 0;
}

void pool_sweep(Pool *p, bool (*fn)(void *userdata, const Entry *e, uint64_t added_usec),
                void *userdata) {
        assert(p);
        assert(fn);

        for (PoolItem *i = p->first, *after; i; i = after) {
                after = i->after;
                if (fn(userdata, i->entry, i->added_usec)) {
                        detach(p, i);
                        item_free(i);
                }
        }
}
