/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/quorum-private.h"
#include "world.h"

/* What an honest authority must not forget: "its record, the block, and the certificate by which its view was entered are
 * committed" before a signature leaves, and "certificates of all views since the last final block are kept, served and reloaded"
 * (DESIGN 4). Its engine is asked what it knows, whatever the record looks like: at each commit, and at each start for what it knew
 * at the last commit and what it has said. */
typedef struct CheckKept CheckKept;

CheckKept* check_kept_new(void);        /* never NULL */
CheckKept* check_kept_free(CheckKept *c);
void check_kept_on_send(CheckKept *c, const Host *h, const QuorumStatement *s);         /* its own */
void check_kept_on_commit(CheckKept *c, const Host *h);
void check_kept_on_started(const CheckKept *c, const Host *h);
