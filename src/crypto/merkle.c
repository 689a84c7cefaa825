/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/hash.h"
#include "crypto/merkle.h"

static void leaf(Id *ret, const Id *id) {
        hash_two(ret, 0x00, id, NULL);
}

static void node(Id *ret, const Id *left, const Id *right) {
        hash_two(ret, 0x01, left, right);
}

/* The largest power of two below n (n >= 2). */
static size_t split(size_t n) {
        return (size_t) 1 << (63 - __builtin_clzll((unsigned long long) (n - 1)));
}

void merkle_root(Id *ret, const Id *ids, size_t n) {
        Id stack[64];
        size_t depth = 0;

        if (n == 0) {
                hash_bytes(ret, NULL, 0);
                return;
        }

        /* full subtrees wait on the stack, the larger the deeper: as many as i has bits */
        for (size_t i = 0; i < n; i++) {
                leaf(&stack[depth++], &ids[i]);
                for (size_t k = i; k & 1; k >>= 1) {
                        node(&stack[depth - 2], &stack[depth - 2], &stack[depth - 1]);
                        depth--;
                }
        }
        while (depth > 1) {
                node(&stack[depth - 2], &stack[depth - 2], &stack[depth - 1]);
                depth--;
        }
        *ret = stack[0];
}

size_t merkle_path(Id ret[static MERKLE_PATH_MAX], const Id *ids, size_t n, size_t i) {
        size_t depth = 0;

        /* from the root down to the leaf, then turned round */
        while (n > 1 && depth < MERKLE_PATH_MAX) {
                size_t k = split(n);

                if (i < k) {
                        merkle_root(&ret[depth++], ids + k, n - k);
                        n = k;
                } else {
                        merkle_root(&ret[depth++], ids, k);
                        ids += k;
                        i -= k;
                        n -= k;
                }
        }
        for (size_t a = 0; a < depth / 2; a++) {
                Id t = ret[a];

                ret[a] = ret[depth - 1 - a];
                ret[depth - 1 - a] = t;
        }
        return depth;
}

bool merkle_verify(const Id *root, const Id *id, size_t i, size_t n, const Id *path, size_t n_path) {
        size_t last = n - 1;
        Id r;

        if (i >= n)
                return false;
        leaf(&r, id);
        for (size_t k = 0; k < n_path; k++) {
                if (last == 0)
                        return false;
                if ((i & 1) || i == last) {
                        node(&r, &path[k], &r);
                        while (!(i & 1) && i != 0) {
                                i >>= 1;
                                last >>= 1;
                        }
                } else
                        node(&r, &r, &path[k]);
                i >>= 1;
                last >>= 1;
        }
        return last == 0 && id_equal(&r, root);
}
