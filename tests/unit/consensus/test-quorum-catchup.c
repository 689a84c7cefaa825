/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/line.h"
#include "quorum-rig.h"
#include "run.h"

/* Restarts, lost messages, lies, and what others are told. */

#define RIG(g) \
        _cleanup_(rig_done) Rig g; \
        rig_init(&g, 4, 0)

static void due(Rig *g) {
        rig_step(g, (EngineEvent) { .type = ENGINE_EV_DUE });
}

static void skip_one_view(Rig *g) {
        due(g);
        rig_wait(g, 5 * USEC_PER_SEC);
}

static void status(Rig *g, EngineStatus *ret) {
        g->e->type->status(g->e, ret);
}

static char* kept(Rig *g, uint64_t view, const char *name) {
        for (size_t i = 0; i < g->n_records; i++)
                if (g->records[i].view == view && streq(g->records[i].name, name))
                        return g->records[i].line;
        return NULL;
}

static void drop_record(Rig *g) {
        for (size_t i = 0; i < g->n_records; i++)
                free(g->records[i].line);
        g->n_records = 0;
}

/* --- who may sign --- */

START_TEST(authority_without_a_record_only_observes) {
        _cleanup_(rig_done) Rig g;
        EngineStatus st;
        Header a;

        rig_make(&g, 4, 0);
        g.no_record = true;
        rig_start(&g);
        rig_hear(&g, 3);
        (void) rig_log(&g);
        a = rig_header(&g, 1, NULL);
        rig_proposes(&g, &a, NULL, NULL, 0);
        due(&g);
        rig_wait(&g, USEC_PER_SEC);
        rig_certificate(&g, QUORUM_ENDORSE, 1, &a.id);
        ck_assert_str_eq(rig_log(&g), "want");
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_BODIES, .id = a.id });
        rig_certificate(&g, QUORUM_FINALIZE, 1, &a.id);
        ck_assert_str_eq(rig_log(&g), "switch, send certificate-finalize 1 to followers, final 1");
        status(&g, &st);
        ck_assert_int_eq(st.sealer, 0);
        ck_assert(!st.signing);
        ck_assert_ptr_nonnull(strstr(st.note, "authority init"));
        ck_assert_uint_eq(st.final_height, 1);
        ck_assert_uint_eq(st.final_view, 1);
}
END_TEST

START_TEST(nothing_is_signed_before_enough_others_were_heard) {
        _cleanup_(rig_done) Rig g;
        EngineStatus st;

        rig_make(&g, 4, 0);
        rig_start(&g);
        ck_assert_str_eq(rig_log(&g), "ask from 1");
        skip_one_view(&g);
        rig_hear(&g, 1);
        rig_wait(&g, USEC_PER_SEC);
        ck_assert(!rig_said(&g, "skip"));
        status(&g, &st);
        ck_assert(!st.signing);
        ck_assert_ptr_nonnull(strstr(st.note, "1 of the 2"));
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_HEARD, .from = 2, .key = *quorum_world_key(&g.w, 1) });  /* the same */
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_HEARD, .from = 9, .key = { .b = { 1 } } });              /* nobody */
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_HEARD, .from = 1, .key = *quorum_world_key(&g.w, 0) });  /* itself */
        ck_assert(!rig_said(&g, "skip"));
        rig_hear(&g, 2);
        rig_wait(&g, USEC_PER_SEC);
        ck_assert(rig_said(&g, "send skip 1"));
        status(&g, &st);
        ck_assert(st.signing);
        ck_assert_str_eq(st.note, "");
}
END_TEST

START_TEST(observer_is_no_authority) {
        _cleanup_(rig_done) Rig g;
        EngineStatus st;

        rig_make(&g, 4, 0);
        quorum_world_done(&g.w);
        quorum_world_init(&g.w, 5);
        json_free(g.w.config);
        g.w.config = json_new_object();
        {
                Json *a = json_new_array();

                for (unsigned i = 0; i < 4; i++)
                        json_add_key(a, quorum_world_key(&g.w, i));
                json_set_text(g.w.config, "type", "quorum");
                json_set_int(g.w.config, "delta_ms", 100);
                json_set(g.w.config, "authorities", a);
        }
        g.self = g.signer.number = 4;
        rig_start(&g);
        skip_one_view(&g);
        ck_assert(!rig_said(&g, "send"));
        status(&g, &st);
        ck_assert_int_eq(st.sealer, -1);
        ck_assert(!st.signing);
}
END_TEST

START_TEST(own_statement_that_is_not_on_record_stops_it) {
        RIG(g);
        EngineStatus st;
        Id block = quorum_world_id(1);

        rig_says(&g, 0, QUORUM_ENDORSE, 1, &block);     /* a restored record, or one commit too old */
        ck_assert_str_eq(rig_log(&g), "hold, alarm");
        status(&g, &st);
        ck_assert(!st.signing);
        ck_assert_ptr_nonnull(strstr(st.note, "resume"));
        skip_one_view(&g);
        ck_assert(!rig_said(&g, "skip"));
        rig_restart(&g);                                /* and it stays so */
        skip_one_view(&g);
        ck_assert(!rig_said(&g, "skip"));
}
END_TEST

START_TEST(own_signature_in_a_certificate_that_is_not_on_record_stops_it) {
        RIG(g);
        _cleanup_certificate_ QuorumCertificate *c = quorum_world_certificate(&g.w, QUORUM_SKIP, 3, NULL, 0, 3);
        _cleanup_buf_ Buf line = {};
        Why why = {};

        ck_assert_int_eq(quorum_certificate_format(c, &line), 0);
        assert_verdict(rig_line(&g, line.p, line.n, &why), 0, why);
        ck_assert(rig_said(&g, "alarm"));
        skip_one_view(&g);
        ck_assert(!rig_said(&g, "send skip"));
}
END_TEST

