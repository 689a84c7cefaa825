/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "../unit/memory-fail.h"
#include "base/time.h"
#include "crypto/sign.h"
#include "run.h"

/* Runs seeds. What is not said is drawn from the seed, so that a failing one is named by its number
 * (and by what was said). */

static const char usage[] =
                "Usage: sim [OPTION...]\n"
                "  --seed N          the first seed (1)\n"
                "  --seeds COUNT     so many of them (1)\n"
                "  --peers P         2 to 64\n"
                "  --votes V         votes that are cast\n"
                "  --faults LIST     of delay,loss,partition,oneway,crash,disk,clock,tracker,liars,turns;\n"
                "                    all, none (or 0)\n"
                "  --time SEC        how long votes are taken, in virtual seconds\n"
                "  --engine NAME     pow (the default) or quorum\n"
                "  --liars N         quorum: authorities that lie, whatever faults says; more than a third find a\n"
                "                    disagreement\n"
                "  --cuts N          cut the power of all peers at each Nth commit of the first three blocks, before it, within it\n"
                "                    and after it: a run for each\n"
                "  --cut COMMIT:POINT  one of them\n"
                "  --sealed          quorum: the first election is sealed (else in one seed of ten)\n"
                "  --figures         quorum: print what the authorities send for a block, over all links\n"
                "  --starve N        in one of N steps of a node, and starts, an allocation fails\n"
                "  --no-memo         check every signature anew\n"
                "  --budget SEC      end after so many real seconds, whatever is left\n"
                "  --trace           print everything that happens\n"
                "  --quiet           print failures alone\n"
                "  --go-on           do not end with the first seed that fails\n"
                "What is not given is drawn from the seed. Exit status 1: an invariant was broken.\n";

typedef struct Options {
        RunOptions run;
        uint64_t seeds, budget_sec, cuts;
        bool trace, quiet, go_on, given_peers, given_votes, given_faults, given_time, given_liars;
} Options;

static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret) {
        char *end;

        errno = 0;
        *ret = strtoull(text, &end, 10);
        return errno == 0 && end != text && *end == '\0' && text[0] != '-' && *ret >= min && *ret <= max;
}

static bool read_faults(const char *text, uint32_t *ret) {
        _cleanup_free_ char *copy = strdup(text);
        char *at = copy, *name;

        *ret = 0;
        while ((name = strsep(&at, ",")) != NULL) {
                Fault f;

                if (name[0] == '\0' || streq(name, "none") || streq(name, "0"))
                        continue;
                if (streq(name, "all")) {
                        *ret = (UINT32_C(1) << _FAULT_MAX) - 1;
                        continue;
                }
                for (f = 0; f < _FAULT_MAX && !streq(name, fault_name(f)); f++)
                        ;
                if (f == _FAULT_MAX)
                        return false;
                *ret |= UINT32_C(1) << f;
        }
        return true;
}

static bool read_cut(const char *text, RunOptions *ret) {
        const char *colon = strchr(text, ':');
        _cleanup_free_ char *commit = colon ? strndup(text, (size_t) (colon - text)) : NULL;
        uint64_t point = 0;

        if (!commit || !read_number(commit, 1, UINT32_MAX, &ret->cut_commit) ||
                        !read_number(colon + 1, CRASH_BEFORE_COMMIT, CRASH_AFTER_COMMIT, &point))
                return false;
        ret->cut_point = (CrashPoint) point;
        return true;
}

