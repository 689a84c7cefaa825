/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <unistd.h>

#include "base/buf.h"

/* The whole of a file, appended. -EFBIG if it has more than bytes_max, otherwise what open() and
 * read() say; -EISDIR for a directory. Works for pipes and /dev/stdin too. */
_must_check_ int read_file(const char *path, size_t bytes_max, Buf *ret);
_must_check_ int read_fd(int fd, size_t bytes_max, Buf *ret);

/* All or nothing, and there after a power cut: a temporary file beside path with that mode, fsync,
 * rename, fsync of the folder. */
_must_check_ int write_file_atomic(const char *path, const void *p, size_t n, mode_t mode);

/* The same, but never in place of another: of two who write at once, one gets -EEXIST. */
_must_check_ int write_file_new(const char *path, const void *p, size_t n, mode_t mode);

/* Takes the places of the standard streams that are closed, so that no file or socket comes to be one of them and gets what is
 * said there. Reading from or writing to such a place fails with EBADF, as before. 0 or -errno. */
_must_check_ int hold_standard_streams(void);

/* All n bytes, over short writes and EINTR. */
_must_check_ int write_all(int fd, const void *p, size_t n);

/* The folder and those above it that are missing. One that is there already is left as it is;
 * -ENOTDIR if it is no folder. */
_must_check_ int mkdir_p(const char *path, mode_t mode);

/* folder "/" name, owned by the caller. NULL: no memory. */
char* path_join(const char *folder, const char *name);

static inline _unused_ void close_fdp(int *fd) {
        if (*fd >= 0)
                (void) close(*fd);
}
#define _cleanup_close_ _cleanup_(close_fdp)
