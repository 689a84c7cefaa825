/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "base/prng.h"
#include "base/workers.h"
#include "codec/hex.h"
#include "dump.h"
#include "judge.h"
#include "ledger/audit.h"
#include "poll.h"

/* Opening the sums of a sealed election: every rule of shares, and whole elections. */

typedef struct Case {
        const char *name;
        unsigned n_votes;
        Entry* (*make)(Poll *p);
        int verdict;
        const char *why;
        bool future;
} Case;

/* Closes the election with votes of c->n_votes voters. */
static void closed(Poll *p, unsigned n_votes) {
        poll_run(p, n_votes);
}

static Entry* share_of(Poll *p, unsigned trustee) {
        ElectionInfo info = poll_info(p);

        return sealed_share(&p->b, p->w.f.chain, &info, trustee);
}
static Entry* a_share(Poll *p) {
        return share_of(p, 1);
}
/* Its members with another array of shares: text with ' for ". */
static Entry* with_shares(Poll *p, const char *text) {
        ElectionInfo info = poll_info(p);
        Json *o = sealed_share_json(&p->b, p->w.f.chain, &info, 1);
        _cleanup_json_ Json *wrapped = NULL;
        _cleanup_buf_ Buf b = {};
        const Json *shares;

        buf_printf(&b, "{'shares':%s}", text);
        wrapped = fixture_json(b.p);
        ck_assert_int_eq(json_get_array(wrapped, "shares", 0, 9, &shares, NULL), 0);
        json_set(o, "shares", json_copy_deep(shares));
        return fixture_entry(p->w.f.genesis, SEALED_TRUSTEE + 1, "share", o);
}
static Entry* a_second_share(Poll *p) {
        put(&p->w, POLL_END, share_of(p, 1));
        return with_shares(p, "[[['',''],['',''],['','']]]");
}
static Entry* a_share_replayed(Poll *p) {
        return entry_ref(put(&p->w, POLL_END, share_of(p, 1)));
}
static Entry* a_share_of_more_than_needed(Poll *p) {
        put(&p->w, POLL_END, share_of(p, 1));
        put(&p->w, POLL_END, share_of(p, 0));
        return share_of(p, 2);
}
static Entry* a_share_of_another_trustee(Poll *p) {
        ElectionInfo info = poll_info(p);

        return fixture_entry(p->w.f.genesis, SEALED_TRUSTEE + 2, "share",
                        sealed_share_json(&p->b, p->w.f.chain, &info, 1));
}
static Entry* a_share_of_a_stranger(Poll *p) {
        ElectionInfo info = poll_info(p);

        return fixture_entry(p->w.f.genesis, 77, "share", sealed_share_json(&p->b, p->w.f.chain, &info, 1));
}
static Entry* with_id(Poll *p, const char *member, const Id *id) {
        ElectionInfo info = poll_info(p);
        Json *o = sealed_share_json(&p->b, p->w.f.chain, &info, 1);

        json_set_id(o, member, id);
        return fixture_entry(p->w.f.genesis, SEALED_TRUSTEE + 1, "share", o);
}
static Entry* a_share_for_another_block(Poll *p) {
        return with_id(p, "block", &(Id) { { 1 } });
}
static Entry* a_share_for_no_election(Poll *p) {
        return with_id(p, "election", &(Id) { { 1 } });
}
static Entry* a_share_for_an_open_election(Poll *p) {
        return with_id(p, "election", &p->w.f.election->id);
}
static Entry* a_share_without_an_option(Poll *p) {
        return with_shares(p, "[[['',''],['','']]]");
}
static Entry* a_share_of_two_questions(Poll *p) {
        return with_shares(p, "[[['',''],['','']],[['','']]]");
}
static Entry* a_share_that_leaves_options_out(Poll *p) {
        return with_shares(p, "[[['',''],['',''],['','']]]");
}
static Entry* a_share_of_too_many_options(Poll *p) {
        _cleanup_buf_ Buf b = {};

        buf_printf(&b, "[[");
        for (unsigned i = 0; i < OPTIONS_MAX; i++)
                buf_printf(&b, "%s['','']", i > 0 ? "," : "");
        buf_printf(&b, "]]");
        return with_shares(p, b.p);
}
/* Made by trustee 1 with another secret. */
static Entry* a_share_of_another_secret(Poll *p) {
        ElectionInfo info = poll_info(p);
        SecretScalar *x = p->b.trustees[1].x;
        Entry *e;

        p->b.trustees[1].x = p->b.trustees[2].x;
        e = sealed_share(&p->b, p->w.f.chain, &info, 1);
        p->b.trustees[1].x = x;
        return e;
}
/* What it would have been before the last vote came: the difference of two sums is a ballot. */
static Entry* a_share_of_another_sum(Poll *p) {
        _cleanup_(entry_unrefp) Entry *last = poll_vote(p, 5, 1, "[[2]]");
        Chain *chain = p->w.f.chain;
        Entry **gone = NULL;
        size_t n_gone = 0;
        Json *o;
        Why why = {};

        o = ({
                ElectionInfo info = poll_info(p);

                sealed_share_json(&p->b, chain, &info, 1);
        });
        ck_assert_int_eq(chain_disconnect(chain, chain_tip(chain)->height - 1, &gone, &n_gone), 0);
        free_entries(gone, n_gone);
        assert_verdict(FIXTURE_CONNECT(chain, POLL_OPENS, &why, last), 0, why);
        poll_pass(p, POLL_END);
        {
                ElectionInfo info = poll_info(p);

                json_set_id(o, "block", &info.closing_block);
        }
        return fixture_entry(p->w.f.genesis, SEALED_TRUSTEE + 1, "share", o);
}

