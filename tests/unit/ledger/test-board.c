/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "codec/hex.h"
#include "judge.h"
#include "ledger/pool.h"
#include "sealed.h"
#include "world.h"

/* Trustees, boards, deals, confirmations and objections: every rule, and what breaks it. The world: an
 * admin, a roll of voters, a roll of three trustees, of whom two open the sums. */
#define T     2000
#define UNTIL SEALED_UNTIL

typedef struct Party {
        World w;
        SealedBoard b;
        unsigned approvals;
} Party;

static void party_new(Party *p, unsigned approvals, unsigned threshold, unsigned n) {
        FixtureSetup setup = { .admins = 3, .approvals = approvals, .quorum = true };

        *p = (Party) { .approvals = approvals };
        fixture_new(&p->w.f, &setup, NULL, 6);
        sealed_board_init(&p->b, p->w.f.genesis, threshold, n);
}

static void party_done(Party *p) {
        sealed_board_done(&p->b);
        world_done(&p->w);
}

static void approve(Party *p, Entry *e) {
        for (unsigned i = 1; i < p->approvals; i++)
                put(&p->w, T, fixture_approve(p->w.f.genesis, i, e));
}

/* --- up to some step, one block each --- */

static void with_trustees(Party *p) {
        approve(p, put(&p->w, T, sealed_roll_of_trustees(&p->b, 0)));
        for (unsigned i = 0; i < p->b.n; i++)
                put(&p->w, T, sealed_trustee(&p->b, i));
}
static Entry* with_board(Party *p) {
        with_trustees(p);
        return put(&p->w, T, sealed_board(&p->b, 0, "trust", "'secret'", UNTIL));
}
static void with_deals(Party *p, unsigned n) {
        with_board(p);
        for (unsigned i = 0; i < n; i++)
                put(&p->w, T, sealed_deal(&p->b, i, UINT_MAX));
}
/* Trustee 1 gets a wrong share from trustee 0. */
static void with_a_lie(Party *p) {
        with_board(p);
        for (unsigned i = 0; i < p->b.n; i++)
                put(&p->w, T, sealed_deal(&p->b, i, i == 0 ? 1 : UINT_MAX));
}
static void with_key(Party *p) {
        with_deals(p, 3);
        for (unsigned i = 0; i < p->b.n; i++)
                put(&p->w, T, sealed_confirm(&p->b, i));
}

/* --- cases --- */

static Entry* trustee(Party *p) {
        put(&p->w, T, sealed_roll_of_trustees(&p->b, 0));
        return sealed_trustee(&p->b, 1);
}
static Entry* trustee_on_no_roll(Party *p) {
        return sealed_trustee(&p->b, 1);
}
static Entry* trustee_again(Party *p) {
        with_trustees(p);
        return sealed_trustee(&p->b, 1);
}
static Entry* more_trustee_entries_than_allowed(Party *p) {
        const Genesis *g = p->w.f.genesis;

        approve(p, put(&p->w, T, sealed_roll_of_trustees(&p->b, 0)));
        for (unsigned i = 0; i <= TRUSTEE_ENTRIES_MAX; i++) {
                _cleanup_(secret_scalar_freep) SecretScalar *e = NULL;
                SealingStatement t = { .network = g->network, .signer = *fixture_key(SEALED_TRUSTEE) };
                uint8_t proof[KNOWLEDGE_BYTES];
                _cleanup_stream_ Stream stream = {};
                Json *o = json_new_object();
                Entry *made;

                ck_assert_int_eq(secret_scalar_generate(&e), 0);
                t.sealing = *secret_scalar_public(e);
                stream_begin_random(&stream, "test");
                sealing_make(proof, &t, e, &stream);
                json_set_hex32(o, "sealing", t.sealing.b);
                json_set_base64(o, "proof", proof, sizeof(proof));
                made = fixture_entry(g, SEALED_TRUSTEE, "trustee", o);
                if (i == TRUSTEE_ENTRIES_MAX)
                        return made;
                put(&p->w, T, made);
        }
        return NULL;
}

static Entry* board(Party *p) {
        with_trustees(p);
        return sealed_board(&p->b, 0, "trust", "'secret'", UNTIL);
}
static Entry* board_of_a_stranger(Party *p) {
        with_trustees(p);
        return sealed_board(&p->b, 77, "trust", "'secret'", UNTIL);
}
static Entry* board_before_its_trustees(Party *p) {
        put(&p->w, T, sealed_roll_of_trustees(&p->b, 0));
        put(&p->w, T, sealed_trustee(&p->b, 0));
        put(&p->w, T, sealed_trustee(&p->b, 2));
        return sealed_board(&p->b, 0, "trust", "'secret'", UNTIL);
}
static Entry* board_by_the_name_of_an_election(Party *p) {
        with_trustees(p);
        return sealed_board(&p->b, 0, "board", "'secret'", UNTIL);
}
static Entry* board_by_a_taken_name(Party *p) {
        with_board(p);
        return sealed_board(&p->b, 0, "trust", "'secret','other'", UNTIL);
}
static Entry* election_by_the_name_of_a_board(Party *p) {
        with_board(p);
        return fixture_election(p->w.f.genesis, 0, "trust", &p->w.f.roll->id, 1, 5000, 6000, NULL);
}

