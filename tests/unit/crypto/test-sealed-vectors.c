/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/hex.h"
#include "codec/json.h"
#include "codec/line.h"
#include "crypto/deal.h"
#include "crypto/proof.h"
#include "crypto/sign.h"
#include "crypto/transcript.h"
#include "voted/limits.h"

#include "../help.h"

/* tests/vectors/sealed.jsonl, which another program in another language made (tests/vectors/sealed.mjs): what we make of
 * the same seeds is the same to the byte. */

#define LINES_MAX 64U

static struct {
        Json *lines[LINES_MAX];
        size_t n;
} vectors;

static void read_vectors(void) {
        const char *top = getenv("abs_top_srcdir");
        _cleanup_free_ char *path = path_join(top ? top : ".", "tests/vectors/sealed.jsonl");
        _cleanup_buf_ Buf text = {};
        char *at, *end;

        ck_assert_int_eq(crypto_init(NULL), 0);
        ck_assert_msg(read_file(path, 1U << 20, &text) == 0, "%s is missing", path);
        vectors.n = 0;
        for (at = text.p; (end = strchr(at, '\n')); at = end + 1) {
                Why why = {};

                ck_assert_uint_lt(vectors.n, LINES_MAX);
                ck_assert_msg(line_parse(&vectors.lines[vectors.n], at, (size_t) (end - at), 1U << 20, &why) == 0, "line %zu: %s", vectors.n + 1, why.text);
                vectors.n++;
        }
        ck_assert_uint_gt(vectors.n, 0);
}

static void forget_vectors(void) {
        for (size_t i = 0; i < vectors.n; i++)
                (void) json_free(vectors.lines[i]);
        vectors.n = 0;
}

/* The next vector of that kind from *at on. */
static const Json* next(const char *kind, size_t *at) {
        const char *is;

        while (*at < vectors.n) {
                const Json *j = vectors.lines[(*at)++];

                ck_assert_int_eq(json_get_text(j, "kind", 1, 64, &is, NULL), 0);
                if (streq(is, kind))
                        return j;
        }
        return NULL;
}

/* At most max bytes; how many. */
static size_t bytes_of(const Json *text, void *ret, size_t max) {
        size_t n;

        ck_assert(json_is_text(text));
        n = strlen(json_text(text)) / 2;
        ck_assert_uint_le(n, max);
        ck_assert_int_eq(hex_decode(ret, n, json_text(text), 2 * n), 0);
        return n;
}

static void get(const Json *j, const char *key, void *ret, size_t n) {
        const char *text;

        ck_assert_msg(json_get_text(j, key, 2 * n, 2 * n, &text, NULL) == 0, "%s", key);
        ck_assert_int_eq(hex_decode(ret, n, text, 2 * n), 0);
}

static uint32_t number(const Json *j, const char *key) {
        int64_t v;

        ck_assert_int_eq(json_get_int(j, key, 0, UINT32_MAX, &v, NULL), 0);
        return (uint32_t) v;
}

static const Json* list(const Json *j, const char *key) {
        const Json *a;

        ck_assert_int_eq(json_get_array(j, key, 0, 1000, &a, NULL), 0);
        return a;
}

START_TEST(transcripts) {
        const Json *j;
        unsigned n = 0;

        read_vectors();
        for (size_t at = 0; (j = next("transcript", &at)); n++) {
                const Json *fields = list(j, "fields");
                uint8_t expected[32], field[100] = {};
                Transcript t;
                Scalar s;

                (void) bytes_of(json_at(fields, 0), field, sizeof(field) - 1);
                transcript_begin(&t, (const char *) field);
                for (size_t i = 1; i < json_len(fields); i++)
                        transcript_add(&t, field, bytes_of(json_at(fields, i), field, sizeof(field)));
                transcript_scalar(&t, &s);
                get(j, "scalar", expected, 32);
                ck_assert_mem_eq(s.b, expected, 32);
        }
        ck_assert_uint_ge(n, 3);
        forget_vectors();
}
END_TEST

