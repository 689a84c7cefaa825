/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "base/id.h"
#include "base/why.h"

/* A block's header (DESIGN 3, Blocks):
 * {"count":n,"height":h,"kind":"block","network":id,"parent":id,"root":hash,"sealer":key,"time":t}
 * and one field of the engine's: "difficulty" (pow) or "view" (quorum). */
typedef enum HeaderField {
        HEADER_DIFFICULTY,
        HEADER_VIEW,
} HeaderField;

typedef struct Header {
        Id id;                  /* of the header line; set by header_parse() and header_set_id() */
        Id network, parent, root;
        Key sealer;
        uint64_t height, time;  /* time in seconds since 1970 */
        uint32_t count;         /* entries */
        HeaderField field;
        uint64_t value;         /* difficulty or view */
} Header;

/* 0, V_FORM, V_SIZE, V_KEY or -ENOMEM. Judges form alone. */
_must_check_ int header_parse(Header *ret, HeaderField field, const char *line, size_t n, Why *why);
/* Likewise, for a line that was judged before (it is in our ledger): leaves out whether the sealer's key is a good one,
 * which takes ten times as long as all else. */
_must_check_ int header_read(Header *ret, HeaderField field, const char *line, size_t n, Why *why);
/* Appends the canonical line. 0 or -ENOMEM. */
_must_check_ int header_format(const Header *h, Buf *ret);
/* Formats and sets h->id. 0 or -ENOMEM. */
_must_check_ int header_set_id(Header *h);
#define HEADER_BYTES_MAX 1024U
