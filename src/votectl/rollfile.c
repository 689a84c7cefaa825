/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/sign.h"
#include "voted/limits.h"
#include "votectl/rollfile.h"
#include "votectl/sshkey.h"

/* What an entry has beside its voters: kind, name, part, signer, signature and their quotes. */
#define PART_OVERHEAD (320 + NAME_BYTES_MAX)
/* ["64 digits",2147483648], */
#define VOTER_BYTES_MAX (1 + 66 + 1 + 10 + 1 + 1)

void roll_file_done(RollFile *f) {
        free(f->voters);
        *f = (RollFile) {};
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **p, size_t *n) {
        while (*n > 0 && is_blank(**p))
                (*p)++, (*n)--;
        while (*n > 0 && is_blank((*p)[*n - 1]))
                (*n)--;
}

/* Moves past "weight=N " if the line has it. */
static int read_weight(const char **p, size_t *n, uint32_t *ret, Why *why) {
        static const char prefix[] = "weight=";
        const size_t n_prefix = sizeof prefix - 1;
        uint64_t v = 0;
        size_t i;

        *ret = 1;
        if (*n < n_prefix || memcmp(*p, prefix, n_prefix) != 0)
                return 0;
        for (i = n_prefix; i < *n && (*p)[i] >= '0' && (*p)[i] <= '9' && v <= WEIGHT_MAX; i++)
                v = v * 10 + (uint64_t) ((*p)[i] - '0');
        if (i == n_prefix || v < 1 || v > WEIGHT_MAX || i == *n || !is_blank((*p)[i]))
                return why_set(why, V_DEFINITION,
                        "expected weight=1 to weight=2147483648 and a blank, got \"%.*s\"",
                        (int) MIN(*n, (size_t) 24), *p);
        *ret = (uint32_t) v;
        *p += i;
        *n -= i;
        trim(p, n);
        return 0;
}

static int read_key(const char *p, size_t n, Key *ret, Why *why) {
        size_t digits = 0;

        if (sshkey_looks_like_line(p, n))
                return sshkey_read_line(ret, p, n, NULL, NULL, why);

        while (digits < n && !is_blank(p[digits]) && p[digits] != '#')
                digits++;
        if (hex_decode(ret->b, sizeof ret->b, p, digits) != 0)
                return why_set(why, V_FORM,
                        "expected an ssh-ed25519 line or 64 lower-case hex digits, got \"%.*s\"%s",
                        (int) MIN(digits, (size_t) 70), p, digits > 70 ? "..." : "");
        p += digits;
        n -= digits;
        trim(&p, &n);
        if (n > 0 && *p != '#')
                return why_set(why, V_FORM,
                        "expected the end of the line or a # comment behind the key, got \"%.*s\"",
                        (int) MIN(n, (size_t) 40), p);
        return 0;
}

static int add_voter(
        RollFile *f, uint32_t **lines, size_t *allocated, const Voter *v, uint32_t line, Why *why) {
        if (f->n == *allocated) {
                size_t more = MAX(*allocated * 2, (size_t) 64);
                Voter *voters = reallocarray(f->voters, more, sizeof *voters);
                uint32_t *l;

                if (!voters)
                        return -ENOMEM;
                f->voters = voters;
                l = reallocarray(*lines, more, sizeof *l);
                if (!l)
                        return -ENOMEM;
                *lines = l;
                *allocated = more;
        }
        if (__builtin_add_overflow(f->weight, v->weight, &f->weight) || f->weight > WEIGHT_SUM_MAX)
                return why_set(why, V_DEFINITION,
                        "the weights up to here add up to more than %" PRIu64, WEIGHT_SUM_MAX);
        (*lines)[f->n] = line;
        f->voters[f->n++] = *v;
        return 0;
}

static int compare_keys(const void *a, const void *b, void *userdata) {
        const RollFile *f = userdata;
        const uint32_t x = *(const uint32_t*) a, y = *(const uint32_t*) b;
        int r = key_compare(&f->voters[x].key, &f->voters[y].key);

        return r != 0 ? r : (x > y) - (x < y);
}

static int check_twice(const RollFile *f, const uint32_t *lines, Why *why) {
        _cleanup_free_ uint32_t *order = newN(uint32_t, f->n);

        if (!order)
                return -ENOMEM;
        for (size_t i = 0; i < f->n; i++)
                order[i] = (uint32_t) i;
        qsort_r(order, f->n, sizeof *order, compare_keys, (void*) f);
        for (size_t i = 1; i < f->n; i++) {
                const Key *k = &f->voters[order[i]].key;

                if (key_equal(&f->voters[order[i - 1]].key, k))
                        return why_set(why, V_DEFINITION,
                                "line %u: the key of line %u again (%.16s...); a voter stands once "
                                "on a roll",
                                lines[order[i]], lines[order[i - 1]], key_hex(k, (char[ID_HEX]) {}));
        }
        return 0;
}

int roll_file_parse(RollFile *ret, const char *text, size_t n, Why *why) {
        _cleanup_(roll_file_done) RollFile f = {};
        _cleanup_free_ uint32_t *lines = NULL;
        size_t allocated = 0, len;
        const char *line;
        uint32_t number = 0;
        int r;

        while (line_next(&text, &n, &line, &len)) {
                Voter v = {};

                number++;
                trim(&line, &len);
                if (len == 0 || *line == '#')
                        continue;
                r = read_weight(&line, &len, &v.weight, why);
                if (r == 0)
                        r = read_key(line, len, &v.key, why);
                if (r == 0)
                        r = key_check(&v.key, why);
                if (r == 0)
                        r = add_voter(&f, &lines, &allocated, &v, number, why);
                if (r > 0)
                        return why_prefix(why, r, "line %u", number);
                if (r < 0)
                        return r;
        }
        if (f.n == 0)
                return why_set(why, V_DEFINITION, "no voter in it; expected one key a line");
        r = check_twice(&f, lines, why);
        if (r != 0)
                return r;
        *ret = f;
        f = (RollFile) {};
        return 0;
}

static size_t per_part(size_t bytes_max) {
        return bytes_max < PART_OVERHEAD + VOTER_BYTES_MAX
                       ? 1
                       : (bytes_max - PART_OVERHEAD) / VOTER_BYTES_MAX;
}

size_t roll_file_parts(const RollFile *f, const char *name, size_t bytes_max) {
        const size_t k = per_part(bytes_max);

        return (f->n + k - 1) / k;
}

Json* roll_file_part(const RollFile *f, const char *name, size_t bytes_max, size_t part) {
        const size_t k = per_part(bytes_max), first = part * k;
        _cleanup_json_ Json *o = json_new_object();
        Json *voters = json_new_array();

        for (size_t i = first; i < f->n && i < first + k; i++) {
                Json *v = json_new_array();

                json_add_key(v, &f->voters[i].key);
                json_add_int(v, f->voters[i].weight);
                json_add(voters, v);
        }
        json_set_text(o, "name", name);
        json_set_int(o, "part", (int64_t) part);
        json_set(o, "voters", voters);
        return TAKE_PTR(o);
}
