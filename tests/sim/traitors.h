/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/quorum-private.h"
#include "proto/message.h"
#include "run.h"

/* Authorities of quorum that lie. Each is a peer as the others are, which knows what they know; but a traitor looks at what comes
 * in and goes out, keeps it back, says something else instead, and signs with the peer's key what the peer never would. When its
 * engine stops for that, its operator has it resume.
 *
 *      traitors.c         who lies, how, and when       traitor-words.c    statements and certificates
 *      traitor-blocks.c   proposals and their twins */

#define TREASONS(X)                                                                                     \
        X(TWINS)        /* leads with two blocks; says of each, to each, what is said of the other */   \
        X(WORDS)        /* endorses and finalizes two blocks of a view, before all or before some */    \
        X(BOTH)         /* skips and finalizes */                                                       \
        X(WITHHOLD)     /* lets a signature go later, or never */                                       \
        X(REPLAY)       /* says again what anybody has said, certificates among it */                   \
        X(CENSOR)       /* leaves out one voter's votes, and passes none of them on */                  \
        X(FLOOD)        /* signed words for views far away, and garbage */                              \
        X(FORGE)        /* certificates with one signature many times, or too few */                    \
        X(FORK)         /* proposes beside what was endorsed, without grounds, before it is final */    \
        X(INVALID)      /* proposes what is wrong on its parent, or too early, or what nobody has */    \
        X(SILENCE)      /* says nothing to some */

typedef enum Treason {
#define X(n) TREASON_##n,
        TREASONS(X)
#undef X
        _TREASON_MAX,
} Treason;

#define TREASON_BIT(n) (UINT32_C(1) << TREASON_##n)

typedef struct Twin {           /* two blocks by one leader, for one view */
        Id id[2];
        uint32_t side;          /* a bit for each authority: which of them it is shown */
        char *line;             /* the second's proposal */
        size_t n_line;
} Twin;

typedef struct Frame {
        char *data;
        size_t n;
        unsigned to;            /* host */
        bool used;
} Frame;

#define TWINS 32U
#define FRAMES_HELD 128U
#define FRAMES_HEARD 64U

typedef struct Traitor {
        struct Traitors *all;
        Host *host;
        unsigned number;        /* among the authorities */
        Prng prng;
        uint32_t treasons;
        unsigned victim;        /* voter */
        uint32_t deaf_to;       /* a bit for each authority that it never says anything to */
        Frame held[FRAMES_HELD];        /* kept back */
        Frame heard[FRAMES_HEARD];      /* of the engine's, by anybody; any may be said again */
        unsigned n_heard;
        uint64_t forked_view;
        char *filtered;         /* a frame without the victim's ids */
} Traitor;

typedef struct Traitors {
        Run *run;
        QuorumConfig config;
        Traitor *items;
        unsigned n;
        Twin twins[TWINS];      /* they know of each other's */
        unsigned n_twins;
        Id last_block;          /* of the last proposal that was heard of, and its view */
        uint64_t last_view;
        uint64_t from_usec, until_usec;
} Traitors;

/* Picks r->n_liars of the authorities, before the hosts start. */
void traitors_plan(Run *r);
void traitors_done(Run *r);
/* Whether its word is worth nothing just now. */
bool traitor_is_at_it(const Traitor *t);

static inline bool traitor_has(const Traitor *t, uint32_t bits) {
        return (t->treasons & bits) != 0;
}
uint64_t traitor_below(Traitor *t, uint64_t bound);
Quorum* traitor_engine(const Traitor *t);       /* NULL: it is down */
/* Number of the authority that host is; -1: none. */
int traitor_authority(const Traitors *a, unsigned host);
/* Sends a frame of the engine's to the authority of that host, if there is a link; line is copied. */
void traitor_say(Traitor *t, unsigned host, MessageType type, const char *line, size_t n);

/* traitor-words.c */
QuorumStatement traitor_sign(Traitor *t, QuorumKind kind, uint64_t view, const Id *block);
void traitor_say_statement(Traitor *t, unsigned host, QuorumKind kind, uint64_t view, const Id *block);
/* An own statement is about to leave for that host. True: it shall not. */
bool traitor_on_statement(Traitor *t, unsigned host, const QuorumStatement *s);
void traitor_forge(Traitor *t);
void traitor_flood(Traitor *t);

/* traitor-blocks.c */
Twin* traitor_twin(Traitors *a, const Id *id);  /* NULL: it has none */
/* The one of the two that this authority is shown. */
const Id* traitor_shown(const Twin *twin, unsigned authority);
/* An own proposal is about to leave for that host. True: it shall not. */
bool traitor_on_proposal(Traitor *t, unsigned host, const char *line, size_t n);
/* The block of that view is endorsed and not final yet, and it leads the next view. */
void traitor_fork(Traitor *t, uint64_t view);
