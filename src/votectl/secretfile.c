/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/stat.h>

#include "codec/base64.h"
#include "codec/line.h"
#include "crypto/lock.h"
#include "crypto/sign.h"
#include "votectl/prompt.h"
#include "votectl/secretfile.h"

#define BOX_BYTES_MAX 1024U
#define ATTEMPTS_MAX  3

void secret_file_done(SecretFile *f) {
        (void) json_free(f->json);
        *f = (SecretFile) {};
}

int secret_file_parse(
        SecretFile *ret, const SecretKind *kind, const char *text, size_t n, Why *why) {
        _cleanup_(secret_file_done) SecretFile f = { .kind = kind };
        const char *k;
        int r;

        json_wipe_freed();
        r = json_parse_loose(&f.json, text, n, SECRET_FILE_BYTES_MAX, why);
        if (r == 0)
                r = json_get_text(f.json, "kind", 1, 32, &k, why);
        if (r == 0 && !streq(k, kind->kind))
                r = why_set(why, V_FORM, "\"kind\" is \"%.32s\", expected \"%s\"", k, kind->kind);
        if (r == 0)
                r = json_check_keys(
                        f.json, JSON_KEYS("kind", "public", kind->member, "locked"), why);
        if (r == 0)
                r = json_get_key(f.json, "public", &f.public, why);
        if (r == 0 && json_has(f.json, kind->member) == json_has(f.json, "locked"))
                r = why_set(why, V_FORM, "expected one of \"%s\" and \"locked\"", kind->member);
        if (r != 0)
                return r;
        f.locked = json_has(f.json, "locked");
        *ret = f;
        f = (SecretFile) {};
        return 0;
}

int secret_file_format(Buf *ret, const SecretKind *kind, const uint8_t public[static 32],
        const uint8_t secret[static SECRET_BYTES], const char *passphrase) {
        _cleanup_json_ Json *o = json_new_object();
        _cleanup_buf_ Buf box = {};
        int r = 0;

        json_wipe_freed();
        json_set_text(o, "kind", kind->kind);
        json_set_hex32(o, "public", public);
        if (passphrase && *passphrase) {
                r = lock_seal(&box, secret, SECRET_BYTES, passphrase);
                if (r == 0)
                        json_set_base64(o, "locked", box.p, box.n);
        } else
                json_set_base64(o, kind->member, secret, SECRET_BYTES);
        (void) buf_reserve(ret, SECRET_FILE_BYTES_MAX);         /* what grows leaves copies behind */
        if (r == 0)
                r = json_dump(o, ret);
        buf_add_char(ret, '\n');
        return r < 0 ? r : buf_error(ret);
}

int secret_file_open(
        const SecretFile *f, const char *passphrase, uint8_t ret[static SECRET_BYTES], Why *why) {
        uint8_t box[BOX_BYTES_MAX];
        const char *text;
        size_t n;
        int r;

        r = json_get_text(f->json, f->locked ? "locked" : f->kind->member, 1,
                BASE64_LEN(BOX_BYTES_MAX), &text, why);
        if (r != 0)
                return r;
        n = strlen(text) * 3 / 4;
        if (f->locked) {
                r = base64_decode(box, n, text, strlen(text));
                if (r == 0)
                        r = lock_open(ret, SECRET_BYTES, box, n, passphrase ?: "");
                if (r == V_DENIED)
                        return why_set(why, V_DENIED, "wrong passphrase, or the file was altered");
        } else
                r = base64_decode(ret, SECRET_BYTES, text, strlen(text));
        return r > 0 ? why_set(why, V_FORM, "the file is damaged") : r;
}

int secret_file_read(Ctl *c, const char *path, const SecretKind *kind, SecretFile *ret) {
        _cleanup_buf_ Buf b = {};
        struct stat st;
        Why why = {};
        int r;

        r = ctl_read_file(c, path, SECRET_FILE_BYTES_MAX, &b);
        if (r != 0)
                return r;
        if (stat(path, &st) == 0 && st.st_mode & 077)
                ctl_warn(c,
                        "%s can be read by others; chmod 600 it (or make a new key, if somebody "
                        "has)",
                        path);
        r = secret_file_parse(ret, kind, b.p ?: "", b.n, &why);
        if (b.p)
                secret_wipe(b.p, b.n);
        if (r > 0)
                return ctl_fail(
                        c, EXIT_USAGE, NULL, "%s is no %s: %s", path, kind->what, why.text);
        return r < 0 ? ctl_oom(c) : EXIT_DONE;
}

int secret_file_unlock(
        Ctl *c, const SecretFile *f, const char *what, uint8_t ret[static SECRET_BYTES]) {
        /* whoever does not type it is told where it came from, and not asked again */
        const char *hint = getenv("VOTECTL_PASSPHRASE_FILE")
                                   ? "The passphrase is the first line of the file that VOTECTL_PASSPHRASE_FILE names."
                           : getenv("CREDENTIALS_DIRECTORY")
                                   ? "The passphrase is the first line of the credential votectl.passphrase."
                                   : NULL;
        Why why = {};
        int r = V_DENIED;

        if (!f->locked) {
                r = secret_file_open(f, NULL, ret, &why);
                return r != 0 ? ctl_fail_why(c, r, EXIT_FAILED, NULL, &why) : EXIT_DONE;
        }
        for (unsigned i = 0; i < ATTEMPTS_MAX; i++) {
                _cleanup_(passphrase_freep) char *passphrase = NULL;

                r = prompt_passphrase(c, what, false, &passphrase);
                if (r != 0)
                        return r;
                if (!passphrase)
                        return ctl_fail(c, EXIT_USAGE,
                                "Set VOTECTL_PASSPHRASE_FILE to a file with it.",
                                "%s is locked with a passphrase, and standard input is no terminal",
                                what);
                r = secret_file_open(f, passphrase, ret, &why);
                if (r == 0)
                        return EXIT_DONE;
                if (r != V_DENIED || hint)
                        break;
                ctl_warn(c, "%s: wrong passphrase", what);
        }
        return r == V_DENIED ? ctl_fail(c, EXIT_REFUSED, hint, "%s: %s", what, why.text)
                             : ctl_fail_why(c, r, EXIT_REFUSED, NULL, &why);
}

int secret_file_write(Ctl *c, const char *path, const SecretKind *kind,
        const uint8_t public[static 32], const uint8_t secret[static SECRET_BYTES],
        const char *passphrase, bool replace) {
        _cleanup_buf_ Buf b = {};
        int r;

        r = secret_file_format(&b, kind, public, secret, passphrase);
        if (r == 0)
                r = ctl_write_file(c, path, b.p, b.n, 0600, replace);
        else
                r = ctl_oom(c);
        if (b.p)
                secret_wipe(b.p, b.n);
        return r;
}
