/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/id-list.h"

#include "codec/hex.h"

#define DIGITS  (ID_HEX - 1)
#define ITEM    (DIGITS + 3)            /* "digits", */

void id_list_done(IdList *l) {
        free(l->ids);
        *l = (IdList) {};
}

/* Just behind `"key":[`. Nothing else looks like that: within a string the quotes would be escaped.
 */
static const char* find(const char *line, size_t n, const char *key) {
        char pattern[32] = "\"";
        size_t k = strlen(key);
        const char *at;

        assert(k + 4 < sizeof(pattern));
        /* bytes, not a string: NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
        memcpy(pattern + 1, key, k);
        /* NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
        memcpy(pattern + 1 + k, "\":[", 3);
        at = memmem(line, n, pattern, k + 4);
        return at ? at + k + 4 : NULL;
}

int id_list_cut(const char *line, size_t n, Buf *rest, IdList *ret) {
        static const char *const keys[] = { "ids", "locator" };
        const char *at = NULL, *end = line + n, *p;
        size_t max, count = 0;
        Id *ids;

        *ret = (IdList) {};
        for (size_t i = 0; i < ELEMENTSOF(keys) && !at; i++) {
                at = find(line, n, keys[i]);
                ret->key = at ? keys[i] : NULL;
        }
        if (!at)
                return 0;

        max = (size_t) (end - at) / ITEM + 1;
        ids = newN(Id, max);
        if (!ids)
                return -ENOMEM;
        for (p = at;;) {
                if (end - p < (ptrdiff_t) ITEM || p[0] != '"' || p[DIGITS + 1] != '"' ||
                                hex_decode(ids[count].b, sizeof(Id), p + 1, DIGITS) != 0)
                        break;
                count++;
                p += ITEM;
                if (p[-1] == ',')
                        continue;
                if (p[-1] != ']')
                        break;
                buf_add(rest, line, (size_t) (at - line));
                buf_add(rest, p - 1, (size_t) (end - p) + 1);
                ret->ids = ids;
                ret->n = count;
                return buf_error(rest);
        }
        free(ids);
        ret->key = NULL;
        return 0;
}

int id_list_splice(Buf *ret, const char *line, size_t n, const char *key, const Id *ids,
                size_t n_ids) {
        const char *at = find(line, n, key);
        char *p;

        assert(at && *at == ']');
        buf_add(ret, line, (size_t) (at - line));
        p = buf_reserve(ret, n_ids * ITEM);
        if (!p)
                return -ENOMEM;
        for (size_t i = 0; i < n_ids; i++) {
                *p++ = '"';
                hex_encode(p, ids[i].b, sizeof(Id));
                p += DIGITS;
                *p++ = '"';
                *p++ = ',';
        }
        ret->n += n_ids * ITEM - (n_ids > 0);
        buf_add(ret, at, n - (size_t) (at - line));
        return buf_error(ret);
}
