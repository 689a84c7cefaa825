/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/quorum-private.h"

/* What comes in: statements are counted, q alike make a certificate, certificates end views. All of it is verified. */

int quorum_convict(Quorum *q, const QuorumStatement *a, const QuorumStatement *b) {
        EngineEffect fx = { .type = ENGINE_FX_EVIDENCE, .key = q->config.authorities[a->signer] };
        _cleanup_buf_ Buf line = {};
        int r;

        if (!quorum_statements_convict(a, b) || q->convicted[a->signer])
                return 0;
        q->convicted[a->signer] = true;
        r = quorum_evidence_format(a, b, &q->config, &line);
        if (r < 0)
                return r;
        fx.data = buf_take(&line, &fx.n_data);
        return fx.data ? quorum_effect(q, &fx) : -ENOMEM;
}

/* Against all else that its signer has said in that view. */
static int look_for_evidence(Quorum *q, const QuorumStatement *s) {
        const QuorumView *v = quorum_view_find(q, s->view);

        for (int k = 0; v && v->said && k < _QUORUM_KIND_MAX; k++) {
                const QuorumSaid *said = v->said + s->signer;
                QuorumStatement other = { .kind = (QuorumKind) k, .signer = s->signer, .view = s->view, .block = said->block[k],
                        .signature = said->signature[k] };
                int r;

                if (!said->has[k])
                        continue;
                r = quorum_convict(q, &other, s);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Who stands in two certificates of one view that exclude each other is convicted by them, also where what was said in that view
 * is not kept any more: more have lied than may, and people must know who. */
static int look_for_conflicts(Quorum *q, const QuorumCertificate *cert) {
        for (int k = QUORUM_ENDORSE; k < _QUORUM_KIND_MAX; k++) {
                const QuorumCertificate *held = quorum_certificate_held(q, (QuorumKind) k, cert->view, NULL);

                /* numbers ascend in both */
                for (unsigned i = 0, j = 0; held && i < held->n && j < cert->n;) {
                        QuorumStatement a = quorum_certificate_statement(held, i), b = quorum_certificate_statement(cert, j);
                        int r = quorum_convict(q, &a, &b);

                        if (r < 0)
                                return r;
                        i += a.signer <= b.signer;
                        j += b.signer <= a.signer;
                }
        }
        return 0;
}

static int make_certificate(Quorum *q, const QuorumView *v, QuorumKind kind, const Id *block) {
        _cleanup_certificate_ QuorumCertificate *c = quorum_certificate_new(kind, v->view, block, q->config.q);

        if (!c)
                return -ENOMEM;
        for (unsigned i = 0; i < q->config.n && c->n < q->config.q; i++) {
                if (!v->said[i].has[kind] || !id_equal(&v->said[i].block[kind], block))
                        continue;
                c->signatures[c->n].number = i;
                c->signatures[c->n++].signature = v->said[i].signature[kind];
        }
        return quorum_accept(q, c);
}

/* s is verified, or the own and durable. What is said first is what counts. */
int quorum_count_statement(Quorum *q, const QuorumStatement *s) {
        QuorumView *v;
        QuorumSaid *said;
        int r;

        if (!quorum_view_collected(q, s->view))
                return 0;
        if ((r = quorum_view_collect(q, s->view, &v)) < 0 ||
            (r = look_for_evidence(q, s)) < 0)
                return r;

        said = v->said + s->signer;
        if (!said->has[s->kind]) {
                said->has[s->kind] = true;
                said->block[s->kind] = s->block;
                said->signature[s->kind] = s->signature;
        }
        if (quorum_count(q, v, s->kind, &s->block) < q->config.q || quorum_certificate_held(q, s->kind, s->view, NULL))
                return 0;
        return make_certificate(q, v, s->kind, &s->block);
}

/* "Enter v with the endorse or the skip certificate of v - 1, or any certificate of a later view." */
static void enter(Quorum *q, uint64_t view) {
        q->view = view;
        q->entered_usec = q->now_usec;
        q->timer_usec = 0;
        q->retries = 0;
        q->retry_usec = q->hold_usec = USEC_INFINITY;
}

static void attach(Quorum *q, QuorumCertificate *cert) {
        QuorumBlock *b = cert->of == QUORUM_SKIP ? NULL : quorum_block_find(q, &cert->block);
        QuorumCertificate **at = b ? cert->of == QUORUM_ENDORSE ? &b->endorse : &b->finalize : NULL;

        if (at && !*at && b->header.value == cert->view)
                *at = quorum_certificate_ref(cert);
}

/* cert is verified. Only what is above the last final view is kept by views: whatever else was certified lies below it. */
int quorum_accept(Quorum *q, QuorumCertificate *cert) {
        uint64_t final = quorum_final_view(q);
        QuorumCertificate **at;
        QuorumView *v;
        int r;

        for (unsigned i = 0; i < cert->n; i++) {
                QuorumStatement s = quorum_certificate_statement(cert, i);

                r = (int) s.signer == q->self ? quorum_own_came_back(q, &s) : look_for_evidence(q, &s);
                if (r < 0)
                        return r;
        }
        r = look_for_conflicts(q, cert);
        if (r < 0)
                return r;
        attach(q, cert);
        if (cert->view < final || (cert->view == final && cert->of != QUORUM_FINALIZE))
                return 0;

        r = quorum_view_get(q, cert->view, &v);
        if (r < 0)
                return r;
        at = cert->of == QUORUM_ENDORSE ? &v->endorse : cert->of == QUORUM_FINALIZE ? &v->finalize : &v->skip;
        if (*at)
                return 0;
        *at = quorum_certificate_ref(cert);
        r = quorum_record_certificate(q, cert);
        if (r < 0)
                return r;

        if (cert->of == QUORUM_FINALIZE) {
                (void) quorum_certificate_unref(q->final);
                q->final = quorum_certificate_ref(cert);
                r = quorum_send_certificate(q, ENGINE_TO_FOLLOWERS, 0, NULL, cert);
                if (r < 0)
                        return r;
        }
        if (cert->view >= q->view)
                enter(q, cert->view + 1);
        quorum_views_tidy(q);
        return 0;
}

/* --- messages --- */

static int on_proposal(Quorum *q, EngineMessage *m, uint64_t from) {
        QuorumProposal *p;
        QuorumBlock *b;
        QuorumView *v;
        int r;

        r = quorum_view_collect(q, m->statement.view, &v);
        if (r < 0)
                return r;
        if (v->proposal)        /* one slot a view */
                return m->counted ? quorum_answer_counted(q, &m->statement)
                                  : quorum_convict(q, &v->proposal->statement, &m->statement);
        if (m->counted)
                return 0;

        if ((int) m->statement.signer == q->self) {
                r = quorum_own_came_back(q, &m->statement);
                if (r != 0)
                        return MIN(r, 0);
        }
        p = new0(QuorumProposal, 1);
        if (!p)
                return -ENOMEM;
        *p = (QuorumProposal) { .statement = m->statement, .header = m->header, .ids = TAKE_PTR(m->ids),
                .line = TAKE_PTR(m->line), .n_line = m->n_line, .from = from, .arrived_sec = q->now_sec };
        v->proposal = p;
        r = quorum_block_add(q, &p->header, &b);
        if (r < 0)
                return r;
        if (m->n_certs > 0 && m->certs[0].cert->view < quorum_final_view(q))    /* its leader does not know what is final */
                return quorum_answer(q, m->statement.signer, m->certs[0].cert->view);
        return 0;
}

int quorum_on_message(Quorum *q, const EngineEvent *ev) {
        EngineMessage *m = ASSERT_PTR(ev->message);
        const QuorumStatement *s = &m->statement;
        int r;

        /* What was known when it was read, and is not any more, was passed by something final. */
        for (size_t i = 0; i < m->n_certs; i++)
                if (m->certs[i].checked) {
                        r = quorum_accept(q, m->certs[i].cert);
                        if (r < 0)
                                return r;
                }
        if (m->type == QUORUM_MESSAGE_CERTIFICATE)
                return 0;

        if ((int) s->signer == q->self && m->type == QUORUM_MESSAGE_STATEMENT) {
                r = quorum_own_came_back(q, s);
                return MIN(r, 0);
        }
        if (s->view > q->view + 1)
                return quorum_ask_signer(q, s->signer, MAX(quorum_top_view(q), quorum_final_view(q)) + 1);
        if (m->type == QUORUM_MESSAGE_PROPOSAL)
                return s->view < q->view ? quorum_answer(q, s->signer, s->view) : on_proposal(q, m, ev->from);

        if (!m->counted) {
                r = quorum_count_statement(q, s);
                if (r < 0)
                        return r;
        }
        if (s->view < q->view && (s->kind != QUORUM_FINALIZE || s->view <= quorum_final_view(q)))
                return quorum_answer(q, s->signer, s->view);
        return m->counted ? quorum_answer_counted(q, s) : 0;
}

int quorum_on_header(Quorum *q, const EngineEvent *ev) {
        _cleanup_certificate_ QuorumCertificate *cert = NULL;
        QuorumBlock *b;
        int r, judged;

        assert(ev->header);
        assert(ev->seal);

        r = quorum_seal_read(&cert, &q->config, ev->seal, ev->n_seal, NULL);
        if (r != 0)
                return MIN(r, 0);       /* check_seal() said yes, so it is one */
        judged = quorum_block_judge(q, ev->header, NULL);
        if (judged < 0)
                return judged;
        if (judged == 0 && q->n_blocks < SIDE_HEADERS_MAX) {
                r = quorum_block_add(q, ev->header, &b);
                if (r < 0)
                        return r;
                b->stored_final = cert->of == QUORUM_FINALIZE;
        }
        r = quorum_accept(q, cert);
        if (r < 0 || judged != V_ORPHAN)
                return r;
        return quorum_effect_id(q, ENGINE_FX_ORPHAN, &ev->header->id);
}
