/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/id.h"

/* Merkle tree over ids as in RFC 6962, 2.1, with BLAKE2b-256: leaf = H(0x00 | id),
 * node = H(0x01 | left | right), split at the largest power of two below n; no ids: H of nothing. */
#define MERKLE_PATH_MAX 32
void merkle_root(Id *ret, const Id *ids, size_t n);
/* The audit path of ids[i], lowest first; returns its length. */
size_t merkle_path(Id ret[static MERKLE_PATH_MAX], const Id *ids, size_t n, size_t i);
/* Whether id at place i of n with that path gives root (RFC 9162, 2.1.3.2). */
bool merkle_verify(const Id *root, const Id *id, size_t i, size_t n, const Id *path, size_t n_path);
