/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/line.h"
#include "node/peer-internal.h"

/* Blocks before they have a seal (quorum): a proposal's entries are fetched and checked as any
 * draft's, then it is judged on its parent, and stays at hand until it gets a certificate or its
 * view is over. Those that this node has signed for are in the record too, so that they are at hand
 * after a start. */

static int make(
        Peer *p, const Header *h, const char *line, size_t n, DraftState state, Draft **ret) {
        int r;

        r = draft_insert(p, h, line, n, "", 0, ret);
        if (r < 0)
                return r;
        (*ret)->state = state;
        (*ret)->proposal = (*ret)->proposed = true;
        return 0;
}

/* --- judging --- */

int proposal_judge(Peer *p, const EngineEffect *fx) {
        PeerLink *from = peer_link_find(p, fx->to);
        _cleanup_free_ Id *ids = NULL;
        size_t n = fx->n_data / sizeof(Id);
        Draft *d = draft_find(p, &fx->id);
        int r;

        p->judged = fx->id; /* the one before is looked at no longer */
        p->has_judged = p->drafts_dirty = true;
        p->judging_awaits = false;
        if (!d) {
                _cleanup_buf_ Buf line = {};

                r = header_format(&fx->header, &line);
                if (r < 0)
                        return r;
                r = make(p, &fx->header, line.p, line.n, DRAFT_WANTED, &d);
                if (r < 0)
                        return r;
        }
        d->proposed = d->proposed || !d->imported;      /* its seal may be bad that is being checked */
        draft_mark_wanted(d);
        if (from)
                slot_set_add(&d->sources, from->slot);
        for (size_t k = 0; from && d->items && k < d->block->header.count; k++) {
                slot_set_add(&d->items[k]->known, from->slot);
                gossip_ask_again(p, d->items[k]);
        }
        if (d->ids)
                return 0;
        ids = newN(Id, n + 1);
        if (!ids)
                return -ENOMEM;
        if (n > 0)
                memcpy(ids, fx->data, n * sizeof(Id));
        return draft_set_ids(d, ids, n);
}

static int answer(Peer *p, Draft *d, int verdict, const Why *why) {
        Id id = d->id;

        p->has_judged = false;
        if (verdict > 0)
                return draft_invalid(p, &id, verdict, why);
        return engine_feed(p, &(EngineEvent){.type = ENGINE_EV_VALID, .id = id});
}

/* Where its parent is the tip: what its entries may be, one after the other, says the same function
 * that picks them for a block of our own. */
static int judge_on_tip(Peer *p, Draft *d) {
        const ChainTip *tip = chain_tip(p->chain);
        const Header *h = &d->block->header;
        _cleanup_free_ Entry **entries = NULL;
        Header all = {};
        bool awaits;
        size_t n;
        int r;

        if (h->height != tip->height + 1 || h->time < tip->time)
                return answer(p, d, V_BLOCK, &(Why){"a proposal that does not follow its parent"});
        r = sums_await(p, d->block, &awaits);
        if (r < 0 || awaits)
                return r;
        r = chain_select(p->chain, d->block->entries, h->count, h->time, &all, &entries, &n);
        if (r < 0)
                return r;
        for (size_t k = 0; k < n; k++)
                (void) entry_unref(entries[k]);
        if (n != h->count)
                return answer(p, d, V_BLOCK,
                        &(Why){"a proposal with an entry that breaks a rule on its parent"});
        return answer(p, d, 0, NULL);
}

/* Elsewhere: the chain goes there and comes back, in a transaction of which nothing remains. */
static int judge_elsewhere(Peer *p, Draft *d, uint64_t fork, const Id *ids, size_t n) {
        _cleanup_free_ uint8_t(*works)[16] = calloc(n + 1, sizeof(*works));
        _cleanup_free_ Block **branch = newN(Block *, n + 1);
        _cleanup_free_ Entry **gone = NULL;
        size_t n_gone = 0, bad = 0;
        Why why;
        int r, q;

        if (!works || !branch)
                return -ENOMEM;
        for (size_t k = 0; k < n; k++)
                branch[k] = draft_find(p, ids + k)->block;
        branch[n] = d->block;

        r = chain_switch(p->chain, fork, branch, (const uint8_t(*)[16]) works, n + 1, &gone,
                &n_gone, &bad, &why);
        for (size_t k = 0; k < n_gone; k++)
                (void) entry_unref(gone[k]);
        if (r == -EAGAIN) {
                p->judging_awaits = true;
                return 0;
        }
        if (r < 0)
                return commit_trouble(p, r);
        if (r == 0) {
                q = chain_rollback(p->chain);
                if (q < 0)
                        return q;
                return answer(p, d, 0, NULL);
        }
        if (bad == n)
                return answer(p, d, r, &why);
        p->has_judged = false; /* what it stands on is no block */
        return draft_invalid(p, ids + bad, r, &why);
}

