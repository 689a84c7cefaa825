/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/why.h"
#include "codec/json.h"
#include "election/roll.h"

/* A roll as people write it: one voter a line, an OpenSSH public key (as in .pub files and
 * authorized_keys) or 64 hex digits, optionally "weight=N " before it; "#" starts a comment. */
typedef struct RollFile {
        Voter *voters;
        size_t n;
        uint64_t weight;        /* sum */
} RollFile;

void roll_file_done(RollFile *f);

/* Returns 0, a verdict with why ("line 7: ..."), or -ENOMEM. Each key is checked to be an
 * acceptable point, none stands twice. */
_must_check_ int roll_file_parse(RollFile *ret, const char *text, size_t n, Why *why);

/* How many entries the roll takes, if none may pass bytes_max in canonical form, signed. */
size_t roll_file_parts(const RollFile *f, const char *name, size_t bytes_max);
/* Part i of them without kind, signer and signature: {"name","part","voters"}. NULL: no memory. */
Json* roll_file_part(const RollFile *f, const char *name, size_t bytes_max, size_t part);
