/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/file.h"
#include "codec/hex.h"
#include "voted/limits.h"
#include "votectl/convicts.h"
#include "votectl/verbs.h"

/* What authorities were caught at. */

static int write_lines(Ctl *c, const char *path, const Convicts *v) {
        int r;

        if (streq(path, "-")) {
                buf_add(&c->out, v->lines.p ?: "", v->lines.n);
                return EXIT_DONE;
        }
        r = write_file_new(path, v->lines.p, v->lines.n, 0644);
        if (r < 0)
                return ctl_fail_write(c, path, r);
        ctl_note(c, "Written to %s. Whoever has the network's genesis can check it: votectl evidence verify %s", path, path);
        return EXIT_DONE;
}

static int verb_evidence(Ctl *c) {
        const char *path = option_value(&c->options, "output");
        _cleanup_(convicts_done) Convicts v = {};
        int r;

        if (path && c->json)
                return ctl_fail(c, EXIT_USAGE, NULL, "--json prints what --output would write a file of: take one of them");
        r = ctl_network(c);
        if (r == 0)
                r = convicts_ask(c, c->genesis, &v);
        if (r != 0)
                return r;
        if (c->json) {
                Json *o = json_new_object();

                json_set(o, "evidence", convicts_json(&v));
                return ctl_json(c, o);
        }
        if (v.n == 0) {
                ctl_note(c, "No authority of the network \"%s\" was caught.", c->genesis->name);
                return EXIT_DONE;
        }
        return path ? write_lines(c, path, &v) : convicts_show(c, &v);
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
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_(convicts_done) Convicts v = {};
        char hex[ID_HEX];
        int r;

        r = find_genesis(c, &g);
        if (r == 0)
                r = convicts_read(c, g, c->options.args[0], &v);
        if (r != 0)
                return r;
        assert(g);
        if (c->json) {
                Json *o = json_new_object();

                json_set(o, "evidence", convicts_json(&v));
                json_set_text(o, "name", g->name);
                json_set_id(o, "network", &g->network);
                json_set_bool(o, "valid", true);
                return ctl_json(c, o);
        }
        buf_printf(&c->out, "%sThe evidence holds%s in the network \"%s\" (%s): both signatures of each are valid, and no honest\n"
                            "authority signs both.\n",
                ctl_tint(c, TINT_BAD), ctl_tint(c, TINT_NONE), g->name, id_hex(&g->network, hex));
        return convicts_show(c, &v);
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
