/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "../ledger/fixture.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "ctl/query.h"
#include "help.h"
#include "liar.h"
#include "votectl/election.h"
#include "votectl/receipts.h"

/* A node that lies, in a process of its own: it answers from a real ledger, but for one thing.
 * Whoever asks it has pinned the network, and must not be taken in. */

typedef enum Lie {
        LIE_NONE,
        LIE_NETWORK,        /* another network's genesis */
        LIE_TITLE,          /* another title in the election's line, as if nothing were */
        LIE_TITLE_AND_ID,   /* likewise, with the id that goes with it */
        LIE_OTHER_ELECTION, /* another election of the ledger under the name that was asked for */
        LIE_NO_ELECTION,    /* an entry that is none */
        LIE_PATH,           /* a receipt whose path leads elsewhere */
        LIE_SIGNATURE,      /* a receipt whose entry nobody signed */
        LIE_OTHER_RECEIPT,  /* a good receipt of something else */
        LIE_VOTERS,         /* the standing of other keys than those that were asked for */
        _LIE_MAX,
} Lie;

static Fixture f;
static Entry *other, *vote;
static Lie lie;

/* --- the node --- */

static const char* replaced(const char *text, const char *what, const char *with) {
        static char out[65536];
        const char *at = strstr(text, what);

        ck_assert_ptr_nonnull(at);
        (void) snprintf(
                out, sizeof out, "%.*s%s%s", (int) (at - text), text, with, at + strlen(what));
        return out;
}

static void twist_election(Json *o) {
        Json *summary = NULL;
        const Json *s;
        const char *line;
        Id id;

        if (json_get_text(o, "line", 1, 65536, &line, NULL) != 0 ||
                json_get_object(o, "summary", &s, NULL) != 0)
                _exit(9);
        summary = json_copy_deep(s);
        if (lie == LIE_TITLE || lie == LIE_TITLE_AND_ID)
                json_set_text(o, "line", replaced(line, "\"title\":\"", "\"title\":\"Not "));
        if (lie == LIE_TITLE_AND_ID && json_get_text(o, "line", 1, 65536, &line, NULL) == 0) {
                hash_bytes(&id, line, strlen(line));
                json_set_id(summary, "id", &id);
        }
        if (lie == LIE_OTHER_ELECTION) {
                json_set_text(o, "line", other->line);
                json_set_id(summary, "id", &other->id);
        }
        if (lie == LIE_NO_ELECTION) {
                json_set_text(o, "line", f.roll->line);
                json_set_id(summary, "id", &f.roll->id);
        }
        json_set(o, "summary", summary);
}

static void twist_receipt(Json *o, const QuerySource *q) {
        const Json *r;
        Json *receipt;
        const char *text;
        Id id = { { 1 } };

        if (json_get_object(o, "receipt", &r, NULL) != 0)
                _exit(9);
        receipt = json_copy_deep(r);
        if (lie == LIE_PATH) {
                Json *path = json_new_array();

                json_add_id(path, &id);
                json_set(receipt, "path", path);
        }
        if (lie == LIE_SIGNATURE && json_get_text(receipt, "entry", 1, 65536, &text, NULL) == 0) {
                char *twisted = strdup(text), *at = strstr(twisted, "\"signature\":\"");

                for (unsigned i = 0; i < 4; i++)
                        at[strlen("\"signature\":\"") + 10 + i] = 'A';
                json_set_text(receipt, "entry", twisted);
                free(twisted);
        }
        if (lie == LIE_OTHER_RECEIPT) {
                _cleanup_json_ Json *p = json_new_object();
                QueryError e = {};
                Json *reply = NULL;

                json_set_int(p, "height", 1);
                json_set_int(p, "position", 0);
                if (query_call(q, I "GetReceipt", p, &reply, &e) != 0 ||
                        json_get_object(reply, "receipt", &r, NULL) != 0)
                        _exit(9);
                (void) json_free(receipt);
                receipt = json_copy_deep(r);
                (void) json_free(reply);
        }
        json_set(o, "receipt", receipt);
}

