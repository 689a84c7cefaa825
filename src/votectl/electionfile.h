/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/why.h"
#include "codec/json.h"

/* An election as people write it: the JSON of the entry without kind, signer and signature, with
 * rolls by name (each part of it is meant) or id, a board by name or id, times also as text
 * (base/time.h; "+" counts from now in both), grace also as a span, and a question's "default" also by
 * the text of the option. */

typedef struct ElectionLookup {
        /* Appends the ids of the roll entries of that name to ids. 0, V_UNKNOWN with why, -errno. */
        int (*roll)(void *userdata, const char *name, Json *ids, Why *why);
        /* The id of the board of that name. Likewise. */
        int (*board)(void *userdata, const char *name, Id *ret, Why *why);
        void *userdata;
} ElectionLookup;

/* Gives the entry without kind, signer and signature, which definition_parse() judges. Returns 0, a
 * verdict with why, -errno. */
_must_check_ int election_file_parse(Json **ret, const char *text, size_t n, uint64_t now,
        const ElectionLookup *lookup, Why *why);

/* A file to start from, for each method; NULL: no such method, or none that can be sealed. */
const char* election_template(const char *method, bool sealed);
