/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "election/definition.h"
#include "election/roll.h"

/* What sealing asks of an election (DESIGN 5): which methods, which numbers a ballot proves itself
 * to hold, how large it is, and on which rolls its sum gives nobody away. No cryptography here. */

/* Whether q can be sealed: a method that sums, scores of at most SEALED_SCORE_MAX. 0 or V_DEFINITION
 * with why. */
_must_check_ int sealed_question_check(const Question *q, Why *why);

/* What depends on the rolls: no sum can exceed SEALED_SUM_MAX, and each weight is held by at least
 * d->least voters, since a sum of rare weights can be taken apart, or d says that it is exposed.
 * Returns 0, V_DEFINITION with why, or -ENOMEM. */
_must_check_ int sealed_rolls_check(const Definition *d, const RollSet *rolls, Why *why);

/* Numbers from min to max, and 0 if zero is set: what is proved of an encrypted number. */
typedef struct AllowedValues {
        uint32_t min, max;
        bool zero;                              /* min is above 0 then */
} AllowedValues;

#define ALLOWED_VALUES_MAX (OPTIONS_MAX + 1)    /* of the sum of OPTIONS_MAX options */

/* What an option of a sealed ballot may add: 0 up to something. */
AllowedValues sealed_option_values(const Question *q);
/* What its options may add up to. False: anything, so that there is no such proof. */
bool sealed_total_values(const Question *q, bool blank, AllowedValues *ret);
size_t allowed_values_n(const AllowedValues *v);
/* Ascending, into room for allowed_values_n(). */
void allowed_values_list(const AllowedValues *v, uint32_t *ret);

/* The canonical {"sealed":[...]} of the election: all its ballots have that many bytes. */
size_t sealed_form_bytes(const Definition *d);
