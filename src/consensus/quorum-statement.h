/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/engine.h"
#include "consensus/quorum-config.h"

/* What an authority says, and signs:
 * {"block":id,"kind":"propose"|"endorse"|"finalize","signature":...,"signer":key,"view":v}
 * {"kind":"skip","signature":...,"signer":key,"view":v}
 * The line follows from the five fields, so that neither a certificate nor the record needs more than these. The signature of a
 * proposal is over this short line too: the id binds the header, and the header's root its entries. */
typedef enum QuorumKind {
        QUORUM_PROPOSE,
        QUORUM_ENDORSE,
        QUORUM_FINALIZE,
        QUORUM_SKIP,
        _QUORUM_KIND_MAX,
} QuorumKind;

typedef struct QuorumStatement {
        QuorumKind kind;
        unsigned signer;        /* number of the authority */
        uint64_t view;
        Id block;               /* zero for skip */
        Signature signature;
} QuorumStatement;

#define QUORUM_STATEMENT_BYTES_MAX 512U

const char* quorum_kind_name(QuorumKind k);
int quorum_kind_from_name(const char *name);    /* -1: none */

/* Judges the form of o, which is of the kind wanted. 0, V_FORM, V_PROTOCOL (the signer is no authority). */
_must_check_ int quorum_statement_read(QuorumStatement *ret, const QuorumConfig *c, QuorumKind kind, const Json *o, Why *why);
/* Appends the line. 0 or -ENOMEM. */
_must_check_ int quorum_statement_format(const QuorumStatement *s, const QuorumConfig *c, Buf *ret);
/* The check of its signature, over the very line that was signed. 0 or -ENOMEM. */
_must_check_ int quorum_statement_check(const QuorumStatement *s, const QuorumConfig *c, const Id *network, SigCheck *ret);
/* Signs it with this node's key. 0, -ENOMEM, what the signer says. */
_must_check_ int quorum_statement_sign(QuorumStatement *s, const QuorumConfig *c, const EngineSetup *setup);
bool quorum_statement_equal(const QuorumStatement *a, const QuorumStatement *b);        /* but for the signature */
