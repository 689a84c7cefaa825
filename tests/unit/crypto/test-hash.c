/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "crypto/random.h"
#include "crypto/sign.h"

#include "../help.h"

#define IDS 300U

static Id ids[IDS];

static void setup_ids(void) {
        for (unsigned i = 0; i < IDS; i++)
                hash_bytes(&ids[i], &i, sizeof(i));
}

/* RFC 6962, 2.1, as it is written there. */
static void root_as_written(Id *ret, const Id *p, size_t n) {
        Id left, right;
        size_t k = 1;

        if (n == 0)
                hash_bytes(ret, "", 0);
        else if (n == 1)
                hash_two(ret, 0x00, p, NULL);
        else {
                while (2 * k < n)
                        k *= 2;
                root_as_written(&left, p, k);
                root_as_written(&right, p + k, n - k);
                hash_two(ret, 0x01, &left, &right);
        }
}

START_TEST(blake2b_256_gives_known_ids) {
        Id id, two;
        uint8_t text[65];

        hash_bytes(&id, NULL, 0);
        ck_assert_str_eq(id_hex(&id, (char[ID_HEX]) {}), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
        hash_bytes(&id, "abc", 3);
        ck_assert_str_eq(id_hex(&id, (char[ID_HEX]) {}), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");

        memset(text, 0x11, sizeof(text));
        text[0] = 7;
        hash_bytes(&id, text, sizeof(text));
        hash_two(&two, 7, (const Id *) (text + 1), (const Id *) (text + 33));
        ck_assert(id_equal(&id, &two));
        hash_bytes(&id, text, 33);
        hash_two(&two, 7, (const Id *) (text + 1), NULL);
        ck_assert(id_equal(&id, &two));
}
END_TEST

START_TEST(work_is_the_first_eight_bytes_of_id_and_nonce) {
        uint8_t text[40] = { [0 ... 31] = 0x5a, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01 };
        uint64_t expected = 0;
        Id block, h;

        memset(block.b, 0x5a, 32);
        hash_bytes(&h, text, sizeof(text));
        for (unsigned i = 0; i < 8; i++)
                expected = expected << 8 | h.b[i];
        ck_assert(hash_work(&block, UINT64_C(0x0102030405060708)) == expected);
        ck_assert(hash_work(&block, UINT64_C(0x0102030405060709)) != expected);
}
END_TEST

START_TEST(the_root_is_that_of_rfc_6962) {
        Id root, expected;

        setup_ids();
        for (size_t n = 0; n <= IDS; n++) {
                merkle_root(&root, ids, n);
                root_as_written(&expected, ids, n);
                ck_assert_msg(id_equal(&root, &expected), "%zu ids", n);
        }
        merkle_root(&root, NULL, 0);
        ck_assert_str_eq(id_hex(&root, (char[ID_HEX]) {}), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}
END_TEST

START_TEST(a_path_proves_its_id_at_its_place_and_nothing_else) {
        setup_ids();
        for (size_t n = 1; n <= 70; n++) {
                Id root;

                merkle_root(&root, ids, n);
                for (size_t i = 0; i < n; i++) {
                        Id path[MERKLE_PATH_MAX + 1];
                        size_t length;

                        length = merkle_path(path, ids, n, i);
                        ck_assert_uint_le(length, 7);
                        ck_assert_msg(merkle_verify(&root, &ids[i], i, n, path, length), "%zu of %zu", i, n);

                        ck_assert_msg(!merkle_verify(&root, &ids[i + 1], i, n, path, length), "another id as %zu of %zu", i, n);
                        if (n > 1)
                                ck_assert_msg(!merkle_verify(&root, &ids[i], (i + 1) % n, n, path, length), "%zu of %zu elsewhere", i, n);
                        ck_assert(!merkle_verify(&root, &ids[i], n, n, path, length));
                        if (length > 0)
                                ck_assert_msg(!merkle_verify(&root, &ids[i], i, n, path, length - 1), "%zu of %zu cut short", i, n);
                        path[length] = ids[0];
                        ck_assert_msg(!merkle_verify(&root, &ids[i], i, n, path, length + 1), "%zu of %zu with one more", i, n);
                        for (size_t k = 0; k < length; k++) {
                                path[k].b[k % 32] ^= 1;
                                ck_assert_msg(!merkle_verify(&root, &ids[i], i, n, path, length), "%zu of %zu, altered at %zu", i, n, k);
                                path[k].b[k % 32] ^= 1;
                        }
                }
        }
        ck_assert(!merkle_verify(&ids[0], &ids[0], 0, 0, NULL, 0));
}
END_TEST

/* Leaves and nodes are hashed apart: a node is no entry. */
START_TEST(an_inner_node_does_not_pass_for_an_id) {
        Id root, node, path[MERKLE_PATH_MAX], left, right;

        setup_ids();
        merkle_root(&root, ids, 4);
        hash_two(&left, 0x00, &ids[0], NULL);
        hash_two(&right, 0x00, &ids[1], NULL);
        hash_two(&node, 0x01, &left, &right);
        (void) merkle_path(path, ids, 4, 0);
        ck_assert(!merkle_verify(&root, &node, 0, 2, &path[1], 1));
}
END_TEST

START_TEST(random_bytes_differ) {
        uint8_t a[32], b[32];

        ck_assert_int_eq(crypto_init(NULL), 0);
        random_bytes(a, sizeof(a));
        random_bytes(b, sizeof(b));
        ck_assert_mem_ne(a, b, sizeof(a));
        ck_assert(random_u64() != random_u64());
}
END_TEST

static FILE* open_golden(void) {
        const char *top = getenv("abs_top_srcdir");
        _cleanup_free_ char *path = path_join(top ? top : ".", "tests/vectors/golden-lines.txt");
        FILE *f = fopen(path, "re");

        ck_assert_msg(f, "%s is missing", path);
        return f;
}

/* A change of any of them is a change of the ledger. */
START_TEST(golden_lines_are_canonical_and_have_their_ids) {
        char line[4096];
        unsigned n = 0;
        FILE *f = open_golden();

        while (fgets(line, sizeof(line), f)) {
                size_t length = strcspn(line, "\n");
                Why why = {};
                Id id, expected;

                if (line[0] == '#')
                        continue;
                ck_assert_uint_ge(length, 68);
                line[64] = 0;
                ck_assert_int_eq(id_from_hex(&expected, line), 0);
                ck_assert_msg(line_check(line + 66, length - 66, 4096, 1000, &why) == 0, "%s: %s", line, why.text);
                hash_bytes(&id, line + 66, length - 66);
                ck_assert_msg(id_equal(&id, &expected), "%s", line);
                n++;
        }
        (void) fclose(f);
        ck_assert_uint_ge(n, 7);
}
END_TEST

/* The id of a line can be had with the system's own tools. */
START_TEST(b2sum_gives_the_same_ids) {
        char line[4096];
        FILE *f = open_golden();

        if (access("/usr/bin/b2sum", X_OK) < 0) {
                (void) printf("skipped: there is no /usr/bin/b2sum.\n");
                (void) fclose(f);
                return;
        }
        while (fgets(line, sizeof(line), f)) {
                char name[] = "/tmp/voted-golden-XXXXXX", command[128], sum[65] = {};
                FILE *pipe;
                int fd;

                if (line[0] == '#')
                        continue;
                fd = mkstemp(name);
                ck_assert_int_ge(fd, 0);
                ck_assert_int_eq(write_all(fd, line + 66, strcspn(line, "\n") - 66), 0);
                (void) close(fd);
                (void) snprintf(command, sizeof(command), "/usr/bin/b2sum -l 256 %s", name);
                pipe = popen(command, "re");
                ck_assert_ptr_nonnull(pipe);
                ck_assert_uint_eq(fread(sum, 1, 64, pipe), 64);
                ck_assert_int_eq(pclose(pipe), 0);
                (void) unlink(name);
                ck_assert_int_eq(strncmp(sum, line, 64), 0);
        }
        (void) fclose(f);
}
END_TEST

TEST_MAIN("hash", blake2b_256_gives_known_ids, work_is_the_first_eight_bytes_of_id_and_nonce, the_root_is_that_of_rfc_6962,
        a_path_proves_its_id_at_its_place_and_nothing_else, an_inner_node_does_not_pass_for_an_id, random_bytes_differ,
        golden_lines_are_canonical_and_have_their_ids, b2sum_gives_the_same_ids)
