/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"
#include "run.h"

#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/hash.h"
#include "ledger/entry-type.h"

#define ID "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"
#define KEY0 "'3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29'" /* of seed 0 */
#define NO_POINT "'0000000000000000000000000000000000000000000000000000000000000002'"
#define QUESTIONS "'questions':[{'method':'plurality','options':['a','b'],'text':'q'}]"
#define ELECTION "'closes':9,'name':'e','opens':5,'rolls':[" ID "],'title':'t'"

/* One form a row: what is wrong, the members, the verdict, what the reason says. */
typedef struct Form {
        const char *name, *kind, *members;
        int verdict;
        const char *why;
} Form;

static const Form forms[] = {
        { "a vote", "vote", "'ballot':{'choices':[[1]]},'election':" ID ",'seq':1", 0, "" },
        { "the greatest seq", "vote", "'ballot':{},'election':" ID ",'seq':2147483648", 0, "" },
        { "seq 0", "vote", "'ballot':{},'election':" ID ",'seq':0", V_FORM, "\"seq\"" },
        { "seq above 2^31", "vote", "'ballot':{},'election':" ID ",'seq':2147483649", V_FORM,
                        "\"seq\"" },
        { "seq of many digits", "vote", "'ballot':{},'election':" ID ",'seq':9007199254740991",
                        V_FORM, "\"seq\"" },
        { "a negative seq", "vote", "'ballot':{},'election':" ID ",'seq':-1", V_FORM, "\"seq\"" },
        { "seq as text", "vote", "'ballot':{},'election':" ID ",'seq':'1'", V_FORM, "\"seq\"" },
        { "no seq", "vote", "'ballot':{},'election':" ID, V_FORM, "\"seq\"" },
        { "no election", "vote", "'ballot':{},'seq':1", V_FORM, "\"election\"" },
        { "an election that is no id", "vote", "'ballot':{},'election':'board','seq':1", V_FORM,
                        "\"election\"" },
        { "no ballot", "vote", "'election':" ID ",'seq':1", V_FORM, "\"ballot\"" },
        { "a ballot that is no object", "vote", "'ballot':[],'election':" ID ",'seq':1", V_FORM,
                        "\"ballot\"" },
        { "a key between ballot and election", "vote",
                        "'ballot':{},'cc':{},'election':" ID ",'seq':1", V_FORM, "\"cc\"" },
        { "a key that hides in front", "vote", "'a':{},'ballot':{},'election':" ID ",'seq':1",
                        V_FORM, "\"a\"" },
        { "a key at the end", "vote", "'ballot':{},'election':" ID ",'seq':1,'z':1", V_FORM,
                        "\"z\"" },

        { "an approval", "approve", "'entry':" ID, 0, "" },
        { "an approval of nothing", "approve", "", V_FORM, "\"entry\"" },
        { "an approval with more", "approve", "'entry':" ID ",'note':'x'", V_FORM, "\"note\"" },
        { "a withdrawal", "withdraw", "'election':" ID, 0, "" },
        { "a withdrawal of nothing", "withdraw", "", V_FORM, "\"election\"" },
        { "a withdrawal with more", "withdraw", "'election':" ID ",'why':'x'", V_FORM, "\"why\"" },

        { "a draw", "draw", "'election':" ID ",'value':'6'", 0, "" },
        { "a draw without a value", "draw", "'election':" ID, V_FORM, "\"value\"" },
        { "a draw of an empty value", "draw", "'election':" ID ",'value':''", V_FORM, "\"value\"" },
        { "a draw of two lines", "draw", "'election':" ID ",'value':'6\\n7'", V_FORM, "\"value\"" },
        { "a draw with more", "draw", "'election':" ID ",'value':'6','x':1", V_FORM, "\"x\"" },

        { "an admin who comes", "admins", "'add':[" KEY0 "]", 0, "" },
        { "an admin who goes", "admins", "'remove':[" KEY0 "],'seq':3", 0, "" },
        { "no change of admins", "admins", "", V_FORM, "neither" },
        { "an empty change of admins", "admins", "'add':[],'remove':[]", V_FORM, "neither" },
        { "an admin twice", "admins", "'add':[" KEY0 "," KEY0 "]", V_FORM, "twice" },
        { "an admin who comes and goes", "admins", "'add':[" KEY0 "],'remove':[" KEY0 "]", V_FORM,
                        "both" },
        { "an admin who is no point", "admins", "'add':[" NO_POINT "]", V_KEY, "\"add\", key 0" },
        { "admins with seq 0", "admins", "'add':[" KEY0 "],'seq':0", V_FORM, "\"seq\"" },
        { "admins with more", "admins", "'add':[" KEY0 "],'x':1", V_FORM, "\"x\"" },

        { "a roll", "roll", "'name':'r','part':0,'voters':[[" KEY0 ",1]]", 0, "" },
        { "a roll of nobody", "roll", "'name':'r','part':0,'voters':[]", V_FORM, "\"voters\"" },
        { "a roll with a key twice", "roll",
                        "'name':'r','part':0,'voters':[[" KEY0 ",1],[" KEY0 ",2]]", V_DEFINITION,
                        "" },
        { "a roll with weight 0", "roll", "'name':'r','part':0,'voters':[[" KEY0 ",0]]", V_FORM,
                        "voter 0" },
        { "a roll by a name that cannot be typed", "roll",
                        "'name':'R!','part':0,'voters':[[" KEY0 ",1]]", V_FORM, "\"name\"" },

        { "an election", "election", ELECTION "," QUESTIONS, 0, "" },
        { "an election that closes before it opens", "election",
                        "'closes':5,'name':'e','opens':5,'rolls':[" ID "],'title':'t'," QUESTIONS,
                        V_DEFINITION, "closes" },
        { "an election without questions", "election", ELECTION, V_FORM, "\"questions\"" },
        { "a grace below the network's", "election", ELECTION ",'grace':59," QUESTIONS,
                        V_DEFINITION, "\"grace\" is 59" },
        { "the network's grace", "election", ELECTION ",'grace':60," QUESTIONS, 0, "" },
        { "a grace of more than a day", "election", ELECTION ",'grace':86401," QUESTIONS, V_FORM,
                        "\"grace\"" },
        { "an election of which a vote is too large", "election",
                        ELECTION
                        ",'questions':[{'method':'score','options':['a','b','c','d','e','f','g',"
                        "'h','i','j','k','l','m','n','o','p','q','r','s','t','u','v','w','x','y',"
                        "'z','A','B','C','D','E','F','G','H','I','J','K','L','M','N','O','P','Q','"
                        "R',"
                        "'S','T','U','V','W','X','Y','Z'],'max':1000,'text':'q'}]",
                        V_DEFINITION, "largest possible vote" },
        { "a sealed election", "election", ELECTION
                        ",'board':" ID ",'secrecy':'sealed'," QUESTIONS, V_DEFINITION,
                        "quorum" },

        { "a kind that nobody knows", "ballot", "'x':1", V_FORM, "\"ballot\"" },
        { "a block", "block", "'x':1", V_FORM, "\"block\"" },
        { "an engine's message", "endorse", "'x':1", V_FORM, "\"endorse\"" },
};

