/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/quorum-certificate.h"
#include "consensus/quorum-evidence.h"
#include "consensus/quorum.h"

/* The parts of quorum_engine among themselves. */

#define TIME_BEHIND_SEC 30U     /* a proposal's time against the clock when it arrived */
#define TIME_AHEAD_SEC  15U
#define DELTA_GROWTH_MAX 8U
#define BLOCK_BUCKETS   256U

/* --- quorum-blocks.c: headers from the last final block of the main chain up --- */

typedef struct QuorumBlock {
        Header header;
        QuorumCertificate *endorse, *finalize;  /* NULL: not known */
        char *seal;             /* what side() has given out */
        bool main;              /* on the main chain */
        bool whole;             /* it and all below it are at hand, down to the main chain */
        bool bad;               /* it breaks a rule on its parent */
        bool wanted;            /* a WANT is out */
        bool stored_final;      /* its seal came with the finalize certificate */
        struct QuorumBlock *next;
} QuorumBlock;

/* --- quorum-views.c: what is known of the views from the last final one up --- */

typedef struct QuorumSaid {     /* by one authority in one view */
        bool has[_QUORUM_KIND_MAX];
        Id block[_QUORUM_KIND_MAX];
        Signature signature[_QUORUM_KIND_MAX];
} QuorumSaid;

typedef enum ProposalState {
        PROPOSAL_NEW,
        PROPOSAL_JUDGING,       /* a JUDGE is out */
        PROPOSAL_VALID,
        PROPOSAL_INVALID,       /* on its parent, whatever the clock says */
} ProposalState;

typedef struct QuorumProposal { /* the first of its view */
        ProposalState state;
        QuorumStatement statement;
        Header header;
        Id *ids;
        char *line;
        size_t n_line;
        uint64_t from, arrived_sec;
} QuorumProposal;

typedef struct QuorumOwn {
        bool said;              /* signed, on record or about to be */
        bool counted;           /* durable */
        uint64_t serial;        /* of its RECORD */
        QuorumStatement s;
} QuorumOwn;

typedef struct QuorumView {
        uint64_t view;
        QuorumCertificate *endorse, *finalize, *skip;
        QuorumOwn own[_QUORUM_KIND_MAX];
        QuorumSaid *said;       /* by number; NULL: not a view whose statements are collected */
        QuorumProposal *proposal;
} QuorumView;

typedef struct Quorum {
        Engine engine;
        QuorumConfig config;
        EngineSetup setup;
        int self;               /* -1: no authority */
        bool started;

        /* what is signed, and whether anything may be */
        bool has_record, stopped, resuming;
        uint64_t sign_from;     /* nothing is signed in a view below */
        bool heard[AUTHORITIES_MAX];
        uint64_t serial, durable;

        QuorumBlock *buckets[BLOCK_BUCKETS];
        size_t n_blocks;
        QuorumBlock *root, *tip;        /* the last final block that is connected (or the genesis); the main chain's end */
        QuorumCertificate *final;       /* of the highest view; its block may not be here yet. NULL: the genesis */
        Id switching;           /* of the last SWITCH that is not answered; zero: none */
        Id fetching;            /* of the last FETCH */
        uint64_t from;          /* link that this step's event came by */

        QuorumView **views;     /* ascending */
        size_t n_views, allocated_views;
        uint64_t view;          /* the current one */

        bool due, unfinal_due;
        bool convicted[AUTHORITIES_MAX], two_final;
        uint64_t now_usec, now_sec;
        uint64_t entered_usec;  /* the current view */
        uint64_t timer_usec;    /* when its timer started; 0: it does not run */
        uint64_t top_usec;      /* since when the highest endorsed block is not final */
        uint64_t top;           /* its view */
        unsigned retries;       /* in this view */
        uint64_t retry_usec, wake_usec;       /* USEC_INFINITY: none */
        uint64_t answered_usec[AUTHORITIES_MAX], asked_usec[AUTHORITIES_MAX];  /* not again before */
        uint64_t hold_usec;     /* a proposal from the future fits then; USEC_INFINITY: none */

        EngineEffects *out;     /* of this step */
} Quorum;

static inline Quorum* QUORUM(const Engine *e) {
        return (Quorum *) ASSERT_PTR(e);
}

