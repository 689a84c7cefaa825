/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "votectl/signer.h"

/* A public key as people name it on a command line: 64 hex digits, an ssh-ed25519 line, a file
 * with one of these, the name of a key of votectl's own, or, where self is true, "self" (the key that this
 * person signs with). what: the option, for messages; remedy (may be NULL): what to do about one that is
 * none. An exit code. */
int ctl_key_argument(Ctl *c, const char *what, const char *text, bool self, const char *remedy, Key *ret);
