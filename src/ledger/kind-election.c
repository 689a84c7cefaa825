/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/hex.h"
#include "election/sealed-form.h"
#include "ledger/board.h"

/* What makes an election and takes it back: `election` and `withdraw`. */

static Election* election_free(Election *e) {
        if (!e)
                return NULL;

        roll_set_unref(e->rolls);
        free(e->voters);
        free(e);
        return NULL;
}
DEFINE_CLEANUP(Election*, election_free)

/* --- election --- */

static int election_entry_parse(Entry *e, const Json *o, const Genesis *g, Why *why) {
        const Definition *d;
        int r;

        r = definition_parse(&e->election.definition, o, why);
        if (r != 0)
                return r;
        d = e->election.definition;
        if (d->secrecy == SECRECY_SEALED && (r = sealed_check_engine(g, why)) != 0)
                return r;
        r = definition_check(d, g->limits.vote_bytes, g->limits.grace, why);
        if (r != 0 || d->secrecy != SECRECY_SEALED)
                return r;

        if (sealed_share_bytes_max(d) > g->limits.entry_bytes)
                return why_set(why, V_DEFINITION,
                                "a trustee's share in opening the sums would have up to %zu bytes, the "
                                "network allows entries of %" PRIu32,
                                sealed_share_bytes_max(d), g->limits.entry_bytes);
        return 0;
}

static void election_entry_done(Entry *e) {
        definition_unref(e->election.definition);
}

static int election_check_effect(State *s, const Entry *e, uint64_t time, Why *why) {
        const Definition *d = e->election.definition;
        const Election *el = state_election(s, &e->id);

        if (el && el->withdrawn)
                return why_set(why, V_LATE, "election %s was withdrawn", d->name);
        if (!election_in_time(s, d, time))
                return s->genesis->limits.notice > 0
                                       ? why_set(why, V_LATE,
                                                         "election %s opens at %" PRIu64
                                                         " and must be approved %" PRIu32
                                                         " s before that, the block's time is "
                                                         "%" PRIu64,
                                                         d->name, d->opens,
                                                         s->genesis->limits.notice, time)
                                       : why_set(why, V_LATE,
                                                         "election %s opens at %" PRIu64
                                                         " and must be approved before that, the "
                                                         "block's time is %" PRIu64,
                                                         d->name, d->opens, time);
        return 0;
}

/* The board of a sealed election: in effect, not void yet, and made for it. */
static int check_board(const State *s, const Definition *d, uint64_t time, Why *why) {
        const Board *b = state_board(s, &d->board);
        const BoardLine *line;

        if (!b)
                return why_set(why, V_UNKNOWN, "\"board\" names %s, which is no board in the ledger",
                                id_hex(&d->board, (char[ID_HEX]) {}));
        line = board_line(b);

        switch (board_phase(b, time)) {

        case BOARD_PENDING:
                return why_set(why, V_EARLY,
                                "board %s awaits approvals: post the election when it is in effect",
                                line->name);

        case BOARD_VOID:
                return board_refuse_void(b, time, why);

        case BOARD_DEALING:
        case BOARD_CONFIRMING:
        case BOARD_READY:
        case _BOARD_PHASE_MAX:
                break;
        }

        for (size_t i = 0; i < line->n_elections; i++)
                if (streq(line->elections[i], d->name))
                        return 0;
        return why_set(why, V_DEFINITION, "board %s does not serve an election %s: its entry names those that it does",
                        line->name, d->name);
}

static int election_check(State *s, Entry *e, uint64_t time, Why *why) {
        const Definition *d = e->election.definition;
        _cleanup_(roll_set_unrefp) RollSet *rolls = NULL;
        int r;

        r = state_check_name(s, d->name, why);
        if (r != 0)
                return r;
        if (d->secrecy != SECRECY_SEALED)
                return state_rolls(s, d, &rolls, why);

        if ((r = check_board(s, d, time, why)) != 0 || (r = state_rolls(s, d, &rolls, why)) != 0)
                return r;
        return sealed_rolls_check(d, rolls, why);
}

