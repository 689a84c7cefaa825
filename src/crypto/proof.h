/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/why.h"
#include "crypto/cipher.h"
#include "crypto/stream.h"

/* Proofs that tell nothing but that they hold (DESIGN 5), made non-interactive by a hash over the
 * whole statement: a proof is good for its statement only. Bytes in, bytes out; what a check
 * returns is 0 or V_PROOF with why.
 *
 * The nonces of a proof come from the stream, the statement and the secret together: a stream
 * used twice gives nothing away as long as a statement is never made twice with another secret.
 * Thread-safe. */

/* --- A cipher holds one of the allowed values (disjunctive Chaum-Pedersen): for each allowed value
 * in ascending order A | B | c | z. The c sum to the challenge; A = zG - c alpha and B = zY -
 * c(beta - value G) for each. --- */
#define CHOICE_BYTES(n_allowed) ((size_t) 128 * (n_allowed))
#define CHOICE_ALLOWED_MAX 1024U
#define CHOICE_OPTION_SUM UINT32_MAX    /* in the place of the option: the proof of a question's sum */

typedef struct BallotStatement {        /* what all proofs of a ballot speak of */
        Id network, election;
        Element board_key;              /* Y */
        Key signer;
        uint64_t seq;
        const Cipher *ciphers;          /* of the whole ballot: question by question, option by option */
        size_t n_ciphers;
} BallotStatement;

typedef struct ChoiceClaim {
        uint32_t question, option;      /* from 0; option is CHOICE_OPTION_SUM for a sum */
        const uint32_t *allowed;        /* ascending, no value twice */
        size_t n_allowed;
        size_t first, n;                /* which ciphers it is the sum of; n is 1 for an option */
} ChoiceClaim;

/* The random part of a ballot: r of that option's cipher is the first draw, its proof takes the
 * same stream (a sum's proof: another, of CHOICE_OPTION_SUM). Bound: network, election, Y, signer,
 * seq, question, option, m. */
void choice_stream(Stream *ret, const uint8_t seed[static 32], const BallotStatement *s, uint32_t question, uint32_t option, uint64_t m);
/* m is what the claimed ciphers hold together, r the sum of theirs; constant time in both. ret has
 * CHOICE_BYTES(n_allowed). 0, or -EINVAL: m is not allowed, or the claim makes no sense. */
_must_check_ int choice_make(uint8_t *ret, const BallotStatement *s, const ChoiceClaim *c, uint64_t m, const Scalar *r, Stream *stream);
_must_check_ int choice_check(const BallotStatement *s, const ChoiceClaim *c, const uint8_t *proof, Why *why);

/* --- The logarithm of X is known (Schnorr): A | z, A = zG - cX. --- */
#define KNOWLEDGE_BYTES 64

typedef struct SealingStatement {       /* a trustee's sealing key */
        Id network;
        Key signer;
        Element sealing;                /* E */
} SealingStatement;
void sealing_make(uint8_t ret[static KNOWLEDGE_BYTES], const SealingStatement *s, const SecretScalar *e, Stream *stream);
_must_check_ int sealing_check(const SealingStatement *s, const uint8_t proof[static KNOWLEDGE_BYTES], Why *why);

typedef struct DealStatement {          /* the coefficients of a dealer's polynomial */
        Id network, board;
        Key dealer;
        const Element *commitments;     /* all A_k */
        size_t n_commitments;
} DealStatement;
void coefficient_make(uint8_t ret[static KNOWLEDGE_BYTES], const DealStatement *s, uint32_t k, const Scalar *a, Stream *stream);
_must_check_ int coefficient_check(const DealStatement *s, uint32_t k, const uint8_t proof[static KNOWLEDGE_BYTES], Why *why);

/* --- Two logarithms are the same, log_G X = log_P Q (Chaum-Pedersen): A | B | z, A = zG - cX, B =
 * zP - cQ. --- */
#define EQUAL_BYTES 96

typedef struct ShareStatement {         /* a trustee's part in opening a sum: D = x_j alpha */
        Id network, election, block;    /* the closing block's id */
        uint32_t trustee;               /* from 0 */
        Element share_key;              /* X_j */
        uint32_t question, option;
        Element alpha;                  /* summed; not the identity */
        Element part;                   /* D_j */
} ShareStatement;
void share_make(uint8_t ret[static EQUAL_BYTES], const ShareStatement *s, const SecretScalar *x, Stream *stream);
_must_check_ int share_check(const ShareStatement *s, const uint8_t proof[static EQUAL_BYTES], Why *why);

typedef struct ObjectStatement {        /* a trustee opens what a dealer sealed to it: K = eR */
        Id network, board;
        Key dealer, trustee;
        Element sealing;                /* E of the trustee */
        Element r;                      /* R of the sealed share */
        Element k;                      /* K */
} ObjectStatement;
void object_make(uint8_t ret[static EQUAL_BYTES], const ObjectStatement *s, const SecretScalar *e, Stream *stream);
_must_check_ int object_check(const ObjectStatement *s, const uint8_t proof[static EQUAL_BYTES], Why *why);
