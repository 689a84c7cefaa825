/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <unistd.h>

#include "codec/hex.h"
#include "votectl/keystore.h"
#include "votectl/prompt.h"
#include "votectl/signer.h"
#include "votectl/sshkey.h"
#include "votectl/verbs.h"

#define DEFAULT_NAME "default"

static int tell_key(Ctl *c, const char *name, const Key *key, bool locked) {
        char hex[ID_HEX];

        if (c->json) {
                Json *o = json_new_object();

                json_set_text(o, "name", name);
                json_set_key(o, "key", key);
                json_set_bool(o, "locked", locked);
                return ctl_json(c, o);
        }
        buf_printf(&c->out, "%s\n", key_hex(key, hex));
        return EXIT_DONE;
}

/* Stores a new key; a passphrase is asked for where one can be. */
static int store(Ctl *c, const char *name, const SecretKey *key) {
        _cleanup_(passphrase_freep) char *passphrase = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = keystore_path(c, name, &path);
        if (r != 0)
                return r;
        if (access(path, F_OK) == 0)
                return ctl_fail(c, EXIT_REFUSED, "Take another name: votectl key generate NAME",
                        "a key \"%s\" is there already; it is not overwritten", name);
        if (!option_value(&c->options, "no-passphrase")) {
                r = prompt_passphrase(c, name, true, &passphrase);
                if (r != 0)
                        return r;
        }
        r = keystore_write(c, path, key, passphrase, false);
        if (r != 0)
                return r;
        ctl_note(c, "Key \"%s\" is kept in %s%s.", name, path,
                passphrase && *passphrase ? ", locked"
                                          : ", without a passphrase (votectl key lock)");
        return tell_key(c, name, secret_key_public(key), passphrase && *passphrase);
}

static const char* name_argument(const Ctl *c, size_t i) {
        return c->options.n_args > i ? c->options.args[i] : DEFAULT_NAME;
}

static int verb_generate(Ctl *c) {
        _cleanup_(secret_key_freep) SecretKey *key = NULL;
        int r;

        r = secret_key_generate(&key);
        return r < 0 ? ctl_oom(c) : store(c, name_argument(c, 0), key);
}

static int read_named(Ctl *c, const char *name, char **ret_path, KeyFile *ret) {
        int r;

        r = keystore_path(c, name, ret_path);
        if (r != 0)
                return r;
        if (access(*ret_path, F_OK) < 0)
                return ctl_fail(c, EXIT_NOT_FOUND,
                        "votectl key list shows those that are; votectl key generate makes one.",
                        "there is no key \"%s\"", name);
        return keystore_read(c, *ret_path, ret);
}

static int verb_show(Ctl *c) {
        _cleanup_(key_file_done) KeyFile f = {};
        _cleanup_free_ char *path = NULL;
        _cleanup_buf_ Buf line = {};
        int r;

        r = read_named(c, name_argument(c, 0), &path, &f);
        if (r != 0)
                return r;
        if (option_value(&c->options, "ssh")) {
                sshkey_write_line(&line, &f.public, name_argument(c, 0));
                if (buf_error(&line) < 0)
                        return ctl_oom(c);
                buf_printf(&c->out, "%s\n", line.p);
                return EXIT_DONE;
        }
        return tell_key(c, name_argument(c, 0), &f.public, f.locked);
}

/* A key of votectl from elsewhere, or a bare seed. OpenSSH's format is its own business. */
static int verb_import(Ctl *c) {
        _cleanup_(secret_key_freep) SecretKey *key = NULL;
        _cleanup_(key_file_done) KeyFile f = {};
        _cleanup_buf_ Buf b = {};
        const char *path = c->options.args[0];
        uint8_t seed[32];
        Why why = {};
        size_t n;
        int r;

        r = ctl_read_file(c, path, KEY_FILE_BYTES_MAX, &b);
        if (r != 0)
                return r;
        n = b.p ? strcspn(b.p, " \t\r\n") : 0;
        if (n == 64 && hex_decode(seed, sizeof seed, b.p, n) == 0) {
                r = secret_key_from_seed(&key, seed);
                secret_wipe(seed, sizeof seed);
                secret_wipe(b.p, b.n);
                return r < 0 ? ctl_oom(c) : store(c, name_argument(c, 1), key);
        }
        if (b.p && strstr(b.p, "PRIVATE KEY-----")) {
                secret_wipe(b.p, b.n);
                return ctl_fail(c, EXIT_USAGE,
                        "It is used as it is: votectl cast --key FILE (ssh-add loads it, votectl "
                        "never reads it).",
                        "%s is an OpenSSH key, which is not imported", path);
        }
        r = key_file_parse(&f, b.p ?: "", b.n, &why);
        if (b.p)
                secret_wipe(b.p, b.n);
        if (r != 0)
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "%s: expected a key file of votectl or 64 hex digits (a seed): %s", path,
                        why.text);
        r = keystore_unlock(c, &f, path, &key);
        return r != 0 ? r : store(c, name_argument(c, 1), key);
}

