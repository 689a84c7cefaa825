/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "voted/limits.h"
#include "votectl/audited.h"
#include "votectl/election.h"
#include "votectl/receipts.h"
#include "votectl/render.h"
#include "votectl/sealvote.h"
#include "votectl/verbs.h"

#define RECEIPT_BYTES_MAX (4U << 20)

static Json* facts_json(const ReceiptFacts *f) {
        Json *o = json_new_object();

        json_set_id(o, "network", &f->network);
        json_set_id(o, "entry", &f->entry);
        json_set_text(o, "kind", f->kind);
        json_set_key(o, "signer", &f->signer);
        json_set_id(o, "block", &f->block);
        json_set_int(o, "height", (int64_t) f->height);
        json_set_int(o, "position", f->position);
        json_set_int(o, "time", (int64_t) f->time);
        json_set_bool(o, "final", f->final);
        json_set_int(o, "depth", f->depth);
        if (streq(f->kind, "vote")) {
                json_set_id(o, "election", &f->election);
                json_set_int(o, "seq", f->seq);
        }
        return o;
}

static void show_facts(Ctl *c, const ReceiptFacts *f, const char *network) {
        char hex[ID_HEX];

        ctl_field(c, "Network", "%s%s%s", network ?: "", network ? "  " : "",
                id_hex(&f->network, hex));
        ctl_field(c, "Entry", "%s  %s", f->kind, id_hex(&f->entry, hex));
        ctl_field(c, "Signed by", "%s", key_hex(&f->signer, hex));
        if (streq(f->kind, "vote"))
                ctl_field(c, "Election", "%s, seq %" PRIu32, id_hex(&f->election, hex), f->seq);
        ctl_field(c, "Block", "%" PRIu64 ", position %" PRIu32 ", %s", f->height, f->position,
                format_time((char[FORMAT_TIME_MAX]) {}, f->time));
        ctl_field(c, "Block id", "%s", id_hex(&f->block, hex));
}

/* The code that a sealed vote had when it was cast, so that voters find what they have noted; false: it is no such vote. */
static bool find_code(const Json *receipt, Id *ret) {
        static const char sealed[] = "{\"ballot\":{\"sealed\":";
        const char *line;

        return json_get_text(receipt, "entry", 1, VOTE_BYTES_MAX, &line, NULL) == 0 && strncmp(line, sealed, strlen(sealed)) == 0 &&
                seal_code_of_line(ret, line, strlen(line)) == 0;
}

/* --- receipt ELECTION --- */

/* The key of ours that has a vote in the ledger. */
static int find_vote(Ctl *c, const Election *e, Signers *s, Signer **ret) {
        _cleanup_free_ VoterState *states = NULL;
        _cleanup_free_ bool *voted = NULL;
        bool on_its_way = false;
        int r;

        r = signers_find(c, s);
        if (r == 0)
                r = election_voters(c, e, s, &states);
        if (r != 0)
                return r;
        voted = new0(bool, s->n + 1);
        if (!voted)
                return ctl_oom(c);
        for (size_t i = 0; i < s->n; i++) {
                voted[i] = states[i].entitled && states[i].seq > 0;
                on_its_way = on_its_way || (states[i].seq == 0 && states[i].pool_seq > 0);
        }
        if (on_its_way)
                ctl_note(c, "A vote of yours is on its way, in no block yet.");
        return signers_choose(c, s, voted, "in the ledger with a vote in this election", ret);
}

static int verb_receipt(Ctl *c) {
        _cleanup_free_ char *path = NULL, *vote_path = NULL;
        _cleanup_json_ Json *params = NULL, *reply = NULL;
        _cleanup_(election_done) Election e = {};
        _cleanup_(signers_done) Signers signers = {};
        const Json *receipt;
        ReceiptFacts facts;
        Signer *signer;
        unsigned depth;
        Why why = {};
        int r;

        r = ctl_network_pinned(c);
        if (r == 0)
                r = election_get(c, c->options.args[0], &e);
        if (r == 0)
                r = find_vote(c, &e, &signers, &signer);
        if (r != 0)
                return r;
        params = json_new_object();
        json_set_id(params, "election", &e.id);
        json_set_key(params, "voter", &signer->key);
        r = ctl_call(c, "GetReceipt", TAKE_PTR(params), &reply);
        if (r != 0)
                return r;
        r = json_get_object(reply, "receipt", &receipt, &why);
        if (r == 0)
                r = receipt_verify(receipt, &c->genesis->network, &facts, &why);
        if (r == 0 && (!streq(facts.kind, "vote") || !id_equal(&facts.election, &e.id) ||
                              !key_equal(&facts.signer, &signer->key)))
                r = why_set(&why, V_FORM, "it is of another entry");
        if (r != 0)
                return r < 0 ? ctl_oom(c)
                             : ctl_fail(c, EXIT_WRONG, "Do not trust this node; ask another one.",
                                       "the node's receipt does not hold: %s", why.text);

        depth = receipts_depth(c->genesis);
        if (!receipts_shows_final(c->genesis, &facts))
                return ctl_fail(c, EXIT_NOT_FINAL, "Ask again in a while.",
                        "your vote is in block %" PRIu64 ", %u of %u blocks deep, not final yet",
                        facts.height, facts.depth - 1, depth);
        r = receipts_path(c, e.definition->name, &e.id, &signer->key, &path);
        if (r == 0)
                r = receipts_keep(c, path, receipt);
        if (r == 0)
                r = receipts_vote_path(c, e.definition->name, &e.id, &signer->key, &vote_path);
        if (r != 0)
                return r;
        (void) unlink(vote_path);
        if (c->json) {
                Json *o = facts_json(&facts);

                json_set_text(o, "receipt", path);
                return ctl_json(c, o);
        }
        show_facts(c, &facts, c->genesis->name);
        buf_printf(&c->out, "Receipt: %s\n", path);
        return EXIT_DONE;
}

