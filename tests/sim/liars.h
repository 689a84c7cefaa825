/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "run.h"

/* Hosts that speak the protocol, and lie. */
void liars_plan(Run *r);
void liars_done(Run *r);
