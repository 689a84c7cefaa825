/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "votectl/boardview.h"
#include "votectl/election.h"

/* Cast as intended (DESIGN 5). Seals choices ({"choices":[...]}) for the board, with a fresh seed; on
 * a terminal shows the code, when no signature exists yet, and asks whether to cast the ballot or to
 * open it. One that was opened is spent: another one is made of the same choices, as often as the
 * person likes, since a machine that cheats must not know which one will be cast.
 * *ret_entry is for signer_sign(). An exit code. */
int cast_or_open(Ctl *c, const Election *e, const BoardView *b, const Key *signer, uint64_t seq,
        const Json *choices, Json **ret_entry, Id *ret_code);
