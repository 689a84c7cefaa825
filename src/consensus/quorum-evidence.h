/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/quorum-statement.h"

/* Proof that an authority lied, for anybody who has the genesis:
 * {"first":{statement},"kind":"evidence","second":{statement}}, both signed by it, in the order of their lines. */

/* Whether no honest authority says both: two proposals, endorsements or finalizes of one view for different blocks, or skip and
 * finalize of one view. Endorse and skip, or endorse A and finalize B, are honest; so is saying a thing twice. */
bool quorum_statements_convict(const QuorumStatement *a, const QuorumStatement *b);
/* Appends the line. They convict. 0 or -ENOMEM. */
_must_check_ int quorum_evidence_format(const QuorumStatement *a, const QuorumStatement *b, const QuorumConfig *c, Buf *ret);
/* Everything but whether the two signatures are valid: those are in checks. 0, V_FORM, V_SIZE, V_PROTOCOL (it convicts nobody),
 * -ENOMEM. */
_must_check_ int quorum_evidence_judge(const QuorumConfig *c, const Id *network, const char *line, size_t n, Key *ret_key,
                SigCheck checks[static 2], Why *why);
/* The row of the engine's table. */
int quorum_evidence(const Json *config, const Id *network, const char *line, size_t n, Key *ret_key, SigCheck checks[static 2],
                Why *why);
