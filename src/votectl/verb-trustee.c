/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "codec/hex.h"
#include "votectl/post.h"
#include "votectl/prompt.h"
#include "votectl/trustee-run.h"
#include "votectl/trustee.h"
#include "votectl/trusteestore.h"
#include "votectl/verbs.h"

/* Hands the line in, waits, and says what became of it. */
static int post_line(Ctl *c, const char *kind, const char *what, const Buf *line, Json *facts) {
        _cleanup_json_ Json *o = facts;
        Posting p = { .line = line->p, .n_line = line->n };
        int r;

        r = post_submit(c, &p);
        if (r == 0 && !option_value(&c->options, "no-wait"))
                r = post_wait(c, &p, 1, 0);
        if (r == EXIT_NOT_FINAL || r == EXIT_NO_NODE)
                ctl_note(c, "The signed line is kept; the same command hands it in again.");
        if (r != 0 && r != EXIT_NOT_FINAL)
                return r;
        if (c->json) {
                json_set_id(o, "id", &p.id);
                json_set_text(o, "kind", kind);
                json_set_text(o, "state", p.state);
                return ctl_json(c, TAKE_PTR(o)) ?: r;
        }
        if (r == 0)
                buf_printf(&c->out, "%s: %s%s%s\n", what, ctl_tint(c, TINT_GOOD),
                        streq(p.state, "final") ? "final" : "handed in", ctl_tint(c, TINT_NONE));
        return r;
}

/* --- init --- */

/* A key that was made before. Whether it is still the newest only the ledger tells: fetched where there is one. */
static int reuse_key(Ctl *c, Trustee *t, Buf *ret) {
        _cleanup_json_ Json *names = NULL;
        _cleanup_(audited_done) Audited own = {};
        Audited *ledger;
        int r;

        r = ctl_list_files(c, "trustee", ".trustee", &names);
        if (r != 0 || json_len(names) == 0)
                return r;
        r = trustee_ledger(c, &own, &ledger);
        return r != 0 ? r : trustee_reuse_key(t, ledger, ret);
}

static int verb_init(Ctl *c) {
        _cleanup_(passphrase_freep) char *passphrase = NULL;
        _cleanup_(trustee_done) Trustee t = {};
        _cleanup_buf_ Buf line = {};
        Json *facts;
        char hex[ID_HEX], sealing[ID_HEX];
        bool had;
        int r;

        r = ctl_network_pinned(c);
        if (r == 0)
                r = trustee_begin(c, &t);
        if (r == 0)
                r = signers_choose(c, &t.signers, NULL, "at hand", &t.signer);
        if (r == 0)
                r = reuse_key(c, &t, &line);
        if (r != 0)
                return r;
        had = line.n > 0;
        if (!had) {
                if (!option_value(&c->options, "no-passphrase"))
                        r = prompt_passphrase(c, "the new sealing key", true, &passphrase);
                if (r == 0)
                        r = trustee_key(&t, passphrase, &line);
                if (r != 0)
                        return r;
        }
        hex_encode(sealing, secret_scalar_public(t.sealing)->b, 32);
        ctl_note(c, "Sealing key %.16s... %s%s.", sealing, had ? "was made before" : "is kept",
                had                          ? ""
                : passphrase && *passphrase ? ", locked"
                                            : ", without a passphrase");
        facts = json_new_object();
        json_set_key(facts, "trustee", &t.signer->key);
        json_set_text(facts, "sealing", sealing);
        r = post_line(c, "trustee", "Sealing key of trustee", &line, facts);
        if (r == 0 && !c->json)
                buf_printf(&c->out, "Your key, for votectl board create: %s\n", key_hex(&t.signer->key, hex));
        return r;
}

/* --- deal, confirm, share --- */

static int find_board(const Chain *chain, const char *name, BoardInfo *ret) {
        Id id;
        int r;

        r = chain_board_by_name(chain, name, ret);
        if (r == -ENODATA && id_from_hex(&id, name) == 0)
                r = chain_board_by_id(chain, &id, ret);
        return r;
}

typedef struct Work {
        Trustee t;
        Audited own, *ledger;   /* all of it was checked here */
        BoardView b;
        unsigned seat;
} Work;

