/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "blocks.h"
#include "run.h"

/* What must hold of authorities, up to a third of whom lie: nobody honest signs two things that exclude each other; whoever does
 * and is seen to, stands in evidence; the network goes on in time; no leader can keep a vote out; what a liar sends is kept within
 * bounds. */
typedef struct CheckQuorum CheckQuorum;

void check_quorum_begin(Run *r);
void check_quorum_done(Run *r);
void check_quorum_on_send(Host *h, const NodeEffect *fx);       /* of an honest one */
void check_quorum_on_frame(Host *from, Host *to, LinkId link, const char *data, size_t n);      /* it is about to be read */
void check_quorum_on_commit(Host *h);
void check_quorum_on_started(Host *h);
void check_quorum_on_stopped(Host *h);
void check_quorum_on_evidence(Host *h, const NodeEffect *fx);   /* what it logs */
void check_quorum_on_final(Host *h, const KnownBlock *b);       /* called so for the first time */
void check_quorum_each_second(Run *r);
