/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"
#include "run.h"

#include "codec/line.h"
#include "ledger/receipt.h"
#include "voted/limits.h"

#define N_VOTES 7

typedef struct World {
        Fixture f;
        Entry *votes[N_VOTES];
        Json *receipt;          /* of votes[4], with three headers */
        Place place;
} World;

static void world_new(World *w) {
        Why why = {};

        *w = (World) {};
        fixture_new(&w->f, NULL, NULL, N_VOTES);
        for (unsigned i = 0; i < N_VOTES; i++)
                w->votes[i] = fixture_vote(w->f.genesis, FIXTURE_VOTER + i, &w->f.election->id, 9,
                                "[[1]]");
        assert_verdict(fixture_connect(w->f.chain, FIXTURE_OPENS, w->votes, N_VOTES, &why), 0, why);
        for (unsigned i = 0; i < 2; i++)
                assert_verdict(fixture_connect(w->f.chain, FIXTURE_OPENS + 1 + i, NULL, 0, &why), 0,
                                why);
        w->place = PLACE(3, 4);
        ck_assert_int_eq(receipt_make(w->f.chain, w->place, &w->receipt), 0);
}

static void world_done(World *w) {
        json_free(w->receipt);
        for (unsigned i = 0; i < N_VOTES; i++)
                entry_unref(w->votes[i]);
        fixture_done(&w->f);
}

START_TEST(a_receipt_verifies_from_the_network_id_alone) {
        ReceiptFacts facts;
        Why why = {};
        World w;

        world_new(&w);
        assert_verdict(receipt_verify(w.receipt, &w.f.genesis->network, &facts, &why), 0, why);
        ck_assert(id_equal(&facts.network, &w.f.genesis->network));
        ck_assert(id_equal(&facts.entry, &w.votes[4]->id));
        ck_assert(id_equal(&facts.election, &w.f.election->id));
        ck_assert(key_equal(&facts.signer, fixture_key(FIXTURE_VOTER + 4)));
        ck_assert_str_eq(facts.kind, "vote");
        ck_assert_uint_eq(facts.height, 3);
        ck_assert_uint_eq(facts.position, 4);
        ck_assert_uint_eq(facts.seq, 9);
        ck_assert_uint_eq(facts.time, FIXTURE_OPENS);
        ck_assert_uint_eq(facts.depth, 3);
        ck_assert(!facts.final);        /* in pow a receipt alone proves nothing */
        world_done(&w);
}
END_TEST

START_TEST(every_entry_of_a_block_has_a_receipt) {
        ReceiptFacts facts;
        Why why = {};
        World w;

        world_new(&w);
        for (uint64_t h = 1; h <= 3; h++)
                for (uint32_t i = 0; i < (h == 3 ? N_VOTES : 1); i++) {
                        _cleanup_json_ Json *o = NULL;

                        ck_assert_int_eq(receipt_make(w.f.chain, PLACE(h, i), &o), 0);
                        assert_verdict(receipt_verify(o, &w.f.genesis->network, &facts, &why), 0,
                                        why);
                        ck_assert_uint_eq(facts.position, i);
                }
        world_done(&w);
}
END_TEST

START_TEST(a_receipt_shows_so_many_headers_at_most) {
        _cleanup_json_ Json *o = NULL;
        ReceiptFacts facts;
        Why why = {};
        World w;

        world_new(&w);
        for (unsigned i = 0; i < 30; i++)
                assert_verdict(fixture_connect(w.f.chain, FIXTURE_OPENS + 9 + i, NULL, 0, &why), 0,
                                why);
        ck_assert_int_eq(receipt_make(w.f.chain, w.place, &o), 0);
        assert_verdict(receipt_verify(o, &w.f.genesis->network, &facts, &why), 0, why);
        ck_assert_uint_eq(facts.depth, RECEIPT_HEADERS_MAX);
        world_done(&w);
}
END_TEST

START_TEST(where_there_is_no_entry_there_is_no_receipt) {
        Json *o = NULL;
        World w;

        world_new(&w);
        ck_assert_int_eq(receipt_make(w.f.chain, PLACE(3, N_VOTES), &o), -ENODATA);
        ck_assert_int_eq(receipt_make(w.f.chain, PLACE(6, 0), &o), -ENODATA);
        ck_assert_int_eq(receipt_make(w.f.chain, 0, &o), -ENODATA);
        world_done(&w);
}
END_TEST

/* --- what is wrong with it --- */

static const char* text_of(const Json *o, const char *key, size_t i) {
        const Json *a;
        const char *text;

        ck_assert_int_eq(json_get_array(o, key, 1, 99, &a, NULL), 0);
        ck_assert_int_eq(json_at_text(a, i, key, 1, 1 << 20, &text, NULL), 0);
        return text;
}

/* The receipt's text with every `from` replaced. */
static Json* edited(const World *w, const char *from, const char *to) {
        _cleanup_buf_ Buf text = {}, out = {};
        const char *p, *at;
        Json *o = NULL;
        Why why = {};

        ck_assert_int_eq(json_dump(w->receipt, &text), 0);
        ck_assert_ptr_nonnull(strstr(text.p, from));
        for (p = text.p; (at = strstr(p, from)); p = at + strlen(from)) {
                buf_add(&out, p, (size_t) (at - p));
                buf_add_text(&out, to);
        }
        buf_add_text(&out, p);
        assert_verdict(json_parse_loose(&o, out.p, out.n, 1 << 20, &why), 0, why);
        return o;
}

