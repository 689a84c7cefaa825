/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blocks.h"

#include <inttypes.h>

#include "../unit/ledger/fixture.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "consensus/pow.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "crypto/sign.h"
#include "errand.h"
#include "sealed-plot.h"
#include "voted/limits.h"

#define HEX(id) id_hex((id), (char[ID_HEX]) {})

static void block_forget(KnownBlock *b) {
        free(b->text);
        free(b->entries);
        free(b);
}

void blocks_done(Blocks *b) {
        KnownBlock *x, *next;

        HASH_ITER(hh, b->blocks, x, next) {
                HASH_DEL(b->blocks, x);
                block_forget(x);
        }
}

KnownBlock* blocks_find(const Blocks *b, const Id *id) {
        KnownBlock *x;

        HASH_FIND(hh, b->blocks, id, sizeof(Id), x);
        return x;
}

const KnownBlock* blocks_at(const KnownBlock *tip, uint64_t height) {
        while (tip && tip->height > height)
                tip = tip->parent;
        return tip && tip->height == height ? tip : NULL;
}

const KnownBlock* blocks_last_vote(const KnownBlock *tip, unsigned election, unsigned voter, const KnownEntry **ret) {
        for (; tip; tip = tip->parent)
                for (size_t i = tip->n_entries; i > 0; i--) {
                        const KnownEntry *e = tip->entries + i - 1;

                        if (e->is_vote && e->election == (int) election && e->voter == (int) voter) {
                                *ret = e;
                                return tip;
                        }
                }
        return NULL;
}

const KnownBlock* blocks_holder(const KnownBlock *tip, const Id *entry) {
        for (; tip; tip = tip->parent)
                for (size_t i = 0; i < tip->n_entries; i++)
                        if (id_equal(&tip->entries[i].id, entry))
                                return tip;
        return NULL;
}

/* --- reading a block --- */

static bool is_signed(const Run *r, const Key *key, const char *kind, const char *line, size_t n, const Signature *s) {
        _cleanup_buf_ Buf message = {};
        SigCheck c = { .key = *key, .signature = *s };

        if (sign_message(&message, kind, &r->genesis->network, line, n) != 0)
                return false;
        c.message = buf_take(&message, &c.n_message);
        memo_check(r->world->memo, &c);
        free(c.message);
        return c.valid;
}

/* What is wrong, or NULL. */
static const char* read_header(const Run *r, const char *line, size_t n, KnownBlock *b, Id *ret_root, uint32_t *ret_count, Id *ret_parent) {
        Header h = {};

        if (header_parse(&h, r->n_authorities > 0 ? HEADER_VIEW : HEADER_DIFFICULTY, line, n, NULL) != 0)
                return "the header is not in form";
        if (!id_equal(&h.network, &r->genesis->network))
                return "the block is of another network";
        b->id = h.id;
        b->height = h.height;
        b->time = h.time;
        b->difficulty = r->n_authorities > 0 ? 0 : h.value;
        b->view = r->n_authorities > 0 ? h.value : 0;
        b->sealer = h.sealer;
        *ret_parent = h.parent;
        *ret_root = h.root;
        *ret_count = h.count;
        return NULL;
}

static const char* check_seal(const Run *r, const KnownBlock *b, const char *line, size_t n) {
        _cleanup_json_ Json *o = NULL;
        Signature signature;
        uint64_t nonce = 0;
        const char *text;
        uint8_t bytes[8];
        Id block;

        if (line_parse(&o, line, n, 4096, NULL) != 0 || json_get_id(o, "block", &block, NULL) != 0 ||
                        json_get_text(o, "nonce", 16, 16, &text, NULL) != 0 || hex_decode(bytes, 8, text, 16) != 0 ||
                        json_get_signature(o, "signature", &signature, NULL) != 0)
                return "the seal is not in form";
        for (size_t i = 0; i < 8; i++)
                nonce = nonce << 8 | bytes[i];
        if (!id_equal(&block, &b->id))
                return "the seal is another block's";
        if (b->difficulty == 0 || hash_work(&b->id, nonce) > UINT64_MAX / b->difficulty)
                return "the seal's work is too little";
        if (!is_signed(r, &b->sealer, "seal", line, n, &signature))
                return "the seal's signature does not verify";
        return NULL;
}

