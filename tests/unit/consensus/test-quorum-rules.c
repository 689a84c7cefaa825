/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "quorum-rig.h"
#include "run.h"

/* Every rule of DESIGN 4 about what an authority signs, and what happens to whoever breaks it. Four authorities: this one is
 * number 0, view v is led by v mod 4, delta is 100 ms. */

#define RIG(g) \
        _cleanup_(rig_done) Rig g; \
        rig_init(&g, 4, 0)

static void due(Rig *g) {
        rig_step(g, (EngineEvent) { .type = ENGINE_EV_DUE });
}

static void candidate(Rig *g) {
        Header h = { .time = g->now_sec };

        h.root = rig_header(g, 1, NULL).root;
        rig_step(g, (EngineEvent) { .type = ENGINE_EV_CANDIDATE, .header = &h });
}

/* --- enter --- */

START_TEST(view_is_entered_by_a_certificate) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);

        ck_assert_uint_eq(g.q->view, 1);
        rig_says(&g, 1, QUORUM_SKIP, 1, NULL);
        rig_says(&g, 2, QUORUM_SKIP, 1, NULL);
        ck_assert_uint_eq(g.q->view, 1);
        rig_says(&g, 3, QUORUM_SKIP, 1, NULL);          /* q of them are one */
        ck_assert_uint_eq(g.q->view, 2);
        rig_certificate(&g, QUORUM_ENDORSE, 7, &a.id);
        ck_assert_uint_eq(g.q->view, 8);
        rig_certificate(&g, QUORUM_SKIP, 4, NULL);
        ck_assert_uint_eq(g.q->view, 8);
        rig_certificate(&g, QUORUM_FINALIZE, 9, &a.id);
        ck_assert_uint_eq(g.q->view, 10);
}
END_TEST

START_TEST(endorsements_of_different_blocks_are_no_certificate) {
        RIG(g);
        Id a = quorum_world_id(1), b = quorum_world_id(2);

        rig_says(&g, 1, QUORUM_ENDORSE, 1, &a);
        rig_says(&g, 2, QUORUM_ENDORSE, 1, &a);
        rig_says(&g, 3, QUORUM_ENDORSE, 1, &b);
        ck_assert_uint_eq(g.q->view, 1);
}
END_TEST

START_TEST(statement_twice_counts_once) {
        RIG(g);

        for (int i = 0; i < 3; i++)
                rig_says(&g, 1, QUORUM_SKIP, 1, NULL);
        rig_says(&g, 2, QUORUM_SKIP, 1, NULL);
        ck_assert_uint_eq(g.q->view, 1);
}
END_TEST

/* --- timers --- */

START_TEST(nothing_is_skipped_without_a_reason) {
        RIG(g);

        rig_says(&g, 1, QUORUM_SKIP, 1, NULL);          /* f of them: they may lie */
        rig_wait(&g, 60 * USEC_PER_SEC);
        ck_assert(!rig_said(&g, "skip"));
}
END_TEST

START_TEST(view_without_a_proposal_is_skipped_after_two_delta_of_due_work) {
        RIG(g);

        rig_wait(&g, USEC_PER_SEC);
        due(&g);
        rig_wait(&g, 199 * MSEC);
        ck_assert(!rig_said(&g, "skip"));
        rig_wait(&g, 2 * MSEC);
        ck_assert_str_eq(rig_log(&g), "record skip 1, send skip 1");
}
END_TEST

START_TEST(timer_stops_when_nothing_is_due_any_more) {
        RIG(g);

        due(&g);
        rig_wait(&g, 150 * MSEC);
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_IDLE });
        rig_wait(&g, USEC_PER_SEC);
        ck_assert(!rig_said(&g, "skip"));
        due(&g);                                        /* and starts anew */
        rig_wait(&g, 150 * MSEC);
        ck_assert(!rig_said(&g, "skip"));
}
END_TEST

START_TEST(skips_of_f_and_one_more_start_the_timer) {
        RIG(g);

        rig_says(&g, 1, QUORUM_SKIP, 1, NULL);
        rig_says(&g, 2, QUORUM_SKIP, 1, NULL);
        rig_wait(&g, 199 * MSEC);
        ck_assert(!rig_said(&g, "skip"));
        rig_wait(&g, 2 * MSEC);
        ck_assert(rig_said(&g, "send skip 1"));
        ck_assert_uint_eq(g.q->view, 2);
}
END_TEST

START_TEST(view_without_a_certificate_is_skipped_after_three_delta) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);

        rig_proposes(&g, &a, NULL, NULL, 0);
        rig_valid(&g, &a);
        rig_wait(&g, 299 * MSEC);
        ck_assert(!rig_said(&g, "skip"));
        rig_wait(&g, 2 * MSEC);
        ck_assert(rig_said(&g, "send skip 1"));
}
END_TEST

