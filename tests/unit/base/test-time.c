/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "base/prng.h"
#include "base/time.h"

#include "../help.h"

static const char* shown(uint64_t t) {
        static char buf[FORMAT_TIME_MAX];

        return format_time(buf, t);
}

START_TEST(the_clocks_run) {
        uint64_t a = now_usec(), b = now_usec();

        ck_assert(a > 0 && b >= a);
        ck_assert(now_realtime_sec() > UINT64_C(1700000000));
}
END_TEST

START_TEST(times_and_spans_are_shown_for_people) {
        static const struct {
                uint64_t usec;
                const char *text;
        } spans[] = {
                { 0, "0 s" }, { 1, "1 us" }, { 1000, "1 ms" }, { 999999, "999 ms" }, { USEC_PER_SEC, "1 s" }, { 59 * USEC_PER_SEC + 5, "59 s" }, { 60 * USEC_PER_SEC, "1 min" },
                { 200 * USEC_PER_SEC, "3 min 20 s" }, { 3600 * USEC_PER_SEC, "1 h" }, { 3601 * USEC_PER_SEC, "1 h" }, { 187200 * USEC_PER_SEC, "2 d 4 h" },
                { 400 * 86400 * USEC_PER_SEC, "400 d" }, { USEC_INFINITY, "never" }, { USEC_INFINITY - 1, "213503982 d 8 h" },
        };

        ck_assert_str_eq(shown(0), "1970-01-01 00:00:00 UTC");
        ck_assert_str_eq(shown(1806570000), "2027-04-01 09:00:00 UTC");
        ck_assert_str_eq(shown(UINT64_C(253402300799)), "9999-12-31 23:59:59 UTC");
        ck_assert_str_eq(shown(UINT64_C(253402300800)), "@253402300800");
        ck_assert_str_eq(shown(UINT64_MAX), "@18446744073709551615");
        for (size_t i = 0; i < ELEMENTSOF(spans); i++)
                ck_assert_str_eq(format_span((char[FORMAT_SPAN_MAX]) {}, spans[i].usec), spans[i].text);
}
END_TEST

