/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run.h"

#include <inttypes.h>

#include "../unit/ledger/fixture.h"
#include "check.h"
#include "codec/hex.h"
#include "errand.h"
#include "liars.h"
#include "sealed-plot.h"
#include "traitors.h"

#define KEY_HOST        60U     /* fixture keys of the hosts; FIXTURE_VOTER and above vote */
#define SETUP_SEC       3U      /* when the roll is handed in */
#define REDIAL_SEC      150U    /* after that long without trouble everybody has found everybody again */

const char* fault_name(Fault f) {
        static const char *const names[] = {
#define X(n, name) name,
                FAULTS(X)
#undef X
        };

        return names[f];
}

void run_options_draw(RunOptions *o) {
        Prng p;
        unsigned peers, votes;
        uint64_t voting;
        uint32_t faults = 0;

        /* always drawn alike, so that giving one of them changes none of the others */
        prng_seed(&p, o->seed ^ UINT64_C(0x6f7074696f6e73));
        peers = (unsigned) (prng_below(&p, 8) == 0 ? 2 + prng_below(&p, 11) : 2 + prng_below(&p, 5));
        votes = (unsigned) (5 + prng_below(&p, 60));
        voting = 60 + prng_below(&p, 180);
        for (Fault f = 0; f < _FAULT_MAX; f++)
                if (prng_below(&p, 3) == 0)
                        faults |= UINT32_C(1) << f;
        if (prng_below(&p, 20) == 0)
                faults = 0;
        if (o->quorum) {
                voting = 30 + voting / 2;
                peers = (unsigned) (prng_below(&p, 10) == 0 ? 2 + prng_below(&p, 2) : 4 + prng_below(&p, prng_below(&p, 4) == 0 ? 10 : 4));
                faults &= ~FAULT_BIT(LIARS);
                if (prng_below(&p, 2) == 0)
                        faults |= FAULT_BIT(LIARS);
        }

        if (o->peers == 0)
                o->peers = peers;
        if (o->votes == 0)
                o->votes = votes;
        if (o->voting_sec == 0)
                o->voting_sec = voting;
        if (o->faults == UINT32_MAX)
                o->faults = faults;
}

static uint64_t below(Run *r, uint64_t bound) {
        return bound > 0 ? prng_below(&r->prng, bound) : 0;
}

/* --- the network --- */

static void set_pow(const Run *r, Json *engine) {
        json_set_text(engine, "type", "pow");
        json_set_int(engine, "difficulty", (int64_t) r->difficulty);
        json_set_int(engine, "interval", (int64_t) r->interval);
        json_set_int(engine, "confirmations", r->confirmations);
}

static void set_quorum(const Run *r, Json *engine) {
        Json *keys = json_new_array();

        for (unsigned i = 0; i < r->n_authorities; i++)
                json_add_key(keys, fixture_key(KEY_HOST + r->n_trackers + i));
        json_set_text(engine, "type", "quorum");
        json_set(engine, "authorities", keys);
        json_set_int(engine, "delta_ms", (int64_t) (500 * r->interval));
}

static void make_genesis(Run *r) {
        _cleanup_json_ Json *engine = json_new_object();
        _cleanup_buf_ Buf line = {};
        Key admins[3];
        Limits limits = {
                .grace = (uint32_t) (8 * r->interval),
                .revotes = 5,
        };
        Why why;

        for (unsigned i = 0; i < r->n_admins; i++)
                admins[i] = *fixture_key(FIXTURE_ADMIN + i);
        if (r->options.quorum)
                set_quorum(r, engine);
        else
                set_pow(r, engine);
        if (genesis_format(&line, "sim", WORLD_WALL_SEC - 60, r->approvals, admins, r->n_admins, engine, &limits,
                            &why) != 0 ||
                        genesis_parse(&r->genesis, line.p, line.n, &why) != 0)
                world_die(why.text, V_DEFINITION);
}

