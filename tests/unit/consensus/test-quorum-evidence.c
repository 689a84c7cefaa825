/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/quorum-evidence.h"
#include "quorum-world.h"
#include "run.h"

#define WORLD(w, n) \
        _cleanup_(quorum_world_done) QuorumWorld w; \
        quorum_world_init(&w, n)

#define A(w, kind, view, block) quorum_world_says(&(w), 2, QUORUM_##kind, view, block)

/* Formats and judges it. *ret_valid: both signatures are. */
static int judge(const QuorumWorld *w, const QuorumStatement *a, const QuorumStatement *b, Key *ret_key, bool *ret_valid, Why *why) {
        _cleanup_buf_ Buf line = {};
        SigCheck checks[2] = {};
        int r;

        ck_assert_int_eq(quorum_evidence_format(a, b, &w->c, &line), 0);
        ck_assert_uint_le(line.n, EVIDENCE_BYTES_MAX);
        r = quorum_evidence(w->config, &w->network, line.p, line.n, ret_key, checks, why);
        if (r != 0)
                return r;
        *ret_valid = true;
        for (int i = 0; i < 2; i++) {
                sig_check_run(&checks[i]);
                *ret_valid = *ret_valid && checks[i].valid;
                sig_check_done(&checks[i]);
        }
        return 0;
}

START_TEST(two_that_contradict_each_other_convict) {
        WORLD(w, 4);
        Id x = quorum_world_id(1), y = quorum_world_id(2);
        QuorumStatement pairs[][2] = {
                { A(w, PROPOSE, 6, &x), A(w, PROPOSE, 6, &y) },
                { A(w, ENDORSE, 6, &x), A(w, ENDORSE, 6, &y) },
                { A(w, FINALIZE, 6, &x), A(w, FINALIZE, 6, &y) },
                { A(w, SKIP, 6, NULL), A(w, FINALIZE, 6, &x) },
                { A(w, FINALIZE, 6, &x), A(w, SKIP, 6, NULL) },
        };

        for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
                bool valid;
                Why why = {};
                Key k = {};

                ck_assert(quorum_statements_convict(&pairs[i][0], &pairs[i][1]));
                assert_verdict(judge(&w, &pairs[i][0], &pairs[i][1], &k, &valid, &why), 0, why);
                ck_assert(valid);
                ck_assert(key_equal(&k, quorum_world_key(&w, 2)));
        }
}
END_TEST

START_TEST(what_honest_authorities_say_convicts_nobody) {
        WORLD(w, 4);
        Id x = quorum_world_id(1), y = quorum_world_id(2);
        QuorumStatement pairs[][2] = {
                { A(w, ENDORSE, 6, &x), A(w, SKIP, 6, NULL) },
                { A(w, ENDORSE, 6, &x), A(w, FINALIZE, 6, &y) },
                { A(w, ENDORSE, 6, &x), A(w, ENDORSE, 6, &x) },
                { A(w, SKIP, 6, NULL), A(w, SKIP, 6, NULL) },
                { A(w, PROPOSE, 6, &x), A(w, ENDORSE, 6, &y) },
                { A(w, PROPOSE, 6, &x), A(w, SKIP, 6, NULL) },
                { A(w, ENDORSE, 6, &x), A(w, ENDORSE, 7, &y) },                         /* of two views */
                { A(w, SKIP, 6, NULL), A(w, FINALIZE, 7, &x) },
                { A(w, ENDORSE, 6, &x), quorum_world_says(&w, 1, QUORUM_ENDORSE, 6, &y) },  /* by two */
        };

        for (size_t i = 0; i < ELEMENTSOF(pairs); i++)
                ck_assert_msg(!quorum_statements_convict(&pairs[i][0], &pairs[i][1]), "pair %zu", i);
}
END_TEST

