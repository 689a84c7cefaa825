/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help-sealed.h"

#include "voted/limits.h"

static Board board;             /* 3 of 5 */

#define N_VOTERS 12

/* A choice of three options, as the items of "choices". */
static void random_choice(uint64_t *state, const char *method, char *ret, size_t size) {
        size_t a = random_below(state, 3), b = random_below(state, 3);

        if (random_below(state, 5) == 0)
                (void) snprintf(ret, size, "[]");
        else if (streq(method, "plurality"))
                (void) snprintf(ret, size, "[%zu]", a);
        else if (streq(method, "approval") && a != b)
                (void) snprintf(ret, size, "[%zu,%zu]", MIN(a, b), MAX(a, b));
        else if (streq(method, "approval"))
                (void) snprintf(ret, size, "[%zu]", a);
        else
                (void) snprintf(ret, size, "[%zu,%zu,%zu]", a, b, random_below(state, 4));
}

static void member_same(const Json *open, const Json *sealed, const char *key) {
        char text[8192];

        member_text(open, key, text, sizeof(text));
        ck_assert_member(sealed, key, text);
}

static void result_same(const Result *open, const Result *sealed) {
        static const char *const members[] = { "ballots", "weight", "needs_lot", "lot" };
        static const char *const of_questions[] = {
                "text", "method", "options", "ballots", "weight", "outcome", "elected", "tied",
                "open_seats", "lot_used", "lot_order", "seats", "max", "sums", "order",
        };

        ck_assert_uint_eq(open->n_questions, sealed->n_questions);
        ck_assert_int_eq(open->needs_lot, sealed->needs_lot);
        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                member_same(open->json, sealed->json, members[i]);

        for (size_t i = 0; i < open->n_questions; i++) {
                const Json *a = open->questions[i].json, *b = sealed->questions[i].json;

                for (size_t k = 0; k < ELEMENTSOF(of_questions); k++)
                        member_same(a, b, of_questions[k]);
                ck_assert_member(b, "blank_ballots", "(none)");
                if (i == 0)                     /* plurality */
                        member_same(a, b, "blank_weight");
                else
                        ck_assert_member(b, "blank_weight", "(none)");
        }
}

static const char *const three =
        SEALED_QUESTION("plurality", "") ","
        SEALED_QUESTION("approval", ",\"seats\":2,\"max\":2") ","
        SEALED_QUESTION("score", ",\"max\":3");

/* Elections of all methods, in which voters of many weights vote up to three times or not at all:
 * opened by any three of five trustees, the sums are those of a plain count. */
