/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "election/method.h"

#define STV_ONE UINT64_C(100000)        /* a vote, in units of 10^-5 */
#define STV_VALUE_LEN 24                /* of a value as text, with the closing NUL */

/* "1913.00000" */
const char* stv_value_text(uint64_t value, char buf[static STV_VALUE_LEN]);
