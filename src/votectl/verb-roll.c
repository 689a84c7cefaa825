/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "voted/limits.h"
#include "votectl/post.h"
#include "votectl/progress.h"
#include "votectl/prompt.h"
#include "votectl/render.h"
#include "votectl/rollfile.h"
#include "votectl/verbs.h"

#define FILE_BYTES_MAX  (256U << 20)
#define AGENT_ENTRY_BYTES_MAX (240U << 10)    /* what an ssh-agent signs at once, less its frame */

typedef struct Parts {
        Posting *items;
        Buf *lines;
        size_t n;
} Parts;

static void parts_done(Parts *p) {
        for (size_t i = 0; i < p->n; i++)
                buf_done(&p->lines[i]);
        free(p->lines);
        free(p->items);
}

/* The id under which the ledger has that part, if it has it. */
static bool find_part(const Json *rolls, const char *name, size_t part, Id *ret) {
        for (size_t i = 0; i < json_len(rolls); i++) {
                const Json *o = json_at(rolls, i);
                const char *s;

                if (json_get_text(o, "name", 1, 64, &s, NULL) == 0 && streq(s, name) &&
                        render_int(o, "part") == (int64_t) part)
                        return json_get_id(o, "id", ret, NULL) == 0;
        }
        return false;
}

/* A roll that was interrupted half-way goes on: what is signed again by the same key has the same
 * bytes. */
static int check_part(Ctl *c, const Json *rolls, const char *name, size_t part, const Id *id) {
        Id there;

        if (!find_part(rolls, name, part, &there) || id_equal(&there, id))
                return EXIT_DONE;
        return ctl_fail(c, EXIT_REFUSED,
                "A name is taken for ever: choose another one with --name.",
                "the ledger has another roll \"%s\" (part %zu)", name, part);
}

static int sign_parts(Ctl *c, Signer *signer, const RollFile *f, const char *name,
        const Json *rolls, Parts *ret) {
        const size_t bytes_max = signer->kind == SIGNER_OWN ? c->genesis->limits.entry_bytes
                                                            : MIN(c->genesis->limits.entry_bytes,
                                                                      AGENT_ENTRY_BYTES_MAX);
        const size_t n = roll_file_parts(f, name, bytes_max);
        int r;

        if (n > ROLLS_MAX)
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "the roll takes %zu entries of at most %zu bytes, an election may name %u",
                        n, bytes_max, ROLLS_MAX);
        ret->items = new0(Posting, n);
        ret->lines = new0(Buf, n);
        if (!ret->items || !ret->lines)
                return ctl_oom(c);
        ret->n = n;
        for (size_t i = 0; i < n; i++) {
                _cleanup_json_ Json *entry = roll_file_part(f, name, bytes_max, i);

                if (!entry)
                        return ctl_oom(c);
                r = signer_sign(c, signer, "roll", &c->genesis->network, entry, &ret->lines[i]);
                if (r != 0)
                        return r;
                ret->items[i].line = ret->lines[i].p;
                ret->items[i].n_line = ret->lines[i].n;
                hash_bytes(&ret->items[i].id, ret->lines[i].p, ret->lines[i].n);
                r = check_part(c, rolls, name, i, &ret->items[i].id);
                if (r != 0)
                        return r;
        }
        return EXIT_DONE;
}

static int get_rolls(Ctl *c, Json **ret_reply, const Json **ret) {
        Why why = {};
        int r;

        r = ctl_call(c, "GetRolls", NULL, ret_reply);
        if (r != 0)
                return r;
        r = json_get_array(*ret_reply, "rolls", 0, SIZE_MAX, ret, &why);
        return r != 0 ? ctl_fail_why(c, r, EXIT_WRONG, NULL, &why) : EXIT_DONE;
}

static int tell_added(
        Ctl *c, const char *name, const RollFile *f, const Parts *p, int64_t approvals) {
        _cleanup_free_ Id *ids = new0(Id, p->n + 1);
        bool waited = !option_value(&c->options, "no-wait");
        int64_t missing;

        if (!ids)
                return ctl_oom(c);
        for (size_t i = 0; i < p->n; i++)
                ids[i] = p->items[i].id;
        missing = waited ? post_missing(c, ids, p->n) : -1;
        if (c->json) {
                Json *o = json_new_object(), *a = json_new_array();

                for (size_t i = 0; i < p->n; i++)
                        json_add(a, post_json(&p->items[i]));
                json_set_text(o, "name", name);
                json_set_int(o, "voters", (int64_t) f->n);
                json_set_int(o, "weight", (int64_t) f->weight);
                json_set_int(o, "approvals_needed", approvals);
                if (missing >= 0)
                        json_set_int(o, "approvals_missing", missing);
                json_set(o, "entries", a);
                return ctl_json(c, o);
        }
        buf_printf(&c->out, "Roll %s: %zu %s, weight %" PRIu64 ", in the ledger\n", name, f->n,
                f->n == 1 ? "voter" : "voters", f->weight);
        post_tell_missing(c, missing < 0 ? approvals - 1 : missing, approvals, name);
        return EXIT_DONE;
}