START_TEST(a_sealed_count_equals_an_open_one) {
        static const char *const methods[] = { "plurality", "approval", "score" };
        _cleanup_(definition_unrefp) Definition
                *open = definition_of(three, ",\"lot\":\"L\""),
                *sealed = definition_of(three, SEALED_MORE ",\"lot\":\"L\",\"least\":2");
        const Lot lot = { .network = { { 7 } }, .election = { { 8 } }, .value = "3 14 15" };
        uint64_t state = 20261130 + (uint64_t) _i;
        _cleanup_(sealed_sum_freep) SealedSum *sum = NULL;
        _cleanup_(sealed_total_freep) SealedTotal *total = NULL;
        _cleanup_(count_freep) Count *count = NULL;
        _cleanup_free_ Element *parts = NULL;
        unsigned trustees[3];
        uint64_t sums[9];

        ck_assert_int_eq(count_new(&count, open), 0);
        ck_assert_int_eq(sealed_sum_new(&sum, sealed), 0);
        for (uint8_t v = 0; v < N_VOTERS; v++) {
                size_t n_votes = v < 2 ? 1 : random_below(&state, 4);
                uint64_t weight = 1 + random_below(&state, _i % 2 == 0 ? 3 : 100000000);
                _cleanup_(sealed_ballot_freep) SealedBallot *last = NULL;
                char choices[128];

                for (uint64_t seq = 1; seq <= n_votes; seq++) {
                        BallotStatement s = statement_by(&board, v, seq);
                        Why why = {};

                        choices[0] = 0;
                        for (size_t q = 0; q < 3; q++) {
                                char choice[32];

                                random_choice(&state, methods[q], choice, sizeof(choice));
                                APPEND(choices, "%s%s", q > 0 ? "," : "", choice);
                        }
                        last = sealed_ballot_free(last);
                        last = seal(sealed, &s, choices, 1);
                        ck_assert_msg(sealed_ballot_check(last, sealed, &s, &why) == 0, "%s", why.text);
                }
                if (!last)
                        continue;
                count_choices(count, open, weight, choices);
                ck_assert_int_eq(sealed_sum_add(sum, last, weight), 0);
        }

        ck_assert_int_eq(sealed_sum_total(sum, &total), 0);
        ck_assert_int_eq(sealed_total_fate(total), SEALED_OPENS);
        for (size_t i = 0; i < 3; i++)
                do
                        trustees[i] = (unsigned) random_below(&state, 5);
                while ((i > 0 && trustees[i] == trustees[0]) || (i > 1 && trustees[i] == trustees[1]));
        parts = parts_of(&board, total, 9, trustees, 3);
        ck_assert_int_eq(sealed_total_open(total, trustees, 3, parts, NULL, sums), 0);

        for (int drawn = 0; drawn < 2; drawn++) {
                _cleanup_(result_freep) Result *a = NULL, *b = NULL;

                ck_assert_int_eq(count_finish(count, drawn ? &lot : NULL, &a), 0);
                ck_assert_int_eq(result_of_sums(sealed, sealed_total_ballots(total),
                        sealed_total_weight(total), sums, drawn ? &lot : NULL, &b), 0);
                result_same(a, b);
                ck_assert_member(b->json, "sealed", "{\"least\":2,\"opened\":true}");
                ck_assert_member(a->json, "sealed", "(none)");
        }
}
END_TEST

/* Ballots for option 1 of three by n voters; of weight 1 + i % n_weights each. */
static SealedSum* sum_of(Definition *d, size_t from, size_t to, size_t n_weights) {
        BallotStatement s = statement_by(&board, 1, 1);
        _cleanup_(sealed_ballot_freep) SealedBallot *b = seal(d, &s, "[1]", 1);
        SealedSum *sum;

        ck_assert_int_eq(sealed_sum_new(&sum, d), 0);
        for (size_t i = from; i < to; i++)
                ck_assert_int_eq(sealed_sum_add(sum, b, 1 + i % n_weights), 0);
        return sum;
}

static SealedTotal* total_of(Definition *d, size_t n, size_t n_weights) {
        _cleanup_(sealed_sum_freep) SealedSum *sum = sum_of(d, 0, n, n_weights);
        SealedTotal *t;

        ck_assert_int_eq(sealed_sum_total(sum, &t), 0);
        return t;
}

static Definition* plurality(const char *more) {
        _cleanup_buf_ Buf text = {};

        buf_printf(&text, SEALED_MORE "%s", more);
        return definition_of(SEALED_QUESTION("plurality", ""), text.p);
}

static const unsigned all[] = { 0, 1, 2, 3, 4 };

START_TEST(more_weights_than_groups_are_summed_as_well) {
        _cleanup_(definition_unrefp) Definition *d = plurality("");
        _cleanup_(sealed_total_freep) SealedTotal *t = total_of(d, 100, 99);
        _cleanup_free_ Element *parts = parts_of(&board, t, 3, all + 1, 3);
        uint64_t sums[3];

        ck_assert_uint_gt(99, SEALED_GROUPS_MAX);
        ck_assert_uint_eq(sealed_total_ballots(t), 100);
        ck_assert_uint_eq(sealed_total_weight(t), 99 * 100 / 2 + 1);
        ck_assert_int_eq(sealed_total_open(t, all + 1, 3, parts, NULL, sums), 0);
        ck_assert_uint_eq(sums[0], 0);
        ck_assert_uint_eq(sums[1], 99 * 100 / 2 + 1);
        ck_assert_uint_eq(sums[2], 0);
}
END_TEST

