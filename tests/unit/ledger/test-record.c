/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/record-memory.h"
#include "ledger/record-sqlite.h"
#include "store-help.h"

/* Every test runs over both records; what is SQLite's alone is in test-record-sqlite.c. */
typedef enum Kind {
        MEMORY,
        SQLITE,
        _KIND_MAX,
} Kind;

typedef struct Fixture {
        Kind kind;
        char dir[64];
        Record *r;
} Fixture;

static const RecordOwner owner = { .network.b = { 1, 2 }, .authority.b = { 3, 4 } };

static void fixture_open(Fixture *f, Kind kind) {
        Why why = {};

        *f = (Fixture) { .kind = kind };
        if (kind == MEMORY) {
                ck_assert_int_eq(record_memory_new(&f->r), 0);
                return;
        }
        (void) temporary_folder(f->dir);
        ck_assert_msg(record_sqlite_make(&f->r, f->dir, &owner, NULL, NULL, &why) == 0, "%s", why.text);
}

/* What a power cut leaves. */
static void fixture_crash(Fixture *f) {
        Why why = {};

        if (f->kind == MEMORY) {
                record_memory_crash(f->r);
                return;
        }
        f->r = record_free(f->r);
        ck_assert_msg(record_sqlite_open(&f->r, f->dir, &owner, &why) == 0, "%s", why.text);
}

static void fixture_done(Fixture *f) {
        f->r = record_free(f->r);
        if (f->kind == SQLITE)
                remove_folder(f->dir);
}
#define FIXTURE(f) _cleanup_(fixture_done) Fixture f; fixture_open(&f, (Kind) _i)

static void put(Record *r, uint64_t view, const char *name, const char *line) {
        ck_assert_int_eq(r->ops->put(r, view, name, line, strlen(line)), 0);
}

static void put_block_of(Record *r, uint64_t view, uint64_t number, const char *header, const char *entries) {
        Id id = test_id(number);

        ck_assert_int_eq(r->ops->put_block(r, view, &id, header, strlen(header), entries, strlen(entries)), 0);
}

static void commit(Record *r) {
        ck_assert_int_eq(r->ops->commit(r), 0);
}

static int tell_line(void *userdata, uint64_t view, const char *name, const char *line, size_t n) {
        buf_printf(userdata, "%" PRIu64 " %s %.*s|", view, name, (int) n, line);
        return 0;
}

static int tell_block(void *userdata, uint64_t view, const Id *id, const char *header, size_t n_header, const char *entries, size_t n_entries) {
        uint64_t number = 0;

        for (Id x = test_id(0); !id_equal(&x, id); x = test_id(number))
                ck_assert_uint_lt(number++, 100);
        buf_printf(userdata, "%" PRIu64 " #%" PRIu64 " %.*s %.*s|", view, number, (int) n_header, header, (int) n_entries, entries);
        return 0;
}

static void check_holds(Record *r, const char *lines, const char *blocks, int line) {
        _cleanup_buf_ Buf got = {};

        buf_add_text(&got, "");
        ck_assert_int_eq(r->ops->each(r, tell_line, &got), 0);
        ck_assert_msg(streq(got.p, lines), "line %d: lines are \"%s\", expected \"%s\"", line, got.p, lines);
        buf_reset(&got);
        buf_add_text(&got, "");
        ck_assert_int_eq(r->ops->each_block(r, tell_block, &got), 0);
        ck_assert_msg(streq(got.p ? got.p : "", blocks), "line %d: blocks are \"%s\", expected \"%s\"", line, got.p, blocks);
}
#define assert_holds(r, lines, blocks) check_holds(r, lines, blocks, __LINE__)

START_TEST(new_one_is_empty) {
        FIXTURE(f);

        assert_holds(f.r, "", "");
        commit(f.r);
        ck_assert_int_eq(f.r->ops->roll_back(f.r), 0);
        fixture_crash(&f);
        assert_holds(f.r, "", "");
}
END_TEST

START_TEST(lines_come_in_ascending_order_of_view) {
        FIXTURE(f);

        put(f.r, 300, "skip", "a");
        put(f.r, 2, "endorse", "b");
        put(f.r, 40, "skip", "c");
        put(f.r, 0, "certificate", "d");
        put(f.r, 2, "certificate", "e");
        put(f.r, (UINT64_C(1) << 53) - 1, "skip", "f");
        assert_holds(f.r, "0 certificate d|2 certificate e|2 endorse b|40 skip c|300 skip a|9007199254740991 skip f|", "");
        commit(f.r);
        fixture_crash(&f);
        assert_holds(f.r, "0 certificate d|2 certificate e|2 endorse b|40 skip c|300 skip a|9007199254740991 skip f|", "");
}
END_TEST

