/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/chain-private.h"

#include <inttypes.h>

#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"

#define META_GENESIS "genesis"

/* --- start --- */

static int load_act(void *userdata, Place place, int kind, const char *line, size_t n) {
        Chain *c = ASSERT_PTR(userdata);
        _cleanup_(entry_unrefp) Entry *e = NULL;
        int r;

        /* What is in the store was checked before it came there. */
        r = entry_parse(&e, c->genesis, line, n, NULL);
        if (r != 0)
                return r > 0 ? -EUCLEAN : r;
        if ((int) e->kind != kind || e->kind == ENTRY_VOTE)
                return -EUCLEAN;

        e->verified = e->content_checked = true;
        return state_apply(c->state, e, place);
}

static int load_recent(void *userdata, Place place, int kind, const char *line, size_t n) {
        Chain *c = ASSERT_PTR(userdata);
        Id id;

        (void) kind;

        hash_bytes(&id, line, n);
        recent_add(&c->recent, &id, place);
        return 0;
}

static int load_pool(void *userdata, const char *line, size_t n) {
        Chain *c = ASSERT_PTR(userdata);
        PoolRow *row;

        row = new0(PoolRow, 1);
        if (!row)
                return -ENOMEM;
        hash_bytes(&row->id, line, n);
        HASH_ADD(hh, c->pool, id, sizeof(Id), row);
        if (!row->hh.tbl) {
                free(row);
                return -ENOMEM;
        }
        return 0;
}

int chain_read_tip(Chain *c) {
        uint64_t height;
        StoredBlock b = {};
        int r;

        c->tip = (ChainTip) { .time = c->genesis->created, .id = c->genesis->network };

        r = c->store->ops->tip(c->store, &height);
        if (r < 0 || height == 0)
                return r;
        r = c->store->ops->block_get(c->store, height, &b);
        if (r < 0)
                return r == -ENODATA ? -EUCLEAN : r;
        c->tip = (ChainTip) { .height = height, .time = b.time, .id = b.id };
        stored_block_done(&b);
        return 0;
}

/* The height from which on the blocks hold RECENT_IDS_MAX entries or a few more; of a ledger of
 * many empty blocks the start shall not read all. */
#define RECENT_BLOCKS_MAX 16384U
static int recent_from(Chain *c, uint64_t *ret) {
        uint64_t height = c->tip.height, n = 0;
        int r;

        while (height > 1 && n < RECENT_IDS_MAX && c->tip.height - height < RECENT_BLOCKS_MAX) {
                StoredBlock b = {};

                r = c->store->ops->block_get(c->store, height, &b);
                if (r < 0)
                        return r == -ENODATA ? -EUCLEAN : r;
                n += b.count;
                stored_block_done(&b);
                height--;
        }
        *ret = height;
        return 0;
}

static void forget_pool(Chain *c) {
        PoolRow *row, *next;

        HASH_ITER(hh, c->pool, row, next) {
                HASH_DEL(c->pool, row);
                free(row);
        }
}

int chain_load(Chain *c) {
        const StoreOps *ops = c->store->ops;
        uint64_t from = 0;
        int r;

        state_free(c->state);
        c->state = NULL;
        forget_pool(c);
        recent_undo(&c->recent, 0);

        r = state_new(&c->state, c->genesis, c->store);
        if (r < 0)
                return r;
        c->state->sums = c->sums;
        c->state->workers = c->workers;
        c->state->lean = c->lean;

        if ((r = chain_read_tip(c)) < 0 ||
                        (r = ops->entry_each(c->store, 0, PLACE(c->tip.height + 1, 0),
                                         STORE_KIND_RARE, load_act, c)) < 0 ||
                        (r = state_find_closings(c->state, c->tip.height)) < 0 ||
                        (r = recent_from(c, &from)) < 0 ||
                        (r = ops->entry_each(c->store, PLACE(from, 0), PLACE(c->tip.height + 1, 0),
                                         STORE_KIND_ALL, load_recent, c)) < 0)
                return r;
        return ops->pool_each(c->store, load_pool, c);
}

/* Writes nothing, so that a chain is read, and taken back, also where the disk is full. */
static int check_store(Chain *c) {
        _cleanup_buf_ Buf line = {};
        uint64_t height;
        int r;

        r = c->store->ops->meta_get(c->store, META_GENESIS, &line);
        c->has_genesis = r == 0;
        if (r == -ENODATA) {
                r = c->store->ops->tip(c->store, &height);
                if (r < 0)
                        return r;
                return height > 0 ? -EUCLEAN : 0;
        }
        if (r < 0)
                return r;
        return line.n == c->genesis->n_line && memcmp(line.p, c->genesis->line, line.n) == 0
                               ? 0
                               : -EBADMSG;
}

