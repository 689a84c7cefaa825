/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/id.h"

/* BLAKE2b-256 (RFC 7693), unkeyed: the only hash of the ledger. */
void hash_bytes(Id *ret, const void *p, size_t n);      /* id(line) = hash_bytes(line) */
void hash_two(Id *ret, uint8_t prefix, const Id *a, const Id *b);       /* b may be NULL: H(prefix | a [| b]) */

/* Work of proof of work (DESIGN 4): the first 8 bytes, big-endian, of H(block id | nonce as 8 bytes little-endian). */
uint64_t hash_work(const Id *block, uint64_t nonce);
