/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trustee that does what votectl would not: deals one trustee a share that does not fit, or objects to a share that does.
 * Prints why it was refused and ends with 0; ends with 3 if it was taken.
 *
 *   false-trustee deal GENESIS KEY-FILE SOCKET BOARD VICTIM-SEAT
 *   false-trustee object GENESIS KEY-FILE SOCKET BOARD DEALER-SEAT      (with the sealing key in XDG_DATA_HOME)
 */
#include "codec/base64.h"
#include "crypto/deal.h"
#include "handin.h"
#include "votectl/trustee-lines.h"
#include "votectl/trusteestore.h"

static void get_board(VarlinkClient *c, const Genesis *g, const char *name, BoardView *ret) {
        _cleanup_json_ Json *reply = NULL;
        Json *params = json_new_object();
        Why why = {};

        json_set_text(params, "board", name);
        must(varlink_call(c, "org.voted.Peer.GetBoard", params, &reply, NULL, &why), name, &why);
        must(board_view_parse(ret, g, reply, &why), name, &why);
}

/* An honest deal, but for the share of one: that is sealed as it should be, and is a number of its own. */
static Json* deal_wrongly(const Genesis *g, const BoardView *b, unsigned seat, unsigned victim) {
        const SealedShareContext context = {
                .network = g->network,
                .board = b->entry->id,
                .dealer = b->line->trustees[seat],
                .trustee = b->line->trustees[victim],
        };
        uint8_t sealed[SEALED_SHARE_BYTES];
        Json *o = NULL, *wrong = json_new_array();
        _cleanup_stream_ Stream stream = {};
        const Json *shares;
        Scalar share;

        must(trustee_line_deal(&o, &g->network, b, seat), "a deal", NULL);
        stream_begin_random(&stream, "wrong share");
        stream_scalar(&stream, &share);
        share_seal(sealed, &context, board_view_sealing(b, victim), &share, &stream);

        must(json_get_array(o, "shares", b->line->n_trustees, b->line->n_trustees, &shares, NULL), "its shares", NULL);
        for (unsigned i = 0; i < b->line->n_trustees; i++)
                if (i == victim)
                        json_add_base64(wrong, sealed, sizeof sealed);
                else
                        json_add_text(wrong, json_text(json_at(shares, i)));
        json_set(o, "shares", wrong);
        return o;
}

/* What votectl would say if the share were another one: K = eR and its proof are those of the share in the ledger. */
static Json* object_wrongly(const Genesis *g, BoardView *b, unsigned seat, unsigned dealer) {
        _cleanup_(secret_scalar_freep) SecretScalar *sealing = NULL;
        Ctl c = { .quiet = true };
        Json *o = NULL;
        unsigned liar;

        if (b->n_deals < b->line->n_trustees)
                must(-EINVAL, "not all have dealt", NULL);
        if (trustee_store_open_key(&c, board_view_sealing(b, seat), &sealing) != 0)
                exit(EXIT_FAILURE);
        b->seats[dealer].deal.entry->deal.line->shares[seat][32] ^= 1;
        must(trustee_line_answer(&o, &g->network, b, seat, sealing, &liar), "an objection", NULL);
        if (liar != dealer)
                must(-EINVAL, "another share does not fit", NULL);
        return o;
}

int main(int argc, char **argv) {
        _cleanup_(varlink_client_freep) VarlinkClient *c = NULL;
        _cleanup_(secret_key_freep) SecretKey *key = NULL;
        _cleanup_(board_view_done) BoardView b = {};
        _cleanup_(genesis_freep) Genesis *g = NULL;
        const bool deals = argc > 1 && streq(argv[1], "deal");
        unsigned seat, other;
        Why why = {};
        Json *o;

        if (argc != 7 || (!deals && !streq(argv[1], "object")))
                must(-EINVAL, "usage: false-trustee deal|object GENESIS KEY-FILE SOCKET BOARD SEAT", NULL);
        must(crypto_init(&why), "crypto", &why);
        g = read_genesis(argv[2]);
        key = read_key(argv[3]);
        must(varlink_client_connect(&c, argv[4], &why), argv[4], &why);
        get_board(c, g, argv[5], &b);
        other = (unsigned) strtoul(argv[6], NULL, 10);
        if (!board_line_find_seat(b.line, secret_key_public(key), &seat) || other >= b.line->n_trustees)
                must(-EINVAL, "no such seat", NULL);

        o = deals ? deal_wrongly(g, &b, seat, other) : object_wrongly(g, &b, seat, other);
        return hand_in(c, g, key, deals ? "deal" : "object", o);
}