START_TEST(delta_grows_by_half_up_to_eightfold_and_is_back_with_a_final_block) {
        RIG(g);
        Id block = quorum_world_id(1);
        uint64_t expected = 100 * MSEC;

        for (uint64_t v = 1; v < 12; v++) {
                ck_assert_uint_eq(quorum_delta(g.q), MIN(expected, 800 * MSEC));
                rig_certificate(&g, QUORUM_SKIP, v, NULL);
                expected += expected / 2;
        }
        rig_certificate(&g, QUORUM_FINALIZE, 12, &block);
        ck_assert_uint_eq(quorum_delta(g.q), 100 * MSEC);
}
END_TEST

/* --- propose --- */

START_TEST(leader_proposes_on_the_tip_and_records_first) {
        RIG(g);
        Header a = rig_header(&g, 3, NULL);

        ck_assert(!g.e->type->wants_candidate(g.e));
        rig_certificate(&g, QUORUM_SKIP, 1, NULL);
        rig_certificate(&g, QUORUM_SKIP, 2, NULL);
        rig_endorsed(&g, &a, NULL);
        ck_assert(g.e->type->wants_candidate(g.e));
        (void) rig_log(&g);
        candidate(&g);
        ck_assert_str_eq(rig_log(&g), "block 4, record propose 4, send propose 4, record endorse 4, send endorse 4");
        ck_assert(!g.e->type->wants_candidate(g.e));
        candidate(&g);                                  /* one a view */
        ck_assert_str_eq(rig_log(&g), "");
}
END_TEST

START_TEST(nobody_else_than_the_leader_proposes) {
        RIG(g);

        candidate(&g);
        ck_assert(!rig_said(&g, "propose"));
}
END_TEST

START_TEST(leader_does_not_propose_while_a_skip_certificate_is_missing) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);

        rig_endorsed(&g, &a, NULL);
        rig_certificate(&g, QUORUM_SKIP, 3, NULL);      /* that of 2 is missing */
        ck_assert_uint_eq(g.q->view, 4);
        ck_assert(!g.e->type->wants_candidate(g.e));
        (void) rig_log(&g);
        candidate(&g);
        ck_assert(!rig_said(&g, "propose"));
        rig_certificate(&g, QUORUM_SKIP, 2, NULL);
        ck_assert(g.e->type->wants_candidate(g.e));
}
END_TEST

START_TEST(leader_does_not_propose_below_a_block_that_it_does_not_have) {
        RIG(g);
        Id unknown = quorum_world_id(9);

        rig_certificate(&g, QUORUM_ENDORSE, 3, &unknown);
        ck_assert_uint_eq(g.q->view, 4);
        ck_assert(!g.e->type->wants_candidate(g.e));
        ck_assert(rig_said(&g, "fetch"));
}
END_TEST

START_TEST(leader_who_has_skipped_proposes_no_more) {
        RIG(g);

        rig_certificate(&g, QUORUM_SKIP, 3, NULL);
        rig_certificate(&g, QUORUM_SKIP, 2, NULL);
        rig_certificate(&g, QUORUM_SKIP, 1, NULL);
        due(&g);
        rig_wait(&g, 2 * USEC_PER_SEC);
        ck_assert(rig_said(&g, "send skip 4"));
        ck_assert(!g.e->type->wants_candidate(g.e));
}
END_TEST

START_TEST(proposal_is_not_made_again_after_a_restart) {
        RIG(g);

        for (uint64_t v = 1; v < 4; v++)
                rig_certificate(&g, QUORUM_SKIP, v, NULL);
        candidate(&g);
        ck_assert(rig_said(&g, "send propose 4"));
        g.now_sec += 7;
        rig_restart(&g);
        ck_assert_uint_eq(g.q->view, 4);
        candidate(&g);
        ck_assert(!rig_said(&g, "record propose"));
}
END_TEST

/* --- endorse --- */

START_TEST(valid_proposal_is_endorsed_when_all_it_needs_is_on_record) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);

        rig_proposes(&g, &a, NULL, NULL, 0);
        ck_assert_str_eq(rig_log(&g), "judge 1");
        rig_valid(&g, &a);
        ck_assert_str_eq(rig_log(&g), "block 1, record propose 1, record endorse 1, send endorse 1");
}
END_TEST

