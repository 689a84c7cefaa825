/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "votectl/evidence.h"

#include "../consensus/quorum-world.h"
#include "../consensus/run.h"
#include "consensus/quorum-evidence.h"

#define WORLD(w, n) \
        _cleanup_(quorum_world_done) QuorumWorld w; \
        quorum_world_init(&w, n)

static int check(const QuorumWorld *w, const Id *network, const char *line, size_t n, EvidenceFacts *ret, Why *why) {
        return evidence_check(engine_type_find("quorum"), w->config, network, line, n, ret, why);
}

static void make_line(const QuorumWorld *w, QuorumKind a, QuorumKind b, Buf *ret) {
        Id x = quorum_world_id(1), y = quorum_world_id(2);
        QuorumStatement first = quorum_world_says(w, 2, a, 6, a == QUORUM_SKIP ? NULL : &x),
                        second = quorum_world_says(w, 2, b, 6, b == QUORUM_SKIP ? NULL : &y);

        ck_assert_int_eq(quorum_evidence_format(&first, &second, &w->c, ret), 0);
}

START_TEST(it_says_whom_a_line_convicts_and_of_what) {
        static const struct { QuorumKind a, b; const char *what; } cases[] = {
                { QUORUM_PROPOSE, QUORUM_PROPOSE, "proposed two blocks in view 6" },
                { QUORUM_ENDORSE, QUORUM_ENDORSE, "endorsed two blocks in view 6" },
                { QUORUM_FINALIZE, QUORUM_FINALIZE, "finalized two blocks in view 6" },
                { QUORUM_SKIP, QUORUM_FINALIZE, "skipped view 6 and finalized a block in it" },
                { QUORUM_FINALIZE, QUORUM_SKIP, "skipped view 6 and finalized a block in it" },
        };
        WORLD(w, 4);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_buf_ Buf line = {};
                EvidenceFacts f;
                Why why = {};

                make_line(&w, cases[i].a, cases[i].b, &line);
                assert_verdict(check(&w, &w.network, line.p, line.n, &f, &why), 0, why);
                ck_assert_str_eq(f.what, cases[i].what);
                ck_assert(key_equal(&f.key, quorum_world_key(&w, 2)));
                ck_assert_int_eq(f.authority, 2);
                ck_assert_uint_eq(f.view, 6);
        }
}
END_TEST

START_TEST(a_line_of_another_network_convicts_nobody) {
        _cleanup_buf_ Buf line = {};
        WORLD(w, 4);
        Id other = w.network;
        EvidenceFacts f;
        Why why = {};

        other.b[0] ^= 1;
        make_line(&w, QUORUM_ENDORSE, QUORUM_ENDORSE, &line);
        assert_verdict(check(&w, &other, line.p, line.n, &f, &why), V_SIGNATURE, why);
        ck_assert_ptr_nonnull(strstr(why.text, "\"first\""));
}
END_TEST

/* Every byte of the line counts. */
START_TEST(a_line_that_was_changed_convicts_nobody) {
        _cleanup_buf_ Buf line = {};
        WORLD(w, 4);
        EvidenceFacts f;

        make_line(&w, QUORUM_ENDORSE, QUORUM_ENDORSE, &line);
        for (size_t i = 0; i < line.n; i++) {
                line.p[i] ^= 1;
                ck_assert_msg(check(&w, &w.network, line.p, line.n, &f, NULL) > 0, "byte %zu", i);
                line.p[i] ^= 1;
        }
        ck_assert_int_eq(check(&w, &w.network, line.p, line.n, &f, NULL), 0);
        ck_assert_int_eq(check(&w, &w.network, line.p, line.n - 1, &f, NULL), V_FORM);
}
END_TEST

START_TEST(an_engine_without_authorities_convicts_nobody) {
        EvidenceFacts f;
        Why why = {};

        assert_verdict(evidence_check(engine_type_find("pow"), NULL, &(Id) {}, "{}", 2, &f, &why), V_PROTOCOL, why);
        ck_assert_ptr_nonnull(strstr(why.text, "pow"));
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, it_says_whom_a_line_convicts_and_of_what);
        tcase_add_test(t, a_line_of_another_network_convicts_nobody);
        tcase_add_test(t, a_line_that_was_changed_convicts_nobody);
        tcase_add_test(t, an_engine_without_authorities_convicts_nobody);
}

int main(void) {
        return run_suite("evidence", add);
}
