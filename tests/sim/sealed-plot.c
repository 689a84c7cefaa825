/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sealed-plot.h"

#include <inttypes.h>
#include <limits.h>

#include "../unit/ledger/sealed.h"
#include "codec/hex.h"
#include "errand.h"

#define TRUSTEES  3U
#define THRESHOLD 2U
#define LOOK_USEC (5 * USEC_PER_SEC)    /* how often a trustee looks whether there is something to open */

struct Sealed {
        SealedBoard board;
        bool opened;            /* the shares are handed in */
        bool silent;            /* trustee 1 never deals: the board comes to nothing, and all say by whose fault */
};

bool sealed_plot_draw(const RunOptions *o) {
        Prng p;

        prng_seed(&p, o->seed ^ UINT64_C(0x7365616c6564));
        return o->quorum && !o->figures && (o->sealed || prng_below(&p, 10) == 0);
}

void sealed_plot_begin(Run *r) {
        Prng p;

        prng_seed(&p, r->options.seed ^ UINT64_C(0x73696c656e74));
        r->sealed = new0(Sealed, 1);
        if (!r->sealed)
                world_die("sealed", -ENOMEM);
        r->sealed->silent = prng_below(&p, 4) == 0;
        sealed_board_init(&r->sealed->board, r->genesis, THRESHOLD, TRUSTEES);
}

void sealed_plot_end(Run *r) {
        if (r->sealed)
                sealed_board_done(&r->sealed->board);
        free(r->sealed);
        r->sealed = NULL;
}

bool sealed_plot_is_trustee(const Run *r, const Key *k) {
        for (unsigned i = 0; r->sealed && i < TRUSTEES; i++)
                if (key_equal(fixture_key(SEALED_TRUSTEE + i), k))
                        return true;
        return false;
}

/* Takes e over. */
static Errand* hand_in(Run *r, Entry *e, uint64_t at_usec) {
        Errand *errand = errand_new(r->world, e->line, e->n_line, at_usec);

        entry_unref(e);
        return errand;
}

static void approve(Run *r, const Entry *what, uint64_t at_usec) {
        for (unsigned i = 1; i < r->approvals; i++)
                hand_in(r, fixture_approve(r->genesis, FIXTURE_ADMIN + i, what), at_usec);
}

/* --- opening it --- */

/* What a trustee does: it opens what is final only, and one sum only, and speaks to its own peer: one that is behind may have
 * another closing block still, and refuse the share. */
static void open_at(Run *r, Host *h) {
        Chain *chain = peer_chain(h->peer);
        ElectionInfo info;

        if (chain_election_by_id(chain, &r->elections[0].id, &info) < 0 || info.phase != ELECTION_COUNTING ||
                        info.closing_height > peer_final_height(h->peer))
                return;
        for (unsigned i = 0; i < THRESHOLD; i++)
                hand_in(r, sealed_share(&r->sealed->board, chain, &info, TRUSTEES - 1 - i), r->world->now_usec)->kept_at = h->number;
        r->sealed->opened = true;
}

static void on_look(World *w, uint64_t a, uint64_t b) {
        Run *r = w->setup.userdata;

        (void) a;
        (void) b;
        for (unsigned i = 0; i < r->n_peers && !r->sealed->opened; i++) {
                Host *h = w->hosts[r->first_peer + i];

                if (h->up && h->peer && h->honest)
                        open_at(r, h);
        }
        if (!r->sealed->opened && w->now_usec + LOOK_USEC < r->end_usec)
                world_at(w, w->now_usec + LOOK_USEC, "trustees", on_look, 0, 0);
}

/* --- making it --- */

void sealed_plot_post(Run *r) {
        SealedBoard *b = &r->sealed->board;
        const RunElection *el = &r->elections[0];
        uint64_t now = r->world->now_usec, step = 3 * r->interval * USEC_PER_SEC;
        char elections[64];
        Entry *e;

        e = sealed_roll_of_trustees(b, FIXTURE_ADMIN);
        approve(r, e, now + USEC_PER_SEC);
        hand_in(r, e, now);
        for (unsigned i = 0; i < TRUSTEES; i++)
                hand_in(r, sealed_trustee(b, i), now + step);

        (void) snprintf(elections, sizeof(elections), "'%s'", el->name);
        e = sealed_board(b, FIXTURE_ADMIN, "trust", elections, el->opens);
        approve(r, e, now + 2 * step + USEC_PER_SEC);
        hand_in(r, e, now + 2 * step);
        for (unsigned i = 0; i < TRUSTEES; i++) {
                e = sealed_deal(b, i, UINT_MAX);
                if (i == 1 && r->sealed->silent)
                        entry_unref(e);
                else
                        hand_in(r, e, now + 3 * step);
        }
        for (unsigned i = 0; i < TRUSTEES; i++)
                hand_in(r, sealed_confirm(b, i), now + 3 * step + USEC_PER_SEC);
        sealed_open_deals(b);
        world_at(r->world, (el->closes + el->grace - WORLD_WALL_SEC) * USEC_PER_SEC, "trustees", on_look, 0, 0);
}

void sealed_plot_check(Run *r, Host *h) {
        _cleanup_json_ Json *status = NULL;
        const Json *boards;
        const char *text = "nothing";
        BoardInfo info;

        if (!r->sealed || !r->sealed->silent || chain_board_by_name(peer_chain(h->peer), "trust", &info) < 0 ||
                        info.n_deals + 1 < TRUSTEES || info.approvals < info.approvals_needed)
                return;
        if (peer_status(h->peer, r->world->now_usec, &status) < 0)
                world_die("status", -ENOMEM);
        if (json_get_array(status, "boards", 1, 1, &boards, NULL) == 0)
                text = json_text(json_at(boards, 0));
        if (info.phase == BOARD_READY || !strstr(text, "trustee 1 (") || strstr(text, "trustee 0"))
                world_fail(r->world, "who is silent is named", "host %u says %s of a board that waits for trustee 1", h->number, text);
}

char* sealed_plot_election(const Run *r) {
        Buf b = {};

        buf_printf(&b, ",'secrecy':'sealed','board':'%s','least':2,'exposed':true",
                        id_hex(&r->sealed->board.id, (char[ID_HEX]) {}));
        return buf_take(&b, NULL) ?: (world_die("sealed", -ENOMEM), NULL);
}

char* sealed_plot_ballot(Run *r, const RunElection *el, unsigned voter, uint32_t seq, unsigned choice) {
        _cleanup_(entry_unrefp) Entry *election = NULL;
        _cleanup_json_ Json *ballot = NULL;
        char choices[16];
        Buf b = {};

        if (entry_parse(&election, r->genesis, el->errand->line, el->errand->n_line, NULL) != 0)
                world_die("sealed election", V_FORM);
        (void) snprintf(choices, sizeof(choices), "[[%u]]", choice);
        ballot = sealed_ballot(&r->sealed->board, FIXTURE_VOTER + voter, election, seq, choices);
        if (json_dump(ballot, &b) != 0)
                world_die("sealed ballot", -ENOMEM);
        return buf_take(&b, NULL);
}
