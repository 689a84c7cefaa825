/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "help.h"

#include "crypto/deal.h"
#include "crypto/sign.h"
#include "election/sealed-sum.h"
#include "voted/limits.h"

/* What the tests of sealed elections share: a board whose shares the test holds, ballots by it. */

#define SEALED_BOARD "\"board\":\"00000000000000000000000000000000000000000000000000000000000000b0\""
#define SEALED_MORE ",\"secrecy\":\"sealed\"," SEALED_BOARD
#define SEALED_QUESTION(method, params) \
        "{\"text\":\"Which?\",\"options\":[\"a\",\"b\",\"c\"],\"method\":\"" method "\"" params "}"

typedef struct Board {
        size_t threshold, n;
        Element key;                            /* Y */
        SecretScalar *shares[TRUSTEES_MAX];
} Board;

/* One dealer is enough to have a key that threshold of n share. */
static inline _unused_ void board_make(Board *b, size_t threshold, size_t n) {
        _cleanup_(polynomial_freep) Polynomial *p = NULL;
        static const uint8_t seed[32] = "board";
        _cleanup_stream_ Stream s = {};

        stream_begin(&s, seed, "test");
        ck_assert_int_eq(polynomial_new(&p, threshold, &s), 0);
        *b = (Board) { .threshold = threshold, .n = n };
        board_key(&b->key, polynomial_commitments(p), 1, threshold);
        for (size_t i = 0; i < n; i++) {
                Scalar share;

                polynomial_share(p, i, &share);
                ck_assert_int_eq(board_share_secret(&b->shares[i], &share, 1), 0);
        }
}

static inline _unused_ void board_done(Board *b) {
        for (size_t i = 0; i < b->n; i++)
                b->shares[i] = secret_scalar_free(b->shares[i]);
}

/* What voter number i says with that seq. */
static inline _unused_ BallotStatement statement_by(const Board *b, uint8_t voter, uint64_t seq) {
        return (BallotStatement) {
                .network = { { 1, 2, 3 } },
                .election = { { 4, 5, 6 } },
                .board_key = b->key,
                .signer = { { voter, 1 } },
                .seq = seq,
        };
}

/* choices such as "[2],[0,1]", as JSON text that the caller frees with buf_done(). */
static inline _unused_ void seal_text(
        Buf *ret, const Definition *d, const BallotStatement *s, const char *choices, uint8_t seed) {
        const uint8_t seeds[32] = { seed, (uint8_t) s->seq, s->signer.b[0] };
        _cleanup_(ballot_freep) Ballot *b = NULL;
        _cleanup_json_ Json *o = NULL;
        Why why = {};

        ck_assert_msg(ballot_of(&b, d, choices, &why) == 0, "%s: %s", choices, why.text);
        ck_assert_int_eq(sealed_ballot_make(&o, d, s, b, seeds), 0);
        *ret = (Buf) {};
        ck_assert_int_eq(json_dump(o, ret), 0);
}

static inline _unused_ int sealed_parse(
        SealedBallot **ret, const Definition *d, const char *text, Why *why) {
        _cleanup_json_ Json *o = json_of(text);

        return sealed_ballot_parse(ret, d, o, why);
}

static inline _unused_ SealedBallot* seal(
        const Definition *d, const BallotStatement *s, const char *choices, uint8_t seed) {
        _cleanup_buf_ Buf text = {};
        SealedBallot *b;
        Why why = {};

        seal_text(&text, d, s, choices, seed);
        ck_assert_msg(sealed_parse(&b, d, text.p, &why) == 0, "%s", why.text);
        return b;
}

static inline _unused_ int check_text(
        const Definition *d, const BallotStatement *s, const char *text, Why *why) {
        _cleanup_(sealed_ballot_freep) SealedBallot *b = NULL;
        SealedCheck many;
        int r;

        r = sealed_parse(&b, d, text, why);
        if (r != 0) {
                ck_assert_ptr_null(b);
                return r;
        }

        /* Alone and among others it is judged alike. */
        many = (SealedCheck) { .ballot = b, .definition = d, .statement = *s };
        ck_assert_int_eq(sealed_checks_run(&many, 1), 0);
        r = sealed_ballot_check(b, d, s, why);
        ck_assert_int_eq(r, many.verdict);
        if (r != 0)
                ck_assert_str_eq(why->text, many.why.text);
        return r;
}

static inline _unused_ int check_alone(
        const Definition *d, const BallotStatement *s, const char *text, Why *why) {
        _cleanup_(sealed_ballot_freep) SealedBallot *b = NULL;
        int r;

        r = sealed_parse(&b, d, text, why);
        return r != 0 ? r : sealed_ballot_check(b, d, s, why);
}

/* D of each option by these trustees, one trustee after the other; the caller frees it. */
static inline _unused_ Element* parts_of(
        const Board *b, const SealedTotal *t, size_t n_options, const unsigned *trustees, size_t n) {
        Element *parts = new0(Element, n * n_options);

        ck_assert_ptr_nonnull(parts);
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < n_options; k++)
                        element_mul(&parts[i * n_options + k],
                                secret_scalar_value(b->shares[trustees[i]]),
                                &sealed_total_ciphers(t)[k].alpha);
        return parts;
}

/* One sealed question of that method with n options "o0", "o1", ... */
static inline _unused_ Definition *definition_simple_sealed(
        const char *method, size_t n, const char *params) {
        return definition_with(method, n, params, SEALED_MORE);
}

/* As run_tests(), with begin() and end() around each test; looped, if there is one, runs n times. */
static inline _unused_ int run_sealed_tests(const char *name, void (*begin)(void), void (*end)(void),
        const TTest *looped, int n, const TTest *const *tests) {
        TCase *t = tcase_create(name);

        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;

        tcase_set_timeout(t, 300);
        tcase_add_checked_fixture(t, begin, end);
        if (looped)
                tcase_add_loop_test(t, looped, 0, n);
        return run_case(name, t, tests);
}

#define RUN_SEALED_TESTS(name, begin, end, looped, n, ...)                                          \
        int main(void) {                                                                           \
                return run_sealed_tests(name, begin, end, looped, n,                               \
                        (const TTest*[]) { __VA_ARGS__, NULL });                                   \
        }
