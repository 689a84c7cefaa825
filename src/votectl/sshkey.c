/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "votectl/sshkey.h"

#define TYPE_ED25519 "ssh-ed25519"
#define BLOB_BYTES_MAX 16384U

void ssh_put_u32(Buf *b, uint32_t v) {
        const uint8_t p[4] = { v >> 24, v >> 16, v >> 8, v };

        buf_add(b, p, sizeof p);
}

void ssh_put_string(Buf *b, const void *p, size_t n) {
        ssh_put_u32(b, (uint32_t) n);
        buf_add(b, p, n);
}

bool ssh_get_u32(const uint8_t **p, size_t *n, uint32_t *ret) {
        const uint8_t *q = *p;

        if (*n < 4)
                return false;
        *ret = (uint32_t) q[0] << 24 | (uint32_t) q[1] << 16 | (uint32_t) q[2] << 8 | q[3];
        *p += 4;
        *n -= 4;
        return true;
}

bool ssh_get_string(const uint8_t **p, size_t *n, const uint8_t **ret, size_t *ret_n) {
        const uint8_t *q = *p;
        size_t left = *n;
        uint32_t k;

        if (!ssh_get_u32(&q, &left, &k) || k > left)
                return false;
        *ret = q;
        *ret_n = k;
        *p = q + k;
        *n = left - k;
        return true;
}

void sshkey_write_blob(Buf *ret, const Key *key) {
        ssh_put_string(ret, TYPE_ED25519, strlen(TYPE_ED25519));
        ssh_put_string(ret, key->b, sizeof key->b);
}

static bool is_text(const uint8_t *p, size_t n, const char *s) {
        return n == strlen(s) && memcmp(p, s, n) == 0;
}

static bool has_prefix(const uint8_t *p, size_t n, const char *s) {
        return n >= strlen(s) && memcmp(p, s, strlen(s)) == 0;
}

static bool has_part(const uint8_t *p, size_t n, const char *s) {
        return memmem(p, n, s, strlen(s)) != NULL;
}

/* 0 for ssh-ed25519, V_KEY with the reason for what is known to be another type, V_FORM otherwise.
 */
static int judge_type(const uint8_t *p, size_t n, Why *why) {
        int len = (int) MIN(n, (size_t) 60);

        if (is_text(p, n, TYPE_ED25519))
                return 0;
        if (has_part(p, n, "-cert-v0"))
                return why_set(why, V_KEY,
                        "%.*s is a certificate: the ledger knows keys, not who vouched for them; "
                        "take the plain ssh-ed25519 key",
                        len, p);
        if (has_prefix(p, n, "sk-"))
                return why_set(why, V_KEY,
                        "%.*s is a key of a security token, which signs what the token adds as "
                        "well, so the ledger could not check it; take an ssh-ed25519 key",
                        len, p);
        if (has_prefix(p, n, "ssh-") || has_prefix(p, n, "ecdsa-") || has_prefix(p, n, "rsa-") ||
                has_prefix(p, n, "webauthn-"))
                return why_set(why, V_KEY,
                        "%.*s is of another type, expected ssh-ed25519; make one with: ssh-keygen "
                        "-t ed25519",
                        len, p);
        return why_set(
                why, V_FORM, "expected an ssh-ed25519 line or 64 hex digits, got \"%.*s\"", len, p);
}

int sshkey_read_blob(Key *ret, const void *blob, size_t n, Why *why) {
        const uint8_t *p = blob, *type, *key;
        size_t n_type, n_key;
        int r;

        if (!ssh_get_string(&p, &n, &type, &n_type))
                return why_set(why, V_FORM, "key is cut off");
        r = judge_type(type, n_type, why);
        if (r != 0)
                return r;
        if (!ssh_get_string(&p, &n, &key, &n_key) || n_key != sizeof ret->b || n != 0)
                return why_set(why, V_FORM, "ssh-ed25519 key without its 32 bytes");
        memcpy(ret->b, key, n_key);
        return 0;
}

static int base64_digit(char c) {
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        if (c == '+')
                return 62;
        if (c == '/')
                return 63;
        return -1;
}

/* Standard base64 with padding (RFC 4648, 4), as OpenSSH writes it. */
static int decode_base64(Buf *ret, const char *p, size_t n) {
        uint32_t bits = 0;
        unsigned n_bits = 0;

        while (n > 0 && p[n - 1] == '=')
                n--;
        for (size_t i = 0; i < n; i++) {
                int d = base64_digit(p[i]);

                if (d < 0)
                        return V_FORM;
                bits = (bits << 6 | (uint32_t) d) & 0xffffff;
                n_bits += 6;
                if (n_bits >= 8) {
                        n_bits -= 8;
                        buf_add_char(ret, (char) (bits >> n_bits & 0xff));
                }
        }
        return n_bits >= 6 || (bits & ((1U << n_bits) - 1)) != 0 ? V_FORM : 0;
}

