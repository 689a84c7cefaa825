/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "voted/limits.h"
#include "votectl/engine-options.h"
#include "votectl/prompt.h"
#include "votectl/render.h"
#include "votectl/verbs.h"

/* --- create --- */

static int read_limits(Ctl *c, Limits *ret) {
        uint64_t block = 0, entry = 0, vote = 0, revotes = 0, notice = 0, grace = 0;
        int r;

        r = option_number(c, "block-bytes", BLOCK_BYTES_MIN, BLOCK_BYTES_MAX, 0, false, &block);
        if (r == 0)
                r = option_number(c, "entry-bytes", 1, ENTRY_BYTES_MAX, 0, false, &entry);
        if (r == 0)
                r = option_number(c, "vote-bytes", 1, VOTE_BYTES_MAX, 0, false, &vote);
        if (r == 0)
                r = option_number(c, "revotes", 1, REVOTES_MAX, 0, false, &revotes);
        if (r == 0)
                r = option_number(c, "notice", 0, NOTICE_MAX, 0, true, &notice);
        if (r == 0)
                r = option_number(c, "grace", 1, GRACE_MAX, UINT32_MAX, true, &grace);
        *ret = (Limits) {(uint32_t) block, (uint32_t) entry, (uint32_t) vote, (uint32_t) revotes,
                (uint32_t) notice, (uint32_t) grace};
        return r;
}

static int verb_create(Ctl *c) {
        const char *name = option_value(&c->options, "name");
        _cleanup_json_ Json *engine = json_new_object();
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_free_ Key *admins = NULL;
        _cleanup_buf_ Buf line = {};
        size_t n_admins = 0;
        uint64_t approvals;
        Limits limits;
        Why why = {};
        int r;

        if (!name)
                return ctl_fail(c, EXIT_USAGE,
                        "votectl network create --name club --admin self >club.genesis",
                        "--name is missing");
        r = option_keys(c, "admin", ADMINS_MAX, true, NULL, &admins, &n_admins);
        if (r != 0)
                return r;
        if (n_admins == 0)
                return ctl_fail(c, EXIT_USAGE,
                        "Administrators draw up rolls and elections: --admin self, --admin KEY",
                        "--admin is missing");
        r = option_number(c, "approvals", 1, n_admins, 1, false, &approvals);
        if (r == 0)
                r = read_limits(c, &limits);
        if (r == 0)
                r = engine_from_options(c, engine);
        if (r != 0)
                return r;
        r = genesis_format(&line, name, now_realtime_sec(), (unsigned) approvals, admins, n_admins,
                engine, &limits, &why);
        if (r == 0)
                r = genesis_parse(&g, line.p, line.n, &why);
        if (r != 0)
                return ctl_fail_why(c, r, EXIT_USAGE, NULL, &why);
        buf_printf(&c->out, "%s\n", line.p);
        if (c->out_terminal)
                ctl_note(c,
                        "This is the genesis; keep it in a file: votectl network create ... "
                        ">%s.genesis",
                        name);
        ctl_note(c, "Network %s", id_hex(&g->network, (char[ID_HEX]) {}));
        if (g->late_votes_may_be_lost)
                ctl_warn(c, "the grace is shorter than votes may take to spread: late votes may be "
                            "lost");
        return EXIT_DONE;
}

/* --- showing one --- */

static Json* genesis_json(const Genesis *g) {
        Json *o = json_new_object(), *genesis = NULL;

        json_set_id(o, "id", &g->network);
        json_set_text(o, "name", g->name);
        if (line_parse(&genesis, g->line, g->n_line, GENESIS_BYTES_MAX, NULL) == 0)
                json_set(o, "genesis", genesis);
        return o;
}

static void show_genesis(Ctl *c, const Genesis *g) {
        char hex[ID_HEX];

        ctl_field(c, "Network", "%s", g->name);
        ctl_field(c, "Id", "%s", id_hex(&g->network, hex));
        ctl_field(c, "Created", "%s", format_time((char[FORMAT_TIME_MAX]) {}, g->created));
        for (size_t i = 0; i < g->n_admins; i++)
                ctl_field(c, i == 0 ? "Admins" : "", "%s", key_hex(&g->admins[i], hex));
        ctl_field(c, "Approvals", "%u of them must sign what administers", g->approvals);
        engine_show(c, g);
        ctl_field(c, "Limits", "block %u, entry %u, vote %u bytes; %u revotes",
                g->limits.block_bytes, g->limits.entry_bytes, g->limits.vote_bytes,
                g->limits.revotes);
        ctl_field(c, "Notice", "%s before an election opens",
                format_span((char[FORMAT_SPAN_MAX]) {}, g->limits.notice * USEC_PER_SEC));
        ctl_field(c, "Grace", "%s at least%s",
                format_span((char[FORMAT_SPAN_MAX]) {}, g->limits.grace * USEC_PER_SEC),
                g->late_votes_may_be_lost ? "; this is short: late votes may be lost" : "");
}

