/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"

/* base64url without padding (RFC 4648, 5). */
#define BASE64_LEN(n) (((n) * 4 + 2) / 3)
void base64_encode(char *ret, const void *p, size_t n);         /* BASE64_LEN(n) characters and a NUL */
/* Decodes exactly n bytes from text_n characters. V_FORM: another length, a foreign character,
 * padding, or unused bits that are not zero (one value has one encoding). */
_must_check_ int base64_decode(void *ret, size_t n, const char *text, size_t text_n);
