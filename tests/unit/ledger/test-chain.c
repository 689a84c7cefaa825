/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump.h"
#include "fixture.h"
#include "run.h"

#include "crypto/hash.h"

START_TEST(a_new_chain_ends_in_the_genesis) {
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL);
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_(chain_freep) Chain *c = NULL;

        ck_assert_int_eq(store_memory_new(&s), 0);
        ck_assert_int_eq(chain_new(&c, g, s), 0);
        ck_assert_uint_eq(chain_tip(c)->height, 0);
        ck_assert_uint_eq(chain_tip(c)->time, FIXTURE_CREATED);
        ck_assert(id_equal(&chain_tip(c)->id, &g->network));
        ck_assert_uint_eq(chain_n_elections(c), 0);
        ck_assert_uint_eq(chain_admins(c, NULL), 1);
}
END_TEST

START_TEST(a_store_of_another_network_is_refused) {
        _cleanup_(genesis_freep) Genesis *a = fixture_genesis(NULL),
                                         *b = fixture_genesis(&(FixtureSetup) { .name = "other" });
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_(chain_freep) Chain *c = NULL;

        ck_assert_int_eq(store_memory_new(&s), 0);
        ck_assert_int_eq(chain_new(&c, a, s), 0);
        c = chain_free(c);
        ck_assert_int_eq(chain_new(&c, b, s), -EBADMSG);
        ck_assert_ptr_null(c);
}
END_TEST

/* --- headers --- */

typedef struct BadHeader {
        const char *name;
        void (*spoil)(Block *b);
        int verdict;
        const char *why;
} BadHeader;

static void spoil_network(Block *b) { b->header.network.b[0] ^= 1; }
static void spoil_height(Block *b) { b->header.height++; }
static void spoil_parent(Block *b) { b->header.parent.b[31] ^= 1; }
static void spoil_time(Block *b) { b->header.time = 1999; }
static void spoil_count(Block *b) { b->header.count++; }
static void spoil_root(Block *b) { b->header.root.b[5] ^= 1; }
static void spoil_body(Block *b) { b->entries[0] = entry_unref(b->entries[0]); }
static void spoil_order(Block *b) {
        Entry *e = b->entries[0];

        b->entries[0] = b->entries[1];
        b->entries[1] = e;
}

static const BadHeader bad_headers[] = {
        { "another network", spoil_network, V_BLOCK, "network" },
        { "a height that does not follow", spoil_height, V_BLOCK, "height 4, expected 3" },
        { "another parent", spoil_parent, V_BLOCK, "parent" },
        { "a time before the parent's", spoil_time, V_BLOCK, "time 1999, expected at least 2000" },
        { "a count that is not that of its entries", spoil_count, V_BLOCK,
                        "\"count\" is 3, the block has 2" },
        { "a root that is not that of its entries", spoil_root, V_BLOCK, "\"root\"" },
        { "a body that is missing", spoil_body, V_BLOCK, "entry 0 is missing" },
        { "entries in another order", spoil_order, V_BLOCK, "\"root\"" },
};

START_TEST(a_block_that_does_not_fit_its_parent_is_refused) {
        const BadHeader *bad = &bad_headers[_i];
        _cleanup_free_ char *before = NULL, *after = NULL;
        Entry *entries[2];
        Fixture f;
        Block *b;
        Why why = {};

        fixture_new(&f, NULL, NULL, 3);
        before = dump_of(f.chain);
        entries[0] = fixture_vote(f.genesis, FIXTURE_VOTER, &f.election->id, 1, "[[0]]");
        entries[1] = fixture_vote(f.genesis, FIXTURE_VOTER + 1, &f.election->id, 1, "[[1]]");

        b = fixture_block(f.chain, FIXTURE_OPENS, entries, 2);
        bad->spoil(b);
        assert_verdict(chain_connect(f.chain, b, NULL, &why), bad->verdict, why);
        ck_assert_msg(strstr(why.text, bad->why), "%s: \"%s\" does not say \"%s\"", bad->name,
                        why.text, bad->why);
        block_free(b);

        after = dump_of(f.chain);
        assert_same(before, after, bad->name);
        assert_verdict(fixture_connect(f.chain, FIXTURE_OPENS, entries, 2, &why), 0, why);
        entry_unref(entries[0]);
        entry_unref(entries[1]);
        fixture_done(&f);
}
END_TEST