START_TEST(streams) {
        const Json *j;
        unsigned n = 0;

        read_vectors();
        for (size_t at = 0; (j = next("stream", &at)); n++) {
                _cleanup_stream_ Stream stream = {};
                const Json *fields = list(j, "fields"), *scalars = list(j, "scalars");
                uint8_t seed[32], field[100], expected[32], got[32];
                const char *label;
                Scalar s;

                get(j, "seed", seed, 32);
                ck_assert_int_eq(json_get_text(j, "label", 1, 64, &label, NULL), 0);
                stream_begin(&stream, seed, label);
                for (size_t i = 0; i < json_len(fields); i++)
                        stream_bind(&stream, field, bytes_of(json_at(fields, i), field, sizeof(field)));
                for (size_t i = 0; i < json_len(scalars); i++) {
                        stream_scalar(&stream, &s);
                        (void) bytes_of(json_at(scalars, i), expected, 32);
                        ck_assert_mem_eq(s.b, expected, 32);
                }
                stream_bytes(&stream, got);
                get(j, "bytes", expected, 32);
                ck_assert_mem_eq(got, expected, 32);
        }
        ck_assert_uint_ge(n, 2);
        forget_vectors();
}
END_TEST

#define CELLS_MAX 16U

static size_t values(const Json *j, const char *key, uint32_t ret[static CELLS_MAX]) {
        const Json *a = list(j, key);

        ck_assert_uint_le(json_len(a), CELLS_MAX);
        for (size_t i = 0; i < json_len(a); i++)
                ret[i] = (uint32_t) json_int(json_at(a, i));
        return json_len(a);
}

static void proof_is(const Json *j, const char *key, const BallotStatement *s, const ChoiceClaim *c, uint64_t m, const Scalar *r, Stream *stream) {
        uint8_t expected[CHOICE_BYTES(CELLS_MAX)], got[CHOICE_BYTES(CELLS_MAX)];
        size_t n = CHOICE_BYTES(c->n_allowed);

        get(j, key, expected, n);
        ck_assert_int_eq(choice_make(got, s, c, m, r, stream), 0);
        ck_assert_msg(memcmp(got, expected, n) == 0, "question %" PRIu32 ", option %" PRIu32, c->question, c->option);
        ck_assert_int_eq(choice_check(s, c, expected, NULL), 0);
}

START_TEST(ballots) {
        const Json *j;
        unsigned n = 0;

        read_vectors();
        for (size_t at = 0; (j = next("ballot", &at)); n++) {
                const Json *questions = list(j, "questions");
                Cipher ciphers[CELLS_MAX], expected;
                BallotStatement s = { .ciphers = ciphers };
                Stream cells[CELLS_MAX];
                Scalar r[CELLS_MAX];
                uint8_t seed[32];
                size_t first = 0;

                get(j, "seed", seed, 32);
                get(j, "network", s.network.b, 32);
                get(j, "election", s.election.b, 32);
                get(j, "board_key", s.board_key.b, 32);
                get(j, "signer", s.signer.b, 32);
                s.seq = number(j, "seq");
                for (size_t q = 0; q < json_len(questions); q++) {
                        uint32_t m[CELLS_MAX];
                        size_t n_options = values(json_at(questions, q), "m", m);

                        for (size_t o = 0; o < n_options; o++, s.n_ciphers++) {
                                const Json *option = json_at(list(json_at(questions, q), "options"), o);

                                ck_assert_uint_lt(s.n_ciphers, CELLS_MAX);
                                choice_stream(&cells[s.n_ciphers], seed, &s, (uint32_t) q, (uint32_t) o, m[o]);
                                stream_scalar(&cells[s.n_ciphers], &r[s.n_ciphers]);
                                cipher_make(&ciphers[s.n_ciphers], &s.board_key, m[o], &r[s.n_ciphers]);
                                get(option, "alpha", expected.alpha.b, 32);
                                get(option, "beta", expected.beta.b, 32);
                                ck_assert(cipher_equal(&ciphers[s.n_ciphers], &expected));
                        }
                }
                for (size_t q = 0; q < json_len(questions); q++) {
                        const Json *question = json_at(questions, q);
                        uint32_t m[CELLS_MAX], allowed[CELLS_MAX], sum = 0;
                        size_t n_options = values(question, "m", m);
                        ChoiceClaim c = { .question = (uint32_t) q, .allowed = allowed, .n_allowed = values(question, "allowed", allowed), .first = first, .n = 1 };
                        Scalar total = {};

                        for (size_t o = 0; o < n_options; o++) {
                                c.option = (uint32_t) o;
                                proof_is(json_at(list(question, "options"), o), "proof", &s, &c, m[o], &r[c.first], &cells[c.first]);
                                scalar_add(&total, &total, &r[c.first]);
                                sum += m[o];
                                c.first++;
                        }
                        if (json_has(question, "sum")) {
                                _cleanup_stream_ Stream stream = {};

                                c.option = CHOICE_OPTION_SUM;
                                c.n_allowed = values(question, "sum_allowed", allowed);
                                c.first = first;
                                c.n = n_options;
                                choice_stream(&stream, seed, &s, (uint32_t) q, CHOICE_OPTION_SUM, sum);
                                proof_is(question, "sum", &s, &c, sum, &total, &stream);
                        }
                        first += n_options;
                }
        }
        ck_assert_uint_ge(n, 4);
        forget_vectors();
}
END_TEST

