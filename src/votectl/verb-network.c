/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "base/workers.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "consensus/pow.h"
#include "voted/limits.h"
#include "votectl/keyarg.h"
#include "votectl/prompt.h"
#include "votectl/render.h"
#include "votectl/verbs.h"

#define MEASURE_USEC      (300 * USEC_PER_MSEC)
#define MEASURE_TRIES_MAX (UINT64_C(1) << 36)

/* --- create --- */

static void try_range(size_t begin, size_t end, void *data) {
        uint64_t nonce;

        if (pow_try(data, begin, end - begin, UINT64_MAX, &nonce))      /* one in 2^63: no matter */
                return;
}

/* Tries a second that this host makes on all cores, as its miner would. */
static int measure_rate(Ctl *c, uint64_t *ret) {
        _cleanup_(workers_freep) Workers *w = NULL;
        const Id block = {};
        int r;

        r = workers_new(&w, 0);
        if (r < 0)
                return ctl_fail(c, EXIT_FAILED, "Give the difficulty: --difficulty N",
                        "cannot measure this host's hash rate: %s", strerror(-r));
        for (uint64_t tries = 1U << 16; tries <= MEASURE_TRIES_MAX; tries *= 4) {
                const uint64_t start = now_usec();
                uint64_t took;

                workers_for(w, (size_t) tries, 1U << 12, try_range, (void*) &block);
                took = now_usec() - start;
                if (took >= MEASURE_USEC) {
                        *ret = MAX(tries * USEC_PER_SEC / took, UINT64_C(1));
                        return EXIT_DONE;
                }
        }
        return ctl_fail(c, EXIT_FAILED, "Give the difficulty: --difficulty N",
                "cannot measure this host's hash rate");
}

/* The option's number; otherwise if it was not given. Spans ("10min") where span is true. */
static int number_option(Ctl *c, const char *name, uint64_t min, uint64_t max, uint64_t otherwise,
        bool span, uint64_t *ret) {
        const char *text = option_value(&c->options, name);
        char *end;
        Why why = {};

        *ret = otherwise;
        if (!text)
                return EXIT_DONE;
        errno = 0;
        if (span) {
                if (parse_span(text, ret, &why) != 0)
                        return ctl_fail(c, EXIT_USAGE, NULL, "--%s: %s", name, why.text);
        } else {
                *ret = strtoull(text, &end, 10);
                if (*text < '0' || *text > '9' || *end || errno != 0)
                        return ctl_fail(c, EXIT_USAGE, NULL,
                                "--%s is \"%s\", expected a number from %" PRIu64 " to %" PRIu64,
                                name, text, min, max);
        }
        if (*ret < min || *ret > max)
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "--%s is %" PRIu64 ", expected %" PRIu64 " to %" PRIu64, name, *ret, min,
                        max);
        return EXIT_DONE;
}

static int read_keys(Ctl *c, const char *option, unsigned max, Key **ret, size_t *ret_n) {
        char what[32];
        Key *keys;
        size_t n = 0;
        int r;

        keys = new0(Key, max);
        if (!keys)
                return ctl_oom(c);
        *ret = keys;
        (void) snprintf(what, sizeof what, "--%s", option);
        for (const char *text; (text = option_value_at(&c->options, option, n)); n++) {
                if (n == max)
                        return ctl_fail(c, EXIT_USAGE, NULL, "--%s was given more than %u times",
                                option, max);
                r = ctl_key_argument(c, what, text, true, &keys[n]);
                if (r != 0)
                        return r;
                for (size_t i = 0; i < n; i++)
                        if (key_equal(&keys[i], &keys[n]))
                                return ctl_fail(c, EXIT_USAGE, NULL, "--%s %s is there already",
                                        option, text);
        }
        *ret_n = n;
        return EXIT_DONE;
}

static int make_pow(Ctl *c, Json *engine) {
        _cleanup_free_ Key *miners = NULL;
        size_t n_miners = 0;
        uint64_t interval, confirmations, difficulty;
        int r;

        r = number_option(c, "interval", 1, 3600, INTERVAL_DEFAULT, true, &interval);
        if (r == 0)
                r = number_option(
                        c, "confirmations", 1, 1000, CONFIRMATIONS_DEFAULT, false, &confirmations);
        if (r == 0)
                r = number_option(c, "difficulty", 1, LINE_INT_MAX, 0, false, &difficulty);
        if (r == 0)
                r = read_keys(c, "miner", MINERS_MAX, &miners, &n_miners);
        if (r != 0)
                return r;
        if (difficulty == 0) {
                uint64_t rate = 0;

                r = measure_rate(c, &rate);
                if (r != 0)
                        return r;
                difficulty = MIN(rate * interval, (uint64_t) LINE_INT_MAX);
                ctl_note(c,
                        "Difficulty %" PRIu64 ": this host makes %" PRIu64
                        " tries a second, a block shall take %" PRIu64 " s.",
                        difficulty, rate, interval);
        }
        json_set_text(engine, "type", "pow");
        json_set_int(engine, "difficulty", (int64_t) difficulty);
        json_set_int(engine, "interval", (int64_t) interval);
        json_set_int(engine, "confirmations", (int64_t) confirmations);
        if (n_miners > 0) {
                Json *a = json_new_array();

                for (size_t i = 0; i < n_miners; i++)
                        json_add_key(a, &miners[i]);
                json_set(engine, "miners", a);
        }
        return EXIT_DONE;
}

