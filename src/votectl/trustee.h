/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "votectl/audited.h"
#include "votectl/boardview.h"
#include "votectl/signer.h"

/* A trustee at work: each round of DESIGN 5 makes a line once, keeps it on disk before it is given
 * out, and gives out the same bytes from then on. */
typedef struct Trustee {
        Ctl *c;
        Signers signers;
        Signer *signer;         /* NULL: not chosen yet */
        SecretScalar *sealing;  /* the one that was opened last */
} Trustee;
void trustee_done(Trustee *t);

/* The keys at hand. An exit code. */
int trustee_begin(Ctl *c, Trustee *ret);
/* The one of them that is a trustee of the board, and its seat. An exit code. */
int trustee_choose(Trustee *t, const BoardView *b, unsigned *ret_seat);

/* The secret of that sealing key into t->sealing, from its file unless it was the last that was asked for. An exit code. */
int trustee_open(Trustee *t, const Element *sealing);

/* Each appends the signed line to ret. Exit codes. */
int trustee_deal(Trustee *t, const BoardView *b, unsigned seat, Buf *ret);
/* ret_kind: "confirm" or "object". */
int trustee_answer(Trustee *t, const BoardView *b, unsigned seat, Buf *ret, const char **ret_kind);
/* ledger: audited here, from the pinned genesis; of the election its closing block must be final in
 * it. The sum is computed from it, and nowhere else. EXIT_WRONG, after a message: a share for other
 * sums was signed before. */
int trustee_share(Trustee *t, Audited *ledger, const char *election, Buf *ret);
/* `trustee`, with a new sealing key if none is kept for which it was signed. passphrase: for that. */
int trustee_key(Trustee *t, const char *passphrase, Buf *ret);

/* The ledger of the node, --peer or --ledger, checked; own: room for one that was not there.
 * An exit code. */
int trustee_ledger(Ctl *c, Audited *own, Audited **ret);
