/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"

/* A small secret locked with a passphrase: Argon2id (RFC 9106, interactive limits of libsodium) and
 * XChaCha20-Poly1305. The result is bytes: version, limits, salt, nonce, ciphertext. */
_must_check_ int lock_seal(Buf *ret, const void *secret, size_t n, const char *passphrase);
/* 0, V_FORM (not such a box), V_DENIED (wrong passphrase or altered) or -ENOMEM. The caller wipes ret. */
_must_check_ int lock_open(void *ret, size_t n, const void *box, size_t n_box, const char *passphrase);