START_TEST(own_proposal_that_is_not_on_record_stops_it) {
        RIG(g);
        Header d = rig_header(&g, 4, NULL);

        rig_proposes(&g, &d, NULL, (const uint64_t[]) { 1, 2, 3 }, 3);
        ck_assert(rig_said(&g, "alarm"));
        ck_assert(!rig_said(&g, "send endorse"));
}
END_TEST

START_TEST(own_statement_on_record_stops_nothing) {
        RIG(g);

        skip_one_view(&g);
        ck_assert(rig_said(&g, "send skip 1"));
        rig_says(&g, 0, QUORUM_SKIP, 1, NULL);
        rig_restart(&g);
        rig_says(&g, 0, QUORUM_SKIP, 1, NULL);
        ck_assert(!rig_said(&g, "alarm"));
}
END_TEST

START_TEST(own_statement_below_the_last_final_view_stops_nothing) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);

        rig_endorsed(&g, &a, NULL);
        rig_certificate(&g, QUORUM_FINALIZE, 1, &a.id);
        (void) rig_log(&g);
        rig_says(&g, 0, QUORUM_SKIP, 1, NULL);
        ck_assert(!rig_said(&g, "alarm"));
}
END_TEST

START_TEST(resumed_authority_signs_two_views_above_what_others_report) {
        RIG(g);
        Id block = quorum_world_id(1);
        EngineStatus st;

        rig_says(&g, 0, QUORUM_ENDORSE, 1, &block);
        ck_assert(rig_said(&g, "alarm"));
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_RESUME });
        ck_assert_str_eq(rig_log(&g), "hold, ask from 1");
        rig_says(&g, 0, QUORUM_SKIP, 1, NULL);          /* taken over */
        ck_assert(rig_said(&g, "record skip 1"));
        rig_certificate(&g, QUORUM_SKIP, 4, NULL);
        rig_hear(&g, 2);
        ck_assert(!rig_said(&g, "hold"));               /* q of them */
        rig_hear(&g, 3);
        ck_assert(rig_said(&g, "hold"));
        ck_assert_uint_eq(g.q->view, 5);
        status(&g, &st);
        ck_assert_ptr_nonnull(strstr(st.note, "view 7"));

        rig_restart(&g);                                /* which is on record */
        for (uint64_t v = 5; v < 7; v++) {
                (void) rig_log(&g);
                skip_one_view(&g);
                ck_assert(!rig_said(&g, "record skip"));
                rig_certificate(&g, QUORUM_SKIP, v, NULL);
        }
        skip_one_view(&g);
        ck_assert(rig_said(&g, "send skip 7"));
}
END_TEST

START_TEST(view_that_nobody_passes_names_who_is_silent) {
        RIG(g);
        EngineStatus st;
        uint64_t since;

        status(&g, &st);
        ck_assert_uint_eq(st.overdue_usec, USEC_INFINITY);      /* nobody waits for anything */
        due(&g);
        since = g.now_usec;
        status(&g, &st);
        ck_assert_uint_eq(st.overdue_usec, since + 15 * USEC_PER_SEC);
        ck_assert_str_eq(st.silent, "0, 1, 2, 3");
        skip_one_view(&g);
        rig_says(&g, 2, QUORUM_SKIP, 1, NULL);
        status(&g, &st);
        ck_assert_uint_eq(st.overdue_usec, since + 15 * USEC_PER_SEC);
        ck_assert_uint_eq(st.n_said, 2);
        ck_assert_str_eq(st.silent, "1, 3");
        rig_says(&g, 3, QUORUM_SKIP, 1, NULL);
        due(&g);
        status(&g, &st);
        ck_assert_uint_eq(g.q->view, 2);
        ck_assert_uint_gt(st.overdue_usec, since + 15 * USEC_PER_SEC);
        ck_assert_uint_eq(st.n_said, 0);
}
END_TEST

START_TEST(a_hundred_silent_ones_are_not_all_named) {
        _cleanup_(rig_done) Rig g;
        EngineStatus st;
        size_t n;

        rig_init(&g, 100, 0);
        due(&g);
        status(&g, &st);
        n = strlen(st.silent);
        ck_assert_uint_lt(n, sizeof(st.silent));
        ck_assert_str_eq(st.silent + n - 7, "16, ...");
}
END_TEST

START_TEST(resume_that_is_cut_short_signs_nothing) {
        RIG(g);

        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_RESUME });
        rig_restart(&g);
        (void) rig_log(&g);
        skip_one_view(&g);
        ck_assert(!rig_said(&g, "skip"));
}
END_TEST

START_TEST(single_authority_resumes_on_the_operators_word) {
        _cleanup_(rig_done) Rig g;

        rig_init(&g, 1, 0);
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_RESUME });
        ck_assert(!g.q->stopped);
        due(&g);
        ck_assert(!g.e->type->wants_candidate(g.e));    /* it may have proposed in this view */
        (void) rig_log(&g);
        rig_wait(&g, 5 * g.q->config.delta_usec / 2);   /* nobody else could make it pass */
        ck_assert(rig_said(&g, "record skip 1"));
        ck_assert_uint_eq(g.q->view, 2);
        due(&g);
        ck_assert(g.e->type->wants_candidate(g.e));
}
END_TEST