int proposals_advance(Peer *p) {
        _cleanup_free_ Id *ids = NULL;
        const Id *parent;
        uint64_t fork;
        Draft *d;
        size_t n;
        int r;

        if (!p->has_judged || p->trouble || p->broken)
                return 0;
        d = draft_find(p, &p->judged);
        if (!d) { /* it could not be had: that is no answer */
                p->has_judged = false;
                return 0;
        }
        if (d->state != DRAFT_COMPLETE)
                return 0;
        parent = &d->block->header.parent;
        if (id_equal(parent, &chain_tip(p->chain)->id))
                return judge_on_tip(p, d);

        r = p->engine->type->branch(p->engine, parent, &fork, &ids, &n);
        if (r < 0)
                return r == -ENODATA ? 0 : r;
        for (size_t k = 0; k < n; k++) {
                const Draft *x = draft_find(p, ids + k);

                if (!x || x->state != DRAFT_COMPLETE)
                        return draft_want(p, parent);
        }
        if (p->judging_awaits)
                return 0;
        if (p->dirty) /* the commit comes first, then this again */
                return 0;
        return judge_elsewhere(p, d, fork, ids, n);
}

/* --- in the record --- */

/* Of entries that are all here: a seal that turns out bad makes it look at them again. */
static int set_ids_of_entries(Draft *d) {
        const Block *b = d->block;
        _cleanup_free_ Id *ids = newN(Id, b->n_entries + 1);

        if (!ids)
                return -ENOMEM;
        for (size_t k = 0; k < b->n_entries; k++)
                ids[k] = b->entries[k]->id;
        return draft_set_ids(d, ids, b->n_entries);
}

/* A block of our own, of which the header was proposed. */
static int make_own(Peer *p, const Header *h, Draft **ret) {
        _cleanup_buf_ Buf line = {};
        const Candidate *c = NULL;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(p->candidates); i++)
                if (p->candidates[i].n_entries == h->count &&
                        id_equal(&p->candidates[i].header.root, &h->root)) {
                        c = p->candidates + i;
                        break;
                }
        if (!c)
                return -EINVAL;
        r = header_format(h, &line);
        if (r < 0)
                return r;
        r = make(p, h, line.p, line.n, DRAFT_COMPLETE, ret);
        if (r < 0)
                return r;
        for (size_t k = 0; k < c->n_entries; k++)
                (*ret)->block->entries[k] = entry_ref(c->entries[k]);
        return set_ids_of_entries(*ret);
}

int proposal_keep(Peer *p, const EngineEffect *fx) {
        _cleanup_buf_ Buf entries = {};
        Draft *d = draft_find(p, &fx->id);
        int r;

        if (!d) {
                r = make_own(p, &fx->header, &d);
                if (r < 0)
                        return r;
        }
        if (!p->record)
                return -EINVAL;
        for (size_t k = 0; k < d->block->n_entries; k++) {
                /* Once it is complete they stay, while a seal that somebody gave it is checked too. */
                if (!d->block->entries[k])
                        return -EINVAL;
                buf_add(&entries, d->block->entries[k]->line, d->block->entries[k]->n_line);
                buf_add_char(&entries, '\n');
        }
        r = buf_error(&entries);
        if (r < 0)
                return r;
        r = p->record->ops->put_block(p->record, fx->view, &d->id, d->block->header_line,
                d->block->n_header_line, entries.p ? entries.p : "", entries.n);
        if (r < 0)
                return commit_trouble(p, r);
        p->recorded = MAX(p->recorded, fx->serial);
        p->dirty = true;
        return 0;
}

static int load_entries(Peer *p, Block *b, const char *text, size_t n) {
        const char *line;
        size_t n_line;
        Why why;
        int r;

        for (size_t k = 0; k < b->n_entries; k++) {
                if (!line_next(&text, &n, &line, &n_line))
                        return -EUCLEAN;
                r = entry_parse(b->entries + k, p->genesis, line, n_line, &why);
                if (r != 0)
                        return r > 0 ? -EUCLEAN : r;
                b->entries[k]->verified = true; /* or it would not be there */
        }
        return 0;
}