START_TEST(parts_of_a_sum_are_the_whole) {
        _cleanup_(definition_unrefp) Definition *d = plurality("");
        _cleanup_(sealed_sum_freep) SealedSum *a = sum_of(d, 0, 50, 99), *b = sum_of(d, 50, 100, 99);
        _cleanup_(sealed_total_freep) SealedTotal *whole = total_of(d, 100, 99), *joined = NULL;
        Id x, y;

        ck_assert_int_eq(sealed_sum_merge(a, b), 0);
        ck_assert_int_eq(sealed_sum_total(a, &joined), 0);
        for (size_t i = 0; i < 3; i++)
                ck_assert(cipher_equal(
                        &sealed_total_ciphers(whole)[i], &sealed_total_ciphers(joined)[i]));
        ck_assert_int_eq(sealed_total_hash(whole, &x), 0);
        ck_assert_int_eq(sealed_total_hash(joined, &y), 0);
        ck_assert(id_equal(&x, &y));
}
END_TEST

START_TEST(the_hash_of_a_total_names_it) {
        _cleanup_(definition_unrefp) Definition *d = plurality("");
        _cleanup_(sealed_total_freep) SealedTotal *a = total_of(d, 5, 1), *b = total_of(d, 6, 1),
                                                  *c = total_of(d, 5, 2);
        Id x, y, z;

        ck_assert_int_eq(sealed_total_hash(a, &x), 0);
        ck_assert_int_eq(sealed_total_hash(b, &y), 0);
        ck_assert_int_eq(sealed_total_hash(c, &z), 0);
        ck_assert(!id_equal(&x, &y) && !id_equal(&x, &z) && !id_equal(&y, &z));
}
END_TEST

/* One ballot alone, four of least five: whoever brings what shares, no function opens them. */
START_TEST(too_few_ballots_are_opened_by_no_number_of_shares) {
        _cleanup_(definition_unrefp) Definition *d = plurality("");
        _cleanup_(sealed_total_freep) SealedTotal *enough = total_of(d, 5, 1);
        uint64_t sums[3] = { 99, 99, 99 };

        ck_assert_int_eq(sealed_total_fate(enough), SEALED_OPENS);
        for (size_t n = 1; n < 5; n++) {
                _cleanup_(sealed_total_freep) SealedTotal *t = total_of(d, n, 1);
                _cleanup_free_ Element *parts = parts_of(&board, t, 3, all, 5);
                _cleanup_(result_freep) Result *r = NULL;

                ck_assert_int_eq(sealed_total_fate(t), SEALED_TOO_FEW);
                for (size_t k = 0; k <= 5; k++)
                        ck_assert_int_eq(sealed_total_open(t, all, k, parts, NULL, sums), -EINVAL);
                ck_assert_uint_eq(sums[1], 99);

                ck_assert_int_eq(result_of_sums(d, n, n, NULL, NULL, &r), 0);
                ck_assert_result(r, "outcome", "unopened");
                ck_assert_result(r, "elected", "[]");
                ck_assert_result(r, "tied", "[]");
                ck_assert_result(r, "open_seats", "0");
                ck_assert_result(r, "sums", "(none)");
                ck_assert_result(r, "blank_weight", "(none)");
                ck_assert_member(r->json, "sealed", "{\"least\":5,\"opened\":false}");
                ck_assert_member(r->json, "needs_lot", "false");
        }
}
END_TEST