/* An empty store says to which network it belongs with the first that is written to it. */
static int begin(Chain *c) {
        int r;

        r = c->store->ops->begin(c->store);
        if (r < 0 || c->has_genesis)
                return r;
        r = c->store->ops->meta_put(
                        c->store, META_GENESIS, c->genesis->line, c->genesis->n_line);
        c->has_genesis = r >= 0;
        return r;
}

int chain_new(Chain **ret, const Genesis *g, Store *s) {
        _cleanup_(chain_freep) Chain *c = NULL;
        int r;

        assert(ret);
        assert(g);
        assert(s);

        c = new0(Chain, 1);
        if (!c)
                return -ENOMEM;
        c->genesis = g;
        c->store = s;

        if ((r = sums_new(&c->sums)) < 0 ||
            (r = recent_reserve(&c->recent)) < 0 ||
            (r = check_store(c)) < 0 ||
            (r = chain_load(c)) < 0)
                return r;
        if (!c->has_genesis && begin(c) < 0)
                s->ops->rollback(s);    /* again with the first block: a full disk is no reason not to start */

        *ret = TAKE_PTR(c);
        return 0;
}

Chain* chain_free(Chain *c) {
        if (!c)
                return NULL;

        state_free(c->state);
        sums_free(c->sums);
        forget_pool(c);
        recent_done(&c->recent);
        free(c);
        return NULL;
}

const ChainTip* chain_tip(const Chain *c) {
        return &c->tip;
}

const Genesis* chain_genesis(const Chain *c) {
        return c->genesis;
}

Store* chain_store(const Chain *c) {
        return c->store;
}

void chain_set_lean(Chain *c) {
        assert(c);

        c->lean = c->state->lean = true;
}

/* --- the store's pool --- */

int chain_pool_keep(Chain *c, const Entry *e) {
        PoolRow *row;
        int r;

        HASH_FIND(hh, c->pool, &e->id, sizeof(Id), row);
        if (row)
                return 0;

        r = c->store->ops->pool_put(c->store, &e->id, e->line, e->n_line);
        return r < 0 ? r : load_pool(c, e->line, e->n_line);
}

int chain_pool_forget(Chain *c, const Id *id) {
        PoolRow *row;
        int r;

        assert(c);
        assert(id);

        HASH_FIND(hh, c->pool, id, sizeof(Id), row);
        if (!row)
                return 0;

        r = c->store->ops->pool_delete(c->store, id);
        if (r < 0)
                return r;
        HASH_DEL(c->pool, row);
        free(row);
        return 0;
}

/* --- connecting --- */

int chain_check_header(const Chain *c, const Header *h, Why *why) {
        char a[ID_HEX], b[ID_HEX];

        if (!id_equal(&h->network, &c->genesis->network))
                return why_set(why, V_BLOCK, "block of network %s, expected %s",
                                id_hex(&h->network, a), id_hex(&c->genesis->network, b));
        if (h->height != c->tip.height + 1 || h->height > HEIGHT_MAX)
                return why_set(why, V_BLOCK, "block of height %" PRIu64 ", expected %" PRIu64,
                                h->height, c->tip.height + 1);
        if (!id_equal(&h->parent, &c->tip.id))
                return why_set(why, V_BLOCK, "block %" PRIu64 " has parent %s, expected %s",
                                h->height, id_hex(&h->parent, a), id_hex(&c->tip.id, b));
        if (h->time < c->tip.time)
                return why_set(why, V_BLOCK,
                                "block %" PRIu64 " has time %" PRIu64 ", expected at least %" PRIu64
                                ", that of its parent",
                                h->height, h->time, c->tip.time);
        return 0;
}

/* What e proves is checked later, with that of the block's other entries. */
static int gather_content(Chain *c, Entry *e, size_t position, ContentList *list, Why *why) {
        CheckContent *content;
        int r;

        r = content_make(c->state, e, &content, why);
        if (r != 0 || !content)
                return r;
        if (c->content_sink)
                return c->content_sink(c->content_sink_userdata, content, e, position);
        return content_list_add(list, content, e, position);
}

/* In memory; the store has not been touched yet. */
static int apply_entries(Chain *c, const Block *b, Why *why) {
        _cleanup_(content_list_done) ContentList list = {};
        size_t position = 0;
        int r;

        for (size_t i = 0; i < b->n_entries; i++) {
                r = state_check(c->state, b->entries[i], b->header.time, why);
                if (r == 0)
                        r = gather_content(c, b->entries[i], i, &list, why);
                if (r > 0) {
                        c->bad_entry = i;
                        return why_prefix(why, r, "block %" PRIu64 ", entry %zu", b->header.height,
                                        i);
                }
                if (r == 0)
                        r = state_apply(c->state, b->entries[i], PLACE(b->header.height, i));
                if (r < 0)
                        return r;
        }

        r = content_list_run(&list, c->workers, &position, why);
        if (r > 0) {
                c->bad_entry = position;
                return why_prefix(why, r, "block %" PRIu64 ", entry %zu", b->header.height, position);
        }
        return r;
}

