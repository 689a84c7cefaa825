/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "codec/line.h"
#include "consensus/pow-config.h"
#include "consensus/pow-seal.h"
#include "consensus/quorum-private.h"
#include "node/peer-internal.h"
#include "peer-host.h"

/* What must hold whatever the peer is told. */

static bool is_honest(const Host *h, const NodeEffect *fx) {
        for (unsigned who = 1; who < 8; who++) {
                char host[16];

                if (!HOST_HONEST(who))
                        continue;
                (void) snprintf(host, sizeof(host), "10.0.%u.1", who);
                if (key_equal(&fx->key, secret_key_public(material_secret(h->m, who))) || streq(fx->address.host, host))
                        return true;
        }
        return false;
}

static void show(const Host *h, const NodeEffect *fx, const HostLink *l) {
        static const char *const names[] = {
                "commit", "send", "close", "ban", "dial", "verify", "pause", "resume", "mine", "mine stop", "reply", "log", "changed",
                "remember", "wake",
        };

        if (fx->type == NODE_FX_CHANGED || fx->type == NODE_FX_WAKE)
                return;
        (void) fprintf(stderr, "        %" PRIu64 " %s %d %.*s\n", h->now_usec / USEC_PER_MSEC, names[fx->type],
                        l ? (int) (l - h->links) : -1, (int) MIN(fx->n_data, (size_t) 300), fx->data ? fx->data : "");
}

void check_effect(Host *h, const NodeEffect *fx) {
        HostLink *l = host_link(h, fx->link);

        if (h->verbose)
                show(h, fx, l);
        switch (fx->type) {

        case NODE_FX_SEND:
        case NODE_FX_PAUSE:
        case NODE_FX_RESUME:
                fuzz_check(l && !l->closing);
                return;

        case NODE_FX_CLOSE:
                fuzz_check(l && !l->closing);
                fuzz_check(!l->honest || fx->verdict == 0);
                l->closing = true;
                return;

        case NODE_FX_BAN:
                fuzz_check(!is_honest(h, fx));
                return;

        case NODE_FX_VERIFY:
                fuzz_check(fx->n_checks > 0);
                return;

        case NODE_FX_REPLY:
                fuzz_check(fx->request == UINT64_MAX || fx->request <= h->n_requests);
                return;

        default:
                return;
        }
}

/* What an authority signs, and lets go, excludes nothing else that it has let go, in this life or in one before. */
void check_sent(Host *h, const HostLink *l, const Message *m) {
        _cleanup_json_ Json *o = NULL;
        QuorumKind kind = m->type == MESSAGE_ENDORSE ? QUORUM_ENDORSE : m->type == MESSAGE_FINALIZE ? QUORUM_FINALIZE : QUORUM_SKIP;
        QuorumStatement s;
        unsigned i;

        (void) l;
        if (m->type != MESSAGE_ENDORSE && m->type != MESSAGE_FINALIZE && m->type != MESSAGE_SKIP)
                return;
        fuzz_check(line_parse(&o, m->lines, m->n_lines_bytes, QUORUM_STATEMENT_BYTES_MAX, NULL) == 0);
        fuzz_check(quorum_statement_read(&s, &h->m->q.c, kind, o, NULL) == 0);
        fuzz_check(s.signer == 0);

        for (i = 0; i < h->n_said && h->said[i].view != s.view; i++)
                ;
        if (i == ELEMENTSOF(h->said))
                return;
        h->n_said = MAX(h->n_said, i + 1);
        h->said[i].view = s.view;
        fuzz_check(!h->said[i].has[kind] || id_equal(&h->said[i].block[kind], &s.block));
        h->said[i].has[kind] = true;
        h->said[i].block[kind] = s.block;
        fuzz_check(!h->said[i].has[QUORUM_SKIP] || !h->said[i].has[QUORUM_FINALIZE]);
}

/* A block of the ledger could be shown to anybody. */
static void check_stored(Host *h, uint64_t height, Id *ret) {
        Store *s = disk_store(h->disk);
        SigCheck checks[AUTHORITIES_MAX] = {};
        StoredBlock b = {};
        size_t n = 0;
        Header header;
        PowConfig pow;

        fuzz_check(s->ops->block_get(s, height, &b) == 0);
        *ret = b.id;
        if (height >= ELEMENTSOF(h->judged) || id_equal(&h->judged[height], &b.id))
                goto done;
        h->judged[height] = b.id;
        fuzz_check(header_read(&header, h->m->pow ? HEADER_DIFFICULTY : HEADER_VIEW, b.header, b.n_header, NULL) == 0);
        if (h->m->pow) {
                fuzz_check(pow_config_read(&pow, h->m->genesis->engine_config, false, NULL) == 0);
                fuzz_check(pow_seal_judge(&pow, &h->m->genesis->network, &header, b.seal, b.n_seal, checks, ELEMENTSOF(checks), &n, NULL) == 0);
                pow_config_done(&pow);
        } else
                fuzz_check(quorum_seal_judge(&h->m->q.c, &h->m->genesis->network, &header, b.seal, b.n_seal, checks, ELEMENTSOF(checks), &n, NULL, NULL) == 0);
        for (size_t i = 0; i < n; i++) {
                memo_check(h->memo, checks + i);
                fuzz_check(checks[i].valid);
        }
        sig_checks_done(checks, n);
done:
        stored_block_done(&b);
}