/* What e says, by that signer and signed so. */
static Entry* by_another(Party *p, unsigned signer, const char *kind, const Entry *e) {
        _cleanup_free_ char *line = sealed_unsigned(e);
        Entry *ret = NULL;
        Why why = {};

        sealed_set_signer(line, signer);
        assert_verdict(sealed_resign(&ret, p->w.f.genesis, signer, kind, line, &why), 0, why);
        return ret;
}

static Entry* deal(Party *p) {
        with_board(p);
        return sealed_deal(&p->b, 1, UINT_MAX);
}
static Entry* deal_for_no_board(Party *p) {
        with_trustees(p);
        return sealed_deal(&p->b, 1, UINT_MAX);
}
static Entry* deal_before_approval(Party *p) {
        return deal(p);
}
static Entry* deal_after_approval(Party *p) {
        approve(p, with_board(p));
        return sealed_deal(&p->b, 1, UINT_MAX);
}
static Entry* deal_of_who_is_no_trustee(Party *p) {
        _cleanup_(entry_unrefp) Entry *e = deal(p);

        return by_another(p, 77, "deal", e);
}
/* Dealer 1's for this board, but with another threshold, for other n or with another share wrong. */
static Entry* deal_of_another(Party *p, unsigned threshold, unsigned n, unsigned wrong) {
        SealedBoard other;
        Entry *e;

        sealed_board_init(&other, p->w.f.genesis, threshold, n);
        other.id = p->b.id;
        e = sealed_deal(&other, 1, wrong);
        sealed_board_done(&other);
        return e;
}
static Entry* second_deal(Party *p) {
        with_deals(p, 2);
        return deal_of_another(p, 2, 3, 0);
}
static Entry* deal_replayed(Party *p) {
        with_deals(p, 1);
        return entry_ref(p->w.kept[p->w.n_kept - 1]);
}
static Entry* deal_of_another_threshold(Party *p) {
        with_board(p);
        return deal_of_another(p, 3, 3, UINT_MAX);
}
static Entry* deal_to_fewer_trustees(Party *p) {
        with_board(p);
        return deal_of_another(p, 2, 2, UINT_MAX);
}
static Entry* last_deal(Party *p) {
        with_deals(p, 2);
        return sealed_deal(&p->b, 2, UINT_MAX);
}
static Entry* deal_when_ready(Party *p) {
        with_key(p);
        return sealed_deal(&p->b, 2, 1);
}

static Entry* confirmation(Party *p) {
        with_deals(p, 3);
        return sealed_confirm(&p->b, 1);
}
static Entry* confirmation_of_a_part(Party *p) {
        with_deals(p, 2);
        return sealed_confirm(&p->b, 1);
}
static Entry* confirmation_of_other_deals(Party *p) {
        with_deals(p, 3);
        p->b.deals[0].b[0] ^= 1;
        return sealed_confirm(&p->b, 1);
}
static Entry* confirmation_of_deals_in_another_order(Party *p) {
        Id first;

        with_deals(p, 3);
        first = p->b.deals[0];
        p->b.deals[0] = p->b.deals[1];
        p->b.deals[1] = first;
        return sealed_confirm(&p->b, 1);
}
static Entry* confirmation_of_who_has_objected(Party *p) {
        with_a_lie(p);
        put(&p->w, T, sealed_object(&p->b, 1, 0));
        return sealed_confirm(&p->b, 1);
}
static Entry* objection_after_a_confirmation(Party *p) {
        with_a_lie(p);
        put(&p->w, T, sealed_confirm(&p->b, 1));
        return sealed_object(&p->b, 1, 0);
}
static Entry* objection(Party *p) {
        with_a_lie(p);
        return sealed_object(&p->b, 1, 0);
}
static Entry* objection_before_all_deals(Party *p) {
        with_board(p);
        put(&p->w, T, sealed_deal(&p->b, 0, 1));
        put(&p->w, T, sealed_deal(&p->b, 1, UINT_MAX));
        return sealed_object(&p->b, 1, 0);
}
static Entry* objection_to_a_right_share(Party *p) {
        with_a_lie(p);
        return sealed_object(&p->b, 1, 2);
}
static Entry* objection_to_ones_own(Party *p) {
        with_board(p);
        for (unsigned i = 0; i < 3; i++)
                put(&p->w, T, sealed_deal(&p->b, i, i == 1 ? 1 : UINT_MAX));
        return sealed_object(&p->b, 1, 1);
}
static Entry* objection_before_that_deal(Party *p) {
        with_board(p);
        put(&p->w, T, sealed_deal(&p->b, 1, UINT_MAX));
        entry_unref(sealed_deal(&p->b, 0, 1));
        return sealed_object(&p->b, 1, 0);
}
static Entry* objection_for_no_board(Party *p) {
        Id board;
        Entry *e;

        with_a_lie(p);
        board = p->b.id;
        p->b.id = (Id) { { 1 } };
        e = sealed_object(&p->b, 1, 0);
        p->b.id = board;
        return e;
}
static Entry* objection_of_who_is_no_trustee(Party *p) {
        _cleanup_(entry_unrefp) Entry *e = objection(p);

        return by_another(p, 77, "object", e);
}
static Entry* objection_to_who_is_no_trustee(Party *p) {
        _cleanup_(entry_unrefp) Entry *e = objection(p);
        _cleanup_free_ char *line = sealed_unsigned(e);
        char hex[ID_HEX];
        Why why = {};
        Entry *ret;

        memcpy(strstr(line, key_hex(fixture_key(SEALED_TRUSTEE), hex)), key_hex(fixture_key(77), (char[ID_HEX]) {}),
                        ID_HEX - 1);
        assert_verdict(sealed_resign(&ret, p->w.f.genesis, SEALED_TRUSTEE + 1, "object", line, &why), 0, why);
        return ret;
}
static Entry* objection_for_somebody_else(Party *p) {
        _cleanup_(entry_unrefp) Entry *e = objection(p);

        return by_another(p, SEALED_TRUSTEE + 2, "object", e);
}
static Entry* answer_to_a_void_board(Party *p) {
        with_a_lie(p);
        put(&p->w, T, sealed_object(&p->b, 1, 0));
        return sealed_confirm(&p->b, 2);
}