static const Case cases[] = {
        { "a share", 5, a_share, 0, "" },
        { "a share of more than are needed", 5, a_share_of_more_than_needed, 0, "" },
        { "a second share", 5, a_second_share, V_DUPLICATE, "is there already" },
        { "a share replayed", 5, a_share_replayed, V_DUPLICATE, "already" },
        { "a share of another trustee", 5, a_share_of_another_trustee, V_PROOF, "question 0, option 0", true },
        { "a share of another secret", 5, a_share_of_another_secret, V_PROOF, "question 0, option 0", true },
        { "a share of another sum", 5, a_share_of_another_sum, V_PROOF, "question 0, option 0", true },
        { "a share of a stranger", 5, a_share_of_a_stranger, V_SIGNER, "no trustee" },
        { "a share for another block", 5, a_share_for_another_block, V_DEFINITION, "closed with" },
        { "a share for no election", 5, a_share_for_no_election, V_UNKNOWN, "no election", true },
        { "a share for an open election", 5, a_share_for_an_open_election, V_DEFINITION, "is open" },
        { "a share without an option", 5, a_share_without_an_option, V_DEFINITION, "3 options" },
        { "a share of too many options", 5, a_share_of_too_many_options, V_DEFINITION, "3 options" },
        { "a share of two questions", 5, a_share_of_two_questions, V_DEFINITION, "1 questions" },
        { "a share that leaves options out", 5, a_share_that_leaves_options_out, V_DEFINITION, "has no share", true },
        { "a share where too few have voted", 1, a_share, V_LATE, "fewer than 2" },
        { "a share where nobody has voted", 0, a_share_that_leaves_options_out, V_LATE, "nobody voted" },
};

START_TEST(every_rule_of_shares_holds) {
        const Case *c = &cases[_i];
        Entry *e;
        Poll p;

        poll_new(&p, 6, "'least':2");
        closed(&p, c->n_votes);
        e = c->make(&p);
        judge(p.w.f.chain, c->name, e, POLL_END, c->verdict, c->why, c->future);
        entry_unref(e);
        poll_done(&p);
}
END_TEST

/* Whoever asks what it proves before its rules learns the same: there is a sum for each option that the
 * election has, and for no other. */
