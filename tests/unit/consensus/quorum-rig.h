/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/quorum-private.h"
#include "quorum-world.h"

/* One engine of four, and a hand that plays the others and the node about it. */

#define RIG_CLOCK UINT64_C(1800000000)
#define MSEC USEC_PER_MSEC

typedef struct Rig {
        QuorumWorld w;
        unsigned self;
        QuorumSigner signer;
        Engine *e;
        Quorum *q;
        uint64_t now_usec, now_sec, wake_usec, serial;
        bool no_record, commits_wait;   /* commits_wait: rig_commit() answers */
        struct { uint64_t view; const char *name; char *line; size_t n; } records[128];
        size_t n_records;
        Header headers[64];
        char *seals[64];
        uint64_t height;
        char log[8192];                 /* effects, in words */
        char *sent[512];                /* lines sent since the last rig_log() */
        size_t n_sent;
        Id judged;                      /* of the last JUDGE */
        uint64_t from;                  /* link that messages come by; authority i speaks by link i + 1 */
} Rig;

void rig_init(Rig *g, unsigned n, unsigned self);      /* started, and it has heard from the others */
void rig_make(Rig *g, unsigned n, unsigned self);      /* not started */
void rig_start(Rig *g);
void rig_restart(Rig *g);                              /* from the record and the chain; it has heard from the others */
void rig_hear(Rig *g, unsigned n);                     /* HEARD from n others */
void rig_done(Rig *g);
void rig_step(Rig *g, EngineEvent ev);
void rig_wait(Rig *g, uint64_t usec);                  /* ticks when it asked for one */
void rig_commit(Rig *g);
/* What happened since the last call: "record endorse 1, send endorse 1". */
const char* rig_log(Rig *g);
bool rig_said(Rig *g, const char *what);               /* it did, since the last call of this or of rig_log() */

/* The verdict of message_read(); if it is 0 and the signatures are good it is handed in. */
int rig_line(Rig *g, const char *line, size_t n, Why *why);
void rig_says(Rig *g, unsigned signer, QuorumKind kind, uint64_t view, const Id *block);
void rig_certificate(Rig *g, QuorumKind of, uint64_t view, const Id *block);    /* by the last q authorities */
/* By the view's leader, on parent, with these skip certificates. */
void rig_proposal_line(Rig *g, const Header *h, const Header *parent, const uint64_t *skips, size_t n_skips, Buf *ret);
void rig_proposes(Rig *g, const Header *h, const Header *parent, const uint64_t *skips, size_t n_skips);
Header rig_header(Rig *g, uint64_t view, const Header *parent);
void rig_valid(Rig *g, const Header *h);
/* Proposal, its verdict, and the certificate: h is the chain's tip afterwards. */
void rig_endorsed(Rig *g, const Header *h, const Header *parent);