START_TEST(an_entry_is_judged_by_its_form) {
        const Form *f = &forms[_i];
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(&(FixtureSetup) { .vote_bytes = 512 });
        _cleanup_(entry_unrefp) Entry *e = NULL;
        _cleanup_buf_ Buf line = {};
        Why why = {};
        Id id;
        int r;

        fixture_line(g, FIXTURE_ADMIN, f->kind, f->members, &line);
        r = entry_parse(&e, g, line.p, line.n, &why);
        ck_assert_msg(r == f->verdict, "%s: %s (%s)", f->name, verdict_name(r), why.text);
        ck_assert_msg(strstr(why.text, f->why), "%s: \"%s\" does not say \"%s\"", f->name,
                        why.text, f->why);
        if (r != 0) {
                ck_assert_ptr_null(e);
                return;
        }

        ck_assert_str_eq(entry_kind_name(e->kind), f->kind);
        ck_assert_str_eq(e->line, line.p);
        hash_bytes(&id, line.p, line.n);
        ck_assert(id_equal(&e->id, &id));
        ck_assert(key_equal(&e->signer, fixture_key(FIXTURE_ADMIN)));
        ck_assert(!e->verified);
        ck_assert_int_eq(sign_verify_line(&e->signer, f->kind, &g->network, e->line, e->n_line,
                                         &e->signature), 0);
}
END_TEST