START_TEST(a_share_of_another_shape_is_compared_with_no_sum) {
        static Entry* (*const make[])(Poll *p) = {
                a_share_of_too_many_options, a_share_without_an_option, a_share_of_two_questions,
        };
        CheckContent *content = NULL;
        Why why = {};
        Entry *e;
        Poll p;

        poll_new(&p, 6, "'least':2");
        closed(&p, 5);
        e = keep(&p.w, make[_i](&p));
        assert_verdict(chain_entry_content(p.w.f.chain, e, &content, &why), V_DEFINITION, why);
        ck_assert_ptr_nonnull(strstr(why.text, "\"shares"));
        poll_done(&p);
}
END_TEST

/* Nor is one made for it. */
START_TEST(a_share_that_nobody_needs_begins_no_sum) {
        CheckContent *content = NULL;
        Why why = {};
        Entry *e;
        Poll p;

        poll_new(&p, 6, "'least':2");
        closed(&p, 1);
        e = keep(&p.w, with_shares(&p, "[[['',''],['',''],['','']]]"));
        ck_assert_int_eq(chain_commit(p.w.f.chain), 0);
        {
                _cleanup_(chain_freep) Chain *apart = NULL;

                ck_assert_int_eq(chain_new(&apart, p.w.f.genesis, p.w.f.store), 0);
                chain_set_sums_apart(apart);
                assert_verdict(chain_entry_content(apart, e, &content, &why), V_LATE, why);
                ck_assert_int_eq(chain_sums_next(apart, &content), 0);
                ck_assert_ptr_null(content);
        }
        poll_done(&p);
}
END_TEST

START_TEST(no_share_comes_before_the_closing_block) {
        _cleanup_(entry_unrefp) Entry *share = NULL;
        Entry **gone = NULL;
        size_t n_gone = 0;
        Why why = {};
        Poll p;

        poll_new(&p, 6, "'least':2");
        closed(&p, 5);
        share = share_of(&p, 0);
        ck_assert_int_eq(chain_disconnect(p.w.f.chain, chain_tip(p.w.f.chain)->height - 1, &gone, &n_gone), 0);
        assert_verdict(chain_check_entry(p.w.f.chain, share, POLL_END, &why), V_EARLY, why);
        ck_assert(chain_entry_has_future(p.w.f.chain, share));
        free_entries(gone, n_gone);
        poll_done(&p);
}
END_TEST

START_TEST(every_character_of_a_share_is_bound) {
        _cleanup_(entry_unrefp) Entry *e = NULL;
        Poll p;

        poll_new(&p, 6, "'least':2");
        closed(&p, 5);
        e = share_of(&p, 2);
        every_character_is_bound(p.w.f.chain, SEALED_TRUSTEE + 2, "share", e, POLL_END, (size_t) _i, 8);
        poll_done(&p);
}
END_TEST

/* --- results --- */

START_TEST(too_few_ballots_stay_sealed) {
        _cleanup_(result_freep) Result *result = NULL;
        ElectionInfo info;
        Poll p;

        poll_new(&p, 12, "'least':4");
        closed(&p, 3);
        info = poll_info(&p);
        ck_assert_int_eq(info.phase, ELECTION_FINAL);
        ck_assert_int_eq(chain_count(p.w.f.chain, &info, &result), 0);
        ck_assert_int_eq(result->questions[0].outcome, OUTCOME_UNOPENED);
        poll_done(&p);
}
END_TEST

START_TEST(nobody_voted_and_nobody_opens) {
        _cleanup_buf_ Buf text = {};
        Poll p;

        poll_new(&p, 12, "'least':4");
        closed(&p, 0);
        poll_result(&p, &text);
        ck_assert_ptr_nonnull(strstr(text.p, "\"sums\":[0,0,0]"));
        poll_done(&p);
}
END_TEST

