/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/sign.h"
#include "help.h"
#include "votectl/agent.h"
#include "votectl/sshkey.h"

static SecretKey *key;

static void put_signature(Buf *b, const char *type, const Signature *sig, size_t n) {
        _cleanup_buf_ Buf inner = {};

        ssh_put_string(&inner, type, strlen(type));
        ssh_put_string(&inner, sig->b, n);
        buf_add_char(b, 14);
        ssh_put_string(b, inner.p, inner.n);
}

START_TEST(only_ed25519_keys_of_a_list_are_seen) {
        _cleanup_buf_ Buf b = {}, blob = {};
        AgentKey *keys = NULL;
        size_t n = 0;

        sshkey_write_blob(&blob, secret_key_public(key));
        buf_add_char(&b, 12);
        ssh_put_u32(&b, 2);
        ssh_put_string(&b, "\0\0\0\7ssh-rsa\0\0\0\1x", 16);
        ssh_put_string(&b, "rsa", 3);
        ssh_put_string(&b, blob.p, blob.n);
        ssh_put_string(&b, "alice", 5);
        ck_assert_int_eq(agent_read_list(&keys, &n, b.p, b.n, NULL), 0);
        ck_assert_uint_eq(n, 1);
        ck_assert(key_equal(&keys[0].key, secret_key_public(key)));
        ck_assert_str_eq(keys[0].comment, "alice");
        agent_keys_free(keys, n);
}
END_TEST

/* Every beginning of a good list is refused, none is read past its end. */
START_TEST(a_list_that_is_cut_off_is_refused) {
        _cleanup_buf_ Buf b = {}, blob = {};
        AgentKey *keys = NULL;
        size_t n = 0;

        sshkey_write_blob(&blob, secret_key_public(key));
        buf_add_char(&b, 12);
        ssh_put_u32(&b, 1);
        ssh_put_string(&b, blob.p, blob.n);
        ssh_put_string(&b, "alice", 5);
        for (size_t i = 0; i < b.n; i++) {
                _cleanup_free_ char *copy =
                        malloc(i + 1); /* on the heap: the sanitizer sees what is beyond */

                memcpy(copy, b.p, i);
                ck_assert_int_eq(agent_read_list(&keys, &n, copy, i, NULL), V_FORM);
        }
}
END_TEST

START_TEST(a_list_of_four_billion_keys_costs_nothing) {
        static const char message[] = "\x0c\xff\xff\xff\xff\0\0\0\0";
        AgentKey *keys = NULL;
        size_t n = 0;

        ck_assert_int_eq(agent_read_list(&keys, &n, message, sizeof message - 1, NULL), V_FORM);
}
END_TEST

START_TEST(a_refusal_is_told_from_a_broken_answer) {
        Signature sig;

        ck_assert_int_eq(agent_read_signature(&sig, "\x05", 1, NULL), V_DENIED);
        ck_assert_int_eq(agent_read_signature(&sig, "\x06", 1, NULL), V_FORM);
        ck_assert_int_eq(agent_read_signature(&sig, "", 0, NULL), V_FORM);
}
END_TEST

START_TEST(a_signature_of_another_type_or_length_is_refused) {
        _cleanup_buf_ Buf good = {}, other = {}, shorter = {};
        Signature sig = { { 1, 2, 3 } }, out;

        put_signature(&good, "ssh-ed25519", &sig, sizeof sig.b);
        ck_assert_int_eq(agent_read_signature(&out, good.p, good.n, NULL), 0);
        ck_assert_int_eq(memcmp(&sig, &out, sizeof sig), 0);
        put_signature(&other, "sk-ssh-ed25519@openssh.com", &sig, sizeof sig.b);
        ck_assert_int_eq(agent_read_signature(&out, other.p, other.n, NULL), V_FORM);
        put_signature(&shorter, "ssh-ed25519", &sig, 63);
        ck_assert_int_eq(agent_read_signature(&out, shorter.p, shorter.n, NULL), V_FORM);
        for (size_t i = 1; i < good.n; i++)
                ck_assert_int_eq(agent_read_signature(&out, good.p, i, NULL), V_FORM);
}
END_TEST