START_TEST(a_line_that_is_not_canonical_is_refused) {
        static const char *const edits[][2] = {
                { "\"seq\":1", "\"seq\": 1" }, { "\"seq\":1", "\"seq\":01" },
                { "{\"ballot\":{\"choices\":[[1]]},\"election\"",
                        "{\"election\":\"a\",\"ballot\":{\"choices\":[[1]]},\"election\"" },
                { "\"kind\":\"vote\"", "\"kind\":\"v\\u006fte\"" }, { "\"signer\"", "\"Signer\"" },
        };
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL);

        for (size_t i = 0; i < ELEMENTSOF(edits); i++) {
                _cleanup_buf_ Buf line = {}, edited = {};
                Entry *e = NULL;
                const char *at;
                Why why = {};

                fixture_line(g, 0, "vote", "'ballot':{'choices':[[1]]},'election':" ID ",'seq':1",
                                &line);
                at = strstr(line.p, edits[i][0]);
                ck_assert_ptr_nonnull(at);
                buf_add(&edited, line.p, (size_t) (at - line.p));
                buf_add_text(&edited, edits[i][1]);
                buf_add_text(&edited, at + strlen(edits[i][0]));
                ck_assert_msg(entry_parse(&e, g, edited.p, edited.n, &why) == V_FORM, "%s",
                                edited.p);
        }
}
END_TEST

START_TEST(an_entry_larger_than_its_kind_may_be_is_refused) {
        FixtureSetup setup = { .vote_bytes = 1000, .entry_bytes = 2000 };
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(&setup);
        _cleanup_buf_ Buf vote = {}, text = {}, roll = {};
        Entry *e = NULL;
        Why why = {};

        /* a vote of 1001 to 2000 bytes */
        buf_add_text(&text, "'ballot':{'choices':[[1]],'x':'");
        for (size_t i = 0; i < 700; i++)
                buf_add_char(&text, 'x');
        buf_add_text(&text, "'},'election':" ID ",'seq':1");
        fixture_line(g, 0, "vote", text.p, &vote);
        ck_assert_uint_gt(vote.n, 1000);
        ck_assert_uint_le(vote.n, 2000);
        assert_verdict(entry_parse(&e, g, vote.p, vote.n, &why), V_SIZE, why);
        ck_assert_ptr_nonnull(strstr(why.text, "at most 1000"));

        buf_reset(&text);
        buf_add_text(&text, "'name':'r','part':0,'voters':[[" KEY0 ",1]");
        for (unsigned i = 1; i < 30; i++)
                buf_printf(&text, ",['%s',1]", key_hex(fixture_key(i), (char[ID_HEX]) {}));
        buf_add_char(&text, ']');
        fixture_line(g, 0, "roll", text.p, &roll);
        ck_assert_uint_gt(roll.n, 2000);
        assert_verdict(entry_parse(&e, g, roll.p, roll.n, &why), V_SIZE, why);
        ck_assert_ptr_nonnull(strstr(why.text, "at most 2000"));
}
END_TEST

START_TEST(a_signature_is_of_one_network_kind_and_line) {
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL);
        _cleanup_(genesis_freep) Genesis *other = fixture_genesis(&(FixtureSetup) { .name = "b" });
        _cleanup_(entry_unrefp) Entry *e = NULL;
        SigCheck check = {};
        Id id = { .b = { 1 } };

        e = fixture_vote(g, FIXTURE_VOTER, &id, 1, "[[0]]");
        ck_assert_int_eq(entry_sig_check(e, g, &check), 0);
        sig_check_run(&check);
        ck_assert(check.valid);
        check.message[check.n_message - 1] ^= 1;
        sig_check_run(&check);
        ck_assert(!check.valid);
        sig_check_done(&check);

        ck_assert_int_eq(entry_sig_check(e, other, &check), 0);
        sig_check_run(&check);
        ck_assert(!check.valid);
        sig_check_done(&check);
}
END_TEST

