/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/genesis.h"
#include "votectl/votectl.h"

/* Authorities that lines of evidence convict, each line checked here: what `evidence` and `verify` show. */
typedef struct Convicts {
        Json *list;             /* [{"authority","key","line","view","what"}]; NULL: nobody */
        Buf lines;              /* as they came, each with its newline */
        size_t n;
} Convicts;
void convicts_done(Convicts *v);

/* What the node has, from genesis g. EXIT_WRONG, after a message, if a line of it convicts nobody. An exit code. */
int convicts_ask(Ctl *c, const Genesis *g, Convicts *ret);
/* From a file ("-": standard input); EXIT_WRONG, after a message that names the line, if one does not hold or there is none. */
int convicts_read(Ctl *c, const Genesis *g, const char *path, Convicts *ret);

/* A table. An exit code. */
int convicts_show(Ctl *c, const Convicts *v);
/* The list, [] for nobody; a reference of its own. */
Json* convicts_json(const Convicts *v);
