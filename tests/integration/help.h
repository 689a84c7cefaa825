/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"

/* What the programs beside the scripts share: what fails is said, and ends them. */

/* r: 0, -errno, or a verdict that why tells. */
static inline void must(int r, const char *what, const Why *why) {
        if (r == 0)
                return;
        (void) fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, r < 0 ? strerror(-r) : why->text);
        exit(EXIT_FAILURE);
}

/* A file, or standard input (NULL), without the ends of its last lines. */
static inline void read_line(const char *path, size_t max, Buf *ret) {
        must(path ? read_file(path, max, ret) : read_fd(STDIN_FILENO, max, ret), path ?: "standard input", NULL);
        while (ret->n > 0 && ret->p[ret->n - 1] == '\n')
                ret->p[--ret->n] = '\0';
}
