/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/deal.h"
#include "votectl/trustee-lines.h"

int trustee_line_key(
        Json **ret, const Id *network, const Key *signer, const SecretScalar *sealing) {
        const SealingStatement s = {
                .network = *network,
                .signer = *signer,
                .sealing = *secret_scalar_public(sealing),
        };
        _cleanup_stream_ Stream stream = {};
        uint8_t proof[KNOWLEDGE_BYTES];
        Json *o = json_new_object();

        stream_begin_random(&stream, "sealing");
        sealing_make(proof, &s, sealing, &stream);
        json_set_hex32(o, "sealing", s.sealing.b);
        json_set_base64(o, "proof", proof, sizeof proof);
        *ret = o;
        return o ? 0 : -ENOMEM;
}

/* --- deals --- */

static void add_commitments(Json *o, const Polynomial *p, const DealStatement *s, Stream *stream) {
        Json *commitments = json_new_array(), *proofs = json_new_array();

        for (size_t k = 0; k < s->n_commitments; k++) {
                uint8_t proof[KNOWLEDGE_BYTES];

                coefficient_make(proof, s, (uint32_t) k, polynomial_coefficient(p, k), stream);
                json_add_hex32(commitments, s->commitments[k].b);
                json_add_base64(proofs, proof, sizeof proof);
        }
        json_set(o, "commitments", commitments);
        json_set(o, "proofs", proofs);
}

static SealedShareContext share_context(
        const Id *network, const BoardView *b, unsigned dealer, unsigned seat) {
        return (SealedShareContext) {
                .network = *network,
                .board = b->entry->id,
                .dealer = b->line->trustees[dealer],
                .trustee = b->line->trustees[seat],
        };
}

static void add_shares(
        Json *o, const Id *network, const BoardView *b, unsigned seat, const Polynomial *p, Stream *stream) {
        Json *shares = json_new_array();

        for (unsigned i = 0; i < b->line->n_trustees; i++) {
                const SealedShareContext context = share_context(network, b, seat, i);
                uint8_t sealed[SEALED_SHARE_BYTES];
                _cleanup_scalar_ Scalar share;

                polynomial_share(p, i, &share);
                share_seal(sealed, &context, board_view_sealing(b, i), &share, stream);
                json_add_base64(shares, sealed, sizeof sealed);
        }
        json_set(o, "shares", shares);
}

int trustee_line_deal(Json **ret, const Id *network, const BoardView *b, unsigned seat) {
        _cleanup_(polynomial_freep) Polynomial *p = NULL;
        _cleanup_stream_ Stream stream = {};
        DealStatement s;
        Json *o;
        int r;

        stream_begin_random(&stream, "deal");
        r = polynomial_new(&p, b->line->threshold, &stream);
        if (r < 0)
                return r;
        s = (DealStatement) {
                .network = *network,
                .board = b->entry->id,
                .dealer = b->line->trustees[seat],
                .commitments = polynomial_commitments(p),
                .n_commitments = b->line->threshold,
        };
        o = json_new_object();
        json_set_id(o, "board", &b->entry->id);
        add_commitments(o, p, &s, &stream);
        add_shares(o, network, b, seat, p, &stream);
        *ret = o;
        return o ? 0 : -ENOMEM;
}

/* --- answers --- */

/* The share that dealer has given to seat; 0, or V_PROOF: it does not fit. */
static int take_share(Scalar *ret, const Id *network, const BoardView *b, unsigned dealer,
        unsigned seat, const SecretScalar *sealing) {
        const SealedShareContext context = share_context(network, b, dealer, seat);
        const DealLine *deal = b->seats[dealer].deal.entry->deal.line;
        int r;

        r = share_open(ret, &context, sealing, deal->shares[seat]);
        if (r == 0 && !share_fits(ret, deal->commitments, b->line->threshold, seat))
                r = V_PROOF;
        return r;
}

