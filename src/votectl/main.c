/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/sign.h"
#include "votectl/help.h"
#include "votectl/prompt.h"
#include "votectl/verbs.h"

#define COLUMNS_DEFAULT 80U
#define ROWS_DEFAULT    24U

static int verb_help(Ctl *c);

static const CtlVerb verbs_help[] = {
        { "help", "[VERB]", 0, 2, CTL_VERB_PAGE|CTL_VERB_NO_NET, verb_help, NULL, "Show this, or what a verb does",
          "Example:\n  votectl help cast\n" },
        {},
};

static const CtlVerb *const families[] = {
        verbs_vote,
        verbs_ballot,
        verbs_receipt,
        verbs_results,
        verbs_node,
        verbs_authority,
        verbs_evidence,
        verbs_network,
        verbs_key,
        verbs_roll,
        verbs_election,
        verbs_admin,
        verbs_board,
        verbs_trustee,
        verbs_ledger,
        verbs_verify,
        verbs_help,
        NULL,
};

static const CtlOption global_options[] = {
        { "host",     'H', "HOST",              false, "Speak to the node of another host, through ssh" },
        { "peer",     0,   "[KEY@]HOST:PORT",   false, "Speak to a distant peer directly, checking its whole ledger" },
        { "ledger",   0,   "FILE",              false, "Ask no node: read and check that export" },
        { "instance", 0,   "NAME",              false, "The node of that instance (peer); \"tracker\" is the tracker" },
        { "socket",   0,   "PATH",              false, "The node's control socket ($VOTED_SOCKET)" },
        { "network",  0,   "NAME|ID",           false, "Insist on that network, which is pinned" },
        { "key",      'k', "NAME|FILE|KEY",     false, "Sign with that key" },
        { "agent",    0,   NULL,                false, "Use ssh-agent even inside an SSH session" },
        { "json",     'j', NULL,                false, "Print JSON" },
        { "yes",      'y', NULL,                false, "Do not ask, the answer is yes" },
        { "quiet",    'q', NULL,                false, "Say only what was asked for, and errors" },
        { "no-pager", 0,   NULL,                false, "Do not use a pager" },
        { "help",     'h', NULL,                false, "Show help" },
        { "version",  0,   NULL,                false, "Show the version" },
        OPTION_END,
};

static int verb_help(Ctl *c) {
        const CtlVerb *v;
        char name[256];

        if (c->options.n_args == 0) {
                help_overview(c, families, global_options);
                return EXIT_DONE;
        }
        (void) snprintf(name, sizeof name, "%s%s%s", c->options.args[0],
                c->options.n_args > 1 ? " " : "", c->options.n_args > 1 ? c->options.args[1] : "");
        v = ctl_verb_find(families, name);
        if (v)
                help_verb(c, v, global_options);
        if (c->options.n_args == 1 && ctl_verb_is_group(families, name)) {
                buf_add_text(&c->out, v ? "\n" : "");
                help_group(c, families, name);
        } else if (!v)
                return ctl_fail(c, EXIT_USAGE, "votectl --help lists the verbs.",
                        "unknown verb \"%s\"%s%s%s", name,
                        ctl_verb_nearest(families, name) ? "; did you mean \"" : "",
                        ctl_verb_nearest(families, name) ?: "",
                        ctl_verb_nearest(families, name) ? "\"?" : "");
        return EXIT_DONE;
}

static unsigned from_environment(const char *name, unsigned otherwise) {
        const char *s = getenv(name);
        unsigned long v = s ? strtoul(s, NULL, 10) : 0;

        return v > 0 && v < 10000 ? (unsigned) v : otherwise;
}

static bool says_utf8(void) {
        const char *s = getenv("LC_ALL");

        if (!s || !*s)
                s = getenv("LC_CTYPE");
        if (!s || !*s)
                s = getenv("LANG");
        return s && (strcasestr(s, "utf-8") || strcasestr(s, "utf8"));
}

static void look_at_terminal(Ctl *c) {
        const char *term = getenv("TERM"), *plain = getenv("NO_COLOR");
        struct winsize ws = {};

        c->in_terminal = isatty(STDIN_FILENO);
        c->out_terminal = isatty(STDOUT_FILENO);
        c->err_terminal = isatty(STDERR_FILENO);
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0)
                ws = (struct winsize) {};
        c->columns = from_environment("COLUMNS", ws.ws_col > 0 ? ws.ws_col : COLUMNS_DEFAULT);
        c->rows = from_environment("LINES", ws.ws_row > 0 ? ws.ws_row : ROWS_DEFAULT);
        c->color = c->out_terminal && !(plain && *plain) && term && !streq(term, "dumb");
        c->utf8 = says_utf8();
}

static int run(Ctl *c) {
        Why why = {};
        int r;

        if (option_value(&c->options, "version")) {
                buf_printf(&c->out, "votectl %s, %s\n", PACKAGE_VERSION, crypto_library_version());
                return EXIT_DONE;
        }
        if (c->verb == verbs_help && c->options.n_args > 0)
                return verb_help(c);
        if (option_value(&c->options, "help") || !c->verb) {
                if (!c->verb && !option_value(&c->options, "help"))
                        return ctl_fail(c, EXIT_USAGE, "votectl --help lists the verbs.",
                                "no verb was given");
                if (c->verb)
                        help_verb(c, c->verb, global_options);
                else
                        help_overview(c, families, global_options);
                return EXIT_DONE;
        }
        r = crypto_init(&why);
        if (r < 0)
                return ctl_fail(c, EXIT_FAILED, NULL, "%s",
                        *why.text ? why.text : "libsodium cannot be used");
        if (c->verb->flags & CTL_VERB_NO_NET &&
                (option_value(&c->options, "host") || option_value(&c->options, "peer")))
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "%s speaks to no distant node; leave -H and --peer out", c->verb->name);
        return c->verb->run(c);
}

static void out_of_memory(void) {
        (void) fprintf(stderr, "votectl: out of memory\n");
        _exit(EXIT_FAILED);
}

int main(int argc, char **argv) {
        static Ctl c;
        Why why = {};
        int r, shown;

        if (hold_standard_streams() < 0)
                return EXIT_FAILED;
        if (getenv("VOTECTL_ASKPASS"))
                return askpass_main(argc > 1 ? argv[1] : NULL);

        json_init(out_of_memory);
        (void) setlocale(LC_CTYPE, "");
        (void) sigaction(SIGPIPE, &(struct sigaction) { .sa_handler = SIG_IGN }, NULL);
        look_at_terminal(&c);
        r = options_parse(&c.options, &c.verb, families, global_options, argc, argv, &why);
        c.json = option_value(&c.options, "json");
        c.yes = option_value(&c.options, "yes");
        c.quiet = option_value(&c.options, "quiet");
        c.no_pager = option_value(&c.options, "no-pager");
        if (r != 0)
                r = ctl_fail(&c, EXIT_USAGE, NULL, "%s", why.text);
        else
                r = run(&c);
        shown = ctl_show(&c);
        ctl_disconnect(&c);
        (void) genesis_free(c.genesis);
        buf_done(&c.out);
        return r ?: shown;
}
