/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "node/peer.h"
#include "node/tracker.h"

/* Many nodes in one process, in virtual time, on a network that delays, loses, repeats and swaps frames and falls apart;
 * everything that happens follows from one seed. The nodes are the daemon's own state machines; this is the shell around
 * them: it carries out their effects. Needs no libcheck: what cannot go wrong aborts when it does.
 *
 * Nodes are numbers from 0 in the order of their making. Each has a host of its own, "n0", "n1", ..., and listens on port
 * WORLD_PORT. */

typedef struct World World;

#define WORLD_PORT      8001
#define WORLD_NODES_MAX 256U

typedef struct WorldSetup {
        const Genesis *genesis;         /* of peers that have no other */
        uint64_t seed;
        uint64_t start_sec;             /* the wall clock at the beginning */
        uint64_t delay_usec, jitter_usec;       /* of a frame: delay .. delay + jitter */
        uint32_t loss, repeat, swap;    /* of a million frames: lost, delivered twice, overtaking others */
        bool check_each;                /* no memory of signatures that were checked before */
} WorldSetup;

World* world_new(const WorldSetup *setup);
World* world_free(World *w);
DEFINE_CLEANUP(World*, world_free)
void world_set_faults(World *w, uint32_t loss, uint32_t repeat, uint32_t swap);

/* --- nodes --- */

typedef struct WorldPeer {
        const Genesis *genesis;         /* NULL: the world's */
        unsigned trackers[4];           /* nodes; those that are trackers */
        unsigned n_trackers;
        unsigned fixed[8];              /* Connect= */
        unsigned n_fixed;
        uint64_t hashes_per_sec;        /* 0: it does not mine */
        int64_t clock_off_sec;
        unsigned outbound_max, inbound_max;     /* 0: 8, 128 */
} WorldPeer;

unsigned world_add_tracker(World *w);
unsigned world_add_peer(World *w, const WorldPeer *setup);
/* A node that a test plays: it is told what a shell is told, and says what it likes. It may dial and be dialled. */
typedef void (*world_puppet_fn)(World *w, unsigned node, const NodeEvent *ev, void *userdata);
unsigned world_add_puppet(World *w, world_puppet_fn fn, void *userdata);

void world_start(World *w, unsigned node);      /* also after a stop or a crash: its store is what it was */
void world_stop(World *w, unsigned node);       /* orderly */
void world_crash(World *w, unsigned node);      /* what was not committed is lost */
bool world_runs(const World *w, unsigned node);
Peer* world_peer(World *w, unsigned node);      /* NULL: it does not run, or is none */
Tracker* world_tracker(World *w, unsigned node);
Store* world_store(World *w, unsigned node);
const Key* world_key(const World *w, unsigned node);
size_t world_n(const World *w);

/* --- the network --- */

/* What a sends to b is lost, and dials from a find nobody, until it is undone. One way. */
void world_cut(World *w, unsigned a, unsigned b, bool cut);
/* Both ways between the nodes whose bit is set in side and all others. */
void world_partition(World *w, uint64_t side, bool cut);
/* Commits of that node fail with this errno (0: succeed again). */
void world_fail_commits(World *w, unsigned node, int error);

/* For puppets: a frame to whom link leads, which is taken as it is; a dial, answered by LINK_UP or DIAL_FAILED. */
void world_send(World *w, unsigned node, LinkId link, const char *data, size_t n);
void world_dial(World *w, unsigned node, unsigned to, uint64_t dial);
void world_close(World *w, unsigned node, LinkId link);

/* Every frame that is delivered, before it is. */
typedef void (*world_tap_fn)(void *userdata, unsigned from, unsigned to, const char *data, size_t n);
void world_set_tap(World *w, world_tap_fn fn, void *userdata);

/* --- local users: numbers of requests are the world's --- */

uint64_t world_submit(World *w, unsigned node, const char *line, size_t n);
uint64_t world_watch(World *w, unsigned node, const Id *entry);
uint64_t world_import(World *w, unsigned node, const char *data, size_t n);
typedef struct WorldReply {     /* the last one to that request */
        unsigned n;             /* how many there were */
        int verdict;
        bool more;
        const Json *json;
        const char *text;
} WorldReply;
void world_reply(const World *w, uint64_t request, WorldReply *ret);
void world_reload(World *w, unsigned node, const WorldPeer *setup);

/* --- time --- */

uint64_t world_now(const World *w);             /* usec since the beginning */
uint64_t world_now_sec(const World *w);         /* the wall clock of who has the right time */
bool world_step(World *w);                      /* the next thing that happens; false: nothing ever will */
void world_run(World *w, uint64_t usec);
/* Until fn says so; false: the time is over before. Asked after everything that happens. */
typedef bool (*world_until_fn)(World *w, void *userdata);
bool world_run_until(World *w, uint64_t usec_max, world_until_fn fn, void *userdata);

/* --- looking --- */

Id world_trace(const World *w);                 /* a hash of all effects and their times */
unsigned world_count_log(const World *w, unsigned node, NodeMessage message);
uint64_t world_sent_bytes(const World *w, unsigned from, unsigned to);
uint64_t world_wakes(const World *w, unsigned node);    /* TICKs so far */
bool world_is_paused(World *w, unsigned node, unsigned from);       /* node reads no link with from */
bool world_banned(const World *w, unsigned node, unsigned whom);        /* node has banned whom */
void world_set_verbose(World *w, bool verbose); /* effects of LOG to standard error */
