/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/block.h"

#include <inttypes.h>

#include "codec/line.h"
#include "crypto/merkle.h"
#include "voted/limits.h"

static char* copy_line(const char *line, size_t n) {
        char *p = malloc(n + 1);

        if (!p)
                return NULL;
        if (n > 0)
                memcpy(p, line, n);
        p[n] = '\0';
        return p;
}

int block_new(Block **ret, const Header *h, const char *header_line, size_t n_header,
                const char *seal, size_t n_seal) {
        _cleanup_(block_freep) Block *b = NULL;

        assert(ret);
        assert(h);
        assert(header_line);
        assert(seal || n_seal == 0);

        b = new0(Block, 1);
        if (!b)
                return -ENOMEM;

        b->header = *h;
        b->header_line = copy_line(header_line, n_header);
        b->n_header_line = n_header;
        b->seal_line = copy_line(seal, n_seal);
        b->n_seal_line = n_seal;
        if (!b->header_line || !b->seal_line)
                return -ENOMEM;

        /* The count is the sender's word. */
        if (h->count > BLOCK_ENTRIES_MAX)
                return V_SIZE;
        b->entries = new0(Entry*, MAX(h->count, 1U));
        if (!b->entries)
                return -ENOMEM;
        b->n_entries = h->count;

        *ret = TAKE_PTR(b);
        return 0;
}

Block* block_free(Block *b) {
        if (!b)
                return NULL;

        for (size_t i = 0; i < b->n_entries; i++)
                entry_unref(b->entries[i]);
        free(b->entries);
        free(b->header_line);
        free(b->seal_line);
        free(b);
        return NULL;
}

int block_set_seal(Block *b, const char *seal, size_t n) {
        char *line;

        assert(b);
        assert(seal || n == 0);

        line = copy_line(seal, n);
        if (!line)
                return -ENOMEM;
        free(b->seal_line);
        b->seal_line = line;
        b->n_seal_line = n;
        return 0;
}

int block_read(Block **ret, const Genesis *g, const char **p, size_t *n, Why *why) {
        _cleanup_(block_freep) Block *b = NULL;
        const char *header, *seal, *line;
        size_t n_header, n_seal, n_line;
        Header h;
        int r;

        assert(ret);
        assert(g);
        assert(p && n);

        if (!line_next(p, n, &header, &n_header))
                return why_set(why, V_FORM, "a block's header line is missing");
        r = header_parse(&h, g->engine->field, header, n_header, why);
        if (r != 0)
                return r > 0 ? why_prefix(why, r, "header") : r;
        if (!line_next(p, n, &seal, &n_seal))
                return why_set(why, V_FORM, "the seal line of block %" PRIu64 " is missing",
                                h.height);

        if (h.count > *n / ENTRY_BYTES_LEAST)
                return why_set(why, V_FORM,
                                "block %" PRIu64 " has %" PRIu32
                                " entries by its header, the %zu bytes that follow cannot hold "
                                "them",
                                h.height, h.count, *n);

        r = block_new(&b, &h, header, n_header, seal, n_seal);
        if (r != 0)
                return r > 0 ? why_set(why, r,
                                               "block %" PRIu64 " has %" PRIu32
                                               " entries by its header, more than fit any block",
                                               h.height, h.count)
                             : r;

        for (size_t i = 0; i < b->n_entries; i++) {
                if (!line_next(p, n, &line, &n_line))
                        return why_set(why, V_FORM,
                                        "block %" PRIu64 " has %" PRIu32
                                        " entries by its header, but %zu lines follow",
                                        h.height, h.count, i);
                r = entry_parse(&b->entries[i], g, line, n_line, why);
                if (r != 0)
                        return r > 0 ? why_prefix(why, r, "block %" PRIu64 ", entry %zu", h.height,
                                                       i)
                                     : r;
        }

        *ret = TAKE_PTR(b);
        return 0;
}

int block_write(const Block *b, bool seal, Buf *ret) {
        assert(b);
        assert(ret);

        buf_add(ret, b->header_line, b->n_header_line);
        buf_add_char(ret, '\n');
        if (seal) {
                buf_add(ret, b->seal_line, b->n_seal_line);
                buf_add_char(ret, '\n');
        }
        for (size_t i = 0; i < b->n_entries; i++) {
                const Entry *e = ASSERT_PTR(b->entries[i]);

                buf_add(ret, e->line, e->n_line);
                buf_add_char(ret, '\n');
        }
        return buf_error(ret);
}

static int check_root(const Block *b, Why *why) {
        _cleanup_free_ Id *ids = NULL;
        Id root;

        ids = newN(Id, MAX(b->n_entries, (size_t) 1));
        if (!ids)
                return -ENOMEM;
        for (size_t i = 0; i < b->n_entries; i++)
                ids[i] = b->entries[i]->id;

        merkle_root(&root, ids, b->n_entries);
        if (!id_equal(&root, &b->header.root))
                return why_set(why, V_BLOCK, "\"root\" is not the root of the block's entries");
        return 0;
}

int block_check_body(const Block *b, const Genesis *g, Why *why) {
        uint64_t bytes = 0;

        assert(b);
        assert(g);

        if (b->n_entries != b->header.count)
                return why_set(why, V_BLOCK, "\"count\" is %" PRIu32 ", the block has %zu entries",
                                b->header.count, b->n_entries);

        for (size_t i = 0; i < b->n_entries; i++) {
                if (!b->entries[i])
                        return why_set(why, V_BLOCK, "entry %zu is missing", i);
                bytes += b->entries[i]->n_line + 1;
        }

        if (bytes > g->limits.block_bytes)
                return why_set(why, V_SIZE,
                                "entries of %" PRIu64 " bytes, at most %" PRIu32
                                " are allowed in a block of this network",
                                bytes, g->limits.block_bytes);

        return b->rooted ? 0 : check_root(b, why);
}
