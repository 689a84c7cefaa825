/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/text.h"
#include "votectl/keystore.h"

static const SecretKind kind = { "key", "seed", "key of votectl" };

int key_file_parse(KeyFile *ret, const char *text, size_t n, Why *why) {
        return secret_file_parse(ret, &kind, text, n, why);
}

int key_file_format(Buf *ret, const SecretKey *key, const char *passphrase) {
        uint8_t seed[SECRET_BYTES];
        int r;

        secret_key_seed(key, seed);
        r = secret_file_format(ret, &kind, secret_key_public(key)->b, seed, passphrase);
        secret_wipe(seed, sizeof seed);
        return r;
}

/* Wipes seed. */
static int make_key(
        const KeyFile *f, uint8_t seed[static SECRET_BYTES], SecretKey **ret, Why *why) {
        _cleanup_(secret_key_freep) SecretKey *key = NULL;
        int r;

        r = secret_key_from_seed(&key, seed);
        secret_wipe(seed, SECRET_BYTES);
        if (r != 0)
                return r;
        if (!key_equal(secret_key_public(key), &f->public))
                return why_set(why, V_FORM,
                        "the key file is damaged: its two halves do not belong together");
        *ret = TAKE_PTR(key);
        return 0;
}

int key_file_open(const KeyFile *f, const char *passphrase, SecretKey **ret, Why *why) {
        uint8_t seed[SECRET_BYTES];
        int r;

        r = secret_file_open(f, passphrase, seed, why);
        return r != 0 ? r : make_key(f, seed, ret, why);
}

int keystore_path(Ctl *c, const char *name, char **ret) {
        char file[128];

        if (!name_is_valid(name))
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "\"%s\" cannot name a key, expected lower-case letters, digits and dashes, "
                        "at most 64",
                        name);
        (void) snprintf(file, sizeof file, "%s.key", name);
        return ctl_path(c, "keys", file, ret);
}

int keystore_read(Ctl *c, const char *path, KeyFile *ret) {
        return secret_file_read(c, path, &kind, ret);
}

int keystore_unlock(Ctl *c, const KeyFile *f, const char *what, SecretKey **ret) {
        uint8_t seed[SECRET_BYTES];
        Why why = {};
        int r;

        r = secret_file_unlock(c, f, what, seed);
        if (r != 0)
                return r;
        r = make_key(f, seed, ret, &why);
        return r != 0 ? ctl_fail_why(c, r, EXIT_FAILED, NULL, &why) : EXIT_DONE;
}

int keystore_write(
        Ctl *c, const char *path, const SecretKey *key, const char *passphrase, bool replace) {
        uint8_t seed[SECRET_BYTES];
        int r;

        secret_key_seed(key, seed);
        r = secret_file_write(
                c, path, &kind, secret_key_public(key)->b, seed, passphrase, replace);
        secret_wipe(seed, sizeof seed);
        return r;
}
