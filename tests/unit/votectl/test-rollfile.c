/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/hex.h"
#include "crypto/sign.h"
#include "help.h"
#include "votectl/rollfile.h"
#include "votectl/sshkey.h"

#define HEX  "3fed4e11bc9f1e188d85ee45f1e653b20cd631f953eb50cef57d55cf1e387d24"
#define HEX2 "4d4f7946960147767f368f8d27c525b48ba494b6a3730e79b244c918f5490527"
#define SSH  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID/tThG8nx4YjYXuRfHmU7IM1jH5U+tQzvV9Vc8eOH0k"

static int read_roll(const char *text, RollFile *ret, Why *why) {
        return roll_file_parse(ret, text, strlen(text), why);
}

static const struct {
        const char *text;
        size_t n;
        uint64_t weight;
} good[] = {
        { HEX,                                                             1, 1  },
        { HEX "\n",                                                        1, 1  },
        { SSH " alice@example\n" HEX2 " # bob\n",                          2, 2  },
        { "# members\n\n  \t\nweight=3 " HEX "\r\nweight=10 " HEX2 "\r\n", 2, 13 },
        { "weight=2147483648 " SSH,                                        1, UINT64_C(2147483648) },
        { "from=\"10.0.0.0/8,*.example\",no-pty " SSH " alice",            1, 1  },
        { "command=\"echo \\\"ssh-rsa x\\\"\" " SSH,                       1, 1  },
};

static const struct {
        const char *text;
        int verdict;
        const char *says;
} bad[] = {
        { "",                                          V_DEFINITION, "no voter"                    },
        { "# nobody\n",                                V_DEFINITION, "no voter"                    },
        { HEX "\nalice\n",                             V_FORM,       "line 2: expected an ssh-ed25519 line or 64" },
        { "3FED4E11bc9f1e188d85ee45f1e653b20cd631f953eb50cef57d55cf1e387d24", V_FORM, "lower-case" },
        { HEX " alice",                                V_FORM,       "comment"                     },
        { "weight=0 " HEX,                             V_DEFINITION, "weight=1 to"                 },
        { "weight=2147483649 " HEX,                    V_DEFINITION, "weight=1 to"                 },
        { "weight=99999999999999999999 " HEX,          V_DEFINITION, "weight=1 to"                 },
        { "weight= " HEX,                              V_DEFINITION, "weight=1 to"                 },
        { "weight=-1 " HEX,                            V_DEFINITION, "weight=1 to"                 },
        { "weight=2",                                  V_DEFINITION, "a blank"                     },
        { HEX "\n" HEX2 "\n" SSH,                      V_DEFINITION, "line 3: the key of line 1"   },
        { "sk-ssh-ed25519@openssh.com AAAA me",        V_KEY,        "security token"              },
        { "sk-ecdsa-sha2-nistp256@openssh.com AAAA",   V_KEY,        "security token"              },
        { "ssh-ed25519-cert-v01@openssh.com AAAA me",  V_KEY,        "certificate"                 },
        { "sk-ssh-ed25519-cert-v01@openssh.com AAAA",  V_KEY,        "certificate"                 },
        { "cert-authority " SSH,                       V_KEY,        "who may issue keys"          },
        { "no-pty,cert-authority " SSH,                V_KEY,        "who may issue keys"          },
        { "ssh-rsa AAAAB3Nza me",                      V_KEY,        "expected ssh-ed25519"        },
        { "ecdsa-sha2-nistp256 AAAA me",               V_KEY,        "expected ssh-ed25519"        },
        { "ssh-ed25519",                               V_FORM,       "without a key"               },
        { "ssh-ed25519 !!!!",                          V_FORM,       "base64"                      },
        { "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID/tThG8",  V_FORM,   "32 bytes"                    },
        /* ssh-rsa within what claims to be ssh-ed25519 */
        { "ssh-ed25519 AAAAB3NzaC1yc2EAAAADAQABAAAA",  V_KEY,        "ssh-rsa is of another type"  },
        { "0000000000000000000000000000000000000000000000000000000000000000", V_KEY, "line 1" },
        { "0100000000000000000000000000000000000000000000000000000000000000", V_KEY, "line 1" },
};

START_TEST(a_roll_may_be_written_like_this) {
        _cleanup_(roll_file_done) RollFile f = {};
        Why why = {};
        int r = read_roll(good[_i].text, &f, &why);

        ck_assert_msg(r == 0, "%s: %s", good[_i].text, why.text);
        ck_assert_uint_eq(f.n, good[_i].n);
        ck_assert_uint_eq(f.weight, good[_i].weight);
        ck_assert_str_eq(key_hex(&f.voters[0].key, (char[ID_HEX]) {}), HEX);
}
END_TEST

