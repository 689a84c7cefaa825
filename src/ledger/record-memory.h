/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/record.h"

/* A record in memory, for the simulator. 0, -ENOMEM. */
_must_check_ int record_memory_new(Record **ret);
void record_memory_crash(Record *r);            /* drops what was not committed, as a power cut does */
