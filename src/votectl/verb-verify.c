/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "codec/hex.h"
#include "crypto/sign.h"
#include "votectl/audited.h"
#include "votectl/convicts.h"
#include "votectl/progress.h"
#include "votectl/render.h"
#include "votectl/verbs.h"

static Json* facts_json(const AuditFacts *f, const char *name, bool pinned, bool valid) {
        Json *o = json_new_object(), *kinds = json_new_object();

        json_set_bool(o, "valid", valid);
        json_set_id(o, "network", &f->network);
        json_set_text(o, "name", name);
        json_set_bool(o, "pinned", pinned);
        json_set_int(o, "height", (int64_t) f->height);
        json_set_int(o, "final", (int64_t) f->final_height);
        json_set_id(o, "tip", &f->tip);
        json_set_int(o, "tip_time", (int64_t) f->tip_time);
        json_set_int(o, "lines", (int64_t) f->lines);
        json_set_int(o, "blocks", (int64_t) f->blocks);
        json_set_int(o, "entries", (int64_t) f->entries);
        json_set_int(o, "votes", (int64_t) f->votes);
        json_set_int(o, "elections", (int64_t) f->elections);
        json_set_int(o, "signatures", (int64_t) f->signatures);
        json_set_int(o, "sealed_ballots", (int64_t) f->sealed_ballots);
        json_set_int(o, "proofs", (int64_t) f->proofs);
        json_set_int(o, "opened", (int64_t) f->opened);
        json_set_bool(o, "seals", f->seals);
        json_set_text(o, "library", crypto_library_version());
        for (EntryKind k = 0; k < _ENTRY_KIND_MAX; k++)
                json_set_int(kinds, entry_kind_name(k), (int64_t) f->entries_by_kind[k]);
        json_set(o, "entries_by_kind", kinds);
        if (f->bad_line > 0)
                json_set_int(o, "bad_line", (int64_t) f->bad_line);
        return o;
}

static void show_kinds(Ctl *c, const AuditFacts *f) {
        _cleanup_buf_ Buf b = {};
        char n[FORMAT_NUMBER_MAX];

        for (EntryKind k = 0; k < _ENTRY_KIND_MAX; k++)
                if (f->entries_by_kind[k] > 0)
                        buf_printf(&b, "%s%s %s", b.n > 0 ? ", " : "",
                                format_number(n, f->entries_by_kind[k]), entry_kind_name(k));
        ctl_field(c, "Entries", "%s%s%s%s", format_number(n, f->entries), b.n > 0 ? " (" : "",
                b.p ?: "", b.n > 0 ? ")" : "");
}

/* All of it was done again: the proofs, the sums, the shares, and what they open to. */
static void show_sealed(Ctl *c, const AuditFacts *f) {
        char a[FORMAT_NUMBER_MAX], b[FORMAT_NUMBER_MAX], d[FORMAT_NUMBER_MAX], e[FORMAT_NUMBER_MAX];

        ctl_field(c, "Sealed", "%s ballots, %s shares of trustees, %s proofs; %s elections opened",
                format_number(a, f->sealed_ballots), format_number(b, f->entries_by_kind[ENTRY_SHARE]),
                format_number(d, f->proofs), format_number(e, f->opened));
}

