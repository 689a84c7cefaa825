/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sealed.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "codec/hex.h"
#include "crypto/merkle.h"
#include "election/sealed-ballot.h"
#include "ledger/state.h"

static void must(const char *what, int r, const Why *why) {
        if (r == 0)
                return;
        (void) fprintf(stderr, "sealed: %s: %d %s\n", what, r, why ? why->text : "");
        abort();
}

static void stream_of(Stream *s, const char *label, unsigned a, unsigned b) {
        uint8_t seed[32] = { (uint8_t) a, (uint8_t) (a >> 8), (uint8_t) b, (uint8_t) (b >> 8), 77 };

        stream_begin(s, seed, label);
}

void sealed_board_init(SealedBoard *b, const Genesis *g, unsigned threshold, unsigned n) {
        *b = (SealedBoard) { .genesis = g, .threshold = threshold, .n = n };
        for (unsigned i = 0; i < n; i++) {
                _cleanup_stream_ Stream stream = {};
                Scalar e;

                stream_of(&stream, "sealing", i, 0);
                stream_scalar(&stream, &e);
                must("sealing key", secret_scalar_new(&b->trustees[i].e, &e), NULL);
                stream_done(&stream);
                stream_of(&stream, "polynomial", i, 0);
                must("polynomial", polynomial_new(&b->trustees[i].polynomial, threshold, &stream), NULL);
        }
}

void sealed_board_done(SealedBoard *b) {
        for (unsigned i = 0; i < b->n; i++) {
                secret_scalar_free(b->trustees[i].e);
                secret_scalar_free(b->trustees[i].x);
                polynomial_free(b->trustees[i].polynomial);
        }
        *b = (SealedBoard) {};
}

/* --- before there is a key --- */

Entry* sealed_trustee(SealedBoard *b, unsigned i) {
        const SecretScalar *e = b->trustees[i].e;
        SealingStatement t = {
                .network = b->genesis->network,
                .signer = *fixture_key(SEALED_TRUSTEE + i),
                .sealing = *secret_scalar_public(e),
        };
        _cleanup_stream_ Stream stream = {};
        uint8_t proof[KNOWLEDGE_BYTES];
        Json *o = json_new_object();

        stream_of(&stream, "trustee", i, 0);
        sealing_make(proof, &t, e, &stream);
        json_set_hex32(o, "sealing", t.sealing.b);
        json_set_base64(o, "proof", proof, sizeof(proof));
        return fixture_entry(b->genesis, SEALED_TRUSTEE + i, "trustee", o);
}

Entry* sealed_roll_of_trustees(SealedBoard *b, unsigned signer) {
        Json *o = json_new_object(), *voters = json_new_array();

        for (unsigned i = 0; i < b->n; i++) {
                Json *pair = json_new_array();

                json_add_key(pair, fixture_key(SEALED_TRUSTEE + i));
                json_add_int(pair, 1);
                json_add(voters, pair);
        }
        json_set_text(o, "name", "trustees");
        json_set_int(o, "part", 0);
        json_set(o, "voters", voters);
        return fixture_entry(b->genesis, signer, "roll", o);
}

Entry* sealed_board(SealedBoard *b, unsigned signer, const char *name, const char *elections, uint64_t until) {
        _cleanup_buf_ Buf text = {};
        Entry *e;

        buf_printf(&text, "{'name':'%s','threshold':%u,'elections':[%s],'until':%" PRIu64 ",'trustees':[", name,
                        b->threshold, elections, until);
        for (unsigned i = 0; i < b->n; i++)
                buf_printf(&text, "%s'%s'", i > 0 ? "," : "",
                                key_hex(fixture_key(SEALED_TRUSTEE + i), (char[ID_HEX]) {}));
        buf_printf(&text, "]}");
        e = fixture_entry(b->genesis, signer, "board", fixture_json(text.p));
        b->id = e->id;
        return e;
}

