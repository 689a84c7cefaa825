/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "votectl/votectl.h"

#define FIELD_WIDTH 14

static const char *const tints[_TINT_MAX] = {
        [TINT_NONE] = "\033[0m",
        [TINT_BOLD] = "\033[1m",
        [TINT_DIM]  = "\033[2m",
        [TINT_GOOD] = "\033[32m",
        [TINT_BAD]  = "\033[31m",
        [TINT_WARN] = "\033[33m",
        [TINT_MARK] = "\033[36m",
};

static const char *const exit_names[] = {
        [EXIT_DONE]      = "done",
        [EXIT_FAILED]    = "failed",
        [EXIT_USAGE]     = "usage",
        [EXIT_NO_NODE]   = "no-node",
        [EXIT_REFUSED]   = "refused",
        [EXIT_NOT_FOUND] = "not-found",
        [EXIT_WRONG]     = "wrong",
        [EXIT_NOT_FINAL] = "not-final",
        [EXIT_CANCELLED] = "cancelled",
};

const char* ctl_tint(const Ctl *c, Tint t) {
        return c->color ? tints[t] : "";
}

const char* ctl_cell(const Ctl *c, Tint t) {
        return c->color && t != TINT_NONE ? tints[t] : NULL;
}

/* On one line each; keeps colours of ours off standard error where it is no terminal. */
static void tell(Ctl *c, Tint t, const char *label, const char *text, const char *hint) {
        const bool color = t != TINT_NONE && c->err_terminal && c->color;

        (void) fflush(stdout);
        fprintf(stderr, "%s%s%s%s\n", color ? tints[t] : "", label, color ? tints[TINT_NONE] : "",
                text);
        if (hint)
                fprintf(stderr, "%s%s\n", streq(label, "votectl: ") ? "         " : "", hint);
}

static void tell_json(const char *code, const char *text, const char *hint) {
        _cleanup_json_ Json *o = json_new_object();
        _cleanup_buf_ Buf b = {};

        json_set_text(o, "error", code);
        json_set_text(o, "text", text);
        json_set_text(o, "hint", hint);
        if (json_dump(o, &b) == 0)
                fprintf(stderr, "%s\n", b.p);
        else
                fprintf(stderr, "{\"error\":\"%s\"}\n", code);
}

int ctl_fail(Ctl *c, Exit code, const char *hint, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        if (c->hush)
                return code;
        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (text)
                text_clean(text);
        if (c->json)
                tell_json(exit_names[code], text ?: "out of memory", hint);
        else
                tell(c, TINT_BAD, "votectl: ", text ?: "out of memory", hint);
        return code;
}

int ctl_fail_why(Ctl *c, int r, Exit verdict, const char *hint, const Why *why) {
        if (r == -ENOMEM)
                return ctl_oom(c);
        if (r < 0)
                return ctl_fail(c, EXIT_FAILED, hint, "%s", *why->text ? why->text : strerror(-r));
        return ctl_fail(c, verdict, hint, "%s", *why->text ? why->text : verdict_text(r));
}

int ctl_caught(Ctl *c, const char *text) {
        return ctl_fail(c, EXIT_WRONG, "Do not trust this node; ask another one, and tell its operator.",
                "the node's answer does not hold: %s", text);
}

int ctl_oom(Ctl *c) {
        return ctl_fail(c, EXIT_FAILED, NULL, "out of memory");
}

static void __attribute__((format(printf, 4, 0)))
say(Ctl *c, Tint t, const char *label, const char *format, va_list ap) {
        _cleanup_free_ char *text = NULL;

        if (vasprintf(&text, format, ap) < 0) {
                text = NULL;
                return;
        }
        text_clean(text);
        tell(c, t, label, text, NULL);
}

void ctl_note(Ctl *c, const char *format, ...) {
        va_list ap;

        if (c->quiet || c->json)
                return;
        va_start(ap, format);
        say(c, TINT_NONE, "", format, ap);
        va_end(ap);
}

void ctl_warn(Ctl *c, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        say(c, TINT_WARN, "warning: ", format, ap);
        va_end(ap);
}

int ctl_json(Ctl *c, Json *j) {
        int r;

        r = j ? json_dump(j, &c->out) : -ENOMEM;
        (void) json_free(j);
        if (r < 0)
                return ctl_oom(c);
        buf_add_char(&c->out, '\n');
        return EXIT_DONE;
}

int ctl_table(Ctl *c, Table *t) {
        int r;

        if (t && table_rows(t) == 0) {
                (void) table_free(t);
                return EXIT_DONE;
        }
        r = t ? table_print(t, c->out_terminal ? c->columns : 0, ctl_cell(c, TINT_BOLD), &c->out)
              : -ENOMEM;
        (void) table_free(t);
        return r < 0 ? ctl_oom(c) : EXIT_DONE;
}

void ctl_field(Ctl *c, const char *label, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (!text) {
                c->out.failed = true;
                return;
        }
        text_clean(text);
        buf_printf(&c->out, "%s%*s%c%s %s\n", ctl_tint(c, TINT_DIM), FIELD_WIDTH, label,
                *label ? ':' : ' ',
                ctl_tint(c, TINT_NONE), text);
}

int ctl_flush(Ctl *c) {
        int r;

        if (buf_error(&c->out) < 0)
                return ctl_oom(c);
        (void) fflush(stdout);
        r = write_all(STDOUT_FILENO, c->out.p, c->out.n);
        buf_reset(&c->out);
        if (r == -EPIPE)                        /* `votectl log | head` */
                return EXIT_DONE;
        if (r < 0)
                return ctl_fail(c, EXIT_FAILED, NULL, "cannot write the output: %s", strerror(-r));
        return EXIT_DONE;
}

static bool fits(const Ctl *c) {
        unsigned lines = 1;

        for (size_t i = 0; i < c->out.n; i++)
                lines += c->out.p[i] == '\n';
        return lines <= c->rows;
}

int ctl_show(Ctl *c) {
        const char *pager = getenv("PAGER") ?: "less";
        int fds[2], r;
        pid_t pid;

        if (!(c->verb && c->verb->flags & CTL_VERB_PAGE) || !c->out_terminal || c->no_pager ||
                c->json || !*pager || streq(pager, "cat") || fits(c) || pipe(fds) < 0)
                return ctl_flush(c);

        pid = fork();
        if (pid < 0) {
                (void) close(fds[0]);
                (void) close(fds[1]);
                return ctl_flush(c);
        }
        if (pid == 0) {
                (void) dup2(fds[0], STDIN_FILENO);
                (void) close_range(3, ~0U, 0);
                (void) setenv("LESS", "FRSXMK", 0);
                (void) setenv("LESSCHARSET", "utf-8", 0);
                (void) execl("/bin/sh", "sh", "-c", pager, (char*) NULL);
                _exit(127);
        }
        (void) close(fds[0]);
        r = write_all(fds[1], c->out.p, c->out.n);
        (void) close(fds[1]);
        buf_reset(&c->out);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        if (r < 0 && r != -EPIPE)               /* a pager that was quit early is fine */
                return ctl_fail(c, EXIT_FAILED, "--no-pager does without.",
                        "cannot write to the pager: %s", strerror(-r));
        return EXIT_DONE;
}
