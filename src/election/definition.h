/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/id.h"
#include "codec/json.h"
#include "election/question.h"

/* What an election asks, of whom, and when (DESIGN 3). Immutable once parsed, so that threads may
 * share it; the count of references is atomic. Questions and options are numbered from 0. */

typedef enum Secrecy {
        SECRECY_OPEN,
        SECRECY_SEALED,                         /* only the sum of all ballots is opened (DESIGN 5) */
        _SECRECY_MAX,
} Secrecy;

typedef struct Definition {
        unsigned n_ref;
        char *name;                             /* what people type */
        char *title;
        char *about;                            /* "" if absent */
        char *lot;                              /* public source of the lot; NULL: none is named */
        Id *rolls;                              /* ids of roll entries, none twice */
        size_t n_rolls;
        uint64_t opens, closes;                 /* seconds since 1970 */
        uint64_t grace;                         /* seconds; 0: the network's least */
        Secrecy secrecy;
        Id board;                               /* sealed: the board entry; else all zero */
        uint32_t least;                         /* sealed: fewer counted ballots are not opened */
        bool exposed;                           /* sealed: weights may give votes away */
        bool revote, blank;
        Question *questions;
        size_t n_questions;
        size_t n_options;                       /* over all questions */
} Definition;

/* Parses and checks an election entry, or the same object without kind, signer and signature. All
 * rules hold afterwards that need no more than the object: names, ranges, keys that secrecy and
 * method take and no other, option texts of a question that differ, opens < closes, at most
 * QUESTIONS_MAX questions and OPTIONS_MAX options in all, no roll twice, methods that can be sealed
 * where they have to. What rolls and board must be like is left to the ledger (sealed-form.h).
 * Returns 0, V_FORM or V_DEFINITION with why, or -ENOMEM. */
_must_check_ int definition_parse(Definition **ret, const Json *o, Why *why);

/* What depends on the network: the largest vote that a voter could hand in fits vote_bytes, and
 * grace, if given, is at least grace_min. Returns 0 or V_DEFINITION with why. */
_must_check_ int definition_check(const Definition *d, size_t vote_bytes, uint64_t grace_min,
        Why *why);

/* Bytes of the canonical form of the largest ballot, {"choices":[...]} or {"sealed":[...]}, that the
 * election allows, and of the vote line around it. */
size_t definition_ballot_bytes_max(const Definition *d);
size_t definition_vote_bytes_max(const Definition *d);

Definition* definition_ref(Definition *d);
Definition* definition_unref(Definition *d);    /* NULL is fine; returns NULL */
DEFINE_CLEANUP(Definition*, definition_unref)

/* The object without kind, signer and signature; what has its default is left out. NULL: no memory
 * (a builder may pass it on, see json.h). */
Json* definition_to_json(const Definition *d);

const char* secrecy_name(Secrecy s);
