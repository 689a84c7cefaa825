/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "codec/hex.h"
#include "votectl/trustee-lines.h"
#include "votectl/trustee.h"
#include "votectl/trusteestore.h"

void trustee_done(Trustee *t) {
        signers_done(&t->signers);
        (void) secret_scalar_free(t->sealing);
        *t = (Trustee) {};
}

int trustee_begin(Ctl *c, Trustee *ret) {
        *ret = (Trustee) { .c = c };
        return signers_find(c, &ret->signers);
}

int trustee_choose(Trustee *t, const BoardView *b, unsigned *ret_seat) {
        _cleanup_free_ bool *entitled = new0(bool, t->signers.n + 1);
        char what[128];
        int r;

        if (!entitled)
                return ctl_oom(t->c);
        for (size_t i = 0; i < t->signers.n; i++)
                entitled[i] = board_line_find_seat(b->line, &t->signers.items[i].key, ret_seat);
        (void) snprintf(what, sizeof what, "a trustee of board %s", b->line->name);
        r = signers_choose(t->c, &t->signers, entitled, what, &t->signer);
        if (r == 0)
                (void) board_line_find_seat(b->line, &t->signer->key, ret_seat);
        return r;
}

int trustee_open(Trustee *t, const Element *sealing) {
        if (t->sealing && element_equal(secret_scalar_public(t->sealing), sealing))
                return EXIT_DONE;
        t->sealing = secret_scalar_free(t->sealing);
        return trustee_store_open_key(t->c, sealing, &t->sealing);
}

/* The secret of the sealing key that the seat has. */
static int open_seat(Trustee *t, const BoardView *b, unsigned seat) {
        if (!b->seats[seat].trustee.entry)
                return ctl_fail(t->c, EXIT_WRONG, NULL, "trustee %u of board %s has no sealing key", seat,
                        b->line->name);
        return trustee_open(t, board_view_sealing(b, seat));
}

/* Signs o, keeps the line, and only then gives it out. */
static int sign_and_keep(Trustee *t, const char *kind, const Id *of, Json *o, const Id *sums, Buf *ret) {
        _cleanup_buf_ Buf line = {};
        int r;

        r = signer_sign(t->c, t->signer, kind, &t->c->genesis->network, o, &line);
        if (r == 0)
                r = trustee_store_put(t->c, kind, of, &line, sums);
        if (r != 0)
                return r;
        buf_add(ret, line.p, line.n);
        return buf_error(ret) < 0 ? ctl_oom(t->c) : EXIT_DONE;
}

int trustee_deal(Trustee *t, const BoardView *b, unsigned seat, Buf *ret) {
        _cleanup_json_ Json *o = NULL;
        int r;

        r = trustee_store_get(t->c, "deal", &b->entry->id, ret, NULL);
        if (r != 0 || ret->n > 0)
                return r;
        if (b->n_sealings < b->line->n_trustees)
                return ctl_fail(t->c, EXIT_WRONG, NULL, "not every trustee of board %s has a sealing key",
                        b->line->name);
        r = open_seat(t, b, seat);   /* who deals must be able to go on */
        if (r != 0)
                return r;
        r = trustee_line_deal(&o, &t->c->genesis->network, b, seat);
        return r < 0 ? ctl_oom(t->c) : sign_and_keep(t, "deal", &b->entry->id, o, NULL, ret);
}

int trustee_answer(Trustee *t, const BoardView *b, unsigned seat, Buf *ret, const char **ret_kind) {
        _cleanup_json_ Json *o = NULL;
        char hex[ID_HEX];
        unsigned liar;
        int r;

        for (unsigned i = 0; i < 2; i++) {
                *ret_kind = i == 0 ? "confirm" : "object";
                r = trustee_store_get(t->c, *ret_kind, &b->entry->id, ret, NULL);
                if (r != 0 || ret->n > 0)
                        return r;
        }
        if (b->n_deals < b->line->n_trustees)
                return ctl_fail(t->c, EXIT_REFUSED, "Wait for the others: votectl board show BOARD",
                        "of board %s %u of %u trustees have dealt", b->line->name, b->n_deals,
                        b->line->n_trustees);
        r = open_seat(t, b, seat);
        if (r != 0)
                return r;
        r = trustee_line_answer(&o, &t->c->genesis->network, b, seat, t->sealing, &liar);
        if (r < 0)
                return ctl_oom(t->c);
        if (r > 0)
                return ctl_fail(t->c, EXIT_WRONG, NULL, "a deal of board %s cannot be read", b->line->name);
        *ret_kind = liar < b->line->n_trustees ? "object" : "confirm";
        if (liar < b->line->n_trustees)
                ctl_warn(t->c, "the share that trustee %u (%.16s...) has dealt to us is wrong: objecting", liar,
                        key_hex(&b->line->trustees[liar], hex));
        return sign_and_keep(t, *ret_kind, &b->entry->id, o, NULL, ret);
}

int trustee_key(Trustee *t, const char *passphrase, Buf *ret) {
        _cleanup_json_ Json *o = NULL;
        Element e;
        Id of;
        int r;

        if (!t->sealing) {
                r = trustee_store_new_key(t->c, passphrase, &t->sealing);
                if (r != 0)
                        return r;
        }
        e = *secret_scalar_public(t->sealing);
        memcpy(&of, &e, sizeof of);
        r = trustee_line_key(&o, &t->c->genesis->network, &t->signer->key, t->sealing);
        return r < 0 ? ctl_oom(t->c) : sign_and_keep(t, "trustee", &of, o, NULL, ret);
}

