/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/hash.h"
#include "ledger/genesis.h"
#include "run.h"
#include "voted/limits.h"

/* RFC 8032, 7.1, tests 1 to 3. */
#define KEY1 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define KEY2 "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
#define KEY3 "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
#define NO_POINT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define ADMINS "{\"approvals\":1,\"keys\":[\"" KEY1 "\"]}"
#define POW "{\"confirmations\":6,\"difficulty\":1000,\"interval\":10,\"type\":\"pow\"}"
#define LINE(admins, created, engine, kind, limits, name, rules) \
        "{\"admins\":" admins ",\"created\":" created ",\"engine\":" engine ",\"kind\":" kind ",\"limits\":" limits \
        ",\"name\":" name ",\"rules\":" rules "}"
#define LIMITS(limits) LINE(ADMINS, "1700000000", POW, "\"genesis\"", limits, "\"club\"", "1")
#define ENGINE(engine) LINE(ADMINS, "1700000000", engine, "\"genesis\"", "{}", "\"club\"", "1")

static int parse(Genesis **ret, const char *line, Why *why) {
        return genesis_parse(ret, line, strlen(line), why);
}

START_TEST(defaults_are_filled_in) {
        _cleanup_(genesis_freep) Genesis *g = NULL;
        const char *line = LIMITS("{}");
        char hex[ID_HEX];
        Why why = {};
        Id id;

        assert_verdict(parse(&g, line, &why), 0, why);
        hash_bytes(&id, line, strlen(line));
        ck_assert(id_equal(&g->network, &id));
        ck_assert_uint_eq(g->n_line, strlen(line));
        ck_assert_str_eq(g->line, line);
        ck_assert_str_eq(g->name, "club");
        ck_assert_uint_eq(g->created, 1700000000);
        ck_assert_uint_eq(g->approvals, 1);
        ck_assert_uint_eq(g->n_admins, 1);
        ck_assert_str_eq(key_hex(&g->admins[0], hex), KEY1);
        ck_assert_str_eq(g->engine->name, "pow");
        ck_assert_uint_eq(g->limits.block_bytes, 4 << 20);
        ck_assert_uint_eq(g->limits.entry_bytes, 256 << 10);
        ck_assert_uint_eq(g->limits.vote_bytes, 64 << 10);
        ck_assert_uint_eq(g->limits.revotes, 100);
        ck_assert_uint_eq(g->limits.notice, 0);
        ck_assert_uint_eq(g->limits.grace, 130);        /* 30 + 10 * interval */
        ck_assert(!g->late_votes_may_be_lost);
}
END_TEST

START_TEST(grace_is_at_least_a_minute_by_default) {
        _cleanup_(genesis_freep) Genesis *g = NULL;
        Why why = {};

        assert_verdict(parse(&g, ENGINE("{\"confirmations\":1,\"difficulty\":1,\"interval\":2,\"type\":\"pow\"}"), &why), 0, why);
        ck_assert_uint_eq(g->limits.grace, 60);
}
END_TEST

START_TEST(short_grace_may_lose_late_votes) {
        static const struct { const char *line; uint32_t grace; bool lost; } cases[] = {
                { LIMITS("{\"grace\":0}"), 0, true },
                { LIMITS("{\"grace\":1}"), 1, true },
                { LIMITS("{\"grace\":129}"), 129, true },
                { LIMITS("{\"grace\":130}"), 130, false },
                { LIMITS("{\"grace\":86400}"), 86400, false },
        };
        _cleanup_(genesis_freep) Genesis *g = NULL;
        Why why = {};

        assert_verdict(parse(&g, cases[_i].line, &why), 0, why);
        ck_assert_uint_eq(g->limits.grace, cases[_i].grace);
        ck_assert_int_eq(g->late_votes_may_be_lost, cases[_i].lost);
}
END_TEST

typedef struct Case {
        const char *name, *line;
        int expected;
} Case;

