/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/sign.h"
#include "votectl/secretfile.h"

/* votectl's own keys: $XDG_DATA_HOME/votectl/keys/NAME.key, a secret file of kind "key" whose secret
 * is the key's seed. */
#define KEY_FILE_BYTES_MAX SECRET_FILE_BYTES_MAX

typedef SecretFile KeyFile;
static inline void key_file_done(KeyFile *f) {
        secret_file_done(f);
}

/* Pure: 0, V_FORM with why, -ENOMEM. */
_must_check_ int key_file_parse(KeyFile *ret, const char *text, size_t n, Why *why);
/* passphrase NULL or "": not locked. 0 or -ENOMEM. */
_must_check_ int key_file_format(Buf *ret, const SecretKey *key, const char *passphrase);
/* 0, V_DENIED (wrong passphrase), V_FORM (damaged), -ENOMEM. passphrase: for a locked one. */
_must_check_ int key_file_open(const KeyFile *f, const char *passphrase, SecretKey **ret, Why *why);

/* By path. Exit codes. */
int keystore_path(Ctl *c, const char *name, char **ret);
int keystore_read(Ctl *c, const char *path, KeyFile *ret);
/* Asks for the passphrase if there is one. what: for the question. */
int keystore_unlock(Ctl *c, const KeyFile *f, const char *what, SecretKey **ret);
int keystore_write(
        Ctl *c, const char *path, const SecretKey *key, const char *passphrase, bool replace);
