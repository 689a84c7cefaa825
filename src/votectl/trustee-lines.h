/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "election/sealed-sum.h"
#include "votectl/boardview.h"

/* What a trustee signs (DESIGN 5), from what it knows: each is the entry without kind, signer and
 * signature. No file, no node. All return 0, -ENOMEM, and what is said beside them. */

/* `trustee`: a sealing key, and that its secret is known. */
_must_check_ int trustee_line_key(
        Json **ret, const Id *network, const Key *signer, const SecretScalar *sealing);

/* `deal` of a board whose trustees all have a sealing key. Its polynomial is forgotten. */
_must_check_ int trustee_line_deal(Json **ret, const Id *network, const BoardView *b, unsigned seat);

/* All deals are in. Opens those for this seat, with the secret of the sealing key that its `trustee`
 * entry has. `confirm` if all fit; `object` to the first that does not, whose dealer is *ret_liar
 * (below n_trustees; else n_trustees). */
_must_check_ int trustee_line_answer(Json **ret, const Id *network, const BoardView *b,
        unsigned seat, const SecretScalar *sealing, unsigned *ret_liar);

/* x_j of a board whose deals are all in and fit. V_PROOF with why: a deal does not fit. */
_must_check_ int trustee_secret(SecretScalar **ret, const Id *network, const BoardView *b,
        unsigned seat, const SecretScalar *sealing, Why *why);

/* `share` in opening total, which the signer has computed itself from a ledger that it has checked. */
_must_check_ int trustee_line_share(Json **ret, const Id *network, const BoardView *b, unsigned seat,
        const SecretScalar *x, const Id *election, const Id *closing_block, const Definition *d,
        const SealedTotal *total);
