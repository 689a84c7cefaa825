/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../ledger/run.h"
#include "poll-peer.h"

/* The sum of a sealed election that has closed is made beside everything else, and what needs it waits. */

#define SUBMITS  9U

START_TEST(a_sum_is_begun_once_and_the_peer_goes_on) {
        Shell s;

        shell_new(&s, false);
        ck_assert_uint_eq(s.n_slices, 3);
        ck_assert(is_counting(&s));
        for (unsigned i = 0; i < 5; i++) {      /* whatever happens meanwhile begins no other */
                step(&s, &(NodeEvent) { .type = NODE_EV_TICK });
                assert_has_status(&s);
        }
        ck_assert_uint_eq(s.n_slices, 3);
        while (answer(&s, true))
                assert_has_status(&s);
        ck_assert_uint_eq(s.n_slices, 4);       /* and that adds up the parts */

        stop(&s);                               /* what was not written down is made again */
        start(&s);
        ck_assert_uint_eq(s.n_slices, 3);
        shell_done(&s);
}
END_TEST

START_TEST(a_share_waits_for_the_sum_and_is_judged_then) {
        bool wrong = _i == 1;
        Entry *e;
        Shell s;

        shell_new(&s, false);
        e = share(&s, wrong);
        submit(&s, e);
        ck_assert(answer(&s, false));           /* its signature is good */
        ck_assert(!answer(&s, false));
        ck_assert_uint_eq(s.n_replies, 0);
        ck_assert_ptr_null(pool_find(peer_pool(s.peer), &e->id));
        assert_has_status(&s);

        ck_assert(answer(&s, true));
        ck_assert_uint_eq(s.n_replies, 0);
        while (answer(&s, true))
                assert_has_status(&s);
        ck_assert(answer(&s, false));           /* now what it proves is checked */
        ck_assert_uint_eq(s.n_replies, 1);
        ck_assert_int_eq(s.verdict, wrong ? V_PROOF : 0);
        ck_assert_int_eq(pool_find(peer_pool(s.peer), &e->id) == NULL, wrong);
        if (wrong)
                ck_assert_ptr_nonnull(strstr(s.text, "trustee 1"));
        shell_done(&s);
}
END_TEST

/* On a full disk reading goes on, and nothing else does. */
START_TEST(a_sum_is_made_while_nothing_can_be_written) {
        Shell s;

        shell_new(&s, false);
        submit(&s, share(&s, false));
        ck_assert(answer(&s, false));
        step(&s, &(NodeEvent) { .type = NODE_EV_COMMIT_FAILED, .error = -ENOSPC });
        while (answer(&s, true))
                assert_has_status(&s);
        ck_assert(has_sum(&s));
        ck_assert(!answer(&s, false));
        ck_assert_uint_eq(s.n_replies, 0);

        step(&s, &(NodeEvent) { .type = NODE_EV_COMMITTED });
        while (answer(&s, false))
                ;
        ck_assert_uint_eq(s.n_replies, 1);
        ck_assert_int_eq(s.verdict, 0);
        shell_done(&s);
}
END_TEST

START_TEST(a_share_after_the_sum_does_not_wait) {
        Shell s;

        shell_new(&s, false);
        while (answer(&s, true))
                ;
        submit(&s, share(&s, false));
        ck_assert(answer(&s, false));
        ck_assert_uint_eq(s.n_replies, 1);
        ck_assert_int_eq(s.verdict, 0);
        shell_done(&s);
}
END_TEST

/* Each of a thousand different ones would be valid, for all that is known before the sum. */
START_TEST(of_a_trustee_one_share_waits) {
        Shell s;

        shell_new(&s, false);
        for (unsigned i = 0; i < SUBMITS; i++) {
                submit(&s, share(&s, i > 0));
                while (answer(&s, false))
                        ;
                ck_assert_uint_eq(s.n_replies, i);
                if (i > 0)
                        ck_assert_int_eq(s.verdict, V_DUPLICATE);
        }
        while (answer(&s, true) || answer(&s, false))
                ;
        ck_assert_uint_eq(s.n_replies, SUBMITS);
        ck_assert_int_eq(s.verdict, 0);
        shell_done(&s);
}
END_TEST

/* --- blocks --- */

/* The block with the first share waits for the sum: whether it was checked before its election had closed
 * here (0, all blocks come at once) or when it had (1). */
