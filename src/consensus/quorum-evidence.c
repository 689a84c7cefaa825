/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/quorum-evidence.h"

#include "codec/line.h"

bool quorum_statements_convict(const QuorumStatement *a, const QuorumStatement *b) {
        assert(a);
        assert(b);

        if (a->signer != b->signer || a->view != b->view)
                return false;
        if (a->kind == b->kind)
                return a->kind != QUORUM_SKIP && !id_equal(&a->block, &b->block);
        return (a->kind == QUORUM_SKIP && b->kind == QUORUM_FINALIZE) || (a->kind == QUORUM_FINALIZE && b->kind == QUORUM_SKIP);
}

int quorum_evidence_format(const QuorumStatement *a, const QuorumStatement *b, const QuorumConfig *c, Buf *ret) {
        _cleanup_buf_ Buf first = {}, second = {};
        int r;

        assert(quorum_statements_convict(a, b));

        if ((r = quorum_statement_format(a, c, &first)) < 0 ||
            (r = quorum_statement_format(b, c, &second)) < 0)
                return r;
        if (strcmp(first.p, second.p) > 0) {
                Buf t = first;

                first = second;
                second = t;
        }
        buf_printf(ret, "{\"first\":%s,\"kind\":\"evidence\",\"second\":%s}", first.p, second.p);
        return buf_error(ret);
}

static int read_statement(QuorumStatement *ret, const QuorumConfig *c, const Json *o, const char *key, Why *why) {
        const Json *inner;
        const char *kind;
        int r, k;

        if ((r = json_get_object(o, key, &inner, why)) != 0 ||
            (r = json_get_text(inner, "kind", 1, LINE_KEY_MAX, &kind, why)) != 0)
                return r;
        k = quorum_kind_from_name(kind);
        if (k < 0)
                return why_set(why, V_FORM, "\"%s\" is of kind \"%s\", expected one that authorities sign", key, kind);
        r = quorum_statement_read(ret, c, (QuorumKind) k, inner, why);
        return r > 0 ? why_prefix(why, r, "\"%s\"", key) : r;
}

int quorum_evidence_judge(const QuorumConfig *c, const Id *network, const char *line, size_t n, Key *ret_key,
                SigCheck checks[static 2], Why *why) {
        _cleanup_json_ Json *o = NULL;
        _cleanup_buf_ Buf canonical = {};
        QuorumStatement a, b;
        const char *kind;
        int r;

        assert(c);
        assert(ret_key);

        if ((r = line_parse(&o, line, n, EVIDENCE_BYTES_MAX, why)) != 0 ||
            (r = json_check_keys(o, JSON_KEYS("first", "kind", "second"), why)) != 0 ||
            (r = json_get_text(o, "kind", 1, LINE_KEY_MAX, &kind, why)) != 0)
                return r;
        if (!streq(kind, "evidence"))
                return why_set(why, V_FORM, "\"kind\" is \"%s\", expected \"evidence\"", kind);
        if ((r = read_statement(&a, c, o, "first", why)) != 0 ||
            (r = read_statement(&b, c, o, "second", why)) != 0)
                return r;
        if (!quorum_statements_convict(&a, &b))
                return why_set(why, V_PROTOCOL, "an honest authority may say both: it convicts nobody");

        /* One order, so that the same two statements are one record. */
        if ((r = quorum_evidence_format(&a, &b, c, &canonical)) < 0)
                return r;
        if (canonical.n != n || memcmp(canonical.p, line, n) != 0)
                return why_set(why, V_FORM, "\"first\" and \"second\" stand in the wrong order");

        if ((r = quorum_statement_check(&a, c, network, &checks[0])) < 0)
                return r;
        if ((r = quorum_statement_check(&b, c, network, &checks[1])) < 0) {
                sig_check_done(&checks[0]);
                return r;
        }
        *ret_key = c->authorities[a.signer];
        return 0;
}

int quorum_evidence(const Json *config, const Id *network, const char *line, size_t n, Key *ret_key, SigCheck checks[static 2],
                Why *why) {
        QuorumConfig c;
        int r;

        r = quorum_config_read(&c, config, false, why);
        return r != 0 ? r : quorum_evidence_judge(&c, network, line, n, ret_key, checks, why);
}
