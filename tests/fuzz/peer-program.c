/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peer-program.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "fuzz.h"
#include "voted/limits.h"

static const char *const names[_PEER_OP_MAX] = {
#define X(name, text) [PEER_##name] = (text),
        PEER_OPS(X)
#undef X
};

const char* peer_op_name(unsigned name) {
        return names[name % _PEER_OP_MAX];
}

static int find_name(const char *p, size_t n) {
        for (unsigned i = 0; i < _PEER_OP_MAX; i++)
                if (strlen(names[i]) == n && memcmp(names[i], p, n) == 0)
                        return (int) i;
        return -1;
}

static const char* skip_blanks(const char *p, const char *end) {
        while (p < end && (*p == ' ' || *p == '\t'))
                p++;
        return p;
}

static bool read_op(PeerOp *ret, const char *p, const char *end) {
        const char *word;
        int name;

        *ret = (PeerOp) {};
        word = p = skip_blanks(p, end);
        while (p < end && (*p == '_' || (*p >= 'a' && *p <= 'z')))
                p++;
        name = find_name(word, (size_t) (p - word));
        if (name < 0)
                return false;
        ret->name = (uint8_t) name;
        for (size_t i = 0; i < PEER_ARGS; i++) {
                unsigned v = 0;

                p = skip_blanks(p, end);
                if (p == end || *p < '0' || *p > '9')
                        break;
                for (; p < end && *p >= '0' && *p <= '9'; p++)
                        v = v * 10 + (unsigned) (*p - '0');
                ret->arg[i] = (uint8_t) v;
        }
        return true;
}

size_t peer_program_read(PeerOp *ret, const char *text, size_t n) {
        const char *p = text, *end = text + n, *line;
        size_t n_ops = 0;

        while (p < end && n_ops < PEER_OPS_MAX) {
                line = memchr(p, '\n', (size_t) (end - p));
                line = line ? line : end;
                n_ops += read_op(ret + n_ops, p, line);
                p = line < end ? line + 1 : end;
        }
        return n_ops;
}

size_t peer_program_write(const PeerOp *ops, size_t n_ops, char *ret, size_t max) {
        size_t n = 0;

        for (size_t i = 0; i < n_ops; i++) {
                size_t n_args = PEER_ARGS, k;
                char line[64];

                while (n_args > 0 && ops[i].arg[n_args - 1] == 0)
                        n_args--;
                k = (size_t) snprintf(line, sizeof(line), "%s", peer_op_name(ops[i].name));
                for (size_t j = 0; j < n_args; j++)
                        k += (size_t) snprintf(line + k, sizeof(line) - k, " %u", ops[i].arg[j]);
                line[k++] = '\n';
                if (n + k > max)
                        break;
                memcpy(ret + n, line, k);
                n += k;
        }
        return n;
}

uint64_t peer_value(const uint8_t *arg, uint64_t right) {
        static const uint64_t ends[] = {
                0, 1, 2, 3, 4, 5, 16, 128, 1000, 1024, 4096, 8192,
                BLOCK_ENTRIES_MAX, BLOCK_ENTRIES_MAX + 1, BLOCK_COUNT_MAX, BLOCK_COUNT_MAX + 1, UINT32_MAX, HEIGHT_MAX, HEIGHT_MAX + 1,
                LINE_INT_MAX - 1, LINE_INT_MAX, LINE_INT_MAX + 1, INT64_MAX, UINT64_MAX,
        };

        switch (arg[0] % 3) {
        case 0:
                return arg[1] | (uint64_t) arg[2] << 8;
        case 1:
                return ends[arg[1] % (sizeof(ends) / sizeof(*ends))];
        default:
                return right + arg[1] - 128;
        }
}

/* --- for libFuzzer: lines come, go, and change in one number, so that most of what comes of it means something --- */

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b, uint8_t *out, size_t max, unsigned seed);

static PeerOp some_op(Prng *prng) {
        PeerOp op = { .name = (uint8_t) prng_below(prng, _PEER_OP_MAX) };

        for (size_t i = 0; i < PEER_ARGS; i++)
                op.arg[i] = (uint8_t) (prng_below(prng, 2) == 0 ? 0 : prng_below(prng, prng_below(prng, 4) == 0 ? 256 : 24));
        return op;
}

static size_t insert_ops(PeerOp *ops, size_t n, size_t at, const PeerOp *what, size_t n_what) {
        n_what = n_what < PEER_OPS_MAX - n ? n_what : PEER_OPS_MAX - n;
        memmove(ops + at + n_what, ops + at, (n - at) * sizeof(PeerOp));
        memcpy(ops + at, what, n_what * sizeof(PeerOp));
        return n + n_what;
}

static void change_number(PeerOp *op, Prng *prng) {
        uint8_t *arg = op->arg + prng_below(prng, prng_below(prng, 3) == 0 ? PEER_ARGS : 4);

        switch (prng_below(prng, 4)) {
        case 0:
                *arg = (uint8_t) prng_below(prng, 256);
                break;
        case 1:
                *arg = (uint8_t) (*arg + (prng_below(prng, 2) == 0 ? 1 : 255));
                break;
        default:
                *arg = (uint8_t) prng_below(prng, 24);
        }
}

static size_t mutate_once(PeerOp *ops, size_t n, Prng *prng) {
        PeerOp some[8];
        size_t at, k;

        if (n == 0 || prng_below(prng, 4) == 0) {
                some[0] = some_op(prng);
                return insert_ops(ops, n, n > 0 ? prng_below(prng, n + 1) : 0, some, 1);
        }
        at = prng_below(prng, n);
        switch (prng_below(prng, 7)) {
        case 0:         /* some go */
                k = 1 + prng_below(prng, n - at < 4 ? n - at : 4);
                memmove(ops + at, ops + at + k, (n - at - k) * sizeof(PeerOp));
                return n - k;
        case 1:         /* some come again elsewhere */
                k = 1 + prng_below(prng, n - at < 8 ? n - at : 8);
                memcpy(some, ops + at, k * sizeof(PeerOp));
                return insert_ops(ops, n, prng_below(prng, n + 1), some, k);
        case 2: {
                size_t other = prng_below(prng, n);

                some[0] = ops[at];
                ops[at] = ops[other];
                ops[other] = some[0];
                return n;
        }
        case 3:
                ops[at].name = (uint8_t) prng_below(prng, _PEER_OP_MAX);
                return n;
        default:
                change_number(ops + at, prng);
                return n;
        }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed) {
        static PeerOp ops[PEER_OPS_MAX];
        size_t n_ops = peer_program_read(ops, (const char *) data, n);
        Prng prng;

        prng_seed(&prng, seed);
        for (uint64_t i = 1 + prng_below(&prng, 4); i > 0; i--)
                n_ops = mutate_once(ops, n_ops, &prng);
        return peer_program_write(ops, n_ops, (char *) data, max);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b, uint8_t *out, size_t max, unsigned seed) {
        static PeerOp ops[PEER_OPS_MAX], others[PEER_OPS_MAX];
        size_t n = peer_program_read(ops, (const char *) a, n_a), n_others = peer_program_read(others, (const char *) b, n_b);
        size_t from, k;
        Prng prng;

        prng_seed(&prng, seed);
        if (n_others > 0) {
                from = prng_below(&prng, n_others);
                k = 1 + prng_below(&prng, n_others - from);
                n = insert_ops(ops, n, prng_below(&prng, n + 1), others + from, k);
        }
        return peer_program_write(ops, n, (char *) out, max);
}
