/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "net/channel.h"

#define FRAME_MAX 4096
#define FRAME_FIRST_MAX 256

static ChannelIdentity *identity(unsigned i) {
        static ChannelIdentity made[2];
        static bool ready;

        if (!ready) {
                fuzz_check(crypto_init(NULL) == 0);
                for (uint8_t k = 0; k < 2; k++) {
                        _cleanup_(secret_key_freep) SecretKey *key = NULL;
                        uint8_t seed[32] = { k };

                        fuzz_check(secret_key_from_seed(&key, seed) == 0);
                        channel_identity_make(&made[k], key);
                }
                ready = true;
        }
        return &made[i];
}

/* Whatever a stranger sends before and during the handshake. */
static void as_stranger(const uint8_t *data, size_t n, bool initiator) {
        _cleanup_(channel_freep) Channel *c = NULL;
        _cleanup_buf_ Buf out = {};
        Why why;

        fuzz_check(channel_new(&c, initiator, identity(0), NULL, FRAME_FIRST_MAX, FRAME_MAX) == 0);
        if (initiator)
                fuzz_check(channel_feed(c, NULL, 0, &out, &why) == 0);
        (void) !channel_feed(c, data, n, &out, &why);
        fuzz_check(!channel_is_up(c));
        fuzz_check(channel_held(c) <= 2 * 65536);
}

/* Whatever a node that has proved its identity sends as its stream of frames, in pieces. */
static void as_peer(const uint8_t *data, size_t n) {
        _cleanup_(channel_freep) Channel *a = NULL, *b = NULL;
        _cleanup_buf_ Buf to_a = {}, to_b = {};
        size_t i = 0, frames = 0;
        Why why;

        fuzz_check(channel_new(&a, true, identity(0), NULL, FRAME_FIRST_MAX, FRAME_MAX) == 0);
        fuzz_check(channel_new(&b, false, identity(1), NULL, FRAME_FIRST_MAX, FRAME_MAX) == 0);
        fuzz_check(channel_feed(a, NULL, 0, &to_b, &why) == 0);
        while (to_a.n + to_b.n > 0) {
                Buf x = to_b, y = to_a;

                to_a = to_b = (Buf) {};
                fuzz_check(x.n == 0 || channel_feed(b, x.p, x.n, &to_a, &why) == 0);
                fuzz_check(y.n == 0 || channel_feed(a, y.p, y.n, &to_b, &why) == 0);
                buf_done(&x);
                buf_done(&y);
        }
        fuzz_check(channel_is_up(a) && channel_is_up(b));

        while (i < n) {
                size_t piece = MIN(n - i, (size_t) data[i] + 1), len;
                const char *frame;

                buf_reset(&to_b);
                fuzz_check(channel_seal(a, data + i, piece, &to_b) == 0);
                i += piece;
                if (channel_feed(b, to_b.p, to_b.n, &to_a, &why) != 0)
                        return;
                while (channel_next(b, &frame, &len)) {
                        fuzz_check(len <= (frames == 0 ? FRAME_FIRST_MAX : FRAME_MAX));
                        frames++;
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        as_stranger(data, n, false);
        as_stranger(data, n, true);
        as_peer(data, n);
        return 0;
}