static Entry* secret_election(Party *p) {
        return sealed_election(&p->b, 0, "secret", &p->w.f.roll->id, 1, 5000, 6000, "'exposed':true,'least':2");
}
static Entry* election_of_a_dealing_board(Party *p) {
        with_board(p);
        return secret_election(p);
}
static Entry* election_of_a_ready_board(Party *p) {
        with_key(p);
        return secret_election(p);
}
static Entry* election_of_a_void_board(Party *p) {
        with_a_lie(p);
        put(&p->w, T, sealed_object(&p->b, 1, 0));
        return secret_election(p);
}
static Entry* election_of_no_board(Party *p) {
        with_trustees(p);
        return secret_election(p);
}
static Entry* election_that_the_board_does_not_serve(Party *p) {
        with_key(p);
        return sealed_election(&p->b, 0, "other", &p->w.f.roll->id, 1, 5000, 6000, "'exposed':true");
}
static Entry* election_that_gives_votes_away(Party *p) {
        with_key(p);
        return sealed_election(&p->b, 0, "secret", &p->w.f.roll->id, 1, 5000, 6000, NULL);
}
static Entry* election_where_weights_are_shared(Party *p) {
        with_key(p);            /* six voters of weights 1, 2, 3, 1, 2, 3 */
        return sealed_election(&p->b, 0, "secret", &p->w.f.roll->id, 1, 5000, 6000, "'least':2");
}

typedef struct Case {
        const char *name;
        unsigned approvals;             /* 0: 1 */
        uint64_t time;                  /* of the block in which the entry would stand */
        Entry* (*make)(Party *p);
        int verdict;
        const char *why;
        bool future;                    /* it could become valid yet */
} Case;

