/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "base/time.h"
#include "codec/hex.h"
#include "voted/limits.h"
#include "votectl/boardview.h"
#include "votectl/engine-options.h"
#include "votectl/keyarg.h"
#include "votectl/post.h"
#include "votectl/prompt.h"
#include "votectl/render.h"
#include "votectl/verbs.h"

#define UNTIL_DEFAULT "+1d"

/* --- create --- */

static int read_trustees(Ctl *c, Json *entry, size_t *ret_n) {
        Json *trustees = json_new_array();
        const char *text;
        size_t n = 0;
        char hex[ID_HEX];
        int r;

        json_set(entry, "trustees", trustees);
        for (; (text = option_value_at(&c->options, "trustee", n)); n++) {
                Key k;

                r = ctl_key_argument(c, "--trustee", text, true, NULL, &k);
                if (r != 0)
                        return r;
                json_add_key(trustees, &k);
                if (!c->json)
                        ctl_field(c, n == 0 ? "Trustees" : "", "%s", key_hex(&k, hex));
        }
        if (n == 0 || n > TRUSTEES_MAX)
                return ctl_fail(c, EXIT_USAGE, "Each has run votectl trustee init, which prints its key.",
                        "%zu trustees were given, expected 1 to %u: --trustee KEY", n, TRUSTEES_MAX);
        *ret_n = n;
        return EXIT_DONE;
}

/* Without a word from the administrator: a majority. */
static int read_threshold(Ctl *c, Json *entry, size_t n) {
        uint64_t threshold;
        int r;

        r = option_number(c, "threshold", 1, n, n / 2 + 1, false, &threshold);
        if (r != 0)
                return r;
        json_set_int(entry, "threshold", (int64_t) threshold);
        if (!c->json)
                ctl_field(c, "Threshold", "%" PRIu64 ": so many together open the sum, or could read every ballot",
                        threshold);
        return EXIT_DONE;
}

static int read_elections(Ctl *c, Json *entry) {
        Json *elections = json_new_array();
        const char *text;
        size_t n = 0;

        json_set(entry, "elections", elections);
        for (; (text = option_value_at(&c->options, "election", n)); n++) {
                if (!name_is_valid(text))
                        return ctl_fail(c, EXIT_USAGE, NULL,
                                "--election is \"%s\", expected the name that it will have: lower-case letters, "
                                "digits and dashes",
                                text);
                json_add_text(elections, text);
                if (!c->json)
                        ctl_field(c, n == 0 ? "Serves" : "", "%s", text);
        }
        if (n == 0)
                return ctl_fail(c, EXIT_USAGE, "votectl board create NAME --election board-2027 ...",
                        "--election is missing: the names of the elections that the board will open");
        return EXIT_DONE;
}

static int read_until(Ctl *c, Json *entry) {
        const char *text = option_value(&c->options, "until") ?: UNTIL_DEFAULT;
        Why why = {};
        uint64_t t;
        int r;

        r = parse_time(text, now_realtime_sec(), &t, &why);
        if (r != 0)
                return r < 0 ? ctl_oom(c) : ctl_fail(c, EXIT_USAGE, NULL, "--until: %s", why.text);
        json_set_int(entry, "until", (int64_t) t);
        if (!c->json)
                ctl_field(c, "Until", "%s: a board that is not ready by then is void",
                        format_time((char[FORMAT_TIME_MAX]) {}, t));
        return EXIT_DONE;
}

static int verb_create(Ctl *c) {
        const char *name = c->options.args[0];
        _cleanup_(signers_done) Signers signers = {};
        _cleanup_json_ Json *entry = json_new_object();
        Signer *signer;
        int64_t approvals;
        char what[128];
        size_t n = 0;
        int r;

        if (!name_is_valid(name))
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "\"%s\" cannot name a board, expected lower-case letters, digits and dashes, at most 64",
                        name);
        r = post_admin(c, &signers, &signer, &approvals);
        if (r != 0)
                return r;
        json_set_text(entry, "name", name);
        if (!c->json) {
                ctl_field(c, "Board", "%s", name);
                ctl_field(c, "Network", "%s", c->genesis->name);
        }
        r = read_trustees(c, entry, &n);
        if (r == 0)
                r = read_threshold(c, entry, n);
        if (r == 0)
                r = read_elections(c, entry);
        if (r == 0)
                r = read_until(c, entry);
        if (r == 0)
                r = prompt_yes(c, NULL, "Sign this board with %s (%s)?", signer->name,
                        signer_kind_text(signer));
        if (r != 0)
                return r;
        (void) snprintf(what, sizeof what, "Board %s", name);
        return post_admin_entry(c, &signers, signer, "board", TAKE_PTR(entry), what, approvals);
}

