/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/time.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/hash.h"
#include "node/peer-internal.h"

/* From a line to the pool. What is cheap is checked first: is it here already, form, rights, seq,
 * room; then the signature, which costs more than all else together; and what counts against
 * anybody is counted after that (checked.c). */

/* --- who waits for a verdict --- */

static int wait_for(Item *i, const Origin *o) {
        Waiter *w;

        w = new0(Waiter, 1);
        if (!w)
                return -ENOMEM;
        *w = (Waiter) { .next = i->waiters, .request = o->request, .uid = o->uid };
        i->waiters = w;
        return 0;
}

/* The verdict, or 0: it waits in the pool. */
static int answer(Peer *p, Item *i, int verdict, const Why *why) {
        while (i->waiters) {
                _cleanup_free_ Waiter *w = i->waiters;
                int r;

                i->waiters = w->next;
                if (verdict > 0) {
                        submit_refuse(p, w->request, w->uid, verdict, why);
                        continue;
                }
                r = submit_in_pool(p, w->request, &i->id);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- rules --- */

static int late_by_clock(Peer *p, const Entry *e, Why *why) {
        ElectionInfo info;
        char t[FORMAT_TIME_MAX];
        int r;

        r = chain_election_by_id(p->chain, &e->vote.election, &info);
        if (r < 0)
                return r == -ENODATA ? 0 : r;
        if (p->now_sec < info.definition->closes)
                return 0;
        return why_set(why, V_LATE, "the election closed at %s, by this peer's clock",
                        format_time(t, info.definition->closes));
}

/* Everything but the signature and what costs as much as that. The chain's verdict, the voter's
 * deadline, and what the pool would say. */
int admit_judge(Peer *p, Entry *e, bool voter, Why *why) {
        const ChainTip *tip = chain_tip(p->chain);
        int r;

        r = chain_check_rules(p->chain, e, MAX(p->now_sec, tip->time), why);
        if (r != 0)
                return r;
        if (e->kind == ENTRY_VOTE) {
                const Entry *rival = pool_find_vote(p->pool, &e->vote.election, &e->signer);

                if (rival && rival->vote.seq >= e->vote.seq)
                        return why_set(why, V_SEQ,
                                        "seq is %u, but a vote of this voter with seq %u waits in "
                                        "the pool already",
                                        e->vote.seq, rival->vote.seq);
                if (voter) {
                        r = late_by_clock(p, e, why);
                        if (r != 0)
                                return r;
                }
        }
        if (pool_bytes(p->pool) + e->n_line > POOL_BYTES_MAX)
                return why_set(why, V_FULL,
                                "the pool is full (%u MiB), try again after the next block",
                                POOL_BYTES_MAX >> 20);
        return 0;
}

/* --- into the pool --- */

/* i has a verified entry that was judged fit. 0, the pool's verdict, -ENOMEM. */
int admit_enter(Peer *p, Item *i, Why *why) {
        _cleanup_(entry_unrefp) Entry *replaced = NULL;
        int r;

        r = pool_add(p->pool, i->entry, p->now_usec, &replaced, why);
        if (r != 0)
                return r;

        if (replaced) {
                Item *old = item_table_find(&p->items, &replaced->id);

                if (old) {
                        r = pooled_forget(p, old);
                        if (r < 0)
                                return r;
                        pooled_leave(p, old);
                }
        }
        item_table_move(&p->items, i, ITEM_POOLED);
        i->since_usec = p->now_usec;
        p->pool_changed = p->pool_due = p->changed = true;
        gossip_queue(p, i);
        return answer(p, i, 0, NULL);
}

int admit_refuse(Peer *p, Item *i, int verdict, const Why *why) {
        int r;

        r = answer(p, i, verdict, why);
        if (r < 0)
                return r;
        if (verdict != V_FULL)
                lately_add(&p->refused, &i->id, p->now_usec);
        r = pooled_forget(p, i);
        if (r < 0)
                return r;
        if (i->n_blocks > 0)
                item_table_move(&p->items, i, ITEM_HELD);
        else
                item_table_remove(&p->items, i);
        return 0;
}

/* The keys of a roll cost as much as so many signatures: they are checked where those are. */
static int hand_keys_to_check(Peer *p, Item *i, Entry *e) {
        const Roll *roll = e->roll.roll;

        e->content_checked = true;      /* once all answers are here; before that it goes nowhere */
        for (size_t k = 0; k < roll->n_voters; k++) {
                SigCheck c = { .key = roll->voters[k].key };
                int r;

                r = verify_add(p, (CheckFor) { .type = CHECK_KEY,
                                                .id = i->id,
                                                .serial = i->checking },
                                &c);
                if (r < 0)
                        return r;
                i->n_pending++;
        }
        return 0;
}

int admit_hand_to_check(Peer *p, Item *i, Entry *e, CheckContent *content) {
        SigCheck c = {};
        int r = 0;

        if (!e->verified || !content)
                r = entry_sig_check(e, p->genesis, &c);
        c.content = content;
        if (r < 0) {
                sig_check_done(&c);
                return r;
        }
        i->checking = peer_token(p);
        r = verify_add(p,
                        (CheckFor) { .type = CHECK_ENTRY, .id = i->id, .serial = i->checking },
                        &c);
        if (r < 0)
                return r;
        i->n_pending = 1;
        if (e->kind == ENTRY_ROLL) {
                r = hand_keys_to_check(p, i, e);
                if (r < 0)
                        return r;
        }
        if (i->state == ITEM_WANTED)
                gossip_unwant(p, i);
        item_table_move(&p->items, i, ITEM_CHECKING);
        i->entry = entry_ref(e);
        i->since_usec = p->now_usec;
        i->version = p->version;
        return 0;
}

int admit_content(Peer *p, Entry *e, CheckContent **ret, bool *ret_needs_sum, Why *why) {
        int r;

        r = chain_entry_content(p->chain, e, ret, why);
        *ret_needs_sum = r == -EAGAIN;
        return r == -EAGAIN ? 0 : r;
}

int admit_line(Peer *p, const Origin *o, const char *line, size_t n, int *ret_verdict, Why *why) {
        _cleanup_(entry_unrefp) Entry *e = NULL;
        _cleanup_(check_content_freep) CheckContent *content = NULL;
        bool needs_sum = false, fit;
        Item *i;
        Id id;
        int r;

        *ret_verdict = 0;
        hash_bytes(&id, line, n);
        i = item_table_find(&p->items, &id);
        if (i && o->link)
                slot_set_add(&i->known, o->link->slot);
        if (i && i->state == ITEM_POOLED) {
                if (o->request != 0)
                        return submit_in_pool(p, o->request, &id);
                *ret_verdict = why_set(why, V_DUPLICATE, "it waits in the pool already");
                return 0;
        }
        if (i && i->state == ITEM_CHECKING) {
                if (o->request != 0)
                        return wait_for(i, o);
                *ret_verdict = why_set(why, V_DUPLICATE, "it is here already");
                return 0;
        }
        if (!o->request &&
                        (chain_is_recent(p->chain, &id) || (!i && lately_has(&p->refused, &id)))) {
                if (i && i->state == ITEM_WANTED && i->n_blocks == 0) {
                        gossip_unwant(p, i);
                        item_table_remove(&p->items, i);
                }
                *ret_verdict = why_set(why, V_DUPLICATE, "it was here a while ago");
                return 0;
        }

        r = entry_parse_known(&e, p->genesis, &id, line, n, why);
        if (r < 0)
                return r;
        if (r == 0) {
                /* The keys of a roll come last, with the signature: hand_keys_to_check(). */
                e->content_checked = e->kind == ENTRY_ROLL;
                r = admit_judge(p, e, o->voter, why);
                if (r == 0)
                        r = admit_content(p, e, &content, &needs_sum, why);
                if (r < 0)
                        return r;
                if (r > 0 && !o->request)
                        lately_add(&p->refused, &id, p->now_usec);
        }
        /* A block may need what the pool would not take. */
        if (r > 0 && !(e && i && i->n_blocks > 0 && !o->request)) {
                if (i && i->state == ITEM_WANTED && i->n_blocks == 0) {
                        gossip_unwant(p, i);
                        item_table_remove(&p->items, i);
                }
                *ret_verdict = r;
                return 0;
        }

        if (i && i->state == ITEM_HELD) { /* checked for a block; perhaps fit for the pool too */
                if (i->invalid || r > 0) {
                        *ret_verdict = i->invalid ? why_set(why, V_SIGNATURE, "its signature does not verify")
                                                  : r;
                        return 0;
                }
                if (o->request != 0) {
                        r = wait_for(i, o);
                        if (r < 0)
                                return r;
                }
                if (!chain_entry_is_checked(p->chain, i->entry))
                        return admit_check_again(p, i);
                r = admit_enter(p, i, why);
                return r > 0 ? admit_refuse(p, i, r, why) : r;
        }

        if (!i) {
                if (p->n_checking >= CHECKS_MAX && o->request != 0) {
                        *ret_verdict = why_set(why, V_BUSY,
                                        "%zu signatures wait to be checked, try again in a second",
                                        p->n_checking);
                        return 0;
                }
                i = item_table_add(&p->items, &id);
                if (!i)
                        return -ENOMEM;
                if (o->link)
                        slot_set_add(&i->known, o->link->slot);
        }
        if (o->request != 0) {
                r = wait_for(i, o);
                if (r < 0)
                        return r;
        }
        i->voter = i->push = o->voter;
        i->needs_sum = needs_sum;
        fit = r == 0;
        r = admit_hand_to_check(p, i, e, TAKE_PTR(content));
        if (r < 0)
                return r;
        if (!fit)
                i->version = 0;
        if (o->link) {
                i->from = o->link->id;
                o->link->n_checks++;
                peer_link_update_reading(p, o->link);
        }
        return 0;
}

int admit_lines(Peer *p, PeerLink *l, const Message *m, bool *ret_gone) {
        Origin o = { .link = l, .voter = l->client };
        const char *text = m->lines, *line;
        size_t left = m->n_lines_bytes, n;
        int64_t wasted = 0;

        *ret_gone = false;
        while (line_next(&text, &left, &line, &n)) {
                int r, verdict;
                Why why;

                r = admit_line(p, &o, line, n, &verdict, &why);
                if (r < 0)
                        return r;
                if (verdict == 0)
                        continue;
                wasted++;
                if (verdict_is_fault(verdict)) {
                        *ret_gone = peer_link_fault(p, l, verdict, &why, NULL);
                        if (*ret_gone)
                                return 0;
                } else if (l->client) /* somebody sits there and waits; peers know it by themselves
                                       */
                        peer_link_send_error(p, l, verdict, why.text, NULL);
        }
        if (wasted > 0)
                penalty_spend_waste(p, l, wasted);
        return 0;
}

int admit_block_entry(Peer *p, Item *i, Entry *e, uint64_t time) {
        if (i->state != ITEM_WANTED)
                return 0;
        if (!e->verified) {
                CheckContent *content = NULL;
                bool keys_checked = e->content_checked;
                int r;

                /* In a block that is not the next one this may be judged too early, or wrongly: then it
                 * is judged again when its block is connected. */
                e->content_checked = keys_checked || e->kind == ENTRY_ROLL;
                r = chain_check_rules(p->chain, e, MAX(time, chain_tip(p->chain)->time), NULL);
                e->content_checked = keys_checked;
                i->needs_sum = false;
                if (r == 0)
                        r = admit_content(p, e, &content, &i->needs_sum, NULL);
                if (r < 0)
                        return r;
                i->from = 0;
                r = admit_hand_to_check(p, i, e, content);
                i->version = 0;
                return r;
        }
        gossip_unwant(p, i);
        item_table_move(&p->items, i, ITEM_HELD);
        i->entry = entry_ref(e);
        return 0;
}

int admit_check_again(Peer *p, Item *i) {
        _cleanup_(entry_unrefp) Entry *e = entry_ref(i->entry);
        CheckContent *content = NULL;
        Why why;
        int r;

        r = admit_content(p, e, &content, &i->needs_sum, &why);
        if (r != 0)
                return r > 0 ? admit_refuse(p, i, r, &why) : r;
        i->from = 0;
        i->entry = entry_unref(i->entry);
        return admit_hand_to_check(p, i, e, content);
}