/* --- receipt verify --- */

/* The network that the receipt says it is of; the pin, or --network, says whether that is the right
 * one. */
static int find_network(Ctl *c, const Json *receipt, Id *ret, Genesis **ret_genesis) {
        const char *wanted = option_value(&c->options, "network"), *line;
        _cleanup_(genesis_freep) Genesis *g = NULL, *pin = NULL;
        bool pinned;
        char hex[ID_HEX];
        Why why = {};
        int r;

        r = json_get_text(receipt, "genesis", 1, GENESIS_BYTES_MAX, &line, &why);
        if (r == 0)
                r = genesis_parse(&g, line, strlen(line), &why);
        if (r != 0)
                return r < 0 ? ctl_oom(c)
                             : ctl_fail(c, EXIT_WRONG, NULL, "the receipt does not hold: %s",
                                       why.text);
        if (wanted && id_from_hex(ret, wanted) != 0) {
                r = ctl_pin_find(c, wanted, &pin);
                if (r != 0)
                        return r;
                *ret = pin->network;
        } else if (!wanted) {
                r = ctl_pin_has(c, &g->network, &pinned);
                if (r != 0)
                        return r;
                if (!pinned)
                        return ctl_fail(c, EXIT_REFUSED,
                                "Pin it (votectl network add FILE), or say which one you expect: "
                                "--network ID",
                                "the receipt is of network \"%s\" (%s), which is not pinned here",
                                g->name, id_hex(&g->network, hex));
                *ret = g->network;
        }
        *ret_genesis = TAKE_PTR(g);
        return EXIT_DONE;
}

/* With --ledger: whether that ledger has the receipt's block. */
static int check_ledger(Ctl *c, const ReceiptFacts *f) {
        Audited *a;
        StoredBlock b = {};
        bool same;
        int r;

        r = ctl_audited(c, &a);
        if (r != 0)
                return r;
        if (!id_equal(&a->facts.network, &f->network))
                return ctl_fail(
                        c, EXIT_REFUSED, NULL, "the ledger is of another network than the receipt");
        if (f->height > a->facts.height)
                return ctl_fail(c, EXIT_NOT_FOUND, "Get a newer ledger.",
                        "the ledger ends at height %" PRIu64 ", the receipt is of block %" PRIu64,
                        a->facts.height, f->height);
        r = a->store->ops->block_get(a->store, f->height, &b);
        if (r < 0)
                return ctl_fail(c, EXIT_FAILED, NULL, "cannot read the ledger: %s", strerror(-r));
        same = id_equal(&b.id, &f->block);
        stored_block_done(&b);
        if (!same)
                return ctl_fail(c, EXIT_WRONG,
                        "One of the two was undone or made up: ask for ledgers of other peers.",
                        "the ledger has another block at height %" PRIu64, f->height);
        return EXIT_DONE;
}

