/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-help.h"

/* Every test runs over both stores. */
typedef enum Kind {
        MEMORY,
        SQLITE,
        _KIND_MAX,
} Kind;

typedef struct Fixture {
        Kind kind;
        char dir[64];
        Store *s;
} Fixture;

static void fixture_open(Fixture *f, Kind kind) {
        Why why = {};

        *f = (Fixture) { .kind = kind };
        if (kind == MEMORY) {
                ck_assert_int_eq(store_memory_new(&f->s), 0);
                return;
        }
        (void) temporary_folder(f->dir);
        ck_assert_msg(store_sqlite_open(&f->s, f->dir, &why) == 0, "%s", why.text);
}

/* What a power cut leaves. */
static void fixture_crash(Fixture *f) {
        Why why = {};

        if (f->kind == MEMORY) {
                store_memory_crash(f->s);
                return;
        }
        f->s = store_free(f->s);        /* what is not committed is rolled back */
        ck_assert_msg(store_sqlite_open(&f->s, f->dir, &why) == 0, "%s", why.text);
}

static void fixture_done(Fixture *f) {
        f->s = store_free(f->s);
        if (f->kind == SQLITE)
                remove_folder(f->dir);
}
#define FIXTURE(f) _cleanup_(fixture_done) Fixture f; fixture_open(&f, (Kind) _i); Store *s = f.s

START_TEST(block_is_found_as_it_was_put) {
        FIXTURE(f);
        _cleanup_(stored_block_done) StoredBlock got = {};
        StoredBlock b = { .height = 1, .time = 77, .id = test_id(5), .count = 3, .work = { 1, 2, 3 }, .header = (char[]) { "header" }, .n_header = 6,
                          .seal = (char[]) { "" }, .n_seal = 0 };
        uint64_t height = 9;

        ck_assert_int_eq(s->ops->tip(s, &height), 0);
        ck_assert_uint_eq(height, 0);
        ck_assert_int_eq(s->ops->block_get(s, 1, &got), -ENODATA);
        ck_assert_int_eq(s->ops->block_find(s, &b.id, &height), -ENODATA);

        ck_assert_int_eq(s->ops->block_put(s, &b), 0);
        ck_assert_int_eq(s->ops->block_get(s, 1, &got), 0);
        ck_assert_uint_eq(got.height, 1);
        ck_assert_uint_eq(got.time, 77);
        ck_assert(id_equal(&got.id, &b.id));
        ck_assert_uint_eq(got.count, 3);
        ck_assert_mem_eq(got.work, b.work, 16);
        ck_assert_str_eq(got.header, "header");
        ck_assert_uint_eq(got.n_seal, 0);
        ck_assert_int_eq(s->ops->block_find(s, &b.id, &height), 0);
        ck_assert_uint_eq(height, 1);
        ck_assert_int_eq(s->ops->block_get(s, 0, &got), -ENODATA);
        ck_assert_int_eq(s->ops->block_get(s, UINT64_MAX, &got), -ENODATA);
}
END_TEST

START_TEST(blocks_grow_at_the_end_alone) {
        FIXTURE(f);

        ck_assert_int_eq(put_block(s, 2, 0), -EINVAL);
        ck_assert_int_eq(put_block(s, 0, 0), -EEXIST);
        ck_assert_int_eq(put_block(s, 1, 0), 0);
        ck_assert_int_eq(put_block(s, 1, 1), -EEXIST);
        ck_assert_int_eq(put_block(s, 3, 0), -EINVAL);
        ck_assert_int_eq(put_block(s, 2, 0), 0);
}
END_TEST

START_TEST(many_blocks_are_found_by_id) {
        FIXTURE(f);
        uint64_t height;

        for (uint64_t h = 1; h <= 500; h++)
                ck_assert_int_eq(put_block(s, h, 0), 0);
        ck_assert_int_eq(s->ops->delete_from(s, 300), 0);
        for (uint64_t h = 1; h <= 500; h++) {
                Id id = test_id(h * 1000);

                ck_assert_int_eq(s->ops->block_find(s, &id, &height), h < 300 ? 0 : -ENODATA);
                if (h < 300)
                        ck_assert_uint_eq(height, h);
        }
}
END_TEST