static void work_done(Work *w) {
        board_view_done(&w->b);
        trustee_done(&w->t);
        audited_done(&w->own);
}

static int begin(Ctl *c, Work *w) {
        int r;

        r = ctl_network_pinned(c);
        if (r == 0)
                r = trustee_begin(c, &w->t);
        return r != 0 ? r : trustee_ledger(c, &w->own, &w->ledger);
}

/* Never from GetBoard and receipts: they show that a sealing key is in the ledger, not that it is the one that the
 * trustee had when the board was made. Who deals to another one deals wrongly, and everybody can show it. */
static int begin_on_board(Ctl *c, Work *w) {
        const char *name = c->options.args[0];
        BoardInfo info;
        int r;

        r = begin(c, w);
        if (r != 0)
                return r;
        r = find_board(audit_chain(w->ledger->audit), name, &info);
        if (r < 0)
                return ctl_fail(c, EXIT_NOT_FOUND, "votectl board list lists them; one can be used once it is final.",
                        "no board is called \"%s\"", name);
        r = board_view_of_ledger(c, w->ledger, &info.id, &w->b);
        return r != 0 ? r : trustee_choose(&w->t, &w->b, &w->seat);
}

static Json* board_facts(const BoardView *b, unsigned seat) {
        Json *o = json_new_object();

        json_set_text(o, "board", b->line->name);
        json_set_int(o, "seat", seat);
        return o;
}

static int verb_deal(Ctl *c) {
        _cleanup_(work_done) Work w = {};
        _cleanup_buf_ Buf line = {};
        const SeatEntry *deal;
        int r;

        r = begin_on_board(c, &w);
        if (r != 0)
                return r;
        deal = &w.b.seats[w.seat].deal;
        if (deal->entry)
                return ctl_fail(c, EXIT_REFUSED, "votectl board show tells what is next.",
                        "you have dealt already, in block %" PRIu64, deal->height);
        r = trustee_deal(&w.t, &w.b, w.seat, &line);
        return r != 0 ? r : post_line(c, "deal", "Deal", &line, board_facts(&w.b, w.seat));
}

static int verb_confirm(Ctl *c) {
        _cleanup_(work_done) Work w = {};
        _cleanup_buf_ Buf line = {};
        const SeatEntry *answer;
        const char *kind;
        int r;

        r = begin_on_board(c, &w);
        if (r != 0)
                return r;
        answer = &w.b.seats[w.seat].answer;
        if (answer->entry)
                return ctl_fail(c, EXIT_REFUSED, "votectl board show tells what is next.",
                        "you have answered already, in block %" PRIu64, answer->height);
        r = trustee_answer(&w.t, &w.b, w.seat, &line, &kind);
        return r != 0 ? r
                      : post_line(c, kind, streq(kind, "object") ? "Objection" : "Confirmation", &line,
                                board_facts(&w.b, w.seat));
}

static int verb_share(Ctl *c) {
        _cleanup_(work_done) Work w = {};
        _cleanup_buf_ Buf line = {};
        Json *facts;
        int r;

        r = begin(c, &w);
        if (r == 0)
                r = trustee_share(&w.t, w.ledger, c->options.args[0], &line);
        if (r != 0)
                return r;
        facts = json_new_object();
        json_set_text(facts, "election", c->options.args[0]);
        json_set_int(facts, "height", (int64_t) w.ledger->facts.height);
        return post_line(c, "share", "Share", &line, facts);
}

/* --- forget --- */

