/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/sign.h"
#include "votectl/prompt.h"

#define LINE_BYTES_MAX 65536U
#define PASSPHRASE_BYTES_MAX 4096U

int prompt_line(Ctl *c, const char *question, char **ret) {
        _cleanup_free_ char *line = NULL;
        size_t allocated = 0;
        ssize_t n;

        (void) ctl_flush(c);
        (void) fputs(question, stderr);
        (void) fflush(stderr);
        n = getline(&line, &allocated, stdin);
        if (n < 0) {
                (void) fputc('\n', stderr);
                return ctl_fail(c, EXIT_CANCELLED, NULL, "nothing was sent");
        }
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
                line[--n] = 0;
        *ret = TAKE_PTR(line);
        return EXIT_DONE;
}

int prompt_yes(Ctl *c, const char *instead, const char *question, ...) {
        _cleanup_free_ char *text = NULL, *asked = NULL;
        va_list ap;
        int r;

        if (c->yes || (!c->in_terminal && !instead))
                return c->json ? EXIT_DONE : ctl_flush(c);
        va_start(ap, question);
        if (vasprintf(&text, question, ap) < 0)
                text = NULL;
        va_end(ap);
        if (!text)
                return ctl_oom(c);
        if (!c->in_terminal)
                return ctl_fail(c, EXIT_USAGE, instead,
                        "\"%s\" needs an answer, and standard input is no terminal", text);
        if (asprintf(&asked, "%s [yes/no] ", text) < 0) {
                asked = NULL;
                return ctl_oom(c);
        }
        for (;;) {
                _cleanup_free_ char *answer = NULL;

                r = prompt_line(c, asked, &answer);
                if (r != 0)
                        return r;
                if (streq(ASSERT_PTR(answer), "yes") || streq(answer, "y"))
                        return EXIT_DONE;
                if (streq(answer, "no") || streq(answer, "n"))
                        return ctl_fail(c, EXIT_CANCELLED, NULL, "nothing was sent");
                (void) fputs("Please answer yes or no.\n", stderr);
        }
}

char* passphrase_free(char *p) {
        if (p)
                secret_wipe(p, strlen(p));
        free(p);
        return NULL;
}

/* The first line of the file. 0, -ENOENT: nowhere given, other errno. */
static int given_passphrase(char **ret) {
        const char *path = getenv("VOTECTL_PASSPHRASE_FILE"),
                   *folder = getenv("CREDENTIALS_DIRECTORY");
        _cleanup_free_ char *joined = NULL;
        _cleanup_buf_ Buf b = {};
        int r;

        if (!path && folder) {
                joined = path_join(folder, "votectl.passphrase");
                if (!joined)
                        return -ENOMEM;
                if (access(joined, F_OK) < 0)
                        return -ENOENT;
                path = joined;
        }
        if (!path)
                return -ENOENT;
        r = read_file(path, PASSPHRASE_BYTES_MAX, &b);
        if (r < 0)
                return r == -ENOENT ? -ENODATA : r;
        *ret = strndup(b.p ?: "", b.p ? strcspn(b.p, "\r\n") : 0);
        if (b.p)
                secret_wipe(b.p, b.n);
        return *ret ? 0 : -ENOMEM;
}

/* Signals that end or stop the program wait until the terminal shows again what is typed: then they are delivered as ever. */
static int hold_signals(sigset_t *ret_before) {
        static const int held[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP };
        sigset_t set;

        (void) sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(held); i++)
                (void) sigaddset(&set, held[i]);
        (void) sigprocmask(SIG_BLOCK, &set, ret_before);
        return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Up to the end of the line. A signal that is held is as good as the end of input. */
