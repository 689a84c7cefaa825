/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"

/* Whether text can be a host: a DNS name or a numeric address (IPv6 with a scope too), and nothing else, since it will
 * stand in lists, logs and files. */
bool hostname_is_valid(const char *text);
/* A numeric address of the loopback, where everybody of this host has the same one. */
bool hostname_is_loopback(const char *text);
