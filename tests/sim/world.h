/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <limits.h>
#include <stdio.h>

#include "base/prng.h"
#include "disk.h"
#include "memo.h"
#include "node/peer.h"
#include "node/tracker.h"
#include "queue.h"

/* A world of many nodes in virtual time (DESIGN 7, 14): hosts that run the daemon's own state
 * machines, wires between them, one seed that decides all that is left to chance. Same setup, same
 * trace. Nothing here knows what the nodes say to one another; what must hold is looked after by
 * whoever hands in hooks (check.h), what goes wrong is arranged by faults.h.
 *
 *      queue.c  what will happen        wire.c     connections         host.c  a node and its shell
 *      disk.c   a host's store          memo.c     signatures          world.c time, chance, trace
 *
 * A mistake in a test ends the program: there is nothing to recover. */

#define WORLD_WALL_SEC UINT64_C(1800000000)     /* the true time when a world begins, since 1970 */
#define WORLD_HOSTS_MAX 128U

typedef struct Host Host;
typedef struct Wire Wire;

typedef enum HostRole {
        HOST_TRACKER,
        HOST_PEER,
        HOST_PUPPET,            /* no node: on_event() of whoever plays it */
} HostRole;

/* When the power goes: now, or at the next commit. */
typedef enum CrashPoint {
        CRASH_NEVER,
        CRASH_BEFORE_COMMIT,
        CRASH_BETWEEN_COMMITS,  /* the record is durable, the ledger is not */
        CRASH_AFTER_COMMIT,     /* durable, but nothing of the turn has left */
} CrashPoint;

typedef struct HostSetup {
        HostRole role;
        unsigned key;                   /* fixture_secret() of that number */
        int64_t clock_off_sec;          /* its wall clock is that far ahead */
        bool mine;
        bool authority;                 /* it has a record */
        uint32_t tries_per_sec;         /* of its miner */
        const PeerEndpoint *fixed;      /* copied */
        size_t n_fixed;
        void (*on_event)(Host *h, const NodeEvent *ev);         /* puppet */
        /* A node that does not do as it says: what leaves, and what comes, before it does. True: it does not. */
        bool (*on_send)(Host *h, const NodeEffect *fx);
        bool (*on_frame)(Host *h, NodeEvent *ev);
        void *puppet;                   /* of these */
} HostSetup;

typedef void (*AnswerFn)(Host *h, void *userdata, const NodeEffect *fx);

typedef struct Call {           /* a local user's request that is not answered for good yet */
        uint64_t request;
        AnswerFn fn;
        void *userdata;
} Call;

typedef struct Checking {       /* signatures that are being checked */
        uint64_t token;
        SigCheck *checks;
        size_t n_checks;
} Checking;

typedef struct HostBan {
        Key key;
        char host[64];
        uint64_t until_usec;
} HostBan;

struct Host {
        World *world;
        unsigned number;
        HostSetup setup;
        PeerEndpoint *fixed;
        char address[64];
        uint16_t port;
        const SecretKey *identity;
        Key key;

        bool up, honest;
        unsigned life;          /* counts its starts */
        uint64_t boot_usec;     /* the monotonic clock's start, for this life */
        Disk *disk;
        Peer *peer;
        Tracker *tracker;
        bool fatal;

        NodeEffects pending;
        bool turn_armed, carrying;
        CrashPoint crash_at;
        uint64_t wake_usec, wake_serial;

        bool mining;
        Id mine_id;
        uint64_t mine_difficulty, mine_serial;

        Checking *checkings;
        size_t n_checkings;
        uint64_t verify_free_usec;      /* when its cores have time again */
        Call *calls;
        size_t n_calls, allocated_calls;
        uint64_t requests;
        HostBan *bans;
        size_t n_bans;
};

typedef struct WorldHooks {     /* any may be NULL */
        void (*after_turn)(Host *h);
        void (*on_commit)(Host *h);             /* it succeeded; nothing of the turn has left */
        void (*on_send)(Host *h, const NodeEffect *fx);
        void (*on_log)(Host *h, const NodeEffect *fx);
        void (*on_ban)(Host *h, const NodeEffect *fx);
        void (*on_dial)(Host *h, const NodeEffect *fx);
        void (*on_close)(Host *h, const NodeEffect *fx);
        void (*on_frame)(Host *from, Host *to, LinkId link, const char *data, size_t n);        /* about to be read */
        void (*on_started)(Host *h);
        void (*on_stopped)(Host *h);            /* crashed; the disk has forgotten already */
} WorldHooks;

typedef struct WorldSetup {     /* zeros are defaults */
        uint64_t seed;
        const Genesis *genesis;         /* outlives the world */
        uint64_t latency_usec;          /* of a direction, drawn once: up to that; 2 ms */
        uint64_t jitter_usec;           /* on top, drawn for each frame: up to that */
        uint64_t bytes_per_sec;         /* of a direction of a link; 4 MB */
        uint32_t loss_per_million;      /* of frames: they come later, the link waits */
        uint32_t death_per_million;     /* of frames: the link breaks */
        uint64_t turn_usec;             /* events of up to that long are one turn; 0: each is its own */
        uint64_t cut_commit;            /* at the commit of that number the power goes everywhere; 0: never */
        CrashPoint cut_point;
        uint64_t starve;                /* in one of so many steps of a node, and starts, an allocation fails; 0: in none */
        bool no_memo;
        FILE *trace;                    /* NULL: none */
        WorldHooks hooks;
        void *userdata;                 /* whoever uses the hooks */
} WorldSetup;

struct World {
        WorldSetup setup;
        Prng prng, hunger;      /* hunger: which allocations fail */
        Queue queue;
        uint64_t now_usec, n_steps, n_commits, n_starved;
        const Genesis *genesis;
        Memo *memo;

