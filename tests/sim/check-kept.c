/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check-kept.h"

#include <inttypes.h>

#include "node/peer-internal.h"

static const char invariant[] = "no signature or certificate is forgotten too early";

typedef struct Held {
        bool has;
        Id block;
} Held;

typedef struct KeptView {
        uint64_t view;
        Held signed_by_it[_QUORUM_KIND_MAX], certified[_QUORUM_KIND_MAX];
} KeptView;

typedef struct Kept {           /* by one authority, of the views above the last final one */
        uint64_t view, final;
        KeptView *items;        /* ascending */
        size_t n, allocated;
} Kept;

struct CheckKept {
        Kept hosts[WORLD_HOSTS_MAX];
};

CheckKept* check_kept_new(void) {
        CheckKept *c = new0(CheckKept, 1);

        if (!c)
                world_die("what is kept", -ENOMEM);
        return c;
}

CheckKept* check_kept_free(CheckKept *c) {
        if (!c)
                return NULL;
        for (unsigned i = 0; i < WORLD_HOSTS_MAX; i++)
                free(c->hosts[i].items);
        free(c);
        return NULL;
}

static const Quorum* recording_engine(const Host *h) {
        const Quorum *q = h->up && h->peer ? QUORUM(h->peer->engine) : NULL;

        return q && q->has_record ? q : NULL;
}

/* Found, or put in between: most come at the end. */
static KeptView* view_get(Kept *k, uint64_t view) {
        size_t i = k->n;

        while (i > 0 && k->items[i - 1].view > view)
                i--;
        if (i > 0 && k->items[i - 1].view == view)
                return &k->items[i - 1];
        if (k->n == k->allocated) {
                k->allocated = k->allocated ? 2 * k->allocated : 16;
                k->items = reallocarray(k->items, k->allocated, sizeof(KeptView));
                if (!k->items)
                        world_die("what is kept", -ENOMEM);
        }
        memmove(k->items + i + 1, k->items + i, (k->n - i) * sizeof(KeptView));
        k->items[i] = (KeptView) { .view = view };
        k->n++;
        return &k->items[i];
}

void check_kept_on_send(CheckKept *c, const Host *h, const QuorumStatement *s) {
        Kept *k = &c->hosts[h->number];

        if (s->view > k->final)
                view_get(k, s->view)->signed_by_it[s->kind] = (Held) { .has = true, .block = s->block };
}

/* --- what is there against what must be --- */

static bool knows_signature(const Quorum *q, QuorumKind kind, uint64_t view, const Id *block) {
        const QuorumView *v = quorum_view_find(q, view);

        return v && v->own[kind].said && id_equal(&v->own[kind].s.block, block);
}

static void forgotten(const Host *h, const Quorum *q, const char *what, QuorumKind kind, uint64_t view) {
        world_fail(h->world, invariant, "host %u, in view %" PRIu64 ", final view %" PRIu64 ", lacks %s \"%s\" of view %" PRIu64,
                        h->number, q->view, quorum_final_view(q), what, quorum_kind_name(kind), view);
}

static void look_at_view(const Host *h, const Quorum *q, const KeptView *k) {
        for (int i = 0; i < _QUORUM_KIND_MAX; i++) {
                const Held *own = &k->signed_by_it[i], *cert = &k->certified[i];
                QuorumKind kind = (QuorumKind) i;

                if (own->has && !knows_signature(q, kind, k->view, &own->block))
                        forgotten(h, q, "its own", kind, k->view);
                if (cert->has && !quorum_certificate_held(q, kind, k->view, &cert->block))
                        forgotten(h, q, "the certificate of", kind, k->view);
        }
}

static void look_at_kept(const Kept *k, const Host *h, const Quorum *q) {
        uint64_t final = quorum_final_view(q);

        for (size_t i = k->n; i > 0 && k->items[i - 1].view > final; i--)
                look_at_view(h, q, &k->items[i - 1]);
        if (q->view < k->view || final < k->final)
                world_fail(h->world, invariant, "host %u, in view %" PRIu64 ", final view %" PRIu64 ", had come to view %" PRIu64
                                ", final view %" PRIu64, h->number, q->view, final, k->view, k->final);
}

void check_kept_on_commit(CheckKept *c, const Host *h) {
        Kept *k = &c->hosts[h->number];
        const Quorum *q = recording_engine(h);

        if (!q)
                return;
        look_at_kept(k, h, q);

        k->view = q->view;
        k->final = quorum_final_view(q);
        k->n = 0;               /* all that was there is among what follows */
        for (size_t i = 0; i < q->n_views; i++) {
                const QuorumView *v = q->views[i];
                const QuorumCertificate *certificates[_QUORUM_KIND_MAX] = {
                        [QUORUM_ENDORSE] = v->endorse, [QUORUM_FINALIZE] = v->finalize, [QUORUM_SKIP] = v->skip,
                };
                KeptView *x = v->view > k->final ? view_get(k, v->view) : NULL;

                for (int kind = 0; x && kind < _QUORUM_KIND_MAX; kind++) {
                        if (v->own[kind].said)
                                x->signed_by_it[kind] = (Held) { .has = true, .block = v->own[kind].s.block };
                        if (certificates[kind])
                                x->certified[kind] = (Held) { .has = true, .block = certificates[kind]->block };
                }
        }
}

/* Whole, on the chain or beside it: after a power cut of all nobody else may have it. */
static bool has_block(const Host *h, const Quorum *q, const Id *id) {
        const QuorumBlock *b = quorum_block_find(q, id);
        const Draft *d = draft_find(h->peer, id);

        return b && (b->main || (d && d->state == DRAFT_COMPLETE));
}

void check_kept_on_started(const CheckKept *c, const Host *h) {
        const Kept *k = &c->hosts[h->number];
        const Quorum *q = recording_engine(h);

        if (!q)
                return;
        look_at_kept(k, h, q);
        for (size_t i = k->n; i > 0 && k->items[i - 1].view > quorum_final_view(q); i--) {
                const Held *own = &k->items[i - 1].signed_by_it[QUORUM_ENDORSE];

                if (own->has && !has_block(h, q, &own->block))
                        forgotten(h, q, "the block of its", QUORUM_ENDORSE, k->items[i - 1].view);
        }
}
