/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/hash.h"
#include "node/peer-internal.h"

/* Local users: what they hand in, and what they wait for. Every user has an allowance of refused
 * lines; lines that are fine cost nothing of it, since the pool's bound paces them. */

#define REFUSED_SIZE    1000
#define REFUSED_PER_SEC 10
#define FIND_DEPTH      64U     /* blocks that are searched for an entry that moved */

static Allowance* allowance_of(Peer *p, uint32_t uid) {
        size_t i;

        for (i = 0; i < p->n_uids; i++)
                if (p->uids[i].uid == uid)
                        break;
        if (i == p->n_uids) {
                if (p->n_uids < ELEMENTSOF(p->uids))
                        p->n_uids++;
                else
                        i = p->next_uid++ % ELEMENTSOF(p->uids);
                p->uids[i].uid = uid;
                p->uids[i].refused = (Allowance) {};
        }
        allowance_fill(&p->uids[i].refused, REFUSED_SIZE, REFUSED_PER_SEC, p->now_usec);
        return &p->uids[i].refused;
}

static void reply(Peer *p, uint64_t request, Json *o, bool more) {
        peer_effect(p,
                        &(NodeEffect) { .type = NODE_FX_REPLY,
                                        .request = request,
                                        .json = o,
                                        .more = more });
}

void submit_refuse(Peer *p, uint64_t request, uint32_t uid, int verdict, const Why *why) {
        NodeEffect fx = { .type = NODE_FX_REPLY, .request = request, .verdict = verdict };

        if (verdict != V_BUSY && verdict != V_FULL)     /* that is not the line's fault */
                allowance_of(p, uid)->left--;
        fx.data = strdup(why->text);
        if (!fx.data) {
                p->failed = -ENOMEM;
                return;
        }
        fx.n_data = strlen(fx.data);
        peer_effect(p, &fx);
}

/* {"entry":EntryState} of the control interface. */
static int state_json(Peer *p, const Id *id, const char *state, Place place, Json **ret) {
        EngineStatus status = {};
        Json *o = json_new_object(), *whole = json_new_object();

        if (!o || !whole) {
                (void) json_free(o);
                (void) json_free(whole);
                return -ENOMEM;
        }
        json_set_id(o, "id", id);
        json_set_text(o, "state", state);
        if (place != 0) {
                p->engine->type->status(p->engine, &status);
                json_set_int(o, "height", (int64_t) PLACE_HEIGHT(place));
                json_set_int(o, "position", (int64_t) PLACE_POSITION(place));
                json_set_int(o, "confirmations",
                                (int64_t) (chain_tip(p->chain)->height - PLACE_HEIGHT(place)));
                json_set_int(o, "needed", status.confirmations);
        }
        json_set(whole, "entry", o);
        *ret = whole;
        return 0;
}

static const char* state_at(const Peer *p, Place place) {
        return PLACE_HEIGHT(place) <= p->final_height ? "final" : "block";
}

static int reply_state(Peer *p, uint64_t request, const Id *id, const char *state, Place place,
                bool more) {
        Json *o;
        int r;

        r = state_json(p, id, state, place, &o);
        if (r < 0)
                return r;
        reply(p, request, o, more);
        return 0;
}

int submit_in_pool(Peer *p, uint64_t request, const Id *id) {
        return reply_state(p, request, id, "pool", 0, false);
}

/* The voter's last vote in the ledger, if it is this very line: an old one is in no index of ids.
 */
static int find_vote(Peer *p, const char *line, size_t n, Place *ret) {
        _cleanup_(entry_unrefp) Entry *e = NULL;
        _cleanup_buf_ Buf stored = {};
        ElectionInfo info;
        StoredVote vote;
        int r;

        r = entry_parse(&e, p->genesis, line, n, NULL);
        if (r != 0 || e->kind != ENTRY_VOTE)
                return r < 0 ? r : -ENODATA;
        r = chain_election_by_id(p->chain, &e->vote.election, &info);
        if (r == 0)
                r = chain_voter(p->chain, &info, &e->signer, NULL, NULL, &vote);
        if (r != 0)
                return r < 0 ? r : -ENODATA;
        r = p->store->ops->entry_get(p->store, vote.place, NULL, &stored);
        if (r < 0)
                return r;
        if (stored.n != n || memcmp(stored.p, line, n) != 0)
                return -ENODATA;
        *ret = vote.place;
        return 0;
}

