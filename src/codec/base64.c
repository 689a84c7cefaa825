/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/base64.h"
#include "voted/verdict.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64_encode(char *ret, const void *p, size_t n) {
        const uint8_t *b = p;

        for (; n >= 3; n -= 3, b += 3) {
                *ret++ = alphabet[b[0] >> 2];
                *ret++ = alphabet[(b[0] & 3) << 4 | b[1] >> 4];
                *ret++ = alphabet[(b[1] & 15) << 2 | b[2] >> 6];
                *ret++ = alphabet[b[2] & 63];
        }
        if (n > 0) {
                *ret++ = alphabet[b[0] >> 2];
                *ret++ = alphabet[(b[0] & 3) << 4 | (n == 2 ? b[1] >> 4 : 0)];
                if (n == 2)
                        *ret++ = alphabet[(b[1] & 15) << 2];
        }
        *ret = 0;
}

/* A character's value and 1; 0: none. A table, since no branch can guess the characters of a signature. */
static const uint8_t value_of[256] = {
        ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
        ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
        ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
        ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
        ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
        ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
        ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
        ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
};

int base64_decode(void *ret, size_t n, const char *text, size_t text_n) {
        const uint8_t *t = (const uint8_t *) text;
        uint8_t *b = ret;
        uint32_t bits = 0;
        unsigned held = 0;

        if (n > SIZE_MAX / 8 || text_n != BASE64_LEN(n))
                return V_FORM;
        for (; text_n >= 4; text_n -= 4, t += 4) {
                uint32_t v[4] = { value_of[t[0]], value_of[t[1]], value_of[t[2]], value_of[t[3]] };

                if (v[0] == 0 || v[1] == 0 || v[2] == 0 || v[3] == 0)
                        return V_FORM;
                bits = (v[0] - 1) << 18 | (v[1] - 1) << 12 | (v[2] - 1) << 6 | (v[3] - 1);
                *b++ = (uint8_t) (bits >> 16);
                *b++ = (uint8_t) (bits >> 8);
                *b++ = (uint8_t) bits;
        }
        bits = 0;
        for (; text_n > 0; text_n--, t++) {
                uint32_t v = value_of[*t];

                if (v == 0)
                        return V_FORM;
                bits = bits << 6 | (v - 1);
                held += 6;
                if (held >= 8) {
                        held -= 8;
                        *b++ = (uint8_t) (bits >> held);
                        bits &= (UINT32_C(1) << held) - 1;
                }
        }
        /* what is left over must be zero: one value has one encoding */
        return bits == 0 ? 0 : V_FORM;
}