static Json* with_another_entry(World *w) {
        Json *o = json_copy_deep(w->receipt);

        json_set_text(o, "entry", w->votes[3]->line);
        return o;
}
static Json* with_another_position(World *w) {
        Json *o = json_copy_deep(w->receipt);

        json_set_int(o, "position", 5);
        return o;
}
static Json* with_another_height(World *w) {
        Json *o = json_copy_deep(w->receipt);

        json_set_int(o, "height", 4);
        return o;
}
static Json* with_a_forged_ballot(World *w) {
        return edited(w, "[[1]]", "[[2]]");
}
static Json* without_a_path(World *w) {
        Json *o = json_copy_deep(w->receipt);

        json_set(o, "path", json_new_array());
        return o;
}
static Json* with_headers_that_do_not_follow(World *w) {
        Json *o = json_copy_deep(w->receipt), *headers = json_new_array(),
             *seals = json_new_array();

        for (size_t i = 0; i < 3; i += 2) {
                json_add_text(headers, text_of(w->receipt, "headers", i));
                json_add_text(seals, text_of(w->receipt, "seals", i));
        }
        json_set(o, "headers", headers);
        json_set(o, "seals", seals);
        return o;
}
static Json* with_a_seal_too_few(World *w) {
        Json *o = json_copy_deep(w->receipt), *seals = json_new_array();

        for (size_t i = 0; i < 2; i++)
                json_add_text(seals, text_of(w->receipt, "seals", i));
        json_set(o, "seals", seals);
        return o;
}
static Json* with_seals_mixed_up(World *w) {
        Json *o = json_copy_deep(w->receipt), *seals = json_new_array();

        for (size_t i = 0; i < 3; i++)
                json_add_text(seals, text_of(w->receipt, "seals", 2 - i));
        json_set(o, "seals", seals);
        return o;
}
static Json* with_a_seal_signed_by_another(World *w) {
        Json *o = json_copy_deep(w->receipt), *seals = json_new_array();
        _cleanup_buf_ Buf unsigned_line = {}, line = {};
        const char *seal = text_of(w->receipt, "seals", 0);
        size_t start, end;

        ck_assert_int_eq(line_signature_span(seal, strlen(seal), &start, &end), 0);
        buf_add(&unsigned_line, seal, start);
        buf_add_text(&unsigned_line, seal + end);
        ck_assert_int_eq(sign_line(&line, fixture_secret(1), "seal", &w->f.genesis->network,
                                         unsigned_line.p, unsigned_line.n), 0);
        json_add_text(seals, line.p);
        for (size_t i = 1; i < 3; i++)
                json_add_text(seals, text_of(w->receipt, "seals", i));
        json_set(o, "seals", seals);
        return o;
}
static Json* of_another_network(World *w) {
        return edited(w, "\\\"name\\\":\\\"test\\\"", "\\\"name\\\":\\\"fake\\\"");
}
static Json* with_more(World *w) {
        Json *o = json_copy_deep(w->receipt);

        json_set_int(o, "final", 1);
        return o;
}
static Json* without_headers(World *w) {
        Json *o = json_copy_deep(w->receipt);

        json_set(o, "headers", json_new_array());
        return o;
}
static Json* that_is_a_list(World *w) {
        return json_new_array();
}

static const struct {
        const char *name;
        Json* (*make)(World *w);
        int verdict;
        const char *why;
} bad[] = {
        { "another entry of the block", with_another_entry, V_BLOCK, "path" },
        { "another position", with_another_position, V_BLOCK, "path" },
        { "another height", with_another_height, V_BLOCK, "\"height\" is 4" },
        { "a forged ballot", with_a_forged_ballot, V_SIGNATURE, "does not verify" },
        { "no path", without_a_path, V_BLOCK, "path" },
        { "headers that do not follow", with_headers_that_do_not_follow, V_BLOCK,
                        "does not follow" },
        { "a seal too few", with_a_seal_too_few, V_FORM, "\"seals\"" },
        { "seals mixed up", with_seals_mixed_up, V_SEAL, "block 3" },
        { "a seal signed by another", with_a_seal_signed_by_another, V_SEAL, "signature" },
        { "another network", of_another_network, V_NETWORK, "expected" },
        { "more than a receipt has", with_more, V_FORM, "\"final\"" },
        { "no headers", without_headers, V_FORM, "\"headers\"" },
        { "a list", that_is_a_list, V_FORM, "object" },
};

START_TEST(a_receipt_that_was_tampered_with_is_refused) {
        _cleanup_json_ Json *o = NULL;
        ReceiptFacts facts;
        Why why = {};
        World w;
        int r;

        world_new(&w);
        o = bad[_i].make(&w);
        r = receipt_verify(o, &w.f.genesis->network, &facts, &why);
        ck_assert_msg(r == bad[_i].verdict, "%s: %s (%s)", bad[_i].name, verdict_name(r), why.text);
        ck_assert_msg(strstr(why.text, bad[_i].why), "%s: \"%s\"", bad[_i].name, why.text);
        world_done(&w);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, a_receipt_verifies_from_the_network_id_alone);
        tcase_add_test(t, every_entry_of_a_block_has_a_receipt);
        tcase_add_test(t, a_receipt_shows_so_many_headers_at_most);
        tcase_add_test(t, where_there_is_no_entry_there_is_no_receipt);
        tcase_add_loop_test(t, a_receipt_that_was_tampered_with_is_refused, 0, ELEMENTSOF(bad));
}

int main(void) {
        return run_suite("receipt", add);
}