START_TEST(seal_is_replaced) {
        FIXTURE(f);
        _cleanup_(stored_block_done) StoredBlock b = {}, c = {};

        ck_assert_int_eq(s->ops->block_set_seal(s, 1, "x", 1), -ENODATA);
        ck_assert_int_eq(put_block(s, 1, 4), 0);
        ck_assert_int_eq(s->ops->commit(s), 0);
        ck_assert_int_eq(s->ops->block_set_seal(s, 1, "x", 1), 0);
        ck_assert_int_eq(s->ops->block_set_seal(s, 1, "other", 5), 0);
        ck_assert_int_eq(s->ops->block_get(s, 1, &b), 0);
        ck_assert_str_eq(b.seal, "other");
        s->ops->rollback(s);
        ck_assert_int_eq(s->ops->block_get(s, 1, &c), 0);
        ck_assert_str_eq(c.seal, "{\"seal\":4}");
}
END_TEST

START_TEST(entries_grow_at_the_end_alone) {
        FIXTURE(f);

        ck_assert_int_eq(put_entry(s, PLACE(1, 1), 0), 0);
        ck_assert_int_eq(put_entry(s, PLACE(1, 1), 0), -EEXIST);
        ck_assert_int_eq(put_entry(s, PLACE(1, 0), 0), -EEXIST);
        ck_assert_int_eq(put_entry(s, PLACE(2, 0), 0), 0);
        s->ops->rollback(s);
        ck_assert_int_eq(put_entry(s, PLACE(1, 0), 0), 0);
}
END_TEST

START_TEST(entry_is_read_as_its_bytes) {
        FIXTURE(f);
        _cleanup_buf_ Buf got = {};
        int kind = -1;

        buf_add_text(&got, "before ");
        ck_assert_int_eq(s->ops->entry_put(s, PLACE(3, 7), 2, "a line", 6), 0);
        ck_assert_int_eq(s->ops->entry_get(s, PLACE(3, 6), &kind, &got), -ENODATA);
        ck_assert_int_eq(s->ops->entry_get(s, PLACE(3, 8), &kind, &got), -ENODATA);
        ck_assert_int_eq(s->ops->entry_get(s, PLACE(3, 7), &kind, &got), 0);
        ck_assert_int_eq(kind, 2);
        ck_assert_str_eq(got.p, "before a line");
        ck_assert_int_eq(s->ops->entry_get(s, PLACE(3, 7), NULL, &got), 0);
}
END_TEST

static int count_entry(void *userdata, Place place, int kind, const char *line, size_t n) {
        size_t *count = userdata;

        (*count)++;
        return 0;
}

static size_t entries(Store *s, Place from, Place to, int kind) {
        size_t n = 0;

        ck_assert_int_eq(s->ops->entry_each(s, from, to, kind, count_entry, &n), 0);
        return n;
}

START_TEST(entries_are_given_by_range_and_kind) {
        FIXTURE(f);

        for (uint32_t h = 1; h <= 5; h++)
                for (uint32_t p = 0; p < 10; p++)
                        ck_assert_int_eq(put_entry(s, PLACE(h, p), p == 0 ? 0 : p == 1 ? 3 : STORE_KIND_VOTE), 0);

        ck_assert_uint_eq(entries(s, 0, UINT64_MAX, STORE_KIND_ALL), 50);
        ck_assert_uint_eq(entries(s, 0, UINT64_MAX, STORE_KIND_RARE), 10);
        ck_assert_uint_eq(entries(s, 0, UINT64_MAX, STORE_KIND_VOTE), 40);
        ck_assert_uint_eq(entries(s, 0, UINT64_MAX, 3), 5);
        ck_assert_uint_eq(entries(s, 0, UINT64_MAX, 4), 0);
        ck_assert_uint_eq(entries(s, PLACE(2, 0), PLACE(3, 0), STORE_KIND_ALL), 10);
        ck_assert_uint_eq(entries(s, PLACE(2, 1), PLACE(3, 1), STORE_KIND_ALL), 10);
        ck_assert_uint_eq(entries(s, PLACE(2, 1), PLACE(3, 1), STORE_KIND_RARE), 2);
        ck_assert_uint_eq(entries(s, PLACE(2, 1), PLACE(3, 1), 0), 1);
        ck_assert_uint_eq(entries(s, PLACE(3, 0), PLACE(3, 0), STORE_KIND_ALL), 0);
        ck_assert_uint_eq(entries(s, PLACE(6, 0), UINT64_MAX, STORE_KIND_RARE), 0);

        ck_assert_int_eq(s->ops->delete_from(s, 4), 0);
        ck_assert_uint_eq(entries(s, 0, UINT64_MAX, STORE_KIND_RARE), 6);
        s->ops->rollback(s);
        ck_assert_uint_eq(entries(s, 0, UINT64_MAX, STORE_KIND_RARE), 0);
}
END_TEST

