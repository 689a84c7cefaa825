/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/hex.h"
#include "net/channel.h"

static const char prologue[] = "voted 1";
static const char context[] = "voted link 1\n";

#define CONTEXT_BYTES (sizeof(context) - 1)
#define PROOF_BYTES (CONTEXT_BYTES + 32)
#define LENGTH_BYTES 2          /* in front of a Noise message */
#define FRAME_LENGTH_BYTES 4    /* in front of a frame */

/* What the three messages of the handshake must be long, payload included: another length is another protocol. */
#define FIRST_BYTES 32U
#define SECOND_BYTES (32U + 48U + 96U + NOISE_TAG)
#define THIRD_BYTES (48U + 96U + NOISE_TAG)

struct Channel {
        Noise *noise;
        const ChannelIdentity *self;
        Key expected, remote;
        size_t frame_max, frame_max_now;
        size_t start;           /* in plain: what is before it was given out */
        Buf cipher;             /* a Noise message that is not whole yet, with its length */
        Buf plain;              /* the frame stream */
        uint8_t step;           /* messages of the handshake that have gone or come */
        bool initiator, up;
};

static void proof_bytes(uint8_t ret[static PROOF_BYTES], const uint8_t noise_public[static 32]) {
        memcpy(ret, context, CONTEXT_BYTES);
        memcpy(ret + CONTEXT_BYTES, noise_public, 32);
}

void channel_identity_make(ChannelIdentity *ret, const SecretKey *identity) {
        uint8_t proof[PROOF_BYTES];
        Signature signature;

        noise_keys_generate(&ret->noise);
        proof_bytes(proof, ret->noise.public);
        sign_bytes(identity, proof, sizeof(proof), &signature);
        memcpy(ret->payload, secret_key_public(identity)->b, 32);
        memcpy(ret->payload + 32, signature.b, 64);
}

void channel_identity_done(ChannelIdentity *i) {
        secret_wipe(i, sizeof(*i));
}

int channel_new(Channel **ret, bool initiator, const ChannelIdentity *self, const Key *expected, size_t frame_max_first,
                size_t frame_max) {
        _cleanup_(channel_freep) Channel *c = NULL;
        int r;

        assert(ret);
        assert(self);

        c = new0(Channel, 1);
        if (!c)
                return -ENOMEM;

        c->initiator = initiator;
        c->self = self;
        c->frame_max_now = frame_max_first;
        c->frame_max = frame_max;
        if (expected)
                c->expected = *expected;
        r = noise_new(&c->noise, initiator, &self->noise, NULL, prologue, sizeof(prologue) - 1);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(c);
        return 0;
}

Channel* channel_free(Channel *c) {
        if (!c)
                return NULL;

        (void) noise_free(c->noise);
        buf_done(&c->cipher);
        buf_done(&c->plain);
        free(c);
        return NULL;
}

bool channel_is_up(const Channel *c) {
        return c->up;
}

const Key* channel_remote(const Channel *c) {
        return &c->remote;
}

size_t channel_held(const Channel *c) {
        return c->cipher.allocated + c->plain.allocated;
}

void channel_drop_input(Channel *c) {
        buf_done(&c->cipher);
        buf_done(&c->plain);
        c->start = 0;
}

static void put_length(Buf *out, size_t n, size_t bytes) {
        for (size_t i = 0; i < bytes; i++)
                buf_add_char(out, (char) (n >> 8 * (bytes - 1 - i)));
}

static size_t get_length(const uint8_t *p, size_t bytes) {
        size_t n = 0;

        for (size_t i = 0; i < bytes; i++)
                n = n << 8 | p[i];
        return n;
}

