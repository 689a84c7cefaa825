/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help-sealed.h"

#include "codec/base64.h"
#include "election/sealed-form.h"
#include "voted/limits.h"

static Board board;

static const char *const questions =
        SEALED_QUESTION("plurality", "") "," SEALED_QUESTION("approval", ",\"min\":2") ","
        SEALED_QUESTION("score", ",\"max\":2");

static Definition* election(const char *more) {
        _cleanup_buf_ Buf text = {};

        buf_printf(&text, SEALED_MORE "%s", more);
        return definition_of(questions, text.p);
}

START_TEST(every_allowed_choice_can_be_sealed) {
        static const char *const choices[] = {
                "[0],[0,1],[0,0,0]", "[2],[0,1,2],[2,1,0]", "[],[],[]", "[1],[],[2,2,2]",
                "[],[1,2],[]",
        };
        _cleanup_(definition_unrefp) Definition *d = election("");
        BallotStatement s = statement_by(&board, 1, 1);

        for (size_t i = 0; i < ELEMENTSOF(choices); i++) {
                _cleanup_buf_ Buf text = {}, again = {}, other = {};
                Why why = {};

                seal_text(&text, d, &s, choices[i], 7);
                ck_assert_msg(check_text(d, &s, text.p, &why) == 0, "%s: %s", choices[i], why.text);
                ck_assert_uint_eq(text.n, definition_ballot_bytes_max(d));
                ck_assert_uint_eq(text.n, sealed_form_bytes(d));

                /* A ballot is a function of its seed. */
                seal_text(&again, d, &s, choices[i], 7);
                ck_assert_str_eq(text.p, again.p);
                seal_text(&other, d, &s, choices[i], 8);
                ck_assert_str_ne(text.p, other.p);
        }
}
END_TEST

START_TEST(one_seed_for_two_statements_shares_no_alpha) {
        _cleanup_(definition_unrefp) Definition *d = election("");
        BallotStatement s = statement_by(&board, 1, 1), other = s;
        const uint8_t seed[32] = { 9 };
        _cleanup_(ballot_freep) Ballot *choices = NULL;

        other.network.b[0] ^= 1;
        ck_assert_int_eq(ballot_of(&choices, d, "[0],[0,1],[0,0,0]", NULL), 0);
        for (int i = 0; i < 2; i++) {
                _cleanup_json_ Json *a = NULL, *b = NULL;
                _cleanup_buf_ Buf x = {}, y = {};
                char alpha[64];

                ck_assert_int_eq(sealed_ballot_make(&a, d, &s, choices, seed), 0);
                ck_assert_int_eq(sealed_ballot_make(&b, d, &other, choices, seed), 0);
                ck_assert_int_eq(json_dump(a, &x), 0);
                ck_assert_int_eq(json_dump(b, &y), 0);
                (void) snprintf(alpha, sizeof(alpha), "%.43s", strstr(x.p, "[[\"") + 3);
                ck_assert_ptr_null(strstr(y.p, alpha));
                other = s;
                other.seq++;
        }
}
END_TEST

/* The texts of base64url in a ballot, in order. */
static const char* blob_next(const char *at, size_t *ret_n) {
        *ret_n = 0;
        for (; (at = strchr(at, '"')); at += *ret_n + 1) {
                at++;
                *ret_n = strcspn(at, "\"");
                if (*ret_n >= 43)
                        return at;
        }
        return NULL;
}

static size_t question_of(const char *text, const char *at) {
        size_t n = 0;

        while ((text = strstr(text, "\"options\"")) && text < at) {
                text++;
                n++;
        }
        return n - 1;
}

/* Something else in the place of 32 bytes of a ballot. */
static bool change(uint8_t *p, int how, const uint8_t *other) {
        uint8_t before[32];

        memcpy(before, p, 32);
        switch (how) {
        case 0:
                p[0] ^= 1;
                break;
        case 1:
                p[31] ^= 0x80;
                break;
        case 2:
                memset(p, 0, 32);
                break;
        case 3:
                memset(p, 0xff, 32);
                break;
        case 4:
                memcpy(p, other, 32);           /* an element */
                break;
        default:
                memset(p, 0, 32);               /* a scalar */
                p[0] = 5;
        }
        return memcmp(p, before, 32) != 0;
}

