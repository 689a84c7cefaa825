/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "election/method.h"

/* What plurality, approval and score share: the highest sums win (voted-election(5)). */
size_t sums_n_cells(const Question *q);
uint32_t sums_cell_one(const Question *q);      /* of a method where an option is named or not */
/* Elects the q->seats options of the highest sums; what is tied across the line is settled by the
 * lot (place) or named. Adds "seats", "sums" and "order". */
_must_check_ int sums_finish(const Question *q, const Tally *t, const uint16_t *place,
        QuestionResult *r);