START_TEST(evidence_that_convicts_nobody_is_refused) {
        WORLD(w, 4);
        Id x = quorum_world_id(1);
        QuorumStatement a = A(w, ENDORSE, 6, &x), b = A(w, SKIP, 6, NULL);
        _cleanup_buf_ Buf line = {};
        SigCheck checks[2] = {};
        Why why = {};
        Key k;

        buf_add_text(&line, "{\"first\":");
        ck_assert_int_eq(quorum_statement_format(&a, &w.c, &line), 0);
        buf_add_text(&line, ",\"kind\":\"evidence\",\"second\":");
        ck_assert_int_eq(quorum_statement_format(&b, &w.c, &line), 0);
        buf_add_text(&line, "}");
        assert_verdict(quorum_evidence(w.config, &w.network, line.p, line.n, &k, checks, &why), V_PROTOCOL, why);
}
END_TEST

START_TEST(same_two_statements_are_one_record) {
        WORLD(w, 4);
        Id x = quorum_world_id(1), y = quorum_world_id(2);
        QuorumStatement a = A(w, ENDORSE, 6, &x), b = A(w, ENDORSE, 6, &y);
        _cleanup_buf_ Buf ab = {}, ba = {}, wrong = {};
        SigCheck checks[2] = {};
        Why why = {};
        Key k;

        ck_assert_int_eq(quorum_evidence_format(&a, &b, &w.c, &ab), 0);
        ck_assert_int_eq(quorum_evidence_format(&b, &a, &w.c, &ba), 0);
        ck_assert_str_eq(ab.p, ba.p);
        buf_add_text(&wrong, "{\"first\":");
        ck_assert_int_eq(quorum_statement_format(&b, &w.c, &wrong), 0);
        buf_add_text(&wrong, ",\"kind\":\"evidence\",\"second\":");
        ck_assert_int_eq(quorum_statement_format(&a, &w.c, &wrong), 0);
        buf_add_text(&wrong, "}");
        assert_verdict(quorum_evidence(w.config, &w.network, wrong.p, wrong.n, &k, checks, &why), V_FORM, why);
}
END_TEST

START_TEST(forged_evidence_does_not_verify) {
        WORLD(w, 4);
        WORLD(other, 4);
        Id x = quorum_world_id(1), y = quorum_world_id(2);
        QuorumStatement a = A(w, ENDORSE, 6, &x), b = A(w, ENDORSE, 6, &y), c = b;
        bool valid;
        Why why = {};
        Key k;

        c.signature = a.signature;
        assert_verdict(judge(&w, &a, &c, &k, &valid, &why), 0, why);
        ck_assert(!valid);
        other.network = quorum_world_id(77);
        c = A(other, ENDORSE, 6, &y);
        assert_verdict(judge(&w, &a, &c, &k, &valid, &why), 0, why);
        ck_assert(!valid);
        c = quorum_world_says(&w, 1, QUORUM_ENDORSE, 6, &y);
        c.signer = 2;
        assert_verdict(judge(&w, &a, &c, &k, &valid, &why), 0, why);
        ck_assert(!valid);
}
END_TEST

START_TEST(evidence_of_another_form_is_refused) {
        static const char *const bad[] = { "", "{}", "{\"first\":{},\"kind\":\"evidence\",\"second\":{}}",
                "{\"first\":{\"kind\":\"roll\"},\"kind\":\"evidence\",\"second\":{}}",
                "{\"first\":{\"kind\":\"skip\"},\"kind\":\"evidence\",\"second\":{}}",
                "{\"first\":{\"kind\":\"skip\"},\"kind\":\"skip\",\"second\":{}}", };
        WORLD(w, 4);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                SigCheck checks[2] = {};
                Why why = {};
                Key k;

                assert_verdict(quorum_evidence(w.config, &w.network, bad[i], strlen(bad[i]), &k, checks, &why), V_FORM, why);
        }
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, two_that_contradict_each_other_convict);
        tcase_add_test(t, what_honest_authorities_say_convicts_nobody);
        tcase_add_test(t, evidence_that_convicts_nobody_is_refused);
        tcase_add_test(t, same_two_statements_are_one_record);
        tcase_add_test(t, forged_evidence_does_not_verify);
        tcase_add_test(t, evidence_of_another_form_is_refused);
}

int main(void) {
        return run_suite("quorum-evidence", add);
}
