/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../memory.h"
#include "crypto/dlog.h"
#include "election/sealed-form.h"
#include "help-sealed.h"

#include <inttypes.h>

/* Elections, counts and sealed ballots without memory. */

#define ROLLS_TEXT "{\"name\":\"r\",\"part\":0,\"voters\":[[\"%064d\",1],[\"%064d\",2],[\"%064d\",3]]}"

typedef struct Try {
        Definition *d;
        Json *json, *made, *choices[5];
        Roll *roll;
        RollSet *set;
        Ballot *ballot;
        Count *count;
        Board board;
        BallotStatement statement;
        SealedBallot *sealed[4];
        SealedSum *sum;
        SealedTotal *total;
        Element *parts;
        uint64_t sums[8];
} Try;

static void* begin(void) {
        Try *t = new0(Try, 1);

        ck_assert_ptr_nonnull(t);
        return t;
}

static void reset(void *userdata) {
        Try *t = userdata;

        t->made = json_free(t->made);
        t->ballot = ballot_free(t->ballot);
        t->roll = roll_free(t->roll);
        t->count = count_free(t->count);
        t->sealed[3] = sealed_ballot_free(t->sealed[3]);
}

static void end(void *userdata) {
        Try *t = userdata;

        reset(t);
        sealed_sum_free(t->sum);
        sealed_total_free(t->total);
        for (unsigned i = 0; i < 3; i++)
                sealed_ballot_free(t->sealed[i]);
        free(t->parts);
        board_done(&t->board);
        json_free(t->json);
        for (unsigned i = 0; i < 5; i++)
                json_free(t->choices[i]);
        roll_set_unref(t->set);
        definition_unref(t->d);
        free(t);
}

static void show(void *userdata, Buf *ret) {
        Try *t = userdata;

        if (t->made)
                ck_assert_int_eq(json_dump(t->made, ret), 0);
        if (t->set)
                buf_printf(ret, "%zu voters of weight %" PRIu64 "\n", roll_set_size(t->set), roll_set_weight(t->set));
        for (unsigned i = 0; i < ELEMENTSOF(t->sums); i++)
                buf_printf(ret, "%" PRIu64 " ", t->sums[i]);
}

/* --- open --- */

static const struct {
        const char *method, *params, *choices[5];
} methods[] = {
        { "plurality", "", { "[0]", "[1]", "[1]", "[]", "[2]" } },
        { "approval", "", { "[0,1]", "[1]", "[1,2]", "[]", "[0,2]" } },
        { "score", ",\"max\":9", { "[1,2,3]", "[9,0,0]", "[0,9,9]", "[]", "[5,5,5]" } },
        { "schulze", "", { "[[0],[1],[2]]", "[[1],[2],[0]]", "[[2],[0],[1]]", "[]", "[[0,1]]" } },
        { "stv", ",\"seats\":2", { "[0,1,2]", "[0,2]", "[0,1]", "[]", "[2,1,0]" } },
};

static void* begin_method(void) {
        Try *t = begin();

        t->d = definition_simple(methods[memory_which()].method, 3, methods[memory_which()].params);
        for (unsigned i = 0; i < 5; i++) {
                _cleanup_buf_ Buf text = {};

                buf_printf(&text, "{\"choices\":[%s]}", methods[memory_which()].choices[i]);
                t->choices[i] = json_of(text.p);
        }
        return t;
}

static int count(void *userdata) {
        const Lot lot = { .value = "dice" };
        Try *t = userdata;
        Result *result = NULL;
        int r;

        t->count = count_free(t->count);
        r = count_new(&t->count, t->d);
        for (unsigned i = 0; r == 0 && i < 5; i++) {
                _cleanup_(ballot_freep) Ballot *b = NULL;

                r = ballot_parse(&b, t->d, t->choices[i], NULL);
                if (r == 0)
                        r = count_add(t->count, b, 1 + i);
        }
        if (r == 0)
                r = count_finish(t->count, &lot, &result);
        memory_assert(r == 0 || !result);
        if (r == 0)
                t->made = json_share(result->json);
        result_free(result);
        return r;
}

static void* begin_definition(void) {
        Try *t = begin();

        t->json = election_json("{\"text\":\"Which?\",\"method\":\"schulze\","
                        "\"options\":[\"a\",\"b\",\"c\"]},{\"text\":\"Who?\",\"method\":\"plurality\",\"options\":[\"x\",\"y\"]}",
                        ",\"about\":\"words\",\"lot\":\"dice\"");
        return t;
}

static int parse_definition(void *userdata) {
        Try *t = userdata;
        Definition *d = NULL;
        int r;

        r = definition_parse(&d, t->json, NULL);
        memory_assert(r == 0 || !d);
        if (r == 0)
                t->made = definition_to_json(d);
        definition_unref(d);
        return r;
}

static void* begin_roll(void) {
        _cleanup_buf_ Buf text = {};
        Try *t = begin();

        buf_printf(&text, ROLLS_TEXT, 1, 2, 3);
        t->json = json_of(text.p);
        return t;
}

static int parse_roll(void *userdata) {
        Try *t = userdata;
        int r;

        r = roll_parse(&t->roll, t->json, NULL);
        memory_assert(r == 0 || !t->roll);
        return r;
}