typedef struct Nested {
        Store *s;
        size_t inner, outer;
} Nested;

static int on_outer_entry(void *userdata, Place place, int kind, const char *line, size_t n) {
        Nested *x = userdata;
        _cleanup_buf_ Buf got = {};

        ck_assert_int_eq(x->s->ops->entry_each(x->s, 0, UINT64_MAX, STORE_KIND_ALL, count_entry, &x->inner), 0);
        ck_assert_int_eq(x->s->ops->entry_get(x->s, place, NULL, &got), 0);
        ck_assert_uint_eq(got.n, n);
        ck_assert_mem_eq(got.p, line, n);
        return ++x->outer == 3 ? 42 : 0;
}

START_TEST(callback_may_read_and_ends_by_its_result) {
        FIXTURE(f);
        Nested x = { .s = s };

        for (uint32_t p = 0; p < 5; p++)
                ck_assert_int_eq(put_entry(s, PLACE(1, p), 0), 0);
        ck_assert_int_eq(s->ops->entry_each(s, 0, UINT64_MAX, STORE_KIND_ALL, on_outer_entry, &x), 42);
        ck_assert_uint_eq(x.outer, 3);
        ck_assert_uint_eq(x.inner, 15);
        ck_assert_int_eq(s->ops->entry_each(s, PLACE(1, 1), PLACE(1, 2), STORE_KIND_RARE, on_outer_entry, &x), 0);
        ck_assert_int_eq(s->ops->commit(s), 0);
}
END_TEST

static int vote(Store *s, uint32_t election, uint32_t voter, Place place, uint32_t seq) {
        ck_assert_int_eq(put_entry(s, place, STORE_KIND_VOTE), 0);
        return s->ops->vote_put(s, PLACE(1, election), voter, place, seq);
}

static void assert_last(Store *s, uint32_t election, uint32_t voter, Place place, uint32_t seq, uint32_t count) {
        StoredVote v = {};

        ck_assert_int_eq(s->ops->vote_last(s, PLACE(1, election), voter, &v), 0);
        ck_assert_uint_eq(v.voter, voter);
        ck_assert_uint_eq(v.place, place);
        ck_assert_uint_eq(v.seq, seq);
        ck_assert_uint_eq(v.count, count);
}

static int end_at_second(void *userdata, const StoredVote *v) {
        return ++*(int *) userdata == 2 ? -ECANCELED : 0;
}

START_TEST(last_vote_counts) {
        FIXTURE(f);
        _cleanup_buf_ Buf got = {};
        StoredVote v;
        int n = 0;

        ck_assert_int_eq(s->ops->vote_last(s, PLACE(1, 0), 0, &v), -ENODATA);
        ck_assert_int_eq(vote(s, 0, 7, PLACE(2, 0), 1), 0);
        ck_assert_int_eq(vote(s, 0, 3, PLACE(2, 1), 5), 0);
        ck_assert_int_eq(vote(s, 1, 7, PLACE(2, 2), 9), 0);
        ck_assert_int_eq(vote(s, 0, 7, PLACE(3, 0), 8), 0);

        assert_last(s, 0, 7, PLACE(3, 0), 8, 2);
        assert_last(s, 0, 3, PLACE(2, 1), 5, 1);
        assert_last(s, 1, 7, PLACE(2, 2), 9, 1);
        ck_assert_int_eq(s->ops->vote_last(s, PLACE(1, 0), 4, &v), -ENODATA);
        ck_assert_int_eq(s->ops->vote_last(s, PLACE(1, 0), 800, &v), -ENODATA);
        ck_assert_int_eq(s->ops->vote_last(s, PLACE(1, 2), 7, &v), -ENODATA);

        ck_assert_int_eq(s->ops->vote_each(s, PLACE(1, 0), 0, dump_vote, &got), 0);
        buf_printf(&got, "-");
        ck_assert_int_eq(s->ops->vote_each(s, PLACE(1, 9), 0, dump_vote, &got), 0);
        _cleanup_buf_ Buf expected = {};
        buf_printf(&expected, "vote 3 5 1 %" PRIu64 "\nvote 7 8 2 %" PRIu64 "\n-", PLACE(2, 1), PLACE(3, 0));
        ck_assert_str_eq(got.p, expected.p);
        ck_assert_int_eq(s->ops->vote_each(s, PLACE(1, 0), 0, end_at_second, &n), -ECANCELED);

        /* From the middle on: a voter, between two, past the last. */
        buf_reset(&got);
        for (uint32_t from = 3; from < 9; from += from < 4 ? 1 : 4) {
                ck_assert_int_eq(s->ops->vote_each(s, PLACE(1, 0), from, dump_vote, &got), 0);
                buf_printf(&got, "-");
        }
        buf_reset(&expected);
        buf_printf(&expected, "vote 3 5 1 %" PRIu64 "\nvote 7 8 2 %" PRIu64 "\n-vote 7 8 2 %" PRIu64 "\n--", PLACE(2, 1),
                        PLACE(3, 0), PLACE(3, 0));
        ck_assert_str_eq(got.p, expected.p);
}
END_TEST

