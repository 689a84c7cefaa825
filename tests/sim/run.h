/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "world.h"

/* One run: a network, an election or two from the roll to the result, and what goes wrong meanwhile,
 * all of it drawn from one seed. */

#define FAULTS(X)                                                                               \
        X(DELAY,     "delay")           /* slow links, with jitter */                           \
        X(LOSS,      "loss")            /* frames that come late, links that break */           \
        X(PARTITION, "partition")       /* the network falls in two, and heals */               \
        X(ONEWAY,    "oneway")          /* one host is heard and hears nothing, or the reverse */ \
        X(CRASH,     "crash")           /* the power goes, anywhere within a turn */            \
        X(DISK,      "disk")            /* full disks: commits fail, writes fail */             \
        X(CLOCK,     "clock")           /* clocks that are off by up to a minute */             \
        X(TRACKER,   "tracker")         /* trackers die */                                      \
        X(LIARS,     "liars")           /* hosts that speak the protocol, and lie */            \
        X(TURNS,     "turns")           /* many events are one turn of the event loop */

typedef enum Fault {
#define X(n, name) FAULT_##n,
        FAULTS(X)
#undef X
        _FAULT_MAX,
} Fault;

const char* fault_name(Fault f);
#define FAULT_BIT(f) (UINT32_C(1) << FAULT_##f)

typedef struct RunOptions {     /* zeros (faults: UINT32_MAX): drawn from the seed */
        uint64_t seed;
        unsigned peers, votes;
        uint32_t faults;
        uint64_t voting_sec;    /* how long votes are taken */
        unsigned liars;         /* quorum: authorities that lie; UINT_MAX: up to the bound, where faults has liars */
        uint64_t cut_commit;    /* world.h */
        CrashPoint cut_point;
        uint64_t starve;        /* world.h, while things go wrong; 0: memory is never short */
        bool no_memo;
        bool quorum;            /* the engine; else pow */
        bool sealed;            /* quorum: the first election is sealed; else some are */
        bool figures;           /* quorum: all peers are authorities, every vote has a voter of its own, and what they send is counted */
        FILE *trace;
} RunOptions;

typedef struct RunVote {
        unsigned election, voter;
        uint32_t seq;
        unsigned choice;
        struct Errand *errand;
} RunVote;

typedef struct RunElection {
        bool posted, ready;     /* its entry is made; it is in a ledger */
        char name[32];
        Id id;
        uint64_t opens, closes, grace;  /* seconds of the true clock */
        unsigned n_voters;
        struct Errand *errand;
} RunElection;

#define RUN_ELECTIONS 2U

typedef struct Figures {
        bool begun;
        uint64_t height_before, n_blocks;
        uint64_t messages, bytes;               /* so far */
        uint64_t messages_then, bytes_then;     /* when the last block was final */
} Figures;

typedef struct Checks Checks;
typedef struct Liars Liars;
typedef struct Traitors Traitors;
typedef struct Sealed Sealed;   /* sealed-plot.c */

typedef struct Run {
        RunOptions options;     /* with what was drawn */
        Prng prng;              /* of the plot; the world has its own */
        Genesis *genesis;
        World *world;
        Checks *checks;
        Liars *liars;
        Traitors *traitors;
        uint64_t interval;      /* seconds */
        uint64_t difficulty;    /* of block 1: what all miners do in that time */
        unsigned confirmations, approvals, n_admins, n_voters, n_trackers;
        unsigned first_peer, n_peers;   /* hosts */
        unsigned witness;       /* the first of them that is honest */
        unsigned n_liars;       /* quorum: of the authorities */
        unsigned n_authorities; /* quorum: the first so many of the peers, in their order; 0: pow */
        int64_t clock_off_max;
        uint64_t ill_usec, heal_usec;   /* between these, all that goes wrong has its place */
        uint64_t end_usec;

        uint64_t round_commits[2];      /* how many commits there were before the first entry, and when the third block was final */

        Sealed *sealed;         /* the first election is; NULL: none */
        struct Errand *roll;
        RunElection elections[RUN_ELECTIONS];
        unsigned n_elections;
        RunVote *votes;
        size_t n_votes;
        Figures figures;
} Run;

typedef struct RunResult {
        bool failed;
        char invariant[64], failure[2048];
        uint64_t step, usec, trace_hash;
        RunOptions options;     /* with what was drawn */
        uint64_t height, reorganisations, deepest, in_ledger, n_votes, frames, n_starved, round_commits[2];
        Figures figures;
} RunResult;

void run_options_draw(RunOptions *o);           /* what is left open */
void run(const RunOptions *o, RunResult *ret);

static inline bool run_has(const Run *r, uint32_t bits) {
        return (r->options.faults & bits) != 0;
}

/* Nodes end without a word. */
static inline bool run_ends(const Run *r) {
        return run_has(r, FAULT_BIT(CRASH)) || r->options.starve > 0;
}

/* faults.c */
void faults_plan(Run *r);