START_TEST(second_proposal_of_a_view_is_not_endorsed) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b;

        g.now_sec++;
        b = rig_header(&g, 1, NULL);
        rig_proposes(&g, &a, NULL, NULL, 0);
        rig_proposes(&g, &b, NULL, NULL, 0);
        ck_assert_str_eq(rig_log(&g), "judge 1, evidence 1");
        rig_valid(&g, &b);
        ck_assert_str_eq(rig_log(&g), "");
        rig_valid(&g, &a);
        ck_assert(rig_said(&g, "send endorse 1"));
}
END_TEST

START_TEST(nothing_is_endorsed_after_an_endorsement_of_that_view) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b;

        rig_proposes(&g, &a, NULL, NULL, 0);
        rig_valid(&g, &a);
        g.now_sec++;
        b = rig_header(&g, 1, NULL);
        rig_restart(&g);
        (void) rig_log(&g);
        rig_proposes(&g, &b, NULL, NULL, 0);
        rig_valid(&g, &b);
        ck_assert(!rig_said(&g, "endorse"));
}
END_TEST

START_TEST(nothing_is_endorsed_after_a_skip) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);

        due(&g);
        rig_wait(&g, 201 * MSEC);
        ck_assert(rig_said(&g, "send skip 1"));
        rig_proposes(&g, &a, NULL, NULL, 0);
        rig_valid(&g, &a);
        ck_assert(!rig_said(&g, "endorse"));
}
END_TEST

START_TEST(proposal_on_a_block_that_is_not_endorsed_waits) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b = rig_header(&g, 2, &a);
        _cleanup_buf_ Buf line = {};
        const char *without;
        Why why = {};

        /* the same without the parent's certificate */
        rig_certificate(&g, QUORUM_SKIP, 1, NULL);
        rig_proposal_line(&g, &b, NULL, NULL, 0, &line);
        without = line.p;
        g.from = 3;
        (void) rig_log(&g);
        assert_verdict(rig_line(&g, without, line.n, &why), 0, why);
        ck_assert_str_eq(rig_log(&g), "fetch");
        rig_valid(&g, &b);
        ck_assert(!rig_said(&g, "endorse"));
}
END_TEST

START_TEST(proposal_below_the_last_final_view_is_not_endorsed) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b = rig_header(&g, 2, &a), c = rig_header(&g, 3, &a);

        rig_endorsed(&g, &a, NULL);
        rig_endorsed(&g, &b, &a);
        rig_certificate(&g, QUORUM_SKIP, 2, NULL);      /* lies: there is a skip certificate of 2 beside its final block */
        rig_certificate(&g, QUORUM_FINALIZE, 2, &b.id);
        (void) rig_log(&g);
        rig_proposes(&g, &c, &a, (const uint64_t[]) { 2 }, 1);
        rig_valid(&g, &c);
        ck_assert(!rig_said(&g, "send endorse"));
}
END_TEST

START_TEST(proposal_over_a_view_without_its_skip_certificate_waits_and_asks) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), c = rig_header(&g, 3, &a);

        rig_endorsed(&g, &a, NULL);
        rig_certificate(&g, QUORUM_ENDORSE, 2, &(Id) { .b = { 7 } });
        (void) rig_log(&g);
        rig_proposes(&g, &c, &a, NULL, 0);
        ck_assert(rig_said(&g, "ask 3 from 2"));
        rig_valid(&g, &c);
        ck_assert(!rig_said(&g, "endorse"));
        rig_certificate(&g, QUORUM_SKIP, 2, NULL);
        ck_assert(rig_said(&g, "judge 3"));
        rig_valid(&g, &c);
        ck_assert(rig_said(&g, "send endorse 3"));
}
END_TEST

START_TEST(proposal_that_brings_its_skip_certificates_is_endorsed) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), d = rig_header(&g, 5, &a);

        rig_endorsed(&g, &a, NULL);
        rig_proposes(&g, &d, &a, (const uint64_t[]) { 2, 3, 4 }, 3);
        ck_assert_uint_eq(g.q->view, 5);
        rig_valid(&g, &d);
        ck_assert(rig_said(&g, "send endorse 5"));
}
END_TEST

START_TEST(proposal_from_the_past_is_skipped) {
        RIG(g);
        Header a;

        g.now_sec -= 31;
        a = rig_header(&g, 1, NULL);
        g.now_sec += 31;
        rig_proposes(&g, &a, NULL, NULL, 0);
        ck_assert_str_eq(rig_log(&g), "record skip 1, send skip 1");
}
END_TEST

START_TEST(proposal_at_the_edge_of_the_past_is_endorsed) {
        RIG(g);
        Header a;

        g.now_sec -= 30;
        a = rig_header(&g, 1, NULL);
        g.now_sec += 30;
        rig_proposes(&g, &a, NULL, NULL, 0);
        g.now_sec += 5;                                 /* judged when it arrived */
        rig_valid(&g, &a);
        ck_assert(rig_said(&g, "send endorse 1"));
}
END_TEST