static void encode_base64(Buf *ret, const uint8_t *p, size_t n) {
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

        for (size_t i = 0; i < n; i += 3) {
                uint32_t v = (uint32_t) p[i] << 16 | (i + 1 < n ? (uint32_t) p[i + 1] << 8 : 0) |
                             (i + 2 < n ? p[i + 2] : 0);

                buf_add_char(ret, digits[v >> 18]);
                buf_add_char(ret, digits[v >> 12 & 63]);
                buf_add_char(ret, i + 1 < n ? digits[v >> 6 & 63] : '=');
                buf_add_char(ret, i + 2 < n ? digits[v & 63] : '=');
        }
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

/* The next word; a double quote (in options) holds blanks together, \" inside is one of the text.
 */
static void next_word(const char **p, size_t *n, const char **ret, size_t *ret_n) {
        bool quoted = false;
        size_t i = 0;

        while (*n > 0 && is_blank(**p))
                (*p)++, (*n)--;
        while (i < *n && (quoted || !is_blank((*p)[i]))) {
                if ((*p)[i] == '\\' && i + 1 < *n && (*p)[i + 1] == '"')
                        i++;
                else if ((*p)[i] == '"')
                        quoted = !quoted;
                i++;
        }
        *ret = *p;
        *ret_n = i;
        *p += i;
        *n -= i;
}

static bool is_type(const char *p, size_t n) {
        const uint8_t *q = (const uint8_t*) p;

        return has_prefix(q, n, "ssh-") || has_prefix(q, n, "sk-") || has_prefix(q, n, "ecdsa-") ||
                has_prefix(q, n, "rsa-") || has_prefix(q, n, "webauthn-");
}

static bool has_option(const char *p, size_t n, const char *name) {
        size_t len = strlen(name), start = 0;
        bool quoted = false;

        for (size_t i = 0; i <= n; i++) {
                if (i < n && p[i] == '"')
                        quoted = !quoted;
                if (i < n && (quoted || p[i] != ','))
                        continue;
                if (i - start == len && strncasecmp(p + start, name, len) == 0)
                        return true;
                start = i + 1;
        }
        return false;
}

bool sshkey_looks_like_line(const char *line, size_t n) {
        const char *word;
        size_t n_word;

        next_word(&line, &n, &word, &n_word);
        if (is_type(word, n_word))
                return true;
        next_word(&line, &n, &word, &n_word);   /* options come before the type */
        return is_type(word, n_word);
}

int sshkey_read_line(Key *ret, const char *line, size_t n, const char **ret_comment,
        size_t *ret_comment_n, Why *why) {
        _cleanup_buf_ Buf blob = {};
        const char *type, *text, *options = NULL;
        size_t n_type, n_text, n_options = 0;
        Key key;
        int r;

        next_word(&line, &n, &type, &n_type);
        if (!is_type(type, n_type)) {
                options = type;
                n_options = n_type;
                next_word(&line, &n, &type, &n_type);
                if (!is_type(type, n_type))
                        return judge_type((const uint8_t*) options, n_options, why);
        }
        if (has_option(options, n_options, "cert-authority"))
                return why_set(why, V_KEY,
                        "a cert-authority line names who may issue keys, not a voter; take each "
                        "voter's own ssh-ed25519 key");
        r = judge_type((const uint8_t*) type, n_type, why);
        if (r != 0)
                return r;

        next_word(&line, &n, &text, &n_text);
        if (n_text == 0)
                return why_set(why, V_FORM, "\"" TYPE_ED25519 "\" without a key behind it");
        if (n_text > BLOB_BYTES_MAX || decode_base64(&blob, text, n_text) != 0)
                return why_set(why, V_FORM, "key is not base64, as a .pub file has it");
        r = buf_error(&blob);
        if (r < 0)
                return r;
        r = sshkey_read_blob(&key, blob.p, blob.n, why);
        if (r != 0)
                return r;

        while (n > 0 && is_blank(*line))
                line++, n--;
        while (n > 0 && is_blank(line[n - 1]))
                n--;
        *ret = key;
        if (ret_comment) {
                *ret_comment = line;
                *ret_comment_n = n;
        }
        return 0;
}

void sshkey_write_line(Buf *ret, const Key *key, const char *comment) {
        _cleanup_buf_ Buf blob = {};

        sshkey_write_blob(&blob, key);
        if (buf_error(&blob) < 0) {
                ret->failed = true;
                return;
        }
        buf_add_text(ret, TYPE_ED25519 " ");
        encode_base64(ret, (const uint8_t*) blob.p, blob.n);
        if (comment && *comment)
                buf_printf(ret, " %s", comment);
}
