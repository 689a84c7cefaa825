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

/* A digit's value and 1; 0: none. A table, since no branch can guess digits: ids are most of what peers say. */
static const uint8_t value_of[256] = {
        ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
        ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

int hex_decode(void *ret, size_t n, const char *text, size_t text_n) {
        const uint8_t *t = (const uint8_t *) text;
        uint8_t *b = ret;

        if (text_n / 2 != n || text_n % 2 != 0)         /* 2 * n could overflow */
                return V_FORM;
        for (size_t i = 0; i < n; i++) {
                unsigned high = value_of[t[2 * i]], low = value_of[t[2 * i + 1]];

                if (high == 0 || low == 0)
                        return V_FORM;
                b[i] = (uint8_t) ((high - 1) << 4 | (low - 1));
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
