/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* uthash, whose tables by themselves end the program where there is no memory. Here an element that found no room has a tbl of
 * NULL in its handle, and nothing else has changed: look at it after each HASH_ADD. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
