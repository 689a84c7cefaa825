/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "votectl/votectl.h"

/* The options of `network create` that say how blocks are sealed; and what a genesis says of it. Exit codes. */

/* Fills engine, the genesis's engine object, from --engine and its options. */
int engine_from_options(Ctl *c, Json *engine);
void engine_show(Ctl *c, const Genesis *g);

/* The option's number, otherwise if it was not given. Spans ("10min", in seconds) where span is true. */
int option_number(Ctl *c, const char *name, uint64_t min, uint64_t max, uint64_t otherwise, bool span, uint64_t *ret);
/* All keys that the option was given, none twice; malloc'ed. remedy (may be NULL): what to do about one that is none. */
int option_keys(Ctl *c, const char *option, unsigned max, bool self, const char *remedy, Key **ret, size_t *ret_n);
