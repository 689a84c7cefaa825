/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

#include "codec/hex.h"
#include "crypto/sign.h"
#include "election/roll.h"
#include "voted/limits.h"

/* A key that no other i has; most of them are no points. */
static Key key_of(uint64_t i) {
        Key k = {};

        memcpy(k.b + 3, &i, sizeof(i));
        k.b[31] = 1;
        return k;
}

static Json* roll_json(uint64_t first, size_t n, int64_t weight) {
        Json *o = json_new_object(), *voters = json_new_array();

        for (uint64_t i = first; i < first + n; i++) {
                Json *pair = json_new_array();
                Key k = key_of(i);

                json_add_key(pair, &k);
                json_add_int(pair, weight);
                json_add(voters, pair);
        }
        json_set_text(o, "name", "members");
        json_set_int(o, "part", 3);
        json_set(o, "voters", voters);
        return o;
}

static Roll* roll_of(uint64_t first, size_t n, int64_t weight) {
        _cleanup_json_ Json *o = roll_json(first, n, weight);
        Why why = {};
        Roll *r;

        ck_assert_msg(roll_parse(&r, o, &why) == 0, "%s", why.text);
        return r;
}

static void refused(const char *text, int verdict, const char *clause) {
        _cleanup_json_ Json *o = json_of(text);
        Roll *roll = NULL;
        Why why = {};
        int r;

        r = roll_parse(&roll, o, &why);
        ck_assert_msg(r == verdict, "%s: verdict %d (%s)", text, r, why.text);
        ck_assert_msg(strstr(why.text, clause), "why is \"%s\", expected \"%s\"", why.text, clause);
        ck_assert_ptr_null(roll);
}

#define K1 "\"0101010101010101010101010101010101010101010101010101010101010101\""
#define K2 "\"0202020202020202020202020202020202020202020202020202020202020202\""

START_TEST(a_roll_keeps_its_order_and_weights) {
        _cleanup_json_ Json *o =
                json_of("{\"kind\":\"roll\",\"name\":\"m\",\"part\":2,\"signer\":" K1
                        ",\"signature\":\"x\",\"voters\":[[" K2 ",1],[" K1 ",2147483648]]}");
        _cleanup_(roll_freep) Roll *r = NULL;
        Why why = {};

        ck_assert_msg(roll_parse(&r, o, &why) == 0, "%s", why.text);
        ck_assert_str_eq(r->name, "m");
        ck_assert_uint_eq(r->part, 2);
        ck_assert_uint_eq(r->n_voters, 2);
        ck_assert_uint_eq(r->weight, WEIGHT_MAX + 1);
        ck_assert_uint_eq(r->voters[0].key.b[0], 2);
        ck_assert_uint_eq(r->voters[1].key.b[0], 1);
        ck_assert_uint_eq(r->voters[1].weight, WEIGHT_MAX);
}
END_TEST

START_TEST(a_roll_that_breaks_a_rule_is_refused) {
        refused("{\"name\":\"m\",\"part\":0,\"voters\":[]}", V_FORM, "voters");
        refused("{\"name\":\"m\",\"part\":0,\"voters\":[[" K1 ",1]],\"x\":1}", V_FORM, "x");
        refused("{\"name\":\"m\",\"voters\":[[" K1 ",1]]}", V_FORM, "part");
        refused("{\"name\":\"m\",\"part\":1024,\"voters\":[[" K1 ",1]]}", V_FORM, "part");
        refused("{\"name\":\"M\",\"part\":0,\"voters\":[[" K1 ",1]]}", V_FORM, "name");
        refused("{\"name\":\"m\",\"part\":0,\"voters\":[[" K1 ",0]]}", V_FORM, "voter 0");
        refused("{\"name\":\"m\",\"part\":0,\"voters\":[[" K2 ",1],[" K1 ",2147483649]]}", V_FORM,
                "voter 1");
        refused("{\"name\":\"m\",\"part\":0,\"voters\":[[" K1 "]]}", V_FORM, "voters");
        refused("{\"name\":\"m\",\"part\":0,\"voters\":[[" K1 ",1,1]]}", V_FORM, "voters");
        refused("{\"name\":\"m\",\"part\":0,\"voters\":[[\"01\",1]]}", V_FORM, "voter 0");
}
END_TEST