START_TEST(proposal_from_the_future_is_held_until_it_fits) {
        RIG(g);
        Header a;

        g.now_sec += 16;
        a = rig_header(&g, 1, NULL);
        g.now_sec -= 16;
        rig_proposes(&g, &a, NULL, NULL, 0);
        rig_valid(&g, &a);
        ck_assert(!rig_said(&g, "endorse"));
        g.now_sec++;
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_TICK });
        ck_assert(rig_said(&g, "send endorse 1"));
}
END_TEST

START_TEST(invalid_proposal_is_skipped_at_once) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);

        rig_proposes(&g, &a, NULL, NULL, 0);
        (void) rig_log(&g);
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_INVALID, .id = a.id });
        ck_assert_str_eq(rig_log(&g), "record skip 1, send skip 1");
}
END_TEST

START_TEST(proposal_that_does_not_follow_its_parent_is_skipped_at_once) {
        for (int i = 0; i < 2; i++) {
                RIG(g);
                Header a = rig_header(&g, 1, NULL), b;

                rig_endorsed(&g, &a, NULL);
                b = rig_header(&g, 2, &a);
                if (i == 0)
                        b.time = a.time - 1;
                else
                        b.height = 5;
                ck_assert_int_eq(header_set_id(&b), 0);
                (void) rig_log(&g);
                rig_proposes(&g, &b, &a, NULL, 0);
                ck_assert_str_eq(rig_log(&g), "record skip 2, send skip 2");
        }
}
END_TEST

/* --- finalize and skip --- */

START_TEST(endorse_certificate_is_finalized) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);

        rig_proposes(&g, &a, NULL, NULL, 0);
        rig_valid(&g, &a);
        (void) rig_log(&g);
        rig_says(&g, 1, QUORUM_ENDORSE, 1, &a.id);
        ck_assert_str_eq(rig_log(&g), "");
        rig_says(&g, 2, QUORUM_ENDORSE, 1, &a.id);
        ck_assert_str_eq(rig_log(&g), "record certificate-endorse 1, switch, record finalize 1, send finalize 1");
        rig_says(&g, 1, QUORUM_FINALIZE, 1, &a.id);
        rig_says(&g, 2, QUORUM_FINALIZE, 1, &a.id);
        ck_assert_str_eq(rig_log(&g), "record certificate-finalize 1, send certificate-finalize 1 to followers, final 1");
}
END_TEST

START_TEST(nothing_is_finalized_after_a_skip) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);

        rig_proposes(&g, &a, NULL, NULL, 0);
        rig_valid(&g, &a);
        rig_wait(&g, 301 * MSEC);
        ck_assert(rig_said(&g, "send skip 1"));
        rig_certificate(&g, QUORUM_ENDORSE, 1, &a.id);
        ck_assert_uint_eq(g.q->view, 2);                /* it moves on */
        ck_assert(!rig_said(&g, "finalize"));
        rig_restart(&g);                                /* nor when it has forgotten all but its record */
        ck_assert(!rig_said(&g, "finalize"));
}
END_TEST

START_TEST(nothing_is_skipped_after_a_finalize) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);
        size_t n = 0;

        rig_endorsed(&g, &a, NULL);
        ck_assert(rig_said(&g, "send finalize 1"));

        /* As if the certificate by which it went on were lost with the ledger: it is in view 1 again. */
        for (size_t i = 0; i < g.n_records; i++)
                if (strncmp(g.records[i].name, "certificate", 11) == 0)
                        free(g.records[i].line);
                else
                        g.records[n++] = g.records[i];
        g.n_records = n;
        free(g.seals[1]);
        g.height = 0;
        rig_restart(&g);
        ck_assert_uint_eq(g.q->view, 1);
        due(&g);
        rig_wait(&g, 5 * USEC_PER_SEC);
        ck_assert(!rig_said(&g, "record skip"));
}
END_TEST

