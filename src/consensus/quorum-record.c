/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/line.h"
#include "consensus/quorum-private.h"

/* The record: what was signed, and what must not be forgotten for others to go on. Lines under (view, name): "propose" (the
 * proposal that was made or endorsed), "endorse", "finalize", "skip" (own statements), "certificate-endorse", "-finalize",
 * "-skip", and at view 0 "hold": {"from":view,"kind":"hold","stopped":true|false,"view":0}. */

static const char *const certificate_names[_QUORUM_KIND_MAX] = {
        [QUORUM_ENDORSE]  = "certificate-endorse",
        [QUORUM_FINALIZE] = "certificate-finalize",
        [QUORUM_SKIP]     = "certificate-skip",
};

static int record(Quorum *q, uint64_t view, const char *name, const char *line, size_t n) {
        EngineEffect fx = { .type = ENGINE_FX_RECORD, .view = view, .name = name, .serial = ++q->serial };
        _cleanup_buf_ Buf b = {};

        buf_add(&b, line, n);
        fx.data = buf_take(&b, &fx.n_data);
        return fx.data ? quorum_effect(q, &fx) : -ENOMEM;
}

/* "the certificate by which its view was entered"; those of all views since the last final one */
int quorum_record_certificate(Quorum *q, const QuorumCertificate *cert) {
        _cleanup_buf_ Buf b = {};
        int r;

        if (!q->has_record)
                return 0;
        r = quorum_certificate_format(cert, &b);
        return r < 0 ? r : record(q, cert->view, certificate_names[cert->of], b.p, b.n);
}

int quorum_record_block(Quorum *q, const Header *h) {
        return quorum_effect(q, &(EngineEffect) { .type = ENGINE_FX_RECORD_BLOCK, .id = h->id, .header = *h, .view = h->value,
                        .serial = ++q->serial });
}

int quorum_record_hold(Quorum *q) {
        _cleanup_buf_ Buf b = {};

        if (!q->has_record)
                return 0;
        buf_printf(&b, "{\"from\":%" PRIu64 ",\"kind\":\"hold\",\"stopped\":%s,\"view\":0}", q->sign_from, q->stopped ? "true" : "false");
        return buf_error(&b) < 0 ? -ENOMEM : record(q, 0, "hold", b.p, b.n);
}

/* "Before a signature leaves, its record [is] committed, then send, and only then count it oneself." */
static int record_statement(Quorum *q, QuorumOwn *own) {
        _cleanup_buf_ Buf b = {};
        int r;

        r = quorum_statement_format(&own->s, &q->config, &b);
        if (r < 0)
                return r;
        r = record(q, own->s.view, quorum_kind_name(own->s.kind), b.p, b.n);
        own->said = true;
        own->counted = false;
        own->serial = q->serial;
        return r;
}

int quorum_say(Quorum *q, QuorumKind kind, uint64_t view, const Id *block) {
        QuorumStatement s = { .kind = kind, .signer = (unsigned) q->self, .view = view };
        QuorumView *v;
        int r;

        assert(quorum_may_sign(q, view));

        if (block)
                s.block = *block;
        r = quorum_view_get(q, view, &v);
        if (r < 0)
                return r;
        assert(!v->own[kind].said);
        r = quorum_statement_sign(&s, &q->config, &q->setup);
        if (r < 0)
                return r;
        v->own[kind].s = s;
        r = record_statement(q, &v->own[kind]);
        return r < 0 ? r : quorum_send_statement(q, ENGINE_TO_SEALERS, 0, NULL, &s);
}

static QuorumOwn* own_to_count(Quorum *q) {
        for (size_t i = 0; i < q->n_views; i++)
                for (int k = 0; k < _QUORUM_KIND_MAX; k++) {
                        QuorumOwn *own = q->views[i]->own + k;

                        if (own->said && !own->counted && own->serial <= q->durable)
                                return own;
                }
        return NULL;
}

int quorum_count_own(Quorum *q) {
        QuorumOwn *own;
        int r;

        while ((own = own_to_count(q))) {       /* to count one may end its view: look anew */
                QuorumStatement s = own->s;

                own->counted = true;
                if (s.kind == QUORUM_PROPOSE)
                        continue;
                r = quorum_count_statement(q, &s);
                if (r < 0)
                        return r;
        }
        return 0;
}

int quorum_record_proposal(Quorum *q, const QuorumProposal *p) {
        QuorumView *v = quorum_view_find(q, p->header.value);
        QuorumOwn *own = v->own + QUORUM_PROPOSE;
        int r;

        if (p->statement.signer != (unsigned) q->self)
                return record(q, p->header.value, "propose", p->line, p->n_line);
        own->s = p->statement;
        r = record(q, p->header.value, "propose", p->line, p->n_line);
        own->said = true;
        own->counted = false;
        own->serial = q->serial;
        return r;
}

static int stop(Quorum *q, const QuorumStatement *s) {
        int r;

        q->stopped = true;
        r = quorum_record_hold(q);
        if (r < 0)
                return r;
        return quorum_alarm(q, "resume", "Others hold a \"%s\" of view %" PRIu64 " that this authority has signed and that is not on its record: the record "
                        "was lost or is an old copy. Nothing is signed until `votectl authority resume`.", quorum_kind_name(s->kind), s->view);
}