START_TEST(a_roll_that_is_no_object_is_refused) {
        _cleanup_json_ Json *a = json_new_array();
        Roll *r = NULL;
        Why why = {};

        ck_assert_int_eq(roll_parse(&r, a, &why), V_FORM);
        ck_assert_str_eq(why.text, "a roll is an object");
}
END_TEST

START_TEST(a_key_twice_on_a_roll_is_named) {
        refused("{\"name\":\"m\",\"part\":0,\"voters\":[[" K1 ",1],[" K2 ",1],[" K1 ",2]]}",
                V_DEFINITION,
                "key 0101010101010101010101010101010101010101010101010101010101010101 stands twice "
                "on roll \"m\" "
                "part 0, as voters 0 and 2");
}
END_TEST

START_TEST(keys_that_are_no_points_are_found) {
        /* The identity, and a point of small order, among two good keys. */
        static const char *const bad[] = {
                "\"0100000000000000000000000000000000000000000000000000000000000000\"",
                "\"0000000000000000000000000000000000000000000000000000000000000000\"",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(secret_key_freep) SecretKey *a = NULL, *b = NULL;
                _cleanup_(roll_freep) Roll *r = NULL;
                _cleanup_json_ Json *o = NULL;
                char hex[2][ID_HEX], text[512];
                uint8_t seed[32] = { 1 };
                Why why = {};

                ck_assert_int_eq(secret_key_from_seed(&a, seed), 0);
                seed[0]++;
                ck_assert_int_eq(secret_key_from_seed(&b, seed), 0);
                (void) snprintf(text, sizeof(text),
                        "{\"name\":\"m\",\"part\":0,\"voters\":[[\"%s\",1],[%s,1],[\"%s\",1]]}",
                        key_hex(secret_key_public(a), hex[0]), bad[i],
                        key_hex(secret_key_public(b), hex[1]));
                o = json_of(text);
                ck_assert_msg(roll_parse(&r, o, &why) == 0, "%s", why.text);

                ck_assert_int_eq(roll_check_keys(r, 0, 1, &why), 0);
                ck_assert_int_eq(roll_check_keys(r, 2, SIZE_MAX, &why), 0);
                ck_assert_int_eq(roll_check_keys(r, 3, 5, &why), 0);
                ck_assert_int_eq(roll_check_keys(r, 0, SIZE_MAX, &why), V_KEY);
                ck_assert_ptr_eq(strstr(why.text, "voter 1, key 0"), why.text);
                ck_assert_int_eq(roll_check_keys(r, 1, 1, &why), V_KEY);
        }
}
END_TEST

START_TEST(voters_are_numbered_by_roll_then_position) {
        _cleanup_(roll_freep) Roll *a = roll_of(100, 3, 5), *b = roll_of(0, 2, 7);
        _cleanup_(roll_set_unrefp) RollSet *s = NULL;
        uint32_t number;
        uint64_t weight;
        Key k;

        ck_assert_int_eq(roll_set_new(&s), 0);
        k = key_of(100);
        ck_assert(!roll_set_find(s, &k, NULL, NULL));
        ck_assert_int_eq(roll_set_add(s, a, NULL), 0);
        ck_assert_int_eq(roll_set_add(s, b, NULL), 0);
        ck_assert_uint_eq(roll_set_size(s), 5);
        ck_assert_uint_eq(roll_set_weight(s), 29);

        k = key_of(102);
        ck_assert(roll_set_find(s, &k, &number, &weight));
        ck_assert_uint_eq(number, 2);
        ck_assert_uint_eq(weight, 5);
        k = key_of(1);
        ck_assert(roll_set_find(s, &k, &number, &weight));
        ck_assert_uint_eq(number, 4);
        ck_assert_uint_eq(weight, 7);
        ck_assert(key_equal(roll_set_key(s, 4), &k));
        ck_assert_uint_eq(roll_set_voter_weight(s, 4), 7);
        k = key_of(99);
        ck_assert(!roll_set_find(s, &k, NULL, NULL));
        ck_assert_ptr_null(roll_set_key(s, 5));
        ck_assert_uint_eq(roll_set_voter_weight(s, 5), 0);
}
END_TEST

