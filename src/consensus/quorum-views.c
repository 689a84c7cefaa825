/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/quorum-private.h"

/* Views from the last final one of the main chain up. What is kept of a view that has passed are certificates and what this
 * node has signed; a view is added by a certificate of q authorities, so that no stranger makes them grow. */

void quorum_proposal_free(QuorumProposal *p) {
        if (!p)
                return;
        free(p->ids);
        free(p->line);
        free(p);
}

static void view_free(QuorumView *v) {
        (void) quorum_certificate_unref(v->endorse);
        (void) quorum_certificate_unref(v->finalize);
        (void) quorum_certificate_unref(v->skip);
        quorum_proposal_free(v->proposal);
        free(v->said);
        free(v);
}

void quorum_views_done(Quorum *q) {
        for (size_t i = 0; i < q->n_views; i++)
                view_free(q->views[i]);
        free(q->views);
        q->views = NULL;
        q->n_views = q->allocated_views = 0;
}

/* The first that is not below view. */
static size_t place(const Quorum *q, uint64_t view) {
        size_t lo = 0, hi = q->n_views;

        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;

                if (q->views[mid]->view < view)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

QuorumView* quorum_view_find(const Quorum *q, uint64_t view) {
        size_t i = place(q, view);

        return i < q->n_views && q->views[i]->view == view ? q->views[i] : NULL;
}

int quorum_view_get(Quorum *q, uint64_t view, QuorumView **ret) {
        size_t i = place(q, view);
        QuorumView *v;

        if (i < q->n_views && q->views[i]->view == view) {
                *ret = q->views[i];
                return 0;
        }
        if (q->n_views == q->allocated_views) {
                size_t m = q->allocated_views ? 2 * q->allocated_views : 16;
                QuorumView **views = reallocarray(q->views, m, sizeof(QuorumView *));

                if (!views)
                        return -ENOMEM;
                q->views = views;
                q->allocated_views = m;
        }
        v = new0(QuorumView, 1);
        if (!v)
                return -ENOMEM;
        v->view = view;
        memmove(q->views + i + 1, q->views + i, (q->n_views - i) * sizeof(QuorumView *));
        q->views[i] = v;
        q->n_views++;
        *ret = v;
        return 0;
}

/* Bounds: statements of the current and the next view only; and of the highest endorsed one, which waits for being final. */
bool quorum_view_collected(const Quorum *q, uint64_t view) {
        uint64_t top = quorum_top_view(q);

        return view == q->view || view == q->view + 1 || (view == top && top > quorum_final_view(q));
}

int quorum_view_collect(Quorum *q, uint64_t view, QuorumView **ret) {
        int r;

        assert(quorum_view_collected(q, view));

        r = quorum_view_get(q, view, ret);
        if (r < 0 || (*ret)->said)
                return r;
        (*ret)->said = new0(QuorumSaid, q->config.n);
        if (!(*ret)->said)
                return -ENOMEM;
        for (int k = 0; k < _QUORUM_KIND_MAX && q->self >= 0; k++)
                if ((*ret)->own[k].said && (*ret)->own[k].counted) {
                        QuorumSaid *own = (*ret)->said + q->self;

                        own->has[k] = true;
                        own->block[k] = (*ret)->own[k].s.block;
                        own->signature[k] = (*ret)->own[k].s.signature;
                }
        return 0;
}

static bool is_empty(const QuorumView *v) {
        for (int k = 0; k < _QUORUM_KIND_MAX; k++)
                if (v->own[k].said)
                        return false;
        return !v->endorse && !v->finalize && !v->skip && !v->said && !v->proposal;
}

void quorum_views_tidy(Quorum *q) {
        size_t n = 0;

        for (size_t i = 0; i < q->n_views; i++) {
                QuorumView *v = q->views[i];

                if (v->said && !quorum_view_collected(q, v->view)) {
                        free(v->said);
                        v->said = NULL;
                }
                if (v->view < q->view) {
                        quorum_proposal_free(v->proposal);
                        v->proposal = NULL;
                }
        }
        for (size_t i = 0; i < q->n_views; i++) {       /* nobody looks for a view in between */
                QuorumView *v = q->views[i];

                if (is_empty(v))
                        view_free(v);
                else
                        q->views[n++] = v;
        }
        q->n_views = n;
}

void quorum_views_drop_below(Quorum *q, uint64_t view) {
        size_t n = place(q, view);

        for (size_t i = 0; i < n; i++)
                view_free(q->views[i]);
        memmove(q->views, q->views + n, (q->n_views - n) * sizeof(QuorumView *));
        q->n_views -= n;
}

uint64_t quorum_final_view(const Quorum *q) {
        return MAX(q->final ? q->final->view : 0, q->root->header.value);
}

static const QuorumView* highest_endorsed(const Quorum *q) {
        for (size_t i = q->n_views; i > 0; i--)
                if (q->views[i - 1]->endorse)
                        return q->views[i - 1];
        return NULL;
}

uint64_t quorum_top_view(const Quorum *q) {
        const QuorumView *v = highest_endorsed(q);

        return MAX(v ? v->view : 0, quorum_final_view(q));
}

const Id* quorum_top_block(const Quorum *q) {
        const QuorumView *v = highest_endorsed(q);

        if (v && v->view > quorum_final_view(q))
                return &v->endorse->block;
        if (q->final && q->final->view > q->root->header.value)
                return &q->final->block;
        return &q->root->header.id;
}

QuorumCertificate* quorum_certificate_held(const Quorum *q, QuorumKind of, uint64_t view, const Id *block) {
        const QuorumView *v = quorum_view_find(q, view);
        QuorumCertificate *c = NULL;

        if (of == QUORUM_FINALIZE && q->final && q->final->view == view)
                c = q->final;
        else if (v)
                c = of == QUORUM_ENDORSE ? v->endorse : of == QUORUM_FINALIZE ? v->finalize : v->skip;
        return c && (!block || id_equal(&c->block, block)) ? c : NULL;
}

unsigned quorum_count(const Quorum *q, const QuorumView *v, QuorumKind kind, const Id *block) {
        unsigned n = 0;

        for (unsigned i = 0; v->said && i < q->config.n; i++)
                n += v->said[i].has[kind] && (!block || id_equal(&v->said[i].block[kind], block));
        return n;
}

/* Views that passed since the last final one without an endorsed block: the same for all who hold the same certificates. */
unsigned quorum_skipped_since_final(const Quorum *q) {
        uint64_t final = quorum_final_view(q), n = q->view > final + 1 ? q->view - 1 - final : 0;

        for (size_t i = q->n_views; i > 0 && q->views[i - 1]->view > final && n > 0; i--)
                n -= q->views[i - 1]->endorse != NULL;
        return (unsigned) MIN(n, (uint64_t) 32);
}

/* By its own words, or by the certificate, which stays when what was said in a view is not kept any more. */
bool quorum_has_endorsed(const Engine *e, const Key *who, const Id *id) {
        const Quorum *q = QUORUM(e);
        const QuorumBlock *b = quorum_block_find(q, id);
        const QuorumView *v = b ? quorum_view_find(q, b->header.value) : NULL;
        int number = quorum_config_number(&q->config, who);

        if (!b || number < 0)
                return false;
        if (v && v->said && v->said[number].has[QUORUM_ENDORSE] && id_equal(&v->said[number].block[QUORUM_ENDORSE], id))
                return true;
        for (unsigned i = 0; b->endorse && i < b->endorse->n; i++)
                if (b->endorse->signatures[i].number == (unsigned) number)
                        return true;
        return false;
}
