/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>

#include "../ledger/poll.h"
#include "../ledger/run.h"
#include "node/peer-internal.h"

/* A peer of a sealed election that has closed: the sum is made beside everything else, and what needs it
 * waits. This is the shell: it answers checks when the test says so. */

#define VOTES    150U           /* more than two slices */
#define SUBMITS  9U
#define HELD_MAX 16U

typedef struct Shell {
        Poll poll;
        SecretKey *identity;
        Store *store;           /* the peer's: the poll's, or another */
        Peer *peer;
        uint64_t now_usec;
        struct { uint64_t token; SigCheck *checks; size_t n; } held[HELD_MAX];
        size_t n_held;
        unsigned n_slices;      /* that were handed out */
        unsigned n_replies;
        int verdict;
        char text[512];
} Shell;

static bool is_slice(const SigCheck *c) {
        return !c->message && c->content && id_is_zero(&c->content->id);
}

static void carry_out(Shell *s, NodeEffect *fx) {
        if (fx->type == NODE_FX_VERIFY) {
                ck_assert_uint_lt(s->n_held, HELD_MAX);
                for (size_t i = 0; i < fx->n_checks; i++)
                        s->n_slices += is_slice(&fx->checks[i]);
                s->held[s->n_held].token = fx->token;
                s->held[s->n_held].n = fx->n_checks;
                s->held[s->n_held++].checks = TAKE_PTR(fx->checks);
                fx->n_checks = 0;
        }
        if (fx->type == NODE_FX_REPLY) {
                s->n_replies++;
                s->verdict = fx->verdict;
                (void) snprintf(s->text, sizeof(s->text), "%.*s", (int) fx->n_data, fx->data ? fx->data : "");
        }
}

static void step(Shell *s, NodeEvent *ev) {
        NodeEffects fx = {};
        bool commit = false;

        ev->now_usec = s->now_usec += 1000;
        ev->now_sec = POLL_END + 10;
        ck_assert_int_eq(peer_step(s->peer, ev, &fx), 0);
        for (size_t i = 0; i < fx.n; i++) {
                commit = commit || fx.items[i].type == NODE_FX_COMMIT;
                carry_out(s, &fx.items[i]);
        }
        node_effects_done(&fx);
        if (commit) {
                ck_assert_int_eq(chain_commit(peer_chain(s->peer)), 0);
                step(s, &(NodeEvent) { .type = NODE_EV_COMMITTED });
        }
}

/* Answers the oldest checks that are, or are not, slices; false: none are out. */
static bool answer(Shell *s, bool slices) {
        for (size_t i = 0; i < s->n_held; i++) {
                SigCheck *checks = s->held[i].checks;
                size_t n = s->held[i].n;
                uint64_t token = s->held[i].token;

                if (is_slice(&checks[0]) != slices)
                        continue;
                memmove(&s->held[i], &s->held[i + 1], (--s->n_held - i) * sizeof(s->held[0]));
                sig_checks_run(checks, n);
                step(s, &(NodeEvent) { .type = NODE_EV_VERIFIED, .token = token, .checks = checks, .n_checks = n });
                sig_checks_done(checks, n);
                free(checks);
                return true;
        }
        return false;
}

static void assert_has_status(Shell *s) {
        _cleanup_json_ Json *status = NULL;

        ck_assert_int_eq(peer_status(s->peer, s->now_usec, &status), 0);
        ck_assert(json_has(status, "height"));
}

static bool is_counting(Shell *s) {
        ElectionInfo info;

        ck_assert_int_eq(chain_election_by_name(peer_chain(s->peer), "secret", &info), 0);
        return info.phase == ELECTION_COUNTING;
}

static bool has_sum(Shell *s) {
        Chain *c = peer_chain(s->peer);
        const SealedTotal *total;
        ElectionInfo info;
        int r;

        ck_assert_int_eq(chain_election_by_name(c, "secret", &info), 0);
        r = chain_sealed_total(c, &info, &total);
        ck_assert(r == 0 || r == -EAGAIN);
        return r == 0;
}

static void start(Shell *s) {
        PeerConfig config = { .agent = "test", .links_inbound_max = 8, .links_outbound_max = 8 };
        PeerSetup setup = {
                .genesis = s->poll.w.f.genesis,
                .store = s->store,
                .identity = s->identity,
                .seed = 1,
                .config = &config,
        };

        ck_assert_int_eq(peer_new(&s->peer, &setup), 0);
        step(s, &(NodeEvent) { .type = NODE_EV_START });
}

static void stop(Shell *s) {
        for (size_t i = 0; i < s->n_held; i++) {
                sig_checks_done(s->held[i].checks, s->held[i].n);
                free(s->held[i].checks);
        }
        s->n_held = 0;
        s->n_slices = 0;
        s->peer = peer_free(s->peer);
}

/* A peer with a ledger of its own: the poll's, or an empty one. */
static void shell_new_with(Shell *s, bool empty, const char *more) {
        *s = (Shell) { .now_usec = 1000000 };
        fixture_seals_are_real = true;
        poll_new(&s->poll, VOTES, more);
        poll_run(&s->poll, VOTES);
        ck_assert_int_eq(chain_commit(s->poll.w.f.chain), 0);
        ck_assert_int_eq(secret_key_from_seed(&s->identity, (const uint8_t[32]) { 1 }), 0);
        s->store = s->poll.w.f.store;
        if (empty)
                ck_assert_int_eq(store_memory_new(&s->store), 0);
        start(s);
}

static void shell_new(Shell *s, bool empty) {
        shell_new_with(s, empty, "'least':2");
}

static void shell_done(Shell *s) {
        stop(s);
        secret_key_free(s->identity);
        if (s->store != s->poll.w.f.store)
                store_free(s->store);
        poll_done(&s->poll);
}

/* By trustee 1, or another's secret. */
static Entry* share(Shell *s, bool wrong) {
        SecretScalar *x = s->poll.b.trustees[1].x;
        ElectionInfo info = poll_info(&s->poll);
        Entry *e;

        if (wrong)
                s->poll.b.trustees[1].x = s->poll.b.trustees[2].x;
        e = sealed_share(&s->poll.b, s->poll.w.f.chain, &info, 1);
        s->poll.b.trustees[1].x = x;
        return keep(&s->poll.w, e);
}

static void submit(Shell *s, const Entry *e) {
        step(s, &(NodeEvent) { .type = NODE_EV_SUBMIT, .request = 1, .data = e->line, .n_data = e->n_line });
}

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

static uint64_t height(Shell *s) {
        return chain_tip(peer_chain(s->peer))->height;
}

/* Until only slices are missing. */
static void settle(Shell *s) {
        uint64_t before;

        do {
                before = height(s);
                while (answer(s, false))
                        ;
                for (unsigned i = 0; i < 3; i++)
                        step(s, &(NodeEvent) { .type = NODE_EV_TICK });
        } while (height(s) > before);
}

/* Blocks of the poll's ledger, with their seals, and with the genesis before the first. */
static void import(Shell *s, uint64_t from, uint64_t to) {
        const Genesis *g = s->poll.w.f.genesis;
        _cleanup_buf_ Buf text = {};

        if (from == 1) {
                buf_add(&text, g->line, g->n_line);
                buf_add_char(&text, '\n');
        }
        for (uint64_t h = from; h <= to; h++)
                ck_assert_int_eq(chain_read_block_text(s->poll.w.f.chain, h, true, &text), 0);
        step(s, &(NodeEvent) { .type = NODE_EV_IMPORT, .request = from, .data = text.p, .n_data = text.n });
        settle(s);
}

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