START_TEST(the_first_shares_count_and_any_of_them_open_alike) {
        static const unsigned pairs[][2] = { { 0, 1 }, { 1, 0 }, { 0, 2 }, { 2, 1 } };
        char *first = NULL;

        for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
                _cleanup_(result_freep) Result *none = NULL;
                _cleanup_buf_ Buf text = {};
                ElectionInfo info;
                ShareInfo share;
                Poll p;

                poll_new(&p, 6, "'least':2");
                closed(&p, 5);          /* weights 1, 2, 3, 1, 2 for options 0, 1, 2, 0, 1 */
                info = poll_info(&p);
                ck_assert_int_eq(info.phase, ELECTION_COUNTING);
                ck_assert_int_eq(chain_count(p.w.f.chain, &info, &none), -EBUSY);
                put(&p.w, POLL_END, share_of(&p, pairs[i][0]));
                info = poll_info(&p);
                ck_assert_int_eq(info.phase, ELECTION_COUNTING);
                ck_assert_uint_eq(info.shares, 1);
                ck_assert_uint_eq(info.threshold, 2);
                ck_assert_int_eq(chain_count(p.w.f.chain, &info, &none), -EBUSY);
                put(&p.w, POLL_END, share_of(&p, pairs[i][1]));
                info = poll_info(&p);
                poll_result(&p, &text);
                ck_assert_int_eq(chain_share_at(p.w.f.chain, &info, 0, &share), 0);
                ck_assert_uint_eq(share.trustee, pairs[i][0]);
                ck_assert(share.counts);
                ck_assert_ptr_nonnull(strstr(text.p, "\"sums\":[2,4,3]"));
                *strstr(text.p, "\"shares\":[{") = 0;   /* who opened it differs, nothing else */
                if (first)
                        ck_assert_str_eq(first, text.p);
                else
                        first = buf_take(&text, NULL);
                poll_done(&p);
        }
        free(first);
}
END_TEST

/* Random elections beside an open one with the same votes, weights, blank ballots and revotes: the
 * figures are the same. A start finds the same as well. */
static void same_figures(const Result *sealed, const Result *open) {
        static const char *const keys[] = { "\"sums\":[", "\"elected\":[", "\"order\":[", "\"tied\":[" };
        _cleanup_buf_ Buf a = {}, b = {};

        ck_assert_int_eq(json_dump(sealed->json, &a), 0);
        ck_assert_int_eq(json_dump(open->json, &b), 0);
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const char *p = a.p, *q = b.p;

                while ((p = strstr(p, keys[i]))) {
                        q = strstr(q, keys[i]);
                        ck_assert_ptr_nonnull(q);
                        ck_assert_msg(strncmp(p, q, strcspn(p, "]") + 1) == 0, "%.60s, %.60s", p, q);
                        p++;
                        q++;
                }
                ck_assert(!q || !strstr(q, keys[i]));
        }
}

#define QUESTIONS                                                                               \
        "'questions':[{'text':'Who?','method':'plurality','options':['Ann','Ben','Cy']},"       \
        "{'text':'Which?','method':'approval','options':['A','B','C','D'],'max':3,'seats':2},"  \
        "{'text':'How?','method':'score','options':['X','Y'],'max':5}]"

static Entry* election_of(Poll *p, const char *name, bool sealed) {
        _cleanup_buf_ Buf text = {};
        char hex[ID_HEX];

        buf_printf(&text, "{'name':'%s','title':'E','opens':%u,'closes':%u,'rolls':['%s']," QUESTIONS, name, POLL_OPENS,
                        POLL_CLOSES, id_hex(&p->w.f.roll->id, hex));
        if (sealed)
                buf_printf(&text, ",'secrecy':'sealed','board':'%s'", id_hex(&p->b.id, hex));
        buf_printf(&text, "}");
        return put(&p->w, 2000, fixture_entry(p->w.f.genesis, 0, "election", fixture_json(text.p)));
}

static const char* any_choices(Prng *prng, char *buf, size_t n) {
        static const char *const approvals[] = { "[]", "[0]", "[1,3]", "[0,2,3]", "[3]", "[0,1,2]" };
        unsigned who = (unsigned) prng_below(prng, 4);
        char plurality[8] = "[]";

        if (who < 3)
                (void) snprintf(plurality, sizeof(plurality), "[%u]", who);
        (void) snprintf(buf, n, "[%s,%s,[%u,%u]]", plurality, approvals[prng_below(prng, ELEMENTSOF(approvals))],
                        (unsigned) prng_below(prng, 6), (unsigned) prng_below(prng, 6));
        return buf;
}

