/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"

/* Allocations that fail. The programs that use this link with $(memory_flags), so that what libvoted and the program itself ask
 * for passes by here, and may fail, and libsodium's guarded memory; jansson's is counted, from memory_watch() on. One thread. */

void memory_watch(void);
/* The n-th allocation from now on fails (from 1), and, if `on`, all behind it. */
void memory_fail(uint64_t n, bool on);
/* No more fail. Whether one did. */
bool memory_ease(void);
/* Allocations that are not freed. */
int64_t memory_held(void);
/* Where the one that failed was asked for, to standard error. */
void memory_where(void);