Entry* sealed_deal(SealedBoard *b, unsigned dealer, unsigned wrong) {
        const Polynomial *p = b->trustees[dealer].polynomial;
        const Element *commitments = polynomial_commitments(p);
        DealStatement t = {
                .network = b->genesis->network,
                .board = b->id,
                .dealer = *fixture_key(SEALED_TRUSTEE + dealer),
                .commitments = commitments,
                .n_commitments = b->threshold,
        };
        Json *o = json_new_object(), *as = json_new_array(), *proofs = json_new_array(), *shares = json_new_array();
        _cleanup_stream_ Stream stream = {};
        Entry *e;

        stream_of(&stream, "deal", dealer, 0);
        for (unsigned k = 0; k < b->threshold; k++) {
                uint8_t proof[KNOWLEDGE_BYTES];

                coefficient_make(proof, &t, k, polynomial_coefficient(p, k), &stream);
                json_add_hex32(as, commitments[k].b);
                json_add_base64(proofs, proof, sizeof(proof));
        }
        for (unsigned i = 0; i < b->n; i++) {
                SealedShareContext context = {
                        .network = t.network,
                        .board = t.board,
                        .dealer = t.dealer,
                        .trustee = *fixture_key(SEALED_TRUSTEE + i),
                };
                uint8_t sealed[SEALED_SHARE_BYTES];
                Scalar share, one;

                polynomial_share(p, i, &share);
                if (i == wrong) {
                        scalar_from_u64(&one, 1);
                        scalar_add(&share, &share, &one);
                }
                share_seal(sealed, &context, secret_scalar_public(b->trustees[i].e), &share, &stream);
                json_add_base64(shares, sealed, sizeof(sealed));
        }
        json_set_id(o, "board", &b->id);
        json_set(o, "commitments", as);
        json_set(o, "proofs", proofs);
        json_set(o, "shares", shares);
        e = fixture_entry(b->genesis, SEALED_TRUSTEE + dealer, "deal", o);
        b->deals[dealer] = e->id;
        b->deal_lines[dealer] = *e->deal.line;
        return e;
}

void sealed_root(const SealedBoard *b, Id *ret) {
        merkle_root(ret, b->deals, b->n);
}

Entry* sealed_confirm(SealedBoard *b, unsigned i) {
        Json *o = json_new_object();
        Id root;

        sealed_root(b, &root);
        json_set_id(o, "board", &b->id);
        json_set_id(o, "deals", &root);
        return fixture_entry(b->genesis, SEALED_TRUSTEE + i, "confirm", o);
}

Entry* sealed_object(SealedBoard *b, unsigned i, unsigned dealer) {
        const SecretScalar *e = b->trustees[i].e;
        ObjectStatement t = {
                .network = b->genesis->network,
                .board = b->id,
                .dealer = *fixture_key(SEALED_TRUSTEE + dealer),
                .trustee = *fixture_key(SEALED_TRUSTEE + i),
                .sealing = *secret_scalar_public(e),
        };
        _cleanup_stream_ Stream stream = {};
        uint8_t proof[EQUAL_BYTES];
        Json *o = json_new_object();
        Id root;

        must("R", sealed_share_decode(b->deal_lines[dealer].shares[i], &t.r), NULL);
        must("K", share_opening_key(&t.k, e, b->deal_lines[dealer].shares[i]), NULL);
        stream_of(&stream, "object", i, dealer);
        object_make(proof, &t, e, &stream);

        sealed_root(b, &root);
        json_set_id(o, "board", &b->id);
        json_set_id(o, "deals", &root);
        json_set_key(o, "dealer", &t.dealer);
        json_set_hex32(o, "key", t.k.b);
        json_set_base64(o, "proof", proof, sizeof(proof));
        return fixture_entry(b->genesis, SEALED_TRUSTEE + i, "object", o);
}

/* --- with a key --- */

