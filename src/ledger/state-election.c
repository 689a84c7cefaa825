/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/hex.h"
#include "ledger/board.h"

/* What the state knows of elections beside their entries: who may vote, and who has voted. */

bool election_in_time(const State *s, const Definition *d, uint64_t time) {
        return time < d->opens && d->opens - time >= s->genesis->limits.notice;
}

bool election_stands(const Election *e) {
        return e->act->effect > 0 && !e->withdrawn;
}

int election_check_stands(const State *s, const Election *e, uint64_t time, Why *why) {
        const Definition *d = e->act->entry->election.definition;

        if (e->withdrawn)
                return why_set(why, V_LATE, "election %s was withdrawn", d->name);
        if (e->act->effect == 0 && election_in_time(s, d, time))
                return why_set(why, V_EARLY, "election %s awaits approvals", d->name);
        if (e->act->effect == 0)
                return why_set(why, V_LATE, "election %s is void: it was not approved in time", d->name);
        if (time >= d->opens && election_lacks_board(e))
                return why_set(why, V_LATE,
                                "election %s is void: its board was not ready when it opened", d->name);
        return 0;
}

bool election_lacks_board(const Election *e) {
        const Definition *d = e->act->entry->election.definition;

        return e->board && (e->board->ready_time == 0 || e->board->ready_time >= d->opens);
}

bool election_closes(const Election *e) {
        return election_stands(e) && !election_lacks_board(e);
}

bool election_voter(const Election *e, Entry *vote, uint32_t *ret) {
        if (vote->vote.voter == 0) {
                if (!roll_set_find(e->rolls, &vote->signer, ret, NULL))
                        return false;
                vote->vote.voter = *ret + 1;
        }
        *ret = vote->vote.voter - 1;
        return true;
}

uint64_t election_end(const Election *e) {
        return e->act->entry->election.definition->closes + e->grace;
}

int state_find_election(const State *s, const Id *id, Election **ret, Why *why) {
        Election *e = state_election(s, id);

        if (!e)
                return why_set(why, V_UNKNOWN, "\"election\" names %s, which is no election in the ledger",
                                id_hex(id, (char[ID_HEX]) {}));
        *ret = e;
        return 0;
}

Election* state_election_by_name(const State *s, const char *name) {
        Election *e;

        assert(s);
        assert(name);

        HASH_FIND_STR(s->by_name, name, e);
        return e;
}

int state_check_name(const State *s, const char *name, Why *why) {
        const Election *e = state_election_by_name(s, name);
        const Board *b = state_board_by_name(s, name);

        if (!e && !b)
                return 0;
        return why_set(why, V_DUPLICATE,
                        "there is %s %s already, in block %" PRIu64
                        ": a name is taken for ever, choose another",
                        e ? "an election" : "a board", name,
                        PLACE_HEIGHT(e ? e->act->place : b->act->place));
}

/* --- rolls --- */

static bool same_ids(const Id *a, size_t n_a, const Id *b, size_t n_b) {
        return n_a == n_b && (n_a == 0 || memcmp(a, b, n_a * sizeof(Id)) == 0);
}

static int check_rolls(const State *s, const Definition *d, Why *why) {
        for (size_t i = 0; i < d->n_rolls; i++) {
                const Act *a = state_act(s, &d->rolls[i]);
                char hex[ID_HEX];

                if (!a)
                        return why_set(why, V_UNKNOWN,
                                        "\"rolls\" names %s, which is not in the ledger",
                                        id_hex(&d->rolls[i], hex));
                if (a->entry->kind != ENTRY_ROLL)
                        return why_set(why, V_DEFINITION,
                                        "\"rolls\" names %s, which is of kind \"%s\", expected a "
                                        "roll",
                                        id_hex(&d->rolls[i], hex), entry_kind_name(a->entry->kind));
                if (a->effect == 0)
                        return why_set(why, V_EARLY,
                                        "roll %s, part %" PRIu32 ", awaits approvals: post the "
                                                                 "election when it is in effect",
                                        a->entry->roll.name, a->entry->roll.part);
        }
        return 0;
}