START_TEST(where_all_must_sign_one_resumes_in_the_view_of_the_others) {
        for (unsigned n = 2; n <= 4; n++) {
                _cleanup_(rig_done) Rig g;
                Id block = quorum_world_id(1);

                rig_init(&g, n, 0);
                rig_step(&g, (EngineEvent) { .type = ENGINE_EV_RESUME });
                rig_hear(&g, n - 2);
                ck_assert(g.q->resuming);               /* all others, since each may hold a signature of it */
                rig_says(&g, 0, QUORUM_ENDORSE, 1, &block);
                ck_assert(rig_said(&g, "record endorse 1"));
                rig_hear(&g, n - 1);
                ck_assert(!g.q->resuming);
                (void) rig_log(&g);
                skip_one_view(&g);
                ck_assert_msg(rig_said(&g, "send skip 1") == (n < 4), "%u authorities", n);
        }
}
END_TEST

/* --- restarts --- */

START_TEST(restart_goes_on_in_the_view_that_was_entered) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);

        rig_endorsed(&g, &a, NULL);
        rig_certificate(&g, QUORUM_SKIP, 2, NULL);
        rig_certificate(&g, QUORUM_SKIP, 3, NULL);
        rig_restart(&g);
        ck_assert_uint_eq(g.q->view, 4);
        ck_assert(g.e->type->wants_candidate(g.e));     /* it has the skip certificates still */
        ck_assert_uint_eq(quorum_top_view(g.q), 1);
        ck_assert_ptr_nonnull(kept(&g, 1, "finalize"));
}
END_TEST

START_TEST(block_that_was_endorsed_can_be_connected_after_a_power_cut) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);

        rig_proposes(&g, &a, NULL, NULL, 0);
        rig_valid(&g, &a);
        rig_restart(&g);
        rig_says(&g, 1, QUORUM_ENDORSE, 1, &a.id);      /* others resend theirs, and this one's counts again */
        (void) rig_log(&g);
        rig_says(&g, 2, QUORUM_ENDORSE, 1, &a.id);
        ck_assert(rig_said(&g, "want"));
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_BODIES, .id = a.id });
        ck_assert_uint_eq(g.height, 1);
}
END_TEST

START_TEST(statements_are_sent_again_byte_for_byte) {
        RIG(g);
        _cleanup_free_ char *first = NULL;

        skip_one_view(&g);
        first = strdup(kept(&g, 1, "skip"));
        rig_restart(&g);
        (void) rig_log(&g);
        due(&g);
        rig_wait(&g, 150 * MSEC);
        ck_assert_uint_eq(g.n_sent, 3);                 /* to each that was not heard of this */
        for (size_t i = 0; i < g.n_sent; i++)
                ck_assert_str_eq(g.sent[i], first);
        ck_assert(!rig_said(&g, "record"));
}
END_TEST

START_TEST(record_of_another_authority_or_damaged_is_refused) {
        static const char *const bad[] = { "{}", "x", "{\"kind\":\"roll\"}", "{\"from\":1,\"kind\":\"hold\",\"view\":0}",
                "{\"kind\":\"skip\",\"view\":1}" };
        RIG(g);
        QuorumStatement s = quorum_world_says(&g.w, 1, QUORUM_SKIP, 1, NULL);
        _cleanup_buf_ Buf line = {};

        ck_assert_int_eq(quorum_statement_format(&s, &g.w.c, &line), 0);
        for (size_t i = 0; i <= ELEMENTSOF(bad); i++) {
                EngineLine l = i < ELEMENTSOF(bad) ? (EngineLine) { bad[i], strlen(bad[i]) } : (EngineLine) { line.p, line.n };
                EngineSetup setup = g.q->setup;
                Engine *e = NULL;

                setup.has_record = true;
                setup.record = &l;
                setup.n_record = 1;
                ck_assert_int_eq(quorum_engine.new(&e, g.w.config, &setup), -EUCLEAN);
        }
}
END_TEST

/* --- lost and late messages --- */

START_TEST(late_message_is_answered_with_the_certificate) {
        RIG(g);

        rig_certificate(&g, QUORUM_SKIP, 1, NULL);
        (void) rig_log(&g);
        rig_says(&g, 1, QUORUM_SKIP, 1, NULL);          /* the last of a view always come late */
        ck_assert(!rig_said(&g, "send"));
        rig_wait(&g, USEC_PER_SEC);
        (void) rig_log(&g);
        rig_says(&g, 1, QUORUM_SKIP, 1, NULL);
        ck_assert_str_eq(rig_log(&g), "send certificate-skip 1 to 1");
        rig_says(&g, 1, QUORUM_SKIP, 1, NULL);          /* but not as fast as it can ask */
        ck_assert_str_eq(rig_log(&g), "");
}
END_TEST

START_TEST(late_message_below_the_last_final_block_is_answered_with_that) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);

        rig_endorsed(&g, &a, NULL);
        rig_certificate(&g, QUORUM_FINALIZE, 1, &a.id);
        rig_certificate(&g, QUORUM_SKIP, 2, NULL);
        rig_wait(&g, USEC_PER_SEC);
        (void) rig_log(&g);
        rig_says(&g, 3, QUORUM_FINALIZE, 1, &a.id);
        ck_assert_str_eq(rig_log(&g), "send certificate-finalize 1 to 3, send certificate-skip 2 to 3");
}
END_TEST

START_TEST(who_repeats_itself_is_told_what_was_said_here) {
        RIG(g);

        skip_one_view(&g);
        rig_says(&g, 2, QUORUM_SKIP, 1, NULL);
        (void) rig_log(&g);
        rig_says(&g, 2, QUORUM_SKIP, 1, NULL);
        ck_assert_str_eq(rig_log(&g), "send skip 1 to 2");
}
END_TEST

