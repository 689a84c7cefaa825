/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "consensus/pow-retarget.h"
#include "run.h"

#define CREATED UINT64_C(1700000000)

/* A chain from block 1 (blocks[0]) on. */
typedef struct TestBlock {
        uint64_t time, difficulty;
        uint32_t count;
} TestBlock;

static PowConfig config(uint64_t difficulty, uint64_t interval, unsigned confirmations) {
        return (PowConfig) { .difficulty = difficulty, .interval = interval, .confirmations = confirmations };
}

/* What the engine does: ancestors, newest first, as long as they are wanted. */
static uint64_t next(const PowConfig *c, const TestBlock *blocks, size_t n) {
        static PowPast past;

        pow_past_init(&past, CREATED);
        for (size_t i = n; i > 0 && pow_past_wants(&past, c); i--)
                pow_past_add(&past, i, blocks[i - 1].time, blocks[i - 1].difficulty, blocks[i - 1].count);
        return pow_next_difficulty(c, &past);
}

/* The sentence of the specification, word by word, over the whole chain. */
static uint64_t naive(const PowConfig *c, const TestBlock *blocks, size_t height) {
        size_t window = height < 16 ? height : 16;
        __extension__ unsigned __int128 difficulties = 0, result;
        uint64_t gaps = 0, last;

        if (height == 0)
                return c->difficulty;
        for (size_t h = height - window + 1; h <= height; h++) {
                uint64_t parent_time = h == 1 ? CREATED : blocks[h - 2].time;
                int64_t g = (int64_t) (blocks[h - 1].time - parent_time);
                size_t run = 0;

                for (size_t p = h - 1; p >= 1 && blocks[p - 1].count == 0 && run < c->confirmations; p--)
                        run++;
                if (run == c->confirmations)
                        g = (int64_t) c->interval;
                if (g < (int64_t) (c->interval / 4))
                        g = (int64_t) (c->interval / 4);
                if (g < 1)
                        g = 1;
                if (g > (int64_t) (4 * c->interval))
                        g = (int64_t) (4 * c->interval);
                gaps += (uint64_t) g;
                difficulties += blocks[h - 1].difficulty;
        }
        last = blocks[height - 1].difficulty;
        ck_assert(gaps > 0);
        result = difficulties * c->interval / gaps;
        if (result > (__extension__ (unsigned __int128) 4) * last)
                result = (__extension__ (unsigned __int128) 4) * last;
        if (result < last / 4)
                result = last / 4;
        if (result < 1)
                result = 1;
        if (result > (UINT64_C(1) << 53) - 1)
                result = (UINT64_C(1) << 53) - 1;
        return (uint64_t) result;
}

/* n blocks of one difficulty, each gap seconds after the one before. */
static void fill(TestBlock *blocks, size_t n, uint64_t difficulty, uint64_t gap, uint32_t count) {
        for (size_t i = 0; i < n; i++)
                blocks[i] = (TestBlock) { .time = CREATED + (i + 1) * gap, .difficulty = difficulty, .count = count };
}

START_TEST(block_1_has_the_genesis_difficulty) {
        PowConfig c = config(12345, 10, 6);

        ck_assert_uint_eq(next(&c, NULL, 0), 12345);
}
END_TEST

START_TEST(blocks_on_time_leave_the_difficulty) {
        PowConfig c = config(1000, 10, 6);
        TestBlock blocks[40];

        fill(blocks, 40, 1000, 10, 1);
        for (size_t n = 1; n <= 40; n++)
                ck_assert_uint_eq(next(&c, blocks, n), 1000);
}
END_TEST

START_TEST(blocks_twice_as_fast_double_it) {
        PowConfig c = config(1000, 10, 6);
        TestBlock blocks[20];

        fill(blocks, 20, 1000, 5, 1);
        ck_assert_uint_eq(next(&c, blocks, 20), 2000);
        fill(blocks, 20, 1000, 20, 1);
        ck_assert_uint_eq(next(&c, blocks, 20), 500);
}
END_TEST

