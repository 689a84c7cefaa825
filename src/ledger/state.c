/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/state.h"

#include <inttypes.h>

#include "codec/hex.h"

static Act* act_free(Act *a) {
        if (!a)
                return NULL;

        entry_unref(a->entry);
        free(a->signers);
        free(a->roll_key);
        free(a);
        return NULL;
}
DEFINE_CLEANUP(Act*, act_free)

int state_new(State **ret, const Genesis *g, Store *store) {
        _cleanup_(state_freep) State *s = NULL;

        assert(ret);
        assert(g);
        assert(store);

        s = new0(State, 1);
        if (!s)
                return -ENOMEM;
        s->genesis = g;
        s->store = store;

        s->allocated_admins = MAX(g->n_admins, 1U);
        s->admins = new0(Admin, s->allocated_admins);
        s->in_force = new0(Key, ADMINS_MAX);
        if (!s->admins || !s->in_force)
                return -ENOMEM;
        for (size_t i = 0; i < g->n_admins; i++)
                s->admins[s->n_admins++] = (Admin) { .key = g->admins[i] };
        state_admins_changed(s);

        *ret = TAKE_PTR(s);
        return 0;
}

State* state_free(State *s) {
        if (!s)
                return NULL;

        s->n_votes = 0;
        state_undo(s, 0);
        free(s->acts);
        free(s->elections);
        free(s->admins);
        free(s->in_force);
        free(s->votes);
        roll_set_unref(s->spare_rolls);
        free(s->spare_ids);
        free(s);
        return NULL;
}

Act* state_act(const State *s, const Id *id) {
        Act *a;

        assert(s);
        assert(id);

        HASH_FIND(hh, s->by_id, id, sizeof(*id), a);
        return a;
}

Election* state_election(const State *s, const Id *id) {
        Act *a = state_act(s, id);

        return a && a->entry->kind == ENTRY_ELECTION ? a->election : NULL;
}

bool state_is_admin(const State *s, const Key *k) {
        for (size_t i = 0; i < s->n_in_force; i++)
                if (key_equal(&s->in_force[i], k))
                        return true;
        return false;
}

void state_admins_changed(State *s) {
        s->n_in_force = 0;
        for (size_t i = 0; i < s->n_admins; i++)
                if (!s->admins[i].removed && s->n_in_force < ADMINS_MAX)
                        s->in_force[s->n_in_force++] = s->admins[i].key;
}

unsigned act_approvals(const State *s, const Act *a) {
        unsigned n = 0;

        for (size_t i = 0; i < a->n_signers; i++)
                n += state_is_admin(s, &a->signers[i]);
        return n;
}

void state_begin(State *s, uint64_t height, uint64_t time, const Id *block) {
        assert(s);
        assert(block);

        s->n_votes = 0;
        s->height = height;
        s->time = time;
        for (size_t i = 0; i < s->n_elections; i++) {
                Election *e = s->elections[i];

                if (e->closing_height == 0 && election_closes(e) && time >= election_end(e)) {
                        e->closing_height = height;
                        e->closing_block = *block;
                }
        }
}

int state_time_at(State *s, uint64_t height, uint64_t *ret) {
        StoredBlock b = {};
        int r;

        assert(s);
        assert(ret);

        if (height == s->height) {
                *ret = s->time;
                return 0;
        }
        r = s->store->ops->block_get(s->store, height, &b);
        if (r < 0)
                return r == -ENODATA ? -EUCLEAN : r;
        *ret = b.time;
        stored_block_done(&b);
        return 0;
}

void state_keep(State *s) {
        assert(s);

        s->n_votes = 0;
        for (size_t i = 0; i < s->n_elections; i++)
                if (s->elections[i]->closing_height > 0) {
                        free(s->elections[i]->voters);
                        s->elections[i]->voters = NULL;
                }
}

/* --- checking --- */

static int check_posting(State *s, Entry *e, uint64_t time, Why *why) {
        const EntryType *t = entry_type(e->kind);
        int r;

        if (!state_is_admin(s, &e->signer))
                return why_set(why, V_SIGNER, "%s is not an admin of this network",
                                key_hex(&e->signer, (char[ID_HEX]) {}));

        if (s->genesis->approvals > 1) {
                size_t n = 0;

                for (size_t i = 0; i < s->n_acts; i++)
                        n += s->acts[i]->n_signers > 0 && s->acts[i]->effect == 0 &&
                             key_equal(&s->acts[i]->signers[0], &e->signer);
                if (n >= PENDING_MAX)
                        return why_set(why, V_LIMIT,
                                        "%zu entries of this admin are not approved, at most %u "
                                        "may wait",
                                        n, PENDING_MAX);
        }

        r = t->check_effect ? t->check_effect(s, e, time, why) : 0;
        if (r != 0)
                return r;
        return t->check ? t->check(s, e, time, why) : 0;
}