START_TEST(a_block_larger_than_the_network_allows_is_refused) {
        Entry *entries[400];
        size_t n = 0, bytes = 0;
        Fixture f;
        Why why = {};

        fixture_new(&f,
                        &(FixtureSetup) { .block_bytes = 64U << 10,
                                        .entry_bytes = 60U << 10,
                                        .vote_bytes = 60U << 10 },
                        NULL, 400);
        for (; n < 400 && bytes <= 64U << 10; n++) {
                entries[n] = fixture_vote(f.genesis, FIXTURE_VOTER + (unsigned) n, &f.election->id,
                                1, "[[0]]");
                bytes += entries[n]->n_line + 1;
        }
        ck_assert_uint_gt(bytes, 64U << 10);
        assert_verdict(fixture_connect(f.chain, FIXTURE_OPENS, entries, n, &why), V_SIZE, why);
        assert_verdict(fixture_connect(f.chain, FIXTURE_OPENS, entries, n - 1, &why), 0, why);
        for (size_t i = 0; i < n; i++)
                entry_unref(entries[i]);
        fixture_done(&f);
}
END_TEST

/* --- selecting --- */

START_TEST(select_takes_what_is_valid_in_order_and_changes_nothing) {
        _cleanup_free_ char *before = NULL, *after = NULL;
        Entry *candidates[6], **chosen = NULL;
        size_t n = 0;
        Fixture f;
        Header h;
        Why why = {};
        Block *b;

        fixture_new(&f, NULL, NULL, 4);
        candidates[0] = fixture_vote(f.genesis, FIXTURE_VOTER, &f.election->id, 2, "[[0]]");
        candidates[1] = fixture_vote(
                        f.genesis, FIXTURE_VOTER, &f.election->id, 1, "[[0]]"); /* too late then */
        candidates[2] = fixture_vote(f.genesis, FIXTURE_VOTER + 1, &f.election->id, 1, "[[1]]");
        candidates[3] = fixture_withdraw(f.genesis, FIXTURE_ADMIN, f.election); /* it is open */
        candidates[4] = fixture_admins(f.genesis, FIXTURE_ADMIN, 7, -1, 0);
        candidates[5] = fixture_admins(f.genesis, 7, 8, -1, 0); /* valid by the one before */
        before = dump_of(f.chain);
        ck_assert_int_eq(chain_select(f.chain, candidates, 6, FIXTURE_OPENS, &h, &chosen, &n), 0);
        after = dump_of(f.chain);
        assert_same(before, after, "after selecting");

        ck_assert_uint_eq(n, 4);
        ck_assert_ptr_eq(chosen[0], candidates[0]);
        ck_assert_ptr_eq(chosen[1], candidates[2]);
        ck_assert_ptr_eq(chosen[2], candidates[4]);
        ck_assert_ptr_eq(chosen[3], candidates[5]);
        ck_assert_uint_eq(h.count, 4);
        ck_assert_uint_eq(h.time, FIXTURE_OPENS);
        ck_assert(id_equal(&h.network, &f.genesis->network));
        b = fixture_block(f.chain, FIXTURE_OPENS, chosen, n);
        ck_assert(id_equal(&b->header.root, &h.root));
        assert_verdict(chain_connect(f.chain, b, NULL, &why), 0, why);
        block_free(b);

        free_entries(chosen, n);
        for (size_t i = 0; i < 6; i++)
                entry_unref(candidates[i]);
        fixture_done(&f);
}
END_TEST

