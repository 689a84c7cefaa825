/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"

void random_bytes(void *ret, size_t n);         /* from the system's generator */
uint64_t random_u64(void);
