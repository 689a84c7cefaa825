/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help-sealed.h"

#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "election/sealed-form.h"

/* The worked example of voted-election(5), byte for byte: a change of tests/vectors/golden-sealed.txt
 * is a change of every ledger with a sealed election in it. */

static void say(Buf *b, const char *name, const uint8_t bytes[static 32]) {
        char hex[65];

        hex_encode(hex, bytes, 32);
        buf_printf(b, "%s %s\n", name, hex);
}

static Scalar scalar_of(uint64_t v) {
        Scalar s;

        scalar_from_u64(&s, v);
        return s;
}

/* What the challenge of the first option's proof is: the sum of its parts. */
static Scalar challenge_of(const char *ballot) {
        const char *proof = strstr(ballot, "[[\"") + 3 + 43 + 3 + 43 + 3;    /* behind alpha, beta */
        uint8_t bytes[256];
        Scalar a, b;

        ck_assert_int_eq(base64_decode(bytes, 256, proof, BASE64_LEN(256)), 0);
        memcpy(a.b, bytes + 64, 32);
        memcpy(b.b, bytes + 192, 32);
        scalar_add(&a, &a, &b);
        return a;
}

static void say_voter(Buf *text, SealedSum *sum, Definition *d, const Element *y, uint8_t signer,
        uint8_t seed, uint64_t seq, uint64_t weight, const char *choices, uint64_t first) {
        _cleanup_(sealed_ballot_freep) SealedBallot *b = NULL;
        _cleanup_(ballot_freep) Ballot *open = NULL;
        _cleanup_json_ Json *o = NULL;
        _cleanup_buf_ Buf line = {};
        BallotStatement s = { .board_key = *y, .seq = seq };
        uint8_t seeds[32];
        Stream stream;
        Scalar r, c;

        memset(s.network.b, 0x11, 32);
        memset(s.election.b, 0x22, 32);
        memset(s.signer.b, signer, 32);
        memset(seeds, seed, 32);
        ck_assert_int_eq(ballot_of(&open, d, choices, NULL), 0);
        ck_assert_int_eq(sealed_ballot_make(&o, d, &s, open, seeds), 0);
        ck_assert_int_eq(sealed_ballot_parse(&b, d, o, NULL), 0);
        ck_assert_int_eq(sealed_ballot_check(b, d, &s, NULL), 0);
        ck_assert_int_eq(sealed_sum_add(sum, b, weight), 0);
        ck_assert_int_eq(json_dump(o, &line), 0);

        choice_stream(&stream, seeds, &s, 0, 0, first);
        stream_scalar(&stream, &r);
        stream_done(&stream);
        c = challenge_of(line.p);

        say(text, "signer", s.signer.b);
        buf_printf(text, "seq %llu\nweight %llu\nchoices [%s]\n", (unsigned long long) seq,
                (unsigned long long) weight, choices);
        say(text, "seed", seeds);
        say(text, "r", r.b);
        say(text, "alpha", sealed_ballot_ciphers(b)[0].alpha.b);
        say(text, "beta", sealed_ballot_ciphers(b)[0].beta.b);
        say(text, "challenge", c.b);
        buf_printf(text, "ballot %s\n", line.p);
}

static void say_opening(Buf *text, const SealedTotal *t) {
        static const unsigned trustees[] = { 0, 2 };
        Scalar x[] = { scalar_of(12), scalar_of(22) };
        uint64_t sums[2];
        Element parts[4];

        for (size_t k = 0; k < 2; k++) {
                say(text, "sum_alpha", sealed_total_ciphers(t)[k].alpha.b);
                say(text, "sum_beta", sealed_total_ciphers(t)[k].beta.b);
                for (size_t i = 0; i < 2; i++) {
                        element_mul(&parts[2 * i + k], &x[i], &sealed_total_ciphers(t)[k].alpha);
                        say(text, i == 0 ? "D_0" : "D_2", parts[2 * i + k].b);
                }
        }
        ck_assert_int_eq(sealed_total_open(t, trustees, 2, parts, NULL, sums), 0);
        buf_printf(text, "sums [%llu,%llu]\n", (unsigned long long) sums[0],
                (unsigned long long) sums[1]);
}