#define VOTERS 30U

START_TEST(a_sealed_election_is_counted_like_an_open_one) {
        _cleanup_(workers_freep) Workers *workers = NULL;
        _cleanup_(result_freep) Result *sealed = NULL, *open = NULL, *again = NULL;
        _cleanup_(chain_freep) Chain *reloaded = NULL;
        _cleanup_free_ char *end = NULL, *start = NULL;
        Entry *secret, *plain;
        ElectionInfo info;
        uint64_t time = POLL_OPENS;
        Prng prng;
        Poll p;
        Why why = {};

        prng_seed(&prng, (uint64_t) _i);
        poll_new(&p, VOTERS, NULL);
        if (_i % 2 == 1) {
                ck_assert_int_eq(workers_new(&workers, 2), 0);
                chain_set_workers(p.w.f.chain, workers);
        }
        secret = election_of(&p, "another", true);
        plain = election_of(&p, "plain", false);

        for (unsigned n = 0; n < VOTERS + VOTERS / 3; n++) {    /* some do not vote, some vote again */
                unsigned voter = (unsigned) prng_below(&prng, VOTERS), seq;
                char choices[64];
                StoredVote last = {};
                Entry *a, *b;

                ck_assert_int_eq(chain_election_by_name(p.w.f.chain, "another", &info), 0);
                (void) !chain_voter(p.w.f.chain, &info, fixture_key(FIXTURE_VOTER + voter), NULL, NULL, &last);
                if (last.count > 3)
                        continue;
                seq = last.seq + 1 + (unsigned) prng_below(&prng, 3);
                (void) any_choices(&prng, choices, sizeof(choices));
                a = sealed_vote(&p.b, FIXTURE_VOTER + voter, secret, seq, choices);
                b = fixture_vote(p.w.f.genesis, FIXTURE_VOTER + voter, &plain->id, seq, choices);
                assert_verdict(FIXTURE_CONNECT(p.w.f.chain, time++, &why, a, b), 0, why);
                entry_unref(a);
                entry_unref(b);
        }
        poll_pass(&p, POLL_END);

        ck_assert_int_eq(chain_election_by_name(p.w.f.chain, "plain", &info), 0);
        ck_assert_int_eq(chain_count(p.w.f.chain, &info, &open), 0);
        ck_assert_int_eq(chain_election_by_name(p.w.f.chain, "another", &info), 0);
        put(&p.w, POLL_END, sealed_share(&p.b, p.w.f.chain, &info, 2));
        put(&p.w, POLL_END, sealed_share(&p.b, p.w.f.chain, &info, 0));
        ck_assert_int_eq(chain_election_by_name(p.w.f.chain, "another", &info), 0);
        ck_assert_int_eq(chain_count(p.w.f.chain, &info, &sealed), 0);
        same_figures(sealed, open);

        /* A start finds all of it. */
        end = dump_of(p.w.f.chain);
        ck_assert_int_eq(chain_commit(p.w.f.chain), 0);
        ck_assert_int_eq(chain_new(&reloaded, p.w.f.genesis, p.w.f.store), 0);
        start = dump_of(reloaded);
        assert_same(end, start, "reloaded");
        ck_assert_int_eq(chain_election_by_name(reloaded, "another", &info), 0);
        ck_assert_int_eq(chain_count(reloaded, &info, &again), 0);
        same_figures(again, open);
        chain_set_workers(p.w.f.chain, NULL);
        poll_done(&p);
}
END_TEST

/* --- back and forth, and the audit --- */