void sealed_open_deals(SealedBoard *b) {
        for (unsigned i = 0; i < b->n; i++) {
                Scalar shares[TRUSTEES_MAX];

                for (unsigned d = 0; d < b->n; d++) {
                        SealedShareContext context = {
                                .network = b->genesis->network,
                                .board = b->id,
                                .dealer = *fixture_key(SEALED_TRUSTEE + d),
                                .trustee = *fixture_key(SEALED_TRUSTEE + i),
                        };

                        must("share", share_open(&shares[d], &context, b->trustees[i].e, b->deal_lines[d].shares[i]),
                                        NULL);
                }
                b->trustees[i].x = secret_scalar_free(b->trustees[i].x);
                must("share of the key", board_share_secret(&b->trustees[i].x, shares, b->n), NULL);
        }
}

void sealed_key(const SealedBoard *b, Element *ret) {
        Element all[TRUSTEES_MAX * TRUSTEES_MAX];

        for (unsigned d = 0; d < b->n; d++)
                memcpy(all + d * b->threshold, b->deal_lines[d].commitments, b->threshold * sizeof(Element));
        board_key(ret, all, b->n, b->threshold);
}

Json* sealed_ballot(SealedBoard *b, unsigned voter, const Entry *election, unsigned seq, const char *choices) {
        _cleanup_(ballot_freep) Ballot *ballot = NULL;
        _cleanup_json_ Json *open = NULL;
        _cleanup_buf_ Buf text = {};
        Definition *d = election->election.definition;
        BallotStatement t = {
                .network = b->genesis->network,
                .election = election->id,
                .signer = *fixture_key(voter),
                .seq = seq,
        };
        uint8_t seed[32] = { (uint8_t) voter, (uint8_t) (voter >> 8), (uint8_t) seq, 99 };
        Json *sealed = NULL;
        Why why = {};

        buf_printf(&text, "{'choices':%s}", choices);
        open = fixture_json(text.p);
        must(choices, ballot_parse(&ballot, d, open, &why), &why);
        sealed_key(b, &t.board_key);
        must("ballot", sealed_ballot_make(&sealed, d, &t, ballot, seed), NULL);
        return sealed;
}

Entry* sealed_vote(SealedBoard *b, unsigned voter, const Entry *election, unsigned seq, const char *choices) {
        Json *o = json_new_object();

        json_set(o, "ballot", sealed_ballot(b, voter, election, seq, choices));
        json_set_id(o, "election", &election->id);
        json_set_int(o, "seq", seq);
        return fixture_entry(b->genesis, voter, "vote", o);
}

Json* sealed_share_json_of(SealedBoard *b, const ElectionInfo *e, unsigned trustee, const Cipher *ciphers) {
        const SecretScalar *x = b->trustees[trustee].x;
        ShareStatement t = {
                .network = b->genesis->network,
                .election = e->id,
                .block = e->closing_block,
                .trustee = trustee,
                .share_key = *secret_scalar_public(x),
        };
        Json *o = json_new_object(), *shares = json_new_array();
        _cleanup_stream_ Stream stream = {};
        size_t k = 0;

        stream_of(&stream, "share", trustee, 0);
        for (size_t i = 0; i < e->definition->n_questions; i++) {
                Json *options = json_new_array();

                for (size_t option = 0; option < e->definition->questions[i].n_options; option++, k++) {
                        Json *pair = json_new_array();
                        uint8_t proof[EQUAL_BYTES];

                        t.question = (uint32_t) i;
                        t.option = (uint32_t) option;
                        t.alpha = ciphers[k].alpha;
                        if (element_is_identity(&t.alpha)) {
                                json_add_text(pair, "");
                                json_add_text(pair, "");
                        } else {
                                element_mul(&t.part, secret_scalar_value(x), &t.alpha);
                                share_make(proof, &t, x, &stream);
                                json_add_base64(pair, t.part.b, sizeof(t.part.b));
                                json_add_base64(pair, proof, sizeof(proof));
                        }
                        json_add(options, pair);
                }
                json_add(shares, options);
        }
        json_set_id(o, "election", &e->id);
        json_set_id(o, "block", &e->closing_block);
        json_set(o, "shares", shares);
        return o;
}

