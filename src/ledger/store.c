/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/store.h"

void stored_block_done(StoredBlock *b) {
        assert(b);

        free(b->header);
        free(b->seal);
        *b = (StoredBlock) {};
}