int quorum_own_came_back(Quorum *q, const QuorumStatement *s) {
        QuorumView *v = quorum_view_find(q, s->view);
        int r;

        if (!q->has_record || s->view <= quorum_final_view(q))
                return 0;       /* what is below a final block contradicts nothing that will be signed */
        if (v && v->own[s->kind].said && quorum_statement_equal(&v->own[s->kind].s, s))
                return 0;
        if (q->resuming || s->view < q->sign_from) {    /* it is taken over */
                r = quorum_view_get(q, s->view, &v);
                if (r < 0 || v->own[s->kind].said || s->kind == QUORUM_PROPOSE)
                        return r;
                v->own[s->kind].s = *s;
                return record_statement(q, &v->own[s->kind]);
        }
        if (q->stopped)
                return 1;
        r = stop(q, s);
        return r < 0 ? r : 1;
}

/* --- the start --- */

static int load_own(Quorum *q, const QuorumStatement *s) {
        QuorumView *v;
        int r;

        if (q->self < 0 || s->signer != (unsigned) q->self)
                return -EUCLEAN;
        r = quorum_view_get(q, s->view, &v);
        if (r < 0)
                return r;
        v->own[s->kind] = (QuorumOwn) { .said = true, .s = *s };        /* counted in the first step */
        return 0;
}

/* One that was endorsed, or the own: it may be needed again when all have lost power. */
static int load_proposal(Quorum *q, const EngineLine *l) {
        _cleanup_(quorum_message_freep) EngineMessage *m = NULL;
        QuorumProposal *p;
        QuorumBlock *b;
        QuorumView *v;
        int r;

        r = quorum_proposal_read(&q->config, &q->setup.network, l->p, l->n, &m, NULL);
        if (r != 0)
                return r;
        if (q->self >= 0 && m->statement.signer == (unsigned) q->self) {
                r = load_own(q, &m->statement);
                if (r != 0)
                        return r;
        }
        if (m->header.value > q->root->header.value) {
                r = quorum_block_add(q, &m->header, &b);
                if (r < 0)
                        return r;
        }
        r = quorum_view_get(q, m->header.value, &v);
        if (r < 0)
                return r;
        p = new0(QuorumProposal, 1);
        if (!p)
                return -ENOMEM;
        *p = (QuorumProposal) { .state = PROPOSAL_NEW, .statement = m->statement, .header = m->header,
                .ids = TAKE_PTR(m->ids), .line = TAKE_PTR(m->line), .n_line = m->n_line, .arrived_sec = m->header.time };
        quorum_proposal_free(v->proposal);
        v->proposal = p;
        return 0;
}

static int load_certificate(Quorum *q, const Json *o) {
        _cleanup_certificate_ QuorumCertificate *c = NULL;
        QuorumCertificate **at;
        QuorumView *v;
        int r;

        r = quorum_certificate_read(&c, &q->config, o, NULL);
        if (r != 0)
                return r;
        r = quorum_view_get(q, c->view, &v);
        if (r < 0)
                return r;
        if (c->of == QUORUM_FINALIZE && (!q->final || q->final->view < c->view)) {
                (void) quorum_certificate_unref(q->final);
                q->final = quorum_certificate_ref(c);
        }
        at = c->of == QUORUM_ENDORSE ? &v->endorse : c->of == QUORUM_FINALIZE ? &v->finalize : &v->skip;
        if (!*at)
                *at = TAKE_PTR(c);
        return 0;
}

static int load_line(Quorum *q, const EngineLine *l) {
        _cleanup_json_ Json *o = NULL;
        QuorumStatement s;
        const char *kind;
        int64_t from;
        int r, k;

        if ((r = line_parse(&o, l->p, l->n, PROPOSE_BYTES_MAX, NULL)) != 0 ||
            (r = json_get_text(o, "kind", 1, LINE_KEY_MAX, &kind, NULL)) != 0)
                return r;
        k = quorum_kind_from_name(kind);
        if (k == QUORUM_PROPOSE)
                return load_proposal(q, l);
        if (k >= 0) {
                r = quorum_statement_read(&s, &q->config, (QuorumKind) k, o, NULL);
                return r != 0 ? r : load_own(q, &s);
        }
        if (streq(kind, "certificate"))
                return load_certificate(q, o);
        if (!streq(kind, "hold"))
                return -EUCLEAN;
        if ((r = json_get_int(o, "from", 0, LINE_INT_MAX, &from, NULL)) != 0 ||
            (r = json_get_bool(o, "stopped", &q->stopped, NULL)) != 0)
                return r;
        q->sign_from = (uint64_t) from;
        return 0;
}

/* After the chain's part; certificates first, so that what else there is finds them. */
int quorum_record_load(Quorum *q, const EngineSetup *setup) {
        q->has_record = setup->has_record && q->self >= 0;
        for (size_t i = 0; q->has_record && i < setup->n_record; i++) {
                int r;

                r = load_line(q, setup->record + i);
                if (r != 0)
                        return r < 0 ? r : -EUCLEAN;
        }
        for (size_t i = 0; i < q->n_views; i++) {
                const QuorumView *v = q->views[i];

                if (v->endorse || v->finalize || v->skip)
                        q->view = MAX(q->view, v->view + 1);
        }
        return quorum_blocks_attach(q);
}