static int read_limits(Ctl *c, Limits *ret) {
        uint64_t block = 0, entry = 0, vote = 0, revotes = 0, notice = 0, grace = 0;
        int r;

        r = number_option(c, "block-bytes", BLOCK_BYTES_MIN, BLOCK_BYTES_MAX, 0, false, &block);
        if (r == 0)
                r = number_option(c, "entry-bytes", 1, ENTRY_BYTES_MAX, 0, false, &entry);
        if (r == 0)
                r = number_option(c, "vote-bytes", 1, VOTE_BYTES_MAX, 0, false, &vote);
        if (r == 0)
                r = number_option(c, "revotes", 1, REVOTES_MAX, 0, false, &revotes);
        if (r == 0)
                r = number_option(c, "notice", 0, NOTICE_MAX, 0, true, &notice);
        if (r == 0)
                r = number_option(c, "grace", 1, GRACE_MAX, UINT32_MAX, true, &grace);
        *ret = (Limits) {(uint32_t) block, (uint32_t) entry, (uint32_t) vote, (uint32_t) revotes,
                (uint32_t) notice, (uint32_t) grace};
        return r;
}

static int verb_create(Ctl *c) {
        const char *name = option_value(&c->options, "name"),
                   *type = option_value(&c->options, "engine") ?: "pow";
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
        if (!streq(type, "pow"))
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "--engine is \"%s\", expected \"pow\" (this version has no other)", type);
        r = read_keys(c, "admin", ADMINS_MAX, &admins, &n_admins);
        if (r != 0)
                return r;
        if (n_admins == 0)
                return ctl_fail(c, EXIT_USAGE,
                        "Administrators draw up rolls and elections: --admin self, --admin KEY",
                        "--admin is missing");
        r = number_option(c, "approvals", 1, n_admins, 1, false, &approvals);
        if (r == 0)
                r = read_limits(c, &limits);
        if (r == 0)
                r = make_pow(c, engine);
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
        const Json *miners = render_array(g->engine_config, "miners");
        char hex[ID_HEX];

        ctl_field(c, "Network", "%s", g->name);
        ctl_field(c, "Id", "%s", id_hex(&g->network, hex));
        ctl_field(c, "Created", "%s", format_time((char[FORMAT_TIME_MAX]) {}, g->created));
        for (size_t i = 0; i < g->n_admins; i++)
                ctl_field(c, i == 0 ? "Admins" : "", "%s", key_hex(&g->admins[i], hex));
        ctl_field(c, "Approvals", "%u of them must sign what administers", g->approvals);
        if (streq(g->engine->name, "pow"))
                ctl_field(c, "Engine",
                        "pow: a block each %" PRIi64 " s, difficulty %" PRIi64
                        " at first, final when %" PRIi64 " deep; %s",
                        render_int(g->engine_config, "interval"),
                        render_int(g->engine_config, "difficulty"),
                        render_int(g->engine_config, "confirmations"),
                        miners ? "sealed by the miners named here" : "anybody may seal");
        else
                ctl_field(c, "Engine", "%s", g->engine->name);
        for (size_t i = 0; miners && i < json_len(miners); i++)
                ctl_field(c, i == 0 ? "Miners" : "", "%s", json_text(json_at(miners, i)) ?: "?");
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
        return r != 0 ? ctl_fail_why(c, r, EXIT_USAGE,
                                "Expected the file that `votectl network create` wrote, unchanged.",
                                &why)
                      : EXIT_DONE;
}

static int check_id(Ctl *c, const Genesis *g) {
        const char *wanted = option_value(&c->options, "id");
        char hex[ID_HEX];

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
        return EXIT_DONE;
}

static const CtlOption create_options[] = {
        { "name",          0, "NAME",    false, "What people call it" },
        { "admin",         0, "KEY",     true,  "An administrator: self, 64 digits, a .pub file; repeatable" },
        { "approvals",     0, "K",       false, "How many of them must sign what administers (1)" },
        { "engine",        0, "ENGINE",  false, "pow (the default)" },
        { "difficulty",    0, "D",       false, "Of the first blocks (what this host does in an interval)" },
        { "interval",      0, "SPAN",    false, "Between blocks (10s)" },
        { "confirmations", 0, "N",       false, "Blocks on top for one to be called final (6)" },
        { "miner",         0, "KEY",     true,  "Only these nodes may seal blocks; repeatable" },
        { "notice",        0, "SPAN",    false, "From an election's approval to its opening (0)" },
        { "grace",         0, "SPAN",    false, "Least grace of an election (30 s and 10 intervals)" },
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
          "Example:\n  votectl network create --name club --admin self --admin bob.pub >club.genesis\n" },
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
