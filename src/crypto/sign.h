/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "base/id.h"
#include "base/why.h"

/* Signatures (DESIGN 3): Ed25519 over
 *      "voted " kind " 1\n" network id in hex "\n" the line without its "signature" member. */

/* Must be called once, before threads start: sodium_init() and the self-test of the decisive edge
 * cases. -ENOTSUP with why: this libsodium judges signatures otherwise than the ledger. */
_must_check_ int crypto_init(Why *why);
const char* crypto_library_version(void);       /* "libsodium 1.0.18" */

/* A secret key in guarded memory (mlock, canaries), wiped when it goes. */
typedef struct SecretKey SecretKey;
_must_check_ int secret_key_generate(SecretKey **ret);                  /* 0, -ENOMEM */
_must_check_ int secret_key_from_seed(SecretKey **ret, const uint8_t seed[static 32]);
SecretKey* secret_key_free(SecretKey *k);
DEFINE_CLEANUP(SecretKey*, secret_key_free)
const Key* secret_key_public(const SecretKey *k);
void secret_key_seed(const SecretKey *k, uint8_t ret[static 32]);       /* the caller wipes it: secret_wipe() */
void secret_wipe(void *p, size_t n);

/* A key is admitted only as a canonical point of the prime-order subgroup that is not the identity. 0 or V_KEY. */
_must_check_ int key_check(const Key *k, Why *why);

/* The bytes that are signed for line (which may or may not have its signature yet). 0, V_FORM, -ENOMEM. */
_must_check_ int sign_message(Buf *ret, const char *kind, const Id *network, const char *line, size_t n);
/* Raw signature over any bytes (node identities, sign_message()'s result). */
void sign_bytes(const SecretKey *k, const void *p, size_t n, Signature *ret);
/* True if valid by the rule of the ledger: S < L, R canonical and not of small order, SB = R + kA
 * without the cofactor. Thread-safe. */
bool sign_verify_bytes(const Key *k, const void *p, size_t n, const Signature *sig);
/* sign_message() and sign_verify_bytes(): 0, V_SIGNATURE, V_FORM, -ENOMEM. Thread-safe. */
_must_check_ int sign_verify_line(const Key *k, const char *kind, const Id *network, const char *line, size_t n, const Signature *sig);

/* Inserts `"signature":"..."` into the canonical, unsigned line: the result is canonical. 0, V_FORM, -ENOMEM. */
_must_check_ int sign_insert(Buf *ret, const char *line, size_t n, const Signature *sig);
/* sign_message(), sign_bytes(), sign_insert() in one. */
_must_check_ int sign_line(Buf *ret, const SecretKey *k, const char *kind, const Id *network, const char *line, size_t n);
