/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/hex.h"
#include "ledger/state.h"

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
        int r;

        r = definition_parse(&e->election.definition, o, why);
        if (r != 0)
                return r;
        if (e->election.definition->secrecy != SECRECY_OPEN)
                return why_set(why, V_DEFINITION,
                                "sealed elections need the quorum engine and a board of trustees, "
                                "which this version of voted does not have: use \"open\"");
        return definition_check(e->election.definition, g->limits.vote_bytes, g->limits.grace, why);
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

static int election_check(State *s, Entry *e, uint64_t time, Why *why) {
        const Definition *d = e->election.definition;
        _cleanup_(roll_set_unrefp) RollSet *rolls = NULL;
        const Election *other;

        (void) time;

        other = state_election_by_name(s, d->name);
        if (other)
                return why_set(why, V_DUPLICATE,
                                "there is an election %s already, in block %" PRIu64
                                ": a name is taken for ever, choose another",
                                d->name, PLACE_HEIGHT(other->act->place));

        return state_rolls(s, d, &rolls, why);
}

static int election_post(State *s, Act *act) {
        const Definition *d = act->entry->election.definition;
        _cleanup_(election_freep) Election *e = NULL;
        int r;

        if (state_election_by_name(s, d->name))
                return -EUCLEAN;
        r = GROW(s->elections, s->n_elections, s->allocated_elections);
        if (r < 0)
                return r;

        e = new0(Election, 1);
        if (!e)
                return -ENOMEM;
        e->act = act;
        e->grace = d->grace > 0 ? d->grace : s->genesis->limits.grace;

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
        const Election *el = state_election(s, &e->withdraw.election);
        const Definition *d;

        if (!el)
                return why_set(why, V_UNKNOWN,
                                "\"election\" names %s, which is no election in the ledger",
                                id_hex(&e->withdraw.election, (char[ID_HEX]) {}));

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
