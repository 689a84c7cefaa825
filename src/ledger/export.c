/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/export.h"

int export_genesis(const Chain *c, Buf *ret) {
        const Genesis *g = chain_genesis(c);

        assert(ret);

        buf_add(ret, g->line, g->n_line);
        buf_add_char(ret, '\n');
        return buf_error(ret);
}

int export_blocks(Chain *c, uint64_t from, uint64_t to, bool seals, size_t bytes_max, Buf *ret,
                uint64_t *ret_next) {
        uint64_t height = MAX(from, UINT64_C(1));
        size_t start;
        int r;

        assert(c);
        assert(ret);
        assert(ret_next);

        start = ret->n;
        to = MIN(to, chain_tip(c)->height);
        while (height <= to) {
                r = chain_read_block_text(c, height, seals, ret);
                if (r < 0)
                        return r;
                height++;
                if (ret->n - start >= bytes_max)
                        break;
        }

        *ret_next = height;
        return 0;
}