START_TEST(times_are_read_as_people_write_them) {
        static const struct {
                const char *text, *expected;
        } cases[] = {
                { "2027-04-01 09:00 UTC", "2027-04-01 09:00:00 UTC" }, { " 2027-04-01  09:00 UTC", NULL }, { "2027-04-01 09:00:30 UTC", "2027-04-01 09:00:30 UTC" },
                { "2027-04-01T09:00:00Z", "2027-04-01 09:00:00 UTC" }, { "2027-04-01 09:00 Europe/Berlin", "2027-04-01 07:00:00 UTC" }, { "2027-01-01 09:00 Europe/Berlin", "2027-01-01 08:00:00 UTC" },
                { "2028-02-29 00:00 UTC", "2028-02-29 00:00:00 UTC" }, { "2060-07-01 09:00 America/New_York", "2060-07-01 13:00:00 UTC" }, { "2027-06-01 12:00 Asia/Kathmandu", "2027-06-01 06:15:00 UTC" },
                { "2027-04-01 09:00 Etc/GMT+5", "2027-04-01 14:00:00 UTC" }, { "2027-03-28 01:59 Europe/Berlin", "2027-03-28 00:59:00 UTC" }, { "2027-03-28 03:00 Europe/Berlin", "2027-03-28 01:00:00 UTC" },
                { "2027-10-31 01:59 Europe/Berlin", "2027-10-30 23:59:00 UTC" }, { "2027-10-31 03:00 Europe/Berlin", "2027-10-31 02:00:00 UTC" },
                { "@0", "1970-01-01 00:00:00 UTC" }, { "@1806570000", "2027-04-01 09:00:00 UTC" }, { "now", "2001-09-09 01:46:40 UTC" }, { "+10min", "2001-09-09 01:56:40 UTC" }, { "+1h 30min", "2001-09-09 03:16:40 UTC" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Why why = {};
                uint64_t t;
                int r;

                r = parse_time(cases[i].text, 1000000000, &t, &why);
                if (!cases[i].expected) {
                        ck_assert_msg(r == V_FORM, "%s", cases[i].text);
                        continue;
                }
                ck_assert_msg(r == 0, "%s: %s", cases[i].text, why.text);
                ck_assert_msg(streq(shown(t), cases[i].expected), "%s is %s, expected %s", cases[i].text, shown(t), cases[i].expected);
        }
}
END_TEST

START_TEST(what_is_no_time_is_refused_with_what_to_do) {
        static const struct {
                const char *text, *why;
        } cases[] = {
                { "", "expected a time such as" }, { "tomorrow", "expected a time such as" }, { "2027-04-01", "expected a time such as" }, { "2027-4-1 9:00 UTC", "expected a time such as" }, { "27-04-01 09:00 UTC", "expected a time such as" },
                { "2027-04-01 09:00", "says no zone" }, { "2027-04-01 09:00:30", "says no zone" }, { "2027-02-29 09:00 UTC", "no calendar has" }, { "2027-13-01 09:00 UTC", "no calendar has" }, { "2027-04-00 09:00 UTC", "no calendar has" },
                { "2027-04-01 24:00 UTC", "no calendar has" }, { "2027-04-01 09:60 UTC", "no calendar has" }, { "1969-12-31 09:00 UTC", "no calendar has" }, { "2027-04-01 09:00 Europe/Berln", "no time zone" }, { "2027-04-01 09:00 CEST", "no time zone" },
                { "2027-04-01 09:00 ../../../etc/passwd", "no time zone" }, { "2027-04-01 09:00 /etc/localtime", "no time zone" }, { "2027-04-01 09:00 Europe", "no time zone" }, { "2027-04-01 09:00 zone.tab", "no time zone" }, { "2027-04-01 09:00 UTC now", "more than" },
                { "2027-03-28 02:30 Europe/Berlin", "skip" }, { "2027-10-31 02:30 Europe/Berlin", "twice" }, { "@", "seconds since 1970" }, { "@-1", "seconds since 1970" }, { "@1x", "seconds since 1970" }, { "@99999999999999999999999", "seconds since 1970" },
                { "+", "expected a span" }, { "+10 parsecs", "no unit" }, { "+99999999999w", "longer than" }, { "+253402300799s", "9999" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t t = 7;
                Why why = {};

                ck_assert_msg(parse_time(cases[i].text, 1000000000, &t, &why) == V_FORM, "\"%s\" is a time", cases[i].text);
                ck_assert_msg(strstr(why.text, cases[i].why), "\"%s\": %s", cases[i].text, why.text);
                ck_assert(t == 7);
        }
}
END_TEST

START_TEST(a_zone_is_tried_without_changing_this_programs_own) {
        uint64_t t;

        (void) setenv("TZ", "Asia/Tokyo", 1);
        ck_assert_int_eq(parse_time("2027-04-01 09:00 Europe/Berlin", 0, &t, NULL), 0);
        ck_assert_str_eq(getenv("TZ"), "Asia/Tokyo");
        (void) unsetenv("TZ");
        ck_assert_int_eq(parse_time("2027-04-01 09:00 Europe/Berlin", 0, &t, NULL), 0);
        ck_assert_ptr_null(getenv("TZ"));
}
END_TEST

START_TEST(spans_are_sums_of_units) {
        static const struct {
                const char *text;
                uint64_t sec;
        } good[] = { { "0", 0 }, { "90", 90 }, { "90s", 90 }, { "10min", 600 }, { "1h 30min", 5400 }, { "1h30min", 5400 }, { "2 days", 172800 }, { "1 week 1 d", 691200 }, { " 5 sec ", 5 } };
        static const char *const bad[] = { "", " ", "x", "-1", "1.5h", "10 20", "1h 30", "5 lightyears", "5 mi", "99999999999999999999", "min", "1 sec sec" };
        uint64_t v;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                ck_assert_msg(parse_span(good[i].text, &v, NULL) == 0, "%s", good[i].text);
                ck_assert_msg(v == good[i].sec, "%s", good[i].text);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                Why why = {};

                ck_assert_msg(parse_span(bad[i], &v, &why) == V_FORM, "\"%s\"", bad[i]);
                ck_assert_str_ne(why.text, "");
        }
}
END_TEST

/* A seed is a bug report: it must mean the same for ever. Values of splitmix64 and xoshiro256** by a second program. */
START_TEST(a_seed_gives_its_numbers) {
        Prng a, b;
        uint64_t first;

        a = (Prng) { { 1, 2, 3, 4 } };
        ck_assert(prng_u64(&a) == UINT64_C(11520));
        ck_assert(prng_u64(&a) == UINT64_C(0));
        ck_assert(prng_u64(&a) == UINT64_C(1509978240));
        ck_assert(prng_u64(&a) == UINT64_C(1215971899390074240));

        prng_seed(&a, 0);
        ck_assert(a.s[0] == UINT64_C(0xe220a8397b1dcdaf) && a.s[1] == UINT64_C(0x6e789e6aa1b965f4) &&
                a.s[2] == UINT64_C(0x06c45d188009454f) && a.s[3] == UINT64_C(0xf88bb8a8724c81ec));

        prng_seed(&a, 7);
        prng_seed(&b, 7);
        first = prng_u64(&a);
        ck_assert(first == prng_u64(&b));
        prng_seed(&b, 8);
        ck_assert(first != prng_u64(&b));
}
END_TEST

START_TEST(numbers_below_a_bound_are_even) {
        unsigned counts[7] = {}, yes = 0;
        Prng p;

        prng_seed(&p, 1);
        for (unsigned i = 0; i < 70000; i++) {
                uint64_t v = prng_below(&p, 7);

                ck_assert(v < 7);
                counts[v]++;
        }
        for (unsigned i = 0; i < 7; i++)
                ck_assert(counts[i] > 9500 && counts[i] < 10500);

        /* a bound that leaves a third of all numbers over */
        for (unsigned i = 0; i < 1000; i++)
                ck_assert(prng_below(&p, UINT64_C(3) << 62) < UINT64_C(3) << 62);
        for (unsigned i = 0; i < 100; i++)
                ck_assert(prng_below(&p, 1) == 0);

        for (unsigned i = 0; i < 100000; i++)
                yes += prng_chance(&p, 250000);
        ck_assert(yes > 24000 && yes < 26000);
        ck_assert(!prng_chance(&p, 0));
        ck_assert(prng_chance(&p, 1000000));
}
END_TEST

TEST_MAIN("time", the_clocks_run, times_and_spans_are_shown_for_people, times_are_read_as_people_write_them,
        what_is_no_time_is_refused_with_what_to_do, a_zone_is_tried_without_changing_this_programs_own, spans_are_sums_of_units,
        a_seed_gives_its_numbers, numbers_below_a_bound_are_even)
