/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "codec/hex.h"
#include "votectl/keystore.h"
#include "votectl/signer.h"
#include "votectl/sshkey.h"

#define OPENSSH_HEAD "-----BEGIN OPENSSH PRIVATE KEY-----"
#define FILE_BYTES_MAX 65536U

static void signer_done(Signer *s) {
        (void) secret_key_free(s->secret);
        if (s->fd >= 0)
                (void) close(s->fd);
        (void) own_agent_free(s->agent);
        free(s->name);
        free(s->path);
}

void signers_done(Signers *s) {
        for (size_t i = 0; i < s->n; i++)
                signer_done(&s->items[i]);
        free(s->items);
        *s = (Signers) {};
}

/* A key that is there already is not added again: own ones come first, then the agent's. */
static int add(Ctl *c, Signers *s, SignerKind kind, const Key *key, const char *name,
        const char *path, Signer **ret) {
        Signer *x;

        for (size_t i = 0; i < s->n; i++)
                if (key_equal(&s->items[i].key, key)) {
                        if (ret)
                                *ret = &s->items[i];
                        return EXIT_DONE;
                }
        if (s->n == s->allocated) {
                x = reallocarray(s->items, s->allocated + 16, sizeof *x);
                if (!x)
                        return ctl_oom(c);
                s->items = x;
                s->allocated += 16;
        }
        x = &s->items[s->n];
        *x = (Signer) {
                .kind = kind, .key = *key, .fd = -1, .name = strdup(name), .path = strdup(path)};
        s->n++;
        if (!x->name || !x->path)
                return ctl_oom(c);
        if (ret)
                *ret = x;
        return EXIT_DONE;
}

static int add_own(Ctl *c, Signers *s, const char *name, const char *path) {
        _cleanup_(key_file_done) KeyFile f = {};
        int r;

        r = keystore_read(c, path, &f);
        return r != 0 ? r : add(c, s, SIGNER_OWN, &f.public, name, path, NULL);
}

static int add_store(Ctl *c, Signers *s) {
        _cleanup_json_ Json *names = NULL;
        int r;

        r = ctl_list_files(c, "keys", ".key", &names);
        for (size_t i = 0; r == 0 && i < json_len(names); i++) {
                _cleanup_free_ char *path = NULL;
                const char *name = json_text(json_at(names, i));

                r = keystore_path(c, name, &path);
                if (r == 0)
                        r = add_own(c, s, name, path);
        }
        return r;
}

/* Whoever controls the host of an SSH session could vote with a forwarded agent: only if asked for.
 */
static int add_agent(Ctl *c, Signers *s) {
        const char *socket = getenv("SSH_AUTH_SOCK"), *session = getenv("SSH_CONNECTION");
        const bool asked = option_value(&c->options, "agent");
        AgentKey *keys = NULL;
        size_t n = 0;
        Why why = {};
        int fd, r;

        if (!socket || !*socket)
                return asked ? ctl_fail(c, EXIT_NOT_FOUND, "Start one: eval $(ssh-agent); ssh-add",
                                       "--agent: SSH_AUTH_SOCK is not set, so there is no "
                                       "ssh-agent")
                             : EXIT_DONE;
        if (session && *session && !asked) {
                s->agent_skipped = true;
                return EXIT_DONE;
        }
        r = agent_connect(&fd, socket, &why);
        if (r == 0) {
                r = agent_list(fd, &keys, &n, &why);
                (void) close(fd);
        }
        if (r != 0) /* a dead agent is no reason to fail, unless it was asked for */
                return asked ? ctl_fail_why(c, r, EXIT_FAILED, NULL, &why) : EXIT_DONE;
        for (size_t i = 0; r == 0 && i < n; i++)
                r = add(c, s, SIGNER_AGENT, &keys[i].key, keys[i].comment, socket, NULL);
        agent_keys_free(keys, n);
        return r;
}

/* The public half of an OpenSSH key beside it; EXIT_NOT_FOUND, without a word, if there is none. */
static int read_public(Ctl *c, const char *path, Key *ret) {
        _cleanup_free_ char *pub = NULL;
        _cleanup_buf_ Buf b = {};
        int r;

        if (asprintf(&pub, "%s.pub", path) < 0) {
                pub = NULL;
                return ctl_oom(c);
        }
        r = read_file(pub, FILE_BYTES_MAX, &b);
        if (r == -ENOMEM)
                return ctl_oom(c);
        if (r < 0 || !b.p ||
                sshkey_read_line(ret, b.p, strcspn(b.p, "\r\n"), NULL, NULL, NULL) != 0)
                return EXIT_NOT_FOUND;
        return EXIT_DONE;
}