static void add_hosts(Run *r) {
        unsigned n = r->options.peers, miners = 1 + (unsigned) below(r, n), key = KEY_HOST;

        for (unsigned i = 0; i < r->n_trackers; i++)
                (void) world_add_host(r->world, &(HostSetup) { .role = HOST_TRACKER, .key = key++ });
        r->first_peer = r->world->n_hosts;
        r->n_peers = n;
        for (unsigned i = 0; i < n; i++) {
                HostSetup s = {
                        .role = HOST_PEER,
                        .key = key++,
                        .mine = i < miners,
                        .authority = i < r->n_authorities,
                        .tries_per_sec = (uint32_t) (1 + r->difficulty / r->interval / MAX(miners, 1U)),
                };

                if (run_has(r, FAULT_BIT(CLOCK)))
                        s.clock_off_sec = (int64_t) below(r, (uint64_t) (2 * r->clock_off_max + 1)) - r->clock_off_max;
                (void) world_add_host(r->world, &s);
        }
}

static void on_start(World *w, uint64_t a, uint64_t b) {
        (void) b;
        host_start(w->hosts[a]);
}

/* --- the plot --- */

/* The line of an entry: o gets kind and signer, and is signed. */
static Errand* hand_in(Run *r, unsigned signer, const char *kind, const char *members, uint64_t at_usec) {
        _cleanup_buf_ Buf line = {};
        Errand *e;

        fixture_line(r->genesis, signer, kind, members, &line);
        e = errand_new(r->world, line.p, line.n, at_usec);
        e->userdata = r;
        return e;
}

/* The other admins sign what the first one posted. */
static void approve(Run *r, const Errand *what) {
        for (unsigned i = 1; i < r->approvals; i++) {
                char members[128];

                (void) snprintf(members, sizeof(members), "'entry':'%s'", id_hex(&what->id, (char[ID_HEX]) {}));
                (void) hand_in(r, FIXTURE_ADMIN + i, "approve", members, r->world->now_usec + USEC_PER_SEC);
        }
}

static void make_vote(Run *r, unsigned election, unsigned voter, uint32_t seq, uint64_t at_usec) {
        RunElection *el = &r->elections[election];
        RunVote v = { .election = election, .voter = voter, .seq = seq, .choice = (unsigned) below(r, 3) };
        _cleanup_free_ char *sealed = r->sealed && election == 0 ? sealed_plot_ballot(r, el, voter, seq, v.choice) : NULL;
        _cleanup_buf_ Buf members = {};

        if (sealed)
                buf_printf(&members, "'ballot':%s", sealed);
        else
                buf_printf(&members, "'ballot':{'choices':[[%u]]}", v.choice);
        buf_printf(&members, ",'election':'%s','seq':%" PRIu32, id_hex(&el->id, (char[ID_HEX]) {}), seq);
        v.errand = hand_in(r, FIXTURE_VOTER + voter, "vote", members.p, at_usec);
        v.errand->careless = below(r, 6) == 0;
        r->votes[r->n_votes++] = v;
}

/* Most votes at any time of the voting, some in its last seconds, some too early, some too late;
 * some voters vote again. */
static void plan_votes(Run *r, unsigned election) {
        RunElection *el = &r->elections[election];
        uint64_t opens = (el->opens - WORLD_WALL_SEC) * USEC_PER_SEC, closes = (el->closes - WORLD_WALL_SEC) * USEC_PER_SEC;
        unsigned n = r->options.votes / r->n_elections;

        if (r->sealed && election == 0)
                n = MIN(n, 20U);                /* each is checked anew on every host when all is counted again */

        for (unsigned i = 0; i < n; i++) {
                unsigned voter = (unsigned) below(r, el->n_voters);
                uint64_t at = opens + below(r, closes - opens);
                uint32_t seq = 1;

                switch (below(r, 12)) {
                case 0:
                        at = closes - below(r, 3 * USEC_PER_SEC);
                        break;
                case 1:
                        at = opens - MIN(below(r, 10 * USEC_PER_SEC), opens - r->world->now_usec);
                        break;
                case 2:
                        at = closes + below(r, 60 * USEC_PER_SEC);
                        break;
                default:
                        break;
                }
                for (size_t k = 0; k < r->n_votes; k++)
                        if (r->votes[k].election == election && r->votes[k].voter == voter)
                                seq = MAX(seq, r->votes[k].seq + 1 + (uint32_t) below(r, 2));
                make_vote(r, election, voter, seq, at);
        }
}

static void on_election_done(Errand *e) {
        Run *r = e->userdata;

        for (unsigned i = 0; i < r->n_elections; i++)
                if (r->elections[i].errand == e)
                        r->elections[i].ready = e->state == ERRAND_FINAL;
}

