/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "base/id.h"

/* Threads that look for nonces, at idle priority where the system lets them (DESIGN 4, pow). They sleep while there is no
 * work: an idle network burns no CPU. */
typedef struct Miner Miner;

/* fn runs on the event loop's thread. 0, -ENOMEM, errno of sd-event or pthread. */
_must_check_ int miner_new(Miner **ret, sd_event *event, unsigned threads /* 0: one per core */,
                void (*fn)(void *userdata, const Id *block, uint64_t nonce), void *userdata);
Miner* miner_free(Miner *m);            /* waits for its threads */
DEFINE_CLEANUP(Miner*, miner_free)
void miner_work(Miner *m, const Id *block, uint64_t difficulty);        /* replaces the work of before */
void miner_rest(Miner *m);
uint64_t miner_rate(const Miner *m);    /* hashes a second while it last worked; 0: has not yet */
bool miner_is_idle_priority(const Miner *m);
