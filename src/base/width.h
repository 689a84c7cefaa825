/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"

/* Columns that a code point takes on a terminal: 0 (combining marks), 2 (East Asian wide), otherwise 1. The same in
 * every locale, which wcwidth() is not. */
unsigned codepoint_width(uint32_t c);
