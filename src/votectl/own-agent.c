/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "votectl/agent.h"

/* Three processes: us, ssh-agent, and between them a keeper that waits for our end of a pipe to
 * close, which happens however we end, and then ends the agent and removes its directory. (The
 * kernel's parent-death signal does not serve: ssh-agent is set-group-ID on most systems.) */
struct OwnAgent {
        char *dir, *socket;
        int pipe;               /* our end */
        pid_t keeper;
};

_noreturn_ static void run_agent(const char *path, int out) {
        const int null = open("/dev/null", O_RDWR);

        if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
                _exit(127);
        (void) close_range(3, ~0U, 0);
        (void) execlp("ssh-agent", "ssh-agent", "-D", "-a", path, (char*) NULL);
        _exit(127);
}

/* Reads from the pipe (nothing ever comes) until it ends. */
_noreturn_ static void run_keeper(const OwnAgent *a, int in, int out) {
        pid_t agent;
        char c;

        assert(a->socket && a->dir);
        (void) setsid();                        /* ^C at the terminal is not for us */

        agent = fork();
        if (agent == 0)
                run_agent(a->socket, out);

        if (dup2(in, 0) < 0)
                _exit(1);
        (void) close_range(1, ~0U, 0);          /* the peer and the pager shall see us gone */
        while (read(0, &c, 1) < 0 && errno == EINTR)
                ;
        if (agent > 0) {
                (void) kill(agent, SIGTERM);
                (void) waitpid(agent, NULL, 0);
        }
        (void) unlink(a->socket);
        (void) rmdir(a->dir);
        _exit(0);
}

/* The agent prints its variables once it listens. */
static int await_agent(int fd, Why *why) {
        char text[256];
        ssize_t n;

        do
                n = read(fd, text, sizeof text);
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return why_set(why, -ENOENT,
                        "ssh-agent could not be started, expected it in PATH (package "
                        "openssh-client)");
        return 0;
}

static int make_dir(OwnAgent *a, Why *why) {
        const char *base = getenv("XDG_RUNTIME_DIR");

        if (!base || access(base, W_OK|X_OK) < 0)
                base = "/tmp";
        if (asprintf(&a->dir, "%s/votectl.XXXXXX", base) < 0) {
                a->dir = NULL;
                return -ENOMEM;
        }
        if (!mkdtemp(a->dir)) {
                int r = -errno;

                free(TAKE_PTR(a->dir));
                return why_set(why, r, "cannot make a directory in %s: %s", base, strerror(-r));
        }
        if (asprintf(&a->socket, "%s/agent", a->dir) < 0) {
                a->socket = NULL;
                return -ENOMEM;
        }
        return 0;
}

/* ssh-add asks on the terminal by itself. Where there is none it must not, and the passphrase comes
 * from where votectl's own do: this program is its own askpass (see prompt.h). */
_noreturn_ static void run_ssh_add(const OwnAgent *a, const char *key_file) {
        char self[4096];
        ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
        const bool given = getenv("VOTECTL_PASSPHRASE_FILE") || getenv("CREDENTIALS_DIRECTORY");

        (void) setenv("SSH_AUTH_SOCK", a->socket, 1);
        if (given && n > 0) {
                self[n] = 0;
                (void) setenv("SSH_ASKPASS", self, 1);
                (void) setenv("SSH_ASKPASS_REQUIRE", "force", 1);
                (void) setenv("VOTECTL_ASKPASS", "1", 1);
        } else if (!isatty(STDIN_FILENO)) {
                (void) setenv("SSH_ASKPASS_REQUIRE", "never", 1);
                (void) setsid();
        }
        (void) close_range(3, ~0U, 0);
        (void) dup2(STDERR_FILENO, STDOUT_FILENO);
        (void) execlp("ssh-add", "ssh-add", "-q", "--", key_file, (char*) NULL);
        _exit(127);
}

static int load_key(const OwnAgent *a, const char *key_file, Why *why) {
        int status = 0;
        pid_t pid = fork();

        if (pid < 0)
                return why_set(why, -errno, "cannot start ssh-add: %s", strerror(errno));
        if (pid == 0)
                run_ssh_add(a, key_file);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
                return why_set(why, -ENOENT,
                        "ssh-add could not be started, expected it in PATH (package "
                        "openssh-client)");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return why_set(why, V_KEY,
                        "ssh-add did not load %s (wrong passphrase, or none where there is no "
                        "terminal; $VOTECTL_PASSPHRASE_FILE may name a file with it)",
                        key_file);
        return 0;
}

int own_agent_new(OwnAgent **ret, const char *key_file, Why *why) {
        _cleanup_(own_agent_freep) OwnAgent *a = new0(OwnAgent, 1);
        int ours[2], agents[2], r;

        if (!a)
                return -ENOMEM;
        a->pipe = -1;
        r = make_dir(a, why);
        if (r < 0)
                return r;

        if (pipe2(ours, O_CLOEXEC) < 0)
                return -errno;
        a->pipe = ours[1];
        if (pipe2(agents, O_CLOEXEC) < 0) {
                r = -errno;
                (void) close(ours[0]);
                return r;
        }
        a->keeper = fork();
        if (a->keeper == 0) {
                (void) close(ours[1]);          /* else its end would never come */
                run_keeper(a, ours[0], agents[1]);
        }
        (void) close(ours[0]);
        (void) close(agents[1]);
        r = a->keeper < 0 ? -EAGAIN : await_agent(agents[0], why);
        (void) close(agents[0]);
        if (r < 0)
                return r;

        r = load_key(a, key_file, why);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}

const char* own_agent_socket(const OwnAgent *a) {
        return a->socket;
}

OwnAgent* own_agent_free(OwnAgent *a) {
        if (!a)
                return NULL;
        if (a->pipe >= 0)
                (void) close(a->pipe);
        if (a->keeper > 0)
                while (waitpid(a->keeper, NULL, 0) < 0 && errno == EINTR)
                        ;
        else if (a->dir)
                (void) rmdir(a->dir);
        free(a->socket);
        free(a->dir);
        free(a);
        return NULL;
}