START_TEST(a_block_with_a_share_waits_for_the_sum) {
        uint64_t closing, end;
        Shell s;

        shell_new(&s, true);
        closing = chain_tip(s.poll.w.f.chain)->height;
        put(&s.poll.w, POLL_END, entry_ref(share(&s, false)));
        poll_pass(&s.poll, POLL_END);
        end = chain_tip(s.poll.w.f.chain)->height;

        if (_i == 1)
                import(&s, 1, closing);
        import(&s, _i == 1 ? closing + 1 : 1, end);
        ck_assert_uint_eq(height(&s), closing);
        ck_assert_uint_eq(s.n_slices, 3);
        assert_has_status(&s);
        step(&s, &(NodeEvent) { .type = NODE_EV_TICK });
        ck_assert_uint_eq(height(&s), closing);

        ck_assert(answer(&s, true));
        ck_assert_uint_gt(s.peer->sync.excuse_usec, 0); /* whoever sent it is not to blame that it waits */
        do
                settle(&s);
        while (answer(&s, true));
        ck_assert_uint_eq(s.n_slices, 4);
        ck_assert_uint_eq(height(&s), end);
        ck_assert_int_eq(s.verdict, 0);
        shell_done(&s);
}
END_TEST

/* --- proposals --- */

/* Trustee 1's, of n options without a share, for whichever block. */
static Entry* share_of_options(Shell *s, unsigned n, const Id *block) {
        _cleanup_buf_ Buf b = {};
        Json *o;

        buf_printf(&b, "{'shares':[[");
        for (unsigned i = 0; i < n; i++)
                buf_printf(&b, "%s['','']", i > 0 ? "," : "");
        buf_printf(&b, "]]}");
        o = fixture_json(b.p);
        json_set_id(o, "election", &s->poll.election->id);
        json_set_id(o, "block", block);
        return keep(&s->poll.w, fixture_entry(s->poll.w.f.genesis, SEALED_TRUSTEE + 1, "share", o));
}

static bool proposal_awaits(Shell *s, Entry *e) {
        Block *b = fixture_block(peer_chain(s->peer), POLL_END, &e, 1);
        bool awaits = false;

        ck_assert_int_eq(sums_await(s->peer, b, &awaits), 0);
        block_free(b);
        return awaits;
}

/* Nor does it read past the sum of the options that there are, once that is made. */
START_TEST(a_proposal_that_breaks_a_rule_waits_for_nothing) {
        ElectionInfo info;
        Entry *good;
        Shell s;

        shell_new(&s, false);
        info = poll_info(&s.poll);
        good = share(&s, false);
        for (unsigned made = 0; made < 2; made++) {
                ck_assert(!proposal_awaits(&s, share_of_options(&s, OPTIONS_MAX, &info.closing_block)));
                ck_assert(!proposal_awaits(&s, share_of_options(&s, 2, &info.closing_block)));
                ck_assert(!proposal_awaits(&s, share_of_options(&s, 3, &info.id)));
                ck_assert_int_eq(proposal_awaits(&s, good), made == 0);
                while (answer(&s, true))
                        ;
        }
        shell_done(&s);
}
END_TEST

/* The sum is made again after a start, but a second share of a trustee is refused without it. */
START_TEST(a_proposal_with_a_second_share_waits_for_nothing) {
        Entry *second;
        Shell s;

        shell_new(&s, false);
        stop(&s);
        second = share(&s, true);
        put(&s.poll.w, POLL_END, entry_ref(share(&s, false)));
        ck_assert_int_eq(chain_commit(s.poll.w.f.chain), 0);
        start(&s);
        ck_assert_uint_eq(s.n_slices, 3);
        ck_assert(!proposal_awaits(&s, second));
        shell_done(&s);
}
END_TEST

START_TEST(a_proposal_that_breaks_a_rule_begins_no_sum) {
        ElectionInfo info;
        Shell s;

        shell_new_with(&s, false, "'exposed':true,'least':200");
        info = poll_info(&s.poll);
        ck_assert(!proposal_awaits(&s, share_of_options(&s, 3, &info.closing_block)));
        step(&s, &(NodeEvent) { .type = NODE_EV_TICK });
        ck_assert_uint_eq(s.n_slices, 0);
        shell_done(&s);
}
END_TEST

static unsigned n_rollbacks;
static void (*real_rollback)(Store *s);

static void count_rollback(Store *s) {
        n_rollbacks++;
        real_rollback(s);
}

