/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "votectl/votectl.h"

/* A table a family, each in its file. */
extern const CtlVerb verbs_node[], verbs_authority[], verbs_evidence[], verbs_network[], verbs_key[], verbs_roll[], verbs_election[],
        verbs_admin[], verbs_vote[], verbs_receipt[], verbs_results[], verbs_ledger[],
        verbs_verify[], verbs_board[], verbs_trustee[], verbs_ballot[];

/* Options that several families have. */
#define OPTION_NO_WAIT { "no-wait", 0, NULL, false, "Do not wait until it is final" }
#define OPTION_END     { NULL, 0, NULL, false, NULL }
