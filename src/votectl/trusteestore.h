/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/group.h"
#include "votectl/votectl.h"

/* What a trustee keeps: $XDG_DATA_HOME/votectl/trustee/.
 *      E.sealing       the secret of sealing key E: a secret file of kind "sealing"
 *      ID.KIND         a line that was signed, before it leaves: `trustee` (ID: E), `deal` and the
 *                      answer (ID: the board), `share` (ID: the election; with the hash of the sums
 *                      that it opens)
 * A line that is there is handed in again, the same bytes; another is never made. */

/* Makes a sealing key and keeps its secret. passphrase NULL or "": not locked. An exit code. */
int trustee_store_new_key(Ctl *c, const char *passphrase, SecretScalar **ret);
/* The secret of e; asks for the passphrase. EXIT_NOT_FOUND, after a message: it is not here. */
int trustee_store_open_key(Ctl *c, const Element *e, SecretScalar **ret);
/* Whether it is here. An exit code. */
int trustee_store_has_key(Ctl *c, const Element *e, bool *ret);
/* Overwrites and removes it. An exit code. */
int trustee_store_destroy_key(Ctl *c, const Element *e);

/* The line of that kind that was kept; nothing is appended if there is none. *ret_sums (may be
 * NULL): zero without. An exit code. */
int trustee_store_get(Ctl *c, const char *kind, const Id *of, Buf *ret, Id *ret_sums);
/* On disk for good when it returns. sums: NULL: none. An exit code. */
int trustee_store_put(Ctl *c, const char *kind, const Id *of, const Buf *line, const Id *sums);