struct EngineMessage {
        enum { QUORUM_MESSAGE_STATEMENT, QUORUM_MESSAGE_PROPOSAL, QUORUM_MESSAGE_CERTIFICATE } type;
        QuorumStatement statement;      /* of a statement or proposal */
        bool counted;                   /* it is here already: whoever sends it again lacks something */
        Header header;                  /* of a proposal, with what follows */
        Id *ids;
        char *line;
        size_t n_line;
        struct {
                QuorumCertificate *cert;
                bool checked;           /* its signatures are among the checks; else it was known when it was read */
        } certs[1 + PROPOSE_SKIPS_MAX];
        size_t n_certs;
};

/* quorum-blocks.c */
int quorum_blocks_load(Quorum *q);
int quorum_blocks_attach(Quorum *q);     /* the certificates of the views to their blocks, and the proposals' headers */
void quorum_blocks_done(Quorum *q);
QuorumBlock* quorum_block_find(const Quorum *q, const Id *id);
QuorumBlock* quorum_block_parent(const Quorum *q, const QuorumBlock *b);
int quorum_block_add(Quorum *q, const Header *h, QuorumBlock **ret);    /* finds it if it is there; takes what certificates are held */
bool quorum_block_endorsed(const Quorum *q, const QuorumBlock *b);      /* or final */
/* Header on its parent: 0, V_DUPLICATE (with a seal), V_ORPHAN, V_BLOCK, V_LATE (its branch lost to a final block), -errno. */
int quorum_block_judge(Quorum *q, const Header *h, Why *why);
int quorum_block_switched(Quorum *q, const Id *id);
int quorum_branch(Engine *e, const Id *id, uint64_t *ret_fork_height, Id **ret, size_t *ret_n);
int quorum_side(Engine *e, const Id *id, const Header **ret, const char **ret_seal, size_t *ret_n_seal);
int quorum_choose_tip(Quorum *q, bool again);   /* WANT, SWITCH, FETCH; again: also those that are under way */
int quorum_fetch(Quorum *q, const Id *id, bool again);
int quorum_look_for_final(Quorum *q);   /* FINAL */
void quorum_block_mark_whole(Quorum *q, QuorumBlock *b);

/* quorum-views.c */
void quorum_views_done(Quorum *q);
QuorumView* quorum_view_find(const Quorum *q, uint64_t view);
int quorum_view_get(Quorum *q, uint64_t view, QuorumView **ret);
bool quorum_view_collected(const Quorum *q, uint64_t view);     /* its statements are */
int quorum_view_collect(Quorum *q, uint64_t view, QuorumView **ret);
void quorum_views_tidy(Quorum *q);      /* statements of views that passed go */
void quorum_views_drop_below(Quorum *q, uint64_t view);
uint64_t quorum_final_view(const Quorum *q);
uint64_t quorum_top_view(const Quorum *q);      /* of the highest endorsed or final block */
const Id* quorum_top_block(const Quorum *q);
QuorumCertificate* quorum_certificate_held(const Quorum *q, QuorumKind of, uint64_t view, const Id *block);     /* block NULL: of any */
unsigned quorum_count(const Quorum *q, const QuorumView *v, QuorumKind kind, const Id *block);
unsigned quorum_skipped_since_final(const Quorum *q);
bool quorum_has_endorsed(const Engine *e, const Key *who, const Id *id);
void quorum_proposal_free(QuorumProposal *p);

/* quorum-rules.c */
unsigned quorum_n_heard(const Quorum *q);
unsigned quorum_heard_needed(const Quorum *q);
bool quorum_may_sign(const Quorum *q, uint64_t view);
bool quorum_may_skip(const Quorum *q);
bool quorum_may_finalize(const Quorum *q, const QuorumCertificate *endorse);
bool quorum_may_propose(const Quorum *q);
bool quorum_all_skipped(const Quorum *q, uint64_t above, uint64_t below, uint64_t *ret_missing);
typedef enum MayEndorse {
        ENDORSE_YES,
        ENDORSE_NO,             /* not in this view any more, or not this */
        ENDORSE_SKIP,           /* nor ever: skip at once */
        ENDORSE_PARENT,         /* its parent is missing, or that it is endorsed */
        ENDORSE_CERTIFICATES,   /* skip certificates are missing, from *ret on */
        ENDORSE_BODIES,         /* it is not judged yet */
        ENDORSE_TIME,           /* not before *ret, wall clock */
} MayEndorse;
MayEndorse quorum_may_endorse(const Quorum *q, const QuorumProposal *p, uint64_t *ret);