Json* sealed_share_json(SealedBoard *b, Chain *c, const ElectionInfo *e, unsigned trustee) {
        const SealedTotal *total;

        must("sum", chain_sealed_total(c, e, &total), NULL);
        return sealed_share_json_of(b, e, trustee, sealed_total_ciphers(total));
}

Entry* sealed_share(SealedBoard *b, Chain *c, const ElectionInfo *e, unsigned trustee) {
        return fixture_entry(b->genesis, SEALED_TRUSTEE + trustee, "share", sealed_share_json(b, c, e, trustee));
}

Entry* sealed_election(SealedBoard *b, unsigned signer, const char *name, const Id *rolls, size_t n_rolls,
                uint64_t opens, uint64_t closes, const char *more) {
        _cleanup_buf_ Buf text = {};

        buf_printf(&text, "'secrecy':'sealed','board':'%s'%s%s", id_hex(&b->id, (char[ID_HEX]) {}),
                        more ? "," : "", more ? more : "");
        return fixture_election(b->genesis, signer, name, rolls, n_rolls, opens, closes, text.p);
}

static void connect(Chain *c, uint64_t time, Entry *e) {
        Why why = {};

        must("block", FIXTURE_CONNECT(c, time, &why, e), &why);
        entry_unref(e);
}

void sealed_make_ready(SealedBoard *b, Chain *c, const char *name, const char *elections, uint64_t time) {
        connect(c, time, sealed_roll_of_trustees(b, FIXTURE_ADMIN));
        for (unsigned i = 0; i < b->n; i++)
                connect(c, time, sealed_trustee(b, i));
        connect(c, time, sealed_board(b, FIXTURE_ADMIN, name, elections, SEALED_UNTIL));
        for (unsigned i = 0; i < b->n; i++)
                connect(c, time, sealed_deal(b, i, UINT_MAX));
        for (unsigned i = 0; i < b->n; i++)
                connect(c, time, sealed_confirm(b, i));
        sealed_open_deals(b);
}

/* --- lines with something changed --- */

char* sealed_unsigned(const Entry *e) {
        const char *at = strstr(e->line, ",\"signature\":\""), *end;
        char *line = strdup(e->line);

        if (!at || !line)
                abort();
        end = strchr(at + strlen(",\"signature\":\""), '"') + 1;
        memmove(line + (at - e->line), end, strlen(end) + 1);
        return line;
}

void sealed_set_signer(char *line, unsigned signer) {
        char *at = strstr(line, "\"signer\":\"");

        if (!at)
                abort();
        memcpy(at + strlen("\"signer\":\""), key_hex(fixture_key(signer), (char[ID_HEX]) {}), 64);
}

int sealed_resign(Entry **ret, const Genesis *g, unsigned signer, const char *kind, const char *line, Why *why) {
        _cleanup_buf_ Buf text = {};

        must("signature", sign_line(&text, fixture_secret(signer), kind, &g->network, line, strlen(line)), NULL);
        return entry_parse(ret, g, text.p, text.n, why);
}

int sealed_judge(Chain *c, unsigned signer, const char *kind, const char *line, uint64_t time, Why *why) {
        _cleanup_(entry_unrefp) Entry *e = NULL;
        int r;

        r = sealed_resign(&e, chain_genesis(c), signer, kind, line, why);
        return r != 0 ? r : chain_check_entry(c, e, time, why);
}

bool sealed_flip(char *c) {
        if ((*c >= '0' && *c < '9') || (*c >= 'a' && *c < 'f') || (*c >= 'g' && *c < 'z') || (*c >= 'A' && *c < 'Z'))
                ++*c;
        else if (*c == '9' || *c == 'f' || *c == 'z' || *c == 'Z')
                --*c;
        else
                return false;
        return true;
}
