/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"
#include "run.h"

#include "voted/limits.h"

typedef struct World {
        Genesis *g;
        Entry *entries[3];
        Block *block;
        Buf text;
} World;

static void world_new(World *w) {
        Id id = { .b = { 1 } };

        *w = (World) { .g = fixture_genesis(NULL) };
        for (unsigned i = 0; i < 3; i++)
                w->entries[i] = fixture_vote(w->g, FIXTURE_VOTER + i, &id, 1, "[[0]]");
        w->block = fixture_block_on(w->g, 7, &id, 5000, w->entries, 3);
        ck_assert_int_eq(block_write(w->block, true, &w->text), 0);
}

static void world_done(World *w) {
        for (unsigned i = 0; i < 3; i++)
                entry_unref(w->entries[i]);
        block_free(w->block);
        buf_done(&w->text);
        genesis_free(w->g);
}

START_TEST(a_block_reads_back_from_its_text_and_what_follows_stays) {
        _cleanup_buf_ Buf again = {};
        _cleanup_(block_freep) Block *b = NULL;
        const char *p;
        Why why = {};
        size_t n;
        World w;

        world_new(&w);
        buf_add_text(&w.text, "next");
        p = w.text.p;
        n = w.text.n;
        assert_verdict(block_read(&b, w.g, &p, &n, &why), 0, why);
        ck_assert_uint_eq(n, 4);
        ck_assert_str_eq(p, "next");
        ck_assert_uint_eq(b->n_entries, 3);
        ck_assert(id_equal(&b->header.id, &w.block->header.id));
        for (unsigned i = 0; i < 3; i++)
                ck_assert(id_equal(&b->entries[i]->id, &w.entries[i]->id));
        ck_assert_str_eq(b->seal_line, w.block->seal_line);
        ck_assert_int_eq(block_write(b, true, &again), 0);
        ck_assert_int_eq(memcmp(again.p, w.text.p, again.n), 0);
        ck_assert_int_eq(block_check_body(b, w.g, &why), 0);
        world_done(&w);
}
END_TEST

START_TEST(a_text_that_ends_too_early_is_refused) {
        World w;

        world_new(&w);
        for (size_t i = 0; i + 1 < w.text.n; i += 7) {
                const char *p = w.text.p;
                Block *b = NULL;
                size_t n = i;

                ck_assert_int_eq(block_read(&b, w.g, &p, &n, NULL), V_FORM);
                ck_assert_ptr_null(b);
        }
        world_done(&w);
}
END_TEST

START_TEST(a_count_that_lies_costs_nothing) {
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL);
        _cleanup_buf_ Buf header = {};
        Header h = { .network = g->network, .sealer = *fixture_key(1), .height = 1, .value = 1,
                .field = g->engine->field };
        Block *b = NULL;
        const char *p;
        Why why = {};
        size_t n;

        h.count = BLOCK_COUNT_MAX;
        ck_assert_int_eq(header_set_id(&h), 0);
        ck_assert_int_eq(header_format(&h, &header), 0);
        ck_assert_int_eq(block_new(&b, &h, header.p, header.n, "{}", 2), V_SIZE);
        buf_add_text(&header, "\n{}\n{}");
        p = header.p;
        n = header.n;
        assert_verdict(block_read(&b, g, &p, &n, &why), V_FORM, why);
        ck_assert_ptr_null(b);
}
END_TEST

START_TEST(a_bad_entry_is_named) {
        const char *p;
        Block *b = NULL;
        Why why = {};
        size_t n;
        World w;

        world_new(&w);
        *strstr(w.text.p + w.text.n - 200, "vote") = 'b';
        p = w.text.p;
        n = w.text.n;
        assert_verdict(block_read(&b, w.g, &p, &n, &why), V_FORM, why);
        ck_assert_ptr_nonnull(strstr(why.text, "block 7, entry 2: "));
        world_done(&w);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, a_block_reads_back_from_its_text_and_what_follows_stays);
        tcase_add_test(t, a_text_that_ends_too_early_is_refused);
        tcase_add_test(t, a_count_that_lies_costs_nothing);
        tcase_add_test(t, a_bad_entry_is_named);
}

int main(void) {
        return run_suite("block", add);
}