START_TEST(message_beyond_the_next_view_makes_it_ask) {
        RIG(g);

        rig_says(&g, 2, QUORUM_SKIP, 2, NULL);          /* the next is collected */
        ck_assert_str_eq(rig_log(&g), "");
        rig_says(&g, 2, QUORUM_SKIP, 3, NULL);
        ck_assert_str_eq(rig_log(&g), "ask 2 from 1");
        rig_says(&g, 2, QUORUM_SKIP, 9, NULL);          /* not as often as it likes */
        ck_assert_str_eq(rig_log(&g), "");
        rig_says(&g, 3, QUORUM_SKIP, 9, NULL);          /* which is no other's loss */
        ck_assert_str_eq(rig_log(&g), "ask 3 from 1");
        ck_assert_uint_eq(g.q->n_views, 1);             /* nothing is kept of it */
}
END_TEST

START_TEST(finalize_is_sent_again_before_that_makes_work_due) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);

        rig_endorsed(&g, &a, NULL);
        (void) rig_log(&g);
        ck_assert(!g.e->type->due(g.e));
        rig_wait(&g, 150 * MSEC);
        ck_assert(rig_said(&g, "send finalize 1 to 1"));
        ck_assert(!g.e->type->due(g.e));
        rig_wait(&g, 60 * MSEC);
        ck_assert(g.e->type->due(g.e));
        rig_certificate(&g, QUORUM_FINALIZE, 1, &a.id);
        ck_assert(!g.e->type->due(g.e));
}
END_TEST

START_TEST(asker_gets_certificates_and_its_own_statements) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);
        _cleanup_buf_ Buf answer = {}, few = {};
        const char *p, *line;
        size_t n, k, lines = 0;

        rig_endorsed(&g, &a, NULL);
        rig_certificate(&g, QUORUM_FINALIZE, 1, &a.id);
        for (uint64_t v = 2; v < 6; v++)
                rig_certificate(&g, QUORUM_SKIP, v, NULL);
        rig_says(&g, 2, QUORUM_SKIP, 6, NULL);
        rig_says(&g, 3, QUORUM_SKIP, 6, NULL);

        ck_assert_int_eq(quorum_engine.certificates(g.e, 4, 100, quorum_world_key(&g.w, 2), &answer), 0);
        p = answer.p;
        n = answer.n;
        while (line_next(&p, &n, &line, &k)) {
                static const char *const expected[] = { "\"finalize\"", "\"view\":5}", "\"kind\":\"skip\"", "\"view\":4}" };
                _cleanup_free_ char *text = strndup(line, k);

                ck_assert_uint_lt(lines, ELEMENTSOF(expected));
                ck_assert_ptr_nonnull(strstr(text, expected[lines++]));
        }
        ck_assert_uint_eq(lines, 4);
        ck_assert_int_eq(quorum_engine.certificates(g.e, 1, 2, quorum_world_key(&g.w, 2), &few), 0);
        ck_assert_uint_eq(few.n, strcspn(answer.p, "\n") + 1 + strcspn(strchr(answer.p, '\n') + 1, "\n"));
}
END_TEST

START_TEST(answer_ends_at_its_limit) {
        _cleanup_(rig_done) Rig g;
        _cleanup_buf_ Buf answer = {};

        rig_make(&g, 100, 0);
        g.no_record = true;
        rig_start(&g);
        for (uint64_t v = 1; v < 45; v++)
                rig_certificate(&g, QUORUM_SKIP, v, NULL);
        ck_assert_int_eq(quorum_engine.certificates(g.e, 1, 1024, quorum_world_key(&g.w, 2), &answer), 0);
        ck_assert_uint_le(answer.n, CERTIFICATES_BYTES_MAX);
        ck_assert_uint_ge(answer.n, CERTIFICATES_BYTES_MAX - 8192);
}
END_TEST

START_TEST(link_and_whoever_is_ahead_are_asked) {
        RIG(g);

        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_LINK, .from = 3, .key = *quorum_world_key(&g.w, 2) });
        ck_assert_str_eq(rig_log(&g), "ask 2 from 1");
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_BEHIND, .from = 4 });
        ck_assert_str_eq(rig_log(&g), "ask 3 from 1");
}
END_TEST

/* --- evidence --- */

START_TEST(who_contradicts_itself_is_convicted_once) {
        RIG(g);
        Id a = quorum_world_id(1), b = quorum_world_id(2);

        rig_says(&g, 2, QUORUM_ENDORSE, 1, &a);
        ck_assert_str_eq(rig_log(&g), "");
        rig_says(&g, 2, QUORUM_SKIP, 1, NULL);          /* honest */
        ck_assert_str_eq(rig_log(&g), "");
        rig_says(&g, 2, QUORUM_ENDORSE, 1, &b);
        ck_assert_str_eq(rig_log(&g), "evidence 2");
        rig_says(&g, 2, QUORUM_FINALIZE, 1, &a);
        ck_assert_str_eq(rig_log(&g), "");
        rig_says(&g, 3, QUORUM_SKIP, 2, NULL);
        rig_says(&g, 3, QUORUM_FINALIZE, 2, &a);
        ck_assert_str_eq(rig_log(&g), "evidence 3");
}
END_TEST

START_TEST(what_a_certificate_shows_convicts_too) {
        RIG(g);
        Id a = quorum_world_id(1), b = quorum_world_id(2);

        rig_says(&g, 2, QUORUM_ENDORSE, 1, &a);
        rig_certificate(&g, QUORUM_ENDORSE, 1, &b);
        ck_assert(rig_said(&g, "evidence 2"));
}
END_TEST

