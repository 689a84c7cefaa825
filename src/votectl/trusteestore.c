/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "voted/limits.h"
#include "votectl/secretfile.h"
#include "votectl/trusteestore.h"

#define FOLDER "trustee"
#define KEPT_BYTES_MAX (ENTRY_BYTES_MAX + 4096U)

static const SecretKind sealing_kind = { "sealing", "secret", "sealing key of a trustee" };

static int make_path(Ctl *c, const uint8_t id[static 32], const char *suffix, char **ret) {
        char file[ID_HEX + 16], hex[ID_HEX];

        hex_encode(hex, id, 32);
        (void) snprintf(file, sizeof file, "%s.%s", hex, suffix);
        return ctl_path(c, FOLDER, file, ret);
}

/* --- keys --- */

int trustee_store_new_key(Ctl *c, const char *passphrase, SecretScalar **ret) {
        _cleanup_(secret_scalar_freep) SecretScalar *s = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = secret_scalar_generate(&s);
        if (r < 0)
                return ctl_oom(c);
        r = make_path(c, secret_scalar_public(s)->b, "sealing", &path);
        if (r == 0)
                r = secret_file_write(c, path, &sealing_kind, secret_scalar_public(s)->b,
                        secret_scalar_value(s)->b, passphrase, false);
        if (r == 0)
                *ret = TAKE_PTR(s);
        return r;
}

int trustee_store_has_key(Ctl *c, const Element *e, bool *ret) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = make_path(c, e->b, "sealing", &path);
        if (r == 0)
                *ret = access(path, F_OK) == 0;
        return r;
}

int trustee_store_open_key(Ctl *c, const Element *e, SecretScalar **ret) {
        _cleanup_(secret_scalar_freep) SecretScalar *s = NULL;
        _cleanup_(secret_file_done) SecretFile f = {};
        _cleanup_free_ char *path = NULL;
        uint8_t secret[SECRET_BYTES];
        char hex[ID_HEX];
        int r;

        r = make_path(c, e->b, "sealing", &path);
        if (r != 0)
                return r;
        hex_encode(hex, e->b, sizeof e->b);
        if (access(path, F_OK) < 0)
                return ctl_fail(c, EXIT_NOT_FOUND,
                        "It is on the machine where votectl trustee init was run, unless it was "
                        "forgotten.",
                        "the secret of sealing key %s is not here (%s)", hex, path);
        r = secret_file_read(c, path, &sealing_kind, &f);
        if (r == 0)
                r = secret_file_unlock(c, &f, "the sealing key", secret);
        if (r != 0)
                return r;
        r = secret_scalar_decode(&s, secret);
        secret_wipe(secret, sizeof secret);
        if (r < 0)
                return ctl_oom(c);
        if (r > 0 || !element_equal(secret_scalar_public(s), e))
                return ctl_fail(c, EXIT_FAILED, "Put the file back from a copy.",
                        "%s is damaged: it is not the secret of that key", path);
        *ret = TAKE_PTR(s);
        return EXIT_DONE;
}

/* What a file system keeps of older blocks is not ours to reach; what we can overwrite is. */
static int overwrite(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDWR|O_CLOEXEC|O_NOFOLLOW);
        uint8_t noise[SECRET_FILE_BYTES_MAX];
        off_t n;

        if (fd < 0)
                return -errno;
        n = lseek(fd, 0, SEEK_END);
        if (n < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        random_bytes(noise, sizeof noise);
        if (write_all(fd, noise, MIN((size_t) n, sizeof noise)) < 0 || fsync(fd) < 0)
                return -EIO;
        return unlink(path) < 0 ? -errno : 0;
}

int trustee_store_destroy_key(Ctl *c, const Element *e) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = make_path(c, e->b, "sealing", &path);
        if (r != 0)
                return r;
        r = overwrite(path);
        return r < 0 && r != -ENOENT
                       ? ctl_fail(c, EXIT_FAILED, NULL, "cannot destroy %s: %s", path, strerror(-r))
                       : EXIT_DONE;
}

/* --- lines --- */

int trustee_store_get(Ctl *c, const char *kind, const Id *of, Buf *ret, Id *ret_sums) {
        _cleanup_free_ char *path = NULL;
        _cleanup_json_ Json *o = NULL;
        _cleanup_buf_ Buf b = {};
        const char *line;
        Why why = {};
        int r;

        if (ret_sums)
                *ret_sums = (Id) {};
        r = make_path(c, of->b, kind, &path);
        if (r != 0)
                return r;
        if (access(path, F_OK) < 0 && errno == ENOENT)
                return EXIT_DONE;
        r = ctl_read_file(c, path, KEPT_BYTES_MAX, &b);
        if (r != 0)
                return r;
        r = json_parse_loose(&o, b.p ?: "", b.n, KEPT_BYTES_MAX, &why);
        if (r == 0)
                r = json_get_text(o, "line", 1, ENTRY_BYTES_MAX, &line, &why);
        if (r == 0 && ret_sums && json_has(o, "sums"))
                r = json_get_id(o, "sums", ret_sums, &why);
        if (r > 0)                      /* to go on would be to sign a second one */
                return ctl_fail(c, EXIT_FAILED, "Put it back from a copy.",
                        "%s, a line that was signed, is damaged: %s", path, why.text);
        if (r == 0) {
                buf_add_text(ret, line);
                r = buf_error(ret);
        }
        return r < 0 ? ctl_oom(c) : EXIT_DONE;
}

int trustee_store_put(Ctl *c, const char *kind, const Id *of, const Buf *line, const Id *sums) {
        _cleanup_json_ Json *o = json_new_object();
        _cleanup_free_ char *path = NULL;
        _cleanup_buf_ Buf b = {};
        int r;

        json_set_text(o, "kind", kind);
        json_set_text(o, "line", line->p);
        if (sums)
                json_set_id(o, "sums", sums);
        r = json_dump(o, &b);
        buf_add_char(&b, '\n');
        if (r < 0 || buf_error(&b) < 0)
                return ctl_oom(c);
        r = make_path(c, of->b, kind, &path);
        return r != 0 ? r : ctl_write_file(c, path, b.p, b.n, 0600, false);
}
