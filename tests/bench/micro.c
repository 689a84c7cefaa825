/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/time.h"
#include "codec/line.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "crypto/noise.h"
#include "crypto/sign.h"

/* What the lowest layers cost per call, on one core, beside what bounds them: the bare signature check of libsodium,
 * which is sign_verify_bytes() over a message that is there already. The best of several rounds: on a busy machine the
 * others measure the neighbours. */

#define ROUNDS 7
#define ROUND_USEC 60000

static SecretKey *secret;
static Id network, ids[4096];
static Buf line, message, frame;
static Signature sig;
static Noise *here, *there;

static void fail(const char *what) {
        (void) fprintf(stderr, "micro: %s failed.\n", what);
        exit(EXIT_FAILURE);
}

static void run_check(void) {
        if (line_check(line.p, line.n, line.n, 100, NULL) != 0)
                fail("line_check");
}

static void run_parse(void) {
        Json *j;

        if (line_parse(&j, line.p, line.n, line.n, NULL) != 0)
                fail("line_parse");
        json_free(j);
}

static void run_id(void) {
        Id id;

        hash_bytes(&id, line.p, line.n);
        __asm__ volatile("" : : "r"(&id) : "memory");
}

static void run_verify_bytes(void) {
        if (!sign_verify_bytes(secret_key_public(secret), message.p, message.n, &sig))
                fail("sign_verify_bytes");
}

static void run_verify_line(void) {
        if (sign_verify_line(secret_key_public(secret), "vote", &network, line.p, line.n, &sig) != 0)
                fail("sign_verify_line");
}

static void run_work(void) {
        static uint64_t nonce, best;

        best |= hash_work(&network, nonce++);
        __asm__ volatile("" : : "r"(&best) : "memory");
}

static void run_root(void) {
        Id root;

        merkle_root(&root, ids, ELEMENTSOF(ids));
        __asm__ volatile("" : : "r"(&root) : "memory");
}

static void run_noise(void) {
        static Buf sealed, opened;

        buf_reset(&sealed);
        buf_reset(&opened);
        if (noise_encrypt(here, frame.p, frame.n, &sealed) != 0 || noise_decrypt(there, sealed.p, sealed.n, &opened) != 0)
                fail("noise");
}

static void connect_both(void) {
        Noise *side[2];
        NoiseKeys keys;

        for (unsigned i = 0; i < 2; i++) {
                noise_keys_generate(&keys);
                if (noise_new(&side[i], i == 0, &keys, NULL, "voted 1", 7) < 0)
                        fail("noise_new");
        }
        for (unsigned i = 0; i < 3; i++) {
                _cleanup_buf_ Buf m = {}, payload = {};

                if (noise_write_handshake(side[i % 2], "", 0, &m) != 0 || noise_read_handshake(side[(i + 1) % 2], m.p, m.n, &payload) != 0)
                        fail("handshake");
        }
        here = noise_free(here);
        there = noise_free(there);
        here = side[0];
        there = side[1];
}

static double usec_per_call(void (*fn)(void)) {
        double best = 1e30;

        for (unsigned round = 0; round < ROUNDS; round++) {
                uint64_t start = now_usec(), end;
                unsigned n = 0;

                do {
                        for (unsigned i = 0; i < 16; i++)
                                fn();
                        n += 16;
                        end = now_usec();
                } while (end - start < ROUND_USEC);
                best = MIN(best, (double) (end - start) / n);
        }
        return best;
}

static void prepare(void) {
        static const char hex[] = "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8";
        _cleanup_buf_ Buf text = {};
        Why why = {};

        if (crypto_init(&why) < 0)
                fail(why.text);
        if (secret_key_generate(&secret) < 0)
                fail("secret_key_generate");
        buf_printf(&text, "{\"ballot\":{\"choices\":[[[2],[0,1]],[1]]},\"election\":\"%s\",\"kind\":\"vote\",\"seq\":12,\"signer\":\"%s\"}", hex, hex);
        if (sign_message(&message, "vote", &network, text.p, text.n) != 0)
                fail("sign_message");
        sign_bytes(secret, message.p, message.n, &sig);
        if (sign_insert(&line, text.p, text.n, &sig) != 0)
                fail("sign_insert");
        for (unsigned i = 0; i < ELEMENTSOF(ids); i++)
                hash_bytes(&ids[i], &i, sizeof(i));
        if (!buf_reserve(&frame, 16384))
                fail("buf_reserve");
        memset(frame.p, 'x', 16384);
        frame.n = 16384;
        connect_both();
}

int main(void) {
        static const struct {
                const char *what;
                void (*fn)(void);
        } rows[] = {
                { "Ed25519 check, the bound", run_verify_bytes },
                { "sign_verify_line", run_verify_line },
                { "line_check", run_check },
                { "line_parse, jansson's tree included", run_parse },
                { "id of a line", run_id },
                { "hash_work", run_work },
                { "merkle_root of 4096 ids", run_root },
                { "noise, 16 KiB there and back", run_noise },
                { "noise, both sides of a handshake", connect_both },
        };

        prepare();
        (void) printf("a vote of %zu bytes, %s, microseconds per call on one core\n", line.n, crypto_library_version());
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                (void) printf("%10.3f  %s\n", usec_per_call(rows[i].fn), rows[i].what);

        secret = secret_key_free(secret);
        here = noise_free(here);
        there = noise_free(there);
        return EXIT_SUCCESS;
}