START_TEST(connect_disconnect_connect_equals_connect) {
        char *dumps[64] = {};
        Block *blocks[64] = {};
        uint64_t tip;
        Poll p;
        Why why = {};

        poll_new(&p, 6, "'least':2");
        put(&p.w, POLL_OPENS, poll_vote(&p, 0, 1, "[[0]]"));
        put(&p.w, POLL_OPENS, poll_vote(&p, 1, 1, "[[1]]"));
        put(&p.w, POLL_OPENS, poll_vote(&p, 0, 3, "[[2]]"));
        put(&p.w, POLL_CLOSES, poll_vote(&p, 2, 1, "[[]]"));
        poll_pass(&p, POLL_END);
        for (unsigned i = 0; i < 3; i++)
                put(&p.w, POLL_END, share_of(&p, i));
        tip = chain_tip(p.w.f.chain)->height;
        ck_assert_uint_lt(tip, ELEMENTSOF(dumps));

        dumps[tip] = dump_of(p.w.f.chain);
        for (uint64_t h = tip; h > 0; h--) {
                Entry **gone = NULL;
                size_t n_gone = 0;

                ck_assert_int_eq(chain_read_block(p.w.f.chain, h, &blocks[h]), 0);
                ck_assert_int_eq(chain_disconnect(p.w.f.chain, h - 1, &gone, &n_gone), 0);
                free_entries(gone, n_gone);
                dumps[h - 1] = dump_of(p.w.f.chain);
        }
        for (uint64_t h = 1; h <= tip; h++) {
                _cleanup_(chain_freep) Chain *reloaded = NULL;
                _cleanup_free_ char *dump = NULL, *start = NULL;

                /* Half of them as if they had come from elsewhere: all of it is checked anew. */
                for (size_t k = 0; k < blocks[h]->n_entries; k++)
                        blocks[h]->entries[k]->content_checked = h % 2 == 0;
                assert_verdict(chain_connect(p.w.f.chain, blocks[h], (uint8_t[16]) { [15] = (uint8_t) h }, &why), 0, why);
                dump = dump_of(p.w.f.chain);
                assert_same(dumps[h], dump, "connected again");
                ck_assert_int_eq(chain_new(&reloaded, p.w.f.genesis, p.w.f.store), 0);
                start = dump_of(reloaded);
                assert_same(dumps[h], start, "reloaded");
        }
        for (size_t i = 0; i < ELEMENTSOF(dumps); i++) {
                free(dumps[i]);
                block_free(blocks[i]);
        }
        poll_done(&p);
}
END_TEST

/* Genesis and blocks without seals: the fixture's are not of `quorum`. */
static void export(Poll *p, Buf *ret) {
        buf_add(ret, p->w.f.genesis->line, p->w.f.genesis->n_line);
        buf_add_char(ret, '\n');
        for (uint64_t h = 1; h <= chain_tip(p->w.f.chain)->height; h++)
                ck_assert_int_eq(chain_read_block_text(p->w.f.chain, h, false, ret), 0);
}

START_TEST(an_audit_redoes_every_proof_and_the_result) {
        _cleanup_(workers_freep) Workers *workers = NULL;
        _cleanup_(store_freep) Store *store = NULL;
        _cleanup_(audit_freep) Audit *a = NULL;
        _cleanup_(result_freep) Result *ours = NULL, *theirs = NULL;
        _cleanup_buf_ Buf text = {}, x = {}, y = {};
        AuditFacts facts;
        ElectionInfo info;
        Poll p;
        Why why = {};

        poll_new(&p, 6, "'least':2");
        closed(&p, 5);
        put(&p.w, POLL_END, share_of(&p, 0));
        put(&p.w, POLL_END, share_of(&p, 2));
        info = poll_info(&p);
        ck_assert_int_eq(chain_count(p.w.f.chain, &info, &ours), 0);
        export(&p, &text);

        if (_i == 1)
                ck_assert_int_eq(workers_new(&workers, 2), 0);
        ck_assert_int_eq(store_memory_new(&store), 0);
        ck_assert_int_eq(audit_new(&a, store, workers, NULL), 0);
        for (size_t at = 0; at < text.n; at += 1000)
                assert_verdict(audit_feed(a, text.p + at, MIN(text.n - at, (size_t) 1000), &why), 0, why);
        assert_verdict(audit_finish(a, &facts, &why), 0, why);
        ck_assert_uint_eq(facts.sealed_ballots, 5);
        ck_assert_uint_eq(facts.opened, 1);
        ck_assert_uint_eq(facts.entries_by_kind[ENTRY_SHARE], 2);
        ck_assert_uint_eq(facts.entries_by_kind[ENTRY_DEAL], 3);
        /* Four of each ballot, one of each trustee, two and one for each trustee of each deal, three of each share. */
        ck_assert_uint_eq(facts.proofs, 5 * 4 + 3 + 3 * (2 + 3) + 2 * 3);

        ck_assert_int_eq(chain_election_by_name(audit_chain(a), "secret", &info), 0);
        ck_assert_int_eq(chain_count(audit_chain(a), &info, &theirs), 0);
        ck_assert_int_eq(json_dump(ours->json, &x), 0);
        ck_assert_int_eq(json_dump(theirs->json, &y), 0);
        ck_assert_str_eq(x.p, y.p);
        poll_done(&p);
}
END_TEST

