/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"

#include "../help.h"

static char folder[] = "/tmp/voted-file-XXXXXX";

static const char* in(const char *name) {
        static char path[256];

        (void) snprintf(path, sizeof(path), "%s/%s", folder, name);
        return path;
}

static void make_folder(void) {
        ck_assert_ptr_nonnull(mkdtemp(folder));
}

static unsigned count_files(void) {
        DIR *d = opendir(folder);
        unsigned n = 0;

        ck_assert_ptr_nonnull(d);
        for (struct dirent *e = readdir(d); e; e = readdir(d))
                n += e->d_name[0] != '.';
        (void) closedir(d);
        return n;
}

START_TEST(a_file_is_written_whole_with_its_mode) {
        _cleanup_buf_ Buf b = {};
        struct stat st;

        make_folder();
        (void) umask(077);
        ck_assert_int_eq(write_file_atomic(in("f"), "first", 5, 0644), 0);
        ck_assert_int_eq(write_file_atomic(in("f"), "second\0!", 8, 0640), 0);
        ck_assert_int_eq(stat(in("f"), &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0640);
        ck_assert_int_eq(read_file(in("f"), 8, &b), 0);
        ck_assert_uint_eq(b.n, 8);
        ck_assert_mem_eq(b.p, "second\0!", 8);
        ck_assert_int_eq(write_file_atomic(in("empty"), NULL, 0, 0600), 0);
        ck_assert_uint_eq(count_files(), 2);            /* and no temporary one */
        (void) unlink(in("f"));
        (void) unlink(in("empty"));
        (void) rmdir(folder);
}
END_TEST

START_TEST(a_failed_write_leaves_the_old_file_and_nothing_else) {
        _cleanup_buf_ Buf b = {};

        make_folder();
        ck_assert_int_eq(write_file_atomic(in("none/f"), "x", 1, 0600), -ENOENT);
        ck_assert_int_eq(mkdir(in("d"), 0700), 0);
        ck_assert_int_eq(write_file_atomic(in("d"), "x", 1, 0600), -EISDIR);
        ck_assert_uint_eq(count_files(), 1);
        ck_assert_int_eq(read_file(in("none"), 10, &b), -ENOENT);
        ck_assert_int_eq(read_file(in("d"), 10, &b), -EISDIR);
        (void) rmdir(in("d"));
        (void) rmdir(folder);
}
END_TEST

START_TEST(a_new_file_takes_no_other_ones_place) {
        _cleanup_buf_ Buf b = {};
        struct stat st;

        make_folder();
        ck_assert_int_eq(write_file_new(in("f"), "first", 5, 0640), 0);
        ck_assert_int_eq(write_file_new(in("f"), "second", 6, 0600), -EEXIST);
        ck_assert_int_eq(read_file(in("f"), 10, &b), 0);
        ck_assert_str_eq(b.p, "first");
        ck_assert_int_eq(stat(in("f"), &st), 0);
        ck_assert_int_eq(st.st_mode & 07777, 0640);
        ck_assert_uint_eq(count_files(), 1);
        ck_assert_int_eq(write_file_new(in("none/f"), "x", 1, 0600), -ENOENT);
        (void) unlink(in("f"));
        (void) rmdir(folder);
}
END_TEST

START_TEST(a_file_in_the_current_folder_can_be_written) {
        make_folder();
        ck_assert_int_eq(chdir(folder), 0);
        ck_assert_int_eq(write_file_atomic("f", "x", 1, 0600), 0);
        ck_assert_int_eq(access(in("f"), F_OK), 0);
        (void) unlink(in("f"));
        (void) rmdir(folder);
}
END_TEST

START_TEST(a_file_beyond_the_limit_is_refused) {
        _cleanup_buf_ Buf b = {}, big = {};

        make_folder();
        for (unsigned i = 0; i < 50000; i++)
                buf_add_text(&big, "0123456789");
        ck_assert_int_eq(write_file_atomic(in("f"), big.p, big.n, 0600), 0);
        ck_assert_int_eq(read_file(in("f"), big.n - 1, &b), -EFBIG);
        buf_reset(&b);
        ck_assert_int_eq(read_file(in("f"), 0, &b), -EFBIG);
        buf_reset(&b);
        buf_add_text(&b, "x");                  /* appended, and counted apart */
        ck_assert_int_eq(read_file(in("f"), big.n, &b), 0);
        ck_assert_uint_eq(b.n, big.n + 1);
        ck_assert_mem_eq(b.p + 1, big.p, big.n);
        buf_reset(&b);
        ck_assert_int_eq(read_file("/dev/zero", 100000, &b), -EFBIG);   /* without an end */
        ck_assert_int_eq(read_file("/dev/null", 0, &b), 0);
        (void) unlink(in("f"));
        (void) rmdir(folder);
}
END_TEST

START_TEST(a_pipe_is_read_to_its_end) {
        _cleanup_buf_ Buf b = {};
        int fds[2];

        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        ck_assert_int_eq(write_all(fds[1], "through the pipe", 16), 0);
        (void) close(fds[1]);
        ck_assert_int_eq(read_fd(fds[0], 100, &b), 0);
        ck_assert_str_eq(b.p, "through the pipe");
        (void) close(fds[0]);
        ck_assert_int_eq(write_all(-1, "x", 1), -EBADF);
        ck_assert_int_eq(write_all(-1, "x", 0), 0);
}
END_TEST

START_TEST(folders_are_made_all_the_way) {
        struct stat st;

        make_folder();
        ck_assert_int_eq(mkdir_p(in("a/b//c/"), 0750), 0);
        ck_assert_int_eq(stat(in("a/b/c"), &st), 0);
        ck_assert(S_ISDIR(st.st_mode));
        ck_assert_int_eq(mkdir_p(in("a/b/c"), 0700), 0);
        ck_assert_int_eq(mkdir_p("/", 0755), 0);
        ck_assert_int_eq(mkdir_p("/tmp", 0755), 0);
        ck_assert_int_eq(mkdir_p("", 0755), -ENOENT);

        ck_assert_int_eq(write_file_atomic(in("a/f"), "", 0, 0600), 0);
        ck_assert_int_eq(mkdir_p(in("a/f"), 0700), -ENOTDIR);
        ck_assert_int_eq(mkdir_p(in("a/f/g"), 0700), -ENOTDIR);
        (void) unlink(in("a/f"));
        (void) rmdir(in("a/b/c"));
        (void) rmdir(in("a/b"));
        (void) rmdir(in("a"));
        (void) rmdir(folder);
}
END_TEST

START_TEST(what_is_opened_takes_the_place_of_no_standard_stream) {
        int fd;

        for (int closed = 0; closed <= 2; closed++) {
                int kept = dup(closed);

                ck_assert_int_gt(kept, 2);
                (void) close(closed);
                ck_assert_int_eq(hold_standard_streams(), 0);
                fd = open("/dev/null", O_RDWR);
                ck_assert_int_gt(fd, 2);
                (void) close(fd);
                ck_assert(write(closed, "x", 1) < 0 && errno == EBADF);
                ck_assert_int_eq(dup2(kept, closed), closed);
                (void) close(kept);
        }
}
END_TEST

START_TEST(paths_are_joined_with_one_slash) {
        static const char *const cases[][3] = { { "/a", "b", "/a/b" }, { "/a/", "b", "/a/b" }, { "/", "b", "/b" }, { "", "b", "b" }, { "a", "b/c", "a/b/c" } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *p = path_join(cases[i][0], cases[i][1]);

                ck_assert_str_eq(p, cases[i][2]);
        }
}
END_TEST

TEST_MAIN("file", a_file_is_written_whole_with_its_mode, a_failed_write_leaves_the_old_file_and_nothing_else,
        a_new_file_takes_no_other_ones_place, a_file_in_the_current_folder_can_be_written, a_file_beyond_the_limit_is_refused,
        a_pipe_is_read_to_its_end, folders_are_made_all_the_way, what_is_opened_takes_the_place_of_no_standard_stream,
        paths_are_joined_with_one_slash)