START_TEST(votes_grow_at_the_end_alone) {
        FIXTURE(f);

        ck_assert_int_eq(vote(s, 0, 7, PLACE(2, 5), 1), 0);
        ck_assert_int_eq(s->ops->vote_put(s, PLACE(1, 0), 7, PLACE(2, 5), 2), -EEXIST);
        ck_assert_int_eq(s->ops->vote_put(s, PLACE(1, 0), 8, PLACE(2, 4), 1), -EEXIST);
        assert_last(s, 0, 7, PLACE(2, 5), 1, 1);
}
END_TEST

START_TEST(deleting_a_height_lets_the_earlier_vote_count) {
        FIXTURE(f);
        StoredVote v;

        ck_assert_int_eq(put_block(s, 1, 0), 0);
        ck_assert_int_eq(put_block(s, 2, 0), 0);
        ck_assert_int_eq(vote(s, 0, 7, PLACE(2, 0), 1), 0);
        ck_assert_int_eq(put_block(s, 3, 0), 0);
        ck_assert_int_eq(vote(s, 0, 7, PLACE(3, 0), 2), 0);
        ck_assert_int_eq(vote(s, 0, 8, PLACE(3, 1), 1), 0);
        ck_assert_int_eq(s->ops->commit(s), 0);

        ck_assert_int_eq(s->ops->delete_from(s, 3), 0);
        assert_last(s, 0, 7, PLACE(2, 0), 1, 1);
        ck_assert_int_eq(s->ops->vote_last(s, PLACE(1, 0), 8, &v), -ENODATA);
        ck_assert_int_eq(vote(s, 0, 7, PLACE(3, 0), 4), 0);
        assert_last(s, 0, 7, PLACE(3, 0), 4, 2);

        s->ops->rollback(s);
        assert_last(s, 0, 7, PLACE(3, 0), 2, 2);
        assert_last(s, 0, 8, PLACE(3, 1), 1, 1);
}
END_TEST

START_TEST(empty_blocks_are_deleted_too) {
        FIXTURE(f);
        uint64_t tip;

        for (uint64_t h = 1; h <= 4; h++)
                ck_assert_int_eq(put_block(s, h, 0), 0);
        ck_assert_int_eq(vote(s, 0, 7, PLACE(2, 0), 1), 0);
        ck_assert_int_eq(s->ops->delete_from(s, 3), 0);
        ck_assert_int_eq(s->ops->tip(s, &tip), 0);
        ck_assert_uint_eq(tip, 2);
        assert_last(s, 0, 7, PLACE(2, 0), 1, 1);
        ck_assert_int_eq(s->ops->delete_from(s, UINT64_MAX), 0);
        assert_last(s, 0, 7, PLACE(2, 0), 1, 1);
        ck_assert_int_eq(s->ops->delete_from(s, 0), 0);
        ck_assert_int_eq(s->ops->tip(s, &tip), 0);
        ck_assert_uint_eq(tip, 0);
        ck_assert_uint_eq(entries(s, 0, UINT64_MAX, STORE_KIND_ALL), 0);
}
END_TEST

