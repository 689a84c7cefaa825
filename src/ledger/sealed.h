/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/json.h"
#include "crypto/deal.h"
#include "crypto/proof.h"
#include "election/definition.h"
#include "ledger/genesis.h"
#include "voted/limits.h"

/* What the entries of sealed elections hold, as read from their lines (DESIGN 5; each kind-*.c
 * reads its own). Elements and scalars are valid encodings; no proof has been checked yet. */

typedef struct TrusteeLine {    /* of `trustee` */
        Element sealing;
        uint8_t proof[KNOWLEDGE_BYTES];
} TrusteeLine;

typedef struct BoardLine {
        char *name;
        unsigned threshold, n_trustees;
        Key trustees[TRUSTEES_MAX];
        char **elections;               /* names */
        size_t n_elections;
        uint64_t until;                 /* seconds since 1970 */
} BoardLine;
/* The seat of that trustee among those read so far; false: none. */
bool board_line_find_seat(const BoardLine *b, const Key *k, unsigned *ret);

typedef struct DealLine {
        Id board;
        unsigned n_commitments, n_shares;
        Element commitments[TRUSTEES_MAX];
        uint8_t proofs[TRUSTEES_MAX][KNOWLEDGE_BYTES];
        uint8_t shares[TRUSTEES_MAX][SEALED_SHARE_BYTES];       /* for each trustee, in the board's order */
} DealLine;

typedef struct ObjectLine {
        Id board, deals;
        Key dealer;
        Element key;                    /* K = eR */
        uint8_t proof[EQUAL_BYTES];
} ObjectLine;

typedef struct ShareItem {              /* of one option */
        bool absent;                    /* the summed alpha is the identity */
        Element d;                      /* D_j */
        uint8_t proof[EQUAL_BYTES];
} ShareItem;

typedef struct ShareLine {
        Id election, block;
        size_t n_questions, n_items;
        uint16_t n_options[QUESTIONS_MAX];
        ShareItem *items;               /* question by question */
} ShareLine;

typedef enum BoardPhase {                /* board.h */
        BOARD_PENDING,
        BOARD_DEALING,
        BOARD_CONFIRMING,
        BOARD_READY,
        BOARD_VOID,
        _BOARD_PHASE_MAX,
} BoardPhase;
const char* board_phase_name(BoardPhase p);             /* "dealing" */

/* Readers: an element is 64 hex digits, or 43 characters of base64url where nobody reads it; n bytes
 * are base64url. 0, V_FORM (not that text), V_PROOF (not an element), with why. */
_must_check_ int sealed_get_element(const Json *o, const char *key, Element *ret, Why *why);
_must_check_ int sealed_at_element(const Json *a, size_t i, const char *what, Element *ret, Why *why);
_must_check_ int sealed_at_point(const Json *a, size_t i, const char *what, Element *ret, Why *why);
_must_check_ int sealed_get_bytes(const Json *o, const char *key, void *ret, size_t n, Why *why);
_must_check_ int sealed_at_bytes(const Json *a, size_t i, const char *what, void *ret, size_t n, Why *why);

/* Sealed elections need an engine whose blocks are final (DESIGN 5). 0 or V_DEFINITION. */
_must_check_ int sealed_check_engine(const Genesis *g, Why *why);

/* Bytes of the largest entries that a board of that size, and an election, will need: an entry that
 * could not be posted would leave it stuck. */
size_t sealed_deal_bytes_max(unsigned threshold, unsigned n_trustees);
size_t sealed_share_bytes_max(const Definition *d);
