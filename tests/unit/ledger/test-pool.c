/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"
#include "run.h"

#include "ledger/pool.h"
#include "voted/limits.h"

static const Id board = { .b = { 1 } }, other = { .b = { 2 } };

static Entry* vote(const Genesis *g, unsigned voter, const Id *election, unsigned seq) {
        return fixture_vote(g, FIXTURE_VOTER + voter, election, seq, "[[0]]");
}

START_TEST(entries_come_out_in_the_order_in_which_they_came) {
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL);
        _cleanup_(pool_freep) Pool *p = NULL;
        Entry *e[4], **list;
        Why why = {};
        size_t n, bytes = 0;

        ck_assert_int_eq(pool_new(&p), 0);
        e[0] = vote(g, 0, &board, 1);
        e[1] = fixture_roll(g, 0, "r", 0, 0, 1);
        e[2] = vote(g, 0, &other, 1);
        e[3] = vote(g, 1, &board, 1);
        for (size_t i = 0; i < 4; i++) {
                assert_verdict(pool_add(p, e[i], i, NULL, &why), 0, why);
                bytes += e[i]->n_line;
                ck_assert_uint_eq(e[i]->refs, 2);
        }
        ck_assert_uint_eq(pool_count(p), 4);
        ck_assert_uint_gt(pool_bytes(p), bytes);
        ck_assert_int_eq(pool_list(p, &list, &n), 0);
        ck_assert_uint_eq(n, 4);
        for (size_t i = 0; i < 4; i++)
                ck_assert_ptr_eq(list[i], e[i]);
        free(list);

        ck_assert_ptr_eq(pool_find(p, &e[1]->id), e[1]);
        ck_assert_ptr_eq(pool_find_vote(p, &board, &e[3]->signer), e[3]);
        ck_assert_ptr_null(pool_find_vote(p, &other, &e[3]->signer));
        ck_assert_ptr_null(pool_find(p, &board));

        pool_remove(p, &e[1]->id);
        pool_remove(p, &e[1]->id);
        pool_remove(p, &e[3]->id);
        ck_assert_int_eq(pool_list(p, &list, &n), 0);
        ck_assert_uint_eq(n, 2);
        ck_assert_ptr_eq(list[0], e[0]);
        ck_assert_ptr_eq(list[1], e[2]);
        free(list);
        p = pool_free(p);
        for (size_t i = 0; i < 4; i++) {
                ck_assert_uint_eq(e[i]->refs, 1);
                entry_unref(e[i]);
        }
}
END_TEST

START_TEST(an_entry_that_is_there_is_a_duplicate) {
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL);
        _cleanup_(pool_freep) Pool *p = NULL;
        _cleanup_(entry_unrefp) Entry *e = fixture_roll(g, 0, "r", 0, 0, 1);
        Why why = {};

        ck_assert_int_eq(pool_new(&p), 0);
        assert_verdict(pool_add(p, e, 0, NULL, &why), 0, why);
        assert_verdict(pool_add(p, e, 0, NULL, &why), V_DUPLICATE, why);
        ck_assert_uint_eq(pool_count(p), 1);
}
END_TEST

START_TEST(a_higher_seq_replaces_and_at_equal_seq_the_first_stays) {
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL);
        _cleanup_(pool_freep) Pool *p = NULL;
        _cleanup_(entry_unrefp) Entry *two = vote(g, 0, &board, 2), *three = vote(g, 0, &board, 3);
        _cleanup_(entry_unrefp) Entry *rival = NULL, *one = vote(g, 0, &board, 1), *replaced = NULL;
        Why why = {};

        rival = fixture_vote(g, FIXTURE_VOTER, &board, 2, "[[1]]");
        ck_assert_int_eq(pool_new(&p), 0);
        assert_verdict(pool_add(p, two, 0, &replaced, &why), 0, why);
        ck_assert_ptr_null(replaced);
        assert_verdict(pool_add(p, rival, 0, &replaced, &why), V_SEQ, why);
        assert_verdict(pool_add(p, one, 0, &replaced, &why), V_SEQ, why);
        ck_assert_ptr_null(replaced);
        assert_verdict(pool_add(p, three, 0, &replaced, &why), 0, why);
        ck_assert_ptr_eq(replaced, two);
        ck_assert_uint_eq(pool_count(p), 1);
        ck_assert_ptr_null(pool_find(p, &two->id));
        ck_assert_ptr_eq(pool_find_vote(p, &board, &three->signer), three);
}
END_TEST

