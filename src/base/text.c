/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"
#include "base/width.h"
#include "voted/limits.h"

#define DISTANCE_BYTES_MAX 64           /* longer words are not typing mistakes */

size_t utf8_decode(const char *p, size_t n, uint32_t *ret) {
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        const uint8_t *s = (const uint8_t *) p;
        size_t length;
        uint32_t c;

        if (n == 0)
                return 0;
        if (s[0] < 0x80) {
                *ret = s[0];
                return 1;
        }

        length = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
        if (length == 0 || length > n)
                return 0;

        c = s[0] & (0x7fU >> length);
        for (size_t i = 1; i < length; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
                c = c << 6 | (s[i] & 0x3f);
        }
        if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                return 0;

        *ret = c;
        return length;
}

bool utf8_is_valid(const char *p, size_t n) {
        uint32_t c;

        while (n > 0) {
                size_t k = utf8_decode(p, n, &c);

                if (k == 0)
                        return false;
                p += k;
                n -= k;
        }
        return true;
}

bool codepoint_is_forbidden(uint32_t c) {
        if (c < 0x20)
                return c != '\n' && c != '\t';
        return (c >= 0x7f && c <= 0x9f) || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
                (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* One step through s that never stops short: *ret_width columns, 1 for what cannot be shown. */
static size_t text_step(const char *s, size_t n, unsigned *ret_width) {
        uint32_t c;
        size_t k = utf8_decode(s, n, &c);

        if (k == 0) {
                *ret_width = 1;
                return 1;
        }
        *ret_width = codepoint_is_forbidden(c) || c < 0x20 ? 1 : codepoint_width(c);
        return k;
}

size_t text_width(const char *s) {
        size_t n = strlen(s), columns = 0;
        unsigned w;

        while (n > 0) {
                size_t k = text_step(s, n, &w);

                columns += w;
                s += k;
                n -= k;
        }
        return columns;
}

void text_clean(char *s) {
        size_t n = strlen(s);
        char *to = s;

        while (n > 0) {
                uint32_t c;
                size_t k = utf8_decode(s, n, &c);

                if (k == 0 || c < 0x20 || codepoint_is_forbidden(c)) {
                        *to++ = '?';
                        k = MAX(k, (size_t) 1);
                } else {
                        memmove(to, s, k);
                        to += k;
                }
                s += k;
                n -= k;
        }
        *to = 0;
}

const char* text_ellipsize(char *ret, size_t size, const char *s, size_t columns) {
        static const char ellipsis[] = "…";
        size_t n = strlen(s), used = 0, at = 0, cut = 0;

        assert(size > 0);

        /* cut: the longest beginning that leaves room for the ellipsis */
        while (at < n) {
                unsigned w;
                size_t k = text_step(s + at, n - at, &w);

                if (used + w > columns || at + k >= size)
                        break;
                used += w;
                at += k;
                if (used + 1 <= columns && at + sizeof(ellipsis) <= size)
                        cut = at;
        }

        if (at == n) {
                memcpy(ret, s, n);
                ret[n] = 0;
        } else if (columns > 0 && sizeof(ellipsis) <= size) {
                memcpy(ret, s, cut);
                memcpy(ret + cut, ellipsis, sizeof(ellipsis));
        } else
                ret[0] = 0;
        return ret;
}

/* Optimal string alignment, over bytes, with three rows. */
size_t text_distance(const char *a, const char *b) {
        size_t rows[3][DISTANCE_BYTES_MAX + 1], n_a = strlen(a), n_b = strlen(b);
        size_t *before = rows[0], *last = rows[1], *now = rows[2];

        if (n_a > DISTANCE_BYTES_MAX || n_b > DISTANCE_BYTES_MAX)
                return streq(a, b) ? 0 : MAX(n_a, n_b);

        for (size_t j = 0; j <= n_b; j++)
                last[j] = j;
        for (size_t i = 1; i <= n_a; i++) {
                size_t *t = before;

                now[0] = i;
                for (size_t j = 1; j <= n_b; j++) {
                        size_t d = last[j - 1] + (a[i - 1] != b[j - 1]);

                        d = MIN(d, last[j] + 1);
                        d = MIN(d, now[j - 1] + 1);
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                d = MIN(d, before[j - 2] + 1);
                        now[j] = d;
                }
                before = last;
                last = now;
                now = t;
        }
        return last[n_b];
}

size_t text_nearest(const char *s, const char *const *words, size_t n) {
        size_t best = n, best_distance = SIZE_MAX, length = strlen(s);

        for (size_t i = 0; i < n; i++) {
                size_t d = text_distance(s, words[i]);

                /* a third of the word may be wrong, or its end not typed yet */
                if (d > length / 3 + (length > 1) && !(length > 1 && strncmp(s, words[i], length) == 0))
                        continue;
                if (d < best_distance) {
                        best = i;
                        best_distance = d;
                }
        }
        return best;
}

bool name_is_valid(const char *s) {
        size_t n = strlen(s);

        if (n == 0 || n > NAME_BYTES_MAX || s[0] == '-')
                return false;
        return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}
