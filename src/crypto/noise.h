/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"
#include "base/buf.h"

/* Noise_XX_25519_ChaChaPoly_SHA256 (The Noise Protocol Framework, revision 34). Pure: bytes in, bytes
 * out. Messages: initiator "e", responder "e, ee, s, es", initiator "s, se"; then transport. */
typedef struct Noise Noise;

#define NOISE_MESSAGE_MAX 65535
#define NOISE_TAG 16

typedef struct NoiseKeys {      /* an X25519 pair */
        uint8_t secret[32];
        uint8_t public[32];
} NoiseKeys;
void noise_keys_generate(NoiseKeys *ret);
void noise_keys_from_secret(NoiseKeys *ret, const uint8_t secret[static 32]);

/* s is copied; e is NULL except in vector tests (then it is the ephemeral pair). 0 or -ENOMEM. */
_must_check_ int noise_new(Noise **ret, bool initiator, const NoiseKeys *s, const NoiseKeys *e, const void *prologue, size_t n_prologue);
Noise* noise_free(Noise *n);            /* wipes */
DEFINE_CLEANUP(Noise*, noise_free)

bool noise_is_my_turn(const Noise *n);          /* to write the next handshake message */
bool noise_handshake_done(const Noise *n);
const uint8_t* noise_remote_static(const Noise *n);     /* 32 bytes; NULL before it is known */
const uint8_t* noise_local_static(const Noise *n);
const uint8_t* noise_handshake_hash(const Noise *n);    /* 32 bytes, after the handshake: channel binding */
/* Appends the next handshake message with that payload. 0 or -ENOMEM. Writing out of turn is an assertion. */
_must_check_ int noise_write_handshake(Noise *n, const void *payload, size_t n_payload, Buf *ret);
/* Reads one; the decrypted payload is appended. 0, V_PROTOCOL (does not decrypt, a bad point, too short), -ENOMEM. */
_must_check_ int noise_read_handshake(Noise *n, const void *p, size_t n_p, Buf *ret_payload);
/* Transport: appends ciphertext and tag (plain at most NOISE_MESSAGE_MAX - NOISE_TAG), in order. */
_must_check_ int noise_encrypt(Noise *n, const void *p, size_t n_p, Buf *ret);
/* 0, V_PROTOCOL (altered, out of order) or -ENOMEM. */
_must_check_ int noise_decrypt(Noise *n, const void *p, size_t n_p, Buf *ret);