static void show_facts(Ctl *c, const Audited *a, const char *name, bool pinned) {
        const AuditFacts *f = &a->facts;
        const uint64_t took = MAX(a->took_usec, UINT64_C(1));
        char x[FORMAT_NUMBER_MAX], y[FORMAT_NUMBER_MAX], hex[ID_HEX];

        buf_printf(&c->out, "%sThe ledger holds%s: every rule was checked.\n",
                ctl_tint(c, TINT_GOOD), ctl_tint(c, TINT_NONE));
        ctl_field(c, "Network", "%s  %s%s", name, id_hex(&f->network, hex),
                option_value(&c->options, "network") ? " (the one you named)"
                : pinned                             ? " (pinned)"
                                                     : "");
        ctl_field(c, "Lines", "%s", format_number(x, f->lines));
        if (f->seals || f->blocks == 0)
                ctl_field(c, "Blocks", "%s; final up to height %s", format_number(x, f->blocks),
                        format_number(y, f->final_height));
        else
                ctl_field(c, "Blocks", "%s", format_number(x, f->blocks));
        show_kinds(c, f);
        ctl_field(c, "Signatures", "%s, by the rule of %s", format_number(x, f->signatures),
                crypto_library_version());
        if (f->proofs > 0)
                show_sealed(c, f);
        if (f->height > 0) {
                ctl_field(
                        c, "Last block", "%s", format_time((char[FORMAT_TIME_MAX]) {}, f->tip_time));
                ctl_field(c, "", "%s", id_hex(&f->tip, hex));
        }
        if (took > USEC_PER_SEC)
                ctl_field(c, "Took", "%s, %s signatures a second",
                        format_span((char[FORMAT_SPAN_MAX]) {}, took),
                        format_number(x,
                                (uint64_t) ((__uint128_t) f->signatures * USEC_PER_SEC / took)));
        if (!f->seals && f->blocks > 0)
                buf_printf(&c->out,
                        "%sThe file has no seals%s: nothing in it proves that these blocks were "
                        "agreed on.\n",
                        ctl_tint(c, TINT_WARN), ctl_tint(c, TINT_NONE));
        if (!pinned && !option_value(&c->options, "network"))
                buf_add_text(&c->out, "This network is not pinned here: compare its id with "
                                      "somebody you trust (--network ID insists on one).\n");
}

/* Whose fault it is that a board came to nothing: nobody's word, but what is in the ledger and what is not. */
static void show_boards(Ctl *c, const Chain *chain) {
        char a[ID_HEX], b[ID_HEX];
        BoardInfo info;

        for (size_t i = 0; chain && chain_board_at(chain, i, &info) == 0; i++) {
                if (info.phase != BOARD_VOID)
                        continue;
                if (info.liar)
                        ctl_field(c, "Void board", "%s: the share that %s dealt to %s is wrong", info.line->name,
                                key_hex(info.liar, a), key_hex(info.objector, b));
                for (unsigned k = 0; k < info.line->n_trustees; k++)
                        if (board_is_awaited(&info, k))
                                ctl_field(c, "Void board", "%s: %s did not %s in time", info.line->name,
                                        key_hex(&info.line->trustees[k], a), info.deals ? "confirm" : "deal");
        }
}

static Json* boards_json(const Chain *chain) {
        Json *all = json_new_array();
        BoardInfo info;

        for (size_t i = 0; chain && chain_board_at(chain, i, &info) == 0; i++) {
                Json *o = json_new_object(), *awaited = json_new_array();

                json_set_text(o, "name", info.line->name);
                json_set_text(o, "phase", board_phase_name(info.phase));
                for (unsigned k = 0; k < info.line->n_trustees; k++)
                        if (board_is_awaited(&info, k))
                                json_add_key(awaited, &info.line->trustees[k]);
                json_set(o, "awaited", awaited);
                if (info.liar) {
                        json_set_key(o, "liar", info.liar);
                        json_set_key(o, "objector", info.objector);
                }
                json_add(all, o);
        }
        return all;
}

/* Counts an election from the ledger that was checked. */
static int count(Ctl *c, Audited *a, const char *name, Json **ret) {
        _cleanup_json_ Json *params = json_new_object(), *reply = NULL;
        _cleanup_free_ char *error = NULL;
        Why why = {};
        int r;

        json_set_text(params, "election", name);
        r = audited_call(a, "org.voted.Peer.GetResults", params, &reply, &error, &why);
        if (r != 0)
                return r;
        if (error)
                return ctl_fail(c, EXIT_NOT_FOUND, NULL, "%s", why.text);
        *ret = TAKE_PTR(reply);
        return EXIT_DONE;
}

static int count_all(Ctl *c, Audited *a, Json *into) {
        Json *results = json_new_object();
        const char *name;
        int r = EXIT_DONE;

        for (size_t i = 0; r == 0 && (name = option_value_at(&c->options, "results", i)); i++) {
                _cleanup_json_ Json *reply = NULL;
                const Json *result;

                r = count(c, a, name, &reply);
                if (r != 0)
                        break;
                if (!into) {
                        buf_add_char(&c->out, '\n');
                        r = render_results(c, reply);
                } else if (json_get_object(reply, "result", &result, NULL) == 0)
                        json_set(results, name, json_share((Json*) result));
        }
        if (into && option_value(&c->options, "results"))
                json_set(into, "results", results);
        else
                (void) json_free(results);
        return r;
}

