/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long the sum of a sealed election keeps a node from everything else: made where it is asked for, made
 * apart, and made by a peer with two threads, of which others want something, too. Real seconds, of a ledger on disk, three options. Each line of output: "name value unit".
 *
 *   bench-sum [BALLOTS] */
#include <stdio.h>
#include <time.h>

#include "../unit/ledger/poll.h"
#include "../unit/ledger/store-help.h"
#include "base/workers.h"
#include "node/peer.h"

#define BLOCK_VOTES  500U
#define DIFFERENT    50U

static double now(void) {
        struct timespec t;

        ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &t), 0);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void print(const char *name, double value, const char *unit) {
        (void) printf("%s %.1f %s\n", name, value, unit);
        (void) fflush(stdout);
}

static void poll_on_disk(Poll *p, const char *folder, unsigned n) {
        FixtureSetup setup = { .admins = 1, .approvals = 1, .revotes = 3, .quorum = true };
        const Definition *d;
        Store *store;
        Why why = {};

        *p = (Poll) {};
        assert_verdict(store_sqlite_open(&store, folder, &why), 0, why);
        fixture_new(&p->w.f, &setup, store, n);
        sealed_board_init(&p->b, p->w.f.genesis, 2, 3);
        sealed_make_ready(&p->b, p->w.f.chain, "trust", "'secret'", 2000);
        d = p->w.f.election->election.definition;
        p->election = put(&p->w, 2000, sealed_election(&p->b, 0, "secret", d->rolls, d->n_rolls, POLL_OPENS, POLL_CLOSES, NULL));
}

/* Ballots that were checked, as far as the chain knows: some differ, and to a sum they are all alike. */
static void vote(Poll *p, unsigned n) {
        Json *ballots[DIFFERENT];

        for (unsigned i = 0; i < DIFFERENT; i++)
                ballots[i] = sealed_ballot(&p->b, FIXTURE_VOTER + i, p->election, 1, i % 2 ? "[[1]]" : "[[0]]");
        for (unsigned first = 0; first < n; first += BLOCK_VOTES) {
                unsigned m = MIN(n - first, BLOCK_VOTES);
                Entry *entries[BLOCK_VOTES];
                Why why = {};

                for (unsigned i = 0; i < m; i++) {
                        Json *o = json_new_object();
                        CheckContent *content;

                        json_set(o, "ballot", json_copy_deep(ballots[(first + i) % DIFFERENT]));
                        json_set_id(o, "election", &p->election->id);
                        json_set_int(o, "seq", 1);
                        entries[i] = fixture_entry(p->w.f.genesis, FIXTURE_VOTER + first + i, "vote", o);
                        ck_assert_int_eq(chain_entry_content(p->w.f.chain, entries[i], &content, &why), 0);
                        check_content_free(content);
                        entries[i]->content_checked = true;
                }
                assert_verdict(fixture_connect(p->w.f.chain, POLL_OPENS, entries, m, &why), 0, why);
                for (unsigned i = 0; i < m; i++)
                        entry_unref(entries[i]);
        }
        for (unsigned i = 0; i < DIFFERENT; i++)
                json_free(ballots[i]);
        poll_pass(p, POLL_END);
        ck_assert_int_eq(chain_commit(p->w.f.chain), 0);
}

static Id whole(Poll *p) {
        _cleanup_(workers_freep) Workers *workers = NULL;
        ElectionInfo info = poll_info(p);
        const SealedTotal *total;
        double start;
        Id hash;

        ck_assert_int_eq(workers_new(&workers, 0), 0);
        chain_set_workers(p->w.f.chain, workers);
        start = now();
        ck_assert_int_eq(chain_sealed_total(p->w.f.chain, &info, &total), 0);
        print("sum_whole_msec", (now() - start) * 1e3, "ms");
        ck_assert_int_eq(sealed_total_hash(total, &hash), 0);
        chain_set_workers(p->w.f.chain, NULL);
        return hash;
}

static Id apart(Poll *p) {
        _cleanup_(chain_freep) Chain *c = NULL;
        const SealedTotal *total;
        double longest = 0, loop = 0;
        ElectionInfo info;
        unsigned made = 0;
        Id hash;

        ck_assert_int_eq(chain_new(&c, p->w.f.genesis, p->w.f.store), 0);
        chain_set_sums_apart(c);
        ck_assert_int_eq(chain_sums_begin(c), 0);
        while (made == 0) {
                CheckContent *slice;
                double start = now(), step;

                ck_assert_int_eq(chain_sums_next(c, &slice), 0);
                step = now() - start;
                ck_assert_int_eq(check_contents_run(&slice, 1), 0);
                start = now();
                made += chain_sums_take(c, slice);
                check_content_free(slice);
                step += now() - start;
                longest = MAX(longest, step);
                loop += step;
        }
        print("sum_longest_step_msec", longest * 1e3, "ms");
        print("sum_all_steps_msec", loop * 1e3, "ms");
        ck_assert_int_eq(chain_election_by_name(c, "secret", &info), 0);
        ck_assert_int_eq(chain_sealed_total(c, &info, &total), 0);
        ck_assert_int_eq(sealed_total_hash(total, &hash), 0);
        return hash;
}