START_TEST(certificate_beats_a_proposal_that_one_happens_to_hold) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b;
        _cleanup_certificate_ QuorumCertificate *cert = NULL;
        _cleanup_buf_ Buf seal = {};

        rig_proposes(&g, &a, NULL, NULL, 0);
        rig_valid(&g, &a);
        g.now_sec++;
        b = rig_header(&g, 1, NULL);
        rig_certificate(&g, QUORUM_ENDORSE, 1, &b.id);
        ck_assert(rig_said(&g, "fetch, record finalize 1"));
        ck_assert_uint_eq(g.height, 0);

        cert = quorum_world_certificate(&g.w, QUORUM_ENDORSE, 1, &b.id, 1, 3);
        ck_assert_int_eq(quorum_certificate_format_seal(cert, &seal), 0);
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_HEADER, .id = b.id, .header = &b, .seal = seal.p, .n_seal = seal.n, .from = 2 });
        ck_assert(rig_said(&g, "want"));
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_BODIES, .id = b.id });
        ck_assert(id_equal(&g.headers[1].id, &b.id));
}
END_TEST

/* --- durable before sent, and counted after that --- */

START_TEST(own_statement_counts_only_when_it_is_durable) {
        RIG(g);

        g.commits_wait = true;
        due(&g);
        rig_wait(&g, 201 * MSEC);
        ck_assert_str_eq(rig_log(&g), "record skip 1, send skip 1");
        rig_says(&g, 1, QUORUM_SKIP, 1, NULL);
        rig_says(&g, 2, QUORUM_SKIP, 1, NULL);
        ck_assert_uint_eq(g.q->view, 1);
        rig_commit(&g);
        ck_assert_uint_eq(g.q->view, 2);
}
END_TEST

START_TEST(single_authority_makes_final_blocks) {
        _cleanup_(rig_done) Rig g;

        rig_init(&g, 1, 0);
        for (uint64_t v = 1; v < 5; v++) {
                ck_assert(g.e->type->wants_candidate(g.e));
                candidate(&g);
                ck_assert_uint_eq(g.height, v);
                ck_assert(quorum_engine.seal_is_final(g.seals[v], strlen(g.seals[v])));
        }
        ck_assert(!quorum_engine.seal_is_final("", 0));
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, view_is_entered_by_a_certificate);
        tcase_add_test(t, endorsements_of_different_blocks_are_no_certificate);
        tcase_add_test(t, statement_twice_counts_once);
        tcase_add_test(t, nothing_is_skipped_without_a_reason);
        tcase_add_test(t, view_without_a_proposal_is_skipped_after_two_delta_of_due_work);
        tcase_add_test(t, timer_stops_when_nothing_is_due_any_more);
        tcase_add_test(t, skips_of_f_and_one_more_start_the_timer);
        tcase_add_test(t, view_without_a_certificate_is_skipped_after_three_delta);
        tcase_add_test(t, delta_grows_by_half_up_to_eightfold_and_is_back_with_a_final_block);
        tcase_add_test(t, leader_proposes_on_the_tip_and_records_first);
        tcase_add_test(t, nobody_else_than_the_leader_proposes);
        tcase_add_test(t, leader_does_not_propose_while_a_skip_certificate_is_missing);
        tcase_add_test(t, leader_does_not_propose_below_a_block_that_it_does_not_have);
        tcase_add_test(t, leader_who_has_skipped_proposes_no_more);
        tcase_add_test(t, proposal_is_not_made_again_after_a_restart);
        tcase_add_test(t, valid_proposal_is_endorsed_when_all_it_needs_is_on_record);
        tcase_add_test(t, second_proposal_of_a_view_is_not_endorsed);
        tcase_add_test(t, nothing_is_endorsed_after_an_endorsement_of_that_view);
        tcase_add_test(t, nothing_is_endorsed_after_a_skip);
        tcase_add_test(t, proposal_on_a_block_that_is_not_endorsed_waits);
        tcase_add_test(t, proposal_below_the_last_final_view_is_not_endorsed);
        tcase_add_test(t, proposal_over_a_view_without_its_skip_certificate_waits_and_asks);
        tcase_add_test(t, proposal_that_brings_its_skip_certificates_is_endorsed);
        tcase_add_test(t, proposal_from_the_past_is_skipped);
        tcase_add_test(t, proposal_at_the_edge_of_the_past_is_endorsed);
        tcase_add_test(t, proposal_from_the_future_is_held_until_it_fits);
        tcase_add_test(t, invalid_proposal_is_skipped_at_once);
        tcase_add_test(t, proposal_that_does_not_follow_its_parent_is_skipped_at_once);
        tcase_add_test(t, endorse_certificate_is_finalized);
        tcase_add_test(t, nothing_is_finalized_after_a_skip);
        tcase_add_test(t, nothing_is_skipped_after_a_finalize);
        tcase_add_test(t, certificate_beats_a_proposal_that_one_happens_to_hold);
        tcase_add_test(t, own_statement_counts_only_when_it_is_durable);
        tcase_add_test(t, single_authority_makes_final_blocks);
}

int main(void) {
        return run_suite("quorum-rules", add);
}
