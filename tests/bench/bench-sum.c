/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long the sum of a sealed election keeps a node from everything else: made where it is asked for, and made
 * apart. Real seconds, of a ledger on disk, three options. Each line of output: "name value unit".
 *
 *   bench-sum [BALLOTS] */
#include <stdio.h>
#include <time.h>

#include "../unit/ledger/poll.h"
#include "../unit/ledger/store-help.h"
#include "base/workers.h"

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

static unsigned n_ballots = 2000;

START_TEST(a_sum_made_apart_is_the_same) {
        char path[64];
        const char *folder = temporary_folder(path);
        Id a, b;
        Poll p;

        poll_on_disk(&p, folder, n_ballots);
        vote(&p, n_ballots);
        a = whole(&p);
        b = apart(&p);
        ck_assert(id_equal(&a, &b));
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
