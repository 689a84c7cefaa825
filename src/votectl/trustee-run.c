/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <poll.h>
#include <systemd/sd-daemon.h>

#include "base/time.h"
#include "codec/hex.h"
#include "votectl/keystore.h"
#include "votectl/post.h"
#include "votectl/prompt.h"
#include "votectl/trustee-run.h"
#include "votectl/trusteestore.h"

#define LOOK_MSEC  1000                         /* at the node's height */
#define AGAIN_USEC (5 * USEC_PER_SEC)           /* what was handed in and is in no block yet */

typedef struct Run {
        Ctl *c;
        Trustee t;
        Audited ledger;         /* of the node, up to its last final block */
        uint64_t acted_height;
        uint64_t acted_usec;
        unsigned pending;       /* lines that were handed in, and are not in the ledger */
        bool lost;              /* the node does not answer, which was said */
} Run;

/* --- its keys --- */

/* Whether that line is in the ledger, and another of the same signer came behind it: boards take the newest. */
static bool was_replaced(Chain *chain, const Entry *e) {
        TrusteeInfo newest;
        Place place;

        return chain_trustee_by_key(chain, &e->signer, &newest) == 0 && !id_equal(&newest.id, &e->id) &&
               chain_find_entry(chain, &e->id, 0, &place) == 0;
}

int trustee_reuse_key(Trustee *t, Audited *ledger, Buf *ret) {
        _cleanup_json_ Json *names = NULL;
        int r;

        r = ctl_list_files(t->c, "trustee", ".trustee", &names);
        for (size_t i = 0; r == 0 && ret->n == 0 && i < json_len(names); i++) {
                _cleanup_(entry_unrefp) Entry *e = NULL;
                _cleanup_buf_ Buf line = {};
                bool here = false;
                Id id;

                if (id_from_hex(&id, json_text(json_at(names, i))) != 0)
                        continue;
                r = trustee_store_get(t->c, "trustee", &id, &line, NULL);
                if (r != 0)
                        return r;
                if (entry_parse(&e, t->c->genesis, line.p ?: "", line.n, NULL) != 0 ||
                        e->kind != ENTRY_TRUSTEE || !key_equal(&e->signer, &t->signer->key) ||
                        sign_verify_line(&e->signer, "trustee", &t->c->genesis->network, e->line,
                                e->n_line, &e->signature) != 0)
                        continue;       /* of another key or network */
                if (was_replaced(audit_chain(ledger->audit), e))
                        continue;
                r = trustee_store_has_key(t->c, &e->trustee.line->sealing, &here);
                if (r != 0 || !here)
                        continue;
                r = trustee_open(t, &e->trustee.line->sealing);
                if (r == 0)
                        buf_add(ret, line.p, line.n);
        }
        return r == 0 && buf_error(ret) < 0 ? ctl_oom(t->c) : r;
}

/* The key that signs; made where there is none. */
static int find_signer(Run *x) {
        _cleanup_(secret_key_freep) SecretKey *key = NULL;
        _cleanup_(passphrase_freep) char *passphrase = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = trustee_begin(x->c, &x->t);
        if (r == 0 && x->t.signers.n == 0 && !option_value(&x->c->options, "key")) {
                if (secret_key_generate(&key) < 0)
                        return ctl_oom(x->c);
                r = keystore_path(x->c, "default", &path);
                if (r == 0)
                        r = prompt_passphrase(x->c, "the new key", true, &passphrase);
                if (r == 0)
                        r = keystore_write(x->c, path, key, passphrase, false);
                if (r == 0)
                        r = trustee_begin(x->c, &x->t);
        }
        return r != 0 ? r : signers_choose(x->c, &x->t.signers, NULL, "at hand", &x->t.signer);
}

/* --- handing in --- */

static int say(Run *x, const char *kind, const char *of, const char *state) {
        int r;

        if (!x->c->json) {
                ctl_note(x->c, "%s of %s: %s", kind, of, state);
                return EXIT_DONE;
        }
        {
                Json *o = json_new_object();

                json_set_text(o, "kind", kind);
                json_set_text(o, "of", of);
                json_set_text(o, "state", state);
                r = ctl_json(x->c, o);
        }
        return r != 0 ? r : ctl_flush(x->c);
}

/* Refusals are said and survived: who is early is heard later, and one board is not another's
 * business. */
static int hand_in(Run *x, const char *kind, const char *of, const Buf *line) {
        Posting p = { .line = line->p, .n_line = line->n };
        int r;

        r = post_submit(x->c, &p);
        if (r == EXIT_NO_NODE)
                return r;
        x->pending++;
        return r == 0 ? say(x, kind, of, p.state) : EXIT_DONE;
}

/* What the rounds themselves fail at, but for the node's silence, is said and tried again. */
static int survive(int r) {
        return r == EXIT_NO_NODE ? r : EXIT_DONE;
}

