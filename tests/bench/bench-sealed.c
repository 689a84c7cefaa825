/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sealed ballots cost, in seconds of this thread's CPU, so that neighbours do not count: five options, exactly one. Each
 * line of output: "name value unit", as those of primitives.
 *
 *   bench-sealed [BALLOTS [SUMMED]]    made and checked; added up, of which the first BALLOTS differ */
#include <stdio.h>
#include <time.h>

#include "codec/line.h"
#include "crypto/sign.h"
#include "election/sealed-sum.h"

static void print(const char *name, double value, const char *unit) {
        (void) printf("%s %.1f %s\n", name, value, unit);
}

static void must(bool good, const char *what) {
        if (!good) {
                (void) fprintf(stderr, "bench-sealed: %s failed\n", what);
                exit(EXIT_FAILURE);
        }
}

static double cpu(void) {
        struct timespec t;

        must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0, "clock_gettime");
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static Json* parse(const char *text) {
        Why why = {};
        Json *j;

        must(line_parse(&j, text, strlen(text), 1U << 20, &why) == 0, why.text);
        return j;
}

static const char definition_text[] =
        "{\"blank\":false,\"board\":\"00000000000000000000000000000000000000000000000000000000000000b0\",\"closes\":200,"
        "\"kind\":\"election\",\"name\":\"bench\",\"opens\":100,\"questions\":[{\"method\":\"plurality\",\"options\":[\"a\",\"b\",\"c\","
        "\"d\",\"e\"],\"text\":\"Who?\"}],\"revote\":true,"
        "\"rolls\":[\"00000000000000000000000000000000000000000000000000000000000000aa\"],\"secrecy\":\"sealed\",\"title\":\"t\"}";

static SealedCheck* make_ballots(Definition *d, const Element *y, size_t n, size_t *ret_bytes) {
        SealedCheck *checks = new0(SealedCheck, n);
        double made = 0, parsed = 0;

        must(checks, "memory");
        for (size_t i = 0; i < n; i++) {
                BallotStatement s = { .board_key = *y, .seq = i + 1 };
                const uint8_t seed[32] = { (uint8_t) i, (uint8_t) (i >> 8), 1 };
                _cleanup_(ballot_freep) Ballot *choices = NULL;
                _cleanup_json_ Json *o = NULL, *sealed = NULL, *again = NULL;
                _cleanup_buf_ Buf text = {};
                char open[64];
                double start;

                (void) snprintf(open, sizeof(open), "{\"choices\":[[%zu]]}", i % 5);
                o = parse(open);
                must(ballot_parse(&choices, d, o, NULL) == 0, "ballot_parse");
                start = cpu();
                must(sealed_ballot_make(&sealed, d, &s, choices, seed) == 0 && json_dump(sealed, &text) == 0, "sealed_ballot_make");
                made += cpu() - start;
                *ret_bytes = text.n;
                start = cpu();
                again = parse(text.p);
                must(sealed_ballot_parse((SealedBallot **) &checks[i].ballot, d, again, NULL) == 0, "sealed_ballot_parse");
                parsed += cpu() - start;
                checks[i].definition = d;
                checks[i].statement = s;
        }
        print("sealed_made_per_sec", (double) n / made, "/s");
        print("sealed_parsed_per_sec", (double) n / parsed, "/s");
        return checks;
}

/* What bounds all of it: a product of libsodium's. */
static void multiply(void) {
        double start = cpu();
        Element e;
        Scalar s;

        scalar_random(&s);
        element_mul_base(&e, &s);
        for (unsigned i = 0; i < 2000; i++)
                element_mul(&e, &s, &e);
        print("sealed_product_usec", (cpu() - start) / 2000 * 1e6, "us");
}

static void check_ballots(SealedCheck *checks, size_t n) {
        double start = cpu(), one, many;

        for (size_t i = 0; i < n; i++)
                must(sealed_ballot_check(checks[i].ballot, checks[i].definition, &checks[i].statement, NULL) == 0, "sealed_ballot_check");
        one = cpu() - start;
        start = cpu();
        must(sealed_checks_run(checks, n) == 0, "sealed_checks_run");
        many = cpu() - start;
        for (size_t i = 0; i < n; i++)
                must(checks[i].verdict == 0, "a proof");
        print("sealed_verified_one_by_one_per_sec", (double) n / one, "/s");
        print("sealed_verified_batched_per_sec", (double) n / many, "/s");
}

static void sum_and_open(Definition *d, const SealedCheck *checks, size_t n, size_t n_summed, const SecretScalar *x) {
        _cleanup_(sealed_total_freep) SealedTotal *total = NULL;
        _cleanup_(sealed_sum_freep) SealedSum *sum = NULL;
        _cleanup_stream_ Stream stream = {};
        uint8_t proofs[5][EQUAL_BYTES];
        uint64_t sums[5], all = 0;
        ShareStatement s[5] = {};
        unsigned trustee = 0;
        Element parts[5];
        double start = cpu();

        must(sealed_sum_new(&sum, d) == 0, "sealed_sum_new");
        for (size_t i = 0; i < n_summed; i++)
                must(sealed_sum_add(sum, checks[i % n].ballot, 1 + i % 4) == 0, "sealed_sum_add");
        must(sealed_sum_total(sum, &total) == 0, "sealed_sum_total");
        print("sealed_sum_msec", (cpu() - start) * 1e3, "ms");

        stream_begin_random(&stream, "bench");
        start = cpu();
        for (uint32_t i = 0; i < 5; i++) {
                s[i] = (ShareStatement) { .share_key = *secret_scalar_public(x), .option = i, .alpha = sealed_total_ciphers(total)[i].alpha };
                element_mul(&s[i].part, secret_scalar_value(x), &s[i].alpha);
                parts[i] = s[i].part;
                share_make(proofs[i], &s[i], x, &stream);
        }
        print("sealed_share_made_msec", (cpu() - start) * 1e3, "ms");
        start = cpu();
        for (unsigned i = 0; i < 5; i++)
                must(share_check(&s[i], proofs[i], NULL) == 0, "share_check");
        print("sealed_share_verified_msec", (cpu() - start) * 1e3, "ms");

        start = cpu();
        must(sealed_total_open(total, &trustee, 1, parts, NULL, sums) == 0, "sealed_total_open");
        print("sealed_opened_msec", (cpu() - start) * 1e3, "ms");
        for (unsigned i = 0; i < 5; i++)
                all += sums[i];
        must(all == sealed_total_weight(total), "the sum");
}

int main(int argc, char **argv) {
        size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 400, n_summed = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000, bytes = 0;
        _cleanup_(definition_unrefp) Definition *d = NULL;
        _cleanup_(secret_scalar_freep) SecretScalar *x = NULL;
        _cleanup_json_ Json *o = NULL;
        SealedCheck *checks;
        Why why = {};

        must(crypto_init(&why) == 0, why.text);
        must(n > 0 && n <= 100000, "a number of ballots");
        o = parse(definition_text);
        must(definition_parse(&d, o, &why) == 0, why.text);
        must(secret_scalar_generate(&x) == 0, "a secret");

        multiply();
        checks = make_ballots(d, secret_scalar_public(x), n, &bytes);
        print("sealed_ballot_bytes", (double) bytes, "bytes");
        check_ballots(checks, n);
        multiply();
        sum_and_open(d, checks, n, n_summed, x);

        for (size_t i = 0; i < n; i++)
                (void) sealed_ballot_free((SealedBallot *) checks[i].ballot);
        free(checks);
        return EXIT_SUCCESS;
}
