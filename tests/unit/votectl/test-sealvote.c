/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/hex.h"
#include "crypto/sign.h"
#include "help.h"
#include "votectl/sealvote.h"

#define ID "00000000000000000000000000000000000000000000000000000000000000aa"

static Definition* sealed_definition(void) {
        _cleanup_json_ Json *o = parse("{\"name\":\"e\",\"title\":\"E\",\"rolls\":[\"" ID
                                       "\"],\"opens\":100,\"closes\":200,\"secrecy\":\"sealed\","
                                       "\"board\":\"" ID "\",\"questions\":[{\"text\":\"Q\","
                                       "\"method\":\"plurality\",\"options\":[\"A\",\"B\"]}]}");
        Definition *d = NULL;
        Why why = {};

        ck_assert_msg(definition_parse(&d, o, &why) == 0, "%s", why.text);
        return d;
}

static SealVote make_vote(const char *choices) {
        SealVote v = { .network = { { 1 } }, .election = { { 2 } }, .seq = 3 };
        Scalar s;

        scalar_from_u64(&s, 7);
        element_mul_base(&v.board_key, &s);
        v.signer.b[0] = 4;
        memset(v.seed, 5, sizeof v.seed);
        v.choices = parse(choices);
        return v;
}

static Id code_of(const SealVote *v, const Definition *d) {
        _cleanup_json_ Json *entry = NULL;
        Why why = {};
        Id code;

        ck_assert_msg(seal_vote_make(v, d, &entry, &code, &why) == 0, "%s", why.text);
        return code;
}

START_TEST(an_opened_ballot_gives_the_same_code_elsewhere) {
        _cleanup_(definition_unrefp) Definition *d = sealed_definition();
        _cleanup_(seal_vote_done) SealVote v = make_vote("{\"choices\":[[1]]}"), again = {};
        _cleanup_buf_ Buf text = {};
        Id one = code_of(&v, d), other;
        Why why = {};

        ck_assert_int_eq(seal_vote_open(&v, &text), 0);
        ck_assert_msg(seal_vote_read(&again, text.p, text.n, &why) == 0, "%s", why.text);
        again.network = v.network;
        again.board_key = v.board_key;
        other = code_of(&again, d);
        ck_assert(id_equal(&one, &other));
}
END_TEST

/* What a client that cheats could change behind its voter's back. */
START_TEST(whatever_differs_has_another_code) {
        _cleanup_(definition_unrefp) Definition *d = sealed_definition();
        _cleanup_(seal_vote_done) SealVote v = make_vote("{\"choices\":[[1]]}"),
                                           w = make_vote(_i == 0 ? "{\"choices\":[[0]]}" : "{\"choices\":[[1]]}");
        Id one = code_of(&v, d), other;
        Scalar s;

        switch (_i) {

        case 1:
                w.seed[31] ^= 1;
                break;

        case 2:
                w.seq++;
                break;

        case 3:
                w.signer.b[31] ^= 1;
                break;

        case 4:
                w.election.b[31] ^= 1;
                break;

        case 5:
                scalar_from_u64(&s, 8);
                element_mul_base(&w.board_key, &s);
                break;

        case 6:
                w.network.b[31] ^= 1;   /* the proofs speak of it */
                break;
        }
        other = code_of(&w, d);
        ck_assert_msg(!id_equal(&one, &other), "case %d", _i);
}
END_TEST

START_TEST(the_code_is_that_of_the_line_that_is_signed) {
        _cleanup_(definition_unrefp) Definition *d = sealed_definition();
        _cleanup_(seal_vote_done) SealVote v = make_vote("{\"choices\":[[1]]}");
        _cleanup_(secret_key_freep) SecretKey *key = NULL;
        _cleanup_buf_ Buf line = {}, signed_line = {};
        _cleanup_json_ Json *entry = NULL;
        Why why = {};
        Id before, after;

        ck_assert_int_eq(secret_key_generate(&key), 0);
        v.signer = *secret_key_public(key);
        ck_assert_msg(seal_vote_make(&v, d, &entry, &before, &why) == 0, "%s", why.text);
        ck_assert_int_eq(json_dump(entry, &line), 0);
        ck_assert_int_eq(sign_line(&signed_line, key, "vote", &v.network, line.p, line.n), 0);
        ck_assert_int_eq(seal_code_of_line(&after, signed_line.p, signed_line.n), 0);
        ck_assert(id_equal(&before, &after));
}
END_TEST

START_TEST(a_code_is_read_as_it_is_written) {
        Id id = { { 0xab, 0xcd } }, again;
        char text[CODE_TEXT];

        ck_assert_int_eq(seal_code_read(&again, seal_code_format(&id, text)), 0);
        ck_assert(id_equal(&id, &again));
        text[0] = 'A';
        ck_assert_int_eq(seal_code_read(&again, text), 0);
        ck_assert(id_equal(&id, &again));
        ck_assert_int_ne(seal_code_read(&again, text + 1), 0);
        ck_assert_int_ne(seal_code_read(&again, "seed"), 0);
}
END_TEST

static const char *const bad[] = {
        "",
        "{\"kind\":\"opened\"}",
        "{\"choices\":[[0]],\"election\":\"" ID "\",\"kind\":\"vote\",\"seed\":\"AAAA\",\"seq\":1,\"signer\":\"" ID "\"}",
        "{\"choices\":[[0]],\"election\":\"" ID "\",\"kind\":\"opened\",\"seed\":\"AAAA\",\"seq\":1,\"signer\":\"" ID "\"}",
        "{\"choices\":[[0]],\"election\":\"" ID "\",\"kind\":\"opened\",\"more\":1,\"seed\":\"AAAA\",\"seq\":1,\"signer\":\"" ID "\"}",
};

START_TEST(what_is_no_opened_ballot_is_refused) {
        _cleanup_(seal_vote_done) SealVote v = {};
        Why why = {};

        ck_assert_msg(seal_vote_read(&v, bad[_i], strlen(bad[_i]), &why) > 0, "%s", bad[_i]);
        ck_assert_str_ne(why.text, "");
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, an_opened_ballot_gives_the_same_code_elsewhere);
        tcase_add_loop_test(t, whatever_differs_has_another_code, 0, 7);
        tcase_add_test(t, the_code_is_that_of_the_line_that_is_signed);
        tcase_add_test(t, a_code_is_read_as_it_is_written);
        tcase_add_loop_test(t, what_is_no_opened_ballot_is_refused, 0, ELEMENTSOF(bad));
}

int main(void) {
        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;
        return run_suite("sealvote", add);
}