/* The payload of the far side's handshake message: who it is, and that it holds the Noise key. */
static int check_identity(Channel *c, const Buf *payload, Why *why) {
        char came[ID_HEX], wanted[ID_HEX];
        uint8_t proof[PROOF_BYTES];
        Signature signature;
        Key key;
        int r;

        if (payload->n != sizeof(c->self->payload))
                return why_set(why, V_PROTOCOL, "proof of identity of %zu bytes, expected %zu", payload->n, sizeof(c->self->payload));
        memcpy(key.b, payload->p, 32);
        memcpy(signature.b, payload->p + 32, 64);

        r = key_check(&key, why);
        if (r != 0)
                return r;

        proof_bytes(proof, noise_remote_static(c->noise));
        if (!sign_verify_bytes(&key, proof, sizeof(proof), &signature))
                return why_set(why, V_SIGNATURE, "the far side does not prove that it is %s", key_hex(&key, came));

        if (!key_is_zero(&c->expected) && !key_equal(&key, &c->expected))
                return why_set(why, V_DENIED, "the far side is %s, expected %s", key_hex(&key, came), key_hex(&c->expected, wanted));

        c->remote = key;
        return 0;
}

/* Writes the handshake's next message if it is ours to write. */
static int write_handshake(Channel *c, Buf *out) {
        bool first = c->step == 0;
        size_t n;

        if (!noise_is_my_turn(c->noise))
                return 0;

        n = c->step == 0 ? FIRST_BYTES : c->step == 1 ? SECOND_BYTES : THIRD_BYTES;
        put_length(out, n, LENGTH_BYTES);
        c->step++;
        return noise_write_handshake(c->noise, first ? NULL : c->self->payload, first ? 0 : sizeof(c->self->payload), out);
}

static int read_handshake(Channel *c, const void *p, size_t n, Buf *out, Why *why) {
        static const size_t lengths[] = { FIRST_BYTES, SECOND_BYTES, THIRD_BYTES };
        _cleanup_buf_ Buf payload = {};
        int r;

        if (n != lengths[c->step])
                return why_set(why, V_PROTOCOL, "not a handshake of \"%s\"", prologue);

        r = noise_read_handshake(c->noise, p, n, &payload);
        if (r > 0)
                return why_set(why, r, "the handshake fails: not a node of \"%s\", or altered on its way", prologue);
        if (r == 0 && c->step > 0)
                r = check_identity(c, &payload, why);
        if (r != 0)
                return r;

        c->step++;
        r = write_handshake(c, out);
        if (r < 0)
                return r;

        c->up = noise_handshake_done(c->noise);
        return 0;
}

/* The announced length of the frame that comes next; false: not known yet. */
static bool frame_length(const Channel *c, size_t *ret) {
        if (c->plain.n - c->start < FRAME_LENGTH_BYTES)
                return false;

        *ret = get_length((const uint8_t *) c->plain.p + c->start, FRAME_LENGTH_BYTES);
        return true;
}

static int check_frame(const Channel *c, Why *why) {
        size_t n;

        if (!frame_length(c, &n))
                return 0;
        if (n > c->frame_max_now)
                return why_set(why, V_SIZE, "frame of %zu bytes, expected at most %zu", n, c->frame_max_now);
        if (n == 0)
                return why_set(why, V_FORM, "an empty frame");
        return 0;
}

static int read_message(Channel *c, const void *p, size_t n, Buf *out, Why *why) {
        int r;

        if (!c->up)
                return read_handshake(c, p, n, out, why);
        if (n <= NOISE_TAG)
                return why_set(why, V_PROTOCOL, "an encrypted message of %zu bytes, expected more than %d", n, NOISE_TAG);

        r = noise_decrypt(c->noise, p, n, &c->plain);
        if (r > 0)
                return why_set(why, r, "what came does not decrypt: altered on its way");
        if (r == 0)
                r = check_frame(c, why);
        return r;
}

/* Moves what was given out away, and gives memory back: an idle link holds none. */
static void drop_given(Channel *c) {
        Buf rest = {};

        if (c->start == 0)
                return;

        buf_drop_front(&c->plain, c->start);
        c->start = 0;
        if (c->plain.n > 0 && c->plain.n >= c->plain.allocated / 4)
                return;

        if (c->plain.n > 0)
                buf_add(&rest, c->plain.p, c->plain.n);
        if (buf_error(&rest) < 0)
                return;
        buf_done(&c->plain);
        c->plain = rest;
}

