/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/queue.h>

#include "base/prng.h"
#include "node/items.h"
#include "node/peer.h"
#include "proto/message.h"
#include "voted/limits.h"

/* What the parts of a peer are made of; peer-internal.h has the peer itself and who does what. */

#define BEAT_USEC               (KEEPALIVE_SEC * USEC_PER_SEC)
#define HELLO_USEC              (10 * USEC_PER_SEC)
#define FLUSH_USEC              (20 * USEC_PER_MSEC)    /* announcements of that time are one message */
#define ASK_DELAY_USEC          (150 * USEC_PER_MSEC)   /* the line itself may be on its way from its first peer */
#define VOTES_USEC              (5 * USEC_PER_SEC)      /* how long one waits for an answer */
#define INFO_USEC               (10 * USEC_PER_SEC)
#define BLOCKS_USEC             (20 * USEC_PER_SEC)
#define COMMIT_RETRY_USEC       (10 * USEC_PER_SEC)
#define CLOCK_OFF_SEC           30
#define WANTS_MAX               65536U
#define WANTS_PER_LINK_MAX      16384U
#define CHECKS_PER_LINK_MAX     4096U   /* signatures under way of one link's lines: above, it is not read */
#define CHECKS_MAX              16384U  /* of all */
#define DRAFTS_MAX              (SIDE_HEADERS_MAX + 256U)
#define DRAFTS_SYNC_MAX         1024U   /* while it downloads */
#define DRAFT_BYTES_MAX         (32U << 20)     /* bodies on their way to the chain */
#define BRANCH_BYTES_MAX        (256U << 20)    /* a branch that wins has to be at hand as a whole */

typedef struct Contact {        /* book.c */
        Key key;                /* zero: not known yet */
        NodeAddress address;
        bool fixed;             /* Connect= */
        bool met;               /* there was a link with it */
        bool self, foreign;     /* ourselves; of another network or version */
        uint32_t listed;        /* a bit for each tracker that lists it */
        uint64_t seen_sec;
        unsigned fails, n_let_down;     /* n_let_down: PeerLink's, while it is not linked */
        uint64_t next_usec;     /* not dialled before */
        uint64_t dial;          /* the dial under way, 0: none */
} Contact;

typedef struct Serving {        /* a request whose answer waits for the one before it to be sent */
        char *frame;
        size_t n;
} Serving;
#define SERVING_MAX 4U

typedef struct Allowance {      /* a bucket that fills with time */
        int64_t left;
        uint64_t since_usec;
} Allowance;

typedef struct PeerLink {
        LinkId id;
        unsigned slot;
        bool inbound, up, client, paused;
        Key key;
        NodeAddress address;    /* as observed; the port is the one it listens on, once it said so */
        Contact *contact;       /* NULL: a client, or inbound and not up yet */
        char agent[AGENT_BYTES_MAX + 1];
        uint64_t since_usec, since_sec, heard_usec, rtt_usec;
        uint64_t sent_bytes, received_bytes;

        uint64_t height, final; /* as it claims */
        Id tip;
        char work[WORK_TEXT_BYTES_MAX + 1];

        unsigned penalty;
        Allowance messages, waste;
        uint64_t resume_usec;   /* it wasted our time: not read before */

        unsigned n_wants, n_checks;
        bool serving;           /* an answer of the sync lane is on its way */
        Serving queue[SERVING_MAX];
        unsigned n_queue;

        uint64_t no_sync_usec, blocks_usec;     /* not asked for blocks before; how long it is given */
        unsigned n_let_down;    /* runs that it led nowhere, since it gave us something */
        uint64_t n_connected;   /* blocks that it gave us and we connected */
        uint64_t sync_off;      /* the sync run whose branch it is not on */
} PeerLink;

typedef enum TrackerPhase {
        TRACKER_WAITING,        /* until next_usec */
        TRACKER_DIALLING,
        TRACKER_REGISTERING,
        TRACKER_REGISTERED,
        TRACKER_REFUSED,        /* likewise until next_usec, but it said no */
} TrackerPhase;

typedef struct TrackerLink {
        PeerEndpoint endpoint;
        TrackerPhase phase;
        LinkId link;
        uint64_t dial, next_usec, ttl_usec;
        uint64_t answer_usec;   /* an answer is awaited until then, 0: none is */
        uint64_t version;       /* of the list that we have */
        uint64_t behind;        /* version that we had when the tracker last said that it has a newer one */
        bool asked;             /* for the list */
        unsigned fails;
        bool lost;              /* said so in the log */
        char text[192];
} TrackerLink;

typedef enum RequestType {
        REQUEST_CERTIFICATES,
        REQUEST_INFO,
        REQUEST_VOTES,
        REQUEST_RANGE,
        REQUEST_BLOCKS,
} RequestType;

typedef struct Request Request;
struct Request {
        uint64_t id;
        RequestType type;
        LinkId link;
        uint64_t since_usec, deadline_usec;
        bool locator;           /* INFO */
        Id *ids;                /* VOTES, BLOCKS */
        size_t n_ids;
        bool fetch;             /* BLOCKS: of one that nobody has announced, but that has a certificate */
        uint64_t from, max;     /* RANGE */
        TAILQ_ENTRY(Request) list;
};
TAILQ_HEAD(RequestList, Request);

