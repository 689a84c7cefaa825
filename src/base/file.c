/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"

#define CHUNK_BYTES 65536U

int read_fd(int fd, size_t bytes_max, Buf *ret) {
        size_t start = ret->n;

        for (;;) {
                size_t left = bytes_max - (ret->n - start);
                ssize_t k;
                char *to;

                /* one byte more than allowed tells a file that fits from one that does not */
                to = buf_reserve(ret, MIN(left, (size_t) CHUNK_BYTES) + 1);
                if (!to)
                        return -ENOMEM;
                k = read(fd, to, MIN(left, (size_t) CHUNK_BYTES) + 1);
                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if ((size_t) k > left)
                        return -EFBIG;
                ret->n += (size_t) k;
                ret->p[ret->n] = 0;
                if (k == 0)
                        return 0;
        }
}

int read_file(const char *path, size_t bytes_max, Buf *ret) {
        _cleanup_close_ int fd = -1;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        return read_fd(fd, bytes_max, ret);
}

int hold_standard_streams(void) {
        int fd;

        do {
                fd = open("/dev/null", O_PATH);         /* the lowest that is free */
                if (fd < 0)
                        return -errno;
        } while (fd <= STDERR_FILENO);
        (void) close(fd);
        return 0;
}

int write_all(int fd, const void *p, size_t n) {
        const char *s = p;

        while (n > 0) {
                ssize_t k = write(fd, s, n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                s += k;
                n -= (size_t) k;
        }
        return 0;
}

/* Makes a name durable: the folder that holds it. */
static int sync_folder_of(const char *path) {
        _cleanup_free_ char *folder = NULL;
        _cleanup_close_ int fd = -1;
        char *slash;

        folder = strdup(path);
        if (!folder)
                return -ENOMEM;
        slash = strrchr(folder, '/');
        if (slash == folder)
                slash++;
        if (slash)
                *slash = 0;

        fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        /* some file systems cannot sync a folder, and need not */
        return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

static int write_file(int fd, const void *p, size_t n, mode_t mode) {
        int r;

        /* mkostemp() makes it 0600, so that a secret is never readable for others on its way */
        r = write_all(fd, p, n);
        if (r < 0)
                return r;
        if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
                return -errno;
        return 0;
}

/* Not every file system knows the flag; those that do not know links. */
static int move_beside(const char *from, const char *to) {
        if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
                return 0;
        if (errno != EINVAL)
                return -errno;
        if (link(from, to) < 0)
                return -errno;
        (void) unlink(from);
        return 0;
}

static int move_over(const char *from, const char *to) {
        return rename(from, to) < 0 ? -errno : 0;
}

static int write_file_moved(const char *path, const void *p, size_t n, mode_t mode,
        int (*move)(const char *from, const char *to)) {
        _cleanup_free_ char *temporary = NULL;
        int fd, r;

        if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
                temporary = NULL;
                return -ENOMEM;
        }
        fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0)
                return -errno;

        r = write_file(fd, p, n, mode);
        if (close(fd) < 0 && r == 0)
                r = -errno;
        if (r == 0)
                r = move(temporary, path);
        if (r < 0) {
                (void) unlink(temporary);
                return r;
        }
        return sync_folder_of(path);
}

int write_file_atomic(const char *path, const void *p, size_t n, mode_t mode) {
        return write_file_moved(path, p, n, mode, move_over);
}

int write_file_new(const char *path, const void *p, size_t n, mode_t mode) {
        return write_file_moved(path, p, n, mode, move_beside);
}

static int make_folder(const char *path, mode_t mode) {
        struct stat st;

        if (mkdir(path, mode) == 0)
                return 0;
        if (errno != EEXIST)
                return -errno;
        if (stat(path, &st) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int mkdir_p(const char *path, mode_t mode) {
        _cleanup_free_ char *copy = NULL;
        int r;

        if (!*path)
                return -ENOENT;
        copy = strdup(path);
        if (!copy)
                return -ENOMEM;

        for (char *s = copy + 1; *s; s++) {
                struct stat st;

                if (*s != '/' || s[-1] == '/')
                        continue;
                *s = 0;
                /* what is there is passed over: mkdir() on a read-only file system says EROFS of it too */
                r = stat(copy, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : make_folder(copy, mode);
                *s = '/';
                if (r < 0)
                        return r;
        }
        return make_folder(copy, mode);
}

char* path_join(const char *folder, const char *name) {
        size_t n = strlen(folder);
        char *ret;

        if (asprintf(&ret, "%s%s%s", folder, n > 0 && folder[n - 1] != '/' ? "/" : "", name) < 0)
                return NULL;
        return ret;
}
