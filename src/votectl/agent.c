/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/sign.h"
#include "votectl/agent.h"
#include "votectl/sshkey.h"

enum {                                          /* message numbers of the draft, section 6.1 */
        AGENT_FAILURE = 5,
        AGENTC_REQUEST_IDENTITIES = 11,
        AGENT_IDENTITIES_ANSWER = 12,
        AGENTC_SIGN_REQUEST = 13,
        AGENT_SIGN_RESPONSE = 14,
};

#define AGENT_MESSAGE_MAX (256U << 10)
#define AGENT_KEYS_MAX    2048U

AgentKey* agent_keys_free(AgentKey *keys, size_t n) {
        if (keys)
                for (size_t i = 0; i < n; i++)
                        free(keys[i].comment);
        free(keys);
        return NULL;
}

void agent_write_list(Buf *ret) {
        buf_add_char(ret, AGENTC_REQUEST_IDENTITIES);
}

void agent_write_sign(Buf *ret, const Key *key, const void *p, size_t n) {
        _cleanup_buf_ Buf blob = {};

        sshkey_write_blob(&blob, key);
        if (buf_error(&blob) < 0) {
                ret->failed = true;
                return;
        }
        buf_add_char(ret, AGENTC_SIGN_REQUEST);
        ssh_put_string(ret, blob.p, blob.n);
        ssh_put_string(ret, p, n);
        ssh_put_u32(ret, 0);
}

/* Moves past the message's number if it is the expected one. */
static int read_number(const uint8_t **p, size_t *n, uint8_t expected, Why *why) {
        if (*n < 1)
                return why_set(why, V_FORM, "ssh-agent sent an empty answer");
        if (**p == AGENT_FAILURE)
                return why_set(why, V_DENIED, "ssh-agent refused");
        if (**p != expected)
                return why_set(why, V_FORM, "ssh-agent answered with message %u, expected %u", **p,
                        expected);
        (*p)++;
        (*n)--;
        return 0;
}

int agent_read_list(AgentKey **ret, size_t *ret_n, const void *message, size_t n, Why *why) {
        const uint8_t *p = message;
        AgentKey *keys;
        uint32_t n_keys;
        size_t used = 0;
        int r;

        r = read_number(&p, &n, AGENT_IDENTITIES_ANSWER, why);
        if (r != 0)
                return r;
        if (!ssh_get_u32(&p, &n, &n_keys))
                return why_set(why, V_FORM, "ssh-agent's list of keys is cut off");
        if (n_keys > AGENT_KEYS_MAX || n_keys > n / 8)
                return why_set(why, V_FORM, "ssh-agent claims %u keys", n_keys);

        keys = new0(AgentKey, n_keys + 1);
        if (!keys)
                return -ENOMEM;
        for (uint32_t i = 0; i < n_keys; i++) {
                const uint8_t *blob, *comment;
                size_t n_blob, n_comment;

                if (!ssh_get_string(&p, &n, &blob, &n_blob) ||
                        !ssh_get_string(&p, &n, &comment, &n_comment)) {
                        agent_keys_free(keys, used);
                        return why_set(why, V_FORM, "ssh-agent's list of keys is cut off");
                }
                if (sshkey_read_blob(&keys[used].key, blob, n_blob, NULL) != 0)
                        continue;               /* another type: it cannot vote */
                keys[used].comment = strndup((const char*) comment, n_comment);
                if (!keys[used++].comment) {
                        agent_keys_free(keys, used);
                        return -ENOMEM;
                }
        }
        *ret = keys;
        *ret_n = used;
        return 0;
}

int agent_read_signature(Signature *ret, const void *message, size_t n, Why *why) {
        const uint8_t *p = message, *inner, *type, *sig;
        size_t n_inner, n_type, n_sig;
        int r;

        r = read_number(&p, &n, AGENT_SIGN_RESPONSE, why);
        if (r != 0)
                return r;
        if (!ssh_get_string(&p, &n, &inner, &n_inner) ||
                !ssh_get_string(&inner, &n_inner, &type, &n_type) ||
                !ssh_get_string(&inner, &n_inner, &sig, &n_sig))
                return why_set(why, V_FORM, "ssh-agent's signature is cut off");
        if (n_type != strlen("ssh-ed25519") || memcmp(type, "ssh-ed25519", n_type) != 0 ||
                n_sig != sizeof ret->b)
                return why_set(why, V_FORM,
                        "ssh-agent returned a signature of another type, expected ssh-ed25519");
        memcpy(ret->b, sig, n_sig);
        return 0;
}