START_TEST(line_takes_the_place_of_the_one_before) {
        FIXTURE(f);

        put(f.r, 1, "x", "first");
        put(f.r, 2, "x", "other");
        put(f.r, 1, "x", "second");
        assert_holds(f.r, "1 x second|2 x other|", "");
        commit(f.r);
        put(f.r, 1, "x", "third");
        commit(f.r);
        put(f.r, 1, "x", "fourth");
        fixture_crash(&f);
        assert_holds(f.r, "1 x third|2 x other|", "");
}
END_TEST

START_TEST(what_was_not_committed_is_gone_after_a_crash) {
        FIXTURE(f);

        put(f.r, 1, "x", "kept");
        put_block_of(f.r, 1, 1, "header", "entries\n");
        commit(f.r);
        put(f.r, 2, "x", "lost");
        put(f.r, 1, "x", "lost");
        put_block_of(f.r, 2, 2, "lost", "");
        put_block_of(f.r, 9, 1, "header", "entries\n");
        assert_holds(f.r, "1 x lost|2 x lost|", "2 #2 lost |9 #1 header entries\n|");
        fixture_crash(&f);
        assert_holds(f.r, "1 x kept|", "1 #1 header entries\n|");
}
END_TEST

START_TEST(rolling_back_leaves_what_was_committed) {
        FIXTURE(f);

        put(f.r, 1, "x", "kept");
        put(f.r, 5, "y", "kept");
        put_block_of(f.r, 1, 1, "h", "e");
        commit(f.r);

        put(f.r, 1, "x", "dropped");
        put(f.r, 3, "z", "dropped");
        put_block_of(f.r, 7, 1, "h", "e");
        put_block_of(f.r, 4, 2, "h2", "e2");
        ck_assert_int_eq(f.r->ops->forget(f.r, 6), 0);
        assert_holds(f.r, "", "7 #1 h e|");
        ck_assert_int_eq(f.r->ops->roll_back(f.r), 0);
        assert_holds(f.r, "1 x kept|5 y kept|", "1 #1 h e|");

        /* It goes on as if nothing had been. */
        put(f.r, 3, "z", "new");
        commit(f.r);
        fixture_crash(&f);
        assert_holds(f.r, "1 x kept|3 z new|5 y kept|", "1 #1 h e|");
}
END_TEST

START_TEST(block_stays_and_gets_the_higher_of_both_views) {
        FIXTURE(f);

        put_block_of(f.r, 5, 1, "header", "entries\n");
        put_block_of(f.r, 3, 1, "HEADER", "ENTRIES\n");
        assert_holds(f.r, "", "5 #1 header entries\n|");
        commit(f.r);
        put_block_of(f.r, 8, 1, "HEADER", "");
        assert_holds(f.r, "", "8 #1 header entries\n|");
        commit(f.r);
        put_block_of(f.r, 6, 2, "two", "");
        commit(f.r);
        fixture_crash(&f);
        assert_holds(f.r, "", "6 #2 two |8 #1 header entries\n|");
}
END_TEST

START_TEST(views_below_are_forgotten_but_for_view_0) {
        FIXTURE(f);

        for (uint64_t v = 0; v < 6; v++) {
                put(f.r, v, "x", "l");
                put_block_of(f.r, v, v, "h", "e");
        }
        commit(f.r);
        ck_assert_int_eq(f.r->ops->forget(f.r, 0), 0);
        ck_assert_int_eq(f.r->ops->forget(f.r, 1), 0);
        assert_holds(f.r, "0 x l|1 x l|2 x l|3 x l|4 x l|5 x l|", "0 #0 h e|1 #1 h e|2 #2 h e|3 #3 h e|4 #4 h e|5 #5 h e|");
        ck_assert_int_eq(f.r->ops->forget(f.r, 4), 0);
        assert_holds(f.r, "0 x l|4 x l|5 x l|", "0 #0 h e|4 #4 h e|5 #5 h e|");
        fixture_crash(&f);
        assert_holds(f.r, "0 x l|1 x l|2 x l|3 x l|4 x l|5 x l|", "0 #0 h e|1 #1 h e|2 #2 h e|3 #3 h e|4 #4 h e|5 #5 h e|");
        ck_assert_int_eq(f.r->ops->forget(f.r, 5), 0);
        commit(f.r);
        fixture_crash(&f);
        assert_holds(f.r, "0 x l|5 x l|", "0 #0 h e|5 #5 h e|");

        /* What was forgotten may come again, as something else. */
        put(f.r, 2, "x", "again");
        put_block_of(f.r, 2, 2, "H2", "");
        commit(f.r);
        fixture_crash(&f);
        assert_holds(f.r, "0 x l|2 x again|5 x l|", "0 #0 h e|2 #2 H2 |5 #5 h e|");
}
END_TEST

