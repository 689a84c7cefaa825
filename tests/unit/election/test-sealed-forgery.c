/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help-sealed.h"

#include "codec/base64.h"

/* Ballots by whoever knows all there is to know but how to prove what is not so. */

static Board board;

typedef struct Forgery {
        int values[3];                          /* what is encrypted: -1 is the order less one */
        int claimed[3];                         /* what the proofs are made for */
        int total;
        bool naked;                             /* option 0 without randomness: alpha is the identity */
} Forgery;

/* A ballot of one plurality question that its maker lies about. */
static void forge(Buf *ret, const BallotStatement *s, const Forgery *f) {
        static const uint32_t allowed[] = { 0, 1 };
        Scalar r[3], r_sum = {};
        Cipher ciphers[3];
        BallotStatement whole = *s;
        char text[BASE64_LEN(256) + 1];
        uint8_t proof[256];
        Stream stream;

        stream_begin_random(&stream, "test");
        whole.ciphers = ciphers;
        whole.n_ciphers = 3;
        for (size_t i = 0; i < 3; i++) {
                if (f->naked && i == 0)
                        r[i] = (Scalar) {};
                else
                        stream_scalar(&stream, &r[i]);
                scalar_add(&r_sum, &r_sum, &r[i]);
                cipher_make(&ciphers[i], &s->board_key, (uint64_t) MAX(f->values[i], 0), &r[i]);
                if (f->values[i] < 0) {
                        Element g;
                        Scalar one;

                        scalar_from_u64(&one, (uint64_t) -f->values[i]);
                        element_mul_base(&g, &one);
                        element_sub(&ciphers[i].beta, &ciphers[i].beta, &g);
                }
        }

        buf_add_text(ret, "{\"sealed\":[{\"options\":[");
        for (size_t i = 0; i < 4; i++) {
                ChoiceClaim c = {
                        .option = i < 3 ? (uint32_t) i : CHOICE_OPTION_SUM,
                        .allowed = allowed,
                        .n_allowed = 2,
                        .first = i < 3 ? i : 0,
                        .n = i < 3 ? 1 : 3,
                };

                ck_assert_int_eq(choice_make(proof, &whole, &c,
                        (uint64_t) (i < 3 ? f->claimed[i] : f->total), i < 3 ? &r[i] : &r_sum, &stream), 0);
                if (i < 3) {
                        base64_encode(text, ciphers[i].alpha.b, 32);
                        buf_printf(ret, "%s[\"%s\"", i > 0 ? "," : "", text);
                        base64_encode(text, ciphers[i].beta.b, 32);
                        buf_printf(ret, ",\"%s\"", text);
                }
                base64_encode(text, proof, sizeof(proof));
                buf_printf(ret, i < 3 ? ",\"%s\"]" : "],\"sum\":\"%s\"}]}", text);
        }
        stream_done(&stream);
}

START_TEST(what_is_not_allowed_cannot_be_proved) {
        static const struct {
                Forgery f;
                const char *why;                /* NULL: it is a good ballot */
        } cases[] = {
                { { { 0, 1, 0 }, { 0, 1, 0 }, 1 }, NULL },
                { { { 0, 0, 0 }, { 0, 0, 0 }, 0 }, NULL },
                { { { 0, 2, 0 }, { 0, 1, 0 }, 1 }, "question 0, option 1" },
                { { { 0, 2, 0 }, { 0, 0, 0 }, 0 }, "question 0, option 1" },
                { { { 1, 1, 0 }, { 1, 1, 0 }, 1 }, "question 0: the proof of its sum" },
                { { { 1, 1, 1 }, { 1, 1, 1 }, 0 }, "question 0: the proof of its sum" },
                { { { -1, 1, 1 }, { 0, 1, 1 }, 1 }, "question 0, option 0" },
                { { { 2, -1, 0 }, { 1, 0, 0 }, 1 }, "question 0, option 0" },
                { { { 0, 0, -1 }, { 0, 0, 1 }, 0 }, "question 0, option 2" },
                { { { 0, 0, 1 }, { 0, 0, 0 }, 1 }, "question 0, option 2" },
                /* all that it proves is so */
                { { { 1, 0, 0 }, { 1, 0, 0 }, 1, .naked = true }, "question 0: option 0: alpha is no element" },
                { { { 0, 0, 1 }, { 0, 0, 1 }, 1, .naked = true }, "question 0: option 0: alpha is no element" },
        };
        _cleanup_(definition_unrefp) Definition *d =
                definition_of(SEALED_QUESTION("plurality", ""), SEALED_MORE);
        BallotStatement s = statement_by(&board, 1, 1);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_buf_ Buf text = {};
                Why why = {};
                int r;

                forge(&text, &s, &cases[i].f);
                r = check_text(d, &s, text.p, &why);
                ck_assert_msg(r == (cases[i].why ? V_PROOF : 0), "case %zu: %s", i, why.text);
                if (cases[i].why)
                        ck_assert_msg(strstr(why.text, cases[i].why), "case %zu: %s", i, why.text);
        }
}
END_TEST