static int read_genesis(Ctl *c, const char *path, Genesis **ret) {
        _cleanup_buf_ Buf b = {};
        Why why = {};
        int r;

        r = ctl_read_file(c, path, GENESIS_BYTES_MAX, &b);
        if (r != 0)
                return r;
        b.n = b.p ? (size_t) (strchrnul(b.p, '\n') - b.p)
                  : 0; /* the first line of an export will do */
        r = genesis_parse(ret, b.p ?: "", b.n, &why);
        if (r > 0)
                return ctl_fail(c, EXIT_USAGE, "Expected the file that `votectl network create` wrote, unchanged.", "%s: %s",
                                path, why.text);
        return r < 0 ? ctl_fail_why(c, r, EXIT_USAGE, NULL, &why) : EXIT_DONE;
}

static int check_id(Ctl *c, const Genesis *g) {
        const char *wanted = option_value(&c->options, "id");
        char hex[ID_HEX];

        if (wanted && id_from_hex(&(Id) {}, wanted) != 0)
                return ctl_fail(c, EXIT_USAGE, "Copy it from whoever sent the genesis: votectl network list shows it there.",
                                "--id is \"%s\", expected 64 hex digits in lower case", wanted);
        if (wanted && !streq(wanted, id_hex(&g->network, hex)))
                return ctl_fail(c, EXIT_REFUSED, "Do not use this file; ask where it comes from.",
                        "this is network %s, expected %s", hex, wanted);
        return EXIT_DONE;
}

/* --- add, list --- */

/* The genesis that the node keeps; its id is all that has to be trusted. */
static int fetch_genesis(Ctl *c, const char *id, Genesis **ret) {
        char hex[ID_HEX];
        int r;

        r = ctl_network(c);
        if (r != 0)
                return r;
        if (!streq(id, id_hex(&c->genesis->network, hex)))
                return ctl_fail(c, EXIT_REFUSED, NULL,
                        "the node is of network \"%s\" (%s), not of %s", c->genesis->name, hex, id);
        *ret = TAKE_PTR(c->genesis);
        return EXIT_DONE;
}

static int verb_add(Ctl *c) {
        const char *from = c->options.args[0];
        _cleanup_(genesis_freep) Genesis *g = NULL;
        bool there;
        int r;

        r = id_from_hex(&(Id) {}, from) == 0 ? fetch_genesis(c, from, &g)
                                            : read_genesis(c, from, &g);
        if (r == 0)
                r = check_id(c, ASSERT_PTR(g));
        if (r == 0)
                r = ctl_pin_has(c, &g->network, &there);
        if (r == 0)
                r = ctl_pin_add(c, g);
        if (r != 0)
                return r;
        assert(g);
        if (c->json)
                return ctl_json(c, genesis_json(g));
        buf_printf(&c->out, "%s\n", id_hex(&g->network, (char[ID_HEX]) {}));
        ctl_note(c, "Network \"%s\" %s. Compare the id with what others have.", g->name,
                there ? "was pinned already" : "is pinned now");
        return EXIT_DONE;
}

static int add_row(void *userdata, Genesis *g) {
        Table *t = userdata;

        table_add(t, NULL, g->name);
        table_add(t, NULL, id_hex(&g->network, (char[ID_HEX]) {}));
        table_add(t, NULL, g->engine->name);
        table_addf(t, NULL, "%zu", g->n_admins);
        table_add(t, NULL, format_time((char[FORMAT_TIME_MAX]) {}, g->created));
        return EXIT_DONE;
}

static int add_object(void *userdata, Genesis *g) {
        json_add(userdata, genesis_json(g));
        return EXIT_DONE;
}

static int verb_list(Ctl *c) {
        int r;

        if (c->json) {
                Json *o = json_new_object(), *a = json_new_array();

                r = ctl_pin_each(c, add_object, a);
                json_set(o, "networks", a);
                return r ?: ctl_json(c, o);
        } else {
                Table *t = table_new(TABLE_COLUMNS("NAME", "ID", "ENGINE", "ADMINS", "CREATED"));

                table_align(t, 3, TABLE_RIGHT);
                table_shrink(t, 1, 16);
                r = ctl_pin_each(c, add_row, t);
                if (r == 0 && table_rows(t) == 0)
                        ctl_note(c, "No network is pinned; votectl network add FILE pins one.");
                return r ?: ctl_table(c, t);
        }
}

/* --- join --- */