static void begin(const Json *j, Stream *ret) {
        uint8_t seed[32];

        get(j, "seed", seed, 32);
        stream_begin(ret, seed, "vector");
}

static void secret_of(const Json *j, SecretScalar **ret) {
        uint8_t b[32];

        get(j, "secret", b, 32);
        ck_assert_int_eq(secret_scalar_decode(ret, b), 0);
}

START_TEST(proofs_of_logarithms) {
        uint8_t expected[EQUAL_BYTES], got[EQUAL_BYTES];
        unsigned n_sealings = 0, n_shares = 0, n_objects = 0;
        const Json *j;

        read_vectors();
        for (size_t at = 0; (j = next("sealing", &at)); n_sealings++) {
                _cleanup_(secret_scalar_freep) SecretScalar *e = NULL;
                _cleanup_stream_ Stream stream = {};
                SealingStatement s;

                begin(j, &stream);
                secret_of(j, &e);
                get(j, "network", s.network.b, 32);
                get(j, "signer", s.signer.b, 32);
                get(j, "sealing", s.sealing.b, 32);
                ck_assert(element_equal(&s.sealing, secret_scalar_public(e)));
                get(j, "proof", expected, KNOWLEDGE_BYTES);
                sealing_make(got, &s, e, &stream);
                ck_assert_mem_eq(got, expected, KNOWLEDGE_BYTES);
                ck_assert_int_eq(sealing_check(&s, expected, NULL), 0);
        }
        for (size_t at = 0; (j = next("share", &at)); n_shares++) {
                _cleanup_(secret_scalar_freep) SecretScalar *x = NULL;
                _cleanup_stream_ Stream stream = {};
                ShareStatement s;

                begin(j, &stream);
                secret_of(j, &x);
                get(j, "network", s.network.b, 32);
                get(j, "election", s.election.b, 32);
                get(j, "block", s.block.b, 32);
                get(j, "share_key", s.share_key.b, 32);
                get(j, "alpha", s.alpha.b, 32);
                get(j, "part", s.part.b, 32);
                s.trustee = number(j, "trustee");
                s.question = number(j, "question");
                s.option = number(j, "option");
                get(j, "proof", expected, EQUAL_BYTES);
                share_make(got, &s, x, &stream);
                ck_assert_mem_eq(got, expected, EQUAL_BYTES);
                ck_assert_int_eq(share_check(&s, expected, NULL), 0);
        }
        for (size_t at = 0; (j = next("object", &at)); n_objects++) {
                _cleanup_(secret_scalar_freep) SecretScalar *e = NULL;
                _cleanup_stream_ Stream stream = {};
                ObjectStatement s;

                begin(j, &stream);
                secret_of(j, &e);
                get(j, "network", s.network.b, 32);
                get(j, "board", s.board.b, 32);
                get(j, "dealer", s.dealer.b, 32);
                get(j, "trustee", s.trustee.b, 32);
                get(j, "sealing", s.sealing.b, 32);
                get(j, "r", s.r.b, 32);
                get(j, "k", s.k.b, 32);
                get(j, "proof", expected, EQUAL_BYTES);
                object_make(got, &s, e, &stream);
                ck_assert_mem_eq(got, expected, EQUAL_BYTES);
                ck_assert_int_eq(object_check(&s, expected, NULL), 0);
        }
        ck_assert_uint_ge(n_sealings, 1);
        ck_assert_uint_ge(n_shares, 1);
        ck_assert_uint_ge(n_objects, 1);
        forget_vectors();
}
END_TEST