/* The same, while an import waits. */
static void give(Shell *s, uint64_t from, uint64_t to) {
        for (uint64_t h = from; h <= to; h++) {
                _cleanup_buf_ Buf text = {};
                const char *p;
                Block *b = NULL;
                int verdict;
                size_t n;
                Why why;

                ck_assert_int_eq(chain_read_block_text(s->poll.w.f.chain, h, true, &text), 0);
                p = text.p;
                n = text.n;
                ck_assert_int_eq(block_read(&b, s->poll.w.f.genesis, &p, &n, &why), 0);
                ck_assert_int_eq(draft_add_block(s->peer, b, NULL, false, &verdict, &why), 0);
                ck_assert_int_eq(verdict, 0);
        }
        step(s, &(NodeEvent) { .type = NODE_EV_TICK });
        settle(s);
}

/* A branch beside ours that begins with a share: connecting it takes the whole chain back and loads it again,
 * which nobody does over and over while the sum is made, however often the engine asks. */
START_TEST(a_branch_with_a_share_is_not_tried_again_before_the_sum) {
        uint64_t closing, end;
        StoreOps ops;
        Entry *e;
        Shell s;

        fixture_seals_are_final = false;
        shell_new(&s, true);
        closing = chain_tip(s.poll.w.f.chain)->height;
        e = share(&s, false);
        put(&s.poll.w, POLL_END, entry_ref(e));
        import(&s, 1, closing + 1);     /* the share's block is whole before the election has closed here */
        ck_assert_uint_eq(height(&s), closing);

        ck_assert_int_eq(chain_rollback(s.poll.w.f.chain), 0);
        poll_pass(&s.poll, POLL_END);
        poll_pass(&s.poll, POLL_END);
        give(&s, closing + 1, closing + 2);
        ck_assert_uint_eq(height(&s), closing + 2);

        ck_assert_int_eq(chain_rollback(s.poll.w.f.chain), 0);
        put(&s.poll.w, POLL_END, entry_ref(e));
        poll_pass(&s.poll, POLL_END);
        poll_pass(&s.poll, POLL_END);
        end = chain_tip(s.poll.w.f.chain)->height;
        ops = *s.store->ops;
        real_rollback = ops.rollback;
        ops.rollback = count_rollback;
        s.store->ops = &ops;
        give(&s, closing + 2, end);
        ck_assert_uint_eq(height(&s), closing + 2);
        ck_assert_uint_ge(n_rollbacks, 1);
        n_rollbacks = 0;
        for (unsigned i = 0; i < 30; i++) {
                s.now_usec += USEC_PER_SEC;
                step(&s, &(NodeEvent) { .type = NODE_EV_TICK });
        }
        ck_assert_uint_eq(n_rollbacks, 0);

        while (answer(&s, true))
                settle(&s);
        ck_assert_uint_eq(height(&s), end);
        ck_assert(id_equal(&chain_tip(peer_chain(s.peer))->id, &chain_tip(s.poll.w.f.chain)->id));
        shell_done(&s);
        fixture_seals_are_final = true;
}
END_TEST

/* Somebody claims a chain of a million blocks more. Only what was connected counts, and a share that waits
 * is nothing of the kind: it neither stops our own work, nor excuses who leads. */
START_TEST(a_share_that_waits_is_no_gain_of_a_run) {
        Shell s;

        shell_new(&s, false);
        s.peer->sync.run = ++s.peer->sync.n_runs;
        s.peer->sync.target = height(&s) + 1000000;
        submit(&s, share(&s, false));
        ck_assert(answer(&s, false));
        ck_assert_uint_eq(s.peer->n_awaiting, 1);
        ck_assert(answer(&s, true));
        ck_assert_uint_eq(s.peer->n_awaiting, 1);
        ck_assert(!sync_behind(s.peer));
        ck_assert_uint_eq(s.peer->sync.excuse_usec, 0);
        shell_done(&s);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, a_proposal_that_breaks_a_rule_waits_for_nothing);
        tcase_add_test(t, a_proposal_with_a_second_share_waits_for_nothing);
        tcase_add_test(t, a_proposal_that_breaks_a_rule_begins_no_sum);
        tcase_add_loop_test(t, a_block_with_a_share_waits_for_the_sum, 0, 2);
        tcase_add_test(t, a_sum_is_begun_once_and_the_peer_goes_on);
        tcase_add_loop_test(t, a_share_waits_for_the_sum_and_is_judged_then, 0, 2);
        tcase_add_test(t, a_sum_is_made_while_nothing_can_be_written);
        tcase_add_test(t, a_share_after_the_sum_does_not_wait);
        tcase_add_test(t, of_a_trustee_one_share_waits);
        tcase_add_test(t, a_branch_with_a_share_is_not_tried_again_before_the_sum);
        tcase_add_test(t, a_share_that_waits_is_no_gain_of_a_run);
}

int main(void) {
        return run_suite("peer-sums", add);
}
