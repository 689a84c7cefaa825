/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/base64.h"
#include "codec/line.h"
#include "consensus/quorum-private.h"
#include "crypto/merkle.h"

/* Messages are lines: statements, certificates, and proposals:
 * {"certificate":{of the parent; none for the genesis},"header":{...},"ids":base64url of all ids in one,"kind":"propose",
 *  "proposal":{the leader's statement},"skips":[certificate,...]}
 * What is known already is not checked again; and whoever repeats a statement that is here lacks something. */

EngineMessage* quorum_message_free(EngineMessage *m) {
        if (!m)
                return NULL;
        for (size_t i = 0; i < m->n_certs; i++)
                (void) quorum_certificate_unref(m->certs[i].cert);
        free(m->ids);
        free(m->line);
        free(m);
        return NULL;
}

/* --- proposals --- */

int quorum_proposal_format(Quorum *q, const Header *h, const Id *ids, const QuorumStatement *s, Buf *ret) {
        const QuorumCertificate *parent = q->tip->finalize ?: q->tip->endorse;
        uint64_t first = q->tip->header.value + 1;
        char *text;
        int r;

        buf_add_char(ret, '{');
        if (q->tip->header.height > 0) {
                assert(parent);
                buf_add_text(ret, "\"certificate\":");
                r = quorum_certificate_format(parent, ret);
                if (r < 0)
                        return r;
                buf_add_char(ret, ',');
        }
        buf_add_text(ret, "\"header\":");
        r = header_format(h, ret);
        if (r < 0)
                return r;
        buf_add_text(ret, ",\"ids\":\"");
        text = buf_reserve(ret, BASE64_LEN(h->count * sizeof(Id)) + 1);
        if (!text)
                return -ENOMEM;
        base64_encode(text, ids, h->count * sizeof(Id));
        ret->n += BASE64_LEN(h->count * sizeof(Id));
        buf_add_text(ret, "\",\"kind\":\"propose\",\"proposal\":");
        r = quorum_statement_format(s, &q->config, ret);
        if (r < 0)
                return r;
        buf_add_text(ret, ",\"skips\":[");
        if (h->value > PROPOSE_SKIPS_MAX)
                first = MAX(first, h->value - PROPOSE_SKIPS_MAX);
        for (uint64_t v = first; v < h->value; v++) {
                const QuorumCertificate *skip = quorum_certificate_held(q, QUORUM_SKIP, v, NULL);

                assert(skip);
                if (v > first)
                        buf_add_char(ret, ',');
                r = quorum_certificate_format(skip, ret);
                if (r < 0)
                        return r;
        }
        buf_add_text(ret, "]}");
        return buf_error(ret);
}

static int read_certificate(EngineMessage *m, const QuorumConfig *c, const Json *o, Why *why) {
        int r;

        r = quorum_certificate_read(&m->certs[m->n_certs].cert, c, o, why);
        if (r == 0)
                m->n_certs++;
        return r;
}

static int read_grounds(EngineMessage *m, const QuorumConfig *c, const Json *o, Why *why) {
        const Json *inner, *skips;
        uint64_t view = 0;
        int r;

        if (json_has(o, "certificate")) {
                if ((r = json_get_object(o, "certificate", &inner, why)) != 0 ||
                    (r = read_certificate(m, c, inner, why)) != 0)
                        return r;
                if (m->certs[0].cert->of == QUORUM_SKIP || !id_equal(&m->certs[0].cert->block, &m->header.parent) ||
                                m->certs[0].cert->view >= m->header.value)
                        return why_set(why, V_FORM, "\"certificate\" is not one of the header's parent");
        }
        if ((r = json_get_array(o, "skips", 0, PROPOSE_SKIPS_MAX, &skips, why)) != 0)
                return r;
        for (size_t i = 0; i < json_len(skips); i++) {
                const QuorumCertificate *cert;

                if ((r = json_at_object(skips, i, "skips", &inner, why)) != 0 ||
                    (r = read_certificate(m, c, inner, why)) != 0)
                        return r;
                cert = m->certs[m->n_certs - 1].cert;
                if (cert->of != QUORUM_SKIP || cert->view <= view || cert->view >= m->header.value)
                        return why_set(why, V_FORM, "\"skips\" has one that is not of skip, out of order, or not of a view before");
                view = cert->view;
        }
        return 0;
}

