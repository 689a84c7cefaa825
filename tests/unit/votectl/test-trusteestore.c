/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/stat.h>
#include <unistd.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/sign.h"
#include "help.h"
#include "votectl/trusteestore.h"

static char folder[64];
static Ctl c = { .hush = true, .quiet = true };

static void setup(void) {
        (void) snprintf(folder, sizeof folder, "/tmp/test-trusteestore-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        (void) setenv("XDG_DATA_HOME", folder, 1);
        (void) unsetenv("VOTECTL_PASSPHRASE_FILE");
        (void) unsetenv("CREDENTIALS_DIRECTORY");
}

static void teardown(void) {
        char command[128];

        (void) snprintf(command, sizeof command, "rm -rf %s", folder);
        ck_assert_int_eq(system(command), 0);
}

static void path_of(char *ret, size_t n, const uint8_t id[static 32], const char *suffix) {
        char hex[ID_HEX];

        hex_encode(hex, id, 32);
        (void) snprintf(ret, n, "%s/votectl/trustee/%s.%s", folder, hex, suffix);
}

START_TEST(a_sealing_key_is_kept_from_others_and_comes_back) {
        _cleanup_(secret_scalar_freep) SecretScalar *s = NULL, *again = NULL;
        struct stat st;
        char path[256];
        bool here;

        ck_assert_int_eq(trustee_store_new_key(&c, NULL, &s), EXIT_DONE);
        path_of(path, sizeof path, secret_scalar_public(s)->b, "sealing");
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_int_eq(st.st_mode & 0777, 0600);
        ck_assert_int_eq(trustee_store_open_key(&c, secret_scalar_public(s), &again), EXIT_DONE);
        ck_assert(scalar_equal(secret_scalar_value(s), secret_scalar_value(again)));
        ck_assert_int_eq(trustee_store_has_key(&c, secret_scalar_public(s), &here), EXIT_DONE);
        ck_assert(here);
}
END_TEST

START_TEST(a_locked_one_takes_its_passphrase) {
        _cleanup_(secret_scalar_freep) SecretScalar *s = NULL, *again = NULL;
        char path[128];
        FILE *f;

        ck_assert_int_eq(trustee_store_new_key(&c, "correct horse", &s), EXIT_DONE);
        ck_assert_int_ne(trustee_store_open_key(&c, secret_scalar_public(s), &again), EXIT_DONE);
        ck_assert_ptr_null(again);
        (void) snprintf(path, sizeof path, "%s/passphrase", folder);
        f = fopen(path, "we");
        ck_assert_ptr_nonnull(f);
        ck_assert_int_ge(fputs("correct horse\n", f), 0);
        ck_assert_int_eq(fclose(f), 0);
        (void) setenv("VOTECTL_PASSPHRASE_FILE", path, 1);
        ck_assert_int_eq(trustee_store_open_key(&c, secret_scalar_public(s), &again), EXIT_DONE);
        ck_assert(scalar_equal(secret_scalar_value(s), secret_scalar_value(again)));
}
END_TEST

START_TEST(what_is_destroyed_is_gone) {
        _cleanup_(secret_scalar_freep) SecretScalar *s = NULL, *again = NULL;
        bool here;

        ck_assert_int_eq(trustee_store_new_key(&c, NULL, &s), EXIT_DONE);
        ck_assert_int_eq(trustee_store_destroy_key(&c, secret_scalar_public(s)), EXIT_DONE);
        ck_assert_int_eq(trustee_store_has_key(&c, secret_scalar_public(s), &here), EXIT_DONE);
        ck_assert(!here);
        ck_assert_int_eq(trustee_store_open_key(&c, secret_scalar_public(s), &again), EXIT_NOT_FOUND);
        ck_assert_int_eq(trustee_store_destroy_key(&c, secret_scalar_public(s)), EXIT_DONE);
}
END_TEST

/* How often n bytes stand in what this process has allocated, or had. */
static unsigned count_in_heap(const char *p, size_t n) {
        char line[512];
        unsigned hits = 0;
        FILE *f;

        f = fopen("/proc/self/maps", "re");
        ck_assert_ptr_nonnull(f);
        while (fgets(line, sizeof line, f)) {
                const char *at, *end;

                if (!strstr(line, "[heap]") || sscanf(line, "%p-%p", (void **) &at, (void **) &end) != 2)
                        continue;
                while ((at = memmem(at, (size_t) (end - at), p, n))) {
                        hits++;
                        at++;
                }
        }
        ck_assert_int_eq(fclose(f), 0);
        return hits;
}

START_TEST(no_copy_of_a_secret_stays_in_memory) {
        _cleanup_(secret_scalar_freep) SecretScalar *s = NULL, *again = NULL;
        char text[BASE64_LEN(32) + 1];

        ck_assert_int_eq(trustee_store_new_key(&c, NULL, &s), EXIT_DONE);
        ck_assert_int_eq(trustee_store_open_key(&c, secret_scalar_public(s), &again), EXIT_DONE);
        base64_encode(text, secret_scalar_value(s)->b, 32);
        /* Of what is freed the allocator itself overwrites the beginning. */
        ck_assert_uint_eq(count_in_heap(text + 16, sizeof text - 17), 0);
}
END_TEST

START_TEST(a_line_that_was_signed_is_given_out_again_and_never_replaced) {
        _cleanup_buf_ Buf line = {}, other = {}, again = {}, none = {};
        const Id of = { { 9 } }, sums = { { 8 } };
        Id kept;

        buf_add_text(&line, "{\"kind\":\"share\"}");
        buf_add_text(&other, "{\"kind\":\"share\",\"more\":1}");
        ck_assert_int_eq(trustee_store_get(&c, "share", &of, &none, &kept), EXIT_DONE);
        ck_assert_uint_eq(none.n, 0);
        ck_assert_int_eq(trustee_store_put(&c, "share", &of, &line, &sums), EXIT_DONE);
        ck_assert_int_eq(trustee_store_put(&c, "share", &of, &other, &sums), EXIT_REFUSED);
        ck_assert_int_eq(trustee_store_get(&c, "share", &of, &again, &kept), EXIT_DONE);
        ck_assert_str_eq(again.p, line.p);
        ck_assert(id_equal(&kept, &sums));
        ck_assert_int_eq(trustee_store_get(&c, "deal", &of, &none, &kept), EXIT_DONE);
        ck_assert_uint_eq(none.n, 0);
}
END_TEST

/* Two at once, the service and a person: both have looked and found nothing. A link to nowhere is such a place: looking finds
 * nothing there, writing does. */
START_TEST(who_signs_at_the_same_time_does_not_replace_what_the_other_one_keeps) {
        _cleanup_buf_ Buf line = {}, none = {};
        const Id of = { { 9 } }, sums = { { 8 } };
        char path[256];
        struct stat st;
        Id kept;

        buf_add_text(&line, "{\"kind\":\"share\"}");
        ck_assert_int_eq(trustee_store_put(&c, "deal", &of, &line, NULL), EXIT_DONE);   /* makes the folder */
        path_of(path, sizeof path, of.b, "share");
        ck_assert_int_eq(symlink("nowhere", path), 0);
        ck_assert_int_eq(trustee_store_get(&c, "share", &of, &none, &kept), EXIT_DONE);
        ck_assert_uint_eq(none.n, 0);
        ck_assert_int_eq(trustee_store_put(&c, "share", &of, &line, &sums), EXIT_REFUSED);
        ck_assert_int_eq(lstat(path, &st), 0);
        ck_assert(S_ISLNK(st.st_mode));
}
END_TEST

/* Whoever took it for none would sign a second one. */
START_TEST(a_damaged_record_is_no_leave_to_sign_anew) {
        _cleanup_buf_ Buf line = {}, again = {};
        const Id of = { { 9 } };
        char path[256];
        Id kept;

        buf_add_text(&line, "{\"kind\":\"share\"}");
        ck_assert_int_eq(trustee_store_put(&c, "share", &of, &line, NULL), EXIT_DONE);
        path_of(path, sizeof path, of.b, "share");
        ck_assert_int_eq(truncate(path, 10), 0);
        ck_assert_int_eq(trustee_store_get(&c, "share", &of, &again, &kept), EXIT_FAILED);
        ck_assert_uint_eq(again.n, 0);
}
END_TEST

static void add(TCase *t) {
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, a_sealing_key_is_kept_from_others_and_comes_back);
        tcase_add_test(t, a_locked_one_takes_its_passphrase);
        tcase_add_test(t, what_is_destroyed_is_gone);
        tcase_add_test(t, no_copy_of_a_secret_stays_in_memory);
        tcase_add_test(t, a_line_that_was_signed_is_given_out_again_and_never_replaced);
        tcase_add_test(t, who_signs_at_the_same_time_does_not_replace_what_the_other_one_keeps);
        tcase_add_test(t, a_damaged_record_is_no_leave_to_sign_anew);
}

int main(void) {
        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;
        return run_suite("trusteestore", add);
}
