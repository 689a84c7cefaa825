/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/socket.h>

#include "base/buf.h"
#include "base/id.h"
#include "codec/json.h"
#include "crypto/check.h"
#include "voted/verdict.h"

/* What goes into a node (peer or tracker) and what comes out (DESIGN 7). A turn is the effects of one step. The shell
 * (src/voted/, tests/sim/) carries them out in this order: COMMIT, then SEND, CLOSE, DIAL, REPLY, VERIFY, MINE, then WAKE. A
 * failed commit comes back as NODE_EV_COMMIT_FAILED and nothing of the turn but LOG leaves. The answer to a COMMIT
 * (COMMITTED or COMMIT_FAILED) is the next event that the node sees: the peer keeps back what depends on the commit until
 * then, so that a failure loses nothing else. */

typedef uint64_t LinkId;        /* given by the shell, never used twice; 0 is none */

typedef struct NodeAddress {    /* "host" as text: a name or an address; the shell resolves */
        char host[256];
        uint16_t port;
} NodeAddress;

typedef enum NodeEventType {
        NODE_EV_START,          /* once, first */
        NODE_EV_TICK,           /* the time asked for by WAKE came (or any time earlier) */
        NODE_EV_LINK_UP,        /* handshake done: `link`, `key` proven, `address` as observed, inbound?, `dial` token if we dialled */
        NODE_EV_LINK_DOWN,      /* `link` is gone (after our CLOSE too); why in `text`, `error` > 0: a verdict on the far side */
        NODE_EV_DIAL_FAILED,    /* `dial`, why in `text` */
        NODE_EV_FRAME,          /* `link`, `data`: one whole frame */
        NODE_EV_SENT,           /* `link`: all that was queued has gone to the kernel, or the sync lane, having been over half
                                 * its bound, is below (send more now); at least one follows every SEND on a link that reads */
        NODE_EV_VERIFIED,       /* `token`: the checks of that VERIFY, answered */
        NODE_EV_SUBMIT,         /* `request`: a local user hands in the line `data`; answered by REPLY {"entry":EntryState} as in org.voted.Peer */
        NODE_EV_WATCH,          /* `request`: a REPLY {"entry":EntryState} now and at each change of state or depth of entry `id`, with `more` until it is final */
        NODE_EV_CANCEL,         /* `request` is gone */
        NODE_EV_IMPORT,         /* `request`, `data`: a piece of an export, whole lines (n_data 0: that was the last); answered
                                 * by one REPLY when its blocks are in the ledger, {"height":h}, or with the verdict */
        NODE_EV_FOUND,          /* the miner: `nonce` for block `id` */
        NODE_EV_COMMITTED,
        NODE_EV_COMMIT_FAILED,  /* `error` is a negative errno */
        NODE_EV_RELOAD,         /* configuration changed: fixed peers, trackers, mining (node/config.h) */
        NODE_EV_RECORD,         /* `record`: an authority's record was made just now; the peer goes on with it */
        NODE_EV_RESUME,         /* the operator's `authority resume` */
        NODE_EV_STOP,           /* orderly: unregister, say goodbye */
} NodeEventType;

typedef struct NodeEvent {
        NodeEventType type;
        uint64_t now_usec;      /* monotonic */
        uint64_t now_sec;       /* wall clock, since 1970 */
        LinkId link;
        bool inbound;
        uint64_t dial, token, request;
        Key key;
        NodeAddress address;
        Id id;
        uint64_t nonce;
        const char *data;       /* borrowed for the step */
        size_t n_data;
        const char *text;
        SigCheck *checks;       /* VERIFIED: answered; borrowed */
        size_t n_checks;
        int error;
        struct Record *record;  /* RECORD; outlives the peer */
        const void *config;     /* RELOAD: PeerConfig or TrackerConfig */
        uint32_t uid;           /* SUBMIT: whose allowance is charged */
} NodeEvent;

typedef enum NodeLane {
        LANE_ENGINE,            /* overflow closes the link */
        LANE_SYNC,              /* by credit */
        LANE_GOSSIP,            /* overflow drops the oldest announcement */
        _LANE_MAX,
} NodeLane;

typedef enum NodeEffectType {
        NODE_FX_COMMIT,         /* the record's commit(), if there is one, then chain_commit(), before anything else of this turn */
        NODE_FX_SEND,           /* `data` to `link` in `lane` */
        NODE_FX_CLOSE,          /* `link`, after what was sent; reason in `data`; verdict > 0: its fault */
        NODE_FX_BAN,            /* `key` and `address` until `at_usec` (refuse before the handshake); no host: the key alone */
        NODE_FX_DIAL,           /* `dial` token, `address`, `key` expected (zero: any) */
        NODE_FX_VERIFY,         /* `token`, `checks` (moved to the shell, comes back with VERIFIED) */
        NODE_FX_PAUSE,          /* `link`: read no more frames */
        NODE_FX_RESUME,
        NODE_FX_MINE,           /* `id`: block id to find a nonce for, `difficulty` */
        NODE_FX_MINE_STOP,
        NODE_FX_REPLY,          /* `request`: `json` or verdict with text in `data`; `more` */
        NODE_FX_LOG,            /* `level`, sentence in `data`, `message` names the catalog's entry */
        NODE_FX_CHANGED,        /* something that `status` shows has changed: subscribers and STATUS= */
        NODE_FX_REMEMBER,       /* peers to remember across restarts, in `data` (opaque to the shell: store as meta "peers") */
        NODE_FX_WAKE,           /* TICK at `at_usec` at the latest; the last of a turn counts */
} NodeEffectType;

typedef enum NodeMessage {      /* MESSAGE_ID= of the journal; systemd/voted.catalog has a text for each */
        NODE_MSG_NONE,
        NODE_MSG_LINK_UP,
        NODE_MSG_LINK_DOWN,
        NODE_MSG_BLOCK,
        NODE_MSG_REORGANISED,   /* below what was called final: alarm */
        NODE_MSG_BANNED,
        NODE_MSG_COMMIT_FAILED,
        NODE_MSG_COMMIT_AGAIN,
        NODE_MSG_TRACKER_LOST,
        NODE_MSG_TRACKER_BACK,
        NODE_MSG_ELECTION,      /* an election changed its phase */
        NODE_MSG_EVIDENCE,      /* an authority has signed two things that exclude each other */
        NODE_MSG_CLOCK,         /* our clock is far from what the others' blocks say */
        NODE_MSG_BOARD,         /* a board of trustees changed its phase, or came to nothing, by whose fault */
        NODE_MSG_TOO_FEW,       /* fewer authorities are in reach, or sign, than make a block final; or enough again */
        _NODE_MSG_MAX,
} NodeMessage;

typedef struct NodeEffect {
        NodeEffectType type;
        LinkId link;
        NodeLane lane;
        NodeAddress address;
        Key key;
        Id id;
        uint64_t dial, token, request, at_usec, difficulty, height;
        char *data;             /* owned by the list until the shell takes it */
        size_t n_data;
        Json *json;             /* likewise */
        SigCheck *checks;       /* likewise */
        size_t n_checks;
        int verdict, level;
        NodeMessage message;
        bool more;
        bool later;             /* VERIFY: after whatever else is to be checked */
        bool regardless;        /* SEND: also if the commit of its turn fails; nobody builds on what it says */
} NodeEffect;

typedef struct NodeEffects {
        NodeEffect *items;
        size_t n, allocated;
} NodeEffects;
void node_effects_done(NodeEffects *e);
/* Takes over data, json and checks, also when it fails. 0 or -ENOMEM. */
_must_check_ int node_effects_add(NodeEffects *e, const NodeEffect *fx);