static const Key* authority(const Run *r, uint64_t number) {
        return &r->world->hosts[r->first_peer + number]->key;
}

/* n less a third of them, rounded down, who may lie. */
static unsigned quorum(const Run *r) {
        return r->n_authorities - (r->n_authorities - 1) / 3;
}

static const char* check_signed(const Run *r, const KnownBlock *b, const Json *pair, const char *of, int64_t before, int64_t *ret_number) {
        _cleanup_buf_ Buf line = {};
        Signature signature;
        const char *text;

        if (json_len(pair) != 2 || json_at_int(pair, 0, "number", 0, (int64_t) r->n_authorities - 1, ret_number, NULL) != 0 ||
                        json_at_text(pair, 1, "signature", 1, 128, &text, NULL) != 0)
                return "a certificate's signature is not in form";
        if (*ret_number <= before)
                return "a certificate has a signer twice";
        buf_printf(&line, "{\"block\":\"%s\",\"kind\":\"%s\",\"signature\":\"%s\",\"signer\":\"%s\",\"view\":%" PRIu64 "}", HEX(&b->id), of, text,
                        key_hex(authority(r, (uint64_t) *ret_number), (char[ID_HEX]) {}), b->view);
        _cleanup_json_ Json *o = NULL;
        if (line_parse(&o, line.p, line.n, 4096, NULL) != 0 || json_get_signature(o, "signature", &signature, NULL) != 0 ||
                        !is_signed(r, authority(r, (uint64_t) *ret_number), of, line.p, line.n, &signature))
                return "a certificate's signature does not verify";
        return NULL;
}

static const char* check_certificate(const Run *r, const KnownBlock *b, const char *line, size_t n) {
        _cleanup_json_ Json *o = NULL;
        const Json *c, *signatures, *pair;
        int64_t view, number = -1;
        const char *of, *wrong;
        Id block;

        if (line_parse(&o, line, n, 1U << 16, NULL) != 0 || json_get_object(o, "certificate", &c, NULL) != 0 ||
                        json_get_id(c, "block", &block, NULL) != 0 || json_get_text(c, "of", 1, 16, &of, NULL) != 0 ||
                        json_get_int(c, "view", 1, LINE_INT_MAX, &view, NULL) != 0 ||
                        json_get_array(c, "signatures", 1, r->n_authorities, &signatures, NULL) != 0)
                return "the seal is not in form";
        if (!id_equal(&block, &b->id) || (uint64_t) view != b->view)
                return "the certificate is another block's";
        if (!streq(of, "endorse") && !streq(of, "finalize"))
                return "the certificate is of another kind";
        if (json_len(signatures) < quorum(r))
                return "the certificate has too few signatures";
        if (!key_equal(&b->sealer, authority(r, b->view % r->n_authorities)))
                return "the block is not by its view's leader";
        if (b->parent && b->parent->view >= b->view)
                return "the view is not greater than the parent's";
        for (size_t i = 0; i < json_len(signatures); i++) {
                if (json_at_array(signatures, i, "signatures", 2, 2, &pair, NULL) != 0)
                        return "a certificate's signature is not in form";
                wrong = check_signed(r, b, pair, of, number, &number);
                if (wrong)
                        return wrong;
        }
        return NULL;
}

static int election_of(const Run *r, const Id *id) {
        for (unsigned i = 0; i < r->n_elections; i++)
                if (r->elections[i].posted && id_equal(&r->elections[i].id, id))
                        return (int) i;
        return -1;
}