/* A dealer's stream gives the polynomial, then what is sealed, then the proofs. */
static void deal_is(const Json *board, const Json *deal, size_t dealer, size_t threshold, Element *ret_commitments, Scalar *shares) {
        const Json *trustees = list(board, "trustees"), *secrets = list(board, "sealing_secrets"), *sealed = list(deal, "shares"),
                   *proofs = list(deal, "proofs");
        _cleanup_(polynomial_freep) Polynomial *p = NULL;
        _cleanup_stream_ Stream stream = {};
        uint8_t expected[SEALED_SHARE_BYTES], got[SEALED_SHARE_BYTES], b[32];
        SealedShareContext c;
        DealStatement s;

        begin(deal, &stream);
        ck_assert_int_eq(polynomial_new(&p, threshold, &stream), 0);
        for (size_t k = 0; k < threshold; k++) {
                (void) bytes_of(json_at(list(deal, "commitments"), k), expected, 32);
                ck_assert_mem_eq(polynomial_commitments(p)[k].b, expected, 32);
                ret_commitments[k] = polynomial_commitments(p)[k];
        }
        get(board, "network", c.network.b, 32);
        get(board, "board", c.board.b, 32);
        (void) bytes_of(json_at(trustees, dealer), c.dealer.b, 32);
        for (size_t i = 0; i < json_len(trustees); i++) {
                _cleanup_(secret_scalar_freep) SecretScalar *e = NULL;
                Scalar share, opened;

                (void) bytes_of(json_at(trustees, i), c.trustee.b, 32);
                (void) bytes_of(json_at(secrets, i), b, 32);
                ck_assert_int_eq(secret_scalar_decode(&e, b), 0);
                polynomial_share(p, i, &share);
                share_seal(got, &c, secret_scalar_public(e), &share, &stream);
                (void) bytes_of(json_at(sealed, i), expected, SEALED_SHARE_BYTES);
                ck_assert_mem_eq(got, expected, SEALED_SHARE_BYTES);
                ck_assert_int_eq(sealed_share_check(&c, expected, NULL), 0);
                ck_assert_int_eq(share_open(&opened, &c, e, expected), 0);
                ck_assert(scalar_equal(&opened, &share));
                ck_assert(share_fits(&opened, polynomial_commitments(p), threshold, i));
                scalar_add(&shares[i], &shares[i], &share);
        }
        s = (DealStatement) { .network = c.network, .board = c.board, .dealer = c.dealer, .commitments = ret_commitments, .n_commitments = threshold };
        for (size_t k = 0; k < threshold; k++) {
                coefficient_make(got, &s, (uint32_t) k, polynomial_coefficient(p, k), &stream);
                (void) bytes_of(json_at(proofs, k), expected, 64);
                ck_assert_mem_eq(got, expected, 64);
                ck_assert_int_eq(coefficient_check(&s, (uint32_t) k, expected, NULL), 0);
        }
}

START_TEST(boards) {
        const Json *j;
        unsigned n = 0;

        read_vectors();
        for (size_t at = 0; (j = next("board", &at)); n++) {
                const Json *deals = list(j, "deals"), *keys = list(j, "share_keys"), *secrets = list(j, "share_secrets");
                size_t threshold = number(j, "threshold"), n_trustees = json_len(deals);
                Element commitments[TRUSTEES_MAX * TRUSTEES_MAX], share_keys[TRUSTEES_MAX], e, expected;
                Scalar shares[TRUSTEES_MAX] = {};
                uint8_t b[32];

                for (size_t d = 0; d < n_trustees; d++)
                        deal_is(j, json_at(deals, d), d, threshold, commitments + d * threshold, shares);
                board_key(&e, commitments, n_trustees, threshold);
                get(j, "board_key", expected.b, 32);
                ck_assert(element_equal(&e, &expected));
                board_share_keys(share_keys, commitments, n_trustees, threshold);
                for (size_t i = 0; i < n_trustees; i++) {
                        (void) bytes_of(json_at(keys, i), expected.b, 32);
                        ck_assert(element_equal(&share_keys[i], &expected));
                        (void) bytes_of(json_at(secrets, i), b, 32);
                        ck_assert_mem_eq(shares[i].b, b, 32);
                }
        }
        ck_assert_uint_ge(n, 3);
        forget_vectors();
}
END_TEST

START_TEST(lagrange_factors) {
        const Json *j;
        unsigned n = 0;

        read_vectors();
        for (size_t at = 0; (j = next("lagrange", &at)); n++) {
                uint32_t v[CELLS_MAX];
                unsigned trustees[CELLS_MAX];
                size_t k = values(j, "trustees", v);
                uint8_t expected[32];
                Scalar s;

                for (size_t i = 0; i < k; i++)
                        trustees[i] = v[i];
                for (size_t i = 0; i < k; i++) {
                        lagrange_at_zero(&s, trustees, k, i);
                        (void) bytes_of(json_at(list(j, "factors"), i), expected, 32);
                        ck_assert_mem_eq(s.b, expected, 32);
                }
        }
        ck_assert_uint_ge(n, 4);
        forget_vectors();
}
END_TEST

TEST_MAIN("sealed-vectors", transcripts, streams, ballots, proofs_of_logarithms, boards, lagrange_factors)