START_TEST(select_fills_a_block_to_its_limit) {
        Entry *candidates[300], **chosen = NULL;
        size_t n = 0, bytes = 0;
        Fixture f;
        Header h;
        Why why = {};

        fixture_new(&f,
                        &(FixtureSetup) { .block_bytes = 64U << 10,
                                        .entry_bytes = 60U << 10,
                                        .vote_bytes = 60U << 10 },
                        NULL, 300);
        for (unsigned i = 0; i < 300; i++)
                candidates[i] = fixture_vote(
                                f.genesis, FIXTURE_VOTER + i, &f.election->id, 1, "[[0]]");
        ck_assert_int_eq(chain_select(f.chain, candidates, 300, FIXTURE_OPENS, &h, &chosen, &n), 0);
        for (size_t i = 0; i < n; i++)
                bytes += chosen[i]->n_line + 1;
        ck_assert_uint_le(bytes, 64U << 10);
        ck_assert_uint_gt(bytes + candidates[0]->n_line + 1, 64U << 10);
        assert_verdict(fixture_connect(f.chain, FIXTURE_OPENS, chosen, n, &why), 0, why);
        free_entries(chosen, n);
        for (unsigned i = 0; i < 300; i++)
                entry_unref(candidates[i]);
        fixture_done(&f);
}
END_TEST

/* --- finding and reading --- */

START_TEST(entries_are_found_by_id_among_recent_and_administrative_ones_or_by_a_scan) {
        _cleanup_(chain_freep) Chain *again = NULL;
        Entry *a, *e;
        Place place = 0;
        Fixture f;
        Why why = {};

        fixture_new(&f, NULL, NULL, 4);
        a = fixture_vote(f.genesis, FIXTURE_VOTER, &f.election->id, 1, "[[0]]");
        e = fixture_vote(f.genesis, FIXTURE_VOTER, &f.election->id, 2, "[[0]]");
        assert_verdict(FIXTURE_CONNECT(f.chain, FIXTURE_OPENS, &why, a), 0, why);
        ck_assert(chain_is_recent(f.chain, &a->id));
        ck_assert(!chain_is_recent(f.chain, &e->id));
        ck_assert_int_eq(chain_find_entry(f.chain, &a->id, 0, &place), 0);
        ck_assert_uint_eq(place, PLACE(3, 0));
        ck_assert_int_eq(chain_find_entry(f.chain, &f.roll->id, 0, &place), 0);
        ck_assert_uint_eq(place, PLACE(1, 0));
        ck_assert_int_eq(chain_find_entry(f.chain, &e->id, 0, &place), -ENODATA);
        ck_assert_int_eq(chain_find_entry(f.chain, &e->id, 1, &place), -ENODATA);

        ck_assert_int_eq(chain_new(&again, f.genesis, f.store), 0);
        ck_assert(chain_is_recent(again, &a->id));
        entry_unref(a);
        entry_unref(e);
        fixture_done(&f);
}
END_TEST

START_TEST(a_scan_for_an_id_begins_at_the_tip_and_is_bounded) {
        _cleanup_free_ char *line = calloc(1, 1U << 20);
        Place place = 0;
        Fixture f;
        Id id;

        fixture_new(&f, NULL, NULL, 4);
        for (unsigned i = 0; i < 3; i++) {
                Why why = {};

                assert_verdict(fixture_connect(f.chain, FIXTURE_OPENS + i, NULL, 0, &why), 0, why);
        }
        ck_assert_int_eq(f.store->ops->entry_put(f.store, PLACE(3, 0), STORE_KIND_VOTE, "old", 3), 0);
        hash_bytes(&id, "old", 3);
        for (unsigned i = 0; i < 32; i++) {
                ck_assert_int_eq(chain_find_entry(f.chain, &id, 1, &place), 0);
                ck_assert_uint_eq(place, PLACE(3, 0));
                ck_assert_int_eq(f.store->ops->entry_put(f.store, PLACE(4, i), STORE_KIND_VOTE, line, 1U << 20), 0);
        }
        ck_assert_int_eq(chain_find_entry(f.chain, &id, 1, &place), -ENODATA);
        hash_bytes(&id, "new", 3);
        ck_assert_int_eq(f.store->ops->entry_put(f.store, PLACE(5, 0), STORE_KIND_VOTE, "new", 3), 0);
        ck_assert_int_eq(chain_find_entry(f.chain, &id, 1, &place), 0);
        ck_assert_uint_eq(place, PLACE(5, 0));
        fixture_done(&f);
}
END_TEST

