/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "election/ballot.h"

/* Distinct orders of preference and the weight behind each. 16 bytes a paper, 2 a preference, and
 * 4 to 16 of table. */
typedef struct Papers Papers;

_must_check_ int papers_new(Papers **ret);      /* 0 or -ENOMEM */
Papers* papers_free(Papers *p);                 /* NULL is fine; returns NULL */
DEFINE_CLEANUP(Papers*, papers_free)

/* order has at least one option; the caller keeps the sum of weights within WEIGHT_SUM_MAX. Returns
 * 0, -EOVERFLOW (2^32 distinct papers or preferences) or -ENOMEM. */
_must_check_ int papers_add(Papers *p, Choice order, uint64_t weight);

size_t papers_size(const Papers *p);
/* Paper i, in the order of first arrival. */
Choice papers_at(const Papers *p, size_t i, uint64_t *ret_weight);
