/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/why.h"
#include "codec/json.h"

/* An election as people write it: the JSON of the entry without kind, signer and signature, with
 * rolls by name (each part of it is meant) or id, times also as text (base/time.h; "+" counts from
 * now in both), grace also as a span, and a question's "default" also by the text of the option. */

/* Appends the ids of the roll entries of that name to ids. 0, V_UNKNOWN with why, -errno. */
typedef int (*roll_lookup_fn)(void *userdata, const char *name, Json *ids, Why *why);

/* Gives the entry without kind, signer and signature, which definition_parse() judges. Returns 0, a
 * verdict with why, -errno. */
_must_check_ int election_file_parse(Json **ret, const char *text, size_t n, uint64_t now,
        roll_lookup_fn lookup, void *userdata, Why *why);

/* A file to start from, for each method; NULL: no such method. */
const char* election_template(const char *method);
