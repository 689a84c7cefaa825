/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many voters at once, for tests and bench: keys from a seed, votes signed here and handed to the control sockets of
 * running peers.
 *
 *   caster roll COUNT SEED                      a roll file: COUNT public keys
 *   caster sign GENESIS ELECTION SEED SEQ       ballots (one JSON object a line) from standard input to vote lines: the
 *                                               i-th voter's the i-th
 *   caster submit CONNECTIONS SOCKET...         vote lines from standard input to the sockets in turn, over so many
 *                                               connections in all; prints "submitted N in S s, N/s"
 *   caster latency CONNECTIONS SECONDS SOCKET   the same one after the other on each connection, for so long at most, each
 *                                               until it is final, which is waited for as any client does; prints its usec
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "ctl/varlink-client.h"
#include "voted/limits.h"

#define LINES_MAX 4000000
#define THREADS_MAX 256

static void die(const char *what, const char *why) {
        (void) fprintf(stderr, "caster: %s%s%s\n", what, why ? ": " : "", why ? why : "");
        exit(EXIT_FAILURE);
}

static SecretKey* voter_key(const char *seed, size_t i) {
        SecretKey *k = NULL;
        char text[128];
        Id h;

        (void) snprintf(text, sizeof(text), "voter %s %zu", seed, i);
        hash_bytes(&h, text, strlen(text));
        if (secret_key_from_seed(&k, h.b) < 0)
                die("no key", NULL);
        return k;
}

static void print_roll(size_t n, const char *seed) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_(secret_key_freep) SecretKey *k = voter_key(seed, i);
                char hex[ID_HEX];

                (void) puts(key_hex(secret_key_public(k), hex));
        }
}

/* The lines of standard input, without their newlines. */
static char** read_lines(size_t *ret_n) {
        char **lines = NULL, *line = NULL;
        size_t n = 0, allocated = 0, room = 0;
        ssize_t len;

        while ((len = getline(&line, &room, stdin)) > 0) {
                if (n == allocated) {
                        allocated = MAX(allocated * 2, (size_t) 1024);
                        lines = reallocarray(lines, allocated, sizeof(char *));
                }
                if (!lines || n >= LINES_MAX)
                        die("too many lines", NULL);
                if (line[len - 1] == '\n')
                        line[len - 1] = 0;
                lines[n++] = line;
                line = NULL;
                room = 0;
        }
        free(line);
        *ret_n = n;
        return lines;
}

typedef struct Signing {
        Id network;
        const char *election, *seed;
        long seq;
        char **lines;
        size_t n, step, first;
} Signing;

static void* sign_some(void *data) {
        Signing *s = data;

        for (size_t i = s->first; i < s->n; i += s->step) {
                _cleanup_(secret_key_freep) SecretKey *k = voter_key(s->seed, i);
                _cleanup_free_ char *unsigned_line = NULL;
                _cleanup_buf_ Buf out = {};
                char hex[ID_HEX];

                if (asprintf(&unsigned_line, "{\"ballot\":%s,\"election\":\"%s\",\"kind\":\"vote\",\"seq\":%ld,\"signer\":\"%s\"}", s->lines[i],
                             s->election, s->seq, key_hex(secret_key_public(k), hex)) < 0 ||
                    sign_line(&out, k, "vote", &s->network, unsigned_line, strlen(unsigned_line)) != 0)
                        die("cannot sign", s->lines[i]);
                free(s->lines[i]);
                s->lines[i] = buf_take(&out, NULL);
        }
        return NULL;
}

static void sign(const char *genesis, const char *election, const char *seed, long seq) {
        unsigned threads = (unsigned) MAX(sysconf(_SC_NPROCESSORS_ONLN), 1L);
        pthread_t t[THREADS_MAX];
        Signing s[THREADS_MAX];
        _cleanup_buf_ Buf text = {};
        char **lines;
        size_t n;
        Id network;

        if (read_file(genesis, GENESIS_BYTES_MAX, &text) < 0)
                die("cannot read", genesis);
        if (text.n > 0 && text.p[text.n - 1] == '\n')
                text.n--;
        hash_bytes(&network, text.p, text.n);

        lines = read_lines(&n);
        threads = MIN(threads, (unsigned) THREADS_MAX);
        for (unsigned i = 0; i < threads; i++) {
                s[i] = (Signing) { network, election, seed, seq, lines, n, threads, i };
                if (pthread_create(&t[i], NULL, sign_some, &s[i]) != 0)
                        die("no thread", NULL);
        }
        for (unsigned i = 0; i < threads; i++)
                (void) pthread_join(t[i], NULL);
        for (size_t i = 0; i < n; i++)
                (void) puts(lines[i]);
}

typedef struct Submitting {
        const char *socket;
        char **lines;
        size_t n, first, step, refused;
        char reason[400];
} Submitting;

static void submit_one(Submitting *s, VarlinkClient *c, const char *line) {
        Json *p = json_new_object();
        Why why = {};
        int r;

        json_set_text(p, "line", line);
        r = varlink_call(c, "org.voted.Peer.Submit", p, NULL, NULL, &why);
        if (r < 0)
                die(s->socket, why.text[0] ? why.text : strerror(-r));
        if (r > 0) {
                s->refused++;
                (void) snprintf(s->reason, sizeof(s->reason), "%s", why.text);
        }
}