/* quorum-message.c */
int quorum_message_read(Engine *e, const char *line, size_t n, EngineMessage **ret, SigCheck **ret_checks, size_t *ret_n, Why *why);
EngineMessage* quorum_message_free(EngineMessage *m);
DEFINE_CLEANUP(EngineMessage*, quorum_message_free)
int quorum_proposal_format(Quorum *q, const Header *h, const Id *ids, const QuorumStatement *s, Buf *ret);
int quorum_proposal_read(const QuorumConfig *c, const Id *network, const char *line, size_t n, EngineMessage **ret, Why *why);

/* quorum-record.c */
int quorum_record_load(Quorum *q, const EngineSetup *setup);
int quorum_record_certificate(Quorum *q, const QuorumCertificate *cert);
int quorum_record_block(Quorum *q, const Header *h);
int quorum_record_hold(Quorum *q);
int quorum_record_proposal(Quorum *q, const QuorumProposal *p);
/* Signs, records, sends: in that order, and is counted when it is durable. */
int quorum_say(Quorum *q, QuorumKind kind, uint64_t view, const Id *block);
/* Own statements with serials up to q->durable. */
int quorum_count_own(Quorum *q);
/* A statement of this node's comes from others. 1: it is not on record, and the engine has stopped; 0. */
int quorum_own_came_back(Quorum *q, const QuorumStatement *s);

/* quorum-catchup.c */
int quorum_ask(Quorum *q, EngineAudience audience, uint64_t to, const Key *key, uint64_t from_view);
int quorum_ask_signer(Quorum *q, unsigned signer, uint64_t from_view);
int quorum_answer(Quorum *q, unsigned signer, uint64_t view);
int quorum_answer_counted(Quorum *q, const QuorumStatement *s);
int quorum_resend(Quorum *q);
int quorum_certificates(const Engine *e, uint64_t from, size_t max, const Key *asker, Buf *ret);
int quorum_on_heard(Quorum *q, const Key *key);
int quorum_on_resume(Quorum *q);

/* quorum-timer.c */
uint64_t quorum_delta(const Quorum *q);         /* as it is now */
int quorum_timers(Quorum *q);                   /* what is over, and WAKE */
/* When all who sign should have been heard in the current view, be it with a skip. USEC_INFINITY: nothing is awaited. */
uint64_t quorum_overdue_usec(const Quorum *q);
bool quorum_is_due(const Engine *e);

/* quorum-effect.c */
int quorum_effect(Quorum *q, const EngineEffect *fx);
int quorum_effect_id(Quorum *q, EngineEffectType type, const Id *id);
int quorum_send(Quorum *q, EngineAudience audience, uint64_t to, const Key *key, const char *line, size_t n);
int quorum_send_certificate(Quorum *q, EngineAudience audience, uint64_t to, const Key *key, const QuorumCertificate *cert);
int quorum_send_statement(Quorum *q, EngineAudience audience, uint64_t to, const Key *key, const QuorumStatement *s);
/* until: the event after which it does not hold any more, "resume"; NULL: it holds for good. */
int quorum_alarm(Quorum *q, const char *until, const char *format, ...) _printf_(3, 4);

/* quorum-count.c */
int quorum_accept(Quorum *q, QuorumCertificate *cert);  /* verified */
int quorum_count_statement(Quorum *q, const QuorumStatement *s);
int quorum_convict(Quorum *q, const QuorumStatement *a, const QuorumStatement *b);
int quorum_on_message(Quorum *q, const EngineEvent *ev);
int quorum_on_header(Quorum *q, const EngineEvent *ev);

/* quorum-authority.c */
int quorum_propose(Quorum *q, const EngineEvent *ev);
int quorum_consider_proposal(Quorum *q);
int quorum_consider_finalize(Quorum *q);
