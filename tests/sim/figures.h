/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "run.h"

/* What authorities send to one another, from the first vote to the last final block: all frames over all their links, with what
 * keeps links alive. */
void figures_on_send(Run *r, const Host *from, const NodeEffect *fx);
void figures_on_final(Run *r, uint64_t height);         /* the first time that anybody calls it so */
