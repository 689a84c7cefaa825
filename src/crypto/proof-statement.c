/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/proof-internal.h"
#include "crypto/sign.h"

static void begin(Transcript *t, const char *kind) {
        transcript_begin(t, "voted proof 1");
        transcript_add_text(t, kind);
}

/* The ciphers stand in it, all of them, and who casts them, where, and the how manieth time: a proof over less can be
 * made for a cipher of one's choice (Bernhard, Pereira, Warinschi), or taken along with somebody else's ballot. */
void statement_choice(Transcript *ret, const BallotStatement *s, const ChoiceClaim *c) {
        begin(ret, c->option == CHOICE_OPTION_SUM ? "sum" : "choice");
        transcript_add_id(ret, &s->network);
        transcript_add_id(ret, &s->election);
        transcript_add_element(ret, &s->board_key);
        transcript_add_key(ret, &s->signer);
        transcript_add_u64(ret, s->seq);
        transcript_add_u64(ret, c->question);
        transcript_add_u64(ret, c->option);
        for (size_t i = 0; i < c->n_allowed; i++)
                transcript_add_u64(ret, c->allowed[i]);
        for (size_t i = 0; i < s->n_ciphers; i++) {
                transcript_add_element(ret, &s->ciphers[i].alpha);
                transcript_add_element(ret, &s->ciphers[i].beta);
        }
}

void statement_sealing(Transcript *ret, const SealingStatement *s) {
        begin(ret, "sealing");
        transcript_add_id(ret, &s->network);
        transcript_add_key(ret, &s->signer);
        transcript_add_element(ret, &s->sealing);
}

void statement_coefficient(Transcript *ret, const DealStatement *s, uint32_t k) {
        begin(ret, "coefficient");
        transcript_add_id(ret, &s->network);
        transcript_add_id(ret, &s->board);
        transcript_add_key(ret, &s->dealer);
        transcript_add_u64(ret, k);
        for (size_t i = 0; i < s->n_commitments; i++)
                transcript_add_element(ret, &s->commitments[i]);
}

void statement_share(Transcript *ret, const ShareStatement *s) {
        begin(ret, "share");
        transcript_add_id(ret, &s->network);
        transcript_add_id(ret, &s->election);
        transcript_add_id(ret, &s->block);
        transcript_add_u64(ret, s->trustee);
        transcript_add_element(ret, &s->share_key);
        transcript_add_u64(ret, s->question);
        transcript_add_u64(ret, s->option);
        transcript_add_element(ret, &s->alpha);
        transcript_add_element(ret, &s->part);
}

void statement_object(Transcript *ret, const ObjectStatement *s) {
        begin(ret, "object");
        transcript_add_id(ret, &s->network);
        transcript_add_id(ret, &s->board);
        transcript_add_key(ret, &s->dealer);
        transcript_add_key(ret, &s->trustee);
        transcript_add_element(ret, &s->sealing);
        transcript_add_element(ret, &s->r);
        transcript_add_element(ret, &s->k);
}

void statement_sealed(Transcript *ret, const SealedShareContext *c, const uint8_t sealed[static 64]) {
        begin(ret, "deal");
        transcript_add_id(ret, &c->network);
        transcript_add_id(ret, &c->board);
        transcript_add_key(ret, &c->dealer);
        transcript_add_key(ret, &c->trustee);
        transcript_add(ret, sealed, 32);
        transcript_add(ret, sealed + 32, 32);
}

void proof_nonces(Stream *ret, Stream *outer, const Transcript *statement, const Scalar *secret) {
        Transcript t = *statement;
        uint8_t digest[64], seed[32];

        transcript_digest(&t, digest);
        stream_bytes(outer, seed);
        stream_begin(ret, seed, "nonces");
        stream_bind(ret, digest, sizeof(digest));
        stream_bind(ret, secret->b, sizeof(secret->b));
        secret_wipe(seed, sizeof(seed));
}

void proof_challenge(Scalar *ret, const Transcript *statement, const uint8_t *commitments, size_t n) {
        Transcript t = *statement;

        for (size_t i = 0; i < n; i++)
                transcript_add(&t, commitments + 32 * i, 32);
        transcript_scalar(&t, ret);
}