START_TEST(pool_keeps_the_first_and_its_order) {
        FIXTURE(f);
        _cleanup_buf_ Buf got = {};
        Id a = test_id(1), b = test_id(2), c = test_id(3);

        ck_assert_int_eq(s->ops->pool_delete(s, &a), 0);
        ck_assert_int_eq(s->ops->pool_put(s, &c, "c", 1), 0);
        ck_assert_int_eq(s->ops->pool_put(s, &a, "a", 1), 0);
        ck_assert_int_eq(s->ops->pool_put(s, &b, "b", 1), 0);
        ck_assert_int_eq(s->ops->pool_put(s, &a, "other", 5), 0);
        ck_assert_int_eq(s->ops->pool_delete(s, &b), 0);
        ck_assert_int_eq(s->ops->pool_each(s, dump_pool, &got), 0);
        ck_assert_str_eq(got.p, "pool c\npool a\n");
}
END_TEST

START_TEST(meta_is_replaced) {
        FIXTURE(f);
        _cleanup_buf_ Buf got = {};

        ck_assert_int_eq(s->ops->meta_get(s, "a", &got), -ENODATA);
        ck_assert_int_eq(s->ops->meta_put(s, "a", "one", 3), 0);
        ck_assert_int_eq(s->ops->meta_put(s, "a", "two\0three", 9), 0);
        ck_assert_int_eq(s->ops->meta_put(s, "b", "", 0), 0);
        ck_assert_int_eq(s->ops->meta_get(s, "a", &got), 0);
        ck_assert_uint_eq(got.n, 9);
        ck_assert_mem_eq(got.p, "two\0three", 9);
        ck_assert_int_eq(s->ops->meta_get(s, "b", &got), 0);
        ck_assert_uint_eq(got.n, 9);
}
END_TEST

START_TEST(transaction_opens_with_the_first_write) {
        FIXTURE(f);

        ck_assert(!s->ops->in_transaction(s));
        ck_assert_int_eq(s->ops->commit(s), 0);
        ck_assert_int_eq(s->ops->meta_put(s, "a", "x", 1), 0);
        ck_assert(s->ops->in_transaction(s));
        ck_assert_int_eq(s->ops->begin(s), 0);
        ck_assert_int_eq(s->ops->commit(s), 0);
        ck_assert(!s->ops->in_transaction(s));
        ck_assert_int_eq(s->ops->begin(s), 0);
        ck_assert(s->ops->in_transaction(s));
        s->ops->rollback(s);
        ck_assert(!s->ops->in_transaction(s));
}
END_TEST

START_TEST(crash_leaves_what_was_committed) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_buf_ Buf before = {}, after = {};
        Id id = test_id(1);

        fixture_open(&f, (Kind) _i);
        ck_assert_int_eq(put_block(f.s, 1, 0), 0);
        ck_assert_int_eq(vote(f.s, 0, 1, PLACE(1, 0), 1), 0);
        ck_assert_int_eq(f.s->ops->pool_put(f.s, &id, "x", 1), 0);
        ck_assert_int_eq(f.s->ops->meta_put(f.s, "a", "x", 1), 0);
        ck_assert_int_eq(f.s->ops->commit(f.s), 0);
        dump(f.s, &before);

        ck_assert_int_eq(f.s->ops->delete_from(f.s, 1), 0);
        ck_assert_int_eq(put_block(f.s, 1, 1), 0);
        ck_assert_int_eq(vote(f.s, 0, 1, PLACE(1, 1), 2), 0);
        ck_assert_int_eq(f.s->ops->pool_delete(f.s, &id), 0);
        ck_assert_int_eq(f.s->ops->meta_put(f.s, "a", "y", 1), 0);
        fixture_crash(&f);
        dump(f.s, &after);
        ck_assert_str_eq(before.p, after.p);
}
END_TEST

/* --- both stores under the same random load hold the same at every turn --- */

static uint64_t xorshift(uint64_t *x) {
        *x ^= *x << 13;
        *x ^= *x >> 7;
        *x ^= *x << 17;
        return *x;
}