START_TEST(a_block_reads_back_as_it_was_connected) {
        _cleanup_buf_ Buf text = {}, bare = {}, written = {};
        _cleanup_(block_freep) Block *b = NULL;
        Entry *votes[2];
        Header h;
        Fixture f;
        Why why = {};
        EngineChain reader;
        uint64_t height = 0;

        fixture_new(&f, NULL, NULL, 4);
        votes[0] = fixture_vote(f.genesis, FIXTURE_VOTER, &f.election->id, 1, "[[0]]");
        votes[1] = fixture_vote(f.genesis, FIXTURE_VOTER + 1, &f.election->id, 1, "[[2]]");
        assert_verdict(fixture_connect(f.chain, FIXTURE_OPENS, votes, 2, &why), 0, why);
        ck_assert_int_eq(chain_read_block(f.chain, 3, &b), 0);
        ck_assert_uint_eq(b->n_entries, 2);
        ck_assert(b->entries[0]->verified);
        ck_assert(id_equal(&b->entries[1]->id, &votes[1]->id));
        ck_assert(id_equal(&b->header.id, &chain_tip(f.chain)->id));

        ck_assert_int_eq(chain_read_block_text(f.chain, 3, true, &text), 0);
        ck_assert_int_eq(block_write(b, true, &written), 0);
        ck_assert_str_eq(text.p, written.p);
        buf_reset(&written);
        ck_assert_int_eq(chain_read_block_text(f.chain, 3, false, &bare), 0);
        ck_assert_int_eq(block_write(b, false, &written), 0);
        ck_assert_str_eq(bare.p, written.p);
        ck_assert_int_eq(chain_read_block_text(f.chain, 4, true, &text), -ENODATA);
        ck_assert_int_eq(chain_read_block_text(f.chain, 0, true, &text), -ENODATA);

        reader = chain_engine_reader(f.chain);
        ck_assert_int_eq(reader.header_at(reader.userdata, 3, &h), 0);
        ck_assert(id_equal(&h.id, &b->header.id));
        ck_assert_int_eq(reader.header_at(reader.userdata, 0, &h), -ENODATA);
        ck_assert_int_eq(reader.header_at(reader.userdata, 4, &h), -ENODATA);
        ck_assert_int_eq(reader.height_of(reader.userdata, &b->header.id, &height), 0);
        ck_assert_uint_eq(height, 3);
        ck_assert_int_eq(reader.height_of(reader.userdata, &f.genesis->network, &height), 0);
        ck_assert_uint_eq(height, 0);
        ck_assert_int_eq(reader.height_of(reader.userdata, &votes[0]->id, &height), -ENODATA);
        entry_unref(votes[0]);
        entry_unref(votes[1]);
        fixture_done(&f);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, a_new_chain_ends_in_the_genesis);
        tcase_add_test(t, a_store_of_another_network_is_refused);
        tcase_add_loop_test(t, a_block_that_does_not_fit_its_parent_is_refused, 0,
                        ELEMENTSOF(bad_headers));
        tcase_add_test(t, a_block_larger_than_the_network_allows_is_refused);
        tcase_add_test(t, select_takes_what_is_valid_in_order_and_changes_nothing);
        tcase_add_test(t, select_fills_a_block_to_its_limit);
        tcase_add_test(t,
                        entries_are_found_by_id_among_recent_and_administrative_ones_or_by_a_scan);
        tcase_add_test(t, a_scan_for_an_id_begins_at_the_tip_and_is_bounded);
        tcase_add_test(t, a_block_reads_back_as_it_was_connected);
}

int main(void) {
        return run_suite("chain", add);
}
