/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "ledger/receipt.h"
#include "voted/limits.h"
#include "votectl/election.h"
#include "votectl/keyarg.h"
#include "votectl/post.h"
#include "votectl/prompt.h"
#include "votectl/render.h"
#include "votectl/verbs.h"

#define ID_DIGITS_MIN 8U

/* --- approve --- */

static int get_pending(Ctl *c, Json **ret_reply, const Json **ret) {
        Why why = {};
        int r;

        r = ctl_call(c, "GetPending", NULL, ret_reply);
        if (r != 0)
                return r;
        r = json_get_array(*ret_reply, "pending", 0, SIZE_MAX, ret, &why);
        return r != 0 ? ctl_fail_why(c, r, EXIT_WRONG, NULL, &why) : EXIT_DONE;
}

static int list_pending(Ctl *c) {
        _cleanup_json_ Json *reply = NULL;
        const Json *pending;
        Table *t;
        int r;

        r = get_pending(c, &reply, &pending);
        if (r != 0)
                return r;
        if (c->json)
                return ctl_json(c, TAKE_PTR(reply));
        if (json_len(pending) == 0) {
                ctl_note(c, "Nothing waits for approvals.");
                return EXIT_DONE;
        }
        t = table_new(TABLE_COLUMNS("KIND", "NAME", "APPROVALS", "ID"));
        for (size_t i = 0; i < json_len(pending); i++) {
                const Json *o = json_at(pending, i);
                const char *kind, *name, *id;

                if (json_get_text(o, "kind", 1, 32, &kind, NULL) != 0 ||
                        json_get_text(o, "name", 0, 64, &name, NULL) != 0 ||
                        json_get_text(o, "id", 64, 64, &id, NULL) != 0)
                        continue;
                table_add(t, NULL, kind);
                table_add(t, NULL, name);
                table_addf(t, NULL, "%" PRIi64 " of %" PRIi64, render_int(o, "approvals"),
                        render_int(o, "needed"));
                table_add(t, NULL, id);
        }
        return ctl_table(c, t);
}

/* The entry's own bytes, by its receipt. */
static int get_entry(Ctl *c, const Id *id, Json **ret) {
        _cleanup_json_ Json *params = json_new_object(), *reply = NULL;
        const Json *receipt;
        const char *line;
        ReceiptFacts facts;
        Why why = {};
        int r;

        json_set_id(params, "entry", id);
        r = ctl_call(c, "GetReceipt", TAKE_PTR(params), &reply);
        if (r != 0)
                return r;
        r = json_get_object(reply, "receipt", &receipt, &why);
        if (r == 0)
                r = receipt_verify(receipt, &c->genesis->network, &facts, &why);
        if (r == 0 && !id_equal(&facts.entry, id))
                r = why_set(&why, V_FORM, "the receipt is of another entry");
        if (r == 0)
                r = json_get_text(receipt, "entry", 1, ENTRY_BYTES_MAX, &line, &why);
        if (r == 0)
                r = line_parse(ret, line, strlen(line), ENTRY_BYTES_MAX, &why);
        if (r == -ENOMEM)
                return ctl_oom(c);
        if (r != 0)
                return ctl_caught(c, why.text);
        return EXIT_DONE;
}

static void show_keys(Ctl *c, const Json *entry, const char *key, const char *label) {
        const Json *a = render_array(entry, key);

        for (size_t i = 0; a && i < json_len(a); i++)
                ctl_field(c, label, "%s", json_text(json_at(a, i)) ?: "?");
}

/* The ledger takes a withdrawal or a lot by the election's id; the entry of that id says which one that is. */
static int show_election(Ctl *c, const Json *entry, const char *label) {
        _cleanup_json_ Json *election = NULL;
        const char *name, *title;
        char hex[ID_HEX];
        Id id;
        int r;

        if (json_get_id(entry, "election", &id, NULL) != 0)
                return EXIT_DONE;
        r = get_entry(c, &id, &election);
        if (r != 0)
                return r;
        if (json_get_name(election, "name", &name, NULL) == 0 && json_get_text(election, "title", 1, 1024, &title, NULL) == 0)
                ctl_field(c, label, "%s: %s", name, title);
        ctl_field(c, "Id", "%s", id_hex(&id, hex));
        return EXIT_DONE;
}

