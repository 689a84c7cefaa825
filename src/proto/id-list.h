/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "base/id.h"

/* A list of ids in a message's line. Announcements of entries are most of what peers say to one
 * another, and a list of strings in a tree of values costs ten times what its digits cost: so it is
 * written and read beside the tree, where an empty list stands for it. */

typedef struct IdList {
        const char *key;        /* "ids" or "locator"; NULL: there is none */
        Id *ids;                /* malloc'ed */
        size_t n;
} IdList;
void id_list_done(IdList *l);

/* If the line has a list of at least one id, written as it must be: cuts it out (*rest is the line
 * with an empty list) and sets *ret. A line that has none, or a list that is not of that form, is
 * left to whoever parses it whole: ret->key is NULL. 0 or -ENOMEM. */
_must_check_ int id_list_cut(const char *line, size_t n, Buf *rest, IdList *ret);
/* Appends the line with the list where the empty list of that key stands. 0 or -ENOMEM. */
_must_check_ int id_list_splice(Buf *ret, const char *line, size_t n, const char *key,
                const Id *ids, size_t n_ids);
