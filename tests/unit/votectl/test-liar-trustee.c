/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "../ledger/sealed.h"
#include "../ledger/world.h"
#include "crypto/deal.h"
#include "ctl/query.h"
#include "ledger/export.h"
#include "liar.h"
#include "votectl/keystore.h"
#include "votectl/trustee.h"
#include "votectl/trusteestore.h"
#include "votectl/verbs.h"

/* A trustee by hand beside a node that lies about the sealing keys of its board. Every trustee has made a
 * second one before the board: the ledger takes this one, and the node shows the first, which is in the
 * ledger too, with a receipt. Deals to that one would convict their honest dealer. */

#define ME 1U

static World w;
static SealedBoard b;
static uint64_t first_heights[3];
static Entry *firsts[3];
static bool seals;              /* the node's ledger has them */

/* --- the node --- */

static Json* first_of(const Json *entry) {
        Json *o = json_copy_deep(entry);
        const char *line;

        if (json_get_text(o, "line", 1, 65536, &line, NULL) != 0)
                _exit(9);
        for (unsigned i = 0; i < b.n; i++) {
                _cleanup_(entry_unrefp) Entry *e = NULL;

                if (entry_parse(&e, w.f.genesis, line, strlen(line), NULL) != 0)
                        _exit(9);
                if (e->kind != ENTRY_TRUSTEE || !key_equal(&e->signer, fixture_key(SEALED_TRUSTEE + i)))
                        continue;
                json_set_text(o, "line", firsts[i]->line);
                json_set_int(o, "height", (int64_t) first_heights[i]);
                json_set_int(o, "position", 0);
                break;
        }
        return o;
}

static void twist_board(Json *o) {
        Json *twisted = json_new_array();
        const Json *entries;

        if (json_get_array(o, "entries", 0, 100, &entries, NULL) != 0)
                _exit(9);
        for (size_t i = 0; i < json_len(entries); i++)
                json_add(twisted, first_of(json_at(entries, i)));
        json_set(o, "entries", twisted);
}

static int answer(VarlinkCall *call, const char *method, const Json *params) {
        const QuerySource q = { .chain = w.f.chain, .final_height = chain_tip(w.f.chain)->height };
        QueryError e = {};
        Json *o = NULL;
        int r;

        r = query_call(&q, method, params, &o, &e);
        if (r == V_DENIED)
                return varlink_error(call, e.name, e.parameters);
        if (r < 0)
                return r;
        if (streq(method, I "GetBoard"))
                twist_board(o);
        return varlink_reply(call, o, false);
}

/* All of it in one piece. */
static int on_Export(VarlinkCall *call, const Json *params, void *userdata) {
        const uint64_t top = chain_tip(w.f.chain)->height;
        _cleanup_buf_ Buf text = {};
        Json *o = json_new_object();
        uint64_t next;

        if (export_genesis(w.f.chain, &text) < 0 ||
                export_blocks(w.f.chain, 1, top, seals, SIZE_MAX, &text, &next) < 0)
                _exit(9);
        json_set_text(o, "lines", text.p);
        json_set_int(o, "height", (int64_t) top);
        json_set_int(o, "total", (int64_t) top);
        return varlink_reply(call, o, false);
}

LIAR_METHOD(GetBoard)
LIAR_METHOD(GetGenesis)
LIAR_METHOD(GetReceipt)

/* Without Submit: what was signed is on disk before it would be handed in. */
static const VarlinkMethod methods[] = {
        { I "Export", on_Export, false },
        { I "GetBoard", on_GetBoard, false },
        { I "GetGenesis", on_GetGenesis, false },
        { I "GetReceipt", on_GetReceipt, false },
        {},
};

/* --- the trustee --- */

static void put_sealing_key(Ctl *c, unsigned i) {
        b.trustees[i].e = secret_scalar_free(b.trustees[i].e);
        ck_assert_int_eq(trustee_store_new_key(c, NULL, &b.trustees[i].e), EXIT_DONE);
}