START_TEST(two_certificates_of_a_view_that_has_passed_convict_all_in_both) {
        RIG(g);
        Id a = quorum_world_id(1), b = quorum_world_id(2), c = quorum_world_id(3);

        rig_certificate(&g, QUORUM_ENDORSE, 1, &a);
        rig_certificate(&g, QUORUM_ENDORSE, 2, &b);
        rig_certificate(&g, QUORUM_SKIP, 3, NULL);
        rig_certificate(&g, QUORUM_SKIP, 1, NULL);      /* honest */
        ck_assert(!rig_said(&g, "evidence"));
        rig_certificate(&g, QUORUM_ENDORSE, 1, &c);
        ck_assert(rig_said(&g, "evidence 1, evidence 2, evidence 3"));
}
END_TEST

START_TEST(second_statement_of_a_liar_counts_for_nothing) {
        RIG(g);
        Id a = quorum_world_id(1), b = quorum_world_id(2);

        rig_says(&g, 1, QUORUM_ENDORSE, 1, &a);
        rig_says(&g, 1, QUORUM_ENDORSE, 1, &b);
        rig_says(&g, 2, QUORUM_ENDORSE, 1, &b);
        rig_says(&g, 3, QUORUM_ENDORSE, 1, &b);
        ck_assert_uint_eq(g.q->view, 1);
}
END_TEST

/* --- messages that are none --- */

static int read_line(Rig *g, const char *line, size_t n) {
        Why why = {};

        return rig_line(g, line, n, &why);
}

START_TEST(message_of_another_form_is_refused) {
        static const char *const bad[] = { "", "{}", "{\"kind\":\"roll\"}", "{\"kind\":\"skip\",\"view\":1}", "{\"kind\":\"propose\"}",
                "{\"kind\":\"certificate\",\"of\":\"skip\",\"signatures\":[],\"view\":0}" };
        RIG(g);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                ck_assert_int_eq(read_line(&g, bad[i], strlen(bad[i])), V_FORM);
}
END_TEST

START_TEST(statement_by_nobody_or_forged_is_refused) {
        RIG(g);
        _cleanup_(quorum_world_done) QuorumWorld seven;
        _cleanup_buf_ Buf line = {}, forged = {};
        QuorumStatement s;

        quorum_world_init(&seven, 7);
        s = quorum_world_says(&seven, 5, QUORUM_SKIP, 1, NULL);
        ck_assert_int_eq(quorum_statement_format(&s, &seven.c, &line), 0);
        ck_assert_int_eq(read_line(&g, line.p, line.n), V_PROTOCOL);
        s = quorum_world_says(&g.w, 1, QUORUM_SKIP, 2, NULL);
        s.view = 1;
        ck_assert_int_eq(quorum_statement_format(&s, &g.w.c, &forged), 0);
        ck_assert_int_eq(read_line(&g, forged.p, forged.n), V_SIGNATURE);
}
END_TEST

START_TEST(message_that_is_too_large_is_refused) {
        RIG(g);
        _cleanup_buf_ Buf line = {};

        buf_add_text(&line, "{\"a\":\"");
        for (unsigned i = 0; i < CERTIFICATE_BYTES_MAX; i++)
                buf_add_char(&line, 'x');
        buf_add_text(&line, "\",\"kind\":\"skip\"}");
        ck_assert_int_eq(read_line(&g, line.p, line.n), V_SIZE);
}
END_TEST

/* The line with one piece put in the place of another. */
static void replace(Buf *b, const char *what, const char *by) {
        size_t size;
        _cleanup_free_ char *text = buf_take(b, &size);
        char *at = strstr(text, what);

        ck_assert_ptr_nonnull(at);
        buf_add(b, text, (size_t) (at - text));
        buf_add_text(b, by);
        buf_add_text(b, at + strlen(what));
}

START_TEST(proposal_that_contradicts_itself_is_refused) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b = rig_header(&g, 2, &a), x;
        uint64_t skips[] = { 2, 3 };

        for (int i = 0; i < 8; i++) {
                _cleanup_buf_ Buf line = {};
                int expected = V_FORM;

                x = i == 6 ? rig_header(&g, 4, &a) : b;
                rig_proposal_line(&g, &x, &a, skips, i == 6 ? 2 : 0, &line);
                switch (i) {
                case 0: replace(&line, "\"count\":0", "\"count\":1"); break;    /* of another header */
                case 1: replace(&line, "\"ids\":\"\"", "\"ids\":\"AAAA\""); break;
                case 2: replace(&line, "\"skips\":[]", "\"skips\":[1]"); break;
                case 3: replace(&line, "\"height\":2", "\"height\":3"); break;
                case 4: replace(&line, "\"of\":\"endorse\"", "\"of\":\"propose\""); break;
                case 5: replace(&line, "\"certificate\":{", "\"certificat\":{"); break;
                case 6: replace(&line, "],\"view\":3}]", "],\"view\":2}]"); break;
                case 7: replace(&line, "\"kind\":\"propose\",\"signature\"", "\"kind\":\"endorse\",\"signature\""); break;
                }
                ck_assert_msg(read_line(&g, line.p, line.n) == expected, "case %d: %s", i, verdict_name(read_line(&g, line.p, line.n)));
        }
}
END_TEST

START_TEST(proposal_by_another_than_the_leader_is_refused) {
        RIG(g);
        Header b = rig_header(&g, 2, NULL);
        _cleanup_buf_ Buf line = {}, other = {}, right = {};
        QuorumStatement s = quorum_world_says(&g.w, 3, QUORUM_PROPOSE, 2, &b.id), t = quorum_world_says(&g.w, 2, QUORUM_PROPOSE, 2, &b.id);

        rig_proposal_line(&g, &b, NULL, NULL, 0, &line);
        ck_assert_int_eq(quorum_statement_format(&s, &g.w.c, &other), 0);
        ck_assert_int_eq(quorum_statement_format(&t, &g.w.c, &right), 0);
        replace(&line, right.p, other.p);
        ck_assert_int_eq(read_line(&g, line.p, line.n), V_PROTOCOL);
}
END_TEST