static int voter_of(const Run *r, const Key *k) {
        for (unsigned i = 0; i < r->n_voters; i++)
                if (key_equal(fixture_key(FIXTURE_VOTER + i), k))
                        return (int) i;
        return -1;
}

static const char* check_seq(const KnownBlock *b, size_t before, const KnownEntry *e) {
        const KnownEntry *last = NULL;

        for (size_t i = before; i > 0 && !last; i--)
                if (b->entries[i - 1].is_vote && b->entries[i - 1].election == e->election && b->entries[i - 1].voter == e->voter)
                        last = b->entries + i - 1;
        if (!last)
                (void) blocks_last_vote(b->parent, (unsigned) e->election, (unsigned) e->voter, &last);
        if (last && e->seq <= last->seq)
                return "a vote's seq is not greater than that of the voter's last vote";
        return NULL;
}

/* What is in a sealed ballot only its voter knows; here the plot does. */
static bool sealed_choice(const Run *r, const Json *o, KnownEntry *e) {
        const Json *ballot, *sealed;

        if (json_get_object(o, "ballot", &ballot, NULL) != 0 || json_get_array(ballot, "sealed", 1, 1, &sealed, NULL) != 0)
                return false;
        for (size_t i = 0; i < r->n_votes; i++)
                if (id_equal(&r->votes[i].errand->id, &e->id)) {
                        e->choice = r->votes[i].choice;
                        return true;
                }
        return false;
}

static const char* check_vote(const Run *r, const KnownBlock *b, size_t before, const Json *o, KnownEntry *e) {
        const RunElection *el = e->election >= 0 ? &r->elections[e->election] : NULL;
        const Json *ballot, *choices, *choice;
        int64_t option;

        if (!el)
                return "a vote names no election";
        if (!blocks_holder(b->parent, &el->id) && b->height > 0) {
                bool here = false;

                for (size_t i = 0; i < before; i++)
                        here |= id_equal(&b->entries[i].id, &el->id);
                if (!here)
                        return "a vote names an election that comes later";
        }
        if (e->voter < 0)
                return "a vote is signed by none of the voters";
        if (b->time < el->opens || b->time >= el->closes + el->grace)
                return "a vote stands in a block outside the time of its election";
        if (r->sealed && e->election == 0)
                return sealed_choice(r, o, e) ? check_seq(b, before, e) : "a sealed ballot is none that a voter made";
        if (json_get_object(o, "ballot", &ballot, NULL) != 0 || json_get_array(ballot, "choices", 1, 1, &choices, NULL) != 0 ||
                        json_at_array(choices, 0, "choice", 0, 1, &choice, NULL) != 0)
                return "a ballot is not in form";
        e->choice = UINT32_MAX;                 /* blank */
        if (json_len(choice) == 1) {
                if (json_at_int(choice, 0, "option", 0, 2, &option, NULL) != 0)
                        return "a ballot names no option";
                e->choice = (unsigned) option;
        }
        return check_seq(b, before, e);
}

static const char* check_entry(const Run *r, KnownBlock *b, size_t i, const char *line, size_t n) {
        _cleanup_json_ Json *o = NULL;
        KnownEntry *e = b->entries + i;
        Signature signature;
        const char *kind;
        int64_t seq;
        Id election;
        Key signer;

        hash_bytes(&e->id, line, n);
        e->election = e->voter = -1;
        if (line_parse(&o, line, n, 1U << 20, NULL) != 0 || json_get_text(o, "kind", 1, 64, &kind, NULL) != 0 ||
                        json_get_key(o, "signer", &signer, NULL) != 0 ||
                        json_get_signature(o, "signature", &signature, NULL) != 0)
                return "an entry is not in form";
        if (!is_signed(r, &signer, kind, line, n, &signature))
                return "an entry's signature does not verify";
        for (size_t k = 0; k < i; k++)
                if (id_equal(&b->entries[k].id, &e->id))
                        return "an entry stands twice in a block";
        if (blocks_holder(b->parent, &e->id))
                return "an entry stands twice in the ledger";

        if (!streq(kind, "vote")) {
                for (unsigned k = 0; k < r->n_admins; k++)
                        if (key_equal(fixture_key(FIXTURE_ADMIN + k), &signer))
                                return NULL;
                if (sealed_plot_is_trustee(r, &signer) && (streq(kind, "trustee") || streq(kind, "deal") || streq(kind, "confirm") ||
                                streq(kind, "share")))
                        return NULL;
                return "an entry that administers is signed by no admin";
        }
        if (json_get_id(o, "election", &election, NULL) != 0 || json_get_int(o, "seq", 1, INT32_MAX, &seq, NULL) != 0)
                return "a vote is not in form";
        e->is_vote = true;
        e->election = election_of(r, &election);
        e->voter = voter_of(r, &signer);
        e->seq = (uint32_t) seq;
        return check_vote(r, b, i, o, e);
}