static int build_rolls(const State *s, const Definition *d, RollSet **ret, Why *why) {
        _cleanup_(roll_set_unrefp) RollSet *set = NULL;
        int r;

        r = roll_set_new(&set);
        if (r < 0)
                return r;

        for (size_t i = 0; i < d->n_rolls; i++) {
                const Act *a = state_act(s, &d->rolls[i]);

                r = roll_set_add(set, a->entry->roll.roll, why);
                if (r > 0)
                        return why_prefix(why, r, "roll %s, part %" PRIu32, a->entry->roll.name,
                                        a->entry->roll.part);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(set);
        return 0;
}

/* Elections of the same rolls share one set, and what was built to check an election serves when it
 * is applied. */
int state_rolls(State *s, const Definition *d, RollSet **ret, Why *why) {
        RollSet *set = NULL;
        Id *ids;
        int r;

        assert(s);
        assert(d);
        assert(ret);

        r = check_rolls(s, d, why);
        if (r != 0)
                return r;

        if (s->spare_rolls && same_ids(s->spare_ids, s->n_spare_ids, d->rolls, d->n_rolls)) {
                *ret = roll_set_ref(s->spare_rolls);
                return 0;
        }
        for (size_t i = 0; i < s->n_elections; i++) {
                const Definition *other = s->elections[i]->act->entry->election.definition;

                if (same_ids(other->rolls, other->n_rolls, d->rolls, d->n_rolls)) {
                        *ret = roll_set_ref(s->elections[i]->rolls);
                        return 0;
                }
        }

        r = build_rolls(s, d, &set, why);
        if (r != 0)
                return r;

        ids = newN(Id, MAX(d->n_rolls, 1U));
        if (ids) {
                if (d->n_rolls > 0)
                        memcpy(ids, d->rolls, d->n_rolls * sizeof(Id));
                free(s->spare_ids);
                roll_set_unref(s->spare_rolls);
                s->spare_ids = ids;
                s->n_spare_ids = d->n_rolls;
                s->spare_rolls = roll_set_ref(set);
        }

        *ret = set;
        return 0;
}

/* --- votes --- */

static int on_voter(void *userdata, const StoredVote *v) {
        Election *e = ASSERT_PTR(userdata);

        if (v->voter >= roll_set_size(e->rolls))
                return -EUCLEAN;

        e->ballots++;
        if (e->voters)
                e->voters[v->voter] = (VoterState) { .seq = v->seq, .count = v->count };
        return 0;
}

static int read_votes(State *s, Election *e) {
        int r;

        e->ballots = 0;
        r = s->store->ops->vote_each(s->store, e->act->place, 0, on_voter, e);
        e->ballots_known = r == 0;
        return r;
}

int election_load_votes(State *s, Election *e) {
        int r;

        assert(s);
        assert(e);

        if (e->voters)
                return 0;

        e->voters = new0(VoterState, MAX(roll_set_size(e->rolls), (size_t) 1));
        if (!e->voters)
                return -ENOMEM;

        r = read_votes(s, e);
        if (r < 0) {
                free(e->voters);
                e->voters = NULL;
        }
        return r;
}

int election_count_ballots(State *s, Election *e) {
        assert(s);
        assert(e);

        return e->ballots_known ? 0 : read_votes(s, e);
}

int state_read_ballot(State *s, Place place, Buf *line, const char **ret_ballot, size_t *ret_n) {
        size_t before = line->n;
        Entry e = {};
        int r;

        r = s->store->ops->entry_get(s->store, place, NULL, line);
        if (r < 0)
                return r == -ENODATA ? -EUCLEAN : r;

        *ret_ballot = line->p + before;
        *ret_n = line->n - before;
        if (s->lean)
                return 0;

        if (vote_parse_canonical(&e, *ret_ballot, *ret_n) != 0)
                return -EUCLEAN;
        e.line = line->p + before;
        *ret_ballot = entry_ballot_text(&e);
        *ret_n = e.vote.n_ballot;
        return 0;
}

int state_vote_undone(State *s, const Entry *vote) {
        StoredVote last = {};
        VoterState *v;
        uint32_t number;
        Election *e;
        int r;

        assert(s);
        assert(vote);

        e = state_election(s, &vote->vote.election);
        if (!e)
                return 0;
        if (!e->voters) {
                e->ballots_known = false;
                return 0;
        }

        if (!roll_set_find(e->rolls, &vote->signer, &number, NULL))
                return -EUCLEAN;
        r = s->store->ops->vote_last(s->store, e->act->place, number, &last);
        if (r < 0 && r != -ENODATA)
                return r;

        v = &e->voters[number];
        e->ballots -= v->count > 0;
        e->ballots += last.count > 0;
        *v = (VoterState) { .seq = last.seq, .count = last.count };
        return 0;
}
