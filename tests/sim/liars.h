/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "blocks.h"
#include "check.h"
#include "proto/message.h"
#include "run.h"

/* Hosts that speak the protocol, and lie. Each has some vices; all of them know the honest peers'
 * chain, so that they look like anybody until they lie.
 *
 *      liars.c         hosts, links, what they do from time to time
 *      liar-lines.c    lines that are none, votes that are nobody's
 *      liar-blocks.c   blocks with real work that are invalid on their parent
 *      liar-answers.c  answers to requests */

#define VICES(X)                                                                                \
        X(LINES)        /* lines that are not in form, or signed by nobody */                   \
        X(OLD)          /* votes that were cast before, votes too early, too late */            \
        X(TWICE)        /* a voter's two votes of the same seq, one here, one there */          \
        X(BLOCKS)       /* invalid blocks with their work */                                    \
        X(WITHHOLD)     /* announces, and answers nothing */                                    \
        X(CLAIMS)       /* heights and work that nobody has */                                  \
        X(FLOOD)                                                                                \
        X(REPLAY)       /* frames that it was sent before */                                    \
        X(NETWORK)      /* hello of another network or version, or none */                      \
        X(RELAY)        /* passes frames on from one peer to another, twice or in another order */ \
        X(GARBLE)       /* answers that are cut, or to another question */                      \
        X(SLOW)         /* asks a lot and reads nothing */

typedef enum Vice {
#define X(n) VICE_##n,
        VICES(X)
#undef X
        _VICE_MAX,
} Vice;

#define VICE_BIT(n) (UINT32_C(1) << VICE_##n)

typedef struct LiarLink {
        LinkId link;            /* 0: free */
        unsigned host;
        bool tracker, up;       /* its hello came */
        uint64_t requests;
} LiarLink;

typedef struct Recorded {
        char *data;
        size_t n;
} Recorded;

typedef struct EvilBlock {
        Id id;
        uint64_t height;
        char *text;             /* header, seal, entries, each with its newline */
        size_t n;
        Id *ids;                /* of the entries */
        size_t n_ids;
} EvilBlock;

#define LIAR_LINKS 16U
#define LIAR_RECORDED 32U
#define EVIL_BLOCKS 8U

typedef struct Liar {
        Run *run;
        Host *host;
        Prng prng;
        uint32_t vices;
        unsigned key;
        uint64_t until_usec;    /* then it is gone */
        LiarLink links[LIAR_LINKS];
        Recorded recorded[LIAR_RECORDED];
        unsigned n_recorded;
        Recorded held;          /* a frame that another overtakes */
        EvilBlock branch[EVIL_BLOCKS];  /* one on the other, the first on an honest block */
        unsigned n_branch;
        uint64_t dials;
} Liar;

void liars_plan(Run *r);
void liars_done(Run *r);

static inline bool liar_has(const Liar *l, uint32_t bits) {
        return (l->vices & bits) != 0;
}
uint64_t liar_below(Liar *l, uint64_t bound);
/* Sends a frame, of which it takes hold. */
void liar_send(Liar *l, const LiarLink *k, Buf *frame);
void liar_say(Liar *l, const LiarLink *k, const Message *m);
/* The chain of some honest peer that is up; NULL: there is no block. */
const KnownBlock* liar_tip(Liar *l);

/* liar-lines.c */
void liar_line(Liar *l, Buf *ret);              /* appends a line that should be refused */
void liar_push_lines(Liar *l, const LiarLink *k);
void liar_push_old(Liar *l, const LiarLink *k);
void liar_vote_twice(Liar *l);

/* liar-blocks.c */
void liar_make_branch(Liar *l);
void liar_announce_branch(Liar *l, const LiarLink *k);
void liar_forget_branch(Liar *l);

/* liar-answers.c */
void liar_answer(Liar *l, LiarLink *k, const Message *m);