/* OpenSSH's default key, for people who run no agent. */
static int add_default_file(Ctl *c, Signers *s) {
        _cleanup_free_ char *path = NULL;
        const char *home = getenv("HOME");
        Key key;
        int r;

        if (!home)
                return EXIT_DONE;
        path = path_join(home, ".ssh/id_ed25519");
        if (!path)
                return ctl_oom(c);
        if (access(path, R_OK) < 0)
                return EXIT_DONE;
        r = read_public(c, path, &key);
        if (r == EXIT_NOT_FOUND)
                return EXIT_DONE;
        return r != 0 ? r : add(c, s, SIGNER_FILE, &key, path, path, NULL);
}

/* A service has one key: the systemd credential votectl.key, a key file of votectl. */
static int add_credential(Ctl *c, Signers *s) {
        const char *folder = getenv("CREDENTIALS_DIRECTORY");
        _cleanup_free_ char *path = NULL;

        if (!folder)
                return EXIT_DONE;
        path = path_join(folder, "votectl.key");
        if (!path)
                return ctl_oom(c);
        return access(path, F_OK) == 0 ? add_own(c, s, "votectl.key", path) : EXIT_DONE;
}

static int find_all(Ctl *c, Signers *s) {
        int r;

        r = add_credential(c, s);
        if (r != 0 || s->n > 0)
                return r;
        r = add_store(c, s);
        if (r == 0)
                r = add_agent(c, s);
        if (r == 0)
                r = add_default_file(c, s);
        return r;
}

/* Keeps only key. */
static int keep(Ctl *c, Signers *s, const Key *key, const char *asked) {
        for (size_t i = 0; i < s->n; i++)
                if (key_equal(&s->items[i].key, key)) {
                        Signer x = s->items[0];

                        s->items[0] = s->items[i];
                        s->items[i] = x;
                        while (s->n > 1)
                                signer_done(&s->items[--s->n]);
                        return EXIT_DONE;
                }
        return ctl_fail(c, EXIT_NOT_FOUND,
                s->agent_skipped ? "Inside an SSH session an agent is used only with --agent."
                                 : "See votectl key list; an SSH key must be in ssh-agent, or be "
                                   "named by its private file.",
                "--key %s: the secret half of that key is not at hand", asked);
}

/* An agent of our own: needed now if only it can tell the public half. */
static int open_file(Ctl *c, Signer *s) {
        AgentKey *keys = NULL;
        size_t n = 0;
        bool found = false;
        Why why = {};
        int r;

        r = own_agent_new(&s->agent, s->path, &why);
        if (r == 0)
                r = agent_connect(&s->fd, own_agent_socket(s->agent), &why);
        if (r == 0)
                r = agent_list(s->fd, &keys, &n, &why);
        if (r != 0)
                return ctl_fail_why(c, r, EXIT_REFUSED, NULL, &why);
        for (size_t i = 0; i < n; i++)
                found = found || key_equal(&keys[i].key, &s->key);
        if (!found && n == 1 && key_is_zero(&s->key)) {
                s->key = keys[0].key;
                found = true;
        }
        agent_keys_free(keys, n);
        if (!found && n == 0)
                return ctl_fail(c, EXIT_USAGE, "Only Ed25519 keys vote: ssh-keygen -t ed25519",
                        "%s is no ssh-ed25519 key", s->path);
        if (!found)
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "%s and %s.pub are not the two halves of one key", s->path, s->path);
        return EXIT_DONE;
}

static int find_file(Ctl *c, Signers *s, const char *path) {
        _cleanup_buf_ Buf b = {};
        Signer *x;
        Key key = {};
        Why why = {};
        int r;

        r = ctl_read_file(c, path, FILE_BYTES_MAX, &b);
        if (r != 0)
                return r;
        if (b.n > 0 && strncmp(b.p, OPENSSH_HEAD, strlen(OPENSSH_HEAD)) == 0) {
                secret_wipe(b.p, b.n);
                r = read_public(c, path, &key);
                if (r != 0 && r != EXIT_NOT_FOUND)
                        return r;
                r = add(c, s, SIGNER_FILE, &key, path, path, &x);
                return r == 0 && key_is_zero(&key) ? open_file(c, x) : r;
        }
        if (b.n > 0 && sshkey_looks_like_line(b.p, strcspn(b.p, "\r\n"))) {
                r = sshkey_read_line(&key, b.p, strcspn(b.p, "\r\n"), NULL, NULL, &why);
                if (r != 0)
                        return ctl_fail(c, EXIT_USAGE, NULL, "%s: %s", path, why.text);
                if (strlen(path) > 4 && streq(path + strlen(path) - 4, ".pub")) {
                        _cleanup_free_ char *private = strndup(path, strlen(path) - 4);

                        r = find_all(c, s);
                        if (r == 0 && private && access(private, R_OK) == 0)
                                r = add(c, s, SIGNER_FILE, &key, private, private, NULL);
                } else
                        r = find_all(c, s);
                return r != 0 ? r : keep(c, s, &key, path);
        }
        if (b.p)
                secret_wipe(b.p, b.n);
        return add_own(c, s, path, path);
}