static int make_objection(Json *o, const Id *network, const BoardView *b, unsigned seat,
        unsigned dealer, const SecretScalar *sealing) {
        const uint8_t *sealed = b->seats[dealer].deal.entry->deal.line->shares[seat];
        ObjectStatement s = {
                .network = *network,
                .board = b->entry->id,
                .dealer = b->line->trustees[dealer],
                .trustee = b->line->trustees[seat],
                .sealing = *board_view_sealing(b, seat),
        };
        _cleanup_stream_ Stream stream = {};
        uint8_t proof[EQUAL_BYTES];
        int r;

        r = sealed_share_decode(sealed, &s.r);
        if (r == 0)
                r = share_opening_key(&s.k, sealing, sealed);
        if (r != 0)
                return r;
        stream_begin_random(&stream, "object");
        object_make(proof, &s, sealing, &stream);
        json_set_key(o, "dealer", &s.dealer);
        json_set_hex32(o, "key", s.k.b);
        json_set_base64(o, "proof", proof, sizeof proof);
        return 0;
}

int trustee_line_answer(Json **ret, const Id *network, const BoardView *b, unsigned seat,
        const SecretScalar *sealing, unsigned *ret_liar) {
        _cleanup_json_ Json *o = json_new_object();
        int r = 0;

        *ret_liar = b->line->n_trustees;
        for (unsigned i = 0; i < b->line->n_trustees && *ret_liar == b->line->n_trustees; i++) {
                _cleanup_scalar_ Scalar share;

                if (take_share(&share, network, b, i, seat, sealing) != 0)
                        *ret_liar = i;
        }
        json_set_id(o, "board", &b->entry->id);
        json_set_id(o, "deals", &b->root);
        if (*ret_liar < b->line->n_trustees)
                r = make_objection(o, network, b, seat, *ret_liar, sealing);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(o);
        return *ret ? 0 : -ENOMEM;
}

/* --- shares --- */

int trustee_secret(SecretScalar **ret, const Id *network, const BoardView *b, unsigned seat,
        const SecretScalar *sealing, Why *why) {
        Scalar shares[TRUSTEES_MAX];
        int r = 0;

        for (unsigned i = 0; r == 0 && i < b->line->n_trustees; i++) {
                r = take_share(&shares[i], network, b, i, seat, sealing);
                if (r != 0)
                        r = why_set(why, r, "the share that trustee %u has dealt does not fit", i);
        }
        if (r == 0)
                r = board_share_secret(ret, shares, b->line->n_trustees);
        for (unsigned i = 0; i < TRUSTEES_MAX; i++)
                scalar_wipe(&shares[i]);
        return r;
}

int trustee_line_share(Json **ret, const Id *network, const BoardView *b, unsigned seat,
        const SecretScalar *x, const Id *election, const Id *closing_block, const Definition *d,
        const SealedTotal *total) {
        const Cipher *cipher = sealed_total_ciphers(total);
        Json *o = json_new_object(), *questions = json_new_array();
        _cleanup_stream_ Stream stream = {};

        stream_begin_random(&stream, "share");
        for (uint32_t i = 0; i < d->n_questions; i++) {
                Json *options = json_new_array();

                for (uint32_t k = 0; k < d->questions[i].n_options; k++, cipher++) {
                        ShareStatement s = {
                                .network = *network,
                                .election = *election,
                                .block = *closing_block,
                                .trustee = seat,
                                .share_key = b->x[seat],
                                .question = i,
                                .option = k,
                                .alpha = cipher->alpha,
                        };
                        uint8_t proof[EQUAL_BYTES];
                        Json *pair = json_new_array();

                        if (element_is_identity(&s.alpha)) {    /* beta alone is opened */
                                json_add_text(pair, "");
                                json_add_text(pair, "");
                        } else {
                                element_mul(&s.part, secret_scalar_value(x), &s.alpha);
                                share_make(proof, &s, x, &stream);
                                json_add_base64(pair, &s.part, sizeof s.part);
                                json_add_base64(pair, proof, sizeof proof);
                        }
                        json_add(options, pair);
                }
                json_add(questions, options);
        }
        json_set_id(o, "election", election);
        json_set_id(o, "block", closing_block);
        json_set(o, "shares", questions);
        *ret = o;
        return o ? 0 : -ENOMEM;
}