static int read_header(EngineMessage *m, const QuorumConfig *c, const Id *network, const Json *o, Why *why) {
        _cleanup_buf_ Buf line = {};
        const Json *inner;
        const char *ids;
        Id root;
        int r;

        if ((r = json_get_object(o, "header", &inner, why)) != 0 ||
            (r = json_dump(inner, &line)) < 0 ||
            (r = header_read(&m->header, HEADER_VIEW, line.p, line.n, why)) != 0)
                return r;
        if (!id_equal(&m->header.id, &m->statement.block) || m->header.value != m->statement.view ||
                        !id_equal(&m->header.network, network) ||
                        !key_equal(&m->header.sealer, &c->authorities[m->statement.signer]))
                return why_set(why, V_FORM, "\"header\" is not the one that \"proposal\" is about");

        r = json_get_text(o, "ids", 0, PROPOSE_BYTES_MAX, &ids, why);
        if (r != 0)
                return r;
        if (strlen(ids) != BASE64_LEN((size_t) m->header.count * sizeof(Id)))
                return why_set(why, V_FORM, "\"ids\" has %zu characters, not those of %u ids", strlen(ids), m->header.count);
        m->ids = newN(Id, m->header.count + 1);
        if (!m->ids)
                return -ENOMEM;
        if (base64_decode(m->ids, m->header.count * sizeof(Id), ids, strlen(ids)) != 0)
                return why_set(why, V_FORM, "\"ids\" is not base64url");
        merkle_root(&root, m->ids, m->header.count);
        if (!id_equal(&root, &m->header.root))
                return why_set(why, V_FORM, "\"ids\" do not give the header's root");
        return 0;
}

static int read_proposal(EngineMessage *m, const QuorumConfig *c, const Id *network, const Json *o, const char *line, size_t n,
                Why *why) {
        const Json *inner;
        int r;

        m->type = QUORUM_MESSAGE_PROPOSAL;
        if ((r = json_check_keys(o, JSON_KEYS("certificate", "header", "ids", "kind", "proposal", "skips"), why)) != 0 ||
            (r = json_get_object(o, "proposal", &inner, why)) != 0 ||
            (r = quorum_statement_read(&m->statement, c, QUORUM_PROPOSE, inner, why)) != 0)
                return r;
        if (m->statement.signer != quorum_leader(c, m->statement.view))
                return why_set(why, V_PROTOCOL, "a proposal by authority %u, view %" PRIu64 " is led by %u", m->statement.signer,
                                m->statement.view, quorum_leader(c, m->statement.view));
        if ((r = read_header(m, c, network, o, why)) != 0 ||
            (r = read_grounds(m, c, o, why)) != 0)
                return r;

        m->line = newN(char, n);
        if (!m->line)
                return -ENOMEM;
        memcpy(m->line, line, n);
        m->n_line = n;
        return 0;
}

