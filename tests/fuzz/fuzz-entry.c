/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/line.h"
#include "consensus/header.h"
#include "crypto/sign.h"
#include "fuzz.h"
#include "ledger/block.h"
#include "ledger/receipt.h"

/* Whatever stands in a ledger: a genesis, an entry, a block, a receipt. */
static const char genesis[] =
        "{\"admins\":{\"approvals\":1,\"keys\":[\"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c\"]},\"created\":1,"
        "\"engine\":{\"confirmations\":6,\"difficulty\":1000,\"interval\":10,\"type\":\"pow\"},\"kind\":\"genesis\",\"limits\":{},\"name\":\"fuzz\",\"rules\":1}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static Genesis *g;
        const char *p = (const char *) data, *rest = p;
        _cleanup_json_ Json *o = NULL;
        size_t n_rest = n;
        Genesis *other = NULL;
        Entry *e = NULL;
        Block *b = NULL;
        Why why = {};
        Header h;
        int r;

        if (!g) {
                fuzz_check(crypto_init(NULL) == 0);
                fuzz_check(genesis_parse(&g, genesis, sizeof(genesis) - 1, &why) == 0);
        }

        if (genesis_parse(&other, p, n, &why) == 0)
                (void) genesis_free(other);

        r = entry_parse(&e, g, p, n, &why);
        if (r == 0) {
                fuzz_check(e->n_line == n && memcmp(e->line, p, n) == 0);
                (void) entry_unref(e);
        } else
                fuzz_check(r < 0 || why.text[0] != 0);

        if (header_parse(&h, HEADER_DIFFICULTY, p, n, &why) == 0) {
                _cleanup_buf_ Buf again = {};

                fuzz_check(header_format(&h, &again) == 0);
                fuzz_check(again.n == n && memcmp(again.p, p, n) == 0);
        }

        while (n_rest > 0 && block_read(&b, g, &rest, &n_rest, &why) == 0)
                b = block_free(b);

        if (json_parse_loose(&o, p, n, 1 << 20, NULL) == 0) {
                ReceiptFacts facts;

                (void) !receipt_verify(o, &g->network, &facts, &why);
        }
        return 0;
}