/* 0, or an exit status. */
static int read_options(int argc, char **argv, Options *o) {
        static const struct option longs[] = {
                { "seed", required_argument, NULL, 's' },
                { "seeds", required_argument, NULL, 'n' },
                { "peers", required_argument, NULL, 'p' },
                { "votes", required_argument, NULL, 'v' },
                { "faults", required_argument, NULL, 'f' },
                { "time", required_argument, NULL, 't' },
                { "budget", required_argument, NULL, 'b' },
                { "engine", required_argument, NULL, 'e' },
                { "figures", no_argument, NULL, 'F' },
                { "cuts", required_argument, NULL, 'C' },
                { "cut", required_argument, NULL, 'c' },
                { "liars", required_argument, NULL, 'L' },
                { "sealed", no_argument, NULL, 'S' },
                { "starve", required_argument, NULL, 'M' },
                { "no-memo", no_argument, NULL, 'm' },
                { "trace", no_argument, NULL, 'T' },
                { "quiet", no_argument, NULL, 'q' },
                { "go-on", no_argument, NULL, 'g' },
                { "help", no_argument, NULL, 'h' },
                {},
        };
        int c;

        *o = (Options) { .run = { .seed = 1, .faults = UINT32_MAX, .liars = UINT_MAX }, .seeds = 1 };
        while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
                uint64_t n = 0;
                bool good = true;

                switch (c) {
                case 's':
                        good = read_number(optarg, 0, UINT64_MAX, &o->run.seed);
                        break;
                case 'n':
                        good = read_number(optarg, 1, UINT32_MAX, &o->seeds);
                        break;
                case 'p':
                        good = read_number(optarg, 2, 64, &n);
                        o->run.peers = (unsigned) n;
                        o->given_peers = true;
                        break;
                case 'v':
                        good = read_number(optarg, 1, 100000, &n);
                        o->run.votes = (unsigned) n;
                        o->given_votes = true;
                        break;
                case 'f':
                        good = read_faults(optarg, &o->run.faults);
                        o->given_faults = true;
                        break;
                case 't':
                        good = read_number(optarg, 10, 100000, &o->run.voting_sec);
                        o->given_time = true;
                        break;
                case 'b':
                        good = read_number(optarg, 1, UINT32_MAX, &o->budget_sec);
                        break;
                case 'e':
                        good = streq(optarg, "pow") || streq(optarg, "quorum");
                        o->run.quorum = streq(optarg, "quorum");
                        break;
                case 'C':
                        good = read_number(optarg, 1, UINT32_MAX, &o->cuts);
                        break;
                case 'c':
                        good = read_cut(optarg, &o->run);
                        break;
                case 'L':
                        good = read_number(optarg, 0, 64, &n);
                        o->run.liars = (unsigned) n;
                        o->given_liars = true;
                        break;
                case 'M':
                        good = read_number(optarg, 1, UINT32_MAX, &o->run.starve);
                        break;
                case 'F':
                        o->run.figures = true;
                        break;
                case 'S':
                        o->run.sealed = true;
                        break;
                case 'm':
                        o->run.no_memo = true;
                        break;
                case 'T':
                        o->trace = true;
                        break;
                case 'q':
                        o->quiet = true;
                        break;
                case 'g':
                        o->go_on = true;
                        break;
                case 'h':
                        (void) fputs(usage, stdout);
                        exit(EXIT_SUCCESS);
                default:
                        (void) fputs(usage, stderr);
                        return 2;
                }
                if (!good) {
                        (void) fprintf(stderr, "sim: \"%s\" is not what that option takes.\n%s", optarg, usage);
                        return 2;
                }
        }
        return 0;
}

static void print_faults(FILE *f, uint32_t faults) {
        const char *comma = "";

        if (faults == 0)
                (void) fputs("none", f);
        for (Fault i = 0; i < _FAULT_MAX; i++)
                if (faults & (UINT32_C(1) << i)) {
                        (void) fprintf(f, "%s%s", comma, fault_name(i));
                        comma = ",";
                }
}

static void print_failure(const Options *o, const RunResult *x) {
        (void) printf("FAILED seed %" PRIu64 " at step %" PRIu64 ", virtual time %" PRIu64 ".%06" PRIu64 " s\n"
                      "  invariant: %s\n  %s\n  faults: ",
                        x->options.seed, x->step, x->usec / USEC_PER_SEC, x->usec % USEC_PER_SEC, x->invariant, x->failure);
        print_faults(stdout, x->options.faults);
        (void) printf("\n  again: tests/sim/sim --seed %" PRIu64, x->options.seed);
        if (o->given_peers)
                (void) printf(" --peers %u", x->options.peers);
        if (o->given_votes)
                (void) printf(" --votes %u", x->options.votes);
        if (o->given_time)
                (void) printf(" --time %" PRIu64, x->options.voting_sec);
        if (o->run.quorum)
                (void) fputs(" --engine quorum", stdout);
        if (o->run.sealed)
                (void) fputs(" --sealed", stdout);
        if (o->given_liars)
                (void) printf(" --liars %u", x->options.liars);
        if (x->options.starve > 0)
                (void) printf(" --starve %" PRIu64, x->options.starve);
        if (x->options.cut_commit > 0)
                (void) printf(" --cut %" PRIu64 ":%u", x->options.cut_commit, x->options.cut_point);
        if (o->given_faults) {
                (void) fputs(" --faults ", stdout);
                print_faults(stdout, x->options.faults);
        }
        (void) printf(" --trace\n");
}

