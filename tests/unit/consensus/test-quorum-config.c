/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/hex.h"
#include "codec/line.h"
#include "consensus/quorum-config.h"
#include "quorum-world.h"
#include "run.h"

#define WORLD(w, n) \
        _cleanup_(quorum_world_done) QuorumWorld w; \
        quorum_world_init(&w, n)

START_TEST(faults_and_quorum_follow_from_the_number_of_authorities) {
        static const struct { unsigned n, f, q; } cases[] = {
                { 1, 0, 1 }, { 2, 0, 2 }, { 3, 0, 3 }, { 4, 1, 3 }, { 6, 1, 5 }, { 7, 2, 5 }, { 10, 3, 7 }, { 13, 4, 9 }, { 100, 33, 67 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                WORLD(w, cases[i].n);

                ck_assert_uint_eq(w.c.f, cases[i].f);
                ck_assert_uint_eq(w.c.q, cases[i].q);
                ck_assert_uint_gt(2 * w.c.q, w.c.n + w.c.f);      /* two quorums share an honest one */
                ck_assert_int_eq(quorum_config_check(w.config, NULL), 0);
                ck_assert_uint_eq(w.c.delta_usec, 100000);
        }
}
END_TEST

START_TEST(leaders_take_turns) {
        WORLD(w, 4);

        for (uint64_t v = 1; v < 12; v++)
                ck_assert_uint_eq(quorum_leader(&w.c, v), v % 4);
}
END_TEST

START_TEST(authorities_are_known_by_their_keys) {
        WORLD(w, 7);

        for (unsigned i = 0; i < 7; i++)
                ck_assert_int_eq(quorum_config_number(&w.c, quorum_world_key(&w, i)), (int) i);
        ck_assert_int_eq(quorum_config_number(&w.c, &(Key) { .b = { 1 } }), -1);
}
END_TEST

START_TEST(engine_object_that_breaks_a_rule_is_refused) {
        static const char *const keys[] = {
                "{\"authorities\":[],\"delta_ms\":1000,\"type\":\"quorum\"}",
                "{\"delta_ms\":1000,\"type\":\"quorum\"}",
                "{\"authorities\":[K],\"delta_ms\":49,\"type\":\"quorum\"}",
                "{\"authorities\":[K],\"delta_ms\":10001,\"type\":\"quorum\"}",
                "{\"authorities\":[K],\"type\":\"quorum\"}",
                "{\"authorities\":[K],\"delta_ms\":1000,\"type\":\"pow\"}",
                "{\"authorities\":[K,K],\"delta_ms\":1000,\"type\":\"quorum\"}",
                "{\"authorities\":[K],\"confirmations\":6,\"delta_ms\":1000,\"type\":\"quorum\"}",
                "{\"authorities\":[1],\"delta_ms\":1000,\"type\":\"quorum\"}",
        };
        WORLD(w, 1);

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                _cleanup_buf_ Buf line = {};
                _cleanup_json_ Json *o = NULL;
                Why why = {};

                for (const char *p = keys[i]; *p; p++)
                        if (*p == 'K')
                                buf_printf(&line, "\"%s\"", key_hex(quorum_world_key(&w, 0), (char[ID_HEX]) {}));
                        else
                                buf_add_char(&line, *p);
                assert_verdict(line_parse(&o, line.p, line.n, 4096, &why), 0, why);
                assert_verdict(quorum_config_check(o, &why), V_FORM, why);
        }
}
END_TEST

START_TEST(key_that_is_none_is_refused) {
        _cleanup_json_ Json *o = json_new_object();
        Json *a = json_new_array();
        Why why = {};

        json_add_key(a, &(Key) { .b = { 1 } });         /* the identity */
        json_set_text(o, "type", "quorum");
        json_set_int(o, "delta_ms", 1000);
        json_set(o, "authorities", a);
        assert_verdict(quorum_config_check(o, &why), V_KEY, why);
}
END_TEST

START_TEST(hundred_and_one_authorities_are_refused) {
        WORLD(w, 100);
        _cleanup_json_ Json *o = json_new_object();
        Json *a = json_new_array();
        Why why = {};

        for (unsigned i = 0; i < 100; i++)
                json_add_key(a, quorum_world_key(&w, i));
        json_add_key(a, quorum_world_key(&w, 0));
        json_set_text(o, "type", "quorum");
        json_set_int(o, "delta_ms", 1000);
        json_set(o, "authorities", a);
        assert_verdict(quorum_config_check(o, &why), V_FORM, why);
}
END_TEST

START_TEST(least_grace_covers_the_dead_leaders) {
        WORLD(one, 1);
        WORLD(four, 4);
        WORLD(hundred, 100);

        ck_assert_uint_eq(quorum_config_grace_least(one.config), 30);
        ck_assert_uint_eq(quorum_config_grace_least(four.config), 32);  /* 1.6 s, rounded up */
        ck_assert_uint_eq(quorum_config_grace_least(hundred.config), 83);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, faults_and_quorum_follow_from_the_number_of_authorities);
        tcase_add_test(t, leaders_take_turns);
        tcase_add_test(t, authorities_are_known_by_their_keys);
        tcase_add_test(t, engine_object_that_breaks_a_rule_is_refused);
        tcase_add_test(t, key_that_is_none_is_refused);
        tcase_add_test(t, hundred_and_one_authorities_are_refused);
        tcase_add_test(t, least_grace_covers_the_dead_leaders);
}

int main(void) {
        return run_suite("quorum-config", add);
}
