/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "votectl/votectl.h"

void help_overview(Ctl *c, const CtlVerb *const *families, const CtlOption *global);
void help_verb(Ctl *c, const CtlVerb *v, const CtlOption *global);
/* All verbs that begin with "word ". */
void help_group(Ctl *c, const CtlVerb *const *families, const char *word);
