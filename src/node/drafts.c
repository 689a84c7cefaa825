/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/line.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "node/peer-internal.h"

/* Drafts: blocks in the making. Whatever way a block comes by (announced, in a range, asked for by id,
 * imported), its header and seal are judged first, then the engine says whether it wants the
 * bodies, then they are fetched and their signatures checked, then the engine says what to connect:
 *
 *      SEALING --seal is good, parent known--> HEADER --engine wants it--> WANTED
 *      WANTED --all bodies checked--> COMPLETE --> connected
 *      (and HEADER, when it loses or is too old, goes) */

static Draft** bucket(Peer *p, const Id *id) {
        uint32_t h;

        memcpy(&h, id->b + 28, sizeof(h));      /* the front of a sealed id may be all zeros */
        return p->draft_buckets + h % DRAFT_BUCKETS;
}

Draft* draft_find(const Peer *p, const Id *id) {
        for (Draft *d = *bucket((Peer *) p, id); d; d = d->next_id)
                if (id_equal(&d->id, id))
                        return d;
        return NULL;
}

int draft_detach(Peer *p, Draft *d, bool release) {
        _cleanup_free_ Item **items = TAKE_PTR(d->items);
        int r;

        /* Whoever enters the pool may take another's place, which must be there still if it is of this block, too. */
        for (size_t k = 0; items && k < d->block->header.count; k++) {
                if (!items[k])
                        continue;
                items[k]->n_blocks--;
                r = release ? pooled_release(p, items[k]) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

void draft_free(Peer *p, Draft *d) {
        Draft **at = bucket(p, &d->id);

        while (*at != d)
                at = &(*at)->next_id;
        *at = d->next_id;
        TAILQ_REMOVE(&p->drafts, d, list);
        p->n_drafts--;
        p->draft_bytes -= d->bytes;
        free(d->items);
        free(d->ids);
        (void) block_free(d->block);
        free(d);
}

/* Children stand behind their parents, except where a branch was put together backwards: so until
 * nothing is found. */
int draft_drop(Peer *p, Draft *d) {
        _cleanup_free_ Id *gone = newN(Id, p->n_drafts);
        size_t n = 0;
        int r;

        if (!gone)
                return -ENOMEM;
        gone[n++] = d->id;
        for (size_t k = 0; k < n; k++) {
                Draft *child;

                TAILQ_FOREACH(child, &p->drafts, list)
                        if (id_equal(&child->block->header.parent, gone + k))
                                gone[n++] = child->id;
        }
        for (size_t k = 0; k < n; k++) {
                d = draft_find(p, gone + k);
                if (!d)
                        continue;
                r = draft_detach(p, d, true);
                if (r < 0)
                        return r;
                draft_free(p, d);
        }
        return 0;
}

int drafts_drop_all(Peer *p) {
        Draft *d;
        int r;

        while ((d = TAILQ_FIRST(&p->drafts))) {
                r = draft_detach(p, d, true);
                if (r < 0)
                        return r;
                draft_free(p, d);
        }
        p->has_want = p->has_switch = false;
        return 0;
}

void drafts_done(Peer *p) {
        while (!TAILQ_EMPTY(&p->drafts)) {
                Draft *d = TAILQ_FIRST(&p->drafts);

                (void) draft_detach(p, d, false);
                draft_free(p, d);
        }
}

/* The block breaks a rule: whoever gave it connected it, or says so. What the rule was is for the
 * text. */
int draft_invalid(Peer *p, const Id *id, int verdict, const Why *why) {
        Draft *d = draft_find(p, id);
        bool known;
        int r;

        if (!d)
                return 0;
        known = d->state != DRAFT_SEALING;
        if (d->imported)
                import_fail(p, verdict, why);
        if (d->from != 0)
                penalty_blame(p, d->from, verdict_is_fault(verdict) ? verdict : V_BLOCK, why);
        d = draft_find(p, id);
        if (d) {
                r = draft_drop(p, d);
                if (r < 0)
                        return r;
        }
        return known ? engine_feed(p, &(EngineEvent) { .type = ENGINE_EV_INVALID, .id = *id }) : 0;
}

int draft_insert(Peer *p, const Header *h, const char *header, size_t n_header, const char *seal,
                size_t n_seal, Draft **ret) {
        Draft *d, **head;
        int r;

        d = new0(Draft, 1);
        if (!d)
                return -ENOMEM;
        r = block_new(&d->block, h, header, n_header, seal, n_seal);
        if (r != 0) {
                free(d);
                return r < 0 ? r : -EINVAL;     /* header_parse() has bounded its count */
        }
        d->id = h->id;
        d->serial = peer_token(p);
        d->since_usec = p->now_usec;
        head = bucket(p, &d->id);
        d->next_id = *head;
        *head = d;
        TAILQ_INSERT_TAIL(&p->drafts, d, list);
        p->n_drafts++;
        p->drafts_dirty = true;
        *ret = d;
        return 0;
}

int draft_check_seal(Peer *p, Draft *d, SigCheck *checks, size_t n) {
        for (size_t k = 0; k < n; k++) {
                int r = verify_add(p,
                                (CheckFor) { .type = CHECK_SEAL, .id = d->id, .serial = d->serial },
                                checks + k);

                if (r < 0) {
                        sig_checks_done(checks + k, n - k);
                        return r;
                }
                d->n_seals++;
        }
        return 0;
}

/* A header that the engine knows is judged no more, nor is the seal that it comes with: what counts
 * is the one with which the engine took it. V_DUPLICATE: there is none, so nothing is to be done. */
static int known_seal(Peer *p, const Id *id, const char **ret, size_t *ret_n) {
        const Header *h;
        int r;

        r = p->engine->type->side(p->engine, id, &h, ret, ret_n);
        if (r < 0)
                return r == -ENODATA ? V_DUPLICATE : r;
        return *ret_n == 0 ? V_DUPLICATE : 0;
}

int draft_new(Peer *p, const Header *h, const char *header, size_t n_header, const char *seal,
                size_t n_seal, Draft **ret, int *ret_verdict, Why *why) {
        SigCheck checks[ENGINE_SIGNATURES_MAX] = {};
        size_t n_checks = 0;
        Draft *d;
        int r, judged;

        *ret = NULL;
        *ret_verdict = 0;
        if (!id_equal(&h->network, &p->genesis->network)) {
                *ret_verdict = why_set(why, V_BLOCK, "block of another network");
                return 0;
        }
        if (p->n_drafts >= DRAFTS_MAX) {
                *ret_verdict = why_set(why, V_FULL, "%zu blocks are being looked at already",
                                p->n_drafts);
                return 0;
        }
        judged = engine_judge(p, h, seal, n_seal, checks, &n_checks, why);
        if (judged < 0 || (judged > 0 && judged != V_DUPLICATE && judged != V_ORPHAN)) {
                sig_checks_done(checks, n_checks);
                if (judged < 0)
                        return judged;
                *ret_verdict = judged;
                return 0;
        }
        if (judged == V_ORPHAN && !draft_find(p, &h->parent)) {
                sig_checks_done(checks, n_checks);
                *ret_verdict = V_ORPHAN;
                return 0;
        }
        if (judged == V_DUPLICATE) {
                sig_checks_done(checks, n_checks);
                n_checks = 0;
                r = known_seal(p, &h->id, &seal, &n_seal);
                if (r != 0) {
                        *ret_verdict = MAX(r, 0);
                        return MIN(r, 0);
                }
        }

        r = draft_insert(p, h, header, n_header, seal, n_seal, &d);
        if (r < 0) {
                sig_checks_done(checks, n_checks);
                return r;
        }
        d->orphan = judged == V_ORPHAN;
        d->known = judged == V_DUPLICATE;
        r = draft_check_seal(p, d, checks, n_checks);
        if (r < 0)
                return r;
        *ret = d;
        return 0;
}

/* A draft may be gone, and have come again with another seal, while its seal was being checked. */
int draft_on_sealed(Peer *p, const CheckFor *what, bool valid) {
        Draft *d = draft_find(p, &what->id);

        if (!d || d->serial != what->serial)
                return 0;
        p->drafts_dirty = true;
        if (valid) {
                d->n_seals--;
                return 0;
        }
        if (d->proposed) {              /* the seal is bad, the block may be good */
                d->proposal = true;
                d->n_seals = 0;
                d->serial = peer_token(p);
                d->state = DRAFT_WANTED;
                penalty_blame(p, d->from, V_SIGNATURE,
                                &(Why) { "the signature of a block's seal does not verify" });
                d = draft_find(p, &what->id);
                if (d)
                        d->from = 0;
                return d ? block_set_seal(d->block, "", 0) : 0;
        }
        return draft_invalid(p, &what->id, V_SIGNATURE,
                        &(Why) { "the signature of a block's seal does not verify" });
}

int draft_set_ids(Draft *d, const Id *ids, size_t n) {
        d->ids = newN(Id, n + 1);
        if (!d->ids)
                return -ENOMEM;
        if (n > 0)
                memcpy(d->ids, ids, n * sizeof(Id));
        return 0;
}

/* 0; V_DUPLICATE: on the main chain; -errno. */
static int on_chain(Peer *p, const Id *id) {
        uint64_t height;
        int r;

        r = p->store->ops->block_find(p->store, id, &height);
        return r == 0 ? V_DUPLICATE : r == -ENODATA ? 0 : r;
}

/* A block comes by every link; all but the first time its header's hash says enough. *ret_known:
 * nothing is left to do. */
static int is_known(Peer *p, PeerLink *l, const Id *id, bool *ret_known, Draft **ret) {
        uint64_t height;
        int r;

        *ret = draft_find(p, id);
        r = p->store->ops->block_find(p->store, id, &height);
        if (r < 0 && r != -ENODATA)
                return r;
        *ret_known = r == 0;
        if (r == -ENODATA && *ret)
                height = (*ret)->block->header.height;
        else if (r == -ENODATA)
                return 0;
        l->tip = *id;
        l->height = MAX(l->height, height);
        return 0;
}

static int read_announced(Peer *p, const Message *m, const char *line, size_t n, Header *ret,
                Why *why) {
        Id root;
        int r;

        r = header_parse(ret, p->engine->type->field, line, n, why);
        if (r != 0 || m->type != MESSAGE_NEW_BLOCK_IDS)
                return r;
        merkle_root(&root, m->ids.ids, m->ids.n_ids);
        if (m->ids.n_ids != ret->count || !id_equal(&root, &ret->root))
                return why_set(why, V_BLOCK, "an announced block whose ids do not give its root");
        return 0;
}

int draft_on_announced(Peer *p, PeerLink *l, const Message *m) {
        const char *text = m->lines, *header, *seal;
        size_t left = m->n_lines_bytes, n_header, n_seal;
        int r, verdict = 0;
        bool known;
        Header h;
        Draft *d;
        Why why;
        Id id;

        if (p->broken || !line_next(&text, &left, &header, &n_header) ||
                        !line_next(&text, &left, &seal, &n_seal))
                return 0;
        hash_bytes(&id, header, n_header);
        r = is_known(p, l, &id, &known, &d);
        if (r < 0 || known)
                return r;
        if (d && d->proposal) {
                slot_set_add(&d->sources, l->slot);
                r = proposal_seal(p, d, seal, n_seal, l, &verdict, &why);
                if (r >= 0 && verdict > 0)
                        (void) peer_link_fault(p, l, verdict, &why, NULL);
                return r;
        }
        if (d && (d->ids || m->type == MESSAGE_NEW_BLOCK)) {
                slot_set_add(&d->sources, l->slot);
                return 0;
        }

        r = read_announced(p, m, header, n_header, &h, &why);
        if (r < 0)
                return r;
        if (r > 0) {
                (void) peer_link_fault(p, l, r, &why, NULL);
                return 0;
        }
        l->tip = h.id;
        l->height = MAX(l->height, h.height);
        if (!d) {
                r = draft_new(p, &h, header, n_header, seal, n_seal, &d, &verdict, &why);
                if (r < 0)
                        return r;
                if (verdict == V_ORPHAN)
                        sync_on_orphan(p, l);
                else if (verdict > 0 && verdict != V_DUPLICATE)
                        (void) peer_link_fault(p, l, verdict, &why, NULL);
                if (!d)
                        return 0;
                d->from = l->id;
                clock_compare(p, &h);
        }
        slot_set_add(&d->sources, l->slot);
        p->drafts_dirty = true;
        if (m->type == MESSAGE_NEW_BLOCK_IDS) {
                d->block->rooted = true;        /* read_announced() saw to it */
                return draft_set_ids(d, m->ids.ids, m->ids.n_ids);
        }
        return h.count == 0 ? draft_set_ids(d, NULL, 0) : 0;
}

/* Moves the entries of b, whose body was checked, into d, which has the same header; those that are
 * here and checked already stand for theirs. */
static int take_bodies(Draft *d, Block *b) {
        for (size_t k = 0; k < b->n_entries; k++) {
                if (d->block->entries[k])
                        continue;
                d->bytes += b->entries[k]->n_line;
                d->block->entries[k] = TAKE_PTR(b->entries[k]);
        }
        if (!d->ids) {
                d->ids = newN(Id, b->n_entries + 1);
                if (!d->ids)
                        return -ENOMEM;
                for (size_t k = 0; k < b->n_entries; k++)
                        d->ids[k] = d->block->entries[k]->id;
                d->block->rooted = true;        /* as b is */
        }
        d->n_asked = 0;                 /* those that were not here are now */
        return 0;
}

int draft_add_block(Peer *p, Block *block, PeerLink *from, bool imported, int *ret_verdict,
                Why *why) {
        _cleanup_(block_freep) Block *b = block;
        size_t before;
        Draft *d;
        int r;

        *ret_verdict = 0;
        r = block_check_body(b, p->genesis, why);
        if (r == 0)
                r = on_chain(p, &b->header.id);
        if (r < 0)
                return r;
        if (r > 0) {
                *ret_verdict = r;
                return 0;
        }

        d = draft_find(p, &b->header.id);
        if (!d) {
                r = draft_new(p, &b->header, b->header_line, b->n_header_line, b->seal_line,
                                b->n_seal_line, &d, ret_verdict, why);
                if (r < 0 || !d)
                        return r;
                d->from = from ? from->id : 0;
                d->imported = imported;
        }
        if (from)
                slot_set_add(&d->sources, from->slot);
        if (d->proposal) {
                r = proposal_seal(p, d, b->seal_line, b->n_seal_line, from, ret_verdict, why);
                if (r < 0 || *ret_verdict > 0)
                        return r;
        }
        if (d->state == DRAFT_COMPLETE)
                return 0;
        before = d->bytes;
        r = take_bodies(d, b);
        p->draft_bytes += d->bytes - before;
        p->drafts_dirty = true;
        return r;
}

void draft_mark_wanted(Draft *d) {
        d->wanted = true;
        if (d->state == DRAFT_HEADER)
                d->state = DRAFT_WANTED;
}

/* The engine wants to go to tip: every block from the fork up to it. What one stands on may be wanted
 * no more although it is: it was dropped, and its header came again. */
int draft_want(Peer *p, const Id *tip) {
        _cleanup_free_ Id *ids = NULL;
        uint64_t fork;
        size_t n;
        int r;

        r = p->engine->type->branch(p->engine, tip, &fork, &ids, &n);
        if (r < 0)
                return r == -ENODATA ? 0 : r;
        p->want_tip = *tip;
        p->has_want = p->drafts_dirty = true;

        for (size_t k = n; k > 0; k--) {
                Draft *d = draft_find(p, ids + k - 1);
                _cleanup_buf_ Buf line = {};
                const Header *h;
                const char *seal;
                size_t n_seal;

                if (d) {
                        draft_mark_wanted(d);
                        r = proposal_take_seal(p, d);
                        if (r < 0)
                                return r;
                }
                if (d || p->n_drafts >= DRAFTS_MAX)
                        continue;

                /* Its bodies were not kept, or it is known from before. */
                r = p->engine->type->side(p->engine, ids + k - 1, &h, &seal, &n_seal);
                if (r < 0)
                        return r == -ENODATA ? 0 : r;
                r = header_format(h, &line);
                if (r < 0)
                        return r;
                r = draft_insert(p, h, line.p, line.n, seal, n_seal, &d);
                if (r < 0)
                        return r;
                d->proposal = d->proposed = n_seal == 0;
                d->known = true;
                d->state = DRAFT_WANTED;
        }
        return 0;
}