static const Case cases[] = {
        { "a trustee", 0, T, trustee, 0, "" },
        { "a trustee whom nobody has let in", 0, T, trustee_on_no_roll, V_SIGNER, "on no roll", true },
        { "a trustee's entry replayed", 0, T, trustee_again, V_DUPLICATE, "already" },
        { "too many sealing keys", 0, T, more_trustee_entries_than_allowed, V_LIMIT, "at most 8" },

        { "a board", 0, T, board, 0, "" },
        { "a board of a stranger", 0, T, board_of_a_stranger, V_SIGNER, "not an admin", true },
        { "a board before one of its trustees", 0, T, board_before_its_trustees, V_UNKNOWN, "trustee 1", true },
        { "a board whose time is over", 0, UNTIL, board, V_LATE, "ready by", true },
        { "a board by the name of an election", 0, T, board_by_the_name_of_an_election, V_DUPLICATE, "an election board" },
        { "a board by a taken name", 0, T, board_by_a_taken_name, V_DUPLICATE, "a board trust" },
        { "an election by the name of a board", 0, T, election_by_the_name_of_a_board, V_DUPLICATE, "a board trust" },

        { "a deal", 0, T, deal, 0, "" },
        { "a deal for what is no board", 0, T, deal_for_no_board, V_UNKNOWN, "no board", true },
        { "a deal before the approvals", 2, T, deal_before_approval, V_EARLY, "awaits approvals", true },
        { "a deal after the approvals", 2, T, deal_after_approval, 0, "" },
        { "a deal of who is no trustee", 0, T, deal_of_who_is_no_trustee, V_SIGNER, "no trustee of board trust" },
        { "a second deal", 0, T, second_deal, V_DUPLICATE, "has dealt already" },
        { "a deal replayed", 0, T, deal_replayed, V_DUPLICATE, "already" },
        { "a deal of another threshold", 0, T, deal_of_another_threshold, V_DEFINITION, "expected 2" },
        { "a deal to fewer trustees", 0, T, deal_to_fewer_trustees, V_DEFINITION, "each of the 3" },
        { "a deal when the time is over", 0, UNTIL, last_deal, V_LATE, "not ready at 4000", true },
        { "a deal when the board is ready", 0, T, deal_when_ready, V_LATE, "ready already" },
        { "the last deal", 0, UNTIL - 1, last_deal, 0, "" },

        { "a confirmation", 0, T, confirmation, 0, "" },
        { "a confirmation before all deals are in", 0, T, confirmation_of_a_part, V_EARLY, "2 of 3 deals", true },
        { "a confirmation of other deals", 0, T, confirmation_of_other_deals, V_DEFINITION, "the root of this board's" },
        { "a confirmation of deals in another order", 0, T, confirmation_of_deals_in_another_order, V_DEFINITION, "root" },
        { "a confirmation when the time is over", 0, UNTIL, confirmation, V_LATE, "not ready at 4000", true },
        { "a confirmation of who has objected", 0, T, confirmation_of_who_has_objected, V_LATE, "was shown to be wrong" },
        { "an objection", 0, T, objection, 0, "" },
        { "an objection before all deals are in", 0, T, objection_before_all_deals, V_EARLY, "2 of 3", true },
        { "an objection to a right share", 0, T, objection_to_a_right_share, V_PROOF, "fits its commitments", true },
        { "an objection to a share of one's own", 0, T, objection_to_ones_own, 0, "" },
        { "an objection of somebody else", 0, T, objection_for_somebody_else, V_PROOF, "", true },
        { "an objection before that deal is in", 0, T, objection_before_that_deal, V_EARLY, "1 of 3", true },
        { "an objection for what is no board", 0, T, objection_for_no_board, V_UNKNOWN, "no board", true },
        { "an objection of who is no trustee", 0, T, objection_of_who_is_no_trustee, V_SIGNER, "no trustee" },
        { "an objection to who is no trustee", 0, T, objection_to_who_is_no_trustee, V_DEFINITION, "who is no trustee" },
        { "an objection after a confirmation", 0, T, objection_after_a_confirmation, V_DUPLICATE, "\"confirm\" already" },
        { "an answer to a void board", 0, T, answer_to_a_void_board, V_LATE, "was shown to be wrong" },

        { "an election of a board that deals", 0, T, election_of_a_dealing_board, 0, "" },
        { "an election of a board that is ready", 0, T, election_of_a_ready_board, 0, "" },
        { "an election of a void board", 0, T, election_of_a_void_board, V_LATE, "board trust is void" },
        { "an election of a board that is late", 0, UNTIL, election_of_a_dealing_board, V_LATE, "not ready at 4000", true },
        { "an election of no board", 0, T, election_of_no_board, V_UNKNOWN, "no board", true },
        { "an election of a pending board", 2, T, election_of_a_dealing_board, V_EARLY, "awaits approvals", true },
        { "an election that the board does not serve", 0, T, election_that_the_board_does_not_serve, V_DEFINITION,
                        "does not serve" },
        { "an election that gives votes away", 0, T, election_that_gives_votes_away, V_DEFINITION, "exposed" },
        { "an election of shared weights", 0, T, election_where_weights_are_shared, 0, "" },
};

START_TEST(every_rule_of_boards_holds) {
        const Case *c = &cases[_i];
        Party p;
        Entry *e;

        party_new(&p, MAX(c->approvals, 1U), 2, 3);
        e = c->make(&p);
        judge(p.w.f.chain, c->name, e, c->time, c->verdict, c->why, c->future);
        entry_unref(e);
        party_done(&p);
}
END_TEST

/* --- forms --- */

#define ID64 "1111111111111111111111111111111111111111111111111111111111111111"

