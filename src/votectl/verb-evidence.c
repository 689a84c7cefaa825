/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "voted/limits.h"
#include "votectl/evidence.h"
#include "votectl/render.h"
#include "votectl/verbs.h"

/* What authorities were caught at. */

#define FILE_BYTES_MAX (1U << 20)

/* Whom the lines convict, as a table or as JSON; with the lines themselves for who wants them. */
typedef struct Convicts {
        Json *list;
        Buf lines;
        size_t n;
} Convicts;

static void convicts_done(Convicts *v) {
        (void) json_free(v->list);
        buf_done(&v->lines);
}

/* 0, a verdict with why, -ENOMEM. */
static int add_line(Convicts *v, const Genesis *g, const char *line, size_t n, Why *why) {
        EvidenceFacts f;
        Json *o;
        int r;

        r = evidence_check(g->engine, g->engine_config, &g->network, line, n, &f, why);
        if (r != 0)
                return r;
        if (!v->list)
                v->list = json_new_array();
        buf_add(&v->lines, line, n);
        buf_add_char(&v->lines, '\n');
        o = json_new_object();
        json_set_int(o, "authority", f.authority);
        json_set_key(o, "key", &f.key);
        json_set_int(o, "view", (int64_t) f.view);
        json_set_text(o, "what", f.what);
        json_add(v->list, o);
        v->n++;
        return buf_error(&v->lines);
}

static int show(Ctl *c, const Convicts *v) {
        Table *t = table_new(TABLE_COLUMNS("AUTHORITY", "KEY", "WHAT IT DID"));

        table_align(t, 0, TABLE_RIGHT);
        table_shrink(t, 1, 8);
        for (size_t i = 0; i < v->n; i++) {
                const Json *o = json_at(v->list, i);
                const char *key, *what;

                if (json_get_text(o, "key", 1, ID_HEX, &key, NULL) != 0 ||
                    json_get_text(o, "what", 1, sizeof(((EvidenceFacts*) 0)->what), &what, NULL) != 0)
                        continue;
                table_addf(t, NULL, "%" PRIi64, render_int(o, "authority"));
                table_addf(t, NULL, "%s", key);
                table_add(t, ctl_cell(c, TINT_BAD), what);
        }
        return ctl_table(c, t);
}

static int write_lines(Ctl *c, const char *path, const Convicts *v) {
        int r;

        if (streq(path, "-")) {
                buf_add(&c->out, v->lines.p ?: "", v->lines.n);
                return EXIT_DONE;
        }
        if (access(path, F_OK) == 0)
                return ctl_fail(c, EXIT_REFUSED, "Move it away, or take another name.", "%s is there already; it is not overwritten",
                        path);
        r = write_file_atomic(path, v->lines.p, v->lines.n, 0644);
        if (r < 0)
                return ctl_fail(c, EXIT_FAILED, NULL, "cannot write %s: %s", path, strerror(-r));
        ctl_note(c, "Written to %s. Whoever has the network's genesis can check it: votectl evidence verify %s", path, path);
        return EXIT_DONE;
}

static int verb_evidence(Ctl *c) {
        const char *path = option_value(&c->options, "output");
        _cleanup_(convicts_done) Convicts v = {};
        _cleanup_json_ Json *reply = NULL;
        const Json *list;
        int r;

        if (path && c->json)
                return ctl_fail(c, EXIT_USAGE, NULL, "--json prints what --output would write a file of: take one of them");
        r = ctl_network(c);
        if (r == 0)
                r = ctl_call(c, "GetEvidence", NULL, &reply);
        if (r != 0)
                return r;
        list = render_array(reply, "evidence");
        for (size_t i = 0; list && i < json_len(list); i++) {
                const char *line;
                Why why = {};

                r = json_get_text(json_at(list, i), "line", 1, EVIDENCE_BYTES_MAX, &line, &why);
                if (r == 0)
                        r = add_line(&v, c->genesis, line, strlen(line), &why);
                if (r != 0)
                        return ctl_fail_why(c, r, EXIT_WRONG, "Do not trust this node; ask another one.", &why);
        }
        if (c->json) {
                Json *o = json_new_object();

                for (size_t i = 0; i < v.n; i++) {      /* add_line() has kept their order */
                        const char *line;

                        if (json_get_text(json_at(list, i), "line", 1, EVIDENCE_BYTES_MAX, &line, NULL) == 0)
                                json_set_text((Json*) json_at(v.list, i), "line", line);
                }
                json_set(o, "evidence", v.list ? TAKE_PTR(v.list) : json_new_array());
                return ctl_json(c, o);
        }
        if (v.n == 0) {
                ctl_note(c, "No authority of the network \"%s\" was caught.", c->genesis->name);
                return EXIT_DONE;
        }
        return path ? write_lines(c, path, &v) : show(c, &v);
}