typedef enum DraftState {
        DRAFT_SEALING,          /* its seal's signature is being checked, or its parent's */
        DRAFT_HEADER,           /* the engine has its header and does not want its bodies */
        DRAFT_WANTED,           /* bodies are fetched and checked */
        DRAFT_COMPLETE,         /* waits for its parents */
} DraftState;

typedef struct Draft Draft;
struct Draft {
        Id id;
        DraftState state;
        Block *block;           /* entries NULL until they are here and checked */
        Id *ids;                /* of its entries; NULL: not known yet */
        Item **items;           /* likewise, while WANTED and COMPLETE; each counts us in n_blocks */
        size_t n_asked, n_ready;        /* the first so many: are being checked; are checked */
        SlotSet sources;        /* links that have it */
        LinkId from;            /* who gave us the header; 0: import */
        unsigned n_seals;       /* signatures of its seal that are being checked */
        bool imported;
        bool orphan;            /* its parent was not known when its seal was looked at */
        bool known;             /* the engine has it already */
        bool wanted;            /* the engine asked for its bodies while its seal was being checked; it asks once */
        bool offered;           /* the engine was told that it is complete */
        bool proposal;          /* it has no seal yet */
        bool proposed;          /* the engine has, or had, its proposal: it is judged on its parent, whatever its seal is */
        bool judging;           /* the engine waits for VALID or INVALID */
        bool is_end;            /* of those that are complete: none stands on it */
        uint64_t serial, request, since_usec, ask_usec;
        unsigned tries;
        size_t bytes;           /* of the entries that came with it */
        Draft *next_id;         /* in its bucket */
        TAILQ_ENTRY(Draft) list;
};
TAILQ_HEAD(DraftList, Draft);
#define DRAFT_BUCKETS 1024U

typedef struct Range {          /* sync.c */
        uint64_t from, max;
        uint64_t request, hedge;        /* under way; 0: none */
        uint64_t asked_usec;
        LinkId link;            /* whose text it is */
        char *text;             /* blocks, once they are here */
        size_t n_text;
        TAILQ_ENTRY(Range) list;
} Range;
TAILQ_HEAD(RangeList, Range);

typedef struct Sync {
        uint64_t run;           /* number of the run under way, 0: none; links that are off its branch have it */
        uint64_t n_runs;
        LinkId lead;            /* whose chain it follows */
        uint64_t request;       /* INFO with the locator, under way */
        uint64_t fork;          /* height where its chain leaves ours */
        uint64_t next;          /* height to ask for next */
        uint64_t parsed;        /* up to here blocks have become drafts */
        Id first, last;         /* ids of the blocks at fork + 1 and at that height */
        uint64_t target;        /* claimed height: a hint */
        uint64_t max;           /* blocks to ask for at once */
        uint64_t since_usec;    /* when it began */
        uint64_t progress_usec; /* the last time blocks came */
        uint64_t gain_usec;     /* the last time one was connected; 0: none was */
        uint64_t excuse_usec;   /* the last time nobody was to blame that none was: they wait for a sum */
        struct RangeList ranges;
} Sync;

typedef enum CheckType {
        CHECK_ENTRY,            /* its signature */
        CHECK_KEY,              /* one of the keys that a roll entry lists */
        CHECK_SEAL,
        CHECK_MESSAGE,          /* one of the signatures of a message of the engine's own */
        CHECK_SUM,              /* no check: a slice of a sum (sums.c) */
} CheckType;

typedef struct CheckFor {
        CheckType type;
        Id id;                  /* of the entry or the block */
        uint64_t serial;        /* of the draft (another one of the same block may have another seal), or of the entry's checks, or of the message */
} CheckFor;

typedef struct Answer {         /* to get_certificates: what of it is still being checked */
        LinkId link;
        Key key;
        size_t n_left;
        bool forgotten;         /* some of it was not handed in: nothing was heard */
} Answer;

typedef struct Pending Pending; /* a message of the engine's own, or evidence, whose signatures are being checked */
struct Pending {
        uint64_t serial;
        EngineMessage *message; /* NULL: the engine that has read it is gone, or it is evidence */
        char *evidence;         /* a line; NULL */
        size_t n_evidence;
        Key convicted;          /* by that */
        LinkId link;
        Key key;
        size_t n_checks, n_left;
        bool invalid;
        Answer *answer;         /* that it is a line of; NULL */
        TAILQ_ENTRY(Pending) list;
};
TAILQ_HEAD(PendingList, Pending);

typedef struct Batch Batch;     /* of signatures that are being checked */
struct Batch {
        uint64_t token;
        CheckFor *what;
        size_t n;
        bool later;             /* nobody is in a hurry for it, and it counts for nothing */
        TAILQ_ENTRY(Batch) list;
};
TAILQ_HEAD(BatchList, Batch);

typedef struct Candidate {      /* a header that is worked on */
        Header header;
        Entry **entries;
        size_t n_entries;
} Candidate;

typedef struct Watch {
        uint64_t request;
        Id id;
        Place place;            /* 0: in no block */
        uint64_t n_switches;    /* of the chain, when that was found */
        const char *said;       /* state that was said last; NULL: nothing */
        uint64_t depth;         /* and on how many blocks */
} Watch;
#define WATCHES_MAX 8192U

typedef struct PenaltyRecord {  /* of an identity whose link may be gone */
        Key key;
        char host[sizeof((NodeAddress) {}.host)];
        unsigned points;
        uint64_t at_usec, banned_usec;
} PenaltyRecord;
#define PENALTY_RECORDS 256U
