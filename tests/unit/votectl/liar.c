/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "liar.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

static char folder[64], socket_path[128];
static pid_t node;

void liar_begin(void) {
        char copy[] = "/tmp/test-liar-XXXXXX";

        ck_assert_ptr_nonnull(mkdtemp(copy));
        (void) snprintf(folder, sizeof folder, "%s", copy);
        (void) snprintf(socket_path, sizeof socket_path, "%s/socket", copy);
        (void) setenv("XDG_DATA_HOME", folder, 1);
        (void) unsetenv("SSH_AUTH_SOCK");
        (void) setenv("HOME", folder, 1);
}

_noreturn_ static void run_node(int ready, const VarlinkMethod *methods) {
        static const char *const texts[] = { interface_text_peer, NULL };
        VarlinkServer *server = NULL;
        sd_event *event = NULL;

        if (sd_event_new(&event) < 0 ||
                varlink_server_new(&server, event,
                        &(VarlinkSetup) {.product = "test",
                                .version = "1",
                                .url = "none",
                                .interface_texts = texts,
                                .methods = methods,
                                .admin_group = "voted-no-such-group",
                                .error_denied = I "NotPermitted",
                                .error_failed = I "Failed",
                                .error_busy = I "Busy"}) < 0 ||
                varlink_server_listen(server, socket_path) < 0 || write(ready, "x", 1) != 1)
                _exit(8);
        (void) sd_event_loop(event);
        _exit(7);
}

void liar_start(const VarlinkMethod *methods) {
        int fds[2];
        char c;

        ck_assert_int_eq(pipe(fds), 0);
        node = fork();
        if (node == 0)
                run_node(fds[1], methods);
        ck_assert_int_gt(node, 0);
        ck_assert_int_eq(read(fds[0], &c, 1), 1);
        (void) close(fds[0]);
        (void) close(fds[1]);
}

void liar_end(void) {
        char command[128];

        if (node > 0) {
                (void) kill(node, SIGKILL);
                (void) waitpid(node, NULL, 0);
        }
        (void) snprintf(command, sizeof command, "rm -rf %s", folder);
        ck_assert_int_eq(system(command), 0);
}

void liar_ctl(Ctl *c, const Genesis *pinned) {
        static const CtlOption socket_option = { "socket", 0, "PATH", false, "" };

        *c = (Ctl) { .hush = true, .quiet = true };
        c->options.given[0] = (OptionGiven) { &socket_option, socket_path };
        c->options.n_given = 1;
        if (pinned)
                ck_assert_int_eq(ctl_pin_add(c, pinned), EXIT_DONE);
}

int liar_run(Ctl *c, const CtlVerb *verbs, const char *verb, const char *argument, Buf *ret_said) {
        const CtlVerb *const families[] = { verbs, NULL };
        _cleanup_free_ char *path = NULL;
        int r;

        c->hush = false;
        c->options.args[0] = argument;
        c->options.n_args = 1;
        ck_assert_int_eq(ctl_path(c, "said", NULL, &path), EXIT_DONE);
        ck_assert_ptr_nonnull(freopen(path, "w", stderr));
        r = ASSERT_PTR(ctl_verb_find(families, verb))->run(c);
        (void) fflush(stderr);
        buf_reset(ret_said);
        ck_assert_int_eq(read_file(path, 65536, ret_said), 0);
        return r;
}

void liar_ctl_done(Ctl *c) {
        ctl_disconnect(c);
        (void) genesis_free(c->genesis);
        buf_done(&c->out);
}