static const char* check_body(const Run *r, KnownBlock *b, const char *text, size_t n, uint32_t count, const Id *root) {
        _cleanup_free_ Id *ids = newN(Id, count + 1);
        const char *line;
        size_t n_line;
        Id found;

        b->entries = new0(KnownEntry, count + 1);
        if (!ids || !b->entries)
                world_die("block", -ENOMEM);
        while (line_next(&text, &n, &line, &n_line)) {
                const char *wrong;

                if (b->n_entries == count)
                        return "there are more entries than the header counts";
                wrong = check_entry(r, b, b->n_entries, line, n_line);
                if (wrong)
                        return wrong;
                ids[b->n_entries] = b->entries[b->n_entries].id;
                b->n_entries++;
        }
        if (b->n_entries != count)
                return "there are fewer entries than the header counts";
        merkle_root(&found, ids, count);
        return id_equal(&found, root) ? NULL : "the root is another one";
}

static const char* read_block(Blocks *all, KnownBlock *b, const char *text, size_t n) {
        const Run *r = all->run;
        const char *wrong, *line;
        Id root = {}, parent = {};
        uint32_t count = 0;
        size_t n_line;

        if (!line_next(&text, &n, &line, &n_line))
                return "there is no header";
        wrong = read_header(r, line, n_line, b, &root, &count, &parent);
        if (wrong)
                return wrong;
        b->parent = blocks_find(all, &parent);
        if (!b->parent && !id_equal(&parent, &r->genesis->network))
                return "the parent was on nobody's chain";
        if (b->height != (b->parent ? b->parent->height + 1 : 1))
                return "the height is not the parent's and one";
        if (b->time < (b->parent ? b->parent->time : r->genesis->created))
                return "the time is before the parent's";
        b->work = (b->parent ? b->parent->work : 0) + b->difficulty;
        if (!line_next(&text, &n, &line, &n_line))
                return "there is no seal";
        wrong = r->n_authorities > 0 ? check_certificate(r, b, line, n_line) : check_seal(r, b, line, n_line);
        return wrong ? wrong : check_body(r, b, text, n, count, &root);
}

KnownBlock* blocks_add(Blocks *all, const Host *host, const char *text, size_t n) {
        KnownBlock *b;
        const char *wrong;

        b = new0(KnownBlock, 1);
        if (!b)
                world_die("block", -ENOMEM);
        b->found_usec = all->run->world->now_usec;
        wrong = read_block(all, b, text, n);
        if (wrong) {
                world_fail(all->run->world, "what a node connects is valid by the rules", "host %u connected block %" PRIu64 " %s: %s",
                                host->number, b->height, HEX(&b->id), wrong);
                block_forget(b);
                return NULL;
        }
        b->text = malloc(n + 1);
        if (!b->text)
                world_die("block", -ENOMEM);
        memcpy(b->text, text, n);
        b->text[n] = '\0';
        b->n_text = n;
        HASH_ADD(hh, all->blocks, id, sizeof(Id), b);
        return b;
}
