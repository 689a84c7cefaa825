/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/time.h"

uint64_t now_usec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);      /* cannot fail with a clock that exists */
        return (uint64_t) t.tv_sec * USEC_PER_SEC + (uint64_t) t.tv_nsec / 1000;
}

uint64_t now_realtime_sec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_REALTIME, &t);
        return t.tv_sec < 0 ? 0 : (uint64_t) t.tv_sec;
}

const char* format_time(char buf[static FORMAT_TIME_MAX], uint64_t sec) {
        time_t t = (time_t) sec;
        struct tm tm;

        /* beyond the year 9999, which times of the ledger may name: as they are written in lines */
        if (sec > UINT64_C(253402300799) || !gmtime_r(&t, &tm))
                (void) snprintf(buf, FORMAT_TIME_MAX, "@%" PRIu64, sec);
        else
                (void) strftime(buf, FORMAT_TIME_MAX, "%Y-%m-%d %H:%M:%S UTC", &tm);
        return buf;
}

const char* format_span(char buf[static FORMAT_SPAN_MAX], uint64_t usec) {
        static const struct {
                const char *name;
                uint64_t sec;
        } units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
        uint64_t sec = usec / USEC_PER_SEC;
        size_t i = 0;

        if (usec == USEC_INFINITY)
                return memcpy(buf, "never", sizeof("never"));
        if (usec > 0 && sec == 0) {
                if (usec >= USEC_PER_MSEC)
                        (void) snprintf(buf, FORMAT_SPAN_MAX, "%" PRIu64 " ms", usec / USEC_PER_MSEC);
                else
                        (void) snprintf(buf, FORMAT_SPAN_MAX, "%" PRIu64 " us", usec);
                return buf;
        }

        while (i < ELEMENTSOF(units) - 1 && sec < units[i].sec)
                i++;
        if (i + 1 < ELEMENTSOF(units) && sec % units[i].sec / units[i + 1].sec > 0)
                (void) snprintf(buf, FORMAT_SPAN_MAX, "%" PRIu64 " %s %" PRIu64 " %s", sec / units[i].sec, units[i].name,
                        sec % units[i].sec / units[i + 1].sec, units[i + 1].name);
        else
                (void) snprintf(buf, FORMAT_SPAN_MAX, "%" PRIu64 " %s", sec / units[i].sec, units[i].name);
        return buf;
}

/* --- what people write --- */

#define SEC_MAX UINT64_C(253402300799)          /* the end of the year 9999 */
#define ZONEINFO "/usr/share/zoneinfo/"

static const char* skip_blanks(const char *s) {
        return s + strspn(s, " \t");
}

/* Digits to *ret; the rest of s, or NULL: no digit first, or more than limit. */
static const char* read_number(const char *s, uint64_t limit, uint64_t *ret) {
        uint64_t v = 0;

        if (*s < '0' || *s > '9')
                return NULL;
        for (; *s >= '0' && *s <= '9'; s++)
                if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t) (*s - '0'), &v) || v > limit)
                        return NULL;
        *ret = v;
        return s;
}

int parse_span(const char *text, uint64_t *ret, Why *why) {
        static const struct {
                const char *names;      /* " name name " */
                uint64_t sec;
        } units[] = {
                { " s sec second seconds ", 1 },
                { " min minute minutes ", 60 },
                { " h hour hours ", 3600 },
                { " d day days ", 86400 },
                { " w week weeks ", 604800 },
        };
        static const char expected[] = "expected a span of time such as 90, 10min, 1h 30min or 2 days";
        const char *s = skip_blanks(text);
        uint64_t sum = 0;

        if (!*s)
                return why_set(why, V_FORM, "no text, %s", expected);

        while (*s) {
                uint64_t v, factor = 0;
                char name[16];
                size_t n;

                s = read_number(s, SEC_MAX, &v);
                if (!s)
                        return why_set(why, V_FORM, "\"%s\" is no span of time, %s", text, expected);
                s = skip_blanks(s);

                n = strspn(s, "abcdefghijklmnopqrstuvwxyz");
                if (n == 0 && (*s || sum > 0))
                        return why_set(why, V_FORM, "\"%s\" lacks a unit, %s", text, expected);
                if (n == 0)
                        factor = 1;
                (void) snprintf(name, sizeof(name), " %.*s ", (int) MIN(n, sizeof(name) - 3), s);
                for (size_t i = 0; i < ELEMENTSOF(units) && factor == 0; i++)
                        if (strstr(units[i].names, name))
                                factor = units[i].sec;
                if (factor == 0)
                        return why_set(why, V_FORM, "\"%.*s\" is no unit of time, expected s, min, h, d or w", (int) MIN(n, (size_t) 40), s);
                s = skip_blanks(s + n);

                if (__builtin_mul_overflow(v, factor, &v) || __builtin_add_overflow(sum, v, &sum) || sum > SEC_MAX)
                        return why_set(why, V_FORM, "\"%s\" is longer than any time that can be written", text);
        }
        *ret = sum;
        return 0;
}