static const Case cases[] = {
        { "two of three", LINE("{\"approvals\":2,\"keys\":[\"" KEY1 "\",\"" KEY2 "\",\"" KEY3 "\"]}", "0", POW, "\"genesis\"", "{}", "\"a\"", "1"), 0 },
        { "more approvals than admins", LINE("{\"approvals\":2,\"keys\":[\"" KEY1 "\"]}", "0", POW, "\"genesis\"", "{}", "\"a\"", "1"), V_FORM },
        { "no approvals", LINE("{\"approvals\":0,\"keys\":[\"" KEY1 "\"]}", "0", POW, "\"genesis\"", "{}", "\"a\"", "1"), V_FORM },
        { "no admins", LINE("{\"approvals\":1,\"keys\":[]}", "0", POW, "\"genesis\"", "{}", "\"a\"", "1"), V_FORM },
        { "an admin twice", LINE("{\"approvals\":1,\"keys\":[\"" KEY1 "\",\"" KEY1 "\"]}", "0", POW, "\"genesis\"", "{}", "\"a\"", "1"), V_FORM },
        { "an admin's key that is none", LINE("{\"approvals\":1,\"keys\":[\"" NO_POINT "\"]}", "0", POW, "\"genesis\"", "{}", "\"a\"", "1"), V_KEY },
        { "more about admins", LINE("{\"approvals\":1,\"keys\":[\"" KEY1 "\"],\"more\":1}", "0", POW, "\"genesis\"", "{}", "\"a\"", "1"), V_FORM },
        { "created before 1970", LINE(ADMINS, "-1", POW, "\"genesis\"", "{}", "\"a\"", "1"), V_FORM },
        { "another kind", LINE(ADMINS, "0", POW, "\"block\"", "{}", "\"a\"", "1"), V_FORM },
        { "a name with a space", LINE(ADMINS, "0", POW, "\"genesis\"", "{}", "\"a b\"", "1"), V_FORM },
        { "no name", LINE(ADMINS, "0", POW, "\"genesis\"", "{}", "\"\"", "1"), V_FORM },
        { "later rules", LINE(ADMINS, "0", POW, "\"genesis\"", "{}", "\"a\"", "2"), V_VERSION },
        { "later rules with keys unheard of", "{\"kind\":\"genesis\",\"rules\":2,\"universe\":42}", V_VERSION },
        { "no rules", "{\"kind\":\"genesis\"}", V_FORM },
        { "limits missing", "{\"admins\":" ADMINS ",\"created\":0,\"engine\":" POW ",\"kind\":\"genesis\",\"name\":\"a\",\"rules\":1}", V_FORM },
        { "a key more", LINE(ADMINS, "0", POW, "\"genesis\"", "{}", "\"a\"", "1,\"sigh\":1"), V_FORM },
        { "not canonical", LINE(ADMINS, " 0", POW, "\"genesis\"", "{}", "\"a\"", "1"), V_FORM },
        { "nothing", "", V_FORM },
        { "an unknown engine", ENGINE("{\"type\":\"coin\"}"), V_FORM },
        { "an engine without type", ENGINE("{}"), V_FORM },
        { "an unknown limit", LIMITS("{\"votes\":1}"), V_FORM },
        { "all limits at their least", LIMITS("{\"block_bytes\":65536,\"entry_bytes\":1024,\"grace\":0,\"notice\":0,\"revotes\":1,\"vote_bytes\":512}"), 0 },
        { "all limits at their most", LIMITS("{\"block_bytes\":16777216,\"entry_bytes\":1048576,\"grace\":86400,\"notice\":31622400,"
                                             "\"revotes\":1000000,\"vote_bytes\":262144}"), 0 },
        { "small blocks", LIMITS("{\"block_bytes\":65535,\"entry_bytes\":1024}"), V_FORM },
        { "large blocks", LIMITS("{\"block_bytes\":16777217}"), V_FORM },
        { "small entries", LIMITS("{\"entry_bytes\":1023}"), V_FORM },
        { "large entries", LIMITS("{\"entry_bytes\":1048577}"), V_FORM },
        { "small votes", LIMITS("{\"vote_bytes\":511}"), V_FORM },
        { "large votes", LIMITS("{\"vote_bytes\":262145}"), V_FORM },
        { "no votes", LIMITS("{\"revotes\":0}"), V_FORM },
        { "too many votes", LIMITS("{\"revotes\":1000001}"), V_FORM },
        { "a long notice", LIMITS("{\"notice\":31622401}"), V_FORM },
        { "a long grace", LIMITS("{\"grace\":86401}"), V_FORM },
        { "entries that fit no block", LIMITS("{\"block_bytes\":65536,\"entry_bytes\":65536}"), V_FORM },
        { "entries that just fit a block", LIMITS("{\"block_bytes\":65537,\"entry_bytes\":65536,\"vote_bytes\":65536}"), 0 },
        { "votes that fit no block", LIMITS("{\"block_bytes\":65536,\"entry_bytes\":1024,\"vote_bytes\":65536}"), V_FORM },
        { "entries by default that fit no block", LIMITS("{\"block_bytes\":65536}"), V_FORM },
        { "pow without difficulty", ENGINE("{\"confirmations\":6,\"interval\":10,\"type\":\"pow\"}"), V_FORM },
        { "pow of difficulty 0", ENGINE("{\"confirmations\":6,\"difficulty\":0,\"interval\":10,\"type\":\"pow\"}"), V_FORM },
        { "pow of interval 0", ENGINE("{\"confirmations\":6,\"difficulty\":1,\"interval\":0,\"type\":\"pow\"}"), V_FORM },
        { "pow of a long interval", ENGINE("{\"confirmations\":6,\"difficulty\":1,\"interval\":3601,\"type\":\"pow\"}"), V_FORM },
        { "pow without confirmations", ENGINE("{\"confirmations\":0,\"difficulty\":1,\"interval\":1,\"type\":\"pow\"}"), V_FORM },
        { "pow of many confirmations", ENGINE("{\"confirmations\":1001,\"difficulty\":1,\"interval\":1,\"type\":\"pow\"}"), V_FORM },
        { "pow with something more", ENGINE("{\"confirmations\":6,\"difficulty\":1,\"interval\":1,\"luck\":7,\"type\":\"pow\"}"), V_FORM },
        { "pow with miners", ENGINE("{\"confirmations\":6,\"difficulty\":1,\"interval\":1,\"miners\":[\"" KEY1 "\",\"" KEY2 "\"],\"type\":\"pow\"}"), 0 },
        { "pow without any miner", ENGINE("{\"confirmations\":6,\"difficulty\":1,\"interval\":1,\"miners\":[],\"type\":\"pow\"}"), V_FORM },
        { "a miner twice", ENGINE("{\"confirmations\":6,\"difficulty\":1,\"interval\":1,\"miners\":[\"" KEY1 "\",\"" KEY1 "\"],\"type\":\"pow\"}"), V_FORM },
        { "a miner's key that is none", ENGINE("{\"confirmations\":6,\"difficulty\":1,\"interval\":1,\"miners\":[\"" NO_POINT "\"],\"type\":\"pow\"}"), V_KEY },
};

