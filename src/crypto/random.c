/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>

#include "crypto/random.h"

void random_bytes(void *ret, size_t n) {
        randombytes_buf(ret, n);
}

uint64_t random_u64(void) {
        uint64_t v;

        randombytes_buf(&v, sizeof(v));
        return v;
}
