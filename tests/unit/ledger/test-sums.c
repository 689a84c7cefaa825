/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump.h"
#include "judge.h"
#include "ledger/chain-private.h"
#include "poll.h"

/* Sums that are made apart: begun once, in slices that come back in any order, the same as those that are
 * made where they are asked for, and what waits for one changes nothing. */

#define VOTES      75U          /* more than two slices */
#define SLICES_MAX 16U

typedef struct Slices {
        CheckContent *items[SLICES_MAX];
        size_t n;
} Slices;

static void slices_done(Slices *s) {
        for (size_t i = 0; i < s->n; i++)
                check_content_free(s->items[i]);
        s->n = 0;
}

/* All that can be had now, run. */
static size_t slices_get(Chain *c, Slices *ret) {
        size_t before = ret->n;

        for (;;) {
                ck_assert_uint_lt(ret->n, SLICES_MAX);
                ck_assert_int_eq(chain_sums_next(c, &ret->items[ret->n]), 0);
                if (!ret->items[ret->n])
                        break;
                ret->n++;
        }
        ck_assert_int_eq(check_contents_run(ret->items + before, ret->n - before), 0);
        return ret->n - before;
}

/* The last first. How many sums were made by them. */
static unsigned slices_take(Chain *c, Slices *s) {
        unsigned made = 0;

        for (size_t i = s->n; i-- > 0; )
                made += chain_sums_take(c, s->items[i]);
        slices_done(s);
        return made;
}

static void make(Chain *c) {
        Slices s = {};
        unsigned made = 0;

        ck_assert_int_eq(chain_sums_begin(c), 0);
        while (slices_get(c, &s) > 0)
                made += slices_take(c, &s);
        ck_assert_uint_eq(made, 1);
}

static void poll_apart(Poll *p, unsigned n_voters) {
        poll_new(p, n_voters, "'least':2");
        chain_set_sums_apart(p->w.f.chain);
}

static Id hash_of(Chain *c) {
        const SealedTotal *total;
        ElectionInfo info;
        Id hash;

        ck_assert_int_eq(chain_election_by_name(c, "secret", &info), 0);
        ck_assert_int_eq(chain_sealed_total(c, &info, &total), 0);
        ck_assert_int_eq(sealed_total_hash(total, &hash), 0);
        return hash;
}

/* What is made where it is asked for, of the same ledger. */
static Chain* beside(Poll *p) {
        Chain *c;

        ck_assert_int_eq(chain_commit(p->w.f.chain), 0);
        ck_assert_int_eq(chain_new(&c, p->w.f.genesis, p->w.f.store), 0);
        return c;
}

static void assert_is_right(Poll *p) {
        _cleanup_(chain_freep) Chain *other = beside(p);
        Id ours = hash_of(p->w.f.chain), theirs = hash_of(other);

        ck_assert(id_equal(&ours, &theirs));
}

static Entry* share_of(Poll *p, unsigned trustee) {
        _cleanup_(chain_freep) Chain *other = beside(p);
        ElectionInfo info;

        ck_assert_int_eq(chain_election_by_name(other, "secret", &info), 0);
        return sealed_share(&p->b, other, &info, trustee);
}

static void go_back(Poll *p, uint64_t blocks) {
        Entry **gone = NULL;
        size_t n_gone = 0;

        ck_assert_int_eq(chain_disconnect(p->w.f.chain, chain_tip(p->w.f.chain)->height - blocks, &gone, &n_gone), 0);
        free_entries(gone, n_gone);
}

