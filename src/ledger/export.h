/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/chain.h"

/* The ledger as JSON lines: genesis, then header, seal, entries of each block (DESIGN 10). */
_must_check_ int export_genesis(const Chain *c, Buf *ret);
/* Appends whole blocks from height `from` up to `to` until ret holds bytes_max or more (at least one); *ret_next is the height to
 * go on with (to + 1 at the end). */
_must_check_ int export_blocks(Chain *c, uint64_t from, uint64_t to, bool seals, size_t bytes_max, Buf *ret, uint64_t *ret_next);
