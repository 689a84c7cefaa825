/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/quorum-private.h"

/* The rules of DESIGN 4 by their names. They look at what was signed (on record or about to be: QuorumOwn.said), at
 * certificates, and at nothing else that could be forgotten. */

static bool said(const Quorum *q, QuorumKind kind, uint64_t view) {
        const QuorumView *v = quorum_view_find(q, view);

        return v && v->own[kind].said;
}

unsigned quorum_n_heard(const Quorum *q) {
        unsigned n = 0;

        for (unsigned i = 0; i < q->config.n; i++)
                n += q->heard[i];
        return n;
}

/* "After a start it signs nothing before it has heard from q - 1 others"; and to resume from q (where q = n: from all). */
unsigned quorum_heard_needed(const Quorum *q) {
        return q->resuming ? MIN(q->config.q, q->config.n - 1) : q->config.q - 1;
}

/* "Without [the record] an authority observes"; stopped, or still resuming; "first signs two views above". */
bool quorum_may_sign(const Quorum *q, uint64_t view) {
        return q->self >= 0 && q->has_record && !q->stopped && !q->resuming && view >= q->sign_from &&
                quorum_n_heard(q) >= quorum_heard_needed(q);
}

/* "Skip unless finalize(v) was signed": then a block of v may be final already. */
bool quorum_may_skip(const Quorum *q) {
        return quorum_may_sign(q, q->view) && !said(q, QUORUM_SKIP, q->view) && !said(q, QUORUM_FINALIZE, q->view);
}

/* "Finalize on the endorse certificate of v, unless skip(v) was signed": then v may have been passed over already. */
bool quorum_may_finalize(const Quorum *q, const QuorumCertificate *endorse) {
        return endorse->of == QUORUM_ENDORSE && endorse->view > quorum_final_view(q) && quorum_may_sign(q, endorse->view) &&
                !said(q, QUORUM_SKIP, endorse->view) && !said(q, QUORUM_FINALIZE, endorse->view);
}

/* "Skip certificates of every view between p and v": what is between cannot be final. */
bool quorum_all_skipped(const Quorum *q, uint64_t above, uint64_t below, uint64_t *ret_missing) {
        for (uint64_t v = above + 1; v < below; v++)
                if (!quorum_certificate_held(q, QUORUM_SKIP, v, NULL)) {
                        if (ret_missing)
                                *ret_missing = v;
                        return false;
                }
        return true;
}

/* Of its forgotten proposals nobody reports: in the first view after it resumed the leader may have made one. */
static bool may_have_proposed(const Quorum *q) {
        return q->config.f == 0 && q->view == q->sign_from;
}

/* "Propose on the highest endorsed view p for which skip certificates of every view between p and v are held": no lower one
 * can have them if the highest has not. It is proposed on what is connected. */
bool quorum_may_propose(const Quorum *q) {
        return quorum_may_sign(q, q->view) && quorum_leader(&q->config, q->view) == (unsigned) q->self &&
                !may_have_proposed(q) &&
                !said(q, QUORUM_PROPOSE, q->view) && !said(q, QUORUM_ENDORSE, q->view) && !said(q, QUORUM_SKIP, q->view) &&
                id_is_zero(&q->switching) && id_equal(quorum_top_block(q), &q->tip->header.id) &&
                quorum_all_skipped(q, q->tip->header.value, q->view, NULL);
}

/* "Endorse the first proposal of v that is valid, if: ..." */
MayEndorse quorum_may_endorse(const Quorum *q, const QuorumProposal *p, uint64_t *ret) {
        const QuorumBlock *parent = quorum_block_find(q, &p->header.parent);

        if (p->header.value != q->view)
                return ENDORSE_NO;
        /* neither endorse(v) nor skip(v) was signed */
        if (said(q, QUORUM_ENDORSE, q->view) || said(q, QUORUM_SKIP, q->view))
                return ENDORSE_NO;
        /* signed by the leader, but wrong on its parent */
        if (p->state == PROPOSAL_INVALID)
                return ENDORSE_SKIP;
        /* p is endorsed or final */
        if (!parent || !quorum_block_endorsed(q, parent))
                return ENDORSE_PARENT;
        if (parent->bad || quorum_header_follows(&p->header, &parent->header, NULL) != 0)
                return ENDORSE_SKIP;
        /* p is not below the last final view */
        if (parent->header.value < quorum_final_view(q))
                return ENDORSE_NO;
        /* every view between p and v has its skip certificate */
        if (!quorum_all_skipped(q, parent->header.value, q->view, ret))
                return ENDORSE_CERTIFICATES;
        /* its time, judged when it arrived, is not over 30 s behind this clock ... */
        if (p->header.time + TIME_BEHIND_SEC < p->arrived_sec)
                return ENDORSE_SKIP;
        if (p->state != PROPOSAL_VALID)
                return ENDORSE_BODIES;
        /* ... nor over 15 s ahead: it is held until it fits */
        if (p->header.time > q->now_sec + TIME_AHEAD_SEC) {
                *ret = p->header.time - TIME_AHEAD_SEC;
                return ENDORSE_TIME;
        }
        return ENDORSE_YES;
}