int state_check(State *s, Entry *e, uint64_t time, Why *why) {
        const EntryType *t;
        const Act *a;

        assert(s);
        assert(e);

        t = entry_type(e->kind);
        if (e->kind == ENTRY_VOTE)
                return t->check(s, e, time, why);

        a = state_act(s, &e->id);
        if (a)
                return why_set(why, V_DUPLICATE,
                                "this %s is in the ledger already, in block %" PRIu64, t->name,
                                PLACE_HEIGHT(a->place));
        if (t->administers)
                return check_posting(s, e, time, why);
        return t->check ? t->check(s, e, time, why) : 0;
}

/* --- applying and taking back --- */

int state_effect(State *s, Act *act, Place place) {
        const EntryType *t = entry_type(act->entry->kind);
        int r;

        assert(act->effect == 0);

        r = t->effect ? t->effect(s, act) : 0;
        if (r == 0)
                act->effect = place;
        return r;
}

void state_uneffect(State *s, Act *act) {
        const EntryType *t = entry_type(act->entry->kind);

        act->effect = 0;
        if (t->uneffect)
                t->uneffect(s, act);
}

static int apply_vote(State *s, Entry *e) {
        VoterState *v;
        uint32_t number;
        Election *el;
        int r;

        el = state_election(s, &e->vote.election);
        if (!el || !election_voter(el, e, &number))
                return -EUCLEAN;
        if ((r = election_load_votes(s, el)) < 0 ||
            (r = GROW(s->votes, s->n_votes, s->allocated_votes)) < 0)
                return r;

        v = &el->voters[number];
        s->votes[s->n_votes++] = (VoteDone) {
                .election = el,
                .voter = number,
                .before = *v,
        };
        el->ballots += v->count == 0;
        *v = (VoterState) { .seq = e->vote.seq, .count = v->count + 1 };
        return 0;
}

int state_apply(State *s, Entry *e, Place place) {
        _cleanup_(act_freep) Act *a = NULL;
        const EntryType *t;
        int r;

        assert(s);
        assert(e);

        if (e->kind == ENTRY_VOTE)
                return apply_vote(s, e);

        t = entry_type(e->kind);
        r = GROW(s->acts, s->n_acts, s->allocated_acts);
        if (r < 0)
                return r;

        a = new0(Act, 1);
        if (!a)
                return -ENOMEM;
        a->entry = entry_ref(e);
        a->place = place;
        if (t->administers) {
                a->signers = new0(Key, 1);
                if (!a->signers)
                        return -ENOMEM;
                a->signers[a->n_signers++] = e->signer;
        }

        if (state_act(s, &e->id))
                return -EUCLEAN;
        HASH_ADD_KEYPTR(hh, s->by_id, &a->entry->id, sizeof(Id), a);
        if (!a->hh.tbl)
                return -ENOMEM;

        r = t->post ? t->post(s, a) : 0;
        if (r < 0) {
                HASH_DELETE(hh, s->by_id, a);
                return r;
        }
        s->acts[s->n_acts++] = a;

        if (t->administers && act_approvals(s, a) >= s->genesis->approvals) {
                r = state_effect(s, a, place);
                if (r < 0) {
                        s->n_acts--;
                        if (t->unpost)
                                t->unpost(s, a);
                        HASH_DELETE(hh, s->by_id, a);
                        return r;
                }
        }

        (void) TAKE_PTR(a);
        return 0;
}

static void undo_act(State *s, Act *a) {
        const EntryType *t = entry_type(a->entry->kind);

        /* Approvals that came later are gone: what is still in effect was so at once. */
        if (t->administers && a->effect > 0)
                state_uneffect(s, a);
        if (t->unpost)
                t->unpost(s, a);
        HASH_DELETE(hh, s->by_id, a);
        act_free(a);
}

void state_undo(State *s, uint64_t height) {
        assert(s);

        while (s->n_votes > 0) {
                const VoteDone *v = &s->votes[--s->n_votes];

                v->election->voters[v->voter] = v->before;
                v->election->ballots -= v->before.count == 0;
        }

        while (s->n_acts > 0 && PLACE_HEIGHT(s->acts[s->n_acts - 1]->place) >= height)
                undo_act(s, s->acts[--s->n_acts]);

        for (size_t i = 0; i < s->n_elections; i++)
                if (s->elections[i]->closing_height >= height) {
                        s->elections[i]->closing_height = 0;
                        s->elections[i]->closing_block = (Id) {};
                }
}

int state_find_closings(State *s, uint64_t tip) {
        assert(s);

        for (size_t i = 0; i < s->n_elections; i++) {
                uint64_t low = 1,
                         high = tip +
                                1; /* the first block in [low, high) with time >= end, or high */
                Election *e = s->elections[i];
                int r;

                if (!election_closes(e))
                        continue;

                while (low < high) {
                        uint64_t middle = low + (high - low) / 2;
                        StoredBlock b = {};

                        r = s->store->ops->block_get(s->store, middle, &b);
                        if (r < 0)
                                return r == -ENODATA ? -EUCLEAN : r;
                        if (b.time >= election_end(e)) {
                                high = middle;
                                e->closing_block = b.id;
                        } else
                                low = middle + 1;
                        stored_block_done(&b);
                }
                if (low <= tip)
                        e->closing_height = low;
        }
        return 0;
}