static void* begin_set(void) {
        Try *t = begin_roll();

        ck_assert_int_eq(parse_roll(t), 0);
        ck_assert_int_eq(roll_set_new(&t->set), 0);
        return t;
}

static int add_roll(void *userdata) {
        Try *t = userdata;

        return roll_set_add(t->set, t->roll, NULL);
}

/* --- sealed --- */

static void* begin_sealed(void) {
        static const char *const choices[] = { "[0]", "[1]", "[1]" };
        Try *t = begin();
        Why why = {};

        board_make(&t->board, 2, 3);
        t->d = definition_with("plurality", 3, "", SEALED_MORE ",\"least\":2");
        t->statement = statement_by(&t->board, 9, 1);
        for (uint8_t i = 0; i < 3; i++) {
                BallotStatement s = statement_by(&t->board, i, 1);

                t->sealed[i] = seal(t->d, &s, choices[i], i);
        }
        ck_assert_int_eq(ballot_of(&t->ballot, t->d, "[2]", &why), 0);
        ck_assert_int_eq(sealed_sum_new(&t->sum, t->d), 0);
        return t;
}

static int make_sealed(void *userdata) {
        Try *t = userdata;
        int r;

        r = sealed_ballot_make(&t->made, t->d, &t->statement, t->ballot, (const uint8_t[32]) { 5 });
        memory_assert(r == 0 || !t->made);
        return r;
}

static void reset_sealed(void *userdata) {
        Try *t = userdata;

        t->made = json_free(t->made);
        t->sealed[3] = sealed_ballot_free(t->sealed[3]);
}

static void* begin_sealed_json(void) {
        Try *t = begin_sealed();

        ck_assert_int_eq(make_sealed(t), 0);
        t->json = TAKE_PTR(t->made);
        return t;
}

static int parse_sealed(void *userdata) {
        Try *t = userdata;
        int r;

        r = sealed_ballot_parse(&t->sealed[3], t->d, t->json, NULL);
        memory_assert(r == 0 || !t->sealed[3]);
        return r == 0 ? sealed_ballot_check(t->sealed[3], t->d, &t->statement, NULL) : r;
}

static int check_sealed(void *userdata) {
        Try *t = userdata;
        SealedCheck checks[3] = {};
        int r;

        for (uint8_t i = 0; i < 3; i++)
                checks[i] = (SealedCheck) { .ballot = t->sealed[i], .definition = t->d, .statement = statement_by(&t->board, i, 1) };
        r = sealed_checks_run(checks, 3);
        for (unsigned i = 0; i < 3; i++)
                memory_assert(r < 0 || checks[i].verdict == 0);
        return r;
}

/* Until there are as many as shall be: one that was not added leaves no trace. */
static int add_sealed(void *userdata) {
        Try *t = userdata;
        int r = 0;

        for (uint64_t i = t->sums[7]; r == 0 && i < 3; i++) {
                r = sealed_sum_add(t->sum, t->sealed[i], 1 + i);
                t->sums[7] += r == 0;
        }
        if (r == 0)
                r = sealed_sum_total(t->sum, &t->total);
        memory_assert(r == 0 || !t->total);
        return r;
}

static void show_total(void *userdata, Buf *ret) {
        Try *t = userdata;
        Id hash;

        ck_assert_int_eq(sealed_total_hash(t->total, &hash), 0);
        buf_add(ret, hash.b, 20);
        buf_printf(ret, "%" PRIu64 " %" PRIu64, sealed_total_ballots(t->total), sealed_total_weight(t->total));
}

static void* begin_total(void) {
        Try *t = begin_sealed();

        ck_assert_int_eq(add_sealed(t), 0);
        t->parts = parts_of(&t->board, t->total, 3, (const unsigned[]) { 0, 2 }, 2);
        return t;
}

static int open_total(void *userdata) {
        Try *t = userdata;

        return sealed_total_open(t->total, (const unsigned[]) { 0, 2 }, 2, t->parts, NULL, t->sums);
}

static void leave(void *userdata) {
        (void) userdata;
}

static const Operation operations[] = {
        { "definition_parse", begin_definition, parse_definition, show, end, .reset = reset },
        { "roll_parse", begin_roll, parse_roll, show, end, .reset = reset },
        { "roll_set_add", begin_set, add_roll, show, end },
        { "plurality", begin_method, count, show, end, .reset = reset, .which = 0 },
        { "approval", begin_method, count, show, end, .reset = reset, .which = 1 },
        { "score", begin_method, count, show, end, .reset = reset, .which = 2 },
        { "schulze", begin_method, count, show, end, .reset = reset, .which = 3 },
        { "stv", begin_method, count, show, end, .reset = reset, .which = 4 },
        { "sealed_ballot_make", begin_sealed, make_sealed, show, end, .reset = reset_sealed },
        { "sealed_ballot_parse", begin_sealed_json, parse_sealed, show, end, .reset = reset_sealed },
        { "sealed_checks_run", begin_sealed, check_sealed, show, end, .reset = leave },
        { "sealed_sum_add", begin_sealed, add_sealed, show_total, end },
        { "sealed_total_open", begin_total, open_total, show, end, .reset = leave },
};

int main(void) {
        TCase *t = tcase_create("memory");

        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;
        tcase_set_timeout(t, 120);
        memory_add(t, operations, ELEMENTSOF(operations));
        return run_case("elections without memory", t, (const TTest *const[]) { NULL });
}