START_TEST(only_the_last_16_blocks_count) {
        PowConfig c = config(1000, 10, 6);
        TestBlock blocks[32];

        fill(blocks, 32, 1000, 10, 1);
        for (size_t i = 0; i < 15; i++) {       /* the gaps of blocks 1 to 15; that of 16 is another from here on */
                blocks[i].time = CREATED + 3 * (i + 1);
                blocks[i].difficulty = 77;
        }
        blocks[15].time = blocks[16].time - 10;
        ck_assert_uint_eq(next(&c, blocks, 32), 1000);
        blocks[16].difficulty = 1000 + 160;     /* the oldest of the window */
        ck_assert_uint_eq(next(&c, blocks, 32), 1010);
}
END_TEST

START_TEST(first_gap_is_to_the_genesis) {
        PowConfig c = config(1000, 10, 6);
        TestBlock b = { .time = CREATED + 20, .difficulty = 1000, .count = 1 };

        ck_assert_uint_eq(next(&c, &b, 1), 500);
}
END_TEST

typedef struct ClipCase {
        const char *name;
        uint64_t interval, gap, counts_as;
} ClipCase;

static const ClipCase clip_cases[] = {
        { "no time at all",         40, 0,      10  },
        { "less than a quarter",    40, 9,      10  },
        { "a quarter",              40, 10,     10  },
        { "more than a quarter",    40, 11,     11  },
        { "four times",             40, 160,    160 },
        { "more than four times",   40, 161,    160 },
        { "a year",                 40, 31536000, 160 },
        { "least of interval 1",    1,  0,      1   },
        { "quarter rounded down",   7,  0,      1   },
        { "most of interval 1",     1,  5,      4   },
};

START_TEST(gap_is_clipped) {
        const ClipCase *k = &clip_cases[_i];
        PowConfig c = config(1000, k->interval, 6);
        TestBlock blocks[2] = {
                { .time = CREATED + k->interval, .difficulty = 1000000, .count = 1 },
                { .time = CREATED + k->interval + k->gap, .difficulty = 1000000, .count = 1 },
        };

        ck_assert_msg(next(&c, blocks, 2) == 2000000 * k->interval / (k->interval + k->counts_as), "%s: %" PRIu64, k->name, next(&c, blocks, 2));
}
END_TEST

START_TEST(difficulty_changes_by_a_factor_4_at_most) {
        PowConfig c = config(1000, 40, 6);
        TestBlock blocks[16];

        /* Old blocks were hard, the last one is easy: the mean is far above it. */
        fill(blocks, 16, 1000000, 10, 1);
        blocks[15].difficulty = 1000;
        ck_assert_uint_eq(next(&c, blocks, 16), 4000);
        /* And the other way round. */
        fill(blocks, 16, 1000, 160, 1);
        blocks[15].difficulty = 1000003;
        ck_assert_uint_eq(next(&c, blocks, 16), 250000);
}
END_TEST

START_TEST(difficulty_stays_within_1_and_2_to_the_53) {
        PowConfig c = config(1, 40, 6);
        TestBlock blocks[16];
        uint64_t most = (UINT64_C(1) << 53) - 1;

        fill(blocks, 16, 1, 160, 1);
        ck_assert_uint_eq(next(&c, blocks, 16), 1);
        fill(blocks, 16, most, 10, 1);
        ck_assert_uint_eq(next(&c, blocks, 16), most);

        /* Sums beyond 64 bits. */
        c.interval = 3600;
        fill(blocks, 16, most, 3600, 1);
        ck_assert_uint_eq(next(&c, blocks, 16), most);
        fill(blocks, 16, most, 7200, 1);
        ck_assert_uint_eq(next(&c, blocks, 16), most / 2);
}
END_TEST