START_TEST(proposal_with_a_forged_certificate_is_refused) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b = rig_header(&g, 2, &a);
        _cleanup_buf_ Buf line = {};

        rig_proposal_line(&g, &b, &a, NULL, 0, &line);
        replace(&line, "\"of\":\"endorse\"", "\"of\":\"finalize\"");
        ck_assert_int_eq(read_line(&g, line.p, line.n), V_SIGNATURE);
        ck_assert_uint_eq(g.q->view, 1);
}
END_TEST

START_TEST(what_is_known_is_not_checked_again) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b = rig_header(&g, 2, &a);
        _cleanup_buf_ Buf line = {};
        EngineMessage *m = NULL;
        SigCheck *checks = NULL;
        size_t n = 0;
        Why why = {};

        rig_endorsed(&g, &a, NULL);
        rig_proposal_line(&g, &b, &a, NULL, 0, &line);
        assert_verdict(quorum_engine.message_read(g.e, line.p, line.n, &m, &checks, &n, &why), 0, why);
        ck_assert_uint_eq(n, 1);
        sig_check_done(&checks[0]);
        free(checks);
        quorum_engine.message_free(m);
        buf_reset(&line);
        {
                _cleanup_certificate_ QuorumCertificate *c = quorum_world_certificate(&g.w, QUORUM_ENDORSE, 1, &a.id, 1, 3);

                ck_assert_int_eq(quorum_certificate_format(c, &line), 0);
        }
        ck_assert_int_eq(read_line(&g, line.p, line.n), V_DUPLICATE);
}
END_TEST

START_TEST(certificate_that_was_known_when_it_was_read_proves_nothing_later) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b = rig_header(&g, 2, &a);
        _cleanup_buf_ Buf line = {};
        EngineMessage *m = NULL;
        SigCheck *checks = NULL;
        size_t n = 0;
        Why why = {};

        rig_endorsed(&g, &a, NULL);
        rig_proposal_line(&g, &b, &a, NULL, 0, &line);
        assert_verdict(quorum_engine.message_read(g.e, line.p, line.n, &m, &checks, &n, &why), 0, why);
        drop_record(&g);                                /* the engine is made anew meanwhile, without it */
        free(g.seals[1]);
        g.height = 0;
        rig_restart(&g);
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_MESSAGE, .message = m, .from = 3 });
        ck_assert_uint_eq(g.q->view, 1);
        ck_assert_ptr_null(quorum_certificate_held(g.q, QUORUM_ENDORSE, 1, NULL));
        sig_check_done(&checks[0]);
        free(checks);
        quorum_engine.message_free(m);
}
END_TEST

/* --- blocks --- */

static int judge(Rig *g, const Header *h, QuorumKind of, Why *why) {
        SigCheck checks[ENGINE_SIGNATURES_MAX] = {};
        _cleanup_certificate_ QuorumCertificate *c = quorum_world_certificate(&g->w, of, h->value, &h->id, 1, 3);
        _cleanup_buf_ Buf seal = {};
        size_t n = 0;
        int r;

        ck_assert_int_eq(quorum_certificate_format_seal(c, &seal), 0);
        r = g->e->type->check_seal(g->e, h, seal.p, seal.n, checks, ENGINE_SIGNATURES_MAX, &n, why);
        ck_assert_uint_eq(n, r == 0 || r == V_ORPHAN ? 3 : 0);
        for (size_t i = 0; i < n; i++)
                sig_check_done(&checks[i]);
        if (r == 0)
                rig_step(g, (EngineEvent) { .type = ENGINE_EV_HEADER, .id = h->id, .header = h, .seal = seal.p, .n_seal = seal.n, .from = 2 });
        return r;
}

START_TEST(blocks_are_judged_on_their_parents) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b = rig_header(&g, 3, &a), c = rig_header(&g, 6, &b), late, bad;
        Why why = {};

        assert_verdict(judge(&g, &b, QUORUM_ENDORSE, &why), V_ORPHAN, why);
        assert_verdict(judge(&g, &a, QUORUM_ENDORSE, &why), 0, why);
        assert_verdict(judge(&g, &a, QUORUM_ENDORSE, &why), V_DUPLICATE, why);
        bad = rig_header(&g, 3, &a);
        bad.time = a.time - 1;
        ck_assert_int_eq(header_set_id(&bad), 0);
        assert_verdict(judge(&g, &bad, QUORUM_ENDORSE, &why), V_BLOCK, why);
        bad = rig_header(&g, 3, &a);
        bad.height = 3;
        ck_assert_int_eq(header_set_id(&bad), 0);
        assert_verdict(judge(&g, &bad, QUORUM_ENDORSE, &why), V_BLOCK, why);
        assert_verdict(judge(&g, &b, QUORUM_FINALIZE, &why), 0, why);
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_BODIES, .id = b.id });
        ck_assert_uint_eq(g.height, 2);
        late = rig_header(&g, 2, NULL);
        assert_verdict(judge(&g, &late, QUORUM_ENDORSE, &why), V_LATE, why);
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_INVALID, .id = c.id });
        assert_verdict(judge(&g, &c, QUORUM_ENDORSE, &why), 0, why);
}
END_TEST

