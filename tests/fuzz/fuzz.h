/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One input. Linked with libFuzzer (configure --enable-fuzzers CC=clang), or with replay.c, which runs over files: so make
 * check replays the corpus without a fuzzer. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What must hold whatever the input. */
#define fuzz_check(x)                                                                           \
        do {                                                                                    \
                if (!(x)) {                                                                     \
                        (void) fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #x); \
                        __builtin_trap();                                                       \
                }                                                                               \
        } while (0)
