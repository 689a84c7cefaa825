/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/id.h"

/* Lower-case hex. hex_encode writes 2 * n digits and a NUL. */
void hex_encode(char *ret, const void *p, size_t n);
/* Exactly 2 * n lower-case digits (text_n of them), or V_FORM. */
_must_check_ int hex_decode(void *ret, size_t n, const char *text, size_t text_n);

/* The id or key as text, in a buffer of the caller's: id_hex(&id, (char[ID_HEX]) {}). */
const char* id_hex(const Id *id, char buf[static ID_HEX]);
const char* key_hex(const Key *key, char buf[static ID_HEX]);
_must_check_ int id_from_hex(Id *ret, const char *text);        /* 64 digits, or V_FORM */
_must_check_ int key_from_hex(Key *ret, const char *text);      /* likewise; says nothing of the key's validity */