static void setup(void) {
        const FixtureSetup network = { .admins = 1, .approvals = 1, .quorum = true };
        _cleanup_free_ char *path = NULL;
        Ctl c = { .hush = true, .quiet = true };

        liar_begin();
        seals = true;
        fixture_seals_are_real = true;
        fixture_new(&w.f, &network, NULL, 3);
        sealed_board_init(&b, w.f.genesis, 2, ELEMENTSOF(firsts));
        (void) put(&w, 2000, sealed_roll_of_trustees(&b, FIXTURE_ADMIN));
        for (unsigned i = 0; i < b.n; i++) {
                put_sealing_key(&c, i);
                firsts[i] = put(&w, 2000, sealed_trustee(&b, i));
                first_heights[i] = chain_tip(w.f.chain)->height;
                put_sealing_key(&c, i);
                (void) put(&w, 2000, sealed_trustee(&b, i));
        }
        (void) put(&w, 2000, sealed_board(&b, FIXTURE_ADMIN, "trust", "'secret'", SEALED_UNTIL));
        ck_assert_int_eq(keystore_path(&c, "default", &path), EXIT_DONE);
        ck_assert_int_eq(keystore_write(&c, path, fixture_secret(SEALED_TRUSTEE + ME), NULL, false), EXIT_DONE);
}

static void teardown(void) {
        liar_end();
        sealed_board_done(&b);
        world_done(&w);
}

/* The line of that kind that the verb has left on disk; n 0: none. */
static void run_verb(const char *verb, const char *kind, Buf *ret) {
        static const CtlVerb *const families[] = { verbs_trustee, NULL };
        Ctl c;

        ck_assert_int_eq(chain_commit(w.f.chain), 0);
        liar_start(methods);
        liar_ctl(&c, w.f.genesis);
        c.options.args[0] = "trust";
        c.options.n_args = 1;
        (void) ASSERT_PTR(ctl_verb_find(families, verb))->run(&c);
        ck_assert_int_eq(trustee_store_get(&c, kind, &b.id, ret, NULL), EXIT_DONE);
        liar_ctl_done(&c);
}

START_TEST(a_deal_is_sealed_to_the_keys_that_the_board_has) {
        _cleanup_(entry_unrefp) Entry *e = NULL;
        _cleanup_buf_ Buf line = {};

        run_verb("trustee deal", "deal", &line);
        ck_assert_uint_gt(line.n, 0);
        ck_assert_int_eq(entry_parse(&e, w.f.genesis, line.p, line.n, NULL), 0);
        for (unsigned i = 0; i < b.n; i++) {
                const SealedShareContext context = {
                        .network = w.f.genesis->network,
                        .board = b.id,
                        .dealer = *fixture_key(SEALED_TRUSTEE + ME),
                        .trustee = *fixture_key(SEALED_TRUSTEE + i),
                };
                _cleanup_scalar_ Scalar share;

                ck_assert_int_eq(share_open(&share, &context, b.trustees[i].e, e->deal.line->shares[i]), 0);
                ck_assert_msg(share_fits(&share, e->deal.line->commitments, 2, i), "the share of trustee %u", i);
        }
}
END_TEST

START_TEST(honest_deals_are_confirmed) {
        _cleanup_buf_ Buf line = {};

        for (unsigned i = 0; i < b.n; i++)
                (void) put(&w, 2000, sealed_deal(&b, i, UINT_MAX));
        run_verb("trustee confirm", "confirm", &line);
        ck_assert_uint_gt(line.n, 0);
}
END_TEST

/* A node can leave out of it what it likes, such as the newer sealing keys. */
START_TEST(who_has_a_ledger_without_seals_signs_nothing) {
        _cleanup_buf_ Buf line = {};

        seals = false;
        run_verb("trustee deal", "deal", &line);
        ck_assert_uint_eq(line.n, 0);
}
END_TEST

START_TEST(a_sealing_key_that_was_opened_is_not_opened_again) {
        const Element *e = secret_scalar_public(b.trustees[ME].e), *other = secret_scalar_public(b.trustees[0].e);
        _cleanup_(trustee_done) Trustee t = {};
        Ctl c = { .hush = true, .quiet = true };

        t.c = &c;
        ck_assert_int_eq(trustee_open(&t, e), EXIT_DONE);
        ck_assert_int_eq(trustee_store_destroy_key(&c, e), EXIT_DONE);
        ck_assert_int_eq(trustee_open(&t, e), EXIT_DONE);
        ck_assert_int_eq(trustee_open(&t, other), EXIT_DONE);
        ck_assert(element_equal(secret_scalar_public(t.sealing), other));
        ck_assert_int_eq(trustee_open(&t, e), EXIT_NOT_FOUND);
}
END_TEST

static void add(TCase *t) {
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, a_deal_is_sealed_to_the_keys_that_the_board_has);
        tcase_add_test(t, honest_deals_are_confirmed);
        tcase_add_test(t, who_has_a_ledger_without_seals_signs_nothing);
        tcase_add_test(t, a_sealing_key_that_was_opened_is_not_opened_again);
}

int main(void) {
        return run_suite("liar-trustee", add);
}