START_TEST(forgotten_and_put_again_in_one_transaction) {
        FIXTURE(f);

        put(f.r, 1, "x", "old");
        put_block_of(f.r, 1, 1, "old", "entries");
        commit(f.r);
        ck_assert_int_eq(f.r->ops->forget(f.r, 9), 0);
        put(f.r, 1, "x", "new");
        put_block_of(f.r, 2, 1, "n", "e");
        assert_holds(f.r, "1 x new|", "2 #1 n e|");
        ck_assert_int_eq(f.r->ops->roll_back(f.r), 0);
        assert_holds(f.r, "1 x old|", "1 #1 old entries|");
        ck_assert_int_eq(f.r->ops->forget(f.r, 9), 0);
        put_block_of(f.r, 2, 1, "n", "e");
        commit(f.r);
        fixture_crash(&f);
        assert_holds(f.r, "", "2 #1 n e|");
}
END_TEST

static int check_binary(void *userdata, uint64_t view, const char *name, const char *line, size_t n) {
        ck_assert_uint_eq(n, view == 1 ? 0 : 3);
        ck_assert_mem_eq(line, "a\0b", n);
        return 0;
}

static int check_empty(void *userdata, uint64_t view, const Id *id, const char *header, size_t n_header, const char *entries, size_t n_entries) {
        ck_assert_uint_eq(n_header + n_entries, 0);
        ck_assert(header && entries);
        return 99;
}

START_TEST(empty_and_binary_values_come_back_as_they_were) {
        FIXTURE(f);
        const Id id = test_id(7);

        ck_assert_int_eq(f.r->ops->put(f.r, 1, "", "", 0), 0);
        ck_assert_int_eq(f.r->ops->put(f.r, 2, "n", "a\0b", 3), 0);
        ck_assert_int_eq(f.r->ops->put_block(f.r, 3, &id, "", 0, "", 0), 0);
        commit(f.r);
        fixture_crash(&f);
        ck_assert_int_eq(f.r->ops->each(f.r, check_binary, NULL), 0);
        ck_assert_int_eq(f.r->ops->each_block(f.r, check_empty, NULL), 99);
}
END_TEST

static int stop_at_third(void *userdata, uint64_t view, const char *name, const char *line, size_t n) {
        return ++*(int *) userdata == 3 ? 77 : 0;
}

static int stop_at_once(void *userdata, uint64_t view, const Id *id, const char *header, size_t n_header, const char *entries, size_t n_entries) {
        (*(int *) userdata)++;
        return -EXDEV;
}

START_TEST(callback_ends_it) {
        FIXTURE(f);
        int n = 0;

        for (uint64_t v = 1; v < 9; v++) {
                put(f.r, v, "x", "l");
                put_block_of(f.r, v, v, "h", "e");
        }
        ck_assert_int_eq(f.r->ops->each(f.r, stop_at_third, &n), 77);
        ck_assert_int_eq(n, 3);
        n = 0;
        ck_assert_int_eq(f.r->ops->each_block(f.r, stop_at_once, &n), -EXDEV);
        ck_assert_int_eq(n, 1);
        commit(f.r);
}
END_TEST

START_TEST(large_blocks_are_kept) {
        FIXTURE(f);
        const size_t n = 4U << 20;
        _cleanup_free_ char *entries = malloc(n);
        uint64_t state = 1;

        ck_assert_ptr_nonnull(entries);
        for (size_t i = 0; i < n; i++) {
                state = state * UINT64_C(6364136223846793005) + 1;
                entries[i] = (char) ('a' + (state >> 60));
        }
        for (uint64_t v = 1; v < 6; v++) {
                const Id id = test_id(v);
                _cleanup_buf_ Buf got = {}, expected = {};

                ck_assert_int_eq(f.r->ops->put_block(f.r, v, &id, "h", 1, entries, n), 0);
                ck_assert_int_eq(f.r->ops->forget(f.r, v), 0);
                commit(f.r);
                fixture_crash(&f);
                ck_assert_int_eq(f.r->ops->each_block(f.r, tell_block, &got), 0);
                buf_printf(&expected, "%" PRIu64 " #%" PRIu64 " h %.*s|", v, v, (int) n, entries);
                ck_assert_uint_eq(got.n, expected.n);
                ck_assert(memcmp(got.p, expected.p, got.n) == 0);
        }
}
END_TEST

/* Against a plain list of what should be there, over some thousand random steps. */
#define MODEL_VIEWS 12
#define MODEL_NAMES 3

typedef struct Model {
        unsigned line[MODEL_VIEWS][MODEL_NAMES];        /* 0: none */
        struct {
                bool there;
                uint64_t view;
        } block[MODEL_VIEWS];
} Model;

