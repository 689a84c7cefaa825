/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/db.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"

/* A database is the file itself, and what SQLite keeps beside it while it is open or after an unclean end. */
static const char *const beside[] = { "-wal", "-shm", "-journal" };

static char* with_suffix(const char *path, const char *suffix) {
        char *p;

        return asprintf(&p, "%s%s", path, suffix) < 0 ? NULL : p;
}

static int sync_folder(const char *path) {
        _cleanup_free_ char *folder = NULL;
        _cleanup_close_ int fd = -1;
        const char *slash = strrchr(path, '/');

        folder = slash ? strndup(path, (size_t) (slash - path) + 1) : strdup(".");
        if (!folder)
                return -ENOMEM;
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int exists(const char *path) {
        if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return 1;
        return errno == ENOENT ? 0 : -errno;
}

static int exists_beside(const char *path) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < ELEMENTSOF(beside); i++) {
                _cleanup_free_ char *p = with_suffix(path, beside[i]);

                r = p ? exists(p) : -ENOMEM;
        }
        return r;
}

int db_file_exists(const char *path) {
        int r;

        assert(path);

        r = exists(path);
        if (r != 0)
                return r;
        r = exists_beside(path);
        return r > 0 ? 2 : r;
}

int db_file_remove(const char *path) {
        assert(path);

        if (unlink(path) < 0 && errno != ENOENT)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(beside); i++) {
                _cleanup_free_ char *p = with_suffix(path, beside[i]);

                if (!p)
                        return -ENOMEM;
                if (unlink(p) < 0 && errno != ENOENT)
                        return -errno;
        }
        return 0;
}

int db_file_rename(const char *from, const char *to) {
        int r;

        assert(from);
        assert(to);

        r = exists_beside(from);
        if (r != 0)
                return r < 0 ? r : -EBUSY;      /* a part of it would stay behind */
        if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0)
                return -errno;
        return sync_folder(to);
}

/* A name that nothing has: each is all that is left of a ledger, or of a record. */
static int name_aside(const char *path, uint64_t now_sec, char **ret) {
        for (unsigned i = 0; i < 1000; i++) {
                _cleanup_free_ char *p = NULL;
                int r;

                if (asprintf(&p, i == 0 ? "%s.damaged-%" PRIu64 : "%s.damaged-%" PRIu64 ".%u", path, now_sec, i) < 0) {
                        p = NULL;
                        return -ENOMEM;
                }
                r = db_file_exists(p);
                if (r < 0)
                        return r;
                if (r == 0) {
                        *ret = TAKE_PTR(p);
                        return 0;
                }
        }
        return -EEXIST;
}

int db_file_set_aside(const char *path, uint64_t now_sec, char **ret_path) {
        _cleanup_free_ char *to = NULL;
        int r;

        assert(path);
        assert(ret_path);

        r = db_file_exists(path);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = name_aside(path, now_sec, &to);
        if (r < 0)
                return r;

        if (rename(path, to) < 0 && errno != ENOENT)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(beside); i++) {
                _cleanup_free_ char *a = with_suffix(path, beside[i]), *b = with_suffix(to, beside[i]);

                if (!a || !b)
                        return -ENOMEM;
                if (rename(a, b) < 0 && errno != ENOENT)
                        return -errno;
        }
        r = sync_folder(path);
        if (r < 0)
                return r;
        *ret_path = TAKE_PTR(to);
        return 0;
}

int db_file_was_set_aside(const char *dir, const char *name) {
        const size_t n = strlen(name);
        const struct dirent *e;
        int r = 0;
        DIR *d;

        d = opendir(dir);
        if (!d)
                return -errno;
        while (r == 0 && (errno = 0, e = readdir(d)))
                if (strncmp(e->d_name, name, n) == 0 && strncmp(e->d_name + n, ".damaged-", 9) == 0)
                        r = 1;
        if (r == 0)
                r = -errno;
        (void) closedir(d);
        return r;
}
