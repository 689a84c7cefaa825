/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "ledger/record-sqlite.h"
#include "store-help.h"

/* What is SQLite's alone; test-record.c runs over both records. */

static const RecordOwner owner = { .network.b = { 1, 2 }, .authority.b = { 3, 4 } };

static Record* make(const char *dir) {
        Record *r = NULL;
        Why why = {};
        int q;

        q = record_sqlite_make(&r, dir, &owner, NULL, NULL, &why);
        ck_assert_msg(q == 0, "%d: %s", q, why.text);
        return r;
}

static Record* open_record(const char *dir) {
        Record *r = NULL;
        Why why = {};
        int q;

        q = record_sqlite_open(&r, dir, &owner, &why);
        ck_assert_msg(q == 0, "%d: %s", q, why.text);
        return r;
}

static int open_fails(const char *dir, Why *why) {
        Record *r = NULL;
        int q;

        *why = (Why) {};
        q = record_sqlite_open(&r, dir, &owner, why);
        ck_assert_int_lt(q, 0);
        ck_assert_ptr_null(r);
        ck_assert_msg(strstr(why->text, dir), "no path: %s", why->text);
        return q;
}

static int make_fails(const char *dir, Why *why) {
        Record *r = NULL;
        int q;

        *why = (Why) {};
        q = record_sqlite_make(&r, dir, &owner, NULL, NULL, why);
        ck_assert_int_lt(q, 0);
        ck_assert_ptr_null(r);
        ck_assert_msg(strstr(why->text, dir), "no path: %s", why->text);
        return q;
}

static const char* db_path(const char *dir, char path[static 128]) {
        (void) snprintf(path, 128, "%s/authority.db", dir);
        return path;
}

/* Past our own code, as an operator with sqlite3 would. */
static void sql(const char *dir, const char *text) {
        char path[128], *error = NULL;
        sqlite3 *db;

        ck_assert_int_eq(sqlite3_open(db_path(dir, path), &db), SQLITE_OK);
        ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &error) == SQLITE_OK, "%s: %s", text, error);
        ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static int add_text(void *userdata, int n, char **values, char **names) {
        for (int i = 0; i < n; i++)
                buf_printf(userdata, "%s|", values[i] ? values[i] : "NULL");
        return 0;
}

static void ask(sqlite3 *db, const char *text, Buf *ret) {
        char *error = NULL;

        ck_assert_msg(sqlite3_exec(db, text, add_text, ret, &error) == SQLITE_OK, "%s: %s", text, error);
        ck_assert_int_eq(buf_error(ret), 0);
}

static void fill(Record *r, uint64_t from, uint64_t to) {
        for (uint64_t v = from; v <= to; v++) {
                const Id id = test_id(v);
                char line[500];

                memset(line, 'x', sizeof(line));
                ck_assert_int_eq(r->ops->put(r, v, "endorse", line, sizeof(line)), 0);
                ck_assert_int_eq(r->ops->put(r, v, "certificate", line, sizeof(line)), 0);
                ck_assert_int_eq(r->ops->put_block(r, v, &id, line, sizeof(line), line, sizeof(line)), 0);
        }
        ck_assert_int_eq(r->ops->commit(r), 0);
}

static int count_line(void *userdata, uint64_t view, const char *name, const char *line, size_t n) {
        ck_assert_uint_eq(n, 500);
        (*(uint64_t *) userdata)++;
        return 0;
}

static int count_block(void *userdata, uint64_t view, const Id *id, const char *header, size_t n_header, const char *entries, size_t n_entries) {
        ck_assert_uint_eq(n_header + n_entries, 1000);
        (*(uint64_t *) userdata)++;
        return 0;
}

static void assert_views(Record *r, uint64_t n) {
        uint64_t lines = 0, blocks = 0;

        ck_assert_int_eq(r->ops->each(r, count_line, &lines), 0);
        ck_assert_int_eq(r->ops->each_block(r, count_block, &blocks), 0);
        ck_assert_uint_eq(lines, 2 * n);
        ck_assert_uint_eq(blocks, n);
}

static void spoil(const char *dir, off_t from, const char *what) {
        char path[128];
        struct stat st;
        int fd;

        fd = open(db_path(dir, path), O_RDWR | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fstat(fd, &st), 0);
        ck_assert_int_gt(st.st_size, from);
        for (off_t at = from; at < st.st_size; at += 4096)
                ck_assert_int_eq(pwrite(fd, what, strlen(what), at), (ssize_t) strlen(what));
        (void) close(fd);
}

