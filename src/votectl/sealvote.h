/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/group.h"
#include "election/sealed-ballot.h"
#include "votectl/votectl.h"

/* A sealed vote as far as it is made before anybody signs it, and what shows that the machine which
 * made it sealed what it said (DESIGN 5, cast as intended). */
#define SEED_BYTES 32U
#define OPENED_BYTES_MAX 65536U

typedef struct SealVote {
        Id network, election;
        Element board_key;
        Key signer;
        uint64_t seq;
        Json *choices;                  /* {"choices":[...]} */
        uint8_t seed[SEED_BYTES];       /* of all that is random in the ballot */
} SealVote;
void seal_vote_done(SealVote *v);       /* wipes the seed */

/* The vote without its signature, and its code, the id of the line that is signed. Of the same vote the
 * same bytes. 0, V_BALLOT with why (no such choices), -ENOMEM. */
_must_check_ int seal_vote_make(
        const SealVote *v, const Definition *d, Json **ret_entry, Id *ret_code, Why *why);

/* What a person carries to another machine:
 *      {"choices":[...],"election":id,"kind":"opened","seed":base64url,"seq":n,"signer":key} */
_must_check_ int seal_vote_open(const SealVote *v, Buf *ret);           /* 0, -ENOMEM */
/* network and board_key are for the caller to find out. 0, V_FORM with why, -ENOMEM. */
_must_check_ int seal_vote_read(SealVote *ret, const char *text, size_t n, Why *why);

/* "0123abcd 4567..." */
#define CODE_TEXT 72
const char* seal_code_format(const Id *code, char buf[static CODE_TEXT]);
/* Its digits, in any case, with any blanks. 0 or V_FORM. */
_must_check_ int seal_code_read(Id *ret, const char *text);
/* Of a line that is signed already. 0, V_FORM, -ENOMEM. */
_must_check_ int seal_code_of_line(Id *ret, const char *line, size_t n);