/* What an approval would put into effect, in words. */
static int show_entry(Ctl *c, const Json *entry) {
        _cleanup_(definition_unrefp) Definition *d = NULL;
        _cleanup_(board_view_done) BoardView board = {};
        _cleanup_(roll_freep) Roll *roll = NULL;
        const char *kind, *text;
        int r;

        if (json_get_text(entry, "kind", 1, 32, &kind, NULL) != 0)
                return EXIT_DONE;
        if (json_get_text(entry, "signer", 1, 64, &text, NULL) == 0)
                ctl_field(c, "Posted by", "%s", text);
        if (streq(kind, "election")) {
                r = definition_parse(&d, entry, NULL);
                if (r != 0)
                        return r < 0 ? ctl_oom(c) : EXIT_DONE;
                ctl_field(c, "Election", "%s: %s", d->name, d->title);
                r = board_view_of_definition(c, d, &board);
                if (r != 0)
                        return r;
                election_show(c, d, d->grace, &board);
                buf_add_char(&c->out, '\n');
        } else if (streq(kind, "roll")) {
                r = roll_parse(&roll, entry, NULL);
                if (r != 0)
                        return r < 0 ? ctl_oom(c) : EXIT_DONE;
                ctl_field(c, "Roll", "%s, part %" PRIu32 ": %zu voters, weight %" PRIu64,
                        roll->name, roll->part, roll->n_voters, roll->weight);
        } else if (streq(kind, "board")) {
                if (json_get_text(entry, "name", 1, 64, &text, NULL) == 0)
                        ctl_field(c, "Board", "%s: any %" PRIi64 " of %zu trustees open its elections", text,
                                render_int(entry, "threshold"),
                                json_len(render_array(entry, "trustees") ?: entry));
                show_keys(c, entry, "trustees", "Trustee");
                show_keys(c, entry, "elections", "Serves");
        } else if (streq(kind, "admins")) {
                show_keys(c, entry, "add", "Add admin");
                show_keys(c, entry, "remove", "Remove admin");
        } else {
                r = show_election(c, entry, streq(kind, "withdraw") ? "Withdraw" : "Election");
                if (r != 0)
                        return r;
                if (json_get_text(entry, "value", 1, LOT_BYTES_MAX, &text, NULL) == 0)
                        ctl_field(c, "Lot", "%s", text);
        }
        return EXIT_DONE;
}

static bool is_meant(const Json *o, const char *asked) {
        const char *name, *id;

        if (json_get_text(o, "name", 1, 64, &name, NULL) == 0 && streq(name, asked))
                return true;
        return strlen(asked) >= ID_DIGITS_MIN && json_get_text(o, "id", 64, 64, &id, NULL) == 0 &&
               strncmp(id, asked, strlen(asked)) == 0;
}

static int verb_approve(Ctl *c) {
        const char *asked = c->options.n_args > 0 ? c->options.args[0] : NULL;
        _cleanup_(signers_done) Signers signers = {};
        _cleanup_json_ Json *reply = NULL;
        const Json *pending;
        Signer *signer;
        int64_t approvals;
        unsigned n = 0;
        int r;

        if (!asked)
                return list_pending(c);
        r = post_admin(c, &signers, &signer, &approvals);
        if (r == 0)
                r = get_pending(c, &reply, &pending);
        if (r != 0)
                return r;
        for (size_t i = 0; i < json_len(pending); i++) {
                const Json *o = json_at(pending, i);
                _cleanup_json_ Json *entry = NULL;
                Json *approval;
                const char *kind;
                char what[128];
                Id id;

                if (!is_meant(o, asked) || json_get_id(o, "id", &id, NULL) != 0)
                        continue;
                n++;
                r = get_entry(c, &id, &entry);
                if (r == 0 && !c->json)
                        r = show_entry(c, entry);
                if (r == 0)
                        r = prompt_yes(c, NULL, "Approve this with %s (%s)?", signer->name,
                                signer_kind_text(signer));
                if (r != 0)
                        return r;
                if (json_get_text(entry, "kind", 1, 32, &kind, NULL) != 0)
                        kind = "entry";
                approval = json_new_object();
                json_set_id(approval, "entry", &id);
                (void) snprintf(what, sizeof what, "Approval of the %s", streq(kind, "withdraw") ? "withdrawal" : streq(kind, "draw") ? "lot" : kind);
                r = post_admin_entry(c, &signers, signer, "approve", approval, what, approvals);
                if (r != 0)
                        return r;
        }
        if (n == 0)
                return ctl_fail(c, EXIT_NOT_FOUND,
                        "votectl approve, without an argument, lists what waits.",
                        "nothing named \"%s\" waits for approvals", asked);
        return EXIT_DONE;
}

/* --- draw --- */