static int verb_list(Ctl *c) {
        _cleanup_(signers_done) Signers s = {};
        char hex[ID_HEX];
        int r;

        r = signers_find(c, &s);
        if (r != 0)
                return r;
        if (c->json) {
                Json *o = json_new_object(), *a = json_new_array();

                for (size_t i = 0; i < s.n; i++) {
                        Json *k = json_new_object();

                        json_set_text(k, "name", s.items[i].name);
                        json_set_text(k, "kind",
                                s.items[i].kind == SIGNER_OWN     ? "own"
                                : s.items[i].kind == SIGNER_AGENT ? "agent"
                                                                  : "file");
                        json_set_key(k, "key", &s.items[i].key);
                        json_add(a, k);
                }
                json_set(o, "keys", a);
                return ctl_json(c, o);
        }
        if (s.agent_skipped)
                ctl_note(c, "Keys of ssh-agent are left out inside an SSH session; --agent shows "
                            "them.");
        if (s.n == 0) {
                ctl_note(c, "No key is at hand; votectl key generate makes one.");
                return EXIT_DONE;
        }
        {
                Table *t = table_new(TABLE_COLUMNS("NAME", "FROM", "KEY"));

                table_shrink(t, 0, 12);
                for (size_t i = 0; i < s.n; i++) {
                        table_add(t, NULL, s.items[i].name);
                        table_add(t, NULL, signer_kind_text(&s.items[i]));
                        table_add(t, NULL, key_hex(&s.items[i].key, hex));
                }
                return ctl_table(c, t);
        }
}

static int relock(Ctl *c, bool lock) {
        const char *name = name_argument(c, 0);
        _cleanup_(passphrase_freep) char *passphrase = NULL;
        _cleanup_(secret_key_freep) SecretKey *key = NULL;
        _cleanup_(key_file_done) KeyFile f = {};
        _cleanup_free_ char *path = NULL;
        int r;

        r = read_named(c, name, &path, &f);
        if (r != 0)
                return r;
        if (!lock && !f.locked)
                return ctl_fail(c, EXIT_REFUSED, NULL, "key \"%s\" has no passphrase", name);
        r = keystore_unlock(c, &f, name, &key);
        if (r == 0 && lock)
                r = prompt_passphrase(c, name, true, &passphrase);
        if (r != 0)
                return r;
        if (lock && (!passphrase || !*passphrase))
                return ctl_fail(c, EXIT_USAGE,
                        passphrase ? NULL : "Set VOTECTL_PASSPHRASE_FILE to a file with it.",
                        "no passphrase was given");
        r = keystore_write(c, path, key, passphrase, true);
        if (r == 0)
                ctl_note(c, lock ? "Key \"%s\" is locked." : "Key \"%s\" is not locked any more.",
                        name);
        return r != 0 || !c->json ? r : tell_key(c, name, &f.public, lock);
}

static int verb_lock(Ctl *c) {
        return relock(c, true);
}

static int verb_unlock(Ctl *c) {
        return relock(c, false);
}

static const CtlOption store_options[] = {
        { "no-passphrase", 0, NULL, false, "Do not ask for a passphrase" },
        OPTION_END,
};

static const CtlOption show_options[] = {
        { "ssh", 0, NULL, false, "As a line of authorized_keys" },
        OPTION_END,
};

#define PASSPHRASE_TEXT \
        "The passphrase is asked for on the terminal, or is the first line of $VOTECTL_PASSPHRASE_FILE, or of the systemd\n" \
        "credential votectl.passphrase.\n\n"

const CtlVerb verbs_key[] = {
        { "key generate", "[NAME]", 0, 1, CTL_VERB_NO_NET, verb_generate, store_options, "Make a key and print its public half",
          "Keeps it in $XDG_DATA_HOME/votectl/keys/NAME.key (\"default\" without a name). Whoever has an SSH key of type\n"
          "ssh-ed25519 needs none: votectl signs with that as well.\n\n" PASSPHRASE_TEXT
          "Example:\n  votectl key generate\n" },
        { "key show", "[NAME]", 0, 1, CTL_VERB_NO_NET, verb_show, show_options, "Print the public half of a key",
          "Example:\n  votectl key show\n  votectl key show --ssh >me.pub\n" },
        { "key list", "", 0, 0, CTL_VERB_NO_NET, verb_list, NULL, "List all keys at hand, those of ssh-agent included",
          "Example:\n  votectl key list\n" },
        { "key import", "FILE [NAME]", 1, 2, CTL_VERB_NO_NET, verb_import, store_options, "Keep a key from elsewhere",
          "FILE is a key file of votectl, or 64 hex digits: the seed of an Ed25519 key. OpenSSH keys are not imported, they are\n"
          "used as they are: --key FILE, or through ssh-agent.\n\n"
          "Example:\n  votectl key import backup.key\n" },
        { "key lock", "[NAME]", 0, 1, CTL_VERB_NO_NET, verb_lock, NULL, "Lock a key with a passphrase, or change it",
          PASSPHRASE_TEXT "Example:\n  votectl key lock\n" },
        { "key unlock", "[NAME]", 0, 1, CTL_VERB_NO_NET, verb_unlock, NULL, "Take the passphrase off a key",
          "Example:\n  votectl key unlock\n" },
        {},
};