static void check_ledger(Host *h) {
        const ChainTip *tip = chain_tip(peer_chain(h->peer));
        uint64_t final = h->m->pow ? 0 : MIN(peer_final_height(h->peer), tip->height);
        Id id;

        if (id_equal(&tip->id, &h->looked_at) && final == h->looked_final)
                return;
        h->looked_at = tip->id;
        h->looked_final = final;
        for (uint64_t k = 1; k <= tip->height && k < ELEMENTSOF(h->final); k++) {
                check_stored(h, k, &id);
                if (k <= h->n_final && k <= final)
                        fuzz_check(id_equal(&h->final[k], &id));
                h->final[k] = k <= final && k > h->n_final ? id : h->final[k];
        }
        final = MIN(final, ELEMENTSOF(h->final) - 1);
        h->n_final = MAX(h->n_final, final);
}

/* Whatever the chain and the clock say. */
static void check_pool(const Host *h) {
        static const unsigned hopeless[] = { 9, 10, 11, 12, 29, 30, 31 };

        for (unsigned i = 0; i < ELEMENTSOF(hopeless); i++)
                fuzz_check(!pool_find(peer_pool(h->peer), &h->m->entries[hopeless[i]].id));
        fuzz_check(pool_bytes(peer_pool(h->peer)) <= POOL_BYTES_MAX);
}

typedef struct Recorded {
        const Peer *p;
        uint64_t above;         /* the view of the last final block */
} Recorded;

static int on_recorded(void *userdata, uint64_t view, const Id *id, const char *header, size_t n_header, const char *entries, size_t n_entries) {
        const Recorded *r = userdata;
        Store *s = r->p->store;
        const Draft *d;
        uint64_t height;

        (void) header;
        (void) n_header;
        (void) entries;
        (void) n_entries;
        if (view <= r->above || s->ops->block_find(s, id, &height) == 0)
                return 0;
        d = draft_find(r->p, id);
        fuzz_check(d && d->state != DRAFT_WANTED);
        for (size_t k = 0; k < d->block->n_entries; k++)
                fuzz_check(d->block->entries[k]);
        return 0;
}

/* What the peer has put on record, so as to be able to give it to anybody, is at hand; and what the engine waits for is looked at. */
static void check_proposals(Host *h) {
        const Peer *p = h->peer;
        const Quorum *q = (const Quorum *) p->engine;
        Recorded r = { .p = p, .above = q->root->header.value };

        for (size_t i = 0; i < q->n_views; i++)
                fuzz_check(!q->views[i]->proposal || q->views[i]->proposal->state != PROPOSAL_JUDGING || p->committing || p->broken ||
                                draft_find(p, &q->views[i]->proposal->header.id));
        if (p->record && !p->committing && !p->broken)
                fuzz_check(p->record->ops->each_block(p->record, on_recorded, &r) == 0);
}

void check_state(Host *h) {
        const Peer *p = h->peer;

        fuzz_check(h->m->pow || peer_final_height(p) >= h->final_height);
        h->final_height = peer_final_height(p);
        fuzz_check(p->n_drafts <= DRAFTS_MAX);
        fuzz_check(p->draft_bytes <= BRANCH_BYTES_MAX);
        fuzz_check(p->n_batches <= ELEMENTSOF(h->held));
        fuzz_check(p->n_links <= HOST_LINKS);
        check_pool(h);
        check_ledger(h);
        if (!h->m->pow)
                check_proposals(h);
}

/* Whatever may follow the last final block is of a higher view; the rest of what liars have proposed is gone. */
static void check_kept(const Quorum *q) {
        for (unsigned i = 0; i < BLOCK_BUCKETS; i++)
                for (const QuorumBlock *b = q->buckets[i]; b; b = b->next)
                        fuzz_check(b == q->root || b->header.value > q->root->header.value);
}

bool check_is_settled(const Host *h) {
        const Peer *p = h->peer;
        uint64_t height = chain_tip(peer_chain(h->peer))->height;
        uint8_t chain[MATERIAL_ITEMS];
        unsigned tip = MIN(material_chain(h->m, chain), h->honest_tip), final = 0;
        Store *s = disk_store(h->disk);

        if (h->m->pow)
                return height >= tip;
        for (unsigned i = 1; i <= tip; i++)
                final = material_block(h->m, chain[i])->final ? i : final;
        if (height < final || peer_final_height(p) < final)
                return false;
        if (final > 0) {
                fuzz_check(s->ops->block_find(s, &material_block(h->m, chain[final])->header.id, &height) == 0);
                fuzz_check(height == final);
        }
        check_kept((const Quorum *) p->engine);
        return true;
}