static const struct {
        const char *name, *kind, *members;
        int verdict;
        const char *why;
} forms[] = {
        { "a trustee without a proof", "trustee", "'sealing':'" ID64 "'", V_PROOF, "\"sealing\"" },
        { "a trustee with a zero key", "trustee",
                        "'proof':'','sealing':'0000000000000000000000000000000000000000000000000000000000000000'", V_PROOF,
                        "identity" },
        { "a trustee with something more", "trustee", "'note':'x'", V_FORM, "\"note\"" },
        { "a board without trustees", "board", "'elections':['a'],'name':'b','threshold':1,'trustees':[],'until':9", V_FORM,
                        "expected 1 to 16" },
        { "a board that no trustee opens", "board",
                        "'elections':['a'],'name':'b','threshold':0,'trustees':['@0'],'until':9", V_FORM, "threshold" },
        { "a board that nobody can open", "board",
                        "'elections':['a'],'name':'b','threshold':3,'trustees':['@0','@1'],'until':9", V_FORM,
                        "from 1 to 2" },
        { "a board with a trustee twice", "board",
                        "'elections':['a'],'name':'b','threshold':1,'trustees':['@0','@0'],'until':9", V_FORM, "twice" },
        { "a board with a bad key", "board",
                        "'elections':['a'],'name':'b','threshold':1,'trustees':"
                        "['0000000000000000000000000000000000000000000000000000000000000000'],'until':9",
                        V_KEY, "\"trustees\", key 0" },
        { "a board for no election", "board", "'elections':[],'name':'b','threshold':1,'trustees':['@0'],'until':9",
                        V_FORM, "elections" },
        { "a board for an election twice", "board",
                        "'elections':['a','a'],'name':'b','threshold':1,'trustees':['@0'],'until':9", V_FORM, "twice" },
        { "a board for what is no name", "board",
                        "'elections':['A b'],'name':'b','threshold':1,'trustees':['@0'],'until':9", V_FORM, "no name" },
        { "a board without a name", "board", "'elections':['a'],'threshold':1,'trustees':['@0'],'until':9", V_FORM,
                        "name" },
        { "a board for ever", "board", "'elections':['a'],'name':'b','threshold':1,'trustees':['@0']", V_FORM, "until" },
        { "a deal of nothing", "deal", "'board':'" ID64 "','commitments':[],'proofs':[],'shares':['']", V_FORM,
                        "commitments" },
        { "a deal without a proof", "deal",
                        "'board':'" ID64 "','commitments':['" ID64 "'],'proofs':[],'shares':['']", V_FORM, "proofs" },
        { "a confirmation of nothing", "confirm", "'board':'" ID64 "'", V_FORM, "deals" },
        { "an objection to nobody", "object", "'board':'" ID64 "','deals':'" ID64 "'", V_FORM, "dealer" },
        { "a share of nothing", "share", "'block':'" ID64 "','election':'" ID64 "','shares':[]", V_FORM, "shares" },
        { "a share of no option", "share", "'block':'" ID64 "','election':'" ID64 "','shares':[[]]", V_FORM, "shares" },
        { "a share with a proof of nothing", "share", "'block':'" ID64 "','election':'" ID64 "','shares':[[['','x']]]",
                        V_FORM, "question 0, option 0" },
        { "a share of no element", "share",
                        "'block':'" ID64 "','election':'" ID64
                        "','shares':[[['AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA','']]]",
                        V_PROOF, "question 0, option 0" },
};

/* @N is the key of trustee N. */
static void expand(const char *members, Buf *ret) {
        for (const char *p = members; *p; p++)
                if (*p == '@') {
                        buf_add_text(ret, key_hex(fixture_key(SEALED_TRUSTEE + (unsigned) (p[1] - '0')), (char[ID_HEX]) {}));
                        p++;
                } else
                        buf_add_char(ret, *p);
}

START_TEST(what_is_of_another_form_is_refused) {
        _cleanup_buf_ Buf members = {}, line = {};
        FixtureSetup setup = { .quorum = true };
        Genesis *g = fixture_genesis(&setup);
        Entry *e = NULL;
        Why why = {};
        int r;

        expand(forms[_i].members, &members);
        fixture_line(g, 0, forms[_i].kind, members.p, &line);
        r = entry_parse(&e, g, line.p, line.n, &why);
        ck_assert_msg(r == forms[_i].verdict && strstr(why.text, forms[_i].why), "%s: %s (%s)", forms[_i].name,
                        verdict_name(r), why.text);
        genesis_free(g);
}
END_TEST

START_TEST(nothing_is_sealed_where_blocks_can_be_undone) {
        Genesis *pow = fixture_genesis(NULL);
        _cleanup_(entry_unrefp) Entry *e = NULL;
        static const char *const kinds[][2] = {
                { "trustee", "'proof':'','sealing':'" ID64 "'" },
                { "board", "'elections':['a'],'name':'b','threshold':1,'trustees':['" ID64 "'],'until':9" },
                { "election", "'name':'e','title':'E','opens':5000,'closes':6000,'rolls':['" ID64 "'],'secrecy':'sealed',"
                              "'board':'" ID64 "','questions':[{'text':'Q','method':'plurality','options':['A','B']}]" },
        };

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                _cleanup_buf_ Buf line = {};
                Why why = {};

                fixture_line(pow, 0, kinds[i][0], kinds[i][1], &line);
                assert_verdict(entry_parse(&e, pow, line.p, line.n, &why), V_DEFINITION, why);
                ck_assert_ptr_nonnull(strstr(why.text, "quorum"));
        }
        genesis_free(pow);
}
END_TEST