/* An authority that lets a wrong proof through makes a ledger whose blocks are all well formed. */
START_TEST(an_audit_names_the_line_of_a_wrong_proof) {
        _cleanup_(store_freep) Store *store = NULL;
        _cleanup_(audit_freep) Audit *a = NULL;
        _cleanup_buf_ Buf text = {};
        CheckContent *content = NULL;
        uint64_t line = 1;
        AuditFacts facts;
        Entry *copied;
        Poll p;
        Why why = {};
        int r;

        poll_new(&p, 6, "'least':2");
        put(&p.w, POLL_OPENS, poll_vote(&p, 0, 1, "[[0]]"));
        copied = keep(&p.w, poll_vote_copied(&p, 1, &p.election->id, 1, "[[0]]"));
        ck_assert_int_eq(chain_entry_content(p.w.f.chain, copied, &content, &why), 0);
        content = check_content_free(content);
        copied->content_checked = true;         /* believed, not checked */
        assert_verdict(FIXTURE_CONNECT(p.w.f.chain, POLL_OPENS, &why, copied), 0, why);
        put(&p.w, POLL_OPENS, poll_vote(&p, 2, 1, "[[0]]"));
        export(&p, &text);

        ck_assert_int_eq(store_memory_new(&store), 0);
        ck_assert_int_eq(audit_new(&a, store, NULL, NULL), 0);
        r = audit_feed(a, text.p, text.n, &why);
        if (r == 0)
                r = audit_finish(a, &facts, &why);
        assert_verdict(r, V_PROOF, why);
        audit_facts(a, &facts);
        for (const char *q = text.p; q < strstr(text.p, copied->line); q++)
                line += *q == '\n';
        ck_assert_uint_eq(facts.bad_line, line);
        poll_done(&p);
}
END_TEST

static void add(TCase *t) {
        tcase_add_loop_test(t, every_rule_of_shares_holds, 0, ELEMENTSOF(cases));
        tcase_add_loop_test(t, a_share_of_another_shape_is_compared_with_no_sum, 0, 3);
        tcase_add_test(t, a_share_that_nobody_needs_begins_no_sum);
        tcase_add_test(t, no_share_comes_before_the_closing_block);
        tcase_add_loop_test(t, every_character_of_a_share_is_bound, 0, 8);
        tcase_add_test(t, too_few_ballots_stay_sealed);
        tcase_add_test(t, nobody_voted_and_nobody_opens);
        tcase_add_test(t, the_first_shares_count_and_any_of_them_open_alike);
        tcase_add_loop_test(t, a_sealed_election_is_counted_like_an_open_one, 0, 6);
        tcase_add_test(t, connect_disconnect_connect_equals_connect);
        tcase_add_loop_test(t, an_audit_redoes_every_proof_and_the_result, 0, 2);
        tcase_add_test(t, an_audit_names_the_line_of_a_wrong_proof);
}

int main(void) {
        return run_suite("share", add);
}