/* Evidence is no part of the ledger: a file of it comes beside a file, and a node says what it has. known: whether anybody was
 * asked. An exit code. */
static int find_evidence(Ctl *c, const Audited *a, bool node, Convicts *ret, bool *ret_known) {
        const Chain *chain = audit_chain(a->audit);
        const char *path = option_value(&c->options, "evidence");

        *ret_known = chain && (path || node);
        if (!*ret_known)
                return EXIT_DONE;
        return path ? convicts_read(c, chain_genesis(chain), path, ret) : convicts_ask(c, chain_genesis(chain), ret);
}

static int show_evidence(Ctl *c, const Convicts *v) {
        if (v->n == 0) {
                ctl_field(c, "Evidence", "none: no authority was caught at a lie");
                return EXIT_DONE;
        }
        buf_printf(&c->out, "%sAuthorities have lied%s, or lost their records; both signatures of each are valid. A ledger that holds is\n"
                            "still final as long as they are fewer than a third:\n",
                ctl_tint(c, TINT_BAD), ctl_tint(c, TINT_NONE));
        return convicts_show(c, v);
}

static int tell(Ctl *c, Audited *a, bool node) {
        const Chain *chain = audit_chain(a->audit);
        const char *name = chain ? chain_genesis(chain)->name : "?";
        _cleanup_(convicts_done) Convicts v = {};
        bool pinned, known;
        int r;

        r = ctl_pin_has(c, &a->facts.network, &pinned);
        if (r == 0)
                r = find_evidence(c, a, node, &v, &known);
        if (r != 0)
                return r;
        if (c->json) {
                Json *o = facts_json(&a->facts, name, pinned, true);

                json_set(o, "boards", boards_json(chain));
                if (known)
                        json_set(o, "evidence", convicts_json(&v));
                r = count_all(c, a, o);
                return ctl_json(c, o) ?: r;
        }
        show_facts(c, a, name, pinned);
        show_boards(c, chain);
        if (known)
                r = show_evidence(c, &v);
        return r ?: count_all(c, a, NULL);
}

static int verb_verify(Ctl *c) {
        const char *path =
                c->options.n_args > 0 ? c->options.args[0] : option_value(&c->options, "ledger");
        _cleanup_(audited_done) Audited a = {};
        Audited *behind = NULL;
        int r;

        if (path && (option_value(&c->options, "peer") || option_value(&c->options, "host") ||
                            (c->options.n_args > 0 && option_value(&c->options, "ledger"))))
                return ctl_fail(c, EXIT_USAGE, NULL, "verify checks a file or a node, not both");
        if (!path && option_value(&c->options, "peer")) {
                r = ctl_audited(c, &behind);    /* connecting checks it all */
                return r != 0 ? r : tell(c, behind, false);
        }
        r = audited_init(&a, c, NULL);
        if (r == 0)
                r = path ? audited_read_file(&a, path) : audited_read_node(&a);
        if (r == EXIT_WRONG && c->json)
                (void) ctl_json(c, facts_json(&a.facts, NULL, false, false));
        return r != 0 ? r : tell(c, &a, !path);
}

static const CtlOption verify_options[] = {
        { "results",  0, "ELECTION", true,  "Count that election, too; repeatable" },
        { "evidence", 0, "FILE",     false, "Check that evidence against authorities, too" },
        OPTION_END,
};

const CtlVerb verbs_verify[] = {
        { "verify", "[FILE]", 0, 1, 0, verb_verify, verify_options, "Check a whole ledger, trusting nothing",
          "Every line, rule and signature of an export (- is standard input), or of the node's ledger without FILE, or of a\n"
          "distant peer's with --peer; on all cores. Prints the network's id (--network ID insists on one), what was checked in\n"
          "numbers, and up to which height the ledger is final; or the first line that is wrong, and why, with exit status 6.\n"
          "Of a board that came to nothing it names the trustees who kept silent, or the one who dealt wrongly.\n"
          "Evidence against authorities is no part of the ledger: of the node's it is checked and shown too, for a file\n"
          "--evidence names what votectl evidence --output has written.\n\n"
          "Example:\n  votectl verify --network ID club.jsonl\n" },
        {},
};