static void random_step(Store *const s[2], uint64_t *seed) {
        uint64_t what = xorshift(seed) % 100, x = xorshift(seed), tip;
        Id id = test_id(x % 20);
        char text[32];
        size_t n;
        int a[2];

        ck_assert_int_eq(s[0]->ops->tip(s[0], &tip), 0);
        n = (size_t) snprintf(text, sizeof(text), "%" PRIu64, x);
        for (size_t i = 0; i < 2; i++) {
                Store *p = s[i];

                if (what < 40) {
                        Place place = PLACE(tip + 1, x % 1000);

                        a[i] = put_entry(p, place, x % 5 ? STORE_KIND_VOTE : (int) (x % 4));
                        if (a[i] == 0 && x % 5)
                                a[i] = p->ops->vote_put(p, PLACE(1, x % 4), (uint32_t) (x % 13), place, (uint32_t) (x % 1000));
                } else if (what < 60)
                        a[i] = put_block(p, tip + 1, x % 1000);
                else if (what < 68)
                        a[i] = p->ops->delete_from(p, tip - x % (MIN(tip, UINT64_C(5)) + 1) + 1);
                else if (what < 76)
                        a[i] = p->ops->commit(p);
                else if (what < 82) {
                        p->ops->rollback(p);
                        a[i] = 0;
                } else if (what < 86)
                        a[i] = p->ops->block_set_seal(p, x % (tip + 2), text, n);
                else if (what < 91)
                        a[i] = p->ops->pool_put(p, &id, text, n);
                else if (what < 95)
                        a[i] = p->ops->pool_delete(p, &id);
                else
                        a[i] = p->ops->meta_put(p, (char[]) { (char) ('a' + x % 4), 0 }, text, n);
        }
        ck_assert_int_eq(a[0], a[1]);
}

/* An item that is deleted and put again within one transaction stands at another place in the pool. */
static int compare_lines(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static void sort_lines(Buf *b) {
        char *lines[4096], *rest = b->p, *line;
        size_t n = 0;
        Buf sorted = {};

        while ((line = strsep(&rest, "\n")) && n < ELEMENTSOF(lines))
                lines[n++] = line;
        qsort(lines, n, sizeof(lines[0]), compare_lines);
        for (size_t i = 0; i < n; i++) {
                buf_add_text(&sorted, lines[i]);
                buf_add_char(&sorted, '\n');
        }
        buf_done(b);
        *b = sorted;
}

START_TEST(both_stores_hold_the_same) {
        _cleanup_(fixture_done) Fixture m, q;
        uint64_t seed = UINT64_C(0x1234567) + (uint64_t) _i;

        fixture_open(&m, MEMORY);
        fixture_open(&q, SQLITE);
        for (int i = 0; i < 600; i++) {
                _cleanup_buf_ Buf a = {}, b = {};

                random_step((Store *[2]) { m.s, q.s }, &seed);
                if (i % 100 == 99) {
                        fixture_crash(&m);
                        fixture_crash(&q);
                }
                dump(m.s, &a);
                dump(q.s, &b);
                sort_lines(&a);
                sort_lines(&b);
                ck_assert_msg(a.p && b.p && streq(a.p, b.p), "seed %d, step %d:\n%s\n--\n%s", _i, i, a.p, b.p);
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("store");
        TCase *t = tcase_create("store");
        SRunner *r;
        int failed;

        tcase_set_timeout(t, 120);
        tcase_add_loop_test(t, block_is_found_as_it_was_put, 0, _KIND_MAX);
        tcase_add_loop_test(t, blocks_grow_at_the_end_alone, 0, _KIND_MAX);
        tcase_add_loop_test(t, many_blocks_are_found_by_id, 0, _KIND_MAX);
        tcase_add_loop_test(t, seal_is_replaced, 0, _KIND_MAX);
        tcase_add_loop_test(t, entries_grow_at_the_end_alone, 0, _KIND_MAX);
        tcase_add_loop_test(t, entry_is_read_as_its_bytes, 0, _KIND_MAX);
        tcase_add_loop_test(t, entries_are_given_by_range_and_kind, 0, _KIND_MAX);
        tcase_add_loop_test(t, callback_may_read_and_ends_by_its_result, 0, _KIND_MAX);
        tcase_add_loop_test(t, last_vote_counts, 0, _KIND_MAX);
        tcase_add_loop_test(t, votes_grow_at_the_end_alone, 0, _KIND_MAX);
        tcase_add_loop_test(t, deleting_a_height_lets_the_earlier_vote_count, 0, _KIND_MAX);
        tcase_add_loop_test(t, empty_blocks_are_deleted_too, 0, _KIND_MAX);
        tcase_add_loop_test(t, pool_keeps_the_first_and_its_order, 0, _KIND_MAX);
        tcase_add_loop_test(t, meta_is_replaced, 0, _KIND_MAX);
        tcase_add_loop_test(t, transaction_opens_with_the_first_write, 0, _KIND_MAX);
        tcase_add_loop_test(t, crash_leaves_what_was_committed, 0, _KIND_MAX);
        tcase_add_loop_test(t, both_stores_hold_the_same, 0, 10);

        suite_add_tcase(suite, t);
        r = srunner_create(suite);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