/* Fills up the message that has begun. Returns how many of the n bytes it took. */
static size_t fill_cipher(Channel *c, const uint8_t *p, size_t n) {
        size_t taken = 0, want;

        if (c->cipher.n < LENGTH_BYTES) {
                taken = MIN(LENGTH_BYTES - c->cipher.n, n);
                buf_add(&c->cipher, p, taken);
        }
        if (c->cipher.n >= LENGTH_BYTES) {
                want = LENGTH_BYTES + get_length((const uint8_t *) c->cipher.p, LENGTH_BYTES) - c->cipher.n;
                want = MIN(want, n - taken);
                buf_add(&c->cipher, p + taken, want);
                taken += want;
        }
        return taken;
}

static bool cipher_is_whole(const Channel *c) {
        return c->cipher.n >= LENGTH_BYTES &&
                c->cipher.n == LENGTH_BYTES + get_length((const uint8_t *) c->cipher.p, LENGTH_BYTES);
}

/* Before the handshake is done no length but the right one may make us wait for more. */
static int check_handshake_length(const Channel *c, Why *why) {
        if (c->up || c->cipher.n < LENGTH_BYTES || get_length((const uint8_t *) c->cipher.p, LENGTH_BYTES) <= SECOND_BYTES)
                return 0;
        return why_set(why, V_PROTOCOL, "not a handshake of \"%s\"", prologue);
}

int channel_feed(Channel *c, const void *p, size_t n, Buf *out, Why *why) {
        const uint8_t *b = p;
        size_t taken;
        int r;

        assert(c);
        assert(p || n == 0);

        drop_given(c);
        if (c->step == 0 && c->initiator) {
                r = write_handshake(c, out);
                if (r < 0)
                        return r;
        }

        while (n > 0) {
                size_t whole = n >= LENGTH_BYTES ? LENGTH_BYTES + get_length(b, LENGTH_BYTES) : SIZE_MAX;

                if (c->cipher.n == 0 && whole <= n) {           /* straight from the caller's bytes */
                        r = read_message(c, b + LENGTH_BYTES, whole - LENGTH_BYTES, out, why);
                        taken = whole;
                } else {
                        taken = fill_cipher(c, b, n);
                        r = buf_error(&c->cipher);
                        if (r == 0)
                                r = check_handshake_length(c, why);
                        if (r == 0 && cipher_is_whole(c)) {
                                r = read_message(c, c->cipher.p + LENGTH_BYTES, c->cipher.n - LENGTH_BYTES, out, why);
                                buf_done(&c->cipher);
                        }
                }
                if (r != 0)
                        return r;
                b += taken;
                n -= taken;
        }

        r = buf_error(&c->plain);
        return r < 0 ? r : buf_error(out);
}

bool channel_pending(const Channel *c) {
        size_t n;

        /* One that breaks a rule stays where it is: the next channel_feed() says so. */
        return frame_length(c, &n) && n > 0 && n <= c->frame_max_now && c->plain.n - c->start - FRAME_LENGTH_BYTES >= n;
}

bool channel_next(Channel *c, const char **ret, size_t *ret_n) {
        size_t n;

        if (!channel_pending(c) || !frame_length(c, &n)) {
                drop_given(c);
                return false;
        }

        *ret = c->plain.p + c->start + FRAME_LENGTH_BYTES;
        *ret_n = n;
        c->start += FRAME_LENGTH_BYTES + n;
        c->frame_max_now = c->frame_max;
        return true;
}

int channel_seal(Channel *c, const void *p, size_t n, Buf *out) {
        assert(c->up);
        assert(n > 0 && n <= CHANNEL_PLAIN_MAX);

        put_length(out, n + NOISE_TAG, LENGTH_BYTES);
        return noise_encrypt(c->noise, p, n, out);
}

int channel_seal_frame(Channel *c, const void *p, size_t n, Buf *out) {
        _cleanup_buf_ Buf plain = {};
        size_t piece;
        int r;

        assert(n > 0 && n <= UINT32_MAX);

        put_length(&plain, n, FRAME_LENGTH_BYTES);
        buf_add(&plain, p, n);
        r = buf_error(&plain);
        for (size_t at = 0; at < plain.n && r == 0; at += piece) {
                piece = MIN(plain.n - at, (size_t) CHANNEL_PLAIN_MAX);
                r = channel_seal(c, plain.p + at, piece, out);
        }
        return r;
}