static int answer(VarlinkCall *call, const char *method, const Json *params) {
        const QuerySource q = {
                .chain = f.chain, .final_height = chain_tip(f.chain)->height, .confirmations = 1};
        QueryError e = {};
        Json *o = NULL;
        int r;

        r = query_call(&q, method, params, &o, &e);
        if (r == V_DENIED)
                return varlink_error(call, e.name, e.parameters);
        if (r < 0)
                return r;
        if (streq(method, I "GetGenesis") && lie == LIE_NETWORK) {
                Genesis *g = fixture_genesis(&(FixtureSetup) { .name = "elsewhere" });

                json_set_text(o, "line", g->line);
                (void) genesis_free(g);
        }
        if (streq(method, I "GetElection"))
                twist_election(o);
        if (streq(method, I "GetReceipt"))
                twist_receipt(o, &q);
        if (streq(method, I "GetVoters") && lie == LIE_VOTERS) {
                Json *p = json_new_object(), *keys = json_new_array();
                const char *election;

                (void) !json_get_text(params, "election", 1, 64, &election, NULL);
                json_add_key(keys, fixture_key(FIXTURE_VOTER + 1));
                json_set_text(p, "election", election);
                json_set(p, "keys", keys);
                (void) json_free(o);
                r = query_call(&q, method, p, &o, &e);
                (void) json_free(p);
                if (r != 0)
                        _exit(9);
        }
        return varlink_reply(call, o, false);
}

LIAR_METHOD(GetGenesis)
LIAR_METHOD(GetElection)
LIAR_METHOD(GetReceipt)
LIAR_METHOD(GetVoters)

static const VarlinkMethod methods[] = {
        { I "GetGenesis", on_GetGenesis, false },
        { I "GetElection", on_GetElection, false },
        { I "GetReceipt", on_GetReceipt, false },
        { I "GetVoters", on_GetVoters, false },
        {},
};

static void start_node(Lie l) {
        lie = l;
        liar_start(methods);
}

/* --- who asks --- */

static void setup(void) {
        Why why = {};

        liar_begin();
        fixture_new(&f, &(FixtureSetup) { .confirmations = 1 }, NULL, 5);
        other = fixture_election(f.genesis, FIXTURE_ADMIN, "second", &f.roll->id, 1, FIXTURE_OPENS,
                FIXTURE_CLOSES, NULL);
        vote = fixture_vote(f.genesis, FIXTURE_VOTER, &f.election->id, 1, "[[1]]");
        ck_assert_msg(
                FIXTURE_CONNECT(f.chain, FIXTURE_OPENS - 100, &why, other) == 0, "%s", why.text);
        ck_assert_msg(FIXTURE_CONNECT(f.chain, FIXTURE_OPENS, &why, vote) == 0, "%s", why.text);
        ck_assert_int_eq(fixture_connect(f.chain, FIXTURE_OPENS + 1, NULL, 0, &why), 0);
        ck_assert_int_eq(fixture_connect(f.chain, FIXTURE_OPENS + 2, NULL, 0, &why), 0);
        ck_assert_int_eq(chain_commit(f.chain), 0);
}

static void teardown(void) {
        liar_end();
        entry_unref(other);
        entry_unref(vote);
        fixture_done(&f);
}

static const Exit asked[_LIE_MAX] = {
        [LIE_NONE]           = EXIT_DONE,
        [LIE_NETWORK]        = EXIT_REFUSED,
        [LIE_TITLE]          = EXIT_WRONG,
        [LIE_TITLE_AND_ID]   = EXIT_WRONG,
        [LIE_OTHER_ELECTION] = EXIT_WRONG,
        [LIE_NO_ELECTION]    = EXIT_WRONG,
        [LIE_PATH]           = EXIT_WRONG,
        [LIE_SIGNATURE]      = EXIT_WRONG,
        [LIE_OTHER_RECEIPT]  = EXIT_WRONG,
        [LIE_VOTERS]         = EXIT_DONE,       /* of the voters, not of the election */
};

