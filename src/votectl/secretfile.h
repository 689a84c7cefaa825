/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "votectl/votectl.h"

/* A secret of 32 bytes in a file of its own, mode 0600, one JSON line:
 *      {"kind":KIND,"public":hex,MEMBER:base64url}              or, locked with a passphrase,
 *      {"kind":KIND,"locked":base64url,"public":hex}
 * "public" is what the owner computes from the secret; the caller checks that they belong together. */
#define SECRET_FILE_BYTES_MAX 4096U
#define SECRET_BYTES          32U

typedef struct SecretKind {
        const char *kind;       /* "key" */
        const char *member;     /* of the secret as it is: "seed" */
        const char *what;       /* for people: "key of votectl" */
} SecretKind;

typedef struct SecretFile {
        const SecretKind *kind;
        Key public;
        bool locked;
        Json *json;
} SecretFile;
void secret_file_done(SecretFile *f);

/* Pure: 0, V_FORM with why, -ENOMEM. */
_must_check_ int secret_file_parse(
        SecretFile *ret, const SecretKind *kind, const char *text, size_t n, Why *why);
/* passphrase NULL or "": not locked. The caller wipes *ret. 0 or -ENOMEM. */
_must_check_ int secret_file_format(Buf *ret, const SecretKind *kind, const uint8_t public[static 32],
        const uint8_t secret[static SECRET_BYTES], const char *passphrase);
/* 0, V_DENIED (wrong passphrase), V_FORM (damaged), -ENOMEM. passphrase: for a locked one. The
 * caller wipes ret. */
_must_check_ int secret_file_open(
        const SecretFile *f, const char *passphrase, uint8_t ret[static SECRET_BYTES], Why *why);

/* By path; exit codes. Warns of a file that others can read. */
int secret_file_read(Ctl *c, const char *path, const SecretKind *kind, SecretFile *ret);
/* Asks for the passphrase if there is one. what: for the question. The caller wipes ret. */
int secret_file_unlock(
        Ctl *c, const SecretFile *f, const char *what, uint8_t ret[static SECRET_BYTES]);
int secret_file_write(Ctl *c, const char *path, const SecretKind *kind,
        const uint8_t public[static 32], const uint8_t secret[static SECRET_BYTES],
        const char *passphrase, bool replace);