static bool zone_exists(const char *zone) {
        _cleanup_free_ char *path = NULL;
        char magic[4] = {};
        bool yes;
        FILE *f;

        /* a name below the database, not a way out of it */
        if (!*zone || zone[0] == '/' || zone[0] == '.' || strstr(zone, "..") || strlen(zone) > 64 ||
                zone[strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/")] != 0)
                return false;
        if (asprintf(&path, ZONEINFO "%s", zone) < 0) {
                path = NULL;
                return false;
        }

        f = fopen(path, "re");
        if (!f)
                return false;
        yes = fread(magic, 1, sizeof(magic), f) == sizeof(magic) && memcmp(magic, "TZif", sizeof(magic)) == 0;
        (void) fclose(f);
        return yes;
}

/* Whether t reads as local in the zone of the moment. */
static bool reads_as(time_t t, const struct tm *local) {
        struct tm tm;

        return localtime_r(&t, &tm) && tm.tm_year == local->tm_year && tm.tm_mon == local->tm_mon && tm.tm_mday == local->tm_mday &&
                tm.tm_hour == local->tm_hour && tm.tm_min == local->tm_min && tm.tm_sec == local->tm_sec;
}

static long offset_at(time_t t) {
        struct tm tm;

        return localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
}

/* The times that read as local there: 0 (skipped), 1 or 2 (an hour that comes twice) of them. */
static unsigned times_in_zone(const struct tm *local, const char *zone, time_t ret[static 2]) {
        _cleanup_free_ char *before = NULL;
        struct tm tm = *local;
        const char *tz;
        unsigned n = 0;
        time_t utc;

        tz = getenv("TZ");
        if (tz)
                before = strdup(tz);
        (void) setenv("TZ", zone, 1);
        tzset();

        utc = timegm(&tm);
        for (int side = -1; side <= 1; side += 2) {
                time_t t = utc - offset_at(utc + side * 86400);

                if (reads_as(t, local) && (n == 0 || t != ret[0]))
                        ret[n++] = t;
        }

        if (before)
                (void) setenv("TZ", before, 1);
        else
                (void) unsetenv("TZ");
        tzset();
        return n;
}

static bool date_exists(const struct tm *date) {
        struct tm tm = *date;

        return timegm(&tm) >= 0 && tm.tm_year == date->tm_year && tm.tm_mon == date->tm_mon && tm.tm_mday == date->tm_mday &&
                tm.tm_hour == date->tm_hour && tm.tm_min == date->tm_min && tm.tm_sec == date->tm_sec;
}

/* "2027-04-01 09:00[:30]": the rest of s, or NULL. */
static const char* read_date(const char *s, struct tm *ret) {
        uint64_t v[6] = {};
        static const char *const ends[] = { "-", "-", " T", ":", ":", "" };
        size_t i;

        for (i = 0; i < 6; i++) {
                const char *digits = s;

                s = read_number(s, 9999, &v[i]);
                if (!s || s - digits != (i == 0 ? 4 : 2))
                        return NULL;
                if (i >= 4 && *s != ':')
                        break;
                if (i == 5)
                        break;
                if (!*s || !strchr(ends[i], *s))
                        return NULL;
                s++;
        }
        *ret = (struct tm) {
                .tm_year = (int) v[0] - 1900, .tm_mon = (int) v[1] - 1, .tm_mday = (int) v[2],
                .tm_hour = (int) v[3], .tm_min = (int) v[4], .tm_sec = (int) v[5],
        };
        return s;
}

int parse_time(const char *text, uint64_t now, uint64_t *ret, Why *why) {
        static const char expected[] = "expected a time such as 2027-04-01 09:00 Europe/Berlin, 2027-04-01 09:00 UTC, +10min or @1806570000";
        const char *s = skip_blanks(text), *end;
        char zone[72];
        time_t times[2];
        struct tm date;
        uint64_t v;
        size_t n;
        int r;

        if (streq(s, "now")) {
                *ret = now;
                return 0;
        }
        if (*s == '+') {
                r = parse_span(s + 1, &v, why);
                if (r != 0)
                        return r;
                if (__builtin_add_overflow(now, v, &v) || v > SEC_MAX)
                        return why_set(why, V_FORM, "\"%s\" is beyond the year 9999", text);
                *ret = v;
                return 0;
        }
        if (*s == '@') {
                end = read_number(s + 1, SEC_MAX, &v);
                if (!end || *skip_blanks(end))
                        return why_set(why, V_FORM, "\"%s\" is no time: expected seconds since 1970 behind the @", text);
                *ret = v;
                return 0;
        }

        s = read_date(s, &date);
        if (!s)
                return why_set(why, V_FORM, "\"%s\" is no time, %s", text, expected);
        if (!date_exists(&date))
                return why_set(why, V_FORM, "\"%s\" is a date or an hour that no calendar has", text);

        s = skip_blanks(s);
        n = strcspn(s, " \t");
        if (n == 0)
                return why_set(why, V_FORM, "\"%s\" says no zone: put UTC or a name such as Europe/Berlin behind it", text);
        if (n >= sizeof(zone) || *skip_blanks(s + n))
                return why_set(why, V_FORM, "\"%s\" has more than a date, an hour and a zone, %s", text, expected);
        memcpy(zone, s, n);
        zone[n] = 0;

        if (streq(zone, "UTC") || streq(zone, "Z")) {
                *ret = (uint64_t) timegm(&date);
                return 0;
        }
        if (!zone_exists(zone))
                return why_set(why, V_FORM, "\"%s\" is no time zone that this system knows: expected UTC or a name such as Europe/Berlin "
                        "(timedatectl list-timezones)", zone);

        switch (times_in_zone(&date, zone, times)) {

        case 0:
                return why_set(why, V_FORM, "\"%s\": the clocks of %s skip that hour; take another, or say it in UTC", text, zone);

        case 1:
                if (times[0] < 0)
                        return why_set(why, V_FORM, "\"%s\" is before 1970", text);
                *ret = (uint64_t) times[0];
                return 0;

        default:
                return why_set(why, V_FORM, "\"%s\": the clocks of %s show that hour twice; take another, or say it in UTC", text, zone);
        }
}