int signers_find(Ctl *c, Signers *ret) {
        const char *asked = option_value(&c->options, "key");
        _cleanup_free_ char *path = NULL;
        Key key;
        int r;

        *ret = (Signers) {};
        if (!asked)
                return find_all(c, ret);
        if (key_from_hex(&key, asked) == 0) {
                r = find_all(c, ret);
                return r != 0 ? r : keep(c, ret, &key, asked);
        }
        if (!strchr(asked, '/') && !strchr(asked, '.')) {
                r = keystore_path(c, asked, &path);
                if (r != 0)
                        return r;
                if (access(path, F_OK) == 0)
                        return add_own(c, ret, asked, path);
        }
        if (access(asked, F_OK) < 0)
                return ctl_fail(c, EXIT_NOT_FOUND,
                        "votectl key list shows the keys at hand; a file is named by its path.",
                        "--key %s is neither a key of votectl nor a file", asked);
        return find_file(c, ret, asked);
}

const char* signer_kind_text(const Signer *s) {
        switch (s->kind) {

        case SIGNER_OWN:
                return "key";

        case SIGNER_AGENT:
                return "ssh-agent";

        case SIGNER_FILE:
                return "SSH key file";
        }
        return "key";
}

static void list(const Signers *s, const bool *entitled, Buf *ret) {
        for (size_t i = 0; i < s->n; i++)
                if (!entitled || entitled[i])
                        buf_printf(ret, "%s%s (%s, %.16s...)", ret->n > 0 ? ", " : "",
                                s->items[i].name, signer_kind_text(&s->items[i]),
                                key_hex(&s->items[i].key, (char[ID_HEX]) {}));
}

int signers_choose(Ctl *c, Signers *s, const bool *entitled, const char *what, Signer **ret) {
        _cleanup_buf_ Buf names = {};
        size_t n = 0;

        for (size_t i = 0; i < s->n; i++)
                if (!entitled || entitled[i]) {
                        *ret = &s->items[i];
                        n++;
                }
        if (n == 1)
                return EXIT_DONE;
        list(s, n > 0 ? entitled : NULL, &names);
        if (buf_error(&names) < 0)
                return ctl_oom(c);
        if (n > 1)
                return ctl_fail(c, EXIT_USAGE,
                        "Choose one: --key NAME, --key FILE, or --key and its 64 digits.",
                        "%zu of your keys are %s: %s", n, what, names.p);
        if (s->n == 0)
                return ctl_fail(c, EXIT_NOT_FOUND,
                        s->agent_skipped
                                ? "Inside an SSH session an agent is used only with --agent."
                                : "Make one (votectl key generate), or load an SSH key (ssh-add), "
                                  "or name a file: --key FILE",
                        "no key is at hand to sign with");
        return ctl_fail(c, EXIT_REFUSED,
                s->agent_skipped ? "Inside an SSH session an agent is used only with --agent."
                                 : "Name another one with --key, or ask the administrator.",
                "none of your keys is %s; at hand: %s", what, names.p);
}

static int open_signer(Ctl *c, Signer *s) {
        _cleanup_(key_file_done) KeyFile f = {};
        Why why = {};
        int r;

        if (s->secret || s->fd >= 0)
                return EXIT_DONE;
        switch (s->kind) {

        case SIGNER_OWN:
                r = keystore_read(c, s->path, &f);
                return r != 0 ? r : keystore_unlock(c, &f, s->name, &s->secret);

        case SIGNER_AGENT:
                r = agent_connect(&s->fd, s->path, &why);
                return r != 0 ? ctl_fail_why(c, r, EXIT_FAILED, NULL, &why) : EXIT_DONE;

        case SIGNER_FILE:
                return open_file(c, s);
        }
        return EXIT_FAILED;
}

int signer_sign(Ctl *c, Signer *s, const char *kind, const Id *network, Json *entry, Buf *ret) {
        _cleanup_buf_ Buf line = {}, message = {};
        Signature sig;
        Why why = {};
        int r;

        r = open_signer(c, s);
        if (r != 0)
                return r;
        json_set_text(entry, "kind", kind);
        json_set_key(entry, "signer", &s->key);
        r = json_dump(entry, &line);
        if (r == 0 && s->secret)
                r = sign_line(ret, s->secret, kind, network, line.p, line.n);
        else if (r == 0) {
                r = sign_message(&message, kind, network, line.p, line.n);
                if (r == 0)
                        r = agent_sign(s->fd, &s->key, message.p, message.n, &sig, &why);
                if (r == 0)
                        r = sign_insert(ret, line.p, line.n, &sig);
        }
        return r != 0 ? ctl_fail_why(c, r, EXIT_REFUSED, NULL, &why) : EXIT_DONE;
}
