/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include "base/file.h"
#include "crypto/sign.h"
#include "help.h"
#include "votectl/prompt.h"

/* Both ends of a terminal: what the person has, and what the program has. */
static int person, terminal;

static void setup(void) {
        struct termios t;

        (void) unsetenv("VOTECTL_PASSPHRASE_FILE");
        (void) unsetenv("CREDENTIALS_DIRECTORY");
        person = posix_openpt(O_RDWR|O_NOCTTY|O_CLOEXEC);
        ck_assert_int_ge(person, 0);
        ck_assert_int_eq(grantpt(person), 0);
        ck_assert_int_eq(unlockpt(person), 0);
        terminal = open(ptsname(person), O_RDWR|O_NOCTTY|O_CLOEXEC);
        ck_assert_int_ge(terminal, 0);
        ck_assert_int_eq(tcgetattr(terminal, &t), 0);
        ck_assert(t.c_lflag & ECHO);
}

static void teardown(void) {
        (void) close(person);
        (void) close(terminal);
}

/* A process with that terminal, which asks for a passphrase and ends with what came of it. */
static pid_t ask(bool again, const char *expected) {
        _cleanup_(passphrase_freep) char *p = NULL;
        Ctl c = { .in_terminal = true };
        pid_t pid = fork();
        int r;

        ck_assert_int_ge(pid, 0);
        if (pid > 0)
                return pid;
        (void) signal(SIGINT, SIG_DFL);         /* libcheck takes these */
        (void) signal(SIGTERM, SIG_DFL);
        if (setsid() < 0 || ioctl(terminal, TIOCSCTTY, 0) < 0 || dup2(terminal, STDERR_FILENO) < 0)
                _exit(99);
        r = prompt_passphrase(&c, "the key", again, &p);
        _exit(r == EXIT_DONE && (!p || !streq(p, expected)) ? 98 : r);
}

/* What the terminal shows up to that text. */
static void await(const char *text) {
        char shown[1024] = {};

        for (size_t n = 0; !strstr(shown, text);) {
                struct pollfd pfd = { .fd = person, .events = POLLIN };
                ssize_t k;

                ck_assert_msg(poll(&pfd, 1, 60000) == 1, "\"%s\" is not shown: %s", text, shown);
                k = read(person, shown + n, sizeof shown - 1 - n);
                ck_assert_int_gt(k, 0);
                n += (size_t) k;
                ck_assert_msg(!strstr(shown, "horse"), "the passphrase is shown: %s", shown);
        }
}

static void type(const char *text) {
        ck_assert_int_eq(write_all(person, text, strlen(text)), 0);
}

static void is_as_before(void) {
        struct termios t;

        ck_assert_int_eq(tcgetattr(terminal, &t), 0);
        ck_assert_msg(t.c_lflag & ECHO, "the terminal was left without echo");
}

static void ends_with(pid_t pid, int code) {
        int status;

        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), code);
        is_as_before();
}

START_TEST(a_passphrase_is_typed_unseen) {
        pid_t pid = ask(true, "correct horse");

        await("Passphrase for the key (empty for none): ");
        type("correct horse\n");
        await("Once more: ");
        type("correct horse\n");
        ends_with(pid, EXIT_DONE);
}
END_TEST

START_TEST(the_end_of_input_is_no_passphrase) {
        pid_t pid = ask(false, "");

        await("Passphrase for the key: ");
        type("\004");
        ends_with(pid, EXIT_CANCELLED);
}
END_TEST

/* Who interrupts it has a terminal that shows what is typed. */
START_TEST(an_interrupt_ends_it_and_leaves_the_terminal_as_it_was) {
        const struct { const char *typed; int signal; } cases[] = {
                { "\003", SIGINT }, { "correct \003", SIGINT }, { "\034", SIGQUIT }, { NULL, SIGTERM }, { NULL, SIGHUP },
        };
        pid_t pid = ask(false, "");
        int status;

        await("Passphrase for the key: ");
        if (cases[_i].typed)
                type(cases[_i].typed);
        else
                ck_assert_int_eq(kill(pid, cases[_i].signal), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFSIGNALED(status), "case %d: status %x", _i, (unsigned) status);
        ck_assert_int_eq(WTERMSIG(status), cases[_i].signal);
        is_as_before();
}
END_TEST

/* Here nobody could let it go on, so the system does not stop it (POSIX: an orphaned process group). */
START_TEST(who_was_stopped_is_asked_again) {
        pid_t pid = ask(false, "correct horse");

        await("Passphrase for the key: ");
        type("wrong \032");
        await("Passphrase for the key: ");
        type("correct horse\n");
        ends_with(pid, EXIT_DONE);
}
END_TEST

static void add(TCase *t) {
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_test(t, a_passphrase_is_typed_unseen);
        tcase_add_test(t, the_end_of_input_is_no_passphrase);
        tcase_add_loop_test(t, an_interrupt_ends_it_and_leaves_the_terminal_as_it_was, 0, 5);
        tcase_add_test(t, who_was_stopped_is_asked_again);
}

int main(void) {
        return run_suite("prompt", add);
}