static int do_key(Run *x) {
        Chain *chain = audit_chain(x->ledger.audit);
        _cleanup_(passphrase_freep) char *passphrase = NULL;
        _cleanup_buf_ Buf line = {};
        char hex[ID_HEX];
        TrusteeInfo info;
        bool here;
        int r;

        if (chain_trustee_by_key(chain, &x->t.signer->key, &info) == 0) {
                r = trustee_store_has_key(x->c, &info.sealing, &here);
                if (r != 0 || here)
                        return r;
        }
        r = trustee_reuse_key(&x->t, &x->ledger, &line);
        if (r == 0 && line.n == 0) {
                r = prompt_passphrase(x->c, "the new sealing key", true, &passphrase);
                if (r == 0)
                        r = trustee_key(&x->t, passphrase, &line);
        }
        return r != 0 ? survive(r) : hand_in(x, "trustee", key_hex(&x->t.signer->key, hex), &line);
}

static int do_board(Run *x, const BoardInfo *info) {
        _cleanup_(board_view_done) BoardView b = {};
        _cleanup_buf_ Buf line = {};
        const char *kind = "deal";
        unsigned seat;
        int r;

        if (!board_line_find_seat(info->line, &x->t.signer->key, &seat) ||
                (info->phase != BOARD_DEALING && info->phase != BOARD_CONFIRMING))
                return EXIT_DONE;
        if (info->phase == BOARD_DEALING ? info->seats[seat].deal.entry : info->seats[seat].answer.entry)
                return EXIT_DONE;
        r = board_view_of_ledger(x->c, &x->ledger, &info->id, &b);
        if (r == 0)
                r = info->phase == BOARD_DEALING ? trustee_deal(&x->t, &b, seat, &line)
                                                 : trustee_answer(&x->t, &b, seat, &line, &kind);
        return r != 0 ? survive(r) : hand_in(x, kind, info->line->name, &line);
}

static int do_election(Run *x, const ElectionInfo *info) {
        Chain *chain = audit_chain(x->ledger.audit);
        _cleanup_buf_ Buf line = {};
        BoardInfo board;
        ShareInfo share;
        unsigned seat;
        int r;

        if (info->definition->secrecy != SECRECY_SEALED || info->phase != ELECTION_COUNTING ||
                info->closing_height == 0 || info->closing_height > x->ledger.facts.final_height ||
                chain_board_by_id(chain, &info->definition->board, &board) != 0)
                return EXIT_DONE;
        if (!board_line_find_seat(board.line, &x->t.signer->key, &seat))
                return EXIT_DONE;
        for (size_t i = 0; chain_share_at(chain, info, i, &share) == 0; i++)
                if (key_equal(&share.signer, &x->t.signer->key))
                        return EXIT_DONE;
        r = trustee_share(&x->t, &x->ledger, info->definition->name, &line);
        return r != 0 ? survive(r) : hand_in(x, "share", info->definition->name, &line);
}

/* --- forgetting --- */

static bool is_over(const ElectionInfo *e, uint64_t final_height) {
        return e->phase == ELECTION_WITHDRAWN || e->phase == ELECTION_VOID ||
               (e->phase == ELECTION_FINAL && e->closing_height <= final_height);
}

static bool has_key(const BoardInfo *b, const Element *e) {
        for (unsigned i = 0; i < b->line->n_trustees; i++)
                if (element_equal(seat_sealing(&b->seats[i]), e))
                        return true;
        return false;
}

static bool was_used(const Chain *chain, const Element *e) {
        BoardInfo b;

        for (size_t i = 0; i < chain_n_boards(chain); i++)
                if (chain_board_at(chain, i, &b) == 0 && has_key(&b, e))
                        return true;
        return false;
}

/* The first election for which the key is still needed; false: none. */
static bool still_needed(const Audited *ledger, const Element *e, const char **ret) {
        Chain *chain = audit_chain(ledger->audit);

        for (size_t i = 0; i < chain_n_boards(chain); i++) {
                BoardInfo b;

                if (chain_board_at(chain, i, &b) != 0 || b.phase == BOARD_VOID || !has_key(&b, e))
                        continue;
                for (size_t k = 0; k < b.line->n_elections; k++) {
                        ElectionInfo info;

                        *ret = b.line->elections[k];
                        if (chain_election_by_name(chain, *ret, &info) != 0 ||
                                !is_over(&info, ledger->facts.final_height))
                                return true;
                }
        }
        return false;
}

int trustee_may_forget(Ctl *c, Audited *ledger, const Element *e) {
        const char *name = "";

        if (!still_needed(ledger, e, &name))
                return EXIT_DONE;
        return ctl_fail(c, EXIT_REFUSED, "Wait until its result is final: votectl elections",
                "the key is still needed for election \"%s\"", name);
}