/* An authority has one more step to go. */
static int note_authority(Ctl *c) {
        _cleanup_json_ Json *status = NULL;
        int r;

        r = ctl_call(c, "GetStatus", NULL, &status);
        if (r == 0 && json_has(status, "authority"))
                ctl_note(c,
                        "It is authority number %" PRIi64 ", and signs nothing before votectl "
                        "authority init; or, if this authority has signed before and its host was "
                        "wiped, votectl authority resume.",
                        render_int(status, "authority"));
        return r;
}

static int verb_join(Ctl *c) {
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_json_ Json *params = NULL, *reply = NULL;
        int r;

        r = read_genesis(c, c->options.args[0], &g);
        if (r == 0)
                r = check_id(c, g);
        if (r != 0)
                return r;
        if (!option_value(&c->options, "id")) {
                show_genesis(c, g);
                r = prompt_yes(c, "Say which network you expect: --id ID",
                        "Is this the id that the others have, and shall this node join?");
                if (r != 0) {
                        if (!c->in_terminal)
                                buf_reset(&c->out);
                        return r;
                }
        }
        params = json_new_object();
        json_set_text(params, "line", g->line);
        r = ctl_call(c, "JoinNetwork", TAKE_PTR(params), &reply);
        if (r != 0)
                return r;
        if (c->json)
                return ctl_json(c, TAKE_PTR(reply));
        ctl_note(c, "The node has joined network \"%s\".", g->name);
        return note_authority(c);
}

static const CtlOption create_options[] = {
        { "name",          0, "NAME",    false, "What people call it" },
        { "admin",         0, "KEY",     true,  "An administrator: self, 64 digits, a .pub file; repeatable" },
        { "approvals",     0, "K",       false, "How many of them must sign what administers (1)" },
        { "engine",        0, "ENGINE",  false, "quorum (the default), or pow" },
        { "authority",     0, "KEY",     true,  "quorum: an authority: 64 digits, or a file with them; repeatable" },
        { "delta",         0, "MS",      false, "quorum: within which a message arrives, as a rule (1000)" },
        { "difficulty",    0, "D",       false, "pow: of the first blocks (what this host does in an interval)" },
        { "interval",      0, "SPAN",    false, "pow: between blocks (10s)" },
        { "confirmations", 0, "N",       false, "pow: blocks on top for one to be called final (6)" },
        { "miner",         0, "KEY",     true,  "pow: only these nodes may seal blocks; repeatable" },
        { "notice",        0, "SPAN",    false, "From an election's approval to its opening (0)" },
        { "grace",         0, "SPAN",    false, "Least grace of an election (what the engine needs)" },
        { "revotes",       0, "N",       false, "Votes of a voter in an election (100)" },
        { "block-bytes",   0, "N",       false, "Of a block's entries (4 MiB)" },
        { "entry-bytes",   0, "N",       false, "Of an entry (256 KiB)" },
        { "vote-bytes",    0, "N",       false, "Of a vote (64 KiB)" },
        OPTION_END,
};

static const CtlOption id_options[] = {
        { "id", 0, "ID", false, "The id that is expected; anything else is refused" },
        OPTION_END,
};

const CtlVerb verbs_network[] = {
        { "network create", "", 0, 0, CTL_VERB_NO_NET, verb_create, create_options, "Write the genesis of a new network to standard output",
          "The genesis names the network, its administrators and its rules; nothing of it can be changed later, but for the\n"
          "administrators. Its hash is the network's id. No node is asked.\n\n"
          "With --engine quorum, known authorities seal: of n, any n - (n - 1) / 3 make a block final, so (n - 1) / 3 may fail or\n"
          "lie: none of 1 to 3, one of 4, two of 7. Each is a node, named by what votectl authority key prints there. With\n"
          "--engine pow, whoever finds a proof of work seals, and nothing is ever beyond undoing.\n\n"
          "Example:\n"
          "  votectl network create --name club --engine quorum --admin self --admin bob.pub \\\n"
          "          --authority KEY1 --authority KEY2 --authority KEY3 --authority h4.key >club.genesis\n" },
        { "network add", "FILE|ID", 1, 1, 0, verb_add, id_options, "Pin a network that you trust",
          "Keeps the genesis; votectl then signs for that network and checks what nodes say of it. Prints its id: compare it\n"
          "with what others have. With an ID instead of a file, the genesis comes from the node (the id vouches for it).\n\n"
          "Example:\n  votectl network add club.genesis\n" },
        { "network list", "", 0, 0, CTL_VERB_NO_NET, verb_list, NULL, "List the pinned networks",
          "Example:\n  votectl network list\n" },
        { "network join", "FILE", 1, 1, 0, verb_join, id_options, "Have the node join a network",
          "Shows id, administrators, engine and limits, and asks. For root, the daemon's user and members of the group\n"
          "voted-admin. A node joins one network in its life; use an instance (voted-peer@NAME) for another.\n\n"
          "Example:\n  votectl network join club.genesis\n  votectl network join --id ID club.genesis    # in a script\n" },
        {},
};
