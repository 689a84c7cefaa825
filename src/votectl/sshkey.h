/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "base/id.h"
#include "base/why.h"

/* OpenSSH's public keys: an ssh-ed25519 key is an Ed25519 key, 32 bytes with a name in front. */

/* Appends the key as OpenSSH has it on the wire: string "ssh-ed25519", string of 32 bytes. */
void sshkey_write_blob(Buf *ret, const Key *key);
/* V_KEY with why (which says for each other type why it cannot vote), V_FORM (no such thing). */
_must_check_ int sshkey_read_blob(Key *ret, const void *p, size_t n, Why *why);

/* A line of authorized_keys or of a .pub file: "[options] type base64 [comment]". *ret_comment
 * points into line; comment_n may be 0. Returns 0, V_FORM or V_KEY with why: sk- keys,
 * certificates, cert-authority lines and other types are refused with the reason. */
_must_check_ int sshkey_read_line(Key *ret, const char *line, size_t n, const char **ret_comment,
        size_t *ret_comment_n, Why *why);

/* "ssh-ed25519 AAAA... comment", without a newline. */
void sshkey_write_line(Buf *ret, const Key *key, const char *comment);
/* Whether text begins like such a line rather than like hex digits: "ssh-", "sk-", "ecdsa-" or
 * options. */
bool sshkey_looks_like_line(const char *line, size_t n);

/* The wire's integers and strings (RFC 4251, 5). */
void ssh_put_u32(Buf *b, uint32_t v);
void ssh_put_string(Buf *b, const void *p, size_t n);
_must_check_ bool ssh_get_u32(const uint8_t **p, size_t *n, uint32_t *ret);
_must_check_ bool ssh_get_string(const uint8_t **p, size_t *n, const uint8_t **ret, size_t *ret_n);