static int store_entry(Chain *c, const Entry *e, Place place) {
        if (c->lean && e->kind == ENTRY_VOTE)
                return c->store->ops->entry_put(
                                c->store, place, e->kind, entry_ballot_text(e), e->vote.n_ballot);
        return c->store->ops->entry_put(c->store, place, e->kind, e->line, e->n_line);
}

static int store_block(Chain *c, const Block *b, const uint8_t work[16]) {
        const StoreOps *ops = c->store->ops;
        StoredBlock row = {
                .height = b->header.height,
                .time = b->header.time,
                .id = b->header.id,
                .count = b->header.count,
                .header = b->header_line,
                .seal = b->seal_line,
                .n_header = b->n_header_line,
                .n_seal = b->n_seal_line,
        };
        size_t vote = 0;
        int r;

        if (work)
                memcpy(row.work, work, sizeof(row.work));
        if ((r = begin(c)) < 0 ||
            (r = ops->block_put(c->store, &row)) < 0)
                return r;

        for (size_t i = 0; i < b->n_entries; i++) {
                const Entry *e = b->entries[i];
                Place place = PLACE(b->header.height, i);

                r = store_entry(c, e, place);
                if (r < 0)
                        return r;
                if (e->kind == ENTRY_VOTE) {
                        const VoteDone *v = &c->state->votes[vote++];

                        r = ops->vote_put(c->store, v->election->act->place, v->voter, place,
                                        e->vote.seq);
                        if (r < 0)
                                return r;
                }
                if (c->pool) {
                        r = chain_pool_forget(c, &e->id);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int chain_connect(Chain *c, const Block *b, const uint8_t work[16], Why *why) {
        const Header *h;
        int r;

        assert(c);
        assert(b);

        h = &b->header;
        c->bad_entry = SIZE_MAX;
        if ((r = chain_check_header(c, h, why)) != 0 ||
            (r = block_check_body(b, c->genesis, why)) != 0)
                return r;

        state_begin(c->state, h->height, h->time, &h->id);
        r = apply_entries(c, b, why);
        if (r == 0)
                r = store_block(c, b, work);
        if (r != 0) {
                state_undo(c->state, h->height);
                return r;
        }

        state_keep(c->state);
        for (size_t i = 0; i < b->n_entries; i++)
                recent_add(&c->recent, &b->entries[i]->id, PLACE(h->height, i));
        c->tip = (ChainTip) { .height = h->height, .time = h->time, .id = h->id };
        return 0;
}

int chain_commit(Chain *c) {
        assert(c);

        return c->store->ops->commit(c->store);
}

int chain_rollback(Chain *c) {
        int r;

        assert(c);

        c->store->ops->rollback(c->store);
        r = check_store(c);     /* the genesis went with the first transaction */
        return r < 0 ? r : chain_load(c);
}

/* --- a block of one's own --- */

int chain_select(Chain *c, Entry *const *candidates, size_t n, uint64_t time, Header *ret,
                Entry ***ret_entries, size_t *ret_n) {
        _cleanup_free_ Entry **entries = NULL;
        _cleanup_free_ Id *ids = NULL;
        uint64_t bytes = 0, height = c->tip.height + 1;
        size_t n_max, m = 0;
        int r = 0;

        assert(candidates || n == 0);
        assert(ret);
        assert(ret_entries && ret_n);

        n_max = MIN(n, (size_t) (c->genesis->limits.block_bytes / ENTRY_BYTES_LEAST));
        entries = new0(Entry*, MAX(n_max, (size_t) 1));
        ids = newN(Id, MAX(n_max, (size_t) 1));
        if (!entries || !ids)
                return -ENOMEM;
        time = MAX(time, c->tip.time);

        state_begin(c->state, height, time, &(Id) {});
        for (size_t i = 0; i < n && m < n_max &&
                           bytes + ENTRY_BYTES_LEAST < c->genesis->limits.block_bytes;
                        i++) {
                Entry *e = candidates[i];

                if (bytes + e->n_line + 1 > c->genesis->limits.block_bytes)
                        continue;
                r = state_check(c->state, e, time, NULL);
                if (r == 0)
                        r = content_check(c->state, e, NULL);   /* most of them were checked before */
                if (r > 0 || r == -EAGAIN) {
                        r = 0;
                        continue;
                }
                if (r == 0)
                        r = state_apply(c->state, e, PLACE(height, m));
                if (r < 0)
                        break;

                entries[m] = e;
                ids[m++] = e->id;
                bytes += e->n_line + 1;
        }
        state_undo(c->state, height);
        if (r < 0)
                return r;

        *ret = (Header) {
                .network = c->genesis->network,
                .field = c->genesis->engine->field,
                .time = time,
                .count = (uint32_t) m,
        };
        merkle_root(&ret->root, ids, m);
        for (size_t i = 0; i < m; i++)
                entry_ref(entries[i]);
        *ret_entries = TAKE_PTR(entries);
        *ret_n = m;
        return 0;
}