/* An agent that signs something else is caught before anything is sent. */
START_TEST(a_signature_of_other_bytes_is_caught) {
        _cleanup_buf_ Buf answer = {}, frame = {};
        Signature sig;
        Why why = {};
        int fds[2];

        sign_bytes(key, "other", 5, &sig);
        put_signature(&answer, "ssh-ed25519", &sig, sizeof sig.b);
        ssh_put_string(&frame, answer.p, answer.n);
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        ck_assert_int_eq(write(fds[1], frame.p, frame.n), (ssize_t) frame.n);
        ck_assert_int_eq(
                agent_sign(fds[0], secret_key_public(key), "these", 5, &sig, &why), V_SIGNATURE);
        ck_assert_ptr_nonnull(strstr(why.text, "nothing was sent"));
        (void) close(fds[0]);
        (void) close(fds[1]);
}
END_TEST

START_TEST(an_agent_that_hangs_up_is_no_crash) {
        Signature sig;
        Why why = {};
        int fds[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        (void) close(fds[1]);
        ck_assert_int_lt(agent_sign(fds[0], secret_key_public(key), "these", 5, &sig, &why), 0);
        ck_assert_ptr_nonnull(strstr(why.text, "hung up"));
        (void) close(fds[0]);
}
END_TEST

/* --- against OpenSSH itself, where it is --- */

static bool have(const char *program) {
        _cleanup_free_ char *command = NULL;

        return asprintf(&command, "command -v %s >/dev/null", program) > 0 && system(command) == 0;
}

static void make_key(const char *dir, char path[static 4096]) {
        char command[8192];

        snprintf(path, 4096, "%s/id", dir);
        snprintf(command, sizeof command, "ssh-keygen -q -t ed25519 -N '' -C me@here -f %s", path);
        ck_assert_int_eq(system(command), 0);
}

static Key read_pub(const char *path) {
        char pub[4200], line[1024];
        FILE *f;
        Key k;

        snprintf(pub, sizeof pub, "%s.pub", path);
        f = fopen(pub, "re");
        ck_assert_ptr_nonnull(f);
        ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
        (void) fclose(f);
        ck_assert_int_eq(sshkey_read_line(&k, line, strcspn(line, "\n"), NULL, NULL, NULL), 0);
        return k;
}

START_TEST(a_real_agent_of_our_own_lists_and_signs_and_ends_with_us) {
        char dir[] = "/tmp/test-agent.XXXXXX", path[4096], socket_path[4096], command[8192];
        _cleanup_(own_agent_freep) OwnAgent *a = NULL;
        AgentKey *keys = NULL;
        Signature sig;
        size_t n = 0;
        Key public;
        Why why = {};
        int fd;

        ck_assert_ptr_nonnull(mkdtemp(dir));
        (void) setenv("XDG_RUNTIME_DIR", dir, 1);
        make_key(dir, path);
        public = read_pub(path);
        ck_assert_msg(own_agent_new(&a, path, &why) == 0, "%s", why.text);
        snprintf(socket_path, sizeof socket_path, "%s", own_agent_socket(a));
        ck_assert_int_eq(agent_connect(&fd, socket_path, &why), 0);
        ck_assert_int_eq(agent_list(fd, &keys, &n, &why), 0);
        ck_assert_uint_eq(n, 1);
        ck_assert(key_equal(&keys[0].key, &public));
        ck_assert_str_eq(keys[0].comment, "me@here");
        agent_keys_free(keys, n);

        ck_assert_msg(
                agent_sign(fd, &public, "voted vote 1\n", 13, &sig, &why) == 0, "%s", why.text);
        ck_assert(sign_verify_bytes(&public, "voted vote 1\n", 13, &sig));
        ck_assert_int_eq(agent_sign(fd, secret_key_public(key), "x", 1, &sig, &why), V_DENIED);

        a = own_agent_free(a);
        ck_assert_int_lt(access(socket_path, F_OK), 0);
        ck_assert_int_lt(agent_list(fd, &keys, &n, &why), 0);
        (void) close(fd);
        snprintf(command, sizeof command, "rm -r %s", dir);
        ck_assert_int_eq(system(command), 0);
}
END_TEST

/* Whoever kills us does not leave an open agent behind. */
START_TEST(a_real_agent_ends_when_we_are_killed) {
        char dir[] = "/tmp/test-agent.XXXXXX", path[4096], socket_path[4096] = "", command[8192];
        int fds[2], fd, gone[2];
        Why why = {};
        pid_t pid;
        char c;

        ck_assert_ptr_nonnull(mkdtemp(dir));
        (void) setenv("XDG_RUNTIME_DIR", dir, 1);
        make_key(dir, path);
        ck_assert_int_eq(pipe(fds), 0);
        ck_assert_int_eq(pipe(gone), 0);
        pid = fork();
        if (pid == 0) {
                OwnAgent *a = NULL;

                if (own_agent_new(&a, path, NULL) != 0)
                        _exit(1);
                (void) !write(fds[1], own_agent_socket(a), strlen(own_agent_socket(a)) + 1);
                for (;;)
                        (void) pause();
        }
        (void) close(fds[1]);
        ck_assert_int_gt(read(fds[0], socket_path, sizeof socket_path), 0);
        ck_assert_int_eq(agent_connect(&fd, socket_path, &why), 0);
        (void) kill(pid, SIGKILL);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        ck_assert_int_le(read(fd, &c, 1), 0);   /* closed or reset: the agent is gone */
        (void) close(fd);
        snprintf(command, sizeof command, "rm -rf %s", dir);
        ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(a_key_that_needs_a_passphrase_fails_without_a_terminal) {
        char dir[] = "/tmp/test-agent.XXXXXX", path[4096], command[8192];
        OwnAgent *a = NULL;
        Why why = {};
        int null;

        ck_assert_ptr_nonnull(mkdtemp(dir));
        (void) setenv("XDG_RUNTIME_DIR", dir, 1);
        (void) unsetenv("VOTECTL_PASSPHRASE_FILE");
        (void) unsetenv("CREDENTIALS_DIRECTORY");
        snprintf(path, sizeof path, "%s/id", dir);
        snprintf(command, sizeof command, "ssh-keygen -q -t ed25519 -N secret -f %s", path);
        ck_assert_int_eq(system(command), 0);
        null = open("/dev/null", O_RDWR|O_CLOEXEC);
        ck_assert_int_ge(dup2(null, STDIN_FILENO), 0);
        ck_assert_int_ge(dup2(null, STDERR_FILENO), 0);
        ck_assert_int_eq(own_agent_new(&a, path, &why), V_KEY);
        ck_assert_ptr_nonnull(strstr(why.text, "VOTECTL_PASSPHRASE_FILE"));
        snprintf(command, sizeof command, "rm -r %s", dir);
        ck_assert_int_eq(system(command), 0);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, only_ed25519_keys_of_a_list_are_seen);
        tcase_add_test(t, a_list_that_is_cut_off_is_refused);
        tcase_add_test(t, a_list_of_four_billion_keys_costs_nothing);
        tcase_add_test(t, a_refusal_is_told_from_a_broken_answer);
        tcase_add_test(t, a_signature_of_another_type_or_length_is_refused);
        tcase_add_test(t, a_signature_of_other_bytes_is_caught);
        tcase_add_test(t, an_agent_that_hangs_up_is_no_crash);
        if (!have("ssh-agent") || !have("ssh-add") || !have("ssh-keygen")) {
                fprintf(stderr, "openssh-client is not here: its agent is not tried\n");
                return;
        }
        tcase_add_test(t, a_real_agent_of_our_own_lists_and_signs_and_ends_with_us);
        tcase_add_test(t, a_real_agent_ends_when_we_are_killed);
        tcase_add_test(t, a_key_that_needs_a_passphrase_fails_without_a_terminal);
}

int main(void) {
        if (crypto_init(NULL) < 0 || secret_key_generate(&key) < 0)
                return EXIT_FAILURE;
        return run_suite("agent", add);
}