START_TEST(gap_after_an_idle_run_counts_as_interval) {
        PowConfig c = config(1000, 10, 6);
        TestBlock blocks[20];

        fill(blocks, 20, 1000, 10, 1);
        for (size_t i = 0; i < 6; i++)
                blocks[11 + i].count = 0;       /* blocks 12 to 17 */
        for (size_t i = 17; i < 20; i++)
                blocks[i].time += 1000000;      /* block 18 comes much later */
        ck_assert_uint_eq(next(&c, blocks, 18), 1000);
        ck_assert_uint_eq(next(&c, blocks, 20), 1000);

        /* A run of one less says nothing. */
        blocks[11].count = 1;
        ck_assert_uint_eq(next(&c, blocks, 18), 1000 * 160 / (150 + 40));
        blocks[11].count = 0;

        /* Nor does a run that does not end at the parent. */
        blocks[16].count = 1;
        ck_assert_uint_eq(next(&c, blocks, 18), 1000 * 160 / (150 + 40));
}
END_TEST

START_TEST(idle_run_is_seen_from_before_the_window) {
        PowConfig c = config(1000, 10, 6);
        TestBlock blocks[40];

        /* The oldest gap of the window, that of block 25, follows on blocks 19 to 24. */
        fill(blocks, 40, 1000, 10, 1);
        for (size_t i = 18; i < 24; i++)
                blocks[i].count = 0;
        for (size_t i = 24; i < 40; i++)
                blocks[i].time += 1000000;
        ck_assert_uint_eq(next(&c, blocks, 40), 1000);
        blocks[18].count = 1;
        ck_assert_uint_eq(next(&c, blocks, 40), 1000 * 160 / (150 + 40));
}
END_TEST

START_TEST(chain_that_begins_idle_is_seen) {
        PowConfig c = config(1000, 10, 2);
        TestBlock blocks[3] = {
                { CREATED + 10, 1000, 0 },
                { CREATED + 20, 1000, 0 },
                { CREATED + 9000, 1000, 1 },
        };

        ck_assert_uint_eq(next(&c, blocks, 3), 1000);
        c.confirmations = 3;
        ck_assert_uint_eq(next(&c, blocks, 3), 500);
}
END_TEST

static uint64_t xorshift(uint64_t *x) {
        *x ^= *x << 13;
        *x ^= *x >> 7;
        *x ^= *x << 17;
        return *x;
}

START_TEST(random_chains_agree_with_the_naive_reading) {
        uint64_t seed = UINT64_C(0x9e3779b97f4a7c15) + (uint64_t) _i;
        PowConfig c = config(1 + xorshift(&seed) % 100000, 1 + xorshift(&seed) % 60, 1 + (unsigned) (xorshift(&seed) % 30));
        TestBlock blocks[300];
        uint64_t time = CREATED, emptiness = xorshift(&seed) % 10;

        for (size_t i = 0; i < ELEMENTSOF(blocks); i++) {
                uint64_t d = next(&c, blocks, i);

                ck_assert_msg(d == naive(&c, blocks, i), "seed %d, height %zu: %" PRIu64 ", expected %" PRIu64, _i, i, d, naive(&c, blocks, i));
                time += xorshift(&seed) % 7 == 0 ? xorshift(&seed) % 10000 : xorshift(&seed) % (3 * c.interval);
                blocks[i] = (TestBlock) { .time = time, .difficulty = d, .count = xorshift(&seed) % 10 >= emptiness };
        }
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, block_1_has_the_genesis_difficulty);
        tcase_add_test(t, blocks_on_time_leave_the_difficulty);
        tcase_add_test(t, blocks_twice_as_fast_double_it);
        tcase_add_test(t, only_the_last_16_blocks_count);
        tcase_add_test(t, first_gap_is_to_the_genesis);
        tcase_add_loop_test(t, gap_is_clipped, 0, ELEMENTSOF(clip_cases));
        tcase_add_test(t, difficulty_changes_by_a_factor_4_at_most);
        tcase_add_test(t, difficulty_stays_within_1_and_2_to_the_53);
        tcase_add_test(t, gap_after_an_idle_run_counts_as_interval);
        tcase_add_test(t, idle_run_is_seen_from_before_the_window);
        tcase_add_test(t, chain_that_begins_idle_is_seen);
        tcase_add_loop_test(t, random_chains_agree_with_the_naive_reading, 0, 50);
}

int main(void) {
        return run_suite("pow-retarget", add);
}