static void model_tell(const Model *m, Buf *lines, Buf *blocks) {
        buf_add_text(lines, "");
        buf_add_text(blocks, "");
        for (unsigned v = 0; v < MODEL_VIEWS; v++) {
                for (unsigned k = 0; k < MODEL_NAMES; k++)
                        if (m->line[v][k] > 0)
                                buf_printf(lines, "%u n%u %u|", v, k, m->line[v][k]);
                /* within a view by id */
                for (Id last = {};;) {
                        unsigned best = MODEL_VIEWS;

                        for (unsigned b = 0; b < MODEL_VIEWS; b++) {
                                Id id = test_id(b), is = best < MODEL_VIEWS ? test_id(best) : (Id) {};

                                if (m->block[b].there && m->block[b].view == v && id_compare(&id, &last) > 0 &&
                                    (best == MODEL_VIEWS || id_compare(&id, &is) < 0))
                                        best = b;
                        }
                        if (best == MODEL_VIEWS)
                                break;
                        last = test_id(best);
                        buf_printf(blocks, "%u #%u h%u e|", v, best, best);
                }
        }
}

START_TEST(random_steps_give_what_a_list_gives) {
        FIXTURE(f);
        Model now = {}, committed = {};
        uint64_t state = 12345;

        for (unsigned step = 1; step < 3000; step++) {
                _cleanup_buf_ Buf lines = {}, blocks = {};
                char text[16];
                unsigned a, b;

                state = state * UINT64_C(6364136223846793005) + 1442695040888963407U;
                a = (unsigned) (state >> 33) % MODEL_VIEWS;
                b = (unsigned) (state >> 43) % MODEL_VIEWS;
                switch ((state >> 55) % 12) {
                case 0 ... 4:
                        (void) snprintf(text, sizeof(text), "n%u", b % MODEL_NAMES);
                        now.line[a][b % MODEL_NAMES] = step;
                        {
                                char line[16];

                                (void) snprintf(line, sizeof(line), "%u", step);
                                put(f.r, a, text, line);
                        }
                        break;
                case 5 ... 7:
                        (void) snprintf(text, sizeof(text), "h%u", b);
                        put_block_of(f.r, a, b, text, "e");
                        now.block[b].view = now.block[b].there ? MAX(now.block[b].view, (uint64_t) a) : a;
                        now.block[b].there = true;
                        break;
                case 8:
                        ck_assert_int_eq(f.r->ops->forget(f.r, a), 0);
                        for (unsigned v = 1; v < a; v++)
                                memset(now.line[v], 0, sizeof(now.line[v]));
                        for (unsigned k = 0; k < MODEL_VIEWS; k++)
                                if (now.block[k].view >= 1 && now.block[k].view < a)
                                        now.block[k].there = false;
                        break;
                case 9:
                        commit(f.r);
                        committed = now;
                        break;
                case 10:
                        ck_assert_int_eq(f.r->ops->roll_back(f.r), 0);
                        now = committed;
                        break;
                default:
                        if (step % 10 == 0) {
                                fixture_crash(&f);
                                now = committed;
                        }
                }
                model_tell(&now, &lines, &blocks);
                assert_holds(f.r, lines.p, blocks.p);
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("record");
        TCase *t = tcase_create("record");
        SRunner *r;
        int failed;

        tcase_set_timeout(t, 120);
        tcase_add_loop_test(t, new_one_is_empty, 0, _KIND_MAX);
        tcase_add_loop_test(t, lines_come_in_ascending_order_of_view, 0, _KIND_MAX);
        tcase_add_loop_test(t, line_takes_the_place_of_the_one_before, 0, _KIND_MAX);
        tcase_add_loop_test(t, what_was_not_committed_is_gone_after_a_crash, 0, _KIND_MAX);
        tcase_add_loop_test(t, rolling_back_leaves_what_was_committed, 0, _KIND_MAX);
        tcase_add_loop_test(t, block_stays_and_gets_the_higher_of_both_views, 0, _KIND_MAX);
        tcase_add_loop_test(t, views_below_are_forgotten_but_for_view_0, 0, _KIND_MAX);
        tcase_add_loop_test(t, forgotten_and_put_again_in_one_transaction, 0, _KIND_MAX);
        tcase_add_loop_test(t, empty_and_binary_values_come_back_as_they_were, 0, _KIND_MAX);
        tcase_add_loop_test(t, callback_ends_it, 0, _KIND_MAX);
        tcase_add_loop_test(t, large_blocks_are_kept, 0, _KIND_MAX);
        tcase_add_loop_test(t, random_steps_give_what_a_list_gives, 0, _KIND_MAX);

        suite_add_tcase(suite, t);
        r = srunner_create(suite);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