START_TEST(a_vote_is_read_alike_from_its_text_and_from_its_tree) {
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL);
        static const char *const ballots[] = {
                "{}", "{'choices':[[1],[],[0,1,2]]}", "{'sealed':[['x','y']]}",
                "{'choices':'} ,{election: \\n\\\\'}", "{'choices':[{'ballot':{}}]}",
        };

        for (size_t i = 0; i < ELEMENTSOF(ballots); i++) {
                _cleanup_buf_ Buf members = {}, line = {}, again = {};
                _cleanup_json_ Json *o = NULL, *ballot = NULL;
                _cleanup_(entry_unrefp) Entry *e = NULL;
                const Json *expected;
                int64_t seq;
                Id election;

                buf_printf(&members, "'ballot':%s,'election':" ID ",'seq':%zu", ballots[i], i + 1);
                fixture_line(g, 5, "vote", members.p, &line);
                ck_assert_int_eq(entry_parse(&e, g, line.p, line.n, NULL), 0);
                ck_assert_int_eq(line_parse(&o, line.p, line.n, line.n, NULL), 0);
                ck_assert_int_eq(json_get_object(o, "ballot", &expected, NULL), 0);
                ck_assert_int_eq(json_get_int(o, "seq", 1, 9, &seq, NULL), 0);
                ck_assert_int_eq(json_get_id(o, "election", &election, NULL), 0);

                ck_assert_int_eq(e->kind, ENTRY_VOTE);
                ck_assert_uint_eq(e->vote.seq, (uint32_t) seq);
                ck_assert(id_equal(&e->vote.election, &election));
                ck_assert_int_eq(entry_ballot(e, &ballot), 0);
                buf_reset(&members);
                ck_assert_int_eq(json_dump(expected, &members), 0);
                ck_assert_int_eq(json_dump(ballot, &again), 0);
                ck_assert_str_eq(members.p, again.p);
                ck_assert_uint_eq(e->vote.n_ballot, again.n);
                ck_assert_int_eq(memcmp(entry_ballot_text(e), again.p, again.n), 0);
        }
}
END_TEST

START_TEST(a_line_cut_short_anywhere_is_no_vote) {
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL);
        _cleanup_(entry_unrefp) Entry *whole = NULL;
        Id id = { .b = { 7 } };

        whole = fixture_vote(g, 3, &id, 12, "[[0]]");
        for (size_t n = 0; n < whole->n_line; n++) {
                Entry *e = NULL, scratch = {};

                ck_assert_int_eq(entry_parse(&e, g, whole->line, n, NULL), V_FORM);
                ck_assert_int_eq(vote_parse_canonical(&scratch, whole->line, n), V_FORM);
        }
}
END_TEST

START_TEST(keys_of_a_roll_are_checked_once) {
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL);
        _cleanup_(entry_unrefp) Entry *good = NULL, *bad = NULL;
        _cleanup_buf_ Buf line = {};
        Why why = {};

        good = fixture_roll(g, 0, "r", 0, 0, 3);
        ck_assert(!good->content_checked);
        ck_assert_int_eq(entry_check_keys(good, &why), 0);
        ck_assert(good->content_checked);

        fixture_line(g, 0, "roll", "'name':'r','part':0,'voters':[[" KEY0 ",1],[" NO_POINT ",1]]",
                        &line);
        ck_assert_int_eq(entry_parse(&bad, g, line.p, line.n, &why), 0);
        assert_verdict(entry_check_keys(bad, &why), V_KEY, why);
        ck_assert(!bad->content_checked);
}
END_TEST

START_TEST(kinds_have_names_and_some_administer) {
        static const bool administers[] = {
                [ENTRY_ROLL] = true, [ENTRY_ELECTION] = true, [ENTRY_APPROVE] = false,
                [ENTRY_WITHDRAW] = true, [ENTRY_ADMINS] = true, [ENTRY_DRAW] = true,
                [ENTRY_VOTE] = false, [ENTRY_TRUSTEE] = false, [ENTRY_BOARD] = true,
                [ENTRY_DEAL] = false, [ENTRY_CONFIRM] = false, [ENTRY_OBJECT] = false,
                [ENTRY_SHARE] = false,
        };

        ck_assert_uint_eq(ELEMENTSOF(administers), _ENTRY_KIND_MAX);
        for (EntryKind k = 0; k < _ENTRY_KIND_MAX; k++)
                ck_assert_int_eq(entry_kind_administers(k), administers[k]);
        ck_assert_str_eq(entry_kind_name(_ENTRY_KIND_MAX), "unknown");
        ck_assert(!entry_kind_administers(_ENTRY_KIND_MAX));
}
END_TEST

static void add(TCase *t) {
        tcase_add_loop_test(t, an_entry_is_judged_by_its_form, 0, ELEMENTSOF(forms));
        tcase_add_test(t, a_line_that_is_not_canonical_is_refused);
        tcase_add_test(t, an_entry_larger_than_its_kind_may_be_is_refused);
        tcase_add_test(t, a_signature_is_of_one_network_kind_and_line);
        tcase_add_test(t, a_vote_is_read_alike_from_its_text_and_from_its_tree);
        tcase_add_test(t, a_line_cut_short_anywhere_is_no_vote);
        tcase_add_test(t, keys_of_a_roll_are_checked_once);
        tcase_add_test(t, kinds_have_names_and_some_administer);
}

int main(void) {
        return run_suite("entry", add);
}
