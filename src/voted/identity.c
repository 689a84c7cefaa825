/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "codec/hex.h"
#include "crypto/random.h"
#include "voted/daemon.h"

/* The file holds the 32 bytes of the key's seed as 64 hexadecimal digits and a newline. */
#define KEY_FILE_BYTES_MAX 256

static int key_read(SecretKey **ret, const char *path, Why *why) {
        _cleanup_buf_ Buf text = {};
        uint8_t seed[32];
        int r;

        r = read_file(path, KEY_FILE_BYTES_MAX, &text);
        if (r < 0) {
                if (r != -ENOENT)
                        (void) why_set(why, V_UNKNOWN, "cannot read the node's key %s: %s", path, strerror(-r));
                return r;
        }
        while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
                text.n--;
        r = hex_decode(seed, sizeof(seed), text.p, text.n);
        if (r == 0)
                r = secret_key_from_seed(ret, seed);
        else
                r = why_set(why, V_FORM, "%s is no node key: expected 64 lower-case hexadecimal digits", path);
        secret_wipe(text.p, text.n);
        secret_wipe(seed, sizeof(seed));
        return r;
}

static int key_make(SecretKey **ret, const char *path, Why *why) {
        char text[66];
        uint8_t seed[32];
        int r;

        random_bytes(seed, sizeof(seed));
        hex_encode(text, seed, sizeof(seed));
        text[64] = '\n';
        text[65] = 0;

        r = write_file_atomic(path, text, 65, 0600);
        if (r < 0)
                (void) why_set(why, V_UNKNOWN, "cannot write the node's key %s: %s; the state directory must belong to this user", path, strerror(-r));
        else
                r = secret_key_from_seed(ret, seed);
        secret_wipe(text, sizeof(text));
        secret_wipe(seed, sizeof(seed));
        return r;
}

int identity_load(SecretKey **ret, const char *state_dir, const char *name, Why *why) {
        _cleanup_free_ char *path = NULL, *credential = NULL;
        const char *folder = getenv("CREDENTIALS_DIRECTORY");
        int r;

        if (folder) {
                if (asprintf(&credential, "%s/voted.%s.key", folder, name) < 0)
                        return -ENOMEM;
                r = key_read(ret, credential, why);
                if (r != -ENOENT)
                        return r;
        }

        path = path_join(state_dir, "node.key");
        if (!path)
                return -ENOMEM;
        r = key_read(ret, path, why);
        if (r == -ENOENT)
                r = key_make(ret, path, why);
        return r;
}
