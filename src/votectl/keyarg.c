/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "base/text.h"
#include "codec/hex.h"
#include "votectl/keyarg.h"
#include "votectl/keystore.h"
#include "votectl/sshkey.h"

#define FILE_BYTES_MAX 65536U

static int read_self(Ctl *c, Key *ret) {
        _cleanup_(signers_done) Signers s = {};
        Signer *found;
        int r;

        r = signers_find(c, &s);
        if (r == 0)
                r = signers_choose(c, &s, NULL, "at hand", &found);
        if (r == 0)
                *ret = found->key;
        return r;
}

static int read_text(Ctl *c, const char *what, const char *text, const char *remedy, Key *ret) {
        _cleanup_(key_file_done) KeyFile f = {};
        _cleanup_free_ char *path = NULL;
        _cleanup_buf_ Buf b = {};
        Why why = {};
        int r;

        if (key_from_hex(ret, text) == 0)
                return EXIT_DONE;
        if (name_is_valid(text)) {
                r = keystore_path(c, text, &path);
                if (r != 0)
                        return r;
                if (access(path, R_OK) == 0) {
                        r = keystore_read(c, path, &f);
                        if (r == 0)
                                *ret = f.public;
                        return r;
                }
        }
        if (!sshkey_looks_like_line(text, strlen(text)) && access(text, R_OK) == 0) {
                r = ctl_read_file(c, text, FILE_BYTES_MAX, &b);
                if (r != 0)
                        return r;
                text = b.p ?: "";
                if (strcspn(text, "\r\n") < ID_HEX) {
                        char digits[ID_HEX] = {};

                        memcpy(digits, text, strcspn(text, "\r\n"));
                        if (key_from_hex(ret, digits) == 0)
                                return EXIT_DONE;
                }
        }
        r = sshkey_read_line(ret, text, strcspn(text, "\r\n"), NULL, NULL, &why);
        if (r < 0)
                return ctl_oom(c);
        if (r == V_FORM && !b.p)
                return ctl_fail(c, EXIT_USAGE, remedy,
                        "%s is \"%.80s\", expected 64 hex digits, an ssh-ed25519 line, a .pub file "
                        "or the name of a key of yours",
                        what, text);
        if (r != 0)
                return ctl_fail(c, EXIT_USAGE, remedy, "%s: %s", what, why.text);
        return EXIT_DONE;
}

int ctl_key_argument(Ctl *c, const char *what, const char *text, bool self, const char *remedy, Key *ret) {
        Why why = {};
        int r;

        r = self && streq(text, "self") ? read_self(c, ret) : read_text(c, what, text, remedy, ret);
        if (r != 0)
                return r;
        r = key_check(ret, &why);
        return r != 0 ? ctl_fail(c, EXIT_USAGE, remedy, "%s: %s", what, why.text) : EXIT_DONE;
}
