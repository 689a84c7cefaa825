/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/prng.h"

void prng_seed(Prng *p, uint64_t seed) {
        for (size_t i = 0; i < ELEMENTSOF(p->s); i++) {
                uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);     /* splitmix64 */

                z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
                z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
                p->s[i] = z ^ (z >> 31);
        }
}

static uint64_t rotate_left(uint64_t x, unsigned k) {
        return (x << k) | (x >> (64 - k));
}

uint64_t prng_u64(Prng *p) {
        uint64_t *s = p->s;
        uint64_t result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;

        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = rotate_left(s[3], 45);
        return result;
}

uint64_t prng_below(Prng *p, uint64_t bound) {
        uint64_t surplus, x;

        assert(bound > 0);

        /* The 2^64 mod bound lowest numbers would make some results likelier: draw again. */
        surplus = -bound % bound;
        do
                x = prng_u64(p);
        while (x < surplus);
        return x % bound;
}

bool prng_chance(Prng *p, uint32_t per_million) {
        return prng_below(p, 1000000) < per_million;
}