START_TEST(a_board_whose_deals_do_not_fit_an_entry_is_refused) {
        FixtureSetup setup = { .quorum = true, .entry_bytes = ENTRY_BYTES_MIN };
        Genesis *g = fixture_genesis(&setup);
        _cleanup_buf_ Buf line = {}, members = {};
        Entry *e = NULL;
        Why why = {};

        expand("'elections':['a'],'name':'b','threshold':3,'trustees':['@0','@1','@2','@3'],'until':9", &members);
        fixture_line(g, 0, "board", members.p, &line);
        assert_verdict(entry_parse(&e, g, line.p, line.n, &why), V_DEFINITION, why);
        ck_assert_ptr_nonnull(strstr(why.text, "entries of 1024"));
        genesis_free(g);
}
END_TEST

/* --- proofs --- */

static void flip_all(Party *p, unsigned signer, const char *kind, const Entry *e, unsigned offset) {
        every_character_is_bound(p->w.f.chain, signer, kind, e, T, offset, 7);
}

START_TEST(every_field_of_what_trustees_say_is_bound) {
        Entry *e;
        Party p;

        party_new(&p, 1, 2, 3);
        put(&p.w, T, sealed_roll_of_trustees(&p.b, 0));
        e = keep(&p.w, sealed_trustee(&p.b, 0));
        flip_all(&p, SEALED_TRUSTEE, "trustee", e, (unsigned) _i);
        party_done(&p);

        party_new(&p, 1, 2, 3);
        with_deals(&p, 2);
        e = keep(&p.w, sealed_deal(&p.b, 2, UINT_MAX));
        flip_all(&p, SEALED_TRUSTEE + 2, "deal", e, (unsigned) _i);
        party_done(&p);

        party_new(&p, 1, 2, 3);
        with_a_lie(&p);
        e = keep(&p.w, sealed_object(&p.b, 1, 0));
        flip_all(&p, SEALED_TRUSTEE + 1, "object", e, (unsigned) _i);
        party_done(&p);
}
END_TEST

START_TEST(what_one_trustee_says_serves_no_other) {
        _cleanup_free_ char *line = NULL;
        Entry *e;
        Party p;
        Why why = {};

        /* A copied sealing key would let its owner's shares be read as the copier's. */
        party_new(&p, 1, 2, 3);
        put(&p.w, T, sealed_roll_of_trustees(&p.b, 0));
        e = keep(&p.w, sealed_trustee(&p.b, 0));
        line = sealed_unsigned(e);
        sealed_set_signer(line, SEALED_TRUSTEE + 1);
        assert_verdict(sealed_judge(p.w.f.chain, SEALED_TRUSTEE + 1, "trustee", line, T, &why), V_PROOF, why);
        free(TAKE_PTR(line));
        party_done(&p);

        /* Neither are another's commitments taken, by whom the key could be cancelled out. */
        party_new(&p, 1, 2, 3);
        with_board(&p);
        e = keep(&p.w, sealed_deal(&p.b, 0, UINT_MAX));
        line = sealed_unsigned(e);
        sealed_set_signer(line, SEALED_TRUSTEE + 1);
        assert_verdict(sealed_judge(p.w.f.chain, SEALED_TRUSTEE + 1, "deal", line, T, &why), V_PROOF, why);
        ck_assert_ptr_nonnull(strstr(why.text, "coefficient 0"));
        party_done(&p);
}
END_TEST

/* --- states --- */

static BoardInfo info_of(Party *p) {
        BoardInfo info;

        ck_assert_int_eq(chain_board_by_name(p->w.f.chain, "trust", &info), 0);
        return info;
}

START_TEST(a_board_goes_its_way_and_back) {
        Party p;
        Element y;
        BoardInfo info;
        Entry **gone = NULL;
        size_t n_gone = 0;
        uint64_t height;
        Id root;

        party_new(&p, 2, 2, 3);
        with_trustees(&p);
        height = chain_tip(p.w.f.chain)->height;
        put(&p.w, T, sealed_board(&p.b, 0, "trust", "'secret'", UNTIL));
        info = info_of(&p);
        ck_assert_int_eq(info.phase, BOARD_PENDING);
        ck_assert_uint_eq(info.approvals, 1);
        put(&p.w, T, fixture_approve(p.w.f.genesis, 1, p.w.kept[p.w.n_kept - 1]));
        info = info_of(&p);
        ck_assert_int_eq(info.phase, BOARD_DEALING);
        ck_assert_ptr_null(info.key);
        for (unsigned i = 0; i < 3; i++)
                put(&p.w, T, sealed_deal(&p.b, i, UINT_MAX));
        info = info_of(&p);
        ck_assert_int_eq(info.phase, BOARD_CONFIRMING);
        sealed_root(&p.b, &root);
        ck_assert(id_equal(info.deals, &root));
        sealed_key(&p.b, &y);
        ck_assert(element_equal(info.key, &y));
        for (unsigned i = 0; i < 3; i++)
                put(&p.w, T + i, sealed_confirm(&p.b, i));
        info = info_of(&p);
        ck_assert_int_eq(info.phase, BOARD_READY);
        ck_assert_uint_eq(info.ready_time, T + 2);
        sealed_open_deals(&p.b);
        for (unsigned i = 0; i < 3; i++) {
                ck_assert(element_equal(&info.seats[i].share_key, secret_scalar_public(p.b.trustees[i].x)));
                ck_assert_int_eq(info.seats[i].answer.entry->kind, ENTRY_CONFIRM);
        }

        ck_assert_int_eq(chain_disconnect(p.w.f.chain, height + 2, &gone, &n_gone), 0);
        ck_assert_int_eq(info_of(&p).phase, BOARD_DEALING);
        ck_assert_int_eq(chain_disconnect(p.w.f.chain, height + 1, &gone, &n_gone), 0);
        ck_assert_int_eq(info_of(&p).phase, BOARD_PENDING);
        ck_assert_int_eq(chain_disconnect(p.w.f.chain, height, &gone, &n_gone), 0);
        ck_assert_int_eq(chain_board_by_name(p.w.f.chain, "trust", &info), -ENODATA);
        free_entries(gone, n_gone);
        party_done(&p);
}
END_TEST