START_TEST(what_is_no_roll_is_refused_with_the_reason) {
        _cleanup_(roll_file_done) RollFile f = {};
        Why why = {};
        int r = read_roll(bad[_i].text, &f, &why);

        ck_assert_msg(r == bad[_i].verdict, "\"%s\": %s (%s), expected %s", bad[_i].text,
                verdict_name(r), why.text, verdict_name(bad[_i].verdict));
        ck_assert_msg(strstr(why.text, bad[_i].says), "\"%s\": \"%s\" does not say \"%s\"",
                bad[_i].text, why.text, bad[_i].says);
}
END_TEST

START_TEST(an_ssh_line_and_hex_digits_are_the_same_key) {
        _cleanup_buf_ Buf line = {};
        Key key, again;
        const char *comment;
        size_t n;

        ck_assert_int_eq(key_from_hex(&key, HEX), 0);
        sshkey_write_line(&line, &key, "a comment");
        ck_assert_str_eq(line.p, SSH " a comment");
        ck_assert_int_eq(sshkey_read_line(&again, line.p, line.n, &comment, &n, NULL), 0);
        ck_assert(key_equal(&key, &again));
        ck_assert_uint_eq(n, strlen("a comment"));
        ck_assert_int_eq(memcmp(comment, "a comment", n), 0);
}
END_TEST

/* A thousand voters in entries of 8 KiB: each part fits, and together they are the roll. */
START_TEST(a_large_roll_is_split_into_parts_that_fit) {
        _cleanup_buf_ Buf text = {};
        _cleanup_(roll_file_done) RollFile f = {};
        size_t parts, n = 0;
        Why why = {};

        for (unsigned i = 0; i < 1000; i++) {
                _cleanup_(secret_key_freep) SecretKey *k = NULL;
                uint8_t seed[32] = { (uint8_t) i, (uint8_t) (i >> 8) };

                ck_assert_int_eq(secret_key_from_seed(&k, seed), 0);
                buf_printf(&text, "weight=2147483648 %s\n",
                        key_hex(secret_key_public(k), (char[ID_HEX]) {}));
        }
        text.p[strlen("weight=2147483648") - 1] = '7';
        ck_assert_msg(roll_file_parse(&f, text.p, text.n, &why) == V_DEFINITION,
                "2^31 * 1000 is more than 2^40");
        for (char *p = text.p; (p = strstr(p, "weight=214")); p++)
                p[strlen("weight=")] = '1', p[strlen("weight=2")] = '0', p[strlen("weight=21")] = '0';
        ck_assert_msg(roll_file_parse(&f, text.p, text.n, &why) == 0, "%s", why.text);

        parts = roll_file_parts(&f, "members", 8192);
        ck_assert_uint_gt(parts, 1);
        for (size_t i = 0; i < parts; i++) {
                _cleanup_(roll_freep) Roll *roll = NULL;
                _cleanup_json_ Json *o = roll_file_part(&f, "members", 8192, i);
                _cleanup_(secret_key_freep) SecretKey *k = NULL;
                _cleanup_buf_ Buf line = {}, signed_line = {};

                ck_assert_int_eq(roll_parse(&roll, o, &why), 0);
                ck_assert_uint_eq(roll->part, i);
                for (size_t v = 0; v < roll->n_voters; v++)
                        ck_assert(key_equal(&roll->voters[v].key, &f.voters[n++].key));
                ck_assert_int_eq(secret_key_generate(&k), 0);
                json_set_text(o, "kind", "roll");
                json_set_key(o, "signer", secret_key_public(k));
                ck_assert_int_eq(json_dump(o, &line), 0);
                ck_assert_int_eq(sign_line(&signed_line, k, "roll", &(Id) {}, line.p, line.n), 0);
                ck_assert_uint_le(signed_line.n, 8192);
        }
        ck_assert_uint_eq(n, f.n);
}
END_TEST

static void add(TCase *t) {
        tcase_add_loop_test(t, a_roll_may_be_written_like_this, 0, ELEMENTSOF(good));
        tcase_add_loop_test(t, what_is_no_roll_is_refused_with_the_reason, 0, ELEMENTSOF(bad));
        tcase_add_test(t, an_ssh_line_and_hex_digits_are_the_same_key);
        tcase_add_test(t, a_large_roll_is_split_into_parts_that_fit);
}

int main(void) {
        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;
        return run_suite("rollfile", add);
}