START_TEST(a_vote_is_replaced_only_so_often_while_it_waits) {
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL);
        _cleanup_(pool_freep) Pool *p = NULL;
        Why why = {};

        ck_assert_int_eq(pool_new(&p), 0);
        pool_set_revotes(p, 3);
        for (unsigned seq = 1; seq <= 5; seq++) {
                _cleanup_(entry_unrefp) Entry *e = vote(g, 0, &board, seq);

                assert_verdict(pool_add(p, e, 0, NULL, &why), seq <= 4 ? 0 : V_LIMIT, why);
        }
        ck_assert_uint_eq(pool_count(p), 1);
}
END_TEST

START_TEST(a_full_pool_says_so_and_takes_more_when_there_is_room) {
        _cleanup_(pool_freep) Pool *p = NULL;
        size_t n = 0;
        Why why = {};
        Entry *e, *first = NULL;
        int r;

        /* Of the pool's concern are ids and lengths alone. */
        ck_assert_int_eq(pool_new(&p), 0);
        for (;;) {
                e = calloc(1, sizeof(Entry));
                ck_assert_ptr_nonnull(e);
                e->refs = 1;
                e->kind = ENTRY_APPROVE;
                e->n_line = 1U << 20;
                memcpy(e->id.b, &n, sizeof(n));
                r = pool_add(p, e, 0, NULL, &why);
                if (r != 0)
                        break;
                if (!first)
                        first = e;
                entry_unref(e);
                n++;
                ck_assert_uint_le(n, 128);
        }
        assert_verdict(r, V_FULL, why);
        ck_assert_uint_eq(n, 127);
        ck_assert_uint_le(pool_bytes(p), POOL_BYTES_MAX);
        pool_remove(p, &first->id);
        assert_verdict(pool_add(p, e, 0, NULL, &why), 0, why);
        entry_unref(e);
}
END_TEST

static bool is_old(void *userdata, const Entry *e, uint64_t added_usec) {
        return added_usec < *(const uint64_t *) userdata;
}

START_TEST(a_sweep_removes_what_it_is_told_to) {
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL);
        _cleanup_(pool_freep) Pool *p = NULL;
        uint64_t limit = 50;
        Why why = {};

        ck_assert_int_eq(pool_new(&p), 0);
        for (unsigned i = 0; i < 100; i++) {
                _cleanup_(entry_unrefp) Entry *e = vote(g, i, &board, 1);

                assert_verdict(pool_add(p, e, (i * 37) % 100, NULL, &why), 0, why);
        }
        pool_sweep(p, is_old, &limit);
        ck_assert_uint_eq(pool_count(p), 50);
        limit = 1000;
        pool_sweep(p, is_old, &limit);
        ck_assert_uint_eq(pool_count(p), 0);
        ck_assert_uint_eq(pool_bytes(p), 0);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, entries_come_out_in_the_order_in_which_they_came);
        tcase_add_test(t, an_entry_that_is_there_is_a_duplicate);
        tcase_add_test(t, a_higher_seq_replaces_and_at_equal_seq_the_first_stays);
        tcase_add_test(t, a_vote_is_replaced_only_so_often_while_it_waits);
        tcase_add_test(t, a_full_pool_says_so_and_takes_more_when_there_is_room);
        tcase_add_test(t, a_sweep_removes_what_it_is_told_to);
}

int main(void) {
        return run_suite("pool", add);
}