int submit_line(Peer *p, const NodeEvent *ev) {
        Origin o = { .request = ev->request, .uid = ev->uid, .voter = true };
        int r, verdict;
        Place place;
        Why why;
        Id id;

        if (allowance_of(p, ev->uid)->left <= 0) {
                submit_refuse(p, ev->request, ev->uid, V_BUSY,
                                &(Why) { "too many lines of this user were refused, wait a few "
                                         "seconds" });
                return 0;
        }
        hash_bytes(&id, ev->data, ev->n_data);
        r = chain_find_entry(p->chain, &id, 0, &place);
        if (r == 0)
                return reply_state(p, ev->request, &id, state_at(p, place), place, false);
        if (r != -ENODATA)
                return r;

        r = admit_line(p, &o, ev->data, ev->n_data, &verdict, &why);
        if (r < 0 || verdict == 0)
                return r;
        if (verdict == V_SEQ) {
                r = find_vote(p, ev->data, ev->n_data, &place);
                if (r == 0)
                        return reply_state(p, ev->request, &id, state_at(p, place), place, false);
                if (r != -ENODATA)
                        return r;
        }
        submit_refuse(p, ev->request, ev->uid, verdict, &why);
        return 0;
}

/* --- waiting --- */

static int find_again(Peer *p, Watch *w) {
        uint64_t top = chain_tip(p->chain)->height;
        int r;

        if (w->place != 0 && w->n_switches == p->n_switches)
                return 0;
        r = chain_find_entry(p->chain, &w->id,
                        w->place != 0 ? (top > FIND_DEPTH ? top - FIND_DEPTH : 1) : 0, &w->place);
        if (r == -ENODATA)
                w->place = 0;
        else if (r < 0)
                return r;
        w->n_switches = p->n_switches;
        return 0;
}

/* *ret_over: it is final, nothing more will come. */
static int update(Peer *p, Watch *w, bool *ret_over) {
        const char *state;
        uint64_t depth = 0;
        int r;

        r = find_again(p, w);
        if (r < 0)
                return r;
        if (w->place != 0) {
                state = state_at(p, w->place);
                depth = chain_tip(p->chain)->height - PLACE_HEIGHT(w->place);
        } else {
                const Item *i = item_table_find(&p->items, &w->id);

                state = i && (i->state == ITEM_POOLED || i->state == ITEM_CHECKING) ? "pool"
                                                                                    : "unknown";
        }
        *ret_over = streq(state, "final");
        if (w->said && streq(w->said, state) && w->depth == depth)
                return 0;
        w->said = state;
        w->depth = depth;
        return reply_state(p, w->request, &w->id, state, w->place, !*ret_over);
}

static void watch_remove(Peer *p, size_t i) {
        p->watches[i] = p->watches[--p->n_watches];
}

int submit_watch(Peer *p, const NodeEvent *ev) {
        bool over;
        int r;

        if (p->n_watches == WATCHES_MAX) {
                submit_refuse(p, ev->request, ev->uid, V_BUSY,
                                &(Why) { "too many wait for their entries, try again later" });
                return 0;
        }
        if (p->n_watches == p->allocated_watches) {
                size_t n = p->allocated_watches ? p->allocated_watches * 2 : 16;
                Watch *watches = reallocarray(p->watches, n, sizeof(Watch));

                if (!watches)
                        return -ENOMEM;
                p->watches = watches;
                p->allocated_watches = n;
        }
        p->watches[p->n_watches++] = (Watch) { .request = ev->request, .id = ev->id };
        r = update(p, p->watches + p->n_watches - 1, &over);
        if (r < 0)
                return r;
        if (over)
                watch_remove(p, p->n_watches - 1);
        return 0;
}

void submit_cancel(Peer *p, uint64_t request) {
        for (size_t i = p->n_watches; i > 0; i--)
                if (p->watches[i - 1].request == request)
                        watch_remove(p, i - 1);
}

int submit_update_watches(Peer *p) {
        for (size_t i = p->n_watches; i > 0; i--) {
                bool over;
                int r;

                r = update(p, p->watches + i - 1, &over);
                if (r < 0)
                        return r;
                if (over)
                        watch_remove(p, i - 1);
        }
        return 0;
}

void submit_done(Peer *p) {
        free(p->watches);
}