static int verb_verify(Ctl *c) {
        const bool with_ledger =
                option_value(&c->options, "ledger") || option_value(&c->options, "peer");
        const char *path = c->options.args[0];
        _cleanup_json_ Json *receipt = NULL;
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_buf_ Buf b = {};
        ReceiptFacts facts;
        Id network, code;
        bool has_code;
        Why why = {};
        int r;

        r = ctl_read_file(c, path, RECEIPT_BYTES_MAX, &b);
        if (r != 0)
                return r;
        r = json_parse_loose(&receipt, b.p ?: "", b.n, RECEIPT_BYTES_MAX, &why);
        if (r != 0)
                return r < 0 ? ctl_oom(c)
                             : ctl_fail(
                                       c, EXIT_USAGE, NULL, "%s is no receipt: %s", path, why.text);
        r = find_network(c, receipt, &network, &g);
        if (r != 0)
                return r;
        assert(g);
        r = receipt_verify(receipt, &network, &facts, &why);
        if (r != 0)
                return r < 0 ? ctl_oom(c)
                             : ctl_fail(c, EXIT_WRONG, NULL, "the receipt does not hold: %s",
                                       why.text);
        if (with_ledger) {
                r = check_ledger(c, &facts);
                if (r != 0)
                        return r;
        }
        has_code = find_code(receipt, &code);
        if (c->json) {
                Json *o = facts_json(&facts);

                json_set_bool(o, "in_ledger", with_ledger);
                if (has_code)
                        json_set_id(o, "code", &code);
                return ctl_json(c, o);
        }
        if (facts.final || with_ledger)
                buf_printf(&c->out, "%sThe receipt holds%s: the entry is in the ledger%s.\n",
                        ctl_tint(c, TINT_GOOD), ctl_tint(c, TINT_NONE),
                        facts.final ? " for good" : " that was checked with it");
        else
                buf_printf(&c->out,
                        "The receipt is in order, %u blocks deep. In a proof-of-work network a "
                        "receipt alone proves nothing: whoever has\n"
                        "hardware enough can make one up. Check it against a ledger: votectl "
                        "--ledger FILE receipt verify %s\n",
                        facts.depth - 1, path);
        show_facts(c, &facts, g->name);
        if (has_code)
                ctl_field(c, "Code", "%s", seal_code_format(&code, (char[CODE_TEXT]) {}));
        return EXIT_DONE;
}

/* --- receipt list --- */

static int verb_list(Ctl *c) {
        _cleanup_json_ Json *names = NULL;
        Json *all = NULL;
        Table *t = NULL;
        int r;

        r = ctl_list_files(c, "receipts", ".json", &names);
        if (r != 0)
                return r;
        if (c->json)
                all = json_new_array();
        else
                t = table_new(TABLE_COLUMNS("NAME", "NETWORK", "BLOCK", "TIME", "KEY"));
        for (size_t i = 0; i < json_len(names); i++) {
                const char *name = json_text(json_at(names, i)), *line;
                _cleanup_(genesis_freep) Genesis *g = NULL;
                _cleanup_json_ Json *receipt = NULL;
                _cleanup_free_ char *file = NULL, *path = NULL;
                _cleanup_buf_ Buf b = {};
                ReceiptFacts f;
                char hex[ID_HEX];

                if (asprintf(&file, "%s.json", name) < 0) {
                        file = NULL;
                        continue;
                }
                r = ctl_path(c, "receipts", file, &path);
                if (r == 0)
                        r = ctl_read_file(c, path, RECEIPT_BYTES_MAX, &b);
                if (r != 0)
                        break;
                if (json_parse_loose(&receipt, b.p ?: "", b.n, RECEIPT_BYTES_MAX, NULL) != 0 ||
                        json_get_text(receipt, "genesis", 1, GENESIS_BYTES_MAX, &line, NULL) != 0 ||
                        genesis_parse(&g, line, strlen(line), NULL) != 0 ||
                        receipt_verify(receipt, &g->network, &f, NULL) != 0) {
                        ctl_warn(c, "%s is no receipt that holds", path);
                        continue;
                }
                if (c->json) {
                        Json *o = facts_json(&f);

                        json_set_text(o, "file", path);
                        json_add(all, o);
                        continue;
                }
                table_add(t, NULL, name);
                table_add(t, NULL, g->name);
                table_addf(t, NULL, "%" PRIu64, f.height);
                table_add(t, NULL, format_time((char[FORMAT_TIME_MAX]) {}, f.time));
                table_addf(t, NULL, "%.16s", key_hex(&f.signer, hex));
        }
        if (c->json) {
                Json *o = json_new_object();

                json_set(o, "receipts", all);
                return r ?: ctl_json(c, o);
        }
        if (r == 0 && table_rows(t) == 0)
                ctl_note(c, "No receipt is kept; votectl cast keeps one.");
        return r ?: ctl_table(c, t);
}

const CtlVerb verbs_receipt[] = {
        { "receipt", "ELECTION", 1, 1, 0, verb_receipt, NULL, "Fetch the receipt of your vote, and keep it",
          "Of the last vote of your key in that election. Checks it from the pinned network and keeps it in\n"
          "$XDG_DATA_HOME/votectl/receipts/; votectl cast does this by itself, unless it was told --no-wait.\n\n"
          "Example:\n  votectl receipt board-2027\n" },
        { "receipt verify", "FILE", 1, 1, 0, verb_verify, NULL, "Check a receipt offline",
          "From the pinned network, or from --network ID. In a proof-of-work network a receipt alone proves nothing; with\n"
          "--ledger FILE (an export) or --peer it is checked against a whole ledger.\n\n"
          "Example:\n  votectl receipt verify ~/.local/share/votectl/receipts/board-2027.json\n"
          "  votectl --ledger club.jsonl receipt verify board-2027.json\n" },
        { "receipt list", "", 0, 0, CTL_VERB_PAGE|CTL_VERB_NO_NET, verb_list, NULL, "List the receipts that are kept",
          "Example:\n  votectl receipt list\n" },
        {},
};