/* --- list, show --- */

static Tint phase_tint(const char *phase) {
        return streq(phase, "ready") ? TINT_GOOD : streq(phase, "void") ? TINT_DIM : TINT_WARN;
}

static int verb_list(Ctl *c) {
        const bool names = option_value(&c->options, "names");
        _cleanup_json_ Json *reply = NULL;
        const Json *boards;
        Table *t;
        Why why = {};
        int r;

        r = ctl_call(c, "GetBoards", NULL, &reply);
        if (r != 0)
                return r;
        r = json_get_array(reply, "boards", 0, SIZE_MAX, &boards, &why);
        if (r != 0)
                return ctl_fail_why(c, r, EXIT_WRONG, NULL, &why);
        if (c->json)
                return ctl_json(c, TAKE_PTR(reply));
        if (json_len(boards) == 0 && !names)
                ctl_note(c, "No board is in the ledger; votectl board create NAME makes one.");
        t = table_new(TABLE_COLUMNS("NAME", "PHASE", "THRESHOLD", "DEALT", "CONFIRMED", "UNTIL"));
        for (size_t i = 0; i < json_len(boards); i++) {
                const Json *o = json_at(boards, i);
                const char *name, *phase;

                if (json_get_name(o, "name", &name, NULL) != 0 ||
                        json_get_text(o, "phase", 1, 16, &phase, NULL) != 0)
                        continue;
                if (names) {
                        buf_printf(&c->out, "%s\n", name);
                        continue;
                }
                table_add(t, NULL, name);
                table_add(t, ctl_cell(c, phase_tint(phase)), phase);
                table_addf(t, NULL, "%" PRIi64 " of %" PRIi64, render_int(o, "threshold"),
                        render_int(o, "trustees"));
                table_addf(t, NULL, "%" PRIi64, render_int(o, "deals"));
                table_addf(t, NULL, "%" PRIi64, render_int(o, "confirms"));
                table_addf(t, NULL, "%.16s",
                        format_time((char[FORMAT_TIME_MAX]) {},
                                (uint64_t) MAX(render_int(o, "until"), INT64_C(0))));
        }
        if (names) {
                (void) table_free(t);
                return EXIT_DONE;
        }
        return ctl_table(c, t);
}

static const char* answer_text(const BoardView *b, unsigned i) {
        const Entry *answer = b->seats[i].answer.entry;

        return !b->seats[i].deal.entry ? "has not dealt yet"
               : !answer               ? "has dealt"
               : answer->kind == ENTRY_OBJECT ? "objects"
                                              : "has dealt and confirmed";
}

static Json* view_json(const Ctl *c, const BoardView *b) {
        Json *o = json_new_object(), *trustees = json_new_array(), *elections = json_new_array();

        json_set_text(o, "name", b->line->name);
        json_set_id(o, "network", &c->genesis->network);
        json_set_id(o, "id", &b->entry->id);
        json_set_text(o, "phase", b->phase);
        json_set_int(o, "threshold", b->line->threshold);
        json_set_int(o, "until", (int64_t) b->line->until);
        json_set_bool(o, "proven", b->proven);
        for (unsigned i = 0; i < b->line->n_trustees; i++) {
                Json *t = json_new_object();
                const Entry *answer = b->seats[i].answer.entry;

                json_set_key(t, "key", &b->line->trustees[i]);
                json_set_bool(t, "dealt", b->seats[i].deal.entry != NULL);
                json_set_bool(t, "confirmed", answer && answer->kind == ENTRY_CONFIRM);
                json_set_bool(t, "objected", answer && answer->kind == ENTRY_OBJECT);
                json_add(trustees, t);
        }
        json_set(o, "trustees", trustees);
        for (size_t i = 0; i < b->line->n_elections; i++)
                json_add_text(elections, b->line->elections[i]);
        json_set(o, "elections", elections);
        if (b->objector >= 0) {
                json_set_key(o, "liar", &b->seats[b->objector].answer.entry->object.line->dealer);
                json_set_key(o, "objector", &b->line->trustees[b->objector]);
        }
        if (board_view_is_ready(b))
                json_set_hex32(o, "key", b->y.b);
        return o;
}

