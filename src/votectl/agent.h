/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "base/id.h"
#include "base/why.h"

/* The client's side of the ssh-agent protocol (draft-ietf-sshm-ssh-agent): list the keys, sign.
 * Only ssh-ed25519 keys are seen. What an agent returns is verified before anybody uses it. */
typedef struct AgentKey {
        Key key;
        char *comment;
} AgentKey;

AgentKey* agent_keys_free(AgentKey *keys, size_t n);

/* --- messages, without their 4 bytes of length --- */
void agent_write_list(Buf *ret);
void agent_write_sign(Buf *ret, const Key *key, const void *p, size_t n);
/* 0, V_FORM (not such an answer), V_DENIED (the agent said no), -ENOMEM. */
_must_check_ int agent_read_list(AgentKey **ret, size_t *ret_n, const void *p, size_t n, Why *why);
_must_check_ int agent_read_signature(Signature *ret, const void *p, size_t n, Why *why);

/* --- a running agent. 0, a verdict with why, or a negative errno with why. Blocks: an agent may
 * ask its user, or for a touch --- */
_must_check_ int agent_connect(int *ret_fd, const char *path, Why *why);
_must_check_ int agent_list(int fd, AgentKey **ret, size_t *ret_n, Why *why);
_must_check_ int agent_sign(
        int fd, const Key *key, const void *p, size_t n, Signature *ret, Why *why);

/* An agent of our own, for one OpenSSH private key file: ssh-agent in a private directory, the key
 * loaded by ssh-add, which asks for its passphrase itself. Both end with us, even if we are killed.
 */
typedef struct OwnAgent OwnAgent;
_must_check_ int own_agent_new(OwnAgent **ret, const char *key_file, Why *why);
const char* own_agent_socket(const OwnAgent *a);
OwnAgent* own_agent_free(OwnAgent *a);
DEFINE_CLEANUP(OwnAgent*, own_agent_free)
