/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/engine.h"
#include "consensus/pow-config.h"

/* {"block":id,"kind":"seal","nonce":16 hex digits,"signature":...}, signed by the header's sealer. */
#define POW_SEAL_BYTES_MAX 512U

/* What can be judged without ancestors: form, membership, work. Puts the signature into checks. 0, V_FORM, V_SEAL, V_BLOCK,
 * -ENOMEM. */
_must_check_ int pow_seal_judge(const PowConfig *c, const Id *network, const Header *h, const char *seal, size_t n_seal,
                SigCheck *checks, size_t n_max, size_t *ret_n, Why *why);

/* The signed seal line. 0, -ENOMEM, what the signer says. */
_must_check_ int pow_seal_make(const EngineSetup *setup, const Id *block, uint64_t nonce, Buf *ret);
