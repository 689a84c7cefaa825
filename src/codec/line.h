/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/json.h"

/* A line (DESIGN 3): one JSON object in canonical form (RFC 8785), without a newline. */

/* One linear pass, no memory: that p is exactly a canonical line within our subset (objects with keys
 * [a-z0-9_]+ in ascending order and none twice, arrays, strings without forbidden characters and with
 * the escapes of RFC 8785 only, booleans, integers within +-(2^53 - 1) without leading zeros or "-0"),
 * of depth at most LINE_DEPTH_MAX, bytes_max and values_max. Returns 0, V_FORM or V_SIZE with why
 * (which names the byte offset). */
_must_check_ int line_check(const char *p, size_t n, size_t bytes_max, size_t values_max, Why *why);

/* line_check() with MESSAGE_VALUES_MAX, then the parse. The caller owns *ret. 0, V_FORM, V_SIZE or -ENOMEM. */
_must_check_ int line_parse(Json **ret, const char *p, size_t n, size_t bytes_max, Why *why);

/* JSON written by a person (an election, ballots): white space and any order are fine, otherwise the
 * same subset and bounds; duplicate keys are refused. why names line and column. */
_must_check_ int json_parse_loose(Json **ret, const char *p, size_t n, size_t bytes_max, Why *why);

/* Where the top-level member `"signature":"..."` with its one comma stands in the canonical line p:
 * what is left without [*ret_start, *ret_end) is the canonical form of the line without it.
 * V_FORM if there is none. */
_must_check_ int line_signature_span(const char *p, size_t n, size_t *ret_start, size_t *ret_end);

/* Splits the next line off a run of lines joined by '\n' (the last one has none): *p and *n move past
 * it. Returns false when nothing is left. An empty line is given out as such; a '\n' at the very end begins none. */
bool line_next(const char **p, size_t *n, const char **ret_line, size_t *ret_n);