START_TEST(schema_is_the_one_that_is_told) {
        char dir[64], path[128];
        _cleanup_buf_ Buf got = {}, expected = {};
        sqlite3 *db, *memory;

        (void) temporary_folder(dir);
        (void) record_free(make(dir));
        ck_assert_int_eq(sqlite3_open(db_path(dir, path), &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_open(":memory:", &memory), SQLITE_OK);
        ask(memory, record_sqlite_schema(), &expected);
        ask(memory, "SELECT type, name, sql FROM sqlite_schema ORDER BY name", &expected);
        ask(db, "SELECT type, name, sql FROM sqlite_schema ORDER BY name", &got);
        ck_assert_str_eq(got.p, expected.p);

        buf_reset(&got);
        ask(db, "PRAGMA user_version; PRAGMA application_id; PRAGMA journal_mode; SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND "
                "strict = 0 AND name NOT LIKE 'sqlite%'", &got);
        ck_assert_str_eq(got.p, "1|1987010933|wal|0|");
        ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_close(memory), SQLITE_OK);
        remove_folder(dir);
}
END_TEST

START_TEST(opening_makes_none) {
        char dir[64], path[128];
        Why why;

        (void) temporary_folder(dir);
        ck_assert_int_eq(open_fails(dir, &why), -ENOENT);
        ck_assert_int_lt(access(db_path(dir, path), F_OK), 0);
        remove_folder(dir);
}
END_TEST

START_TEST(making_never_takes_the_place_of_one) {
        char dir[64];
        Record *r;
        Why why;

        (void) temporary_folder(dir);
        r = make(dir);
        fill(r, 1, 3);
        ck_assert_int_eq(make_fails(dir, &why), -EEXIST);
        r = record_free(r);
        ck_assert_int_eq(make_fails(dir, &why), -EEXIST);
        r = open_record(dir);
        assert_views(r, 3);
        r = record_free(r);

        /* nor of a damaged one */
        spoil(dir, 0, "spoilt");
        ck_assert_int_eq(make_fails(dir, &why), -EEXIST);
        remove_folder(dir);
}
END_TEST

static int check_first(void *userdata, uint64_t view, const char *name, const char *line, size_t n) {
        ck_assert_uint_eq(view, 0);
        ck_assert_str_eq(name, "hold");
        ck_assert(n == 5 && memcmp(line, "first", 5) == 0);
        (*(int *) userdata)++;
        return 0;
}

START_TEST(one_in_place_of_a_lost_one_begins_with_its_line) {
        char dir[64];
        Record *r = NULL;
        Why why = {};
        int n = 0;

        (void) temporary_folder(dir);
        ck_assert_int_eq(record_sqlite_make(&r, dir, &owner, "hold", "first", &why), 0);
        ck_assert_int_eq(r->ops->each(r, check_first, &n), 0);
        r = record_free(r);
        r = open_record(dir);
        ck_assert_int_eq(r->ops->each(r, check_first, &n), 0);
        ck_assert_int_eq(n, 2);
        r = record_free(r);
        remove_folder(dir);
}
END_TEST

START_TEST(what_a_broken_off_making_has_left_does_no_harm) {
        char dir[64], path[128];
        Record *r;
        Why why;
        int fd;

        (void) temporary_folder(dir);
        for (unsigned i = 0; i < 2; i++) {
                (void) snprintf(path, sizeof(path), "%s/authority.db.new%s", dir, i == 0 ? "" : "-wal");
                fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
                ck_assert_int_ge(fd, 0);
                ck_assert_int_eq(write(fd, "half of a database", 18), 18);
                (void) close(fd);
        }
        ck_assert_int_eq(open_fails(dir, &why), -ENOENT);
        r = make(dir);
        ck_assert_int_lt(access(path, F_OK), 0);
        fill(r, 1, 1);
        r = record_free(r);
        r = open_record(dir);
        assert_views(r, 1);
        r = record_free(r);
        remove_folder(dir);
}
END_TEST