/* Every one that is here, not the newest alone: a state that was put back from a backup has older ones. */
static int do_forget(Run *x) {
        Chain *chain = audit_chain(x->ledger.audit);
        _cleanup_json_ Json *names = NULL;
        int r;

        r = ctl_list_files(x->c, "trustee", ".sealing", &names);
        for (size_t i = 0; r == 0 && i < json_len(names); i++) {
                const char *hex = json_text(json_at(names, i)), *needed;
                Element e;

                if (hex_decode(e.b, sizeof e.b, hex, strlen(hex)) != 0 || !was_used(chain, &e) ||
                        still_needed(&x->ledger, &e, &needed))
                        continue;
                x->t.sealing = secret_scalar_free(x->t.sealing);
                r = trustee_store_destroy_key(x->c, &e);
                if (r == 0)
                        r = say(x, "sealing key", hex, "forgotten");
        }
        return survive(r);
}

/* --- rounds --- */

static int act(Run *x) {
        Chain *chain = audit_chain(x->ledger.audit);
        const bool forgets = option_value(&x->c->options, "forget");
        int r;

        x->pending = 0;
        x->acted_height = x->ledger.facts.height;
        x->acted_usec = now_usec();
        r = do_key(x);
        for (size_t i = 0; r == 0 && i < chain_n_boards(chain); i++) {
                BoardInfo b;

                if (chain_board_at(chain, i, &b) == 0)
                        r = do_board(x, &b);
        }
        for (size_t i = 0; r == 0 && i < chain_n_elections(chain); i++) {
                ElectionInfo e;

                if (chain_election_at(chain, i, &e) == 0)
                        r = do_election(x, &e);
        }
        return r == 0 && forgets ? do_forget(x) : r;
}

/* Up to the node's last final block. */
static int follow(Run *x) {
        _cleanup_json_ Json *status = NULL;
        int64_t final;
        int r;

        r = ctl_call(x->c, "GetStatus", NULL, &status);
        if (r != 0)
                return r;
        if (json_get_int(status, "final", 0, LINE_INT_MAX, &final, NULL) != 0 || !json_has(status, "engine"))
                return EXIT_NO_NODE;    /* it waits for a network */
        if (x->ledger.facts.lines > 0 && (uint64_t) final <= x->ledger.facts.height)
                return EXIT_DONE;
        return audited_follow_node(&x->ledger);
}

static int one_round(Run *x) {
        int r;

        x->c->hush = x->lost;
        r = follow(x);
        x->c->hush = false;
        if (r == 0 && x->lost) {
                x->lost = false;
                ctl_note(x->c, "The node answers again.");
        }
        if (r == 0 && (x->acted_usec == 0 || x->ledger.facts.height > x->acted_height ||
                              (x->pending > 0 && now_usec() - x->acted_usec >= AGAIN_USEC)))
                r = act(x);
        if (r == EXIT_NO_NODE) {
                x->lost = true;
                ctl_disconnect(x->c);
        }
        (void) sd_notifyf(0, "READY=1\nSTATUS=trustee %.16s..., height %" PRIu64 ", %u lines on their way%s",
                key_hex(&x->t.signer->key, (char[ID_HEX]) {}), x->ledger.facts.height, x->pending,
                x->lost ? "; the node does not answer" : "");
        return r;
}

/* The pin: the file's, or what the person has pinned before. */
static int find_network(Ctl *c) {
        const char *path = option_value(&c->options, "genesis");
        _cleanup_buf_ Buf b = {};
        Why why = {};
        int r;

        if (!path)
                return ctl_network_pinned(c);
        r = ctl_read_file(c, path, GENESIS_BYTES_MAX + 1, &b);
        if (r != 0)
                return r;
        while (b.n > 0 && b.p[b.n - 1] == '\n')
                b.n--;
        r = genesis_parse(&c->genesis, b.p ?: "", b.n, &why);
        if (r != 0)
                return r < 0 ? ctl_oom(c) : ctl_fail(c, EXIT_USAGE, NULL, "%s is no genesis: %s", path, why.text);
        c->pinned = true;
        return ctl_pin_add(c, c->genesis);
}

static void run_done(Run *x) {
        trustee_done(&x->t);
        audited_done(&x->ledger);
}

int trustee_run(Ctl *c) {
        const bool once = option_value(&c->options, "once");
        _cleanup_(run_done) Run x = { .c = c };
        char hex[ID_HEX];
        int r;

        if (option_value(&c->options, "peer") || option_value(&c->options, "ledger"))
                return ctl_fail(c, EXIT_USAGE, "Run it beside a peer; it checks all that the peer says.",
                        "trustee run follows a node of this host, or one behind -H");
        r = find_network(c);
        if (r == 0)
                r = find_signer(&x);
        if (r == 0)
                r = audited_init(&x.ledger, c, &c->genesis->network);
        if (r != 0)
                return r;
        ctl_note(c, "Trustee %s of network \"%s\".", key_hex(&x.t.signer->key, hex), c->genesis->name);
        for (;;) {
                r = one_round(&x);
                if (once || (r != 0 && r != EXIT_NO_NODE))
                        return r;
                (void) poll(NULL, 0, LOOK_MSEC);
        }
}