static void post_election(World *w, uint64_t a, uint64_t b) {
        Run *r = w->setup.userdata;
        RunElection *el = &r->elections[a];
        _cleanup_buf_ Buf members = {};

        (void) b;
        buf_printf(&members, "'name':'%s','title':'Election','opens':%" PRIu64 ",'closes':%" PRIu64 ",'rolls':['%s'],"
                        "'questions':[{'text':'Who?','method':'plurality','options':['Ann','Ben','Cy']}]",
                        el->name, el->opens, el->closes, id_hex(&r->roll->id, (char[ID_HEX]) {}));
        if (r->sealed && a == 0) {
                _cleanup_free_ char *more = sealed_plot_election(r);

                buf_add_text(&members, more);
        }
        el->errand = hand_in(r, FIXTURE_ADMIN, "election", members.p, w->now_usec);
        el->errand->on_done = on_election_done;
        el->id = el->errand->id;
        el->posted = true;
        approve(r, el->errand);
        plan_votes(r, (unsigned) a);
}

static void post_roll(World *w, uint64_t a, uint64_t b) {
        Run *r = w->setup.userdata;
        _cleanup_buf_ Buf members = {};

        (void) a;
        (void) b;
        r->round_commits[0] = w->n_commits;
        buf_add_text(&members, "'name':'members','part':0,'voters':[");
        for (unsigned i = 0; i < r->n_voters; i++)
                buf_printf(&members, "%s['%s',%u]", i > 0 ? "," : "",
                                key_hex(fixture_key(FIXTURE_VOTER + i), (char[ID_HEX]) {}), 1 + i % 3);
        buf_add_text(&members, "]");
        r->roll = hand_in(r, FIXTURE_ADMIN, "roll", members.p, w->now_usec);
        approve(r, r->roll);
        if (r->sealed)
                sealed_plot_post(r);
}

static void plan(Run *r) {
        uint64_t setup = 12 * r->interval, first = WORLD_WALL_SEC + SETUP_SEC + 2 * setup + (uint64_t) r->clock_off_max;

        world_at(r->world, SETUP_SEC * USEC_PER_SEC, "roll", post_roll, 0, 0);
        for (unsigned i = 0; i < r->n_elections; i++) {
                RunElection *el = &r->elections[i];

                (void) snprintf(el->name, sizeof(el->name), "board-%u", i);
                el->n_voters = r->n_voters;
                el->opens = first + i * below(r, r->options.voting_sec);
                el->closes = el->opens + r->options.voting_sec;
                el->grace = r->genesis->limits.grace;
                world_at(r->world, (SETUP_SEC + setup) * USEC_PER_SEC, "election", post_election, i, 0);
        }
}

static uint64_t last_closing(const Run *r) {
        uint64_t last = 0;

        for (unsigned i = 0; i < r->n_elections; i++)
                last = MAX(last, r->elections[i].closes + r->elections[i].grace);
        return (last - WORLD_WALL_SEC) * USEC_PER_SEC;
}

/* --- all of it --- */

