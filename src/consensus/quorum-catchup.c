/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/quorum-private.h"

/* Who was away, or lost messages, catches up by certificates, not by replaying views: he asks, late messages are answered, and
 * what was not answered is said again. Whatever is sent here exists already: nothing is signed. */

int quorum_ask(Quorum *q, EngineAudience audience, uint64_t to, const Key *key, uint64_t from_view) {
        EngineEffect fx = { .type = ENGINE_FX_ASK, .audience = audience, .to = to, .view = from_view };

        if (key)
                fx.key = *key;
        return quorum_effect(q, &fx);
}

/* "A signed message beyond the next view makes one ask its sender": its signer, that is, whoever brought it, so that nobody uses
 * up another's turn; as often as an answer may take. */
int quorum_ask_signer(Quorum *q, unsigned signer, uint64_t from_view) {
        if (q->now_usec < q->asked_usec[signer])
                return 0;
        q->asked_usec[signer] = q->now_usec + q->config.delta_usec / 2;
        return quorum_ask(q, ENGINE_TO_KEY, 0, &q->config.authorities[signer], from_view);
}

/* What a signer may be told, once in half a delta; it is told itself, whoever brought its words. */
static bool may_answer(Quorum *q, unsigned signer) {
        if (q->now_usec < q->answered_usec[signer])
                return false;
        q->answered_usec[signer] = q->now_usec + q->config.delta_usec / 2;
        return true;
}

static int tell(Quorum *q, unsigned signer, const QuorumCertificate *c) {
        return c ? quorum_send_certificate(q, ENGINE_TO_KEY, 0, &q->config.authorities[signer], c) : 0;
}

/* Of the highest view: by it the current one was entered. */
static const QuorumCertificate* entry_certificate(const Quorum *q) {
        uint64_t v = q->view - 1;

        return quorum_certificate_held(q, QUORUM_FINALIZE, v, NULL) ?: quorum_certificate_held(q, QUORUM_ENDORSE, v, NULL) ?:
                quorum_certificate_held(q, QUORUM_SKIP, v, NULL);
}

/* "A late message for a decided view is answered with its certificate." The last ones of a view always come late: who has
 * said it within a delta of its end has likely got there himself. */
int quorum_answer(Quorum *q, unsigned signer, uint64_t view) {
        const QuorumCertificate *entry = entry_certificate(q), *c;
        int r;

        if (view + 1 == q->view && q->now_usec < q->entered_usec + q->config.delta_usec)
                return 0;
        if (!may_answer(q, signer))
                return 0;
        if (view <= quorum_final_view(q))
                c = q->final;
        else
                c = quorum_certificate_held(q, QUORUM_ENDORSE, view, NULL) ?: quorum_certificate_held(q, QUORUM_SKIP, view, NULL);
        r = tell(q, signer, c);
        return r < 0 || c == entry ? r : tell(q, signer, entry);
}

/* Who repeats what is counted here lacks something; what is said here of that view may be it. */
int quorum_answer_counted(Quorum *q, const QuorumStatement *s) {
        const QuorumView *v = quorum_view_find(q, s->view);

        if (!v || !may_answer(q, s->signer))
                return 0;
        for (int k = QUORUM_ENDORSE; k < _QUORUM_KIND_MAX; k++)
                if (v->own[k].said && v->own[k].counted) {
                        int r;

                        r = quorum_send_statement(q, ENGINE_TO_KEY, 0, &q->config.authorities[s->signer], &v->own[k].s);
                        if (r < 0)
                                return r;
                }
        return 0;
}