/* --- offline --- */

/* --genesis FILE, else the pin that --network names, else the only pin. */
static int find_genesis(Ctl *c, Genesis **ret) {
        const char *path = option_value(&c->options, "genesis"), *wanted = option_value(&c->options, "network");
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_buf_ Buf b = {};
        char hex[ID_HEX];
        Why why = {};
        int r;

        if (!path)
                return ctl_pin_find(c, wanted, ret);
        r = ctl_read_file(c, path, GENESIS_BYTES_MAX + 1, &b);
        if (r != 0)
                return r;
        while (b.n > 0 && b.p[b.n - 1] == '\n')
                b.n--;
        r = genesis_parse(&g, b.p ?: "", b.n, &why);
        if (r != 0)
                return r < 0 ? ctl_oom(c) : ctl_fail(c, EXIT_USAGE, NULL, "%s is no genesis: %s", path, why.text);
        if (wanted && !streq(wanted, g->name) && !streq(wanted, id_hex(&g->network, hex)))
                return ctl_fail(c, EXIT_REFUSED, NULL, "%s is of network \"%s\" (%s), not of %s", path, g->name,
                        id_hex(&g->network, hex), wanted);
        *ret = TAKE_PTR(g);
        return EXIT_DONE;
}

static int verb_verify(Ctl *c) {
        const char *path = c->options.args[0], *text, *line;
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_(convicts_done) Convicts v = {};
        _cleanup_buf_ Buf b = {};
        size_t left, n, number = 0;
        char hex[ID_HEX];
        Why why = {};
        int r;

        r = find_genesis(c, &g);
        if (r == 0)
                r = ctl_read_file(c, path, FILE_BYTES_MAX, &b);
        if (r != 0)
                return r;
        assert(g);
        text = b.p ?: "";
        left = b.n;
        while (left > 0 && text[left - 1] == '\n')
                left--;
        if (left == 0)
                return ctl_fail(c, EXIT_WRONG, NULL, "%s is empty: it convicts nobody", path);
        while (line_next(&text, &left, &line, &n)) {
                number++;
                r = add_line(&v, g, line, n, &why);
                if (r < 0)
                        return ctl_oom(c);
                if (r > 0)
                        return ctl_fail(c, EXIT_WRONG, NULL, "line %zu of %s does not hold in the network \"%s\" (%s): %s", number,
                                path, g->name, id_hex(&g->network, hex), why.text);
        }
        if (c->json) {
                Json *o = json_new_object();

                json_set(o, "evidence", TAKE_PTR(v.list));
                json_set_text(o, "name", g->name);
                json_set_id(o, "network", &g->network);
                json_set_bool(o, "valid", true);
                return ctl_json(c, o);
        }
        buf_printf(&c->out, "%sThe evidence holds%s in the network \"%s\" (%s): both signatures of each are valid, and no honest\n"
                            "authority signs both.\n",
                ctl_tint(c, TINT_BAD), ctl_tint(c, TINT_NONE), g->name, id_hex(&g->network, hex));
        return show(c, &v);
}

static const CtlOption evidence_options[] = {
        { "output", 0, "FILE", false, "Write the evidence itself to FILE, a line for each authority; - is standard output" },
        OPTION_END,
};
static const CtlOption verify_options[] = {
        { "genesis", 0, "FILE", false, "Check it from that genesis instead of a pinned network" },
        OPTION_END,
};

const CtlVerb verbs_evidence[] = {
        { "evidence", "", 0, 0, 0, verb_evidence, evidence_options, "List the authorities that were caught at a lie",
          "In a network of the quorum engine an authority never signs two things that exclude each other: two blocks of one\n"
          "view, or to skip a view and to finalize a block in it. Who does lies, or has lost its record; both signatures\n"
          "together prove it. The node keeps the first proof for each authority and passes it on to all others. votectl checks\n"
          "what the node says.\n\n"
          "Example:\n  votectl evidence\n  votectl evidence --output evidence.jsonl\n" },
        { "evidence verify", "FILE", 1, 1, CTL_VERB_NO_NET, verb_verify, verify_options, "Check such evidence offline",
          "Every line of what evidence --output has written (- is standard input), from the only pinned network, from the one\n"
          "that --network names, or from --genesis FILE. Names the first line that does not hold, and why, with exit status 6.\n\n"
          "Example:\n  votectl evidence verify evidence.jsonl\n  votectl evidence verify --genesis club.genesis evidence.jsonl\n" },
        {},
};
