/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What was computed from secrets and may be branched upon all the same, since it tells nothing (that a scalar is not 0, that a
 * product was computed). tests/unit/crypto/constant-time.c builds these files with VOTED_MEMCHECK and has valgrind watch
 * everything else. */
#if defined(VOTED_MEMCHECK) && __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define declassify(p, n) ((void) VALGRIND_MAKE_MEM_DEFINED((p), (n)))
#else
#define declassify(p, n) ((void) (p), (void) (n))
#endif