START_TEST(second_process_is_told_that_it_is_busy) {
        char dir[64];
        Record *r;
        pid_t pid;
        int status;

        (void) temporary_folder(dir);
        r = make(dir);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                Record *second = NULL;
                Why why = {};
                int q = record_sqlite_open(&second, dir, &owner, &why);

                _exit(q == -EBUSY && strstr(why.text, "another process") ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        fill(r, 1, 1);
        r = record_free(r);
        remove_folder(dir);
}
END_TEST

START_TEST(damage_is_found_when_it_is_opened) {
        char dir[64];
        Record *r;
        Why why;

        (void) temporary_folder(dir);
        r = make(dir);
        fill(r, 1, 100);
        r = record_free(r);
        spoil(dir, 10 * 4096, "spoilt spoilt spoilt");
        ck_assert_int_eq(open_fails(dir, &why), -EUCLEAN);
        /* It stays so: nothing was mended, nothing marked as good. */
        ck_assert_int_eq(open_fails(dir, &why), -EUCLEAN);
        remove_folder(dir);
}
END_TEST

START_TEST(file_that_was_cut_is_damage) {
        static const off_t sizes[] = { 0, 1, 4096, 12288, -1 };
        char dir[64], path[128];
        struct stat st;
        Record *r;
        Why why;

        (void) temporary_folder(dir);
        r = make(dir);
        fill(r, 1, 100);
        r = record_free(r);
        ck_assert_int_eq(stat(db_path(dir, path), &st), 0);
        ck_assert_int_eq(truncate(path, sizes[_i] >= 0 ? sizes[_i] : st.st_size - 4096), 0);
        ck_assert_int_eq(open_fails(dir, &why), -EUCLEAN);
        ck_assert_int_eq(make_fails(dir, &why), -EEXIST);
        remove_folder(dir);
}
END_TEST

START_TEST(log_without_its_database_is_damage) {
        char dir[64], path[128];
        int status;
        Why why;
        pid_t pid;

        (void) temporary_folder(dir);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                fill(make(dir), 1, 3);
                (void) raise(SIGKILL);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        ck_assert_int_eq(unlink(db_path(dir, path)), 0);
        ck_assert_int_eq(open_fails(dir, &why), -EUCLEAN);
        ck_assert_int_eq(make_fails(dir, &why), -EEXIST);
        remove_folder(dir);
}
END_TEST

START_TEST(database_of_others_is_not_taken) {
        char dir[64];
        Why why;

        (void) temporary_folder(dir);
        sql(dir, "CREATE TABLE bookmarks (url)");
        ck_assert_int_eq(open_fails(dir, &why), -EUCLEAN);
        ck_assert_ptr_nonnull(strstr(why.text, "not one of voted's"));
        remove_folder(dir);
}
END_TEST

START_TEST(record_of_another_is_not_taken) {
        char dir[64];
        RecordOwner other;
        Record *r = NULL;
        Why why = {};

        (void) temporary_folder(dir);
        (void) record_free(make(dir));
        other = owner;
        other.authority.b[31] = 9;
        ck_assert_int_eq(record_sqlite_open(&r, dir, &other, &why), -EBADMSG);
        ck_assert_ptr_nonnull(strstr(why.text, "of the authority 0304"));
        other = owner;
        other.network.b[31] = 9;
        ck_assert_int_eq(record_sqlite_open(&r, dir, &other, &why), -EBADMSG);
        ck_assert_ptr_nonnull(strstr(why.text, "of the network 0102"));
        ck_assert_ptr_null(r);
        (void) record_free(open_record(dir));
        remove_folder(dir);
}
END_TEST

START_TEST(later_schema_is_refused) {
        char dir[64];
        Why why;

        (void) temporary_folder(dir);
        (void) record_free(make(dir));
        sql(dir, "PRAGMA user_version=2");
        ck_assert_int_eq(open_fails(dir, &why), -EPROTONOSUPPORT);
        ck_assert_ptr_nonnull(strstr(why.text, "newer voted"));
        sql(dir, "PRAGMA user_version=1");
        (void) record_free(open_record(dir));
        remove_folder(dir);
}
END_TEST

static const char *const faults[] = {
        "DROP TABLE line",
        "DROP TABLE block",
        "DELETE FROM owner",
        "UPDATE owner SET authority = x'00'",
        "UPDATE line SET view = -1 WHERE name = 'endorse'",
        "UPDATE line SET line = zeroblob(4000000)",
        "UPDATE block SET id = x'00'",
        "UPDATE block SET view = -5",
        "UPDATE block SET header = zeroblob(4000000)",
};

START_TEST(rows_that_cannot_be_are_damage) {
        char dir[64];
        Record *r;
        Why why;

        (void) temporary_folder(dir);
        r = make(dir);
        fill(r, 1, 1);
        r = record_free(r);
        sql(dir, faults[_i]);
        ck_assert_int_eq(open_fails(dir, &why), -EUCLEAN);
        remove_folder(dir);
}
END_TEST

START_TEST(damaged_one_is_set_aside_and_kept) {
        char dir[64], path[128];
        _cleanup_free_ char *first = NULL, *second = NULL, *none = NULL;
        Record *r;
        Why why;

        (void) temporary_folder(dir);
        ck_assert_int_eq(record_sqlite_set_aside(dir, 1234, &none), -ENOENT);
        ck_assert_int_eq(record_sqlite_was_set_aside(dir), 0);

        r = make(dir);
        fill(r, 1, 100);
        r = record_free(r);
        spoil(dir, 0, "spoilt");
        ck_assert_int_eq(record_sqlite_set_aside(dir, 1234, &first), 0);
        (void) snprintf(path, sizeof(path), "%s/authority.db.damaged-1234", dir);
        ck_assert_str_eq(first, path);
        ck_assert_int_eq(access(first, F_OK), 0);
        ck_assert_int_eq(record_sqlite_was_set_aside(dir), 1);
        ck_assert_int_eq(open_fails(dir, &why), -ENOENT);

        r = make(dir);
        fill(r, 1, 1);
        r = record_free(r);
        ck_assert_int_eq(record_sqlite_set_aside(dir, 1234, &second), 0);
        ck_assert_str_ne(second, first);
        ck_assert_int_eq(access(first, F_OK), 0);
        ck_assert_int_eq(access(second, F_OK), 0);
        remove_folder(dir);
}
END_TEST

/* --- kill -9 --- */

static _Noreturn void commit_for_ever(const char *dir, int report, uint64_t from) {
        Record *r = open_record(dir);

        for (uint64_t v = from;; v++) {
                fill(r, v, v);
                if (write(report, &v, sizeof(v)) != sizeof(v))
                        _exit(1);
        }
}

START_TEST(all_that_was_reported_committed_is_there_after_kill_9) {
        char dir[64];
        uint64_t seed = (uint64_t) getpid() * UINT64_C(0x9e3779b97f4a7c15) + 1, reported = 0;

        (void) temporary_folder(dir);
        (void) record_free(make(dir));
        for (int round = 0; round < 20; round++) {
                int fds[2], status;
                uint64_t v, blocks = 0;
                struct timespec pause = {};
                pid_t pid;
                Record *r;

                ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
                pid = fork();
                ck_assert_int_ge(pid, 0);
                if (pid == 0)
                        commit_for_ever(dir, fds[1], reported + 1);
                (void) close(fds[1]);

                /* The moment is anywhere in a transaction or a commit. */
                seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
                for (uint64_t i = 0; i < 1 + (seed >> 40) % 20; i++) {
                        ck_assert_int_eq(read(fds[0], &v, sizeof(v)), sizeof(v));
                        reported = v;
                }
                pause.tv_nsec = (long) (seed >> 33) % 3000000;
                (void) nanosleep(&pause, NULL);
                ck_assert_int_eq(kill(pid, SIGKILL), 0);
                ck_assert_int_eq(waitpid(pid, &status, 0), pid);
                ck_assert(WIFSIGNALED(status));
                while (read(fds[0], &v, sizeof(v)) == sizeof(v))
                        reported = v;
                (void) close(fds[0]);

                r = open_record(dir);
                ck_assert_int_eq(r->ops->each_block(r, count_block, &blocks), 0);
                ck_assert_msg(blocks == reported || blocks == reported + 1, "round %d: %" PRIu64 " views, reported %" PRIu64, round, blocks, reported);
                assert_views(r, blocks);
                reported = blocks;
                r = record_free(r);
        }
        remove_folder(dir);
}
END_TEST

/* --- a full disk --- */

/* A small tmpfs of our own, gone with this process. */
static bool mount_small(const char *dir) {
        if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                return false;
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return false;
        return mount("voted-test", dir, "tmpfs", 0, "size=2m") == 0;
}

static int fill_up(const char *dir, size_t leave) {
        char path[128], block[4096] = {};
        int fd;

        (void) snprintf(path, sizeof(path), "%s/ballast", dir);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ck_assert_int_ge(fd, 0);
        while (write(fd, block, sizeof(block)) > 0)
                ;
        ck_assert_int_eq(ftruncate(fd, MAX(lseek(fd, 0, SEEK_END) - (off_t) leave, 0)), 0);
        return fd;
}

static int put_large(Record *r, uint64_t view) {
        static char entries[400000];
        const Id id = test_id(view);
        int q;

        q = r->ops->put_block(r, view, &id, "h", 1, entries, sizeof(entries));
        return q < 0 ? q : r->ops->commit(r);
}

START_TEST(full_disk_loses_nothing_and_is_got_over) {
        char dir[64];
        uint64_t lines = 0;
        Record *r;
        int fd;
        Why why;

        (void) temporary_folder(dir);
        if (!mount_small(dir)) {
                (void) fprintf(stderr, "Skipped: a full disk (mounting a tmpfs needs root or user namespaces).\n");
                (void) rmdir(dir);
                return;
        }

        /* None is made by half. */
        fd = fill_up(dir, 0);
        ck_assert_int_eq(make_fails(dir, &why), -ENOSPC);
        ck_assert_int_eq(open_fails(dir, &why), -ENOENT);
        ck_assert_int_eq(ftruncate(fd, 0), 0);
        (void) close(fd);

        r = make(dir);
        fill(r, 1, 5);
        fd = fill_up(dir, 50000);
        ck_assert_int_eq(put_large(r, 6), -ENOSPC);
        /* What comes after it is not let in, or half would be committed. */
        ck_assert_int_eq(r->ops->commit(r), -ENOSPC);
        ck_assert_int_eq(r->ops->roll_back(r), 0);
        assert_views(r, 5);
        ck_assert_int_eq(put_large(r, 6), -ENOSPC);
        ck_assert_int_eq(r->ops->roll_back(r), 0);
        ck_assert_int_eq(ftruncate(fd, 0), 0);
        ck_assert_int_eq(put_large(r, 6), 0);
        r = record_free(r);
        (void) close(fd);

        /* Opening it needs no room. */
        fd = fill_up(dir, 0);
        r = open_record(dir);
        ck_assert_int_eq(r->ops->each(r, count_line, &lines), 0);
        ck_assert_uint_eq(lines, 10);
        ck_assert_int_eq(put_large(r, 7), -ENOSPC);
        ck_assert_int_eq(r->ops->roll_back(r), 0);
        ck_assert_int_eq(ftruncate(fd, 0), 0);
        ck_assert_int_eq(put_large(r, 7), 0);
        r = record_free(r);
        (void) close(fd);
        (void) umount(dir);
        (void) rmdir(dir);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("record-sqlite");
        TCase *t = tcase_create("record-sqlite");
        SRunner *r;
        int failed;

        tcase_set_timeout(t, 120);
        tcase_add_test(t, schema_is_the_one_that_is_told);
        tcase_add_test(t, opening_makes_none);
        tcase_add_test(t, making_never_takes_the_place_of_one);
        tcase_add_test(t, one_in_place_of_a_lost_one_begins_with_its_line);
        tcase_add_test(t, what_a_broken_off_making_has_left_does_no_harm);
        tcase_add_test(t, second_process_is_told_that_it_is_busy);
        tcase_add_test(t, damage_is_found_when_it_is_opened);
        tcase_add_loop_test(t, file_that_was_cut_is_damage, 0, 5);
        tcase_add_test(t, log_without_its_database_is_damage);
        tcase_add_test(t, database_of_others_is_not_taken);
        tcase_add_test(t, record_of_another_is_not_taken);
        tcase_add_test(t, later_schema_is_refused);
        tcase_add_loop_test(t, rows_that_cannot_be_are_damage, 0, ELEMENTSOF(faults));
        tcase_add_test(t, damaged_one_is_set_aside_and_kept);
        tcase_add_test(t, all_that_was_reported_committed_is_there_after_kill_9);
        tcase_add_test(t, full_disk_loses_nothing_and_is_got_over);

        suite_add_tcase(suite, t);
        r = srunner_create(suite);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
