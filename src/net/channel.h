/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "base/id.h"
#include "base/why.h"
#include "crypto/noise.h"
#include "crypto/sign.h"

/* A link without its socket: bytes of the wire in, frames out, and back (DESIGN 6). Noise XX with the prologue "voted 1"; both
 * sides prove their Ed25519 identity in the handshake's payload: 32 bytes public key, 64 bytes signature over "voted link 1\n"
 * and the 32 bytes of the sender's Noise static key. Every Noise message has its length, 2 bytes big-endian, in front; what
 * the transport messages hold is one stream of frames, each behind its length of 4 bytes big-endian. */
typedef struct Channel Channel;

#define CHANNEL_PLAIN_MAX (NOISE_MESSAGE_MAX - NOISE_TAG)       /* in one transport message */

typedef struct ChannelIdentity {        /* made once a process: a fresh Noise key and the proof of who holds it */
        NoiseKeys noise;
        uint8_t payload[96];
} ChannelIdentity;
void channel_identity_make(ChannelIdentity *ret, const SecretKey *identity);
void channel_identity_done(ChannelIdentity *i);         /* wipes */

/* expected: whose key the far side must prove; NULL or zero: anybody's. self outlives the channel. frame_max bounds frames that
 * come in, frame_max_first the first one. 0 or -ENOMEM. */
_must_check_ int channel_new(Channel **ret, bool initiator, const ChannelIdentity *self, const Key *expected, size_t frame_max_first,
                size_t frame_max);
Channel* channel_free(Channel *c);
DEFINE_CLEANUP(Channel*, channel_free)

/* Takes n bytes of the wire (all of them); what the handshake answers is appended to *out. The initiator begins with n = 0.
 * Returns 0; V_PROTOCOL (not our protocol, altered), V_KEY, V_SIGNATURE (identity not proven), V_DENIED (another identity than
 * expected), V_SIZE (a frame over the limit) with why; -ENOMEM. After anything but 0 the channel is of no more use. */
_must_check_ int channel_feed(Channel *c, const void *p, size_t n, Buf *out, Why *why);
bool channel_is_up(const Channel *c);           /* handshake done and identity proven */
const Key* channel_remote(const Channel *c);    /* the proven identity; zero before that */

/* The next whole frame, borrowed until the next call with this channel; false: there is none yet, and memory that is not
 * needed for what is left was given back. */
bool channel_next(Channel *c, const char **ret, size_t *ret_n);
bool channel_pending(const Channel *c);         /* channel_next() would give one */
size_t channel_held(const Channel *c);          /* bytes of memory held for what has come in */
void channel_drop_input(Channel *c);            /* forgets it; feed it no more */

/* Appends the wire's bytes for n bytes (at most CHANNEL_PLAIN_MAX) of the frame stream. 0 or -ENOMEM. */
_must_check_ int channel_seal(Channel *c, const void *p, size_t n, Buf *out);
/* Appends the wire's bytes for a whole frame, its length in front. 0 or -ENOMEM. */
_must_check_ int channel_seal_frame(Channel *c, const void *p, size_t n, Buf *out);