START_TEST(a_blank_choice_is_refused_where_there_may_be_none) {
        _cleanup_(definition_unrefp) Definition
                *with = definition_of(SEALED_QUESTION("plurality", ""), SEALED_MORE),
                *without = definition_of(SEALED_QUESTION("plurality", ""), SEALED_MORE ",\"blank\":false");
        BallotStatement s = statement_by(&board, 1, 1);
        _cleanup_buf_ Buf blank = {}, full = {}, proper = {};
        Why why = {};

        seal_text(&blank, with, &s, "[]", 1);
        seal_text(&full, with, &s, "[1]", 1);
        seal_text(&proper, without, &s, "[1]", 1);
        ck_assert_int_eq(check_text(with, &s, blank.p, &why), 0);
        ck_assert_int_eq(check_text(without, &s, proper.p, &why), 0);
        ck_assert_int_eq(check_text(without, &s, blank.p, &why), V_BALLOT);
        ck_assert_ptr_nonnull(strstr(why.text, "\"sum\" has 342 characters, expected 171"));
        ck_assert_int_eq(check_text(with, &s, proper.p, &why), V_BALLOT);
        ck_assert_int_eq(check_text(without, &s, full.p, &why), V_BALLOT);
}
END_TEST

/* A good ballot but for one z: its partial challenges still sum up, and only an equation tells. */
static SealedBallot* seal_broken(const Definition *d, const BallotStatement *s, const char *choices) {
        _cleanup_buf_ Buf text = {};
        SealedBallot *b;
        uint8_t proof[256];
        size_t n;
        char *blob;

        seal_text(&text, d, s, choices, 3);
        blob = strstr(text.p, "\"sum\":\"") + strlen("\"sum\":\"");
        n = strcspn(blob, "\"");
        ck_assert_int_eq(base64_decode(proof, 256, blob, n), 0);
        proof[96] ^= 1;
        base64_encode(blob, proof, 256);
        blob[n] = '"';
        ck_assert_int_eq(sealed_parse(&b, d, text.p, NULL), 0);
        return b;
}

START_TEST(among_many_the_bad_ones_are_named) {
        _cleanup_(definition_unrefp) Definition
                *one = definition_of(SEALED_QUESTION("plurality", ""), SEALED_MORE),
                *two = definition_of(SEALED_QUESTION("score", ",\"max\":4"), SEALED_MORE);
        enum { N = 120 };
        SealedBallot *ballots[N];
        SealedCheck checks[N];

        /* Enough equations for several batches. */
        for (size_t i = 0; i < N; i++) {
                Definition *d = i % 3 == 0 ? two : one;
                BallotStatement s = statement_by(&board, (uint8_t) i, 1);

                /* Of the first batch one that only its equations tell, and of the last. */
                ballots[i] = i == 7 || i == 119 ? seal_broken(d, &s, "[2]")
                                                : seal(d, &s, d == one ? "[2]" : "[0,4,3]", 2);
                checks[i] = (SealedCheck) {
                        .ballot = ballots[i], .definition = d, .statement = s, .verdict = -1,
                };
                if (i == 5 || i == 6 || i == 98)
                        checks[i].statement.seq++;
        }

        ck_assert_int_eq(sealed_checks_run(checks, N), 0);
        for (size_t i = 0; i < N; i++)
                ck_assert_msg(checks[i].verdict ==
                                (i == 5 || i == 6 || i == 7 || i == 98 || i == 119 ? V_PROOF : 0),
                        "ballot %zu: %d", i, checks[i].verdict);

        checks[5].statement.seq--;
        ck_assert_int_eq(sealed_checks_run(checks, 6), 0);
        ck_assert_int_eq(checks[5].verdict, 0);
        ck_assert_str_eq(checks[5].why.text, "");
        ck_assert_int_eq(sealed_checks_run(NULL, 0), 0);
        for (size_t i = 0; i < N; i++)
                (void) sealed_ballot_free(ballots[i]);
}
END_TEST

START_TEST(a_batch_sees_what_only_its_equations_tell) {
        _cleanup_(definition_unrefp) Definition *d =
                definition_of(SEALED_QUESTION("plurality", ""), SEALED_MORE);
        BallotStatement s = statement_by(&board, 1, 1);
        _cleanup_(sealed_ballot_freep) SealedBallot *a = seal_broken(d, &s, "[1]"),
                                                    *b = seal(d, &s, "[1]", 3);
        SealedCheck checks[2];

        for (int i = 0; i < 2; i++)
                checks[i] = (SealedCheck) { .ballot = i == 0 ? a : b, .definition = d, .statement = s };
        ck_assert_int_eq(sealed_checks_run(checks, 2), 0);
        ck_assert_int_eq(checks[0].verdict, V_PROOF);
        ck_assert_ptr_nonnull(strstr(checks[0].why.text, "does not hold"));
        ck_assert_int_eq(checks[1].verdict, 0);
}
END_TEST

static void begin(void) {
        board_make(&board, 1, 1);
}

static void end(void) {
        board_done(&board);
}

RUN_SEALED_TESTS("sealed-forgery", begin, end, NULL, 0,
        what_is_not_allowed_cannot_be_proved,
        a_blank_choice_is_refused_where_there_may_be_none,
        among_many_the_bad_ones_are_named,
        a_batch_sees_what_only_its_equations_tell)
