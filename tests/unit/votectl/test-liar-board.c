/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <unistd.h>

#include "../ledger/poll.h"
#include "ctl/query.h"
#include "liar.h"
#include "votectl/boardview.h"
#include "votectl/election.h"

/* A node that lies about the board of a sealed election, in a process of its own, in league with all
 * trustees where that helps: who believed it would seal ballots to a key of its choice. */

typedef enum Lie {
        LIE_NONE,
        LIE_OTHER_BOARD,        /* another board of the ledger, whole */
        LIE_OTHER_LINE,         /* another board, with the entries of the right one */
        LIE_OTHER_ENTRIES,      /* and the other way round */
        LIE_DEAL,               /* a deal that its trustee has signed, but that is not in the ledger */
        LIE_DEAL_CONFIRMED,     /* likewise, and all trustees have confirmed it */
        LIE_DEAL_TWICE,         /* two deals of one trustee */
        LIE_NO_CONFIRM,         /* one confirmation is kept back */
        LIE_NO_DEALS,           /* confirmations of nothing */
        LIE_SEAL,               /* receipts that no authority has sealed */
        LIE_PATH,               /* receipts whose path leads elsewhere */
        LIE_ELECTION,           /* an election that names another board */
        _LIE_MAX,
} Lie;

static const Exit asked[_LIE_MAX] = {
        [LIE_NONE]           = EXIT_DONE,
        [LIE_OTHER_BOARD]    = EXIT_WRONG,
        [LIE_OTHER_LINE]     = EXIT_WRONG,
        [LIE_OTHER_ENTRIES]  = EXIT_WRONG,
        [LIE_DEAL]           = EXIT_WRONG,
        [LIE_DEAL_CONFIRMED] = EXIT_WRONG,
        [LIE_DEAL_TWICE]     = EXIT_WRONG,
        [LIE_NO_CONFIRM]     = EXIT_REFUSED,
        [LIE_NO_DEALS]       = EXIT_WRONG,
        [LIE_SEAL]           = EXIT_WRONG,
        [LIE_PATH]           = EXIT_WRONG,
        [LIE_ELECTION]       = EXIT_WRONG,
};

static Poll p;
static SealedBoard second;
static Entry *fake_deal, *fake_confirms[3];
static Lie lie;

/* --- the node --- */

static const char* kind_of(const Json *o) {
        const char *kind;

        return json_get_text(o, "kind", 1, 32, &kind, NULL) == 0 ? kind : "";
}

/* The trustees' entries, with one thing wrong. */
static Json* twist_entries(const Json *entries) {
        Json *a = json_new_array();
        unsigned n_deals = 0, n_confirms = 0;

        for (size_t i = 0; i < json_len(entries); i++) {
                Json *o = json_copy_deep(json_at(entries, i));
                const bool deal = streq(kind_of(o), "deal"), confirm = streq(kind_of(o), "confirm");

                if (deal && n_deals == 0 && (lie == LIE_DEAL || lie == LIE_DEAL_CONFIRMED))
                        json_set_text(o, "line", fake_deal->line);
                if (confirm && lie == LIE_DEAL_CONFIRMED)
                        json_set_text(o, "line", fake_confirms[n_confirms]->line);
                if (deal && lie == LIE_DEAL_TWICE && n_deals == 0)
                        json_add(a, json_copy_deep(o));
                if ((confirm && lie == LIE_NO_CONFIRM && n_confirms == 1) ||
                        (deal && lie == LIE_NO_DEALS))
                        (void) json_free(o);
                else
                        json_add(a, o);
                n_deals += deal;
                n_confirms += confirm;
        }
        return a;
}

static Json* ask(const QuerySource *q, const char *method, const char *key, const char *value) {
        _cleanup_json_ Json *params = json_new_object();
        QueryError e = {};
        Json *o = NULL;

        json_set_text(params, key, value);
        if (query_call(q, method, params, &o, &e) != 0)
                _exit(9);
        return o;
}

static void twist_board(Json *o, const QuerySource *q) {
        _cleanup_json_ Json *other = ask(q, I "GetBoard", "board", "second");
        const Json *entries;
        const char *line;

        if (lie == LIE_OTHER_LINE && json_get_text(other, "line", 1, 65536, &line, NULL) == 0)
                json_set_text(o, "line", line);
        if (lie == LIE_OTHER_ENTRIES && json_get_array(other, "entries", 0, 100, &entries, NULL) == 0)
                json_set(o, "entries", json_copy_deep(entries));
        else if (json_get_array(o, "entries", 0, 100, &entries, NULL) == 0)
                json_set(o, "entries", twist_entries(entries));
}

static void twist_receipt(Json *o) {
        Json *receipt, *a = json_new_array();
        const Json *r;
        Id id = { { 1 } };

        if (json_get_object(o, "receipt", &r, NULL) != 0)
                _exit(9);
        receipt = json_copy_deep(r);
        if (lie == LIE_PATH) {
                json_add_id(a, &id);
                json_set(receipt, "path", a);
        } else {
                json_add_text(a, "{\"certificate\":{},\"kind\":\"seal\"}");
                json_set(receipt, "seals", a);
        }
        json_set(o, "receipt", receipt);
}

