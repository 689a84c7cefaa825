/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/hex.h"
#include "node/peer-internal.h"

/* What becomes of entries whose signatures, and what they prove beside them, were checked; or can be
 * checked when a sum is made. */

/* The link that it came by may send more. NULL: it came by none that is still there. */
static PeerLink* done_checking(Peer *p, const Item *i) {
        PeerLink *l = i->from != 0 ? peer_link_find(p, i->from) : NULL;

        if (l) {
                l->n_checks--;
                peer_link_update_reading(p, l);
        }
        return l;
}

/* What has been checked is wrong: whoever sent it is told. */
static int refuse_checked(Peer *p, Item *i, PeerLink *from, int verdict, const Why *why) {
        int r;

        r = admit_refuse(p, i, verdict, why);
        if (r < 0 || !from)
                return r;
        if (verdict_is_fault(verdict))
                (void) peer_link_fault(p, from, verdict, why, NULL);
        else if (from->client)
                peer_link_send_error(p, from, verdict, why->text, NULL);
        return 0;
}

static int refuse_signature(Peer *p, Item *i, PeerLink *from) {
        int verdict = i->bad_key ? V_KEY : V_SIGNATURE;
        char hex[ID_HEX];
        Why why;

        (void) why_set(&why, verdict,
                        i->bad_key ? "entry %.16s… lists a key that is not an acceptable one"
                                   : "the signature of entry %.16s… does not verify",
                        id_hex(&i->id, hex));
        return refuse_checked(p, i, from, verdict, &why);
}

/* --- what waits for a sum --- */

static void await_no_more(Peer *p, Item *i) {
        p->n_awaiting -= i->awaits_sum;
        i->awaits_sum = i->needs_sum = false;
}

/* Of one trustee and election one waits, as in the pool: whoever signs a thousand different ones shall
 * not fill the memory. */
static bool has_rival(const Peer *p, const Item *i) {
        const Item *x;

        TAILQ_FOREACH(x, &p->items.state[ITEM_CHECKING], states)
                if (x->awaits_sum && x != i && key_equal(&x->entry->signer, &i->entry->signer) &&
                                id_equal(&x->entry->share.line->election, &i->entry->share.line->election))
                        return true;
        return false;
}

/* Nothing but a sum is missing: it waits for that, or the rest is checked now. */
static int check_rest(Peer *p, Item *i) {
        _cleanup_(entry_unrefp) Entry *e = entry_ref(i->entry);
        _cleanup_(check_content_freep) CheckContent *content = NULL;
        Why why;
        int r;

        r = admit_judge(p, e, i->voter, &why);
        if (r == 0)
                r = admit_content(p, e, &content, &i->needs_sum, &why);
        if (r == 0 && i->needs_sum && !i->awaits_sum) {
                if (!has_rival(p, i)) {
                        i->awaits_sum = true;
                        p->n_awaiting++;
                } else
                        r = why_set(&why, V_DUPLICATE, "another share of the same signer waits already");
        }
        if (r < 0 || (r == 0 && i->needs_sum))
                return r;

        await_no_more(p, i);
        if (i->n_blocks > 0)
                p->drafts_dirty = true;
        if (r > 0)
                return refuse_checked(p, i, done_checking(p, i), r, &why);
        i->entry = entry_unref(i->entry);
        return admit_hand_to_check(p, i, e, TAKE_PTR(content));
}

int admit_awaiting(Peer *p) {
        Item *i, *next;

        for (i = TAILQ_FIRST(&p->items.state[ITEM_CHECKING]); i && p->n_awaiting > 0; i = next) {
                int r;

                next = TAILQ_NEXT(i, states);
                if (!i->awaits_sum)
                        continue;
                r = check_rest(p, i);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- answers --- */

void admit_is_verified(Peer *p, Item *i, Entry *e) {
        assert(i->state == ITEM_CHECKING);
        assert(e->verified);

        (void) done_checking(p, i);
        await_no_more(p, i);
        i->from = i->checking = i->n_pending = 0;
        i->invalid = i->bad_key = false;
        (void) entry_unref(i->entry);
        i->entry = entry_ref(e);
        p->drafts_dirty = true;
}

int admit_on_checked(Peer *p, const CheckFor *what, const SigCheck *c) {
        Item *i = item_table_find(&p->items, &what->id);
        const CheckContent *bad = c->content && c->content->verdict > 0 ? c->content : NULL;
        PeerLink *l;
        Why why;
        int r = 0;

        if (!i || i->state != ITEM_CHECKING || i->checking != what->serial)
                return 0;       /* it was known otherwise meanwhile: admit_is_verified() */
        /* What it proves is judged on a state, which a block may change: that makes no block invalid
         * before it is connected. */
        if (!c->valid && !bad && !i->invalid) {
                i->invalid = true;
                i->bad_key = what->type == CHECK_KEY;
        }
        if (--i->n_pending > 0)
                return 0;
        if (i->needs_sum && !i->invalid) {
                i->entry->verified = true;
                return check_rest(p, i);
        }
        if (i->n_blocks > 0)
                p->drafts_dirty = true;
        l = done_checking(p, i);
        if (i->invalid)
                return refuse_signature(p, i, l);

        i->entry->verified = true;
        if (bad)
                return refuse_checked(p, i, l, bad->verdict, &bad->why);
        if (c->content)
                i->entry->content_checked = true;
        /* For a block alone: the pool would hold it for a moment only. pooled_release() comes back
         * to it. */
        if (i->n_blocks > 0 && !i->waiters) {
                item_table_move(&p->items, i, ITEM_HELD);
                return 0;
        }
        if (i->version != p->version)
                r = admit_judge(p, i->entry, i->voter, &why);
        if (r == 0 && !chain_entry_is_checked(p->chain, i->entry))
                return admit_check_again(p, i); /* what it proves could not be told before */
        if (r == 0)
                r = admit_enter(p, i, &why);
        if (r == 0 && l)
                l->messages.left++; /* good entries are paced by the pool, not by the flood's bucket
                                     */
        if (r <= 0)
                return r;
        if (l && l->client)
                peer_link_send_error(p, l, r, why.text, NULL);
        return admit_refuse(p, i, r, &why);
}
