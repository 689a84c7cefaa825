/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/hex.h"
#include "voted/verdict.h"

void hex_encode(char *ret, const void *p, size_t n) {
        static const char digits[] = "0123456789abcdef";
        const uint8_t *b = p;

        for (size_t i = 0; i < n; i++) {
                *ret++ = digits[b[i] >> 4];
                *ret++ = digits[b[i] & 15];
        }
        *ret = 0;
}

static int digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return -1;
}

int hex_decode(void *ret, size_t n, const char *text, size_t text_n) {
        uint8_t *b = ret;

        if (text_n / 2 != n || text_n % 2 != 0)         /* 2 * n could overflow */
                return V_FORM;
        for (size_t i = 0; i < n; i++) {
                int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

                if (high < 0 || low < 0)
                        return V_FORM;
                b[i] = (uint8_t) (high << 4 | low);
        }
        return 0;
}

const char* id_hex(const Id *id, char buf[static ID_HEX]) {
        hex_encode(buf, id->b, sizeof(id->b));
        return buf;
}

const char* key_hex(const Key *key, char buf[static ID_HEX]) {
        hex_encode(buf, key->b, sizeof(key->b));
        return buf;
}

int id_from_hex(Id *ret, const char *text) {
        Id id;
        int r;

        r = hex_decode(id.b, sizeof(id.b), text, strlen(text));
        if (r == 0)
                *ret = id;
        return r;
}

int key_from_hex(Key *ret, const char *text) {
        Key key;
        int r;

        r = hex_decode(key.b, sizeof(key.b), text, strlen(text));
        if (r == 0)
                *ret = key;
        return r;
}
