/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/board.h"
#include "ledger/chain-private.h"

#include "crypto/hash.h"

/* --- blocks and entries --- */

static int reader_header_at(void *userdata, uint64_t height, Header *ret) {
        Chain *c = ASSERT_PTR(userdata);
        StoredBlock b = {};
        int r;

        if (height == 0 || height > c->tip.height)
                return -ENODATA;

        r = c->store->ops->block_get(c->store, height, &b);
        if (r < 0)
                return r;
        r = header_read(ret, c->genesis->engine->field, b.header, b.n_header, NULL);
        stored_block_done(&b);
        return r > 0 ? -EUCLEAN : r;
}

static int reader_height_of(void *userdata, const Id *id, uint64_t *ret) {
        Chain *c = ASSERT_PTR(userdata);

        if (id_equal(id, &c->genesis->network)) {
                *ret = 0;
                return 0;
        }
        return c->store->ops->block_find(c->store, id, ret);
}

EngineChain chain_engine_reader(Chain *c) {
        assert(c);

        return (EngineChain) {
                .userdata = c,
                .header_at = reader_header_at,
                .height_of = reader_height_of,
        };
}

#define SCAN_BYTES_MAX (32U << 20)      /* of lines that one search hashes: a tenth of a second */

typedef struct Search {
        const Id *id;
        size_t bytes;           /* that it may still hash */
        Place found;
} Search;

static int match_line(void *userdata, Place place, int kind, const char *line, size_t n) {
        Search *search = ASSERT_PTR(userdata);
        Id id;

        (void) kind;

        if (n > search->bytes)
                return -ENODATA;
        search->bytes -= n;
        hash_bytes(&id, line, n);
        if (!id_equal(&id, search->id))
                return 0;
        search->found = place;
        return 1;
}

int chain_find_entry(Chain *c, const Id *id, uint64_t from_height, Place *ret) {
        Search search = { .id = id, .bytes = SCAN_BYTES_MAX };
        const Act *a;

        assert(c);
        assert(id);
        assert(ret);

        if (recent_find(&c->recent, id, ret))
                return 0;
        a = state_act(c->state, id);
        if (a) {
                *ret = a->place;
                return 0;
        }
        if (from_height == 0)
                return -ENODATA;

        for (uint64_t height = c->tip.height; height >= from_height; height--) {
                int r;

                r = c->store->ops->entry_each(c->store, PLACE(height, 0), PLACE(height + 1, 0),
                                STORE_KIND_VOTE, match_line, &search);
                if (r < 0)
                        return r;
                if (r > 0) {
                        *ret = search.found;
                        return 0;
                }
        }
        return -ENODATA;
}

bool chain_is_recent(const Chain *c, const Id *id) {
        assert(c);

        return recent_find(&c->recent, id, NULL);
}

static int add_text(void *userdata, Place place, int kind, const char *line, size_t n) {
        Buf *b = ASSERT_PTR(userdata);

        (void) place;
        (void) kind;

        buf_add(b, line, n);
        buf_add_char(b, '\n');
        return buf_error(b);
}

int chain_read_block_text(Chain *c, uint64_t height, bool seal, Buf *ret) {
        StoredBlock b = {};
        int r;

        assert(c);
        assert(ret);

        if (height == 0 || height > c->tip.height)
                return -ENODATA;
        r = c->store->ops->block_get(c->store, height, &b);
        if (r < 0)
                return r;

        buf_add(ret, b.header, b.n_header);
        buf_add_char(ret, '\n');
        if (seal) {
                buf_add(ret, b.seal, b.n_seal);
                buf_add_char(ret, '\n');
        }
        stored_block_done(&b);

        r = c->store->ops->entry_each(c->store, PLACE(height, 0), PLACE(height + 1, 0),
                        STORE_KIND_ALL, add_text, ret);
        return r < 0 ? r : buf_error(ret);
}

int chain_read_block(Chain *c, uint64_t height, Block **ret) {
        _cleanup_(block_freep) Block *b = NULL;
        _cleanup_buf_ Buf text = {};
        const char *p;
        size_t n;
        int r;

        assert(c);
        assert(ret);

        r = chain_read_block_text(c, height, true, &text);
        if (r < 0)
                return r;

        p = text.p;
        n = text.n;
        r = block_read(&b, c->genesis, &p, &n, NULL);
        if (r != 0)
                return r > 0 ? -EUCLEAN : r;
        for (size_t i = 0; i < b->n_entries; i++) {
                b->entries[i]->verified = true;
                content_set_checked(c->state, b->entries[i]);
        }

        *ret = TAKE_PTR(b);
        return 0;
}

/* --- rolls, admins, what is pending --- */

static const Act* act_at(const Chain *c, size_t i, bool (*match)(const Chain *c, const Act *a),
                size_t *ret_n) {
        size_t n = 0;

        for (size_t k = 0; k < c->state->n_acts; k++)
                if (match(c, c->state->acts[k])) {
                        if (n == i)
                                return c->state->acts[k];
                        n++;
                }
        if (ret_n)
                *ret_n = n;
        return NULL;
}

static bool is_roll(const Chain *c, const Act *a) {
        (void) c;

        return a->entry->kind == ENTRY_ROLL;
}

/* Approvals are missing, and could still come. */
static bool is_pending(const Chain *c, const Act *a) {
        const EntryType *t = entry_type(a->entry->kind);

        return t->administers && a->effect == 0 &&
               (!t->check_effect || t->check_effect(c->state, a->entry, c->tip.time, NULL) == 0);
}

size_t chain_n_rolls(const Chain *c) {
        size_t n = 0;

        assert(c);

        (void) act_at(c, SIZE_MAX, is_roll, &n);
        return n;
}

int chain_roll_at(const Chain *c, size_t i, RollInfo *ret) {
        const Act *a;

        assert(c);
        assert(ret);

        a = act_at(c, i, is_roll, NULL);
        if (!a)
                return -ENODATA;
        *ret = (RollInfo) {
                .name = a->entry->roll.name,
                .part = a->entry->roll.part,
                .id = a->entry->id,
                .place = a->place,
                .voters = a->entry->roll.roll->n_voters,
                .approvals = act_approvals(c->state, a),
                .in_effect = a->effect > 0,
        };
        return 0;
}

size_t chain_admins(const Chain *c, const Key **ret) {
        assert(c);

        if (ret)
                *ret = c->state->in_force;
        return c->state->n_in_force;
}

unsigned chain_approvals_needed(const Chain *c) {
        return c->genesis->approvals;
}

size_t chain_n_pending(const Chain *c) {
        size_t n = 0;

        assert(c);

        (void) act_at(c, SIZE_MAX, is_pending, &n);
        return n;
}

int chain_pending_at(const Chain *c, size_t i, PendingInfo *ret) {
        const Act *a;

        assert(c);
        assert(ret);

        a = act_at(c, i, is_pending, NULL);
        if (!a)
                return -ENODATA;
        *ret = (PendingInfo) {
                .id = a->entry->id,
                .kind = a->entry->kind,
                .place = a->place,
                .name = a->entry->kind == ENTRY_ROLL ? a->entry->roll.name
                        : a->board ? board_line(a->board)->name
                        : a->election ? a->election->act->entry->election.definition->name : "",
                .approvals = act_approvals(c->state, a),
                .needed = c->genesis->approvals,
        };
        return 0;
}