START_TEST(a_right_objection_names_the_dealer) {
        BoardInfo info;
        Party p;

        party_new(&p, 1, 2, 3);
        with_a_lie(&p);
        put(&p.w, T, sealed_confirm(&p.b, 2));
        put(&p.w, T, sealed_object(&p.b, 1, 0));
        info = info_of(&p);
        ck_assert_int_eq(info.phase, BOARD_VOID);
        ck_assert(key_equal(info.liar, fixture_key(SEALED_TRUSTEE)));
        ck_assert(key_equal(info.objector, fixture_key(SEALED_TRUSTEE + 1)));
        ck_assert_int_eq(info.seats[1].answer.entry->kind, ENTRY_OBJECT);
        party_done(&p);
}
END_TEST

START_TEST(a_board_that_is_not_ready_in_time_is_void) {
        BoardInfo info;
        Party p;

        party_new(&p, 1, 2, 3);
        with_deals(&p, 2);
        put(&p.w, UNTIL - 1, fixture_roll(p.w.f.genesis, 0, "more", 0, 20, 1));
        ck_assert_int_eq(info_of(&p).phase, BOARD_DEALING);
        put(&p.w, UNTIL, fixture_roll(p.w.f.genesis, 0, "most", 0, 30, 1));
        info = info_of(&p);
        ck_assert_int_eq(info.phase, BOARD_VOID);
        ck_assert_ptr_null(info.liar);
        ck_assert(board_is_awaited(&info, 2));          /* who was silent */
        ck_assert(!board_is_awaited(&info, 1));
        party_done(&p);

        party_new(&p, 2, 2, 3); /* what the administrators never approved is no fault of its trustees */
        with_board(&p);
        ck_assert_int_eq(info_of(&p).phase, BOARD_PENDING);
        put(&p.w, UNTIL, fixture_roll(p.w.f.genesis, 0, "most", 0, 30, 1));
        info = info_of(&p);
        ck_assert_int_eq(info.phase, BOARD_VOID);
        for (unsigned i = 0; i < 3; i++)
                ck_assert(!board_is_awaited(&info, i));
        party_done(&p);

        party_new(&p, 1, 2, 3); /* but what is ready stays so */
        with_key(&p);
        put(&p.w, UNTIL, fixture_roll(p.w.f.genesis, 0, "most", 0, 30, 1));
        ck_assert_int_eq(info_of(&p).phase, BOARD_READY);
        party_done(&p);
}
END_TEST

START_TEST(a_board_takes_the_last_sealing_key_before_it) {
        TrusteeInfo last;
        BoardInfo info;
        SealedBoard other;
        Element first;
        Party p;

        party_new(&p, 1, 2, 3);
        with_board(&p);
        first = *secret_scalar_public(p.b.trustees[0].e);

        /* Another key comes too late for this board. */
        sealed_board_init(&other, p.w.f.genesis, 2, 3);
        secret_scalar_free(other.trustees[0].e);
        ck_assert_int_eq(secret_scalar_generate(&other.trustees[0].e), 0);
        put(&p.w, T, sealed_trustee(&other, 0));
        info = info_of(&p);
        ck_assert(element_equal(seat_sealing(&info.seats[0]), &first));
        ck_assert_int_eq(chain_trustee_by_key(p.w.f.chain, fixture_key(SEALED_TRUSTEE), &last), 0);
        ck_assert(element_equal(&last.sealing, secret_scalar_public(other.trustees[0].e)));

        put(&p.w, T, sealed_board(&other, 0, "next", "'later'", UNTIL));
        ck_assert_int_eq(chain_board_by_name(p.w.f.chain, "next", &info), 0);
        ck_assert(element_equal(seat_sealing(&info.seats[0]), secret_scalar_public(other.trustees[0].e)));
        sealed_board_done(&other);
        party_done(&p);
}
END_TEST