START_TEST(a_sum_made_apart_is_the_same) {
        Slices s = {};
        Poll p;

        poll_apart(&p, VOTES);
        ck_assert_int_eq(chain_sums_begin(p.w.f.chain), 0);
        ck_assert_uint_eq(slices_get(p.w.f.chain, &s), 0);      /* it has not closed */
        poll_run(&p, VOTES);

        ck_assert_int_eq(chain_sums_begin(p.w.f.chain), 0);
        ck_assert_uint_eq(slices_get(p.w.f.chain, &s), 3);
        ck_assert_int_eq(chain_sums_begin(p.w.f.chain), 0);     /* once is enough */
        ck_assert_uint_eq(slices_get(p.w.f.chain, &s), 0);
        ck_assert_uint_eq(slices_take(p.w.f.chain, &s), 0);
        ck_assert_uint_eq(slices_get(p.w.f.chain, &s), 1);      /* that adds up the parts */
        ck_assert_uint_eq(slices_get(p.w.f.chain, &s), 0);
        ck_assert_uint_eq(slices_take(p.w.f.chain, &s), 1);
        assert_is_right(&p);

        ck_assert_int_eq(chain_sums_begin(p.w.f.chain), 0);
        ck_assert_uint_eq(slices_get(p.w.f.chain, &s), 0);
        poll_done(&p);
}
END_TEST

/* A ballot at the end of a slice is the last of it, one more is in another. */
START_TEST(no_ballot_falls_between_two_slices) {
        Poll p;

        poll_apart(&p, 129);
        poll_run(&p, 127 + (unsigned) _i);
        make(p.w.f.chain);
        assert_is_right(&p);
        poll_done(&p);
}
END_TEST

START_TEST(what_needs_a_sum_waits_for_it) {
        _cleanup_free_ char *before = NULL, *after = NULL;
        CheckContent *content = NULL;
        Entry *share;
        Why why = {};
        Poll p;

        poll_apart(&p, 6);
        poll_run(&p, 5);
        share = keep(&p.w, share_of(&p, 1));
        share->content_checked = false;

        before = dump_of(p.w.f.chain);
        assert_verdict(chain_check_rules(p.w.f.chain, share, POLL_END, &why), 0, why);
        ck_assert_int_eq(chain_entry_content(p.w.f.chain, share, &content, &why), -EAGAIN);
        ck_assert_ptr_null(content);
        ck_assert_int_eq(FIXTURE_CONNECT(p.w.f.chain, POLL_END, &why, share), -EAGAIN);
        after = dump_of(p.w.f.chain);
        assert_same(before, after, "a block that waits");

        make(p.w.f.chain);
        put(&p.w, POLL_END, entry_ref(share));
        poll_done(&p);
}
END_TEST

START_TEST(a_wrong_share_that_waited_is_refused_and_named) {
        CheckContent *content = NULL;
        SecretScalar *x;
        Entry *share;
        Why why = {};
        Poll p;

        poll_apart(&p, 6);
        poll_run(&p, 5);
        x = p.b.trustees[1].x;
        p.b.trustees[1].x = p.b.trustees[2].x;
        share = keep(&p.w, share_of(&p, 1));
        p.b.trustees[1].x = x;

        ck_assert_int_eq(chain_entry_content(p.w.f.chain, share, &content, &why), -EAGAIN);
        make(p.w.f.chain);
        ck_assert_int_eq(chain_entry_content(p.w.f.chain, share, &content, &why), 0);
        ck_assert_int_eq(check_contents_run(&content, 1), 0);
        assert_verdict(content->verdict, V_PROOF, content->why);
        ck_assert_ptr_nonnull(strstr(content->why.text, "trustee 1"));
        check_content_free(content);
        poll_done(&p);
}
END_TEST

/* The slices of what closed before say nothing of what closes now; and what closes as before needs no
 * other sum. */
START_TEST(an_election_that_closes_anew_is_summed_anew) {
        Block *closing = NULL;
        Slices s = {};
        Id before, now;
        Why why = {};
        Poll p;

        poll_apart(&p, VOTES);
        poll_run(&p, 50);
        ck_assert_int_eq(chain_read_block(p.w.f.chain, chain_tip(p.w.f.chain)->height, &closing), 0);
        ck_assert_int_eq(chain_sums_begin(p.w.f.chain), 0);
        ck_assert_uint_eq(slices_get(p.w.f.chain, &s), 2);

        go_back(&p, 1);
        ck_assert_int_eq(chain_sums_begin(p.w.f.chain), 0);
        put(&p.w, POLL_OPENS, poll_vote(&p, 60, 1, "[[2]]"));
        poll_pass(&p, POLL_END);
        make(p.w.f.chain);              /* forgets the other */
        assert_is_right(&p);
        now = hash_of(p.w.f.chain);
        ck_assert_uint_eq(slices_take(p.w.f.chain, &s), 0);

        go_back(&p, 2);
        assert_verdict(chain_connect(p.w.f.chain, closing, NULL, &why), 0, why);
        make(p.w.f.chain);
        before = hash_of(p.w.f.chain);
        ck_assert(!id_equal(&before, &now));
        assert_is_right(&p);

        go_back(&p, 1);
        assert_verdict(chain_connect(p.w.f.chain, closing, NULL, &why), 0, why);
        ck_assert_int_eq(chain_sums_begin(p.w.f.chain), 0);
        ck_assert_uint_eq(slices_get(p.w.f.chain, &s), 0);
        assert_is_right(&p);
        block_free(closing);
        poll_done(&p);
}
END_TEST

