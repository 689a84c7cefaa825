/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/quorum-certificate.h"
#include "crypto/sign.h"

/* Authorities and what they say. What cannot go wrong aborts when it does; needs no libcheck, so that a fuzz target may use it. */

#define QUORUM_CREATED UINT64_C(1700000000)

typedef struct QuorumWorld {
        Json *config;
        QuorumConfig c;
        Id network;
        SecretKey *keys[AUTHORITIES_MAX];
} QuorumWorld;

void quorum_world_init(QuorumWorld *w, unsigned n);     /* delta is 100 ms */
void quorum_world_done(QuorumWorld *w);
const Key* quorum_world_key(const QuorumWorld *w, unsigned number);

typedef struct QuorumSigner {
        const QuorumWorld *w;
        unsigned number;
} QuorumSigner;
/* EngineSetup.sign; userdata is a QuorumSigner. */
int quorum_world_sign(void *userdata, const char *kind, const char *line, size_t n, Buf *ret);

/* Block may be NULL for skip. */
QuorumStatement quorum_world_says(const QuorumWorld *w, unsigned signer, QuorumKind kind, uint64_t view, const Id *block);
/* By authorities first, first + 1, ... first + n - 1. */
QuorumCertificate* quorum_world_certificate(const QuorumWorld *w, QuorumKind of, uint64_t view, const Id *block, unsigned first,
                unsigned n);
/* An empty block of that view, by its leader, on parent (NULL: the genesis). */
Header quorum_world_header(const QuorumWorld *w, uint64_t view, const Header *parent, uint64_t time);
Id quorum_world_id(unsigned char byte);