/* With threshold 1 a dealer deals its coefficient itself. */
static Entry* deal_of(Party *p, unsigned dealer, const Scalar *a) {
        Json *o = json_new_object(), *as = json_new_array(), *proofs = json_new_array(), *shares = json_new_array();
        Element commitment;
        DealStatement t = {
                .network = p->w.f.genesis->network,
                .board = p->b.id,
                .dealer = *fixture_key(SEALED_TRUSTEE + dealer),
                .commitments = &commitment,
                .n_commitments = 1,
        };
        uint8_t proof[KNOWLEDGE_BYTES], sealed[SEALED_SHARE_BYTES];
        _cleanup_stream_ Stream stream = {};

        element_mul_base(&commitment, a);
        stream_begin_random(&stream, "test");
        coefficient_make(proof, &t, 0, a, &stream);
        json_add_hex32(as, commitment.b);
        json_add_base64(proofs, proof, sizeof(proof));
        for (unsigned i = 0; i < p->b.n; i++) {
                SealedShareContext context = { t.network, t.board, t.dealer, *fixture_key(SEALED_TRUSTEE + i) };

                share_seal(sealed, &context, secret_scalar_public(p->b.trustees[i].e), a, &stream);
                json_add_base64(shares, sealed, sizeof(sealed));
        }
        json_set_id(o, "board", &p->b.id);
        json_set(o, "commitments", as);
        json_set(o, "proofs", proofs);
        json_set(o, "shares", shares);
        return fixture_entry(p->w.f.genesis, SEALED_TRUSTEE + dealer, "deal", o);
}

START_TEST(deals_that_cancel_out_void_the_board) {
        Scalar a, minus;
        Entry *e;
        Party p;
        Why why = {};

        party_new(&p, 1, 1, 2);
        with_board(&p);
        scalar_random(&a);
        scalar_neg(&minus, &a);
        put(&p.w, T, deal_of(&p, 0, &a));
        put(&p.w, T, deal_of(&p, 1, &minus));
        ck_assert_int_eq(info_of(&p).phase, BOARD_VOID);
        e = keep(&p.w, sealed_confirm(&p.b, 0));
        assert_verdict(chain_check_entry(p.w.f.chain, e, T, &why), V_LATE, why);
        ck_assert_ptr_nonnull(strstr(why.text, "make no key"));
        party_done(&p);
}
END_TEST

START_TEST(of_what_a_trustee_says_once_one_waits) {
        _cleanup_(pool_freep) Pool *pool = NULL;
        Entry *deal, *other, *mine, *confirm;
        Party p;
        Why why = {};

        party_new(&p, 1, 2, 3);
        with_board(&p);
        deal = keep(&p.w, sealed_deal(&p.b, 1, UINT_MAX));
        other = keep(&p.w, sealed_deal(&p.b, 1, 0));
        mine = keep(&p.w, sealed_deal(&p.b, 2, UINT_MAX));
        confirm = keep(&p.w, sealed_confirm(&p.b, 1));
        ck_assert_int_eq(pool_new(&pool), 0);
        assert_verdict(pool_add(pool, deal, 0, NULL, &why), 0, why);
        assert_verdict(pool_add(pool, other, 0, NULL, &why), V_DUPLICATE, why);
        ck_assert_ptr_nonnull(strstr(why.text, "another deal"));
        assert_verdict(pool_add(pool, mine, 0, NULL, &why), 0, why);
        assert_verdict(pool_add(pool, confirm, 0, NULL, &why), 0, why);
        pool_remove(pool, &deal->id);
        assert_verdict(pool_add(pool, other, 0, NULL, &why), 0, why);
        ck_assert_uint_eq(pool_count(pool), 3);
        party_done(&p);
}
END_TEST

static void add(TCase *t) {
        tcase_add_loop_test(t, every_rule_of_boards_holds, 0, ELEMENTSOF(cases));
        tcase_add_loop_test(t, what_is_of_another_form_is_refused, 0, ELEMENTSOF(forms));
        tcase_add_test(t, nothing_is_sealed_where_blocks_can_be_undone);
        tcase_add_test(t, a_board_whose_deals_do_not_fit_an_entry_is_refused);
        tcase_add_loop_test(t, every_field_of_what_trustees_say_is_bound, 0, 7);
        tcase_add_test(t, what_one_trustee_says_serves_no_other);
        tcase_add_test(t, a_board_goes_its_way_and_back);
        tcase_add_test(t, a_right_objection_names_the_dealer);
        tcase_add_test(t, a_board_that_is_not_ready_in_time_is_void);
        tcase_add_test(t, a_board_takes_the_last_sealing_key_before_it);
        tcase_add_test(t, deals_that_cancel_out_void_the_board);
        tcase_add_test(t, of_what_a_trustee_says_once_one_waits);
}

int main(void) {
        return run_suite("board", add);
}