static int verb_show(Ctl *c) {
        _cleanup_(board_view_done) BoardView b = {};
        char hex[ID_HEX];
        int r;

        r = board_view_get(c, c->options.args[0], &b);
        if (r != 0)
                return r;
        if (c->json)
                return ctl_json(c, view_json(c, &b));
        buf_printf(&c->out, "%s%s%s\n", ctl_tint(c, TINT_BOLD), b.line->name, ctl_tint(c, TINT_NONE));
        ctl_field(c, "Phase", "%s%s%s", ctl_tint(c, phase_tint(b.phase)), b.phase, ctl_tint(c, TINT_NONE));
        ctl_field(c, "Id", "%s", id_hex(&b.entry->id, hex));
        ctl_field(c, "Network", "%s%s", c->genesis->name,
                c->pinned ? "" : ", not pinned here: what the node says is not checked");
        ctl_field(c, "Threshold", "any %u of %u trustees open the sum", b.line->threshold, b.line->n_trustees);
        for (unsigned i = 0; i < b.line->n_trustees; i++)
                ctl_field(c, i == 0 ? "Trustees" : "", "%s %s", key_hex(&b.line->trustees[i], hex),
                        answer_text(&b, i));
        for (size_t i = 0; i < b.line->n_elections; i++)
                ctl_field(c, i == 0 ? "Serves" : "", "%s", b.line->elections[i]);
        ctl_field(c, "Until", "%s", format_time((char[FORMAT_TIME_MAX]) {}, b.line->until));
        if (board_view_is_ready(&b)) {
                hex_encode(hex, b.y.b, sizeof b.y.b);
                ctl_field(c, "Its key", "%s", hex);
        }
        if (b.objector >= 0)
                ctl_field(c, "Objection", "the share that %s dealt to trustee %d is wrong",
                        key_hex(&b.seats[b.objector].answer.entry->object.line->dealer, hex), b.objector);
        return EXIT_DONE;
}

static const CtlOption create_options[] = {
        { "trustee",   0, "KEY",  true,  "A trustee, 1 to 16: 64 digits, a .pub file, the name of a key, or self" },
        { "threshold", 0, "K",    false, "How many of them open a sum together (more than half)" },
        { "election",  0, "NAME", true,  "An election that it will serve, by the name that it will have" },
        { "until",     0, "TIME", false, "The board must be ready by then (+1d)" },
        OPTION_NO_WAIT,
        OPTION_END,
};
static const CtlOption list_options[] = {
        { "names", 0, NULL, false, "Print the names only" },
        OPTION_END,
};

const CtlVerb verbs_board[] = {
        { "board create", "NAME", 1, 1, 0, verb_create, create_options, "Appoint the trustees of sealed elections",
          "A sealed election names a board: its trustees make a common key that none of them has, ballots are encrypted to it,\n"
          "and so many of them as the threshold says open the sum of all ballots together, and nothing else. That many could\n"
          "also read every ballot if they colluded: choose trustees who distrust one another. Each has handed in a sealing key\n"
          "before (votectl trustee init, or the unit voted-trustee@.service), and then deals and confirms.\n\n"
          "Example:\n  votectl board create trustees-2027 --trustee ann.pub --trustee ben.pub --trustee cid.pub \\\n"
          "          --threshold 2 --election motion-2027\n" },
        { "board list", "", 0, 0, CTL_VERB_PAGE, verb_list, list_options, "List the boards of trustees",
          "Example:\n  votectl board list\n" },
        { "board show", "BOARD", 1, 1, CTL_VERB_PAGE, verb_show, NULL, "Show a board, and whom it waits for",
          "Of a pinned network all that it says is proved by receipts, and the key is computed here.\n\n"
          "Example:\n  votectl board show trustees-2027\n" },
        {},
};