static void* submit_some(void *data) {
        Submitting *s = data;
        _cleanup_(varlink_client_freep) VarlinkClient *c = NULL;
        Why why;

        if (varlink_client_connect(&c, s->socket, &why) < 0)
                die(s->socket, why.text);
        for (size_t i = s->first; i < s->n; i += s->step)
                submit_one(s, c, s->lines[i]);
        return NULL;
}

static void submit(unsigned connections, char **sockets, unsigned n_sockets) {
        pthread_t t[THREADS_MAX];
        static Submitting s[THREADS_MAX];
        size_t n, refused = 0;
        uint64_t began, took;
        char **lines;

        lines = read_lines(&n);
        connections = CLAMP(connections, n_sockets, (unsigned) THREADS_MAX);
        began = now_usec();
        for (unsigned i = 0; i < connections; i++) {
                s[i] = (Submitting) { .socket = sockets[i % n_sockets], .lines = lines, .n = n, .first = i, .step = connections };
                if (pthread_create(&t[i], NULL, submit_some, &s[i]) != 0)
                        die("no thread", NULL);
        }
        for (unsigned i = 0; i < connections; i++) {
                (void) pthread_join(t[i], NULL);
                refused += s[i].refused;
                if (s[i].refused > 0)
                        (void) fprintf(stderr, "caster: %zu refused by %s, the last one: %s\n", s[i].refused, s[i].socket, s[i].reason);
        }
        took = MAX(now_usec() - began, UINT64_C(1));
        (void) printf("submitted %zu in %.2f s, %.0f/s\n", n - refused, (double) took / 1e6, (double) n * 1e6 / (double) took);
        if (refused > 0)
                exit(EXIT_FAILURE);
}

/* --- until it is final --- */

typedef struct Timing {
        const char *socket;
        char **lines;
        size_t n, first, step;
        uint64_t until_usec, *took_usec;        /* 0: not handed in */
} Timing;

static int on_state(void *userdata, const Json *parameters, bool continues) {
        const Json *entry;
        const char *state;

        if (json_get_object(parameters, "entry", &entry, NULL) == 0 && json_get_text(entry, "state", 1, 32, &state, NULL) == 0)
                *(bool *) userdata = streq(state, "final");
        return 0;
}

/* A connection of its own, as each run of votectl makes one. */
static void submit_until_final(const char *socket, const char *line) {
        _cleanup_(varlink_client_freep) VarlinkClient *c = NULL;
        Json *p = json_new_object(), *w = json_new_object();
        bool final = false;
        Why why = {};
        Id id;

        hash_bytes(&id, line, strlen(line));
        json_set_text(p, "line", line);
        json_set_id(w, "id", &id);
        if (varlink_client_connect(&c, socket, &why) < 0 || varlink_call(c, "org.voted.Peer.Submit", p, NULL, NULL, &why) != 0 ||
            varlink_observe(c, "org.voted.Peer.WaitEntry", w, on_state, &final, NULL, &why) != 0 || !final)
                die(socket, why.text[0] ? why.text : "the wait ended and the vote is not final");
}

static void* time_some(void *data) {
        Timing *t = data;
        uint64_t began;

        for (size_t i = t->first; i < t->n && (began = now_usec()) < t->until_usec; i += t->step) {
                submit_until_final(t->socket, t->lines[i]);
                t->took_usec[i] = MAX(now_usec() - began, UINT64_C(1));
        }
        return NULL;
}

static void latency(unsigned connections, unsigned seconds, const char *socket) {
        uint64_t until_usec = now_usec() + seconds * USEC_PER_SEC, *took;
        static Timing t[THREADS_MAX];
        pthread_t threads[THREADS_MAX];
        char **lines;
        size_t n;

        lines = read_lines(&n);
        took = new0(uint64_t, MAX(n, (size_t) 1));
        if (!took)
                die("no memory", NULL);
        connections = CLAMP(connections, 1U, (unsigned) THREADS_MAX);
        for (unsigned i = 0; i < connections; i++) {
                t[i] = (Timing) { .socket = socket, .lines = lines, .n = n, .first = i, .step = connections,
                                  .until_usec = until_usec, .took_usec = took };
                if (pthread_create(&threads[i], NULL, time_some, &t[i]) != 0)
                        die("no thread", NULL);
        }
        for (unsigned i = 0; i < connections; i++)
                (void) pthread_join(threads[i], NULL);
        for (size_t i = 0; i < n; i++)
                if (took[i] > 0)
                        (void) printf("%" PRIu64 "\n", took[i]);
        free(took);
}

int main(int argc, char *argv[]) {
        Why why = {};

        if (crypto_init(&why) < 0)
                die("crypto", why.text);
        if (argc == 4 && streq(argv[1], "roll"))
                print_roll(strtoul(argv[2], NULL, 10), argv[3]);
        else if (argc == 6 && streq(argv[1], "sign"))
                sign(argv[2], argv[3], argv[4], strtol(argv[5], NULL, 10));
        else if (argc >= 4 && streq(argv[1], "submit"))
                submit((unsigned) strtoul(argv[2], NULL, 10), argv + 3, (unsigned) (argc - 3));
        else if (argc == 5 && streq(argv[1], "latency"))
                latency((unsigned) strtoul(argv[2], NULL, 10), (unsigned) strtoul(argv[3], NULL, 10), argv[4]);
        else
                die("usage: caster roll COUNT SEED | sign GENESIS ELECTION SEED SEQ | submit CONNECTIONS SOCKET... | "
                    "latency CONNECTIONS SECONDS SOCKET", NULL);
        return EXIT_SUCCESS;
}