static void twist_election(Json *o, const QuerySource *q) {
        _cleanup_json_ Json *other = ask(q, I "GetElection", "election", "another");
        const Json *summary;
        const char *line;

        if (json_get_object(other, "summary", &summary, NULL) != 0 ||
                json_get_text(other, "line", 1, 65536, &line, NULL) != 0)
                _exit(9);
        json_set(o, "summary", json_copy_deep(summary));
        json_set_text(o, "line", line);
}

static int answer(VarlinkCall *call, const char *method, const Json *params) {
        const QuerySource q = {
                .chain = p.w.f.chain, .final_height = chain_tip(p.w.f.chain)->height };
        const bool board = streq(method, I "GetBoard");
        QueryError e = {};
        Json *o = NULL;
        int r;

        if (board && lie == LIE_OTHER_BOARD)
                o = ask(&q, method, "board", "second");
        else {
                r = query_call(&q, method, params, &o, &e);
                if (r == V_DENIED)
                        return varlink_error(call, e.name, e.parameters);
                if (r < 0)
                        return r;
        }
        if (board)
                twist_board(o, &q);
        if (streq(method, I "GetReceipt") && (lie == LIE_SEAL || lie == LIE_PATH))
                twist_receipt(o);
        if (streq(method, I "GetElection") && lie == LIE_ELECTION)
                twist_election(o, &q);
        return varlink_reply(call, o, false);
}

LIAR_METHOD(GetBoard)
LIAR_METHOD(GetGenesis)
LIAR_METHOD(GetElection)
LIAR_METHOD(GetReceipt)

static const VarlinkMethod methods[] = {
        { I "GetBoard", on_GetBoard, false },
        { I "GetGenesis", on_GetGenesis, false },
        { I "GetElection", on_GetElection, false },
        { I "GetReceipt", on_GetReceipt, false },
        {},
};

static void start_node(Lie l) {
        lie = l;
        liar_start(methods);
}

/* --- who asks --- */

static void setup(void) {
        liar_begin();
        fixture_seals_are_real = true;
        poll_new(&p, 15, NULL);
        /* the same trustees on a second board, which serves no other election: so "another" is of the first */
        sealed_board_init(&second, p.w.f.genesis, 2, 3);
        (void) put(&p.w, 2000, sealed_board(&second, 0, "second", "'third'", SEALED_UNTIL));
        (void) put(&p.w, 2000, sealed_deal(&second, 0, UINT_MAX));
        (void) put(&p.w, 2000, sealed_election(&p.b, 0, "another", &p.w.f.roll->id, 1, POLL_OPENS, POLL_CLOSES, NULL));
        ck_assert_int_eq(chain_commit(p.w.f.chain), 0);

        fake_deal = sealed_deal(&p.b, 0, 2);
        for (unsigned i = 0; i < 3; i++)
                fake_confirms[i] = sealed_confirm(&p.b, i);
}

static void teardown(void) {
        liar_end();
        entry_unref(fake_deal);
        for (unsigned i = 0; i < 3; i++)
                entry_unref(fake_confirms[i]);
        sealed_board_done(&second);
        poll_done(&p);
}

START_TEST(a_node_that_lies_about_a_board_is_caught) {
        _cleanup_(board_view_done) BoardView b = {};
        _cleanup_(election_done) Election e = {};
        Element y;
        Ctl c;
        int r;

        start_node(_i);
        liar_ctl(&c, p.w.f.genesis);
        r = ctl_network_pinned(&c);
        if (r == EXIT_DONE)
                r = election_get(&c, "secret", &e);
        if (r == EXIT_DONE)
                r = board_view_of_election(&c, e.definition, &b);
        ck_assert_msg(r == (int) asked[_i], "lie %d: exit code %d, expected %d", _i, r, asked[_i]);
        ck_assert_int_eq(b.proven, r == EXIT_DONE);
        if (r == EXIT_DONE) {
                sealed_key(&p.b, &y);
                ck_assert(element_equal(&b.y, &y));
        }
        liar_ctl_done(&c);
}
END_TEST

START_TEST(a_node_whose_last_block_is_not_final_yet_does_not_lie) {
        _cleanup_(board_view_done) BoardView b = {};
        Ctl c;

        fixture_seals_are_final = false;
        (void) put(&p.w, 2000, sealed_deal(&second, 1, UINT_MAX));
        ck_assert_int_eq(chain_commit(p.w.f.chain), 0);
        start_node(LIE_NONE);
        liar_ctl(&c, p.w.f.genesis);
        ck_assert_int_eq(ctl_network_pinned(&c), EXIT_DONE);
        ck_assert_int_eq(board_view_get(&c, "trust", &b), EXIT_DONE);
        board_view_done(&b);
        ck_assert_int_eq(board_view_get(&c, "second", &b), EXIT_NOT_FINAL);
        liar_ctl_done(&c);
}
END_TEST

static void add(TCase *t) {
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_set_timeout(t, 60);
        tcase_add_loop_test(t, a_node_that_lies_about_a_board_is_caught, 0, _LIE_MAX);
        tcase_add_test(t, a_node_whose_last_block_is_not_final_yet_does_not_lie);
}

int main(void) {
        return run_suite("liar-board", add);
}