/* Of the record: without the grounds, which are recorded by themselves. */
int quorum_proposal_read(const QuorumConfig *c, const Id *network, const char *line, size_t n, EngineMessage **ret, Why *why) {
        _cleanup_(quorum_message_freep) EngineMessage *m = new0(EngineMessage, 1);
        _cleanup_json_ Json *o = NULL;
        int r;

        if (!m)
                return -ENOMEM;
        if ((r = line_parse(&o, line, n, PROPOSE_BYTES_MAX, why)) != 0 ||
            (r = read_proposal(m, c, network, o, line, n, why)) != 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

/* --- what is new in it --- */

static int judge_statement(Quorum *q, EngineMessage *m, Why *why) {
        const QuorumStatement *s = &m->statement;
        const QuorumView *v = quorum_view_find(q, s->view);

        if (q->self >= 0 && s->signer == (unsigned) q->self && v && v->own[s->kind].said &&
                        quorum_statement_equal(&v->own[s->kind].s, s))
                return why_set(why, V_DUPLICATE, "an own statement");

        if (s->kind == QUORUM_PROPOSE && v && v->proposal && quorum_statement_equal(&v->proposal->statement, s)) {
                m->counted = true;
                return 0;
        }
        if (s->kind != QUORUM_PROPOSE && v && v->said && v->said[s->signer].has[s->kind] &&
                        id_equal(&v->said[s->signer].block[s->kind], &s->block)) {
                m->counted = true;
                return 0;
        }
        if (q->convicted[s->signer] && v && (s->kind == QUORUM_PROPOSE ? v->proposal != NULL : v->said && v->said[s->signer].has[s->kind]))
                return why_set(why, V_DUPLICATE, "one more of an authority that is convicted");
        return 0;
}

static bool is_known(Quorum *q, const QuorumCertificate *cert) {
        const QuorumBlock *b;

        if (quorum_certificate_held(q, cert->of, cert->view, cert->of == QUORUM_SKIP ? NULL : &cert->block))
                return true;
        if (cert->of == QUORUM_SKIP)
                return false;
        b = quorum_block_find(q, &cert->block);
        return b && b->header.value == cert->view && (cert->of == QUORUM_ENDORSE ? b->endorse || b->finalize : b->finalize != NULL);
}

static int collect_checks(Quorum *q, EngineMessage *m, SigCheck **ret_checks, size_t *ret_n) {
        size_t n_max = 1, n = 0;
        SigCheck *checks;
        int r = 0;

        for (size_t i = 0; i < m->n_certs; i++) {
                m->certs[i].checked = m->certs[i].cert->view > 0 && !is_known(q, m->certs[i].cert);
                if (m->certs[i].checked)
                        n_max += m->certs[i].cert->n;
        }
        checks = new0(SigCheck, n_max);
        if (!checks)
                return -ENOMEM;
        if (m->type != QUORUM_MESSAGE_CERTIFICATE && !m->counted) {
                r = quorum_statement_check(&m->statement, &q->config, &q->setup.network, &checks[n]);
                n += r == 0;
        }
        for (size_t i = 0; r == 0 && i < m->n_certs; i++)
                if (m->certs[i].checked)
                        r = quorum_certificate_checks(m->certs[i].cert, &q->config, &q->setup.network, checks, n_max, &n);
        if (r < 0) {
                while (n > 0)
                        sig_check_done(&checks[--n]);
                free(checks);
                return r;
        }
        *ret_checks = checks;
        *ret_n = n;
        return 0;
}

int quorum_message_read(Engine *e, const char *line, size_t n, EngineMessage **ret, SigCheck **ret_checks, size_t *ret_n, Why *why) {
        Quorum *q = QUORUM(e);
        _cleanup_(quorum_message_freep) EngineMessage *m = new0(EngineMessage, 1);
        _cleanup_json_ Json *o = NULL;
        const char *kind;
        int r, k;

        assert(ret);
        assert(ret_checks);
        assert(ret_n);

        if (!m)
                return -ENOMEM;
        if ((r = line_parse(&o, line, n, PROPOSE_BYTES_MAX, why)) != 0 ||
            (r = json_get_text(o, "kind", 1, LINE_KEY_MAX, &kind, why)) != 0)
                return r;
        k = quorum_kind_from_name(kind);
        if (k != QUORUM_PROPOSE && n > CERTIFICATE_BYTES_MAX)
                return why_set(why, V_SIZE, "a message of %zu bytes, expected at most %u", n, CERTIFICATE_BYTES_MAX);

        if (k == QUORUM_PROPOSE)
                r = read_proposal(m, &q->config, &q->setup.network, o, line, n, why);
        else if (k >= 0) {
                m->type = QUORUM_MESSAGE_STATEMENT;
                r = quorum_statement_read(&m->statement, &q->config, (QuorumKind) k, o, why);
        } else if (streq(kind, "certificate")) {
                m->type = QUORUM_MESSAGE_CERTIFICATE;
                r = read_certificate(m, &q->config, o, why);
                if (r == 0 && is_known(q, m->certs[0].cert))
                        r = why_set(why, V_DUPLICATE, "a certificate that is known");
        } else
                r = why_set(why, V_FORM, "\"kind\" is \"%s\", expected one that authorities send", kind);
        if (r == 0 && m->type != QUORUM_MESSAGE_CERTIFICATE)
                r = judge_statement(q, m, why);
        if (r == 0)
                r = collect_checks(q, m, ret_checks, ret_n);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}