static int read_typed(Ctl *c, int fd, int signals, char *line) {
        for (size_t n = 0; n + 1 < PASSPHRASE_BYTES_MAX; n++) {
                struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
                int r;

                do
                        r = poll(fds, ELEMENTSOF(fds), -1);
                while (r < 0 && errno == EINTR);
                if (r > 0 && fds[1].revents != 0)
                        return EXIT_CANCELLED;
                if (r < 0 || read(fd, line + n, 1) <= 0)
                        return ctl_fail(c, EXIT_CANCELLED, NULL, "no passphrase was given");
                if (line[n] == '\n' || line[n] == '\r') {
                        line[n] = 0;
                        return EXIT_DONE;
                }
        }
        return ctl_fail(c, EXIT_USAGE, NULL, "a passphrase has at most %u bytes", PASSPHRASE_BYTES_MAX - 2);
}

/* From the controlling terminal, without echo. Who was stopped (Ctrl-Z) and goes on is asked again. */
static int read_hidden(Ctl *c, const char *question, char **ret) {
        _cleanup_close_ int fd = open("/dev/tty", O_RDWR|O_CLOEXEC|O_NOCTTY);
        _cleanup_(passphrase_freep) char *line = NULL;
        struct termios before, hidden;
        bool stopped;
        int r;

        if (fd < 0 || tcgetattr(fd, &before) < 0)
                return ctl_fail(c, EXIT_USAGE, "Set VOTECTL_PASSPHRASE_FILE to a file with it.",
                        "there is no terminal to ask for a passphrase on");
        line = new0(char, PASSPHRASE_BYTES_MAX);
        if (!line)
                return ctl_oom(c);
        hidden = before;
        hidden.c_lflag &= ~(tcflag_t) (ECHO|ECHOE|ECHOK);
        hidden.c_lflag |= ECHONL;

        do {
                sigset_t mask, pending;
                _cleanup_close_ int signals = hold_signals(&mask);

                (void) tcsetattr(fd, TCSAFLUSH, &hidden);       /* first: what answers the question is not dropped or shown */
                if (write_all(fd, question, strlen(question)) < 0)
                        r = ctl_fail(c, EXIT_FAILED, NULL, "the terminal is gone");
                else
                        r = read_typed(c, fd, signals, line);
                (void) tcsetattr(fd, TCSAFLUSH, &before);
                stopped = r == EXIT_CANCELLED && sigpending(&pending) == 0 && sigismember(&pending, SIGTSTP) == 1;
                (void) sigprocmask(SIG_SETMASK, &mask, NULL);
        } while (stopped);

        if (r == EXIT_DONE)
                *ret = TAKE_PTR(line);
        return r;
}

int prompt_passphrase(Ctl *c, const char *what, bool again, char **ret) {
        _cleanup_(passphrase_freep) char *first = NULL, *second = NULL;
        char question[256];
        int r;

        r = given_passphrase(ret);
        if (r == 0)
                return EXIT_DONE;
        if (r != -ENOENT)
                return ctl_fail(c, r == -ENODATA ? EXIT_NOT_FOUND : EXIT_FAILED, NULL,
                        "cannot read %s, the file with the passphrase: %s",
                        getenv("VOTECTL_PASSPHRASE_FILE") ?: "the credential votectl.passphrase",
                        strerror(r == -ENODATA ? ENOENT : -r));
        *ret = NULL;
        if (!c->in_terminal)
                return EXIT_DONE;

        (void) ctl_flush(c);
        (void) snprintf(question, sizeof question, "Passphrase for %s%s: ", what,
                again ? " (empty for none)" : "");
        r = read_hidden(c, question, &first);
        if (r != 0)
                return r;
        if (again && *ASSERT_PTR(first)) {
                r = read_hidden(c, "Once more: ", &second);
                if (r != 0)
                        return r;
                if (!streq(first, ASSERT_PTR(second)))
                        return ctl_fail(c, EXIT_USAGE, "Try again.", "the two passphrases differ");
        }
        *ret = TAKE_PTR(first);
        return EXIT_DONE;
}

int askpass_main(const char *question) {
        _cleanup_(passphrase_freep) char *p = NULL;

        if (question && strncmp(question, "Bad", 3) == 0)       /* ssh-add would ask for ever */
                return 1;
        if (given_passphrase(&p) < 0)
                return 1;
        return puts(p) < 0 || fflush(stdout) < 0;
}
