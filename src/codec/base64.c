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

static int value(char c) {
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int base64_decode(void *ret, size_t n, const char *text, size_t text_n) {
        uint8_t *b = ret;
        uint32_t bits = 0;
        unsigned held = 0;

        if (n > SIZE_MAX / 8 || text_n != BASE64_LEN(n))
                return V_FORM;
        for (size_t i = 0; i < text_n; i++) {
                int v = value(text[i]);

                if (v < 0)
                        return V_FORM;
                bits = bits << 6 | (uint32_t) v;
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