START_TEST(no_ballots_are_zeros_without_shares) {
        _cleanup_(definition_unrefp) Definition *d = plurality("");
        _cleanup_(sealed_total_freep) SealedTotal *t = total_of(d, 0, 1);
        _cleanup_(result_freep) Result *r = NULL;
        const uint64_t zeros[3] = {};

        ck_assert_int_eq(sealed_total_fate(t), SEALED_EMPTY);
        for (size_t i = 0; i < 3; i++)
                ck_assert(element_is_identity(&sealed_total_ciphers(t)[i].alpha));
        ck_assert_int_eq(result_of_sums(d, 0, 0, zeros, NULL, &r), 0);
        ck_assert_result(r, "sums", "[0,0,0]");
        ck_assert_result(r, "outcome", "tie");
        ck_assert_member(r->json, "sealed", "{\"least\":5,\"opened\":true}");
}
END_TEST

START_TEST(fewer_shares_than_the_threshold_open_nothing) {
        _cleanup_(definition_unrefp) Definition *d = plurality("");
        _cleanup_(sealed_total_freep) SealedTotal *t = total_of(d, 6, 2);
        _cleanup_free_ Element *parts = parts_of(&board, t, 3, all, 5);
        static const unsigned twice[] = { 0, 1, 1 }, none[] = { 0, 1, TRUSTEES_MAX };
        uint64_t sums[3];

        ck_assert_int_eq(sealed_total_open(t, all, 1, parts, NULL, sums), V_PROOF);
        ck_assert_int_eq(sealed_total_open(t, all, 2, parts, NULL, sums), V_PROOF);
        ck_assert_int_eq(sealed_total_open(t, all, 0, parts, NULL, sums), -EINVAL);
        ck_assert_int_eq(sealed_total_open(t, twice, 3, parts, NULL, sums), -EINVAL);
        ck_assert_int_eq(sealed_total_open(t, none, 3, parts, NULL, sums), -EINVAL);
        for (size_t n = 3; n <= 5; n++) {
                ck_assert_int_eq(sealed_total_open(t, all, n, parts, NULL, sums), 0);
                ck_assert_uint_eq(sums[1], 9);
        }

        element_add(&parts[4], &parts[4], &board.key);
        ck_assert_int_eq(sealed_total_open(t, all, 3, parts, NULL, sums), V_PROOF);
}
END_TEST

START_TEST(threads_open_the_same) {
        _cleanup_(definition_unrefp) Definition *d = plurality("");
        _cleanup_(sealed_total_freep) SealedTotal *t = total_of(d, 10, 3);
        _cleanup_free_ Element *parts = parts_of(&board, t, 3, all, 3);
        _cleanup_(workers_freep) Workers *w = NULL;
        uint64_t sums[3];

        ck_assert_int_eq(workers_new(&w, 2), 0);
        ck_assert_int_eq(sealed_total_open(t, all, 3, parts, w, sums), 0);
        ck_assert_uint_eq(sums[0], 0);
        ck_assert_uint_eq(sums[1], 19);
}
END_TEST

/* Voters who know each other can make their randomness cancel: the sum then is beta alone. */
START_TEST(an_alpha_that_cancels_opens_with_parts_that_are_the_identity) {
        _cleanup_(definition_unrefp) Definition *d = plurality(",\"least\":2");
        BallotStatement s = statement_by(&board, 1, 1);
        _cleanup_(sealed_ballot_freep) SealedBallot *b = seal(d, &s, "[]", 1);
        _cleanup_(sealed_sum_freep) SealedSum *sum = NULL;
        _cleanup_(sealed_total_freep) SealedTotal *t = NULL;
        _cleanup_free_ Element *parts = NULL;
        Cipher *c = (Cipher*) sealed_ballot_ciphers(b);
        uint64_t sums[3];

        ck_assert_int_eq(sealed_sum_new(&sum, d), 0);
        ck_assert_int_eq(sealed_sum_add(sum, b, 4), 0);
        for (size_t i = 0; i < 3; i++) {
                element_neg(&c[i].alpha, &c[i].alpha);
                element_neg(&c[i].beta, &c[i].beta);
        }
        ck_assert_int_eq(sealed_sum_add(sum, b, 4), 0);
        ck_assert_int_eq(sealed_sum_total(sum, &t), 0);
        for (size_t i = 0; i < 3; i++)
                ck_assert(element_is_identity(&sealed_total_ciphers(t)[i].alpha));

        parts = parts_of(&board, t, 3, all, 3);
        ck_assert(element_is_identity(&parts[0]));
        ck_assert_int_eq(sealed_total_open(t, all, 3, parts, NULL, sums), 0);
        ck_assert_uint_eq(sums[0] + sums[1] + sums[2], 0);
}
END_TEST