START_TEST(every_field_that_is_changed_is_refused) {
        _cleanup_(definition_unrefp) Definition *d = election("");
        BallotStatement s = statement_by(&board, 1, 1);
        _cleanup_buf_ Buf text = {};
        size_t n_text, n_changes = 0;
        const char *blob;

        seal_text(&text, d, &s, "[1],[0,2],[0,2,1]", 3);
        for (blob = blob_next(text.p, &n_text); blob; blob = blob_next(blob + n_text + 1, &n_text)) {
                size_t n = n_text * 3 / 4, at = (size_t) (blob - text.p);
                _cleanup_free_ uint8_t *bytes = malloc(n), *changed = malloc(n);
                char where[32];

                (void) snprintf(where, sizeof(where), "question %zu", question_of(text.p, blob));
                ck_assert_int_eq(base64_decode(bytes, n, blob, n_text), 0);
                for (size_t field = 0; field < n; field += 32)
                        for (int how = 0; how < 6; how++) {
                                _cleanup_free_ char *bad = strdup(text.p);
                                char after = bad[at + n_text];
                                Why why = {};
                                int r;

                                memcpy(changed, bytes, n);
                                if (!change(changed + field, how, board.key.b))
                                        continue;
                                base64_encode(bad + at, changed, n);
                                bad[at + n_text] = after;

                                r = how == 0 ? check_text(d, &s, bad, &why)
                                             : check_alone(d, &s, bad, &why);
                                ck_assert_msg(r == V_PROOF, "byte %zu of text %zu, way %d: %d", field,
                                        at, how, r);
                                /* a cipher stands in the statement of all proofs */
                                ck_assert_msg(strstr(why.text, where) ||
                                                (n_text == 43 && strstr(why.text, "question 0")),
                                        "%s: %s", where, why.text);
                                n_changes++;
                        }
        }
        /* 9 options: alpha, beta, 2 or 3 values; sums of 2 and 3 values */
        ck_assert_uint_ge(n_changes, 5 * (18 + 4 * (6 * 2 + 3 * 3 + 2 + 3)));
}
END_TEST

START_TEST(a_ballot_is_good_for_its_voter_seq_election_and_network_only) {
        _cleanup_(definition_unrefp) Definition *d = election("");
        BallotStatement s = statement_by(&board, 1, 4);
        _cleanup_buf_ Buf text = {};

        seal_text(&text, d, &s, "[1],[0,2],[0,2,1]", 3);
        ck_assert_int_eq(check_text(d, &s, text.p, &(Why) {}), 0);
        for (int i = 0; i < 6; i++) {
                BallotStatement other = s;
                Why why = {};

                switch (i) {
                case 0:
                        other.signer.b[0] ^= 1;         /* copied by another voter */
                        break;
                case 1:
                        other.seq = 5;                  /* handed in again */
                        break;
                case 2:
                        other.seq += UINT64_C(1) << 32;
                        break;
                case 3:
                        other.election.b[31] ^= 1;
                        break;
                case 4:
                        other.network.b[31] ^= 1;
                        break;
                default:
                        element_add(&other.board_key, &s.board_key, &s.board_key);
                }
                ck_assert_msg(check_text(d, &other, text.p, &why) == V_PROOF, "case %d", i);
                ck_assert_ptr_nonnull(strstr(why.text, "question 0"));
        }
}
END_TEST

/* The texts of ballot b from the nth on, m of them, in a copy of ballot a in the place of its own. */
static char* graft(const char *a, size_t n, const char *b, size_t m, size_t count) {
        char *copy = strdup(a);
        size_t len_a, len_b;
        const char *to = blob_next(copy, &len_a), *from = blob_next(b, &len_b);

        for (; n > 0; n--)
                to = blob_next(to + len_a + 1, &len_a);
        for (; m > 0; m--)
                from = blob_next(from + len_b + 1, &len_b);
        for (; count > 0; count--) {
                ck_assert_uint_eq(len_a, len_b);
                memcpy((char*) to, from, len_a);
                to = blob_next(to + len_a + 1, &len_a);
                from = blob_next(from + len_b + 1, &len_b);
        }
        return copy;
}

START_TEST(parts_of_ballots_do_not_make_a_ballot) {
        _cleanup_(definition_unrefp) Definition *d = election("");
        BallotStatement s = statement_by(&board, 1, 1);
        _cleanup_buf_ Buf a = {}, b = {};
        static const struct {
                size_t to, from, n;
        } cases[] = {
                { 0, 0, 3 },    /* an option of another ballot by the same voter */
                { 0, 3, 3 },    /* an option in the place of another */
                { 9, 9, 1 },    /* the proof of the other's sum */
                { 0, 10, 9 },   /* another question's options */
                { 0, 0, 10 },   /* a whole question */
                { 2, 2, 1 },    /* a proof alone */
        };

        seal_text(&a, d, &s, "[1],[0,2],[0,2,1]", 3);
        seal_text(&b, d, &s, "[2],[0,1],[1,2,1]", 4);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *mixed = graft(a.p, cases[i].to, b.p, cases[i].from, cases[i].n);
                Why why = {};

                ck_assert_msg(check_text(d, &s, mixed, &why) == V_PROOF, "case %zu", i);
        }
}
END_TEST