static void run_begin(Run *r, const RunOptions *o) {
        WorldSetup setup = { .seed = o->seed, .no_memo = o->no_memo, .cut_commit = o->cut_commit, .cut_point = o->cut_point,
                .trace = o->trace, .userdata = r };
        uint64_t closing;

        r->options = *o;
        run_options_draw(&r->options);
        prng_seed(&r->prng, o->seed ^ UINT64_C(0x706c6f74));

        r->interval = UINT64_C(2) << below(r, r->options.quorum ? 2 : 3);
        r->difficulty = 64 + below(r, 400);
        r->confirmations = 3 + (unsigned) below(r, 4);
        r->n_admins = 1 + 2 * (unsigned) below(r, 2);
        r->approvals = r->n_admins == 3 ? 2 : 1;
        r->n_voters = 3 + (unsigned) below(r, 20);
        r->n_elections = 1 + (unsigned) below(r, RUN_ELECTIONS);
        r->n_trackers = 1 + (unsigned) below(r, 2);
        r->clock_off_max = run_has(r, FAULT_BIT(CLOCK)) ? (int64_t) (1 + below(r, 60)) : 0;
        if (r->options.figures)
                r->n_voters = r->options.votes;
        if (r->options.quorum) {
                unsigned bound;

                r->n_authorities = r->options.peers > 4 && below(r, 3) == 0 && !r->options.figures ? r->options.peers - 1 : r->options.peers;
                r->clock_off_max = MIN(r->clock_off_max, INT64_C(5));   /* what the rules of the engine bear */
                bound = (r->n_authorities - 1) / 3;
                if (r->options.liars != UINT_MAX)
                        r->n_liars = MIN(r->options.liars, r->n_authorities - 1);
                else if (run_has(r, FAULT_BIT(LIARS)) && bound > 0)
                        r->n_liars = 1 + (unsigned) below(r, bound);
        }
        r->votes = new0(RunVote, r->options.votes + 1);
        make_genesis(r);

        if (run_has(r, FAULT_BIT(DELAY))) {
                setup.latency_usec = (10 + below(r, 300)) * USEC_PER_MSEC;
                setup.jitter_usec = below(r, 300) * USEC_PER_MSEC;
        }
        if (run_has(r, FAULT_BIT(LOSS))) {
                setup.loss_per_million = (uint32_t) below(r, 50000);
                setup.death_per_million = (uint32_t) below(r, 2000);
        }
        if (run_has(r, FAULT_BIT(TURNS)))
                setup.turn_usec = 1 + below(r, 20 * USEC_PER_MSEC);
        if (sealed_plot_draw(&r->options))
                sealed_plot_begin(r);
        setup.genesis = r->genesis;
        check_hooks(&setup.hooks);
        r->world = world_new(&setup);
        add_hosts(r);

        for (unsigned i = 0; i < r->world->n_hosts; i++)
                world_at(r->world, below(r, 2 * USEC_PER_SEC), "begin", on_start, i, 0);
        plan(r);
        closing = last_closing(r);
        /* mended in time for the votes, or only after the close */
        r->heal_usec = below(r, 3) > 0 && closing > (REDIAL_SEC + 10 * r->interval) * USEC_PER_SEC
                        ? closing - MIN(closing, (10 * r->interval + 60) * USEC_PER_SEC)
                        : closing + below(r, 60 * USEC_PER_SEC);
        /* mostly when the elections are in the ledger: otherwise there may be nothing to vote on */
        r->ill_usec = below(r, 5) == 0 ? 12 * USEC_PER_SEC
                                       : (r->elections[0].opens - WORLD_WALL_SEC - MIN(2 * r->interval, UINT64_C(10))) * USEC_PER_SEC;
        r->heal_usec = MAX(r->heal_usec, r->ill_usec + 20 * USEC_PER_SEC);
        r->end_usec = MAX(closing + (uint64_t) r->clock_off_max * USEC_PER_SEC, r->heal_usec) +
                        (REDIAL_SEC + 10 * r->interval + (r->options.quorum ? 12 : 4 * r->confirmations) * r->interval) * USEC_PER_SEC;
        traitors_plan(r);
        for (r->witness = r->first_peer; !r->world->hosts[r->witness]->honest; r->witness++)
                ;
        checks_begin(r);
        faults_plan(r);
        liars_plan(r);
}

static void run_end(Run *r, RunResult *ret) {
        const World *w = r->world;

        *ret = (RunResult) { .failed = w->failed, .step = w->n_steps, .usec = w->now_usec,
                        .trace_hash = w->trace_hash, .n_starved = w->n_starved, .options = r->options, .figures = r->figures,
                        .round_commits = { r->round_commits[0], r->round_commits[1] } };
        (void) snprintf(ret->invariant, sizeof(ret->invariant), "%s", w->invariant);
        (void) snprintf(ret->failure, sizeof(ret->failure), "%s", w->failure);
        checks_sum_up(r, ret);

        liars_done(r);
        sealed_plot_end(r);
        r->world = world_free(r->world);
        traitors_done(r);
        checks_done(r);
        free(r->votes);
        (void) genesis_free(r->genesis);
}

void run(const RunOptions *o, RunResult *ret) {
        Run r = {};

        run_begin(&r, o);
        world_run(r.world, r.end_usec);
        if (!r.world->failed)
                checks_final(&r);
        run_end(&r, ret);
}
