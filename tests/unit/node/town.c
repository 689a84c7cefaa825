/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "town.h"

#include <stdio.h>

#define START_SEC (FIXTURE_CREATED + 1000)

void town_new(Town *t, const TownSetup *setup) {
        TownSetup s = setup ? *setup : (TownSetup) {};

        s.seed = s.seed ? s.seed : 1;
        s.n_peers = s.n_peers ? s.n_peers : 4;
        s.n_miners = s.n_miners ? s.n_miners : 2;
        s.n_voters = s.n_voters ? s.n_voters : 20;
        s.confirmations = s.confirmations ? s.confirmations : 2;
        s.hashes_per_sec = s.hashes_per_sec ? s.hashes_per_sec : 100;
        s.interval = s.interval ? s.interval : 2;
        s.difficulty = s.difficulty ? s.difficulty : s.interval * s.hashes_per_sec * s.n_miners;
        s.delay_usec = s.delay_usec ? s.delay_usec : 20 * USEC_PER_MSEC;
        s.jitter_usec = s.jitter_usec ? s.jitter_usec : 20 * USEC_PER_MSEC;

        *t = (Town) { .setup = s };
        t->genesis = fixture_genesis(&(FixtureSetup) { .difficulty = s.difficulty,
                        .interval = s.interval,
                        .confirmations = s.confirmations,
                        .revotes = s.revotes,
                        .block_bytes = s.block_bytes,
                        .entry_bytes = s.entry_bytes });
        t->w = world_new(&(WorldSetup) { .genesis = t->genesis,
                        .seed = s.seed,
                        .start_sec = START_SEC,
                        .delay_usec = s.delay_usec,
                        .jitter_usec = s.jitter_usec,
                        .check_each = s.check_each });
        t->tracker = world_add_tracker(t->w);
        world_start(t->w, t->tracker);
        for (unsigned i = 0; i < s.n_peers; i++) {
                t->peers[i] = world_add_peer(t->w,
                                &(WorldPeer) { .trackers = { t->tracker },
                                                .n_trackers = 1,
                                                .hashes_per_sec = i < s.n_miners ? s.hashes_per_sec
                                                                                 : 0,
                                                .outbound_max = s.outbound_max });
                if (!s.late || i + 1 < s.n_peers)
                        world_start(t->w, t->peers[i]);
        }
}

void town_done(Town *t) {
        (void) entry_unref(t->roll);
        (void) entry_unref(t->election);
        (void) world_free(t->w);
        (void) genesis_free(t->genesis);
        *t = (Town) {};
}

Chain* town_chain(const Town *t, unsigned i) {
        Peer *p = world_peer(t->w, t->peers[i]);

        return p ? peer_chain(p) : NULL;
}

/* --- waiting --- */

static size_t running(const Town *t) {
        size_t n = 0;

        for (unsigned i = 0; i < t->setup.n_peers; i++)
                n += world_runs(t->w, t->peers[i]);
        return n;
}

static bool all_met(World *w, void *userdata) {
        const Town *t = userdata;

        for (unsigned i = 0; i < t->setup.n_peers; i++) {
                Peer *p = world_peer(w, t->peers[i]);
                _cleanup_json_ Json *links = NULL;

                if (p && (peer_links(p, &links) < 0 || json_len(links) != running(t) - 1))
                        return false;
        }
        return true;
}

bool town_meet(Town *t) {
        return world_run_until(t->w, 60 * USEC_PER_SEC, all_met, t);
}

typedef struct Goal {
        const Town *town;
        uint64_t n;
} Goal;

static bool height_reached(World *w, void *userdata) {
        const Goal *g = userdata;

        (void) w;
        for (unsigned i = 0; i < g->town->setup.n_peers; i++) {
                const Chain *c = town_chain(g->town, i);

                if (c && chain_tip(c)->height < g->n)
                        return false;
        }
        return true;
}

bool town_wait_height(Town *t, uint64_t height, uint64_t usec) {
        return world_run_until(t->w, usec, height_reached, &(Goal) { t, height });
}