        Host *hosts[WORLD_HOSTS_MAX];
        unsigned n_hosts;
        bool blocked[WORLD_HOSTS_MAX][WORLD_HOSTS_MAX];         /* from, to */
        Wire **wires;           /* by number; NULL: gone */
        size_t n_wires, allocated_wires;

        PeerEndpoint trackers[8];
        size_t n_trackers;

        struct Errand **errands;        /* errand.h */
        size_t n_errands, allocated_errands;

        uint64_t trace_hash;
        bool failed;
        char invariant[64], failure[2048];
};

/* --- world.c --- */
World* world_new(const WorldSetup *setup);
World* world_free(World *w);
DEFINE_CLEANUP(World*, world_free)
/* The next thing happens. False: nothing is planned. */
bool world_step(World *w);
/* Until that time, or until an invariant is broken. */
void world_run(World *w, uint64_t until_usec);
void world_at(World *w, uint64_t at_usec, const char *name, HappenFn fn, uint64_t a, uint64_t b);
uint64_t world_below(World *w, uint64_t bound);         /* chance: 0 .. bound - 1; 0 for 0 */
bool world_chance(World *w, uint32_t per_million);
/* Exponentially distributed, of that mean, in integers: the same on every machine. */
uint64_t world_exponential(World *w, uint64_t mean);
uint64_t world_wall_sec(const World *w);                /* the true time */
/* An allocation of what follows may fail, until world_eat(), which says whether one did. */
void world_starve(World *w);
bool world_eat(World *w);
/* Of all peers at once, silently; they start again a few seconds later. */
void world_cut_power(World *w);
/* Goes into the trace's hash, and is printed if that is wanted. */
void world_note(World *w, const char *what, uint64_t a, uint64_t b, const void *p, size_t n);
/* The first broken invariant ends the run. */
void world_fail(World *w, const char *invariant, const char *format, ...) _printf_(3, 4);
_noreturn_ void world_die(const char *what, int r);

/* --- host.c --- */
Host* world_add_host(World *w, const HostSetup *setup);        /* down; a tracker is known to all peers */
void host_start(Host *h);
/* A node that had no memory ends, and is started again. */
void host_starved(Host *h);
/* The power goes. silent: the far sides of its links are not told, and have to find out. */
void host_crash(Host *h, bool silent);
void host_crash_at(Host *h, CrashPoint point);         /* and silently */
void host_stop(Host *h);                               /* in order: NODE_EV_STOP, then down */
void host_event(Host *h, NodeEvent *ev);               /* sets the clocks; carries out what follows */
uint64_t host_wall_sec(const Host *h);                 /* by its clock */
/* A local user hands in a line, or waits for an entry. The answers come to fn, none after a crash. */
uint64_t host_submit(Host *h, const char *line, size_t n, AnswerFn fn, void *userdata);
uint64_t host_watch(Host *h, const Id *id, AnswerFn fn, void *userdata);
void host_cancel(Host *h, uint64_t request);
Host* world_host_of_key(const World *w, const Key *key);
Host* world_host_at(const World *w, const char *address, uint16_t port /* 0: any */);
bool host_bans(const Host *h, const Key *key, const char *address);

/* --- wire.c --- */
#define LATE_USEC_MAX   (1600 * USEC_PER_MSEC)  /* of a frame that was lost once */
typedef struct Parcel Parcel;   /* a frame on its way */
struct Parcel {
        Parcel *next;
        char *data;
        size_t n;
        NodeLane lane;
        uint64_t at_usec;       /* when it arrives */
};

typedef struct Parcels {
        Parcel *first, *last;
        size_t bytes;
} Parcels;

typedef struct Pipe {           /* one direction of a wire */
        Parcels lanes[_LANE_MAX];
        Parcels flight;         /* left, not read yet, in order */
        size_t unread;          /* bytes of it, and of what was read and not acknowledged */
        size_t unacknowledged;
        Parcel *sending;        /* on its way to the kernel */
        bool arriving, paused, closing;
        bool over_half;         /* the sync lane was over half its bound */
        uint64_t arrival_usec;  /* of the last frame that left */
        uint64_t stalled_usec;  /* since when nothing gets through, 0: it does */
        unsigned tries;
} Pipe;

struct Wire {                   /* a connection with its handshake done, or under way */
        uint64_t number;
        unsigned host[2], life[2];      /* [0] dialled */
        uint64_t dial;
        Key expected;
        bool up[2];             /* its node was told of it, and not yet of its end */
        bool broken;            /* nothing travels any more */
        Pipe pipe[2];           /* [s]: what side s sends */
};

void wire_dial(Host *h, uint64_t token, const NodeAddress *address, const Key *expected);
void wire_send(Host *h, LinkId link, NodeLane lane, char *data, size_t n);      /* takes data over */
void wire_close(Host *h, LinkId link, const char *reason);
void wire_pause(Host *h, LinkId link, bool pause);
void wires_host_down(Host *h, bool silent);
void wires_ban(Host *h);                                /* closes what it bans */
Host* wire_far(const World *w, LinkId link);            /* NULL: gone */
bool wire_is_up(const World *w, LinkId link);
LinkId wire_between(const World *w, unsigned from, unsigned to);         /* from's side; 0: none */
size_t wire_queued(const World *w, LinkId link);        /* bytes, from this side */
/* Whether frames of from reach to. Both directions: twice. */
void world_block(World *w, unsigned from, unsigned to, bool blocked);
/* Which hosts can talk over one link at least, both sides of which are up. */
void world_links(const World *w, bool ret[WORLD_HOSTS_MAX][WORLD_HOSTS_MAX]);
void wires_done(World *w);
