/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "election/ballot.h"

/* Choices as people write them (--choice, and at the terminal). An option is named by its number
 * (from 0, as the ledger counts), by "#number", by its text, or by its text in double quotes.
 *      plurality    Alice
 *      approval     Alice, Carol
 *      score        Alice=7, Bob=3     who is not named gets 0; or a number per option: 7,3,0
 *      schulze      Carol, Alice=Bob   earlier is better, "=" ties, ">" may stand for ","
 *      stv          Carol, Alice       earlier is better
 * "-" or nothing is a blank choice. */

/* *ret is the choice as it stands in a ballot; whether the election allows it is for ballot_check()
 * to say. Returns 0, V_BALLOT with why, -ENOMEM. */
_must_check_ int choice_parse(Json **ret, const Question *q, const char *text, Why *why);

/* One line for people: `Carol, then Alice = Bob`. */
void choice_describe(Buf *ret, const Question *q, Choice c);

/* How to write a choice of this question, one line: what the terminal asks with. */
void choice_hint(Buf *ret, const Question *q, bool blank);
