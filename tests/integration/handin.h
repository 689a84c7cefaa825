/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/sign.h"
#include "ctl/varlink-client.h"
#include "help.h"
#include "ledger/genesis.h"

/* For programs that sign what votectl would not. */

Genesis* read_genesis(const char *path);
/* Of votectl's key store, without a passphrase. */
SecretKey* read_key(const char *path);

#define HANDED_IN 3
/* Signs o, of which it takes hold, as that kind, and hands it in. Prints why it is refused, and returns 0; HANDED_IN: it was taken. */
int hand_in(VarlinkClient *c, const Genesis *g, const SecretKey *key, const char *kind, Json *o);
