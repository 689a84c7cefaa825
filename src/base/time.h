/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/why.h"

uint64_t now_usec(void);                /* CLOCK_MONOTONIC */
uint64_t now_realtime_sec(void);        /* seconds since 1970, UTC: the ledger's unit */

#define FORMAT_TIME_MAX 32
#define FORMAT_SPAN_MAX 48
/* "2027-04-01 09:00:00 UTC", in a buffer of the caller's: format_time((char[FORMAT_TIME_MAX]) {}, t). */
const char* format_time(char buf[static FORMAT_TIME_MAX], uint64_t sec);
/* The two largest units that are not zero: "3 min 20 s", "2 d 4 h", "0 s"; below a second "120 ms". */
const char* format_span(char buf[static FORMAT_SPAN_MAX], uint64_t usec);

/* A time as people write it: `2027-04-01 09:00[:30] ZONE`, with ZONE UTC or a name of the tz database
 * such as Europe/Berlin; `2027-04-01T09:00:00Z`; `+10min`, from now on; `@1234567`, seconds since 1970; `now`.
 * A zone must be said. An hour that a zone skips or has twice is refused. 0, or V_FORM with why. Not thread-safe: it
 * sets TZ for a moment. */
_must_check_ int parse_time(const char *text, uint64_t now, uint64_t *ret, Why *why);
/* `90`, `10min`, `1h 30min`, `2 days`: seconds, with s, min, h, d, w and their long forms. 0, or V_FORM with why. */
_must_check_ int parse_span(const char *text, uint64_t *ret, Why *why);
