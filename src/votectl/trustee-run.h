/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "votectl/trustee.h"

/* `votectl trustee run`: an exit code, once it is told to end. */
int trustee_run(Ctl *c);

/* The key's own `trustee` line that was kept, its sealing key opened into t; nothing if there is none
 * whose secret is here, and none but those that a newer one in the ledger has replaced. An exit code. */
int trustee_reuse_key(Trustee *t, Audited *ledger, Buf *ret);
/* Whether every election of every board with that sealing key is over; else an error that names one.
 * An exit code. */
int trustee_may_forget(Ctl *c, Audited *ledger, const Element *e);