START_TEST(rules_are_held) {
        _cleanup_(genesis_freep) Genesis *g = NULL;
        const Case *k = &cases[_i];
        Why why = {};
        int r;

        r = parse(&g, k->line, &why);
        ck_assert_msg(r == k->expected, "%s: %s (%s), expected %s", k->name, verdict_name(r), why.text, verdict_name(k->expected));
        ck_assert_msg(r == 0 || why.text[0] != '\0', "%s: no reason", k->name);
        ck_assert_msg((r == 0) == (g != NULL), "%s: handed out", k->name);
}
END_TEST

static Json* pow_config(int64_t difficulty) {
        Json *o = json_new_object();

        json_set_text(o, "type", "pow");
        json_set_int(o, "difficulty", difficulty);
        json_set_int(o, "interval", 10);
        json_set_int(o, "confirmations", 6);
        return o;
}

START_TEST(what_is_made_is_read) {
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_json_ Json *config = pow_config(1000);
        _cleanup_buf_ Buf line = {}, plain = {};
        Limits limits = { .block_bytes = 1 << 20, .grace = 0 };
        Key admins[2];
        Why why = {};

        ck_assert_int_eq(key_from_hex(&admins[0], KEY2), 0);
        ck_assert_int_eq(key_from_hex(&admins[1], KEY1), 0);
        assert_verdict(genesis_format(&line, "club", 1700000000, 2, admins, 2, config, &limits, &why), 0, why);
        assert_verdict(genesis_parse(&g, line.p, line.n, &why), 0, why);
        ck_assert_uint_eq(g->approvals, 2);
        ck_assert_uint_eq(g->n_admins, 2);
        ck_assert(key_equal(&g->admins[0], &admins[0]));
        ck_assert_uint_eq(g->limits.block_bytes, 1 << 20);
        ck_assert_uint_eq(g->limits.grace, 0);
        ck_assert_uint_eq(g->limits.revotes, 100);

        /* Nothing wished for: nothing said. */
        assert_verdict(genesis_format(&plain, "club", 1700000000, 1, admins + 1, 1, config, &(Limits) { .grace = UINT32_MAX }, &why), 0, why);
        ck_assert_str_eq(plain.p, LIMITS("{}"));
}
END_TEST

START_TEST(what_would_be_refused_is_not_made) {
        _cleanup_json_ Json *config = pow_config(0), *good = pow_config(1);
        _cleanup_buf_ Buf line = {};
        Key admin;
        Why why = {};

        ck_assert_int_eq(key_from_hex(&admin, KEY1), 0);
        assert_verdict(genesis_format(&line, "club", 0, 1, &admin, 1, config, NULL, &why), V_FORM, why);
        assert_verdict(genesis_format(&line, "a club", 0, 1, &admin, 1, good, NULL, &why), V_FORM, why);
        assert_verdict(genesis_format(&line, "club", UINT64_MAX, 1, &admin, 1, good, NULL, &why), V_FORM, why);
        assert_verdict(genesis_format(&line, "club", 0, 2, &admin, 1, good, NULL, &why), V_FORM, why);
        assert_verdict(genesis_format(&line, "club", 0, 1, NULL, 0, good, NULL, &why), V_FORM, why);
        ck_assert_uint_eq(line.n, 0);
        assert_verdict(genesis_format(&line, "club", 0, 1, &admin, 1, good, NULL, &why), 0, why);
}
END_TEST

START_TEST(engines_are_found_by_name) {
        ck_assert_ptr_eq(engine_type_find("pow"), engine_type_at(0));
        ck_assert_ptr_null(engine_type_find("powder"));
        ck_assert_ptr_null(engine_type_find(""));
        ck_assert_ptr_null(engine_type_at(SIZE_MAX));
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, defaults_are_filled_in);
        tcase_add_test(t, grace_is_at_least_a_minute_by_default);
        tcase_add_loop_test(t, short_grace_may_lose_late_votes, 0, 5);
        tcase_add_loop_test(t, rules_are_held, 0, ELEMENTSOF(cases));
        tcase_add_test(t, what_is_made_is_read);
        tcase_add_test(t, what_would_be_refused_is_not_made);
        tcase_add_test(t, engines_are_found_by_name);
}

int main(void) {
        return run_suite("genesis", add);
}
