/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/mman.h>

#include "../ledger/poll.h"
#include "ctl/query.h"
#include "ledger/export.h"
#include "liar.h"
#include "votectl/keystore.h"
#include "votectl/trusteestore.h"
#include "votectl/verbs.h"

/* A trustee beside a node that shows it two ledgers, one after the other, both sealed by authorities who are in league with it:
 * they differ in one ballot of an election, and the difference of the two sums is that ballot. */

#define ME 1U

static Poll ledgers[2];
static volatile unsigned *shown;        /* which; shared with the node */

/* --- the node --- */

static Chain* the_chain(void) {
        return ledgers[*shown].w.f.chain;
}

static int answer(VarlinkCall *call, const char *method, const Json *params) {
        const QuerySource q = { .chain = the_chain(), .final_height = chain_tip(the_chain())->height };
        QueryError e = {};
        Json *o = NULL;
        int r;

        r = query_call(&q, method, params, &o, &e);
        if (r == V_DENIED)
                return varlink_error(call, e.name, e.parameters);
        return r < 0 ? r : varlink_reply(call, o, false);
}

/* All of it in one piece. */
static int on_Export(VarlinkCall *call, const Json *params, void *userdata) {
        const uint64_t top = chain_tip(the_chain())->height;
        _cleanup_buf_ Buf text = {};
        Json *o = json_new_object();
        uint64_t next;

        if (export_genesis(the_chain(), &text) < 0 ||
                export_blocks(the_chain(), 1, top, true, SIZE_MAX, &text, &next) < 0)
                _exit(9);
        json_set_text(o, "lines", text.p);
        json_set_int(o, "height", (int64_t) top);
        json_set_int(o, "total", (int64_t) top);
        return varlink_reply(call, o, false);
}

LIAR_METHOD(GetGenesis)

/* Without Submit: what was signed is on disk before it would be handed in. */
static const VarlinkMethod methods[] = {
        { I "Export", on_Export, false },
        { I "GetGenesis", on_GetGenesis, false },
        {},
};

/* --- the trustee --- */

static void begin(Poll *p, SecretScalar *const keys[static 3], unsigned n_ballots) {
        const FixtureSetup network = { .admins = 1, .approvals = 1, .revotes = 3, .quorum = true };

        fixture_new(&p->w.f, &network, NULL, 15);
        sealed_board_init(&p->b, p->w.f.genesis, 2, 3);
        for (unsigned i = 0; i < p->b.n; i++) {
                p->b.trustees[i].e = secret_scalar_free(p->b.trustees[i].e);
                ck_assert_int_eq(secret_scalar_new(&p->b.trustees[i].e, secret_scalar_value(keys[i])), 0);
        }
        sealed_make_ready(&p->b, p->w.f.chain, "trust", "'secret'", 2000);
        p->election = put(&p->w, 2000, sealed_election(&p->b, FIXTURE_ADMIN, "secret", &p->w.f.roll->id, 1, POLL_OPENS,
                                               POLL_CLOSES, NULL));
        poll_run(p, n_ballots);
        ck_assert_int_eq(chain_commit(p->w.f.chain), 0);
}

static void setup(void) {
        _cleanup_free_ char *path = NULL;
        Ctl c = { .hush = true, .quiet = true };
        SecretScalar *keys[3] = {};

        liar_begin();
        shown = mmap(NULL, sizeof *shown, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne((void*) shown, MAP_FAILED);
        fixture_seals_are_real = true;
        for (unsigned i = 0; i < ELEMENTSOF(keys); i++)
                ck_assert_int_eq(trustee_store_new_key(&c, NULL, &keys[i]), EXIT_DONE);
        for (unsigned i = 0; i < ELEMENTSOF(ledgers); i++)
                begin(&ledgers[i], keys, 6 + i);
        for (unsigned i = 0; i < ELEMENTSOF(keys); i++)
                (void) secret_scalar_free(keys[i]);
        ck_assert_int_eq(keystore_path(&c, "default", &path), EXIT_DONE);
        ck_assert_int_eq(keystore_write(&c, path, fixture_secret(SEALED_TRUSTEE + ME), NULL, false), EXIT_DONE);
}

static void teardown(void) {
        liar_end();
        for (unsigned i = 0; i < ELEMENTSOF(ledgers); i++)
                poll_done(&ledgers[i]);
        (void) munmap((void*) shown, sizeof *shown);
}

/* trustee share, beside that ledger; the line that is kept of it, and for which sums. */
static int share(unsigned ledger, Buf *ret_line, Id *ret_sums, Buf *ret_said) {
        Ctl c;
        int r;

        *shown = ledger;
        liar_ctl(&c, ledgers[0].w.f.genesis);
        r = liar_run(&c, verbs_trustee, "trustee share", "secret", ret_said);
        buf_reset(ret_line);
        ck_assert_int_eq(trustee_store_get(&c, "share", &ledgers[0].election->id, ret_line, ret_sums), EXIT_DONE);
        liar_ctl_done(&c);
        return r;
}

START_TEST(of_two_sums_of_one_election_one_is_shared) {
        _cleanup_buf_ Buf first = {}, line = {}, said = {};
        Id sums, others;

        ck_assert(id_equal(&ledgers[0].election->id, &ledgers[1].election->id));
        liar_start(methods);
        (void) share(0, &first, &sums, &said);
        ck_assert_msg(first.n > 0, "%s", said.p);

        ck_assert_int_eq(share(1, &line, &others, &said), EXIT_WRONG);
        ck_assert_msg(strstr(said.p, "a share of election \"secret\" was signed before, for other sums; none is signed for these"),
                "%s", said.p);
        ck_assert_str_eq(line.p, first.p);
        ck_assert(id_equal(&others, &sums));

        (void) share(0, &line, &others, &said);         /* the same bytes once more */
        ck_assert_ptr_null(strstr(said.p, "other sums"));
        ck_assert_str_eq(line.p, first.p);
}
END_TEST

static void add(TCase *t) {
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, of_two_sums_of_one_election_one_is_shared);
}

int main(void) {
        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;
        return run_suite("liar-sums", add);
}