int agent_connect(int *ret_fd, const char *path, Why *why) {
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int fd, r;

        if (strlen(path) >= sizeof a.sun_path)
                return why_set(
                        why, -ENAMETOOLONG, "path of ssh-agent's socket is too long: %s", path);
        memcpy(a.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0);
        if (fd < 0)
                return why_set(why, -errno, "cannot make a socket: %s", strerror(errno));
        if (connect(fd, (struct sockaddr*) &a, sizeof a) < 0) {
                r = -errno;
                (void) close(fd);
                return why_set(why, r, "ssh-agent does not answer at %s: %s", path, strerror(-r));
        }
        *ret_fd = fd;
        return 0;
}

static int send_all(int fd, const char *p, size_t n) {
        while (n > 0) {
                ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                p += k;
                n -= (size_t) k;
        }
        return 0;
}

static int receive_all(int fd, void *ret, size_t n) {
        char *p = ret;

        while (n > 0) {
                ssize_t k = read(fd, p, n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        return -ECONNRESET;
                p += k;
                n -= (size_t) k;
        }
        return 0;
}

static int ask(int fd, const Buf *request, Buf *ret, Why *why) {
        _cleanup_buf_ Buf frame = {};
        uint8_t head[4];
        const uint8_t *p = head;
        size_t n = sizeof head;
        uint32_t len;
        int r;

        ssh_put_string(&frame, request->p, request->n);
        if (buf_error(request) < 0 || buf_error(&frame) < 0)
                return -ENOMEM;
        if (frame.n > AGENT_MESSAGE_MAX)
                return why_set(why, -EMSGSIZE,
                        "%zu bytes are more than an ssh-agent signs at once (%u)", frame.n,
                        AGENT_MESSAGE_MAX);
        r = send_all(fd, frame.p, frame.n);
        if (r == 0)
                r = receive_all(fd, head, sizeof head);
        if (r < 0)
                return why_set(why, r, "ssh-agent hung up: %s", strerror(-r));
        if (!ssh_get_u32(&p, &n, &len) || len > AGENT_MESSAGE_MAX)
                return why_set(why, V_SIZE, "ssh-agent's answer has %u bytes, expected at most %u",
                        len, AGENT_MESSAGE_MAX);
        if (!buf_reserve(ret, len))
                return -ENOMEM;
        r = receive_all(fd, ret->p + ret->n, len);
        if (r < 0)
                return why_set(why, r, "ssh-agent hung up: %s", strerror(-r));
        ret->n += len;
        return 0;
}

int agent_list(int fd, AgentKey **ret, size_t *ret_n, Why *why) {
        _cleanup_buf_ Buf request = {}, answer = {};
        int r;

        agent_write_list(&request);
        r = ask(fd, &request, &answer, why);
        if (r != 0)
                return r;
        return agent_read_list(ret, ret_n, answer.p, answer.n, why);
}

int agent_sign(int fd, const Key *key, const void *p, size_t n, Signature *ret, Why *why) {
        _cleanup_buf_ Buf request = {}, answer = {};
        Signature sig;
        int r;

        agent_write_sign(&request, key, p, n);
        r = ask(fd, &request, &answer, why);
        if (r != 0)
                return r;
        r = agent_read_signature(&sig, answer.p, answer.n, why);
        if (r == V_DENIED)
                return why_set(why, r,
                        "ssh-agent refused to sign (key removed, confirmation declined, or agent "
                        "locked)");
        if (r != 0)
                return r;
        if (!sign_verify_bytes(key, p, n, &sig))
                return why_set(why, V_SIGNATURE,
                        "ssh-agent returned a signature that does not verify; nothing was sent");
        *ret = sig;
        return 0;
}