bool town_same_tip(const Town *t) {
        const Id *tip = NULL;

        for (unsigned i = 0; i < t->setup.n_peers; i++) {
                const Chain *c = town_chain(t, i);

                if (c && tip && !id_equal(&chain_tip(c)->id, tip))
                        return false;
                if (c)
                        tip = &chain_tip(c)->id;
        }
        return true;
}

bool town_same_height(const Town *t) {
        const Chain *first = NULL;

        for (unsigned i = 0; i < t->setup.n_peers; i++) {
                const Chain *c = town_chain(t, i);

                if (c && first && chain_tip(c)->height != chain_tip(first)->height)
                        return false;
                first = c ?: first;
        }
        return true;
}

static bool same_tip(World *w, void *userdata) {
        (void) w;
        return town_same_tip(userdata);
}

bool town_wait_same_tip(Town *t, uint64_t usec) {
        return world_run_until(t->w, usec, same_tip, t);
}

uint64_t town_votes(const Town *t, unsigned i) {
        ElectionInfo info;

        if (!t->election || chain_election_by_id(town_chain(t, i), &t->election->id, &info) < 0)
                return 0;
        return info.ballots;
}

static bool votes_reached(World *w, void *userdata) {
        const Goal *g = userdata;

        (void) w;
        for (unsigned i = 0; i < g->town->setup.n_peers; i++)
                if (town_chain(g->town, i) && town_votes(g->town, i) < g->n)
                        return false;
        return true;
}

bool town_wait_votes(Town *t, uint64_t n, uint64_t usec) {
        return world_run_until(t->w, usec, votes_reached, &(Goal) { t, n });
}

/* --- entries --- */

static bool answered(World *w, void *userdata) {
        WorldReply reply;

        world_reply(w, *(const uint64_t *) userdata, &reply);
        return reply.n > 0;
}

int town_post(Town *t, unsigned i, const Entry *e) {
        uint64_t request = world_submit(t->w, t->peers[i], e->line, e->n_line);
        WorldReply reply;

        if (!answered(t->w, &request) &&
                        !world_run_until(t->w, 10 * USEC_PER_SEC, answered, &request))
                return -ETIMEDOUT;
        world_reply(t->w, request, &reply);
        return reply.verdict;
}

static bool has_entry(World *w, void *userdata) {
        const Goal *g = userdata;

        (void) w;
        for (unsigned i = 0; i < g->town->setup.n_peers; i++) {
                Chain *c = town_chain(g->town, i);

                if (c && chain_n_rolls(c) + chain_n_elections(c) < g->n)
                        return false;
        }
        return true;
}

bool town_elect(Town *t, uint64_t open_sec) {
        t->roll = fixture_roll(t->genesis, FIXTURE_ADMIN, "members", 0, 0, t->setup.n_voters);
        if (town_post(t, 0, t->roll) != 0 ||
                        !world_run_until(t->w, 600 * USEC_PER_SEC, has_entry, &(Goal) { t, 1 }))
                return false;

        t->opens = world_now_sec(t->w) + 60;
        t->closes = t->opens + open_sec;
        t->election = fixture_election(t->genesis, FIXTURE_ADMIN, "board", &t->roll->id, 1,
                        t->opens, t->closes, NULL);
        if (town_post(t, 1 % t->setup.n_peers, t->election) != 0 ||
                        !world_run_until(t->w, 600 * USEC_PER_SEC, has_entry, &(Goal) { t, 2 }))
                return false;
        if (world_now_sec(t->w) < t->opens)
                world_run(t->w, (t->opens - world_now_sec(t->w)) * USEC_PER_SEC);
        return true;
}

Entry* town_vote(const Town *t, unsigned voter, unsigned seq, unsigned choice) {
        char choices[16];

        (void) snprintf(choices, sizeof(choices), "[[%u]]", choice);
        return fixture_vote(t->genesis, FIXTURE_VOTER + voter, &t->election->id, seq, choices);
}

int town_cast(Town *t, unsigned i, unsigned voter, unsigned seq, unsigned choice) {
        Entry *e = town_vote(t, voter, seq, choice);
        int r = town_post(t, i, e);

        (void) entry_unref(e);
        return r;
}
