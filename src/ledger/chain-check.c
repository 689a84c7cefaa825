/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/chain-private.h"

/* Whether entries are valid next; and who checks what they prove: threads beforehand, or the chain
 * when it connects them. */

int chain_check_rules(Chain *c, const Entry *e, uint64_t time, Why *why) {
        assert(c);
        assert(e);

        /* What is found out once about an entry's content is noted in it; nothing else of it is
         * touched. */
        return state_check(c->state, (Entry *) e, time, why);
}

int chain_check_entry(Chain *c, const Entry *e, uint64_t time, Why *why) {
        int r;

        r = chain_check_rules(c, e, time, why);
        return r != 0 ? r : content_check(c->state, (Entry *) e, why);
}

bool chain_entry_has_future(Chain *c, const Entry *e) {
        int r;

        assert(c);
        assert(e);

        r = state_check(c->state, (Entry *) e, c->tip.time, NULL);
        if (r == V_EARLY && e->kind == ENTRY_VOTE) {    /* would it do when the election is open? */
                const Election *el = state_election(c->state, &e->vote.election);

                if (election_closes(el))
                        r = state_check(c->state, (Entry *) e,
                                        el->act->entry->election.definition->opens, NULL);
        }

        switch (r) {

        case V_EARLY:
        case V_UNKNOWN:         /* what it names may come, or come again */
                return true;

        case V_SIGNER:          /* admins and rolls come and go; who votes in an election, or sits on
                                 * a board, does not change */
                return entry_kind_administers(e->kind) || e->kind == ENTRY_APPROVE ||
                       e->kind == ENTRY_TRUSTEE;

        case V_LIMIT:           /* of what one key may post, and nothing takes back */
                return e->kind != ENTRY_VOTE && e->kind != ENTRY_TRUSTEE;

        default:                /* valid, or our own failure, which is not the entry's */
                return r <= 0;
        }
}

/* --- sums --- */

void chain_set_sums_apart(Chain *c) {
        assert(c);

        sums_set_apart(c->sums);
}

int chain_sums_begin(Chain *c) {
        assert(c);

        return sums_begin(c->state);
}

int chain_sums_next(Chain *c, CheckContent **ret) {
        assert(c);

        return sums_next(c->state, ret);
}

bool chain_sums_take(Chain *c, CheckContent *slice) {
        assert(c);

        return sums_take(c->state, slice);
}

/* --- what entries prove --- */

void chain_set_workers(Chain *c, struct Workers *w) {
        assert(c);

        c->workers = c->state->workers = w;
}

void chain_set_content_sink(Chain *c, chain_content_fn fn, void *userdata) {
        assert(c);

        c->content_sink = fn;
        c->content_sink_userdata = userdata;
}

bool chain_entry_is_checked(Chain *c, const Entry *e) {
        assert(c);
        assert(e);

        return content_is_checked(c->state, e);
}

int chain_entry_content(Chain *c, Entry *e, CheckContent **ret, Why *why) {
        assert(c);
        assert(e);
        assert(ret);

        return content_make(c->state, e, ret, why);
}