/* --- shares --- */

int trustee_ledger(Ctl *c, Audited *own, Audited **ret) {
        int r;

        r = ctl_audited(c, ret);
        if (r != 0 || *ret)
                return r;
        r = audited_init(own, c, &c->genesis->network);
        if (r == 0)
                r = audited_follow_node(own);
        if (r == 0)
                *ret = own;
        return r;
}

static int check_closed(Trustee *t, const Audited *ledger, const ElectionInfo *e) {
        if (e->definition->secrecy != SECRECY_SEALED)
                return ctl_fail(t->c, EXIT_REFUSED, NULL, "election \"%s\" is open: there is nothing to share",
                        e->definition->name);
        if (e->phase == ELECTION_VOID || e->phase == ELECTION_WITHDRAWN)
                return ctl_fail(t->c, EXIT_REFUSED, NULL, "election \"%s\" is %s", e->definition->name,
                        election_phase_name(e->phase));
        if (e->closing_height == 0)
                return ctl_fail(t->c, EXIT_REFUSED, "Wait until it has closed: votectl show ELECTION",
                        "election \"%s\" still takes votes: nothing is opened before it has closed",
                        e->definition->name);
        if (e->closing_height > ledger->facts.final_height)
                return ctl_fail(t->c, EXIT_NOT_FINAL, "Wait until it is: votectl status",
                        "the block that closes election \"%s\", %" PRIu64 ", is not final: the ledger is up to %" PRIu64,
                        e->definition->name, e->closing_height, ledger->facts.final_height);
        return EXIT_DONE;
}

static int check_fate(Trustee *t, const ElectionInfo *e, const SealedTotal *total) {
        switch (sealed_total_fate(total)) {

        case SEALED_OPENS:
                return EXIT_DONE;

        case SEALED_EMPTY:
                return ctl_fail(t->c, EXIT_REFUSED, NULL, "nobody voted in election \"%s\": there is nothing to open",
                        e->definition->name);

        case SEALED_TOO_FEW:
                return ctl_fail(t->c, EXIT_REFUSED, NULL,
                        "election \"%s\" has %" PRIu64 " ballots, fewer than %" PRIu32 ": it is never opened",
                        e->definition->name, sealed_total_ballots(total), e->definition->least);
        }
        return EXIT_FAILED;
}

static int make_share(Trustee *t, const ElectionInfo *e, const BoardView *b, unsigned seat,
        const SealedTotal *total, const Id *sums, Buf *ret) {
        _cleanup_(secret_scalar_freep) SecretScalar *x = NULL;
        _cleanup_json_ Json *o = NULL;
        Why why = {};
        int r;

        r = open_seat(t, b, seat);
        if (r != 0)
                return r;
        r = trustee_secret(&x, &t->c->genesis->network, b, seat, t->sealing, &why);
        if (r == 0)
                r = trustee_line_share(&o, &t->c->genesis->network, b, seat, x, &e->id,
                        &e->closing_block, e->definition, total);
        if (r != 0)
                return ctl_fail_why(t->c, r, EXIT_WRONG, NULL, &why);
        return sign_and_keep(t, "share", &e->id, o, sums, ret);
}

int trustee_share(Trustee *t, Audited *ledger, const char *election, Buf *ret) {
        Chain *chain = audit_chain(ledger->audit);
        _cleanup_(board_view_done) BoardView b = {};
        const SealedTotal *total;
        ElectionInfo e;
        Id sums, kept, id;
        unsigned seat;
        int r;

        r = chain_election_by_name(chain, election, &e);
        if (r == -ENODATA && id_from_hex(&id, election) == 0)
                r = chain_election_by_id(chain, &id, &e);
        if (r < 0)
                return ctl_fail(t->c, EXIT_NOT_FOUND, "votectl elections lists them.",
                        "no election is called \"%s\"", election);
        r = check_closed(t, ledger, &e);
        if (r != 0)
                return r;
        r = chain_sealed_total(chain, &e, &total);
        if (r < 0)
                return ctl_fail(t->c, EXIT_FAILED, NULL, "the sum cannot be computed: %s", strerror(-r));
        r = check_fate(t, &e, total);
        if (r == 0)
                r = board_view_of_ledger(t->c, ledger, &e.definition->board, &b);
        if (r == 0)
                r = trustee_choose(t, &b, &seat);
        if (r != 0)
                return r;

        r = sealed_total_hash(total, &sums);
        if (r < 0)
                return ctl_oom(t->c);
        r = trustee_store_get(t->c, "share", &e.id, ret, &kept);
        if (r != 0)
                return r;
        if (ret->n > 0 && !id_equal(&kept, &sums))
                return ctl_fail(t->c, EXIT_WRONG,
                        "Two sums of one election open single ballots: find out who shows you two ledgers.",
                        "a share of election \"%s\" was signed before, for other sums; none is signed for these",
                        e.definition->name);
        return ret->n > 0 ? EXIT_DONE : make_share(t, &e, &b, seat, total, &sums, ret);
}