/* Begun again after it was forgotten: a slice of the first time would count twice. */
START_TEST(a_slice_of_a_forgotten_sum_is_dropped) {
        Block *closing = NULL;
        Slices old = {};
        Why why = {};
        Poll p;

        poll_apart(&p, VOTES);
        poll_run(&p, 50);
        ck_assert_int_eq(chain_read_block(p.w.f.chain, chain_tip(p.w.f.chain)->height, &closing), 0);
        ck_assert_int_eq(chain_sums_begin(p.w.f.chain), 0);
        ck_assert_uint_eq(slices_get(p.w.f.chain, &old), 2);

        go_back(&p, 1);
        poll_pass(&p, POLL_END + 1);
        ck_assert_int_eq(chain_sums_begin(p.w.f.chain), 0);
        go_back(&p, 1);
        assert_verdict(chain_connect(p.w.f.chain, closing, NULL, &why), 0, why);
        ck_assert_int_eq(chain_sums_begin(p.w.f.chain), 0);
        ck_assert_uint_eq(slices_take(p.w.f.chain, &old), 0);
        make(p.w.f.chain);
        assert_is_right(&p);
        block_free(closing);
        poll_done(&p);
}
END_TEST

START_TEST(a_rollback_keeps_it_and_a_start_makes_it_again) {
        _cleanup_(chain_freep) Chain *started = NULL;
        Slices s = {};
        Id first, second;
        Poll p;

        poll_apart(&p, VOTES);
        poll_run(&p, VOTES);
        ck_assert_int_eq(chain_commit(p.w.f.chain), 0);
        ck_assert_int_eq(chain_sums_begin(p.w.f.chain), 0);
        ck_assert_uint_eq(slices_get(p.w.f.chain, &s), 3);
        ck_assert_int_eq(chain_rollback(p.w.f.chain), 0);       /* while slices are out, too */
        ck_assert_uint_eq(slices_take(p.w.f.chain, &s), 0);
        make(p.w.f.chain);
        ck_assert_int_eq(chain_rollback(p.w.f.chain), 0);
        first = hash_of(p.w.f.chain);
        assert_is_right(&p);

        started = beside(&p);
        chain_set_sums_apart(started);
        make(started);
        second = hash_of(started);
        ck_assert(id_equal(&first, &second));
        poll_done(&p);
}
END_TEST

/* Another branch, on which the election closes with another block and somebody asks for the sum of that:
 * looked at, and given up. */
static void judge_elsewhere(Poll *p, uint64_t time) {
        Chain *c = p->w.f.chain;
        const SealedTotal *total;
        ElectionInfo info;

        go_back(p, 1);
        poll_pass(p, time);
        ck_assert_int_eq(chain_election_by_name(c, "secret", &info), 0);
        ck_assert_int_eq(chain_sealed_total(c, &info, &total), -EAGAIN);
        ck_assert_int_eq(chain_rollback(c), 0);
}