static void print_figures(const RunResult *x) {
        const Figures *f = &x->figures;
        uint64_t n = MAX(f->n_blocks, UINT64_C(1));

        (void) printf("%u authorities: %" PRIu64 " blocks, %" PRIu64 " messages a block, %" PRIu64 " bytes a block\n", x->options.peers,
                        f->n_blocks, f->messages_then / n, f->bytes_then / n);
}

static void print_run(const RunResult *x) {
        (void) printf("seed %" PRIu64 ": %u peers, %" PRIu64 " of %" PRIu64 " votes in the ledger, height %" PRIu64 ", %" PRIu64
                      " reorganisations (deepest %" PRIu64 "), %" PRIu64 " steps, trace %016" PRIx64 ", faults ",
                        x->options.seed, x->options.peers, x->in_ledger, x->n_votes, x->height, x->reorganisations, x->deepest,
                        x->step, x->trace_hash);
        print_faults(stdout, x->options.faults);
        if (x->options.starve > 0)
                (void) printf(", %" PRIu64 " times without memory", x->n_starved);
        (void) putchar('\n');
}

/* One seed in a hundred again without the memory of signatures, one in fifty again as it was: the
 * same trace. */
static bool same_again(const Options *o, const RunResult *x) {
        RunOptions again = o->run;
        RunResult y;

        if (x->options.seed % 100 == 0)
                again.no_memo = !again.no_memo;
        else if (x->options.seed % 50 != 1 || o->run.figures)
                return true;
        again.seed = x->options.seed;
        again.trace = NULL;
        run(&again, &y);
        if (y.trace_hash == x->trace_hash && y.failed == x->failed)
                return true;
        (void) printf("FAILED seed %" PRIu64 "\n  invariant: the same seed gives the same trace\n"
                      "  %016" PRIx64 " and then %016" PRIx64 "%s\n",
                        x->options.seed, x->trace_hash, y.trace_hash,
                        again.no_memo ? " without the memory of signatures" : "");
        return false;
}

/* The power goes everywhere at once, at each step of the first rounds: whatever was durable then is enough to go on. */
static bool run_cuts(const Options *o, const RunResult *whole) {
        RunOptions one = o->run;
        uint64_t n = 0;
        bool held = true;

        one.seed = whole->options.seed;
        for (uint64_t commit = whole->round_commits[0] + 1; commit <= whole->round_commits[1]; commit += o->cuts)
                for (CrashPoint p = CRASH_BEFORE_COMMIT; p <= CRASH_AFTER_COMMIT && (held || o->go_on); p++) {
                        RunResult x;

                        one.cut_commit = commit;
                        one.cut_point = p;
                        run(&one, &x);
                        n++;
                        if (x.failed)
                                print_failure(o, &x);
                        held = held && !x.failed;
                }
        (void) printf("seed %" PRIu64 ": %" PRIu64 " power cuts of all: %s\n", one.seed, n, held ? "it goes on after each" : "an invariant is broken");
        return held;
}

int main(int argc, char **argv) {
        uint64_t begun, done = 0, first;
        bool failed = false;
        Options o;
        Why why;
        int r;

        r = read_options(argc, argv, &o);
        if (r != 0)
                return r;
        if (o.run.figures && !o.run.quorum) {
                (void) fputs("sim: --figures are of --engine quorum.\n", stderr);
                return 2;
        }
        if (crypto_init(&why) < 0) {
                (void) fprintf(stderr, "%s\n", why.text);
                return 2;
        }
        if (o.trace)
                o.run.trace = stdout;

        memory_watch();
        begun = now_usec();
        first = o.run.seed;
        for (uint64_t i = 0; i < o.seeds; i++) {
                RunOptions one = o.run;
                RunResult x;

                if (o.budget_sec != 0 && now_usec() - begun > o.budget_sec * USEC_PER_SEC)
                        break;
                one.seed = first + i;
                run(&one, &x);
                done++;
                if (x.failed)
                        print_failure(&o, &x);
                else if (o.run.figures)
                        print_figures(&x);
                else if (!o.quiet)
                        print_run(&x);
                failed |= x.failed || !same_again(&o, &x) || (o.cuts > 0 && !run_cuts(&o, &x));
                (void) fflush(stdout);
                if (failed && !o.go_on)
                        break;
        }
        if (!o.run.figures)
                (void) printf("%" PRIu64 " seeds from %" PRIu64 " in %.1f s: %s\n", done, first,
                        (double) (now_usec() - begun) / (double) USEC_PER_SEC, failed ? "an invariant is broken" : "all hold");
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