/* A share of the first option's sum, with a nonce from a seed as a trustee would not take it. */
static void say_share(Buf *text, const SealedTotal *t) {
        _cleanup_(secret_scalar_freep) SecretScalar *x = NULL;
        ShareStatement s = { .trustee = 2, .alpha = sealed_total_ciphers(t)[0].alpha };
        const uint8_t seed[32] = { 0x77 };
        uint8_t proof[EQUAL_BYTES];
        char b64[BASE64_LEN(EQUAL_BYTES) + 1];
        Scalar secret = scalar_of(22);
        Stream stream;

        memset(s.network.b, 0x11, 32);
        memset(s.election.b, 0x22, 32);
        memset(s.block.b, 0x33, 32);
        ck_assert_int_eq(secret_scalar_new(&x, &secret), 0);
        s.share_key = *secret_scalar_public(x);
        element_mul(&s.part, &secret, &s.alpha);
        stream_begin(&stream, seed, "example");
        share_make(proof, &s, x, &stream);
        stream_done(&stream);
        ck_assert_int_eq(share_check(&s, proof, NULL), 0);
        base64_encode(b64, proof, sizeof(proof));
        say(text, "X_2", s.share_key.b);
        buf_printf(text, "share_proof %s\n", b64);
}

static void lines_same(const char *ours, const char *file) {
        for (int line = 1; *ours || *file; line++) {
                size_t n = strcspn(ours, "\n"), m = strcspn(file, "\n");

                ck_assert_msg(n == m && memcmp(ours, file, n) == 0, "line %d: %.*s, expected %.*s", line,
                        (int) MIN(n, (size_t) 200), ours, (int) MIN(m, (size_t) 200), file);
                ours += n + (ours[n] != 0);
                file += m + (file[m] != 0);
        }
}

static void file_read(Buf *ret, const char *path) {
        const char *top = getenv("abs_top_srcdir");
        _cleanup_buf_ Buf whole = {};
        FILE *f;

        buf_printf(&whole, "%s/%s", top ? top : ".", path);
        f = fopen(whole.p, "re");
        ck_assert_msg(f, "%s", whole.p);
        for (int c; (c = fgetc(f)) != EOF; )
                buf_add_char(ret, (char) c);
        (void) fclose(f);
        ck_assert_int_eq(buf_error(ret), 0);
        ck_assert_ptr_nonnull(ret->p);
}

/* The ballot is broken into lines there, and "-" is written "\\-". */
START_TEST(the_manual_shows_the_example) {
        static const char *const shown[] = {    /* of each the first */
                "board_key", "r", "alpha", "beta", "challenge", "ballot", "sum_alpha", "sum_beta", "D_0",
                "D_2", "X_2", "share_proof",
        };
        _cleanup_buf_ Buf golden = {}, page = {}, text = {};

        file_read(&golden, "tests/vectors/golden-sealed.txt");
        file_read(&page, "man/voted-election.5.in");
        for (size_t i = 0; i < page.n; i++)
                if (page.p[i] != '\n' && !(page.p[i] == '\\' && page.p[i + 1] == '-'))
                        buf_add_char(&text, page.p[i]);
        ck_assert_int_eq(buf_error(&text), 0);
        assert(text.p);                         /* no page is empty */

        for (size_t i = 0; i < ELEMENTSOF(shown); i++) {
                _cleanup_buf_ Buf name = {}, value = {};
                const char *at;

                buf_printf(&name, "\n%s ", shown[i]);
                at = strstr(golden.p, name.p);
                ck_assert_msg(at, "%s", shown[i]);
                at += name.n;
                buf_add(&value, at, strcspn(at, "\n"));
                ck_assert_msg(strstr(text.p, value.p), "%s %.64s", shown[i], value.p);
        }
}
END_TEST

START_TEST(the_example_of_the_manual_is_what_we_make) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(
                "{\"text\":\"Accept?\",\"options\":[\"yes\",\"no\"],\"method\":\"plurality\"}",
                SEALED_MORE ",\"blank\":false,\"least\":2");
        _cleanup_(sealed_sum_freep) SealedSum *sum = NULL;
        _cleanup_(sealed_total_freep) SealedTotal *total = NULL;
        _cleanup_buf_ Buf text = {}, file = {};
        Scalar seven = scalar_of(7);
        Element y;
        Id id;

        element_mul_base(&y, &seven);
        ck_assert_int_eq(sealed_sum_new(&sum, d), 0);
        buf_add_text(&text, "# The example of voted-election(5): secret 7, shares 12, 17 and 22.\n");
        say(&text, "board_key", y.b);
        say_voter(&text, sum, d, &y, 0x44, 0x66, 1, 3, "[0]", 1);
        say_voter(&text, sum, d, &y, 0x55, 0x77, 2, 1, "[1]", 0);
        ck_assert_int_eq(sealed_sum_total(sum, &total), 0);
        say_opening(&text, total);
        say_share(&text, total);
        ck_assert_int_eq(sealed_total_hash(total, &id), 0);
        say(&text, "total_hash", id.b);
        ck_assert_int_eq(buf_error(&text), 0);

        file_read(&file, "tests/vectors/golden-sealed.txt");
        lines_same(text.p, file.p);
}
END_TEST

static void nothing(void) {}

RUN_SEALED_TESTS("sealed-golden", nothing, nothing, NULL, 0,
        the_example_of_the_manual_is_what_we_make,
        the_manual_shows_the_example)