/* Made (0), or with slices that are out (1). */
START_TEST(a_branch_that_is_judged_leaves_the_sums_alone) {
        const SealedTotal *total;
        ElectionInfo info;
        Slices s = {};
        Poll p;

        poll_apart(&p, VOTES);
        poll_run(&p, VOTES);
        ck_assert_int_eq(chain_commit(p.w.f.chain), 0);
        if (_i == 0)
                make(p.w.f.chain);
        else {
                ck_assert_int_eq(chain_sums_begin(p.w.f.chain), 0);
                ck_assert_uint_eq(slices_get(p.w.f.chain, &s), 3);
        }

        for (unsigned i = 1; i <= 3; i++) {
                judge_elsewhere(&p, POLL_END + i);
                if (i == 2)
                        ck_assert_int_eq(chain_sums_begin(p.w.f.chain), 0);
        }

        ck_assert_uint_eq(slices_take(p.w.f.chain, &s), 0);
        ck_assert_uint_eq(slices_get(p.w.f.chain, &s), (size_t) _i);    /* nothing but the parts added up */
        ck_assert_uint_eq(slices_take(p.w.f.chain, &s), (unsigned) _i);
        ck_assert_int_eq(chain_election_by_name(p.w.f.chain, "secret", &info), 0);
        ck_assert_int_eq(chain_sealed_total(p.w.f.chain, &info, &total), 0);
        assert_is_right(&p);
        poll_done(&p);
}
END_TEST

/* Nobody has to ask for those that wait for their shares; who asks for another gets it. */
START_TEST(what_is_opened_or_stays_sealed_is_summed_on_demand) {
        _cleanup_(chain_freep) Chain *started = NULL;
        const SealedTotal *total;
        ElectionInfo info;
        Slices s = {};
        Poll p;

        poll_new(&p, 18, _i == 0 ? "'least':2" : "'least':6");
        poll_run(&p, 5);
        for (unsigned i = 0; _i == 0 && i < 2; i++)
                put(&p.w, POLL_END, share_of(&p, i));
        started = beside(&p);
        chain_set_sums_apart(started);
        ck_assert_int_eq(chain_sums_begin(started), 0);
        ck_assert_uint_eq(slices_get(started, &s), 0);

        ck_assert_int_eq(chain_election_by_name(started, "secret", &info), 0);
        ck_assert_int_eq(info.phase, ELECTION_FINAL);
        ck_assert_int_eq(chain_sealed_total(started, &info, &total), -EAGAIN);
        make(started);
        ck_assert_int_eq(chain_sealed_total(started, &info, &total), 0);
        poll_done(&p);
}
END_TEST

START_TEST(a_result_before_its_shares_needs_no_sum) {
        _cleanup_(chain_freep) Chain *started = NULL;
        Result *result = NULL;
        ElectionInfo info;
        Slices s = {};
        Poll p;

        poll_new(&p, 6, "'least':2");
        poll_run(&p, 5);
        put(&p.w, POLL_END, share_of(&p, 1));
        started = beside(&p);
        chain_set_sums_apart(started);
        ck_assert_int_eq(chain_election_by_name(started, "secret", &info), 0);
        ck_assert_int_eq(info.phase, ELECTION_COUNTING);
        ck_assert_int_eq(chain_count(started, &info, &result), -EBUSY);
        ck_assert_ptr_null(result);
        ck_assert_uint_eq(slices_get(started, &s), 0);

        make(started);
        ck_assert_int_eq(chain_count(started, &info, &result), -EBUSY);
        poll_done(&p);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, a_result_before_its_shares_needs_no_sum);
        tcase_add_test(t, a_sum_made_apart_is_the_same);
        tcase_add_loop_test(t, no_ballot_falls_between_two_slices, 0, 3);
        tcase_add_test(t, what_needs_a_sum_waits_for_it);
        tcase_add_test(t, a_wrong_share_that_waited_is_refused_and_named);
        tcase_add_test(t, an_election_that_closes_anew_is_summed_anew);
        tcase_add_test(t, a_slice_of_a_forgotten_sum_is_dropped);
        tcase_add_test(t, a_rollback_keeps_it_and_a_start_makes_it_again);
        tcase_add_loop_test(t, a_branch_that_is_judged_leaves_the_sums_alone, 0, 2);
        tcase_add_loop_test(t, what_is_opened_or_stays_sealed_is_summed_on_demand, 0, 2);
}

int main(void) {
        return run_suite("sums", add);
}
