/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "ctl/query.h"
#include "codec/hex.h"
#include "../ledger/poll.h"

/* What is said of boards and sealed elections while they go on. */

static Pool *pool;

static Json* ask(Chain *c, const char *method, const char *parameters, const char *error) {
        QuerySource q = { .chain = c, .pool = pool, .final_height = chain_tip(c)->height };
        _cleanup_json_ Json *p = fixture_json(parameters);
        QueryError e = {};
        Json *reply = NULL;
        char name[64];
        int r;

        (void) snprintf(name, sizeof(name), "org.voted.Peer.%s", method);
        r = query_call(&q, name, p, &reply, &e);
        if (!error) {
                ck_assert_int_eq(r, 0);
                return reply;
        }
        ck_assert_int_eq(r, V_DENIED);
        {
                _cleanup_buf_ Buf text = {};

                ck_assert_int_eq(json_dump(e.parameters, &text), 0);
                ck_assert_msg(strstr(text.p, error), "%s: %s", method, text.p);
                json_free(e.parameters);
        }
        return NULL;
}

static void assert_says(Chain *c, const char *method, const char *parameters, const char *expected) {
        _cleanup_json_ Json *reply = ask(c, method, parameters, NULL);
        _cleanup_buf_ Buf text = {};

        ck_assert_int_eq(json_dump(reply, &text), 0);
        ck_assert_msg(strstr(text.p, expected), "%s: expected %s in %s", method, expected, text.p);
}

START_TEST(a_board_tells_for_whom_it_waits) {
        FixtureSetup setup = { .quorum = true };
        SealedBoard b;
        World w = {};

        fixture_new(&w.f, &setup, NULL, 3);
        sealed_board_init(&b, w.f.genesis, 1, 2);
        assert_says(w.f.chain, "GetBoards", "{}", "\"boards\":[]");
        (void) ask(w.f.chain, "GetBoard", "{'board':'trust'}", "no board is called");
        (void) put(&w, 2000, sealed_roll_of_trustees(&b, 0));
        for (unsigned i = 0; i < 2; i++)
                (void) put(&w, 2000, sealed_trustee(&b, i));
        (void) put(&w, 2000, sealed_board(&b, 0, "trust", "'secret'", SEALED_UNTIL));
        (void) put(&w, 2000, sealed_deal(&b, 0, 1));
        {
                char awaited[96];

                (void) snprintf(awaited, sizeof(awaited), "\"awaited\":[\"%s\"]",
                                key_hex(fixture_key(SEALED_TRUSTEE + 1), (char[ID_HEX]) {}));
                assert_says(w.f.chain, "GetBoard", "{'board':'trust'}", awaited);
                assert_says(w.f.chain, "GetBoards", "{}", "\"phase\":\"dealing\"");
        }
        (void) put(&w, 2000, sealed_deal(&b, 1, UINT_MAX));
        (void) put(&w, 2000, sealed_confirm(&b, 0));
        assert_says(w.f.chain, "GetBoard", "{'board':'trust'}", "\"phase\":\"confirming\"");
        assert_says(w.f.chain, "GetBoard", "{'board':'trust'}", "\"says\":\"confirm\"");
        (void) put(&w, 2000, sealed_object(&b, 1, 0));
        {
                char liar[96];

                (void) snprintf(liar, sizeof(liar), "\"liar\":\"%s\"", key_hex(fixture_key(SEALED_TRUSTEE), (char[ID_HEX]) {}));
                assert_says(w.f.chain, "GetBoard", "{'board':'trust'}", liar);
                assert_says(w.f.chain, "GetBoard", "{'board':'trust'}", "\"awaited\":[]");
        }
        sealed_board_done(&b);
        world_done(&w);
}
END_TEST

START_TEST(a_sealed_election_has_no_result_before_it_is_opened) {
        ElectionInfo info;
        Poll p;

        poll_new(&p, 6, "'least':2");
        (void) ask(p.w.f.chain, "GetResults", "{'election':'secret'}", "announced");
        put(&p.w, POLL_OPENS, poll_vote(&p, 0, 1, "[[1]]"));
        (void) ask(p.w.f.chain, "GetResults", "{'election':'secret'}", "nobody can count it before it has closed");
        put(&p.w, POLL_OPENS, poll_vote(&p, 1, 1, "[[1]]"));
        poll_pass(&p, POLL_END);
        (void) ask(p.w.f.chain, "GetResults", "{'election':'secret'}", "0 of 2 trustees");
        assert_says(p.w.f.chain, "GetElections", "{}", "\"phase\":\"counting\"");
        info = poll_info(&p);
        put(&p.w, POLL_END, sealed_share(&p.b, p.w.f.chain, &info, 0));
        put(&p.w, POLL_END, sealed_share(&p.b, p.w.f.chain, &info, 1));
        assert_says(p.w.f.chain, "GetResults", "{'election':'secret'}", "\"sums\":[0,3,0]");
        assert_says(p.w.f.chain, "GetResults", "{'election':'secret'}", "\"working\":{\"ciphers\":[[[");
        assert_says(p.w.f.chain, "GetElection", "{'election':'secret'}", "\"shares\":[{\"counts\":true,\"height\":");
        poll_done(&p);
}
END_TEST

START_TEST(a_voter_is_told_of_the_vote_that_waits) {
        char asked[256];
        Entry *e;
        Poll p;

        poll_new(&p, 6, "'least':2");
        ck_assert_int_eq(pool_new(&pool), 0);
        for (unsigned i = 0; i < 3; i++) {
                e = keep(&p.w, poll_vote(&p, i, i + 1, "[[1]]"));
                ck_assert_int_eq(pool_add(pool, e, 0, NULL, NULL), 0);
        }
        for (unsigned i = 0; i < 4; i++) {
                char expected[32];

                (void) snprintf(asked, sizeof(asked), "{'election':'secret','keys':['%s']}",
                                key_hex(fixture_key(FIXTURE_VOTER + i), (char[ID_HEX]) {}));
                (void) snprintf(expected, sizeof(expected), "\"pool_seq\":%u", i < 3 ? i + 1 : 0);
                assert_says(p.w.f.chain, "GetVoters", asked, expected);
        }
        pool = pool_free(pool);
        poll_done(&p);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, a_board_tells_for_whom_it_waits);
        tcase_add_test(t, a_voter_is_told_of_the_vote_that_waits);
        tcase_add_test(t, a_sealed_election_has_no_result_before_it_is_opened);
}

int main(void) {
        return run_suite("query-election", add);
}
