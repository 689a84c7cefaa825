/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The primitives that bound what a node can do, and what is measured in one process beside them. Each line of output:
 * "name value unit".
 *
 *   primitives verify SECONDS             Ed25519 verifications of libsodium, on all cores; then checks of keys, for a
 *                                         quarter of that time
 *   primitives hash SECONDS               bare BLAKE2b of 40 bytes and the miner's loop, one thread each
 *   primitives connect VOTES FOLDER       connecting blocks of votes whose signatures are checked, into SQLite in FOLDER
 *   primitives parse VOTES                from a line to a checked entry, without the signature
 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "consensus/pow.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "../unit/ledger/fixture.h"

#define THREADS_MAX 256
#define VOTES_PER_VOTER 10U
#define VOTES_PER_BLOCK 5000U

static void print(const char *name, double value, const char *unit) {
        (void) printf("%s %.3f %s\n", name, value, unit);
}

static void must(bool good, const char *what) {
        if (!good) {
                (void) fprintf(stderr, "primitives: %s failed\n", what);
                exit(EXIT_FAILURE);
        }
}

/* --- bounds --- */

/* No signature comes twice in a ledger: one that does is guessed by the processor's predictors. */
#define SIGNED_MAX 4096U

static struct Signed {
        Key key;
        Signature signature;
        char message[400];
} signed_[SIGNED_MAX];

static void sign_all(void) {
        for (unsigned i = 0; i < SIGNED_MAX; i++) {
                _cleanup_(secret_key_freep) SecretKey *k = NULL;
                struct Signed *s = &signed_[i];

                must(secret_key_generate(&k) == 0, "a key");
                s->key = *secret_key_public(k);
                memset(s->message, 'a' + (int) (i % 26), sizeof(s->message));
                sign_bytes(k, s->message, sizeof(s->message), &s->signature);
        }
}

static bool check_signature(const struct Signed *s) {
        return sign_verify_bytes(&s->key, s->message, sizeof(s->message), &s->signature);
}

static bool check_key(const struct Signed *s) {
        return key_check(&s->key, NULL) == 0;
}

typedef struct Checking {
        bool (*check)(const struct Signed *s);
        unsigned first;
        uint64_t until_usec, done, cpu_usec;
} Checking;

static uint64_t thread_cpu_usec(void) {
        struct timespec t;

        must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0, "a clock");
        return (uint64_t) t.tv_sec * USEC_PER_SEC + (uint64_t) t.tv_nsec / 1000;
}

static void* check_some(void *data) {
        Checking *c = data;

        while (now_usec() < c->until_usec)
                for (unsigned i = 0; i < 64; i++)
                        must(c->check(&signed_[(c->first + c->done++) % SIGNED_MAX]), "a check");
        c->cpu_usec = thread_cpu_usec();
        return NULL;
}

/* On all cores at once: how many a second, and the CPU time of one. */
static unsigned check_for(double seconds, bool (*check)(const struct Signed *s), double *ret_rate, double *ret_cpu_usec) {
        unsigned n = (unsigned) CLAMP(sysconf(_SC_NPROCESSORS_ONLN), 1L, (long) THREADS_MAX);
        pthread_t t[THREADS_MAX];
        Checking c[THREADS_MAX];
        uint64_t began = now_usec(), done = 0, cpu_usec = 0;

        for (unsigned i = 0; i < n; i++) {
                c[i] = (Checking) { .check = check, .first = i * SIGNED_MAX / n, .until_usec = began + (uint64_t) (seconds * 1e6) };
                must(pthread_create(&t[i], NULL, check_some, &c[i]) == 0, "a thread");
        }
        for (unsigned i = 0; i < n; i++) {
                (void) pthread_join(t[i], NULL);
                done += c[i].done;
                cpu_usec += c[i].cpu_usec;
        }
        *ret_rate = (double) done * 1e6 / (double) (now_usec() - began);
        *ret_cpu_usec = (double) cpu_usec / (double) MAX(done, UINT64_C(1));
        return n;
}

static void bench_verify(double seconds) {
        double rate, cpu_usec;
        unsigned cores;

        sign_all();
        cores = check_for(seconds, check_signature, &rate, &cpu_usec);
        print("verifications_per_sec", rate, "1/s");
        print("verification_cpu_usec", cpu_usec, "us");
        (void) check_for(seconds / 4, check_key, &rate, &cpu_usec);
        print("key_checks_per_sec", rate, "1/s");
        print("key_check_cpu_usec", cpu_usec, "us");
        print("cores", cores, "cores");
}