static int verb_forget(Ctl *c) {
        _cleanup_(work_done) Work w = {};
        Element e;
        bool here;
        int r;

        r = begin_on_board(c, &w);
        if (r == 0 && !w.b.seats[w.seat].trustee.entry)
                r = ctl_fail(c, EXIT_NOT_FOUND, NULL, "you have no sealing key for this board");
        if (r != 0)
                return r;
        e = *board_view_sealing(&w.b, w.seat);
        r = trustee_store_has_key(c, &e, &here);
        if (r == 0 && !here)
                r = ctl_fail(c, EXIT_NOT_FOUND, NULL, "the secret of your sealing key is not here, or forgotten already");
        if (r == 0)
                r = trustee_may_forget(c, w.ledger, &e);
        if (r == 0)
                r = prompt_yes(c, NULL, "Destroy the secret of your sealing key for board \"%s\" for good?", w.b.line->name);
        if (r == 0)
                r = trustee_store_destroy_key(c, &e);
        if (r != 0)
                return r;
        if (c->json) {
                Json *o = board_facts(&w.b, w.seat);

                json_set_bool(o, "forgotten", true);
                return ctl_json(c, o);
        }
        buf_printf(&c->out, "The secret is destroyed. Copies that you have made of it are yours to destroy.\n");
        return EXIT_DONE;
}

static const CtlOption no_wait_options[] = { OPTION_NO_WAIT, OPTION_END };
static const CtlOption init_options[] = {
        { "no-passphrase", 0, NULL, false, "Do not ask for a passphrase" },
        OPTION_NO_WAIT,
        OPTION_END,
};
static const CtlOption run_options[] = {
        { "genesis", 0, "FILE", false, "Be a trustee of that network, and pin it" },
        { "forget",  0, NULL,   false, "Destroy sealing keys whose elections are all final" },
        { "once",    0, NULL,   false, "Do what there is to do now, and end" },
        OPTION_END,
};

#define KEPT_TEXT \
        "What is signed is kept on disk before it leaves, and the same bytes are handed in again until they are final.\n\n"

#define LEDGER_TEXT \
        "Fetches the whole ledger and checks every line of it: the board, and what others have dealt, count once final.\n"

const CtlVerb verbs_trustee[] = {
        { "trustee init", "", 0, 0, 0, verb_init, init_options, "Make a sealing key, to be a trustee with",
          "Makes the key to which other trustees will seal what they deal to you, keeps its secret in\n"
          "$XDG_DATA_HOME/votectl/trustee/, locked with a passphrase, and hands its public half in, signed with your key: that\n"
          "must be on some roll, or an administrator's. Prints that key, which the administrator names in the board.\n\n"
          "Example:\n  votectl trustee init\n" },
        { "trustee deal", "BOARD", 1, 1, 0, verb_deal, no_wait_options, "Deal your part of a board's key",
          "Makes a secret, gives every trustee a share of it, sealed, and forgets it.\n" LEDGER_TEXT KEPT_TEXT
          "Example:\n  votectl trustee deal trustees-2027\n" },
        { "trustee confirm", "BOARD", 1, 1, 0, verb_confirm, no_wait_options, "Check what others dealt to you, and say so",
          "Once all have dealt: opens your shares. If all fit what their dealers have committed to, confirms; if not, objects,\n"
          "with a proof that shows everybody who has dealt wrongly.\n" LEDGER_TEXT KEPT_TEXT
          "Example:\n  votectl trustee confirm trustees-2027\n" },
        { "trustee share", "ELECTION", 1, 1, 0, verb_share, no_wait_options, "Do your part in opening the sum of an election",
          "After it has closed. Fetches the whole ledger and checks every line of it from the pinned network on, up to a final\n"
          "block, and computes the sum from it: nothing that a node says is taken for it. Of an election one sum is ever\n"
          "opened, and a share for another one is refused for good.\n" KEPT_TEXT
          "Example:\n  votectl trustee share motion-2027\n" },
        { "trustee forget", "BOARD", 1, 1, 0, verb_forget, NULL, "Destroy your sealing key once all is counted",
          "Once all elections of every board that used it are final, in a ledger of which every line is checked here.\n"
          "Afterwards nobody can make you open anything.\n\n"
          "Example:\n  votectl trustee forget trustees-2027\n" },
        { "trustee run", "", 0, 0, 0, trustee_run, run_options, "Do all that a trustee does, unattended",
          "What voted-trustee@.service runs: hands in a sealing key if there is none yet (and makes the key that signs, too, if\n"
          "none is at hand), deals and confirms on every board that names the key, and shares in every election of theirs that\n"
          "has closed; until it is stopped. It keeps a copy of the ledger in memory, all of it checked here.\n\n"
          "Example:\n  votectl trustee run --genesis club.genesis\n" },
        {},
};