START_TEST(certificate_of_a_block_that_was_endorsed_here_is_fetched) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b = rig_header(&g, 2, &a);
        Why why = {};

        rig_proposes(&g, &a, NULL, NULL, 0);            /* it is here, and nobody has heard of its certificate */
        rig_valid(&g, &a);
        assert_verdict(judge(&g, &b, QUORUM_FINALIZE, &why), 0, why);
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_BODIES, .id = b.id });
        (void) rig_log(&g);
        rig_wait(&g, 10 * USEC_PER_SEC);
        ck_assert(rig_said(&g, "fetch"));
        ck_assert_uint_eq(g.height, 0);
        rig_certificate(&g, QUORUM_ENDORSE, 1, &a.id);
        ck_assert_uint_eq(g.height, 2);
}
END_TEST

START_TEST(final_block_makes_its_ancestors_final) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b = rig_header(&g, 2, &a);
        EngineStatus st;

        rig_endorsed(&g, &a, NULL);
        rig_endorsed(&g, &b, &a);
        (void) rig_log(&g);
        status(&g, &st);
        ck_assert_uint_eq(st.final_height, 0);
        rig_certificate(&g, QUORUM_FINALIZE, 2, &b.id);
        ck_assert(rig_said(&g, "final 2"));
        ck_assert(quorum_engine.seal_is_final(g.seals[2], strlen(g.seals[2])));
        ck_assert(!quorum_engine.seal_is_final(g.seals[1], strlen(g.seals[1])));
        rig_restart(&g);
        status(&g, &st);
        ck_assert_uint_eq(st.final_height, 2);
        drop_record(&g);                                /* known from the seals alone */
        rig_restart(&g);
        status(&g, &st);
        ck_assert_uint_eq(st.final_height, 2);
        ck_assert_uint_eq(st.view, 3);
}
END_TEST

/* Of the next view, in which the signature of its leader is all that a header needs. */
START_TEST(proposals_far_above_leave_nothing_behind_a_final_block) {
        RIG(g);
        Header parent = {};

        for (uint64_t view = 1; view < 40; view += 4) {        /* this one leads neither that nor the next */
                Header a = rig_header(&g, view, view > 1 ? &parent : NULL), far = rig_header(&g, view + 1, &a);

                rig_proposes(&g, &a, view > 1 ? &parent : NULL, NULL, 0);
                far.height = HEIGHT_MAX;
                ck_assert_int_eq(header_set_id(&far), 0);
                rig_proposes(&g, &far, &a, NULL, 0);
                ck_assert_ptr_nonnull(quorum_block_find(g.q, &far.id));
                rig_valid(&g, &a);
                rig_certificate(&g, QUORUM_FINALIZE, view, &a.id);
                for (uint64_t v = view + 1; v < view + 4; v++)
                        rig_certificate(&g, QUORUM_SKIP, v, NULL);
                ck_assert_uint_eq(g.q->root->header.value, view);
                ck_assert_uint_le(g.q->n_blocks, 2);    /* the root, and what may be its child */
                parent = a;
        }
}
END_TEST

/* q have lied. Until then the view of b is below that of the last final block, and its height above. */
START_TEST(two_final_blocks_are_an_alarm_when_the_chain_comes_to_their_height) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b = rig_header(&g, 2, &a), c = rig_header(&g, 3, NULL), d = rig_header(&g, 5, &c);

        rig_proposes(&g, &a, NULL, NULL, 0);
        rig_certificate(&g, QUORUM_ENDORSE, 1, &a.id);
        rig_proposes(&g, &b, &a, NULL, 0);
        rig_certificate(&g, QUORUM_FINALIZE, 2, &b.id);
        rig_proposes(&g, &c, NULL, (uint64_t[]) { 1, 2 }, 2);
        rig_valid(&g, &c);
        (void) rig_log(&g);
        rig_certificate(&g, QUORUM_FINALIZE, 3, &c.id);
        ck_assert_uint_eq(g.q->root->header.value, 3);
        ck_assert(!rig_said(&g, "alarm"));
        rig_certificate(&g, QUORUM_SKIP, 4, NULL);
        rig_proposes(&g, &d, &c, NULL, 0);
        rig_valid(&g, &d);
        (void) rig_log(&g);
        rig_certificate(&g, QUORUM_FINALIZE, 5, &d.id);
        ck_assert(rig_said(&g, "alarm"));
        ck_assert_ptr_null(quorum_block_find(g.q, &b.id));
}
END_TEST

START_TEST(record_is_forgotten_below_a_final_block) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b = rig_header(&g, 2, &a);

        rig_endorsed(&g, &a, NULL);
        ck_assert_ptr_nonnull(kept(&g, 1, "endorse"));
        rig_endorsed(&g, &b, &a);
        rig_certificate(&g, QUORUM_FINALIZE, 2, &b.id);
        ck_assert_ptr_null(kept(&g, 1, "endorse"));
        ck_assert_ptr_nonnull(kept(&g, 2, "endorse"));
        ck_assert_ptr_nonnull(kept(&g, 2, "certificate-finalize"));
        rig_restart(&g);
        ck_assert_uint_eq(g.q->view, 3);
}
END_TEST

START_TEST(tip_moves_to_the_endorsed_block_of_the_highest_view) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b = rig_header(&g, 2, &a), c = rig_header(&g, 3, &a);

        rig_endorsed(&g, &a, NULL);
        rig_endorsed(&g, &b, &a);
        rig_certificate(&g, QUORUM_SKIP, 2, NULL);      /* endorsed and skipped: its successor may stand beside it */
        rig_endorsed(&g, &c, &a);
        ck_assert_uint_eq(g.height, 2);
        ck_assert(id_equal(&g.headers[2].id, &c.id));
}
END_TEST

