/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "store-help.h"

/* What is SQLite's alone; test-store.c runs over both stores. */

static Store* open_store(const char *dir) {
        Store *s = NULL;
        Why why = {};
        int r;

        r = store_sqlite_open(&s, dir, &why);
        ck_assert_msg(r == 0, "%d: %s", r, why.text);
        return s;
}

static int open_fails(const char *dir, Why *why) {
        Store *s = NULL;
        int r;

        *why = (Why) {};
        r = store_sqlite_open(&s, dir, why);
        ck_assert_int_lt(r, 0);
        ck_assert_ptr_null(s);
        ck_assert_msg(strstr(why->text, dir), "no path: %s", why->text);
        return r;
}

static const char* db_path(const char *dir, char path[static 128]) {
        (void) snprintf(path, 128, "%s/ledger.db", dir);
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

static void fill(Store *s, uint64_t from, uint64_t to) {
        for (uint64_t h = from; h <= to; h++) {
                ck_assert_int_eq(put_block(s, h, 0), 0);
                for (uint32_t p = 0; p < 20; p++) {
                        ck_assert_int_eq(put_entry(s, PLACE(h, p), p == 0 ? 0 : STORE_KIND_VOTE), 0);
                        if (p > 0)
                                ck_assert_int_eq(s->ops->vote_put(s, PLACE(1, 0), p, PLACE(h, p), (uint32_t) h), 0);
                }
        }
        ck_assert_int_eq(s->ops->commit(s), 0);
}

/* A process that dies as with kill -9, with the store open. */
static void die_with_it_open(const char *dir) {
        int status;
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                (void) open_store(dir);
                (void) raise(SIGKILL);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Spoils every page but the first few. */
static void spoil(const char *dir) {
        char path[128];
        struct stat st;
        int fd;

        fd = open(db_path(dir, path), O_RDWR | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fstat(fd, &st), 0);
        ck_assert_int_gt(st.st_size, 20 * 4096);
        for (off_t at = 10 * 4096; at < st.st_size; at += 4096)
                ck_assert_int_eq(pwrite(fd, "spoilt spoilt spoilt", 20, at), 20);
        (void) close(fd);
}

START_TEST(schema_is_the_one_that_is_told) {
        char dir[64], path[128];
        _cleanup_buf_ Buf got = {}, expected = {};
        sqlite3 *db, *memory;

        (void) temporary_folder(dir);
        (void) store_free(open_store(dir));
        ck_assert_int_eq(sqlite3_open(db_path(dir, path), &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_open(":memory:", &memory), SQLITE_OK);
        ask(memory, store_sqlite_schema(), &expected);
        ask(memory, "SELECT type, name, sql FROM sqlite_schema ORDER BY name", &expected);
        ask(db, "SELECT type, name, sql FROM sqlite_schema ORDER BY name", &got);
        ck_assert_str_eq(got.p, expected.p);

        buf_reset(&got);
        ask(db, "PRAGMA user_version; PRAGMA application_id; PRAGMA journal_mode; SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND "
                "strict = 0 AND name NOT LIKE 'sqlite%'", &got);
        ck_assert_str_eq(got.p, "1|1987015781|wal|0|");
        ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_close(memory), SQLITE_OK);
        remove_folder(dir);
}
END_TEST

START_TEST(second_process_is_told_that_it_is_busy) {
        char dir[64];
        Store *s;
        pid_t pid;
        int status;

        (void) temporary_folder(dir);
        s = open_store(dir);
        for (int i = 0; i < 2; i++) {
                pid = fork();
                ck_assert_int_ge(pid, 0);
                if (pid == 0) {
                        Store *second = NULL;
                        Why why = {};
                        int r = store_sqlite_open(&second, dir, &why);

                        _exit(r == -EBUSY && strstr(why.text, "another process") ? 0 : 1);
                }
                ck_assert_int_eq(waitpid(pid, &status, 0), pid);
                ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
                fill(s, (uint64_t) i + 1, (uint64_t) i + 1);
        }
        s = store_free(s);
        (void) store_free(open_store(dir));
        remove_folder(dir);
}
END_TEST

START_TEST(damage_after_an_unclean_end_is_found_at_once) {
        char dir[64];
        Store *s;
        Why why;

        (void) temporary_folder(dir);
        s = open_store(dir);
        fill(s, 1, 100);
        s = store_free(s);
        die_with_it_open(dir);
        spoil(dir);
        ck_assert_int_eq(open_fails(dir, &why), -EUCLEAN);
        /* It stays so: nothing was mended, nothing marked as good. */
        ck_assert_int_eq(open_fails(dir, &why), -EUCLEAN);
        remove_folder(dir);
}
END_TEST

START_TEST(unclean_end_alone_is_no_damage) {
        char dir[64];
        Store *s;
        uint64_t tip;

        (void) temporary_folder(dir);
        s = open_store(dir);
        fill(s, 1, 100);
        s = store_free(s);
        die_with_it_open(dir);
        s = open_store(dir);
        ck_assert_int_eq(s->ops->tip(s, &tip), 0);
        ck_assert_uint_eq(tip, 100);
        s = store_free(s);
        remove_folder(dir);
}
END_TEST

START_TEST(damage_after_a_clean_end_is_found_on_the_way) {
        char dir[64];
        Store *s;
        StoredBlock b;
        Why why;
        size_t damaged = 0;

        (void) temporary_folder(dir);
        s = open_store(dir);
        fill(s, 1, 100);
        s = store_free(s);
        spoil(dir);
        s = open_store(dir);
        for (uint64_t h = 1; h <= 100; h++) {
                int r = s->ops->block_get(s, h, &b);

                ck_assert(r == 0 || r == -EUCLEAN);
                if (r == 0)
                        stored_block_done(&b);
                else
                        damaged++;
        }
        ck_assert_uint_gt(damaged, 0);

        /* Then it does not end cleanly, whatever is done: the next start looks at all of it. */
        s = store_free(s);
        ck_assert_int_eq(open_fails(dir, &why), -EUCLEAN);
        remove_folder(dir);
}
END_TEST

START_TEST(file_that_is_no_database_is_damage) {
        char dir[64], path[128];
        int fd;
        Why why;

        (void) temporary_folder(dir);
        fd = open(db_path(dir, path), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ck_assert_int_ge(fd, 0);
        for (int i = 0; i < 1000; i++)
                ck_assert_int_eq(write(fd, "no database ", 12), 12);
        (void) close(fd);
        ck_assert_int_eq(open_fails(dir, &why), -EUCLEAN);
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

START_TEST(later_schema_is_refused) {
        char dir[64];
        Why why;

        (void) temporary_folder(dir);
        (void) store_free(open_store(dir));
        sql(dir, "PRAGMA user_version=2");
        ck_assert_int_eq(open_fails(dir, &why), -EPROTONOSUPPORT);
        ck_assert_ptr_nonnull(strstr(why.text, "newer voted"));
        sql(dir, "PRAGMA user_version=1");
        (void) store_free(open_store(dir));
        remove_folder(dir);
}
END_TEST

START_TEST(missing_table_is_damage) {
        char dir[64];
        Why why;

        (void) temporary_folder(dir);
        (void) store_free(open_store(dir));
        sql(dir, "DROP TABLE vote");
        ck_assert_int_eq(open_fails(dir, &why), -EUCLEAN);
        remove_folder(dir);
}
END_TEST

START_TEST(folder_that_is_missing_is_named) {
        Why why;

        ck_assert_int_lt(open_fails("/tmp/voted-store-that-is-not-there", &why), 0);
}
END_TEST

static const char *const row_faults[] = {
        "UPDATE block SET id = x'00'",
        "UPDATE block SET id = zeroblob(33)",
        "UPDATE block SET work = x''",
        "UPDATE block SET count = -1",
        "UPDATE block SET time = -5",
        "UPDATE block SET header = zeroblob(4000000)",
};

START_TEST(rows_that_cannot_be_are_damage) {
        char dir[64];
        Store *s;
        StoredBlock b;

        (void) temporary_folder(dir);
        s = open_store(dir);
        fill(s, 1, 1);
        s = store_free(s);
        sql(dir, row_faults[_i]);
        s = open_store(dir);
        ck_assert_int_eq(s->ops->block_get(s, 1, &b), -EUCLEAN);
        s = store_free(s);
        remove_folder(dir);
}
END_TEST

START_TEST(damaged_database_is_set_aside) {
        char dir[64], path[128], wal[160];
        _cleanup_free_ char *first = NULL, *second = NULL, *none = NULL;
        Store *s;
        Why why;

        (void) temporary_folder(dir);
        ck_assert_int_eq(store_sqlite_set_aside(dir, 1234, &none), -ENOENT);

        s = open_store(dir);
        fill(s, 1, 100);
        s = store_free(s);
        die_with_it_open(dir);
        spoil(dir);
        ck_assert_int_eq(open_fails(dir, &why), -EUCLEAN);
        ck_assert_int_eq(store_sqlite_set_aside(dir, 1234, &first), 0);
        (void) snprintf(path, sizeof(path), "%s/ledger.db.damaged-1234", dir);
        ck_assert_str_eq(first, path);
        ck_assert_int_eq(access(first, F_OK), 0);
        (void) snprintf(wal, sizeof(wal), "%s-wal", first);
        ck_assert_int_eq(access(wal, F_OK), 0);
        (void) snprintf(wal, sizeof(wal), "%s/ledger.db-wal", dir);
        ck_assert_int_ne(access(wal, F_OK), 0);

        /* A new one begins empty; a second damage within the second does not go over the first. */
        s = open_store(dir);
        fill(s, 1, 1);
        s = store_free(s);
        ck_assert_int_eq(store_sqlite_set_aside(dir, 1234, &second), 0);
        ck_assert_str_ne(second, first);
        ck_assert_int_eq(access(first, F_OK), 0);
        ck_assert_int_eq(access(second, F_OK), 0);
        remove_folder(dir);
}
END_TEST

/* --- kill -9 --- */

static _Noreturn void commit_for_ever(const char *dir, int report) {
        Store *s = open_store(dir);
        uint64_t tip;

        if (s->ops->tip(s, &tip) < 0)
                _exit(1);
        for (uint64_t h = tip + 1;; h++) {
                fill(s, h, h);
                if (write(report, &h, sizeof(h)) != sizeof(h))
                        _exit(1);
        }
}

static int count_entry(void *userdata, Place place, int kind, const char *line, size_t n) {
        (*(uint64_t *) userdata)++;
        return 0;
}

static int check_vote(void *userdata, const StoredVote *v) {
        uint64_t tip = *(uint64_t *) userdata;

        ck_assert_uint_eq(v->place, PLACE(tip, v->voter));
        ck_assert_uint_eq(v->count, tip);
        return 0;
}

START_TEST(all_that_was_reported_committed_is_there_after_kill_9) {
        char dir[64];
        uint64_t seed = (uint64_t) getpid() * UINT64_C(0x9e3779b97f4a7c15) + 1, reported = 0;

        (void) temporary_folder(dir);
        for (int round = 0; round < 20; round++) {
                int fds[2], status;
                uint64_t h, tip, entries = 0;
                struct timespec pause = {};
                pid_t pid;
                Store *s;

                ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
                pid = fork();
                ck_assert_int_ge(pid, 0);
                if (pid == 0)
                        commit_for_ever(dir, fds[1]);
                (void) close(fds[1]);

                /* The moment is anywhere in a transaction or a commit. */
                seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
                for (uint64_t i = 0; i < 1 + (seed >> 40) % 20; i++) {
                        ck_assert_int_eq(read(fds[0], &h, sizeof(h)), sizeof(h));
                        reported = h;
                }
                pause.tv_nsec = (long) (seed >> 33) % 3000000;
                (void) nanosleep(&pause, NULL);
                ck_assert_int_eq(kill(pid, SIGKILL), 0);
                ck_assert_int_eq(waitpid(pid, &status, 0), pid);
                ck_assert(WIFSIGNALED(status));
                while (read(fds[0], &h, sizeof(h)) == sizeof(h))
                        reported = h;
                (void) close(fds[0]);

                s = open_store(dir);
                ck_assert_int_eq(s->ops->tip(s, &tip), 0);
                ck_assert_msg(tip == reported || tip == reported + 1, "round %d: tip %" PRIu64 ", reported %" PRIu64, round, tip, reported);
                reported = tip;
                ck_assert_int_eq(s->ops->entry_each(s, 0, UINT64_MAX, STORE_KIND_ALL, count_entry, &entries), 0);
                ck_assert_uint_eq(entries, 20 * tip);
                ck_assert_int_eq(s->ops->vote_each(s, PLACE(1, 0), 0, check_vote, &tip), 0);
                s = store_free(s);
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

static int put_more(Store *s, uint64_t height) {
        char line[4000];
        int r = 0;

        memset(line, 'x', sizeof(line));
        for (uint32_t p = 0; p < 100 && r == 0; p++)
                r = s->ops->entry_put(s, PLACE(height, p), 0, line, sizeof(line));
        if (r == 0)
                r = put_block(s, height, 0);
        return r < 0 ? r : s->ops->commit(s);
}

static int put_until_full(Store *s, uint64_t height) {
        char line[4000];
        int r = 0;

        memset(line, 'x', sizeof(line));
        for (uint32_t p = 0; p < 20000 && r == 0; p++)
                r = s->ops->entry_put(s, PLACE(height, p), 0, line, sizeof(line));
        return r;
}

START_TEST(full_disk_loses_nothing_and_is_got_over) {
        char dir[64];
        uint64_t tip;
        Store *s;
        int fd, r;
        Why why;

        (void) temporary_folder(dir);
        if (!mount_small(dir)) {
                (void) fprintf(stderr, "Skipped: a full disk (mounting a tmpfs needs root or user namespaces).\n");
                (void) rmdir(dir);
                return;
        }

        s = open_store(dir);
        fill(s, 1, 5);
        fd = fill_up(dir, 50000);
        r = put_more(s, 6);
        ck_assert_int_eq(r, -ENOSPC);

        /* Whatever half of it went through, nothing but a rollback helps. */
        ck_assert(s->ops->in_transaction(s));
        s->ops->rollback(s);
        ck_assert_int_eq(s->ops->tip(s, &tip), 0);
        ck_assert_uint_eq(tip, 5);
        ck_assert_int_eq(put_more(s, 6), -ENOSPC);
        s->ops->rollback(s);

        /* Too much for the cache: a write fails, not the commit. What comes after it is not let in, or half would be committed. */
        ck_assert_int_eq(put_until_full(s, 6), -ENOSPC);
        ck_assert_int_eq(ftruncate(fd, 0), 0);
        ck_assert_int_eq(put_block(s, 6, 0), -ENOSPC);
        ck_assert_int_eq(s->ops->commit(s), -ENOSPC);
        ck_assert(s->ops->in_transaction(s));
        s->ops->rollback(s);
        ck_assert_int_eq(s->ops->tip(s, &tip), 0);
        ck_assert_uint_eq(tip, 5);

        ck_assert_int_eq(put_more(s, 6), 0);
        ck_assert_int_eq(ftruncate(fd, 0), 0);
        s = store_free(s);

        /* A start on a full disk says so, and is fine when there is room. */
        (void) close(fd);
        fd = fill_up(dir, 0);
        ck_assert_int_eq(open_fails(dir, &why), -ENOSPC);
        ck_assert_int_eq(ftruncate(fd, 0), 0);
        s = open_store(dir);
        ck_assert_int_eq(s->ops->tip(s, &tip), 0);
        ck_assert_uint_eq(tip, 6);
        s = store_free(s);
        (void) close(fd);
        (void) umount(dir);
        (void) rmdir(dir);
}
END_TEST

START_TEST(full_disk_at_the_end_costs_a_check) {
        char dir[64];
        uint64_t tip;
        Store *s;
        int fd;

        (void) temporary_folder(dir);
        if (!mount_small(dir)) {
                (void) fprintf(stderr, "Skipped: a full disk (mounting a tmpfs needs root or user namespaces).\n");
                (void) rmdir(dir);
                return;
        }
        s = open_store(dir);
        fill(s, 1, 5);
        fd = fill_up(dir, 0);
        s = store_free(s);
        ck_assert_int_eq(ftruncate(fd, 0), 0);
        s = open_store(dir);
        ck_assert_int_eq(s->ops->tip(s, &tip), 0);
        ck_assert_uint_eq(tip, 5);
        s = store_free(s);
        (void) close(fd);
        (void) umount(dir);
        (void) rmdir(dir);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("store-sqlite");
        TCase *t = tcase_create("store-sqlite");
        SRunner *r;
        int failed;

        tcase_set_timeout(t, 120);
        tcase_add_test(t, schema_is_the_one_that_is_told);
        tcase_add_test(t, second_process_is_told_that_it_is_busy);
        tcase_add_test(t, damage_after_an_unclean_end_is_found_at_once);
        tcase_add_test(t, unclean_end_alone_is_no_damage);
        tcase_add_test(t, damage_after_a_clean_end_is_found_on_the_way);
        tcase_add_test(t, file_that_is_no_database_is_damage);
        tcase_add_test(t, database_of_others_is_not_taken);
        tcase_add_test(t, later_schema_is_refused);
        tcase_add_test(t, missing_table_is_damage);
        tcase_add_test(t, folder_that_is_missing_is_named);
        tcase_add_loop_test(t, rows_that_cannot_be_are_damage, 0, ELEMENTSOF(row_faults));
        tcase_add_test(t, damaged_database_is_set_aside);
        tcase_add_test(t, all_that_was_reported_committed_is_there_after_kill_9);
        tcase_add_test(t, full_disk_loses_nothing_and_is_got_over);
        tcase_add_test(t, full_disk_at_the_end_costs_a_check);

        suite_add_tcase(suite, t);
        r = srunner_create(suite);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
