/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <pwd.h>
#include <unistd.h>

#include "base/file.h"
#include "votectl/votectl.h"

static int data_home(Ctl *c, char **ret) {
        const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

        if (data && *data == '/') {
                *ret = path_join(data, "votectl");
                return *ret ? EXIT_DONE : ctl_oom(c);
        }
        if (!home || *home != '/') {
                const struct passwd *pw = getpwuid(geteuid());

                home = pw ? pw->pw_dir : NULL;
        }
        if (!home)
                return ctl_fail(c, EXIT_FAILED, "Set HOME or XDG_DATA_HOME.",
                        "no home directory to keep keys, networks and receipts in");
        *ret = path_join(home, ".local/share/votectl");
        return *ret ? EXIT_DONE : ctl_oom(c);
}

int ctl_path(Ctl *c, const char *sub, const char *name, char **ret) {
        _cleanup_free_ char *base = NULL, *folder = NULL;
        int r;

        r = data_home(c, &base);
        if (r != 0)
                return r;
        folder = path_join(base, sub);
        if (!folder)
                return ctl_oom(c);
        *ret = name ? path_join(folder, name) : TAKE_PTR(folder);
        return *ret ? EXIT_DONE : ctl_oom(c);
}

int ctl_read_file(Ctl *c, const char *path, size_t bytes_max, Buf *ret) {
        int r;

        if (streq(path, "-")) {
                path = "standard input";
                if (c->in_terminal)
                        ctl_note(c, "Reading standard input, end with ^D.");
                r = read_fd(STDIN_FILENO, bytes_max, ret);
        } else
                r = read_file(path, bytes_max, ret);
        if (r == -ENOMEM)
                return ctl_oom(c);
        if (r == -EFBIG)
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "%s has more than the %zu bytes that are expected at most", path,
                        bytes_max);
        if (r < 0)
                return ctl_fail(c, r == -ENOENT ? EXIT_NOT_FOUND : EXIT_FAILED, NULL,
                        "cannot read %s: %s", path, strerror(-r));
        return EXIT_DONE;
}

int ctl_fail_write(Ctl *c, const char *path, int r) {
        if (r == -EEXIST)
                return ctl_fail(c, EXIT_REFUSED, "Move it away, or take another name.",
                        "%s is there already; it is not overwritten", path);
        return ctl_fail(c, EXIT_FAILED, NULL, "cannot write %s: %s", path, strerror(-r));
}

int ctl_write_file(Ctl *c, const char *path, const void *p, size_t n, mode_t mode, bool replace) {
        _cleanup_free_ char *folder = NULL;
        int r;

        folder = strndup(path, (size_t) (strrchr(path, '/') - path));
        if (!folder)
                return ctl_oom(c);
        r = mkdir_p(folder, 0700);
        if (r == 0)
                r = replace ? write_file_atomic(path, p, n, mode) : write_file_new(path, p, n, mode);
        return r < 0 ? ctl_fail_write(c, path, r) : EXIT_DONE;
}

static int compare_texts(const void *a, const void *b) {
        return strcmp(*(char *const*) a, *(char *const*) b);
}

int ctl_list_files(Ctl *c, const char *sub, const char *suffix, Json **ret) {
        _cleanup_free_ char *folder = NULL;
        char **names = NULL;
        size_t n = 0, allocated = 0;
        const struct dirent *de;
        DIR *d;
        int r;

        r = ctl_path(c, sub, NULL, &folder);
        if (r != 0)
                return r;
        d = opendir(ASSERT_PTR(folder));
        if (!d && errno != ENOENT && errno != EACCES)
                return ctl_fail(
                        c, EXIT_FAILED, NULL, "cannot read %s: %s", folder, strerror(errno));
        while (d && (de = readdir(d))) {
                size_t len = strlen(de->d_name), tail = strlen(suffix);

                if (len <= tail || de->d_name[0] == '.' || !streq(de->d_name + len - tail, suffix))
                        continue;
                if (n == allocated) {
                        char **more = reallocarray(names, allocated + 64, sizeof *more);

                        if (!more) {
                                r = ctl_oom(c);
                                break;
                        }
                        names = more;
                        allocated += 64;
                }
                names[n] = strndup(de->d_name, len - tail);
                if (names[n])
                        n++;
        }
        if (d)
                (void) closedir(d);

        *ret = json_new_array();
        if (n > 0)
                qsort(names, n, sizeof *names, compare_texts);
        for (size_t i = 0; i < n; i++) {
                json_add_text(*ret, names[i]);
                free(names[i]);
        }
        free(names);
        if (r == EXIT_DONE && !*ret)
                r = ctl_oom(c);
        return r;
}