static int verb_draw(Ctl *c) {
        const char *value = c->options.args[1];
        _cleanup_(election_done) Election e = {};
        _cleanup_(signers_done) Signers signers = {};
        Json *entry;
        Signer *signer;
        int64_t approvals;
        char what[128];
        int r;

        r = post_admin(c, &signers, &signer, &approvals);
        if (r == 0)
                r = election_get(c, c->options.args[0], &e);
        if (r != 0)
                return r;
        if (!e.definition->lot)
                return ctl_fail(c, EXIT_REFUSED, NULL,
                        "election \"%s\" names no source of a lot, so there is nothing to draw",
                        e.definition->name);
        if (!json_has(e.reply, "closing_height"))
                return ctl_fail(c, EXIT_REFUSED, NULL,
                        "election \"%s\" is %s; the lot is drawn after it has closed",
                        e.definition->name, e.phase);
        if (!c->json) {
                ctl_field(c, "Election", "%s: %s", e.definition->name, e.definition->title);
                ctl_field(c, "Source", "%s", e.definition->lot);
                ctl_field(c, "Value", "%s", value);
        }
        r = prompt_yes(c, NULL, "Is this exactly what the source said? It can be posted once.");
        if (r != 0)
                return r;
        entry = json_new_object();
        json_set_id(entry, "election", &e.id);
        json_set_text(entry, "value", value);
        (void) snprintf(what, sizeof what, "Lot of %s", e.definition->name);
        return post_admin_entry(c, &signers, signer, "draw", entry, what, approvals);
}

/* --- admins --- */

static int change_admins(Ctl *c, const char *key) {
        const bool add = streq(key, "add");
        _cleanup_(signers_done) Signers signers = {};
        _cleanup_json_ Json *entry = json_new_object();
        Json *keys = json_new_array();
        Signer *signer;
        int64_t approvals;
        char hex[ID_HEX];
        int r;

        json_set(entry, key, keys);
        r = post_admin(c, &signers, &signer, &approvals);
        for (size_t i = 0; r == 0 && i < c->options.n_args; i++) {
                Key k;

                r = ctl_key_argument(c, "KEY", c->options.args[i], !add, NULL, &k);
                if (r != 0)
                        break;
                json_add_key(keys, &k);
                if (!c->json)
                        ctl_field(c, add ? "Add admin" : "Remove admin", "%s", key_hex(&k, hex));
        }
        if (r == 0)
                r = prompt_yes(c, NULL, "Sign this change with %s (%s)?", signer->name,
                        signer_kind_text(signer));
        if (r != 0)
                return r;
        json_set_int(entry, "seq",
                (int64_t) (1 +
                           now_realtime_sec() % SEQ_MAX)); /* the same change may be made again */
        return post_admin_entry(
                c, &signers, signer, "admins", TAKE_PTR(entry), "Change of the admins", approvals);
}

static int verb_admins_add(Ctl *c) {
        return change_admins(c, "add");
}

static int verb_admins_remove(Ctl *c) {
        return change_admins(c, "remove");
}

static int verb_admins_list(Ctl *c) {
        _cleanup_json_ Json *reply = NULL;
        const Json *admins;
        int r;

        r = ctl_call(c, "GetAdmins", NULL, &reply);
        if (r != 0)
                return r;
        if (c->json)
                return ctl_json(c, TAKE_PTR(reply));
        admins = render_array(reply, "admins");
        for (size_t i = 0; admins && i < json_len(admins); i++)
                buf_printf(&c->out, "%s\n", json_text(json_at(admins, i)) ?: "?");
        ctl_note(c, "%" PRIi64 " of them must sign what administers.",
                render_int(reply, "approvals"));
        return EXIT_DONE;
}

static const CtlOption no_wait_options[] = { OPTION_NO_WAIT, OPTION_END };

const CtlVerb verbs_admin[] = {
        { "approve", "[NAME|ID]", 0, 1, 0, verb_approve, no_wait_options, "Sign what another admin posted, or list what waits",
          "In a network that wants several approvals, rolls, elections, withdrawals, lots and changes of the admins take\n"
          "effect when that many admins have signed. Shows what would take effect and asks. NAME is that of a roll (all its\n"
          "parts) or election, ID at least 8 digits of an entry's id. Without an argument: lists what waits.\n\n"
          "Example:\n  votectl approve\n  votectl approve board-2027\n" },
        { "draw", "ELECTION VALUE", 2, 2, 0, verb_draw, no_wait_options, "Post the lot of a closed election",
          "VALUE is what the source that the election named has said, exactly as the election describes it. It breaks ties\n"
          "that the method leaves, and can be posted once.\n\n"
          "Example:\n  votectl draw council-2027 \"4 8 15 16 23 42\"\n" },
        { "admins list", "", 0, 0, 0, verb_admins_list, NULL, "List the administrators in force",
          "Example:\n  votectl admins list\n" },
        { "admins add", "KEY...", 1, ADMINS_MAX, 0, verb_admins_add, no_wait_options, "Make others administrators",
          "KEY is 64 hex digits or a .pub file.\n\nExample:\n  votectl admins add carol.pub\n" },
        { "admins remove", "KEY...", 1, ADMINS_MAX, 0, verb_admins_remove, no_wait_options, "Take administrators' rights",
          "KEY is 64 hex digits, a .pub file or self.\n\nExample:\n  votectl admins remove carol.pub\n" },
        {},
};
