/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/engine.h"

/* Known authorities, finality in one round trip (DESIGN 4, `quorum`): Simplex (Chan and Pass, "Simplex Consensus: A Simple and
 * Fast Consensus Protocol", TCC 2023).
 *
 * A view has one leader and ends with a certificate:
 *
 *              proposal            q endorse                  q finalize
 *      view v ---------> endorse -----------> finalize, v + 1 -----------> final
 *         |                                      ^
 *         | 2 delta without a proposal,          | late: it moves on, and finalizes nothing
 *         | 3 delta without a certificate        |
 *         +------------> skip ---- q skip ----> v + 1
 *
 * Safety rests on the rules in quorum-rules.c alone, and on that what they look at is never forgotten. */
extern const EngineType quorum_engine;
