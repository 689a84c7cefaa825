/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump.h"

#include <inttypes.h>

#include "codec/hex.h"
#include "ledger/chain-private.h"

#define HEX(id) id_hex((id), (char[ID_HEX]) {})
#define KEY(k)  key_hex((k), (char[ID_HEX]) {})

static int on_entry(void *userdata, Place place, int kind, const char *line, size_t n) {
        buf_printf(userdata, "line %" PRIu64 " %d %.*s\n", place, kind, (int) n, line);
        return 0;
}

static int on_vote(void *userdata, const StoredVote *v) {
        buf_printf(userdata,
                        " voter %" PRIu32 " seq %" PRIu32 " count %" PRIu32 " place %" PRIu64 "\n",
                        v->voter, v->seq, v->count, v->place);
        return 0;
}

static void dump_act(const State *s, const Act *a, Buf *b) {
        buf_printf(b, "act %" PRIu64 " %s %s effect %" PRIu64 " approvals %u by", a->place,
                        entry_kind_name(a->entry->kind), HEX(&a->entry->id), a->effect,
                        act_approvals(s, a));
        for (size_t i = 0; i < a->n_signers; i++)
                buf_printf(b, " %s", KEY(&a->signers[i]));
        buf_printf(b, " target %s found %d\n", a->target ? HEX(&a->target->entry->id) : "none",
                        state_act(s, &a->entry->id) == a);
}

static void dump_election(Chain *c, Election *e, Buf *b) {
        const Definition *d = e->act->entry->election.definition;
        ElectionInfo info = {};
        int r;

        r = chain_election_by_name(c, d->name, &info);
        buf_printf(b,
                        "election %s %d %s grace %" PRIu64 " closing %" PRIu64
                        " %s approvals %u of %u voters %" PRIu64 " weight %" PRIu64
                        " ballots %" PRIu64 " drawn %d %s withdrawn %" PRIu64 "\n",
                        d->name, r, election_phase_name(info.phase), info.grace,
                        info.closing_height, HEX(&info.closing_block), info.approvals,
                        info.approvals_needed, info.voters, info.weight, info.ballots, info.drawn,
                        strna(info.draw_value), e->withdrawn ? e->withdrawn->place : 0);

        /* What is kept of the voters beside the store agrees with it. */
        r = c->store->ops->vote_each(c->store, e->act->place, on_vote, b);
        buf_printf(b, " votes %d\n", r);
        for (uint32_t i = 0; e->voters && i < roll_set_size(e->rolls); i++) {
                StoredVote v = {};

                (void) c->store->ops->vote_last(c->store, e->act->place, i, &v);
                if (v.seq != e->voters[i].seq || v.count != e->voters[i].count)
                        buf_printf(b,
                                        " voter %" PRIu32 " is kept with seq %" PRIu32
                                        " count %" PRIu32 "\n",
                                        i, e->voters[i].seq, e->voters[i].count);
        }
}

void dump_chain(Chain *c, Buf *ret) {
        const State *s = c->state;

        buf_printf(ret, "tip %" PRIu64 " %" PRIu64 " %s\n", c->tip.height, c->tip.time,
                        HEX(&c->tip.id));
        for (uint64_t h = 1; h <= c->tip.height + 1; h++) {
                StoredBlock block = {};
                uint64_t found = 0;

                if (c->store->ops->block_get(c->store, h, &block) < 0)
                        continue;
                (void) c->store->ops->block_find(c->store, &block.id, &found);
                buf_printf(ret,
                                "block %" PRIu64 " found %" PRIu64 " time %" PRIu64
                                " count %" PRIu32 " work %u %s %s\n",
                                h, found, block.time, block.count, block.work[15], block.header,
                                block.seal);
                stored_block_done(&block);
        }
        (void) c->store->ops->entry_each(
                        c->store, 0, UINT64_MAX >> 1, STORE_KIND_ALL, on_entry, ret);

        for (size_t i = 0; i < s->n_acts; i++)
                dump_act(s, s->acts[i], ret);
        for (size_t i = 0; i < s->n_admins; i++)
                buf_printf(ret, "admin %s added %" PRIu64 " removed %" PRIu64 "\n",
                                KEY(&s->admins[i].key),
                                s->admins[i].added ? s->admins[i].added->place : 0,
                                s->admins[i].removed ? s->admins[i].removed->place : 0);
        for (size_t i = 0; i < s->n_in_force; i++)
                buf_printf(ret, "in force %s\n", KEY(&s->in_force[i]));
        for (size_t i = 0; i < s->n_elections; i++)
                dump_election(c, s->elections[i], ret);

        for (uint64_t i = c->recent.first; i < c->recent.end; i++) {
                const RecentId *r = &c->recent.ring[i % RECENT_IDS_MAX];
                Place place = 0;

                buf_printf(ret, "recent %" PRIu64 " %s found %d\n", r->place, HEX(&r->id),
                                recent_find(&c->recent, &r->id, &place) && place == r->place);
        }
}
