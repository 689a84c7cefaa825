/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <sys/stat.h>

#include "base/text.h"
#include "codec/base64.h"
#include "codec/line.h"
#include "crypto/lock.h"
#include "votectl/keystore.h"
#include "votectl/prompt.h"

#define SEED_BYTES 32U
#define BOX_BYTES_MAX 1024U
#define ATTEMPTS_MAX 3

void key_file_done(KeyFile *f) {
        (void) json_free(f->json);
        *f = (KeyFile) {};
}

int key_file_parse(KeyFile *ret, const char *text, size_t n, Why *why) {
        _cleanup_(key_file_done) KeyFile f = {};
        const char *kind;
        int r;

        r = json_parse_loose(&f.json, text, n, KEY_FILE_BYTES_MAX, why);
        if (r == 0)
                r = json_get_text(f.json, "kind", 1, 32, &kind, why);
        if (r == 0 && !streq(kind, "key"))
                r = why_set(why, V_FORM, "\"kind\" is \"%.32s\", expected \"key\"", kind);
        if (r == 0)
                r = json_check_keys(f.json, JSON_KEYS("kind", "public", "seed", "locked"), why);
        if (r == 0)
                r = json_get_key(f.json, "public", &f.public, why);
        if (r == 0 && json_has(f.json, "seed") == json_has(f.json, "locked"))
                r = why_set(why, V_FORM, "expected one of \"seed\" and \"locked\"");
        if (r != 0)
                return r;
        f.locked = json_has(f.json, "locked");
        *ret = f;
        f = (KeyFile) {};
        return 0;
}

int key_file_format(Buf *ret, const SecretKey *key, const char *passphrase) {
        _cleanup_json_ Json *o = json_new_object();
        _cleanup_buf_ Buf box = {};
        uint8_t seed[SEED_BYTES];
        int r = 0;

        json_set_text(o, "kind", "key");
        json_set_key(o, "public", secret_key_public(key));
        secret_key_seed(key, seed);
        if (passphrase && *passphrase) {
                r = lock_seal(&box, seed, sizeof seed, passphrase);
                if (r == 0)
                        json_set_base64(o, "locked", box.p, box.n);
        } else
                json_set_base64(o, "seed", seed, sizeof seed);
        secret_wipe(seed, sizeof seed);
        if (r == 0)
                r = json_dump(o, ret);
        buf_add_char(ret, '\n');
        return r < 0 ? r : buf_error(ret);
}

int key_file_open(const KeyFile *f, const char *passphrase, SecretKey **ret, Why *why) {
        _cleanup_(secret_key_freep) SecretKey *key = NULL;
        uint8_t seed[SEED_BYTES], box[BOX_BYTES_MAX];
        const char *text;
        size_t n;
        int r;

        r = json_get_text(
                f->json, f->locked ? "locked" : "seed", 1, BASE64_LEN(BOX_BYTES_MAX), &text, why);
        if (r != 0)
                return r;
        n = strlen(text) * 3 / 4;
        if (f->locked) {
                r = base64_decode(box, n, text, strlen(text));
                if (r == 0)
                        r = lock_open(seed, sizeof seed, box, n, passphrase ?: "");
                if (r == V_DENIED)
                        return why_set(why, V_DENIED, "wrong passphrase, or the file was altered");
        } else
                r = base64_decode(seed, sizeof seed, text, strlen(text));
        if (r > 0)
                return why_set(why, V_FORM, "the key file is damaged");
        if (r == 0)
                r = secret_key_from_seed(&key, seed);
        secret_wipe(seed, sizeof seed);
        if (r != 0)
                return r;
        if (!key_equal(secret_key_public(key), &f->public))
                return why_set(why, V_FORM,
                        "the key file is damaged: its two halves do not belong together");
        *ret = TAKE_PTR(key);
        return 0;
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
        _cleanup_buf_ Buf b = {};
        struct stat st;
        Why why = {};
        int r;

        r = ctl_read_file(c, path, KEY_FILE_BYTES_MAX, &b);
        if (r != 0)
                return r;
        if (stat(path, &st) == 0 && st.st_mode & 077)
                ctl_warn(c,
                        "%s can be read by others; chmod 600 it (or make a new key, if somebody "
                        "has)",
                        path);
        r = key_file_parse(ret, b.p ?: "", b.n, &why);
        if (b.p)
                secret_wipe(b.p, b.n);
        if (r > 0)
                return ctl_fail(c, EXIT_USAGE, NULL, "%s is no key of votectl: %s", path, why.text);
        return r < 0 ? ctl_oom(c) : EXIT_DONE;
}

int keystore_unlock(Ctl *c, const KeyFile *f, const char *what, SecretKey **ret) {
        Why why = {};
        int r = V_DENIED;

        if (!f->locked) {
                r = key_file_open(f, NULL, ret, &why);
                return r != 0 ? ctl_fail_why(c, r, EXIT_FAILED, NULL, &why) : EXIT_DONE;
        }
        for (unsigned i = 0; i < ATTEMPTS_MAX; i++) {
                _cleanup_(passphrase_freep) char *passphrase = NULL;
                const bool given =
                        getenv("VOTECTL_PASSPHRASE_FILE") || getenv("CREDENTIALS_DIRECTORY");

                r = prompt_passphrase(c, what, false, &passphrase);
                if (r != 0)
                        return r;
                if (!passphrase)
                        return ctl_fail(c, EXIT_USAGE,
                                "Set VOTECTL_PASSPHRASE_FILE to a file with it.",
                                "%s is locked with a passphrase, and standard input is no terminal",
                                what);
                r = key_file_open(f, passphrase, ret, &why);
                if (r == 0)
                        return EXIT_DONE;
                if (r != V_DENIED || given)
                        break;
                ctl_warn(c, "%s: wrong passphrase", what);
        }
        return ctl_fail_why(c, r, EXIT_REFUSED, NULL, &why);
}

int keystore_write(
        Ctl *c, const char *path, const SecretKey *key, const char *passphrase, bool replace) {
        _cleanup_buf_ Buf b = {};
        int r;

        r = key_file_format(&b, key, passphrase);
        if (r == 0)
                r = ctl_write_file(c, path, b.p, b.n, 0600, replace);
        else
                r = ctl_oom(c);
        if (b.p)
                secret_wipe(b.p, b.n);
        return r;
}