START_TEST(a_key_on_two_rolls_is_named_and_changes_nothing) {
        _cleanup_(roll_freep) Roll *a = roll_of(10, 10, 1), *b = roll_of(5, 10, 1),
                *c = roll_of(0, 10, 1);
        _cleanup_(roll_set_unrefp) RollSet *s = NULL;
        Key twice = key_of(10), before = key_of(9);
        char hex[ID_HEX];
        uint32_t number;
        Why why = {};

        ck_assert_int_eq(roll_set_new(&s), 0);
        ck_assert_int_eq(roll_set_add(s, a, &why), 0);
        ck_assert_int_eq(roll_set_add(s, b, &why), V_DEFINITION);
        ck_assert_ptr_nonnull(strstr(why.text, key_hex(&twice, hex)));
        ck_assert_ptr_nonnull(strstr(why.text, "is voter 5 of roll \"members\" part 3"));

        ck_assert_uint_eq(roll_set_size(s), 10);
        ck_assert_uint_eq(roll_set_weight(s), 10);
        ck_assert(!roll_set_find(s, &before, NULL, NULL));
        ck_assert(roll_set_find(s, &twice, &number, NULL));
        ck_assert_uint_eq(number, 0);

        ck_assert_int_eq(roll_set_add(s, c, &why), 0);
        ck_assert(roll_set_find(s, &before, &number, NULL));
        ck_assert_uint_eq(number, 19);
}
END_TEST

START_TEST(weights_add_up_to_2_to_the_40_at_most) {
        _cleanup_(roll_freep) Roll *most = roll_of(0, 511, WEIGHT_MAX),
                                   *last = roll_of(1000, 1, WEIGHT_MAX), *one = roll_of(2000, 1, 1);
        _cleanup_json_ Json *more = roll_json(0, 513, WEIGHT_MAX);
        _cleanup_(roll_set_unrefp) RollSet *s = NULL;
        Roll *none = NULL;
        Why why = {};

        ck_assert_int_eq(roll_set_new(&s), 0);
        ck_assert_int_eq(roll_set_add(s, most, NULL), 0);
        ck_assert_int_eq(roll_set_add(s, last, NULL), 0);
        ck_assert_uint_eq(roll_set_weight(s), WEIGHT_SUM_MAX);
        ck_assert_int_eq(roll_set_add(s, one, &why), V_DEFINITION);
        ck_assert_ptr_nonnull(strstr(why.text, "1099511627777"));
        ck_assert_uint_eq(roll_set_size(s), 512);

        ck_assert_int_eq(roll_parse(&none, more, &why), V_DEFINITION);
}
END_TEST

START_TEST(a_hundred_thousand_voters_are_all_found) {
        _cleanup_(roll_set_unrefp) RollSet *s = NULL;

        ck_assert_int_eq(roll_set_new(&s), 0);
        for (uint64_t first = 0; first < 100000; first += 2500) {
                _cleanup_(roll_freep) Roll *r = roll_of(first, 2500, 1);

                ck_assert_int_eq(roll_set_add(s, r, NULL), 0);
        }

        ck_assert_ptr_eq(roll_set_ref(s), s);
        ck_assert_ptr_null(roll_set_unref(s));
        for (uint32_t i = 0; i < 100000; i++) {
                Key k = key_of(i);
                uint32_t number;

                ck_assert(roll_set_find(s, &k, &number, NULL));
                ck_assert_uint_eq(number, i);
        }
}
END_TEST

int main(void) {
        Why why = {};

        if (crypto_init(&why) != 0) {
                (void) fprintf(stderr, "%s\n", why.text);
                return EXIT_FAILURE;
        }

        return run_tests("roll", (const TTest*[]) {
                a_roll_keeps_its_order_and_weights,
                a_roll_that_breaks_a_rule_is_refused,
                a_roll_that_is_no_object_is_refused,
                a_key_twice_on_a_roll_is_named,
                keys_that_are_no_points_are_found,
                voters_are_numbered_by_roll_then_position,
                a_key_on_two_rolls_is_named_and_changes_nothing,
                weights_add_up_to_2_to_the_40_at_most,
                a_hundred_thousand_voters_are_all_found,
                NULL,
        });
}
