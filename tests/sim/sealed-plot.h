/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "run.h"

/* A run whose first election is sealed: three trustees, of whom two open it and one is silent in the end, or one is silent from the beginning. */

/* Draws whether it is so, without a draw of the run's own: what else happens stays as it was. */
bool sealed_plot_draw(const RunOptions *o);
void sealed_plot_begin(Run *r);         /* before the plan: the board's secrets */
void sealed_plot_end(Run *r);
/* The board's entries are handed in from now on; the election can name it. */
void sealed_plot_post(Run *r);
/* The members of the election, and of a vote, that differ: text with ' for ", malloc'ed. */
char* sealed_plot_election(const Run *r);
char* sealed_plot_ballot(Run *r, const RunElection *el, unsigned voter, uint32_t seq, unsigned choice);
/* In the end: where a trustee was silent, h says so. */
void sealed_plot_check(Run *r, Host *h);
/* Whether k is one of the trustees. */
bool sealed_plot_is_trustee(const Run *r, const Key *k);