static int verb_add(Ctl *c) {
        const char *path = c->options.args[0], *name = option_value(&c->options, "name");
        _cleanup_(signers_done) Signers signers = {};
        _cleanup_(roll_file_done) RollFile f = {};
        _cleanup_json_ Json *reply = NULL;
        _cleanup_(parts_done) Parts parts = {};
        _cleanup_buf_ Buf b = {};
        const Json *rolls;
        Signer *signer;
        int64_t approvals;
        Why why = {};
        int r;

        if (!name)
                return ctl_fail(c, EXIT_USAGE, "votectl roll add FILE --name members-2027",
                        "--name is missing");
        if (!name_is_valid(name))
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "--name is \"%s\", expected lower-case letters, digits and dashes, at most "
                        "64",
                        name);
        r = ctl_read_file(c, path, FILE_BYTES_MAX, &b);
        if (r != 0)
                return r;
        r = roll_file_parse(&f, b.p ?: "", b.n, &why);
        if (r != 0)
                return r < 0 ? ctl_oom(c) : ctl_fail(c, EXIT_USAGE, NULL, "%s: %s", path, why.text);
        r = post_admin(c, &signers, &signer, &approvals);
        if (r == 0)
                r = get_rolls(c, &reply, &rolls);
        if (r != 0)
                return r;
        ctl_note(c,
                "Signing roll \"%s\" for network \"%s\": %zu %s, weight %" PRIu64 ", with %s (%s).",
                name, c->genesis->name, f.n, f.n == 1 ? "voter" : "voters", f.weight, signer->name,
                signer_kind_text(signer));
        r = sign_parts(c, signer, &f, name, rolls, &parts);
        for (size_t i = 0; r == 0 && i < parts.n; i++)
                r = post_submit(c, &parts.items[i]);
        if (r == 0 && !option_value(&c->options, "no-wait"))
                r = post_wait(c, parts.items, parts.n, 0);
        return r ?: tell_added(c, name, &f, &parts, approvals);
}

static int verb_list(Ctl *c) {
        _cleanup_json_ Json *reply = NULL;
        const Json *rolls;
        Table *t;
        int r;

        r = get_rolls(c, &reply, &rolls);
        if (r != 0)
                return r;
        if (c->json)
                return ctl_json(c, TAKE_PTR(reply));
        if (json_len(rolls) == 0)
                ctl_note(c,
                        "No roll is in the ledger; votectl roll add FILE --name NAME makes one.");
        t = table_new(TABLE_COLUMNS("NAME", "PART", "VOTERS", "STATE", "ID"));
        table_align(t, 1, TABLE_RIGHT);
        table_align(t, 2, TABLE_RIGHT);
        table_shrink(t, 4, 16);
        for (size_t i = 0; i < json_len(rolls); i++) {
                const Json *o = json_at(rolls, i);
                const char *name, *id;
                bool in_effect = false;

                if (json_get_text(o, "name", 1, 64, &name, NULL) != 0 ||
                        json_get_text(o, "id", 1, 64, &id, NULL) != 0 ||
                        json_get_bool(o, "in_effect", &in_effect, NULL) != 0)
                        continue;
                table_add(t, NULL, name);
                table_addf(t, NULL, "%" PRIi64, render_int(o, "part"));
                table_addf(t, NULL, "%" PRIi64, render_int(o, "voters"));
                if (in_effect)
                        table_add(t, ctl_cell(c, TINT_GOOD), "in effect");
                else
                        table_addf(t, ctl_cell(c, TINT_WARN), "%" PRIi64 " approvals",
                                render_int(o, "approvals"));
                table_add(t, NULL, id);
        }
        return ctl_table(c, t);
}

static const CtlOption add_options[] = {
        { "name", 0, "NAME", false, "What elections call it; taken for ever" },
        OPTION_NO_WAIT,
        OPTION_END,
};

const CtlVerb verbs_roll[] = {
        { "roll add", "FILE", 1, 1, 0, verb_add, add_options, "Put a roll of voters into the ledger",
          "FILE has one voter a line: an ssh-ed25519 public key as .pub files and authorized_keys have it, or 64 hex digits;\n"
          "\"weight=N \" may stand before it, # starts a comment. \"-\" is standard input. Keys of security tokens (sk-),\n"
          "certificates and other types are refused. A large roll is split into several entries. Signed by an admin.\n\n"
          "Example:\n  cat keys/*.pub >members\n  votectl roll add members --name members-2027\n" },
        { "roll list", "", 0, 0, CTL_VERB_PAGE, verb_list, NULL, "List the rolls of the ledger",
          "Example:\n  votectl roll list\n" },
        {},
};