START_TEST(certified_block_that_is_invalid_is_an_alarm_and_not_followed) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL);
        Why why = {};

        assert_verdict(judge(&g, &a, QUORUM_ENDORSE, &why), 0, why);
        (void) rig_log(&g);
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_INVALID, .id = a.id });
        ck_assert_str_eq(rig_log(&g), "alarm");
        rig_step(&g, (EngineEvent) { .type = ENGINE_EV_BODIES, .id = a.id });
        ck_assert_uint_eq(g.height, 0);
}
END_TEST

START_TEST(audit_checks_each_block_on_the_one_before) {
        RIG(g);
        Header a = rig_header(&g, 1, NULL), b = rig_header(&g, 2, &a), x;
        SigCheck checks[ENGINE_SIGNATURES_MAX] = {};
        Why why = {};

        rig_endorsed(&g, &a, NULL);
        for (int i = 0; i < 3; i++) {
                _cleanup_certificate_ QuorumCertificate *c = NULL;
                _cleanup_buf_ Buf seal = {};
                size_t n = 0;

                x = b;
                if (i == 1)
                        x.time = a.time - 1;
                if (i == 2)
                        x.parent = g.w.network;
                ck_assert_int_eq(header_set_id(&x), 0);
                c = quorum_world_certificate(&g.w, QUORUM_ENDORSE, 2, &x.id, 1, 3);
                ck_assert_int_eq(quorum_certificate_format_seal(c, &seal), 0);
                assert_verdict(quorum_engine.audit(g.w.config, &g.q->setup, &x, seal.p, seal.n, checks, ENGINE_SIGNATURES_MAX, &n, &why),
                                i == 0 ? 0 : V_BLOCK, why);
                ck_assert_uint_eq(n, i == 0 ? 3 : 0);
                while (n > 0)
                        sig_check_done(&checks[--n]);
        }
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, authority_without_a_record_only_observes);
        tcase_add_test(t, nothing_is_signed_before_enough_others_were_heard);
        tcase_add_test(t, observer_is_no_authority);
        tcase_add_test(t, own_statement_that_is_not_on_record_stops_it);
        tcase_add_test(t, own_signature_in_a_certificate_that_is_not_on_record_stops_it);
        tcase_add_test(t, own_proposal_that_is_not_on_record_stops_it);
        tcase_add_test(t, own_statement_on_record_stops_nothing);
        tcase_add_test(t, own_statement_below_the_last_final_view_stops_nothing);
        tcase_add_test(t, resumed_authority_signs_two_views_above_what_others_report);
        tcase_add_test(t, view_that_nobody_passes_names_who_is_silent);
        tcase_add_test(t, a_hundred_silent_ones_are_not_all_named);
        tcase_add_test(t, resume_that_is_cut_short_signs_nothing);
        tcase_add_test(t, single_authority_resumes_on_the_operators_word);
        tcase_add_test(t, where_all_must_sign_one_resumes_in_the_view_of_the_others);
        tcase_add_test(t, restart_goes_on_in_the_view_that_was_entered);
        tcase_add_test(t, block_that_was_endorsed_can_be_connected_after_a_power_cut);
        tcase_add_test(t, statements_are_sent_again_byte_for_byte);
        tcase_add_test(t, record_of_another_authority_or_damaged_is_refused);
        tcase_add_test(t, late_message_is_answered_with_the_certificate);
        tcase_add_test(t, late_message_below_the_last_final_block_is_answered_with_that);
        tcase_add_test(t, who_repeats_itself_is_told_what_was_said_here);
        tcase_add_test(t, message_beyond_the_next_view_makes_it_ask);
        tcase_add_test(t, finalize_is_sent_again_before_that_makes_work_due);
        tcase_add_test(t, asker_gets_certificates_and_its_own_statements);
        tcase_add_test(t, answer_ends_at_its_limit);
        tcase_add_test(t, link_and_whoever_is_ahead_are_asked);
        tcase_add_test(t, who_contradicts_itself_is_convicted_once);
        tcase_add_test(t, what_a_certificate_shows_convicts_too);
        tcase_add_test(t, two_certificates_of_a_view_that_has_passed_convict_all_in_both);
        tcase_add_test(t, second_statement_of_a_liar_counts_for_nothing);
        tcase_add_test(t, message_of_another_form_is_refused);
        tcase_add_test(t, statement_by_nobody_or_forged_is_refused);
        tcase_add_test(t, message_that_is_too_large_is_refused);
        tcase_add_test(t, proposal_that_contradicts_itself_is_refused);
        tcase_add_test(t, proposal_by_another_than_the_leader_is_refused);
        tcase_add_test(t, proposal_with_a_forged_certificate_is_refused);
        tcase_add_test(t, what_is_known_is_not_checked_again);
        tcase_add_test(t, certificate_that_was_known_when_it_was_read_proves_nothing_later);
        tcase_add_test(t, blocks_are_judged_on_their_parents);
        tcase_add_test(t, certificate_of_a_block_that_was_endorsed_here_is_fetched);
        tcase_add_test(t, final_block_makes_its_ancestors_final);
        tcase_add_test(t, proposals_far_above_leave_nothing_behind_a_final_block);
        tcase_add_test(t, two_final_blocks_are_an_alarm_when_the_chain_comes_to_their_height);
        tcase_add_test(t, record_is_forgotten_below_a_final_block);
        tcase_add_test(t, tip_moves_to_the_endorsed_block_of_the_highest_view);
        tcase_add_test(t, certified_block_that_is_invalid_is_an_alarm_and_not_followed);
        tcase_add_test(t, audit_checks_each_block_on_the_one_before);
}

int main(void) {
        return run_suite("quorum-catchup", add);
}