static void bench_hash(double seconds) {
        uint64_t began, n, nonce, until;
        Id block = {};

        until = (began = now_usec()) + (uint64_t) (seconds * 1e6);
        for (n = 0; (n & 1023) || now_usec() < until; n++)
                if (hash_work(&block, n) == 0)
                        block.b[0]++;
        print("hashes_per_sec", (double) n * 1e6 / (double) (now_usec() - began), "1/s");

        until = (began = now_usec()) + (uint64_t) (seconds * 1e6);
        for (n = 0; now_usec() < until; n += 4096)
                must(!pow_try(&block, n, 4096, UINT64_MAX / 2, &nonce), "not to find a nonce");
        print("mining_per_sec", (double) n * 1e6 / (double) (now_usec() - began), "1/s");
}

/* --- in one process --- */

static Entry** make_votes(const Fixture *f, unsigned n, unsigned n_voters) {
        Entry **votes = newN(Entry*, n);

        must(votes, "memory");
        for (unsigned i = 0; i < n; i++)
                votes[i] = fixture_vote(f->genesis, FIXTURE_VOTER + i % n_voters, &f->election->id, i / n_voters + 1, i % 2 ? "[[1]]" : "[[0]]");
        return votes;
}

static void bench_connect(unsigned n, const char *folder) {
        unsigned n_voters = MAX(n / VOTES_PER_VOTER, 1U);
        Store *store = NULL;
        uint64_t spent = 0, cpu_usec = 0;
        Entry **votes;
        Fixture f;
        Why why = {};

        must(store_sqlite_open(&store, folder, &why) == 0, why.text);
        fixture_new(&f, &(FixtureSetup) { .block_bytes = 16U << 20 }, store, n_voters);
        votes = make_votes(&f, n, n_voters);

        for (unsigned i = 0; i < n; i += VOTES_PER_BLOCK) {
                Block *b = fixture_block(f.chain, FIXTURE_OPENS + 1 + i / VOTES_PER_BLOCK, votes + i, MIN(VOTES_PER_BLOCK, n - i));
                uint64_t began = now_usec(), cpu = thread_cpu_usec();

                must(chain_connect(f.chain, b, NULL, &why) == 0, why.text);
                must(chain_commit(f.chain) == 0, "a commit");
                spent += now_usec() - began;
                cpu_usec += thread_cpu_usec() - cpu;
                (void) block_free(b);
        }
        print("connect_usec_per_vote", (double) spent / n, "us");
        print("connect_cpu_usec_per_vote", (double) cpu_usec / n, "us");
        for (unsigned i = 0; i < n; i++)
                (void) entry_unref(votes[i]);
        free(votes);
        fixture_done(&f);
}

static void bench_parse(unsigned n) {
        unsigned n_voters = MAX(n / VOTES_PER_VOTER, 1U);
        uint64_t began, spent;
        Entry **votes;
        Fixture f;
        Why why = {};

        fixture_new(&f, NULL, NULL, n_voters);
        votes = make_votes(&f, n, n_voters);
        began = now_usec();
        for (unsigned i = 0; i < n; i++) {
                Entry *e = NULL;

                must(entry_parse(&e, f.genesis, votes[i]->line, votes[i]->n_line, &why) == 0, why.text);
                (void) entry_unref(e);
        }
        spent = now_usec() - began;
        print("parse_usec_per_vote", (double) spent / n, "us");
        for (unsigned i = 0; i < n; i++)
                (void) entry_unref(votes[i]);
        free(votes);
        fixture_done(&f);
}

int main(int argc, char *argv[]) {
        Why why = {};

        must(crypto_init(&why) == 0, why.text);
        if (argc == 3 && streq(argv[1], "verify"))
                bench_verify(strtod(argv[2], NULL));
        else if (argc == 3 && streq(argv[1], "hash"))
                bench_hash(strtod(argv[2], NULL));
        else if (argc == 4 && streq(argv[1], "connect"))
                bench_connect((unsigned) strtoul(argv[2], NULL, 10), argv[3]);
        else if (argc == 3 && streq(argv[1], "parse"))
                bench_parse((unsigned) strtoul(argv[2], NULL, 10));
        else {
                (void) fprintf(stderr, "usage: primitives verify SECONDS | hash SECONDS | connect VOTES FOLDER | parse VOTES\n");
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
