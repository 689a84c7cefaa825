/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>

#include "crypto/lock.h"
#include "voted/verdict.h"

/* A box: 1 byte version, 4 bytes Argon2id passes, 4 bytes its memory in KiB (both big-endian), 16 bytes salt, 24 bytes
 * nonce, ciphertext and tag. All that stands before the ciphertext is authenticated with it. */
#define VERSION 1
#define AT_OPS 1
#define AT_MEMORY 5
#define AT_SALT 9
#define AT_NONCE (AT_SALT + crypto_pwhash_argon2id_SALTBYTES)
#define HEAD_BYTES (AT_NONCE + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES

/* What a box from elsewhere may ask of this computer. */
#define OPS_MAX 16U
#define MEMORY_KIB_MAX (1U << 20)

static void put_u32(uint8_t *to, uint32_t v) {
        for (unsigned i = 0; i < 4; i++)
                to[i] = (uint8_t) (v >> (24 - 8 * i));
}

static uint32_t get_u32(const uint8_t *p) {
        return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

/* The key of a box with that head. The caller wipes it. */
static int derive(uint8_t ret[static crypto_aead_xchacha20poly1305_ietf_KEYBYTES], const uint8_t *head, const char *passphrase) {
        /* fails for want of memory only: the limits were judged */
        if (crypto_pwhash_argon2id(ret, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, passphrase, strlen(passphrase),
                    head + AT_SALT, get_u32(head + AT_OPS), (size_t) get_u32(head + AT_MEMORY) << 10,
                    crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
                return -ENOMEM;
        return 0;
}

int lock_seal(Buf *ret, const void *secret, size_t n, const char *passphrase) {
        uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES], *box;
        int r;

        if (n > SIZE_MAX - HEAD_BYTES - TAG_BYTES)
                return -ENOMEM;
        box = buf_reserve(ret, HEAD_BYTES + n + TAG_BYTES);
        if (!box)
                return -ENOMEM;

        box[0] = VERSION;
        put_u32(box + AT_OPS, crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE);
        put_u32(box + AT_MEMORY, crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE >> 10);
        randombytes_buf(box + AT_SALT, HEAD_BYTES - AT_SALT);   /* salt and nonce */

        r = derive(key, box, passphrase);
        if (r == 0) {
                /* cannot fail for a size that fits memory */
                (void) crypto_aead_xchacha20poly1305_ietf_encrypt(box + HEAD_BYTES, NULL, secret, n, box, HEAD_BYTES, NULL,
                        box + AT_NONCE, key);
                ret->n += HEAD_BYTES + n + TAG_BYTES;
        }
        ret->p[ret->n] = 0;
        sodium_memzero(key, sizeof(key));
        return r;
}

int lock_open(void *ret, size_t n, const void *box, size_t n_box, const char *passphrase) {
        uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
        const uint8_t *p = box;
        int r;

        if (n_box < HEAD_BYTES + TAG_BYTES || n_box - HEAD_BYTES - TAG_BYTES != n || p[0] != VERSION)
                return V_FORM;
        if (get_u32(p + AT_OPS) < crypto_pwhash_argon2id_OPSLIMIT_MIN || get_u32(p + AT_OPS) > OPS_MAX ||
                get_u32(p + AT_MEMORY) < crypto_pwhash_argon2id_MEMLIMIT_MIN >> 10 || get_u32(p + AT_MEMORY) > MEMORY_KIB_MAX)
                return V_FORM;

        r = derive(key, p, passphrase);
        if (r == 0 && crypto_aead_xchacha20poly1305_ietf_decrypt(ret, NULL, NULL, p + HEAD_BYTES, n + TAG_BYTES, p, HEAD_BYTES,
                              p + AT_NONCE, key) != 0)
                r = V_DENIED;
        sodium_memzero(key, sizeof(key));
        return r;
}