static int on_block(void *userdata, uint64_t view, const Id *id, const char *header,
        size_t n_header, const char *entries, size_t n_entries) {
        Peer *p = userdata;
        uint64_t height;
        Header h;
        Draft *d;
        Why why;
        int r;

        (void) view;
        if (draft_find(p, id))
                return 0;
        r = p->store->ops->block_find(p->store, id, &height);
        if (r != -ENODATA)
                return MIN(r, 0);
        r = header_parse(&h, p->engine->type->field, header, n_header, &why);
        if (r == 0 && !id_equal(&h.id, id))
                r = V_FORM;
        if (r != 0)
                return r > 0 ? -EUCLEAN : r;
        r = make(p, &h, header, n_header, DRAFT_COMPLETE, &d);
        if (r < 0)
                return r;
        /* the last newline is behind the last line */
        r = load_entries(p, d->block, entries, n_entries > 0 ? n_entries - 1 : 0);
        return r < 0 ? r : set_ids_of_entries(d);
}

int proposals_load(Peer *p) {
        return p->record ? p->record->ops->each_block(p->record, on_block, p) : 0;
}

int proposals_forget(Peer *p, uint64_t view) {
        Draft *d;

        for (d = TAILQ_FIRST(&p->drafts); d;) {
                int r;

                if (!d->proposal || d->block->header.value >= view) {
                        d = TAILQ_NEXT(d, list);
                        continue;
                }
                r = draft_drop(p, d);
                if (r < 0)
                        return r;
                d = TAILQ_FIRST(&p->drafts);
        }
        return 0;
}

/* --- and after --- */

int proposal_seal(Peer *p, Draft *d, const char *seal, size_t n, PeerLink *from, int *ret_verdict,
                Why *why) {
        SigCheck checks[ENGINE_SIGNATURES_MAX] = {};
        size_t n_checks = 0;
        int r;

        *ret_verdict = 0;
        r = engine_judge(p, &d->block->header, seal, n, checks, &n_checks, why);
        if (r != 0) {
                sig_checks_done(checks, n_checks);
                if (r < 0)
                        return r;
                /* the engine has it, or cannot place it yet: it stays what it is */
                *ret_verdict = r == V_DUPLICATE || r == V_ORPHAN ? 0 : r;
                return 0;
        }
        r = block_set_seal(d->block, seal, n);
        if (r < 0) {
                sig_checks_done(checks, n_checks);
                return r;
        }
        d->proposal = d->offered = d->known = false;    /* the engine lacks that seal */
        d->wanted = true;
        d->state = DRAFT_SEALING;
        d->from = from ? from->id : 0;
        d->serial = peer_token(p);
        p->drafts_dirty = true;
        return draft_check_seal(p, d, checks, n_checks);
}

int proposal_take_seal(Peer *p, Draft *d) {
        const Header *h;
        const char *seal;
        size_t n;
        int r;

        if (!d->proposal)
                return 0;
        r = p->engine->type->side(p->engine, &d->id, &h, &seal, &n);
        if (r < 0 || !seal || n == 0)
                return r == -ENODATA ? 0 : MIN(r, 0);
        r = block_set_seal(d->block, seal, n);
        if (r < 0)
                return r;
        d->proposal = d->offered = false;
        p->drafts_dirty = true;
        return 0;
}

/* It has a certificate, so it is not announced any more. What is here as a proposal lacks that certificate. */
int proposal_fetch(Peer *p, const EngineEffect *fx) {
        PeerLink *l = peer_link_find(p, fx->to);
        const Draft *d = draft_find(p, &fx->id);
        uint64_t height;
        Request *q;

        if ((d && !d->proposal) || p->store->ops->block_find(p->store, &fx->id, &height) == 0)
                return 0;
        if (l && (!l->up || l->client || request_pending(p, l->id, REQUEST_BLOCKS)))
                l = NULL;
        for (size_t i = 0; !l && i < p->n_links; i++) {
                PeerLink *x = p->links[(i + p->tokens) % p->n_links];

                if (x->up && !x->client && !request_pending(p, x->id, REQUEST_BLOCKS))
                        l = x;
        }
        if (!l)
                return 0;
        q = request_new(p, l, REQUEST_BLOCKS, l->blocks_usec);
        if (!q)
                return -ENOMEM;
        q->ids = newN(Id, 1);
        if (!q->ids)
                return -ENOMEM;
        q->ids[0] = fx->id;
        q->n_ids = 1;
        q->fetch = true;
        peer_link_send(p, l, LANE_ENGINE,
                &(Message){.type = MESSAGE_GET_BLOCKS_IDS,
                        .has_id = true,
                        .id = q->id,
                        .ids = {.ids = q->ids, .n_ids = 1}});
        return 0;
}
