/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/entry.h"

/* Header, seal and entries; its text (file, wire) is header line, seal line, `count` entry lines, each with a
 * newline between them. */
typedef struct Block {
        Header header;
        char *header_line, *seal_line;
        size_t n_header_line, n_seal_line;
        Entry **entries;        /* references; NULL where a body is still missing */
        size_t n_entries;
        bool rooted;            /* the ids of its entries were seen to give the header's root */
} Block;

/* A block without entries yet, their places empty. 0, V_SIZE (count is more than any block can hold), -ENOMEM. */
_must_check_ int block_new(Block **ret, const Header *h, const char *header_line, size_t n_header, const char *seal, size_t n_seal);
/* In place of the one that it has. 0, -ENOMEM. */
_must_check_ int block_set_seal(Block *b, const char *seal, size_t n);
Block* block_free(Block *b);
DEFINE_CLEANUP(Block*, block_free)
/* Reads one block off the front of text (lines joined by '\n'): *p and *n move on. No judgement of the seal or the
 * entries' signatures. 0, verdict, -ENOMEM. */
_must_check_ int block_read(Block **ret, const Genesis *g, const char **p, size_t *n, Why *why);
_must_check_ int block_write(const Block *b, bool seal, Buf *ret);      /* lines, each with its newline */
/* count, root, sizes against the entries it holds. 0, V_BLOCK, V_SIZE. */
_must_check_ int block_check_body(const Block *b, const Genesis *g, Why *why);