static int election_post(State *s, Act *act) {
        const Definition *d = act->entry->election.definition;
        _cleanup_(election_freep) Election *e = NULL;
        int r;

        if (state_check_name(s, d->name, NULL) != 0)
                return -EUCLEAN;
        r = GROW(s->elections, s->n_elections, s->allocated_elections);
        if (r < 0)
                return r;

        e = new0(Election, 1);
        if (!e)
                return -ENOMEM;
        e->act = act;
        e->grace = d->grace > 0 ? d->grace : s->genesis->limits.grace;
        if (d->secrecy == SECRECY_SEALED) {
                e->board = state_board(s, &d->board);
                if (!e->board)
                        return -EUCLEAN;
        }

        r = state_rolls(s, d, &e->rolls, NULL);
        if (r != 0)
                return r < 0 ? r : -EUCLEAN;

        HASH_ADD_KEYPTR(hh, s->by_name, d->name, strlen(d->name), e);
        if (!e->hh.tbl)
                return -ENOMEM;

        act->election = e;
        s->elections[s->n_elections++] = TAKE_PTR(e);
        return 0;
}

static void election_unpost(State *s, Act *act) {
        assert(s->n_elections > 0 && s->elections[s->n_elections - 1] == act->election);

        s->n_elections--;
        HASH_DELETE(hh, s->by_name, act->election);
        act->election = election_free(act->election);
}

const EntryType entry_type_election = {
        .name = "election",
        .limit = offsetof(Limits, entry_bytes),
        .administers = true,
        .parse = election_entry_parse,
        .done = election_entry_done,
        .check = election_check,
        .post = election_post,
        .unpost = election_unpost,
        .check_effect = election_check_effect,
};

/* --- withdraw: {"election":id,"kind":"withdraw","signature":...,"signer":key} --- */

static int withdraw_parse(Entry *e, const Json *o, const Genesis *g, Why *why) {
        int r;

        (void) g;

        r = json_check_keys(o, JSON_KEYS("election", "kind", "signature", "signer"), why);
        if (r != 0)
                return r;
        return json_get_id(o, "election", &e->withdraw.election, why);
}

static int withdraw_check_effect(State *s, const Entry *e, uint64_t time, Why *why) {
        const Definition *d;
        Election *el;
        int r;

        r = state_find_election(s, &e->withdraw.election, &el, why);
        if (r != 0)
                return r;

        d = el->act->entry->election.definition;
        if (el->withdrawn)
                return why_set(why, V_DUPLICATE, "election %s was withdrawn already", d->name);
        if (el->act->effect == 0 && !election_in_time(s, d, time))
                return why_set(why, V_LATE, "election %s is void: it was not approved in time",
                                d->name);
        if (time >= d->opens)
                return why_set(why, V_LATE,
                                "election %s opened at %" PRIu64 ", the block's time is %" PRIu64
                                ": only before it opens can it be withdrawn",
                                d->name, d->opens, time);
        return 0;
}

static int withdraw_post(State *s, Act *act) {
        act->election = state_election(s, &act->entry->withdraw.election);
        return act->election ? 0 : -EUCLEAN;
}

static int withdraw_effect(State *s, Act *act) {
        (void) s;

        if (act->election->withdrawn)
                return -EUCLEAN;
        act->election->withdrawn = act;
        return 0;
}

static void withdraw_uneffect(State *s, Act *act) {
        (void) s;

        act->election->withdrawn = NULL;
}

const EntryType entry_type_withdraw = {
        .name = "withdraw",
        .limit = offsetof(Limits, entry_bytes),
        .administers = true,
        .parse = withdraw_parse,
        .post = withdraw_post,
        .check_effect = withdraw_check_effect,
        .effect = withdraw_effect,
        .uneffect = withdraw_uneffect,
};
