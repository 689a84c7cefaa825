/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "base/why.h"
#include "codec/json.h"

/* Varlink on the wire (https://varlink.org/Method-Call): JSON objects, each ended by a NUL byte. */

/* Takes the first whole message off the front of in. 0: *ret is the object; -EAGAIN: none is complete yet; V_FORM (not a
 * JSON object of bounded depth and size), V_SIZE (longer than CTL_MESSAGE_BYTES_MAX) with why; -ENOMEM.
 * Members that are null are taken for absent ones. */
_must_check_ int wire_take(Buf *in, size_t bytes_max, Json **ret, Why *why);
/* Appends o and its NUL. */
_must_check_ int wire_put(Buf *out, const Json *o);

/* Reading is bounded before jansson allocates: depth and number of values by one scan. */
#define WIRE_DEPTH_MAX 16
#define WIRE_VALUES_MAX 100000
