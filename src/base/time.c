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
