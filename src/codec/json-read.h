/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/json.h"

/* The object that text is, which was scanned: it is exactly one, well-formed, at most LINE_DEPTH_MAX deep, its strings UTF-8 and
 * its numbers whole and small. jansson's own parser is not asked, since it does not look whether the string that it reads has
 * grown: without memory a byte is missing, and it may read and write past the end.
 * 0; V_FORM: a key stands twice in an object, the second time at *ret_at; -ENOMEM. */
_must_check_ int json_read(Json **ret, const char *text, size_t *ret_at);