START_TEST(a_node_that_lies_about_an_election_is_caught) {
        _cleanup_(election_done) Election e = {};
        Ctl c;
        int r;

        start_node(_i);
        liar_ctl(&c, f.genesis);
        r = ctl_network_pinned(&c);
        if (r == EXIT_DONE)
                r = election_get(&c, "board", &e);
        ck_assert_msg(r == (int) asked[_i], "lie %d: exit code %d, expected %d", _i, r, asked[_i]);
        if (r == EXIT_DONE) {
                ck_assert(e.proven);
                ck_assert(id_equal(&e.id, &f.election->id));
        }
        liar_ctl_done(&c);
}
END_TEST

START_TEST(a_node_that_lies_about_voters_is_caught) {
        _cleanup_(election_done) Election e = {};
        _cleanup_free_ VoterState *states = NULL;
        Signer signer = { .key = *fixture_key(FIXTURE_VOTER), .fd = -1 };
        const Signers signers = { .items = &signer, .n = 1 };
        Ctl c;

        start_node(_i ? LIE_VOTERS : LIE_NONE);
        liar_ctl(&c, f.genesis);
        ck_assert_int_eq(ctl_network_pinned(&c), EXIT_DONE);
        ck_assert_int_eq(election_get(&c, "board", &e), EXIT_DONE);
        ck_assert_int_eq(election_voters(&c, &e, &signers, &states), _i ? EXIT_WRONG : EXIT_DONE);
        if (!_i) {
                ck_assert(states[0].entitled);
                ck_assert_uint_eq(states[0].seq, 1);
        }
        liar_ctl_done(&c);
}
END_TEST

/* What the node says is in the block: our vote, or not. */
START_TEST(a_vote_is_called_final_on_its_own_receipt_only) {
        static const struct { Lie lie; Exit exit; bool moved; } cases[] = {
                { LIE_NONE,          EXIT_DONE,  false },
                { LIE_PATH,          EXIT_WRONG, false },
                { LIE_SIGNATURE,     EXIT_WRONG, false },
                { LIE_OTHER_RECEIPT, EXIT_DONE,  true  },
        };
        _cleanup_json_ Json *receipt = NULL;
        ReceiptFacts facts = {};
        bool moved = false;
        Ctl c;
        int r;

        start_node(cases[_i].lie);
        liar_ctl(&c, f.genesis);
        ck_assert_int_eq(ctl_network_pinned(&c), EXIT_DONE);
        r = receipts_fetch(&c, 4, 0, &vote->id, &receipt, &facts, &moved);
        ck_assert_int_eq(r, cases[_i].exit);
        ck_assert_int_eq(moved, cases[_i].moved);
        ck_assert_int_eq(receipt != NULL, r == EXIT_DONE && !moved);
        if (receipt)
                ck_assert(key_equal(&facts.signer, fixture_key(FIXTURE_VOTER)));
        liar_ctl_done(&c);
}
END_TEST

START_TEST(a_network_that_is_not_pinned_is_shown_but_not_signed_for) {
        _cleanup_(election_done) Election e = {};
        Ctl c;

        start_node(LIE_NONE);
        liar_ctl(&c, NULL);
        ck_assert_int_eq(ctl_network_pinned(&c), EXIT_REFUSED);
        ck_assert_int_eq(election_get(&c, "board", &e), EXIT_DONE);
        ck_assert(!e.proven);
        liar_ctl_done(&c);
}
END_TEST

static void add(TCase *t) {
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_loop_test(t, a_node_that_lies_about_an_election_is_caught, 0, _LIE_MAX);
        tcase_add_loop_test(t, a_node_that_lies_about_voters_is_caught, 0, 2);
        tcase_add_loop_test(t, a_vote_is_called_final_on_its_own_receipt_only, 0, 4);
        tcase_add_test(t, a_network_that_is_not_pinned_is_shown_but_not_signed_for);
}

int main(void) {
        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;
        return run_suite("liar", add);
}
