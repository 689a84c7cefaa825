/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/base64.h"
#include "consensus/quorum-private.h"

/* What an authority does by itself, within the rules (quorum-rules.c): propose, endorse, finalize. */

/* "The block is durable before it is sent." */
int quorum_propose(Quorum *q, const EngineEvent *ev) {
        QuorumStatement s = { .kind = QUORUM_PROPOSE, .signer = (unsigned) q->self, .view = q->view };
        _cleanup_buf_ Buf line = {};
        QuorumProposal *p;
        QuorumBlock *b;
        QuorumView *v;
        Header h;
        int r;

        assert(ev->header);

        h = *ev->header;
        assert(ev->n_ids == h.count);
        if (BASE64_LEN((size_t) h.count * sizeof(Id)) + (PROPOSE_SKIPS_MAX + 2) * CERTIFICATE_BYTES_MAX > PROPOSE_BYTES_MAX)
                return quorum_alarm(q, NULL, "A block of %u entries is too large to be proposed.", h.count);
        h.network = q->setup.network;
        h.parent = q->tip->header.id;
        h.height = q->tip->header.height + 1;
        h.time = MAX(h.time, q->tip->header.time);
        h.sealer = q->setup.self;
        h.field = HEADER_VIEW;
        h.value = q->view;
        r = header_set_id(&h);
        if (r < 0)
                return r;

        s.block = h.id;
        if ((r = quorum_statement_sign(&s, &q->config, &q->setup)) < 0 ||
            (r = quorum_proposal_format(q, &h, ev->ids, &s, &line)) < 0 ||
            (r = quorum_block_add(q, &h, &b)) < 0 ||
            (r = quorum_view_collect(q, q->view, &v)) < 0)
                return r;
        p = new0(QuorumProposal, 1);
        if (!p)
                return -ENOMEM;
        *p = (QuorumProposal) { .state = PROPOSAL_VALID, .statement = s, .header = h, .arrived_sec = h.time };
        p->line = buf_take(&line, &p->n_line);
        quorum_proposal_free(v->proposal);
        v->proposal = p;
        if (!p->line)
                return -ENOMEM;
        b->whole = true;

        if ((r = quorum_record_block(q, &h)) < 0 ||
            (r = quorum_record_proposal(q, p)) < 0 ||
            (r = quorum_send(q, ENGINE_TO_SEALERS, 0, NULL, p->line, p->n_line)) < 0)
                return r;
        return quorum_say(q, QUORUM_ENDORSE, q->view, &h.id);
}

static int endorse(Quorum *q, const QuorumProposal *p) {
        int r;

        if ((r = quorum_record_block(q, &p->header)) < 0 ||
            (r = quorum_record_proposal(q, p)) < 0)
                return r;
        return quorum_say(q, QUORUM_ENDORSE, q->view, &p->header.id);
}

static int judge(Quorum *q, QuorumProposal *p) {
        EngineEffect fx = { .type = ENGINE_FX_JUDGE, .id = p->header.id, .header = p->header, .to = p->from };
        QuorumBlock *parent = quorum_block_find(q, &p->header.parent);

        if (p->state == PROPOSAL_JUDGING)
                return 0;
        if (!parent->whole) {
                if (parent->wanted)
                        return 0;
                parent->wanted = true;
                return quorum_effect_id(q, ENGINE_FX_WANT, &parent->header.id);
        }
        p->state = PROPOSAL_JUDGING;
        fx.n_data = p->header.count * sizeof(Id);
        fx.data = malloc(fx.n_data + 1);
        if (!fx.data)
                return -ENOMEM;
        memcpy(fx.data, p->ids, fx.n_data);
        return quorum_effect(q, &fx);
}

static int fetch_parent(Quorum *q, const QuorumProposal *p) {
        uint64_t height;
        int r;

        if (!quorum_block_find(q, &p->header.parent)) {
                r = q->setup.chain.height_of(q->setup.chain.userdata, &p->header.parent, &height);
                if (r != -ENODATA)
                        return r;       /* below the last final one: never to be endorsed */
        }
        return quorum_fetch(q, &p->header.parent, false);
}

int quorum_consider_proposal(Quorum *q) {
        QuorumView *v = quorum_view_find(q, q->view);
        QuorumProposal *p = v ? v->proposal : NULL;
        uint64_t x = 0;

        q->hold_usec = USEC_INFINITY;
        if (!p || !quorum_may_sign(q, q->view))
                return 0;

        switch (quorum_may_endorse(q, p, &x)) {

        case ENDORSE_NO:
                return 0;
        case ENDORSE_SKIP:
                return quorum_may_skip(q) ? quorum_say(q, QUORUM_SKIP, q->view, NULL) : 0;
        case ENDORSE_PARENT:
                return fetch_parent(q, p);
        case ENDORSE_CERTIFICATES:
                return quorum_ask_signer(q, p->statement.signer, x);
        case ENDORSE_BODIES:
                return judge(q, p);
        case ENDORSE_TIME:
                q->hold_usec = q->now_usec + (x - q->now_sec) * USEC_PER_SEC;
                return 0;
        case ENDORSE_YES:
                return endorse(q, p);
        }
        return 0;
}

int quorum_consider_finalize(Quorum *q) {
        const QuorumCertificate *c = quorum_certificate_held(q, QUORUM_ENDORSE, quorum_top_view(q), NULL);

        return c && quorum_may_finalize(q, c) ? quorum_say(q, QUORUM_FINALIZE, c->view, &c->block) : 0;
}