START_TEST(another_shape_is_refused_with_the_reason) {
        _cleanup_(definition_unrefp) Definition *d = election(",\"blank\":false"),
                                                *open = definition_of(questions, "");
        BallotStatement s = statement_by(&board, 1, 1);
        _cleanup_buf_ Buf text = {};
        static const struct {
                const char *from, *to, *why;
        } cases[] = {
                { "{\"sealed\":", "{\"seales\":", "\"seales\"" },
                { "{\"sealed\":[", "{\"choices\":[],\"sealed\":[", "\"choices\"" },
                { "{\"sealed\":[", "{\"sealed\":[{},", "4 items, expected one for each" },
                { "{\"sealed\":[{\"options\":[[", "{\"sealed\":[7,{\"options\":[[", "4 items" },
                { "{\"options\":[[", "{\"options\":[[],[", "4 items in \"options\"" },
                { "{\"options\":[[\"", "{\"options\":[[7,\"", "option 0: expected [alpha,beta,proof]" },
                { "{\"options\":[[", "{\"a\":1,\"options\":[[", "question 0: \"a\"" },
                { "\"sum\":\"", "\"sum\":\"A", "question 0: \"sum\" has 172 characters" },
                { "\"sum\":\"", "\"suma\":\"", "question 0: \"suma\"" },
                { "\"sum\":", "\"sum\":1,\"sun\":", "\"sun\"" },
                { "[[\"", "[[\"=", "question 0: option 0: alpha has 44 characters, expected 43" },
        };

        seal_text(&text, d, &s, "[1],[0,2],[0,2,1]", 3);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *at = strstr(text.p, cases[i].from);
                _cleanup_buf_ Buf bad = {};
                Why why = {};

                ck_assert_ptr_nonnull(at);
                buf_add(&bad, text.p, (size_t) (at - text.p));
                buf_add_text(&bad, cases[i].to);
                buf_add_text(&bad, at + strlen(cases[i].from));
                ck_assert_msg(check_text(d, &s, bad.p, &why) == V_BALLOT, "%s: %s", cases[i].to,
                        why.text);
                ck_assert_msg(strstr(why.text, cases[i].why), "why is \"%s\", expected \"%s\"",
                        why.text, cases[i].why);
        }

        for (int i = 0; i < 5; i++) {
                static const char *const bad[] = { "[]", "7", "{}", "[1,2,3]", "[{},{},{}]" };
                _cleanup_buf_ Buf wrapped = {};
                Why why = {};

                buf_printf(&wrapped, "{\"sealed\":%s}", bad[i]);
                ck_assert_int_eq(check_text(d, &s, wrapped.p, &why), V_BALLOT);
                ck_assert_int_gt(strlen(why.text), 0);
        }
        ck_assert_int_eq(check_text(d, &s, "{}", &(Why) {}), V_BALLOT);
        ck_assert_int_eq(check_text(d, &s, "{\"choices\":[[1],[0,1],[0,0,0]]}", &(Why) {}), V_BALLOT);
        ck_assert_int_eq(check_text(open, &s, text.p, &(Why) {}), V_BALLOT);
}
END_TEST

START_TEST(one_value_has_one_encoding) {
        _cleanup_(definition_unrefp) Definition *d = election("");
        BallotStatement s = statement_by(&board, 1, 1);
        _cleanup_buf_ Buf text = {};
        size_t n, refused = 0;

        /* The last of 43 characters holds four bits: with a low one set it is another text for the
         * same bytes. */
        seal_text(&text, d, &s, "[1],[0,2],[0,2,1]", 3);
        for (const char *blob = blob_next(text.p, &n); blob; blob = blob_next(blob + n + 1, &n)) {
                static const char alphabet[] =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
                char *last = text.p + (blob - text.p) + n - 1, before = *last;
                Why why = {};

                if (n % 4 == 0)
                        continue;
                *last = alphabet[strchr(alphabet, before) - alphabet + 1];
                ck_assert_int_eq(check_text(d, &s, text.p, &why), V_BALLOT);
                ck_assert_ptr_nonnull(strstr(why.text, "not canonical base64url"));
                *last = before;
                refused++;
        }
        ck_assert_uint_ge(refused, 18);
        ck_assert_int_eq(check_text(d, &s, text.p, &(Why) {}), 0);
}
END_TEST

START_TEST(the_largest_ballot_has_its_foretold_size) {
        _cleanup_(definition_unrefp) Definition
                *approval = definition_simple_sealed("approval", 60, ""),
                *score = definition_simple_sealed("score", 11, "");
        BallotStatement s = statement_by(&board, 1, 1);
        _cleanup_buf_ Buf a = {}, b = {};
        Why why = {};

        seal_text(&a, approval, &s, "[0,7,59]", 1);
        seal_text(&b, score, &s, "[0,1,2,3,4,5,6,7,8,9,10]", 1);
        ck_assert_uint_eq(a.n, definition_ballot_bytes_max(approval));
        ck_assert_uint_eq(b.n, definition_ballot_bytes_max(score));
        ck_assert_int_eq(check_text(approval, &s, a.p, &why), 0);
        ck_assert_int_eq(check_text(score, &s, b.p, &why), 0);
}
END_TEST

static void begin(void) {
        board_make(&board, 1, 1);
}

static void end(void) {
        board_done(&board);
}

RUN_SEALED_TESTS("sealed-ballot", begin, end, NULL, 0,
        every_allowed_choice_can_be_sealed,
        one_seed_for_two_statements_shares_no_alpha,
        every_field_that_is_changed_is_refused,
        a_ballot_is_good_for_its_voter_seq_election_and_network_only,
        parts_of_ballots_do_not_make_a_ballot,
        another_shape_is_refused_with_the_reason,
        one_value_has_one_encoding,
        the_largest_ballot_has_its_foretold_size)
