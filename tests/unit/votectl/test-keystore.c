/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"
#include "votectl/keystore.h"

static void make_file(const char *passphrase, Buf *ret, SecretKey **ret_key) {
        ck_assert_int_eq(secret_key_generate(ret_key), 0);
        ck_assert_int_eq(key_file_format(ret, *ret_key, passphrase), 0);
}

START_TEST(a_key_without_a_passphrase_comes_back) {
        _cleanup_(secret_key_freep) SecretKey *key = NULL, *again = NULL;
        _cleanup_(key_file_done) KeyFile f = {};
        _cleanup_buf_ Buf b = {};
        Why why = {};

        make_file(_i ? "" : NULL, &b, &key);
        ck_assert_msg(key_file_parse(&f, b.p, b.n, &why) == 0, "%s", why.text);
        ck_assert(!f.locked);
        ck_assert(key_equal(&f.public, secret_key_public(key)));
        ck_assert_int_eq(key_file_open(&f, NULL, &again, &why), 0);
        ck_assert(key_equal(secret_key_public(again), secret_key_public(key)));
}
END_TEST

START_TEST(a_locked_key_opens_with_its_passphrase_only) {
        _cleanup_(secret_key_freep) SecretKey *key = NULL, *again = NULL;
        _cleanup_(key_file_done) KeyFile f = {};
        _cleanup_buf_ Buf b = {};
        Why why = {};

        make_file("correct horse", &b, &key);
        ck_assert_ptr_null(strstr(b.p, "seed"));
        ck_assert_int_eq(key_file_parse(&f, b.p, b.n, &why), 0);
        ck_assert(f.locked);
        ck_assert_int_eq(key_file_open(&f, "wrong horse", &again, &why), V_DENIED);
        ck_assert_int_eq(key_file_open(&f, NULL, &again, &why), V_DENIED);
        ck_assert_int_eq(key_file_open(&f, "correct horse", &again, &why), 0);
        ck_assert(key_equal(secret_key_public(again), secret_key_public(key)));
}
END_TEST

START_TEST(halves_of_two_keys_are_refused) {
        _cleanup_(secret_key_freep) SecretKey *one = NULL, *two = NULL, *again = NULL;
        _cleanup_(key_file_done) KeyFile f = {};
        _cleanup_buf_ Buf b = {};
        Why why = {};

        make_file(NULL, &b, &one);
        ck_assert_int_eq(secret_key_generate(&two), 0);
        ck_assert_int_eq(key_file_parse(&f, b.p, b.n, &why), 0);
        f.public = *secret_key_public(two);
        ck_assert_int_eq(key_file_open(&f, NULL, &again, &why), V_FORM);
        ck_assert_ptr_null(again);
}
END_TEST

#define PUBLIC "\"public\":\"3fed4e11bc9f1e188d85ee45f1e653b20cd631f953eb50cef57d55cf1e387d24\""

static const char *const bad[] = {
        "",
        "ssh-ed25519 AAAA",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "{\"kind\":\"receipt\"," PUBLIC ",\"seed\":\"AAAA\"}",
        "{\"kind\":\"key\"," PUBLIC "}",
        "{\"kind\":\"key\"," PUBLIC ",\"seed\":\"AAAA\",\"locked\":\"AAAA\"}",
        "{\"kind\":\"key\",\"public\":\"3f\",\"seed\":\"AAAA\"}",
        "{\"kind\":\"key\"," PUBLIC ",\"seed\":\"AAAA\",\"more\":1}",
};

START_TEST(what_is_no_key_file_is_refused) {
        _cleanup_(key_file_done) KeyFile f = {};
        Why why = {};

        ck_assert_msg(key_file_parse(&f, bad[_i], strlen(bad[_i]), &why) > 0, "%s", bad[_i]);
        ck_assert_str_ne(why.text, "");
}
END_TEST

START_TEST(a_seed_of_another_length_is_refused) {
        static const char text[] = "{\"kind\":\"key\"," PUBLIC ",\"seed\":\"AAAA\"}";
        _cleanup_(secret_key_freep) SecretKey *key = NULL;
        _cleanup_(key_file_done) KeyFile f = {};
        Why why = {};

        ck_assert_int_eq(key_file_parse(&f, text, strlen(text), &why), 0);
        ck_assert_int_eq(key_file_open(&f, NULL, &key, &why), V_FORM);
}
END_TEST

static void add(TCase *t) {
        tcase_add_loop_test(t, a_key_without_a_passphrase_comes_back, 0, 2);
        tcase_add_test(t, a_locked_key_opens_with_its_passphrase_only);
        tcase_add_test(t, halves_of_two_keys_are_refused);
        tcase_add_loop_test(t, what_is_no_key_file_is_refused, 0, ELEMENTSOF(bad));
        tcase_add_test(t, a_seed_of_another_length_is_refused);
}

int main(void) {
        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;
        return run_suite("keystore", add);
}
