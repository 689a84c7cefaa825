/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/sign.h"
#include "votectl/agent.h"
#include "votectl/votectl.h"

/* Who can sign for this person: votectl's own keys, an ssh-agent's, an OpenSSH key file. Every verb
 * that signs takes its key from here (DESIGN 10, cast). */
typedef enum SignerKind {
        SIGNER_OWN,             /* a file of the key store, or one like it */
        SIGNER_AGENT,           /* $SSH_AUTH_SOCK */
        SIGNER_FILE,            /* OpenSSH's private key file, through an agent of our own */
} SignerKind;

typedef struct Signer {
        SignerKind kind;
        Key key;
        char *name;             /* how people know it: its name, comment or path */
        char *path;             /* of its file or socket */

        SecretKey *secret;      /* once opened */
        OwnAgent *agent;
        int fd;
} Signer;

typedef struct Signers {
        Signer *items;          /* no key twice */
        size_t n, allocated;
        bool agent_skipped;     /* there is one, but we are in an SSH session */
} Signers;

void signers_done(Signers *s);
/* All that there are, or what --key names. An exit code. */
int signers_find(Ctl *c, Signers *ret);
/* Of those for which entitled[i] (NULL: of all), the one; none or several: an error that lists them.
 * what: "on the rolls of board-2027". An exit code. */
int signers_choose(Ctl *c, Signers *s, const bool *entitled, const char *what, Signer **ret);
/* Signs entry as one of that kind by that signer, for that network; appends the line.
 * Asks for a passphrase where it takes one. An exit code. */
int signer_sign(Ctl *c, Signer *s, const char *kind, const Id *network, Json *entry, Buf *ret);
const char* signer_kind_text(const Signer *s);  /* "key", "ssh-agent", "SSH key file" */