static int resend_statements(Quorum *q, const QuorumView *v, unsigned to) {
        const QuorumSaid *said = v->said ? v->said + to : NULL;
        const Key *key = &q->config.authorities[to];
        int r;

        if (v->own[QUORUM_PROPOSE].counted && v->proposal && v->view == q->view && !(said && said->has[QUORUM_ENDORSE])) {
                r = quorum_send(q, ENGINE_TO_KEY, 0, key, v->proposal->line, v->proposal->n_line);
                if (r < 0)
                        return r;
        }
        for (int k = QUORUM_ENDORSE; k < _QUORUM_KIND_MAX; k++) {
                if (!v->own[k].said || !v->own[k].counted || (said && said->has[k]))
                        continue;
                if (k != QUORUM_FINALIZE && v->view != q->view)
                        continue;       /* it is decided */
                r = quorum_send_statement(q, ENGINE_TO_KEY, 0, key, &v->own[k].s);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* "Lost messages: resend the stored bytes; never sign afresh"; "certificates go out on retry, to the silent". */
int quorum_resend(Quorum *q) {
        const QuorumView *now = quorum_view_find(q, q->view), *top = quorum_view_find(q, quorum_top_view(q));
        const QuorumCertificate *entry = entry_certificate(q);

        if (top && top->view <= quorum_final_view(q))
                top = NULL;
        for (unsigned i = 0; i < q->config.n; i++) {
                const QuorumSaid *said = now && now->said ? now->said + i : NULL;
                bool silent = !said || (!said->has[QUORUM_ENDORSE] && !said->has[QUORUM_SKIP]);
                int r;

                if ((int) i == q->self)
                        continue;
                if (entry && silent) {
                        r = quorum_send_certificate(q, ENGINE_TO_KEY, 0, &q->config.authorities[i], entry);
                        if (r < 0)
                                return r;
                }
                if (top && top->endorse && top->endorse != entry && !(top->said && top->said[i].has[QUORUM_FINALIZE])) {
                        r = quorum_send_certificate(q, ENGINE_TO_KEY, 0, &q->config.authorities[i], top->endorse);
                        if (r < 0)
                                return r;
                }
                if (top && (r = resend_statements(q, top, i)) < 0)
                        return r;
                if (now && (r = resend_statements(q, now, i)) < 0)
                        return r;
        }
        return 0;
}

/* --- answers to get_certificates --- */

typedef struct Answer {
        Buf *out;
        size_t n, max, start;
        bool full;
} Answer;

static int answer_line(Answer *a, const char *line, size_t n) {
        if (a->full || a->n == a->max || a->out->n - a->start + n + 1 > CERTIFICATES_BYTES_MAX) {
                a->full = true;
                return 0;
        }
        if (a->n++ > 0)
                buf_add_char(a->out, '\n');
        buf_add(a->out, line, n);
        return buf_error(a->out);
}

static int answer_certificate(Answer *a, const QuorumCertificate *c) {
        _cleanup_buf_ Buf line = {};
        int r;

        if (!c || a->full)
                return 0;
        r = quorum_certificate_format(c, &line);
        return r < 0 ? r : answer_line(a, line.p, line.n);
}

static int answer_said(const Quorum *q, Answer *a, const QuorumView *v, unsigned signer) {
        for (int k = QUORUM_ENDORSE; v->said && k < _QUORUM_KIND_MAX; k++) {
                const QuorumSaid *said = v->said + signer;
                _cleanup_buf_ Buf line = {};
                QuorumStatement s = { .kind = (QuorumKind) k, .signer = signer, .view = v->view, .block = said->block[k],
                        .signature = said->signature[k] };
                int r;

                if (!said->has[k])
                        continue;
                if ((r = quorum_statement_format(&s, &q->config, &line)) < 0 ||
                    (r = answer_line(a, line.p, line.n)) < 0)
                        return r;
        }
        return 0;
}

int quorum_certificates(const Engine *e, uint64_t from, size_t max, const Key *asker, Buf *ret) {
        const Quorum *q = QUORUM(e);
        Answer a = { .out = ret, .max = max, .start = ret->n };
        const QuorumCertificate *entry = entry_certificate(q);
        int number = quorum_config_number(&q->config, asker), r;

        if ((r = answer_certificate(&a, q->final)) < 0 ||
            (r = answer_certificate(&a, entry != q->final ? entry : NULL)) < 0)
                return r;
        for (size_t i = 0; i < q->n_views && number >= 0; i++)
                if ((r = answer_said(q, &a, q->views[i], (unsigned) number)) < 0)
                        return r;
        for (size_t i = 0; i < q->n_views; i++) {
                const QuorumView *v = q->views[i];

                if (v->view < from || v->view <= quorum_final_view(q))
                        continue;
                if ((r = answer_certificate(&a, v->endorse != entry ? v->endorse : NULL)) < 0 ||
                    (r = answer_certificate(&a, v->skip != entry ? v->skip : NULL)) < 0)
                        return r;
        }
        return 0;
}

/* --- after a start, and after the operator's word --- */

/* "first signs two views above the highest that q others report": they have reported certificates, and this node has entered
 * the view behind the highest. Where q = n the others cannot pass a view without this one's signature, now or ever: then "on the
 * operator's word" it signs in the view where they wait, beside all that each of them holds of it, but proposes nothing there. */
static int resumed(Quorum *q) {
        if (!q->resuming || quorum_n_heard(q) < quorum_heard_needed(q))
                return 0;
        q->resuming = q->stopped = false;
        q->sign_from = q->config.f == 0 ? q->view : MAX(q->sign_from, q->view + 2);
        return quorum_record_hold(q);
}

int quorum_on_heard(Quorum *q, const Key *key) {
        int number = quorum_config_number(&q->config, key);

        if (number < 0 || number == q->self)
                return 0;
        q->heard[number] = true;
        return resumed(q);
}

int quorum_on_resume(Quorum *q) {
        int r;

        if (!q->has_record)
                return 0;
        q->stopped = q->resuming = true;        /* on record, should this end before others were heard */
        memset(q->heard, 0, sizeof(q->heard));
        r = quorum_record_hold(q);
        if (r < 0)
                return r;
        r = resumed(q);         /* a single authority is its own witness */
        if (r < 0 || !q->resuming)
                return r;
        return quorum_ask(q, ENGINE_TO_SEALERS, 0, NULL, quorum_final_view(q) + 1);
}