/* --- by a peer, as the daemon does it --- */

typedef struct Shell {
        Workers *workers;
        Peer *peer;
        uint64_t wake_usec;
        double longest;         /* step */
        bool probing;
        double probed, probe_longest;   /* a check that somebody waits for: handed in, and the longest until it was run */
} Shell;

typedef struct Job {
        Shell *shell;
        NodeEvent ev;
} Job;

static void step(Shell *s, NodeEvent *ev);

static void job_run(void *data) {
        Job *j = data;

        sig_checks_run(j->ev.checks, j->ev.n_checks);
}

static void job_done(void *data) {
        Job *j = data;

        step(j->shell, &j->ev);
        sig_checks_done(j->ev.checks, j->ev.n_checks);
        free(j->ev.checks);
        free(j);
}

static void submit(Shell *s, NodeEffect *fx) {
        Job *j = new0(Job, 1);

        ck_assert_ptr_nonnull(j);
        *j = (Job) { .shell = s, .ev = { .type = NODE_EV_VERIFIED, .token = fx->token, .checks = TAKE_PTR(fx->checks), .n_checks = fx->n_checks } };
        fx->n_checks = 0;
        ck_assert_int_eq((fx->later ? workers_submit_later : workers_submit)(s->workers, job_run, job_done, j), 0);
}

static void step(Shell *s, NodeEvent *ev) {
        double start = now();
        NodeEffects fx = {};

        ev->now_usec = (uint64_t) (start * 1e6);
        ev->now_sec = POLL_END + 10;
        ck_assert_int_eq(peer_step(s->peer, ev, &fx), 0);
        s->longest = MAX(s->longest, now() - start);
        for (size_t i = 0; i < fx.n; i++) {
                if (fx.items[i].type == NODE_FX_VERIFY)
                        submit(s, &fx.items[i]);
                if (fx.items[i].type == NODE_FX_WAKE)
                        s->wake_usec = fx.items[i].at_usec;
        }
        node_effects_done(&fx);
}

static void probe_run(void *data) {
        Shell *s = data;

        s->probe_longest = MAX(s->probe_longest, now() - s->probed);
}

static void probe_done(void *data) {
        ((Shell *) data)->probing = false;
}

static void turn(Shell *s) {
        if (!s->probing) {
                s->probing = true;
                s->probed = now();
                ck_assert_int_eq(workers_submit(s->workers, probe_run, probe_done, s), 0);
        }
        if (s->wake_usec <= (uint64_t) (now() * 1e6)) {
                s->wake_usec = USEC_INFINITY;
                step(s, &(NodeEvent) { .type = NODE_EV_TICK });
                (void) workers_collect(s->workers, 0);
        } else
                workers_wait(s->workers, workers_pending(s->workers) - 1);
}

static Id by_peer(Poll *p) {
        PeerConfig config = { .agent = "bench", .links_inbound_max = 1, .links_outbound_max = 1 };
        PeerSetup setup = { .genesis = p->w.f.genesis, .store = p->w.f.store, .seed = 1, .config = &config };
        Shell s = { .wake_usec = USEC_INFINITY };
        const SealedTotal *total;
        SecretKey *identity;
        ElectionInfo info;
        double start;
        Id hash;

        ck_assert_int_eq(secret_key_from_seed(&identity, (const uint8_t[32]) { 1 }), 0);
        setup.identity = identity;
        ck_assert_int_eq(workers_new(&s.workers, 2), 0);
        ck_assert_int_eq(peer_new(&s.peer, &setup), 0);
        start = now();
        step(&s, &(NodeEvent) { .type = NODE_EV_START });
        ck_assert_int_eq(chain_election_by_name(peer_chain(s.peer), "secret", &info), 0);
        while (chain_sealed_total(peer_chain(s.peer), &info, &total) == -EAGAIN)
                turn(&s);
        print("sum_peer_msec", (now() - start) * 1e3, "ms");
        print("sum_peer_longest_step_msec", s.longest * 1e3, "ms");
        print("sum_peer_longest_wait_msec", s.probe_longest * 1e3, "ms");
        ck_assert_int_eq(sealed_total_hash(total, &hash), 0);
        workers_drain(s.workers);
        workers_free(s.workers);
        peer_free(s.peer);
        secret_key_free(identity);
        return hash;
}

static unsigned n_ballots = 2000;

START_TEST(a_sum_made_apart_is_the_same) {
        char path[64];
        const char *folder = temporary_folder(path);
        Id a, b, c;
        Poll p;

        fixture_seals_are_real = true;
        poll_on_disk(&p, folder, n_ballots);
        vote(&p, n_ballots);
        a = whole(&p);
        b = apart(&p);
        c = by_peer(&p);
        ck_assert(id_equal(&a, &b));
        ck_assert(id_equal(&a, &c));
        poll_done(&p);
        remove_folder(folder);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, a_sum_made_apart_is_the_same);
}

int main(int argc, char **argv) {
        if (argc > 1)
                n_ballots = (unsigned) strtoul(argv[1], NULL, 10);
        return run_suite("bench-sum", add);
}