START_TEST(weights_are_bounded) {
        _cleanup_(definition_unrefp) Definition *d = plurality("");
        BallotStatement s = statement_by(&board, 1, 1);
        _cleanup_(sealed_ballot_freep) SealedBallot *b = seal(d, &s, "[1]", 1);
        _cleanup_(sealed_sum_freep) SealedSum *sum = NULL;
        _cleanup_(sealed_total_freep) SealedTotal *t = NULL;
        uint64_t sums[3];

        ck_assert_int_eq(sealed_sum_new(&sum, d), 0);
        ck_assert_int_eq(sealed_sum_add(sum, b, 0), -EINVAL);
        ck_assert_int_eq(sealed_sum_add(sum, b, WEIGHT_MAX + 1), -EINVAL);
        for (uint64_t i = 0; i < WEIGHT_SUM_MAX / WEIGHT_MAX; i++)
                ck_assert_int_eq(sealed_sum_add(sum, b, WEIGHT_MAX), 0);
        ck_assert_int_eq(sealed_sum_add(sum, b, 1), -EOVERFLOW);
        ck_assert_int_eq(sealed_sum_merge(sum, sum), -EOVERFLOW);

        /* more than sealed_rolls_check() lets pass: nothing to search through */
        ck_assert_int_eq(sealed_sum_total(sum, &t), 0);
        ck_assert_uint_eq(sealed_total_weight(t), WEIGHT_SUM_MAX);
        ck_assert_int_eq(sealed_total_open(t, all, 3, &board.key, NULL, sums), -EINVAL);
}
END_TEST

START_TEST(sums_that_no_ballots_add_up_to_are_refused) {
        _cleanup_(definition_unrefp) Definition *d = definition_of(three, SEALED_MORE);
        static const uint64_t bad[][9] = {
                { 11 }, { 5, 4, 2 }, { 0, 0, 0, 11 }, { 0, 0, 0, 0, 0, 0, 0, 31 },
        }, good[] = { 5, 4, 1, 10, 10, 0, 30, 30, 30 };
        Result *r = NULL;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                ck_assert_int_eq(result_of_sums(d, 7, 10, bad[i], NULL, &r), -EINVAL);
        ck_assert_ptr_null(r);
        ck_assert_int_eq(result_of_sums(d, 7, WEIGHT_SUM_MAX + 1, good, NULL, &r), -EINVAL);
        ck_assert_int_eq(result_of_sums(d, 7, 10, good, NULL, &r), 0);
        ck_assert_member(r->questions[0].json, "blank_weight", "0");
        ck_assert_member(r->questions[1].json, "blank_weight", "(none)");
        ck_assert_member(r->questions[2].json, "sums", "[30,30,30]");
        (void) result_free(r);
}
END_TEST

static void begin(void) {
        board_make(&board, 3, 5);
}

static void end(void) {
        board_done(&board);
}

RUN_SEALED_TESTS("sealed-sum", begin, end, a_sealed_count_equals_an_open_one, 4,
        more_weights_than_groups_are_summed_as_well,
        parts_of_a_sum_are_the_whole,
        the_hash_of_a_total_names_it,
        too_few_ballots_are_opened_by_no_number_of_shares,
        no_ballots_are_zeros_without_shares,
        fewer_shares_than_the_threshold_open_nothing,
        threads_open_the_same,
        an_alpha_that_cancels_opens_with_parts_that_are_the_identity,
        weights_are_bounded,
        sums_that_no_ballots_add_up_to_are_refused)
