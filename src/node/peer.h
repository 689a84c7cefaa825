/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/sign.h"
#include "ledger/chain.h"
#include "ledger/pool.h"
#include "ledger/record.h"
#include "node/config.h"
#include "node/event.h"

/* The peer as a deterministic state machine: gossip, pool, sync, engine, penalties (DESIGN 6, 7). The daemon and the
 * simulator run this code. A step reads the store and may write to its open transaction; what must be durable before
 * anything leaves is asked for by NODE_FX_COMMIT. */
typedef struct Peer Peer;

typedef struct PeerSetup {
        const Genesis *genesis;         /* outlives the peer */
        Store *store;                   /* likewise; of this network, or empty */
        Record *record;                 /* likewise; NULL: there is none, so that an authority only observes */
        const SecretKey *identity;      /* likewise */
        uint64_t seed;                  /* of the generator for jitter and choices */
        const PeerConfig *config;       /* copied */
        const char *remembered;         /* NODE_FX_REMEMBER's data of the last run, or NULL */
        size_t n_remembered;
} PeerSetup;

_must_check_ int peer_new(Peer **ret, const PeerSetup *setup);
Peer* peer_free(Peer *p);
DEFINE_CLEANUP(Peer*, peer_free)
/* 0, or a negative errno that the shell cannot go on from (-ENOMEM, -EUCLEAN). Effects are appended to *ret. */
_must_check_ int peer_step(Peer *p, const NodeEvent *ev, NodeEffects *ret);

Chain* peer_chain(Peer *p);
Pool* peer_pool(Peer *p);
uint64_t peer_final_height(const Peer *p);
/* The depth at which a block is called final (pow); 0: the engine says so at once (quorum). */
unsigned peer_confirmations(const Peer *p);

/* For `votectl status`, the machine's part of GetStatus in org.voted.Peer: {"alarm":text?,"boards":[text]?,"confirmations","difficulty"?,"engine","final","height",
 * "links","pool_bytes","pool_entries","problem":text?,"syncing_to"?,"tip","tip_time","trackers":[{"address","state","text"}],"work"?}, and of an engine of authorities
 * "authorities","authority"? (this one's number),"convicted":[{"authority","key"}]?,"faults","note"?,"quorum","signing","view". -ENOMEM */
_must_check_ int peer_status(Peer *p, uint64_t now_usec, Json **ret);
/* For `votectl evidence`: [{"authority" (its number),"key","line"}], one for each authority that was caught. -ENOMEM, what the store says. */
_must_check_ int peer_evidence(Peer *p, Json **ret);
/* For `votectl peers`: [{"address","agent","direction","final","height","key","link","penalty","received_bytes","rtt_ms"?,"sent_bytes","since_sec","tip"}] */
_must_check_ int peer_links(Peer *p, Json **ret);
/* STATUS= of systemd: "pow, height 1204, 1198 final, 3 links", "quorum, height 12 final, 3 links, 4 of 4 authorities". Borrowed until the next call. */
const char* peer_status_line(Peer *p);
